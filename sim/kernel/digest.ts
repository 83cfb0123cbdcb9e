/**
 * A rolling hash of everything that happened: 64 bits in two 32-bit lanes, plus its value at the end of every simulated hour.
 *
 * Two runs with equal digests took the same decisions on the same tasks at the same milliseconds. The mixing step is a multiply and
 * rotate of 32-bit integers (murmur-style constants), identical on every engine.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';

export interface Digest {
  /** [low lane, high lane, events mixed so far, hours closed so far] */
  readonly words: Uint32Array;
  /** Two words for every closed hour. */
  readonly hours: Uint32Array;
  /** Ticks of time in a ms: what is mixed of a time is its tick. */
  readonly ticksPerMs: number;
}

/** A fresh digest for a run of `horizonMs`. */
export function createDigest(horizonMs: number, ticksPerMs = 1): Digest {
  const hours = new Uint32Array(2 * (Math.ceil(horizonMs / MS_PER_HOUR) + 1));
  const digest = { words: new Uint32Array(4), hours, ticksPerMs };
  digest.words[0] = 0x9e3779b9;
  digest.words[1] = 0x85ebca6b;
  return digest;
}

/** Mixes four integers; only their low 32 bits count, so callers pass values that fit. */
export function mix(digest: Digest, a: number, b: number, c: number, d: number): void {
  const words = digest.words;
  let x = words[0] ^ Math.imul(a | 0, 0xcc9e2d51);
  x = (x << 13) | (x >>> 19);
  x = Math.imul(x, 5) ^ Math.imul(b | 0, 0x1b873593);
  let y = words[1] ^ Math.imul(c | 0, 0x85ebca77);
  y = (y << 17) | (y >>> 15);
  y = Math.imul(y, 5) ^ Math.imul(d | 0, 0xc2b2ae3d);
  words[0] = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + y;
  words[1] = Math.imul(y ^ (y >>> 13), 0x297a2d39) ^ words[0];
  words[2]++;
}

/** Notes the digest at the end of an hour. */
export function closeHour(digest: Digest): void {
  const hour = digest.words[3]++;
  digest.hours[2 * hour] = digest.words[0];
  digest.hours[2 * hour + 1] = digest.words[1];
}

/** Sixteen hexadecimal digits. */
export function digestText(digest: Digest): string {
  return hex(digest.words[0]) + hex(digest.words[1]);
}

/** One text for every closed hour. */
export function digestTextPerHour(digest: Digest): string[] {
  return Array.from({ length: digest.words[3] }, (_, h) => hex(digest.hours[2 * h]) + hex(digest.hours[2 * h + 1]));
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

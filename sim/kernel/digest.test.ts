import { expect, test } from 'vitest';
import { closeHour, createDigest, digestText, digestTextPerHour, mix } from './digest.ts';

const HOUR = 3_600_000;

function digestOf(events: readonly (readonly [number, number, number, number])[]): string {
  const digest = createDigest(HOUR);
  for (const [a, b, c, d] of events) mix(digest, a, b, c, d);
  return digestText(digest);
}

test('the empty digest is its two starting words', () => {
  expect(digestOf([])).toBe('9e3779b985ebca6b');
});

test('one bit in any of the four fields changes both words', () => {
  const base = digestOf([[1000, 2, 3, 4]]);
  for (let field = 0; field < 4; field++)
    for (let bit = 0; bit < 32; bit++) {
      const event: [number, number, number, number] = [1000, 2, 3, 4];
      event[field] ^= 1 << bit;
      const other = digestOf([event]);
      expect(other).not.toBe(base);
    }
});

test('two events in the other order give another digest', () => {
  const [a, b] = [
    [1, 2, 3, 4],
    [1, 2, 5, 6],
  ] as const;
  expect(digestOf([a, b])).not.toBe(digestOf([b, a]));
});

test('an early difference survives 10,000 equal events', () => {
  const tail = Array.from({ length: 10_000 }, (_, i) => [i, 1, i, i] as const);
  expect(digestOf([[0, 0, 0, 0], ...tail])).not.toBe(digestOf([[0, 0, 0, 1], ...tail]));
});

test('100,000 digests of single events are all different', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) seen.add(digestOf([[i % 100, i % 7, i, i % 11]]));
  // Birthday bound: 1e10 / 2 / 2^64, so a single collision means that bits are lost.
  expect(seen.size).toBe(100_000);
});

test('hours hold the digest at their end, in order, and the run goes on', () => {
  const digest = createDigest(2 * HOUR);
  mix(digest, 1, 1, 1, 1);
  closeHour(digest);
  const first = digestText(digest);
  mix(digest, 2, 2, 2, 2);
  closeHour(digest);
  expect(digestTextPerHour(digest)).toEqual([first, digestText(digest)]);
  expect(first).not.toBe(digestText(digest));
  expect(digest.words[2]).toBe(2);
});

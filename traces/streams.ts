/**
 * Random streams keyed by seed and name.
 *
 * Every purpose draws from its own stream (`online/service/17/usage`, `batch/transcode/hour/3/life`), so adding a draw to
 * one purpose never moves another, and any part of a workload can be produced alone. The text `seed/name` is stretched to
 * 128 bits by seedrandom (ARC4), which start sfc32 (Chris Doty-Humphrey, PractRand): 32-bit adds, shifts and xors only,
 * so every engine gives the same bits.
 */
import seedrandom from 'seedrandom';

/** Rows an sfc32 state takes in an Int32Array. */
export const STREAM_STATE_ROWS = 4;

const TWO_POW_MINUS_32 = 1 / 4294967296;
const TWO_POW_MINUS_53 = 1 / 9007199254740992;

/** A stream as an object, for cold paths. */
export interface Stream {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, 2^32). */
  nextUint32(): number;
}

/** Writes the 128-bit starting state of stream `name` under `seed` to state[at .. at + 3]. */
export function seedState(seed: string, name: string, state: Int32Array, at: number): void {
  const source = seedrandom(`${seed}/${name}`);
  for (let word = 0; word < STREAM_STATE_ROWS; word++) state[at + word] = source.int32();
}

/** The next 32 bits of the sfc32 state at `at`, as an integer in [0, 2^32). */
export function drawUint32(state: Int32Array, at: number): number {
  const b = state[at + 1];
  const c = state[at + 2];
  const counter = state[at + 3];
  const drawn = (((state[at] + b) | 0) + counter) | 0;
  state[at + 3] = (counter + 1) | 0;
  state[at] = b ^ (b >>> 9);
  state[at + 1] = (c + (c << 3)) | 0;
  state[at + 2] = (((c << 21) | (c >>> 11)) + drawn) | 0;
  return drawn >>> 0;
}

/** Uniform in (0, 1) from 32 bits: the middle of one of 2^32 equal cells, never 0 or 1. For hot loops. */
export function drawUnit32(state: Int32Array, at: number): number {
  return (drawUint32(state, at) + 0.5) * TWO_POW_MINUS_32;
}

/** Uniform in [0, 1) with 53 bits, from two draws. */
export function drawUnit53(state: Int32Array, at: number): number {
  const high = drawUint32(state, at) >>> 5;
  const low = drawUint32(state, at) >>> 6;
  return (high * 67108864 + low) * TWO_POW_MINUS_53;
}

/** The stream `name` under `seed`. Equal arguments give equal draws. */
export function createStream(seed: string, name: string): Stream {
  const state = new Int32Array(STREAM_STATE_ROWS);
  seedState(seed, name, state, 0);
  return {
    next: () => drawUnit53(state, 0),
    nextUint32: () => drawUint32(state, 0),
  };
}

/**
 * Random numbers by purpose and name, so that no draw depends on what a policy did.
 *
 * Two forms. A **stream** is a sequence for low-rate draws (failures, start offsets): seedrandom turns `seed/name` into its state.
 * **Keyed noise** is stateless: a 32-bit word for (salt of the window, row), so that replica r of a service has the same noise in
 * window k under every policy, on every worker, in any order.
 */
import seedrandom from 'seedrandom';
import { normalQuantile } from '../../policies/base/exact-math.ts';

/** Uniform numbers in [0, 1) with 53 bits. `state` is plain data for snapshots. */
export interface Stream {
  next(): number;
  state(): unknown;
}

/** The stream of a purpose: `createStream(seed, 'host/17/failure')`. */
export function createStream(seed: string, name: string, state?: unknown): Stream {
  const generator =
    state === undefined
      ? seedrandom.alea(`${seed}/${name}`, { state: true })
      : seedrandom.alea('', { state: state as seedrandom.State.Alea });
  return { next: () => generator.double(), state: () => generator.state() };
}

/** A 32-bit word for a purpose; the root of keyed noise. */
export function saltOf(seed: string, name: string): number {
  return seedrandom.alea(`${seed}/${name}`).int32() | 0;
}

/** The salt of one window or other counter below a root salt. */
export function saltAt(root: number, counter: number): number {
  return keyedWord(root, counter ^ 0x5bd1e995);
}

/**
 * A well-mixed 32-bit word for (salt, row): three rounds of multiply and xor-shift, enough that neighbouring rows are
 * uncorrelated (tested: lag-1 correlations of normal draws below 0.005 over 10^6).
 */
export function keyedWord(salt: number, row: number): number {
  let x = Math.imul(row, 0x9e3779b1) ^ salt;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** Number of equally likely values in NORMAL_STEPS. */
export const NORMAL_STEP_COUNT = 4096;

/**
 * Standard normal quantiles at the middles of 4,096 equal steps: index with 12 random bits. Scaled to variance 1 exactly up to
 * rounding; tails end at +-3.67.
 */
export const NORMAL_STEPS: Float64Array = (() => {
  const steps = new Float64Array(NORMAL_STEP_COUNT);
  let squares = 0;
  for (let i = 0; i < NORMAL_STEP_COUNT; i++) {
    steps[i] = normalQuantile((i + 0.5) / NORMAL_STEP_COUNT);
    squares += steps[i] * steps[i];
  }
  const scale = 1 / Math.sqrt(squares / NORMAL_STEP_COUNT);
  for (let i = 0; i < NORMAL_STEP_COUNT; i++) steps[i] *= scale;
  return steps;
})();

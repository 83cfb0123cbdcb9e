/** Two policies under the same seeds: the difference of means, judged by the spread of the differences. */
import { assert } from '../policies/base/assert.ts';
import { betaProbability, type Interval, studentTQuantile } from '../sim/results/intervals.ts';

/** Paired sample: b minus a, seed by seed. */
export interface PairedDifference {
  readonly n: number;
  readonly meanA: number;
  readonly meanB: number;
  /** Mean of b - a. */
  readonly difference: number;
  /** s_D / sqrt(n); NaN with fewer than two pairs. */
  readonly standardError: number;
  /**
   * Share of variance that common random numbers took away: 1 - var(D) / (var A + var B). 0 means that pairing did nothing, below 0
   * that it did harm; NaN when neither side varies.
   */
  readonly varianceReduction: number;
}

/** Sums up pairs; both columns have the same seeds in the same order. Throws InvariantError when the lengths differ. */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  assert(a.length === b.length && a.length > 0, 'pairs have one value on each side');
  const n = a.length;
  const differences = a.map((value, index) => b[index] - value);
  const spread = variance(a) + variance(b);
  const varianceD = variance(differences);
  return {
    n,
    meanA: meanOf(a),
    meanB: meanOf(b),
    difference: meanOf(differences),
    standardError: Math.sqrt(varianceD / n),
    varianceReduction: spread > 0 ? 1 - varianceD / spread : Number.NaN,
  };
}

/** P(T > t) for Student's t: half of the regularised beta function at degrees / (degrees + t^2), mirrored below 0. */
export function studentTUpperTail(t: number, degrees: number): number {
  if (t === Number.POSITIVE_INFINITY) return 0;
  if (t === Number.NEGATIVE_INFINITY) return 1;
  const tail = betaProbability(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t >= 0 ? tail : 1 - tail;
}

/** P(T > (difference - shift) / standardError): how likely so large a difference is when the true one is `shift`. */
export function upperTail(sample: PairedDifference, shift: number): number {
  const distance = sample.difference - shift;
  if (sample.n < 2) return Number.NaN;
  if (sample.standardError === 0) return distance > 0 ? 0 : distance < 0 ? 1 : 0.5;
  return studentTUpperTail(distance / sample.standardError, sample.n - 1);
}

/** Two-sided p-value of "no difference"; 1 when both sides are equal seed by seed, NaN with fewer than two pairs. */
export function pValue(sample: PairedDifference): number {
  if (sample.n < 2) return Number.NaN;
  if (sample.difference === 0) return 1;
  const tail = upperTail({ ...sample, difference: Math.abs(sample.difference) }, 0);
  return Math.min(1, 2 * tail);
}

/** difference -+ t(n - 1, 1 - alpha / 2) x standard error; all numbers with fewer than two pairs. */
export function intervalOf(sample: PairedDifference, alpha: number): Interval {
  if (sample.n < 2) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const half = sample.standardError === 0 ? 0 : studentTQuantile(1 - alpha / 2, sample.n - 1) * sample.standardError;
  return { low: sample.difference - half, high: sample.difference + half };
}

const MOST_SEEDS = 10_000;

/**
 * Smallest number of seeds whose interval (two-sided, `alpha`) would be narrower than `reach` on each side, if mean and spread stay
 * as they are; null when that takes more than 10,000.
 */
export function seedsFor(sample: PairedDifference, reach: number, alpha: number): number | null {
  if (sample.n < 2 || !(reach > 0)) return null;
  const deviation = sample.standardError * Math.sqrt(sample.n);
  const halfAt = (n: number): number => (studentTQuantile(1 - alpha / 2, n - 1) * deviation) / Math.sqrt(n);
  if (halfAt(MOST_SEEDS) >= reach) return null;
  let low = 2;
  let high = MOST_SEEDS;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (halfAt(middle) < reach) high = middle;
    else low = middle + 1;
  }
  return low;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample variance (n - 1); NaN with fewer than two values. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1);
}

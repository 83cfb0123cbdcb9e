/** Distributions as points of their quantile function, and how far two of them are apart. */

/** Shares at which distributions are kept: dense in the tail, where the load is. */
export const SHARES = [
  0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1,
] as const;

/** The known values, ascending. */
export function knownSorted(values: ArrayLike<number>): Float64Array {
  return sortKnown(Float64Array.from(values));
}

/** The same without a copy: `values` is used up. */
export function sortKnown(values: Float64Array): Float64Array {
  let known = 0;
  for (const value of values) if (Number.isFinite(value)) values[known++] = value;
  return values.subarray(0, known).sort();
}

/** Value at a share of sorted values, linear between order statistics; NaN of none. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
}

/** Quantiles at SHARES, with 6 significant digits; empty of no values. */
export function quantilePoints(values: ArrayLike<number>): number[] {
  return pointsOfSorted(knownSorted(values));
}

/** The same of values that are sorted. */
export function pointsOfSorted(sorted: Float64Array): number[] {
  return sorted.length === 0 ? [] : SHARES.map((share) => Number(quantileOf(sorted, share).toPrecision(6)));
}

/** The value at `unit` in 0..1 of points made by quantilePoints, linear between them. */
export function drawPoint(points: readonly number[], unit: number): number {
  let at = 1;
  while (at < SHARES.length - 1 && SHARES[at] < unit) at += 1;
  const part = (unit - SHARES[at - 1]) / (SHARES[at] - SHARES[at - 1]);
  return points[at - 1] + part * (points[at] - points[at - 1]);
}

/** Largest distance of two empirical distribution functions (two-sample Kolmogorov-Smirnov); NaN when one is empty. */
export function ksDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return ksOfSorted(knownSorted(a), knownSorted(b));
}

/** The same of values that are sorted. */
export function ksOfSorted(left: Float64Array, right: Float64Array): number {
  if (left.length === 0 || right.length === 0) return Number.NaN;
  let [i, j, most] = [0, 0, 0];
  while (i < left.length && j < right.length) {
    const value = Math.min(left[i], right[j]);
    while (i < left.length && left[i] === value) i += 1;
    while (j < right.length && right[j] === value) j += 1;
    most = Math.max(most, Math.abs(i / left.length - j / right.length));
  }
  return most;
}

/** The same of whole numbers with how often each was seen, ascending. */
export function ksOfCounts(a: Counted, b: Counted): number {
  const [left, right] = [timesOf(a), timesOf(b)];
  if (left === 0 || right === 0) return Number.NaN;
  let [i, j, below, under, most] = [0, 0, 0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i][0], b[j][0]);
    if (a[i][0] === value) below += a[i++][1];
    if (b[j][0] === value) under += b[j++][1];
    most = Math.max(most, Math.abs(below / left - under / right));
  }
  return most;
}

/** Mean of whole numbers with how often each was seen. */
export function meanOfCounts(counts: Counted): number {
  return counts.reduce((sum, [value, times]) => sum + value * times, 0) / timesOf(counts);
}

/** A whole number and how often it was seen, ascending. */
export type Counted = readonly (readonly [value: number, times: number])[];

function timesOf(counts: Counted): number {
  return counts.reduce((sum, [, times]) => sum + times, 0);
}

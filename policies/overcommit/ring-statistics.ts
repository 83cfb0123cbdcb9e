/** Statistics of one row of a ring, in place and without allocation. The order of samples inside a row does not matter. */

/** Mean of `n` values from `at`; 0 without values. */
export function meanOf(values: Float32Array | Float64Array, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += values[i];
  return n === 0 ? 0 : sum / n;
}

/** Sample variance (divided by n - 1) around `mean`; 0 below two values. */
export function varianceOf(values: Float32Array | Float64Array, at: number, n: number, mean: number): number {
  if (n < 2) return 0;
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += (values[i] - mean) * (values[i] - mean);
  return sum / (n - 1);
}

/**
 * The `place`-th largest value (1 is the maximum) of `n` values from `at`.
 *
 * Keeps the `place` largest in `scratch`, which holds at least n + 1 values: cheap for the high ranks that peaks need.
 * Returns 0 without values. Pre: 1 <= place <= n.
 */
export function nthLargest(
  values: Float32Array | Float64Array,
  at: number,
  n: number,
  place: number,
  scratch: Float64Array,
): number {
  if (n === 0) return 0;
  let held = 0;
  for (let i = at; i < at + n; i++) {
    const value = values[i];
    if (held === place && value <= scratch[place - 1]) continue;
    let slot = held < place ? held++ : place - 1;
    while (slot > 0 && scratch[slot - 1] < value) {
      scratch[slot] = scratch[slot - 1];
      slot--;
    }
    scratch[slot] = value;
  }
  return scratch[place - 1];
}

/** Place from the top of the nearest-rank percentile: n - ceil(percent / 100 x n) + 1; 100 is the maximum. */
export function placeOfPercentile(n: number, percent: number): number {
  return n - Math.min(n, Math.max(1, Math.ceil((percent * n) / 100))) + 1;
}

/** Percentile by nearest rank of `n` values from `at`; see nthLargest and placeOfPercentile. */
export function percentileOf(
  values: Float32Array | Float64Array,
  at: number,
  n: number,
  percent: number,
  scratch: Float64Array,
): number {
  return nthLargest(values, at, n, placeOfPercentile(n, percent), scratch);
}

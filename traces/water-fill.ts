/** Scaling many values to one weighted total under a cap, and splitting a whole number by weights. */
import { assert } from '../policies/base/assert.ts';

/**
 * The factor f with  sum weight[i] x min(cap, f x value[i]) = total.
 *
 * Values and weights are positive. Returns Infinity when even every value at the cap stays below `total`. Exact up to
 * rounding: values are capped largest first, each step is one division.
 */
export function scaleUnderCap(
  values: readonly number[],
  weights: readonly number[],
  cap: number,
  total: number,
): number {
  assert(values.length === weights.length && values.length > 0, 'one weight for each value');
  const order = values.map((_, index) => index).sort((a, b) => values[b] - values[a] || a - b);
  let cappedWeight = 0;
  let openSum = 0;
  for (let index = 0; index < values.length; index++) openSum += weights[index] * values[index];
  for (const index of order) {
    const factor = (total - cappedWeight * cap) / openSum;
    if (factor * values[index] <= cap) return factor;
    cappedWeight += weights[index];
    openSum -= weights[index] * values[index];
    if (cappedWeight * cap >= total && index === order[order.length - 1]) return cap / values[index];
  }
  return Infinity;
}

/**
 * Whole numbers of at least 1 in proportion to weights, with the exact sum `total`.
 *
 * Each row gets 1, the rest goes by largest remainder; equal remainders go to the lower index. `total` >= number of weights.
 */
export function splitByWeights(weights: readonly number[], total: number): Int32Array {
  const count = weights.length;
  assert(total >= count, `${total} can be split into ${count} parts of at least one`);
  const sum = weights.reduce((partial, weight) => partial + weight, 0);
  const parts = new Int32Array(count);
  const remainders = new Float64Array(count);
  const spare = total - count;
  let given = 0;
  for (let index = 0; index < count; index++) {
    const exact = (spare * weights[index]) / sum;
    parts[index] = 1 + Math.floor(exact);
    remainders[index] = exact - Math.floor(exact);
    given += parts[index];
  }
  const order = Array.from({ length: count }, (_, index) => index);
  order.sort((a, b) => remainders[b] - remainders[a] || a - b);
  for (let rank = 0; given < total; rank = (rank + 1) % count) {
    parts[order[rank]] += 1;
    given += 1;
  }
  return parts;
}

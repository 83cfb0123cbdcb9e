/** Columns of numbers out of results, and the first rows after warm-up. */
import { assert } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import type { Column } from '../sim/results/schema.ts';

export type Numbers = Float64Array | Int32Array;

/** The column as numbers; throws InvariantError for a column of text. */
export function numbers(column: Column): Numbers {
  assert(column instanceof Float64Array || column instanceof Int32Array, 'charts read columns of numbers');
  return column;
}

/** The column as text; throws InvariantError for a column of numbers. */
export function texts(column: Column): readonly string[] {
  assert(Array.isArray(column), 'labels read columns of text');
  return column;
}

/** First row of an ascending time column at or after `warmUpMs`. */
export function firstMeasuredRow(timeMs: Column, warmUpMs: number): number {
  const times = numbers(timeMs);
  let row = 0;
  while (row < times.length && times[row] < warmUpMs) row++;
  return row;
}

/** First hour that lies wholly behind the warm-up. */
export function firstMeasuredHour(warmUpMs: number): number {
  return Math.ceil(warmUpMs / MS_PER_HOUR);
}

/** Mean of rows [from, to); 0 for an empty range. */
export function meanOf(column: Column, from: number, to: number): number {
  const values = numbers(column);
  let sum = 0;
  for (let row = from; row < to; row++) sum += values[row];
  return to > from ? sum / (to - from) : 0;
}

/** Nearest-rank quantile of unsorted values: sorts a copy. 0 without values. */
export function quantileOf(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** Row of the largest value of rows [from, length); `from` for an empty range. */
export function rowOfLargest(values: ArrayLike<number>, from: number): number {
  let best = from;
  for (let row = from; row < values.length; row++) if (values[row] > values[best]) best = row;
  return best;
}

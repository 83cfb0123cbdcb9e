/**
 * Sets of integers as sorted, disjoint, inclusive ranges in one flat list [low, high, low, high, ...].
 *
 * Ports are stored so. Two ranges that touch are one range, so equal sets have equal lists.
 */

export type RangeSet = readonly number[];

/** Normal form of ranges given in any order; ranges with high < low are dropped. */
export function rangeSetOf(ranges: readonly (readonly number[])[]): RangeSet {
  const sorted = ranges.filter((range) => range[1] >= range[0]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const out: number[] = [];
  for (const range of sorted) appendRange(out, range[0], range[1]);
  return out;
}

/** Appends [low, high] where low is not below the start of the last range of `out`. */
function appendRange(out: number[], low: number, high: number): void {
  const last = out.length - 1;
  if (last > 0 && low <= out[last] + 1) {
    if (high > out[last]) out[last] = high;
    return;
  }
  out.push(low, high);
}

/** How many integers the set holds. */
export function rangeSetSize(set: RangeSet): number {
  let size = 0;
  for (let i = 0; i < set.length; i += 2) size += set[i + 1] - set[i] + 1;
  return size;
}

/** a or b. */
export function rangeSetUnion(a: RangeSet, b: RangeSet): RangeSet {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const out: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && a[i] <= b[j])) {
      appendRange(out, a[i], a[i + 1]);
      i += 2;
    } else {
      appendRange(out, b[j], b[j + 1]);
      j += 2;
    }
  }
  return out;
}

/** a without b. */
export function rangeSetDifference(a: RangeSet, b: RangeSet): RangeSet {
  if (a.length === 0 || b.length === 0) return a;
  const out: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let low = a[i];
    const high = a[i + 1];
    while (j < b.length && b[j + 1] < low) j += 2;
    for (let k = j; k < b.length && b[k] <= high; k += 2) {
      if (b[k] > low) out.push(low, b[k] - 1);
      low = b[k + 1] + 1;
    }
    if (low <= high) out.push(low, high);
  }
  return out;
}

/** Whether every integer of b is in a. */
export function rangeSetContains(a: RangeSet, b: RangeSet): boolean {
  let i = 0;
  for (let j = 0; j < b.length; j += 2) {
    while (i < a.length && a[i + 1] < b[j]) i += 2;
    if (i >= a.length || a[i] > b[j] || a[i + 1] < b[j + 1]) return false;
  }
  return true;
}

/**
 * Bags of resources: what an agent has, what an offer holds, what a filter refused.
 *
 * A bag is immutable: parallel columns sorted by kind. Amounts are milli-units for scalars, copies for indivisible and
 * shared resources, and 1000 x size for ranges and sets, whose members stand in `ranges`. No entry has amount 0, so equal
 * bags have equal columns. Integers throughout: Mesos keeps three decimals (src/common/values.cpp).
 */
import type { RangeSet } from './range-set.ts';
import { rangeSetContains, rangeSetDifference, rangeSetSize, rangeSetUnion } from './range-set.ts';
import type { ResourceCatalog } from './resource-catalog.ts';

export interface ResourceBag {
  readonly kinds: readonly number[];
  readonly amounts: readonly number[];
  /** Members of ranges and sets, null per scalar; null when the whole bag is scalar. */
  readonly ranges: readonly (RangeSet | null)[] | null;
}

export const EMPTY_BAG: ResourceBag = { kinds: [], amounts: [], ranges: null };

const MILLI = 1_000;

/** Whether nothing is in the bag. */
export function isEmptyBag(bag: ResourceBag): boolean {
  return bag.kinds.length === 0;
}

/** A bag of one kind; `range` for ranges and sets, whose amount it decides. */
export function bagOf(kind: number, amount: number, range: RangeSet | null = null): ResourceBag {
  const size = range === null ? amount : rangeSetSize(range) * MILLI;
  if (size <= 0) return EMPTY_BAG;
  return { kinds: [kind], amounts: [size], ranges: range === null ? null : [range] };
}

class BagBuilder {
  readonly kinds: number[] = [];
  readonly amounts: number[] = [];
  ranges: (RangeSet | null)[] | null = null;

  push(kind: number, amount: number, range: RangeSet | null): void {
    if (range !== null && this.ranges === null) this.ranges = this.kinds.map(() => null);
    this.kinds.push(kind);
    this.amounts.push(amount);
    if (this.ranges !== null) this.ranges.push(range);
  }
}

/** Amounts of a + sign x b for bags without ranges, or null when b has a kind that a lacks or nothing would be left of a kind. */
function combined(a: ResourceBag, b: ResourceBag, sign: number): number[] | null {
  const amounts = a.amounts.slice();
  let i = 0;
  for (let j = 0; j < b.kinds.length; j++) {
    const kind = b.kinds[j];
    while (i < a.kinds.length && a.kinds[i] < kind) i++;
    if (i === a.kinds.length || a.kinds[i] !== kind) return null;
    amounts[i] += sign * b.amounts[j];
    if (amounts[i] <= 0) return null;
  }
  return amounts;
}

/** a + b: scalars add, copies add, ranges join. */
export function addBags(a: ResourceBag, b: ResourceBag): ResourceBag {
  if (a.kinds.length === 0) return b;
  if (b.kinds.length === 0) return a;
  if (a.ranges === null && b.ranges === null) {
    const amounts = combined(a, b, 1);
    if (amounts !== null) return { kinds: a.kinds, amounts, ranges: null };
  }
  const out = new BagBuilder();
  let i = 0;
  let j = 0;
  while (i < a.kinds.length || j < b.kinds.length) {
    const left = i < a.kinds.length ? a.kinds[i] : Number.POSITIVE_INFINITY;
    const right = j < b.kinds.length ? b.kinds[j] : Number.POSITIVE_INFINITY;
    if (left < right) {
      out.push(left, a.amounts[i], a.ranges === null ? null : a.ranges[i]);
      i++;
    } else if (right < left) {
      out.push(right, b.amounts[j], b.ranges === null ? null : b.ranges[j]);
      j++;
    } else {
      const range = a.ranges === null ? null : a.ranges[i];
      const other = b.ranges === null ? null : b.ranges[j];
      if (range !== null && other !== null) {
        const joined = rangeSetUnion(range, other);
        out.push(left, rangeSetSize(joined) * MILLI, joined);
      } else {
        out.push(left, a.amounts[i] + b.amounts[j], null);
      }
      i++;
      j++;
    }
  }
  return out;
}

/** a - b; what would fall to zero or below leaves the bag, as in Mesos. */
export function subtractBags(a: ResourceBag, b: ResourceBag): ResourceBag {
  if (a.kinds.length === 0 || b.kinds.length === 0) return a;
  if (a.ranges === null && b.ranges === null) {
    const amounts = combined(a, b, -1);
    if (amounts !== null) return { kinds: a.kinds, amounts, ranges: null };
  }
  const out = new BagBuilder();
  let j = 0;
  for (let i = 0; i < a.kinds.length; i++) {
    const kind = a.kinds[i];
    while (j < b.kinds.length && b.kinds[j] < kind) j++;
    const range = a.ranges === null ? null : a.ranges[i];
    if (j >= b.kinds.length || b.kinds[j] !== kind) {
      out.push(kind, a.amounts[i], range);
      continue;
    }
    if (range !== null) {
      const left = rangeSetDifference(range, b.ranges?.[j] ?? []);
      if (left.length > 0) out.push(kind, rangeSetSize(left) * MILLI, left);
    } else if (a.amounts[i] > b.amounts[j]) {
      out.push(kind, a.amounts[i] - b.amounts[j], null);
    }
  }
  return out.kinds.length === 0 ? EMPTY_BAG : out;
}

/** Whether a holds all of b. */
export function bagContains(a: ResourceBag, b: ResourceBag): boolean {
  if (a === b) return true;
  if (a.kinds === b.kinds && b.ranges === null) {
    for (let i = 0; i < b.amounts.length; i++) if (a.amounts[i] < b.amounts[i]) return false;
    return true;
  }
  if (b.kinds.length > a.kinds.length) return false;
  let i = 0;
  for (let j = 0; j < b.kinds.length; j++) {
    const kind = b.kinds[j];
    while (i < a.kinds.length && a.kinds[i] < kind) i++;
    if (i >= a.kinds.length || a.kinds[i] !== kind || a.amounts[i] < b.amounts[j]) return false;
    const range = b.ranges === null ? null : b.ranges[j];
    if (range !== null && !rangeSetContains(a.ranges?.[i] ?? [], range)) return false;
  }
  return true;
}

/** Whether both bags hold the same. */
export function bagsEqual(a: ResourceBag, b: ResourceBag): boolean {
  return a.kinds.length === b.kinds.length && bagContains(a, b) && bagContains(b, a);
}

/** The entries whose flags have all bits of `required` and none of `forbidden`; the bag itself when that is all of it. */
export function selectBag(
  catalog: ResourceCatalog,
  bag: ResourceBag,
  required: number,
  forbidden: number,
): ResourceBag {
  const flags = catalog.flags;
  let kept = 0;
  for (let i = 0; i < bag.kinds.length; i++) {
    const bits = flags[bag.kinds[i]];
    if ((bits & required) === required && (bits & forbidden) === 0) kept++;
  }
  if (kept === bag.kinds.length) return bag;
  if (kept === 0) return EMPTY_BAG;
  const out = new BagBuilder();
  for (let i = 0; i < bag.kinds.length; i++) {
    const bits = flags[bag.kinds[i]];
    if ((bits & required) === required && (bits & forbidden) === 0)
      out.push(bag.kinds[i], bag.amounts[i], bag.ranges === null ? null : bag.ranges[i]);
  }
  return out;
}

/** The entries whose kind passes `keep`; the bag itself when that is all of it. */
export function filterBag(bag: ResourceBag, keep: (kind: number) => boolean): ResourceBag {
  if (bag.kinds.every((kind) => keep(kind))) return bag;
  const out = new BagBuilder();
  for (let i = 0; i < bag.kinds.length; i++) {
    if (keep(bag.kinds[i])) out.push(bag.kinds[i], bag.amounts[i], bag.ranges === null ? null : bag.ranges[i]);
  }
  return out.kinds.length === 0 ? EMPTY_BAG : out;
}

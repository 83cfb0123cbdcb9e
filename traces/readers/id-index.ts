/**
 * Numbers for ids of which there are too many to keep as text: 0 for the first, 1 for the next, the same for an id that comes again.
 *
 * An id is known by 32 bits beside its place in an open table (about 56 bits for ten million ids): that two are taken for one happens once in some
 * hundred such traces, and then to one of them. Memory: 12 to 24 bytes for each of `most`.
 */
import { fail } from '../../policies/base/assert.ts';

export interface IdIndex {
  readonly count: number;
  /** The number of an id; a new one for an id that was not there. */
  add(id: string): number;
  /** The number of an id, -1 when it was never added. */
  find(id: string): number;
}

/** At most so full: searches stay short. */
const MOST_FULL = 2 / 3;

/** An index of at most `most` ids. */
export function createIdIndex(most: number): IdIndex {
  let slots = 16;
  while (slots * MOST_FULL < most) slots *= 2;
  const mask = slots - 1;
  /** Number of the id in a slot plus 1; 0 = free. */
  const numbers = new Int32Array(slots);
  const marks = new Int32Array(slots);
  let [count, mark] = [0, 0];
  /** The slot of an id, or the free one where it belongs; leaves its mark in `mark`. */
  const slotOf = (id: string): number => {
    // Two hashes over code units: FNV-1a, and the same with another start and factor.
    let [place, other] = [0x811c9dc5 | 0, 0x9747b28c | 0];
    for (let at = 0; at < id.length; at++) {
      const unit = id.charCodeAt(at);
      place = Math.imul(place ^ unit, 0x01000193);
      other = Math.imul(other ^ unit, 0x5bd1e995);
      other ^= other >>> 15;
    }
    // Low bits of FNV depend on low bits of the letters alone.
    place ^= place >>> 15;
    place = Math.imul(place, 0x2c1b3c6d);
    mark = other;
    let slot = (place ^ (place >>> 12)) & mask;
    while (numbers[slot] !== 0 && marks[slot] !== other) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    get count() {
      return count;
    },
    add(id) {
      const slot = slotOf(id);
      if (numbers[slot] !== 0) return numbers[slot] - 1;
      if (count === most) fail(`an index of ${most} ids is full`);
      count += 1;
      numbers[slot] = count;
      marks[slot] = mark;
      return count - 1;
    },
    find: (id) => numbers[slotOf(id)] - 1,
  };
}

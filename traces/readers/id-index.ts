/**
 * What is known of ids of which there are too many to keep as text.
 *
 * An id is known by 32 bits beside its place in an open table (about 56 bits for ten million ids): that two are taken for one happens once in some
 * hundred such traces, and then to one of them.
 */
import { fail, TraceError } from '../../policies/base/assert.ts';
import type { ParquetGroups } from './parquet-groups.ts';

/** A whole number above 0 for each id. */
export interface IdValues {
  /** 0 for an id that was never put. */
  get(id: string): number;
  put(id: string, value: number): void;
}

/** At most so full: searches stay short. */
const MOST_FULL = 2 / 3;

/** Values of at most `most` ids, in a column that holds the largest. Memory: 4 bytes and those of a value, 1.5 to 3 times for each of `most`. */
export function createIdValues(most: number, column: Int32ArrayConstructor | Uint8ArrayConstructor): IdValues {
  let slots = 16;
  while (slots * MOST_FULL < most) slots *= 2;
  const mask = slots - 1;
  const values = new column(slots);
  const largest = column === Uint8Array ? 0xff : 0x7fffffff;
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
    while (values[slot] !== 0 && marks[slot] !== other) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    get: (id) => values[slotOf(id)],
    put(id, value) {
      if (!(value > 0 && value <= largest)) fail(`the value of an id is ${value}; 1 to ${largest} is expected`);
      const slot = slotOf(id);
      if (values[slot] === 0) {
        if (count === most) fail(`a table of ${most} ids is full`);
        count += 1;
        marks[slot] = mark;
      }
      values[slot] = value;
    },
  };
}

/** Numbers for ids: 0 for the first, 1 for the next, the same for an id that comes again. */
export interface IdIndex {
  readonly count: number;
  /** The number of an id; a new one for an id that was not there. */
  add(id: string): number;
  /** The number of an id, -1 when it was never added. */
  find(id: string): number;
}

/** An index of at most `most` ids. */
export function createIdIndex(most: number): IdIndex {
  const numbers = createIdValues(most, Int32Array);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(id) {
      const known = numbers.get(id);
      if (known > 0) return known - 1;
      numbers.put(id, count + 1);
      count += 1;
      return count - 1;
    },
    find: (id) => numbers.get(id) - 1,
  };
}

/** Rows of a file by its column `id`: the number of an id is its row. Throws TraceError when an id comes twice. */
export function indexRows(file: ParquetGroups): IdIndex {
  const rowOfId = createIdIndex(file.rows);
  for (let group = 0; group < file.groups.length; group++) for (const id of file.texts(group, 'id')) rowOfId.add(id);
  if (rowOfId.count !== file.rows)
    throw new TraceError(`${file.path}: ${file.rows - rowOfId.count} of ${file.rows} ids appear a second time`);
  return rowOfId;
}

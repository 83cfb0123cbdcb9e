/**
 * A map for keys that are given out in rising order: numbers of tasks, of works, of jobs.
 *
 * A thousand neighbours share a page and a page goes with the last of its keys (the newest page when the next one comes, as its keys are still
 * being given out), so a lookup is two loads and millions of short-lived keys leave nothing behind but an empty place each thousand. Plain data: `structuredClone` copies it. Keys are whole numbers in [0, 2^32).
 */
import { fail } from './assert.ts';

export interface RisingMap<Value> {
  size: number;
  readonly pages: ((Value | undefined)[] | null)[];
  /** Keys in each page. */
  readonly counts: number[];
}

const MAX_KEY = 0xffffffff;
const PAGE_BITS = 10;
const PAGE_MASK = (1 << PAGE_BITS) - 1;

/** A map without keys. */
export function createRisingMap<Value>(): RisingMap<Value> {
  return { size: 0, pages: [], counts: [] };
}

/** The value of a key, undefined when it is not in. */
export function risingGet<Value>(map: RisingMap<Value>, key: number): Value | undefined {
  return pageOf(map, key)?.[key & PAGE_MASK];
}

function pageOf<Value>({ pages }: RisingMap<Value>, key: number): (Value | undefined)[] | null {
  const at = key >>> PAGE_BITS;
  return key < 0 || at >= pages.length ? null : pages[at];
}

/** Sets the value of a key. */
export function risingSet<Value>(map: RisingMap<Value>, key: number, value: Value): void {
  const { pages, counts } = map;
  const at = key >>> PAGE_BITS;
  if (key > MAX_KEY) fail(`key ${key} of a rising map is above ${MAX_KEY}`);
  while (pages.length <= at) {
    const last = pages.length - 1;
    if (last >= 0 && counts[last] === 0) pages[last] = null;
    pages.push(null);
    counts.push(0);
  }
  let page = pages[at];
  if (page === null) {
    page = new Array<Value | undefined>(PAGE_MASK + 1).fill(undefined);
    pages[at] = page;
  }
  if (page[key & PAGE_MASK] === undefined) {
    counts[at]++;
    map.size++;
  }
  page[key & PAGE_MASK] = value;
}

/** Takes a key out; whether it was in. */
export function risingDelete<Value>(map: RisingMap<Value>, key: number): boolean {
  const page = pageOf(map, key);
  if (page === null || page[key & PAGE_MASK] === undefined) return false;
  page[key & PAGE_MASK] = undefined;
  map.size--;
  const at = key >>> PAGE_BITS;
  if (--map.counts[at] === 0 && at < map.pages.length - 1) map.pages[at] = null;
  return true;
}

/** All values, by rising key. */
export function risingValues<Value>(map: RisingMap<Value>): Value[] {
  const all: Value[] = [];
  for (const page of map.pages) {
    if (page === null) continue;
    for (const value of page) if (value !== undefined) all.push(value);
  }
  return all;
}

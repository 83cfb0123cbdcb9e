/**
 * A map for keys that are given out in rising order: numbers of tasks, of works, of jobs.
 *
 * A thousand neighbours share a page and a page goes with the last of its keys, so a lookup is two loads and millions of short-lived keys
 * leave nothing behind but an empty place each thousand. Plain data: `structuredClone` copies it. Keys are whole numbers in [0, 2^32).
 */
import { fail } from './assert.ts';

export interface RisingMap<Value> {
  size: number;
  readonly pages: (RisingPage<Value> | null)[];
}

interface RisingPage<Value> {
  readonly values: (Value | undefined)[];
  count: number;
}

const MAX_KEY = 0xffffffff;
const PAGE_BITS = 10;
const PAGE_MASK = (1 << PAGE_BITS) - 1;

/** A map without keys. */
export function createRisingMap<Value>(): RisingMap<Value> {
  return { size: 0, pages: [] };
}

/** The value of a key, undefined when it is not in. */
export function risingGet<Value>(map: RisingMap<Value>, key: number): Value | undefined {
  const page = key < 0 ? undefined : map.pages[key >>> PAGE_BITS];
  return page?.values[key & PAGE_MASK];
}

/** Sets the value of a key. */
export function risingSet<Value>(map: RisingMap<Value>, key: number, value: Value): void {
  const { pages } = map;
  const at = key >>> PAGE_BITS;
  if (key > MAX_KEY) fail(`key ${key} of a rising map is above ${MAX_KEY}`);
  while (pages.length <= at) pages.push(null);
  let page = pages[at];
  if (page === null) {
    page = { values: new Array<Value | undefined>(PAGE_MASK + 1).fill(undefined), count: 0 };
    pages[at] = page;
  }
  const { values } = page;
  if (values[key & PAGE_MASK] === undefined) {
    page.count++;
    map.size++;
  }
  values[key & PAGE_MASK] = value;
}

/** Takes a key out; whether it was in. */
export function risingDelete<Value>(map: RisingMap<Value>, key: number): boolean {
  const { pages } = map;
  const page = key < 0 ? null : (pages[key >>> PAGE_BITS] ?? null);
  if (page === null || page.values[key & PAGE_MASK] === undefined) return false;
  page.values[key & PAGE_MASK] = undefined;
  map.size--;
  if (--page.count === 0) pages[key >>> PAGE_BITS] = null;
  return true;
}

/** All values, by rising key. */
export function risingValues<Value>(map: RisingMap<Value>): Value[] {
  const all: Value[] = [];
  for (const page of map.pages) {
    if (page === null) continue;
    for (const value of page.values) if (value !== undefined) all.push(value);
  }
  return all;
}

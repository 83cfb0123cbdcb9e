/**
 * What one slot has refused, agent by agent: entries of a pool, in chains by the agent's row, as an agent may be refused in several parts.
 *
 * Most offers are declined, so refusals come and go by the million; an entry that ends is used anew. Plain data.
 */
import type { OfferFilter } from './allocator-state.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagContains } from './resource-bag.ts';

const NONE = -1;

export interface Refusals {
  /** First entry of each agent row. Rows that were never refused may lie beyond. */
  readonly first: number[];
  /** By agent row: version of what the agent has available that is known to be refused, -1 = unknown. */
  readonly knownVersion: number[];
  /** By entry: what was refused, until when, the next entry of its chain or of the free ones. */
  readonly bags: ResourceBag[];
  /** Amount of the first kind of all in it: whoever has more of that was not refused, and no bag need be looked at. */
  readonly leads: number[];
  readonly filters: OfferFilter[];
  readonly next: number[];
  free: number;
}

/** Nothing is refused. */
export function createRefusals(): Refusals {
  return { first: [], knownVersion: [], bags: [], leads: [], filters: [], next: [], free: NONE };
}

/** Adds a refusal until `filter` ends. */
export function addRefusal(refusals: Refusals, row: number, bag: ResourceBag, filter: OfferFilter): void {
  const { first, knownVersion, bags, leads, filters, next } = refusals;
  while (first.length <= row) {
    first.push(NONE);
    knownVersion.push(NONE);
  }
  let entry = refusals.free;
  if (entry === NONE) entry = next.length;
  else refusals.free = next[entry];
  bags[entry] = bag;
  leads[entry] = leadOf(bag);
  filters[entry] = filter;
  next[entry] = first[row];
  first[row] = entry;
}

/** Whether a refusal on the agent contains the bag. */
export function isRefusedOn({ first, bags, leads, next }: Refusals, row: number, bag: ResourceBag): boolean {
  if (row >= first.length || first[row] === NONE) return false;
  const lead = leadOf(bag);
  for (let entry = first[row]; entry !== NONE; entry = next[entry])
    if (leads[entry] >= lead && bagContains(bags[entry], bag)) return true;
  return false;
}

/** Amount of kind 0, which stands first in a bag. */
function leadOf({ kinds, amounts }: ResourceBag): number {
  return kinds.length > 0 && kinds[0] === 0 ? amounts[0] : 0;
}

/**
 * Whether a refusal on the agent contains all that it has available, `bag` in this `version`. What is found is remembered until either
 * changes.
 */
export function isAllRefusedOn(refusals: Refusals, row: number, bag: ResourceBag, version: number): boolean {
  const { first, knownVersion } = refusals;
  if (row >= first.length || first[row] === NONE) return false;
  if (knownVersion[row] === version) return true;
  if (!isRefusedOn(refusals, row, bag)) return false;
  knownVersion[row] = version;
  return true;
}

/** Takes the refusals of one filter off an agent; false when nothing at all was refused there. */
export function endRefusals(refusals: Refusals, row: number, filter: OfferFilter): boolean {
  const { first, knownVersion, filters, next } = refusals;
  let entry = first[row];
  if (entry === NONE) return false;
  knownVersion[row] = NONE;
  let before = NONE;
  while (entry !== NONE) {
    const after = next[entry];
    if (filters[entry] !== filter) before = entry;
    else {
      if (before === NONE) first[row] = after;
      else next[before] = after;
      next[entry] = refusals.free;
      refusals.free = entry;
    }
    entry = after;
  }
  return true;
}

/** Takes every refusal off an agent. */
export function clearRefusalsOn(refusals: Refusals, row: number): void {
  const { first, knownVersion, next } = refusals;
  if (row >= first.length) return;
  knownVersion[row] = NONE;
  for (let entry = first[row]; entry !== NONE; ) {
    const after = next[entry];
    next[entry] = refusals.free;
    refusals.free = entry;
    entry = after;
  }
  first[row] = NONE;
}

/** Takes every refusal off every agent, and ends their filters. */
export function clearRefusals(refusals: Refusals): void {
  const { first, filters, next } = refusals;
  for (let row = 0; row < first.length; row++) {
    for (let entry = first[row]; entry !== NONE; entry = next[entry]) filters[entry].live = false;
    clearRefusalsOn(refusals, row);
  }
}

/** The life of refuse filters: created by a decline, ended by time, revive, deactivation or a changed agent. */
import type { AgentRecord, FrameworkRecord, InverseOfferFilter, OfferFilter, Slot } from './allocator-state.ts';
import { DEFAULT_REFUSE_MS, MAX_REFUSE_MS } from './allocator-state.ts';
import { addRefusal, clearRefusals, clearRefusalsOn, endRefusals } from './refusals.ts';
import type { ResourceBag } from './resource-bag.ts';

/** How long a framework wants to be spared: negative means the default of 5 s, at most 365 days, 0 means no filter. */
export function refuseMsOf(requestedMs: number): number {
  if (requestedMs < 0) return DEFAULT_REFUSE_MS;
  return Math.min(requestedMs, MAX_REFUSE_MS);
}

/** Puts a bag on an agent under a filter. */
export function refuse(filter: OfferFilter, agent: AgentRecord, refused: ResourceBag): void {
  refuseRow(filter, agent.row, refused);
}

/** The same by the agent's row. */
export function refuseRow(filter: OfferFilter, row: number, refused: ResourceBag): void {
  addRefusal(filter.slot.refusals, row, refused, filter);
  filter.rows.push(row);
}

/** Refuses what a bulk still has rows for; the filter takes the list over, as the bulk needs it no more. */
export function refuseAll(
  filter: OfferFilter,
  bulk: { readonly rows: number[]; readonly bags: readonly ResourceBag[] },
): void {
  const { rows, bags } = bulk;
  const { refusals } = filter.slot;
  let left = 0;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    if (row < 0) continue;
    addRefusal(refusals, row, bags[at], filter);
    rows[left++] = row;
  }
  rows.length = left;
  for (const row of filter.rows) rows.push(row);
  filter.rows = rows;
}

/** Ends a filter whose time is over; its agents are worth looking at again. */
export function detachFilter(filter: OfferFilter, fertile: Uint8Array): void {
  filter.live = false;
  const { refusals } = filter.slot;
  for (const row of filter.rows) if (endRefusals(refusals, row, filter)) fertile[row] = 1;
  filter.rows = [];
}

/** Ends all filters of a slot. */
export function clearSlotFilters(slot: Slot): void {
  clearRefusals(slot.refusals);
}

/** Ends all filters of all frameworks on an agent; the caller lets it be looked at again. */
export function clearAgentFilters(frameworks: Iterable<FrameworkRecord>, agent: AgentRecord): void {
  for (const framework of frameworks) {
    clearInverseFilters(framework, agent);
    for (const slot of framework.slots.values()) {
      clearRefusalsOn(slot.refusals, agent.row);
    }
  }
}

export function attachInverseFilter(filter: InverseOfferFilter): void {
  const filters = filter.framework.inverseFilters.get(filter.agent) ?? [];
  filter.framework.inverseFilters.set(filter.agent, [...filters, filter]);
}

export function detachInverseFilter(filter: InverseOfferFilter): void {
  filter.live = false;
  const left = (filter.framework.inverseFilters.get(filter.agent) ?? []).filter((other) => other !== filter);
  if (left.length === 0) filter.framework.inverseFilters.delete(filter.agent);
  else filter.framework.inverseFilters.set(filter.agent, left);
}

/** Ends the inverse-offer filters of a framework, on one agent or on all. */
export function clearInverseFilters(framework: FrameworkRecord, agent: AgentRecord | null): void {
  for (const [filtered, filters] of [...framework.inverseFilters]) {
    if (agent !== null && filtered !== agent) continue;
    for (const filter of filters) filter.live = false;
    framework.inverseFilters.delete(filtered);
  }
}

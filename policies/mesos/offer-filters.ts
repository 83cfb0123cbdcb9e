/** The life of refuse filters: created by a decline, ended by time, revive, deactivation or a changed agent. */
import type { AgentRecord, FrameworkRecord, InverseOfferFilter, OfferFilter, Slot } from './allocator-state.ts';
import { DEFAULT_REFUSE_MS, MAX_REFUSE_MS } from './allocator-state.ts';

/** How long a framework wants to be spared: negative means the default of 5 s, at most 365 days, 0 means no filter. */
export function refuseMsOf(requestedMs: number): number {
  if (requestedMs < 0) return DEFAULT_REFUSE_MS;
  return Math.min(requestedMs, MAX_REFUSE_MS);
}

export function attachFilter(filter: OfferFilter): void {
  const filters = filter.slot.filters.get(filter.agent);
  if (filters === undefined) filter.slot.filters.set(filter.agent, [filter]);
  else filters.push(filter);
}

/** Ends a filter whose time is over. */
export function detachFilter(filter: OfferFilter): void {
  filter.live = false;
  const filters = filter.slot.filters.get(filter.agent);
  if (filters === undefined) return;
  const left = filters.filter((other) => other !== filter);
  if (left.length === 0) filter.slot.filters.delete(filter.agent);
  else filter.slot.filters.set(filter.agent, left);
  filter.agent.barrenEpoch = -1;
}

/** Ends all filters of a slot. */
export function clearSlotFilters(slot: Slot): void {
  for (const filters of slot.filters.values()) for (const filter of filters) filter.live = false;
  slot.filters.clear();
}

/** Ends all filters of all frameworks on an agent. */
export function clearAgentFilters(frameworks: Iterable<FrameworkRecord>, agent: AgentRecord): void {
  for (const framework of frameworks) {
    clearInverseFilters(framework, agent);
    for (const slot of framework.slots.values()) {
      for (const filter of slot.filters.get(agent) ?? []) filter.live = false;
      slot.filters.delete(agent);
    }
  }
  agent.barrenEpoch = -1;
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

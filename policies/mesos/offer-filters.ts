/** The life of refuse filters: created by a decline, ended by time, revive, deactivation or a changed agent. */
import type {
  AgentRecord,
  FrameworkRecord,
  InverseOfferFilter,
  OfferFilter,
  Refusal,
  Slot,
} from './allocator-state.ts';
import { DEFAULT_REFUSE_MS, MAX_REFUSE_MS } from './allocator-state.ts';
import type { ResourceBag } from './resource-bag.ts';

/** How long a framework wants to be spared: negative means the default of 5 s, at most 365 days, 0 means no filter. */
export function refuseMsOf(requestedMs: number): number {
  if (requestedMs < 0) return DEFAULT_REFUSE_MS;
  return Math.min(requestedMs, MAX_REFUSE_MS);
}

/** Puts a bag on an agent under a filter. */
export function refuse(filter: OfferFilter, agent: AgentRecord, refused: ResourceBag): void {
  const { refusals } = filter.slot;
  while (refusals.length <= agent.row) refusals.push(null);
  refusals[agent.row] = { refused, filter, next: refusals[agent.row] };
  filter.agents.push(agent);
}

/** Ends a filter whose time is over; its agents are worth looking at again. */
export function detachFilter(filter: OfferFilter, fertile: Uint8Array): void {
  filter.live = false;
  const { refusals } = filter.slot;
  for (const agent of filter.agents) {
    const first = refusals[agent.row];
    if (first === null) continue;
    refusals[agent.row] = withoutFilter(first, filter);
    fertile[agent.row] = 1;
  }
}

/** The chain without the refusals of one filter. */
function withoutFilter(chain: Refusal | null, filter: OfferFilter): Refusal | null {
  if (chain === null) return null;
  if (chain.filter === filter) return withoutFilter(chain.next, filter);
  chain.next = withoutFilter(chain.next, filter);
  return chain;
}

/** Ends all filters of a slot. */
export function clearSlotFilters(slot: Slot): void {
  for (const first of slot.refusals)
    for (let refusal = first; refusal !== null; refusal = refusal.next) refusal.filter.live = false;
  slot.refusals.fill(null);
}

/** Ends all filters of all frameworks on an agent; the caller lets it be looked at again. */
export function clearAgentFilters(frameworks: Iterable<FrameworkRecord>, agent: AgentRecord): void {
  for (const framework of frameworks) {
    clearInverseFilters(framework, agent);
    for (const slot of framework.slots.values()) {
      if (agent.row < slot.refusals.length) slot.refusals[agent.row] = null;
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

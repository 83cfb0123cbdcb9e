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
  refuseRow(filter, agent.row, refused);
}

/** The same by the agent's row. */
export function refuseRow(filter: OfferFilter, row: number, refused: ResourceBag): void {
  const { refusals, refusedVersion } = filter.slot;
  while (refusals.length <= row) {
    refusals.push(null);
    refusedVersion.push(-1);
  }
  refusals[row] = { refused, filter, next: refusals[row] };
  filter.rows.push(row);
}

/** Ends a filter whose time is over; its agents are worth looking at again. */
export function detachFilter(filter: OfferFilter, fertile: Uint8Array): void {
  filter.live = false;
  const { refusals, refusedVersion } = filter.slot;
  for (const row of filter.rows) {
    const first = refusals[row];
    if (first === null) continue;
    refusals[row] = first.filter === filter && first.next === null ? null : withoutFilter(first, filter);
    refusedVersion[row] = -1;
    fertile[row] = 1;
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
  slot.refusedVersion.fill(-1);
}

/** Ends all filters of all frameworks on an agent; the caller lets it be looked at again. */
export function clearAgentFilters(frameworks: Iterable<FrameworkRecord>, agent: AgentRecord): void {
  for (const framework of frameworks) {
    clearInverseFilters(framework, agent);
    for (const slot of framework.slots.values()) {
      if (agent.row >= slot.refusals.length) continue;
      slot.refusals[agent.row] = null;
      slot.refusedVersion[agent.row] = -1;
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

/**
 * May this framework be offered this bag of this agent in this role?
 *
 * allocatable: the bag covers one of the configured minimum sets. capable: GPU agents go to GPU frameworks, agents of
 * other regions to region-aware ones. filtered: a refused bag that contains the offered one, or an agent too old for the
 * role. Source: Mesos src/master/allocator/mesos/hierarchical.cpp.
 */
import type { AllocationLedger } from './allocation-ledger.ts';
import type { AgentRecord, AllocatorOptions, FrameworkRecord, Slot } from './allocator-state.ts';
import type { BulkRound } from './bulk-run.ts';
import { Capability } from './capabilities.ts';
import { isAllRefusedOn, isRefusedOn } from './refusals.ts';
import type { ResourceBag } from './resource-bag.ts';
import { filterBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { bagCovers } from './resource-quantities.ts';

/** Whether a bag covers at least one of `sets`; no sets ask for nothing but a bag that is not empty. */
export function coversAny(catalog: ResourceCatalog, bag: ResourceBag, sets: readonly Quantities[]): boolean {
  if (bag.kinds.length === 0) return false;
  if (sets.length === 0) return true;
  for (const set of sets) if (bagCovers(catalog, bag, set)) return true;
  return false;
}

/** Minimum sets for a framework in a role: its own, else the cluster's. */
export function minimumSets(options: AllocatorOptions, slot: Slot): readonly Quantities[] {
  return slot.framework.minAllocatable.get(slot.rolePath) ?? options.minAllocatable;
}

/** Whether all that an agent has available is enough for a slot. */
export function coversMinimum(round: BulkRound, slot: Slot, row: number): boolean {
  const { minAllocatable } = slot.framework;
  const { catalog, columns } = round.ledger;
  if (minAllocatable.size === 0) return columns.bigEnough[row] === 1;
  return coversAny(catalog, columns.available[row], minimumSets(round.options, slot));
}

/** Whether a framework may get anything of an agent at all. */
export function isCapable(options: AllocatorOptions, framework: FrameworkRecord, agent: AgentRecord): boolean {
  if (options.filterGpuResources && agent.hasGpu && (framework.capabilities & Capability.GPU_RESOURCES) === 0)
    return false;
  const remote = options.masterRegion !== null && agent.region !== null && agent.region !== options.masterRegion;
  return !remote || (framework.capabilities & Capability.REGION_AWARE) !== 0;
}

/** Whether a bag is withheld from a slot: refused before, or the agent lacks a capability that the slot needs. */
export function isFiltered(slot: Slot, agent: AgentRecord, bag: ResourceBag): boolean {
  return lacksCapability(slot, agent) || isRefused(slot, agent, bag);
}

/** Whether an agent is too old for a slot. */
export function lacksCapability(slot: Slot, agent: AgentRecord): boolean {
  const multiRole = (slot.framework.capabilities & Capability.MULTI_ROLE) !== 0;
  if (multiRole && (agent.capabilities & Capability.MULTI_ROLE) === 0) return true;
  return (agent.capabilities & Capability.HIERARCHICAL_ROLE) === 0 && slot.rolePath.includes('/');
}

/** Whether a live filter of the slot on the agent contains the bag. */
export function isRefused(slot: Slot, agent: AgentRecord, bag: ResourceBag): boolean {
  return isRefusedOn(slot.refusals, agent.row, bag);
}

/**
 * Whether a live filter of the slot contains all that the agent has available. What is found is remembered until what is available
 * changes (its version) or a filter ends.
 */
export function refusesAll(ledger: AllocationLedger, slot: Slot, row: number): boolean {
  const { available, version } = ledger.columns;
  return isAllRefusedOn(slot.refusals, row, available[row], version[row]);
}

/** Whether resources reserved to `reservation` may go to `role`: the role itself or one below it. */
export function mayUseReservation(reservation: string, role: string): boolean {
  return role === reservation || (role.startsWith(reservation) && role.charCodeAt(reservation.length) === 47);
}

/** The part of a bag a role may use: unreserved, or reserved to it or an ancestor. */
export function usableByRole(catalog: ResourceCatalog, bag: ResourceBag, role: string): ResourceBag {
  let reserved = 0;
  for (let i = 0; i < bag.kinds.length; i++) reserved |= catalog.flags[bag.kinds[i]] & ResourceFlag.reserved;
  if (reserved === 0) return bag;
  return filterBag(bag, (kind) => {
    const reservation = catalog.reservationRoles[kind];
    return reservation === '' || mayUseReservation(reservation, role);
  });
}

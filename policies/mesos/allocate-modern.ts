/**
 * Two stages over shuffled agents: first roles with unmet guarantees, then everybody, in fair order, whole agents at a time.
 *
 * Stage 1 gives a role what is missing of its guarantee on the agent, and beyond it whatever limits and headroom allow, so
 * that an agent is not cut to slivers. Stage 2 gives reservations, ranges and revocable resources freely and cuts the
 * rest to limits and to headroom = free unreserved resources - guarantees still owed, per resource name.
 * Sorters see every grant before the next agent. Source: Mesos src/master/allocator/mesos/hierarchical.cpp,
 * __generateOffers.
 */
import type { Round } from './allocation-round.ts';
import { grantInRound, shuffleAgents } from './allocation-round.ts';
import type { AgentRecord, RoleState, Slot } from './allocator-state.ts';
import type { BulkRound } from './bulk-run.ts';
import {
  coversAny,
  coversMinimum,
  isCapable,
  isFiltered,
  lacksCapability,
  minimumSets,
  refusesAll,
  usableByRole,
} from './eligibility.ts';
import type { QuotaBooks } from './quota-books.ts';
import { openQuotaBooks } from './quota-books.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, EMPTY_BAG, filterBag, selectBag, subtractBags } from './resource-bag.ts';
import { QUOTA_EXEMPT_MASK, ResourceFlag } from './resource-catalog.ts';
import { difference, isZero, scalarQuantities } from './resource-quantities.ts';
import { shrinkToLimits, shrinkToQuantities } from './shrink.ts';

/** Shares out the candidates of a run. */
export function allocateModern(round: Round): void {
  const { agents } = round;
  const books = openQuotaBooks(round.ledger);
  if (books.unmetCount > 0) {
    shuffleAgents(round);
    for (const agent of agents) {
      if (books.unmetCount === 0) break;
      if (agent.available.kinds.length > 0) giveGuarantees(round, books, agent);
    }
  }
  shuffleAgents(round);
  for (const agent of agents) {
    if (agent.available.kinds.length === 0) continue;
    if (!giveRest(round, books, agent)) round.ledger.columns.fertile[agent.row] = 0;
  }
}

/** Whether a slot may have all that a plain agent has available, while no quota binds. */
export function takesWholeModern(round: BulkRound, slot: Slot, row: number): boolean {
  if (!coversMinimum(round, slot, row)) return false;
  const agent = round.ledger.agentAt(row);
  if (!isCapable(round.options, slot.framework, agent) || lacksCapability(slot, agent)) return false;
  return !refusesAll(round.ledger, slot, row);
}

/** What a role may still be offered of an agent in this run. */
function usable(round: Round, agent: AgentRecord, role: RoleState): ResourceBag {
  const bag = usableByRole(round.ledger.catalog, agent.available, role.path);
  return agent.offeredShared.kinds.length === 0 ? bag : subtractBags(bag, agent.offeredShared);
}

/** The usable bag as the framework may see it, or an empty one when it may not have the agent. */
function presentable(round: Round, agent: AgentRecord, slot: Slot, free: ResourceBag, covered: boolean): ResourceBag {
  if (!isBigEnough(round, slot, free, free, covered)) return EMPTY_BAG;
  if (!isCapable(round.options, slot.framework, agent)) return EMPTY_BAG;
  return selectBag(round.ledger.catalog, free, 0, slot.framework.strippedFlags);
}

/** Whether a bag covers the minimum of its slot; `covered` is the answer known for `free` and the cluster's minimum. */
function isBigEnough(round: Round, slot: Slot, bag: ResourceBag, free: ResourceBag, covered: boolean): boolean {
  if (bag === free && slot.framework.minAllocatable.size === 0) return covered;
  return coversAny(round.ledger.catalog, bag, minimumSets(round.options, slot));
}

/** Whether a bag covers the cluster's minimum. */
function coversDefault(round: Round, bag: ResourceBag): boolean {
  return coversAny(round.ledger.catalog, bag, round.options.minAllocatable);
}

function giveGuarantees(round: Round, books: QuotaBooks, agent: AgentRecord): void {
  const { ledger } = round;
  ledger.roleSorter.begin();
  for (let client = ledger.roleSorter.next(); client >= 0; client = ledger.roleSorter.next()) {
    const role = ledger.roleByClient[client];
    const quota = role.node.quota;
    if (quota === null || !books.isUnmet(role)) continue;
    if (agent.available.kinds.length === 0) return;
    const owed = difference(quota.guarantees, books.consumed(role));
    role.sorter.begin();
    for (let member = role.sorter.next(); member >= 0 && !isZero(owed); member = role.sorter.next()) {
      const free = usable(round, agent, role);
      if (free.kinds.length === 0) break;
      const slot = role.slotByClient[member];
      const covered = coversDefault(round, free);
      const visible = presentable(round, agent, slot, free, covered);
      const chargeable = selectBag(ledger.catalog, visible, 0, QUOTA_EXEMPT_MASK);
      const promised = shrinkToQuantities(ledger.catalog, chargeable, owed, round.random);
      if (promised.kinds.length === 0) continue;
      const promisedQuantities = scalarQuantities(ledger.catalog, promised);
      let extra = subtractBags(chargeable, promised);
      if (books.isLimited(role)) {
        const room = difference(books.room(role), promisedQuantities);
        extra = shrinkToLimits(ledger.catalog, extra, room, round.random);
      }
      if (books.owes && extra.kinds.length > 0)
        extra = shrinkToQuantities(ledger.catalog, extra, books.surplus(), round.random);
      const exempt = ownExempt(round, role, visible);
      const offer = addBags(addBags(promised, exempt), extra);
      if (!isBigEnough(round, slot, offer, free, covered) || isFiltered(slot, agent, offer)) continue;
      const charged = scalarQuantities(ledger.catalog, addBags(promised, extra));
      grantInRound(round, slot, agent, offer);
      books.chargeGuaranteed(role, charged, promisedQuantities, owed);
    }
  }
}

/** What is free of quota in stage 1: reserved to the very role, ranges and sets, revocable. */
function ownExempt(round: Round, role: RoleState, bag: ResourceBag): ResourceBag {
  const { flags, reservationRoles } = round.ledger.catalog;
  return filterBag(
    bag,
    (kind) =>
      reservationRoles[kind] === role.path || (flags[kind] & (ResourceFlag.nonScalar | ResourceFlag.revocable)) !== 0,
  );
}

/** Stage 2 on one agent; whether anything was granted. */
function giveRest(round: Round, books: QuotaBooks, agent: AgentRecord): boolean {
  const { ledger } = round;
  let granted = false;
  ledger.roleSorter.begin();
  for (let client = ledger.roleSorter.next(); client >= 0; client = ledger.roleSorter.next()) {
    if (agent.available.kinds.length === 0) break;
    const role = ledger.roleByClient[client];
    let free = usable(round, agent, role);
    if (books.active && books.blocks(role, free)) continue;
    let covered = coversDefault(round, free);
    role.sorter.begin();
    for (let member = role.sorter.next(); member >= 0; member = role.sorter.next()) {
      if (free.kinds.length === 0) break;
      const slot = role.slotByClient[member];
      const visible = presentable(round, agent, slot, free, covered);
      if (visible.kinds.length === 0) continue;
      const cut = books.active && (books.owes || books.isLimited(role));
      const offer = cut ? cutToQuota(round, books, role, visible) : visible;
      if (!isBigEnough(round, slot, offer, free, covered) || isFiltered(slot, agent, offer)) continue;
      grantInRound(round, slot, agent, offer);
      if (books.active) {
        const charged = selectBag(ledger.catalog, offer, 0, QUOTA_EXEMPT_MASK);
        books.charge(role, scalarQuantities(ledger.catalog, charged));
      }
      granted = true;
      free = usable(round, agent, role);
      covered = coversDefault(round, free);
    }
  }
  return granted;
}

/** A bag with its chargeable part cut to the role's limits and to the surplus of headroom. */
function cutToQuota(round: Round, books: QuotaBooks, role: RoleState, bag: ResourceBag): ResourceBag {
  const { catalog } = round.ledger;
  const chargeable = selectBag(catalog, bag, 0, QUOTA_EXEMPT_MASK);
  let kept = chargeable;
  if (books.isLimited(role)) kept = shrinkToLimits(catalog, kept, books.room(role), round.random);
  if (books.owes && kept.kinds.length > 0) kept = shrinkToQuantities(catalog, kept, books.surplus(), round.random);
  return kept === chargeable ? bag : addBags(subtractBags(bag, chargeable), kept);
}

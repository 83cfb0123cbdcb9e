/**
 * Who holds what: the books of the allocator, kept equal in agents, role tree and sorters.
 *
 * Every method is one accounting step; when to offer is decided elsewhere. What differs between the variants is two
 * switches: whether reserved resources weigh in the share of a role, and what the shares of frameworks are relative to.
 */
import { assert, fail } from '../base/assert.ts';
import type { RandomSource } from '../base/random-source.ts';
import { AgentColumns } from './agent-columns.ts';
import type { AgentRecord, AllocatorOptions, FrameworkRecord, RoleState, Slot, SorterName } from './allocator-state.ts';
import { DrfSorter } from './drf-sorter.ts';
import { coversAny } from './eligibility.ts';
import { RandomSorter } from './random-sorter.ts';
import { createRefusals } from './refusals.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagContains, bagsEqual, EMPTY_BAG, isEmptyBag, selectBag, subtractBags } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import { RoleTree } from './role-tree.ts';
import { ScalarTotals } from './scalar-totals.ts';
import type { Sorter } from './sorter.ts';

/** Rows of agents begin at 0; a loan concerns none. */
const NO_AGENT = -1;

const NOT_PLAIN = ResourceFlag.reserved | ResourceFlag.shared | ResourceFlag.revocable;

export interface LedgerVariant {
  /** Reserved resources weigh in role shares and totals. */
  readonly countsReservedInRoleShare: boolean;
  /** Framework shares are relative to what the role holds, not to the cluster. */
  readonly roleLocalFrameworkShares: boolean;
  /** An inactive client loses its grants. */
  readonly forgetsGrantsWhenInactive: boolean;
  /** A role stays in the sorter, with its grants, when its last framework leaves. */
  readonly keepsRoles: boolean;
}

export interface Conversion {
  readonly consumed: ResourceBag;
  readonly converted: ResourceBag;
}

/** Applies conversions in order; null when something to consume is missing. */
export function convertBag(bag: ResourceBag, conversions: readonly Conversion[]): ResourceBag | null {
  let result = bag;
  for (const { consumed, converted } of conversions) {
    if (!bagContains(result, consumed)) return null;
    result = addBags(subtractBags(result, consumed), converted);
  }
  return result;
}

/** What of an agent is offered or allocated to anyone, known or not. */
export function usedOf({ held, heldByStrangers }: AgentRecord): ResourceBag {
  let used = EMPTY_BAG;
  for (const bag of held.values()) used = addBags(used, bag);
  for (const byRole of heldByStrangers.values()) for (const bag of byRole.values()) used = addBags(used, bag);
  return used;
}

export class AllocationLedger {
  readonly catalog: ResourceCatalog;
  readonly roleTree: RoleTree;
  readonly totals: ScalarTotals;
  readonly roleSorter: Sorter;
  readonly agents = new Map<string, AgentRecord>();
  readonly frameworks = new Map<string, FrameworkRecord>();
  readonly roles = new Map<string, RoleState>();
  readonly roleByClient: RoleState[] = [];
  /** Agents by row; null where one was removed. */
  readonly agentByRow: (AgentRecord | null)[] = [];
  /** What runs look at of each agent, by row. */
  readonly columns = new AgentColumns();
  /** Agents that are not plain. */
  notPlain = 0;
  /** Agents with a maintenance window. */
  readonly maintained = new Set<AgentRecord>();
  private readonly options: AllocatorOptions;
  private readonly variant: LedgerVariant;
  private readonly random: RandomSource;

  constructor(catalog: ResourceCatalog, options: AllocatorOptions, variant: LedgerVariant, random: RandomSource) {
    this.catalog = catalog;
    this.options = options;
    this.variant = variant;
    this.random = random;
    this.roleTree = new RoleTree(catalog);
    this.totals = new ScalarTotals(catalog);
    this.roleSorter = this.createSorter(options.roleSorter, this.totals);
  }

  addAgent(agent: AgentRecord): void {
    this.agents.set(agent.id, agent);
    this.roleTree.trackReservations(agent.total);
    this.totals.add(this.roleShare(agent.total));
    this.agentByRow[agent.row] = agent;
    this.columns.add(agent);
    if (agent.maintenance !== null) this.maintained.add(agent);
    this.describeTotal(agent);
    this.refreshAvailable(agent);
  }

  removeAgent(agent: AgentRecord): void {
    for (const slot of [...agent.held.keys()]) this.release(slot, agent, agent.held.get(slot) ?? EMPTY_BAG);
    this.totals.remove(this.roleShare(agent.total));
    this.roleTree.untrackReservations(agent.total);
    this.agents.delete(agent.id);
    this.maintained.delete(agent);
    this.agentByRow[agent.row] = null;
    this.columns.remove(agent.row);
    if (!agent.plain) this.notPlain--;
  }

  /** The agent in a row. */
  agentAt(row: number): AgentRecord {
    return this.agentByRow[row] ?? fail(`the agent in row ${row} is gone`);
  }

  /** Replaces what an agent has; false when nothing changes. */
  updateTotal(agent: AgentRecord, total: ResourceBag): boolean {
    if (bagsEqual(agent.total, total)) return false;
    this.roleTree.trackReservations(total);
    this.roleTree.untrackReservations(agent.total);
    this.totals.remove(this.roleShare(agent.total));
    this.totals.add(this.roleShare(total));
    agent.total = total;
    this.describeTotal(agent);
    this.refreshAvailable(agent);
    return true;
  }

  /** Slot of a framework in a role, tracked in sorters from now on. */
  track(framework: FrameworkRecord, rolePath: string): Slot {
    let slot = framework.slots.get(rolePath);
    if (slot === undefined) {
      const refusals = createRefusals();
      slot = { framework, rolePath, role: null, client: -1, heldAgents: 0, refusals };
      framework.slots.set(rolePath, slot);
    }
    if (slot.role !== null) return slot;
    this.roleTree.trackFramework(framework.id, rolePath);
    const role = this.roles.get(rolePath) ?? this.createRole(rolePath);
    slot.role = role;
    slot.client = role.sorter.add(framework.id);
    role.slotByClient[slot.client] = slot;
    return slot;
  }

  /** Forgets a framework under a role unless it still holds something there. */
  untrack(slot: Slot): void {
    const role = slot.role;
    if (role === null || slot.heldAgents > 0) return;
    slot.role = null;
    role.sorter.remove(slot.client);
    slot.framework.slots.delete(slot.rolePath);
    this.roleTree.untrackFramework(slot.framework.id, slot.rolePath);
    if (role.sorter.count() > 0 || this.variant.keepsRoles) return;
    this.roleSorter.remove(role.client);
    this.roles.delete(slot.rolePath);
  }

  /** Lends a slot a sum over many agents: its share rises, no agent is touched. `grants` are counted for good. */
  lend(slot: Slot, sum: ResourceBag, grants: number): void {
    const role = slot.role ?? fail('a slot is tracked before it borrows');
    this.roleSorter.allocated(role.client, NO_AGENT, sum, grants);
    if (this.variant.roleLocalFrameworkShares && sum !== EMPTY_BAG) role.totals.add(sum);
    role.sorter.allocated(slot.client, NO_AGENT, sum, grants);
  }

  /** Takes back what was lent. */
  endLoan(slot: Slot, sum: ResourceBag): void {
    const role = slot.role ?? fail('a slot that borrows is tracked');
    role.sorter.unallocated(slot.client, NO_AGENT, sum);
    if (this.variant.roleLocalFrameworkShares) role.totals.remove(sum);
    this.roleSorter.unallocated(role.client, NO_AGENT, sum);
  }

  /** Books a bag that is part of what the agent has available; `grants` is 0 when the grant was counted before. */
  grant(slot: Slot, agent: AgentRecord, bag: ResourceBag, grants = 1): void {
    if (!bagContains(agent.available, bag)) fail(`agent ${agent.id} has less available than is granted`);
    const exclusive = agent.plain ? bag : selectBag(this.catalog, bag, 0, ResourceFlag.shared);
    if (exclusive === agent.available) {
      agent.lastWhole = exclusive;
      this.setAvailable(agent, EMPTY_BAG);
    } else {
      this.setAvailable(agent, subtractBags(agent.available, exclusive));
    }
    this.book(slot, agent, bag, grants);
  }

  /** Books a bag the agent reports as used. */
  hold(slot: Slot, agent: AgentRecord, bag: ResourceBag): void {
    this.book(slot, agent, bag);
    this.refreshAvailable(agent);
  }

  /** Books a bag that the agent has not available any more. */
  book(slot: Slot, agent: AgentRecord, bag: ResourceBag, grants = 1): void {
    const role = slot.role ?? fail('a slot is tracked before it holds');
    const before = agent.held.get(slot);
    if (before === undefined) slot.heldAgents++;
    agent.held.set(slot, before === undefined ? bag : addBags(before, bag));
    this.roleTree.trackHeld(role.node, bag);
    this.roleSorter.allocated(role.client, agent.row, this.roleShare(bag), grants);
    if (this.variant.roleLocalFrameworkShares) role.totals.add(bag);
    role.sorter.allocated(slot.client, agent.row, bag, grants);
  }

  /** Gives back a bag; a slot of a role the framework left is untracked when it holds nothing more. */
  release(slot: Slot, agent: AgentRecord, bag: ResourceBag): void {
    const before = agent.held.get(slot) ?? EMPTY_BAG;
    if (!bagContains(before, bag))
      fail(`agent ${agent.id} does not hold what framework ${slot.framework.id} gives back in role ${slot.rolePath}`);
    const role = slot.role ?? fail('a slot that holds is tracked');
    const after = subtractBags(before, bag);
    if (isEmptyBag(after)) {
      agent.held.delete(slot);
      slot.heldAgents--;
    } else {
      agent.held.set(slot, after);
    }
    if (agent.plain && !agent.overcommitted) this.regain(agent, addBags(agent.available, bag));
    else this.refreshAvailable(agent);
    this.roleTree.untrackHeld(role.node, bag);
    role.sorter.unallocated(slot.client, agent.row, bag);
    if (this.variant.roleLocalFrameworkShares) role.totals.remove(bag);
    this.roleSorter.unallocated(role.client, agent.row, this.roleShare(bag));
    if (!slot.framework.roles.has(slot.rolePath)) this.untrack(slot);
  }

  /** Replaces part of what a slot holds by its conversion; no new grant. */
  replace(slot: Slot, agent: AgentRecord, before: ResourceBag, after: ResourceBag): void {
    const role = slot.role ?? fail('a slot that holds is tracked');
    const held = agent.held.get(slot) ?? EMPTY_BAG;
    assert(bagContains(held, before), 'a slot holds what is converted');
    const kept = addBags(subtractBags(held, before), after);
    if (isEmptyBag(kept)) {
      agent.held.delete(slot);
      slot.heldAgents--;
    } else {
      agent.held.set(slot, kept);
    }
    this.roleTree.untrackHeld(role.node, before);
    this.roleTree.trackHeld(role.node, after);
    if (this.variant.roleLocalFrameworkShares) {
      role.totals.remove(before);
      role.totals.add(after);
    }
    role.sorter.updateAllocation(slot.client, agent.row, before, after);
    this.roleSorter.updateAllocation(role.client, agent.row, this.roleShare(before), this.roleShare(after));
    this.refreshAvailable(agent);
  }

  /** Recomputes what an agent has left; what is used beyond the total leaves nothing, never less. */
  refreshAvailable(agent: AgentRecord): void {
    const used = usedOf(agent);
    agent.overcommitted = !bagContains(agent.total, used);
    this.regain(agent, agent.plain ? subtractBags(agent.total, used) : this.availableOf(agent, used));
  }

  private regain(agent: AgentRecord, available: ResourceBag): void {
    this.setAvailable(agent, bagsEqual(available, agent.lastWhole) ? agent.lastWhole : available);
    this.columns.fertile[agent.row] = 1;
  }

  private availableOf(agent: AgentRecord, used: ResourceBag): ResourceBag {
    const shared = selectBag(this.catalog, agent.total, ResourceFlag.shared, 0);
    const exclusive = selectBag(this.catalog, agent.total, 0, ResourceFlag.shared);
    return addBags(subtractBags(exclusive, used), shared);
  }

  /** Whether an agent's resources are offered at all. */
  setActivated(agent: AgentRecord, activated: boolean): void {
    agent.activated = activated;
    this.columns.offerable[agent.row] = activated && agent.available.kinds.length > 0 ? 1 : 0;
  }

  private setAvailable(agent: AgentRecord, bag: ResourceBag): void {
    agent.available = bag;
    this.columns.put(agent.row, bag, coversAny(this.catalog, bag, this.options.minAllocatable));
    this.columns.offerable[agent.row] = agent.activated && bag.kinds.length > 0 ? 1 : 0;
  }

  private describeTotal(agent: AgentRecord): void {
    const gpus = this.catalog.nameIndex('gpus');
    const { flags, nameIndexes } = this.catalog;
    agent.hasGpu = agent.total.kinds.some((kind) => nameIndexes[kind] === gpus);
    const wasPlain = agent.plain;
    agent.plain = agent.total.kinds.every((kind) => (flags[kind] & NOT_PLAIN) === 0);
    this.notPlain += Number(wasPlain) - Number(agent.plain);
  }

  private roleShare(bag: ResourceBag): ResourceBag {
    return this.variant.countsReservedInRoleShare ? bag : selectBag(this.catalog, bag, 0, ResourceFlag.reserved);
  }

  private createRole(path: string): RoleState {
    const totals = this.variant.roleLocalFrameworkShares ? new ScalarTotals(this.catalog) : this.totals;
    const client = this.roleSorter.add(path);
    this.roleSorter.activate(client);
    const node = this.roleTree.get(path) ?? fail('a role with a framework is in the tree');
    const sorter = this.createSorter(this.options.frameworkSorter, totals);
    const role: RoleState = { path, client, sorter, totals, slotByClient: [], node };
    this.roles.set(path, role);
    this.roleByClient[client] = role;
    return role;
  }

  private createSorter(name: SorterName, totals: ScalarTotals): Sorter {
    if (name === 'random') return new RandomSorter(this.catalog, this.random);
    return new DrfSorter(this.catalog, totals, {
      excludedNames: this.options.fairnessExcludedNames,
      forgetsGrantsWhenInactive: this.variant.forgetsGrantsWhenInactive,
    });
  }
}

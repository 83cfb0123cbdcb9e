/**
 * The hierarchical allocator: events in, grants out.
 *
 * Events change the books and name candidate agents. In the modern variant all triggers before a run merge into one
 * pending run over the union of their agents, which settle() performs; 0.2x runs each at once. A batch timer names all
 * agents every interval. The caller owns time: advanceTo() fires timers in order (time, creation), so a filter set
 * between two batches always survives the next one.
 * Source: Mesos src/master/allocator/mesos/hierarchical.cpp.
 */
import { fail } from '../base/assert.ts';
import type { RandomSource } from '../base/random-source.ts';
import type { Conversion } from './allocation-ledger.ts';
import { AllocationLedger, convertBag } from './allocation-ledger.ts';
import type { AgentInfo, AgentUpdate, FrameworkInfo, UsedBags } from './allocator-records.ts';
import { createAgent, createFramework, describeFramework } from './allocator-records.ts';
import type {
  AgentRecord,
  AllocatorOptions,
  FrameworkRecord,
  Grant,
  InverseOfferFilter,
  OfferFilter,
  Slot,
} from './allocator-state.ts';
import type { AllocatorVariant } from './allocator-variants.ts';
import type { BulkGrant } from './bulk-run.ts';
import { capabilityBits } from './capabilities.ts';
import {
  adoptHoldings,
  bookReported,
  deactivateEverywhere,
  reviveRole,
  subscribe,
  suppressRole,
  unsubscribe,
} from './framework-membership.ts';
import type { InverseOffer } from './maintenance.ts';
import { answerInverseOffer, scheduleMaintenance } from './maintenance.ts';
import {
  attachInverseFilter,
  clearAgentFilters,
  clearInverseFilters,
  clearSlotFilters,
  detachFilter,
  detachInverseFilter,
  refuse,
  refuseMsOf,
} from './offer-filters.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, isEmptyBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import type { Quota } from './role-tree.ts';
import { RunPace } from './run-pace.ts';
import { RunQueue } from './run-queue.ts';
import type { Timer } from './timer-queue.ts';
import { TimerQueue } from './timer-queue.ts';

const RECOVERY_HOLD_MS = 600_000;
const RECOVERY_PERCENT = 80;

interface LoopTimer extends Timer {
  readonly kind: 'batch' | 'resume' | 'runOver';
}

type AllocatorTimer = LoopTimer | OfferFilter | InverseOfferFilter;

export class Allocator {
  readonly ledger: AllocationLedger;
  nowMs: number;
  /** When the next run over all agents is due. */
  nextBatchMs = Number.POSITIVE_INFINITY;
  private readonly options: AllocatorOptions;
  private readonly variant: AllocatorVariant;
  private readonly queue: RunQueue;
  private readonly timers = new TimerQueue<AllocatorTimer>();
  /** Null when a run takes no time. */
  readonly pace: RunPace | null;
  private paidAgents = 0;
  /** A batch waits for its run. */
  private batchWaits = false;
  private expectedAgents: number | null = null;
  private agentRows = 0;
  private frameworkSequence = 0;

  constructor(
    catalog: ResourceCatalog,
    options: AllocatorOptions,
    variant: AllocatorVariant,
    random: RandomSource,
    startMs: number,
  ) {
    this.options = options;
    this.variant = variant;
    this.nowMs = startMs;
    this.ledger = new AllocationLedger(catalog, options, variant, random);
    this.queue = new RunQueue(this.ledger, options, variant, random);
    this.pace = options.runCost === undefined ? null : new RunPace(options.runCost);
    this.startTimer('batch', startMs + options.allocationIntervalMs);
  }

  /** After a master fail-over with quotas: no run until 80 % of the expected agents are back, or 10 minutes. */
  recover(expectedAgentCount: number, quotas: ReadonlyMap<string, Quota>): void {
    if (quotas.size === 0) return;
    for (const [role, quota] of quotas) this.updateQuota(role, quota);
    const expected = Math.trunc((expectedAgentCount * RECOVERY_PERCENT) / 100);
    if (expected === 0) return;
    this.expectedAgents = expected;
    this.queue.paused = true;
    this.startTimer('resume', this.nowMs + RECOVERY_HOLD_MS);
  }

  /** Runs performed. */
  runs(): number {
    return this.queue.runs;
  }

  pause(): void {
    this.queue.paused = true;
  }

  /** Ends a pause; the next trigger or batch runs. */
  resume(): void {
    this.queue.paused = false;
  }

  /** `used`: what agents added before already hold for it, by agent and role. */
  addFramework(info: FrameworkInfo, used: UsedBags): void {
    const framework = createFramework(info, this.frameworkSequence++);
    this.ledger.frameworks.set(info.id, framework);
    for (const role of framework.roles) subscribe(this.ledger, framework, role);
    adoptHoldings(this.ledger, framework, used);
    if (info.active) this.triggerAll();
    else deactivateEverywhere(framework);
  }

  removeFramework(id: string): void {
    const framework = this.framework(id);
    for (const slot of [...framework.slots.values()]) {
      for (const agent of this.ledger.agents.values()) {
        const held = agent.held.get(slot);
        if (held !== undefined) this.ledger.release(slot, agent, held);
      }
      clearSlotFilters(slot);
      this.ledger.untrack(slot);
    }
    clearInverseFilters(framework, null);
    this.withdrawInverseOffers(id);
    this.ledger.frameworks.delete(id);
    this.pace?.forget('framework', id);
  }

  activateFramework(id: string): void {
    const framework = this.framework(id);
    framework.active = true;
    for (const role of framework.roles) subscribe(this.ledger, framework, role);
    this.triggerAll();
  }

  deactivateFramework(id: string): void {
    deactivateEverywhere(this.framework(id));
    this.withdrawInverseOffers(id);
  }

  /** New roles, capabilities, minimum sets and suppressed roles; waits for the next run. */
  updateFramework(info: FrameworkInfo): void {
    const framework = this.framework(info.id);
    const before = framework.roles;
    const suppressedBefore = new Set(framework.suppressed);
    const suppressed = new Set(info.suppressedRoles);
    const roles = new Set(info.roles);
    framework.roles = roles;
    describeFramework(framework, info);
    for (const role of roles) if (!before.has(role)) subscribe(this.ledger, framework, role);
    for (const role of before) if (!roles.has(role)) unsubscribe(this.ledger, framework, role);
    for (const role of suppressed) if (!suppressedBefore.has(role)) suppressRole(framework, role);
    for (const role of suppressedBefore) if (!suppressed.has(role)) reviveRole(framework, role);
    this.queue.reconsiderAll();
  }

  /** `used`: by framework and role; frameworks not added yet are kept as strangers. */
  addAgent(info: AgentInfo, used: UsedBags): void {
    const agent = createAgent(info, this.agentRows++);
    this.ledger.addAgent(agent);
    for (const [frameworkId, byRole] of used) bookReported(this.ledger, agent, frameworkId, byRole);
    if (this.expectedAgents !== null && this.ledger.agents.size >= this.expectedAgents) {
      this.expectedAgents = null;
      this.resume();
    }
    this.trigger(agent);
  }

  removeAgent(id: string): void {
    const agent = this.agent(id);
    clearAgentFilters(this.ledger.frameworks.values(), agent);
    this.ledger.removeAgent(agent);
    this.pace?.forget('agent', id);
  }

  activateAgent(id: string): void {
    this.ledger.setActivated(this.agent(id), true);
  }

  deactivateAgent(id: string): void {
    this.ledger.setActivated(this.agent(id), false);
  }

  /** Takes over what changed; a run on the agent follows only if something did. Changed attributes end its filters. */
  updateAgent(id: string, update: AgentUpdate): void {
    const agent = this.agent(id);
    let changed = false;
    if (update.attributes !== undefined && update.attributes !== agent.attributes) {
      agent.attributes = update.attributes;
      clearAgentFilters(this.ledger.frameworks.values(), agent);
      changed = true;
    }
    if (update.region !== undefined && update.region !== agent.region) {
      agent.region = update.region;
      changed = true;
    }
    if (update.hostname !== undefined && update.hostname !== agent.hostname) {
      agent.hostname = update.hostname;
      changed = true;
    }
    if (update.capabilities !== undefined && capabilityBits(update.capabilities) !== agent.capabilities) {
      agent.capabilities = capabilityBits(update.capabilities);
      changed = true;
    }
    if (update.total !== undefined && this.ledger.updateTotal(agent, update.total)) changed = true;
    if (!changed) return;
    this.ledger.columns.fertile[agent.row] = 1;
    this.trigger(agent);
  }

  /** Grows an agent; what the provider reports as used is booked. Waits for the next run. */
  addResourceProvider(id: string, total: ResourceBag, used: UsedBags): void {
    const agent = this.agent(id);
    this.ledger.updateTotal(agent, addBags(agent.total, total));
    for (const [frameworkId, byRole] of used) {
      if (this.ledger.frameworks.has(frameworkId)) bookReported(this.ledger, agent, frameworkId, byRole);
    }
  }

  /** Null lists every agent. */
  updateWhitelist(hostnames: ReadonlySet<string> | null): void {
    this.queue.whitelist = hostnames;
  }

  /** Converts part of what is offered (reserve, create volume, ...); totals follow. */
  updateAllocation(
    frameworkId: string,
    agentId: string,
    rolePath: string,
    offered: ResourceBag,
    conversions: readonly Conversion[],
  ): void {
    const agent = this.agent(agentId);
    const slot = this.framework(frameworkId).slots.get(rolePath) ?? fail(`no slot in role ${rolePath}`);
    const updated = convertBag(offered, conversions) ?? fail('a conversion consumes what was not offered');
    this.ledger.replace(slot, agent, offered, updated);
    const onTotal = conversions.filter(({ consumed }) => !isEmptyBag(consumed)); // the rest is more copies of shared ones
    this.ledger.updateTotal(agent, convertBag(agent.total, onTotal) ?? fail('the total lacks what was offered'));
  }

  /** Converts free resources of an agent; false when they are not free (any more). */
  updateAvailable(agentId: string, conversions: readonly Conversion[]): boolean {
    const agent = this.agent(agentId);
    if (convertBag(agent.available, conversions) === null) return false;
    this.ledger.updateTotal(agent, convertBag(agent.total, conversions) ?? fail('the total holds what is available'));
    return true;
  }

  /** Schedules (or with null cancels) maintenance of an agent and asks anew. */
  updateUnavailability(agentId: string, startMs: number | null): void {
    const agent = this.agent(agentId);
    for (const framework of this.ledger.frameworks.values()) clearInverseFilters(framework, agent);
    agent.maintenance = startMs === null ? null : scheduleMaintenance(startMs);
    if (startMs === null) this.ledger.maintained.delete(agent);
    else this.ledger.maintained.add(agent);
    this.trigger(agent);
  }

  /** An answer to an inverse offer, with a filter when `refuseMs` is not null. */
  updateInverseOffer(
    agentId: string,
    frameworkId: string,
    status: 'ACCEPT' | 'DECLINE' | null,
    refuseMs: number | null,
  ): void {
    const agent = this.agent(agentId);
    const framework = this.framework(frameworkId);
    answerInverseOffer(agent, frameworkId, status);
    const lifeMs = refuseMs === null ? 0 : refuseMsOf(refuseMs);
    if (lifeMs === 0) return;
    const timer = this.timerFields(this.nowMs + lifeMs, 0);
    const filter: InverseOfferFilter = { kind: 'inverseFilter', framework, agent, ...timer };
    attachInverseFilter(filter);
    this.timers.push(filter);
  }

  /** Takes resources back, with a filter when `refuseMs` is neither null nor 0. Never triggers a run. */
  recoverResources(
    frameworkId: string,
    agentId: string,
    rolePath: string,
    bag: ResourceBag,
    refuseMs: number | null,
  ): void {
    const framework = this.ledger.frameworks.get(frameworkId);
    const agent = this.ledger.agents.get(agentId);
    const slot = framework?.slots.get(rolePath);
    if (isEmptyBag(bag) || agent === undefined || slot === undefined) return;
    this.ledger.release(slot, agent, bag);
    const filter = this.openFilter(slot, refuseMs);
    if (filter !== null) refuse(filter, agent, bag);
  }

  /** A filter of a slot that blocks nothing yet; null when `refuseMs` asks for none or the framework left the role. */
  openFilter(slot: Slot, refuseMs: number | null): OfferFilter | null {
    const askedMs = refuseMs === null ? 0 : refuseMsOf(refuseMs);
    if (askedMs === 0 || !slot.framework.roles.has(slot.rolePath)) return null;
    const lifeMs = this.variant.filterLifeMs(askedMs, this.options.allocationIntervalMs);
    const { timeMs, rank, sequence, live } = this.timerFields(this.nowMs + lifeMs, 0);
    const filter: OfferFilter = { kind: 'filter', slot, rows: [], timeMs, rank, sequence, live };
    this.timers.push(filter);
    return filter;
  }

  /** Lets the next run look at an agent that came back without a filter. */
  reconsider(row: number): void {
    this.ledger.columns.fertile[row] = 1;
  }

  /** Lets runs grant whole agents in bulk, to be taken by takeBulk() beside takeGrants(). */
  grantInBulk(): void {
    this.queue.inBulk = true;
  }

  /** Bulk grants since the last call; their agents are not booked, so keep or refuse them before anything else happens. */
  takeBulk(): BulkGrant[] {
    return this.queue.takeBulk();
  }

  /** Books one agent of a bulk grant. */
  keep(slot: Slot, agent: AgentRecord, bag: ResourceBag): void {
    this.ledger.grant(slot, agent, bag, 0);
  }

  /** No more offers in these roles; none given means all. Filters stay. */
  suppressOffers(frameworkId: string, roles: readonly string[]): void {
    const framework = this.framework(frameworkId);
    for (const role of roles.length > 0 ? roles : framework.roles) suppressRole(framework, role);
  }

  /** Offers again in these roles, without filters; none given means all. */
  reviveOffers(frameworkId: string, roles: readonly string[]): void {
    const framework = this.framework(frameworkId);
    clearInverseFilters(framework, null);
    for (const role of roles.length > 0 ? roles : framework.roles) reviveRole(framework, role);
    this.triggerAll();
  }

  /** Null or the default quota removes it; waits for the next run. */
  updateQuota(role: string, quota: Quota | null): void {
    this.ledger.roleTree.updateQuota(role, quota);
    this.queue.reconsiderAll();
  }

  /** Waits for the next run. */
  updateWeight(role: string, weight: number): void {
    this.ledger.roleTree.updateWeight(role, weight);
    this.ledger.roleSorter.updateWeight(role, weight);
  }

  /** Whether settle() would run. */
  hasPendingRun(): boolean {
    return this.queue.hasPendingRun();
  }

  /** Performs the pending run, if any and if none is under way. */
  settle(): void {
    if (this.pace?.isBusy(this.nowMs) !== true) this.queue.settle();
    this.payForRuns();
  }

  /** Takes the time of the runs since the last call; the next batch is an interval after the end of this one's run. */
  private payForRuns(): void {
    const { pace } = this;
    if (pace === null) return;
    const { agentsVisited } = this.queue;
    if (agentsVisited > this.paidAgents) {
      const agents = agentsVisited - this.paidAgents;
      const endMs = pace.book(agents, this.ledger.frameworks.size, this.queue.takeGrantRuns(), this.nowMs);
      this.paidAgents = agentsVisited;
      if (endMs > this.nowMs) this.startTimer('runOver', endMs);
    }
    if (!this.batchWaits || this.queue.hasPendingRun()) return;
    this.batchWaits = false;
    this.startTimer('batch', Math.max(this.nowMs, pace.busyUntilMs) + this.options.allocationIntervalMs);
  }

  /** When the next timer fires; Infinity is never, as the batch timer always runs. */
  nextTimerMs(): number {
    return this.timers.peek()?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Moves time and fires timers in order, each followed by the run it triggers. */
  advanceTo(nowMs: number): void {
    for (let timer = this.timers.popDue(nowMs); timer !== undefined; timer = this.timers.popDue(nowMs)) {
      this.nowMs = timer.timeMs;
      this.fire(timer);
      this.settle();
    }
    this.nowMs = nowMs;
  }

  /** Grants since the last call, by run, then framework in order of subscription. */
  takeGrants(): Grant[] {
    return this.takeGrantRuns().flat();
  }

  /** The same, a list for each run that made some; nothing while a run is under way. */
  takeGrantRuns(): Grant[][] {
    return this.pace?.takeGrantRuns(this.nowMs) ?? this.queue.takeGrantRuns();
  }

  /** Inverse offers since the last call. */
  takeInverseOffers(): InverseOffer[] {
    return this.queue.takeInverseOffers();
  }

  private fire(timer: AllocatorTimer): void {
    if (timer.kind === 'filter') detachFilter(timer, this.ledger.columns.fertile);
    else if (timer.kind === 'inverseFilter') detachInverseFilter(timer);
    else if (timer.kind === 'resume') this.resume();
    else if (timer.kind === 'batch') {
      if (this.pace !== null) this.batchWaits = true;
      else this.startTimer('batch', timer.timeMs + this.options.allocationIntervalMs);
      this.queue.triggerAll();
    }
  }

  private startTimer(kind: LoopTimer['kind'], timeMs: number): void {
    const rank = this.variant.filtersEndBeforeRun ? 1 : 0;
    if (kind === 'batch') this.nextBatchMs = timeMs;
    this.timers.push({ kind, ...this.timerFields(timeMs, rank) });
  }

  private timerFields(timeMs: number, rank: number): Timer {
    return { timeMs, rank, sequence: this.timers.nextSequence(), live: true };
  }

  private trigger(agent: AgentRecord): void {
    this.queue.trigger(agent);
    // 0.2x has run already: each run is paid for by itself.
    this.payForRuns();
  }

  /** A run over all agents after something changed for frameworks. */
  private triggerAll(): void {
    this.queue.reconsiderAll();
    this.queue.triggerAll();
    this.payForRuns();
  }

  private withdrawInverseOffers(frameworkId: string): void {
    for (const agent of this.ledger.agents.values()) agent.maintenance?.outstanding.delete(frameworkId);
  }

  private agent(id: string): AgentRecord {
    return this.ledger.agents.get(id) ?? fail(`agent ${id} is not in the allocator`);
  }

  private framework(id: string): FrameworkRecord {
    return this.ledger.frameworks.get(id) ?? fail(`framework ${id} is not in the allocator`);
  }
}

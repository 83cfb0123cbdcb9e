/**
 * The master between allocator, schedulers and agents: offers out, answers in, and what becomes of both when a side is lost.
 *
 * An offer is accepted, declined, rescinded or runs into its timeout, once. What comes back is booked in the allocator,
 * with a filter only after an answer. Losing a scheduler deactivates its framework: offers and filters go, tasks run on
 * and keep weighing; its failover timeout decides what follows. A deactivation without a broken socket (a driver that
 * aborted) starts no timer: such a framework waits for its own return for ever.
 * Source: Mesos src/master/master.cpp.
 */
import { fail } from '../base/assert.ts';
import type { RandomSource } from '../base/random-source.ts';
import { AcceptDesk } from './accept-desk.ts';
import { AgentRoster } from './agent-roster.ts';
import { Allocator } from './allocator.ts';
import type { AgentInfo, FrameworkInfo, UsedBags } from './allocator-records.ts';
import { NOTHING_USED } from './allocator-records.ts';
import type { AllocatorOptions } from './allocator-state.ts';
import { DEFAULT_REFUSE_MS } from './allocator-state.ts';
import type { AllocatorVariant } from './allocator-variants.ts';
import type { BulkOffers } from './bulk-offers.ts';
import { Capability } from './capabilities.ts';
import type {
  AcceptOperation,
  MasterMessage,
  MasterOptions,
  Offer,
  RunningTask,
  TaskId,
  TaskStatus,
} from './master-messages.ts';
import type { Deadline, FrameworkState } from './master-records.ts';
import { capabilitiesOf, MasterTimers, Outbox } from './master-records.ts';
import { OfferDesk } from './offer-desk.ts';
import {
  AGENT_BACK_REASON,
  AGENT_REMOVED_REASON,
  isTerminalState,
  RECONCILIATION_REASON,
  reconciledState,
} from './reconciliation.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, isEmptyBag, selectBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import { TaskBook } from './task-book.ts';

export class MesosMaster {
  readonly allocator: Allocator;
  readonly offers: ReadonlyMap<number, Offer>;
  readonly book: TaskBook;
  readonly agents: AgentRoster;
  private readonly catalog: ResourceCatalog;
  private readonly frameworks = new Map<string, FrameworkState>();
  private readonly completedFrameworks = new Set<string>();
  private readonly timers = new MasterTimers();
  private readonly outbox = new Outbox();
  private readonly desk: OfferDesk;
  private readonly acceptDesk: AcceptDesk;
  private readonly takesBackTasks: boolean;

  constructor(
    catalog: ResourceCatalog,
    allocatorOptions: AllocatorOptions,
    variant: AllocatorVariant,
    options: MasterOptions,
    random: RandomSource,
    startMs: number,
  ) {
    this.catalog = catalog;
    this.allocator = new Allocator(catalog, allocatorOptions, variant, random, startMs);
    this.book = new TaskBook(catalog, this.allocator);
    this.agents = new AgentRoster(options.watch ?? null);
    const { allocator, outbox, timers, frameworks } = this;
    const { disconnected } = this.agents;
    this.desk = new OfferDesk(allocator, outbox, timers, options.offerTimeoutMs, frameworks, disconnected);
    this.acceptDesk = new AcceptDesk(allocator, this.book, this.desk, outbox, frameworks, disconnected);
    this.offers = this.desk.offers;
    this.takesBackTasks = variant.takesBackTasks;
    if (options.bulkOffers === true) this.allocator.grantInBulk();
  }

  /** Messages since the last call. */
  takeMessages(): MasterMessage[] {
    return this.outbox.take();
  }

  /** Runs the pending allocation and sends what it grants. */
  settle(): void {
    if (this.allocator.hasPendingRun()) this.desk.keepBulks();
    this.allocator.settle();
    this.desk.sendGrants();
  }

  /** When something happens next by the clock of master, agents and allocator. */
  nextTimerMs(): number {
    return Math.min(this.timers.nextMs(), this.agents.nextMs(), this.allocator.nextTimerMs());
  }

  /** Moves time; at one instant agents are given up first, then come timers of the master, then those of the allocator. */
  advanceTo(nowMs: number): void {
    for (;;) {
      const awayMs = this.agents.nextMs();
      const ownMs = Math.min(awayMs, this.timers.nextMs());
      const nextMs = Math.min(ownMs, this.allocator.nextTimerMs());
      if (nextMs > nowMs) break;
      if (ownMs <= nextMs) {
        this.allocator.nowMs = Math.max(this.allocator.nowMs, ownMs);
        this.desk.keepBulks();
        if (awayMs <= ownMs) this.giveUpAgents(ownMs);
        else this.expire(this.timers.takeDue(ownMs) ?? fail('a timer that is due is there'));
        this.settle();
      } else {
        if (this.allocator.nextBatchMs <= nextMs || this.allocator.hasPendingRun()) this.desk.keepBulks();
        this.allocator.advanceTo(nextMs);
        this.desk.sendGrants();
      }
    }
    this.allocator.advanceTo(nowMs);
  }

  // Agents

  /**
   * An agent registers, with the tasks it runs.
   *
   * One that was given up tells their schedulers again, partition-aware or not, except where tasks are shut down: those of removed
   * frameworks, and in 0.2x all of them, so that the agent registers as new; the caller brings none then.
   */
  addAgent(info: AgentInfo, used: UsedBags, running: readonly RunningTask[] = []): void {
    this.desk.keepBulks();
    const isBack = this.agents.standing(info.id) === 'unreachable';
    this.agents.register(info.id, this.allocator.nowMs);
    for (const task of running) this.book.add(task);
    this.allocator.addAgent(info, used);
    if (!isBack) return;
    for (const { framework, id: task, latestState } of running)
      this.outbox.tell(framework, {
        task,
        state: latestState,
        reason: AGENT_BACK_REASON,
        source: 'SOURCE_MASTER',
      });
  }

  /** Whether an agent that registers now brings the tasks of this framework with it; those it does not bring are shut down. */
  takesBack(agent: string, framework: string): boolean {
    if (this.completedFrameworks.has(framework)) return false;
    return this.takesBackTasks || this.agents.standing(agent) !== 'unreachable';
  }

  /** When the agent is given up: now if it was or is not waited for, else no earlier than the time returned. */
  givesUpAgentMs(id: string, nowMs: number): number {
    this.giveUpAgents(nowMs);
    return this.agents.isAway(id) ? Math.max(nowMs + 1, this.agents.nextMs()) : nowMs;
  }

  private giveUpAgents(nowMs: number): void {
    for (const agent of this.agents.takeOverdue(nowMs)) this.loseAgent(agent, 'unreachable');
  }

  /** The agent's socket broke: its offers go, its tasks are still believed to run. */
  disconnectAgent(id: string): void {
    this.desk.keepBulks();
    this.agents.disconnect(id, this.allocator.nowMs);
    this.allocator.deactivateAgent(id);
    this.desk.rescindWhere((offer) => offer.agent === id);
  }

  /** The agent is back within its time. */
  reconnectAgent(id: string): void {
    this.agents.reconnect(id);
    this.allocator.activateAgent(id);
  }

  /** Gives an agent up: its tasks are unreachable (gone, if the operator says so), every framework hears of it. */
  loseAgent(id: string, standing: 'unreachable' | 'gone'): void {
    this.desk.keepBulks();
    this.outbox.push({ type: 'agentUnreachable', agent: id });
    this.desk.rescindWhere((offer) => offer.agent === id);
    for (const task of this.book.holding('agent', id)) {
      const state = reconciledState(null, standing, this.isPartitionAware(task.framework)) ?? 'TASK_LOST';
      this.book.end(task, state);
      this.outbox.tell(task.framework, {
        task: task.id,
        state,
        reason: AGENT_REMOVED_REASON,
        source: 'SOURCE_MASTER',
      });
    }
    this.book.endExecutors((executor) => executor.agent === id, 'TASK_LOST');
    if (this.agents.standing(id) === 'registered') this.allocator.removeAgent(id);
    this.agents.giveUp(id, standing);
    for (const framework of this.frameworks.keys()) this.outbox.push({ type: 'agentLost', framework, agent: id });
  }

  /** New total of oversubscribed resources. Offers with revocable parts are recovered first, then the allocator runs. */
  updateOversubscribed(id: string, revocable: ResourceBag): void {
    const agent = this.allocator.ledger.agents.get(id) ?? fail(`agent ${id} is not registered`);
    const regular = selectBag(this.catalog, agent.total, 0, ResourceFlag.revocable);
    this.desk.rescindWhere((offer) => offer.agent === id && this.hasRevocable(offer.bag));
    this.allocator.updateAgent(id, { total: addBags(regular, revocable) });
  }

  // Frameworks

  /** A new framework, or an old one that comes back or is taken over by another scheduler. */
  subscribe(info: FrameworkInfo, failoverTimeoutMs: number): void {
    this.desk.keepBulks();
    if (this.completedFrameworks.has(info.id)) {
      this.outbox.push({ type: 'error', framework: info.id, message: 'Framework has been removed' });
      return;
    }
    const known = this.frameworks.get(info.id);
    if (known === undefined) {
      this.frameworks.set(info.id, { info, failoverTimeoutMs, connected: true, active: true, session: 0 });
      this.allocator.addFramework(info, NOTHING_USED);
      return;
    }
    if (known.connected) this.outbox.push({ type: 'error', framework: info.id, message: 'Framework failed over' });
    this.desk.rescindWhere((offer) => offer.framework === info.id, known.connected);
    known.info = info;
    known.failoverTimeoutMs = failoverTimeoutMs;
    known.connected = true;
    known.active = true;
    known.session++;
    this.allocator.updateFramework(info);
    this.allocator.activateFramework(info.id);
  }

  updateFramework(info: FrameworkInfo): void {
    this.desk.keepBulks();
    this.state(info.id).info = info;
    this.allocator.updateFramework(info);
  }

  suppress(framework: string, roles: readonly string[]): void {
    this.desk.keepBulks();
    this.allocator.suppressOffers(framework, roles);
  }

  revive(framework: string, roles: readonly string[]): void {
    this.desk.keepBulks();
    this.allocator.reviveOffers(framework, roles);
  }

  /** The driver aborted: no offers any more, no timer, tasks stay. */
  deactivate(framework: string): void {
    this.desk.keepBulks();
    this.state(framework).active = false;
    this.allocator.deactivateFramework(framework);
    this.desk.rescindWhere((offer) => offer.framework === framework);
  }

  /** The scheduler's socket broke; its failover timeout starts. One that is not registered, or no more, has no socket. */
  disconnect(framework: string): void {
    const state = this.frameworks.get(framework);
    if (state?.connected !== true) return;
    this.outbox.push({ type: 'error', framework, message: 'Framework disconnected' });
    state.connected = false;
    this.deactivate(framework);
    this.timers.start(this.allocator.nowMs + state.failoverTimeoutMs, { framework, session: state.session });
  }

  /** Removes a framework: tasks are killed, agents told to shut it down. */
  teardown(framework: string): void {
    if (!this.frameworks.has(framework)) return;
    this.desk.keepBulks();
    this.desk.rescindWhere((offer) => offer.framework === framework);
    const agents = new Set<string>();
    for (const task of this.book.holding('framework', framework)) {
      agents.add(task.agent);
      this.book.end(task, 'TASK_KILLED');
      this.outbox.tell(framework, { task: task.id, state: 'TASK_KILLED', reason: null, source: 'SOURCE_MASTER' });
    }
    const ended = this.book.endExecutors((executor) => executor.framework === framework, 'TASK_KILLED');
    for (const { agent } of ended) agents.add(agent);
    for (const agent of agents) this.outbox.push({ type: 'shutdownFramework', agent, framework });
    this.allocator.removeFramework(framework);
    this.frameworks.delete(framework);
    this.completedFrameworks.add(framework);
  }

  // Offers

  /** Takes offers back with a filter; the default refusal is 5 s. Unknown ids are ignored. */
  decline(framework: string, offerIds: readonly number[], refuseMs: number = DEFAULT_REFUSE_MS): void {
    for (const id of offerIds) this.declineOne(framework, id, refuseMs);
  }

  /** Takes one offer back with a filter; an unknown id is ignored. */
  declineOne(framework: string, id: number, refuseMs: number): void {
    this.desk.declineOne(framework, id, refuseMs);
  }

  /** Declines every offer of a bulk that has no answer yet; how many. */
  declineRest(bulk: BulkOffers, refuseMs: number): number {
    return this.desk.declineRest(bulk, refuseMs);
  }

  /** Performs operations on offers of one agent and role; what they leave returns with the filter of the call. */
  accept(
    framework: string,
    offerIds: readonly number[],
    operations: readonly AcceptOperation[],
    refuseMs: number = DEFAULT_REFUSE_MS,
  ): void {
    this.acceptDesk.accept(framework, offerIds, operations, refuseMs);
  }

  // Tasks

  /** Forwards a kill, with a bound on the task's grace period if there is one; an unknown task is answered as by reconciliation. */
  kill(framework: string, task: TaskId, agent: string | null, maxGraceMs?: number): void {
    const known = this.book.get(task);
    const bound = maxGraceMs === undefined ? {} : { maxGraceMs };
    if (known?.holds === true) this.outbox.push({ type: 'killTask', agent: known.agent, task, ...bound });
    else this.reconcile(framework, task, agent);
  }

  /** An update of a task; a terminal latest state frees its resources, acknowledged or not. */
  statusUpdate(status: TaskStatus, latestState: string, forward: boolean): void {
    const task = this.book.get(status.task);
    if (task === undefined) return;
    if (isTerminalState(latestState)) this.book.end(task, latestState);
    else task.latestState = latestState;
    if (forward) this.outbox.tell(task.framework, status);
  }

  /** An executor ended: its own resources come free, and its tasks that never reported an end are over. */
  executorExited(agent: string, executorId: string, taskState: string): void {
    this.book.endExecutors((executor) => executor.agent === agent && executor.info.id === executorId, taskState);
  }

  /** Answers what the master knows of a task; silence while the agent may still come back. */
  reconcile(framework: string, task: TaskId, agent: string | null): void {
    const known = this.book.get(task);
    const standing = this.agents.standing(agent);
    const state = reconciledState(known?.latestState ?? null, standing, this.isPartitionAware(framework));
    if (state !== null)
      this.outbox.tell(framework, { task, state, reason: RECONCILIATION_REASON, source: 'SOURCE_MASTER' });
  }

  /** Ends the answer to bulk offers: those without one stay with the framework as ordinary offers. */
  keepRest(bulk: BulkOffers): void {
    this.desk.keepRest(bulk);
  }

  /** Withdraws offers without a filter; every framework but one that is replaced is told. */
  rescindWhere(chosen: (offer: Offer) => boolean, silently = false): void {
    this.desk.rescindWhere(chosen, silently);
  }

  private hasRevocable(bag: ResourceBag): boolean {
    return !isEmptyBag(selectBag(this.catalog, bag, ResourceFlag.revocable, 0));
  }

  private isPartitionAware(framework: string): boolean {
    return (capabilitiesOf(this.frameworks, framework) & Capability.PARTITION_AWARE) !== 0;
  }

  private state(framework: string): FrameworkState {
    return this.frameworks.get(framework) ?? fail(`framework ${framework} is not registered`);
  }

  private expire(deadline: Deadline): void {
    if ('offer' in deadline) {
      if (this.offers.has(deadline.offer.id)) this.desk.rescindWhere((other) => other === deadline.offer);
      return;
    }
    const state = this.frameworks.get(deadline.framework);
    if (state?.connected === false && state.session === deadline.session) this.teardown(deadline.framework);
  }
}

/** Plays master and oversubscription steps on the shipped master, agents' estimator loops included. */
import { seededRandomSource } from '../base/random-source.ts';
import { NOTHING_USED } from './allocator-records.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { describeBag, readBag } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { expectEqual, number, recordList, text, textList, textOr, unknownStep } from './conformance-steps.ts';
import { isRecord } from '../conformance.ts';
import type { AcceptOperation } from './master-lifecycle.ts';
import { MesosMaster } from './master-lifecycle.ts';
import type { Offer, TaskInfo, TaskStatus } from './master-messages.ts';
import type { ResourceEstimator } from './oversubscription.ts';
import {
  fixedEstimator,
  NOOP_ESTIMATOR,
  OVERSUBSCRIBED_RESOURCES_INTERVAL_MS,
  OversubscriptionLoop,
} from './oversubscription.ts';
import { preemptedStatus } from './qos-controller.ts';
import { capabilityBits } from './capabilities.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagsEqual, EMPTY_BAG, isEmptyBag, selectBag } from './resource-bag.ts';
import { ResourceCatalog, ResourceFlag } from './resource-catalog.ts';
import { scalarQuantities } from './resource-quantities.ts';

const MS_PER_SECOND = 1_000;
const DEFAULT_FAILOVER_SECONDS = 604_800;

interface PlayedAgent {
  readonly id: string;
  readonly loop: OversubscriptionLoop;
  /** Answers given before they are asked for. */
  readonly answers: ResourceBag[];
  readonly updates: ResourceBag[];
  preempted: number;
}

interface PlayedFramework {
  readonly offers: Offer[];
  /** Offers shown to an expectation already. */
  seen: number;
  readonly rescinded: Set<number>;
  rescindsSeen: number;
  readonly errors: string[];
  capabilities: number;
  step: Step;
}

export class MasterPlayer {
  readonly catalog = new ResourceCatalog();
  readonly master: MesosMaster;
  private readonly agents = new Map<string, PlayedAgent>();
  private readonly frameworks = new Map<string, PlayedFramework>();
  private readonly statuses = new Map<string, TaskStatus>();
  private readonly lost = new Map<string, number>();
  private readonly autoRun: boolean;

  /** `autoRun`: tasks report RUNNING by themselves. */
  constructor(options: Step, variant: string, autoRun: boolean, seed: number) {
    this.autoRun = autoRun;
    const offerTimeoutMs = typeof options.offerTimeout === 'number' ? options.offerTimeout * MS_PER_SECOND : null;
    this.master = new MesosMaster(
      this.catalog,
      readAllocatorOptions(this.catalog, options),
      variant.startsWith('0.') ? VARIANT_0_2X : MODERN_VARIANT,
      { offerTimeoutMs },
      seededRandomSource(seed),
      0,
    );
  }

  play(step: Step): string {
    const difference = this.apply(step);
    this.settle();
    return difference;
  }

  private settle(): void {
    this.master.settle();
    this.pollEstimators();
    this.master.settle();
    this.readMessages();
  }

  private pollEstimators(): void {
    for (const agent of this.agents.values()) {
      const total = agent.loop.poll(this.master.allocator.nowMs, this.master.book.revocableOn(agent.id));
      if (total === null) continue;
      agent.updates.push(total);
      this.master.updateOversubscribed(agent.id, total);
    }
  }

  private readMessages(): void {
    const running: string[] = [];
    for (const message of this.master.takeMessages()) {
      if (message.type === 'offers') this.framework(message.framework).offers.push(...message.offers);
      else if (message.type === 'rescind') this.framework(message.framework).rescinded.add(message.offerId);
      else if (message.type === 'error') this.framework(message.framework).errors.push(message.message);
      else if (message.type === 'status') this.noteStatus(message.status);
      else if (message.type === 'runTask') running.push(message.task);
    }
    if (!this.autoRun) return;
    for (const task of running)
      this.master.statusUpdate({ task, state: 'TASK_RUNNING', reason: null, source: 'SOURCE_EXECUTOR' }, 'TASK_RUNNING', true);
    if (running.length > 0) this.readMessages();
  }

  private noteStatus(status: TaskStatus): void {
    this.statuses.set(status.task, status);
    this.lost.set(status.state, (this.lost.get(status.state) ?? 0) + 1);
  }

  private apply(step: Step): string {
    const { master } = this;
    switch (step.op) {
      case 'advance':
        this.advance(number(step, 'seconds') * MS_PER_SECOND);
        return '';
      case 'settle':
        return '';
      case 'startAgent':
        this.startAgent(step);
        return '';
      case 'stopAgent':
      case 'disconnectAgent':
        master.disconnectAgent(text(step, 'agent'));
        return '';
      case 'removeAgent':
      case 'markUnreachable':
        master.markUnreachable(text(step, 'agent'));
        return '';
      case 'registerFramework':
      case 'failoverFramework':
      case 'reregisterFramework':
        this.register(step);
        return '';
      case 'deactivateFramework':
      case 'deactivate':
      case 'abort':
        master.deactivate(text(step, 'fw'));
        return '';
      case 'disconnectFramework':
      case 'disconnect':
        master.disconnect(text(step, 'fw'));
        return '';
      case 'teardown':
      case 'removeFramework':
        master.teardown(text(step, 'fw'));
        return '';
      case 'suppress':
        master.suppress(text(step, 'fw'), textList(step, 'roles'));
        return '';
      case 'revive':
        master.revive(text(step, 'fw'), textList(step, 'roles'));
        return '';
      case 'accept':
        this.accept(step);
        return '';
      case 'decline':
        master.decline(text(step, 'fw'), this.offerIds(step), filterMs(step));
        return '';
      case 'kill':
      case 'killTask':
        master.kill(this.ownerOf(step), text(step, 'task'), typeof step.agent === 'string' ? step.agent : null);
        return '';
      case 'reconcile':
        master.reconcile(this.ownerOf(step), text(step, 'task'), typeof step.agent === 'string' ? step.agent : null);
        return '';
      case 'statusUpdate':
        this.statusUpdate(step);
        return '';
      case 'executorExited':
        master.executorExited(text(step, 'agent'), text(step, 'executor'), 'TASK_FAILED');
        return '';
      case 'estimate':
        this.agent(step).answers.push(readBag(this.catalog, step.revocable));
        return '';
      case 'qosCorrection':
        this.correct(step);
        return '';
      case 'ignoreNewOffers':
        this.readMessages();
        this.framework(text(step, 'fw')).seen = this.framework(text(step, 'fw')).offers.length;
        return '';
      default:
        return this.expect(step);
    }
  }

  private expect(step: Step): string {
    this.readMessages();
    switch (step.op) {
      case 'expectOffers':
        return this.expectOffers(step);
      case 'expectNoOffers':
        return this.expectOffers({ ...step, offers: [] });
      case 'expectDifferentRoles': {
        const roles = this.namedOffers(step).map((offer) => offer.role);
        return new Set(roles).size === roles.length ? '' : `roles are ${JSON.stringify(roles)}`;
      }
      case 'expectOfferNotRescinded':
      case 'expectOfferRescinded': {
        const framework = this.framework(text(step, 'fw'));
        const rescinded = framework.rescinded.has(framework.offers[number(step, 'index')]?.id ?? -1);
        return expectEqual('rescinded', step.op === 'expectOfferRescinded', rescinded);
      }
      case 'expectRescinded': {
        const framework = this.framework(text(step, 'fw'));
        const sinceLast = framework.rescinded.size - framework.rescindsSeen;
        framework.rescindsSeen = framework.rescinded.size;
        return step.count === framework.rescinded.size ? '' : expectEqual('rescinded', step.count, sinceLast);
      }
      case 'expectErrorToOldScheduler':
      case 'expectError': {
        const { errors } = this.framework(text(step, 'fw'));
        return errors.includes(text(step, 'message')) ? '' : `errors are ${JSON.stringify(errors)}`;
      }
      case 'expectTaskState':
        return this.expectTaskState(step);
      case 'expectNoTaskState':
      case 'expectNoStatus':
        return this.statuses.has(text(step, 'task')) ? 'a status was sent' : '';
      case 'expectNothingAllocated': {
        const holder = [...this.master.allocator.ledger.agents.values()].find((agent) => !isEmptyBag(agent.used));
        return holder === undefined ? '' : `${holder.id} holds ${describeBag(this.catalog, holder.used)}`;
      }
      case 'expectAllocated': {
        const used = this.master.allocator.ledger.agents.get(text(step, 'agent'))?.used ?? EMPTY_BAG;
        return bagsEqual(readBag(this.catalog, step.res), used) ? '' : `allocated is ${describeBag(this.catalog, used)}`;
      }
      case 'expectOversubscriptionUpdates':
        return this.expectUpdates(step);
      case 'expectAgentRevocableTotal':
        return this.expectRevocableTotal(step);
      case 'expectOfferedRevocable':
        return this.expectOfferedRevocable(step);
      case 'expectMetrics': {
        const agent = this.agents.get(textOr(step, 'agent', ''));
        const metrics: Record<string, number> = {
          executors_preempted: agent?.preempted ?? 0,
          tasks_lost: this.lost.get('TASK_LOST') ?? 0,
          tasks_gone: this.lost.get('TASK_GONE') ?? 0,
          tasks_dropped: this.lost.get('TASK_DROPPED') ?? 0,
          tasks_error: this.lost.get('TASK_ERROR') ?? 0,
          tasks_killed: this.lost.get('TASK_KILLED') ?? 0,
        };
        for (const [name, value] of Object.entries(step)) {
          if (name === 'op' || name === 'agent') continue;
          const difference = expectEqual(name, value, metrics[name]);
          if (difference !== '') return difference;
        }
        return '';
      }
      default:
        return unknownStep(step);
    }
  }

  /** Stops at every poll of an estimator on the way. */
  private advance(byMs: number): void {
    const { master } = this;
    const endMs = master.allocator.nowMs + byMs;
    for (;;) {
      let nextMs = endMs;
      for (const { loop } of this.agents.values()) {
        const pollMs = loop.nextPollAtMs();
        if (pollMs > master.allocator.nowMs && pollMs < nextMs) nextMs = pollMs;
      }
      master.advanceTo(nextMs);
      this.settle();
      if (nextMs >= endMs) return;
    }
  }

  private startAgent(step: Step): void {
    const { catalog } = this;
    const id = text(step, 'agent');
    const spec = isRecord(step.estimator) ? step.estimator : { type: 'noop' };
    const answers: ResourceBag[] = [];
    const scripted: ResourceEstimator = { estimate: () => answers.shift() ?? null };
    const estimator =
      spec.type === 'fixed' ? fixedEstimator(readBag(catalog, spec.revocable)) : spec.type === 'scripted' ? scripted : NOOP_ESTIMATOR;
    const intervalMs =
      typeof step.interval === 'number' ? step.interval * MS_PER_SECOND : OVERSUBSCRIBED_RESOURCES_INTERVAL_MS;
    const loop = new OversubscriptionLoop(estimator, intervalMs, this.master.allocator.nowMs);
    this.agents.set(id, { id, loop, answers, updates: [], preempted: 0 });
    this.master.addAgent(
      {
        id,
        hostname: textOr(step, 'hostname', id),
        region: typeof step.region === 'string' ? step.region : null,
        attributes: '',
        capabilities: null,
        checkpoint: step.checkpoint !== false,
        total: readBag(catalog, step.total),
        unavailableFromMs: null,
      },
      NOTHING_USED,
    );
  }

  private register(step: Step): void {
    const id = text(step, 'fw');
    const before = this.frameworks.get(id);
    const merged = { ...before?.step, ...step };
    const played = before ?? {
      offers: [], seen: 0, rescinded: new Set<number>(), rescindsSeen: 0, errors: [], capabilities: 0, step: merged,
    };
    played.step = merged;
    played.capabilities = capabilityBits(textList(merged, 'capabilities'));
    this.frameworks.set(id, played);
    const failover = merged.failoverTimeout;
    this.master.subscribe(
      {
        id,
        roles: Array.isArray(merged.roles) ? textList(merged, 'roles') : ['*'],
        suppressedRoles: textList(merged, 'suppressedRoles'),
        capabilities: textList(merged, 'capabilities'),
        minAllocatable: new Map(),
        checkpoint: merged.checkpoint === true,
        active: true,
      },
      (typeof failover === 'number' ? failover : DEFAULT_FAILOVER_SECONDS) * MS_PER_SECOND,
    );
  }

  private accept(step: Step): void {
    const launches = recordList(step.launch);
    const tasks = launches.map((launch): TaskInfo => {
      const executor = isRecord(launch.executor) ? launch.executor : null;
      return {
        id: text(launch, 'task'),
        bag: readBag(this.catalog, launch.res),
        executor: executor === null ? null : { id: text(executor, 'id'), bag: readBag(this.catalog, executor.res) },
      };
    });
    const operations: AcceptOperation[] = [];
    const conversions = recordList(step.conversions).map(({ consumed, converted }) => ({
      consumed: readBag(this.catalog, consumed),
      converted: readBag(this.catalog, converted),
    }));
    if (conversions.length > 0) operations.push({ type: 'convert', conversions });
    if (tasks.length > 0) operations.push({ type: 'launch', tasks });
    const agent = launches.length > 0 && typeof launches[0].agent === 'string' ? launches[0].agent : null;
    const ids =
      step.allOutstanding === true
        ? [...this.master.offers.values()]
            .filter((offer) => offer.framework === step.fw && (agent === null || offer.agent === agent))
            .map((offer) => offer.id)
        : this.offerIds(step);
    this.master.accept(text(step, 'fw'), ids, operations, filterMs(step));
  }

  private statusUpdate(step: Step): void {
    const source = step.source ?? step.origin;
    const status: TaskStatus = {
      task: text(step, 'task'),
      state: text(step, 'state'),
      reason: typeof step.reason === 'string' ? step.reason : null,
      source: source === 'SOURCE_SLAVE' || source === 'SOURCE_MASTER' ? source : 'SOURCE_EXECUTOR',
    };
    this.master.statusUpdate(status, textOr(step, 'latestState', status.state), step.forwarded !== false);
  }

  private correct(step: Step): void {
    for (const kill of recordList(step.kill)) {
      const task = this.master.book.tasks.get(text(kill, 'task'));
      if (task === undefined || !task.holds) continue;
      const preempted = preemptedStatus(this.framework(task.framework).capabilities);
      this.agent(step).preempted++;
      this.master.statusUpdate({ task: task.info.id, ...preempted }, preempted.state, true);
      const executor = task.info.executor;
      if (executor !== null) this.master.executorExited(task.agent, executor.id, preempted.state);
    }
  }

  private expectOffers(step: Step): string {
    const framework = this.framework(text(step, 'fw'));
    const got = framework.offers.slice(framework.seen);
    framework.seen = framework.offers.length;
    const left = [...got];
    for (const expected of recordList(step.offers)) {
      const bag = readBag(this.catalog, expected.res);
      const at = left.findIndex(
        (offer) =>
          offer.agent === expected.agent &&
          bagsEqual(offer.bag, bag) &&
          (expected.role === undefined || expected.role === offer.role),
      );
      if (at < 0) return `expected ${describeBag(this.catalog, bag)} of ${String(expected.agent)}, got ${this.describe(got)}`;
      left.splice(at, 1);
    }
    return left.length === 0 ? '' : `unexpected ${this.describe(left)}`;
  }

  private describe(offers: readonly Offer[]): string {
    return JSON.stringify(offers.map((offer) => `${offer.agent} ${offer.role} ${describeBag(this.catalog, offer.bag)}`));
  }

  private expectTaskState(step: Step): string {
    const status = this.statuses.get(text(step, 'task'));
    if (step.state === null) return status === undefined ? '' : `got ${status.state}`;
    const source = step.origin ?? step.source;
    return (
      expectEqual('state', step.state, status?.state) ||
      (step.reason === undefined ? '' : expectEqual('reason', step.reason, status?.reason)) ||
      (source === undefined ? '' : expectEqual('source', source, status?.source))
    );
  }

  private expectUpdates(step: Step): string {
    const { updates } = this.agent(step);
    const last = updates.at(-1) ?? EMPTY_BAG;
    if (step.last !== undefined && !bagsEqual(readBag(this.catalog, step.last), last))
      return `last update is ${describeBag(this.catalog, last)}`;
    return expectEqual('updates', step.count, updates.length);
  }

  private expectRevocableTotal(step: Step): string {
    const total = this.master.allocator.ledger.agents.get(text(step, 'agent'))?.total ?? EMPTY_BAG;
    return expectEqual('revocable cpus', step.cpus, this.revocableCpus(total));
  }

  private expectOfferedRevocable(step: Step): string {
    const framework = this.framework(text(step, 'fw'));
    const got = framework.offers.slice(framework.seen);
    framework.seen = framework.offers.length;
    let cpus = 0;
    let regular = false;
    for (const { bag } of got) {
      cpus += this.revocableCpus(bag);
      if (!isEmptyBag(selectBag(this.catalog, bag, 0, ResourceFlag.revocable))) regular = true;
    }
    return (
      expectEqual('revocable cpus', step.cpus, cpus) ||
      (step.nonRevocableOffered === undefined ? '' : expectEqual('regular offered', step.nonRevocableOffered, regular))
    );
  }

  private revocableCpus(bag: ResourceBag): number {
    const revocable = selectBag(this.catalog, bag, ResourceFlag.revocable, 0);
    return scalarQuantities(this.catalog, revocable)[this.catalog.nameIndex('cpus')] / 1_000;
  }

  private namedOffers(step: Step): Offer[] {
    const { offers } = this.framework(text(step, 'fw'));
    const named = Array.isArray(step.offers) ? step.offers.map((index) => offers[Number(index)]) : [];
    return named.filter((offer) => offer !== undefined);
  }

  private offerIds(step: Step): number[] {
    if (step.allOutstanding === true)
      return [...this.master.offers.values()].filter((offer) => offer.framework === step.fw).map((offer) => offer.id);
    return this.namedOffers(step).map((offer) => offer.id);
  }

  private ownerOf(step: Step): string {
    return typeof step.fw === 'string' ? step.fw : (this.master.book.tasks.get(text(step, 'task'))?.framework ?? '');
  }

  private agent(step: Step): PlayedAgent {
    const agent = this.agents.get(text(step, 'agent'));
    if (agent === undefined) throw new Error(`agent ${text(step, 'agent')} was not started`);
    return agent;
  }

  private framework(id: string): PlayedFramework {
    const framework = this.frameworks.get(id);
    if (framework === undefined) throw new Error(`framework ${id} was not registered`);
    return framework;
  }
}

function filterMs(step: Step): number | undefined {
  return typeof step.filterSeconds === 'number' ? step.filterSeconds * MS_PER_SECOND : undefined;
}

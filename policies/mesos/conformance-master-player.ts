/** Plays master and oversubscription steps on the shipped master. */
import { isRecord } from '../conformance.ts';
import { NOTHING_USED } from './allocator-records.ts';
import { capabilityBits } from './capabilities.ts';
import { expectOfMaster } from './conformance-master-expect.ts';
import { MasterWorld, MS_PER_SECOND } from './conformance-master-world.ts';
import { readBag } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { number, recordList, text, textList, textOr } from './conformance-steps.ts';
import type { AcceptOperation, RunningTask, TaskInfo, TaskStatus } from './master-messages.ts';
import { drainAgent } from './master-operator.ts';
import type { ResourceEstimator } from './oversubscription.ts';
import {
  fixedEstimator,
  NOOP_ESTIMATOR,
  OVERSUBSCRIBED_RESOURCES_INTERVAL_MS,
  OversubscriptionLoop,
} from './oversubscription.ts';
import { preemptedStatus } from './qos-controller.ts';
import type { ResourceBag } from './resource-bag.ts';

const DEFAULT_FAILOVER_SECONDS = 0;

export class MasterPlayer extends MasterWorld {
  play(step: Step): string {
    const difference = this.apply(step);
    this.settle();
    return difference;
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
        master.loseAgent(text(step, 'agent'), 'unreachable');
        return '';
      case 'drainAgent':
        drainAgent(master, text(step, 'agent'));
        return '';
      case 'markGone':
        master.loseAgent(text(step, 'agent'), 'gone');
        return '';
      case 'expectAgents':
        master.agents.expect(textList(step, 'agents'), master.allocator.nowMs);
        return '';
      case 'registerFramework':
      case 'failoverFramework':
      case 'reregisterFramework':
      case 'reconnectFramework':
      case 'subscribe':
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
        this.readMessages();
        return expectOfMaster(this, step);
    }
  }

  private startAgent(step: Step): void {
    const { catalog } = this;
    const id = text(step, 'agent');
    const spec = isRecord(step.estimator) ? step.estimator : { type: 'noop' };
    const answers: ResourceBag[] = [];
    const scripted: ResourceEstimator = { estimate: () => answers.shift() ?? null };
    const estimator =
      spec.type === 'fixed'
        ? fixedEstimator(readBag(catalog, spec.revocable))
        : spec.type === 'scripted'
          ? scripted
          : NOOP_ESTIMATOR;
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
      offers: [],
      seen: 0,
      rescinded: new Set<number>(),
      rescindsSeen: 0,
      errors: [],
      capabilities: 0,
      step: merged,
    };
    played.step = merged;
    played.capabilities = capabilityBits(textList(merged, 'capabilities'));
    this.frameworks.set(id, played);
    const failover = merged.failoverTimeout ?? merged.failoverSeconds;
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
      const named = (task: RunningTask): boolean =>
        kill.task === undefined ? task.executor?.id === kill.executor : task.id === kill.task;
      const task = this.master.book.holding('agent', text(step, 'agent')).find(named);
      if (task === undefined) continue;
      const preempted = preemptedStatus(this.framework(task.framework).capabilities);
      this.agent(step).preempted++;
      this.master.statusUpdate({ task: task.id, ...preempted }, preempted.state, true);
      const executor = task.executor;
      if (executor !== null) this.master.executorExited(task.agent, executor.id, preempted.state);
    }
  }
}

function filterMs(step: Step): number | undefined {
  return typeof step.filterSeconds === 'number' ? step.filterSeconds * MS_PER_SECOND : undefined;
}

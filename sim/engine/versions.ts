/**
 * Versions of one service that share its load: A/B tests and gray releases (`policies/marathon/qae.ts`), under every orchestrator.
 *
 *   A/B      load of a version = load of the service x its weight
 *   release  load of a version = load of the service x its ready replicas / those of both, as a balancer over replicas deals it
 *
 * A release looks once a window: it compares late requests of both versions since its stage began, moves on or goes back, and exchanges
 * replicas within the bounds of its rollout (`policies/rollout.ts`).
 * Approximations: replicas are exchanged once a window, not at every event. A version that costs more CPU a request is later by its higher
 * load; the longer time of a single request is left out, which errs to its favour.
 */
import { fail } from '../../policies/base/assert.ts';
import { advanceGray, type GrayProgress, grayInstances } from '../../policies/marathon/qae.ts';
import { DEFAULT_UPGRADE } from '../../policies/marathon/upgrade.ts';
import { exchange, kubernetesBounds, marathonBounds, type RolloutBounds } from '../../policies/rollout.ts';
import type { MesosPlan } from '../plan/mesos.ts';
import type { ReleasePlan, RolloutPlan, ServicePlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';
import { healthyReplicas } from './health-checks.ts';
import type { LatencyModel } from './latency-model.ts';
import type { OnlineState } from './online.ts';

/** A release of the run. */
export interface ReleaseState {
  /** Rows of the two versions among the services. */
  readonly old: number;
  readonly next: number;
  readonly replicas: number;
  readonly plan: ReleasePlan;
  readonly progress: ReleaseProgress;
}

/** What of it changes. */
export interface ReleaseProgress extends GrayProgress {
  begun: boolean;
  /** Requests and late ones of the old and the next version when the stage began. */
  before: readonly number[];
  /** When each stage began; the last entry is the end. */
  readonly stagesAtMs: number[];
  /** Late requests, percent, that made it go back: next version, old version; empty = it did not. */
  lateWhenBack: readonly number[];
}

/** Kubernetes' default for a Deployment. */
const KUBERNETES_ROLLOUT: RolloutPlan = { minimumHealthCapacity: 0.75, maximumOverCapacity: 0.25 };

/** Rows that a service needs beyond its replicas: to scale out, to exchange replicas, or to take over. */
export function mostReplicas(service: ServicePlan): number {
  const { replicas, autoscale, rollout, traffic } = service;
  const over = rollout === undefined ? 0 : Math.ceil(replicas * rollout.maximumOverCapacity) + 1;
  const next = replicas === 0 ? (traffic?.designReplicas ?? 0) : 0;
  return Math.max(replicas + over, autoscale?.maxReplicas ?? 0, next);
}

/** Rows that a service needs for each replica: two where its Marathon replaces what it cannot reach while that may run on. */
export function rowsPerReplica({ controlPlane }: Plan): number {
  if (controlPlane.kind !== 'mesos') return 1;
  return controlPlane.frameworks.some(({ kind, partitionAware }) => kind === 'marathon' && partitionAware === true)
    ? 2
    : 1;
}

/** Gives versions their share of the load and the noise of their service. */
export function shareTraffic(online: OnlineState, plan: Plan): void {
  const { names } = online.services;
  for (const { name, traffic } of plan.online.explicit) {
    if (traffic === undefined) continue;
    const s = names.indexOf(name);
    const of = names.indexOf(traffic.of);
    online.load[s] = (traffic.designReplicas * traffic.percent) / 100;
    online.noiseOf[s] = of;
    online.commonAr[s] = online.commonAr[of];
  }
}

/** A request of a version that costs more is counted once, not by the CPU it takes. */
export function costRequests(latency: LatencyModel, { services }: OnlineState, plan: Plan): void {
  for (const { name, traffic } of plan.online.explicit)
    if (traffic !== undefined) latency.workMs[services.names.indexOf(name)] *= traffic.cpuCost;
}

/** The releases of a plan, none of which has begun. */
export function createReleases(plan: Plan, names: readonly string[]): ReleaseState[] {
  return plan.online.explicit.flatMap(({ name, replicas, release }) =>
    release === undefined
      ? []
      : [
          {
            old: names.indexOf(name),
            next: names.indexOf(release.to),
            replicas,
            plan: release,
            progress: {
              stage: 0,
              stageSinceMs: release.atMs,
              begun: false,
              before: [0, 0, 0, 0],
              stagesAtMs: [],
              lateWhenBack: [],
            },
          },
        ],
  );
}

/** Before a window: the balancer deals the load of a service under release over the replicas that answer. */
export function dealLoad(engine: Engine): void {
  const { online } = engine;
  for (const { old, next, replicas, progress } of engine.releases) {
    if (!progress.begun) continue;
    const ready = online.ready[old] + online.ready[next];
    const share = ready === 0 ? 0 : online.ready[next] / ready;
    online.load[next] = replicas * share;
    online.load[old] = replicas - online.load[next];
  }
}

/** The upgrade strategy of the first Marathon. */
function marathonUpgrade({ frameworks }: MesosPlan): RolloutPlan {
  const marathon = frameworks.find(({ kind }) => kind === 'marathon');
  return { ...DEFAULT_UPGRADE, ...(marathon?.settings['upgrade'] as Partial<RolloutPlan> | undefined) };
}

/** How replicas of a service are exchanged under the orchestrator of a run. */
export function boundsOf(
  plan: Plan,
  rollout: RolloutPlan | undefined,
  replicas: number,
  healthy: number,
): RolloutBounds {
  if (plan.controlPlane.kind === 'mesos')
    return marathonBounds(replicas, healthy, rollout ?? marathonUpgrade(plan.controlPlane));
  return kubernetesBounds(replicas, rollout ?? KUBERNETES_ROLLOUT);
}

/** One look at a release; `resize` sets the replicas of a service. False when it is over. */
export function lookAtRelease(
  engine: Engine,
  release: ReleaseState,
  nowMs: number,
  resize: (service: number, replicas: number) => void,
): boolean {
  const { online, plan } = engine;
  const { old, next, replicas, progress } = release;
  if (!progress.begun) {
    progress.begun = true;
    beginStage(engine, release, nowMs);
  } else moveOn(engine, release, nowMs);
  const target = grayInstances(release.plan, progress, replicas);
  const forth = online.wanted[next] < target || online.wanted[old] > replicas - target;
  const [grows, shrinks, most] = forth ? [next, old, target] : [old, next, replicas - target];
  const rollout = plan.online.explicit.find(({ name }) => name === online.services.names[old])?.rollout;
  const healthy = healthyReplicas(engine, old, nowMs) + healthyReplicas(engine, next, nowMs);
  const present = online.wanted[old] + online.wanted[next];
  const { launch, stop } = exchange(
    boundsOf(plan, rollout, replicas, healthy),
    present,
    healthy,
    Math.max(0, most - online.wanted[grows]),
    Math.max(0, online.wanted[shrinks] - (replicas - most)),
  );
  if (launch > 0) resize(grows, online.wanted[grows] + launch);
  if (stop > 0) resize(shrinks, online.wanted[shrinks] - stop);
  const settled = online.wanted[next] === target && online.wanted[old] === replicas - target;
  return !settled || (progress.stage >= 0 && progress.stage < release.plan.stagePercents.length);
}

function beginStage(engine: Engine, release: ReleaseState, nowMs: number): void {
  release.progress.stagesAtMs.push(nowMs);
  release.progress.before = counts(engine, release);
}

/** Requests and late ones of both versions since the start. */
function counts({ recorder }: Engine, { old, next }: ReleaseState): readonly [number, number, number, number] {
  const sum = (column: Float64Array, s: number) => {
    let total = 0;
    for (let cell = s * recorder.hours; cell < (s + 1) * recorder.hours; cell++) total += column[cell];
    return total;
  };
  const { serviceRequests: all, serviceViolating: late } = recorder;
  return [sum(all, old), sum(late, old), sum(all, next), sum(late, next)];
}

function moveOn(engine: Engine, release: ReleaseState, nowMs: number): void {
  const { progress } = release;
  const before = progress.stage;
  const now = counts(engine, release);
  const [oldAll, oldLate, nextAll, nextLate] = now.map((count, i) => count - progress.before[i]);
  const oldPercent = oldAll > 0 ? (100 * oldLate) / oldAll : 0;
  const nextPercent = nextAll > 0 ? (100 * nextLate) / nextAll : 0;
  advanceGray(release.plan, progress, nextPercent, oldPercent, nowMs);
  if (progress.stage === before) return;
  if (progress.stage < 0) progress.lateWhenBack = [nextPercent, oldPercent];
  beginStage(engine, release, nowMs);
}

/** What a report says of each release. */
export function releaseNotes(engine: Engine): readonly string[] {
  return engine.releases.map(({ old, plan, progress }) => {
    const { stagesAtMs, lateWhenBack } = progress;
    const name = engine.online.services.names[old] ?? fail('a release is of a service');
    const minutes = (timeMs: number) => `${(timeMs / 60_000).toFixed(0)} min`;
    const stages = plan.stagePercents
      .slice(0, stagesAtMs.length)
      .map((share, i) => `${share} % at ${minutes(stagesAtMs[i])}`);
    if (stagesAtMs.length === 0) return `The release of ${name} has not begun.`;
    if (lateWhenBack.length > 0) {
      const [nextLate, oldLate] = lateWhenBack.map((percent) => percent.toFixed(2));
      const kept = stages.slice(0, stagesAtMs.length - 1).join(', ');
      return `The release of ${name} went ${kept}, and back at ${minutes(stagesAtMs[stagesAtMs.length - 1])}: ${nextLate} % of the requests of its next version were late, ${oldLate} % of those of the old one.`;
    }
    const done = progress.stage >= plan.stagePercents.length ? `; it is done` : '';
    return `The release of ${name} went ${stages.join(', ')}${done}.`;
  });
}

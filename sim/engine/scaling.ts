/**
 * Services that change their replicas: rolling restarts and the horizontal autoscaler (autoscaling/v2 rules). When services that change their
 * size take a turn (vertical-scaling.ts) is said here too.
 *
 *   desired = what policies/horizontal makes of the metrics of the window, within [min, max]; up: at most so many more each 15 s; down: the largest
 *   desire of the stabilisation window. Where a window is longer than 15 s one turn stands for those it holds.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { mostAfter, type ServiceMetrics, wantedReplicas } from '../../policies/horizontal/replicas.ts';
import { autoScaleTarget } from '../../policies/marathon/qae.ts';
import { exchange } from '../../policies/rollout.ts';
import { CHANGE, submit } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { PHASE } from '../kernel/phase.ts';
import type { RolloutPlan, ServicePlan } from '../plan/workload.ts';
import type { Engine } from './engine.ts';
import { healthyReplicas } from './health-checks.ts';
import { EVENT, evictPod, removePod } from './lifecycle.ts';
import { boundsOf, lookAtRelease } from './versions.ts';
import { scaleVertically, verticalPeriodMs } from './vertical-scaling.ts';

/** What an autoscaler wanted at a time. */
export interface Desire {
  readonly atMs: number;
  readonly replicas: number;
}

/** Kubernetes: --horizontal-pod-autoscaler-sync-period; not finer than a window, which is when usage changes. */
const AUTOSCALE_PERIOD_MS = 15 * MS_PER_SECOND;
/** Deployment default: maxUnavailable 25 %, rounded down, at least one. */
const RESTART_SHARE = 0.25;

const RESTART_BIT = 1 << 20;
const VERTICAL_BIT = 1 << 21;
const RELEASE_BIT = 1 << 22;

/** Schedules restarts and the autoscaler's loop for services written out by hand. */
export function scheduleScaling(engine: Engine): void {
  const { plan, calendar } = engine;
  plan.online.explicit.forEach((service) => {
    const s = engine.online.services.names.indexOf(service.name);
    for (const atMs of service.rollingRestartAtMs)
      if (atMs < plan.horizonMs) calendar.push(atMs, PHASE.sense, s, EVENT.scale, RESTART_BIT | s);
    if (service.autoscale !== null) calendar.push(autoscalePeriodMs(engine), PHASE.sense, s, EVENT.scale, s);
    if (service.vertical !== undefined)
      calendar.push(verticalPeriodMs(plan), PHASE.sense, s, EVENT.scale, VERTICAL_BIT | s);
  });
  engine.releases.forEach(({ plan: { atMs } }, release) => {
    if (atMs < plan.horizonMs) calendar.push(atMs, PHASE.sense, release, EVENT.scale, RELEASE_BIT | release);
  });
}

function autoscalePeriodMs(engine: Engine): number {
  return Math.max(AUTOSCALE_PERIOD_MS, engine.plan.windowMs);
}

/** A restart batch or a turn of an autoscaler. */
export function handleScale(engine: Engine, payload: number, nowMs: number): void {
  const s = payload & (RESTART_BIT - 1);
  if ((payload & RELEASE_BIT) !== 0) release(engine, s, nowMs);
  else if ((payload & RESTART_BIT) !== 0) restart(engine, s, nowMs);
  else if ((payload & VERTICAL_BIT) !== 0) {
    scaleVertically(engine, s, nowMs);
    engine.calendar.push(nowMs + verticalPeriodMs(engine.plan), PHASE.sense, s, EVENT.scale, payload);
  } else autoscale(engine, s, nowMs);
}

/** A look at a release, and the next one a window later while it lasts. */
function release(engine: Engine, index: number, nowMs: number): void {
  const resize = (s: number, replicas: number) => scaleTo(engine, s, replicas, nowMs);
  if (!lookAtRelease(engine, engine.releases[index], nowMs, resize)) return;
  engine.calendar.push(nowMs + engine.plan.windowMs, PHASE.sense, index, EVENT.scale, RELEASE_BIT | index);
}

/** The next step of a rolling restart: within the bounds of the service's rollout, or as a Deployment does by default. */
function restart(engine: Engine, s: number, nowMs: number): void {
  const service = engine.plan.online.explicit.find(({ name }) => name === engine.online.services.names[s]);
  if (service?.rollout === undefined) restartBatch(engine, s, nowMs);
  else exchangeBatch(engine, s, service.rollout, nowMs);
}

/** Launches what may exist on top and takes down old replicas while enough are ready; goes on until none is old. */
function exchangeBatch(engine: Engine, s: number, rollout: RolloutPlan, nowMs: number): void {
  const { online, cluster, calendar, plan, restartOf } = engine;
  const { tasks } = cluster;
  if (engine.restartSinceMs[s] === Number.POSITIVE_INFINITY) {
    engine.restartSinceMs[s] = nowMs;
    restartOf[s] = online.wanted[s];
  }
  const replicas = restartOf[s];
  const old: number[] = [];
  let present = 0;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
    if (tasks.state[row] === TASK_STATE.free) continue;
    present++;
    if (tasks.readyAtMs[row] < engine.restartSinceMs[s]) old.push(row);
  }
  const isNew = present - old.length;
  const healthy = healthyReplicas(engine, s, nowMs);
  const bounds = boundsOf(plan, rollout, replicas, healthy);
  const { launch, stop } = exchange(bounds, present, healthy, replicas - isNew, old.length);
  for (const row of old.slice(0, stop)) {
    online.wanted[s]--;
    removePod(engine, row, nowMs);
  }
  if (launch > 0) scaleTo(engine, s, online.wanted[s] + launch, nowMs);
  if (stop > 0) engine.plane.onCapacity(nowMs);
  if (old.length > stop || isNew + launch < replicas)
    calendar.push(nowMs + plan.windowMs, PHASE.sense, s, EVENT.scale, RESTART_BIT | s);
  else engine.restartSinceMs[s] = Number.POSITIVE_INFINITY;
}

/** Takes down the next quarter of the replicas that started before the restart; goes on when they are ready again. */
function restartBatch(engine: Engine, s: number, nowMs: number): void {
  const { online, cluster, calendar, plan } = engine;
  const { tasks } = cluster;
  const wanted = online.wanted[s];
  const batch = Math.max(1, Math.floor(wanted * RESTART_SHARE));
  if (engine.restartSinceMs[s] === Number.POSITIVE_INFINITY) engine.restartSinceMs[s] = nowMs;
  let room = batch - (wanted - online.ready[s]);
  let left = 0;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
    if (tasks.state[row] !== TASK_STATE.running || tasks.startedAtMs[row] >= engine.restartSinceMs[s]) continue;
    if (room > 0) {
      evictPod(engine, row, nowMs, CHANGE.evict, 0);
      room--;
    } else left++;
  }
  if (left > 0) calendar.push(nowMs + plan.windowMs, PHASE.sense, s, EVENT.scale, RESTART_BIT | s);
  else engine.restartSinceMs[s] = Number.POSITIVE_INFINITY;
}

function autoscale(engine: Engine, s: number, nowMs: number): void {
  const { online, calendar, plan } = engine;
  const rules = autoscaleOf(plan.online.explicit, online.services.names[s]);
  calendar.push(nowMs + autoscalePeriodMs(engine), PHASE.sense, s, EVENT.scale, s);
  const ready = online.ready[s];
  if (rules === null || ready === 0) return;
  let used = 0;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) used += online.usedMilliCpu[row];
  if (rules.qae !== undefined) {
    const { qae, minReplicas, maxReplicas, targetCpuPercent, tolerance } = rules;
    const usedPercent = (100 * used) / ready / online.services.requestMilliCpu[s];
    const scale = { minInstances: minReplicas, maxInstances: maxReplicas, targetPercent: targetCpuPercent, ...qae };
    const last = engine.scaledAtMs[s] < 0 ? null : engine.scaledAtMs[s];
    const all = { ...scale, tolerancePercent: tolerance * targetCpuPercent };
    const target = autoScaleTarget(all, online.wanted[s], usedPercent, last, nowMs);
    if (target === online.wanted[s]) return;
    engine.scaledAtMs[s] = nowMs;
    scaleTo(engine, s, target, nowMs);
    return;
  }
  const current = online.wanted[s];
  const { tolerance, targetCpuPercent: targetPercent } = rules;
  const asked = wantedReplicas(current, metricsOf(engine, s), { targetPercent, tolerance });
  const desired = Math.min(rules.maxReplicas, Math.max(rules.minReplicas, asked));
  const stable = largestDesire(engine.desires[s], desired, nowMs, rules.scaleDownStabilisationMs);
  if (desired > current) scaleTo(engine, s, Math.min(desired, mostAfter(current, autoscalePeriodMs(engine))), nowMs);
  else if (stable < current) scaleTo(engine, s, stable, nowMs);
}

/** The pods of a service as a metrics server shows them: one that runs has metrics from the first window on that it begins; a dead host's have none. */
function metricsOf(engine: Engine, s: number): ServiceMetrics {
  const { online, cluster, plan } = engine;
  const { state, startedAtMs } = cluster.tasks;
  const sampledAtMs = engine.nextTickMs - plan.windowMs;
  let [readyPods, unreadyPods, missingPods, usedMilliCpu] = [0, 0, 0, 0];
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
    if (state[row] === TASK_STATE.free) continue;
    if (online.silent[row] === 1) missingPods++;
    else if (state[row] !== TASK_STATE.running || startedAtMs[row] > sampledAtMs) unreadyPods++;
    else {
      readyPods++;
      usedMilliCpu += online.usedMilliCpu[row];
    }
  }
  return { requestMilliCpu: online.services.requestMilliCpu[s], readyPods, usedMilliCpu, unreadyPods, missingPods };
}

/** Adds a desire and returns the largest of the window (nowMs - windowMs, nowMs]; older ones are dropped. */
export function largestDesire(desires: Desire[], replicas: number, nowMs: number, windowMs: number): number {
  desires.push({ atMs: nowMs, replicas });
  let old = 0;
  while (desires[old].atMs < nowMs && desires[old].atMs <= nowMs - windowMs) old++;
  desires.splice(0, old);
  return desires.reduce((most, desire) => Math.max(most, desire.replicas), 0);
}

function autoscaleOf(explicit: readonly ServicePlan[], name: string): ServicePlan['autoscale'] {
  return explicit.find((service) => service.name === name)?.autoscale ?? null;
}

/** Adds replicas from the lowest free rows, or takes away those that the plane chooses. */
function scaleTo(engine: Engine, s: number, replicas: number, nowMs: number): void {
  const { online, cluster, plane } = engine;
  const { tasks } = cluster;
  let change = replicas - online.wanted[s];
  let freed = false;
  // Demand of the service is request x base x replicas at design; more replicas share the same load.
  online.wanted[s] = replicas;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1] && change > 0; row++) {
    if (tasks.state[row] !== TASK_STATE.free) continue;
    submit(cluster, row, nowMs, false);
    engine.renewRequest?.(row, nowMs);
    plane.onPending(row, nowMs);
    change--;
  }
  while (change < 0) {
    const row = replicaToStop(engine, s, nowMs);
    if (row < 0) break;
    removePod(engine, row, nowMs);
    freed = true;
    change++;
  }
  if (freed) plane.onCapacity(nowMs);
}

/** The plane's choice, or the highest row in use; -1 when the service has none left. */
function replicaToStop({ plane, online, cluster }: Engine, s: number, nowMs: number): number {
  const chosen = plane.replicaToStop?.(s, nowMs) ?? -1;
  if (chosen >= 0) return chosen;
  for (let row = online.firstPod[s + 1] - 1; row >= online.firstPod[s]; row--)
    if (cluster.tasks.state[row] !== TASK_STATE.free) return row;
  return -1;
}

/** A replica beyond those wanted, which its plane places: the lowest free row, -1 when all are in use. */
export function addReplica({ online, cluster, renewRequest }: Engine, s: number, nowMs: number): number {
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
    if (cluster.tasks.state[row] !== TASK_STATE.free) continue;
    submit(cluster, row, nowMs, false);
    renewRequest?.(row, nowMs);
    return row;
  }
  return -1;
}

/**
 * Health checks of services: a replica that answers later than the timeout too often in a row is killed, which leaves its load to the others.
 *
 *   rho = CPU asked for / CPU the pod can get        backlog grows by (rho - 1) a second, never below 0
 *   a check fails when backlog >= timeout, or with P(T > timeout; load, slowdown) of the window
 *
 * A check is a request like any other: it waits behind those that came before. P comes from the service's latency model, which knows bursts of
 * seconds; a load that stays above what the pod can do is the backlog's. Marathon checks all instances of an app at the same moments, a
 * kubelet each pod from its own start.
 *
 * Approximations: checks of one window are independent given its P; P(T > timeout) is taken without the backlog where that is below the
 * timeout, which matters while it passes from there to the timeout less one answer; clients give up after a minute, so no backlog is longer;
 * a kill acts on the load of the others from the next window on; late requests do not know of the backlog. Under Kubernetes the pod goes back to
 * the scheduler, where a kubelet would restart its container in place (as in oom.ts). Pods on dead hosts are not checked: nobody there would
 * confirm the kill.
 */
import {
  createHealth,
  fatalFailures,
  type HealthCheck,
  type HealthColumns,
  resetHealth,
  takeResult,
} from '../../policies/marathon/health-check.ts';
import { CHANGE } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { createViolationSurface, type ViolationSurface, violationProbability } from '../host/violation-surface.ts';
import { PHASE } from '../kernel/phase.ts';
import { keyedWord, saltAt, saltOf } from '../kernel/random.ts';
import type { Engine } from './engine.ts';
import { LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { limitOf } from './latency-model.ts';
import { EVENT, evictPod, taskPayload } from './lifecycle.ts';

/** Clients have given up on what waits longer. [A] */
const MOST_BACKLOG_MS = 60_000;

/** The check of one service. */
interface ServiceCheck {
  readonly check: HealthCheck;
  readonly fatal: number;
  /** P(T > timeout). */
  readonly surface: ViolationSurface;
  /** [replicas killed so far] */
  readonly killed: Float64Array;
}

/** Checks by service, and what is known of each pod. */
export interface HealthChecks {
  readonly ofService: readonly (ServiceCheck | null)[];
  readonly health: HealthColumns;
  readonly backlogMs: Float64Array;
  /** 1 = its kill is on its way. */
  readonly condemned: Uint8Array;
  /** Marathon: instances of an app are checked together. */
  readonly isMarathon: boolean;
  readonly salt: number;
}

/** The checks of a run; null where no service has any. */
export function createHealthChecks(engine: Engine): HealthChecks | null {
  const { plan, plane, online, latency, hostModel } = engine;
  const { names, count } = online.services;
  const own = new Map(plan.online.explicit.map(({ name, healthCheck }) => [name, healthCheck]));
  const isMarathon = plan.controlPlane.kind === 'mesos';
  const checks = Array.from({ length: count }, (_, s) => own.get(names[s]) ?? plane.healthCheckOf?.(s) ?? null);
  if (checks.every((check) => check === null)) return null;
  const pods = online.firstPod[count];
  online.offeredMilliCpu = new Float64Array(pods);
  return {
    ofService: checks.map((check, s) =>
      check === null
        ? null
        : {
            check,
            fatal: fatalFailures(check, isMarathon),
            surface: createViolationSurface(
              latency.window[s].tables,
              latency.service[s],
              Math.max(1, check.timeoutMs),
              hostModel.isolation.waitMs,
            ),
            killed: new Float64Array(1),
          },
    ),
    health: createHealth(pods),
    backlogMs: new Float64Array(pods),
    condemned: new Uint8Array(pods),
    isMarathon,
    salt: saltOf(plan.seed, 'online/health'),
  };
}

/** Checks every pod of the window that begins at `nowMs`, and schedules the kills. */
export function sweepHealth(engine: Engine, checks: HealthChecks, nowMs: number): void {
  const { online, cluster } = engine;
  const { state } = cluster.tasks;
  for (let s = 0; s < online.services.count; s++) {
    const service = checks.ofService[s];
    if (service === null) continue;
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++)
      if (state[row] === TASK_STATE.running && online.silent[row] === 0)
        checkPod(engine, checks, service, s, row, nowMs);
  }
}

function checkPod(
  engine: Engine,
  checks: HealthChecks,
  { check, fatal, surface }: ServiceCheck,
  s: number,
  row: number,
  nowMs: number,
): void {
  const { cluster, plan, calendar } = engine;
  const { tasks } = cluster;
  const { health, backlogMs, condemned } = checks;
  const startedMs = tasks.startedAtMs[row];
  if (health.startedAtMs[row] !== startedMs) {
    resetHealth(health, row, startedMs);
    backlogMs[row] = 0;
    condemned[row] = 0;
  }
  const excess = overload(engine, s, row);
  const before = backlogMs[row];
  const backlogAt = (ms: number) => Math.min(MOST_BACKLOG_MS, Math.max(0, before + excess * (ms - nowMs)));
  const endMs = nowMs + plan.windowMs;
  backlogMs[row] = backlogAt(endMs);
  if (condemned[row] === 1) return;
  const late = lateShare(engine, surface, s, row);
  const periodMs = Math.max(1, check.intervalMs);
  const firstMs = check.delayMs + (checks.isMarathon ? 0 : startedMs);
  const passed = Math.max(0, Math.ceil((Math.max(nowMs, startedMs) - firstMs) / periodMs));
  for (let atMs = firstMs + passed * periodMs; atMs < endMs; atMs += periodMs) {
    const draw = (keyedWord(saltAt(checks.salt, atMs / 1000), row) >>> 0) / 4294967296;
    const fails = backlogAt(atMs) >= check.timeoutMs || draw < late;
    if (!takeResult(health, row, check, fatal, !fails, atMs + (fails ? check.timeoutMs : 0))) continue;
    condemned[row] = 1;
    calendar.push(atMs + check.timeoutMs, PHASE.fail, row, EVENT.unhealthy, taskPayload(tasks, row));
    return;
  }
}

/** Work that comes in a ms beyond what the pod can do in it, over that: rho - 1. */
function overload(engine: Engine, s: number, row: number): number {
  const { online, hostWindow } = engine;
  const offered = online.offeredMilliCpu?.[row] ?? 0;
  const most = mostMilliCpu(engine, s, row);
  const host = engine.cluster.tasks.host[row];
  const demand = hostWindow.onlineMilliCpu[host];
  const granted = hostWindow.onlineGrantedMilliCpu[host];
  // Where services ask for more than the host has, each gets its part.
  const share = granted < demand ? granted / demand : 1;
  return most > 0 ? offered / (most * share) - 1 : 0;
}

/** CPU that the pod could use: its limit, its own CPUs, or what it uses and the host has left. */
function mostMilliCpu({ online, hostWindow, hostModel, cluster }: Engine, s: number, row: number): number {
  const cell = cluster.tasks.host[row] * hostModel.classCount + online.classOf[s];
  const used = online.usedMilliCpu[row];
  const own = online.ownMilliCpu[s];
  const headroom = hostWindow.latencyRows[cell * LATENCY_COLUMNS + LATENCY_ROW.headroomMilliCpu];
  return Math.min(limitOf(online.services, s), own > 0 ? own : used + headroom);
}

function lateShare(engine: Engine, surface: ViolationSurface, s: number, row: number): number {
  const { online, hostWindow, hostModel, cluster } = engine;
  const most = mostMilliCpu(engine, s, row);
  const cell = cluster.tasks.host[row] * hostModel.classCount + online.classOf[s];
  const load = most > 0 ? online.usedMilliCpu[row] / most : 0;
  return violationProbability(surface, load, hostWindow.slowdown[cell]);
}

/**
 * Replicas that count as healthy where versions are exchanged: under Marathon those that have passed a check since they started, where the
 * service has one; else, and under Kubernetes (whose readiness is no liveness), all that answer.
 */
export function healthyReplicas({ healthChecks, online, cluster }: Engine, s: number, nowMs: number): number {
  if (healthChecks === null || !healthChecks.isMarathon || healthChecks.ofService[s] === null) return online.ready[s];
  const { startedAtMs, firstPassedMs } = healthChecks.health;
  const { tasks } = cluster;
  let count = 0;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
    if (tasks.state[row] !== TASK_STATE.running || online.silent[row] === 1) continue;
    if (startedAtMs[row] === tasks.startedAtMs[row] && firstPassedMs[row] <= nowMs) count++;
  }
  return count;
}

/** The last failure of a pod is known: its orchestrator kills it. */
export function killUnhealthy(engine: Engine, row: number, nowMs: number): void {
  const { plane, healthChecks, cluster, online } = engine;
  if (online.silent[row] === 1) return;
  const service = healthChecks?.ofService[cluster.tasks.group[row]];
  if (service != null) service.killed[0]++;
  if (plane.onUnhealthy === undefined) evictPod(engine, row, nowMs, CHANGE.evict, 0);
  else plane.onUnhealthy(row, nowMs);
}

/** What a snapshot keeps. */
export function healthColumns({ ofService, health, backlogMs, condemned }: HealthChecks): Record<string, unknown> {
  return { health, backlogMs, condemned, killed: ofService.map((service) => service?.killed ?? new Float64Array(1)) };
}

/** What a report says of the checks of each service. */
export function healthNotes({ healthChecks, online }: Engine): readonly string[] {
  if (healthChecks === null) return [];
  return healthChecks.ofService.flatMap((service, s) => {
    if (service === null || service.killed[0] === 0) return [];
    const { check, fatal, killed } = service;
    const times = killed[0] === 1 ? 'once' : `${killed[0]} times`;
    return [
      `Health checks killed a replica of ${online.services.names[s]} ${times}: ${fatal} answers in a row came later than ${check.timeoutMs / 1000} s. Each leaves its load to the others; a longer timeout, a smaller load or fewer checks that count would keep it.`,
    ];
  });
}

/**
 * What CFS limits cost services: one pass over pods with a limit.
 *
 *   u    = use / quota,  p_th = throttledFraction(u, CVs of a 100 ms period, burst buffer)
 *   late = requests in time so far x share of requests delayed x P(stall > target - own work),  stall exponential
 *
 * It comes on top of the window's late requests, with best effort beside the pod and without. A service none of whose replicas comes
 * near enough to its limit (see quietMilliCpu) costs one comparison, unless a policy asks how much its pods are throttled. Mean use stays below the limit also where the quota is raised: what burst changes is the stall of single periods.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { PodThrottling } from '../../policies/ports.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import type { Parameters } from '../host/parameters.ts';
import {
  createThrottleSurface,
  quietUse,
  type Throttled,
  type ThrottledService,
  throttle,
} from '../host/throttle-surface.ts';
import { createThrottleTable, type ThrottleTable } from '../host/throttling.ts';
import { violationAt } from '../host/violation-lookup.ts';
import { type HostModel, type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { isAloneWindow, type LatencyModel, type LatencySums, TERM } from './latency-sweep.ts';
import type { OnlineState } from './online.ts';
import type { Recorder } from './recorder.ts';

const US_PER_MILLI_CPU = 100;
/** Below this part of periods nothing is booked. */
const LEAST_FRACTION = 1e-9;

/** Quotas of pods and what they lead to; row a pod. */
export interface Throttling {
  readonly table: ThrottleTable;
  /** Quota over the limit, and burst buffer over the quota: 1 and 0 unless a policy sets them. */
  readonly quotaScale: Float64Array;
  readonly burstQuotas: Float64Array;
  /** Start of the pod that the two columns belong to. */
  readonly setSinceMs: Float64Array;
  readonly signals: PodThrottling;
  /** Whether a policy reads the signals: then every pod is worked out. */
  readonly isAsked: boolean;
  /** Row a service. CV of its rate in a period: that inside a window, and at least the table's cv100. */
  readonly services: readonly ThrottledService[];
  /** Built when first needed; they follow from the service alone. */
  readonly surfaces: (Float32Array | null)[];
  /** Use up to which limits make less than QUIET_SHARE of the requests late, row a service. */
  readonly quietMilliCpu: Float64Array;
  /** Late alone over late of each service, as last evaluated: see latency-sweep.ts. */
  readonly aloneRatio: Float64Array;
  /** [late requests because of throttling, in the whole run] */
  readonly lateRequests: Float64Array;
}

/** Every pod at its limit, without burst. `like`: of a run with equal services and physics, whose tables are shared. */
export function createThrottling(
  online: OnlineState,
  latency: LatencyModel,
  p: Parameters,
  isAsked: boolean,
  like?: Throttling,
): Throttling {
  const table = like?.table ?? createThrottleTable();
  const { services, firstPod } = online;
  const pods = firstPod[services.count];
  const f = () => new Float64Array(pods);
  const limitMilliCpu = f();
  for (let s = 0; s < services.count; s++) limitMilliCpu.fill(services.limitMilliCpu[s], firstPod[s], firstPod[s + 1]);
  const described = latency.service.map(
    ({ scv, answerMs, cpuMs }, s): ThrottledService => ({
      workMs: latency.workMs[s],
      scv,
      rateCv: Math.max(latency.rateCv[s], p.cv100),
      slackMs: latency.target[s].targetMs - answerMs,
      cpuMs,
    }),
  );
  return {
    table,
    quotaScale: f().fill(1),
    burstQuotas: f(),
    setSinceMs: f().fill(-1),
    signals: { limitMilliCpu, throttledRatio: f(), lastUsedMilliCpu: f() },
    aloneRatio: new Float64Array(services.count).fill(1),
    lateRequests: new Float64Array(1),
    isAsked,
    services: described,
    surfaces: new Array<Float32Array | null>(services.count).fill(null),
    quietMilliCpu: Float64Array.from(services.limitMilliCpu, (limit, s) =>
      limit > 0 ? quietUse(table, described[s], limit / 1000, QUIET_KAPPA, QUIET_SHARE) * limit : Infinity,
    ),
  };
}

/** A thousandth of what an objective of 99 % allows. */
const QUIET_SHARE = 1e-5;
/** The slowdown assumed while looking for the quiet use; slower hosts are rare and push it down by little. */
const QUIET_KAPPA = 2;

/** Sets quota and burst buffer of one pod, in microseconds a period. */
export function limitPod(
  throttling: Throttling,
  tasks: TaskTable,
  row: number,
  quotaUs: number,
  burstUs: number,
): void {
  const limitUs = throttling.signals.limitMilliCpu[row] * US_PER_MILLI_CPU;
  throttling.quotaScale[row] = quotaUs / limitUs;
  throttling.burstQuotas[row] = burstUs / quotaUs;
  throttling.setSinceMs[row] = tasks.startedAtMs[row];
}

/** What the pass over one service found: requests in milli-CPU x speed, to be multiplied by the window's requests a milli-CPU. */
interface Found {
  late: number;
  lateAlone: number;
  evaluated: number;
}

/** Runs the pass for the window that sweepLatency has just booked, and adds to the same books. */
export function sweepThrottling(
  throttling: Throttling,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  hostModel: HostModel,
  nowMs: number,
  windowMs: number,
  recorder: Recorder,
  sums: LatencySums,
): void {
  const { services, firstPod } = online;
  const { isAsked, quietMilliCpu, aloneRatio } = throttling;
  const { classCount } = hostModel;
  const withAlone = isAsked || isAloneWindow(nowMs, windowMs);
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const found: Found = { late: 0, lateAlone: 0, evaluated: 0 };
  for (let s = 0; s < services.count; s++) {
    const limit = services.limitMilliCpu[s];
    if (limit <= 0) continue;
    if (!isAsked && sums.mostUsedMilliCpu[s] <= quietMilliCpu[s]) continue;
    const service = throttling.services[s];
    const perRequest = (windowMs / 1000 / service.workMs) * (1 - sums.lateShare[s]);
    found.late = 0;
    found.lateAlone = 0;
    found.evaluated = 0;
    const first = firstPod[s];
    const end = firstPod[s + 1];
    const latencyClass = services.latencyClass[s];
    if (isAsked) throttleExactly(throttling, s, limit, online, tasks, hosts, classCount, perRequest, found);
    else {
      const surface = throttling.surfaces[s] ?? createThrottleSurface(throttling.table, service, limit / 1000);
      throttling.surfaces[s] = surface;
      const quiet = quietMilliCpu[s];
      readSurface(surface, first, end, limit, quiet, latencyClass, online, tasks, hosts, classCount, perRequest, found);
      if (withAlone)
        aloneSurface(surface, first, end, limit, quiet, latencyClass, online, tasks, hosts, classCount, found);
      else found.lateAlone = found.late * aloneRatio[s];
    }
    if (withAlone) aloneRatio[s] = found.late > 0 ? found.lateAlone / found.late : 1;
    const late = found.late * perRequest;
    const lateAlone = found.lateAlone * perRequest;
    const cell = s * recorder.hours + hour;
    recorder.serviceViolating[cell] += late;
    recorder.serviceViolatingAlone[cell] += lateAlone;
    recorder.serviceViolatingThrottled[cell] += late;
    sums.violating += late;
    sums.violatingAlone += lateAlone;
    sums.evaluations[TERM.throttling] += found.evaluated;
    throttling.lateRequests[0] += late;
  }
}

/** Late requests of pods [first, end) by the surface. */
function readSurface(
  surface: Float32Array,
  first: number,
  end: number,
  limit: number,
  quiet: number,
  latencyClass: number,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  classCount: number,
  perRequest: number,
  out: Found,
): void {
  const { usedMilliCpu, silent } = online;
  const { state, host: taskHost } = tasks;
  const { latencyRows: rows, lateRequests } = hosts;
  const perLimit = 1 / limit;
  let sum = 0;
  let evaluated = 0;
  for (let row = first; row < end; row++) {
    const used = usedMilliCpu[row];
    if (used <= quiet || state[row] !== TASK_STATE.running || silent[row] === 1) continue;
    evaluated++;
    const host = taskHost[row];
    const at = (host * classCount + latencyClass) * LATENCY_COLUMNS;
    const late =
      used * rows[at + LATENCY_ROW.speed] * violationAt(surface, used * perLimit, rows[at + LATENCY_ROW.place], 0);
    sum += late;
    lateRequests[host] += late * perRequest;
  }
  out.late = sum;
  out.evaluated = evaluated;
}

/** The same with best effort taken away; once in fifteen minutes. */
function aloneSurface(
  surface: Float32Array,
  first: number,
  end: number,
  limit: number,
  quiet: number,
  latencyClass: number,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  classCount: number,
  out: Found,
): void {
  const { usedMilliCpu, silent } = online;
  const { state, host: taskHost } = tasks;
  const rows = hosts.latencyRows;
  let sum = 0;
  for (let row = first; row < end; row++) {
    const used = usedMilliCpu[row];
    if (used <= quiet || state[row] !== TASK_STATE.running || silent[row] === 1) continue;
    const at = (taskHost[row] * classCount + latencyClass) * LATENCY_COLUMNS;
    const use = (used / limit) * rows[at + LATENCY_ROW.aloneOverBeside];
    sum += used * rows[at + LATENCY_ROW.speed] * violationAt(surface, use, rows[at + LATENCY_ROW.placeAlone], 0);
  }
  out.lateAlone = sum;
}

/** Every pod worked out with its own quota and buffer, for policies that read how much pods are throttled. */
function throttleExactly(
  throttling: Throttling,
  s: number,
  limit: number,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  classCount: number,
  perRequest: number,
  out: Found,
): void {
  const { firstPod, usedMilliCpu, silent, services } = online;
  const { quotaScale, burstQuotas, setSinceMs, table } = throttling;
  const { throttledRatio, lastUsedMilliCpu } = throttling.signals;
  const { state, host: taskHost, startedAtMs } = tasks;
  const rows = hosts.latencyRows;
  const service = throttling.services[s];
  const pod: Throttled = { fraction: 0, late: 0 };
  for (let row = firstPod[s]; row < firstPod[s + 1]; row++) {
    throttledRatio[row] = 0;
    lastUsedMilliCpu[row] = 0;
    const used = usedMilliCpu[row];
    if (used <= 0 || state[row] !== TASK_STATE.running || silent[row] === 1) continue;
    lastUsedMilliCpu[row] = used;
    if (setSinceMs[row] !== startedAtMs[row]) {
      quotaScale[row] = 1;
      burstQuotas[row] = 0;
    }
    out.evaluated++;
    const at = (taskHost[row] * classCount + services.latencyClass[s]) * LATENCY_COLUMNS;
    const kappa = 1 / rows[at + LATENCY_ROW.speed];
    const quota = limit * quotaScale[row];
    throttle(table, service, used / quota, quota / 1000, burstQuotas[row], kappa, pod);
    if (pod.fraction < LEAST_FRACTION) continue;
    throttledRatio[row] = pod.fraction;
    const requests = used / kappa;
    out.late += requests * pod.late;
    hosts.lateRequests[taskHost[row]] += requests * pod.late * perRequest;
    const aloneOverBeside = rows[at + LATENCY_ROW.aloneOverBeside];
    const alone = (used / quota) * aloneOverBeside;
    throttle(table, service, alone, quota / 1000, burstQuotas[row], kappa * aloneOverBeside, pod);
    out.lateAlone += requests * pod.late;
  }
}

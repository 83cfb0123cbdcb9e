/**
 * What CFS limits cost services: one pass over pods with a limit.
 *
 *   u    = use / quota,  p_th = throttledFraction(u, CVs of a 100 ms period, burst buffer)
 *   late = requests in time so far x share of requests delayed x P(stall > target - own work),  stall exponential
 *
 * It comes on top of the window's late requests, with best effort beside the pod and without. A service none of whose replicas comes
 * near enough to its limit (see quietMilliCpu) costs one comparison, unless a policy asks how much its pods are throttled. Mean use stays below the limit also where the quota is raised: what burst changes is the stall of single periods.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { PodThrottling } from '../../policies/ports.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import type { Parameters } from '../host/parameters.ts';
import {
  createThrottleTable,
  executedCv,
  meanStallMs,
  periodCv,
  type ThrottleTable,
  throttledFraction,
  throttledRequestShare,
  throttleExponent,
} from '../host/throttling.ts';
import { type HostModel, type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import type { LatencyModel, LatencySums } from './latency-sweep.ts';
import type { OnlineState } from './online.ts';
import type { Recorder } from './recorder.ts';

const CFS_PERIOD_MS = 100;
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
  /** CV of the request rate in a 100 ms period, row a service: that inside a window, and at least the table's cv100. */
  readonly rateCv: Float64Array;
  /** Use up to which limits make less than QUIET_SHARE of the requests late, row a service. */
  readonly quietMilliCpu: Float64Array;
  /** [late requests because of throttling, in the whole run] */
  readonly lateRequests: Float64Array;
}

/** Every pod at its limit, without burst. */
export function createThrottling(
  online: OnlineState,
  latency: LatencyModel,
  p: Parameters,
  isAsked: boolean,
  table: ThrottleTable = createThrottleTable(),
): Throttling {
  const { services, firstPod } = online;
  const pods = firstPod[services.count];
  const f = () => new Float64Array(pods);
  const limitMilliCpu = f();
  for (let s = 0; s < services.count; s++) limitMilliCpu.fill(services.limitMilliCpu[s], firstPod[s], firstPod[s + 1]);
  const rateCv = latency.rateCv.map((cv) => Math.max(cv, p.cv100));
  return {
    table,
    quotaScale: f().fill(1),
    burstQuotas: f(),
    setSinceMs: f().fill(-1),
    signals: { limitMilliCpu, throttledRatio: f(), lastUsedMilliCpu: f() },
    lateRequests: new Float64Array(1),
    isAsked,
    rateCv,
    quietMilliCpu: Float64Array.from(services.limitMilliCpu, (limit, s) =>
      limit > 0 ? quietUse(table, latency, s, rateCv[s], limit) * limit : Infinity,
    ),
  };
}

/** A thousandth of what an objective of 99 % allows. */
const QUIET_SHARE = 1e-5;
const QUIET_STEPS = 256;
/** The slowdown assumed while looking for the quiet use; slower hosts are rare and push it down by little. */
const QUIET_KAPPA = 2;

/** Largest use over quota up to which the late share stays below QUIET_SHARE. */
function quietUse(
  table: ThrottleTable,
  latency: LatencyModel,
  s: number,
  rateCv: number,
  limitMilliCpu: number,
): number {
  const workMs = latency.workMs[s] * QUIET_KAPPA;
  for (let step = 1; step < QUIET_STEPS; step++) {
    const use = step / QUIET_STEPS;
    const cv = periodCv(workMs, latency.service[s].scv, use, limitMilliCpu / 1000, CFS_PERIOD_MS, rateCv);
    const executed = executedCv(workMs, latency.service[s].scv, use, limitMilliCpu / 1000, CFS_PERIOD_MS, rateCv);
    const fraction = throttledFraction(table, use, executed, 0);
    if (lateShare(table, use, cv, fraction, slackMs(latency, s, QUIET_KAPPA)) >= QUIET_SHARE)
      return (step - 1) / QUIET_STEPS;
  }
  return 1;
}

/** Target less the mean answer time at a slowdown; the spread of the answer is left out. */
function slackMs(latency: LatencyModel, s: number, kappa: number): number {
  const { answerMs, cpuMs } = latency.service[s];
  return latency.target[s].targetMs - answerMs - (kappa - 1) * cpuMs;
}

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

/** Runs the pass for the window that sweepLatency has just booked, and adds to the same books. */
export function sweepThrottling(
  throttling: Throttling,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  hostModel: HostModel,
  latency: LatencyModel,
  nowMs: number,
  windowMs: number,
  recorder: Recorder,
  sums: LatencySums,
): void {
  const { services, firstPod, usedMilliCpu, silent } = online;
  const { table, quotaScale, burstQuotas, setSinceMs, signals, isAsked, quietMilliCpu } = throttling;
  const { throttledRatio, lastUsedMilliCpu } = signals;
  const { state, host: taskHost, startedAtMs } = tasks;
  const rows = hosts.latencyRows;
  const { classCount } = hostModel;
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  for (let s = 0; s < services.count; s++) {
    const limit = services.limitMilliCpu[s];
    if (limit <= 0) continue;
    if (!isAsked && sums.mostUsedMilliCpu[s] <= quietMilliCpu[s]) continue;
    const quiet = isAsked ? 0 : quietMilliCpu[s];
    const { scv } = latency.service[s];
    const workMs = latency.workMs[s];
    const rateCv = throttling.rateCv[s];
    const slackAlone = slackMs(latency, s, 1);
    const { cpuMs } = latency.service[s];
    const perWork = windowMs / 1000 / workMs;
    const latencyClass = services.latencyClass[s];
    const inTime = 1 - sums.lateShare[s];
    let late = 0;
    let lateAlone = 0;
    for (let row = firstPod[s]; row < firstPod[s + 1]; row++) {
      throttledRatio[row] = 0;
      lastUsedMilliCpu[row] = 0;
      if (state[row] !== TASK_STATE.running || silent[row] === 1) continue;
      const used = usedMilliCpu[row];
      if (used <= quiet) continue;
      lastUsedMilliCpu[row] = used;
      if (setSinceMs[row] !== startedAtMs[row]) {
        quotaScale[row] = 1;
        burstQuotas[row] = 0;
      }
      const at = (taskHost[row] * classCount + latencyClass) * LATENCY_COLUMNS;
      const kappa = 1 / rows[at + LATENCY_ROW.speed];
      const quota = limit * quotaScale[row];
      const use = used / quota;
      const cv = periodCv(workMs * kappa, scv, use, quota / 1000, CFS_PERIOD_MS, rateCv);
      const executed = executedCv(workMs * kappa, scv, use, quota / 1000, CFS_PERIOD_MS, rateCv);
      const fraction = throttledFraction(table, use, executed, burstQuotas[row], cv);
      if (fraction < LEAST_FRACTION) continue;
      throttledRatio[row] = fraction;
      const requests = used * rows[at + LATENCY_ROW.speed] * perWork * inTime;
      const share = lateShare(table, use, cv, fraction, slackAlone - (kappa - 1) * cpuMs);
      late += requests * share;
      const useAlone = use * rows[at + LATENCY_ROW.aloneOverBeside];
      const fractionAlone = throttledFraction(table, useAlone, executed, burstQuotas[row], cv);
      lateAlone += requests * lateShare(table, useAlone, cv, fractionAlone, slackAlone);
      hosts.lateRequests[taskHost[row]] += requests * share;
    }
    const cell = s * recorder.hours + hour;
    recorder.serviceViolating[cell] += late;
    recorder.serviceViolatingAlone[cell] += lateAlone;
    recorder.serviceViolatingThrottled[cell] += late;
    sums.violating += late;
    sums.violatingAlone += lateAlone;
    throttling.lateRequests[0] += late;
  }
}

/** Share of requests that a stall makes later than `slackMs`: those delayed, times an exponential tail. */
function lateShare(table: ThrottleTable, use: number, cv: number, fraction: number, slackMs: number): number {
  const delayed = throttledRequestShare(fraction, cv);
  if (delayed <= 0) return 0;
  if (slackMs <= 0 || use >= 1) return delayed;
  const stallMs = meanStallMs(CFS_PERIOD_MS, fraction, throttleExponent(table, use, cv), use) / delayed;
  return delayed * exp(-slackMs / stallMs);
}

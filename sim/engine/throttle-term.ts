/**
 * What CFS limits cost services, pod by pod of one service with a limit:
 *
 *   u    = use / quota,  p_th = throttledFraction(u, CVs of a 100 ms period, burst buffer)
 *   late = requests in time so far x share of requests delayed x P(stall > target - own work),  stall exponential
 *
 * It comes on top of what is late by load, with best effort beside the pod and without. A service none of whose replicas comes near
 * enough to its limit (see quietMilliCpu) costs one comparison, unless a policy asks how much its pods are throttled. Mean use stays below the limit
 * also where the quota is raised: what burst changes is the stall of single periods. Pods with CPUs of their own (LSR, LSE) have no quota: the node's
 * agent sets that of pod and containers to -1. Source: Koordinator pkg/koordlet/runtimehooks/hooks/cpuset/cpuset.go (UnsetPodCPUQuota,
 * UnsetContainerCPUQuota), pkg/util (IsPodCfsQuotaNeedUnset).
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { createThrottleSurface, type Throttled, throttle } from '../host/throttle-surface.ts';
import { violationsAt } from '../host/violation-lookup.ts';
import type { AnsweringPods } from './answering-pods.ts';
import { ALONE_COLUMNS, ALONE_ROW, type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { isAloneWindow } from './latency-model.ts';
import { type Lateness, TERM } from './lateness.ts';
import type { Throttling } from './throttling-state.ts';

/** Below this part of periods nothing is booked. */
const LEAST_FRACTION = 1e-9;

/** What the pass over one service found: requests in milli-CPU x speed, to be multiplied by the window's requests a milli-CPU. */
interface Found {
  late: number;
  lateAlone: number;
  evaluated: number;
}

/** Books the term of service `s`; `inTime` = share of its requests that are in time by load. */
export function bookThrottling(
  inputs: Lateness,
  throttling: Throttling,
  s: number,
  nowMs: number,
  inTime: number,
): void {
  const { online, hostWindow, answering: pods, recorder, latencySums: sums } = inputs;
  const { windowMs } = inputs.plan;
  const { isAsked, quietMilliCpu, aloneRatio } = throttling;
  const limit = online.services.limitMilliCpu[s];
  // Pods of one service that have limits of their own are worked out one by one, each by its own.
  const isExact = isAsked || online.limitsMove[s] === 1;
  if (limit <= 0 || online.ownMilliCpu[s] > 0 || (!isExact && pods.mostUsedMilliCpu <= quietMilliCpu[s])) return;
  const withAlone = isExact || isAloneWindow(nowMs, windowMs);
  const service = throttling.services[s];
  const perRequest = (windowMs / 1000 / service.workMs) * inTime;
  const found: Found = { late: 0, lateAlone: 0, evaluated: 0 };
  if (isExact) throttleExactly(inputs, throttling, s, perRequest, found);
  else {
    const surface = throttling.surfaces[s] ?? createThrottleSurface(throttling.table, service, limit / 1000);
    throttling.surfaces[s] = surface;
    found.evaluated = pickLoud(pods, quietMilliCpu[s]);
    found.late = lateBySurface(pods, hostWindow, surface, limit, found.evaluated, false);
    for (let k = 0; k < found.evaluated; k++)
      hostWindow.lateRequests[pods.host[pods.picked[k]]] += pods.late[k] * perRequest;
    found.lateAlone = withAlone
      ? lateBySurface(pods, hostWindow, surface, limit, found.evaluated, true)
      : found.late * aloneRatio[s];
  }
  if (withAlone) aloneRatio[s] = found.late > 0 ? found.lateAlone / found.late : 1;
  const late = found.late * perRequest;
  const lateAlone = found.lateAlone * perRequest;
  const cell = s * recorder.hours + Math.floor(nowMs / MS_PER_HOUR);
  recorder.serviceViolating[cell] += late;
  recorder.serviceViolatingAlone[cell] += lateAlone;
  recorder.serviceViolatingThrottled[cell] += late;
  sums.late[TERM.throttling] += late;
  sums.violatingAlone += lateAlone;
  sums.evaluations[TERM.throttling] += found.evaluated;
  throttling.lateRequests[0] += late;
}

/** Picks the pods that use more than the quiet amount; how many. */
function pickLoud(pods: AnsweringPods, quietMilliCpu: number): number {
  const { count, usedMilliCpu, picked } = pods;
  let loud = 0;
  for (let n = 0; n < count; n++) if (usedMilliCpu[n] > quietMilliCpu) picked[loud++] = n;
  return loud;
}

/** Requests late for the limit over the `count` pods picked, each pod's in `late`: beside best effort, or with it taken away. */
function lateBySurface(
  pods: AnsweringPods,
  hosts: HostWindow,
  surface: Float32Array,
  limit: number,
  count: number,
  isAlone: boolean,
): number {
  const { cell, usedMilliCpu, picked, load, place, late, requests } = pods;
  const { latencyRows, aloneRows } = hosts;
  const perLimit = 1 / limit;
  for (let k = 0; k < count; k++) {
    const n = picked[k];
    const use = usedMilliCpu[n] * perLimit;
    const alone = cell[n] * ALONE_COLUMNS;
    load[k] = isAlone ? use * aloneRows[alone + ALONE_ROW.overBeside] : use;
    place[k] = isAlone
      ? aloneRows[alone + ALONE_ROW.place]
      : latencyRows[cell[n] * LATENCY_COLUMNS + LATENCY_ROW.place];
  }
  violationsAt(surface, surface, load, place, null, count, late);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    late[k] *= requests[picked[k]];
    sum += late[k];
  }
  return sum;
}

/** Every pod worked out with its own quota and buffer: for policies that read how much pods are throttled, and where limits move. */
function throttleExactly(inputs: Lateness, throttling: Throttling, s: number, perRequest: number, out: Found): void {
  const { online, hostWindow, answering: pods } = inputs;
  const { firstPod, podLimitMilliCpu } = online;
  const { quotaScale, burstQuotas, setSinceMs, table } = throttling;
  const { throttledRatio, lastUsedMilliCpu } = throttling.signals;
  const { startedAtMs } = inputs.cluster.tasks;
  const { latencyRows, aloneRows, lateRequests } = hostWindow;
  const service = throttling.services[s];
  const pod: Throttled = { fraction: 0, late: 0 };
  throttledRatio.fill(0, firstPod[s], firstPod[s + 1]);
  lastUsedMilliCpu.fill(0, firstPod[s], firstPod[s + 1]);
  for (let n = 0; n < pods.count; n++) {
    const row = pods.row[n];
    const used = pods.usedMilliCpu[n];
    lastUsedMilliCpu[row] = used;
    if (setSinceMs[row] !== startedAtMs[row]) {
      quotaScale[row] = 1;
      burstQuotas[row] = 0;
    }
    out.evaluated++;
    const kappa = 1 / latencyRows[pods.cell[n] * LATENCY_COLUMNS + LATENCY_ROW.speed];
    const quota = podLimitMilliCpu[row] * quotaScale[row];
    throttle(table, service, used / quota, quota / 1000, burstQuotas[row], kappa, pod);
    if (pod.fraction < LEAST_FRACTION) continue;
    throttledRatio[row] = pod.fraction;
    const requests = used / kappa;
    out.late += requests * pod.late;
    lateRequests[pods.host[n]] += requests * pod.late * perRequest;
    const aloneOverBeside = aloneRows[pods.cell[n] * ALONE_COLUMNS + ALONE_ROW.overBeside];
    const alone = (used / quota) * aloneOverBeside;
    throttle(table, service, alone, quota / 1000, burstQuotas[row], kappa * aloneOverBeside, pod);
    out.lateAlone += requests * pod.late;
  }
}

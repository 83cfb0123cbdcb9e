/**
 * Late requests by load and slowdown, pod by pod of one service:
 *
 *   load  = used / A,  A = min(limit, used + headroom of the host)          used already carries the slowdown
 *   late  = requests x P(T > target; rho, kappa),  requests = used / kappa / work of a request
 *
 * "Alone" is the same formula with best effort removed from the host (same demand): the difference is what co-location causes. It is
 * evaluated once in fifteen minutes; in between the service's ratio of late requests alone to late requests stands. Demand hardly moves
 * inside a slot, and numerator and denominator move together.
 *
 * While replicas are missing, "alone" is evaluated in every window, and a third time at the load that each would carry if none were:
 * the difference is what the missing ones cause. A service of which none is left answers nobody: all its requests are late.
 */
import { MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { baseRatioAt } from '../../traces/base-use.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { isSloMinute } from '../host/slo.ts';
import { violationsAt } from '../host/violation-lookup.ts';
import type { ViolationSurface } from '../host/violation-surface.ts';
import { setKappa, setLoad, windowQuantileMs } from '../host/window-latency.ts';
import type { AnsweringPods } from './answering-pods.ts';
import { ALONE_COLUMNS, ALONE_ROW, type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { isAloneWindow, limitOf, P99_EVERY_MS } from './latency-model.ts';
import { type Lateness, TERM } from './lateness.ts';
import type { OnlineState } from './online.ts';
import type { Recorder } from './recorder.ts';

/** Books the term of service `s` and returns its late requests over its requests. */
export function bookLatency(inputs: Lateness, s: number, nowMs: number): number {
  const { online, cluster, hostWindow, latency, answering: pods, recorder, latencySums: sums } = inputs;
  const { services, ready, wanted } = online;
  const { windowMs } = inputs.plan;
  const windowMinutes = windowMs / MS_PER_MINUTE;
  const surface = latency.surface[s];
  const limit = limitOf(services, s);
  const perWork = windowMs / 1000 / latency.workMs[s];
  // Share of its present load that a replica would carry if none were missing.
  const fullShare = ready[s] < wanted[s] ? ready[s] / wanted[s] : 1;
  const isShort = fullShare < 1;
  const withAlone = isAloneWindow(nowMs, windowMs);
  const shares = latency.delayMatters[s] === 1 ? pods.delayedShare : null;
  const own = online.ownMilliCpu[s];
  readLoads(pods, hostWindow, limit, own, shares);
  violationsAt(surface.lnTail, surface.lnTailDelayed, pods.load, pods.place, shares, pods.count, pods.lateByLoad);
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const cell = s * recorder.hours + hour;
  const readyPods = pods.ready;
  if (nowMs % P99_EVERY_MS === 0 && readyPods > 0) noteP99(inputs, s, cell, shares);
  let requests = 0;
  let late = 0;
  let sloPods = 0;
  for (let n = 0; n < pods.count; n++) {
    const p = pods.lateByLoad[n];
    const podLate = pods.requests[n] * p;
    requests += pods.requests[n];
    late += podLate;
    hostWindow.lateRequests[pods.host[n]] += podLate * perWork;
    if (isSloMinute(p)) {
      sloPods++;
      if (sums.podSloMinutes !== null) sums.podSloMinutes[pods.row[n]] += windowMinutes / ready[s];
    }
  }
  requests *= perWork;
  late *= perWork;
  let lateAlone = late * recorder.aloneRatio[s];
  let lateFull = 0;
  if (withAlone || isShort) {
    readLoadsAlone(pods, hostWindow, limit, own);
    lateAlone = lateBySurface(pods, surface) * perWork;
    if (withAlone) recorder.aloneRatio[s] = late > 0 ? lateAlone / late : 1;
    if (isShort) {
      for (let n = 0; n < pods.count; n++) pods.load[n] *= fullShare;
      lateFull = lateBySurface(pods, surface) * perWork;
    }
  }
  if (readyPods > 0) recorder.wasReady[s] = 1;
  else if (isShort && recorder.wasReady[s] === 1) {
    // Nobody answers: every request that comes is late.
    const base = services.requestMilliCpu[s] * baseRatioAt(online.base, services, s, nowMs + windowMs / 2);
    requests = base * online.load[s] * perWork;
    late = requests;
    lateAlone = requests;
    recorder.serviceSloMinutes[cell] += windowMinutes;
  }
  if (isShort) bookMissing(online, cluster.tasks, s, lateAlone - lateFull, cell, recorder);
  recorder.serviceRequests[cell] += requests;
  recorder.serviceViolating[cell] += late;
  recorder.serviceViolatingAlone[cell] += lateAlone;
  // Late alone can exceed late by the carried ratio, where best effort adds nothing.
  if (late > lateAlone) recorder.serviceViolatingContention[cell] += late - lateAlone;
  recorder.serviceReady[cell] += readyPods;
  if (readyPods > 0) recorder.serviceSloMinutes[cell] += (sloPods / readyPods) * windowMinutes;
  sums.evaluations[TERM.latency] += readyPods;
  sums.requests += requests;
  sums.late[TERM.latency] += late;
  sums.violatingAlone += lateAlone;
  return requests > 0 ? late / requests : 0;
}

/** Load, place and, where asked for, share of delayed requests of every pod; `own` = CPUs it owns, beyond which it gets none. */
function readLoads(
  pods: AnsweringPods,
  hosts: HostWindow,
  limit: number,
  own: number,
  shares: Float64Array | null,
): void {
  const { count, cell, usedMilliCpu, load, place } = pods;
  const { latencyRows: rows } = hosts;
  for (let n = 0; n < count; n++) {
    const from = cell[n] * LATENCY_COLUMNS;
    const used = usedMilliCpu[n];
    const room = own > 0 ? own : used + rows[from + LATENCY_ROW.headroomMilliCpu];
    load[n] = used / (room < limit ? room : limit);
    place[n] = rows[from + LATENCY_ROW.place];
    if (shares !== null) shares[n] = rows[from + LATENCY_ROW.delayedShare];
  }
}

/** The same with best effort taken away. */
function readLoadsAlone(pods: AnsweringPods, hosts: HostWindow, limit: number, own: number): void {
  const { count, cell, usedMilliCpu, load, place } = pods;
  const { aloneRows: rows } = hosts;
  for (let n = 0; n < count; n++) {
    const from = cell[n] * ALONE_COLUMNS;
    const used = usedMilliCpu[n];
    const room = own > 0 ? own : used + rows[from + ALONE_ROW.headroomMilliCpu];
    load[n] = (used * rows[from + ALONE_ROW.overBeside]) / (room < limit ? room : limit);
    place[n] = rows[from + ALONE_ROW.place];
  }
}

/** Requests x P(late) over all pods at the loads and places as they stand. */
function lateBySurface(pods: AnsweringPods, { lnTail, lnTailDelayed }: ViolationSurface): number {
  const { count, load, place, late, requests } = pods;
  violationsAt(lnTail, lnTailDelayed, load, place, null, count, late);
  let sum = 0;
  for (let n = 0; n < count; n++) sum += requests[n] * late[n];
  return sum;
}

/** The p99 of the service at the mean load, slowdown and delay of its replicas. */
function noteP99(inputs: Lateness, s: number, cell: number, shares: Float64Array | null): void {
  const { hostWindow, hostModel, latency, answering: pods, recorder } = inputs;
  let loadSum = 0;
  let kappaSum = 0;
  let delayedSum = 0;
  for (let n = 0; n < pods.count; n++) {
    loadSum += pods.load[n];
    kappaSum += hostWindow.slowdown[pods.cell[n]];
    if (shares !== null) delayedSum += shares[n];
  }
  const window = latency.window[s];
  setLoad(window, loadSum / pods.ready);
  setKappa(window, Math.max(1, kappaSum / pods.ready), hostModel.isolation.waitMs);
  recorder.serviceP99Sum[cell] += windowQuantileMs(window, 0.01, delayedSum / pods.ready);
  recorder.serviceP99Samples[cell] += 1;
}

/**
 * Books late requests that come from missing replicas: by the share of them that stand on dead hosts nobody has noticed, and the
 * rest, which have no host or are starting.
 */
function bookMissing(
  online: OnlineState,
  tasks: TaskTable,
  s: number,
  late: number,
  cell: number,
  recorder: Recorder,
): void {
  let dead = 0;
  for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++)
    if (tasks.state[row] === TASK_STATE.running && online.silent[row] === 1) dead++;
  const missing = online.wanted[s] - online.ready[s];
  const deadShare = dead < missing ? dead / missing : 1;
  recorder.serviceViolatingDead[cell] += late * deadShare;
  recorder.serviceViolatingUnplaced[cell] += late * (1 - deadShare);
}

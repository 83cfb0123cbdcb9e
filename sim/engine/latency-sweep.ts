/**
 * One pass over online pods a window: how many of their requests come too late, with best effort beside them and without.
 *
 *   rho   = used / A,  A = min(limit, used + headroom of the host)          used already carries the slowdown
 *   late  = requests x P(T > target; rho, kappa),  requests = used / kappa / work of a request
 *
 * "Alone" is the same formula with best effort removed from the host (same demand): the difference is what co-location causes. It is
 * evaluated once in fifteen minutes; in between the service's ratio of late requests alone to late
 * requests stands. Demand hardly moves inside a slot, and numerator and denominator move together.
 *
 * While replicas are missing, "alone" is evaluated in every window, and a third time at the load that each would carry if none were:
 * the difference is what the missing ones cause. A service of which none is left answers nobody: all its requests are late.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { baseRatioAt } from '../../traces/base-use.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { type ServiceModel, serviceModel } from '../host/service-model.ts';
import { isSloMinute, type ServiceTarget, serviceTarget } from '../host/slo.ts';
import { DISCIPLINE } from '../host/sojourn.ts';
import { violationAt } from '../host/violation-lookup.ts';
import { createViolationSurface, type ViolationSurface } from '../host/violation-surface.ts';
import {
  createLatencyTables,
  createWindowLatency,
  setKappa,
  setLoad,
  type WindowLatency,
  windowQuantileMs,
} from '../host/window-latency.ts';
import { type HostModel, type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { type OnlineState, OWN_NOISE_MS, rateCvOf } from './online.ts';
import type { Recorder } from './recorder.ts';

/** How often the counterfactual without best effort is evaluated: the first window of every third noise slot. */
const ALONE_EVERY_MS = 3 * OWN_NOISE_MS;

/** Whether the window at `nowMs` evaluates the counterfactual; in the others its ratio is carried. */
export function isAloneWindow(nowMs: number, windowMs: number): boolean {
  return windowMs >= ALONE_EVERY_MS || nowMs % ALONE_EVERY_MS === 0;
}

/** The p99 of a service is worked out once an hour, at the mean load, slowdown and delay of its replicas in that window. */
export const P99_EVERY_MS = MS_PER_HOUR;

/** What the pass needs of each service; surfaces are shared by services with equal models. */
export interface LatencyModel {
  readonly service: readonly ServiceModel[];
  readonly target: readonly ServiceTarget[];
  readonly surface: readonly ViolationSurface[];
  /** Workspaces for quantiles. */
  readonly window: readonly WindowLatency[];
  /** 1 where wake-up delays behind best effort are worth their look-up: see delayMatters. */
  readonly delayMatters: Uint8Array;
  /** CV of the request rate inside a window. */
  readonly rateCv: Float64Array;
  /** CPU milliseconds one request takes at full speed. */
  readonly workMs: Float64Array;
}

/** Rate variation and servers are rounded to these, so that few different surfaces are needed. */
const RATE_CV_GRID = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];
const SERVER_GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/** Threads a service without limit can use at once. [A] */
const UNLIMITED_THREADS = 64;
export const UNLIMITED_MILLI_CPU = 1000 * UNLIMITED_THREADS;

/** What follows from a service's kind alone. */
export interface Built {
  readonly service: ServiceModel;
  readonly target: ServiceTarget;
  readonly surface: ViolationSurface;
  readonly matters: boolean;
}

/**
 * Surfaces by everything that goes into them (coefficients, isolation, target, kind of service), kept by a caller that makes many runs:
 * runs of one scenario ask for the same few. What is kept never changes, so a run that finds its surface equals one that builds it.
 */
export type SurfaceStore = Map<string, Built>;

/** An empty store; it belongs to whoever makes the runs. */
export function createSurfaceStore(): SurfaceStore {
  return new Map();
}

/** A surface takes 28 KiB. */
const MOST_BUILT = 512;

/**
 * Builds targets and surfaces of every service, once a run. `store` keeps them for other runs, and `physics` then names the coefficients:
 * all that decides beside a service's kind.
 */
export function createLatencyModel(
  online: OnlineState,
  model: HostModel,
  designLoad: number,
  targetOverBaseline: number,
  store: SurfaceStore = createSurfaceStore(),
  physics = '',
): LatencyModel {
  const { services } = online;
  const tables = createLatencyTables(model.parameters.stationaryCap);
  const { waitMs, waitSlope } = model.isolation;
  const windows = new Map<Built, WindowLatency>();
  const rows = Array.from({ length: services.count }, (_, s) => {
    const limit = services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] / 1000 : Infinity;
    const servers = limit < 1 ? limit : nearest(SERVER_GRID, limit);
    const rateCv = nearest(RATE_CV_GRID, rateCvOf(services.peakOverMean[s]));
    const key = `${services.latencyClass[s]}/${servers}/${rateCv}/${designLoad}/${targetOverBaseline}/${physics}`;
    let built = store.get(key);
    if (built === undefined) {
      const base = serviceModel(
        model.parameters,
        model.latency,
        services.latencyClass[s],
        servers,
        UNLIMITED_THREADS,
        DISCIPLINE.PS,
      );
      const service = { ...base, rateCv };
      const target = serviceTarget(tables, service, designLoad, targetOverBaseline, 0);
      const surface = createViolationSurface(tables, service, target.targetMs, waitMs);
      built = { service, target, surface, matters: delayMatters(surface.lnTail, waitSlope) };
      if (store.size >= MOST_BUILT) store.clear();
      store.set(key, built);
    }
    const window = windows.get(built) ?? createWindowLatency(tables, built.service);
    windows.set(built, window);
    return { ...built, window };
  });
  return {
    service: rows.map((row) => row.service),
    target: rows.map((row) => row.target),
    surface: rows.map((row) => row.surface),
    window: rows.map((row) => row.window),
    delayMatters: Uint8Array.from(rows, (row) => (row.matters ? 1 : 0)),
    rateCv: Float64Array.from({ length: services.count }, (_, s) => rateCvOf(services.peakOverMean[s])),
    workMs: Float64Array.from(rows, (row) => row.service.cpuMs * Math.min(1, row.service.servers)),
  };
}

/** The model of another run with the same services and parameters: its tables are shared, workspaces are not. */
export function shareLatencyModel(model: LatencyModel): LatencyModel {
  const made = new Map<WindowLatency, WindowLatency>();
  const window = model.window.map((own) => {
    const copy = made.get(own) ?? createWindowLatency(own.tables, own.service);
    made.set(own, copy);
    return copy;
  });
  return { ...model, window };
}

/** Below this share of P(late) a term is left out; the latency model's own error is a factor of 1.75. */
const NEGLIGIBLE = 0.01;
/** Nodes rarer than this (ln of 1e-6) do not decide. */
const RARE_LN = -13.8;

/**
 * Whether the rare wake-up delay of an isolation level can move P(late) by more than 1 % anywhere on the surface, with a host full
 * of best effort: slope x (P delayed / P - 1) > 0.01. Group Identity's 0.07 ms never does; shares and equal weight do.
 */
export function delayMatters(lnTail: Float32Array, waitSlope: number): boolean {
  for (let at = 0; at < lnTail.length; at += 2)
    if (lnTail[at] > RARE_LN && waitSlope * (exp(lnTail[at + 1] - lnTail[at]) - 1) > NEGLIGIBLE) return true;
  return false;
}

/** The entry of an ascending grid that is closest to the value; the lower one on a tie. */
function nearest(grid: readonly number[], value: number): number {
  return grid.reduce((best, entry) => (Math.abs(entry - value) < Math.abs(best - value) ? entry : best), grid[0]);
}

/** Terms of lateness that are worked out pod by pod. */
export const TERM = { latency: 0, throttling: 1, memory: 2, suppression: 3 } as const;

/** Sums of the window over all services. */
export interface LatencySums {
  /** Late requests over requests, row a service; what is booked on top of the pass counts in the sums only. */
  readonly lateShare: Float64Array;
  /** Most that any running replica uses, row a service. */
  readonly mostUsedMilliCpu: Float64Array;
  /** Evaluations of single pods so far, by TERM: what a run costs, told without a clock. */
  readonly evaluations: Float64Array;
  /** SLO-minutes of every pod, added up by whoever sets it; a service's are the sum of its pods'. null = nobody asks. */
  podSloMinutes: Float64Array | null;
  /** P(late) of each pod, kept only in windows in which best effort is cut somewhere. */
  readonly lateOfPod: Float64Array;
  requests: number;
  violating: number;
  violatingAlone: number;
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

/** Runs the pass for the window [nowMs, nowMs + windowMs) and books it into the recorder. */
export function sweepLatency(
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
  const { services, firstPod, usedMilliCpu, silent, ready, wanted } = online;
  const { state, host: taskHost } = tasks;
  const rows = hosts.latencyRows;
  const { classCount, isolation } = hostModel;
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const windowMinutes = windowMs / MS_PER_MINUTE;
  const withP99 = nowMs % P99_EVERY_MS === 0;
  const { lateRequests } = hosts;
  lateRequests.fill(0);
  const hours = recorder.hours;
  const withAlone = isAloneWindow(nowMs, windowMs);
  const keepsPods = hosts.cutLateHosts[0] > 0;
  const { lateOfPod } = sums;
  const { aloneRatio, wasReady } = recorder;
  const running = TASK_STATE.running;
  const { podSloMinutes } = sums;
  sums.requests = 0;
  sums.violating = 0;
  sums.violatingAlone = 0;
  for (let s = 0; s < services.count; s++) {
    const lnTail = latency.surface[s].lnTail;
    const withDelay = latency.delayMatters[s] === 1;
    const latencyClass = services.latencyClass[s];
    const limit = services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] : UNLIMITED_MILLI_CPU;
    const perWork = windowMs / 1000 / latency.workMs[s];
    let requests = 0;
    let late = 0;
    let lateAlone = 0;
    let sloPods = 0;
    let readyPods = 0;
    let loadSum = 0;
    let kappaSum = 0;
    let delayedSum = 0;
    let lateFull = 0;
    let mostUsed = 0;
    // Share of its present load that a replica would carry if none were missing.
    const fullShare = ready[s] < wanted[s] ? ready[s] / wanted[s] : 1;
    const isShort = fullShare < 1;
    const withoutBestEffort = withAlone || isShort;
    const end = firstPod[s + 1];
    for (let row = firstPod[s]; row < end; row++) {
      if (state[row] !== running || silent[row] === 1) continue;
      readyPods++;
      const used = usedMilliCpu[row];
      if (used <= 0) continue;
      if (used > mostUsed) mostUsed = used;
      const host = taskHost[row];
      const at = (host * classCount + latencyClass) * LATENCY_COLUMNS;
      const room = used + rows[at + LATENCY_ROW.headroomMilliCpu];
      const podRequests = used * rows[at + LATENCY_ROW.speed];
      const load = used / (room < limit ? room : limit);
      const delayedShare = withDelay ? rows[at + LATENCY_ROW.delayedShare] : 0;
      const p = violationAt(lnTail, load, rows[at + LATENCY_ROW.place], delayedShare);
      requests += podRequests;
      if (keepsPods) lateOfPod[row] = p;
      const podLate = podRequests * p;
      late += podLate;
      if (withoutBestEffort) {
        const roomAlone = used + rows[at + LATENCY_ROW.headroomAloneMilliCpu];
        const loadAlone = (used * rows[at + LATENCY_ROW.aloneOverBeside]) / (roomAlone < limit ? roomAlone : limit);
        const placeAlone = rows[at + LATENCY_ROW.placeAlone];
        lateAlone += podRequests * violationAt(lnTail, loadAlone, placeAlone, 0);
        if (isShort) lateFull += podRequests * violationAt(lnTail, loadAlone * fullShare, placeAlone, 0);
      }
      lateRequests[host] += podLate * perWork;
      if (isSloMinute(p)) {
        sloPods++;
        if (podSloMinutes !== null) podSloMinutes[row] += windowMinutes / ready[s];
      }
      if (withP99) {
        loadSum += load;
        kappaSum += rows[at + LATENCY_ROW.slowdown];
        delayedSum += delayedShare;
      }
    }
    requests *= perWork;
    late *= perWork;
    if (withoutBestEffort) {
      lateAlone *= perWork;
      if (withAlone) aloneRatio[s] = late > 0 ? lateAlone / late : 1;
    } else lateAlone = late * aloneRatio[s];
    const cell = s * hours + hour;
    if (readyPods > 0) wasReady[s] = 1;
    else if (isShort && wasReady[s] === 1) {
      // Nobody answers: every request that comes is late.
      const base = services.requestMilliCpu[s] * baseRatioAt(online.base, services, s, nowMs + windowMs / 2);
      requests = base * services.replicas[s] * perWork;
      late = requests;
      lateAlone = requests;
      recorder.serviceSloMinutes[cell] += windowMinutes;
    }
    if (isShort) bookMissing(online, tasks, s, lateAlone - lateFull * perWork, cell, recorder);
    recorder.serviceRequests[cell] += requests;
    recorder.serviceViolating[cell] += late;
    recorder.serviceViolatingAlone[cell] += lateAlone;
    // Late alone can exceed late by the carried ratio, where best effort adds nothing.
    if (late > lateAlone) recorder.serviceViolatingContention[cell] += late - lateAlone;
    recorder.serviceReady[cell] += readyPods;
    if (readyPods > 0) recorder.serviceSloMinutes[cell] += (sloPods / readyPods) * windowMinutes;
    if (withP99 && readyPods > 0) {
      const window = latency.window[s];
      setLoad(window, loadSum / readyPods);
      setKappa(window, Math.max(1, kappaSum / readyPods), isolation.waitMs);
      recorder.serviceP99Sum[cell] += windowQuantileMs(window, 0.01, delayedSum / readyPods);
      recorder.serviceP99Samples[cell] += 1;
    }
    sums.lateShare[s] = requests > 0 ? late / requests : 0;
    sums.mostUsedMilliCpu[s] = mostUsed;
    sums.evaluations[TERM.latency] += readyPods;
    sums.requests += requests;
    sums.violating += late;
    sums.violatingAlone += lateAlone;
  }
}

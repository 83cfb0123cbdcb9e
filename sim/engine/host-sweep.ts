/**
 * One pass over hosts a window: who gets how much CPU, and how much everyone is slowed down.
 *
 * Order inside a host: system and online services first or by weight (isolation level), then best effort up to the smallest of its
 * demand, its quota and what the level lets it find; then the slowdown of each latency class from what runs beside it.
 */
import type { HostTable } from '../cluster/hosts.ts';
import { PRESSURE_CLASS_COUNT } from '../cluster/hosts.ts';
import { bestEffortSiblingBusy, bestEffortSpeed } from '../host/best-effort.ts';
import {
  kappaFrequency,
  kappaOfClass,
  kappaSmt,
  type LatencyClassTable,
  llcOccupancy,
  memLatencyExcess,
  type PressureClassTable,
} from '../host/contention.ts';
import {
  bestEffortCapacity,
  busyCoreFraction,
  ISOLATION,
  type IsolationModel,
  marginalShare,
  siblingBestEffort,
  siblingLatencySensitive,
} from '../host/isolation.ts';
import { fill } from '../host/max-min.ts';
import type { Parameters } from '../host/parameters.ts';
import { kappaPlace } from '../host/violation-lookup.ts';

/** Columns of HostWindow.latencyRows and looseRows: what the pods of a class see of a host, side by side (half a cache line a pod). */
export const LATENCY_ROW = {
  /** 1 / slowdown. */
  speed: 0,
  /** Place of the slowdown along the kappa axis of violation surfaces. */
  place: 1,
  /** CPU a pod could get beyond what it uses. */
  headroomMilliCpu: 2,
  /** Share of requests that meet a wake-up delay: slope of the isolation level x busy share of best effort. */
  delayedShare: 3,
} as const;
export const LATENCY_COLUMNS = 4;

/** Columns of HostWindow.aloneRows: with best effort taken away. */
export const ALONE_ROW = {
  /** Slowdown over slowdown beside best effort. */
  overBeside: 0,
  place: 1,
  headroomMilliCpu: 2,
} as const;
export const ALONE_COLUMNS = 3;

/** Results of the pass; row a host, or host x class. */
export interface HostWindow {
  /** Online demand in, granted out. */
  readonly onlineMilliCpu: Float64Array;
  readonly onlineVariance: Float64Array;
  readonly onlineGrantedMilliCpu: Float64Array;
  readonly bestEffortMilliCpu: Float64Array;
  /** Best effort's CPU over its demand, 0..1; progress of its tasks follows it. */
  readonly bestEffortShare: Float64Array;
  /** Progress of a granted best-effort CPU against an idle core of its own, 0..1. */
  readonly bestEffortSpeed: Float64Array;
  /** CPU a pod could get beyond what it uses: idle plus what it can take back from best effort. */
  readonly headroomMilliCpu: Float64Array;
  readonly slowdown: Float64Array;
  /** Row-major host x class x LATENCY_ROW and ALONE_ROW. */
  readonly latencyRows: Float64Array;
  readonly aloneRows: Float64Array;
  readonly headroomAloneMilliCpu: Float64Array;
  /** Idle CPUs that nobody but the pods that own them may use. */
  readonly closedMilliCpu: Float64Array;
  /** Idle CPUs of LSR pods: best effort may use them, services that share CPUs may not. */
  readonly lsrIdleMilliCpu: Float64Array;
  /** Share of exclusively owned CPUs that is busy. */
  readonly exclusiveBusy: Float64Array;
  /** 1 = the limit of best effort fell below what it had: until the node's loop acts, services see it as it was. */
  readonly cutLate: Uint8Array;
  /** [hosts with cutLate] */
  readonly cutLateHosts: Int32Array;
  /** As latencyRows, with best effort as it was before it was cut; for hosts with cutLate. */
  readonly looseRows: Float64Array;
  readonly busy: Float64Array;
  /** Late requests of the window. */
  readonly lateRequests: Float64Array;
}

/** Columns for `hosts` hosts and `classes` latency classes. */
export function createHostWindow(hosts: number, classes: number): HostWindow {
  const f = () => new Float64Array(hosts);
  return {
    onlineMilliCpu: f(),
    onlineVariance: f(),
    onlineGrantedMilliCpu: f(),
    bestEffortMilliCpu: f(),
    bestEffortShare: f().fill(1),
    bestEffortSpeed: f().fill(1),
    headroomMilliCpu: f(),
    slowdown: new Float64Array(hosts * classes).fill(1),
    latencyRows: new Float64Array(hosts * classes * LATENCY_COLUMNS),
    aloneRows: new Float64Array(hosts * classes * ALONE_COLUMNS),
    headroomAloneMilliCpu: f(),
    closedMilliCpu: f(),
    lsrIdleMilliCpu: f(),
    exclusiveBusy: f(),
    cutLate: new Uint8Array(hosts),
    cutLateHosts: new Int32Array(1),
    looseRows: new Float64Array(hosts * classes * LATENCY_COLUMNS),
    busy: f(),
    lateRequests: f(),
  };
}

/** Constants of a run for this pass. */
export interface HostModel {
  readonly parameters: Parameters;
  readonly isolation: IsolationModel;
  readonly latency: LatencyClassTable;
  readonly pressure: PressureClassTable;
  /** Row a host. */
  readonly threadsPerCore: Float64Array;
  readonly bandwidthGbPerSecond: Float64Array;

  readonly classCount: number;
  readonly capacityMilliCpu: Float64Array;
}

const demand = new Float64Array(3);
const weight = new Float64Array(3);
const granted = new Float64Array(3);
const scratch = new Int32Array(3);

/**
 * Splits every host's CPU and works out contention for the window.
 *
 * `beLimitMilliCpu` is what quota or cpuset leave to best effort; `beLossMilliCpu` what the one-second ramp of the suppress loop
 * costs it on average when the limit binds. Both in milli-CPU, row a host. `withCuts`: also mark hosts whose best effort is cut, and keep
 * what services see until then.
 */
export function sweepHosts(
  hosts: HostTable,
  model: HostModel,
  beLimitMilliCpu: Float64Array,
  beLossMilliCpu: Float64Array,
  withCuts: boolean,
  out: HostWindow,
): void {
  const { isolation, classCount } = model;
  out.cutLateHosts[0] = 0;
  for (let host = 0; host < hosts.count; host++) {
    const cpu = hosts.capacityMilliCpu[host];
    out.cutLate[host] = 0;
    if (hosts.up[host] === 0) {
      clearHost(out, host, classCount);
      continue;
    }
    const system = hosts.systemMilliCpu[host];
    const onlineRequest = hosts.allocatedMilliCpu[host] - hosts.beNativeMilliCpu[host];
    const online = out.onlineMilliCpu[host];
    const want = hosts.beDemandMilliCpu[host];
    const cpus = cpu / 1000;
    const onlineBusy = (online + system) / cpu;
    const eligible = 1000 * bestEffortCapacity(isolation, cpus, model.threadsPerCore[host], onlineBusy, want / 1000);
    const limit = beLimitMilliCpu[host];
    let allowed = want < eligible ? want : eligible;
    const had = out.bestEffortMilliCpu[host] < allowed ? out.bestEffortMilliCpu[host] : allowed;
    if (allowed > limit - beLossMilliCpu[host]) {
      const limited = limit - beLossMilliCpu[host];
      allowed = limited > 0 ? limited : 0;
    }
    const open = cpu - out.closedMilliCpu[host];
    const lsrIdle = out.lsrIdleMilliCpu[host];
    // Services cannot go where idle CPUs belong to LSR pods.
    const asked = lsrIdle > 0 ? atMost(online, open - lsrIdle - system) : online;
    let onlineGranted = asked;
    let best = allowed;
    if (asked + system + allowed > open) {
      if (isolation.level <= ISOLATION.S) {
        demand[0] = asked;
        demand[1] = system;
        demand[2] = allowed;
        weight[0] = onlineRequest + 1;
        weight[1] = 2000;
        weight[2] = isolation.level === ISOLATION.E ? hosts.beRunningRequestMilliCpu[host] + 1 : 2;
        fill(open, demand, weight, 0, 3, scratch, granted);
        onlineGranted = granted[0];
        best = granted[2];
      } else {
        onlineGranted = atMost(asked, open - system);
        best = open - system - onlineGranted;
        if (best > allowed) best = allowed;
      }
    }
    out.onlineGrantedMilliCpu[host] = onlineGranted;
    out.bestEffortMilliCpu[host] = best;
    out.bestEffortShare[host] = want > 0 ? best / want : 1;
    out.busy[host] = (onlineGranted + system + best) / cpu;
    const share = marginalShare(isolation, onlineRequest + 1, hosts.beRunningRequestMilliCpu[host] + 1);
    setHeadroom(out, host, open - system - onlineGranted, lsrIdle, best, share);
    if (withCuts && had > allowed && had - best >= LEAST_CUT * cpu)
      contendLoose(hosts, model, host, onlineGranted, system, had, want, out);
    contend(hosts, model, host, (onlineGranted + system) / cpu, best / cpu, best, want, out);
  }
}

function atMost(value: number, most: number): number {
  return value < most ? value : most > 0 ? most : 0;
}

/**
 * CPU that services on shared CPUs could get beyond what they use. `free` = what services and system leave of the CPUs open to best effort, `best` of
 * it taken by best effort, of which a part `share` is given back. Idle CPUs of LSR pods are none of theirs; best effort lies on both in proportion.
 */
function setHeadroom(out: HostWindow, host: number, free: number, lsrIdle: number, best: number, share: number): void {
  if (lsrIdle <= 0) {
    out.headroomMilliCpu[host] = free - best + best * share;
    out.headroomAloneMilliCpu[host] = free;
    return;
  }
  const shared = free > lsrIdle ? free - lsrIdle : 0;
  const bestShared = free > 0 ? (best * shared) / free : 0;
  out.headroomMilliCpu[host] = shared - bestShared + bestShared * share;
  out.headroomAloneMilliCpu[host] = shared;
}

/** A cut below this share of the host is noise of the demand, not a step. */
const LEAST_CUT = 0.005;

/** Slowdowns of one host beside the `had` milli-CPU that best effort ran on until it was cut; keeps what the latency pass reads. */
function contendLoose(
  hosts: HostTable,
  model: HostModel,
  host: number,
  onlineGranted: number,
  system: number,
  had: number,
  want: number,
  out: HostWindow,
): void {
  const cpu = hosts.capacityMilliCpu[host];
  const room = cpu - out.closedMilliCpu[host] - system - onlineGranted;
  // What the split leaves when services ask for more than is free; weights matter in neither case, shares are nearly nothing.
  const best = had < room ? had : room > 0 ? room : 0;
  const headroom = out.headroomMilliCpu[host];
  const headroomAlone = out.headroomAloneMilliCpu[host];
  const onlineRequest = hosts.allocatedMilliCpu[host] - hosts.beNativeMilliCpu[host];
  const share = marginalShare(model.isolation, onlineRequest + 1, hosts.beRunningRequestMilliCpu[host] + 1);
  setHeadroom(out, host, room, out.lsrIdleMilliCpu[host], best, share);
  contend(hosts, model, host, (onlineGranted + system) / cpu, best / cpu, best, want, out);
  const columns = model.classCount * LATENCY_COLUMNS;
  for (let at = host * columns; at < (host + 1) * columns; at++) out.looseRows[at] = out.latencyRows[at];
  out.headroomMilliCpu[host] = headroom;
  out.headroomAloneMilliCpu[host] = headroomAlone;
  out.cutLate[host] = 1;
  out.cutLateHosts[0]++;
}

/** Slowdowns of one host, with best effort and with it taken away. */
function contend(
  hosts: HostTable,
  model: HostModel,
  host: number,
  onlineBusy: number,
  beBusy: number,
  best: number,
  want: number,
  out: HostWindow,
): void {
  const { parameters: p, isolation, latency, pressure, classCount } = model;
  const cpus = hosts.capacityMilliCpu[host] / 1000;
  let bandwidth = 0;
  let llc = 0;
  let yieldBe = 0;
  if (best > 0) {
    const first = host * PRESSURE_CLASS_COUNT;
    const perDemand = best / want / 1000;
    for (let c = 0; c < PRESSURE_CLASS_COUNT; c++) {
      const used = hosts.beDemandByClass[first + c] * perDemand;
      bandwidth += used * pressure.bandwidthGbPerSecond[c];
      llc += used * pressure.llc[c];
      yieldBe += used * pressure.smtYield[c];
    }
    yieldBe /= best / 1000;
  }
  const smt = model.threadsPerCore[host] > 1;
  const yieldLs = p.smtYield;
  const smtFactor = smt
    ? kappaSmt(
        yieldBe > 0 ? yieldBe : yieldLs,
        yieldLs,
        siblingBestEffort(isolation, onlineBusy, beBusy),
        siblingLatencySensitive(isolation, onlineBusy, beBusy),
      )
    : 1;
  const smtAlone = smt ? kappaSmt(yieldLs, yieldLs, 0, siblingLatencySensitive(isolation, onlineBusy, 0)) : 1;
  const occupancy = llcOccupancy(llc, cpus, p.llcWayProtection);
  const excess = memLatencyExcess(
    bandwidth * p.memThrottle,
    model.bandwidthGbPerSecond[host],
    p.memLatencyCurve,
    p.memBandwidthCap,
  );
  const busyPhysical = onlineBusy + beBusy;
  const frequency = kappaFrequency(busyPhysical < 1 ? busyPhysical : 1, p.turboLoss, p.turboFreeUse);
  const frequencyAlone = kappaFrequency(onlineBusy < 1 ? onlineBusy : 1, p.turboLoss, p.turboFreeUse);
  const delayedShare = isolation.waitSlope * beBusy;
  const { latencyRows: rows, aloneRows } = out;
  const vm = isolation.kata === null ? 1 : isolation.kata.lsSlowdown;
  const at = host * classCount;
  const alone = smtAlone * frequencyAlone * vm;
  const placeAlone = kappaPlace(alone);
  const classes = latency.llc.length;
  // A thread on exclusive CPUs has only those of its own kind for siblings.
  const smtExclusive = smt && classCount > classes ? kappaSmt(yieldLs, yieldLs, 0, out.exclusiveBusy[host]) : 1;
  for (let c = 0; c < classCount; c++) {
    const isExclusive = c >= classes;
    const ofClass = isExclusive ? c - classes : c;
    const { llc: llcOf, mem: memOf } = latency;
    const factor = isExclusive ? smtExclusive : smtFactor;
    const kappa = kappaOfClass(llcOf[ofClass], memOf[ofClass], factor, occupancy, excess, frequency, vm);
    const kappaAlone = isExclusive ? smtExclusive * frequencyAlone * vm : alone;
    out.slowdown[at + c] = kappa;
    const row = (at + c) * LATENCY_COLUMNS;
    rows[row + LATENCY_ROW.speed] = 1 / kappa;
    rows[row + LATENCY_ROW.place] = kappaPlace(kappa);
    rows[row + LATENCY_ROW.headroomMilliCpu] = out.headroomMilliCpu[host];
    rows[row + LATENCY_ROW.delayedShare] = isExclusive ? 0 : delayedShare;
    const rowAlone = (at + c) * ALONE_COLUMNS;
    aloneRows[rowAlone + ALONE_ROW.overBeside] = kappaAlone / kappa;
    aloneRows[rowAlone + ALONE_ROW.place] = isExclusive ? kappaPlace(kappaAlone) : placeAlone;
    aloneRows[rowAlone + ALONE_ROW.headroomMilliCpu] = out.headroomAloneMilliCpu[host];
  }
  const freeThreads = 1 - busyCoreFraction(isolation.coreAware, onlineBusy < 1 ? onlineBusy : 1);
  const sibling = smt ? bestEffortSiblingBusy(isolation.level <= ISOLATION.S, onlineBusy, beBusy, freeThreads) : 0;
  // Best effort stalls on memory as the pressure class that weighs most does: its own cache and latency terms are those of the
  // search class, the most memory-bound of the table.
  const search = classes - 1;
  const vmBe = isolation.kata === null ? 1 : isolation.kata.beSlowdown;
  const kappaMem = 1 + latency.mem[search] * excess;
  const { beOverhead } = p;
  out.bestEffortSpeed[host] =
    bestEffortSpeed(sibling, yieldBe > 0 ? yieldBe : yieldLs, 1, kappaMem, vmBe, beOverhead) / frequency;
}

function clearHost(out: HostWindow, host: number, classCount: number): void {
  out.onlineGrantedMilliCpu[host] = 0;
  out.bestEffortMilliCpu[host] = 0;
  out.bestEffortShare[host] = 1;
  out.bestEffortSpeed[host] = 1;
  out.headroomMilliCpu[host] = 0;
  out.headroomAloneMilliCpu[host] = 0;
  out.busy[host] = 0;
  out.slowdown.fill(1, host * classCount, (host + 1) * classCount);
  // A host that is down runs no pod, so nobody reads its latency rows.
}

/**
 * Replay of tasks made of fragments (a demand for a time, one after another) on hosts they share.
 *
 * The queue is first come, first served by first fit. `progress: 'no-delay'`: a fragment lasts as long as the trace says, whatever CPU it
 * gets. `'perfect'`: it lasts until its work, demand x time, is done. A host that fails loses its tasks, which start over (no checkpoint); it
 * draws idle power while it is down. Events of one millisecond: samples first, then ends of fragments, failures, arrivals, placement.
 */
import { ConfigError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU } from '../../policies/base/units.ts';
import { firstFit } from '../../policies/packing/vm/first-fit.ts';
import { CHANGE, type Cluster, finish, loseAttempt, release, setHostUp, submit } from '../../sim/cluster/apply.ts';
import { createHostTable } from '../../sim/cluster/hosts.ts';
import { createTaskTable, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { createDigest, digestText } from '../../sim/kernel/digest.ts';
import { HeapCalendar } from '../../sim/kernel/heap-calendar.ts';
import { PHASE } from '../../sim/kernel/phase.ts';
import { createVmQueue } from '../../sim/planes/batch/vm-placement.ts';
import { runCalendar } from './calendar-loop.ts';
import {
  createHostMeters,
  type HostMeters,
  joules,
  meterAll,
  meterHost,
  type ReplayHosts,
  shareHost,
} from './fragment-host.ts';

/** Tasks by submission; times in ms from the first. Fragments of task t: rows fragmentStart[t] .. fragmentStart[t + 1] - 1. */
export interface FragmentWorkload {
  readonly count: number;
  readonly startUnixMs: number;
  readonly submitMs: Float64Array;
  readonly cores: Int32Array;
  readonly memBytes: Float64Array;
  readonly fragmentStart: Int32Array;
  readonly fragmentMs: Float64Array;
  readonly fragmentMhz: Float64Array;
  /** Tasks that must be done first: rows parentStart[t] .. parentStart[t + 1] - 1 of parents. */
  readonly parentStart: Int32Array;
  readonly parents: Int32Array;
}

/** The n-th failure begins intervalMs after the one before has ended. */
export interface HostFailure {
  readonly intervalMs: number;
  readonly durationMs: number;
  /** Share of hosts that fail, in row order. */
  readonly intensity: number;
}

/** Carbon intensity as steps, times in ms from the first submission. */
export interface CarbonSteps {
  readonly atMs: Float64Array;
  readonly gramsPerKwh: Float64Array;
}

export interface ReplayOptions {
  readonly progress: 'no-delay' | 'perfect';
  readonly failures: readonly HostFailure[];
  readonly carbon: CarbonSteps | null;
  /** Period of utilisation samples. */
  readonly sampleMs: number;
  /** Times at which every task's CPU is noted. */
  readonly probesMs: readonly number[];
}

export interface ReplayResult {
  readonly completed: number;
  readonly makespanMs: number;
  readonly energyJ: number;
  /** NaN without carbon steps. */
  readonly carbonGrams: number;
  /** Over hosts and time. */
  readonly meanUse: number;
  /** Mean over samples, taken just before each period ends and once at the end. */
  readonly sampledUse: number;
  /** Sum over hosts of utilisation x time. */
  readonly activeMs: number;
  readonly meanWaitMs: number;
  /** CPU of every task in MHz, row a probe. */
  readonly probes: readonly (readonly number[])[];
  readonly events: number;
  readonly digest: string;
}

const EVENT = { sample: 1, carbon: 2, fragmentEnd: 3, fail: 4, repair: 5, arrive: 6, place: 7, probe: 8 } as const;

interface Replay {
  readonly workload: FragmentWorkload;
  readonly options: ReplayOptions;
  readonly cluster: Cluster;
  readonly calendar: HeapCalendar;
  readonly meters: HostMeters;
  readonly queue: ReturnType<typeof createVmQueue>;
  readonly cursor: Int32Array;
  /** When the fragment under way ends; an event at another time is stale. */
  readonly dueMs: Float64Array;
  /** Work left in the fragment, MHz x ms, and up to when it is booked; only for `perfect`. */
  readonly leftWork: Float64Array;
  readonly bookedAtMs: Float64Array;
  readonly openParents: Int32Array;
  readonly children: readonly (readonly number[])[];
  placeAtMs: number;
  completed: number;
  makespanMs: number;
  waitMs: number;
  samples: number;
  sampledUse: number;
  carbonGrams: number;
  carbonJoules: number;
  carbonStep: number;
}

/** Runs the workload to its last completion. Throws ConfigError when a task fits no host or waits for itself. */
export function replayFragments(workload: FragmentWorkload, hosts: ReplayHosts, options: ReplayOptions): ReplayResult {
  const replay = createReplay(workload, hosts, options);
  const { calendar, meters } = replay;
  scheduleAll(replay);
  const probes: number[][] = [];
  const events = runCalendar(calendar, (kind, payload, nowMs) => {
    if (kind === EVENT.fragmentEnd) endFragment(replay, payload, nowMs);
    else if (kind === EVENT.probe) probes.push(Array.from(meters.grantMhz));
    else if (replay.completed < workload.count) handle(replay, kind, payload, nowMs);
  });
  if (replay.completed < workload.count)
    throw new ConfigError(
      `${workload.count - replay.completed} of ${workload.count} tasks never start; are they parents of one another?`,
    );
  meterAll(meters, replay.makespanMs);
  bookCarbon(replay);
  const hostMs = hosts.count * replay.makespanMs;
  const activeMs = meters.useMs.reduce((sum, ms) => sum + ms, 0);
  return {
    completed: replay.completed,
    makespanMs: replay.makespanMs,
    energyJ: joules(meters),
    carbonGrams: options.carbon === null ? Number.NaN : replay.carbonGrams,
    meanUse: activeMs / hostMs,
    sampledUse: replay.sampledUse / replay.samples,
    activeMs,
    meanWaitMs: replay.waitMs / workload.count,
    probes,
    events,
    digest: digestText(replay.cluster.digest),
  };
}

function checkFits(workload: FragmentWorkload, hosts: ReplayHosts): void {
  const fits = (row: number, host: number) =>
    workload.cores[row] <= hosts.cores[host] && workload.memBytes[row] <= hosts.memBytes[host];
  for (let row = 0; row < workload.count; row++) {
    let host = 0;
    while (host < hosts.count && !fits(row, host)) host++;
    if (host === hosts.count)
      throw new ConfigError(
        `task ${row} (by submission) wants ${workload.cores[row]} cores and ${workload.memBytes[row]} bytes; none of ${hosts.count} hosts has as much`,
      );
  }
}

function createReplay(workload: FragmentWorkload, hosts: ReplayHosts, options: ReplayOptions): Replay {
  const { count } = workload;
  checkFits(workload, hosts);
  const table = createHostTable(hosts.count);
  for (let host = 0; host < hosts.count; host++) {
    table.capacityMilliCpu[host] = table.soldMilliCpu[host] = hosts.cores[host] * MILLI_PER_CPU;
    table.capacityMemBytes[host] = table.soldMemBytes[host] = hosts.memBytes[host];
  }
  const tasks = createTaskTable(count, 0);
  const children: number[][] = Array.from({ length: count }, () => []);
  const openParents = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.id[row] = row;
    tasks.requestMilliCpu[row] = workload.cores[row] * MILLI_PER_CPU;
    tasks.requestMemBytes[row] = workload.memBytes[row];
    openParents[row] = workload.parentStart[row + 1] - workload.parentStart[row];
    for (let p = workload.parentStart[row]; p < workload.parentStart[row + 1]; p++)
      children[workload.parents[p]].push(row);
  }
  const cluster: Cluster = { hosts: table, tasks, digest: createDigest(0), sink: null };
  return {
    workload,
    options,
    cluster,
    calendar: new HeapCalendar(1024),
    meters: createHostMeters(hosts, count),
    queue: createVmQueue(cluster, { policy: firstFit, order: 'strict', cpuUnitMilli: 1, memUnitBytes: 1 }),
    cursor: new Int32Array(count),
    dueMs: new Float64Array(count).fill(-1),
    leftWork: new Float64Array(count),
    bookedAtMs: new Float64Array(count),
    openParents,
    children,
    placeAtMs: -1,
    completed: 0,
    makespanMs: 0,
    waitMs: 0,
    samples: 0,
    sampledUse: 0,
    carbonGrams: 0,
    carbonJoules: 0,
    carbonStep: 0,
  };
}

function scheduleAll(replay: Replay): void {
  const { workload, options, calendar } = replay;
  for (let row = 0; row < workload.count; row++)
    calendar.push(workload.submitMs[row], PHASE.arrive, row, EVENT.arrive, row);
  calendar.push(options.sampleMs, PHASE.finish, 0, EVENT.sample, 0);
  for (const atMs of options.probesMs) calendar.push(atMs, PHASE.record, 0, EVENT.probe, 0);
  let atMs = 0;
  options.failures.forEach((failure, index) => {
    calendar.push(atMs + failure.intervalMs, PHASE.fail, 0, EVENT.fail, index);
    atMs += failure.intervalMs + failure.durationMs;
    calendar.push(atMs, PHASE.fail, 1, EVENT.repair, index);
  });
  const { carbon } = options;
  if (carbon === null) return;
  while (replay.carbonStep + 1 < carbon.atMs.length && carbon.atMs[replay.carbonStep + 1] <= 0) replay.carbonStep++;
  pushCarbonStep(replay);
}

function pushCarbonStep(replay: Replay): void {
  const next = replay.carbonStep + 1;
  const { carbon } = replay.options;
  if (carbon !== null && next < carbon.atMs.length)
    replay.calendar.push(carbon.atMs[next], PHASE.finish, 0, EVENT.carbon, next);
}

/** Energy since the last step at the intensity of that step. */
function bookCarbon(replay: Replay): void {
  const { carbon } = replay.options;
  if (carbon === null) return;
  const total = joules(replay.meters);
  replay.carbonGrams += ((total - replay.carbonJoules) / 3_600_000) * carbon.gramsPerKwh[replay.carbonStep];
  replay.carbonJoules = total;
}

function handle(replay: Replay, kind: number, payload: number, nowMs: number): void {
  const { calendar, cluster, meters, options, queue } = replay;
  if (kind === EVENT.sample) {
    takeSample(replay);
    // With nothing but the next carbon step to come, no task will ever run again.
    if (calendar.size > (options.carbon === null ? 0 : 1))
      calendar.push(nowMs + options.sampleMs, PHASE.finish, 0, EVENT.sample, 0);
  } else if (kind === EVENT.carbon) {
    meterAll(meters, nowMs);
    bookCarbon(replay);
    replay.carbonStep = payload;
    pushCarbonStep(replay);
  } else if (kind === EVENT.arrive) {
    const held = replay.openParents[payload] > 0;
    submit(cluster, payload, nowMs, held);
    if (!held) becomePending(replay, payload, nowMs);
  } else if (kind === EVENT.place) {
    queue.pass(nowMs, (row, host) => {
      replay.waitMs += nowMs - cluster.tasks.readyAtMs[row];
      replay.cursor[row] = replay.workload.fragmentStart[row];
      beginFragment(replay, row, nowMs);
      share(replay, host, nowMs);
    });
  } else if (kind === EVENT.fail || kind === EVENT.repair) {
    const victims = Math.round(options.failures[payload].intensity * meters.hosts.count);
    for (let host = 0; host < victims; host++) {
      if (kind === EVENT.fail) failHost(replay, host, nowMs);
      else setHostUp(cluster, host, true, nowMs);
    }
    wantPlacement(replay, nowMs);
  }
}

function takeSample(replay: Replay): void {
  const { use, hosts } = replay.meters;
  let sum = 0;
  for (let host = 0; host < hosts.count; host++) sum += use[host];
  replay.sampledUse += sum / hosts.count;
  replay.samples++;
}

function wantPlacement(replay: Replay, nowMs: number): void {
  if (replay.placeAtMs === nowMs) return;
  replay.placeAtMs = nowMs;
  replay.calendar.push(nowMs, PHASE.place, 0, EVENT.place, 0);
}

function becomePending(replay: Replay, row: number, nowMs: number): void {
  replay.queue.onPending(row);
  wantPlacement(replay, nowMs);
}

function failHost(replay: Replay, host: number, nowMs: number): void {
  const { cluster, meters } = replay;
  meterHost(meters, host, nowMs);
  while (cluster.hosts.firstTask[host] >= 0) {
    const row = cluster.hosts.firstTask[host];
    loseAttempt(cluster, row, nowMs, CHANGE.fail, 0);
    replay.dueMs[row] = -1;
    meters.grantMhz[row] = 0;
    becomePending(replay, row, nowMs);
  }
  setHostUp(cluster, host, false, nowMs);
  shareHost(meters, cluster, host, nowMs);
}

/** Sets the demand of the fragment at the cursor and when it ends if nothing delays it. */
function beginFragment(replay: Replay, row: number, nowMs: number): void {
  const { workload, cursor, meters } = replay;
  const at = cursor[row];
  const mhz = workload.fragmentMhz[at];
  const ms = at < workload.fragmentStart[row + 1] ? workload.fragmentMs[at] : 0;
  meters.demandMhz[row] = at < workload.fragmentStart[row + 1] ? mhz : 0;
  replay.leftWork[row] = mhz * ms;
  replay.bookedAtMs[row] = nowMs;
  setDue(replay, row, nowMs + ms);
}

function setDue(replay: Replay, row: number, dueMs: number): void {
  if (replay.dueMs[row] === dueMs) return;
  replay.dueMs[row] = dueMs;
  // Entity 0 of the phase belongs to samples.
  replay.calendar.push(dueMs, PHASE.finish, row + 1, EVENT.fragmentEnd, row);
}

/** Shares a host and, where progress depends on it, moves the ends of fragments. */
function share(replay: Replay, host: number, nowMs: number): void {
  const { meters, cluster, leftWork, bookedAtMs } = replay;
  if (replay.options.progress === 'perfect') {
    for (let row = cluster.hosts.firstTask[host]; row >= 0; row = cluster.tasks.nextOnHost[row]) {
      leftWork[row] -= meters.grantMhz[row] * (nowMs - bookedAtMs[row]);
      bookedAtMs[row] = nowMs;
    }
  }
  const n = shareHost(meters, cluster, host, nowMs);
  if (replay.options.progress !== 'perfect') return;
  for (let i = 0; i < n; i++) {
    const row = meters.rows[i];
    // A fragment without demand has no work; it lasts its time.
    if (meters.grantMhz[row] > 0)
      setDue(replay, row, nowMs + Math.max(0, Math.ceil(leftWork[row] / meters.grantMhz[row] - 1e-6)));
  }
}

function endFragment(replay: Replay, row: number, nowMs: number): void {
  const { cluster, cursor, workload, meters } = replay;
  const { tasks } = cluster;
  if (replay.dueMs[row] !== nowMs || tasks.state[row] !== TASK_STATE.running) return;
  replay.dueMs[row] = -1;
  const host = tasks.host[row];
  const next = cursor[row] + 1;
  if (next < workload.fragmentStart[row + 1]) {
    if (replay.options.progress === 'perfect') share(replay, host, nowMs);
    cursor[row] = next;
    beginFragment(replay, row, nowMs);
    share(replay, host, nowMs);
    return;
  }
  const last = replay.completed + 1 === workload.count;
  if (last) takeSample(replay);
  finish(cluster, row, nowMs);
  meters.grantMhz[row] = 0;
  meters.demandMhz[row] = 0;
  share(replay, host, nowMs);
  replay.completed++;
  replay.makespanMs = nowMs;
  for (const child of replay.children[row]) {
    if (--replay.openParents[child] > 0 || tasks.state[child] !== TASK_STATE.held) continue;
    release(cluster, child, nowMs);
    becomePending(replay, child, nowMs);
  }
  if (replay.queue.waiting > 0) wantPlacement(replay, nowMs);
}

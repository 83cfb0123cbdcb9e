/**
 * Replay of tasks made of fragments (a demand for a time, one after another) on hosts they share.
 *
 * The queue is first come, first served by first fit. `progress: 'no-delay'`: a fragment lasts as long as the trace says, whatever CPU it
 * gets. `'perfect'`: it lasts until its work, demand x time, is done. A host that fails loses its tasks, which start over (no checkpoint); it
 * draws idle power while it is down. Everything that ends, fails and arrives in one millisecond comes before placement.
 *
 * This is the engine with a batch control plane and physics at events: the plan says so, and nothing here keeps time.
 */
import { ConfigError } from '../../policies/base/assert.ts';
import { BYTES_PER_GIB, MILLI_PER_CPU, MS_PER_HOUR } from '../../policies/base/units.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { type CarbonSteps, joulesAt } from '../../sim/engine/event-physics.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { POWER_MODEL_NAMES } from '../../sim/host/power-models.ts';
import { digestText } from '../../sim/kernel/digest.ts';
import type { HostShapePlan, OutagePlan } from '../../sim/plan/cluster.ts';
import type { Plan } from '../../sim/plan.ts';
import type { TaskDetails } from '../../traces/format.ts';
import { plainShape, planOf, runToEnd, startTable, type TaskList } from './table-run.ts';

/** Hosts of a replay, row a host. */
export interface ReplayHosts {
  readonly count: number;
  readonly cores: Int32Array;
  readonly coreMhz: Float64Array;
  readonly memBytes: Float64Array;
  readonly powerModel: Uint8Array;
  readonly idleWatts: Float64Array;
  readonly maxWatts: Float64Array;
}

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

/** Runs the workload to its last completion. Throws ConfigError when a task fits no host or waits for itself. */
export function replayFragments(workload: FragmentWorkload, hosts: ReplayHosts, options: ReplayOptions): ReplayResult {
  checkFits(workload, hosts);
  const { count } = workload;
  // Use is counted in cores of the first host's speed.
  const baseMhz = hosts.coreMhz[0];
  const shapes = shapesOf(hosts, baseMhz);
  const tasks = taskListOf(workload);
  const details = detailsOf(workload, baseMhz);
  let probes: number[][] = [];
  const engine = runToEnd(
    horizonGuess(workload, hosts, options, tasks.durationMs),
    (horizonMs) =>
      startTable(replayPlan(shapes, options, horizonMs), tasks, {
        details,
        ...(options.carbon === null ? {} : { carbon: options.carbon }),
      }),
    (running) => {
      probes = options.probesMs.map((atMs) => {
        runUntil(running, atMs + 1);
        return grantsMhz(running, count, baseMhz);
      });
      if (running.endedAtMs < 0) runUntil(running, Infinity);
    },
  );
  const { exact, recorder, endedAtMs } = engine;
  if (exact === null) throw new ConfigError('a replay runs with physics at events');
  const sum = (column: Float64Array) => column.reduce((a, b) => a + b, 0);
  const energyJ = joulesAt(engine, exact, endedAtMs);
  const activeMs = sum(exact.useMs);
  return {
    completed: sum(recorder.batch.finished),
    makespanMs: endedAtMs,
    energyJ,
    carbonGrams: options.carbon === null ? Number.NaN : exact.carbonBooks[2],
    meanUse: activeMs / (hosts.count * endedAtMs),
    sampledUse: exact.samples[0] / exact.samples[1],
    activeMs,
    meanWaitMs: sum(recorder.batch.waitMsSum) / count,
    probes,
    events: engine.events,
    digest: digestText(engine.cluster.digest),
  };
}

/** The scenario of a replay, with upstream's rules as named options. */
function replayPlan(shapes: readonly HostShapePlan[], options: ReplayOptions, horizonMs: number): Plan {
  const hosts = shapes.reduce((sum, shape) => sum + shape.count, 0);
  return planOf({
    name: 'fragment-replay',
    horizonMs,
    windowMs: options.sampleMs,
    shapes,
    controlPlane: { hostSharing: 'shared', placement: 'first-fit', order: 'strict' },
    physics: { accounting: 'event', ...(options.progress === 'no-delay' ? { progress: 'no-delay' } : {}) },
    failures: { outages: outagesOf(options.failures, hosts) },
    endWhenDone: true,
  });
}

/** Outages of the first hosts, one failure after the other. */
function outagesOf(failures: readonly HostFailure[], hosts: number): OutagePlan[] {
  const outages: OutagePlan[] = [];
  let endMs = 0;
  for (const { intervalMs, durationMs, intensity } of failures) {
    const atMs = endMs + intervalMs;
    for (let host = 0; host < Math.round(intensity * hosts); host++) outages.push({ host, atMs, durationMs });
    endMs = atMs + durationMs;
  }
  return outages;
}

/** Like hosts next to each other are one shape, so that rows keep their order. */
function shapesOf(hosts: ReplayHosts, baseMhz: number): HostShapePlan[] {
  const shapes: HostShapePlan[] = [];
  for (let host = 0; host < hosts.count; host++) {
    const shape: HostShapePlan = {
      ...plainShape({
        name: `hosts-${shapes.length}`,
        count: 1,
        cpuCores: hosts.cores[host],
        // A host without memory to speak of takes tasks that ask for none.
        memGib: (hosts.memBytes[host] || BYTES_PER_GIB) / BYTES_PER_GIB,
      }),
      idleWatts: hosts.idleWatts[host],
      maxWatts: hosts.maxWatts[host],
      powerModel: POWER_MODEL_NAMES[hosts.powerModel[host]],
      coreSpeed: hosts.coreMhz[host] / baseMhz,
    };
    const last = shapes.at(-1);
    if (
      last !== undefined &&
      JSON.stringify({ ...last, count: 1, name: '' }) === JSON.stringify({ ...shape, name: '' })
    )
      shapes[shapes.length - 1] = { ...last, count: last.count + 1 };
    else shapes.push(shape);
  }
  return shapes;
}

function taskListOf(workload: FragmentWorkload): TaskList {
  const { count, fragmentStart, fragmentMs } = workload;
  const durationMs = new Float64Array(count);
  for (let task = 0; task < count; task++)
    for (let at = fragmentStart[task]; at < fragmentStart[task + 1]; at++) durationMs[task] += fragmentMs[at];
  const requestMilliCpu = workload.cores.map((cores) => cores * MILLI_PER_CPU);
  return {
    submitMs: workload.submitMs,
    durationMs: durationMs.map((ms) => Math.max(1, ms)),
    requestMilliCpu,
    requestMemBytes: workload.memBytes,
    demandMilliCpu: requestMilliCpu,
    usedMemBytes: workload.memBytes,
  };
}

function detailsOf(workload: FragmentWorkload, baseMhz: number): TaskDetails {
  return {
    use: {
      first: workload.fragmentStart,
      ms: workload.fragmentMs,
      milliCpu: workload.fragmentMhz.map((mhz) => (mhz / baseMhz) * MILLI_PER_CPU),
    },
    parents: { first: workload.parentStart, task: workload.parents },
  };
}

/** A horizon that most runs stay within: twice the work over the hosts, behind the last submission and failure. */
function horizonGuess(
  workload: FragmentWorkload,
  hosts: ReplayHosts,
  options: ReplayOptions,
  durationMs: ArrayLike<number>,
): number {
  let total = 0;
  let longest = 0;
  for (let task = 0; task < workload.count; task++) {
    total += durationMs[task];
    longest = Math.max(longest, durationMs[task]);
  }
  const failures = options.failures.reduce((sum, failure) => sum + failure.intervalMs + failure.durationMs, 0);
  const last = workload.count === 0 ? 0 : workload.submitMs[workload.count - 1];
  return last + (2 * total) / hosts.count + 2 * longest + Math.min(failures, last + total) + MS_PER_HOUR;
}

/** CPU of every task at this moment, by number; 0 where it does not run. */
function grantsMhz(engine: Engine, count: number, baseMhz: number): number[] {
  const { tasks } = engine.cluster;
  const out = new Array<number>(count).fill(0);
  for (let i = 0; i < tasks.runningCount; i++) {
    const row = tasks.runningRows[i];
    const milliCpu = engine.exact?.rows.grantMilliCpu[row] ?? 0;
    out[tasks.id[row] - tasks.firstBestEffort] = Math.round(milliCpu * baseMhz) / MILLI_PER_CPU;
  }
  return out;
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

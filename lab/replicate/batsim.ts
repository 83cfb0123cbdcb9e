/**
 * Batch scheduling of a Batsim workload: rigid jobs on identical machines, delay profiles, machines never switched off.
 *
 * The published start times have six decimals, so the scenario's clock ticks in microseconds (`ticksPerMs`). A job runs for its delay, or is killed
 * when its walltime has passed. This is the engine with a batch control plane; nothing here keeps time.
 */
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU, MS_PER_HOUR, MS_PER_SECOND } from '../../policies/base/units.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { joulesAt } from '../../sim/engine/event-physics.ts';
import { digestText } from '../../sim/kernel/digest.ts';
import type { BatchPlan } from '../../sim/plan/batch.ts';
import type { Plan } from '../../sim/plan.ts';
import { asId, asList, asNumber, asText, member, readJson } from '../../traces/import/json-access.ts';
import { plainShape, planOf, runToEnd, startTable } from './table-run.ts';

const TICKS_PER_SECOND = 1_000_000;

/** Jobs in order of (submission, id); times in microseconds. */
export interface BatsimWorkload {
  readonly machines: number;
  readonly ids: readonly string[];
  readonly submit: Float64Array;
  readonly width: Int32Array;
  readonly runtime: Float64Array;
  /** Infinity = no walltime. */
  readonly estimate: Float64Array;
  readonly killed: number;
}

export interface BatsimResult {
  readonly jobs: number;
  readonly start: Float64Array;
  readonly machines: readonly (readonly number[])[];
  readonly makespanS: number;
  readonly meanWaitS: number;
  readonly maxWaitS: number;
  readonly meanTurnaroundS: number;
  readonly maxTurnaroundS: number;
  readonly meanSlowdown: number;
  readonly maxSlowdown: number;
  readonly busyMachineS: number;
  readonly energyJ: number;
  readonly digest: string;
}

/** Reads a workload file; `machines` overrides its nb_res. Throws TraceError with the JSON path, ConfigError for too few machines. */
export async function readBatsim(path: string, machines?: number): Promise<BatsimWorkload> {
  const root = await readJson(path);
  const count = machines ?? asNumber(member(root, 'nb_res'));
  const profiles = member(root, 'profiles');
  const ticks = (seconds: number) => Math.round(seconds * TICKS_PER_SECOND);
  let killed = 0;
  const jobs = asList(member(root, 'jobs')).map((job) => {
    const profile = member(profiles, asText(member(job, 'profile')));
    if (asText(member(profile, 'type')) !== 'delay')
      throw new TraceError(
        `${profile.where} is not a delay profile; others depend on a platform and are not simulated`,
      );
    const wall = member(job, 'walltime');
    const wallSeconds = typeof wall.value === 'number' && wall.value >= 0 ? wall.value : Infinity;
    const delay = asNumber(member(profile, 'delay'));
    if (delay > wallSeconds) killed += 1;
    const width = asNumber(member(job, 'res'));
    if (!(Number.isInteger(width) && width >= 1)) throw new TraceError(`${job.where}.res is ${width}; at least 1`);
    if (width > count)
      throw new ConfigError(`${job.where} wants ${width} machines; there are ${count} (--machines, nb_res)`);
    return {
      id: asId(member(job, 'id')),
      submit: ticks(asNumber(member(job, 'subtime'))),
      width,
      runtime: ticks(Math.min(delay, wallSeconds)),
      estimate: wallSeconds === Infinity ? Infinity : ticks(wallSeconds),
    };
  });
  if (jobs.length === 0) throw new TraceError(`${path}: no job`);
  jobs.sort((a, b) => a.submit - b.submit || compareIds(a.id, b.id));
  return {
    machines: count,
    ids: jobs.map((job) => job.id),
    submit: Float64Array.from(jobs, (job) => job.submit),
    width: Int32Array.from(jobs, (job) => job.width),
    runtime: Float64Array.from(jobs, (job) => job.runtime),
    estimate: Float64Array.from(jobs, (job) => job.estimate),
    killed,
  };
}

/** Numbers by value, before other texts. */
function compareIds(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ticks of a microsecond in a ms. */
const TICKS_PER_MS = TICKS_PER_SECOND / MS_PER_SECOND;

/** Runs a workload under a backfilling policy; machines draw `watts` all the time, since delays do no work. */
export function runBatsim(workload: BatsimWorkload, policy: BatchPlan['backfill'], watts: number): BatsimResult {
  const { submit, width, runtime } = workload;
  const count = submit.length;
  const jobOfTask = Int32Array.from(Array.from(width).flatMap((n, job) => new Array<number>(n).fill(job)));
  const ofTask = (column: Float64Array) => Float64Array.from(jobOfTask, (job) => column[job] / TICKS_PER_MS);
  const start = new Float64Array(count).fill(Number.NaN);
  const machines: number[][] = Array.from({ length: count }, () => []);
  const tasks = {
    submitMs: ofTask(submit),
    durationMs: ofTask(runtime),
    requestMilliCpu: new Float64Array(jobOfTask.length).fill(MILLI_PER_CPU),
    job: jobOfTask,
  };
  const engine = runToEnd(horizonGuessMs(workload), (horizonMs) => {
    for (const list of machines) list.length = 0;
    return startTable(
      batsimPlan(workload.machines, policy, watts, horizonMs),
      tasks,
      { details: { estimateMs: ofTask(workload.estimate) } },
      () => (timeMs, change, taskId, host) => {
        if (change !== CHANGE.bind) return;
        const job = jobOfTask[taskId];
        start[job] = Math.round(timeMs * TICKS_PER_MS);
        machines[job].push(host);
      },
    );
  });
  const seconds = (ticks: number) => ticks / TICKS_PER_SECOND;
  const wait = start.map((at, job) => at - submit[job]);
  const turnaround = wait.map((ticks, job) => ticks + runtime[job]);
  const slowdown = turnaround.map((ticks, job) => (runtime[job] > 0 ? ticks / runtime[job] : 1));
  const mean = (column: Float64Array) => column.reduce((sum, x) => sum + x, 0) / count;
  const largest = (column: Float64Array) => column.reduce((a, b) => Math.max(a, b), 0);
  return {
    jobs: count,
    start,
    machines,
    makespanS: engine.endedAtMs / MS_PER_SECOND,
    meanWaitS: seconds(mean(wait)),
    maxWaitS: seconds(largest(wait)),
    meanTurnaroundS: seconds(mean(turnaround)),
    maxTurnaroundS: seconds(largest(turnaround)),
    meanSlowdown: mean(slowdown),
    maxSlowdown: largest(slowdown),
    busyMachineS: seconds(runtime.reduce((sum, ticks, job) => sum + ticks * width[job], 0)),
    energyJ: engine.exact === null ? Number.NaN : joulesAt(engine, engine.exact, engine.endedAtMs),
    digest: digestText(engine.cluster.digest),
  };
}

/** The scenario: whole machines, time in microseconds, and machines that draw the same whatever they do. */
function batsimPlan(machines: number, policy: BatchPlan['backfill'], watts: number, horizonMs: number): Plan {
  const machine = plainShape({ name: 'machine', count: machines, cpuCores: 1, memGib: 1 });
  return planOf({
    name: 'batsim',
    horizonMs,
    windowMs: MS_PER_HOUR,
    shapes: [{ ...machine, idleWatts: watts, maxWatts: watts }],
    controlPlane: { hostSharing: 'whole-host', backfill: policy },
    physics: { accounting: 'event', progress: 'no-delay' },
    ticksPerMs: TICKS_PER_MS,
    endWhenDone: true,
  });
}

/** A horizon that most workloads end within: twice the work over the machines behind the last submission. */
function horizonGuessMs({ machines, submit, width, runtime }: BatsimWorkload): number {
  let work = 0;
  let last = 0;
  let longest = 0;
  for (let job = 0; job < submit.length; job++) {
    work += width[job] * runtime[job];
    last = Math.max(last, submit[job]);
    longest = Math.max(longest, runtime[job]);
  }
  return (last + (2 * work) / machines + 2 * longest) / TICKS_PER_MS + MS_PER_HOUR;
}

/** `id,start in seconds,machines` per job by id, machines as Batsim writes them: `0 4-6`. */
export function startLines(workload: BatsimWorkload, result: BatsimResult): string[] {
  const order = workload.ids.map((_, job) => job).sort((a, b) => compareIds(workload.ids[a], workload.ids[b]));
  return order.map(
    (job) =>
      `${workload.ids[job]},${(result.start[job] / TICKS_PER_SECOND).toFixed(6)},${machineText(result.machines[job])}`,
  );
}

/** Ascending machine numbers with runs as `a-b`, separated by blanks. */
export function machineText(machines: readonly number[]): string {
  const sorted = [...machines].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end++;
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(' ');
}

/**
 * Batch scheduling of a Batsim workload: rigid jobs on identical machines, delay profiles, machines never switched off.
 *
 * Time is counted in microseconds, because the published start times have six decimals: one tick of the calendar and of every time column
 * is 1 us in this replay. A job runs for its delay, or is killed when its walltime has passed.
 */

import type { BackfillPolicy } from '../../policies/backfill/batch-queue.ts';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU } from '../../policies/base/units.ts';
import type { Cluster } from '../../sim/cluster/apply.ts';
import { createHostTable } from '../../sim/cluster/hosts.ts';
import { createTaskTable, TASK_KIND } from '../../sim/cluster/tasks.ts';
import { createDigest, digestText } from '../../sim/kernel/digest.ts';
import { HeapCalendar } from '../../sim/kernel/heap-calendar.ts';
import { PHASE } from '../../sim/kernel/phase.ts';
import { createRigidPlane, type RigidJobs } from '../../sim/planes/batch/rigid-jobs.ts';
import { asId, asList, asNumber, asText, member, readJson } from '../../traces/import/json-access.ts';
import { runCalendar } from './calendar-loop.ts';

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

const EVENT = { finish: 1, arrive: 2, pass: 3 } as const;

/** Runs a workload under a policy; machines draw `watts` all the time, since delays do no work. */
export function runBatsim(workload: BatsimWorkload, policy: BackfillPolicy, watts: number): BatsimResult {
  const { submit, width, runtime } = workload;
  const count = submit.length;
  const cluster = buildCluster(workload);
  const firstTask = new Int32Array(count);
  for (let job = 1; job < count; job++) firstTask[job] = firstTask[job - 1] + width[job - 1];
  const jobs: RigidJobs = { count, firstTask, width, estimate: workload.estimate };
  const plane = createRigidPlane(cluster, jobs, policy);
  const start = new Float64Array(count).fill(Number.NaN);
  const machines: number[][] = Array.from({ length: count }, () => []);
  const calendar = new HeapCalendar(2 * count);
  for (let job = 0; job < count; job++) calendar.push(submit[job], PHASE.arrive, job, EVENT.arrive, job);
  let passAt = -1;
  let makespan = 0;
  runCalendar(calendar, (kind, job, now) => {
    if (kind === EVENT.pass) {
      plane.pass(now, (started) => {
        start[started] = now;
        for (let i = 0; i < width[started]; i++) machines[started].push(cluster.tasks.host[firstTask[started] + i]);
        calendar.push(now + runtime[started], PHASE.finish, started, EVENT.finish, started);
      });
      return;
    }
    if (kind === EVENT.arrive) plane.submitJob(job, now);
    else {
      plane.finishJob(job, now);
      makespan = now;
    }
    if (passAt !== now) calendar.push(now, PHASE.place, 0, EVENT.pass, 0);
    passAt = now;
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
    makespanS: seconds(makespan),
    meanWaitS: seconds(mean(wait)),
    maxWaitS: seconds(largest(wait)),
    meanTurnaroundS: seconds(mean(turnaround)),
    maxTurnaroundS: seconds(largest(turnaround)),
    meanSlowdown: mean(slowdown),
    maxSlowdown: largest(slowdown),
    busyMachineS: seconds(runtime.reduce((sum, ticks, job) => sum + ticks * width[job], 0)),
    energyJ: watts * workload.machines * seconds(makespan),
    digest: digestText(cluster.digest),
  };
}

/** One host a machine; of every job one task a machine, asking for all of it. */
function buildCluster(workload: BatsimWorkload): Cluster {
  const hosts = createHostTable(workload.machines);
  hosts.capacityMilliCpu.fill(MILLI_PER_CPU);
  hosts.soldMilliCpu.fill(MILLI_PER_CPU, 0, workload.machines);
  const rows = workload.width.reduce((sum, n) => sum + n, 0);
  const tasks = createTaskTable(rows, 0);
  let row = 0;
  workload.width.forEach((n, job) => {
    for (let i = 0; i < n; i++, row++) {
      tasks.kind[row] = TASK_KIND.bestEffort;
      tasks.id[row] = row;
      tasks.job[row] = job;
      tasks.requestMilliCpu[row] = MILLI_PER_CPU;
    }
  });
  return { hosts, tasks, digest: createDigest(0), sink: null };
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

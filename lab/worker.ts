/** The module a worker thread loads: runs one plan a job. Imports nothing that a simulation does not need. */
import { workerData } from 'node:worker_threads';
import { assert } from '../policies/base/assert.ts';
import type { RunIdentity } from '../sim/engine/results.ts';
import type { ProgressReport } from '../sim/engine/run.ts';
import type { Plan } from '../sim/plan.ts';
import { type RunHours, runHoursOf } from '../sim/results/run-hours.ts';
import type { Manifest, RunResults, RunSummary } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import { type ForkBase, openFork, runFork } from './fork.ts';
import { prepare, type RunOptions, runPlan } from './run-plan.ts';
import { serveJobs } from './serve-jobs.ts';
import { shareSurfaces } from './shared-surfaces.ts';

/** One run. With `tables` everything comes back, without it only what a table over many runs needs. */
export interface RunJob {
  readonly plan: Plan;
  readonly identity: RunIdentity;
  readonly notes: readonly string[];
  readonly tables: boolean;
  /** Snapshot file that the run goes on from; absent = from the start. */
  readonly fork?: string;
}

/** Data every worker of a pool starts with. */
export interface RunWorkerData {
  readonly replayed?: OnlineServices;
  /** The thread will make many runs: it sets up its first one twice. */
  readonly rehearse?: boolean;
}

export interface RunAnswer {
  readonly manifest: Manifest;
  readonly summary: RunSummary;
  readonly results: RunResults | null;
  /** The run hour by hour; null where its tables come back. */
  readonly hours: RunHours | null;
}

const { replayed, rehearse = false } = (workerData ?? {}) as RunWorkerData;

/** The snapshot of the last fork: a sweep asks for many forks of one. */
let opened: { readonly path: string; readonly base: ForkBase } | null = null;

function baseOf(path: string): ForkBase {
  if (opened?.path !== path) opened = { path, base: openFork(path, replayed) };
  return opened.base;
}

/** Runs of one scenario ask for the same latency surfaces, on whichever thread. */
const surfaces = shareSurfaces('tidemark/latency-surfaces');

/** The run in hand; one function reports for all of them, so that the loop that calls it is compiled once. */
let report: (done0to1: number) => void = () => {};
let horizonMs = 0;
const onHour: ProgressReport = (simulatedMs) => {
  report(simulatedMs / horizonMs);
  return true;
};

/**
 * V8 learns what kind of values an object literal holds from its first evaluation and forgets it at the second; code compiled between
 * the two is dropped and compiled again. So every literal of the set-up is evaluated twice before the first run makes anything hot.
 * Twenty runs of quickstart on two threads, five pairs: 12.7 CPU-s instead of 13.2, 6.0 s instead of 6.3.
 */
let isRehearsed = !rehearse;

serveJobs<RunJob, RunAnswer>((job, reportJob) => {
  const { plan, identity, notes, fork } = job;
  surfaces.hear();
  report = reportJob;
  horizonMs = plan.horizonMs;
  const options: RunOptions = {
    identity,
    notes,
    surfaces: surfaces.store,
    onHour,
    ...(replayed === undefined ? {} : { replayed }),
  };
  if (!isRehearsed && fork === undefined) prepare(plan, options);
  isRehearsed = true;
  const results = fork === undefined ? runPlan(plan, options) : runFork(baseOf(fork), plan, options);
  assert(results !== null, 'a run that nothing stops reaches its horizon');
  surfaces.tell();
  const { manifest, summary } = results;
  if (!job.tables) {
    const hours = runHoursOf(results, plan);
    return { value: { manifest, summary, results: null, hours }, transfer: [] };
  }
  return { value: { manifest, summary, results, hours: null }, transfer: buffersOf(results) };
});

/** Memory of all columns of numbers, without what the next job on this worker still reads. */
function buffersOf(results: RunResults): ArrayBuffer[] {
  const kept = new Set<ArrayBufferLike>();
  for (const column of Object.values(replayed ?? {})) if (ArrayBuffer.isView(column)) kept.add(column.buffer);
  const buffers = new Set<ArrayBuffer>();
  for (const table of Object.values(results.tables))
    for (const column of Object.values(table.columns))
      if (ArrayBuffer.isView(column) && column.buffer instanceof ArrayBuffer && !kept.has(column.buffer))
        buffers.add(column.buffer);
  return [...buffers];
}

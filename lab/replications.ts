/** One plan under several seeds: the seeds differ in their draws and in nothing else. */
import { ConfigError, fail, InvariantError, TraceError } from '../policies/base/assert.ts';
import { planHash } from '../scenarios/resolve.ts';
import type { RunIdentity } from '../sim/engine/results.ts';
import { freezePlan, type Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import type { Failure } from './job-thread.ts';
import { runPool } from './pool.ts';
import { runCost } from './run-cost.ts';
import type { RunAnswer, RunJob, RunWorkerData } from './worker.ts';

/** The compiled module beside this one that worker threads load. */
export const RUN_WORKER_URL = new URL('./worker.js', import.meta.url);

/** From so many runs a thread on, setting up one of them twice pays (lab/worker.ts). */
const RUNS_WORTH_REHEARSING = 4;

/** What each of `workers` threads starts with that make `runs` runs together. */
export function runWorkerData(runs: number, workers: number, replayed: OnlineServices | undefined): RunWorkerData {
  return { rehearse: runs >= workers * RUNS_WORTH_REHEARSING, ...(replayed === undefined ? {} : { replayed }) };
}

export interface RunSeedsOptions {
  readonly workers: number;
  /** Of the plan as given; further seeds get the hash of their own plan. */
  readonly identity: RunIdentity;
  readonly notes: readonly string[];
  readonly signal: AbortSignal;
  /** Series to replay where the plan's online source is `replay`. */
  readonly replayed?: OnlineServices;
  readonly memoryLimitMb?: number;
  /** Snapshot file that the run goes on from; it holds one seed. */
  readonly fork?: string;
}

/** Text of replication `index`, counted from 0: the plan's seed, then `seed/2`, `seed/3`, ... */
export function seedText(seed: string, index: number): string {
  return index === 0 ? seed : `${seed}/${index + 1}`;
}

/** The same plan under another seed. */
export function withSeed(plan: Plan, seed: string): Plan {
  return seed === plan.seed ? plan : freezePlan<Plan>({ ...plan, seed });
}

/**
 * Runs a plan under `seeds` seeds on worker threads (one seed too, so that the caller stays free for signals and progress).
 *
 * Results stand in the order of the seeds and do not depend on the number of workers. Null when `signal` stopped it. Throws the
 * error of the first seed that failed, the seed named.
 */
export async function runSeeds(
  plan: Plan,
  seeds: number,
  options: RunSeedsOptions,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<readonly RunResults[] | null> {
  if (!(Number.isInteger(seeds) && seeds >= 1))
    throw new ConfigError(`seeds is ${seeds}; give a whole number of 1 or more`);
  if (options.fork !== undefined && seeds > 1)
    throw new ConfigError(
      '--from-snapshot holds one seed; leave --seeds out, or warm every seed with tidemark sweep --warm-until',
    );
  const jobs = Array.from({ length: seeds }, (_, index) => {
    const own = withSeed(plan, seedText(plan.seed, index));
    const hash = index === 0 ? options.identity.planHash : planHash(own);
    const payload: RunJob = {
      plan: own,
      identity: { ...options.identity, planHash: hash },
      notes: options.notes,
      tables: true,
      ...(options.fork === undefined ? {} : { fork: options.fork }),
    };
    return { name: `seed ${own.seed}`, cost: runCost(own), payload };
  });
  const done = new Float64Array(seeds);
  const outcomes = await runPool<RunJob, RunAnswer>(jobs, {
    workers: options.workers,
    workerUrl: RUN_WORKER_URL,
    workerData: runWorkerData(seeds, options.workers, options.replayed),
    signal: options.signal,
    ...(options.memoryLimitMb === undefined ? {} : { memoryLimitMb: options.memoryLimitMb }),
    onProgress: (job, share) => {
      done[job] = share;
      let sum = 0;
      let finished = 0;
      for (const value of done) {
        sum += value;
        if (value === 1) finished++;
      }
      const hours = Math.round((share * plan.horizonMs) / 3_600_000);
      onProgress(sum / seeds, seeds === 1 ? `hour ${hours}` : `${finished} of ${seeds} seeds`);
    },
  });
  if (outcomes === null) return null;
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw errorOf(outcome.failure, `${plan.name}, ${outcome.name}`);
    return outcome.value.results ?? fail('a run asked for its tables comes back with them');
  });
}

/** What a worker threw, as an error of the same kind with the job named. */
export function errorOf(failure: Failure, name: string): Error {
  const text = `${name}: ${failure.message}`;
  if (failure.error === 'ConfigError') return new ConfigError(text);
  if (failure.error === 'TraceError') return new TraceError(text);
  const error = failure.error === 'InvariantError' ? new InvariantError(text) : new Error(text);
  if (failure.stack !== '') error.stack = `${text}\n${failure.stack}`;
  return error;
}

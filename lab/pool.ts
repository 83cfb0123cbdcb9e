/**
 * Jobs on worker threads: longest first, results in the order of the jobs, each job on its own when it fails.
 *
 * What a job gives must not depend on the thread that ran it, so the outcome is the same for any number of workers.
 */
import { assert } from '../policies/base/assert.ts';
import { createJobThread, type JobOutcome, type ThreadOptions } from './job-thread.ts';

export interface PoolJob<P> {
  /** How a person knows the job: a seed, a cell of a sweep. */
  readonly name: string;
  /** Expected effort in any unit; the largest start first, so that no long job is left for the end. */
  readonly cost: number;
  readonly payload: P;
}

export interface PoolOptions<R> extends ThreadOptions, PoolHooks<R> {
  readonly workers: number;
  readonly signal?: AbortSignal;
}

export interface PoolHooks<R> {
  readonly onProgress?: (job: number, done: number) => void;
  readonly onOutcome?: (job: number, outcome: JobOutcome<R>) => void;
}

/** Threads that stay, with warm code, from one list of jobs to the next. */
export interface Pool<P, R> {
  /** Runs every job, one list at a time; null when `signal` stopped it. */
  run(jobs: readonly PoolJob<P>[], hooks: PoolHooks<R>): Promise<readonly JobOutcome<R>[] | null>;
  /** All threads have ended when the promise settles. */
  end(): Promise<void>;
}

/** A pool whose threads start with the first jobs that they get. Whoever makes it ends it. */
export function createPool<P, R>(options: Omit<PoolOptions<R>, keyof PoolHooks<R>>): Pool<P, R> {
  const { signal, workers } = options;
  assert(Number.isInteger(workers) && workers >= 1, 'a pool has at least one worker');
  const threads = Array.from({ length: workers }, () => createJobThread<P, R>(options));
  const end = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  return {
    async run(jobs, { onProgress, onOutcome }) {
      if (signal?.aborted === true) return null;
      const order = jobs.map((_, index) => index).sort((a, b) => jobs[b].cost - jobs[a].cost || a - b);
      const outcomes = new Array<JobOutcome<R> | undefined>(jobs.length).fill(undefined);
      const lane = async (thread: (typeof threads)[number]): Promise<void> => {
        for (let job = order.shift(); job !== undefined; job = order.shift()) {
          const at = job;
          const outcome = await thread.run(jobs[at], (done) => onProgress?.(at, done));
          if (outcome === null) return;
          outcomes[at] = outcome;
          onProgress?.(at, 1);
          onOutcome?.(at, outcome);
        }
      };
      signal?.addEventListener('abort', end);
      try {
        await Promise.all(threads.map(lane));
      } catch (error) {
        // What a hook throws ends the list; jobs in hand would otherwise answer into the next one.
        await end();
        throw error;
      } finally {
        signal?.removeEventListener('abort', end);
      }
      if (signal?.aborted) return null;
      return outcomes.map((outcome) => {
        assert(outcome !== undefined, 'every job of a pool has an outcome');
        return outcome;
      });
    },
    end,
  };
}

/** Runs every job; null when `signal` stopped it. All threads have ended when the promise settles. */
export async function runPool<P, R>(
  jobs: readonly PoolJob<P>[],
  options: PoolOptions<R>,
): Promise<readonly JobOutcome<R>[] | null> {
  const pool = createPool<P, R>(options);
  try {
    return await pool.run(jobs, options);
  } finally {
    await pool.end();
  }
}

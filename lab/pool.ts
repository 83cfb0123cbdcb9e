/**
 * Jobs on worker threads: longest first, results in the order of the jobs, each job on its own when it fails.
 *
 * A worker answers one `JobMessage` at a time with any number of progress messages and then one result or failure. What a
 * job gives must not depend on the worker that ran it, so the outcome is the same for any number of workers.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../policies/base/assert.ts';

export interface PoolJob<P> {
  /** How a person knows the job: a seed, a cell of a sweep. */
  readonly name: string;
  /** Expected effort in any unit; the largest start first, so that no long job is left for the end. */
  readonly cost: number;
  readonly payload: P;
}

/** Main to worker. */
export interface JobMessage<P> {
  readonly job: number;
  readonly payload: P;
}

/** Worker to main. `done` lies in 0..1. */
export type WorkerMessage<R> =
  | { readonly kind: 'progress'; readonly job: number; readonly done: number }
  | { readonly kind: 'done'; readonly job: number; readonly value: R }
  | { readonly kind: 'failed'; readonly job: number; readonly failure: Failure };

/** `error` is the class name of what was thrown, or `WorkerDied` when the thread ended without an answer. */
export interface Failure {
  readonly error: string;
  readonly message: string;
  readonly stack: string;
}

export type JobOutcome<R> =
  | { readonly ok: true; readonly name: string; readonly value: R }
  | { readonly ok: false; readonly name: string; readonly failure: Failure; readonly attempts: number };

export interface PoolOptions<R> {
  readonly workers: number;
  /** Compiled module that answers the messages. */
  readonly workerUrl: URL;
  /** Handed to every worker once. */
  readonly workerData?: unknown;
  /** Heap of one worker (typed arrays lie outside of it); a job that passes it fails alone. */
  readonly memoryLimitMb?: number;
  /** A job that reports nothing for this long has run away and is ended. */
  readonly silentLimitMs?: number;
  /** A job that takes longer has run away and fails alone, without a second try; absent = no limit. */
  readonly jobLimitMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (job: number, done: number) => void;
  readonly onOutcome?: (job: number, outcome: JobOutcome<R>) => void;
}

const DEFAULT_MEMORY_LIMIT_MB = 4096;
const DEFAULT_SILENT_LIMIT_MS = 600_000;
/** A worker that died is no proof against the job (the system may have been short of memory); a second death is. */
const MOST_ATTEMPTS = 2;

/** Runs every job; null when `signal` stopped it. All threads have ended when the promise settles. */
export async function runPool<P, R>(
  jobs: readonly PoolJob<P>[],
  options: PoolOptions<R>,
): Promise<readonly JobOutcome<R>[] | null> {
  const { signal } = options;
  assert(Number.isInteger(options.workers) && options.workers >= 1, 'a pool has at least one worker');
  const order = jobs.map((_, index) => index).sort((a, b) => jobs[b].cost - jobs[a].cost || a - b);
  const attempts = new Uint8Array(jobs.length);
  const outcomes = new Array<JobOutcome<R> | undefined>(jobs.length).fill(undefined);
  const live = new Set<Worker>();
  const settle = (job: number, outcome: JobOutcome<R>): void => {
    outcomes[job] = outcome;
    options.onProgress?.(job, 1);
    options.onOutcome?.(job, outcome);
  };

  /** One worker until it has no more jobs or dies; the job in hand goes back to the front of the queue once. */
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(options.workerUrl, {
        workerData: options.workerData,
        resourceLimits: { maxOldGenerationSizeMb: options.memoryLimitMb ?? DEFAULT_MEMORY_LIMIT_MB },
      });
      live.add(worker);
      let current = -1;
      let reason = '';
      let timer: NodeJS.Timeout | undefined;
      let limit: NodeJS.Timeout | undefined;
      let isTooLong = false;
      const watch = (): void => {
        clearTimeout(timer);
        const limitMs = options.silentLimitMs ?? DEFAULT_SILENT_LIMIT_MS;
        timer = setTimeout(() => {
          reason = `no progress for ${limitMs / 1000} s`;
          void worker.terminate();
        }, limitMs);
      };
      const next = (): void => {
        current = order.shift() ?? -1;
        clearTimeout(limit);
        if (current < 0) {
          clearTimeout(timer);
          void worker.terminate();
          return;
        }
        attempts[current]++;
        watch();
        const { jobLimitMs } = options;
        if (jobLimitMs !== undefined)
          limit = setTimeout(() => {
            reason = `not done after ${jobLimitMs / 1000} s`;
            isTooLong = true;
            void worker.terminate();
          }, jobLimitMs);
        worker.postMessage({ job: current, payload: jobs[current].payload } satisfies JobMessage<P>);
      };
      worker.on('message', (message: WorkerMessage<R>) => {
        if (signal?.aborted === true || message.job !== current) return;
        try {
          if (message.kind === 'progress') {
            watch();
            options.onProgress?.(current, message.done);
            return;
          }
          const { name } = jobs[current];
          if (message.kind === 'done') settle(current, { ok: true, name, value: message.value });
          else settle(current, { ok: false, name, failure: message.failure, attempts: attempts[current] });
          next();
        } catch (error) {
          void worker.terminate();
          reject(error);
        }
      });
      worker.on('error', (error: Error) => {
        reason = error.message;
      });
      worker.on('messageerror', (error: Error) => {
        reason = error.message;
        void worker.terminate();
      });
      worker.on('exit', (code) => {
        clearTimeout(timer);
        clearTimeout(limit);
        live.delete(worker);
        if (signal?.aborted !== true && current >= 0 && outcomes[current] === undefined) {
          if (attempts[current] < MOST_ATTEMPTS && !isTooLong) order.unshift(current);
          else {
            const message = reason === '' ? `the worker ended with code ${code}` : reason;
            const failure = { error: 'WorkerDied', message, stack: '' };
            settle(current, { ok: false, name: jobs[current].name, failure, attempts: attempts[current] });
          }
        }
        resolve();
      });
      next();
    });

  const stop = (): void => {
    for (const worker of live) void worker.terminate();
  };
  signal?.addEventListener('abort', stop);
  /** A dead worker is replaced as long as jobs wait. */
  const lane = async (): Promise<void> => {
    while (order.length > 0 && signal?.aborted !== true) await serve();
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.workers, jobs.length) }, lane));
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all([...live].map((worker) => worker.terminate()));
  }
  if (signal?.aborted === true) return null;
  return outcomes.map((outcome) => {
    assert(outcome !== undefined, 'every job of a pool has an outcome');
    return outcome;
  });
}

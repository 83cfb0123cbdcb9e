/**
 * One worker thread that answers job after job, so that only the first pays for warm code and shared tables. It is renewed when it dies.
 *
 * The thread answers a job with any number of progress messages and then one result or failure. What a job gives must not depend on
 * what the thread ran before.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { assert } from '../policies/base/assert.ts';

/** Worker to main. `done` lies in 0..1. */
export type WorkerMessage<R> =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly value: R }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** `error` is the class name of what was thrown, or `WorkerDied` when the thread ended without an answer. */
export interface Failure {
  readonly error: string;
  readonly message: string;
  readonly stack: string;
}

export type JobOutcome<R> =
  | { readonly ok: true; readonly name: string; readonly value: R }
  | { readonly ok: false; readonly name: string; readonly failure: Failure; readonly attempts: number };

export interface ThreadOptions {
  /** Compiled module that answers the messages. */
  readonly workerUrl: URL;
  /** Handed to the thread when it starts. */
  readonly workerData?: unknown;
  /** Heap of the thread (typed arrays lie outside of it); a job that passes it fails alone. */
  readonly memoryLimitMb?: number;
  /** A job that reports nothing for this long has run away and is ended. */
  readonly silentLimitMs?: number;
  /** A job that takes longer has run away and fails alone, without a second try; absent = no limit. */
  readonly jobLimitMs?: number;
}

export interface JobThread<P, R> {
  /** Runs a job, one at a time; null when the thread was ended meanwhile. Rejects with what `onProgress` throws. */
  run(
    job: { readonly name: string; readonly payload: P },
    onProgress: (done0to1: number) => void,
  ): Promise<JobOutcome<R> | null>;
  /** Ends the thread, a job in hand too; it has ended when the promise settles. */
  end(): Promise<void>;
}

/** How an attempt ended. */
type Attempt<R> =
  | Exclude<WorkerMessage<R>, { readonly kind: 'progress' }>
  | { readonly kind: 'died'; readonly message: string; readonly isFinal: boolean };

const DEFAULT_MEMORY_LIMIT_MB = 4096;
/**
 * Most that young objects of a run may take before they are collected; V8's own limit is 48. What lives for a moment then dies uncopied.
 *
 * Measured in alternation, with halves of 64 MB against V8's 16: six hours of `mesos-600-week` 4.83 and 4.97 CPU-s against 5.22 and 5.38,
 * 20 MiB more at the peak; mixed-2000 and quickstart, which allocate little, the same to 1 %.
 */
export const YOUNG_GENERATION_MB = 192;
/**
 * Heap a thread has before it collects everything for the first time. V8 starts with a few MB and learns what a run needs by collecting,
 * in nearly every second run of a sweep; each of these also drops code that was not called since the last ones, and a run calls its
 * set-up once. Sixty runs of quickstart on two threads, three pairs: 282 collections -> 64, compiler and collector 4.4 -> 3.8 CPU-s,
 * 3 % of the time.
 */
const FIRST_OLD_GENERATION_MB = 256;
/** Under a smaller limit the old generation may have no room for all that survives at once, and V8 then ends the whole process instead of the thread. */
const LEAST_LIMIT_FOR_YOUNG_MB = 1024;
const DEFAULT_SILENT_LIMIT_MS = 600_000;
/** A worker that died is no proof against the job (the system may have been short of memory); a second death is. */
const MOST_ATTEMPTS = 2;

/**
 * Lets the heap of the next thread start as large as it becomes, or as small as V8 has it. V8 has no such limit for one thread, only
 * switches that a heap reads when it is made; this process has its own already. Threads of one pool have one limit, so that it does not
 * matter which of them reads the switch.
 */
function startHeap(isLarge: boolean): void {
  setFlagsFromString(`--min-semi-space-size=${isLarge ? YOUNG_GENERATION_MB / 3 : 0}`);
  setFlagsFromString(`--initial-old-space-size=${isLarge ? FIRST_OLD_GENERATION_MB : 0}`);
}

/** A thread that starts with its first job. */
export function createJobThread<P, R>(options: ThreadOptions): JobThread<P, R> {
  const { workerUrl, workerData, jobLimitMs, memoryLimitMb = DEFAULT_MEMORY_LIMIT_MB } = options;
  const silentLimitMs = options.silentLimitMs ?? DEFAULT_SILENT_LIMIT_MS;
  let worker: Worker | null = null;
  let isEnded = false;
  let onMessage: ((message: WorkerMessage<R>) => void) | null = null;
  let onExit: ((message: string) => void) | null = null;

  const start = (): Worker => {
    const isLarge = memoryLimitMb >= LEAST_LIMIT_FOR_YOUNG_MB;
    startHeap(isLarge);
    const started = new Worker(workerUrl, {
      workerData,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryLimitMb,
        ...(isLarge ? { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } : {}),
      },
    });
    let reason = '';
    started.on('message', (message: WorkerMessage<R>) => onMessage?.(message));
    started.on('error', (error: Error) => {
      reason = error.message;
    });
    started.on('messageerror', (error: Error) => {
      reason = error.message;
      void started.terminate();
    });
    started.on('exit', (code) => {
      worker = null;
      onExit?.(reason === '' ? `the worker ended with code ${code}` : reason);
    });
    return started;
  };

  const attempt = (payload: P, onProgress: (done0to1: number) => void): Promise<Attempt<R>> =>
    new Promise((resolve, reject) => {
      worker ??= start();
      const own = worker;
      let ranAway = '';
      let isFinal = false;
      const stop = (why: string): void => {
        ranAway = why;
        void own.terminate();
      };
      const silent = setTimeout(() => stop(`no progress for ${silentLimitMs / 1000} s`), silentLimitMs);
      const limit =
        jobLimitMs === undefined
          ? undefined
          : setTimeout(() => {
              isFinal = true;
              stop(`not done after ${jobLimitMs / 1000} s`);
            }, jobLimitMs);
      const close = (): void => {
        clearTimeout(silent);
        clearTimeout(limit);
        onMessage = null;
        onExit = null;
      };
      onMessage = (message) => {
        if (message.kind !== 'progress') {
          close();
          resolve(message);
          return;
        }
        silent.refresh();
        try {
          onProgress(message.done);
        } catch (error) {
          close();
          reject(error);
        }
      };
      onExit = (message) => {
        close();
        resolve({ kind: 'died', message: ranAway === '' ? message : ranAway, isFinal });
      };
      own.postMessage(payload);
    });

  return {
    async run({ name, payload }, onProgress) {
      assert(onExit === null, 'a thread has one job at a time');
      for (let attempts = 1; !isEnded; attempts++) {
        const end = await attempt(payload, onProgress);
        if (isEnded) break;
        if (end.kind === 'done') return { ok: true, name, value: end.value };
        if (end.kind === 'failed') return { ok: false, name, failure: end.failure, attempts };
        if (attempts === MOST_ATTEMPTS || end.isFinal)
          return { ok: false, name, failure: { error: 'WorkerDied', message: end.message, stack: '' }, attempts };
      }
      return null;
    },
    async end() {
      isEnded = true;
      await worker?.terminate();
    },
  };
}

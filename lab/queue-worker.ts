/**
 * The worker's side of the queue: takes cells, runs each on a thread and hands the results back.
 *
 * Threads outlive their cells: the next one finds code that is warm and latency surfaces that are built.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from 'bullmq';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import type { OnlineServices } from '../traces/format.ts';
import { replayVersion } from './code-version.ts';
import { createJobThread, type JobThread } from './job-thread.ts';
import { checkUrl, loadBullmq, type QueuedReplay, type QueuedRun, queueName, reach } from './queue.ts';
import { fetchSnapshot, withServer } from './queue-snapshots.ts';
import { RUN_WORKER_URL } from './replications.ts';
import type { RunAnswer, RunJob, RunWorkerData } from './worker.ts';

export interface QueueWorkerOptions {
  readonly codeVersion: string;
  /** Cells at a time, each in a thread of its own: this thread stays free to renew the locks. */
  readonly workers: number;
  readonly signal: AbortSignal;
  /** How long a job of a dead worker waits for another. */
  readonly lockMs?: number;
  readonly onCell?: (name: string, ok: boolean) => void;
  /** Finds the traces of a plan on this machine, by their sha256; absent = where the plan says. Throws ConfigError, TraceError. */
  readonly localPlan?: (plan: Plan) => Plan;
  /** Reads the series that a plan replays. */
  readonly replayFor?: (plan: Plan) => Promise<OnlineServices>;
}

const DEFAULT_LOCK_MS = 30_000;
/** A cell that kills so many workers is given up. */
const MOST_STALLS = 3;

/** Serves the queue until `signal`; a cell in hand then goes to another worker when its lock has run out. */
export async function serveQueue(url: string, options: QueueWorkerOptions): Promise<void> {
  checkUrl(url);
  const bullmq = await loadBullmq();
  const { signal, lockMs = DEFAULT_LOCK_MS } = options;
  const { localPlan = (plan: Plan) => plan } = options;
  // Cells of one sweep replay the same series.
  let read: { readonly version: string; readonly services: OnlineServices } | null = null;
  const replayed = async ({ base, version }: QueuedReplay): Promise<OnlineServices> => {
    if (read?.version === version) return read.services;
    const services = await options.replayFor?.(localPlan(base));
    if (services === undefined || replayVersion(services) !== version)
      throw new ConfigError('the series read here are not those of the driver; give this worker the same trace');
    read = { version, services };
    return services;
  };
  const threads = createThreads();
  signal.addEventListener('abort', () => threads.endAll(), { once: true });
  const kept = mkdtempSync(join(tmpdir(), 'tidemark-snapshots-'));
  const run = async (job: Job<QueuedRun, RunAnswer>): Promise<RunAnswer> => {
    let reported = 0;
    const { replay, snapshot, ...cell } = job.data;
    let payload: RunJob;
    let workerData: RunWorkerData;
    try {
      const fork =
        snapshot === undefined
          ? {}
          : { fork: await withServer(url, (server) => fetchSnapshot(server, snapshot, kept)) };
      payload = { ...cell, plan: localPlan(cell.plan), ...fork };
      workerData = replay === undefined ? {} : { replayed: await replayed(replay) };
    } catch (error) {
      // Another try on this machine would find no more.
      throw new bullmq.UnrecoverableError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    const version = replay?.version ?? '';
    const thread = threads.take(version, workerData);
    const outcome = await thread.run({ name: job.name, payload }, (done) => {
      if (done < reported + 0.1) return;
      reported = done;
      job.updateProgress(done).catch(() => undefined);
    });
    // Stopped: the job must neither fail nor finish here.
    if (outcome === null) return new Promise<never>(() => undefined);
    threads.giveBack(version, thread);
    if (outcome.ok) return outcome.value;
    throw new bullmq.UnrecoverableError(`${outcome.failure.error}: ${outcome.failure.message}`);
  };
  const worker = new bullmq.Worker<QueuedRun, RunAnswer>(queueName(options.codeVersion), run, {
    connection: { url, maxRetriesPerRequest: null },
    concurrency: options.workers,
    lockDuration: lockMs,
    stalledInterval: lockMs,
    maxStalledCount: MOST_STALLS,
  });
  worker.on('error', () => {
    // Lost connections come back by themselves.
  });
  // Told when the server has taken the result, not before: a worker killed in between has finished nothing.
  worker.on('completed', (job) => options.onCell?.(job.name, true));
  worker.on('failed', (job) => options.onCell?.(job?.name ?? 'a cell', false));
  try {
    await reach(url, worker.waitUntilReady());
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await worker.close(true).catch(() => undefined);
    await threads.endAll();
    rmSync(kept, { recursive: true, force: true });
  }
}

type RunThread = JobThread<RunJob, RunAnswer>;

/** Threads by the version of the series that they started with. */
function createThreads() {
  const all = new Set<RunThread>();
  const idle: { readonly version: string; readonly thread: RunThread }[] = [];
  return {
    /** One that waits, or a new one in place of those that hold other series. */
    take(version: string, workerData: RunWorkerData): RunThread {
      const at = idle.findIndex((one) => one.version === version);
      if (at >= 0) return idle.splice(at, 1)[0].thread;
      for (const { thread } of idle.splice(0)) {
        all.delete(thread);
        void thread.end();
      }
      const thread = createJobThread<RunJob, RunAnswer>({ workerUrl: RUN_WORKER_URL, workerData });
      all.add(thread);
      return thread;
    },
    giveBack(version: string, thread: RunThread): void {
      idle.push({ version, thread });
    },
    async endAll(): Promise<void> {
      await Promise.all([...all].map((thread) => thread.end()));
    },
  };
}

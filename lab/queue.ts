/**
 * The cells of a sweep on a queue that other machines serve: BullMQ on Redis, an optional dependency.
 *
 * A job is named by the key of its cell (plan, code, replayed series), so adding it twice runs it once and a cell that is finished is
 * taken as it is. The queue is named by the code version: workers of another version never see its jobs. A worker that dies stops
 * renewing the lock of its job, and another one runs it again.
 */
import type { Job, Queue } from 'bullmq';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import type { JobOutcome } from './job-thread.ts';
import type { PoolJob } from './pool.ts';
import { offerSnapshot, withServer } from './queue-snapshots.ts';
import type { RunAnswer, RunJob } from './worker.ts';

/**
 * A cell on the queue. Replayed series do not travel: a worker reads them from its own copy of the trace. The snapshot that a fork goes on
 * from is named by its checksum, because paths mean nothing elsewhere.
 */
export interface QueuedRun extends Omit<RunJob, 'fork'> {
  readonly replay?: QueuedReplay;
  readonly snapshot?: string;
}

/** What a worker has to read, and the hash it has to come to. */
export interface QueuedReplay {
  /** The scenario as written: series are read for it once, whatever the cell varies. */
  readonly base: Plan;
  readonly version: string;
}

/** Runs jobs named by `keys`; what `runPool` does on threads of this machine. */
export type ExecuteRuns = (
  jobs: readonly PoolJob<RunJob>[],
  keys: readonly string[],
  hooks: {
    readonly onProgress: (job: number, done: number) => void;
    readonly onOutcome: (job: number, outcome: JobOutcome<RunAnswer>) => void;
  },
) => Promise<readonly JobOutcome<RunAnswer>[] | null>;

const POLL_MS = 200;
const REACH_MS = 5_000;
/** Finished jobs stay this long for drivers that come back. */
const KEEP_SECONDS = 7 * 24 * 3600;

/** Name of the queue for one version of the code. */
export function queueName(codeVersion: string): string {
  return `tidemark-${codeVersion.slice(0, 16)}`;
}

export async function loadBullmq() {
  try {
    return await import('bullmq');
  } catch {
    throw new ConfigError('--queue needs the optional packages bullmq and ioredis; run: npm install bullmq ioredis');
  }
}

export function checkUrl(url: string): void {
  if (!/^rediss?:\/\/[^/]/.test(url)) throw new ConfigError(`--queue ${url}: expected redis://host:port`);
}

/** Waits for the server; throws ConfigError when it does not answer within five seconds. */
export async function reach(url: string, ready: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ConfigError(`--queue ${url} does not answer; is redis-server running there?`)),
      REACH_MS,
    );
  });
  try {
    await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Puts runs on the queue at `url` and waits for their results; null when `signal` stopped the waiting (the jobs stay queued). */
export function queueRuns(url: string, codeVersion: string, signal: AbortSignal, replay?: QueuedReplay): ExecuteRuns {
  checkUrl(url);
  return async (jobs, keys, hooks) => {
    const bullmq = await loadBullmq();
    const queue: Queue = new bullmq.Queue(queueName(codeVersion), { connection: { url } });
    queue.on('error', () => {
      // Lost connections come back by themselves; a server that never answers is reported by `reach`.
    });
    try {
      await reach(url, queue.waitUntilReady());
      const snapshots = await offerAll(url, jobs);
      const queued = jobs.map(({ payload: { fork, ...run }, ...job }) => {
        const snapshot = fork === undefined ? {} : { snapshot: snapshots.get(fork) as string };
        return { ...job, payload: { ...run, ...snapshot, ...(replay === undefined ? {} : { replay }) } };
      });
      return await drive(queue, bullmq.Job, queued, keys, hooks, signal);
    } finally {
      await queue.close().catch(() => undefined);
    }
  };
}

async function drive(
  queue: Queue,
  jobs: typeof Job,
  runs: readonly PoolJob<QueuedRun>[],
  keys: readonly string[],
  hooks: Parameters<ExecuteRuns>[2],
  signal: AbortSignal,
): Promise<readonly JobOutcome<RunAnswer>[] | null> {
  const add = (at: number) =>
    queue.add(runs[at].name, runs[at].payload, {
      jobId: keys[at],
      removeOnComplete: { age: KEEP_SECONDS },
      removeOnFail: { age: KEEP_SECONDS },
    });
  const order = runs.map((_, at) => at).sort((a, b) => runs[b].cost - runs[a].cost || a - b);
  for (const at of order) {
    const earlier = await jobs.fromId(queue, keys[at]);
    if (earlier?.failedReason !== undefined && (await earlier.isFailed())) await earlier.remove();
    await add(at);
  }
  const outcomes = new Array<JobOutcome<RunAnswer> | undefined>(runs.length).fill(undefined);
  let open = order;
  while (open.length > 0) {
    if (signal.aborted) return null;
    const found = await Promise.all(open.map((at) => jobs.fromId(queue, keys[at])));
    for (const [index, at] of open.entries()) {
      const job = found[index];
      if (job === undefined) await add(at);
      else if (job.finishedOn === undefined) {
        if (typeof job.progress === 'number' && job.progress > 0) hooks.onProgress(at, Math.min(0.99, job.progress));
      } else outcomes[at] = outcomeOf(runs[at].name, job);
      const outcome = outcomes[at];
      if (outcome !== undefined) {
        hooks.onProgress(at, 1);
        hooks.onOutcome(at, outcome);
      }
    }
    open = open.filter((at) => outcomes[at] === undefined);
    if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return outcomes as JobOutcome<RunAnswer>[];
}

/** Puts every snapshot that runs go on from on the server; checksums by path. */
async function offerAll(url: string, runs: readonly PoolJob<RunJob>[]): Promise<ReadonlyMap<string, string>> {
  const paths = new Set(runs.flatMap(({ payload: { fork } }) => (fork === undefined ? [] : [fork])));
  const checksums = new Map<string, string>();
  if (paths.size > 0)
    await withServer(url, async (server) => {
      for (const path of paths) checksums.set(path, await offerSnapshot(server, path, KEEP_SECONDS));
    });
  return checksums;
}

function outcomeOf(name: string, job: Job): JobOutcome<RunAnswer> {
  if (job.failedReason === undefined || job.failedReason === '')
    return { ok: true, name, value: job.returnvalue as RunAnswer };
  const match = /^(\w+): ([\s\S]*)$/.exec(job.failedReason);
  const failure = { error: match?.[1] ?? 'Error', message: match?.[2] ?? job.failedReason, stack: '' };
  return { ok: false, name, failure, attempts: job.attemptsMade };
}

/** The warm clusters of a sweep: one snapshot a seed, made where it is missing, used by every point. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../policies/base/assert.ts';
import type { OnlineServices } from '../traces/format.ts';
import { cellKey } from './cache.ts';
import { type PoolJob, runPool } from './pool.ts';
import { errorOf, withSeed } from './replications.ts';
import { runCost } from './run-cost.ts';
import { verifySnapshot } from './snapshot-file.ts';
import { continuedFrom, type SweepPlan } from './sweep-plan.ts';
import type { WarmJob } from './warm-worker.ts';

const WARM_WORKER_URL = new URL('./warm-worker.js', import.meta.url);

export interface WarmSeedsOptions {
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly identity: { readonly tidemarkVersion: string; readonly nodeVersion: string };
  readonly replayed?: OnlineServices;
  readonly memoryLimitMb?: number;
  readonly onProgress: (done0to1: number, detail: string) => void;
  readonly onNote?: (text: string) => void;
}

/** Where the snapshot of a replication lies. */
export function snapshotPath(sweep: SweepPlan, dir: string, replication: number): string {
  if (sweep.snapshot !== null) return sweep.snapshot;
  const { codeVersion, replayVersion, warm } = sweep.description;
  const key = cellKey({ codeVersion, replayVersion, planHash: '', ...continuedFrom(warm, replication) });
  return join(dir, 'snapshots', `${key.slice(0, 32)}.snapshot`);
}

/** Cost of warming one seed, in the unit of runCost; 0 when the sweep begins at 0 or has its snapshot. */
export function warmCost(sweep: SweepPlan): number {
  const { warm } = sweep.description;
  if (warm === undefined || sweep.snapshot !== null) return 0;
  return (runCost(sweep.base) * warm.atMs) / sweep.base.horizonMs;
}

/**
 * Makes the snapshots of `replications` that are missing or damaged; false when `signal` stopped it. Throws the error of a warm-up that
 * failed, its seed named.
 */
export async function warmSeeds(
  sweep: SweepPlan,
  dir: string,
  replications: readonly number[],
  options: WarmSeedsOptions,
): Promise<boolean> {
  const { description, base } = sweep;
  const { warm } = description;
  if (warm === undefined || sweep.snapshot !== null) return true;
  const missing = replications.filter((replication) => !isWhole(snapshotPath(sweep, dir, replication), options.onNote));
  const jobs = missing.map((replication): PoolJob<WarmJob> => {
    const { codeVersion, replayVersion, seeds } = description;
    const payload: WarmJob = {
      plan: withSeed(base, seeds[replication]),
      planHash: warm.planHashes[replication],
      atMs: warm.atMs,
      path: snapshotPath(sweep, dir, replication),
      codeVersion,
      replayVersion,
      ...options.identity,
    };
    return { name: `warm-up of seed ${seeds[replication]}`, cost: 1, payload };
  });
  const shares = new Float64Array(jobs.length);
  const outcomes = await runPool<WarmJob, number>(jobs, {
    workers: options.workers,
    workerUrl: WARM_WORKER_URL,
    workerData: options.replayed === undefined ? {} : { replayed: options.replayed },
    signal: options.signal,
    ...(options.memoryLimitMb === undefined ? {} : { memoryLimitMb: options.memoryLimitMb }),
    onProgress: (job, share) => {
      shares[job] = share;
      const sum = shares.reduce((total, own) => total + own, 0);
      options.onProgress(sum / jobs.length, `warming ${jobs.length} seeds`);
    },
  });
  if (outcomes === null) return false;
  for (const outcome of outcomes) if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
  return true;
}

function isWhole(path: string, onNote: ((text: string) => void) | undefined): boolean {
  if (!existsSync(path)) return false;
  try {
    verifySnapshot(path);
    return true;
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    onNote?.(`${error.message}; it is made again`);
    return false;
  }
}

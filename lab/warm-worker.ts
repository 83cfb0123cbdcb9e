/** The module of worker threads that warm clusters up: one snapshot file a job. */
import { workerData } from 'node:worker_threads';
import { assert } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import { type WarmOptions, warm } from './fork.ts';
import { serveJobs } from './serve-jobs.ts';
import type { RunWorkerData } from './worker.ts';

export interface WarmJob extends Omit<WarmOptions, 'replayed' | 'onHour'> {
  readonly plan: Plan;
  readonly atMs: number;
  readonly path: string;
}

const { replayed } = (workerData ?? {}) as RunWorkerData;

serveJobs<WarmJob, number>(({ plan, atMs, path, ...identity }, report) => {
  const bytes = warm(plan, atMs, path, {
    ...identity,
    ...(replayed === undefined ? {} : { replayed }),
    onHour: (simulatedMs) => {
      report(simulatedMs / atMs);
      return true;
    },
  });
  assert(bytes !== null, 'a warm-up that nothing stops reaches its end');
  return { value: bytes, transfer: [] };
});

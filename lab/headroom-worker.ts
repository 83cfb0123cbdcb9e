/** The module a worker thread loads to look for room through a run. */
import { workerData } from 'node:worker_threads';
import type { Plan } from '../sim/plan.ts';
import { type Headroom, type HeadroomPod, headroomOf } from './headroom.ts';
import { serveJobs } from './serve-jobs.ts';
import type { RunWorkerData } from './worker.ts';

export interface HeadroomJob {
  readonly plan: Plan;
  readonly pod: HeadroomPod;
}

const { replayed } = (workerData ?? {}) as RunWorkerData;

serveJobs<HeadroomJob, Headroom>(({ plan, pod }, report) => ({
  value: headroomOf(plan, pod, replayed, report),
  transfer: [],
}));

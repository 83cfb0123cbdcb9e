/** The module a worker thread loads to run one seller. */
import { workerData } from 'node:worker_threads';
import type { Plan } from '../sim/plan.ts';
import { runSeller, type Seller, type SellerRun } from './compare-selling.ts';
import { serveJobs } from './serve-jobs.ts';
import type { RunWorkerData } from './worker.ts';

export interface SellingJob {
  readonly plan: Plan;
  readonly seller: Seller;
}

const { replayed } = (workerData ?? {}) as RunWorkerData;

serveJobs<SellingJob, SellerRun>(({ plan, seller }, report) => {
  const value = runSeller(plan, seller, replayed === undefined ? {} : { replayed });
  report(1);
  return { value, transfer: [] };
});

/** A worker of sweeps that dies on one cell: seed unit-small/3 with 9 plain hosts. */
import { fail } from '../../policies/base/assert.ts';
import { runPlan } from '../run-plan.ts';
import { serveJobs } from '../serve-jobs.ts';
import type { RunAnswer, RunJob } from '../worker.ts';

serveJobs<RunJob, RunAnswer>(({ plan, identity }) => {
  if (plan.seed === 'unit-small/3' && plan.cluster.shapes[0].count === 9) process.exit(9);
  const results = runPlan(plan, { identity }) ?? fail('nothing stops this run');
  return { value: { manifest: results.manifest, summary: results.summary, results: null, hours: null }, transfer: [] };
});

/** `tidemark report DIR`: draws the report of a run again from its tables, with the tables checked first. */
import { join } from 'node:path';
import type { Plan } from '../sim/plan.ts';
import { parameterRows } from './parameters.ts';

/** Rewrites report.html beside the tables and prints its path. */
export async function report(dir: string): Promise<number> {
  const { readRun, writeRun } = await import('../sim/results/store.ts');
  const { runReportHtml } = await import('../reports/html.ts');
  const results = await readRun(dir);
  const plan = results.plan as Plan;
  const html = await runReportHtml(results, {
    command: `tidemark run ${plan.name} --seed ${results.manifest.seed}`,
    parameters: parameterRows(plan.physics.parameters),
  });
  await writeRun(dir, results, { 'report.html': html });
  process.stdout.write(`${join(dir, 'report.html')}\n`);
  return 0;
}

/** `tidemark report DIR`: draws the report of a run or an experiment again from what it left, checked first. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import { writeLabFiles } from './lab-files.ts';
import { parameterRows } from './parameters.ts';

export interface ReportCommand {
  /** Also every chart as a file of its own. */
  readonly charts?: string;
}

/** Rewrites report.html beside the tables and prints its path; with charts, `charts/` beside it. */
export async function report(dir: string, command: ReportCommand = {}): Promise<number> {
  const { charts } = command;
  if (charts !== undefined && charts !== 'svg' && charts !== 'png')
    throw new ConfigError(`--charts ${charts}: give svg or png`);
  const files = existsSync(join(dir, 'document.json')) ? await ofExperiment(dir, charts) : await ofRun(dir, charts);
  process.stdout.write(`${join(dir, 'report.html')}\n`);
  if (charts === undefined) return 0;
  mkdirSync(join(dir, 'charts'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, 'charts', name);
    writeFileSync(`${path}.${process.pid}.tmp`, content);
    renameSync(`${path}.${process.pid}.tmp`, path);
  }
  process.stdout.write(`${Object.keys(files).length} charts in ${join(dir, 'charts')}\n`);
  return 0;
}

type Charts = Readonly<Record<string, string | Uint8Array>>;

async function ofExperiment(dir: string, charts: 'svg' | 'png' | undefined): Promise<Charts> {
  const [{ checkLabDocument }, { labChartFiles }] = await Promise.all([
    import('../sim/results/lab-document.ts'),
    import('../reports/linked/lab-chart-files.ts'),
  ]);
  const path = join(dir, 'document.json');
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: not JSON (${(error as Error).message}); run the experiment again`);
  }
  const document = checkLabDocument(parsed, path);
  await writeLabFiles(dir, document);
  return charts === undefined ? {} : labChartFiles(document, charts);
}

async function ofRun(dir: string, charts: 'svg' | 'png' | undefined): Promise<Charts> {
  const { readRun, writeRun } = await import('../sim/results/store.ts');
  const { runReportHtml } = await import('../reports/html.ts');
  const results = await readRun(dir);
  const plan = results.plan as Plan;
  const html = await runReportHtml(results, {
    command: `tidemark run ${plan.name} --seed ${results.manifest.seed}`,
    parameters: parameterRows(plan.physics.parameters),
  });
  await writeRun(dir, results, { 'report.html': html });
  if (charts === undefined) return {};
  const { chartFiles } = await import('../reports/chart-files.ts');
  return chartFiles(results, charts);
}

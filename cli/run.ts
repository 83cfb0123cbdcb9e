/** `tidemark run SCENARIO`: one run or several seeds, a report, and a summary on one screen. */
import { join, relative } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import { POLICIES } from '../policies/registry.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import { findScenario } from './find-scenario.ts';
import { repeatCommand } from './lab-files.ts';
import { attended, interrupted } from './lab-session.ts';
import { tidemarkVersion } from './version.ts';

export interface RunCommand {
  readonly sets: readonly string[];
  readonly seeds: number;
  readonly seed?: string;
  readonly workers: number;
  readonly fromSnapshot?: string;
  readonly out?: string;
  readonly json: boolean;
  readonly report: boolean;
  /** Says nothing: the caller reads what was written. */
  readonly quiet?: boolean;
}

/** Runs the scenario and returns the exit code. Nothing is written when it is interrupted. */
export async function run(scenario: string, command: RunCommand): Promise<number> {
  if (!(Number.isInteger(command.seeds) && command.seeds >= 1))
    throw new ConfigError(`--seeds is ${command.seeds}; give a whole number of 1 or more`);
  if (!(Number.isInteger(command.workers) && command.workers >= 1))
    throw new ConfigError(`--workers is ${command.workers}; give a whole number of 1 or more`);
  const { loadPlan } = await import('../scenarios/load.ts');
  const { parameterRanges } = await import('./parameters.ts');
  const sets = command.seed === undefined ? command.sets : [...command.sets, `seed=${command.seed}`];
  const { plan, notes, planHash } = await loadPlan(findScenario(scenario), {
    sets,
    knownPolicies: Object.keys(POLICIES),
    knownParameters: parameterRanges(),
  });
  const out = command.out ?? join('runs', plan.name);
  const { kindOfDirectory } = await import('../sim/results/store.ts');
  if (kindOfDirectory(out) === 'foreign')
    throw new ConfigError(`${out} exists and is not a tidemark run; give another --out or remove it`);
  const replayed = await replayedServices(plan);
  const { backtestNotes } = await import('./backtest-file.ts');
  const identity = { planHash, tidemarkVersion: tidemarkVersion(), nodeVersion: process.version };
  if (command.fromSnapshot !== undefined) await checkSnapshot(command.fromSnapshot, plan, replayed?.services);
  const { runSeeds } = await import('../lab/replications.ts');
  const results = await attended(plan.name, ({ signal, onProgress }) =>
    runSeeds(
      plan,
      command.seeds,
      {
        workers: command.workers,
        identity,
        notes: [...notes, ...(replayed?.notes ?? []), ...backtestNotes(findScenario(scenario), plan)],
        signal,
        ...(command.fromSnapshot === undefined ? {} : { fork: command.fromSnapshot }),
        ...(replayed === undefined ? {} : { replayed: replayed.services }),
      },
      onProgress,
    ),
  );
  if (results === null) return interrupted('nothing was written');
  return write(results, out, scenario, command);
}

/** Refuses a snapshot of another world or of other code before anything runs. */
async function checkSnapshot(path: string, plan: Plan, replayed: OnlineServices | undefined): Promise<void> {
  const [{ checkFork }, { readSnapshotHeader }, { codeVersion, replayVersion }] = await Promise.all([
    import('../lab/fork.ts'),
    import('../lab/snapshot-file.ts'),
    import('../lab/code-version.ts'),
  ]);
  const code = { codeVersion: codeVersion(), replayVersion: replayVersion(replayed) };
  checkFork(path, readSnapshotHeader(path), plan, code);
}

async function replayedServices(plan: Plan) {
  if (plan.online.source !== 'replay') return undefined;
  const { replayFor } = await import('./replay.ts');
  return replayFor(plan);
}

async function write(
  results: readonly RunResults[],
  out: string,
  scenario: string,
  command: RunCommand,
): Promise<number> {
  const { factsOf } = await import('../reports/facts.ts');
  const { terminalSummary } = await import('../reports/terminal-summary.ts');
  const { writeReplications, writeRun } = await import('../sim/results/store.ts');
  const { replicate } = await import('../sim/results/replicate.ts');
  const { parameterRows } = await import('./parameters.ts');
  const first = results[0];
  const repeat = repeatOf(scenario, command);
  const options = { command: repeat, parameters: parameterRows((first.plan as Plan).physics.parameters) };
  const replications =
    results.length === 1
      ? undefined
      : replicate(
          results.map((r) => ({ seed: r.manifest.seed, digest: r.manifest.digest, summary: r.summary })),
          0.95,
        );
  if (replications === undefined) {
    const attachments: Record<string, string> = {};
    if (command.report) {
      const { runReportHtml } = await import('../reports/html.ts');
      attachments['report.html'] = await runReportHtml(first, options);
    }
    await writeRun(out, first, attachments);
  } else {
    const attachments: Record<string, string> = {};
    if (command.report) {
      const { replicationsReportHtml } = await import('../reports/replications-html.ts');
      const runs = results.map((r) => ({ manifest: r.manifest, summary: r.summary, reportPath: null }));
      attachments['report.html'] = replicationsReportHtml(replications, runs, first.plan, options);
    }
    await writeReplications(out, replications, results, attachments);
  }
  if (command.quiet === true) return 0;
  if (command.json) {
    process.stdout.write(
      `${JSON.stringify(replications ?? { ...first.summary, digest: first.manifest.digest }, null, 2)}\n`,
    );
    return 0;
  }
  const reportPath = command.report ? relative(process.cwd(), join(out, 'report.html')) : null;
  process.stdout.write(
    terminalSummary(factsOf(first), {
      reportPath,
      colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
      ...(replications === undefined ? {} : { replications }),
    }),
  );
  process.stdout.write(`digest ${results.map((r) => r.manifest.digest).join(' ')}\n`);
  return 0;
}

function repeatOf(scenario: string, { seed, seeds, sets, fromSnapshot }: RunCommand): string {
  return repeatCommand([
    ...['run', scenario],
    ...(seed === undefined ? [] : ['--seed', seed]),
    ...(seeds > 1 ? ['--seeds', `${seeds}`] : []),
    ...sets.flatMap((set) => ['--set', set]),
    ...(fromSnapshot === undefined ? [] : ['--from-snapshot', fromSnapshot]),
  ]);
}

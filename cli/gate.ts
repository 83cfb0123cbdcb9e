/** `tidemark gate --baseline DIR --candidate DIR|SCENARIO|POLICY`: 0 = ok, 1 = regressed, 2 = undecided. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CandidateRuns } from '../lab/gate.ts';
import type { ReadArm } from '../lab/read-arms.ts';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';
import { findScenario } from './find-scenario.ts';
import { type Attended, attended, collect, identity, interrupted, whole } from './lab-session.ts';

interface GateCommand {
  readonly baseline: string;
  readonly candidate: string;
  readonly set: string[];
  readonly budget?: string;
  readonly workers: number;
  readonly cache: string;
  readonly markdown?: string;
  readonly junit?: string;
  readonly github: boolean;
  readonly json: boolean;
}

export function register(program: Command): void {
  program
    .command('gate')
    .description('has an outcome become worse? exit code 0 ok, 1 regressed, 2 undecided or refused')
    .requiredOption('--baseline <dir>', 'runs of several seeds to hold the candidate against')
    .requiredOption('--candidate <what>', 'run directory, scenario, or name of a policy to add to the baseline’s plan')
    .option('--set <path=value>', 'override of a candidate scenario; may be repeated', collect, [])
    .option('--budget <file>', 'outcomes and margins (YAML or JSON)')
    .option('--workers <n>', 'worker threads for a candidate that has yet to run', whole, 1)
    .option('--cache <dir>', 'where runs of the candidate are kept', join('runs', '.gate'))
    .option('--markdown <file>', 'write Markdown for a pull request')
    .option('--junit <file>', 'write JUnit XML')
    .option('--github', 'print annotations of GitHub Actions', process.env['GITHUB_ACTIONS'] === 'true')
    .option('--json', 'print the result as JSON', false)
    .action(async (options: GateCommand) => {
      process.exitCode = await gateCommand(options);
    });
}

async function gateCommand(command: GateCommand): Promise<number> {
  const [{ EXIT_CODES, gate }, output, { readArms }, { writeWhole }] = await Promise.all([
    import('../lab/gate.ts'),
    import('../lab/gate-output.ts'),
    import('../lab/read-arms.ts'),
    import('../lab/sweep-table.ts'),
  ]);
  const budget = await readBudget(command.budget);
  const arms = await readArms(command.baseline);
  if (arms.length !== 1)
    throw new ConfigError(`${command.baseline} is a sweep of ${arms.length} points; give runs of one point`);
  const [baseline] = arms;
  const result = await attended('gate', async (at) => {
    const { runs, end } = await candidateRuns(baseline, command, at);
    try {
      return await gate(baseline, command.candidate, runs, budget.outcomes, budget.confidence, baseline.backtest);
    } finally {
      await end();
    }
  });
  if (result === null) return interrupted(`finished runs stay in ${command.cache}`);
  if (command.markdown !== undefined) writeWhole(command.markdown, output.gateMarkdown(result));
  if (command.junit !== undefined) writeWhole(command.junit, output.gateJunit(result));
  const lines = command.json ? [JSON.stringify(result, null, 1)] : output.gateLines(result);
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (command.github) for (const line of output.gateAnnotations(result)) process.stdout.write(`${line}\n`);
  return EXIT_CODES[result.verdict];
}

async function readBudget(file: string | undefined) {
  const { budgetOf, DEFAULT_BUDGET } = await import('../lab/gate-budget.ts');
  if (file === undefined) return DEFAULT_BUDGET;
  if (!existsSync(file)) throw new ConfigError(`${file} does not exist; --budget takes a YAML or JSON file`);
  const { parse } = await import('yaml');
  try {
    return budgetOf(file, parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file} is no YAML: ${(error as Error).message}`);
  }
}

/** Runs, and what is to be called when no more are asked for. */
interface Candidate {
  readonly runs: CandidateRuns;
  readonly end: () => Promise<void>;
}

/** Runs that lie in a directory, or runs made now of a scenario or of the baseline's plan with one more policy. */
async function candidateRuns(baseline: ReadArm, command: GateCommand, at: Attended): Promise<Candidate> {
  const [{ checkSameWorld, readArms }, { kindOfDirectory }, { POLICIES }] = await Promise.all([
    import('../lab/read-arms.ts'),
    import('../sim/results/store.ts'),
    import('../policies/registry.ts'),
  ]);
  const { candidate } = command;
  const checkVersion = (version: string | null): void => {
    if (version !== baseline.tidemarkVersion)
      throw new ConfigError(
        `the baseline ${command.baseline} is of tidemark ${baseline.tidemarkVersion}, the candidate of ${version}; run the baseline again with one version`,
      );
  };
  const kind = kindOfDirectory(candidate);
  if (kind === 'run' || kind === 'replications') {
    const [arm] = await readArms(candidate);
    checkSameWorld(baseline, arm);
    checkVersion(arm.tidemarkVersion);
    return { runs: async (seeds) => arm.runs.slice(0, seeds), end: async () => {} };
  }
  checkVersion(identity().tidemarkVersion);
  const basePlan = baseline.plan as Plan;
  let plan: Plan;
  if (Object.hasOwn(POLICIES, candidate)) {
    const others = basePlan.policies.filter((entry) => entry.name !== candidate);
    plan = { ...basePlan, policies: [...others, { name: candidate, config: {} }] };
  } else {
    const { loadPlan } = await import('../scenarios/load.ts');
    const path = findScenario(candidate);
    if (!existsSync(path)) {
      const { knownText } = await import('../scenarios/suggest.ts');
      throw new ConfigError(
        `--candidate ${candidate} is no run directory, no scenario and no policy; known policies: ${knownText(candidate, Object.keys(POLICIES))}`,
      );
    }
    const sets = [...command.set, `seed=${JSON.stringify(basePlan.seed)}`];
    plan = (await loadPlan(path, { sets, knownPolicies: Object.keys(POLICIES) })).plan;
    checkSameWorld(baseline, { ...baseline, name: candidate, dir: candidate, plan });
  }
  const [{ createCellRunner }, { codeVersion, replayVersion }, { withSeed }] = await Promise.all([
    import('../lab/cell-runner.ts'),
    import('../lab/code-version.ts'),
    import('../lab/replications.ts'),
  ]);
  const replayed =
    plan.online.source === 'replay' ? (await (await import('./replay.ts')).replayFor(plan)).services : undefined;
  const runner = createCellRunner({
    dir: command.cache,
    codeVersion: codeVersion(),
    replayVersion: replayVersion(replayed),
    workers: command.workers,
    identity: identity(),
    signal: at.signal,
    onNote: at.onNote,
    ...(replayed === undefined ? {} : { replayed }),
  });
  const runs: CandidateRuns = (seeds) =>
    runner.run(
      baseline.runs.slice(0, seeds).map(({ seed }) => ({ name: `seed ${seed}`, plan: withSeed(plan, seed) })),
      (done) => at.onProgress(done, `${seeds} seeds`),
    );
  return { runs, end: () => runner.end() };
}

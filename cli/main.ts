#!/usr/bin/env node
/**
 * The command line. Each command lives in its own file and is loaded when it is called, so that `tidemark --help` does not wait for
 * a chart library.
 */
import { Command, CommanderError } from 'commander';
import { ConfigError, InvariantError, TraceError } from '../policies/base/assert.ts';
import { register as registerBacktest } from './backtest.ts';
import { register as registerCompare } from './compare.ts';
import { register as registerDiff } from './diff.ts';
import { register as registerFuzz } from './fuzz.ts';
import { register as registerGate } from './gate.ts';
import { collect, whole } from './lab-session.ts';
import { register as registerMerge } from './merge.ts';
import { register as registerPlan } from './plan.ts';
import { register as registerReplicate } from './replicate.ts';
import { register as registerSelling } from './selling.ts';
import { register as registerSensitivity } from './sensitivity.ts';
import { register as registerSweep } from './sweep.ts';
import { register as registerTrace } from './trace.ts';
import { register as registerValidatePhysics } from './validate-physics.ts';
import { tidemarkVersion } from './version.ts';
import { register as registerView } from './view.ts';
import { register as registerWarm } from './warm.ts';
import { register as registerWorker } from './worker.ts';

const EXIT_BAD_INPUT = 2;
const EXIT_BUG = 70;

function createProgram(): Command {
  const program = new Command('tidemark')
    .description(
      'A deterministic cluster simulator and capacity-planning lab: validate co-location water-lines before rollout.',
    )
    .version(tidemarkVersion())
    .showSuggestionAfterError()
    .showHelpAfterError('(tidemark --help lists the commands)')
    // Commander ends with 1 at a mistyped option, which is what gate says of a regression. Commands below inherit this.
    .exitOverride();

  program
    .command('run')
    .description('run a scenario (a file, or the name of one in the library) and write a report')
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .option('--set <path=value>', 'override a value of the scenario; may be repeated', collect, [])
    .option('--seed <text>', 'seed instead of the scenario’s')
    .option('--seeds <n>', 'replications with different seeds, with intervals over them', whole, 1)
    .option('--workers <n>', 'worker threads for replications', whole, 1)
    .option(
      '--from-snapshot <file>',
      'go on from a warm cluster (tidemark warm) under this plan’s policies and failures',
    )
    .option('--out <dir>', 'run directory (default: runs/<scenario name>)')
    .option('--json', 'print the summary as JSON', false)
    .option('--no-report', 'write no report.html')
    .action(async (scenario: string, options) => {
      const { run } = await import('./run.ts');
      process.exitCode = await run(scenario, { ...options, sets: options.set });
    });

  program
    .command('validate')
    .description('check scenarios; nothing is run or written')
    .argument('<scenario...>', 'scenario files, or names of library scenarios')
    .option('--set <path=value>', 'override a value; may be repeated', collect, [])
    .option('--plan', 'print the resolved plan, every default written out', false)
    .action(async (paths: string[], options) => {
      const [{ validate }, { findScenario }, { POLICIES }, { parameterRanges }] = await Promise.all([
        import('./validate.ts'),
        import('./find-scenario.ts'),
        import('../policies/registry.ts'),
        import('./parameters.ts'),
      ]);
      const outcome = await validate(paths.map(findScenario), {
        sets: options.set,
        plan: options.plan,
        knownPolicies: Object.keys(POLICIES),
        knownParameters: parameterRanges(),
      });
      process.stdout.write(outcome.stdout);
      process.stderr.write(outcome.stderr);
      process.exitCode = outcome.exitCode;
    });

  program
    .command('conformance')
    .description('run upstream’s cases (Koordinator, Mesos, Chronos, Marathon) against the policies that ship')
    .argument('<dir>', 'directory of vector files, or one file')
    .action(async (dir: string) => {
      const { conformance } = await import('./conformance.ts');
      const write = (text: string) => process.stdout.write(text);
      // On a terminal the lines of the files are the progress.
      if (process.stdout.isTTY) process.exitCode = conformance(dir, write);
      else {
        const { withProgress } = await import('./progress.ts');
        process.exitCode = await withProgress('conformance', ({ update }) => conformance(dir, write, update));
      }
    });

  program
    .command('policies')
    .description('list the policies a scenario may name')
    .action(async () => {
      const { POLICIES } = await import('../policies/registry.ts');
      for (const policy of Object.values(POLICIES)) process.stdout.write(`${policy.name.padEnd(22)}${policy.about}\n`);
    });

  program
    .command('parameters')
    .description('list every coefficient of the host physics with its source and range')
    .action(async () => {
      const { parameterRows } = await import('./parameters.ts');
      for (const row of parameterRows({}))
        process.stdout.write(
          `${row.name.padEnd(30)}${String(row.value).padStart(10)} ${row.unit.padEnd(12)} ${row.source}\n`,
        );
    });

  registerValidatePhysics(program);
  registerSelling(program);
  registerSensitivity(program);
  registerReplicate(program);
  registerFuzz(program);
  registerWarm(program);
  registerSweep(program);
  registerWorker(program);
  registerMerge(program);
  registerCompare(program);
  registerPlan(program);
  registerGate(program);
  registerView(program);
  registerTrace(program);
  registerBacktest(program);

  registerDiff(program);

  program
    .command('report')
    .description('write report.html of a run, a sweep, a comparison or a plan again')
    .argument('<dir>', 'folder that the command wrote')
    .option('--charts <format>', 'also every chart as svg or png, in <dir>/charts')
    .action(async (dir: string, options: { readonly charts?: string }) => {
      const { report } = await import('./report.ts');
      process.exitCode = await report(dir, options);
    });

  return program;
}

/** Runs the command line; errors a person can fix, a mistyped command among them, end with code 2, our own with code 70 and how to report them. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has been told already; help and version end with 0.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
      return;
    }
    if (error instanceof ConfigError || error instanceof TraceError) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = EXIT_BAD_INPUT;
      return;
    }
    const bug = error instanceof InvariantError ? 'a fact that must hold did not hold' : 'an unexpected error';
    process.stderr.write(
      `tidemark ${tidemarkVersion()} hit ${bug}; this is our bug, please report it with these lines:\n`,
    );
    process.stderr.write(`  command: tidemark ${argv.slice(2).join(' ')}\n  node: ${process.version}\n`);
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = EXIT_BUG;
  }
}

await main(process.argv);

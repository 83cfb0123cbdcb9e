/** `tidemark compare A B...`: policies against a baseline, paired by seed. */
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../policies/base/assert.ts';
import { repeatCommand, writeLabFiles } from './lab-files.ts';
import { collect, EXIT_INTERRUPTED, share, whole } from './lab-session.ts';

interface CompareCommand {
  readonly outcome: string[];
  readonly confidence?: number;
  readonly seeds?: number;
  readonly set: string[];
  readonly workers: number;
  readonly out?: string;
  readonly json: boolean;
}

const DEFAULT_CONFIDENCE = 0.95;

/** Runs scenarios under common seeds, each into a folder of its name; null when it was interrupted. */
async function runEach(scenarios: readonly string[], seeds: number, command: CompareCommand): Promise<string[] | null> {
  const { set: sets, workers } = command;
  if (seeds < 2) throw new ConfigError(`--seeds is ${seeds}; give a whole number of 2 or more: one seed has no spread`);
  const { run } = await import('./run.ts');
  const folders: string[] = [];
  for (const scenario of scenarios) {
    const name = basename(scenario, '.yaml');
    const out = join(command.out ?? join('runs', 'compare'), name);
    if (folders.includes(out))
      throw new ConfigError(`two scenarios are called ${name}; their runs need folders of their own`);
    const code = await run(scenario, { sets, seeds, workers, out, json: false, report: false, quiet: true });
    if (code !== 0) return null;
    folders.push(out);
  }
  return folders;
}

export function register(program: Command): void {
  program
    .command('compare')
    .description('who is better at what, paired by seed: run directories with several seeds, or a sweep')
    .argument(
      '<dirs...>',
      'the baseline first; of a sweep the first point is the baseline; with --seeds scenarios, which are run first',
    )
    .option('--seeds <n>', 'run every scenario under the same n seeds, then compare', whole)
    .option('--set <path=value>', 'with --seeds: override in every scenario; may be repeated', collect, [])
    .option('--workers <n>', 'with --seeds: worker threads', whole, 1)
    .option(
      '--outcome <figure>',
      'compare only this figure; may be repeated (default: lab.outcomes of a sweep, else all)',
      collect,
      [],
    )
    .option('--confidence <share>', 'over all comparisons together (default: lab.confidence of a sweep, 0.95)', share)
    .option('--out <dir>', 'write report.html, report.md, table.csv, table.parquet and comparison.json there')
    .option('--json', 'print the comparison as JSON', false)
    .action(async (dirs: string[], options: CompareCommand) => {
      process.exitCode = await compare(dirs, options);
    });
}

async function compare(dirs: readonly string[], command: CompareCommand): Promise<number> {
  const [{ checkSameCode, checkSameWorld, readArms }, { compareArms }, { comparisonLines }, { OUTCOMES, outcomeOf }] =
    await Promise.all([
      import('../lab/read-arms.ts'),
      import('../lab/compare.ts'),
      import('../lab/compare-text.ts'),
      import('../lab/outcomes.ts'),
    ]);
  const given = command.outcome.map(outcomeOf);
  const folders = command.seeds === undefined ? dirs : await runEach(dirs, command.seeds, command);
  if (folders === null) return EXIT_INTERRUPTED;
  const arms = (await Promise.all(folders.map(readArms))).flat();
  for (const arm of arms.slice(1)) {
    checkSameCode(arms[0], arm);
    checkSameWorld(arms[0], arm);
  }
  const asked = given.length > 0 ? given : (arms[0].ask?.outcomes ?? []).map(outcomeOf);
  const confidence = command.confidence ?? arms[0].ask?.confidence ?? DEFAULT_CONFIDENCE;
  const comparison = compareArms(arms, asked.length > 0 ? asked : OUTCOMES, confidence);
  const { quotedBacktests } = await import('../lab/backtest-text.ts');
  const backtest = quotedBacktests(...arms.map((arm) => arm.backtest));
  const lines = [...comparisonLines(comparison, arms[0].warmUp), ...backtest];
  const json = JSON.stringify({ ...comparison, backtest }, null, 1);
  if (command.out !== undefined) {
    const { writeWhole } = await import('../lab/sweep-table.ts');
    writeWhole(join(command.out, 'comparison.json'), `${json}\n`);
    const { compareDocument } = await import('../lab/documents/compare-document.ts');
    const { documentArm } = await import('../lab/documents/arms.ts');
    const source = {
      command: repeatCommand(),
      currency: arms[0].currency,
      arms: arms.map((arm) => documentArm(arm, comparison.seeds)),
    };
    await writeLabFiles(command.out, compareDocument(source, comparison, arms[0].warmUp), backtest);
  }
  process.stdout.write(command.json ? `${json}\n` : `${lines.join('\n')}\n`);
  if (command.out !== undefined && !command.json) process.stdout.write(`${join(command.out, 'report.html')}\n`);
  return 0;
}

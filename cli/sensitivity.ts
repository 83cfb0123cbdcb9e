/** `tidemark sensitivity SCENARIO`: which assumed coefficients the answer rests on, as text bars and a tornado chart. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Sensitivity, SensitivityRow } from '../lab/sensitivity.ts';
import { numberWords, withUnit } from '../lab/words.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { repeatCommand } from './lab-files.ts';
import { attended, collect, interrupted, openSession, whole } from './lab-session.ts';
import { basisOf, rangeText, sensitivityText, sentencesOf } from './sensitivity-text.ts';

export interface SensitivityCommand {
  readonly outcome: string;
  readonly seeds: number;
  readonly workers: number;
  readonly top: number;
  readonly set: readonly string[];
  readonly out?: string;
  readonly json: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('sensitivity')
    .description('move every assumed coefficient to the ends of its range and show which ones the answer rests on')
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .option('--outcome <figure>', 'figure that is watched', 'lateRequestPercent')
    .option('--set <path=value>', 'override a value of the scenario; may be repeated', collect, [])
    .option('--seeds <n>', 'seeds of every run, the same for all', whole, 1)
    .option('--workers <n>', 'worker threads', whole, 1)
    .option('--top <k>', 'coefficients shown', whole, 15)
    .option(
      '--out <dir>',
      'directory for sensitivity.html, tornado.svg and sensitivity.json (default: runs/<name>-sensitivity)',
    )
    .option('--json', 'print the result as JSON', false)
    .action(async (scenario: string, options: SensitivityCommand) => {
      process.exitCode = await sensitivity(scenario, options, (text) => process.stdout.write(text));
    });
}

/** Runs the sweep, writes its files and returns the exit code. Nothing is written when it is interrupted. */
export async function sensitivity(
  scenario: string,
  command: SensitivityCommand,
  write: (text: string) => void,
): Promise<number> {
  const [{ loadPlan }, { outcomeOf }, { runSensitivity }, { kindOfDirectory }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/outcomes.ts'),
    import('../lab/sensitivity.ts'),
    import('../sim/results/store.ts'),
  ]);
  const outcome = outcomeOf(command.outcome);
  const session = await openSession(scenario, command.set);
  const { plan } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const out = command.out ?? join('runs', `${plan.name}-sensitivity`);
  const kind = kindOfDirectory(out);
  if (kind === 'run' || kind === 'replications')
    throw new ConfigError(`${out} holds a tidemark run; give another --out`);
  const result = await attended(`${plan.name} sensitivity`, (at) =>
    runSensitivity(plan, {
      figure: outcome.figure,
      seeds: command.seeds,
      workers: command.workers,
      identity: session.identity,
      signal: at.signal,
      onProgress: at.onProgress,
      ...(session.replayed === undefined ? {} : { replayed: session.replayed }),
    }),
  );
  if (result === null) return interrupted('nothing was written');
  const shown = result.rows.slice(0, command.top);
  const sentences = [...sentencesOf(result, outcome.words, outcome.unit), ...session.backtest];
  await writeFiles(out, result, shown, sentences, outcome);
  if (command.json) write(`${JSON.stringify(result, null, 2)}\n`);
  else write(sensitivityText(result, shown, sentences, outcome.words, outcome.unit, out));
  return 0;
}

async function writeFiles(
  out: string,
  result: Sensitivity,
  shown: readonly SensitivityRow[],
  sentences: readonly string[],
  outcome: { readonly words: string; readonly unit: string },
): Promise<void> {
  const [{ tornadoChart }, { sensitivityHtml }, { renderSvg }, { writeWhole }] = await Promise.all([
    import('../reports/charts/tornado.ts'),
    import('../reports/sensitivity-html.ts'),
    import('../reports/render.ts'),
    import('../lab/sweep-table.ts'),
  ]);
  const facts = {
    words: outcome.words,
    unit: outcome.unit,
    base: result.base,
    bars: shown.map((row) => ({
      name: row.name,
      lowText: rangeText(row.low, row.unit),
      highText: rangeText(row.high, row.unit),
      atLow: row.atLow,
      atHigh: row.atHigh,
    })),
    sentence: sentences.join(' '),
  };
  const page = await sensitivityHtml({
    title: `${result.name}: sensitivity of ${outcome.words}`,
    sentences,
    facts: {
      ...facts,
      sentence: `Base ${withUnit(numberWords(result.base), outcome.unit)}; ${shown.length} widest of ${result.rows.length}.`,
    },
    rows: shown.map((row) => ({
      name: row.name,
      value: numberWords(row.value),
      range: `${numberWords(row.low)} to ${rangeText(row.high, row.unit)}`,
      basis: basisOf(row),
      atLow: numberWords(row.atLow),
      atHigh: numberWords(row.atHigh),
      flips: row.flips.length === 0 ? '' : `changes at the ${row.flips.join(' and ')} end`,
    })),
    without: result.without,
    command: repeatCommand(),
  });
  writeWhole(join(out, 'sensitivity.html'), page);
  writeWhole(join(out, 'tornado.svg'), await renderSvg(tornadoChart(facts), true));
  writeWhole(join(out, 'sensitivity.json'), `${JSON.stringify(result, null, 2)}\n`);
}

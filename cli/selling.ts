/** `tidemark selling SCENARIO`: ways to sell idle CPU on one scenario, what each gains and how often it promises too much. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Estimate, SellingComparison, SellingRow } from '../lab/selling.ts';
import { numberWords } from '../lab/words.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { repeatCommand } from './lab-files.ts';
import { attended, collect, interrupted, openSession, whole } from './lab-session.ts';

export interface SellingCommand {
  readonly policies?: string;
  readonly set: readonly string[];
  readonly seeds: number;
  readonly workers: number;
  readonly out?: string;
  readonly json: boolean;
}

/** From selling nothing to knowing the future, then the same CPU sold to more tiers than one. */
const ALL = [
  'limit-sum',
  'borg-default',
  'empirical-ratio',
  'rc-like',
  'machine-percentile',
  'n-sigma',
  'max-predictor',
  'gaussian-percentile',
  'time-window',
  'autopilot',
  'batch-resource',
  'peak-oracle',
  'n-fold:2',
];
/** They spread drawn work over the classes mid and free; replayed tasks are of one class. */
const SPREAD = ['n-fold:3', 'n-fold:4'];

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('selling')
    .description(
      'compare ways to sell idle CPU: usable gain against P(violation), and the distance to a 24 h peak oracle',
    )
    .argument('<scenario>', 'scenario file, or a library name such as overcommit')
    .option(
      '--policies <names>',
      'sellers to compare, comma separated; n-fold:2, n-fold:3 and n-fold:4 sell to as many tiers (default: all)',
    )
    .option('--set <path=value>', 'override a value of the scenario; may be repeated', collect, [])
    .option('--seeds <n>', 'seeds of every seller, the same for all', whole, 3)
    .option('--workers <n>', 'worker threads', whole, 1)
    .option('--out <dir>', 'directory for selling.html, selling-*.svg and selling.json (default: runs/<name>-selling)')
    .option('--json', 'print the comparison as JSON', false)
    .action(async (scenario: string, options: SellingCommand) => {
      process.exitCode = await selling(scenario, options, (text) => process.stdout.write(text));
    });
}

/** Runs the scenario once for each seller and seed, writes the page and returns the exit code. Nothing is written when it is interrupted. */
export async function selling(
  scenario: string,
  command: SellingCommand,
  write: (text: string) => void,
): Promise<number> {
  const [{ loadPlan }, { planFor, sellerOf }, { runSelling }, { kindOfDirectory }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/compare-selling.ts'),
    import('../lab/selling.ts'),
    import('../sim/results/store.ts'),
  ]);
  const session = await openSession(scenario, command.set);
  const { plan } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const all = plan.bestEffort.trace === undefined ? [...ALL, ...SPREAD] : ALL;
  const names = command.policies?.split(',').map((name) => name.trim()) ?? all;
  const sellers = names.map(sellerOf);
  for (const seller of sellers) planFor(plan, seller);
  const out = command.out ?? join('runs', `${plan.name}-selling`);
  const kind = kindOfDirectory(out);
  if (kind === 'run' || kind === 'replications')
    throw new ConfigError(`${out} holds a tidemark run; give another --out`);
  const result = await attended(`${plan.name} selling`, (at) =>
    runSelling(plan, sellers, {
      seeds: command.seeds,
      workers: command.workers,
      signal: at.signal,
      onProgress: at.onProgress,
      ...(session.replayed === undefined ? {} : { replayed: session.replayed }),
    }),
  );
  if (result === null) return interrupted('nothing was written');
  await writePage(out, result, session.backtest);
  write(
    command.json
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${sellingText(result)}Page      ${join(out, 'selling.html')}\n`,
  );
  if (!command.json) for (const sentence of session.backtest) write(`${sentence}\n`);
  return 0;
}

async function writePage(out: string, result: SellingComparison, backtest: readonly string[]): Promise<void> {
  const [{ sellingHtml }, { sellingFrontier }, { renderSvg }, { writeWhole }] = await Promise.all([
    import('../reports/selling-html.ts'),
    import('../reports/charts/selling-frontier.ts'),
    import('../reports/render.ts'),
    import('../lab/sweep-table.ts'),
  ]);
  const charts = [
    frontier(result, 'selling-violation', 'P(violation)', ({ figures }) => figures.violationPercent),
    frontier(result, 'selling-broken', 'promises broken', ({ figures }) => figures.violatedPercent),
  ];
  const page = await sellingHtml({
    title: `${result.name}: ways to sell idle CPU`,
    subtitle: `${result.rows.length} sellers under ${result.seeds.length} seeds; gain beside ${result.baseline}`,
    sentences: [...sentencesOf(result), ...backtest],
    charts,
    caption: `Means over ${result.seeds.length} seeds with half of the 95 % interval (Student's t; gain and distance to the oracle paired by seed).`,
    headings: COLUMNS.map(([heading]) => heading),
    rows: result.rows.map((row) => [row.name, ...COLUMNS.map(([, of]) => words(of(row)))]),
    notes: MEANINGS,
    command: repeatCommand(),
  });
  writeWhole(join(out, 'selling.html'), page);
  for (const facts of charts) writeWhole(join(out, `${facts.id}.svg`), await renderSvg(sellingFrontier(facts), true));
  writeWhole(join(out, 'selling.json'), `${JSON.stringify(result, null, 2)}\n`);
}

function frontier(
  { rows, baseline }: SellingComparison,
  id: string,
  riskWords: string,
  riskOf: (row: SellingRow) => Estimate,
) {
  const span = ({ mean, halfWidth }: Estimate) => {
    const half = Number.isNaN(halfWidth) ? 0 : halfWidth;
    return { mean, low: mean - half, high: mean + half };
  };
  const points = rows.map((row) => ({
    name: row.name,
    gain: span(row.gainCoreHours),
    risk: span(riskOf(row)),
    kind:
      row.name === 'peak-oracle'
        ? ('bound' as const)
        : row.name.startsWith('n-fold')
          ? ('several tiers' as const)
          : ('policy' as const),
  }));
  const policies = rows.filter(({ name }) => name !== 'peak-oracle');
  const most = policies.reduce((a, b) => (b.gainCoreHours.mean > a.gainCoreHours.mean ? b : a));
  const sentence = `${most.name} gains most: ${words(most.gainCoreHours)} core-hours at ${riskWords} ${words(riskOf(most))} %.`;
  return { id, riskWords, baseline, points, sentence };
}

/** What gains most without more risk than the baseline, and how far the oracle is. */
export function sentencesOf({ rows, baseline }: SellingComparison): readonly string[] {
  const oracle = rows.find(({ name }) => name === 'peak-oracle');
  const policies = rows.filter((row) => row !== oracle && row.name !== baseline);
  const base = rows.find(({ name }) => name === baseline);
  if (policies.length === 0 || base === undefined) return ['There is nothing to compare: one seller was run.'];
  const more = (a: SellingRow, b: SellingRow) => (b.gainCoreHours.mean > a.gainCoreHours.mean ? b : a);
  const most = policies.reduce(more);
  const asSafe = policies.filter(({ figures }) => figures.violationPercent.mean <= base.figures.violationPercent.mean);
  const sentences = [
    `${most.name} gains most beside ${baseline}: ${words(most.gainCoreHours)} core-hours of best effort, P(violation) ${words(most.figures.violationPercent)} %, ` +
      `promises broken in ${words(most.figures.violatedPercent)} % of samples.`,
    asSafe.length === 0
      ? `Every other seller has a higher P(violation) than ${baseline} (${words(base.figures.violationPercent)} %).`
      : `With a P(violation) not above that of ${baseline} (${words(base.figures.violationPercent)} %), ${asSafe.reduce(more).name} gains most: ${words(asSafe.reduce(more).gainCoreHours)} core-hours.`,
  ];
  if (oracle !== undefined)
    sentences.push(
      `Knowing the next 24 h (peak-oracle) gains ${words(oracle.gainCoreHours)} core-hours; ${most.name} sells ${numberWords(Math.abs(most.belowOraclePercent.mean))} % of the capacity ${most.belowOraclePercent.mean < 0 ? 'more than it, the same CPU counted in every tier' : 'less than it'}.`,
    );
  return sentences;
}

const COLUMNS: readonly (readonly [heading: string, of: (row: SellingRow) => Estimate])[] = [
  ['sold %', ({ figures }) => figures.soldPercent],
  ['used %', ({ figures }) => figures.usedPercent],
  ['gain core-h', (row) => row.gainCoreHours],
  ['P(viol) %', ({ figures }) => figures.violationPercent],
  ['late %', ({ figures }) => figures.lateRequestPercent],
  ['broken %', ({ figures }) => figures.violatedPercent],
  ['severity %', ({ figures }) => figures.severityPercent],
  ['below oracle', (row) => row.belowOraclePercent],
];

const MEANINGS = [
  'sold, used: CPU over capacity; where several tiers are sold, the same CPU counts in each. gain: best-effort core-hours done beyond the baseline.',
  'P(viol): service-hours that missed their objective. broken: (host, sample) pairs whose peak of the next 24 h passed what was left unsold; severity: by how much, over all.',
  'below oracle: percent of capacity that the peak oracle, which knows the next 24 h, sells beyond this row. n-fold:k offers the same work to k - 1 classes in equal parts.',
];

/** `12.3 +-0.4`; the interval is left out where there is none, unknown means are blank. */
function words({ mean, halfWidth }: Estimate): string {
  if (Number.isNaN(mean)) return '';
  return Number.isNaN(halfWidth) ? numberWords(mean) : `${numberWords(mean)} +-${numberWords(halfWidth)}`;
}

/** One line a seller, and what the columns mean. */
function sellingText(result: SellingComparison): string {
  const width = Math.max(6, ...result.rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}${cells.map((text) => text.padStart(18)).join('')}\n`;
  return [
    line(
      'seller',
      COLUMNS.map(([heading]) => heading),
    ),
    ...result.rows.map((row) =>
      line(
        row.name,
        COLUMNS.map(([, of]) => words(of(row))),
      ),
    ),
    `Means over ${result.seeds.length} ${result.seeds.length === 1 ? 'seed' : "seeds with half of the 95 % interval (Student's t)"}; gain and distance to the oracle are paired by seed.\n`,
    ...MEANINGS.map((text) => `${text}\n`),
    ...sentencesOf(result).map((text) => `${text}\n`),
  ].join('');
}

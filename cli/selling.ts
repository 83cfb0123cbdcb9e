/** `tidemark selling SCENARIO`: ways to sell idle CPU on one scenario, what each gains and how often it promises too much. */
import type { Command } from 'commander';
import type { SellingRow } from '../lab/compare-selling.ts';
import { numberWords } from '../lab/words.ts';
import { collect, openSession } from './lab-session.ts';

export interface SellingCommand {
  readonly policies?: string;
  readonly set: readonly string[];
  readonly json: boolean;
}

/** From selling nothing to knowing the future. */
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
];

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('selling')
    .description(
      'compare ways to sell idle CPU: usable gain against P(violation), and the distance to a 24 h peak oracle',
    )
    .argument('<scenario>', 'scenario file, or a library name such as overcommit')
    .option('--policies <names>', 'sellers to compare, comma separated (default: all that sell batch resources)')
    .option('--set <path=value>', 'override a value of the scenario; may be repeated', collect, [])
    .option('--json', 'print the rows as JSON', false)
    .action(async (scenario: string, options: SellingCommand) => {
      await selling(scenario, options, (text) => process.stdout.write(text));
    });
}

/** Runs the scenario once for each seller and prints one row each. */
export async function selling(
  scenario: string,
  command: SellingCommand,
  write: (text: string) => void,
): Promise<readonly SellingRow[]> {
  const [{ loadPlan }, { compareSelling }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/compare-selling.ts'),
  ]);
  const session = await openSession(scenario, command.set);
  const { plan } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const names = command.policies?.split(',').map((name) => name.trim()) ?? ALL;
  const rows = compareSelling(plan, names);
  write(command.json ? `${JSON.stringify(rows, null, 2)}\n` : sellingText(rows));
  return rows;
}

const COLUMNS: readonly (readonly [heading: string, of: (row: SellingRow) => number])[] = [
  ['sold %', (row) => row.soldPercent],
  ['used %', (row) => row.usedPercent],
  ['gain core-h', (row) => row.gainCoreHours],
  ['P(viol) %', (row) => row.violationPercent],
  ['late %', (row) => row.lateRequestPercent],
  ['broken %', (row) => row.violatedPercent],
  ['severity %', (row) => row.severityPercent],
  ['below oracle', (row) => row.soldBelowOraclePercent],
];

/** One line a seller, and what the columns mean. Unknown distances are left blank. */
export function sellingText(rows: readonly SellingRow[]): string {
  const width = Math.max(6, ...rows.map(({ name }) => name.length));
  const cell = (text: string) => text.padStart(14);
  const line = (name: string, cells: readonly string[]) => `${name.padEnd(width)}${cells.map(cell).join('')}\n`;
  const lines = rows.map((row) =>
    line(
      row.name,
      COLUMNS.map(([, of]) => (Number.isNaN(of(row)) ? '' : numberWords(of(row)))),
    ),
  );
  return [
    line(
      'seller',
      COLUMNS.map(([heading]) => heading),
    ),
    ...lines,
    'sold, used: batch CPU over capacity. gain: best-effort core-hours done beyond the row that sold least. P(viol): service-hours that missed\n',
    'their objective. broken: (host, sample) pairs whose peak of the next 24 h passed what was left unsold; severity: by how much, over all.\n',
    'below oracle: percent of capacity that the peak oracle, which knows the next 24 h, sells beyond this row.\n',
  ].join('');
}

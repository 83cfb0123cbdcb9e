/** The table of a sweep on a terminal: one line a point, means over its seeds. */
import type { RunSummary } from '../sim/results/schema.ts';
import { pointName } from './sweep-plan.ts';
import { type SweepTable, summariesOf } from './sweep-table.ts';
import { numberWords } from './words.ts';

const COLUMNS: readonly (readonly [keyof RunSummary, string])[] = [
  ['cpuUtilisationMeanPercent', 'CPU %'],
  ['violationServiceHourPercent', 'violations %'],
  ['lateRequestPercent', 'late %'],
  ['doneCoreHours', 'done core-h'],
  ['wastedPercent', 'wasted %'],
  ['suppressedPercentOfDemand', 'squeezed %'],
  ['waitMsP95', 'wait p95 ms'],
  ['costPerUsefulCoreHour', 'cost/core-h'],
];

/** A heading, then a line a point; points without a result say so. */
export function sweepLines(table: SweepTable): string[] {
  const { description } = table;
  const rows = description.points.map((_, point) => {
    const runs = summariesOf(table, point);
    const mean = (figure: keyof RunSummary): number =>
      runs.reduce((sum, run) => sum + run.summary[figure], 0) / runs.length;
    const cells = COLUMNS.map(([figure]) => (runs.length === 0 ? '-' : numberWords(mean(figure))));
    return [pointName(description, point), String(runs.length), ...cells];
  });
  const lines = [['point', 'runs', ...COLUMNS.map(([, heading]) => heading)], ...rows];
  const widths = lines[0].map((_, at) => Math.max(...lines.map((cells) => cells[at].length)));
  const failures = table.failures.map(({ name, error, message }) => `failed: ${name}: ${error}: ${message}`);
  return [
    ...lines.map((cells) =>
      cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '),
    ),
    ...failures,
  ];
}

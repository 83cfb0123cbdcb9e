/** Tables of results as arquero tables, binned to what a chart can show. */
import type { ColumnTable } from 'arquero';
import { op, table } from 'arquero';
import { MS_PER_HOUR, MS_PER_MINUTE } from '../policies/base/units.ts';
import type { Column, Table, TableName } from '../sim/results/schema.ts';

/** One row of a chart's data. */
export type Row = Readonly<Record<string, number | string>>;

/** How a column is carried into a wider bin. */
export type Fold = 'mean' | 'sum' | 'max';

const NICE_BIN_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080];
const MOST_POINTS = 340;

/** A table of results; columns are shared, not copied. */
export function frameOf<T extends TableName>(results: Table<T>): ColumnTable {
  return table(results.columns as Readonly<Record<string, Column>>);
}

/** Smallest nice bin (minutes) that shows `hours` in at most `mostPoints` and is no finer than the windows. */
export function binMinutes(hours: number, windowMs: number, mostPoints = MOST_POINTS): number {
  const least = windowMs / MS_PER_MINUTE;
  const fits = NICE_BIN_MINUTES.find((minutes) => minutes >= least && (hours * 60) / minutes <= mostPoints);
  return fits ?? Math.max(least, (hours * 60) / mostPoints);
}

/** Hours a bar or cell stands for so that `hours` fit into `most` of them: 1, 2, 3, 6, 12, 24, ... */
export function binHours(hours: number, most: number): number {
  return [1, 2, 3, 6, 12, 24, 48, 168].find((bin) => hours / bin <= most) ?? Math.ceil(hours / most);
}

/**
 * Windows folded into bins of `minutes`: columns `hour` (middle of the bin, hours from the start), `from`, `to` and those
 * of `folds`. Bins without windows are absent.
 */
export function binWindows(
  windows: Table<'windows'>,
  minutes: number,
  folds: Readonly<Record<string, Fold>>,
): ColumnTable {
  const binMs = minutes * MS_PER_MINUTE;
  const binHours = binMs / MS_PER_HOUR;
  const rollup: Record<string, unknown> = {};
  for (const [column, fold] of Object.entries(folds)) rollup[column] = op[fold](column);
  return frameOf(windows)
    .params({ binMs, binHours })
    .derive({ bin: (row: { timeMs: number }, $: { binMs: number }) => op.floor(row.timeMs / $.binMs) })
    .groupby('bin')
    .rollup(rollup as Parameters<ColumnTable['rollup']>[0])
    .orderby('bin')
    .derive({
      from: (row: { bin: number }, $: { binHours: number }) => row.bin * $.binHours,
      hour: (row: { bin: number }, $: { binHours: number }) => (row.bin + 0.5) * $.binHours,
      to: (row: { bin: number }, $: { binHours: number }) => (row.bin + 1) * $.binHours,
    });
}

/** Rows as plain objects. */
export function rowsOf(frame: ColumnTable): Row[] {
  return frame.objects({ limit: Number.POSITIVE_INFINITY }) as Row[];
}

/** Bins of `minutes` in words: `10 min`, `1 h`. */
export function binWords(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

/**
 * How well a fit of the first days foretells the days after them.
 *
 * Use: hour-of-day profile and level of the first 70 % of whole days against the hourly means of the rest. Batch: jobs a day and the
 * durations of tasks likewise. At least four days are needed, so that at least one is held out.
 */
import { ksDistance } from './distribution.ts';
import type { ImportedTrace } from './import/canonical.ts';
import { courseOf, hourOfSlot, meanOfKnown, perServiceOf } from './inspect.ts';
import { GRID_PER_DAY, GRID_PER_HOUR, type KindSeries } from './series-set.ts';

const TRAIN_SHARE = 0.7;
const FEWEST_DAYS = 4;
const MS_PER_DAY = 86_400_000;

export interface BacktestRow {
  readonly name: string;
  readonly trainDays: number;
  readonly testDays: number;
  readonly measure: string;
  readonly value: number;
}

export interface Backtest {
  readonly rows: readonly BacktestRow[];
}

/** Rows for use and for batch, where there are days enough. */
export function backtestTrace(kind: KindSeries | null, trace: ImportedTrace): Backtest {
  return { rows: [...(kind === null ? [] : backtestUse(kind)), ...backtestBatch(trace)] };
}

function backtestUse(kind: KindSeries): BacktestRow[] {
  const days = Math.floor(kind.slots / GRID_PER_DAY);
  if (days < FEWEST_DAYS) return [];
  const trainDays = Math.max(2, Math.floor(days * TRAIN_SHARE));
  const use = perServiceOf(kind);
  const train = use.subarray(0, trainDays * GRID_PER_DAY);
  const test = use.subarray(trainDays * GRID_PER_DAY, days * GRID_PER_DAY);
  const level = meanOfKnown(train);
  const profile = courseOf(train, 24, hourOfSlot);
  let [error, bias, hours] = [0, 0, 0];
  for (let start = 0; start + GRID_PER_HOUR <= test.length; start += GRID_PER_HOUR) {
    const measured = meanOfKnown(test.subarray(start, start + GRID_PER_HOUR));
    const foretold = level * profile[hourOfSlot(start)];
    if (!(measured > 0 && foretold > 0)) continue;
    error += Math.abs(foretold - measured) / measured;
    bias += foretold - measured;
    hours += 1;
  }
  if (hours === 0) return [];
  const row = { name: `CPU of ${kind.kind}s by hour`, trainDays, testDays: days - trainDays };
  return [
    { ...row, measure: 'mean absolute error', value: error / hours },
    { ...row, measure: 'bias', value: bias / hours / meanOfKnown(test) },
  ];
}

function backtestBatch(trace: ImportedTrace): BacktestRow[] {
  const { tasks } = trace;
  if (tasks.count === 0) return [];
  const days = Math.floor(tasks.submitMs[tasks.count - 1] / MS_PER_DAY);
  if (days < FEWEST_DAYS) return [];
  const trainDays = Math.max(2, Math.floor(days * TRAIN_SHARE));
  const perDay = new Float64Array(days);
  const durations: [number[], number[]] = [[], []];
  for (let task = 0; task < tasks.count; task++) {
    const day = Math.floor(tasks.submitMs[task] / MS_PER_DAY);
    if (day >= days) continue;
    perDay[day] += 1;
    if (tasks.durationMs[task] > 0) durations[day < trainDays ? 0 : 1].push(tasks.durationMs[task]);
  }
  const foretold = meanOfKnown(perDay.subarray(0, trainDays));
  const test = perDay.subarray(trainDays);
  const error =
    test.reduce((sum, measured) => sum + Math.abs(foretold - measured), 0) / test.reduce((sum, one) => sum + one, 0);
  const row = { trainDays, testDays: days - trainDays };
  const rows: BacktestRow[] = [];
  if (Number.isFinite(error)) rows.push({ ...row, name: 'tasks a day', measure: 'mean absolute error', value: error });
  const ks = ksDistance(durations[0], durations[1]);
  if (Number.isFinite(ks)) rows.push({ ...row, name: 'durations', measure: 'KS distance', value: ks });
  return rows;
}

/**
 * How well a fit of the first days foretells the days after them.
 *
 * Use: hour-of-day profile and level of the first 70 % of whole days against the hourly means of the rest. Batch: jobs a day and the
 * durations of tasks likewise. At least four days are needed, so that at least one is held out.
 */
import { MS_PER_DAY } from '../policies/base/units.ts';
import { ksOfSorted, sortKnown } from './distribution.ts';
import { courseOf, hourOfSlot, meanOfKnown, perServiceOf } from './inspect.ts';
import { GRID_PER_DAY, GRID_PER_HOUR, type KindSeries } from './series-set.ts';
import type { TaskTable } from './task-table.ts';

const TRAIN_SHARE = 0.7;
const FEWEST_DAYS = 4;

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
export function backtestTrace(kind: KindSeries | null, tasks: TaskTable): Backtest {
  return { rows: [...(kind === null ? [] : backtestUse(kind)), ...backtestBatch(tasks)] };
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

function backtestBatch(tasks: TaskTable): BacktestRow[] {
  if (tasks.count === 0) return [];
  const submitMs = tasks.submitMs();
  const days = Math.floor(submitMs[tasks.count - 1] / MS_PER_DAY);
  if (days < FEWEST_DAYS) return [];
  const trainDays = Math.max(2, Math.floor(days * TRAIN_SHARE));
  const perDay = new Float64Array(days);
  for (const ms of submitMs) {
    const day = Math.floor(ms / MS_PER_DAY);
    if (day < days) perDay[day] += 1;
  }
  const train = perDay.subarray(0, trainDays);
  const test = perDay.subarray(trainDays);
  const foretold = meanOfKnown(train);
  const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0);
  const error = sum(test.map((measured) => Math.abs(foretold - measured))) / sum(test);
  const row = { trainDays, testDays: days - trainDays };
  const rows: BacktestRow[] = [];
  if (Number.isFinite(error)) rows.push({ ...row, name: 'tasks a day', measure: 'mean absolute error', value: error });
  const durations = tasks.derive(['durationMs'], ([ms], at) => (ms[at] > 0 ? ms[at] : Number.NaN));
  // Tasks stand in the order of submission: the days that are held out are behind the others.
  const [split, end] = [sum(train), sum(perDay)];
  const ks = ksOfSorted(sortKnown(durations.subarray(0, split)), sortKnown(durations.subarray(split, end)));
  if (Number.isFinite(ks)) rows.push({ ...row, name: 'durations', measure: 'KS distance', value: ks });
  return rows;
}

/**
 * Copies of stragglers: once 75 % of a stage is done, a task that has run longer than 1.5 medians of those done gets one copy somewhere; whichever ends
 * first counts, and what the other did is wasted.
 *
 * Looked at once a window (Spark: every 100 ms), so a copy comes up to a window late. A copy is placed like any other task, with a stretch of its own; when its task
 * is evicted or fails, the copy is given up with it, where Spark would let it run on. Source: spark.speculation.quantile, .multiplier; docs/performance-models.md 6.
 */
import type { TaskTable } from '../cluster/tasks.ts';
import { isSpeculated } from '../host/best-effort.ts';
import { submitCopy } from './arrivals.ts';
import type { Engine } from './engine.ts';
import type { Execution } from './execution.ts';

/** A task has ended: its time counts in the median of its stage. */
export function noteEnded(execution: Execution, tasks: TaskTable, row: number, nowMs: number): void {
  if (execution.ways[tasks.group[row]].speculation !== true) return;
  execution.endedMs[tasks.job[row]] ??= [];
  execution.endedMs[tasks.job[row]].push(nowMs - tasks.startedAtMs[row]);
}

/** The stage is done, or the job. */
export function forgetEnded(execution: Execution, job: number): void {
  delete execution.endedMs[job];
}

/** Makes copies of the stragglers that are due. */
export function speculate(engine: Engine, execution: Execution, nowMs: number): void {
  const { ways, endedMs, speculationQuantile: quantile, speculationRatio: ratio, copies } = execution;
  if (!ways.some((way) => way.speculation)) return;
  const { tasks } = engine.cluster;
  const { leftReleased } = engine.jobs;
  const due: number[] = [];
  const medians = new Map<number, number>();
  for (let i = 0; i < tasks.runningCount; i++) {
    const row = tasks.runningRows[i];
    if (tasks.mate[row] >= 0 || tasks.isCopy[row] === 1 || ways[tasks.group[row]].speculation !== true) continue;
    const job = tasks.job[row];
    const ended = endedMs[job];
    if (ended === undefined) continue;
    const median = medians.get(job) ?? medianOf(ended);
    medians.set(job, median);
    const doneShare = ended.length / (ended.length + leftReleased[job]);
    if (isSpeculated(doneShare, quantile, nowMs - tasks.startedAtMs[row], median, ratio)) due.push(row);
  }
  // By number: the list of running rows is in no order that a fork would keep.
  due.sort((a, b) => tasks.id[a] - tasks.id[b]);
  for (const row of due) submitCopy(engine, row, copies[0]++, nowMs);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

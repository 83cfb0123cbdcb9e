/**
 * The end of speculative copies (who gets one says `speculation`).
 *
 * A copy is a task row with a job of its own; `mate` ties it to its task. It is submitted and done in the books of work, so that those add up, and counted
 * as a task by no table.
 */
import { CHANGE, finish } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { PHASE } from '../kernel/phase.ts';
import type { Engine } from './engine.ts';
import { bookProgress, dropMetrics, EVENT, endAttempt, taskOver, taskPayload, wasteMs } from './lifecycle.ts';
import { WORK } from './recorder.ts';

/** A copy ends: before its task, which is then done with it and whose own attempt was in vain, or because nobody waits for it any more. */
export function endCopy(engine: Engine, row: number, nowMs: number): void {
  const { cluster, recorder } = engine;
  const { tasks } = cluster;
  const original = tasks.mate[row];
  if (original < 0) wasteMs(engine, row, tasks.attemptMs[row], nowMs);
  unpair(engine, row, nowMs);
  recorder.work[WORK.done] += tasks.durationMs[row] * tasks.demandMilliCpu[row];
  const host = tasks.host[row];
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  finish(cluster, row, nowMs);
  engine.plane.onLeft(row, host, nowMs, CHANGE.finish);
  taskOver(engine, row, nowMs, true);
  if (original >= 0) {
    bookProgress(tasks, original, nowMs);
    wasteMs(engine, original, tasks.attemptMs[original] - tasks.leftMs[original], nowMs);
    tasks.failing[original] = 0;
    tasks.attemptMs[original] = tasks.leftMs[original] = 0;
    endAttempt(engine, original, nowMs);
  }
  engine.plane.onCapacity(nowMs);
}

/**
 * A task and its copy have nothing to do with each other any more. A copy without a task ends as soon as it runs: not at once, because whoever
 * takes tasks off a host one after the other counts on the others to stay.
 */
export function unpair(engine: Engine, row: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  const mate = tasks.mate[row];
  if (mate < 0) return;
  tasks.mate[row] = -1;
  tasks.mate[mate] = -1;
  if (tasks.isCopy[mate] === 0 || tasks.state[mate] !== TASK_STATE.running) return;
  bookProgress(tasks, mate, nowMs);
  tasks.attemptMs[mate] -= tasks.leftMs[mate];
  tasks.leftMs[mate] = 0;
  tasks.failing[mate] = 0;
  engine.calendar.push(nowMs + 1, PHASE.finish, tasks.id[mate], EVENT.finish, taskPayload(tasks, mate));
}

/**
 * How long one attempt of a task takes, and what of it is lost with it.
 *
 *   attempt = output to be made again + (task - checkpointed) x stretch x (1 + shuffle service) x (1 + write / interval of checkpoints)
 *   lost    = time of the attempt - what its last checkpoint holds
 *
 * Times are those of a task that gets its CPU. The stretch is lognormal with mean 1 and keyed by task and try, so two policies meet the same
 * stragglers; it is the task's own work. A checkpoint is counted to the end of the attempt although none is written there: at most one too many.
 */
import { normalQuantile } from '../../policies/base/exact-math.ts';
import type { TaskTable } from '../cluster/tasks.ts';
import { stragglerStretch } from '../host/best-effort.ts';
import { keyedWord } from '../kernel/random.ts';
import type { Execution } from './execution.ts';
import { takeLostOutput } from './shuffle.ts';

/** A task has started: sets the length of its attempt, or of the part before a failure that was drawn for it. */
export function beginAttempt(execution: Execution, tasks: TaskTable, row: number): void {
  const { durationMs, keptMs, recomputeMs, attemptMs, leftMs } = tasks;
  if (!(durationMs[row] > 0)) return;
  recomputeMs[row] = takeLostOutput(execution, tasks.job[row], tasks.host[row]) / tasks.demandMilliCpu[row];
  const ownMs = (durationMs[row] - keptMs[row]) * stretchOf(execution, tasks, row) * overheadOf(execution, tasks, row);
  const share = tasks.failing[row] === 1 ? attemptMs[row] / durationMs[row] : 1;
  leftMs[row] = share * (recomputeMs[row] + ownMs);
  attemptMs[row] = leftMs[row];
}

/** Time of the attempt that is lost for good after `doneMs` of it, ms; what its checkpoints hold is kept. */
export function lostAttemptMs(execution: Execution, tasks: TaskTable, row: number, doneMs: number): number {
  const way = execution.ways[tasks.group[row]];
  const usefulMs = doneMs - tasks.recomputeMs[row];
  if (way.checkpoints !== true || usefulMs <= 0) return doneMs;
  const { checkpointEveryMs, checkpointMs } = execution;
  const written = Math.floor(usefulMs / (checkpointEveryMs + checkpointMs));
  const stretch = stretchOf(execution, tasks, row);
  const heldMs = (written * checkpointEveryMs) / serviceOf(execution, tasks, row);
  const restMs = stretch * (tasks.durationMs[row] - tasks.keptMs[row]);
  const keptMs = heldMs < restMs ? heldMs : restMs;
  tasks.keptMs[row] += keptMs / stretch;
  return doneMs - keptMs;
}

/** Time of an attempt that ended well and was no work of the task's own: output made again, shuffle service, checkpoints. */
export function endedWasteMs(execution: Execution, tasks: TaskTable, row: number): number {
  const ownMs = (tasks.durationMs[row] - tasks.keptMs[row]) * stretchOf(execution, tasks, row);
  const extraMs = tasks.attemptMs[row] - ownMs;
  return extraMs > 0 ? extraMs : 0;
}

function stretchOf(execution: Execution, tasks: TaskTable, row: number): number {
  if (execution.ways[tasks.group[row]].stragglers !== true) return 1;
  const word = keyedWord(execution.stragglerSalt, tasks.id[row] * 16 + (tasks.attempts[row] & 15)) >>> 0;
  return stragglerStretch(execution.stragglerSigma, normalQuantile((word + 0.5) / 4294967296));
}

function serviceOf(execution: Execution, tasks: TaskTable, row: number): number {
  return execution.ways[tasks.group[row]].shuffle === 'remote' ? 1 + execution.remoteShuffleCost : 1;
}

function overheadOf(execution: Execution, tasks: TaskTable, row: number): number {
  const { checkpointMs, checkpointEveryMs, ways } = execution;
  const writes = ways[tasks.group[row]].checkpoints === true ? 1 + checkpointMs / checkpointEveryMs : 1;
  return writes * serviceOf(execution, tasks, row);
}

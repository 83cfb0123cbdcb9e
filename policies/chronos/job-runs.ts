/** Runs of Chronos jobs between their trigger and their end: planned, queued, retried, and what their end sets off. */
import { ActionKind, appendRun, appendSignal, type FrameworkActions, type Work } from '../framework.ts';
import { retireWork } from '../framework-work.ts';
import { childStarted, removeJob, succeed } from './job-dag.ts';
import { dueJobs, type ScheduledJob, sleepMs } from './job-selection.ts';
import { decideAfterFailure } from './retry.ts';
import { requestRevive } from './revive-throttle.ts';
import { register, unroll } from './schedule-stream.ts';
import { skipForward } from './skip-forward.ts';
import type { ChronosJob, ChronosState, PlannedRun } from './state.ts';
import { charge } from './store-cost.ts';
import { enqueue } from './task-queue.ts';

/** Inserts a run in order of its due time, behind those that are due at the same time. */
export function plan(state: ChronosState, run: PlannedRun): void {
  let low = 0;
  let high = state.planned.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (state.planned[middle].dueMs <= run.dueMs) low = middle + 1;
    else high = middle;
  }
  state.planned.splice(low, 0, run);
}

/** Queues a run in the lane of its job and asks for offers when the flag is set. */
export function queueRun(
  state: ChronosState,
  job: ChronosJob,
  attempt: number,
  nowMs: number,
  out: FrameworkActions,
): void {
  enqueue(state.lanes, job.lane, { job: job.name, attempt });
  // Runs of an immediate job wait from its submission on, and a run that is tried again has never ceased to.
  if (!job.immediate && attempt === 0) appendRun(out, ActionKind.Due, job.workRow);
  if (state.config.reviveOffersForNewJobs && state.active) revive(state, nowMs, out);
}

/** A queued run, or one that failed for the last time, is dropped. */
export function dropRun(job: ChronosJob, out: FrameworkActions): void {
  if (!job.immediate) appendRun(out, ActionKind.Drop, job.workRow);
}

/** Appends Revive unless the throttle puts it off. */
export function revive(state: ChronosState, nowMs: number, out: FrameworkActions): void {
  if (!requestRevive(state.throttle, nowMs, state.config.minReviveIntervalMs)) return;
  state.counters.revives += 1;
  appendSignal(out, ActionKind.Revive);
}

/** Queues every planned run that is due. */
export function queueDueRuns(state: ChronosState, nowMs: number, out: FrameworkActions): void {
  let count = 0;
  while (count < state.planned.length && state.planned[count].dueMs <= nowMs) count += 1;
  for (const run of state.planned.splice(0, count)) {
    const job = state.jobs.get(run.job);
    if (job !== undefined) queueRun(state, job, run.attempt, nowMs, out);
  }
}

/** One pass of the schedule loop when it is due. */
export function runScheduleLoop(state: ChronosState, nowMs: number, out: FrameworkActions): void {
  if (nowMs < state.nextLoopMs) return;
  const { epochMs } = state.config;
  const clockMs = nowMs + epochMs;
  if (state.config.scheduler === '2.4') {
    for (const job of state.jobs.values()) {
      if (job.schedule === null || job.disabled) continue;
      const pass = unroll(job.schedule, clockMs, job.epsilonMs, state.config.scheduleHorizonMs);
      // A run within epsilon of the past is due at once.
      for (const dueMs of pass.dueMs)
        plan(state, { dueMs: Math.max(dueMs - epochMs, nowMs), job: job.name, attempt: 0 });
      job.schedule = pass.remaining;
    }
    state.nextLoopMs = nowMs + state.config.scheduleHorizonMs;
    return;
  }
  for (const name of dueJobs(scheduledJobs(state), clockMs)) {
    const job = state.jobs.get(name) as ChronosJob;
    if (job.schedule === null) continue;
    job.schedule = skipForward(job.schedule, clockMs);
    queueRun(state, job, 0, nowMs, out);
  }
  // At least 1 ms: a start that equals now is due only once time has passed it.
  state.nextLoopMs = nowMs + Math.max(1, sleepMs(scheduledJobs(state), clockMs));
}

function scheduledJobs(state: ChronosState): ScheduledJob[] {
  const jobs: ScheduledJob[] = [];
  for (const job of state.jobs.values())
    if (job.schedule !== null) jobs.push({ name: job.name, schedule: job.schedule, disabled: job.disabled });
  return jobs;
}

/** Gives a new scheduled job its first place in the loop. */
export function startSchedule(state: ChronosState, job: ChronosJob, nowMs: number): void {
  if (job.schedule === null) return;
  if (state.config.scheduler === '2.4')
    job.schedule = register(job.schedule, nowMs + state.config.epochMs, job.epsilonMs);
  state.nextLoopMs = nowMs;
}

/** A run started: edges from its parents count anew. */
export function runStarted(state: ChronosState, job: ChronosJob): void {
  if (job.dependent) childStarted(state.dag, job.name);
}

/** A run succeeded: children that are ready are queued. */
export function runSucceeded(state: ChronosState, job: ChronosJob, nowMs: number, out: FrameworkActions): void {
  state.counters.finished += 1;
  job.lastSuccessMs = nowMs;
  job.errorsSinceLastSuccess = 0;
  queueChildren(state, job.name, nowMs, out);
  runOver(state, job, nowMs);
}

/** A run failed: it is retried later, or recorded as an error for good. */
export function runFailed(
  state: ChronosState,
  job: ChronosJob,
  attempt: number,
  nowMs: number,
  out: FrameworkActions,
): void {
  state.counters.failed += 1;
  const decision = decideAfterFailure(job, attempt, state.config.disableAfterFailures);
  if (decision.retry) {
    plan(state, { dueMs: nowMs + state.config.failureRetryDelayMs, job: job.name, attempt: attempt + 1 });
    return;
  }
  job.errorsSinceLastSuccess = decision.errorsSinceLastSuccess;
  job.lastErrorMs = nowMs;
  job.disabled = decision.disabled;
  dropRun(job, out);
  if (job.softError) queueChildren(state, job.name, nowMs, out);
  runOver(state, job, nowMs);
}

/** A run came to its final end; an immediate job without further runs is deleted. */
export function runOver(state: ChronosState, job: ChronosJob, nowMs: number): void {
  if (!job.immediate) return;
  job.runsLeft -= 1;
  if (job.runsLeft > 0) return;
  charge(state.store, state.config.storeOperations.remove, state.config.storeOperationMs, nowMs);
  // A job that others wait for stays in the graph.
  if ((state.dag.children.get(job.name) ?? []).length > 0) return;
  removeJob(state.dag, job.name);
  state.jobs.delete(job.name);
  retireWork(state.ledger, job.workRow);
}

function queueChildren(state: ChronosState, parent: string, nowMs: number, out: FrameworkActions): void {
  for (const name of succeed(state.dag, parent)) {
    const child = state.jobs.get(name);
    if (child !== undefined && !child.disabled) queueRun(state, child, 0, nowMs, out);
  }
}

/** The work with Chronos' default amounts where it asks for none. */
export function withDefaults(state: ChronosState, work: Work): Work {
  return {
    ...work,
    milliCpu: work.milliCpu > 0 ? work.milliCpu : state.config.defaultMilliCpu,
    memMiB: work.memMiB > 0 ? work.memMiB : state.config.defaultMemMiB,
    diskMiB: work.diskMiB > 0 ? work.diskMiB : state.config.defaultDiskMiB,
  };
}

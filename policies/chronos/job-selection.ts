/** Which jobs the main loop of Chronos 3.0 runs, and how long it sleeps. Source: JobScheduler.mainLoop. */
import type { Schedule } from './iso8601.ts';

/** Longest sleep of the loop, and its sleep when no job has a coming run. Units: ms. */
export const MAX_SLEEP_MS = 60_000;

/** What selection looks at. */
export interface ScheduledJob {
  readonly name: string;
  readonly schedule: Schedule;
  readonly disabled: boolean;
}

function mayRun(job: ScheduledJob): boolean {
  return !job.disabled && job.schedule.repeat !== 0;
}

/** Names of the jobs due at `nowMs` (start strictly before now), earliest start first, ties in the given order. */
export function dueJobs(jobs: readonly ScheduledJob[], nowMs: number): string[] {
  return jobs
    .filter((job) => mayRun(job) && job.schedule.startMs < nowMs)
    .sort((a, b) => a.schedule.startMs - b.schedule.startMs)
    .map((job) => job.name);
}

/** Time until the next start of any job that may run: 0 when one is due, `MAX_SLEEP_MS` when there is none. Units: ms. */
export function untilNextJobMs(jobs: readonly ScheduledJob[], nowMs: number): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const job of jobs) if (mayRun(job)) nextMs = Math.min(nextMs, job.schedule.startMs);
  return nextMs === Number.POSITIVE_INFINITY ? MAX_SLEEP_MS : Math.max(0, nextMs - nowMs);
}

/** How long the loop sleeps: until the next job, at most `MAX_SLEEP_MS`; changes of jobs wake it earlier. Units: ms. */
export function sleepMs(jobs: readonly ScheduledJob[], nowMs: number): number {
  return Math.min(MAX_SLEEP_MS, untilNextJobMs(jobs, nowMs));
}

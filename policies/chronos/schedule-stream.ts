/**
 * The schedule stream of Chronos 2.x: a job's coming runs as a head and a tail, unrolled one horizon ahead.
 *
 * Source: Chronos 2.4 ScheduleStream, JobScheduler.iteration / next, JobUtils.makeScheduleStream / skipForward.
 */
import { ConfigError } from '../base/assert.ts';
import { INFINITE, printSchedule, type Schedule } from './iso8601.ts';
import { addPeriod, fixedLengthMs, hasMonths } from './period.ts';

/** The stream after its head: (n - 1 or -1, t + p, p), or null when nothing is left to repeat. */
export function tail(schedule: Schedule): Schedule | null {
  if (schedule.repeat === 0) return null;
  const startMs = addPeriod(schedule.startMs, schedule.zone, schedule.period);
  return { ...schedule, repeat: schedule.repeat === INFINITE ? INFINITE : schedule.repeat - 1, startMs };
}

/** What one pass of the scheduler's loop makes of one stream. */
export interface StreamPass {
  /** Due times of the runs that got a timer, in order. */
  readonly dueMs: readonly number[];
  /** Runs stepped over because they were older than epsilon. */
  readonly missed: number;
  /** The stream that is kept for the next pass; null when it is used up. */
  readonly remaining: Schedule | null;
}

/**
 * One pass over a stream at `nowMs`.
 *
 *   n = 0                         used up
 *   now - epsilon < t < now + horizon   timer for t, step
 *   t >= now                      too early: keep
 *   else                          missed: step without a word
 *
 * Units: ms. Errors: ConfigError when the stream cannot end: no positive period and more runs than one.
 */
export function unroll(schedule: Schedule, nowMs: number, epsilonMs: number, horizonMs: number): StreamPass {
  const dueMs: number[] = [];
  let missed = 0;
  let stream: Schedule | null = schedule;
  while (stream !== null && stream.repeat !== 0) {
    const at: number = stream.startMs;
    if (at > nowMs - epsilonMs && at < nowMs + horizonMs) dueMs.push(at);
    else if (at >= nowMs) return { dueMs, missed, remaining: stream };
    else missed += 1;
    const next: Schedule | null = tail(stream);
    if (next !== null && next.startMs <= at && next.repeat === INFINITE)
      throw new ConfigError(`${printSchedule(schedule)} repeats for ever without moving; the period must be positive`);
    stream = next;
  }
  return { dueMs, missed, remaining: null };
}

/**
 * The stream of a job that is registered at `nowMs`, or null when all its runs lie too far in the past.
 *
 * Runs are skipped only if start + epsilon < now; then whole periods are, by division of whole seconds. Months and years have
 * no fixed length and are counted one by one, up to the first start that is not before now.
 */
export function register(schedule: Schedule, nowMs: number, epsilonMs: number): Schedule | null {
  if (schedule.startMs + epsilonMs >= nowMs) return schedule;
  const skips = countSkips(schedule, nowMs);
  if (schedule.repeat !== INFINITE && schedule.repeat < skips) return null;
  return {
    ...schedule,
    repeat: schedule.repeat === INFINITE ? INFINITE : schedule.repeat - skips,
    startMs: addPeriod(schedule.startMs, schedule.zone, schedule.period, skips),
  };
}

function countSkips(schedule: Schedule, nowMs: number): number {
  if (!hasMonths(schedule.period)) {
    const periodSeconds = Math.trunc(fixedLengthMs(schedule.period) / 1000);
    if (periodSeconds <= 0)
      throw new ConfigError(`${printSchedule(schedule)}: a period below one second cannot be skipped forward`);
    return Math.trunc(Math.trunc((nowMs - schedule.startMs) / 1000) / periodSeconds);
  }
  let skips = 0;
  let at = schedule.startMs;
  while (at < nowMs) {
    const next = addPeriod(at, schedule.zone, schedule.period);
    if (next <= at) throw new ConfigError(`${printSchedule(schedule)}: the period must be positive`);
    at = next;
    skips += 1;
  }
  return skips;
}

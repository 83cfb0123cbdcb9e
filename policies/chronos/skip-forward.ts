/**
 * Skip-forward of Chronos 3.0: after a run, one computation gives the job's next start and what is left to repeat.
 *
 *   n     = n - 1 (not when infinite)
 *   start = start + p x (floor((now - start) / p) + 1)    when start < now and p > 0
 *
 * Two quirks follow and are kept. R0 becomes -1, which reads as infinite. A period with months or years is measured once,
 * from now: in February a month is 28 days, too many fit, and the start overshoots; from a 31-day month it undershoots
 * and the job is due again at once.
 * Source: Chronos 3.0 JobUtils.skipForward / calculateSkips.
 */
import { INFINITE, type Schedule } from './iso8601.ts';
import { addPeriod, fixedLengthMs, hasMonths } from './period.ts';

/** The schedule of a job that runs at `nowMs`. Units: ms. Rounding: lengths to whole seconds, down. */
export function skipForward(schedule: Schedule, nowMs: number): Schedule {
  const skips = countSkips(schedule, nowMs);
  return {
    ...schedule,
    repeat: schedule.repeat === INFINITE ? INFINITE : schedule.repeat - 1,
    startMs: addPeriod(schedule.startMs, schedule.zone, schedule.period, skips),
  };
}

function countSkips(schedule: Schedule, nowMs: number): number {
  if (schedule.startMs >= nowMs) return 0;
  const lengthMs = hasMonths(schedule.period)
    ? addPeriod(nowMs, schedule.zone, schedule.period) - nowMs
    : fixedLengthMs(schedule.period);
  const lengthSeconds = Math.trunc(lengthMs / 1000);
  if (lengthSeconds <= 0) return 0;
  return Math.trunc(Math.trunc((nowMs - schedule.startMs) / 1000) / lengthSeconds) + 1;
}

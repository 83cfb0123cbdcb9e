/** The grain of time: instants are whole ticks of 1 ms, or of what the plan says. */

/** Below this part of a tick a time counts as the tick before: sums of doubles miss a tick by less than 1e-4 of it for 10^9 ms. */
const SLACK_TICKS = 1e-4;

interface Clock {
  readonly ticksPerMs?: number;
}

/** The first tick at or after a time; a whole number of ms where ticks are ms. */
export function inTicks(clock: Clock, timeMs: number): number {
  const ticks = clock.ticksPerMs ?? 1;
  return Math.ceil(timeMs * ticks - SLACK_TICKS) / ticks;
}

/** A time that is a tick, as the whole number of that tick. */
export function tickOf(clock: Clock, timeMs: number): number {
  return Math.round(timeMs * (clock.ticksPerMs ?? 1));
}

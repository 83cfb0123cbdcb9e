/** The course of a day and a week: hour-of-day profiles turned into smooth curves with a wanted peak-to-trough ratio. */
import { assert } from '../policies/base/assert.ts';
import { exp } from '../policies/base/exact-math.ts';

const HOURS = 24;

/** The hourly profile at `hour` (any real number, cyclic): hour means sit at half past, straight lines between. */
export function profileAt(hourly: readonly number[], hour: number): number {
  const position = hour - 0.5;
  const whole = Math.floor(position);
  const part = position - whole;
  const left = hourly[((whole % HOURS) + HOURS) % HOURS];
  const right = hourly[(((whole + 1) % HOURS) + HOURS) % HOURS];
  return left + (right - left) * part;
}

/** A bell of the given height around `centerHour`, cyclic over the day. */
export function bumpAt(hour: number, centerHour: number, sdHours: number, height: number): number {
  const apart = (((hour - centerHour) % HOURS) + HOURS) % HOURS;
  const distance = Math.min(apart, HOURS - apart) / sdHours;
  return height * exp(-0.5 * distance * distance);
}

/** Mean of each of the 24 hours of a curve given in equal slots over one day. Shape: slots is a multiple of 24. */
export function hourMeans(day: ArrayLike<number>): Float64Array {
  const perHour = day.length / HOURS;
  assert(Number.isInteger(perHour) && perHour > 0, 'a day has a whole number of slots per hour');
  const means = new Float64Array(HOURS);
  for (let slot = 0; slot < day.length; slot++) means[Math.floor(slot / perHour)] += day[slot] / perHour;
  return means;
}

/** Largest over smallest hour of the mean day, the p/t of the trace studies. */
export function peakToTrough(hourly: ArrayLike<number>): number {
  let low = Infinity;
  let high = -Infinity;
  for (let hour = 0; hour < hourly.length; hour++) {
    low = Math.min(low, hourly[hour]);
    high = Math.max(high, hourly[hour]);
  }
  return high / low;
}

/**
 * Stretches a curve about its mean so that the hour means have the given peak-to-trough ratio.
 *
 *   out = 1 + a (in / mean - 1),   a = (ratio - 1) / ((high - 1) - ratio (low - 1)),   high and low of the hour means
 *
 * The result has mean 1. Its lowest slot may fall below the lowest hour mean and is floored at 0.
 */
export function stretchToRatio(day: Float64Array, ratio: number): Float64Array {
  assert(ratio >= 1, 'a peak-to-trough ratio is at least 1');
  const mean = day.reduce((sum, value) => sum + value, 0) / day.length;
  const hourly = hourMeans(day).map((value) => value / mean);
  const high = Math.max(...hourly) - 1;
  const low = Math.min(...hourly) - 1;
  const stretch = high === low ? 0 : (ratio - 1) / (high - ratio * low);
  return day.map((value) => Math.max(0, 1 + stretch * (value / mean - 1)));
}

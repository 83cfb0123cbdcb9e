/**
 * Where the warm-up of a series ends, by MSER-5: of all cuts, the one after which the mean is known best.
 *
 *   batches Z of 5 values;  d = argmin over d <= n / 2 of  sum_{i > d} (Z_i - mean_{> d})^2 / (n - d)^2
 *
 * A minimum beyond n / 2 means that the series is too short to tell. Daily cycles are taken out first: the median day
 * is subtracted. Source: White 1997; Hoad, Robinson and Davies 2010.
 */
import { assert } from '../policies/base/assert.ts';
import { MS_PER_DAY } from '../policies/base/units.ts';

const BATCH = 5;
/** Two days have no middle one. */
const LEAST_DAYS = 3;

export interface WarmUpCut {
  /** Values to leave out, a multiple of 5. */
  readonly cut: number;
  /** False when the best cut lies beyond half of the series, or there are fewer than 4 batches: run longer. */
  readonly trusted: boolean;
}

/** MSER-5 of a series without a cycle. */
export function mser5(values: ArrayLike<number>): WarmUpCut {
  const n = Math.floor(values.length / BATCH);
  const batches = new Float64Array(n);
  for (let batch = 0; batch < n; batch++) {
    let sum = 0;
    for (let i = 0; i < BATCH; i++) sum += values[batch * BATCH + i];
    batches[batch] = sum / BATCH;
  }
  if (n < 4) return { cut: 0, trusted: false };
  // The last batch alone has no spread and would always win; a cut leaves at least two.
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let d = 0; d <= n - 2; d++) {
    let sum = 0;
    for (let i = d; i < n; i++) sum += batches[i];
    const mean = sum / (n - d);
    let squares = 0;
    for (let i = d; i < n; i++) squares += (batches[i] - mean) * (batches[i] - mean);
    const score = squares / ((n - d) * (n - d));
    if (score < least) {
      least = score;
      best = d;
    }
  }
  return { cut: best * BATCH, trusted: 2 * best <= n };
}

/**
 * The series minus its median day: a start that is off shows in full, and every day keeps the same share of its noise. (The mean of
 * the later days would leave these days quieter than the first, and every run would seem to need a day.)
 * Throws InvariantError below three whole days.
 */
export function dayResiduals(values: ArrayLike<number>, perDay: number): Float64Array {
  const days = Math.floor(values.length / perDay);
  assert(days >= LEAST_DAYS, 'residuals need three whole days');
  const residuals = new Float64Array(values.length);
  const slotValues = new Float64Array(days);
  for (let slot = 0; slot < perDay; slot++) {
    for (let day = 0; day < days; day++) slotValues[day] = values[day * perDay + slot];
    slotValues.sort();
    const median = (slotValues[(days - 1) >> 1] + slotValues[days >> 1]) / 2;
    for (let at = slot; at < values.length; at += perDay) residuals[at] = values[at] - median;
  }
  return residuals;
}

export interface WarmUpCheck {
  readonly figure: string;
  /** Warm-up that MSER-5 asks for. */
  readonly neededMs: number;
  readonly setMs: number;
  readonly trusted: boolean;
  /** Residuals of the median day (three days or more) or the series as it is. */
  readonly dayAligned: boolean;
  readonly agrees: boolean;
}

const MOST_POINTS = 2_000;

/** Whether the warm-up of a run suffices for one series of its windows, by MSER-5. */
export function checkWarmUp(
  figure: string,
  values: ArrayLike<number>,
  windowMs: number,
  warmUpMs: number,
): WarmUpCheck {
  // Means over a few windows keep the quadratic search small; the step divides a day.
  let step = 1;
  while (values.length / step > MOST_POINTS || (MS_PER_DAY / windowMs) % step !== 0) step++;
  const coarse = new Float64Array(Math.floor(values.length / step));
  for (let at = 0; at < coarse.length; at++) {
    let sum = 0;
    for (let i = 0; i < step; i++) sum += values[at * step + i];
    coarse[at] = sum / step;
  }
  const perDay = MS_PER_DAY / windowMs / step;
  const dayAligned = coarse.length >= LEAST_DAYS * perDay;
  const { cut, trusted } = mser5(dayAligned ? dayResiduals(coarse, perDay) : coarse);
  const neededMs = cut * step * windowMs;
  return { figure, neededMs, setMs: warmUpMs, trusted, dayAligned, agrees: trusted && neededMs <= warmUpMs };
}

/**
 * What a generator must reproduce of a series of CPU use: level, daily cycle, noise.
 *
 * p/t: largest over smallest hour of the mean day. R2: variance explained by the mean five-minute-of-day profile. Residual: value
 * minus profile minus the day's own level. r5, r60: autocorrelation of the residual at 5 and 60 minutes. CVr: sd(residual)/mean.
 */
import { exp, log } from '../../policies/base/exact-math.ts';
import { hourMeans, peakToTrough } from '../day-shape.ts';

const SLOTS_PER_DAY = 288;
const SLOT_MINUTES = 5;

export interface SeriesStatistics {
  readonly mean: number;
  readonly peakToTrough: number;
  readonly explainedShare: number;
  readonly r5: number;
  readonly r60: number;
  readonly residualCv: number;
  readonly dailyMeanCv: number;
}

/** Statistics of whole days of five-minute values; NaN marks a gap, a tail shorter than a day is left out. */
export function seriesStatistics(values: Float64Array): SeriesStatistics {
  const days = Math.floor(values.length / SLOTS_PER_DAY);
  const used = values.subarray(0, days * SLOTS_PER_DAY);
  const mean = meanOf(used);
  const profile = new Float64Array(SLOTS_PER_DAY);
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++)
    profile[slot] = meanOf(used.filter((_, index) => index % SLOTS_PER_DAY === slot));
  const dayMeans = new Float64Array(days);
  for (let day = 0; day < days; day++)
    dayMeans[day] = meanOf(used.subarray(day * SLOTS_PER_DAY, (day + 1) * SLOTS_PER_DAY));
  const residual = used.map(
    (value, index) => value - profile[index % SLOTS_PER_DAY] - (dayMeans[Math.floor(index / SLOTS_PER_DAY)] - mean),
  );
  const unexplained = used.map((value, index) => value - profile[index % SLOTS_PER_DAY]);
  return {
    mean,
    peakToTrough: peakToTrough(hourMeans(profile)),
    explainedShare: 1 - varianceOf(unexplained) / varianceOf(used),
    r5: autocorrelation(residual, 1),
    r60: autocorrelation(residual, 12),
    residualCv: Math.sqrt(varianceOf(residual)) / mean,
    dailyMeanCv: Math.sqrt(varianceOf(dayMeans)) / mean,
  };
}

/** Mean of the values that are not NaN. */
export function meanOf(values: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

function varianceOf(values: Float64Array): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) * (value - mean)));
}

/** Correlation of the series with itself `lag` slots later, over pairs without a gap. */
export function autocorrelation(values: Float64Array, lag: number): number {
  const mean = meanOf(values);
  let sum = 0;
  let pairs = 0;
  for (let index = 0; index + lag < values.length; index++) {
    const product = (values[index] - mean) * (values[index + lag] - mean);
    if (Number.isNaN(product)) continue;
    sum += product;
    pairs += 1;
  }
  return sum / pairs / varianceOf(values);
}

/**
 * White noise plus AR(1) with the two autocorrelations:  r(t) = s e^(-t/tau).
 *
 *   tau = 55 min / ln(r5 / r60),   s = r5 e^(5 min / tau)
 *
 * Null when r60 is not below r5 or not positive: the model does not describe such a series.
 */
export function solveNoise(r5: number, r60: number): { arShare: number; tauMinutes: number } | null {
  if (!(r60 > 0 && r5 > r60)) return null;
  const tauMinutes = (60 - SLOT_MINUTES) / log(r5 / r60);
  return { arShare: r5 * exp(SLOT_MINUTES / tauMinutes), tauMinutes };
}

/** Quartiles and deciles by linear interpolation between order statistics, rounded to `digits`. */
export function quantiles(values: readonly number[], shares: readonly number[], digits: number): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return shares.map((share) => {
    const position = share * (sorted.length - 1);
    const low = Math.floor(position);
    const high = Math.min(sorted.length - 1, low + 1);
    return roundTo(sorted[low] + (position - low) * (sorted[high] - sorted[low]), digits);
  });
}

/** Rounded to `digits` places. */
export function roundTo(value: number, digits: number): number {
  const factor = Number(`1e${digits}`);
  return Math.round(value * factor) / factor;
}

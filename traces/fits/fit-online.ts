/** The online facts: use over size, noise, daily cycle and week, each from the series named beside it. */
import { log, normalUpperTail } from '../../policies/base/exact-math.ts';
import { hourMeans, peakToTrough } from '../day-shape.ts';
import type { UsageSeries } from '../readers/usage-series.ts';
import { meanOf, quantiles, roundTo, type SeriesStatistics, seriesStatistics, solveNoise } from './fit-series.ts';

const DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const SLOTS_PER_DAY = 288;

/** Mean use over size of machines, percent: lognormal of the positive values with its distance to the data. */
export function fitUsage(averages: readonly number[]) {
  const positive = averages.filter((value) => value > 0).toSorted((a, b) => a - b);
  const logs = positive.map((value) => log(value));
  const logMean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const logSigma = Math.sqrt(logs.reduce((sum, value) => sum + (value - logMean) * (value - logMean), 0) / logs.length);
  let ks = 0;
  for (let index = 0; index < positive.length; index++) {
    const fitted = 1 - normalUpperTail((logs[index] - logMean) / logSigma);
    ks = Math.max(ks, Math.abs(fitted - index / positive.length), Math.abs(fitted - (index + 1) / positive.length));
  }
  return {
    n: averages.length,
    logMean: roundTo(logMean, 3),
    logSigma: roundTo(logSigma, 3),
    ks: roundTo(ks, 4),
    meanPercent: roundTo(averages.reduce((sum, value) => sum + value, 0) / averages.length, 2),
    deciles: quantiles(averages, DECILES, 1),
    shareBelow10: roundTo(averages.filter((value) => value < 10).length / averages.length, 3),
    shareBelow20: roundTo(averages.filter((value) => value < 20).length / averages.length, 3),
  };
}

/** Medians and quartiles over many series, and the noise model solved from the median autocorrelations. */
export function fitSeriesSet(series: readonly UsageSeries[]) {
  const statistics = series.map((one) => seriesStatistics(one.meanPercent));
  const spread = (key: keyof SeriesStatistics, digits: number) =>
    quantiles(
      statistics.map((one) => one[key]),
      [0.25, 0.5, 0.75],
      digits,
    );
  const r5 = spread('r5', 3);
  const r60 = spread('r60', 3);
  const noise = solveNoise(r5[1], r60[1]);
  const solved = statistics.map((one) => solveNoise(one.r5, one.r60)).filter((one) => one !== null);
  const solvedOne = (key: 'arShare' | 'tauMinutes', digits: number) =>
    quantiles(
      solved.map((one) => one[key]),
      [0.25, 0.5, 0.75],
      digits,
    );
  return {
    n: series.length,
    quartiles: {
      meanPercent: spread('mean', 2),
      peakToTrough: spread('peakToTrough', 3),
      explainedShare: spread('explainedShare', 3),
      r5,
      r60,
      residualCv: spread('residualCv', 3),
      dailyMeanCv: spread('dailyMeanCv', 3),
    },
    noise: noise === null ? null : { arShare: roundTo(noise.arShare, 3), tauMinutes: roundTo(noise.tauMinutes, 1) },
    /** Solved series by series, where the model applies. */
    noiseBySeries: { n: solved.length, arShare: solvedOne('arShare', 3), tauMinutes: solvedOne('tauMinutes', 1) },
    peakToTroughOver3Share: roundTo(statistics.filter((one) => one.peakToTrough >= 3).length / series.length, 3),
    peakToTroughUnder12Share: roundTo(statistics.filter((one) => one.peakToTrough < 1.2).length / series.length, 3),
  };
}

/** Mean of the five-minute maxima over the mean of the means, per machine: p10, median, p90. */
export function fitPeakOverMean(series: readonly UsageSeries[]): number[] {
  const ratios = series.map((one) => meanOf(one.maxPercent) / meanOf(one.meanPercent));
  return quantiles(ratios, [0.1, 0.5, 0.9], 2);
}

/** Daily cycle of a whole region and its days of the week (index 0 = first day of the trace), mean 1. */
export function fitRegion(means: Float64Array, maxima: Float64Array) {
  const statistics = seriesStatistics(means);
  const days = Math.floor(means.length / SLOTS_PER_DAY);
  const hours = new Float64Array(24);
  const weekdays = new Float64Array(7);
  const weekdayCounts = new Float64Array(7);
  const daily: number[] = [];
  for (let day = 0; day < days; day++) {
    const one = means.subarray(day * SLOTS_PER_DAY, (day + 1) * SLOTS_PER_DAY);
    const ratio = meanOf(one) / statistics.mean;
    hourMeans(one).forEach((value, hour) => {
      hours[hour] += value / statistics.mean / days;
    });
    weekdays[day % 7] += ratio;
    weekdayCounts[day % 7] += 1;
    daily.push(ratio);
  }
  return {
    days,
    peakToTrough: roundTo(peakToTrough(hours), 3),
    hourOfDay: Array.from(hours, (value) => roundTo(value, 4)),
    dayOfWeek: Array.from(weekdays, (value, day) => roundTo(value / weekdayCounts[day], 4)),
    dailyMeanRange: [roundTo(Math.min(...daily), 3), roundTo(Math.max(...daily), 3)],
    explainedShare: roundTo(statistics.explainedShare, 3),
    r5: roundTo(statistics.r5, 3),
    r60: roundTo(statistics.r60, 3),
    residualCv: roundTo(statistics.residualCv, 4),
    dailyMeanCv: roundTo(statistics.dailyMeanCv, 4),
    peakOverMean: roundTo(meanOf(maxima) / meanOf(means), 3),
  };
}

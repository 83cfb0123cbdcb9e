/** Compresses the Alibaba-2018 batch distributions (value, count pairs) into small tables with their goodness of fit. */
import { assert } from '../../policies/base/assert.ts';
import { exp, log, normalUpperTail } from '../../policies/base/exact-math.ts';
import { type DiscreteFit, meanOfDiscrete } from '../quantile-table.ts';

/** [value, count], values increasing. */
export type Histogram = readonly (readonly [number, number])[];

export interface CompressedFit extends DiscreteFit {
  /** Observations behind the fit. */
  readonly n: number;
  /** Largest distance between the two distribution functions (Kolmogorov-Smirnov). */
  readonly ks: number;
  readonly mean: number;
  readonly fittedMean: number;
}

export interface LognormalFit {
  readonly n: number;
  /** Share of observations at or below 0, left out of the fit. */
  readonly zeroShare: number;
  readonly logMean: number;
  readonly logSigma: number;
  readonly mean: number;
  readonly fittedMean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Kolmogorov-Smirnov distances; the second compares at value + 1/2, since seconds are rounded. */
  readonly ks: number;
  readonly ksBetweenSeconds: number;
}

function round(value: number, digits: number): number {
  const factor = Number(`1e${digits}`);
  return Math.round(value * factor) / factor;
}

function total(histogram: Histogram): number {
  return histogram.reduce((sum, [, count]) => sum + count, 0);
}

/**
 * The fewest points, chosen greedily from the left, whose straight lines stay within the tolerance of the distribution function.
 *
 * Tolerance at a value with tail T = 1 - F: min(0.001, T / 40), so the tail keeps its shape. Values are rounded up to whole
 * numbers first; shares are rounded to 7 digits.
 */
export function compressHistogram(histogram: Histogram): CompressedFit {
  const n = total(histogram);
  const values: number[] = [];
  const exact: number[] = [];
  let seen = 0;
  for (const [value, count] of histogram) {
    seen += count;
    const whole = Math.max(1, Math.ceil(value));
    if (values[values.length - 1] === whole) exact[exact.length - 1] = seen / n;
    else {
      values.push(whole);
      exact.push(seen / n);
    }
  }
  const chosen = chooseKnots(values, exact);
  const fit = {
    values: chosen.map((index) => values[index]),
    cumulative: chosen.map((index) => (index === values.length - 1 ? 1 : round(exact[index], 7))),
  };
  let ks = 0;
  for (let index = 0; index < values.length; index++)
    ks = Math.max(ks, Math.abs(cdfOf(fit, values[index]) - exact[index]));
  let mean = 0;
  for (let index = 0; index < values.length; index++) mean += values[index] * (exact[index] - (exact[index - 1] ?? 0));
  return { ...fit, n, ks: round(ks, 6), mean: round(mean, 4), fittedMean: round(meanOfDiscrete(fit), 4) };
}

/** Indices of the kept points; the last point is always kept. */
function chooseKnots(values: readonly number[], exact: readonly number[]): number[] {
  const chosen: number[] = [];
  let start = -1;
  while (start < values.length - 1) {
    let end = start + 1;
    while (end + 1 < values.length && fitsStraight(values, exact, start, end + 1)) end += 1;
    chosen.push(end);
    start = end;
  }
  return chosen;
}

function fitsStraight(values: readonly number[], exact: readonly number[], start: number, end: number): boolean {
  const fromValue = start < 0 ? 0 : values[start];
  const fromShare = start < 0 ? 0 : exact[start];
  const slope = (exact[end] - fromShare) / (values[end] - fromValue);
  for (let index = start + 1; index < end; index++) {
    const line = fromShare + slope * (values[index] - fromValue);
    if (Math.abs(line - exact[index]) > Math.min(0.001, (1 - exact[index]) / 40)) return false;
  }
  return true;
}

/** P(V <= value) of a fit. */
export function cdfOf(fit: DiscreteFit, value: number): number {
  let low = 0;
  let from = 0;
  for (let point = 0; point < fit.values.length; point++) {
    if (value <= fit.values[point]) {
      return from + ((fit.cumulative[point] - from) * (value - low)) / (fit.values[point] - low);
    }
    low = fit.values[point];
    from = fit.cumulative[point];
  }
  return 1;
}

/** Moments of ln(value) over the positive values, with the distance to the lognormal they define. */
export function fitLognormal(histogram: Histogram): LognormalFit {
  const n = total(histogram);
  const positive = histogram.filter(([value]) => value > 0);
  const kept = total(positive);
  assert(kept > 0, 'a lognormal fit needs positive values');
  const logMean = positive.reduce((sum, [value, count]) => sum + count * log(value), 0) / kept;
  const variance = positive.reduce((sum, [value, count]) => {
    const apart = log(value) - logMean;
    return sum + count * apart * apart;
  }, 0);
  const logSigma = Math.sqrt(variance / kept);
  const quantile = (share: number) => {
    let seen = 0;
    for (const [value, count] of positive) {
      seen += count;
      if (seen >= share * kept) return value;
    }
    return positive[positive.length - 1][0];
  };
  return {
    n,
    zeroShare: round(1 - kept / n, 4),
    logMean: round(logMean, 4),
    logSigma: round(logSigma, 4),
    mean: round(positive.reduce((sum, [value, count]) => sum + value * count, 0) / kept, 3),
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    max: positive[positive.length - 1][0],
    ...goodnessOf({ share: [1], logMean: [logMean], logSigma: [logSigma] }, positive, kept),
  };
}

/** Two lognormals side by side, for durations with a short and a long kind. */
export interface MixtureFit {
  readonly share: readonly number[];
  readonly logMean: readonly number[];
  readonly logSigma: readonly number[];
  readonly fittedMean: number;
  /** Kolmogorov-Smirnov distances; the second compares at value + 1/2, since seconds are rounded. */
  readonly ks: number;
  readonly ksBetweenSeconds: number;
}

const EM_STEPS = 400;

/**
 * Two lognormals by expectation and maximisation over the positive values, 400 steps from a start at mean -+ half a standard
 * deviation. Shares, means and deviations are rounded to 4 digits.
 */
export function fitLognormalPair(histogram: Histogram): MixtureFit {
  const positive = histogram.filter(([value]) => value > 0);
  const kept = total(positive);
  const logs = Float64Array.from(positive, ([value]) => log(value));
  const weights = Float64Array.from(positive, ([, count]) => count / kept);
  const single = fitLognormal(histogram);
  let share = [0.5, 0.5];
  let mean = [single.logMean - 0.5 * single.logSigma, single.logMean + 0.5 * single.logSigma];
  let sigma = [0.6 * single.logSigma, 0.6 * single.logSigma];
  for (let step = 0; step < EM_STEPS; step++) {
    const sums = [0, 0];
    const firsts = [0, 0];
    const seconds = [0, 0];
    for (let index = 0; index < logs.length; index++) {
      const density = [0, 1].map((part) => {
        const z = (logs[index] - mean[part]) / sigma[part];
        return (share[part] / sigma[part]) * exp(-0.5 * z * z);
      });
      for (let part = 0; part < 2; part++) {
        const weight = (weights[index] * density[part]) / (density[0] + density[1]);
        sums[part] += weight;
        firsts[part] += weight * logs[index];
        seconds[part] += weight * logs[index] * logs[index];
      }
    }
    share = sums;
    mean = sums.map((sum, part) => firsts[part] / sum);
    sigma = sums.map((sum, part) => Math.sqrt(Math.max(0.01, seconds[part] / sum - mean[part] * mean[part])));
  }
  const parameters = {
    share: [round(share[0], 4), round(1 - round(share[0], 4), 4)],
    logMean: mean.map((value) => round(value, 4)),
    logSigma: sigma.map((value) => round(value, 4)),
  };
  return { ...parameters, ...goodnessOf(parameters, positive, kept) };
}

function goodnessOf(fit: Pick<MixtureFit, 'share' | 'logMean' | 'logSigma'>, positive: Histogram, kept: number) {
  const below = (value: number) =>
    fit.share.reduce(
      (sum, share, part) => sum + share * normalUpperTail((fit.logMean[part] - log(value)) / fit.logSigma[part]),
      0,
    );
  let ks = 0;
  let ksBetweenSeconds = 0;
  let before = 0;
  for (const [value, count] of positive) {
    const after = before + count / kept;
    ks = Math.max(ks, Math.abs(below(value) - after), Math.abs(below(value) - before));
    ksBetweenSeconds = Math.max(ksBetweenSeconds, Math.abs(below(value + 0.5) - after));
    before = after;
  }
  const fittedMean = fit.share.reduce(
    (sum, share, part) => sum + share * exp(fit.logMean[part] + 0.5 * fit.logSigma[part] * fit.logSigma[part]),
    0,
  );
  return { fittedMean: round(fittedMean, 3), ks: round(ks, 4), ksBetweenSeconds: round(ksBetweenSeconds, 4) };
}

/** Cumulative shares of 1, 2, 3, ...: row[k - 1] = P(V <= k), rounded to 5 digits. */
export function cumulativeRow(histogram: Histogram): number[] {
  const n = total(histogram);
  const last = Math.round(histogram[histogram.length - 1][0]);
  const row = new Array<number>(last).fill(0);
  for (const [value, count] of histogram) row[Math.max(1, Math.round(value)) - 1] += count;
  let seen = 0;
  return row.map((count, index) => {
    seen += count;
    return index === last - 1 ? 1 : round(seen / n, 5);
  });
}

/** All batch fits from the file's `dist` record. */
export function fitBatch(dist: Readonly<Record<string, Histogram>>) {
  const rows = (prefix: string) => {
    const keys = Object.keys(dist).filter((key) => key.startsWith(`${prefix}/`));
    const numbers = keys.map((key) => Number(key.slice(prefix.length + 1))).sort((a, b) => a - b);
    return { first: numbers[0], cumulative: numbers.map((number) => cumulativeRow(dist[`${prefix}/${number}`])) };
  };
  return {
    tasksPerJob: compressHistogram(dist.task_num_dist),
    instancesPerTask: compressHistogram(dist.instance_num_dist),
    /** Row n - first: tasks on the critical path of a job of n tasks. */
    criticalPathByTasks: rows('cpl_dist'),
    /** Row k - first: level of a task off the critical path when that path has k tasks. */
    levelByCriticalPath: rows('level_dist'),
    taskSeconds: fitLognormal(dist.task_duration_dist),
    taskSecondsPair: fitLognormalPair(dist.task_duration_dist),
    instanceSeconds: fitLognormal(dist.instance_duration_dist),
  };
}

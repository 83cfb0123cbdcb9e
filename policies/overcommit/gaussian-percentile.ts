/**
 * Peak as a percentile of a normal sum: tasks are taken as independent, so their variances add.
 *
 *   P = cold + min(sum of warm L, sum mu + z x sqrt(sum sigma^2)) ; z = quantile of the confidence
 *
 * Close to the requested frequency of overload from about ten tasks a machine on.
 * Source: Janus and Rzadca (SoCC'17), GPA.
 */

import { normalQuantile } from '../base/exact-math.ts';
import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { meanOf, varianceOf } from './ring-statistics.ts';

/** Wanted share of time without overload, and samples below which a task counts at its limit. */
export interface GaussianPercentileConfig {
  readonly confidence: number;
  readonly warmUpSamples: number;
}

function predictGaussian(
  count: number,
  history: MachineHistory,
  config: GaussianPercentileConfig,
  out: Float64Array,
): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, taskUsageMilliCpu, windowSamples } = history;
  const { hostScratchA: variance, hostScratchB: limit } = history;
  const z = normalQuantile(config.confidence);
  // `out` collects means, then becomes min(limits, means + spread) with the cold limits inside both sums.
  out.fill(0, 0, count);
  variance.fill(0, 0, count);
  limit.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    limit[host] += taskLimitMilliCpu[task];
    const seen = taskSampleCount[task];
    if (seen < config.warmUpSamples) {
      out[host] += taskLimitMilliCpu[task];
      continue;
    }
    const samples = seen < windowSamples ? seen : windowSamples;
    const mean = meanOf(taskUsageMilliCpu, task * windowSamples, samples);
    out[host] += mean;
    variance[host] += varianceOf(taskUsageMilliCpu, task * windowSamples, samples, mean);
  }
  for (let host = 0; host < count; host++) {
    const peak = out[host] + z * Math.sqrt(variance[host]);
    out[host] = peak < 0 ? 0 : peak < limit[host] ? peak : limit[host];
  }
}

/** Percentile of the sum of independent normal usages. */
export const gaussianPercentile: MachinePeakPredictor<GaussianPercentileConfig> = {
  name: 'gaussian-percentile',
  defaults: { confidence: 0.99, warmUpSamples: 24 },
  needs: [],
  predict: predictGaussian,
};

/**
 * Peak as the sum of each task's own high percentile, as Resource Central does for virtual machines.
 *
 *   P = sum over cold L + sum over warm of min(1, perc_k(u / L)) x L
 *
 * Tasks rarely peak together, so the sum of percentiles is on the safe side of pooling.
 * Source: Resource Central (SOSP'17); Take it to the limit (EuroSys'21), RC-like.
 */

import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { percentileOf } from './ring-statistics.ts';

/** Percentile of a task's usage, and samples below which a task counts at its limit. */
export interface TaskPercentileConfig {
  readonly percentile: number;
  readonly warmUpSamples: number;
}

function predictTaskPercentiles(
  count: number,
  history: MachineHistory,
  config: TaskPercentileConfig,
  out: Float64Array,
): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, taskUsageMilliCpu, windowSamples, sampleScratch } = history;
  const { percentile, warmUpSamples } = config;
  out.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    const limit = taskLimitMilliCpu[task];
    const seen = taskSampleCount[task];
    if (seen < warmUpSamples) {
      out[host] += limit;
      continue;
    }
    const samples = seen < windowSamples ? seen : windowSamples;
    const high = percentileOf(taskUsageMilliCpu, task * windowSamples, samples, percentile, sampleScratch);
    out[host] += high < limit ? high : limit;
  }
}

/** Sum of per-task percentiles. */
export const rcLike: MachinePeakPredictor<TaskPercentileConfig> = {
  name: 'rc-like',
  defaults: { percentile: 99, warmUpSamples: 24 },
  needs: [],
  predict: predictTaskPercentiles,
};

/** Sum of per-task maxima: the upper bound that history alone can give. */
export const historicalMax: MachinePeakPredictor<TaskPercentileConfig> = {
  name: 'historical-max',
  defaults: { percentile: 100, warmUpSamples: 24 },
  needs: [],
  predict: predictTaskPercentiles,
};

/**
 * Peak as the sum of mean usages: a lower bound that no safe policy may reach, kept for comparison.
 *
 *   P = cold + sum over warm of mean(u)
 */

import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { meanOf } from './ring-statistics.ts';

/** Samples below which a task counts at its limit. */
export interface AverageUsageConfig {
  readonly warmUpSamples: number;
}

function predictAverage(count: number, history: MachineHistory, config: AverageUsageConfig, out: Float64Array): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, taskUsageMilliCpu, windowSamples } = history;
  out.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    const limit = taskLimitMilliCpu[task];
    const seen = taskSampleCount[task];
    const samples = seen < windowSamples ? seen : windowSamples;
    const mean = seen < config.warmUpSamples ? limit : meanOf(taskUsageMilliCpu, task * windowSamples, samples);
    out[host] += mean < limit ? mean : limit;
  }
}

/** Sum of mean usages. */
export const averageUsage: MachinePeakPredictor<AverageUsageConfig> = {
  name: 'average-usage',
  defaults: { warmUpSamples: 24 },
  needs: [],
  predict: predictAverage,
};

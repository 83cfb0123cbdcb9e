/**
 * Peak as a high percentile of the machine's own usage share.
 *
 *   r(s) = sum u(s) / sum L(s) ; P = cold + min(1, perc_k(r)) x sum of warm L
 *
 * Looks at the machine as a whole, so it gains from tasks that peak at different times.
 * Source: Take it to the limit (EuroSys'21), per-machine percentile.
 */

import type { MachineHistory } from './machine-history.ts';
import { type MachinePeakPredictor, sumLimits } from './machine-peak.ts';
import type { TaskPercentileConfig } from './rc-like.ts';
import { percentileOf } from './ring-statistics.ts';

function predictMachinePercentile(
  count: number,
  history: MachineHistory,
  config: TaskPercentileConfig,
  out: Float64Array,
): void {
  const { hostSampleCount, hostUsageShare, windowSamples, sampleScratch, hostScratchA: warm } = history;
  sumLimits(count, history, config.warmUpSamples, out, warm);
  for (let host = 0; host < count; host++) {
    if (warm[host] === 0) continue;
    const samples = Math.min(hostSampleCount[host], windowSamples);
    const share = percentileOf(hostUsageShare, host * windowSamples, samples, config.percentile, sampleScratch);
    out[host] += (share < 1 ? share : 1) * warm[host];
  }
}

/** Percentile of the machine's usage share. */
export const machinePercentile: MachinePeakPredictor<TaskPercentileConfig> = {
  name: 'machine-percentile',
  defaults: { percentile: 99, warmUpSamples: 24 },
  needs: [],
  predict: predictMachinePercentile,
};

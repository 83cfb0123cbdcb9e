/**
 * Peak as mean plus N standard deviations of the machine's usage share.
 *
 *   r(s) = sum u(s) / sum L(s) ; P = cold + min(1, mean(r) + N x sd(r)) x sum of warm L
 *
 * sd is the sample standard deviation. Source: Take it to the limit (EuroSys'21), N-sigma with N = 5 over 2 h.
 */

import type { MachineHistory } from './machine-history.ts';
import { type MachinePeakPredictor, sumLimits } from './machine-peak.ts';
import { meanOf, varianceOf } from './ring-statistics.ts';

/** Number of standard deviations, and samples below which a task counts at its limit. */
export interface NSigmaConfig {
  readonly sigmas: number;
  readonly warmUpSamples: number;
}

function predictNSigma(count: number, history: MachineHistory, config: NSigmaConfig, out: Float64Array): void {
  const { hostSampleCount, hostUsageShare, windowSamples, hostScratchA: warm } = history;
  sumLimits(count, history, config.warmUpSamples, out, warm);
  for (let host = 0; host < count; host++) {
    if (warm[host] === 0) continue;
    const at = host * windowSamples;
    const samples = Math.min(hostSampleCount[host], windowSamples);
    const mean = meanOf(hostUsageShare, at, samples);
    const share = mean + config.sigmas * Math.sqrt(varianceOf(hostUsageShare, at, samples, mean));
    out[host] += (share < 1 ? share : 1) * warm[host];
  }
}

/** Mean plus N standard deviations. */
export const nSigma: MachinePeakPredictor<NSigmaConfig> = {
  name: 'n-sigma',
  defaults: { sigmas: 5, warmUpSamples: 24 },
  needs: [],
  predict: predictNSigma,
};

/**
 * Peak as a fixed share of what was promised: no overcommitment at all, or the same everywhere.
 *
 *   limit-sum      P = sum L
 *   borg-default   P = 0.9 x sum L
 *
 * Source: Take it to the limit (EuroSys'21), baselines.
 */

import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';

/** Share of the limits that machines are expected to reach, 0..1. */
export interface FixedRatioConfig {
  readonly ratio: number;
}

function predictShare(count: number, history: MachineHistory, config: FixedRatioConfig, out: Float64Array): void {
  const { taskHost, taskLimitMilliCpu } = history;
  const { ratio } = config;
  out.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host >= 0 && host < count) out[host] += taskLimitMilliCpu[task];
  }
  for (let host = 0; host < count; host++) out[host] *= ratio;
}

/** No overcommitment: the machine peaks at the sum of limits. */
export const limitSum: MachinePeakPredictor<FixedRatioConfig> = {
  name: 'limit-sum',
  defaults: { ratio: 1 },
  needs: [],
  predict: predictShare,
};

/** Fixed overcommitment: the machine peaks at nine tenths of the sum of limits. */
export const borgDefault: MachinePeakPredictor<FixedRatioConfig> = {
  name: 'borg-default',
  defaults: { ratio: 0.9 },
  needs: [],
  predict: predictShare,
};

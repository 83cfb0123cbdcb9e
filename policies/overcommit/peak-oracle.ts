/**
 * The peak that will be: what no policy can know, and against which every policy is measured.
 *
 *   P*(t) = max over s in [t, t + horizon] of sum over tasks resident at t of min(u(s), L)
 *
 * Tasks that arrive later do not count, tasks that end use nothing afterwards. A policy is violated where P < P*.
 * Source: Take it to the limit (EuroSys'21), oracle with a horizon of 24 h.
 */

import { fail } from '../base/assert.ts';
import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';

/** Samples to look ahead; 288 samples of 5 min are 24 h. */
export interface PeakOracleConfig {
  readonly horizonSamples: number;
}

function predictOracle(count: number, history: MachineHistory, config: PeakOracleConfig, out: Float64Array): void {
  const { taskHost, taskLimitMilliCpu, future, hostScratchA: sum } = history;
  if (future === undefined) fail('the peak oracle needs the future usage of every task');
  const { horizonSamples, usageMilliCpu } = future;
  const last = Math.min(config.horizonSamples, horizonSamples);
  out.fill(0, 0, count);
  for (let sample = 0; sample < last; sample++) {
    sum.fill(0, 0, count);
    for (let task = 0; task < taskHost.length; task++) {
      const host = taskHost[task];
      if (host < 0 || host >= count) continue;
      const used = usageMilliCpu[task * horizonSamples + sample];
      sum[host] += used < taskLimitMilliCpu[task] ? used : taskLimitMilliCpu[task];
    }
    for (let host = 0; host < count; host++) if (sum[host] > out[host]) out[host] = sum[host];
  }
}

/** Largest coming usage of the tasks that are resident now. */
export const peakOracle: MachinePeakPredictor<PeakOracleConfig> = {
  name: 'peak-oracle',
  defaults: { horizonSamples: 288 },
  needs: ['future'],
  predict: predictOracle,
};

/** How far a prediction fell short of the oracle: (P* - P)+ / P*, 0 where nothing comes. */
export function violationSeverity(peakMilliCpu: number, oracleMilliCpu: number): number {
  return oracleMilliCpu > peakMilliCpu ? (oracleMilliCpu - peakMilliCpu) / oracleMilliCpu : 0;
}

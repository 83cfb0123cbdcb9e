/**
 * The port of overcommitment: a predictor says how high a machine's usage will climb, and the rest is sold.
 *
 * Predictors keep no state: what they know stands in the caller's history columns.
 */

import type { MachineHistory } from './machine-history.ts';

/** Part of the history that only some predictors need. */
export type HistoryPart = 'typeRatios' | 'timeWindows' | 'decayedUsage' | 'future';

/** Predicts the peak of every machine. */
export interface MachinePeakPredictor<Config> {
  readonly name: string;
  readonly defaults: Config;
  /** Optional parts of the history that must be there. */
  readonly needs: readonly HistoryPart[];
  /**
   * Writes the predicted peak of hosts 0..count-1.
   *
   * Shape: `outPeakMilliCpu` has `count` rows. Units: milli-CPU, not rounded. Overwrites the scratch columns of `history`.
   */
  readonly predict: (count: number, history: MachineHistory, config: Config, outPeakMilliCpu: Float64Array) => void;
}

/**
 * What may be sold beyond what is already promised: capacity - predicted peak.
 *
 * Rounding: down, never below 0. Units: milli-CPU.
 */
export function sellableMilliCpu(
  count: number,
  capacityMilliCpu: Float64Array,
  peakMilliCpu: Float64Array,
  outSellableMilliCpu: Float64Array,
): void {
  for (let host = 0; host < count; host++) {
    const free = Math.floor(capacityMilliCpu[host] - peakMilliCpu[host]);
    outSellableMilliCpu[host] = free > 0 ? free : 0;
  }
}

/** Sums the limits of tasks with fewer samples than `warmUpSamples` into `outCold`, of the others into `outWarm`. */
export function sumLimits(
  count: number,
  history: MachineHistory,
  warmUpSamples: number,
  outCold: Float64Array,
  outWarm: Float64Array,
): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount } = history;
  outCold.fill(0, 0, count);
  outWarm.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    if (taskSampleCount[task] < warmUpSamples) outCold[host] += taskLimitMilliCpu[task];
    else outWarm[host] += taskLimitMilliCpu[task];
  }
}

/**
 * Peak by time of day: tasks that peak at different hours share a machine, because only sums within one window count.
 *
 *   p[i][w] = perc_k over the last days of task i's largest usage in window w ; not seen -> L
 *   P = max over windows of sum over tasks of min(p[i][w], L)
 *
 * Source: Coach (ASPLOS'25), per-window packing.
 */

import { fail } from '../base/assert.ts';
import { MS_PER_DAY } from '../base/units.ts';
import type { MachineHistory, TimeWindows } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { nthLargest, placeOfPercentile } from './ring-statistics.ts';

/** Percentile over days. */
export interface TimeWindowConfig {
  readonly percentile: number;
}

/** Empty windows for `tasks` rows; six windows are four hours each. */
export function createTimeWindows(tasks: number, windowsPerDay = 6, days = 7): TimeWindows {
  return { windowsPerDay, days, peakMilliCpu: new Float32Array(tasks * windowsPerDay * days).fill(-1) };
}

/**
 * Raises the peaks of the window that `timeMs` lies in.
 *
 * The first sample of a window overwrites what stood there `days` days ago: `isWindowStart` says that it is the first.
 */
export function recordTimeWindows(
  history: MachineHistory,
  timeMs: number,
  isWindowStart: boolean,
  usageMilliCpu: Float64Array,
): void {
  const { taskHost, timeWindows } = history;
  if (timeWindows === undefined) fail('the history has no time windows');
  const { windowsPerDay, days, peakMilliCpu } = timeWindows;
  const day = Math.floor(timeMs / MS_PER_DAY) % days;
  const window = Math.floor(((timeMs % MS_PER_DAY) * windowsPerDay) / MS_PER_DAY);
  for (let task = 0; task < taskHost.length; task++) {
    if (taskHost[task] < 0) continue;
    const at = (task * windowsPerDay + window) * days + day;
    if (isWindowStart || usageMilliCpu[task] > peakMilliCpu[at]) peakMilliCpu[at] = usageMilliCpu[task];
  }
}

function predictTimeWindow(count: number, history: MachineHistory, config: TimeWindowConfig, out: Float64Array): void {
  const { taskHost, taskLimitMilliCpu, timeWindows, sampleScratch, hostScratchA: sum } = history;
  if (timeWindows === undefined) fail('the time-window predictor needs time windows in the history');
  const { windowsPerDay, days, peakMilliCpu } = timeWindows;
  out.fill(0, 0, count);
  for (let window = 0; window < windowsPerDay; window++) {
    sum.fill(0, 0, count);
    for (let task = 0; task < taskHost.length; task++) {
      const host = taskHost[task];
      if (host < 0 || host >= count) continue;
      const limit = taskLimitMilliCpu[task];
      const at = (task * windowsPerDay + window) * days;
      let known = 0;
      for (let day = 0; day < days; day++) if (peakMilliCpu[at + day] >= 0) known++;
      // Unseen days are -1 and stand below every peak, so places from the top are those among the seen days.
      const place = placeOfPercentile(known, config.percentile);
      const peak = known === 0 ? limit : nthLargest(peakMilliCpu, at, days, place, sampleScratch);
      sum[host] += peak < limit ? peak : limit;
    }
    for (let host = 0; host < count; host++) if (sum[host] > out[host]) out[host] = sum[host];
  }
}

/** Largest sum of window peaks over the day. */
export const timeWindow: MachinePeakPredictor<TimeWindowConfig> = {
  name: 'time-window',
  defaults: { percentile: 95 },
  needs: ['timeWindows'],
  predict: predictTimeWindow,
};

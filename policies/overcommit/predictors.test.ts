import { describe, expect, test } from 'vitest';
import { AUTOPILOT_CPU, autopilot, createDecayedUsage, recordDecayedUsage } from './autopilot.ts';
import { averageUsage } from './average-usage.ts';
import { createTypeRatios, empiricalRatio, recordTypeRatios, typeRatio } from './empirical-ratio.ts';
import { borgDefault, limitSum } from './fixed-ratio.ts';
import { gaussianPercentile } from './gaussian-percentile.ts';
import { admitTask, createMachineHistory, type MachineHistory, recordUsage, removeTask } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { machinePercentile } from './machine-percentile.ts';
import { maxPredictor } from './max-predictor.ts';
import { nSigma } from './n-sigma.ts';
import { peakOracle, violationSeverity } from './peak-oracle.ts';
import { historicalMax, rcLike } from './rc-like.ts';
import { nthLargest, percentileOf } from './ring-statistics.ts';
import { sellTiers } from './tiers.ts';
import { createTimeWindows, recordTimeWindows, timeWindow } from './time-window.ts';

/**
 * One host. Task A (limit 4000m) uses 1000, 2000, 1000, 2000; task B (limit 2000m) uses 500, 500, 1500, 1500.
 * Sums: 1500, 2500, 2500, 3500 of 6000. A cold task C of 1000m can be added.
 */
function twoTasks(withCold = false): MachineHistory {
  const history = createMachineHistory(1, 3, 4);
  admitTask(history, 0, 0, 4000, 0);
  admitTask(history, 1, 0, 2000, 1);
  for (const [a, b] of [
    [1000, 500],
    [2000, 500],
    [1000, 1500],
    [2000, 1500],
  ])
    recordUsage(history, Float64Array.of(a, b, 0));
  if (withCold) admitTask(history, 2, 0, 1000, 0);
  return history;
}

function peakOf<Config>(predictor: MachinePeakPredictor<Config>, history: MachineHistory, config: Config): number {
  const out = new Float64Array(1);
  predictor.predict(1, history, config, out);
  return out[0];
}

describe('a host with limits of 6000m', () => {
  test('limit-sum predicts 6000, borg-default 5400', () => {
    expect(peakOf(limitSum, twoTasks(), limitSum.defaults)).toBe(6000);
    expect(peakOf(borgDefault, twoTasks(), borgDefault.defaults)).toBe(5400);
  });

  test('rc-like at p99 of 4 samples is the sum of maxima 2000 + 1500, at p50 the second smallest 1000 + 500', () => {
    expect(peakOf(rcLike, twoTasks(), { percentile: 99, warmUpSamples: 4 })).toBe(3500);
    expect(peakOf(rcLike, twoTasks(), { percentile: 50, warmUpSamples: 4 })).toBe(1500);
    expect(peakOf(historicalMax, twoTasks(), { percentile: 100, warmUpSamples: 4 })).toBe(3500);
  });

  test('machine percentile: p99 of the shares is 3500/6000, p50 is 2500/6000', () => {
    expect(peakOf(machinePercentile, twoTasks(), { percentile: 99, warmUpSamples: 4 })).toBeCloseTo(3500, 9);
    expect(peakOf(machinePercentile, twoTasks(), { percentile: 50, warmUpSamples: 4 })).toBeCloseTo(2500, 9);
  });

  test('one sigma: mean 2500 + sd sqrt(2 x 1000^2 / 3) = 816.5; five sigma pass the limits and stop at 6000', () => {
    expect(peakOf(nSigma, twoTasks(), { sigmas: 1, warmUpSamples: 4 })).toBeCloseTo(3316.4965809, 6);
    expect(peakOf(nSigma, twoTasks(), { sigmas: 5, warmUpSamples: 4 })).toBe(6000);
  });

  test('max takes rc-like 3500 over one sigma 3316.5, and five sigma 6000 over rc-like', () => {
    const rc = { percentile: 99, warmUpSamples: 4 };
    expect(peakOf(maxPredictor, twoTasks(), { nSigma: { sigmas: 1, warmUpSamples: 4 }, rcLike: rc })).toBe(3500);
    expect(peakOf(maxPredictor, twoTasks(), { nSigma: { sigmas: 5, warmUpSamples: 4 }, rcLike: rc })).toBe(6000);
  });

  test('gaussian: variances 333333.3 + 333333.3, z(0.99) = 2.32635: 2500 + 2.32635 x 816.497 = 4399.46', () => {
    expect(peakOf(gaussianPercentile, twoTasks(), { confidence: 0.99, warmUpSamples: 4 })).toBeCloseTo(4399.455, 2);
    // The median of a normal sum is its mean.
    expect(peakOf(gaussianPercentile, twoTasks(), { confidence: 0.5, warmUpSamples: 4 })).toBeCloseTo(2500, 6);
  });

  test('average usage is 1500 + 1000', () => {
    expect(peakOf(averageUsage, twoTasks(), { warmUpSamples: 4 })).toBe(2500);
  });

  test('a cold task of 1000m adds its whole limit to every history-based prediction', () => {
    const history = twoTasks(true);
    expect(peakOf(rcLike, history, { percentile: 99, warmUpSamples: 4 })).toBe(4500);
    expect(peakOf(machinePercentile, history, { percentile: 99, warmUpSamples: 4 })).toBeCloseTo(4500, 9);
    expect(peakOf(nSigma, history, { sigmas: 1, warmUpSamples: 4 })).toBeCloseTo(4316.4965809, 6);
    expect(peakOf(gaussianPercentile, history, { confidence: 0.5, warmUpSamples: 4 })).toBeCloseTo(3500, 6);
  });

  test('a removed task leaves the sum at once: 6000 - 4000', () => {
    const history = twoTasks();
    removeTask(history, 0);
    expect(peakOf(limitSum, history, limitSum.defaults)).toBe(2000);
    expect(peakOf(rcLike, history, { percentile: 99, warmUpSamples: 4 })).toBe(1500);
  });

  test('a ring of 4 forgets the fifth sample back: after 4 samples of 100m nothing older counts', () => {
    const history = twoTasks();
    for (let i = 0; i < 4; i++) recordUsage(history, Float64Array.of(100, 100, 0));
    expect(peakOf(rcLike, history, { percentile: 99, warmUpSamples: 4 })).toBe(200);
  });

  test('usage above the limit counts as the limit', () => {
    const history = createMachineHistory(1, 1, 4);
    admitTask(history, 0, 0, 1000, 0);
    for (let i = 0; i < 4; i++) recordUsage(history, Float64Array.of(3000));
    expect(peakOf(rcLike, history, { percentile: 99, warmUpSamples: 4 })).toBe(1000);
    expect(peakOf(averageUsage, history, { warmUpSamples: 4 })).toBe(1000);
    expect(peakOf(machinePercentile, history, { percentile: 99, warmUpSamples: 4 })).toBe(1000);
  });
});

test('the oracle sees sums 3000 + 2000 and min(5000, 4000) + 100 and answers 5000', () => {
  const usageMilliCpu = Float32Array.of(3000, 5000, 2000, 100);
  const history = createMachineHistory(1, 2, 4, { future: { horizonSamples: 2, usageMilliCpu } });
  admitTask(history, 0, 0, 4000, 0);
  admitTask(history, 1, 0, 2000, 0);
  expect(peakOf(peakOracle, history, peakOracle.defaults)).toBe(5000);
  expect(peakOf(peakOracle, history, { horizonSamples: 1 })).toBe(5000);
  // A policy that said 4000 is short by a fifth of what came; one that said 6000 is not short.
  expect(violationSeverity(4000, 5000)).toBe(0.2);
  expect(violationSeverity(6000, 5000)).toBe(0);
});

test('a predictor without the part it needs says which one', () => {
  const history = createMachineHistory(1, 1, 4);
  expect(() => peakOf(peakOracle, history, peakOracle.defaults)).toThrow('future usage');
  expect(() => peakOf(timeWindow, history, timeWindow.defaults)).toThrow('time windows');
});

test('empirical ratio: shares .25 .5 .25 .5 give p50 = .25 and p95 = .5; an unknown type stays at its limit', () => {
  const history = createMachineHistory(1, 2, 4, { typeRatios: createTypeRatios(2) });
  admitTask(history, 0, 0, 4000, 0);
  admitTask(history, 1, 0, 2000, 1);
  for (const a of [1000, 2000, 1000, 2000]) {
    recordTypeRatios(history, Float64Array.of(a, 0));
    recordUsage(history, Float64Array.of(a, 0));
  }
  const ratios = history.typeRatios ?? createTypeRatios(1);
  expect(typeRatio(ratios, 0, 50, 4)).toBe(0.25);
  expect(typeRatio(ratios, 0, 95, 4)).toBe(0.5);
  expect(typeRatio(ratios, 0, 95, 5)).toBe(1);
  // A: 0.5 x 4000. B used nothing: its lowest bucket is one percent of 2000.
  expect(peakOf(empiricalRatio, history, { percentile: 95, warmUpSamples: 4, minTypeSamples: 4 })).toBe(2020);
});

test('time windows: 3000 + 200 by day and 500 + 1800 by night predict 3200, not the 4800 of both peaks', () => {
  const HALF_DAY_MS = 43_200_000;
  const history = createMachineHistory(1, 2, 4, { timeWindows: createTimeWindows(2, 2, 2) });
  admitTask(history, 0, 0, 4000, 0);
  admitTask(history, 1, 0, 2000, 0);
  recordTimeWindows(history, 0, true, Float64Array.of(2000, 200));
  recordTimeWindows(history, 300_000, false, Float64Array.of(3000, 100));
  // The night is not seen yet: both count at their limits there, 4000 + 2000.
  expect(peakOf(timeWindow, history, timeWindow.defaults)).toBe(6000);
  recordTimeWindows(history, HALF_DAY_MS, true, Float64Array.of(500, 1800));
  expect(peakOf(timeWindow, history, timeWindow.defaults)).toBe(3200);
  // Two days later the first morning is overwritten: 1000 + 100, so the night's 2300 is the peak.
  recordTimeWindows(history, 4 * HALF_DAY_MS, true, Float64Array.of(1000, 100));
  expect(peakOf(timeWindow, history, timeWindow.defaults)).toBe(2300);
});

describe('autopilot', () => {
  const oneTask = (recommendations: number): MachineHistory => {
    const history = createMachineHistory(1, 1, 4, { decayedUsage: createDecayedUsage(1, 50, recommendations) });
    admitTask(history, 0, 0, 4000, 0);
    return history;
  };
  const sample = (history: MachineHistory, timeMs: number, used: number, batchTypeMask = 0): void => {
    recordDecayedUsage(history, timeMs, { ...AUTOPILOT_CPU, batchTypeMask }, Float64Array.of(used));
    recordUsage(history, Float64Array.of(used));
  };

  test('a steady 1000m of 4000m: bucket edge 0.26 x 1.125 x 4000 = 1170 for serving, middle 0.25 -> 1125 for batch', () => {
    const config = { ...AUTOPILOT_CPU, warmUpSamples: 2 };
    const serving = oneTask(12);
    const batch = oneTask(12);
    for (let i = 0; i < 3; i++) {
      sample(serving, i * 300_000, 1000);
      sample(batch, i * 300_000, 1000, 1);
    }
    expect(peakOf(autopilot, serving, config)).toBeCloseTo(1170, 3);
    expect(peakOf(autopilot, batch, config)).toBeCloseTo(1125, 3);
  });

  test('after one half-life an old sample weighs half: (0.99 + 2 x 0.01) / 3 x 1.125 x 4000 = 1515', () => {
    const config = { ...AUTOPILOT_CPU, warmUpSamples: 2 };
    const history = oneTask(1);
    sample(history, 0, 4000, 1);
    sample(history, 12 * 3_600_000, 0, 1);
    expect(peakOf(autopilot, history, config)).toBeCloseTo(1515, 2);
  });

  test('the largest recommendation of the ring counts: a spike holds for 12 samples and is gone after the 13th', () => {
    const config = { ...AUTOPILOT_CPU, warmUpSamples: 1, percentile: 50 };
    const history = createMachineHistory(1, 1, 4, { decayedUsage: createDecayedUsage(1, 50, 12) });
    admitTask(history, 0, 0, 4000, 0);
    const feed = (i: number, used: number): void => {
      recordDecayedUsage(history, i * 300_000, config, Float64Array.of(used));
      recordUsage(history, Float64Array.of(used));
    };
    feed(0, 4000);
    for (let i = 1; i <= 11; i++) feed(i, 1000);
    expect(peakOf(autopilot, history, config)).toBe(4000);
    feed(12, 1000);
    // The 13th sample overwrites the spike; all other medians lie in the bucket up to 0.26.
    expect(peakOf(autopilot, history, config)).toBeCloseTo(1170, 3);
  });
});

test('nth largest and nearest-rank percentile of 5 1 4 2 3', () => {
  const values = Float64Array.of(9, 5, 1, 4, 2, 3, 9);
  const scratch = new Float64Array(6);
  expect([1, 2, 3, 4, 5].map((place) => nthLargest(values, 1, 5, place, scratch))).toEqual([5, 4, 3, 2, 1]);
  // ceil(0.5 x 5) = 3rd smallest, ceil(0.9 x 5) = 5th, ceil(0.01 x 5) = 1st.
  expect([50, 90, 1, 100].map((p) => percentileOf(values, 1, 5, p, scratch))).toEqual([3, 5, 1, 5]);
});

test('four tiers under lines of 100, 80, 65 and 50 % share 10 000m: 10000, 5000, 1500 and nothing', () => {
  const out = Array.from({ length: 4 }, () => new Float64Array(1));
  const peaks = [Float64Array.of(3000), Float64Array.of(2000), Float64Array.of(400)];
  sellTiers(1, Float64Array.of(10_000), [100, 80, 65, 50], peaks, out);
  // 8000 - 3000 ; 6500 - 3000 - 2000 ; 5000 - 3000 - 2000 - 400 is negative.
  expect(out.map((column) => column[0])).toEqual([10_000, 5_000, 1_500, 0]);
});

import { describe, expect, test } from 'vitest';
import { addSample, percentile } from './histogram.ts';
import type { PredictedPod } from './peak-predictor.ts';
import {
  createCpuModel,
  createMemoryModel,
  DEFAULT_PREDICTION,
  predictPeak,
  prodReclaimable,
} from './peak-predictor.ts';

const DAY = 86_400_000;
const allocatable = { milliCpu: 10_000, memBytes: 10_000 };
const quiet = { p95MilliCpu: 0, p98MemBytes: 0 };
const classes = { system: quiet, prod: { p95MilliCpu: 1000, p98MemBytes: 1000 }, none: quiet };

function pod(name: string, more: Partial<PredictedPod> = {}): PredictedPod {
  return {
    name,
    priorityClass: 'koord-prod',
    ageMs: 2 * DAY,
    terminating: false,
    request: { milliCpu: 4000, memBytes: 4000 },
    prediction: { p95MilliCpu: 1000, p98MemBytes: 1000 },
    ...more,
  };
}

describe('pod predictor', () => {
  test('a peak of 1000 with 10 % margin leaves 2900 of 4000', () => {
    expect(prodReclaimable(allocatable, [pod('a')], classes).podPredictor).toEqual({ milliCpu: 2900, memBytes: 2900 });
  });

  test('exactly 24 hours is still cold: nothing is reclaimed; a millisecond later it is', () => {
    const milliCpu = (ageMs: number) =>
      prodReclaimable(allocatable, [pod('a', { ageMs })], classes).podPredictor.milliCpu;
    expect([milliCpu(DAY), milliCpu(DAY + 1)]).toEqual([0, 2900]);
  });

  test('a peak above the request frees nothing and still takes capacity', () => {
    // 10000 - 1100 - 9900 = -1000 left, so nothing may be reclaimed although pod a leaves 2900
    const greedy = pod('b', { prediction: { p95MilliCpu: 9000, p98MemBytes: 0 } });
    const { podPredictor } = prodReclaimable(allocatable, [pod('a'), greedy], classes);
    expect(podPredictor).toEqual({ milliCpu: 0, memBytes: 2900 + 4000 });
  });

  test('pods of mid, batch and free are not looked at; those of no class are', () => {
    const of = (priorityClass: PredictedPod['priorityClass']) =>
      prodReclaimable(allocatable, [pod('a', { priorityClass })], classes).podPredictor.milliCpu;
    expect([of('koord-mid'), of('koord-batch'), of('koord-free'), of('')]).toEqual([0, 0, 0, 2900]);
  });

  test('a resource without a prediction frees nothing', () => {
    const cpuOnly = pod('a', { prediction: { p95MilliCpu: 1000 } });
    expect(prodReclaimable(allocatable, [cpuOnly], classes).podPredictor).toEqual({ milliCpu: 2900, memBytes: 0 });
  });
});

describe('priority predictor', () => {
  test('two pods of 4000 less a class peak of 1100 leave 6900', () => {
    const result = prodReclaimable(allocatable, [pod('a'), pod('b')], classes);
    expect(result.priorityPredictor).toEqual({ milliCpu: 6900, memBytes: 6900 });
    expect(result.prodReclaimable?.milliCpu).toBe(5800);
  });

  test('a warm pod without a model is missing here too, a cold one is not', () => {
    const milliCpu = (ageMs: number) => {
      const unknown = pod('b', { prediction: undefined, ageMs });
      return prodReclaimable(allocatable, [pod('a'), unknown], classes).priorityPredictor?.milliCpu;
    };
    expect([milliCpu(2 * DAY), milliCpu(60_000)]).toEqual([2900, 6900]);
  });

  test('a pod listed twice counts once', () => {
    expect(prodReclaimable(allocatable, [pod('a'), pod('a')], classes).priorityPredictor?.milliCpu).toBe(2900);
  });

  test('a class model without a value for a resource adds nothing to that resource', () => {
    const bare = { system: {}, prod: {}, none: {} };
    expect(prodReclaimable(allocatable, [pod('a')], bare).priorityPredictor).toEqual({
      milliCpu: 4000,
      memBytes: 4000,
    });
  });

  test('a class without a model leaves nothing to report', () => {
    const result = prodReclaimable(allocatable, [pod('a')], { ...classes, none: undefined });
    expect([result.priorityPredictor, result.prodReclaimable]).toEqual([undefined, undefined]);
    expect(result.podPredictor.milliCpu).toBe(2900);
  });
});

test('a day of 2 cores and 1 GiB is predicted from above and within 5 % and one first bucket', () => {
  const [cpu, memory] = [createCpuModel(), createMemoryModel()];
  for (let minute = 0; minute < 1440; minute++) {
    addSample(cpu, 2, 1, minute * DEFAULT_PREDICTION.trainingIntervalMs);
    addSample(memory, 1_073_741_824, 1, minute * DEFAULT_PREDICTION.trainingIntervalMs);
  }
  const peak = predictPeak(cpu, memory);
  expect(peak.p95MilliCpu).toBe(Math.trunc(percentile(cpu, 0.95) * 1000));
  expect(peak.p98MemBytes).toBe(Math.trunc(percentile(memory, 0.98)));
  expect(peak.p95MilliCpu).toBeGreaterThanOrEqual(2000);
  expect(peak.p95MilliCpu).toBeLessThanOrEqual(2125);
  expect(peak.p98MemBytes).toBeGreaterThanOrEqual(1_073_741_824);
  expect(peak.p98MemBytes).toBeLessThanOrEqual(1_073_741_824 * 1.05 + 5_242_880);
});

import { describe, expect, test } from 'vitest';
import { fixedEstimator, NOOP_ESTIMATOR, OversubscriptionLoop } from './oversubscription.ts';
import { loadCorrections, preemptedStatus } from './qos-controller.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagOf, EMPTY_BAG } from './resource-bag.ts';
import { countExecutors } from './serenity-columns.ts';
import {
  CorrectionObserver,
  correctBySeniority,
  correctCacheContention,
  correctCpuContention,
} from './serenity-corrections.ts';
import { DEFAULT_DROP_RULES, DropDetector, overloadMilliCpu, smooth } from './serenity-detectors.ts';
import { DEFAULT_SLACK_RULES, estimateSlackMilliCpu } from './serenity-estimator.ts';

const CPUS = 0;

describe('estimator loop', () => {
  test('fixed 2 cpus: one report of 2 at 0 s; with 1 allocated the total stays 2 and 15 s later nothing is sent', () => {
    const loop = new OversubscriptionLoop(fixedEstimator(bagOf(CPUS, 2_000)), 15_000, 0);
    expect(loop.poll(0, EMPTY_BAG)?.amounts).toEqual([2_000]);
    expect(loop.poll(14_999, bagOf(CPUS, 1_000))).toBeNull();
    expect(loop.poll(15_000, bagOf(CPUS, 1_000))).toBeNull();
    expect(loop.nextPollAtMs()).toBe(30_000);
    expect(loop.onRegistered()?.amounts).toEqual([2_000]);
  });

  test('an answer that comes at 40 s is reported at 40 s, the next question is at 55 s; noop never answers', () => {
    let answer: ResourceBag | null = null;
    const loop = new OversubscriptionLoop({ estimate: () => answer }, 15_000, 0);
    expect(loop.poll(0, EMPTY_BAG)).toBeNull();
    answer = bagOf(CPUS, 3_000);
    // 3 estimated beyond 2 allocated: 5 in all.
    expect(loop.poll(40_000, bagOf(CPUS, 2_000))?.amounts).toEqual([5_000]);
    expect(loop.nextPollAtMs()).toBe(55_000);
    expect(new OversubscriptionLoop(NOOP_ESTIMATOR, 15_000, 0).poll(1_000_000, EMPTY_BAG)).toBeNull();
  });
});

describe('load controller', () => {
  test('kills all 2 of 3 executors that hold revocable cpus, in every round, only above the line', () => {
    const thresholds = { load5: 7_000, load15: null };
    expect(loadCorrections(7_001, 0, thresholds, [1_000, 0, 500])).toEqual([0, 2]);
    expect(loadCorrections(7_001, 0, thresholds, [1_000, 0, 500])).toEqual([0, 2]);
    expect(loadCorrections(7_000, 99_000, thresholds, [1_000, 0, 500])).toEqual([]);
    expect(preemptedStatus(0).state).toBe('TASK_LOST');
  });
});

describe('serenity', () => {
  const executors = {
    limitMilliCpu: [4_000, 2_000, 1_000, 3_000],
    usedMilliCpu: [1_000, 500, 800, 200],
    startedAtMs: [0, 0, 0, 350_000],
    isBestEffort: [0, 0, 1, 0],
  };

  test('slack of settled production executors: 3 + 1.5 cpus, capped by 0.7 of 8 less 2.5 used', () => {
    // Row 2 is best effort, row 3 is 50 s old at 400 s. Cap 5.6 - 2.5 = 3.1.
    expect(estimateSlackMilliCpu(executors, 4, 8_000, 400_000, true, DEFAULT_SLACK_RULES)).toBeCloseTo(3_100, 9);
    // On 20 cpus the cap is 14 - 2.5 = 11.5 and the slack 4.5.
    expect(estimateSlackMilliCpu(executors, 4, 20_000, 400_000, true, DEFAULT_SLACK_RULES)).toBe(4_500);
  });

  test('the cap may be negative: 3 cpus, 2.5 used, 0.7 x 3 - 2.5 = -0.4; at 0.95 used there is no estimate', () => {
    expect(estimateSlackMilliCpu(executors, 4, 3_000, 400_000, true, DEFAULT_SLACK_RULES)).toBeCloseTo(-400, 9);
    expect(estimateSlackMilliCpu(executors, 4, 2_600, 400_000, true, DEFAULT_SLACK_RULES)).toBeNull();
    expect(estimateSlackMilliCpu(executors, 4, 8_000, 400_000, false, DEFAULT_SLACK_RULES)).toBeNull();
  });

  test('an executor without a sample counts as busy with its limit: (1.3 + 6) of 7.6 is above 0.95', () => {
    const columns = { ...executors, usedMilliCpu: [Number.NaN, Number.NaN, 800, 500] };
    expect(estimateSlackMilliCpu(columns, 4, 7_600, 400_000, true, DEFAULT_SLACK_RULES)).toBeNull();
  });

  test('a fall from 2.0 to 0.8 is a drop of 0.6 until the signal is back at 1.8', () => {
    const detector = new DropDetector(DEFAULT_DROP_RULES);
    for (let i = 0; i < 6; i++) expect(detector.observe(2)).toBe(0);
    expect(detector.observe(0.8)).toBeCloseTo(0.6, 12);
    expect(detector.observe(1.7)).toBeCloseTo(0.15, 12);
    expect(detector.observe(1.8)).toBe(0);
  });

  test('2 of 3 checkpoints are below the quorum of 0.7: a fall seen 1 and 2 back but not 4 back is none', () => {
    const detector = new DropDetector(DEFAULT_DROP_RULES);
    for (const sample of [0.9, 0.9, 2, 2]) detector.observe(sample);
    expect(detector.observe(0.8)).toBe(0);
  });

  test('smoothing moves a fifth of the way; the first sample starts it', () => {
    expect(smooth(Number.NaN, 5)).toBe(5);
    expect(smooth(10, 5)).toBe(9);
  });

  test('overload of 9.5 of 10 cpus is 1 cpu; killing goes by over-limit, then youth, until it is covered', () => {
    const severity = overloadMilliCpu(9_500, 10_000);
    expect(severity).toBe(1_000);
    const revocable = [0, 1_000, 1_000, 1_000];
    // Row 1 (1.2 of 1 cpu) covers it alone; without it the youngest (row 3: 0.6) and the next (row 2: 0.5) are needed.
    expect(correctCpuContention(severity, revocable, [4_000, 1_200, 500, 600], [0, 10, 20, 30], 4)).toEqual([1]);
    expect(correctCpuContention(severity, revocable, [4_000, 100, 500, 600], [0, 10, 20, 30], 4)).toEqual([3, 2]);
  });

  test('seniority 0.4 of 3 kills the 2 youngest; severity 0 still kills ceil(0.3) = 1; cache takes the largest', () => {
    const revocable = [0, 1_000, 1_000, 1_000];
    expect(correctBySeniority(0.4, revocable, [0, 10, 20, 30], 4)).toEqual([3, 2]);
    expect(correctBySeniority(0, revocable, [0, 10, 20, 30], 4)).toEqual([3]);
    expect(correctCacheContention(revocable, [9_000, 5, 7, 6], 4)).toEqual([2]);
    expect(countExecutors(revocable, 4)).toEqual({ latencySensitive: 1, bestEffort: 3, bestEffortMilliCpu: 3_000 });
  });

  test('after a correction 10 iterations pass without one, the valve shut while contention lasts', () => {
    const observer = new CorrectionObserver();
    expect(observer.step(true, [4])).toEqual([4]);
    for (let i = 0; i < 10; i++) expect(observer.step(true, [4])).toEqual([]);
    expect(observer.valveOpen).toBe(false);
    expect(observer.step(true, [4])).toEqual([4]);
    observer.step(false, []);
    expect(observer.valveOpen).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { fixedEstimator, NOOP_ESTIMATOR, OversubscriptionLoop } from './oversubscription.ts';
import { loadCorrections, preemptedStatus } from './qos-controller.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagOf, EMPTY_BAG } from './resource-bag.ts';
import { countExecutors } from './serenity-columns.ts';
import {
  correctAll,
  correctBySeniority,
  correctCacheContention,
  correctCpuContention,
  corrected,
  createCorrectionState,
  mayCorrect,
} from './serenity-corrections.ts';
import {
  createDropState,
  DEFAULT_DROP_RULES,
  type DropRules,
  forgetDrop,
  observeDrop,
  overloadMilliCpu,
  smooth,
  UNKNOWN_SEVERITY,
} from './serenity-detectors.ts';
import { DEFAULT_SLACK_RULES, estimateSlackMilliCpu, revocableTotalMilliCpu } from './serenity-estimator.ts';

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

  test('slack of settled production executors: 3 + 1.5 cpus, capped by 0.7 of 8 less the 1.5 they use', () => {
    // Row 2 is best effort, row 3 is 50 s old at 400 s: neither is in the cap. 5.6 - 1.5 = 4.1.
    expect(estimateSlackMilliCpu(executors, 4, 8_000, 400_000, true, DEFAULT_SLACK_RULES)).toBeCloseTo(4_100, 9);
    // On 20 cpus the cap is 14 - 1.5 = 12.5 and the slack 4.5.
    expect(estimateSlackMilliCpu(executors, 4, 20_000, 400_000, true, DEFAULT_SLACK_RULES)).toBe(4_500);
  });

  test('the cap may be negative, a slack of overdrawn limits is none; at 0.95 used there is no estimate', () => {
    // One executor of 2 cpus that uses 1.8, of 2 cpus: cap 1.4 - 1.8.
    const one = { limitMilliCpu: [2_000], usedMilliCpu: [1_800], startedAtMs: [0], isBestEffort: [0] };
    expect(estimateSlackMilliCpu(one, 1, 2_000, 400_000, true, DEFAULT_SLACK_RULES)).toBeCloseTo(-400, 9);
    const overdrawn = { ...one, limitMilliCpu: [1_000] };
    expect(estimateSlackMilliCpu(overdrawn, 1, 8_000, 400_000, true, DEFAULT_SLACK_RULES)).toBe(0);
    expect(estimateSlackMilliCpu(executors, 4, 2_600, 400_000, true, DEFAULT_SLACK_RULES)).toBeNull();
    expect(estimateSlackMilliCpu(executors, 4, 8_000, 400_000, false, DEFAULT_SLACK_RULES)).toBeNull();
  });

  test('an agent reports what is allocated at least: with a smaller slack, a negative one, or none', () => {
    expect([4_100, 1_000, -400, null].map((slack) => revocableTotalMilliCpu(slack, 3_000))).toEqual([
      4_100, 3_000, 3_000, 3_000,
    ]);
  });

  test('an executor without a sample counts as busy with its limit: (1.3 + 6) of 7.6 is above 0.95', () => {
    const columns = { ...executors, usedMilliCpu: [Number.NaN, Number.NaN, 800, 500] };
    expect(estimateSlackMilliCpu(columns, 4, 7_600, 400_000, true, DEFAULT_SLACK_RULES)).toBeNull();
  });

  /** One detector and its severities for samples. */
  function severities(samples: readonly number[], changes: Partial<DropRules> = {}): number[] {
    const rules = { ...DEFAULT_DROP_RULES, ...changes };
    const state = createDropState(2, rules);
    return samples.map((sample) => {
      observeDrop(state, 0, 1, rules);
      return observeDrop(state, 1, sample, rules);
    });
  }

  test('a fall from 2.0 to 0.8 is a drop of 0.6; then it is what is missing to 0.9 of 2.0, until the signal is back there', () => {
    const settled = [2, 2, 2, 2, 2, 2];
    const [, , , , , , drop, later, back] = severities([...settled, 0.8, 1.7, 1.8], { severityFraction: 1 });
    expect([drop, later, back]).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.1, 12), 0]);
    // Upstream's default says nothing of severity.
    expect(severities([...settled, 0.8, 1.7, 1.8]).slice(6)).toEqual([UNKNOWN_SEVERITY, UNKNOWN_SEVERITY, 0]);
    expect(severities([...settled, 0.8], { severityFraction: 2.1 })[6]).toBeCloseTo(1.26, 12);
  });

  test('two of three checkpoints are the quorum of 0.7 in whole votes, and the signal has to come back to their mean', () => {
    // 4 back is 0.9, 2 back 2.0, 1 back 2.4: the two vote, mean 2.2, so 0.9 of it is 1.98.
    const [, , , , drop, near, back] = severities([0.9, 0.9, 2, 2.4, 0.8, 1.97, 1.99]);
    expect([drop, near, back]).toEqual([UNKNOWN_SEVERITY, UNKNOWN_SEVERITY, 0]);
    expect(severities([0.9, 0.9, 0.9, 2, 0.8])[4]).toBe(0);
    expect(severities([0.9, 0.9, 2, 2.4, 0.8], { quorum: 1 })[4]).toBe(0);
  });

  test('samples below 0.1 count as 0.1; a drop that nobody caused is forgotten', () => {
    expect(severities([0.15, 0.15, 0.15, 0.15, 0.01], { severityFraction: 1 })[4]).toBe(0);
    const state = createDropState(1, DEFAULT_DROP_RULES);
    for (const sample of [2, 2, 2, 2]) observeDrop(state, 0, sample, DEFAULT_DROP_RULES);
    expect(observeDrop(state, 0, 0.8, DEFAULT_DROP_RULES)).toBe(UNKNOWN_SEVERITY);
    forgetDrop(state, 0);
    // 1.5 is far below nothing it is compared with, and it no longer has to reach 1.8.
    expect(observeDrop(state, 0, 1.5, DEFAULT_DROP_RULES)).toBe(0);
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
    // Those over their limit come in order, not by age.
    expect(correctCpuContention(2_000, revocable, [0, 1_200, 500, 1_100], [0, 10, 20, 30], 4)).toEqual([1, 3]);
  });

  test('seniority 0.4 of 3 kills the 2 youngest; an unknown severity is 0.1: ceil(0.3) = 1; above 1 all go', () => {
    const revocable = [0, 1_000, 1_000, 1_000];
    expect(correctBySeniority(0.4, revocable, [0, 10, 20, 30], 4)).toEqual([3, 2]);
    expect(correctBySeniority(UNKNOWN_SEVERITY, revocable, [0, 10, 20, 30], 4)).toEqual([3]);
    expect(correctBySeniority(1.26, revocable, [0, 10, 20, 30], 4)).toEqual([3, 2, 1]);
    expect(correctAll(revocable, 4)).toEqual([1, 2, 3]);
    expect(countExecutors(revocable, 4)).toEqual({ latencySensitive: 1, bestEffort: 3, bestEffortMilliCpu: 3_000 });
  });

  test('cache occupancy takes all best effort at the mean or above it, and nobody at 1 MB or less', () => {
    const revocable = [0, 1_000, 1_000, 1_000];
    // Mean of 2, 4 and 6 MB is 4 MB.
    expect(correctCacheContention(revocable, [9e6, 2e6, 4e6, 6e6], 4)).toEqual([2, 3]);
    expect(correctCacheContention(revocable, [9e6, 1e6, 1e6, 1e6], 4)).toEqual([]);
    expect(correctCacheContention([0], [9e6], 1)).toEqual([]);
  });

  test('after a correction 10 iterations pass without one, the estimator shut while contention lasts; its end ends the pause', () => {
    const state = createCorrectionState(1);
    const step = (contention: boolean) => mayCorrect(state, 0, contention);
    expect(step(true)).toBe(true);
    corrected(state, 0);
    for (let i = 0; i < 10; i++) expect(step(true)).toBe(false);
    expect(state.shut[0]).toBe(1);
    expect(step(true)).toBe(true);
    corrected(state, 0);
    expect(step(false)).toBe(false);
    expect(state.shut[0]).toBe(0);
    expect(step(true)).toBe(true);
    // A strategy that finds nobody starts no pause.
    expect(step(true)).toBe(true);
  });
});

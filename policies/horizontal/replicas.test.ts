import { describe, expect, test } from 'vitest';
import { mostAfter, wantedReplicas } from './replicas.ts';

const TARGET = { targetPercent: 30, tolerance: 0.1 };
/** Pods of a core; `used` in milli-CPU of each ready one. */
const of = (used: readonly number[], unreadyPods = 0, missingPods = 0) => ({
  requestMilliCpu: 1_000,
  readyPods: used.length,
  usedMilliCpu: used.reduce((sum, milli) => sum + milli, 0),
  unreadyPods,
  missingPods,
});

describe('replicas by CPU use, target 30 % of a core', () => {
  test('3 pods that use 300, 500 and 700 are at 50 %: ceil(50 / 30 x 3) = 5', () => {
    expect(wantedReplicas(3, of([300, 500, 700]), TARGET)).toBe(5);
  });

  test('2 ready at 500 and 700, one not ready: 60 / 30 = 2, with the third as idle 40 / 30 = 1.33 of 3 = 4', () => {
    expect(wantedReplicas(3, of([500, 700], 1), TARGET)).toBe(4);
  });

  test('1 ready at 400 of 3: 1.33, with two idle ones 13 / 30 turns round: stay', () => {
    expect(wantedReplicas(3, of([400], 2), TARGET)).toBe(3);
  });

  test('5 pods at 10 %: ceil(10 / 30 x 5) = 2; two unready ones do not count on the way down', () => {
    expect(wantedReplicas(5, of([100, 100, 100, 100, 100]), TARGET)).toBe(2);
    expect(wantedReplicas(7, of([100, 100, 100, 100, 100], 2), TARGET)).toBe(2);
  });

  test('a pod without metrics counts whole on the way down: (4 x 100 + 1000) / 5 = 28 %, within a tenth of 30: stay', () => {
    expect(wantedReplicas(5, of([100, 100, 100, 100], 0, 1), TARGET)).toBe(5);
    // (9 x 100 + 1000) / 10 = 19 %: 0.6333 x 10 = 6.33.
    expect(wantedReplicas(10, of(new Array(9).fill(100), 0, 1), TARGET)).toBe(7);
  });

  test('and for nothing on the way up: 3 at 60 % and one without: 45 / 30 x 4 = 6', () => {
    expect(wantedReplicas(4, of([600, 600, 600], 0, 1), TARGET)).toBe(6);
  });

  test('utilization is a whole percent: 49.9 counts as 49, which is 1.089 of 45 and within the tolerance; 50 is 1.11', () => {
    expect(wantedReplicas(1, of([499]), { ...TARGET, targetPercent: 45 })).toBe(1);
    expect(wantedReplicas(1, of([500]), { ...TARGET, targetPercent: 45 })).toBe(2);
  });

  test('no ready pod with metrics: as many as now', () => {
    expect(wantedReplicas(3, of([], 3), TARGET)).toBe(3);
  });
});

describe('growth', () => {
  test('in 15 s from 1 to 5, from 10 to 20; in a minute from 1 to 5, 10, 20, 40; in less than 15 s not at all', () => {
    expect([mostAfter(1, 15_000), mostAfter(10, 15_000), mostAfter(1, 60_000), mostAfter(3, 14_999)]).toEqual([
      5, 20, 40, 3,
    ]);
  });
});

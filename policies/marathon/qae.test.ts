import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import {
  type AutoScale,
  advanceGray,
  autoScaleTarget,
  checkAutoScale,
  checkGrayRelease,
  type GrayRelease,
  grayInstances,
  splitByWeight,
} from './qae.ts';

const scale: AutoScale = {
  minInstances: 2,
  maxInstances: 20,
  targetPercent: 60,
  tolerancePercent: 5,
  maxStep: 4,
  growCooldownMs: 60_000,
  shrinkCooldownMs: 300_000,
};

describe('auto-scaling', () => {
  test('10 instances at 80 % of 60 % need ceil(13.3) = 14; at 95 % they need 16 and get a step of 4', () => {
    expect(autoScaleTarget(scale, 10, 80, null, 0)).toBe(14);
    expect(autoScaleTarget(scale, 10, 95, null, 0)).toBe(14);
    expect(autoScaleTarget(scale, 10, 65, null, 0)).toBe(10);
  });
  test('growing waits 60 s since the last change, shrinking 300 s', () => {
    // 10 x 40 / 60 = 6.7 -> 7
    expect([59_999, 60_000].map((nowMs) => autoScaleTarget(scale, 10, 80, 0, nowMs))).toEqual([10, 14]);
    expect([299_999, 300_000].map((nowMs) => autoScaleTarget(scale, 10, 40, 0, nowMs))).toEqual([10, 7]);
  });
  test('an idle app stays at the minimum, one outside the limits comes back at once', () => {
    expect(autoScaleTarget(scale, 2, 0, null, 0)).toBe(2);
    expect(autoScaleTarget(scale, 30, 60, 0, 1)).toBe(20);
  });
  test('limits that cross are refused', () => {
    expect(() => checkAutoScale({ ...scale, maxInstances: 1 })).toThrow(ConfigError);
  });
});

describe('gray release', () => {
  const release: GrayRelease = { stagePercents: [5, 30, 100], stageMs: 600_000, errorMarginPercent: 1 };
  test('10 instances go 1, 3, 10 in steps of 600 s, and stay', () => {
    const progress = { stage: 0, stageSinceMs: 0 };
    const seen = [];
    for (let nowMs = 0; nowMs <= 2_400_000; nowMs += 600_000) {
      advanceGray(release, progress, 0, 0, nowMs === 0 ? 0 : nowMs);
      seen.push(grayInstances(release, progress, 10));
    }
    // 5 % of 10 rounds up to 1
    expect(seen).toEqual([1, 3, 10, 10, 10]);
  });
  test('1.1 points more errors than the old version roll back at once, 1 point does not', () => {
    const progress = { stage: 1, stageSinceMs: 0 };
    advanceGray(release, progress, 2, 1, 1);
    expect(progress.stage).toBe(1);
    advanceGray(release, progress, 2.1, 1, 2);
    expect(grayInstances(release, progress, 10)).toBe(0);
    advanceGray(release, progress, 0, 1, 9_999_999);
    expect(progress.stage).toBe(-1);
  });
  test('stages that do not end at 100 or do not rise are refused', () => {
    expect(() => checkGrayRelease({ ...release, stagePercents: [50] })).toThrow('must be 100 %');
    expect(() => checkGrayRelease({ ...release, stagePercents: [50, 50, 100] })).toThrow('stage 2');
  });
});

describe('A/B weights', () => {
  test('10 instances by 1 : 1 : 1 are 4, 3, 3; by 70 : 25 : 5 they are 7, 3, 0', () => {
    // 7, 2.5, 0.5: one left, remainders tie, the earlier wins
    expect(splitByWeight(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(splitByWeight(10, [70, 25, 5])).toEqual([7, 3, 0]);
  });
  test('weights without a sum are refused', () => {
    expect(() => splitByWeight(10, [0, 0])).toThrow(ConfigError);
    expect(() => splitByWeight(10, [2, -1])).toThrow('must be 0 or more');
  });
});

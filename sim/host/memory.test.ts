import { describe, expect, test } from 'vitest';
import {
  cacheHitLoss,
  directReclaimProbability,
  evictionOvershootBytes,
  isEvictionOutrun,
  OOM_CLASS,
  oomOrder,
  oomPoints,
  oomScoreAdjust,
  pageCacheBytes,
  reclaimableBytes,
  reclaimedFromLs,
  usedFraction,
} from './memory.ts';

const GIB = 2 ** 30;

describe('page cache', () => {
  test('of 256 GiB with 180 used and 2 kept free, files get 74', () => {
    expect(pageCacheBytes(256 * GIB, 180 * GIB, 500 * GIB, 2 * GIB)).toBe(74 * GIB);
    expect(pageCacheBytes(256 * GIB, 256 * GIB, 500 * GIB, 2 * GIB)).toBe(0);
    expect(usedFraction(256 * GIB, 192 * GIB)).toBe(0.75);
  });

  test('30 to free with 20 of best-effort cache takes 10 from latency-sensitive pods, never more than they have', () => {
    expect([reclaimedFromLs(30, 20, 50), reclaimedFromLs(15, 20, 50), reclaimedFromLs(300, 20, 50)]).toEqual([
      10, 0, 50,
    ]);
    expect(cacheHitLoss(0.4, 10, 50)).toBeCloseTo(0.08, 12);
    expect(cacheHitLoss(0.4, 10, 0)).toBe(0);
  });
});

describe('direct reclaim', () => {
  test('used 0.975 of a start at 0.95 stalls 0.2 x 0.5^2 = 5 % of requests, 1 % with Memory QoS', () => {
    expect(directReclaimProbability(0.975, 0.95, 0.2, 1)).toBeCloseTo(0.05, 10);
    expect(directReclaimProbability(0.975, 0.95, 0.2, 0.2)).toBeCloseTo(0.01, 10);
    expect([directReclaimProbability(0.95, 0.95, 0.2, 1), directReclaimProbability(1.2, 0.95, 0.2, 1)]).toEqual([
      0, 0.2,
    ]);
  });

  test('a JVM pod of 8 GiB using 5 lends 0.6 GiB; one above its request lends none', () => {
    expect(reclaimableBytes(8 * GIB, 5 * GIB, 0.2)).toBeCloseTo(0.6 * GIB, 0);
    expect(reclaimableBytes(4 * GIB, 5 * GIB, 1)).toBe(0);
  });
});

describe('running out', () => {
  test('10 GB/s over 2 s + 5 s is 70 GB: within 30 % of 256 GB (76.8), not within 8 % (20.5)', () => {
    const overshoot = evictionOvershootBytes(10e9, 2, 5);
    expect(overshoot).toBe(70e9);
    expect([isEvictionOutrun(overshoot, 256e9, 0.7), isEvictionOutrun(overshoot, 256e9, 0.92)]).toEqual([false, true]);
  });

  test('oom_score_adj: best effort 1000, guaranteed -997, burstable with 8 of 256 GiB 969, tiny and huge 999 and 2', () => {
    expect(oomScoreAdjust(OOM_CLASS.bestEffort, 0, 256 * GIB)).toBe(1000);
    expect(oomScoreAdjust(OOM_CLASS.guaranteed, 8 * GIB, 256 * GIB)).toBe(-997);
    expect(oomScoreAdjust(OOM_CLASS.burstable, 8 * GIB, 256 * GIB)).toBe(1000 - 31);
    expect(oomScoreAdjust(OOM_CLASS.burstable, 1, 256 * GIB)).toBe(999);
    expect(oomScoreAdjust(OOM_CLASS.burstable, 256 * GIB, 256 * GIB)).toBe(2);
  });

  test('best effort dies first although it uses least; equal points die in row order', () => {
    const points = [
      oomPoints(100 * GIB, 256 * GIB, -997),
      oomPoints(60 * GIB, 256 * GIB, 700),
      oomPoints(2 * GIB, 256 * GIB, 1000),
      oomPoints(2 * GIB, 256 * GIB, 1000),
    ];
    expect(oomOrder(points, 4)).toEqual([2, 3, 1, 0]);
  });
});

import { describe, expect, test } from 'vitest';
import {
  bestEffortSiblingBusy,
  bestEffortSpeed,
  checkpointInterval,
  checkpointWaste,
  isExecutorLost,
  isSpeculated,
  isStarved,
  migratedShare,
  stragglerFactor,
  wastedWork,
} from './best-effort.ts';

describe('speed', () => {
  test('alone 1, beside a busy sibling 0.65 at yield 1.3, beside one half of the time 0.825', () => {
    expect(bestEffortSpeed(0, 1.3, 1, 1, 1, 0)).toBe(1);
    expect(bestEffortSpeed(1, 1.3, 1, 1, 1, 0)).toBeCloseTo(0.65, 12);
    expect(bestEffortSpeed(0.5, 1.3, 1, 1, 1, 0)).toBeCloseTo(0.825, 12);
  });

  test('cache 1.1, memory 1.05, Kata 1.05 and 10 % overhead leave 0.742', () => {
    expect(bestEffortSpeed(0, 1.3, 1.1, 1.05, 1.05, 0.1)).toBeCloseTo(0.9 / (1.1 * 1.05 * 1.05), 12);
  });

  test('the sibling is busy by all load at level S, by best effort in free cores at level G', () => {
    expect(bestEffortSiblingBusy(true, 0.25, 0.4, 0)).toBe(0.65);
    expect(bestEffortSiblingBusy(false, 0.25, 0.28, 0.56)).toBe(0.5);
    expect(bestEffortSiblingBusy(false, 0.5, 0.4, 0.3)).toBe(1);
  });
});

describe('stages', () => {
  test('100 tasks of speed sd 0.1 take 1.30 times the mean', () => {
    expect(stragglerFactor(100, 0.1)).toBeCloseTo(1 + 0.1 * Math.sqrt(2 * Math.log(100)), 12);
    expect(stragglerFactor(1, 0.1)).toBe(1);
  });

  test('a task is copied after 75 % of the stage when it runs past 1.5 medians', () => {
    expect(isSpeculated(0.75, 0.75, 151, 100, 1.5)).toBe(true);
    expect(isSpeculated(0.74, 0.75, 151, 100, 1.5)).toBe(false);
    expect(isSpeculated(0.9, 0.75, 150, 100, 1.5)).toBe(false);
  });

  test('a grant of 1.9 of 10 cpus starves; below 2 cpus for 121 s the executor is lost', () => {
    expect([isStarved(1.9, 10, 0.2), isStarved(2, 10, 0.2)]).toEqual([true, false]);
    expect([isExecutorLost(1.9, 121, 120), isExecutorLost(2, 500, 120)]).toEqual([true, false]);
  });
});

describe('waste', () => {
  test('a kill loses its 30 and a tenth of the stage of 500, or 30 alone with remote shuffle', () => {
    expect(wastedWork(30, false, 10, 100, 500)).toBe(80);
    expect(wastedWork(30, true, 10, 100, 500)).toBe(30);
  });

  test('60 s of grace at 100 MB/s save 6 of 10 GB', () => {
    expect(migratedShare(60, 100, 10000)).toBe(0.6);
    expect(migratedShare(60, 100, 100)).toBe(1);
  });

  test('Young: 10 s checkpoints, eviction every 2 h -> every 379 s, 5.3 % lost; no interval near it is better', () => {
    const best = checkpointInterval(10, 7200);
    expect(best).toBeCloseTo(379.47, 2);
    expect(checkpointWaste(10, 7200)).toBeCloseTo(0.0527, 4);
    const lost = (interval: number) => 10 / interval + interval / (2 * 7200);
    expect(lost(best)).toBeCloseTo(checkpointWaste(10, 7200), 12);
    expect(Math.min(lost(best * 0.9), lost(best * 1.1))).toBeGreaterThan(lost(best));
  });
});

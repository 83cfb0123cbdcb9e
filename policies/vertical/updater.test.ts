import { describe, expect, test } from 'vitest';
import type { Recommendation } from './recommender.ts';
import { isMoreUrgent, mayDisturb, onlyControlled, UPDATER_DEFAULTS, urgencyOf } from './updater.ts';

const HOUR = 3_600_000;
const of = (milliCpu: number, memBytes = 100) => ({ milliCpu, memBytes });
const WIDE: Recommendation = { target: of(1_000), lower: of(500), upper: of(2_000) };
const at = (milliCpu: number, ageMs: number, resizedAtMs = -1, config = UPDATER_DEFAULTS) =>
  urgencyOf(of(milliCpu), WIDE, config, 0, resizedAtMs, ageMs);

describe('which pod is due', () => {
  test('outside of 500m to 2,000m at once, and by how much: 499m is 501 / 499 short', () => {
    expect(at(499, 0)).toEqual({ grows: true, diff: 501 / 499 });
    expect(at(2_001, 0)).toEqual({ grows: false, diff: 1_001 / 2_001 });
    expect(at(500, 0)).toBe(null);
    expect(at(2_000, 0)).toBe(null);
  });

  test('inside after 12 h where the change is 10 % or more: 1,112m is (112 / 1,112 = 10.07 %), 1,111m is not', () => {
    expect(at(1_112, 12 * HOUR)).toEqual({ grows: false, diff: 112 / 1_112 });
    expect(at(1_112, 12 * HOUR - 1)).toBe(null);
    expect(at(1_111, 12 * HOUR)).toBe(null);
  });

  test('both resources add up: 6 % of CPU and 5 % of memory are 11 %', () => {
    const both = { target: of(1_000, 950), lower: of(0, 0), upper: of(9_999, 9_999) };
    expect(urgencyOf(of(1_064, 1_000), both, UPDATER_DEFAULTS, 0, -1, 12 * HOUR)?.diff).toBeCloseTo(
      64 / 1_064 + 0.05,
      12,
    );
    const cpuOnly = onlyControlled(both, of(1_064, 1_000), true, false);
    expect(cpuOnly.target).toEqual(of(1_000, 1_000));
    expect(urgencyOf(of(1_064, 1_000), cpuOnly, UPDATER_DEFAULTS, 0, -1, 12 * HOUR)).toBe(null);
  });

  test('a pod resized a minute ago rests for its cooldown; without one it does not', () => {
    const resting = { ...UPDATER_DEFAULTS, cooldownMs: HOUR };
    expect(at(499, HOUR, 60_001, resting)).toBe(null);
    expect(at(499, HOUR + 60_001, 60_001, resting)).not.toBe(null);
    expect(at(499, HOUR, HOUR)).not.toBe(null);
  });

  test('pods that grow come first, then the larger change', () => {
    const grows = { grows: true, diff: 0.1 };
    const shrinks = { grows: false, diff: 0.9 };
    expect(isMoreUrgent(grows, shrinks)).toBe(true);
    expect(isMoreUrgent(shrinks, grows)).toBe(false);
    expect(isMoreUrgent({ grows: false, diff: 0.91 }, shrinks)).toBe(true);
  });
});

describe('how many at once', () => {
  test('5 replicas, tolerance 0.5 = 2: three must stay alone, so one disturbed leaves room for one more', () => {
    expect(mayDisturb(5, 5, 0, UPDATER_DEFAULTS)).toBe(true);
    expect(mayDisturb(5, 5, 1, UPDATER_DEFAULTS)).toBe(true);
    expect(mayDisturb(5, 5, 2, UPDATER_DEFAULTS)).toBe(false);
    expect(mayDisturb(5, 3, 0, UPDATER_DEFAULTS)).toBe(false);
  });

  test('a tolerance of nothing lets one go while all run; one replica is below two', () => {
    const strict = { ...UPDATER_DEFAULTS, tolerance: 0.1 };
    expect(mayDisturb(5, 5, 0, strict)).toBe(true);
    expect(mayDisturb(5, 5, 1, strict)).toBe(false);
    expect(mayDisturb(5, 4, 0, strict)).toBe(false);
    expect(mayDisturb(1, 1, 0, UPDATER_DEFAULTS)).toBe(false);
    expect(mayDisturb(1, 1, 0, { ...UPDATER_DEFAULTS, minReplicas: 1 })).toBe(true);
  });
});

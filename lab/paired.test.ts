import { describe, expect, test } from 'vitest';
import { bonferroni, holm } from './correction.ts';
import { checkWarmUp, dayResiduals, mser5 } from './mser.ts';
import { intervalOf, pairedDifference, pValue, seedsFor, studentTUpperTail } from './paired.ts';
import { aboveP, equivalenceP, notAboveP } from './tost.ts';

// Differences 1, 2, 0: mean 1, variance 1, standard error 1 / sqrt(3) = 0.57735.
const sample = pairedDifference([10, 12, 14], [11, 14, 14]);
/** Student's t with 2 degrees in closed form: P(T > t) = 1/2 - t / (2 sqrt(2 + t^2)). */
const tail2 = (t: number) => 0.5 - t / (2 * Math.sqrt(2 + t * t));

describe('a paired difference', () => {
  test('of (10, 12, 14) and (11, 14, 14) is 1 with standard error 0.577; pairing took away 1 - 1 / (4 + 3) = 6/7', () => {
    expect(sample).toMatchObject({ n: 3, meanA: 12, meanB: 13, difference: 1 });
    expect(sample.standardError).toBeCloseTo(1 / Math.sqrt(3), 12);
    expect(sample.varianceReduction).toBeCloseTo(6 / 7, 12);
  });

  test('t = sqrt(3) with 2 degrees has p = 0.2254 and the 95 % interval 1 -+ 4.3027 x 0.57735', () => {
    expect(pValue(sample)).toBeCloseTo(2 * tail2(Math.sqrt(3)), 10);
    expect(pValue(sample)).toBeCloseTo(0.225403, 6);
    expect(intervalOf(sample, 0.05).low).toBeCloseTo(1 - 2.484138, 5);
    expect(intervalOf(sample, 0.05).high).toBeCloseTo(1 + 2.484138, 5);
  });

  test('the upper tail of t with 2 degrees at -3, 0 and 5 is its closed form; at infinity it is 0', () => {
    for (const t of [-3, 0, 5]) expect(studentTUpperTail(t, 2)).toBeCloseTo(tail2(t), 10);
    expect(studentTUpperTail(Number.POSITIVE_INFINITY, 2)).toBe(0);
  });

  test('equal runs have p = 1, a constant difference of 1 has p = 0, one pair has no interval', () => {
    expect(pValue(pairedDifference([1, 2], [1, 2]))).toBe(1);
    expect(pValue(pairedDifference([1, 2], [2, 3]))).toBe(0);
    expect(pValue(pairedDifference([1], [2]))).toBeNaN();
    expect(intervalOf(pairedDifference([1], [2]), 0.05).high).toBe(Number.POSITIVE_INFINITY);
  });

  test('s = 1 needs 18 seeds for a half width below 0.5: t(17) / sqrt(18) = 0.4973, t(16) / sqrt(17) = 0.5141', () => {
    expect(seedsFor(sample, 0.5, 0.05)).toBe(18);
    expect(seedsFor(sample, 0, 0.05)).toBeNull();
    expect(seedsFor(sample, 1e-6, 0.05)).toBeNull();
  });
});

describe('corrections', () => {
  test('Holm of 0.01, 0.04, 0.03 is 0.03, 0.06, 0.06; Bonferroni 0.03, 0.12, 0.09; unknown counts as 1', () => {
    // 3 x 0.01 = 0.03; 2 x 0.03 = 0.06; 1 x 0.04 may not fall below 0.06.
    const rounded = (values: number[]) => values.map((p) => Number(p.toFixed(12)));
    expect(rounded(holm([0.01, 0.04, 0.03]))).toEqual([0.03, 0.06, 0.06]);
    expect(rounded(bonferroni([0.01, 0.04, 0.03]))).toEqual([0.03, 0.12, 0.09]);
    expect(holm([Number.NaN, 0.5])).toEqual([1, 1]);
  });
});

describe('equivalence', () => {
  test('1 -+ 0.577 within a margin of 3: tails at 6.928 and 3.464 give p = max(0.0101, 0.0371)', () => {
    expect(equivalenceP(sample, 3)).toBeCloseTo(tail2(2 * Math.sqrt(3)), 10);
    expect(equivalenceP(sample, 3)).toBeCloseTo(0.03709, 5);
    // One-sided: not above by 3 is the same tail; above by 0.5 has t = 0.5 sqrt(3).
    expect(notAboveP(sample, 3)).toBeCloseTo(0.03709, 5);
    expect(aboveP(sample, 0.5)).toBeCloseTo(tail2(0.5 * Math.sqrt(3)), 10);
  });

  test('p <= alpha exactly when the 1 - 2 alpha interval lies inside the margin', () => {
    for (const margin of [1.5, 2, 2.5, 3, 4]) {
      const { low, high } = intervalOf(sample, 0.1);
      expect(equivalenceP(sample, margin) <= 0.05).toBe(low > -margin && high < margin);
    }
  });

  test('equal runs are equivalent, two different constants beyond the margin are not', () => {
    expect(equivalenceP(pairedDifference([1, 2], [1, 2]), 0.1)).toBe(0);
    expect(equivalenceP(pairedDifference([1, 2], [3, 4]), 1)).toBe(1);
  });
});

const batches = (values: number[]) => values.flatMap((value) => [value, value, value, value, value]);

describe('MSER-5', () => {
  test('of batches 9, 1, 2, 1, 2, 1, 2, 1 cuts one batch', () => {
    // Squares / count^2: d = 0: 51.875 / 64 = 0.81; d = 1: 1.714 / 49 = 0.0350; d = 2: 1.5 / 36 = 0.0417; later ones larger.
    expect(mser5(batches([9, 1, 2, 1, 2, 1, 2, 1]))).toEqual({ cut: 5, trusted: true });
  });

  test('of a straight rise is not trusted: fewer points always look better', () => {
    // 25 (m^2 - 1) / (12 m) falls with m down to the last two batches: d = 6 > 8 / 2.
    expect(mser5(Float64Array.from({ length: 40 }, (_, i) => i))).toEqual({ cut: 30, trusted: false });
  });

  test('a day that repeats leaves residuals of 0, and a start 5 too high shows as 5', () => {
    const day = [1, 4, 9, 4];
    const residuals = dayResiduals([6, 9, 9, 4, ...day, ...day], 4);
    expect([...residuals]).toEqual([5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('three days by the hour, the first 10 h too high: 10 h are asked for, so 12 h agree and 6 h do not', () => {
    const noise = (hour: number) => ((hour * 7) % 11) / 10;
    const values = Float64Array.from(
      { length: 72 },
      (_, h) => 50 + 20 * ((h % 24) / 24) + noise(h) + (h < 10 ? 30 : 0),
    );
    const check = (warmUpMs: number) => checkWarmUp('x', values, 3_600_000, warmUpMs);
    expect(check(12 * 3_600_000)).toMatchObject({
      neededMs: 10 * 3_600_000,
      trusted: true,
      dayAligned: true,
      agrees: true,
    });
    expect(check(6 * 3_600_000).agrees).toBe(false);
  });
});

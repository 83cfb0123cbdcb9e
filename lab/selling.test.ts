import { describe, expect, test } from 'vitest';
import type { SellerRun } from './compare-selling.ts';
import { estimateOf, summariseSelling } from './selling.ts';

const run = (name: string, soldPercent: number, doneCoreHours: number): SellerRun => ({
  name,
  soldPercent,
  usedPercent: 0,
  lateRequestPercent: 0,
  lateRequestFromColocationPercent: 0,
  violatedPercent: 0,
  severityPercent: 0,
  savingsPercent: 0,
  excessPercent: 0,
  suppressedPercent: 0,
  doneCoreHours,
  violationPercent: 0,
  digest: '',
});

describe('several seeds', () => {
  test('1, 2, 3: mean 2, s = 1, t(2, 0.975) = 4.3027, so half of the interval is 4.3027 / sqrt(3) = 2.4841', () => {
    const { mean, halfWidth } = estimateOf([1, 2, 3]);
    expect(mean).toBe(2);
    expect(halfWidth).toBeCloseTo(2.48414, 4);
    expect(estimateOf([5]).halfWidth).toBeNaN();
  });

  test('gain is paired: seeds that differ by 100 core-hours and gain 10, 11, 12 give 11 +-2.48, not +-248', () => {
    const { rows, baseline } = summariseSelling([
      [run('n-sigma', 20, 110), run('n-sigma', 21, 211), run('n-sigma', 22, 312)],
      [run('limit-sum', 5, 100), run('limit-sum', 5, 200), run('limit-sum', 5, 300)],
      [run('peak-oracle', 30, 0), run('peak-oracle', 32, 0), run('peak-oracle', 34, 0)],
    ]);
    expect(baseline).toBe('limit-sum');
    expect(rows[0].gainCoreHours.mean).toBe(11);
    expect(rows[0].gainCoreHours.halfWidth).toBeCloseTo(2.48414, 4);
    expect(rows[0].figures.doneCoreHours.halfWidth).toBeGreaterThan(200);
    // 30 - 20, 32 - 21, 34 - 22
    expect(rows[0].belowOraclePercent.mean).toBe(11);
    expect(rows[0].belowOraclePercent.halfWidth).toBeCloseTo(2.48414, 4);
  });

  test('without limit-sum the row that sells least is the baseline; without the oracle there is no distance', () => {
    const { rows, baseline } = summariseSelling([[run('n-sigma', 20, 7)], [run('rc-like', 10, 5)]]);
    expect(baseline).toBe('rc-like');
    expect(rows[0].gainCoreHours.mean).toBe(2);
    expect(rows[0].belowOraclePercent.mean).toBeNaN();
  });
});

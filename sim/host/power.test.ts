import { describe, expect, test } from 'vitest';
import { defaultParameters } from './parameters.ts';
import {
  energyCost,
  fanCurve,
  marginalUse,
  piecewiseCurve,
  powerWatts,
  workFraction,
  yearlyOwnership,
} from './power.ts';

describe('work', () => {
  test('yield 1.3, core-aware: U 0.4 0.5 0.65 0.8 do 0.62 0.77 0.84 0.91 of peak work; blind 0.53 0.64 0.77 0.89', () => {
    const uses = [0.4, 0.5, 0.65, 0.8];
    expect(uses.map((u) => Number(workFraction(u, 1.3, true, 2).toFixed(2)))).toEqual([0.62, 0.77, 0.84, 0.91]);
    // blind at .5: (1 - .5 + .325)/1.3 = .635; at .65: (1.3 - .845 + .54925)/1.3 = .7725
    expect(uses.map((u) => Number(workFraction(u, 1.3, false, 2).toFixed(3)))).toEqual([0.529, 0.635, 0.773, 0.886]);
  });

  test('a host without SMT does work in proportion to use', () => {
    expect(workFraction(0.37, 1.3, false, 1)).toBe(0.37);
  });
});

describe('power', () => {
  test('130 W idle, 520 W at most, 0.3 of use: 130 + 390 (0.6 - 0.3^1.4) = 291.7 W', () => {
    expect(powerWatts(fanCurve(1.4), 130, 520, 0.3)).toBeCloseTo(130 + 390 * (0.6 - 0.3 ** 1.4), 1);
    expect(powerWatts(fanCurve(1.4), 130, 520, 0)).toBe(130);
    expect(powerWatts(fanCurve(1.4), 130, 520, 1)).toBe(520);
  });

  test('idle ratio 0.45 gives 0.61 of the maximum at 0.2 and 0.84 at 0.6', () => {
    const of = (u: number) => powerWatts(fanCurve(1.4), 0.45, 1, u);
    expect(of(0.2)).toBeCloseTo(0.61, 2);
    expect(of(0.6)).toBeCloseTo(0.84, 2);
  });

  test('the piecewise curve passes its points: 0.53 at 0.3 and 0.79 at 0.7 with an idle ratio of 0.2', () => {
    expect(powerWatts(piecewiseCurve(), 0.2, 1, 0.3)).toBeCloseTo(0.53, 2);
    expect(powerWatts(piecewiseCurve(), 0.2, 1, 0.7)).toBeCloseTo(0.79, 2);
  });

  test('power never falls with use on either curve', () => {
    for (const curve of [fanCurve(1.4), piecewiseCurve()]) {
      for (let u = 0; u < 1; u += 0.003)
        expect(powerWatts(curve, 130, 520, u + 0.003)).toBeGreaterThan(powerWatts(curve, 130, 520, u));
    }
  });
});

describe('cost', () => {
  test('60,000 over 4 years with 25 % a year is 30,000 a year', () => {
    expect(yearlyOwnership(defaultParameters())).toBe(30000);
  });

  test('390 W for a year at PUE 1.35 and 0.6 a kWh is 2,767', () => {
    // 390 x 8760 / 1000 = 3416.4 kWh x 1.35 x 0.6 = 2767.3
    expect(energyCost(390 * 8760, 1.35, 0.6)).toBeCloseTo(2767.28, 1);
  });
});

describe('ten more points of use of a host of 130 to 520 W that costs 30,000 a year, PUE 1.35, 0.6 a kWh', () => {
  const at = (use: number, threadsPerCore: number) =>
    marginalUse(
      use,
      (u) => workFraction(u, 1.3, false, threadsPerCore),
      (u) => powerWatts(fanCurve(1.4), 130, 520, u),
      30_000,
      1.35,
      0.6,
    );

  test('around 0.5: 390 (2 - 1.4 x 0.5^0.4) x 0.1 x 8.76 x 1.35 x 0.6 = 260; around 0.3: 314; against a tenth of a host', () => {
    expect(at(0.45, 1).energyCost).toBeCloseTo(260, 0);
    expect(at(0.25, 1).energyCost / 314).toBeCloseTo(1, 2);
    expect(at(0.45, 1).avoidedCost).toBeCloseTo(3000, 9);
  });

  test('with SMT a point above 65 % is worth less than one below: work grows by 0.078 of a host there and by 0.115 at 30 %', () => {
    const work = (u: number) => (2 * u - 0.7 * u * u) / 1.3;
    expect(at(0.65, 2).avoidedCost).toBeCloseTo(30_000 * (work(0.75) - work(0.65)), 6);
    expect(at(0.3, 2).avoidedCost).toBeGreaterThan(1.3 * at(0.65, 2).avoidedCost);
  });
});

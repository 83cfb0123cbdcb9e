import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gammaUpperTail, lnGamma } from './gamma-tail.ts';
import {
  backlogExponent,
  createThrottleTable,
  executedCv,
  meanStallMs,
  periodCv,
  throttledFraction,
  throttledFractionExact,
  throttledRequestShare,
  throttleExponent,
} from './throttling.ts';

const table = createThrottleTable();

describe('gamma tail', () => {
  test('ln Gamma(1/2) = ln sqrt(pi), ln Gamma(5) = ln 24', () => {
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(lnGamma(5)).toBeCloseTo(Math.log(24), 12);
  });

  test('shape 3 is a Poisson sum: e^-x (1 + x + x^2/2) at x = 2 (series) and 9 (fraction)', () => {
    for (const x of [2, 9]) expect(gammaUpperTail(3, x)).toBeCloseTo(Math.exp(-x) * (1 + x + (x * x) / 2), 13);
  });

  test('shape 400 at its mean is within 1 % of one half', () => {
    expect(Math.abs(gammaUpperTail(400, 400) - 0.5)).toBeLessThan(0.01);
  });
});

describe('throttled fraction', () => {
  test('exponential demand: theta solves 1 - theta u = e^-theta... and p_th equals 1 - theta u', () => {
    // cv = 1: -ln(1 - theta u) = theta. P(A > 1) = e^{-1/u}; tilted e^{-(1 - theta u)/u} = e^{-1/u} e^{theta};
    // the ratio is e^{-theta} = 1 - theta u.
    for (const use of [0.3, 0.5, 0.8, 0.95]) {
      const theta = backlogExponent(use, 1);
      expect(Math.exp(-theta)).toBeCloseTo(1 - theta * use, 10);
      expect(throttledFractionExact(use, 1)).toBeCloseTo(1 - theta * use, 9);
    }
  });

  test('a Lindley queue of 300,000 periods is within 12 % at cv 0.5 (gamma of shape 4) and 3 % at cv 1', () => {
    let state = 4;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    for (const [shape, use, band] of [
      [4, 0.7, 0.12],
      [4, 0.85, 0.12],
      [1, 0.5, 0.03],
      [1, 0.8, 0.03],
    ]) {
      let backlog = 0;
      let throttled = 0;
      for (let period = 0; period < 300_000; period++) {
        let demand = 0;
        for (let k = 0; k < shape; k++) demand -= (Math.log(1 - uniform()) * use) / shape;
        backlog = Math.max(0, backlog + demand - 1);
        if (backlog > 0) throttled++;
      }
      const model = throttledFractionExact(use, 1 / Math.sqrt(shape));
      expect(Math.abs(model / (throttled / 300_000) - 1)).toBeLessThan(band);
    }
  });

  test('near the quota theta approaches 2 (1 - u) / (u cv)^2: 2 % below it at u = 0.99', () => {
    // x = theta u cv^2 solves 1 + x/2 + x^2/3 = 1/u: x = 0.0202 (1 - 0.0135), and 1/u - 1 = 0.0101 against 1 - u = 0.01.
    expect(backlogExponent(0.99, 0.2) / (0.02 / (0.198 * 0.198))).toBeCloseTo(0.987, 2);
  });

  test('requests of 20 ms spill 0.2 (1 - e^-5) = 19.87 % of their work: shot noise and rate variation shrink', () => {
    // u = 0.5, q = 4: shot 20 x 2 / 200 = 0.2, times 1 - 0.19865; rate 0.5^2 x (0.80135^2 + 0.19865^2).
    const expected = Math.sqrt(0.2 * 0.80135 + 0.25 * (0.80135 ** 2 + 0.19865 ** 2));
    expect(executedCv(20, 1, 0.5, 4, 100, 0.5)).toBeCloseTo(expected, 4);
    // A rectangular request of 30 ms: s1 = 10 ms, so 0.1 (1 - e^-10) of the variance goes.
    expect(executedCv(30, 0, 0.5, 4, 100, 0)).toBeCloseTo(Math.sqrt(0.15 * (1 - 0.1 * (1 - Math.exp(-10)))), 9);
  });

  test('what runs in a period never varies more than what is offered, and hardly less for short requests', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 200, noNaN: true }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (ms, scv, use, rateCv) => {
          const offered = periodCv(ms, scv, use, 4, 100, rateCv);
          const executed = executedCv(ms, scv, use, 4, 100, rateCv);
          expect(executed).toBeLessThanOrEqual(offered * (1 + 1e-12));
          if (ms * (1 + scv) < 0.2) expect(executed).toBeGreaterThan(0.99 * offered);
        },
      ),
    );
  });

  test('12 synchronised requests of 54 ms twice a second need cv 2; Poisson alone has 0.65', () => {
    // sqrt(54.2 / (0.325 x 4 x 100)) = 0.6457
    expect(periodCv(54.2, 0, 0.325, 4, 100, 0)).toBeCloseTo(0.6457, 3);
  });

  test('the table is within 10 % of the exact fraction above 1e-3 and within 1 % of theta', () => {
    for (let n = 0; n < 4000; n++) {
      const use = 0.05 + 0.94 * ((n * 0.618034) % 1);
      const cv = 0.15 + 2.8 * ((n * 0.7548777) % 1);
      const exact = throttledFractionExact(use, cv);
      if (exact > 1e-3) {
        expect(Math.abs(throttledFraction(table, use, cv, 0) / exact - 1)).toBeLessThan(0.1);
        expect(Math.abs(throttleExponent(table, use, cv) / backlogExponent(use, cv) - 1)).toBeLessThan(0.01);
      }
    }
  });

  test('edges: no use is never throttled, use above the quota always', () => {
    expect([throttledFraction(table, 0, 1, 0), throttledFraction(table, 1.01, 1, 0)]).toEqual([0, 1]);
    expect(throttledFraction(table, 0.5, 0, 0)).toBe(0);
  });

  test('a longer burst never raises p_th, a busier pod never lowers it, and it stays in [0, 1]', () => {
    const u = fc.double({ min: 0, max: 1.1, noNaN: true });
    const cv = fc.double({ min: 0.01, max: 4, noNaN: true });
    const b = fc.double({ min: 0, max: 9, noNaN: true });
    fc.assert(
      fc.property(u, u, cv, b, b, (use, more, spread, burst, longer) => {
        const now = throttledFraction(table, use, spread, burst);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(1);
        expect(throttledFraction(table, use, spread, burst + longer)).toBeLessThanOrEqual(now);
        const plain = throttledFraction(table, use, spread, 0);
        expect(throttledFraction(table, use + more, spread, 0)).toBeGreaterThanOrEqual(plain * (1 - 1e-12));
      }),
      { numRuns: 3000, seed: 2 },
    );
  });
});

describe('stalls', () => {
  test('5 % of the periods at cv 0.8 delay 5 % of the requests: 1 - 0.95^1', () => {
    expect(throttledRequestShare(0.05, 0.8)).toBeCloseTo(0.05, 12);
    expect([throttledRequestShare(0, 1), throttledRequestShare(1, 1)]).toEqual([0, 1]);
  });

  test('p_th 0.1, theta 0.5, u 0.5: 100 x 0.1 / 0.25 x 0.75 / 1.05 = 28.6 ms', () => {
    expect(meanStallMs(100, 0.1, 0.5, 0.5)).toBeCloseTo(28.571, 3);
    expect(meanStallMs(100, 0, 0.5, 0.5)).toBe(0);
    expect(meanStallMs(100, 1, 0, 1.2)).toBe(Infinity);
  });
});

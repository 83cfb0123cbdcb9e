import { describe, expect, test } from 'vitest';
import { betaProbability, clopperPearson, logGamma, studentTQuantile } from './intervals.ts';

describe('logGamma', () => {
  test.each([
    [1, 0],
    [0.5, 0.5723649429247001], // ln sqrt(pi)
    [5, 3.1780538303479458], // ln 24
    [171, 706.5730622457874], // ln 170!
  ])('of %d is %d', (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-12 * Math.max(1, expected));
  });
});

describe('betaProbability', () => {
  test('of beta(1, 1) is x itself, of beta(2, 1) x squared, of beta(1, 3) 1 - (1 - x)^3', () => {
    for (const x of [0.01, 0.3, 0.5, 0.87]) {
      expect(betaProbability(x, 1, 1)).toBeCloseTo(x, 12);
      expect(betaProbability(x, 2, 1)).toBeCloseTo(x * x, 12);
      expect(betaProbability(x, 1, 3)).toBeCloseTo(1 - (1 - x) * (1 - x) * (1 - x), 12);
    }
  });
});

describe("Student's t at 97.5 %", () => {
  // Closed forms: 1 degree tan(0.475 pi); 2 degrees 0.95 sqrt(2 / (1 - 0.95^2)). The others are the printed tables.
  test.each([
    [1, 12.706204736],
    [2, 4.30265273],
    [4, 2.776445105],
    [9, 2.262157163],
    [29, 2.045229642],
    [1000, 1.962339081],
  ])('with %d degrees of freedom is %d', (degrees, expected) => {
    expect(studentTQuantile(0.975, degrees)).toBeCloseTo(expected, 8);
    expect(studentTQuantile(0.025, degrees)).toBeCloseTo(-expected, 8);
  });

  test('at 50 % is 0, and 2 degrees at 75 % is sqrt(2/3)', () => {
    // F(t) = 1/2 + t / (2 sqrt(2 + t^2)); F = 3/4 gives t^2 = 2/3
    expect(studentTQuantile(0.5, 7)).toBe(0);
    expect(studentTQuantile(0.75, 2)).toBeCloseTo(Math.sqrt(2 / 3), 12);
  });
});

describe('Clopper-Pearson', () => {
  test('no hits in 59 trials: upper end of the two-sided 90 % interval is 1 - 0.05^(1/59) = 4.95 %', () => {
    const { low, high } = clopperPearson(0, 59, 0.9);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(1 - 0.05 ** (1 / 59), 12);
    expect(high).toBeLessThan(0.05);
  });

  test('2 hits in 20 trials at 95 %: 1.2349 % to 31.6983 %', () => {
    // Printed in tables of exact binomial limits: 0.0123, 0.3170.
    const { low, high } = clopperPearson(2, 20, 0.95);
    expect(low).toBeCloseTo(0.012349, 5);
    expect(high).toBeCloseTo(0.316983, 5);
  });

  test('the ends solve their binomial sums: P(X >= 3 | low) = P(X <= 3 | high) = 2.5 % with 10 trials', () => {
    const { low, high } = clopperPearson(3, 10, 0.95);
    const choose = [1, 10, 45, 120];
    const below = (p: number, upTo: number): number =>
      choose.slice(0, upTo + 1).reduce((sum, c, k) => sum + c * p ** k * (1 - p) ** (10 - k), 0);
    expect(1 - below(low, 2)).toBeCloseTo(0.025, 10);
    expect(below(high, 3)).toBeCloseTo(0.025, 10);
  });

  test('all hits end at 1; no trials tell nothing', () => {
    expect(clopperPearson(7, 7, 0.95).high).toBe(1);
    expect(clopperPearson(0, 0, 0.95)).toEqual({ low: 0, high: 1 });
  });
});

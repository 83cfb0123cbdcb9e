import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addValue, createHistogram, quantile } from './quantile-histogram.ts';

describe('quantile histogram', () => {
  test('any single value from 2^-10 up comes back within 0.8 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 1 / 1024, max: 1e15, noNaN: true }), (value) => {
        const histogram = createHistogram();
        addValue(histogram, value);
        expect(Math.abs(quantile(histogram, 0.5) / value - 1)).toBeLessThan(0.008);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('the q-quantile lies within 0.8 % of the value of that rank in the sorted list', () => {
    const value = fc.double({ min: 1 / 1024, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 80 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, q) => {
          const histogram = createHistogram();
          for (const entry of list) addValue(histogram, entry);
          const sorted = [...list].sort((a, b) => a - b);
          const expected = sorted[Math.max(1, Math.ceil(q * list.length)) - 1];
          expect(Math.abs(quantile(histogram, q) / expected - 1)).toBeLessThan(0.008);
        },
      ),
      { numRuns: 500, seed: 2 },
    );
  });

  test('1 to 1,000: the median is 500 and p99 is 990, each within 0.8 %', () => {
    const histogram = createHistogram();
    for (let value = 1; value <= 1000; value++) addValue(histogram, value);
    expect(Math.abs(quantile(histogram, 0.5) - 500)).toBeLessThan(4);
    expect(Math.abs(quantile(histogram, 0.99) - 990)).toBeLessThan(8);
  });

  test('0 and values below 2^-10 count as 0, an empty histogram has no quantile', () => {
    const histogram = createHistogram();
    expect(quantile(histogram, 0.5)).toBeNaN();
    addValue(histogram, 0);
    addValue(histogram, 1 / 2048);
    addValue(histogram, 8);
    expect(quantile(histogram, 0.66)).toBe(0);
    // The bucket of 8 is [8, 8.125): its middle is 8.0625.
    expect(quantile(histogram, 1)).toBe(8.0625);
  });

  test('values beyond 2^54 stay in the last bucket', () => {
    const histogram = createHistogram();
    addValue(histogram, 1e300);
    // The last bucket is [2^54 - 2^47, 2^54): its middle is 2^53 x (1 + 63.5 / 64).
    expect(quantile(histogram, 0.5)).toBe(9007199254740992 * (1 + 63.5 / 64));
  });

  test('order of adding does not matter, and counts of two histograms add up', () => {
    const values = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 500) + 0.5);
    const [all, reversed, even, odd] = [createHistogram(), createHistogram(), createHistogram(), createHistogram()];
    for (const value of values) addValue(all, value);
    for (const value of [...values].reverse()) addValue(reversed, value);
    values.forEach((value, i) => {
      addValue(i % 2 === 0 ? even : odd, value);
    });
    expect(reversed).toEqual(all);
    expect(even.map((count, b) => count + odd[b])).toEqual(all);
  });
});

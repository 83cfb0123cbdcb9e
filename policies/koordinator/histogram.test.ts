import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addSample,
  createHistogram,
  exponentialBuckets,
  findBucket,
  isEmpty,
  linearBuckets,
  percentile,
  wholePower,
} from './histogram.ts';

const HOUR = 3_600_000;

describe('buckets', () => {
  test('whole powers are exact where doubles are: 1.5^5 = 7.59375, 2^100, anything^0 = 1', () => {
    expect([wholePower(1.5, 5), wholePower(2, 100), wholePower(7, 0)]).toEqual([7.59375, 2 ** 100, 1]);
  });

  test('the cpu model reaches 1024 cores with 158 buckets; the last starts at or above the maximum, the one before below', () => {
    // log_1.05(1024 * 0.05 / 0.025 + 1) = ln 2049 / ln 1.05 = 156.28, so 157 + 1 bounds
    const { starts } = exponentialBuckets(1024, 0.025, 1.05, 1e-4);
    expect(starts.length).toBe(158);
    expect(starts[157]).toBeGreaterThanOrEqual(1024);
    expect(starts[156]).toBeLessThan(1024);
  });

  test('a value on a bound belongs to the bucket that starts there, for every bound', () => {
    const buckets = exponentialBuckets(1024, 0.025, 1.05, 1e-4);
    for (let n = 1; n < buckets.starts.length; n++) expect(findBucket(buckets, buckets.starts[n])).toBe(n);
  });

  test('values outside fall into the first and last bucket; linear ones have ceil(10 / 3) + 1 = 5', () => {
    const buckets = linearBuckets(10, 3, 1e-9);
    expect([...buckets.starts]).toEqual([0, 3, 6, 9, 12]);
    expect([-1, 0, 2.9, 3, 99].map((value) => findBucket(buckets, value))).toEqual([0, 0, 0, 1, 4]);
  });

  test('no maximum, no ratio above 1: refused', () => {
    expect(() => exponentialBuckets(0, 1, 1.1, 1)).toThrow('above 0');
    expect(() => exponentialBuckets(1, 0, 1.1, 1)).toThrow('above 0');
    expect(() => linearBuckets(1, 1, 0)).toThrow('above 0');
    expect(() => exponentialBuckets(1, 1, 1, 1)).toThrow('ratio');
  });
});

describe('decay', () => {
  const buckets = linearBuckets(10, 1, 1e-9);

  test('an empty histogram answers 0, and a single sample of 3.2 answers 4 for every share', () => {
    const histogram = createHistogram(buckets, HOUR);
    expect([isEmpty(histogram), percentile(histogram, 0.95)]).toEqual([true, 0]);
    addSample(histogram, 3.2, 1, 5 * HOUR);
    expect([0, 0.5, 1].map((p) => percentile(histogram, p))).toEqual([4, 4, 4]);
  });

  test('a sample weighs half after one half-life: 2 old samples balance 1 new one', () => {
    const histogram = createHistogram(buckets, HOUR);
    addSample(histogram, 1, 2, 0);
    addSample(histogram, 5, 1, HOUR);
    expect([percentile(histogram, 0.5), percentile(histogram, 0.51)]).toEqual([2, 6]);
  });

  test('half a half-life is a factor of sqrt 2', () => {
    const histogram = createHistogram(buckets, HOUR);
    addSample(histogram, 1, 1, 0);
    addSample(histogram, 5, 1, HOUR / 2);
    expect(histogram.weights[5] / histogram.weights[1]).toBeCloseTo(Math.SQRT2, 14);
  });

  test('after 101 half-lives the reference moves and the old sample is gone, even from the top share', () => {
    const histogram = createHistogram(buckets, HOUR);
    addSample(histogram, 9, 1, 0);
    addSample(histogram, 2, 1, 101 * HOUR);
    expect(histogram.referenceMs).toBe(101 * HOUR);
    expect(percentile(histogram, 1)).toBe(3);
    expect([histogram.minBucket, histogram.maxBucket]).toEqual([2, 2]);
  });

  test('after exactly 100 half-lives the reference stays: the new sample weighs 2^100', () => {
    const histogram = createHistogram(buckets, HOUR);
    addSample(histogram, 9, 1, 0);
    addSample(histogram, 2, 1, 100 * HOUR);
    expect([histogram.referenceMs, histogram.weights[2]]).toEqual([0, 2 ** 100]);
    expect([histogram.minBucket, histogram.maxBucket]).toEqual([2, 9]);
  });

  test('the last bucket has no end: its start is given', () => {
    const histogram = createHistogram(buckets, HOUR);
    addSample(histogram, 1000, 1, 0);
    expect(percentile(histogram, 0.9)).toBe(10);
  });

  test('moving the reference on does not change a percentile', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 20 }), (values) => {
        const [early, late] = [createHistogram(buckets, HOUR), createHistogram(buckets, HOUR)];
        values.forEach((value, i) => {
          addSample(early, value, 1, i * HOUR);
          addSample(late, value, 1, (i + 1_000_000) * HOUR);
        });
        for (const p of [0.1, 0.5, 0.9, 0.98]) expect(percentile(late, p)).toBe(percentile(early, p));
      }),
    );
  });

  test('a percentile is at or above the true one and at most one bucket too high', () => {
    const fine = exponentialBuckets(1024, 0.025, 1.05, 1e-4);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.03, max: 900, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (values) => {
          const histogram = createHistogram(fine, HOUR);
          for (const value of values) addSample(histogram, value, 1, 0);
          const sorted = [...values].sort((a, b) => a - b);
          const truth = sorted[Math.max(0, Math.ceil(0.95 * sorted.length - 1e-9) - 1)];
          const bound = percentile(histogram, 0.95);
          expect(bound).toBeGreaterThan(truth);
          expect(bound).toBeLessThanOrEqual(truth * 1.05 + 0.025);
        },
      ),
    );
  });
});

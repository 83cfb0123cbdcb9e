import { expect, test } from 'vitest';
import { scaleUnderCap, splitByWeights } from './water-fill.ts';

test('1, 2 and 5 scale to 24 by 3 without a cap in the way', () => {
  expect(scaleUnderCap([1, 2, 5], [1, 1, 1], 100, 24)).toBe(3);
});

test('with a cap of 10 the 5 stays at 10 and 1 + 2 take the other 14: factor 14/3', () => {
  expect(scaleUnderCap([1, 2, 5], [1, 1, 1], 10, 24)).toBeCloseTo(14 / 3, 12);
});

test('weights count: two of 1 and one of 4 under a cap of 6 reach 16 at 5', () => {
  // The 4 would be 20 and is capped at 6; 2 x 1 x f = 10.
  expect(scaleUnderCap([1, 4], [2, 1], 6, 16)).toBe(5);
});

test('the cap times all weights is reached at most: 30 is reached at factor 10, 31 never', () => {
  expect(scaleUnderCap([1, 2, 5], [1, 1, 1], 10, 30)).toBe(10);
  expect(scaleUnderCap([1, 2, 5], [1, 1, 1], 10, 31)).toBe(Infinity);
});

test('equal values above the cap stop together', () => {
  expect(scaleUnderCap([2, 2, 2], [1, 1, 1], 7, 12)).toBe(2);
  expect(scaleUnderCap([2, 2, 2], [1, 1, 1], 7, 22)).toBe(Infinity);
});

test('10 by weights 1, 1, 2: one each, the other 7 as 1.75, 1.75, 3.5, largest remainders first', () => {
  // Floors 1, 1, 3 leave two: remainders .75, .75, .5.
  expect(Array.from(splitByWeights([1, 1, 2], 10))).toEqual([3, 3, 4]);
});

test('as many parts as units gives one each', () => {
  expect(Array.from(splitByWeights([9, 1, 1], 3))).toEqual([1, 1, 1]);
  expect(() => splitByWeights([1, 1], 1)).toThrow(/at least one/);
});

import { expect, test } from 'vitest';
import { exp } from '../policies/base/exact-math.ts';
import { bumpAt, hourMeans, peakToTrough, profileAt, stretchToRatio } from './day-shape.ts';

const hourly = Array.from({ length: 24 }, (_, hour) => hour);

test('hour means sit at half past, straight lines between, around midnight too', () => {
  expect(profileAt(hourly, 7.5)).toBe(7);
  expect(profileAt(hourly, 8)).toBe(7.5);
  expect(profileAt(hourly, 0)).toBe(11.5); // half way between hour 23 and hour 0
  expect(profileAt(hourly, -16.5)).toBe(7);
  expect(profileAt(hourly, 31.5)).toBe(7);
});

test('a bump of .25 at 21 h with sd 2 h is .25 e^-.5 at 19 h and 23 h, and wraps to 1 h as two sd', () => {
  expect(bumpAt(21, 21, 2, 0.25)).toBe(0.25);
  expect(bumpAt(19, 21, 2, 0.25)).toBeCloseTo(0.25 * exp(-0.5), 12);
  expect(bumpAt(1, 21, 2, 0.25)).toBeCloseTo(0.25 * exp(-2), 12);
});

test('stretching keeps the mean at 1 and gives hour means the wanted ratio', () => {
  const day = Float64Array.from({ length: 288 }, (_, slot) => 10 + profileAt(hourly, slot / 12));
  for (const ratio of [1, 1.4, 3.5]) {
    const stretched = stretchToRatio(day, ratio);
    expect(stretched.reduce((a, b) => a + b, 0) / 288).toBeCloseTo(1, 12);
    expect(peakToTrough(hourMeans(stretched))).toBeCloseTo(ratio, 10);
  }
});

test('a flat day stays flat', () => {
  expect(Array.from(stretchToRatio(new Float64Array(24).fill(5), 3))).toEqual(new Array(24).fill(1));
});

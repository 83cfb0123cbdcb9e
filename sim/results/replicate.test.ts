import { expect, test } from 'vitest';
import { estimateOf, proportionOfRuns, replicate } from './replicate.ts';
import { threeWindowResults } from './testing/three-windows.ts';

const summary = threeWindowResults().summary;
const runs = [60, 62, 67].map((percent, at) => ({
  seed: String(at + 1),
  digest: `d${at + 1}`,
  summary: { ...summary, cpuUtilisationMeanPercent: percent },
}));

test('60, 62 and 67 have mean 63 and half width t(2) x sqrt(13 / 3) = 8.957', () => {
  // squares 9 + 1 + 16 = 26, s^2 = 13, t(2, 0.975) = 4.302653
  const { mean, halfWidth, n } = replicate(runs).estimates.cpuUtilisationMeanPercent;
  expect(mean).toBe(63);
  expect(n).toBe(3);
  expect(halfWidth).toBeCloseTo(4.30265273 * Math.sqrt(13 / 3), 6);
});

test('every figure of the summary gets an estimate; equal values have half width 0', () => {
  const { estimates, seeds, digests } = replicate(runs);
  expect(Object.keys(estimates).sort()).toEqual(Object.keys(summary).sort());
  expect(estimates.tasksFinished).toEqual({ mean: 17, halfWidth: 0, n: 3 });
  expect(seeds).toEqual(['1', '2', '3']);
  expect(digests).toEqual(['d1', 'd2', 'd3']);
});

test('three times 0.1 is exactly 0.1 with half width 0, though 0.1 + 0.1 + 0.1 is not 0.3', () => {
  expect(estimateOf([0.1, 0.1, 0.1], 0.95)).toEqual({ mean: 0.1, halfWidth: 0, n: 3 });
});

test('one seed has no interval', () => {
  expect(estimateOf([5], 0.95)).toEqual({ mean: 5, halfWidth: Number.NaN, n: 1 });
});

test('1 of 3 seeds over 65 %: interval 0.84 % to 90.57 %', () => {
  // Ends solve 1 - (1-p)^3 = 0.025 (low) and (1-p)^3 + 3p(1-p)^2 = 0.025 (high).
  const share = proportionOfRuns(
    runs.map((run) => run.summary),
    (s) => s.cpuUtilisationMeanPercent > 65,
  );
  expect(share).toMatchObject({ hits: 1, trials: 3 });
  expect(1 - (1 - share.low) ** 3).toBeCloseTo(0.025, 10);
  expect((1 - share.high) ** 3 + 3 * share.high * (1 - share.high) ** 2).toBeCloseTo(0.025, 10);
});

import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../sim/results/schema.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import { type Arm, compareArms } from './compare.ts';
import { comparisonLines } from './compare-text.ts';
import { OUTCOMES, outcomeOf } from './outcomes.ts';
import { amountWords, numberWords, signedWords } from './words.ts';

const { summary } = threeWindowResults();

function arm(name: string, columns: Partial<Record<keyof RunSummary, readonly number[]>>, seeds = 8): Arm {
  return {
    name,
    runs: Array.from({ length: seeds }, (_, seed) => {
      const own = Object.entries(columns).map(([figure, values]) => [figure, values[seed % values.length]]);
      return {
        seed: `s/${seed}`,
        digest: `${name}/${seed}`,
        events: 1,
        summary: { ...summary, ...Object.fromEntries(own) },
      };
    }),
  };
}

const WORLD = [10, 20, 30, 40, 50, 60, 70, 80];
const plus = (values: readonly number[], ...add: number[]) => values.map((value, i) => value + add[i % add.length]);
const two = [outcomeOf('doneCoreHours'), outcomeOf('lateRequestPercent')];

describe('a comparison', () => {
  test('worlds of 10..80 hide a gain of 1 +- 0.1 unless paired: pairing takes away 99.9 % and the gain is found', () => {
    const a = arm('a', { doneCoreHours: WORLD, lateRequestPercent: [1] });
    const b = arm('b', { doneCoreHours: plus(WORLD, 0.9, 1.1), lateRequestPercent: [1] });
    const { comparisons } = compareArms([a, b], two, 0.95);
    const [done, late] = comparisons;
    expect(done.verdict).toBe('better');
    expect(done.sample.difference).toBeCloseTo(1, 12);
    expect(done.sample.varianceReduction).toBeGreaterThan(0.999);
    // s_D = sqrt(8 x 0.01 / 7) = 0.10690; t(7, 1 - 0.05 / 2 / 2) = 2.8412; half width 2.8412 x 0.10690 / sqrt(8) = 0.10739.
    expect(done.interval.high - 1).toBeCloseTo(0.10739, 4);
    expect(late).toMatchObject({ verdict: 'equivalent', equivalent: true });
  });

  test('more late requests are worse, less work done is worse', () => {
    const a = arm('a', { doneCoreHours: WORLD, lateRequestPercent: [1, 1.1] });
    const b = arm('b', { doneCoreHours: plus(WORLD, -5, -5.2), lateRequestPercent: [2, 2.2] });
    const { comparisons } = compareArms([a, b], two, 0.95);
    expect(comparisons.map((entry) => entry.verdict)).toEqual(['worse', 'worse']);
  });

  test('a difference of 2 -+ 10 is undecided and says how many seeds would decide it', () => {
    const a = arm('a', { doneCoreHours: WORLD });
    const b = arm('b', { doneCoreHours: plus(WORLD, 12, -8) });
    const [done] = compareArms([a, b], [two[0]], 0.95).comparisons;
    expect(done.verdict).toBe('undecided');
    // s_D = 10 sqrt(8/7) = 10.690; t(111) = 1.9816: 1.9816 x 10.690 / sqrt(112) = 2.0017; with 113: 1.9814 x 10.690 / 10.630 = 1.9926.
    expect(done.seedsToDecide).toBe(113);
  });

  test('a real but tiny gain is better and equivalent at once', () => {
    const a = arm('a', { doneCoreHours: [1000] });
    const b = arm('b', { doneCoreHours: [1001, 1001.1] });
    const [done] = compareArms([a, b], [two[0]], 0.95).comparisons;
    expect(done).toMatchObject({ verdict: 'better', equivalent: true, margin: 10 });
  });

  test('20 outcomes of pure noise: what passes at 5 % alone does not pass among 20', () => {
    // Mean 1.025, s = 1.0278, t(7) = 1.025 / (1.0278 / sqrt(8)) = 2.82: p = 0.026 alone, 20 x 0.026 = 0.51 among 20.
    const a = arm('a', { doneCoreHours: WORLD });
    const noisy = plus(WORLD, 2.2, -0.1, 1.9, 0.1, 2.4, 0.3, 1.2, 0.2);
    const alone = compareArms([a, arm('b', { doneCoreHours: noisy })], [two[0]], 0.95);
    expect(alone.comparisons[0].pAdjusted).toBeLessThan(0.05);
    const others = Array.from({ length: 20 }, (_, k) => arm(`b${k}`, { doneCoreHours: noisy }));
    const many = compareArms([a, ...others], [two[0]], 0.95);
    expect(many.comparisons.every((entry) => entry.verdict === 'undecided')).toBe(true);
  });

  test('only common seeds count: 8 and 5 seeds give 5 pairs; fewer than 2 are refused with the counts', () => {
    const a = arm('a', { doneCoreHours: WORLD });
    expect(compareArms([a, arm('b', {}, 5)], two, 0.95).seeds).toEqual(['s/0', 's/1', 's/2', 's/3', 's/4']);
    expect(() => compareArms([a, arm('b', {}, 1)], two, 0.95)).toThrow(/share 1 seeds \(a 8, b 1\)/);
    expect(() => compareArms([a], two, 0.95)).toThrow('at least one other');
    expect(() => compareArms([a, a], two, 0.95)).toThrow('two entries named a');
  });

  test('Pareto: more use at equal violations beats; more use at more violations is a choice', () => {
    const base = { violationServiceHourPercent: [2], wastedPercent: [1], costPerUsefulCoreHour: [1] };
    const arms = [
      arm('low', { ...base, cpuUtilisationMeanPercent: [40] }),
      arm('high', { ...base, cpuUtilisationMeanPercent: [50] }),
      arm('bold', { ...base, cpuUtilisationMeanPercent: [60], violationServiceHourPercent: [5] }),
    ];
    const { pareto } = compareArms(arms, two, 0.95);
    expect(pareto.map((point) => [point.name, point.efficient])).toEqual([
      ['low', false],
      ['high', true],
      ['bold', true],
    ]);
  });

  test('the text names winner, sameness, what is open and how many seeds more', () => {
    const a = arm('line-65', { doneCoreHours: WORLD, lateRequestPercent: [1], waitMsP95: [1000] });
    const b = arm('line-75', {
      doneCoreHours: plus(WORLD, 0.9, 1.1),
      lateRequestPercent: [1],
      waitMsP95: [2000, 500],
    });
    const text = comparisonLines(compareArms([a, b], [...two, outcomeOf('waitMsP95')], 0.95)).join('\n');
    expect(text).toContain('line-75 against line-65: 8 seeds in pairs, 3 comparisons at 95 % together');
    expect(text).toMatch(/better:\n {4}best-effort work done 45 -> 46 core-hours \(\+1, /);
    expect(text).toMatch(/the same, within the margin:\n {4}late requests 1 -> 1 %/);
    expect(text).toMatch(
      /undecided:\n {4}queueing time p95 1 s -> 1.25 s .*; about \d+ seeds would decide it, \d+ more/,
    );
    expect(text).toContain('Common seeds took away');
  });

  test('runs with the digests of the baseline are called the same', () => {
    const a = arm('a', {});
    const same = { ...a, name: 'no-op' };
    const comparison = compareArms([a, same], OUTCOMES, 0.95);
    expect(comparison.identical).toEqual(['no-op']);
    expect(comparisonLines(comparison)).toContain('  the same runs as the baseline, event for event');
  });
});

test('amounts in words: 250 ms, 90 s as 1.5 min, 2 h, -3 s, 5 %', () => {
  expect([250, 90_000, 7_200_000, -3_000].map((ms) => amountWords(ms, 'ms'))).toEqual([
    '250 ms',
    '1.5 min',
    '2 h',
    '-3 s',
  ]);
  expect(amountWords(5, '%')).toBe('5 %');
});

test('numbers in words: 12,346 and 0.0123 and -4.57, +1 and 0', () => {
  expect([12345.6, 0.01234, -4.567].map(numberWords)).toEqual(['12,346', '0.0123', '-4.57']);
  expect([1, 0, -0.5, 1234567].map(signedWords)).toEqual(['+1', '0', '-0.5', '+1,234,567']);
});

import { describe, expect, test } from 'vitest';
import { keyedWord, saltOf } from '../sim/kernel/random.ts';
import { checkMonotone, type EvaluateSeeds, lookSizes, mostTests, searchSafe, signTail } from './safe-search.ts';

/** A world in which seed s of search `name` violates under a candidate with probability p(candidate), one draw a seed. */
function world(name: string, p: (candidate: number) => number): EvaluateSeeds {
  const salt = saltOf('safe-search', name);
  return async (candidate, seeds) => seeds.map((seed) => (keyedWord(salt, seed) >>> 0) / 4_294_967_296 < p(candidate));
}

const OPTIONS = { count: 16, epsilon: 0.1, confidence: 0.9 };

async function searches(count: number, p: (candidate: number) => number) {
  const found: (number | null)[] = [];
  let evaluations = 0;
  for (let search = 0; search < count; search++) {
    const result = await searchSafe(OPTIONS, world(`${search}`, p));
    found.push(result!.recommended);
    evaluations += result!.evaluations;
  }
  return { found, evaluations: evaluations / count };
}

describe('sizes of a test', () => {
  test('without violations n = ln(alpha) / ln(1 - epsilon): 59 for 5 % at 5 %, 299 for 1 %, 94 for alpha 5 % / 6', () => {
    expect(lookSizes(0.05, 0.05, 1)).toEqual([59]);
    expect(lookSizes(0.01, 0.05, 1)).toEqual([299]);
    expect(lookSizes(0.05, 0.05 / 6, 1)).toEqual([94]);
  });

  test('with 1 and 2 violations 93 and 124 seeds show at most 5 % at 5 %', () => {
    // 0.95^93 + 93 x 0.05 x 0.95^92 = 0.00848 + 0.04150 = 0.0499(8); with 92 seeds 0.0521.
    expect(lookSizes(0.05, 0.05, 3)).toEqual([59, 93, 124]);
  });

  test('16 candidates take at most ceil(log2(17)) = 5 tests, 1 takes 1, 15 take 4', () => {
    expect([16, 1, 15].map(mostTests)).toEqual([5, 1, 4]);
  });
});

describe('a search with a known answer', () => {
  // p(c) = (c / 16)^2: 0.0977 at c = 5 is safe, 0.1406 at c = 6 is not.
  const square = (candidate: number) => (candidate / 16) * (candidate / 16);

  test('400 searches on p = (c / 16)^2 at 90 %: at least 360 recommend 5 or less, on average more than 2', async () => {
    const { found } = await searches(400, square);
    const right = found.filter((candidate) => candidate === null || candidate <= 5).length;
    expect(right).toBeGreaterThanOrEqual(360);
    const mean = found.reduce<number>((sum, candidate) => sum + (candidate ?? -1), 0) / 400;
    expect(mean).toBeGreaterThan(2);
  });

  test('400 searches where every candidate from 4 on is barely unsafe (10.5 %): at least 360 recommend 3 or less', async () => {
    const { found } = await searches(400, (candidate) => (candidate <= 3 ? 0.001 : 0.105));
    expect(found.filter((candidate) => candidate === null || candidate <= 3).length).toBeGreaterThanOrEqual(360);
  });

  test('a sharp edge (0 up to 9, 1 from 10) is found exactly; unsafe candidates cost one batch of 8', async () => {
    const result = await searchSafe(
      OPTIONS,
      world('edge', (candidate) => (candidate <= 9 ? 0 : 1)),
    );
    expect(result).toMatchObject({ recommended: 9, notSafe: 10, monotone: { holds: true } });
    // Bisection of -1..16: 7 safe, 11 not, 9 safe, 10 not: alpha' = 0.1 / 15, ln(alpha') / ln(0.9) = 47.6: 48 seeds a safe one.
    expect(result!.tests.map((t) => [t.candidate, t.verdict, t.violates.length])).toEqual([
      [7, 'safe', 48],
      [11, 'unsafe', 8],
      [9, 'safe', 48],
      [10, 'unsafe', 8],
    ]);
  });

  test('all safe gives the last candidate, none safe gives null', async () => {
    expect(
      await searchSafe(
        OPTIONS,
        world('a', () => 0),
      ),
    ).toMatchObject({ recommended: 15, notSafe: null });
    expect(
      await searchSafe(
        OPTIONS,
        world('b', () => 1),
      ),
    ).toMatchObject({ recommended: null, notSafe: 0 });
  });

  test('a search that is stopped gives null; wrong numbers are refused', async () => {
    expect(await searchSafe(OPTIONS, async () => null)).toBeNull();
    const never: EvaluateSeeds = async () => [];
    await expect(searchSafe({ ...OPTIONS, epsilon: 0 }, never)).rejects.toThrow('epsilon is 0');
    await expect(searchSafe({ ...OPTIONS, confidence: 1 }, never)).rejects.toThrow('confidence is 1');
    await expect(searchSafe({ ...OPTIONS, count: 0 }, never)).rejects.toThrow('no candidates');
    await expect(searchSafe({ ...OPTIONS, epsilon: 1e-6 }, never)).rejects.toThrow('more than 100000 seeds');
  });
});

describe('monotonicity', () => {
  const tested = (candidate: number, violates: boolean[]) => {
    const hits = violates.filter(Boolean).length;
    return { candidate, violates, hits, verdict: 'safe' as const, low: 0, high: 1 };
  };
  const seeds = (count: number, from: number, to: number) =>
    Array.from({ length: count }, (_, seed) => seed >= from && seed < to);

  test('8 seeds that violate only under the lower candidate: 2^-8 = 0.0039 over 1 pair, rejected at 10 %', () => {
    const check = checkMonotone([tested(2, seeds(20, 0, 8)), tested(5, seeds(20, 0, 0))], 0.1);
    expect(check).toEqual({ holds: false, p: 0.00390625, pair: [2, 5] });
  });

  test('the same the right way round holds; 3 against 2 is chance', () => {
    expect(checkMonotone([tested(5, seeds(20, 0, 8)), tested(2, seeds(20, 0, 0))], 0.1).holds).toBe(true);
    expect(checkMonotone([tested(2, seeds(20, 0, 3)), tested(5, seeds(20, 3, 5))], 0.1).holds).toBe(true);
  });

  test('4 or more of 5 heads has probability 6 / 32', () => {
    expect(signTail(4, 5)).toBe(6 / 32);
    expect(signTail(0, 0)).toBe(1);
  });

  test('a first candidate that is worse than the recommended one is found out', async () => {
    const result = await searchSafe(
      OPTIONS,
      world('falling', (candidate) => (candidate < 8 ? 0.9 : 0)),
    );
    expect(result!.recommended).toBeNull();
    const mixed = await searchSafe(
      { ...OPTIONS, count: 3 },
      world('mixed', (c) => [0.9, 0, 1][c]),
    );
    expect(mixed!.recommended).toBe(1);
  });
});

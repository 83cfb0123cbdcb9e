import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import type { RangeSet } from './range-set.ts';
import { rangeSetContains, rangeSetDifference, rangeSetOf, rangeSetSize, rangeSetUnion } from './range-set.ts';

function members(set: RangeSet): number[] {
  const out: number[] = [];
  for (let i = 0; i < set.length; i += 2) for (let n = set[i]; n <= set[i + 1]; n++) out.push(n);
  return out;
}

describe('range sets', () => {
  test('[1,3] and [4,6] are [1,6]; [8,7] is nothing', () => {
    expect(rangeSetOf([[4, 6], [1, 3], [8, 7]])).toEqual([1, 6]); // biome-ignore format: three ranges read as one line
  });

  test('the ports of the recover case: [1,10] and [20,30] less the executor leave 14 ports', () => {
    const agent = rangeSetOf([
      [1, 10],
      [20, 30],
    ]);
    const executor = rangeSetOf([
      [5, 8],
      [23, 25],
    ]);
    // 10 + 11 - 4 - 3 = 14
    const task = rangeSetDifference(agent, executor);
    expect(task).toEqual([1, 4, 9, 10, 20, 22, 26, 30]);
    expect(rangeSetSize(task)).toBe(14);
  });

  test('union, difference and containment agree with lists of members in 2000 random pairs', () => {
    const random = seededRandomSource(3);
    const draw = (): RangeSet =>
      rangeSetOf(
        Array.from({ length: uniformBelow(random, 5) }, () => {
          const low = uniformBelow(random, 40);
          return [low, low + uniformBelow(random, 6)];
        }),
      );
    for (let pair = 0; pair < 2_000; pair++) {
      const [a, b] = [draw(), draw()];
      const [left, right] = [new Set(members(a)), new Set(members(b))];
      expect(members(rangeSetUnion(a, b))).toEqual([...new Set([...left, ...right])].sort((x, y) => x - y));
      expect(members(rangeSetDifference(a, b))).toEqual([...left].filter((n) => !right.has(n)));
      expect(rangeSetContains(a, b)).toBe([...right].every((n) => left.has(n)));
    }
  });
});

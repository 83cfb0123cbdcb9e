// Against a Map, over random stories of rising keys with stragglers.
import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformBelow } from './random-source.ts';
import { createRisingMap, risingDelete, risingGet, risingSet, risingValues } from './rising-map.ts';

describe('a map of rising keys', () => {
  test('says what a Map says over 20 stories of 5,000 steps, and keeps no page without keys but the newest', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandomSource(seed);
      const map = createRisingMap<number>();
      const oracle = new Map<number, number>();
      const alive: number[] = [];
      let next = 0;
      for (let step = 0; step < 5_000; step++) {
        const what = uniformBelow(random, 5);
        if (what < 2) {
          next += uniformBelow(random, 3);
          if (!oracle.has(next)) alive.push(next);
          oracle.set(next, step);
          risingSet(map, next, step);
        } else if (what < 4 && alive.length > 0) {
          // Mostly the oldest go first; now and then one stays behind for long.
          const at =
            uniformBelow(random, 10) === 0 ? alive.length - 1 : Math.min(uniformBelow(random, 3), alive.length - 1);
          const [key] = alive.splice(at, 1);
          expect(risingDelete(map, key)).toBe(oracle.delete(key));
        } else {
          const key = uniformBelow(random, next + 5) - 1;
          expect(risingGet(map, key)).toBe(oracle.get(key));
          expect(risingDelete(map, next + 1_000)).toBe(false);
        }
      }
      expect(map.size).toBe(oracle.size);
      expect(risingValues(map)).toEqual([...oracle].sort(([a], [b]) => a - b).map(([, value]) => value));
      const pages = new Set([...oracle.keys()].map((key) => key >>> 10));
      expect(map.pages.slice(0, -1).flatMap((page, at) => (page === null ? [] : [at]))).toEqual(
        [...pages].filter((at) => at < map.pages.length - 1).sort((a, b) => a - b),
      );
      expect(structuredClone(map)).toEqual(map);
    }
  });
});

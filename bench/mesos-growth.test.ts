import { describe, expect, test } from 'vitest';
import { growthSeries } from './mesos-growth.ts';

describe('the cost of an allocation round', () => {
  test('grows no worse than agents x log2(frameworks): at most 3 comparisons a grant or framework and doubling', () => {
    const rows = growthSeries([
      [500, 8],
      [500, 64],
      [500, 512],
      [1_000, 8],
      [1_000, 64],
      [1_000, 512],
    ]);
    for (const { agents, frameworks, grants, comparisons } of rows) {
      expect(grants).toBe(agents);
      // Every framework is placed once at the start of the round, and one of them again after each grant.
      expect(comparisons).toBeLessThan(3 * (agents + frameworks) * Math.log2(frameworks));
    }
    for (let i = 0; i < 3; i++) expect(rows[i + 3].comparisons / rows[i].comparisons).toBeLessThan(2.2);
  });
});

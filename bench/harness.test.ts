import { describe, expect, test } from 'vitest';
import { BENCH_CASES } from './cases.ts';

describe('benchmarks at their smoke size', () => {
  test.each(BENCH_CASES.map((entry) => [entry.name, entry] as const))(
    '%s does the same work twice',
    async (name, entry) => {
      const missing = entry.missing?.() ?? null;
      if (missing !== null) {
        console.warn(`skipped: ${name}: ${missing}`);
        return;
      }
      const first = await entry.run('smoke');
      const second = await entry.run('smoke');
      expect(first.operations).toBeGreaterThan(0);
      expect(second.resultHash).toBe(first.resultHash);
      expect(second.operations).toBe(first.operations);
    },
  );

  test('index and scan place on the same hosts', async () => {
    const [index, scan] = ['placement-index', 'placement-scan'].map((name) => BENCH_CASES.find((c) => c.name === name));
    const a = await index?.run('smoke');
    const b = await scan?.run('smoke');
    expect(a?.resultHash).toBe(b?.resultHash);
  });

  test('both calendars pop the same sequence', async () => {
    const [heap, fpq] = ['calendar-heap', 'calendar-fastpriorityqueue'].map((n) =>
      BENCH_CASES.find((c) => c.name === n),
    );
    expect((await heap?.run('smoke'))?.resultHash).toBe((await fpq?.run('smoke'))?.resultHash);
  });
});

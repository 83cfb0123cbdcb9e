import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { adapters } from './conformance.ts';

const folder = new URL('../conformance/vectors/mesos/', import.meta.url);

describe('upstream cases of Chronos', () => {
  for (const [file, count] of [
    ['chronos_schedule.json', 32],
    ['chronos_dag.json', 6],
    ['chronos_framework.json', 15],
  ] as const)
    test(`all ${count} cases of ${file} pass`, () => {
      const parsed: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const verdicts = adapters[(parsed as { schema: string }).schema](parsed);
      expect(verdicts.filter((verdict) => verdict.outcome !== 'passed')).toEqual([]);
      expect(verdicts).toHaveLength(count);
    });

  test('a case of an unknown kind fails, and so does an unknown list of cases', () => {
    const verdicts = adapters['chronos-framework/1']({ cases: [{ id: 'x', kind: 'nonsense' }], other: [{ id: 'y' }] });
    expect(verdicts.map((verdict) => verdict.outcome)).toEqual(['failed', 'failed']);
  });

  test('a wrong expectation fails', () => {
    const verdicts = adapters['chronos-schedule/1']({
      iso8601: [{ id: 'x', expr: 'R5/2008-03-01T13:00:00Z/P1D', tz: '', expect: { repeat: 4 } }],
    });
    expect(verdicts[0].outcome).toBe('failed');
  });
});

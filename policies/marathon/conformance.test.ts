import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { adapters } from './conformance.ts';

const folder = new URL('../conformance/vectors/mesos/', import.meta.url);

describe('upstream cases of Marathon', () => {
  for (const [file, count] of [
    ['marathon_constraints.json', 67],
    ['marathon_upgrade.json', 12],
    ['marathon_backoff.json', 16],
    ['marathon_scaling.json', 10],
    ['marathon_offer_matching.json', 5],
  ] as const)
    test(`all ${count} cases of ${file} pass`, () => {
      const parsed: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const verdicts = adapters[(parsed as { schema: string }).schema](parsed);
      expect(verdicts.filter((verdict) => verdict.outcome !== 'passed')).toEqual([]);
      expect(verdicts).toHaveLength(count);
    });

  test('an unknown operator, an unknown event and an unknown list of cases fail', () => {
    const constraint = { field: 'a', operator: 'NEAR', value: '1' };
    const offer = { hostname: 'h', attributes: { a: '1' } };
    expect(
      adapters['marathon-constraints/1']({ cases: [{ id: 'x', constraint, offer, expect: true }] })[0],
    ).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('Operator must be one of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS'),
    });
    expect(adapters['marathon-scaling/1']({ other: [{ id: 'y' }] })[0].outcome).toBe('failed');
  });
});

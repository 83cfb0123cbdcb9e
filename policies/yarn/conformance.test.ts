import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { adapters } from './conformance.ts';

const folder = new URL('../conformance/vectors/yarn/', import.meta.url);

function run(file: Readonly<Record<string, unknown>>): readonly { outcome: string; detail?: string }[] {
  return adapters[String(file.schema)](file);
}

describe('upstream cases of YARN', () => {
  for (const [name, count] of [
    ['queue_order.json', 16],
    ['am_limit.json', 9],
    ['leaf_queue.json', 8],
    ['labels.json', 8],
    ['node_resize.json', 8],
    ['decommission.json', 13],
    ['operator.json', 7],
    ['preemption.json', 20],
    ['preemption_partitions.json', 8],
    ['preemption_timing_balance.json', 2],
  ] as const)
    test(`all ${count} cases of ${name} pass, and none passes with its expectations changed`, () => {
      const file = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      const verdicts = run(file);
      expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
      expect(verdicts).toHaveLength(count);
      for (const entry of file.cases) {
        const wrong = { schema: file.schema, cases: [withChangedExpectations(entry)] };
        expect(run(wrong)[0].outcome, entry.id).toBe('failed');
      }
    });

  test('spark_misc.json: 8 cases pass, and the two that hold published run times are skipped with the reason', () => {
    const file = JSON.parse(readFileSync(new URL('spark_misc.json', folder), 'utf8'));
    const outcomes = run(file).map(({ outcome }) => outcome);
    expect(outcomes).toEqual([...Array.from({ length: 8 }, () => 'passed'), 'skipped', 'skipped']);
    expect(run(file)[9].detail).toContain('published');
    for (const entry of file.cases.slice(0, 8)) {
      const wrong = { schema: file.schema, cases: [withChangedExpectations(entry)] };
      expect(run(wrong)[0].outcome, entry.id).toBe('failed');
    }
  });

  test('an unknown kind, an unknown expectation and a file without cases fail', () => {
    expect(run({ schema: 'yarn-operator/1', cases: [{ id: 'x', kind: 'nonsense' }] })[0].outcome).toBe('failed');
    const input = { batch_cpu_milli: 1, batch_memory_bytes: 1 };
    const entry = { id: 'x', kind: 'operator_convert', input, expect: { nm_disks: 1 } };
    expect(run({ schema: 'yarn-operator/1', cases: [entry] })[0].detail).toContain('unknown expectation');
    expect(run({ schema: 'yarn-operator/1' })[0].outcome).toBe('failed');
  });
});

/** The case with every expected number, text and truth value changed. */
function withChangedExpectations(value: unknown, isExpected = false): unknown {
  if (typeof value === 'number') return isExpected ? value + 7 : value;
  if (typeof value === 'string') return isExpected ? `${value}?` : value;
  if (typeof value === 'boolean') return isExpected ? !value : value;
  if (Array.isArray(value)) return value.map((one) => withChangedExpectations(one, isExpected));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key.startsWith('tolerance') ? one : withChangedExpectations(one, isExpected || key === 'expect'),
    ]),
  );
}

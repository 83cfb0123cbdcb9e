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
    ['operator.json', 7],
    ['preemption.json', 20],
    ['preemption_partitions.json', 8],
    ['preemption_timing_balance.json', 2],
  ] as const)
    test(`all ${count} cases of ${name} pass, and none passes with a number changed`, () => {
      const file = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      const verdicts = run(file);
      expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
      expect(verdicts).toHaveLength(count);
      for (const entry of file.cases) {
        const wrong = { schema: file.schema, cases: [withChangedNumbers(entry)] };
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

/** The case with every expected number one larger and every expected order turned round. */
function withChangedNumbers(value: unknown, isExpected = false): unknown {
  if (typeof value === 'number') return isExpected ? value + 1 : value;
  if (Array.isArray(value)) {
    const changed = value.map((one) => withChangedNumbers(one, isExpected));
    return isExpected && typeof value[0] === 'string' ? changed.reverse() : changed;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withChangedNumbers(one, isExpected || key === 'expect')]),
  );
}

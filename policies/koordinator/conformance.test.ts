import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { adapters } from './conformance.ts';

const folder = new URL('../conformance/vectors/koordinator/', import.meta.url);

function run(name: string) {
  const file = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  return adapters[file.algorithm]?.(file) ?? [];
}

describe('upstream cases of the node side', () => {
  test.each([
    ['batch_resource.json', 41],
    ['mid_resource.json', 10],
    ['prediction.json', 17],
    ['qos_priority.json', 23],
    ['cpu_suppress.json', 32],
    ['cpu_burst.json', 21],
    ['evict.json', 38],
    ['yarn.json', 7],
  ])('%s: all %i cases pass', (name, count) => {
    const verdicts = run(name);
    expect(verdicts.filter((verdict) => verdict.outcome !== 'passed')).toEqual([]);
    expect(verdicts.length).toBe(count);
  });
});

describe('cases the fixtures do not have', () => {
  const batch = 'slo-controller/noderesource batchresource: Batch (kubernetes.io/batch-cpu, batch-memory) allocatable';

  function verdictOf(kind: string, input: unknown, expected: unknown): string {
    const [verdict] = adapters[batch]({ algorithm: batch, cases: [{ name: 'case', kind, input, expected }] });
    return verdict.detail ?? verdict.outcome;
  }

  test('an unknown kind fails its case and names the known ones', () => {
    expect(verdictOf('no-such-kind', {}, {})).toContain('unknown kind "no-such-kind"; known: batch-allocatable');
  });

  test('a field that is expected but not computed fails the case', () => {
    expect(verdictOf('degrade', { degradeTimeMinutes: 10 }, { degrade: true, frozen: false })).toContain('frozen');
  });

  test('a wrong expectation fails the case', () => {
    expect(verdictOf('degrade', { nodeMetricAgeSeconds: 600, degradeTimeMinutes: 10 }, { degrade: true })).toContain(
      'expected true, got false',
    );
  });

  test('normalization of 25000 by 1.2 is 30000, whatever its fields are called', () => {
    const input = { batchMilliCPU: 25000, batchMemoryBytes: 7, cpuNormalizationRatio: 1.2 };
    expect(verdictOf('cpu-normalization', input, { batchMilliCPU: 30000, batchMemoryBytes: 7 })).toBe('passed');
  });

  test.each([[null], [{ ageSeconds: null }], [{ ageSeconds: 601 }]])(
    'a batch case with metrics %j is a reset',
    (metrics) => {
      const input = { strategy: { degradeTimeMinutes: 10 }, node: {}, pods: [], metrics };
      expect(verdictOf('batch-allocatable', input, { reset: true, batchMilliCPU: null })).toBe('passed');
    },
  );
});

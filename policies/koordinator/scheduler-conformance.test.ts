import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { schedulerAdapters } from './scheduler-conformance.ts';

const VECTORS = join(dirname(fileURLToPath(import.meta.url)), '../conformance/vectors/koordinator');

function load(file: string): { algorithm: string; cases: { kind: string; expected: Record<string, unknown> }[] } {
  return JSON.parse(readFileSync(join(VECTORS, file), 'utf8'));
}

describe('upstream cases of the scheduler side', () => {
  test.each([
    ['loadaware.json', 33],
    ['elastic_quota.json', 36],
    ['low_node_load.json', 25],
  ])('%s: all %i cases hold', (file, count) => {
    const vectors = load(file);
    const verdicts = schedulerAdapters[vectors.algorithm](vectors);
    expect(verdicts.filter((verdict) => verdict.outcome !== 'passed')).toEqual([]);
    expect(verdicts.length).toBe(count);
  });

  test.each(['loadaware.json', 'elastic_quota.json', 'low_node_load.json'])(
    '%s: every case fails once its first expectation is changed',
    (file) => {
      const vectors = load(file);
      const spoil = (value: unknown): unknown => {
        if (typeof value === 'number') return value + 1;
        if (typeof value === 'boolean') return !value;
        if (typeof value === 'string') return `${value}?`;
        if (Array.isArray(value)) return value.length === 0 ? [1] : [spoil(value[0]), ...value.slice(1)];
        const entries = Object.entries(value as object);
        return Object.fromEntries(entries.map(([name, entry], i) => [name, i === 0 ? spoil(entry) : entry]));
      };
      const spoiled = {
        ...vectors,
        cases: vectors.cases.map((entry) => ({ ...entry, expected: spoil(entry.expected) })),
      };
      const verdicts = schedulerAdapters[vectors.algorithm](spoiled);
      expect(verdicts.filter((verdict) => verdict.outcome === 'passed')).toEqual([]);
    },
  );

  test('an unknown kind is a failed case, and so is a case without input', () => {
    const { algorithm } = load('loadaware.json');
    const cases = [
      { name: 'odd', kind: 'teleport', input: {}, expected: {} },
      { name: 'bare', kind: 'score' },
    ];
    const verdicts = schedulerAdapters[algorithm]({ cases });
    expect(verdicts.map((verdict) => verdict.outcome)).toEqual(['failed', 'failed']);
    expect(verdicts[0].detail).toContain('unknown case kind "teleport"');
  });
});

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { referenceText } from './reference.ts';

const here = dirname(fileURLToPath(import.meta.url));
const lines = referenceText().split('\n');
const rowOf = (path: string) => lines.find((line) => line.startsWith(`| \`${path}\` |`));

const NAMED = /^(cluster\.hosts|online\.explicit|bestEffort\.populations)$/;
const FREE = /\.(labels|nodeSelector)$/;

/** Paths of all leaves, in the notation of the reference; a list of plain values is one leaf. */
function keysOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => keysOf(entry, `${path}[]`));
  if (typeof value !== 'object' || value === null || FREE.test(path)) return [path.replace(/\[\]$/, '')];
  return Object.entries(value).flatMap(([key, inner]) => {
    const step = NAMED.test(path) ? '<name>' : key;
    return keysOf(inner, path === '' ? step : `${path}.${step}`);
  });
}

describe('the scenario reference', () => {
  test('docs/scenario-reference.md is current (else run: node dist/scenarios/reference.js)', () => {
    expect(readFileSync(join(here, '..', 'docs', 'scenario-reference.md'), 'utf8')).toBe(referenceText());
  });

  test('gives type, unit, default and meaning: the host memory, and an amount that may be null', () => {
    expect(rowOf('cluster.hosts.<name>.memory')).toBe(
      '| `cluster.hosts.<name>.memory` | amount, as `512GiB` | MiB, GiB, TiB | required | Memory of one host. Between 1MiB and 64TiB. |',
    );
    expect(rowOf('koordinator.cpuSuppressMinPercent')).toBe(
      '| `koordinator.cpuSuppressMinPercent` | amount, as `65%`, or null | % | `null` | Least CPU left to best effort; null = none. Between 0% and 100%. |',
    );
  });

  test('has a row for every key that quickstart.yaml and unit-small.yaml write', () => {
    for (const file of ['quickstart.yaml', 'unit-small.yaml']) {
      const keys = keysOf(parse(readFileSync(join(here, 'library', file), 'utf8')), '');
      expect(keys.length).toBeGreaterThan(30);
      expect(keys.filter((key) => rowOf(key) === undefined)).toEqual([]);
    }
  });
});

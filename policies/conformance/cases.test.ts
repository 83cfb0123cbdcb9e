import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runVectorFile } from '../conformance-run.ts';
import { runAllocatorFile } from '../mesos/conformance-allocator.ts';

const FOLDER = fileURLToPath(new URL('./cases/', import.meta.url));

function read(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8'));
}

const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .sort();

type Json = Record<string, unknown>;

interface Scalar {
  readonly holder: Json;
  readonly key: string;
}

/** Every number, text and truth value below a key `expect...` or in a step that expects. */
function expectedScalars(value: unknown, isExpected: boolean): Scalar[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Json;
  const isStep = String(holder.op ?? '').startsWith('expect');
  return Object.entries(holder).flatMap(([key, old]) => {
    // A lower bound is met by one more as well.
    if (key === 'minimumRuntimeUnits' || key === 'op') return [];
    const isBelow = isExpected || isStep || key.startsWith('expect');
    if (typeof old === 'object') return expectedScalars(old, isBelow);
    return isBelow ? [{ holder, key }] : [];
  });
}

function changed(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  return typeof value === 'boolean' ? !value : `${String(value)}x`;
}

describe('a changed expectation fails', () => {
  const folder = fileURLToPath(new URL('./vectors/', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /koordinator\/|chronos_|marathon_/.test(name))
    .sort();
  test.each(files)('%s: each number, text and truth value that is expected, in every case', (name) => {
    const file: Json = JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));
    let changes = 0;
    for (const [section, list] of Object.entries(file)) {
      if (!Array.isArray(list)) continue;
      for (const entry of list as Json[])
        for (const { holder, key } of expectedScalars(entry, false)) {
          const others = Object.fromEntries(Object.entries(file).filter(([, value]) => !Array.isArray(value)));
          const old = holder[key];
          holder[key] = changed(old);
          const verdicts = runVectorFile({ ...others, [section]: [entry] });
          holder[key] = old;
          expect([entry.name ?? entry.id, verdicts.map(({ outcome }) => outcome)]).toEqual([
            entry.name ?? entry.id,
            ['failed'],
          ]);
          changes++;
        }
    }
    expect(changes).toBeGreaterThan(0);
  });
});

describe('own cases', () => {
  test.each(FILES)('%s holds', (name) => {
    const verdicts = runVectorFile(read(name));
    expect(verdicts.length).toBeGreaterThan(0);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  });

  test('allocations hold for 25 agent orders', () => {
    for (const name of ['mesos/allocator.json', 'mesos/allocator_0_2x.json']) {
      const file = read(name);
      for (let seed = 1; seed <= 25; seed++)
        expect(runAllocatorFile(file, seed).filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    }
  });
});

// Cases that upstream never wrote: its own, changed so that what must come of them follows from the change.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { CaseVerdict } from '../conformance.ts';
import { runVectorFile } from '../conformance-run.ts';
import { hasAmount, namesOfChanged, renamed, reversed, scaled } from './conformance-mutations.ts';

function read(name: string): unknown {
  return JSON.parse(
    readFileSync(fileURLToPath(new URL(`../conformance/vectors/mesos/${name}.json`, import.meta.url)), 'utf8'),
  );
}

function names(verdicts: readonly CaseVerdict[], outcome: CaseVerdict['outcome']): string[] {
  return verdicts.filter((verdict) => verdict.outcome === outcome).map(({ name }) => name);
}
const details = (verdicts: readonly CaseVerdict[]) =>
  verdicts.filter(({ outcome }) => outcome !== 'passed').map(({ name, detail }) => `${name}: ${detail}`);

const FILES = ['allocator', 'allocator_0_2x', 'sorter_drf', 'role_tree', 'master_lifecycle', 'oversubscription'];

describe('every case holds', () => {
  test.each([...FILES, 'chronos_framework', 'marathon_offer_matching'])(
    '%s with all amounts times 2, 3 and 7',
    (name) => {
      const file = read(name);
      const cases = runVectorFile(file).length;
      for (const factor of [2, 3, 7]) {
        const verdicts = runVectorFile(scaled(file, factor));
        expect(details(verdicts)).toEqual([]);
        expect(verdicts).toHaveLength(cases);
      }
    },
  );

  test.each(FILES)('%s with other names in the same order', (name) => {
    const file = read(name);
    const other = renamed(file);
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(file));
    expect(details(runVectorFile(other))).toEqual([]);
  });

  test.each([
    ['allocator', true],
    ['allocator_0_2x', true],
    ['sorter_drf', false],
  ])('%s with agents of one batch in the opposite order', (name, byBatch) => {
    const other = reversed(read(name), ({ batch }) => !byBatch || batch === true);
    expect(details(runVectorFile(other))).toEqual([]);
  });
});

describe('every case that tells what was changed fails when its inputs alone are changed', () => {
  test.each(['allocator', 'allocator_0_2x'])('%s: amounts', (name) => {
    const file = read(name);
    const failed = names(runVectorFile(scaled(file, 3, 'inputs')), 'failed');
    const expected = namesOfChanged(file, hasAmount);
    expect(expected.length).toBeGreaterThan(5);
    expect(failed.filter((id) => expected.includes(id))).toEqual(expected);
  });

  test.each(['allocator', 'allocator_0_2x'])('%s: names', (name) => {
    const file = read(name);
    const failed = names(runVectorFile(renamed(file, 'inputs')), 'failed');
    const expected = namesOfChanged(file, (step) => hasAmount(step) && JSON.stringify(step).includes('"agents"'));
    expect(expected.length).toBeGreaterThan(5);
    expect(failed.filter((id) => expected.includes(id))).toEqual(expected);
  });
});

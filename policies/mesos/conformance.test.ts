import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { CaseVerdict } from '../conformance.ts';
import { AGENT_ORDERS, adapters, failuresInOtherOrders } from './conformance.ts';
import { runAllocatorFile } from './conformance-allocator.ts';

function read(name: string): { schema: string } & Record<string, unknown> {
  const path = fileURLToPath(new URL(`../conformance/vectors/mesos/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8'));
}

function failures(verdicts: readonly CaseVerdict[]): string[] {
  return verdicts.filter(({ outcome }) => outcome !== 'passed').map(({ name, detail }) => `${name}: ${detail}`);
}

describe('upstream cases', () => {
  // Counts are those of the fixtures: scenarios, plus 12 + 4 + 6 + 3 table rows of the master and 5 load rows.
  const files: readonly (readonly [string, number])[] = [
    ['allocator', 61],
    ['allocator_0_2x', 8],
    ['sorter_drf', 23],
    ['sorter_random', 3],
    ['role_tree', 1],
    ['oversubscription', 14],
    ['master_lifecycle', 35],
  ];
  test.each(files)('%s holds in all %i cases', (name, count) => {
    const file = read(name);
    const verdicts = adapters[file.schema](file);
    expect(failures(verdicts)).toEqual([]);
    expect(verdicts).toHaveLength(count);
  });

  test('expectations hold for 25 agent orders', () => {
    expect(AGENT_ORDERS).toBe(25);
    for (const name of ['allocator', 'allocator_0_2x', 'master_lifecycle', 'oversubscription']) {
      const file = read(name);
      expect(failuresInOtherOrders(file.schema, file)).toEqual([]);
    }
    expect(failuresInOtherOrders('mesos-sorter/1', read('sorter_drf'))).toBeNull();
  });

  test('the 25 seeds do shuffle: which of two agents the first of two roles gets is neither always the same', () => {
    const cpus = { cpus: 1 };
    const steps = [
      { op: 'pause' },
      { op: 'addAgent', agent: 'a1', total: cpus },
      { op: 'addAgent', agent: 'a2', total: cpus },
      { op: 'addFramework', fw: 'f1', roles: ['r1'] },
      { op: 'addFramework', fw: 'f2', roles: ['r2'] },
      { op: 'resume' },
      { op: 'advance', seconds: 1 },
      {
        op: 'expectOffers',
        offers: [
          { fw: 'f1', role: 'r1', agents: { a1: cpus } },
          { fw: 'f2', role: 'r2', agents: { a2: cpus } },
        ],
      },
    ];
    const file = { schema: 'mesos-allocator/1', scenarios: [{ id: 'which', steps }] };
    let passed = 0;
    for (let seed = 100; seed < 125; seed++) passed += runAllocatorFile(file, seed)[0].outcome === 'passed' ? 1 : 0;
    expect(passed).toBeGreaterThan(4);
    expect(passed).toBeLessThan(21);
  });

  test('3 of the 8 old cases fail on the modern allocator: the eras differ', () => {
    // Reserved resources in shares, what shares are relative to, and grants on reconnect; the others agree in both eras.
    const { variant: _, ...modern } = read('allocator_0_2x');
    const failed = runAllocatorFile(modern).filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ name }) => name).sort()).toEqual([
      'framework-share-relative-to-role-allocation',
      'reconnect-forgets-allocation-count',
      'reserved-drf-old',
    ]);
  });
});

describe('what is not understood fails', () => {
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    ['mesos-allocator/1', { scenarios: [{ id: 'x', steps: [{ op: 'dance' }] }] }],
    ['mesos-sorter/1', { scenarios: [{ id: 'x', steps: [{ op: 'dance' }] }] }],
    ['mesos-role-tree/1', { scenarios: [{ id: 'x', steps: [{ op: 'dance', role: 'a' }] }] }],
    ['mesos-master/1', { scenarios: [], tables: { dances: { rows: [{}] } } }],
    ['mesos-oversubscription/1', { scenarios: [{ id: 'x', steps: [{ op: 'dance' }] }] }],
    ['mesos-random-sorter/1', { scenarios: [{ id: 'x', weights: { a: 1 } }] }],
  ];
  test.each(cases)('%s: an unknown step, table or empty expectation is one failed case', (schema, file) => {
    const verdicts = adapters[schema]({ schema, ...file });
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['failed']);
  });

  test('a file of another schema is one failed case', () => {
    expect(adapters['mesos-sorter/1']({ schema: 'yarn/1' })).toMatchObject([{ outcome: 'failed' }]);
  });

  test('an offer of 1 cpu less than expected is a failed case', () => {
    const steps = [
      { op: 'addFramework', fw: 'f', roles: ['r'] },
      { op: 'addAgent', agent: 'a', total: { cpus: 2, mem: 64 } },
      { op: 'expectOffers', offers: [{ fw: 'f', role: 'r', agents: { a: { cpus: 3, mem: 64 } } }] },
    ];
    const [verdict] = runAllocatorFile({ schema: 'mesos-allocator/1', scenarios: [{ id: 'x', steps }] });
    expect(verdict.outcome).toBe('failed');
    expect(verdict.detail).toContain('expected {cpus:3; mem:64}, got {cpus:2; mem:64}');
  });
});

describe('decliner starvation', () => {
  // max(0, F/I - N) / (F/I) of 600 batches: F = 5, I = 1 leaves 4/5, 3/5, 2/5, 1/5, 0; F = 120, N = 119 leaves 1/120.
  const law: readonly (readonly [number, number, number])[] = [
    [1, 5, 480],
    [2, 5, 360],
    [3, 5, 240],
    [4, 5, 120],
    [5, 5, 0],
    [119, 120, 5],
  ];
  test.each(law)(
    '%i decliners with %i s filters leave the needy framework %i of 600 batches',
    (count, seconds, left) => {
      const decliners = Array.from({ length: count }, (_, i) => `d${i}`);
      const steps = [
        ...decliners.map((fw) => ({ op: 'addFramework', fw, roles: [fw] })),
        { op: 'addFramework', fw: 'needy', roles: ['needy'] },
        {
          op: 'addAgent',
          agent: 'base',
          total: { cpus: 4, mem: 1024 },
          used: { needy: { needy: { cpus: 4, mem: 1024 } } },
        },
        { op: 'addAgent', agent: 'free', total: { cpus: 1, mem: 256 } },
        {
          op: 'starvationLoop',
          decliners,
          filterSeconds: seconds,
          seconds: 600,
          watch: 'needy',
          expectWatchOffers: left,
        },
      ];
      const verdicts = runAllocatorFile({ schema: 'mesos-allocator/1', scenarios: [{ id: 'law', steps }] });
      expect(failures(verdicts)).toEqual([]);
    },
  );
});

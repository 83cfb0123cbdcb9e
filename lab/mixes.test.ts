// The search over mixes against a world with prices and a need that are known.
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import type { Plan } from '../sim/plan.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import type { CellRunner } from './cell-runner.ts';
import { mixesOf, parseMixes, searchMixes } from './mixes.ts';
import { searchLines } from './search-text.ts';

const PRICES: Readonly<Record<string, number>> = { plain: 1, 'fast-disk': 3 };
const whole = threeWindowResults();

/** Six hosts carry the load, whatever their shape; a run costs the prices of its hosts. */
const sixHosts: CellRunner = {
  run: async (plans) =>
    plans.map(({ plan }) => {
      const hosts = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
      const cost = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count * PRICES[shape.name], 0);
      const figures = { violationServiceHourPercent: hosts < 6 ? 100 : 0, onlinePodsUnplacedPeak: 0, cost };
      return { seed: plan.seed, digest: '', events: 1, summary: { ...whole.summary, ...figures }, hours: null };
    }),
  runWhole: async () => whole,
  counts: () => ({ ran: 0, reused: 0 }),
};

let base: Plan;
beforeAll(async () => {
  base = (await loadPlan('scenarios/library/unit-small.yaml')).plan;
});

function search(spareHosts: number, from = 3) {
  const rule = { figure: 'violationServiceHourPercent' as const, budget: 1, unplaced: true };
  const request = { rule, epsilon: 0.5, confidence: 0.5, spare: { hosts: spareHosts, racks: 0, domains: 0 } };
  const range = { from, to: 10, step: 1 };
  return searchMixes('hosts', base, 'tidemark run', mixesOf(base, true), range, request, sixHosts, () => {});
}

describe('mixes of 8 plain and 2 fast-disk hosts of 32 cores', () => {
  test('all have the 320 cores of the plan: as written, each shape alone, and the pair with half of the cores each', () => {
    const counts = (pairs: boolean) =>
      mixesOf(base, pairs).map(({ name, shapes }) => [name, ...shapes.map((shape) => shape.count)]);
    expect(counts(true)).toEqual([
      ['as written', 8, 2],
      ['only plain', 10],
      ['only fast-disk', 10],
      ['plain and fast-disk', 5, 5],
    ]);
    expect(counts(false)).toHaveLength(3);
    expect(() => parseMixes('all')).toThrow('give alone (every shape by itself) or pairs');
  });

  test('six hosts each; 5 + 3 as written, 6 plain, 18 fast-disk, 3 + 9 half and half: plain alone is the cheapest', async () => {
    const answer = await search(0);
    expect(answer?.mixes.map(({ name, hosts, cores, cost }) => [name, hosts, cores, cost])).toEqual([
      ['as written', 6, 192, 8],
      ['only plain', 6, 192, 6],
      ['only fast-disk', 6, 192, 18],
      ['plain and fast-disk', 6, 192, 12],
    ]);
    expect(answer?.title).toBe('hosts; mix: only plain');
    expect(answer?.justSafe?.command).toContain(
      '--set cluster.hosts.plain.count=6 --set cluster.hosts.fast-disk.count=0',
    );
    // The confidence of 50 % is shared among four mixes.
    expect(answer?.search.confidence).toBe(0.875);
    const lines = searchLines(answer!);
    expect(lines).toContain('  only plain: 6 hosts, 192 cores, 0.75 TiB, cost 6 (cheapest)');
    expect(lines).toContain('The rest is about only plain.');
  });

  test('one spare host: seven are bought, six run, and seven are paid for', async () => {
    const plain = (await search(1))?.mixes[1];
    expect([plain?.hosts, plain?.cores]).toEqual([7, 224]);
    expect(plain?.cost).toBeCloseTo(7, 9);
  });

  test('a range that is too small in every mix gives no number', async () => {
    const rule = { figure: 'violationServiceHourPercent' as const, budget: 1, unplaced: true };
    const request = { rule, epsilon: 0.5, confidence: 0.5, spare: { hosts: 0, racks: 0, domains: 0 } };
    const range = { from: 3, to: 5, step: 1 };
    const none = await searchMixes('hosts', base, 'run', mixesOf(base, false), range, request, sixHosts, () => {});
    expect(none?.mixes.every(({ hosts }) => hosts === null)).toBe(true);
    expect(searchLines(none!)).toContain('No mix is shown safe; the rest is about the mix as written.');
  });
});

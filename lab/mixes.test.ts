// The search over mixes against a world with prices and a need that are known.
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import type { HostShapePlan } from '../sim/plan/cluster.ts';
import type { Plan } from '../sim/plan.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import type { CellRunner } from './cell-runner.ts';
import { stepsFrom } from './mix-search.ts';
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

function search(spareHosts: number, mixTests = 0) {
  const rule = { figure: 'violationServiceHourPercent' as const, budget: 1, unplaced: true };
  const spare = { hosts: spareHosts, racks: 0, domains: 0 };
  const request = { rule, epsilon: 0.5, confidence: 0.5, spare, mixTests };
  const range = { from: 3, to: 10, step: 1 };
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
    const spare = { hosts: 0, racks: 0, domains: 0 };
    const request = { rule, epsilon: 0.5, confidence: 0.5, spare, mixTests: 40 };
    const range = { from: 3, to: 5, step: 1 };
    const none = await searchMixes('hosts', base, 'run', mixesOf(base, false), range, request, sixHosts, () => {});
    expect(none?.mixes.every(({ hosts }) => hosts === null)).toBe(true);
    expect(searchLines(none!)).toContain('No mix is shown safe; the rest is about the mix as written.');
  });
});

/** 200 cores and 500 GiB carry the load, whatever the hosts; a run costs what its hosts cost to buy. */
const coresAndMemory: CellRunner = {
  run: async (plans) =>
    plans.map(({ plan }) => {
      const sum = (of: (shape: HostShapePlan) => number) =>
        plan.cluster.shapes.reduce((total, shape) => total + shape.count * of(shape), 0);
      const isSafe = sum((shape) => shape.cpuCores) >= 200 && sum((shape) => shape.memGib) >= 500;
      const cost = sum((shape) => shape.capexPerHost ?? plan.cost.capexPerHost);
      const figures = { violationServiceHourPercent: isSafe ? 0 : 100, onlinePodsUnplacedPeak: 0, cost };
      return { seed: plan.seed, digest: '', events: 1, summary: { ...whole.summary, ...figures }, hours: null };
    }),
  runWhole: async () => whole,
  counts: () => ({ ran: 0, reused: 0 }),
};

describe('near the cheapest mix', () => {
  // cheap: 20 cores, 20 GiB, price 2; large: 5 cores, 80 GiB, price 3. At 1/15 a core and 1/30 a GiB a cheap host is worth 20/15 + 20/30 = 2
  // and a large one 5/15 + 80/30 = 3, their prices: whoever has 200 cores and 500 GiB pays 200/15 + 500/30 = 30 at least. 9 cheap and 4 large
  // hosts have exactly that, for 18 + 12.
  const twoShapes = (): Plan => {
    const [first] = base.cluster.shapes;
    const cheap = { ...first, name: 'cheap', count: 20, cpuCores: 20, memGib: 20, capexPerHost: 2 };
    const large = { ...first, name: 'large', count: 2, cpuCores: 5, memGib: 80, capexPerHost: 3 };
    return { ...base, cluster: { ...base.cluster, shapes: [cheap, large] } };
  };
  const near = (mixTests: number, spareHosts = 0, runner = coresAndMemory) => {
    const plan = twoShapes();
    const rule = { figure: 'violationServiceHourPercent' as const, budget: 1, unplaced: true };
    const spare = { hosts: spareHosts, racks: 0, domains: 0 };
    const request = { rule, epsilon: 0.5, confidence: 0.5, spare, mixTests };
    const range = { from: 6, to: 30, step: 1 };
    return searchMixes('hosts', plan, 'tidemark run', mixesOf(plan, true), range, request, runner, () => {});
  };

  test('corners, halves and the mix as written cost 40 and more; steps from there find 9 and 4 for 30, the least there is', async () => {
    const answer = await near(40);
    expect(answer?.mixes.map(({ name, hosts, cost }) => [name, hosts, cost])).toEqual([
      ['as written', 19, 40], // 17 and 2: 355 cores, 500 GiB
      ['only cheap', 25, 50],
      ['only large', 40, 120],
      ['cheap and large', 26, 73], // 10 to 41 in steps of 2 hosts, so 5 and 21: 205 cores, 1,780 GiB
      ['9 cheap and 4 large', 13, 30],
    ]);
    expect(answer?.near).toMatchObject({ start: 'as written', firstStep: 2, isLocalOptimum: true, isCheaper: true });
    // Four mixes and the search near the best share the 50 %.
    expect(answer?.search.confidence).toBe(0.9);
    expect(answer?.justSafe?.command).toContain('--set cluster.hosts.cheap.count=9 --set cluster.hosts.large.count=4');
    expect(answer?.justUnsafe?.violates).toBe(true);
    const lines = searchLines(answer!);
    expect(lines).toContain('  9 cheap and 4 large: 13 hosts, 200 cores, 0.488 TiB, cost 30 (cheapest)');
    expect(lines).toContain('The rest is about 9 cheap and 4 large.');
    expect(lines.join(' ')).toContain('A local optimum: no single step from it is cheaper and shown safe');
  });

  test('four tests are too few: three mixes that fail and 15 and 3, which costs 39; the answer says that it stopped', async () => {
    // Steps of 2 from 17 and 2, those that save most first: no large ones (340 GiB), 15 and 2 (460), 19 and none for two large (380), 15 and 3 (540).
    const answer = await near(4);
    expect(answer?.mixes.at(-1)).toMatchObject({ name: '15 cheap and 3 large', cost: 39 });
    expect(answer?.near).toMatchObject({ tests: 4, moves: 1, isLocalOptimum: false });
    expect(searchLines(answer!).join(' ')).toContain('The tests ran out before that was settled');
    expect((await near(3))?.near).toMatchObject({ tests: 3, moves: 0, isLocalOptimum: false });
    expect((await near(0))?.near).toBeNull();
  });

  test('a spare host is bought at the mean price: 13 run, 14 are paid, 30 x 14 / 13', async () => {
    const last = (await near(40, 1))?.mixes.at(-1);
    expect([last?.name, last?.hosts]).toEqual(['9 cheap and 4 large', 14]);
    expect(last?.cost).toBeCloseTo((30 * 14) / 13, 9);
  });

  test('steps from 17 at 2 and 2 at 3 that cost no more than 40, the least first', () => {
    expect(stepsFrom([17, 2], [2, 3], 2, 0)).toEqual([
      [17, 0], // 34
      [15, 2], // 36
      [19, 0], // 38
      [15, 3], // 39
      [20, 0], // 40
    ]);
    // One large host for one cheap one costs more; two cheap ones pay for it.
    expect(stepsFrom([17, 2], [2, 3], 1, 0)).toEqual([
      [17, 1], // 37
      [16, 2], // 38
      [15, 3], // 39
      [18, 1], // 39
    ]);
    // Nobody buys nothing.
    expect(stepsFrom([1, 0], [2, 3], 1, 0)).toEqual([]);
  });

  test('where the mix arrived at fails on seeds of its own, the answer is that of the mixes, and says so', async () => {
    // No step looks at more seeds than a test takes at most; on later ones mixes of 13 hosts fail.
    const { mostSeeds } = (await near(40))!.search.result;
    const spoiled: CellRunner = {
      ...coresAndMemory,
      run: async (plans) => {
        const results = (await coresAndMemory.run(plans))!;
        return results.map((result, at) => {
          const hosts = plans[at].plan.cluster.shapes.reduce((total, shape) => total + shape.count, 0);
          const isLate = Number(plans[at].plan.seed.split('/').at(-1)) > mostSeeds;
          if (hosts !== 13 || !isLate) return result;
          return { ...result, summary: { ...result.summary, violationServiceHourPercent: 100 } };
        });
      },
    };
    const answer = await near(40, 0, spoiled);
    expect(answer?.mixes).toHaveLength(4);
    expect(answer?.near?.moves).toBeGreaterThan(0);
    // The first look takes five seeds: 1 / 2^5 is below a third of 10 %.
    expect(answer?.near).toMatchObject({ isCheaper: false, confirmation: { hits: 5 } });
    expect(answer?.title).toBe('hosts; mix: as written');
    expect(searchLines(answer!).join(' ')).toContain('the answer stays as written');
  });

  test('where nothing cheaper is safe the answer is that of the mixes', async () => {
    const answer = await search(0, 40);
    expect(answer?.mixes).toHaveLength(4);
    expect(answer?.near).toMatchObject({ start: 'only plain', moves: 0, isLocalOptimum: true });
    expect(searchLines(answer!).join(' ')).toContain('no cheaper one is shown safe. A local optimum');
  });
});

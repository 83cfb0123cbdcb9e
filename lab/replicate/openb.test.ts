import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestFiles, publicData } from '../../traces/import/test-files.ts';
import { type OpenbOptions, placementLines, roundHalfEven, runOpenb } from './openb.ts';
import { openbCells, parseSeeds } from './openb-cells.ts';
import { readOpenb } from './openb-inputs.ts';
import { openbTable } from './openb-table.ts';
import { agrees } from './table.ts';

const data = publicData('the openb tables (openb/)');

describe('a list of our own: one node with 2 cards, 3 pods', () => {
  const files = createTestFiles();
  afterAll(() => files.remove());
  const nodes = files.write('nodes.csv', 'sn,cpu_milli,memory_mib,gpu,model\nn0,8000,1024,2,T4\n');
  // The list is not in order of time: arrivals name lines of the file.
  const pods = files.write(
    'pods.csv',
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n' +
      'late,1000,1,1,1000,100,200,100\nearly,1000,1,1,600,0,50,0\nhalf,1000,1,1,500,60,90,60\n',
  );
  const arrivals = files.write('arrivals.json', '{"seeds":{"1":{"order":[0,1,2],"rank":[0]}}}');

  test('late takes card 0, early 600 of card 1, half fits nowhere; 1,600 of 2,000 are allocated', async () => {
    const { trace, arrivals: order } = await readOpenb(nodes, pods, arrivals, 1, 2);
    const result = runOpenb(trace, order, {
      policy: 'best-fit',
      seed: 1,
      tune: 2,
      departures: 'ignored',
    });
    expect(placementLines(trace, order, result)).toEqual(['0,0,n0,0', '1,1,n0,1', '2,2,,']);
    expect([result.unscheduled, result.allocatedMilliGpu]).toEqual([1, 1600]);
    // Arrived 1,000, 1,600 and 2,100 of 2,000: bins 50, 80 and 105.
    expect([result.allocatedPercent[50], result.allocatedPercent[80], result.allocatedPercent[105]]).toEqual([
      50, 80, 80,
    ]);
  });

  test('when departures are replayed, early (0-50 s) is gone before half comes at 60 s: nothing is left at the end', async () => {
    const { trace, arrivals: order } = await readOpenb(nodes, pods, arrivals, 1, 2);
    const result = runOpenb(trace, order, {
      policy: 'fgd',
      seed: 1,
      tune: 2,
      departures: 'replayed',
    });
    expect([result.unscheduled, result.allocatedMilliGpu, result.allocatedCpuPercent]).toEqual([0, 0, 0]);
  });

  test('tune 0.9 (1,800) admits arrivals up to 1,600; tune 0.79 (1,580) only the first 1,000', async () => {
    const { trace, arrivals: order } = await readOpenb(nodes, pods, arrivals, 1, 0.9);
    const options = { policy: 'fgd', seed: 1, departures: 'ignored' } as const;
    expect(runOpenb(trace, order, { ...options, tune: 0.9 }).pods).toBe(2);
    expect(runOpenb(trace, order, { ...options, tune: 0.79 }).pods).toBe(1);
  });

  test('a thousand arrivals tell twice how far they are, those that fit nowhere included', async () => {
    const { trace } = await readOpenb(nodes, pods, arrivals, 1, 2);
    const order = new Array<number>(1000).fill(0);
    const told: [number, string][] = [];
    const onProgress = (done: number, detail: string) => void told.push([done, detail]);
    const options = { policy: 'fgd', seed: 1, tune: 1000, departures: 'ignored', onProgress } as const;
    expect(runOpenb(trace, { order, lines: order, rank: [0] }, options).unscheduled).toBe(998);
    expect(told).toEqual([
      [0.5, '500 of 1000 pods'],
      [1, '1000 of 1000 pods'],
    ]);
  });

  test('arrivals of another list are refused', async () => {
    const bad = files.write('bad.json', '{"seeds":{"1":{"order":[7],"rank":[0]}}}');
    await expect(readOpenb(nodes, pods, bad, 1, 1)).rejects.toThrow(/order\[0\] is 7; the pod list has 3 rows/);
    await expect(readOpenb(nodes, pods, arrivals, 2, 1)).rejects.toThrow(/no seed 2; it has 1/);
  });
});

test('halves round to even: 0.5 -> 0, 1.5 -> 2, 2.5 -> 2', () => {
  expect([0.5, 1.5, 2.5, 2.51].map(roundHalfEven)).toEqual([0, 2, 2, 3]);
});

const request = (trace: string, file: string, policy: OpenbOptions['policy'], seed: number) => ({
  nodes: join(data, 'openb/openb_node_list_gpu_node.csv'),
  pods: join(data, 'openb', file),
  arrivals: join(data, `openb/expected/arrival_${trace}.json.gz`),
  policy,
  seed,
  tune: 1.3,
});

describe.skipIf(data === '')('published figures', () => {
  test.each(['dotprod', 'gpu-clustering', 'gpu-packing', 'best-fit', 'fgd', 'random'] as const)(
    '%s on the default list, seed 42: every row agrees',
    async (policy) => {
      const { rows } = await openbTable(request('default', 'openb_pod_list_default.csv', policy, 42));
      expect(rows.filter((row) => row.expected !== null).length).toBeGreaterThanOrEqual(8);
      expect(rows.filter((row) => !agrees(row))).toEqual([]);
    },
  );

  test.each([
    ['cpu100', 'openb_pod_list_cpu100.csv.gz'],
    ['gpushare40', 'openb_pod_list_gpushare40.csv.gz'],
    ['gpuspec10', 'openb_pod_list_gpuspec10.csv.gz'],
    ['multigpu20', 'openb_pod_list_multigpu20.csv.gz'],
  ])('fgd on %s, seed 47: every row agrees', async (trace, file) => {
    const { rows } = await openbTable(request(trace, file, 'fgd', 47));
    expect(rows.filter((row) => row.expected !== null)).toHaveLength(8);
    expect(rows.filter((row) => !agrees(row))).toEqual([]);
  });

  test('best-fit, seed 42: 10,866 of 10,866 placements', async () => {
    const { nodes, pods, arrivals, policy } = request('default', 'openb_pod_list_default.csv', 'best-fit', 42);
    const inputs = await readOpenb(nodes, pods, arrivals, 42, 1.3);
    const result = runOpenb(inputs.trace, inputs.arrivals, { policy, seed: 42, tune: 1.3, departures: 'ignored' });
    const file = gunzipSync(readFileSync(join(data, 'openb/expected/placements_BestFit_default_seed42.csv.gz')));
    const lines = file.toString('utf8').trim().split('\n').slice(1);
    expect(lines).toHaveLength(10_866);
    expect(placementLines(inputs.trace, inputs.arrivals, result)).toEqual(lines);
  });

  test('a part of the 250 cells: 2 lists x 1 policy x 1 seed, all of their 16 figures', async () => {
    const { rows, notes } = await openbCells({
      folder: join(data, 'openb'),
      lists: ['multigpu20', 'gpuspec10'],
      policies: ['gpu-packing'],
      seeds: parseSeeds('51'),
    });
    expect(rows.map((row) => [row.name, row.got === row.expected])).toEqual([
      ['multigpu20, gpu-packing, seed 51: allocated % at 130 % arrived', true],
      ['gpuspec10, gpu-packing, seed 51: allocated % at 130 % arrived', true],
    ]);
    expect(notes).toEqual(['2 of 2 cells agree in every figure, 16 of 16 figures agree']);
  });
});

test('seeds that are not published are refused', () => {
  expect(parseSeeds('42-44')).toEqual([42, 43, 44]);
  for (const text of ['41', '50-52', '45-44', 'x'])
    expect(() => parseSeeds(text)).toThrow(/seeds 42 to 51 are published/);
});

import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestFiles, publicData } from '../../traces/import/test-files.ts';
import { readCarbon, readFailures, readOpendcWorkload, readTopology } from './opendc-inputs.ts';
import { microTable } from './opendc-micro.ts';
import { surfWeekTable } from './opendc-surf-week.ts';
import { agrees } from './table.ts';

const files = createTestFiles();
afterAll(() => files.remove());
const data = publicData('the OpenDC tables (opendc/)');

test('micro scenarios: 37 of 37 asserted figures in 15 cases', async () => {
  const { rows } = await microTable();
  expect(rows).toHaveLength(37);
  expect(rows.filter((row) => !agrees(row))).toEqual([]);
});

test('a case of a file with a wrong expectation differs: 600 s are not 601', async () => {
  const path = files.write(
    'cases.json',
    JSON.stringify({
      host: { idleWatts: 1, maxWatts: 2, coreMhz: 1000, powerModel: 'square' },
      cases: [
        {
          name: 'c',
          cores: 1,
          tasks: [{ submitS: 0, fragments: [[600, 500]] }],
          // Square: 1 + 1 x 0.25 = 1.25 W for 600 s.
          expected: { makespanS: 601, energyJ: 750 },
        },
      ],
    }),
  );
  const { rows } = await microTable(path);
  expect(rows.map((row) => [row.got, agrees(row)])).toEqual([
    [600, false],
    [750, true],
  ]);
});

describe('topologies', () => {
  const text = (kinds: readonly object[]) => JSON.stringify({ clusters: [{ hosts: kinds }] });
  const kind = {
    count: 3,
    cpu: { coreCount: 16, coreSpeed: '2.1 GHz' },
    memory: { size: '100000 MiB' },
    cpuPowerModel: { type: 'sqrt', idlePower: '32 Watts', maxPower: '180 Watts' },
  };

  test('3 hosts of 16 x 2,100 MHz; a host count replaces 3, but not of two kinds', async () => {
    const path = files.write('one.json', text([kind]));
    const { hosts } = await readTopology(path);
    expect([hosts.count, hosts.cores[2], hosts.coreMhz[2], hosts.memBytes[2]]).toEqual([
      3,
      16,
      2100,
      100_000 * 2 ** 20,
    ]);
    expect((await readTopology(path, 7)).hosts.count).toBe(7);
    await expect(readTopology(files.write('two.json', text([kind, kind])), 7)).rejects.toThrow(/2 kinds of host/);
  });

  test('an unknown power model and a quantity without sense are refused by their place', async () => {
    const model = files.write(
      'model.json',
      text([{ ...kind, cpuPowerModel: { ...kind.cpuPowerModel, type: 'cube' } }]),
    );
    await expect(readTopology(model)).rejects.toThrow(/cpuPowerModel\.type is cube; known: constant, linear/);
    const speed = files.write('speed.json', text([{ ...kind, cpu: { coreCount: 1, coreSpeed: 'fast' } }]));
    await expect(readTopology(speed)).rejects.toThrow(/cpu\.coreSpeed is "fast"/);
  });
});

describe.skipIf(data === '')('public inputs', () => {
  test('the workflow example is 0 before 1 and 2, both before 3, of 2,500 MHz each', async () => {
    const folder = join(data, 'opendc/workloadTraces/workflow_example');
    const workload = await readOpendcWorkload(join(folder, 'tasks.parquet'), join(folder, 'fragments.parquet'));
    expect([...workload.parentStart, ...workload.parents]).toEqual([0, 0, 1, 2, 4, 0, 0, 1, 2]);
    expect([...workload.fragmentMhz]).toEqual([2500, 2500, 2500, 2500]);
  });

  test('two failures: after 300 s for 300 s, after 420 s for 600 s', async () => {
    expect(await readFailures(join(data, 'opendc/failureTraces/two_failures.parquet'))).toEqual([
      { intervalMs: 300_000, durationMs: 300_000, intensity: 1 },
      { intervalMs: 420_000, durationMs: 600_000, intensity: 1 },
    ]);
  });

  test('a carbon trace that begins after the first task is refused', async () => {
    const path = join(data, 'opendc/carbon_traces/AU_2021-2024.parquet');
    await expect(readCarbon(path, Date.UTC(2020, 0, 1))).rejects.toThrow(/begins after the first task/);
  });

  const folder = join(data, 'opendc');
  const topology = (name: string) => ({ topology: join(folder, `topologies/surfsara_${name}.json`) });
  const surfWeek = (ties: 'duckdb' | 'file', ...runs: readonly string[]) =>
    surfWeekTable({
      tasks: join(folder, 'workload_traces/surf_week/tasks.parquet'),
      fragments: join(folder, 'workload_traces/surf_week/fragments.parquet'),
      runs: runs.map(topology),
      carbonFolder: join(folder, 'carbon_traces'),
      progress: 'no-delay',
      ties,
    });

  test('SURF week at 100, 150 and 279 hosts and on the AU grid: all 23 published figures', async () => {
    const { rows } = await surfWeek('duckdb', 'linear_NL_100', 'linear_NL_150', 'linear_NL_279', 'sqrt_AU');
    expect(rows.filter((row) => row.expected !== null)).toHaveLength(23);
    expect(rows.filter((row) => !agrees(row))).toEqual([]);
    const got = (name: string) => rows.find((row) => row.name === name)?.got;
    expect(got('279 hosts linear: energy J')).toBe(12_112_554_100.1);
    expect(got('277 hosts sqrt: carbon g AU')).toBe(1_845_750.93);
    expect(got('100 hosts linear: mean queue wait h')).toBe(21.193498);
    expect(got('150 hosts linear: energy J')).toBe(9_665_024_500.1);
  });

  test("ties in the file's order keep what OpenDC asserts at 100 hosts and compare nothing that waits decide", async () => {
    const { rows, notes } = await surfWeek('file', 'linear_NL_100');
    expect(rows.filter((row) => row.expected !== null && agrees(row)).map((row) => row.name)).toEqual([
      '100 hosts linear: tasks completed',
      '100 hosts linear: mean sampled utilisation',
    ]);
    expect(rows.find((row) => row.name === '100 hosts linear: mean queue wait h')?.got).toBe(21.251696);
    expect(notes.join()).toMatch(/OpenDC's own rule/);
  });
});

/** Options of `tidemark replicate` that take other inputs, on files made here; every expected figure is worked by hand. */
import { Command } from 'commander';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createTestFiles } from '../traces/import/test-files.ts';
import { register } from './replicate.ts';

const files = createTestFiles();
afterAll(() => files.remove());
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function replicate(...args: readonly string[]): Promise<string> {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const program = new Command('tidemark').exitOverride();
  register(program);
  await program.parseAsync(['node', 'tidemark', 'replicate', ...args]);
  expect(process.exitCode).toBe(0);
  return written.join('');
}

/** Rows of a table printed with --json, by name. */
async function rowsOf(...args: readonly string[]): Promise<Record<string, number | string>> {
  const table = JSON.parse(await replicate(...args, '--json')) as { rows: { name: string; got: number | string }[] };
  return Object.fromEntries(table.rows.map(({ name, got }) => [name, got]));
}

type Column = Parameters<typeof parquetWriteFile>[0]['columnData'][number];
function parquet(name: string, columnData: Column[]): string {
  parquetWriteFile({ filename: files.path(name), columnData });
  return files.path(name);
}

const MINUTE = 60_000n;
const START = 1_700_000_000_000n;

/** Hosts of one core of 1,000 MHz that draw 10 to 30 W. */
function topology(name: string, count: number, type: string): string {
  const host = {
    count,
    cpu: { coreCount: 1, coreSpeed: '1 GHz' },
    memory: { size: '1000 MiB' },
    cpuPowerModel: { type, idlePower: '10 Watts', maxPower: '30 Watts' },
  };
  const powerSource = { carbon: { type: 'named', name: 'carbon_traces/own.parquet' } };
  return files.write(name, JSON.stringify({ clusters: [{ hosts: [host], powerSource }] }));
}

function carbon(name: string, intensities: readonly number[]): string {
  return parquet(name, [
    { name: 'timestamp', data: intensities.map((_, hour) => START + BigInt(hour) * 60n * MINUTE), type: 'INT64' },
    { name: 'carbon_intensity', data: [...intensities], type: 'DOUBLE' },
  ]);
}

describe('surf-week: a (60 min at half the core, 30 min at all of it) and, 30 min later, b (30 min at all of it)', () => {
  const inputs = [
    '--tasks',
    parquet('tasks.parquet', [
      { name: 'id', data: [2, 1], type: 'INT32' },
      { name: 'submission_time', data: [START + 30n * MINUTE, START], type: 'INT64' },
      { name: 'duration', data: [30n * MINUTE, 90n * MINUTE], type: 'INT64' },
      { name: 'cpu_count', data: [1, 1], type: 'INT32' },
      { name: 'mem_capacity', data: [1000n, 1000n], type: 'INT64' },
    ]),
    '--fragments',
    parquet('fragments.parquet', [
      { name: 'id', data: [1, 2, 1], type: 'INT32' },
      { name: 'duration', data: [60n * MINUTE, 30n * MINUTE, 30n * MINUTE], type: 'INT64' },
      { name: 'cpu_usage', data: [500, 1000, 1000], type: 'DOUBLE' },
    ]),
  ];
  const linear = topology('linear.json', 2, 'linear');
  const grid = carbon('grid.parquet', [100, 400]);
  const surfWeek = (...args: readonly string[]) => rowsOf('opendc-surf-week', ...inputs, ...args);

  test('2 hosts, 100 then 400 g/kWh: 216 kJ and 12 g', async () => {
    // First hour: 20 W for 60 min beside 10, then 30 W for 30 min each = 144 kJ = 0.04 kWh, 4 g.
    // Then 30 W beside 10 W for 30 min = 72 kJ = 0.02 kWh, 8 g.
    expect(await surfWeek('--topology', linear, '--carbon', grid)).toMatchObject({
      '2 hosts linear: tasks completed': 2,
      '2 hosts linear: makespan h': 1.5,
      '2 hosts linear: energy J': 216_000,
      // Core-minutes: 30 + 30 of a and 30 of b over 2 x 90.
      '2 hosts linear: mean utilisation': 0.5,
      // After one hour 0.5 and 1, at the end 1 and 0.
      '2 hosts linear: mean sampled utilisation': 0.625,
      '2 hosts linear: mean queue wait h': 0,
      '2 hosts linear: carbon g grid.parquet': 12,
    });
  });

  test('another carbon trace moves carbon and nothing else: 0.04 kWh x 1,000 + 0.02 x 50 = 41 g', async () => {
    const first = await surfWeek('--topology', linear, '--carbon', grid);
    const second = await surfWeek('--topology', linear, '--carbon', carbon('other.parquet', [1000, 50]));
    expect(second).toEqual({
      ...Object.fromEntries(Object.entries(first).filter(([name]) => !name.includes('carbon'))),
      '2 hosts linear: carbon g other.parquet': 41,
    });
  });

  test('--hosts 1: b waits 60 min, 180 kJ and 14 g', async () => {
    // 20 W for the first hour = 0.02 kWh, 2 g; 30 W for the second = 0.03 kWh, 12 g.
    expect(await surfWeek('--topology', linear, '--hosts', '1', '--carbon', grid)).toMatchObject({
      '1 hosts linear: makespan h': 2,
      '1 hosts linear: energy J': 180_000,
      '1 hosts linear: mean queue wait h': 0.5,
      '1 hosts linear: carbon g grid.parquet': 14,
    });
  });

  test('two topologies are two runs: square power draws 15 W at half, so 216 kJ less 5 W x 60 min = 198 kJ', async () => {
    const rows = await surfWeek('--topology', linear, topology('square.json', 2, 'square'), '--carbon', 'none');
    expect(rows).toMatchObject({ '2 hosts linear: energy J': 216_000, '2 hosts square: energy J': 198_000 });
    expect(Object.keys(rows).filter((name) => name.includes('carbon'))).toEqual([]);
  });

  test('without --json the same figures are text, and nothing is said to be published for them', async () => {
    const text = await replicate('opendc-surf-week', ...inputs, '--topology', linear, '--carbon', grid);
    expect(text).toMatch(/2 hosts linear: energy J +- +216000\n/);
    expect(text).toMatch(/nothing is published for these inputs/);
  });
});

test('of two tasks submitted together the first in the file goes first with --ties file: 60 then 30 min, so 60 min of wait over 2', async () => {
  const tasks = parquet('ties.parquet', [
    { name: 'id', data: [9, 4], type: 'INT32' },
    { name: 'submission_time', data: [START, START], type: 'INT64' },
    { name: 'cpu_count', data: [1, 1], type: 'INT32' },
    { name: 'mem_capacity', data: [1000n, 1000n], type: 'INT64' },
  ]);
  const fragments = parquet('ties-fragments.parquet', [
    { name: 'id', data: [4, 9], type: 'INT32' },
    { name: 'duration', data: [30n * MINUTE, 60n * MINUTE], type: 'INT64' },
    { name: 'cpu_usage', data: [1000, 1000], type: 'DOUBLE' },
  ]);
  const args = ['opendc-surf-week', '--tasks', tasks, '--fragments', fragments, '--carbon', 'none'];
  args.push('--topology', topology('one.json', 1, 'linear'));
  expect(await rowsOf(...args, '--ties', 'file')).toMatchObject({ '1 hosts linear: mean queue wait h': 0.5 });
  await expect(replicate(...args, '--ties', 'id')).rejects.toThrow(/"id"; known: duckdb, file/);
});

test('batsim --json: on 2 machines of 10 W, 1 for 10 s, then 2 for 5 s at 1 s and 1 for 4 s at 2 s, first come first served', async () => {
  const job = (id: number, subtime: number, res: number, walltime: number, delay: number) => ({
    id,
    subtime,
    res,
    walltime,
    profile: `p${delay}`,
  });
  const jobs = [job(1, 0, 1, 10, 10), job(2, 1, 2, 5, 5), job(3, 2, 1, 6, 4)];
  const profiles = Object.fromEntries([10, 5, 4].map((delay) => [`p${delay}`, { type: 'delay', delay }]));
  const path = files.write('three.json', JSON.stringify({ nb_res: 2, jobs, profiles }));
  // Starts 0, 10 and 15; ends 10, 15 and 19.
  expect(await rowsOf('batsim', '--workload', path, '--policy', 'fcfs', '--watts', '10')).toMatchObject({
    'makespan s': 19,
    'longest wait s': 13,
    'longest turnaround s': 17,
    'busy machine-s': 24,
    'energy J': 380,
  });
});

test('openb: one node of 2 cards, pods of 1, 0.6 and 0.5 cards in the order given: 1,600 of 2,000 are allocated, one fits nowhere', async () => {
  const nodes = files.write('nodes.csv', 'sn,cpu_milli,memory_mib,gpu,model\nn0,8000,1024,2,T4\n');
  const head = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\n';
  const pods = files.write('pods.csv', `${head}late,1000,1,1,1000\nearly,1000,1,1,600\nhalf,1000,1,1,500\n`);
  const arrivals = files.write('arrivals.json', '{"seeds":{"1":{"order":[0,1,2],"rank":[0]}}}');
  const inputs = ['--nodes', nodes, '--pods', pods, '--arrivals', arrivals, '--seed', '1', '--tune', '2'];
  for (const policy of ['random', 'dotprod', 'gpu-clustering', 'gpu-packing', 'best-fit', 'fgd'])
    expect(await rowsOf('openb', ...inputs, '--policy', policy)).toMatchObject({
      pods: 3,
      'not scheduled': 1,
      'allocated milli-GPU': 1_600,
    });
});

test('opendc-micro --cases: 100 s at half of 1 to 3 W are 200 J; dslab-placement --setup: 3 of 4 cores fit only on the empty host', async () => {
  const task = { submitS: 0, fragments: [[100, 500]] };
  const host = { idleWatts: 1, maxWatts: 3, coreMhz: 1000, powerModel: 'linear' };
  const cases = files.write(
    'cases.json',
    JSON.stringify({ host, cases: [{ name: 'half', cores: 1, tasks: [task], expected: { energyJ: 200 } }] }),
  );
  expect(await rowsOf('opendc-micro', '--cases', cases)).toEqual({ 'half: energy J': 200 });
  const hosts = [
    ['a', 4, 4],
    ['b', 8, 8],
  ];
  const setup = files.write(
    'setup.json',
    JSON.stringify({
      ...{ hosts, racks: [0, 1], preplaced: [['a', 2, 2]], arrivals: [[3, 3]] },
      expected: { 'first-fit': ['b'], 'best-fit': ['b'] },
    }),
  );
  expect(await rowsOf('dslab-placement', '--setup', setup)).toEqual({ 'first-fit': 'b', 'best-fit': 'b' });
});

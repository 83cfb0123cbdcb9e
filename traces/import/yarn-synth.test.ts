import { afterAll, expect, test } from 'vitest';
import { createTestFiles } from './test-files.ts';
import { importYarnSls } from './yarn-sls.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const times = [
  { time: 1, weight: 100 },
  { time: 60, weight: 0 },
];
const jobClass = {
  class_name: 'c',
  class_weight: 1,
  type: 'mapreduce',
  tasks: [
    { type: 'map', count: { val: 3 }, time: { val: 10 }, max_memory: { val: 100 }, max_vcores: { val: 0 } },
    {
      type: 'reduce',
      count: { val: 1 },
      time: { val: 20 },
      max_memory: { val: 2048 },
      max_vcores: { val: 2 },
      execution_type: 'OPPORTUNISTIC',
    },
  ],
};
const workload = { workload_name: 'w', workload_weight: 0.5, job_classes: [jobClass], time_distribution: times };
const base = { num_nodes: 2, nodes_per_rack: 4, num_jobs: 10, rand_seed: 2, workloads: [workload] };
const read = (change: object) => importYarnSls(files.write('synth.json', JSON.stringify({ ...base, ...change })));
const withTask = (change: object) => ({
  workloads: [{ ...workload, job_classes: [{ ...jobClass, tasks: [{ ...jobClass.tasks[0], ...change }] }] }],
});
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

test('constants: 10 jobs of 3 maps of 10 s and a reduce of 20 s that waits; 1 GiB and one core at least; starts from 1 s and before 60 s', async () => {
  const { tasks, hosts, notes } = await read({});
  expect(tasks.count).toBe(40);
  expect(hosts.ids).toEqual(['node-0', 'node-1']);
  const job = tasks.groups.map((group, row) => [group, row] as const).filter(([group]) => group === 'c_000004');
  expect(job.map(([, row]) => tasks.durationMs[row])).toEqual([10_000, 10_000, 10_000, 20_000]);
  expect(job.map(([, row]) => tasks.requestMilliCpu[row])).toEqual([1_000, 1_000, 1_000, 2_000]);
  expect(job.map(([, row]) => tasks.requestMemMib[row])).toEqual([1_024, 1_024, 1_024, 2_048]);
  expect(job.map(([, row]) => tasks.qos[row])).toEqual(['GUARANTEED', 'GUARANTEED', 'GUARANTEED', 'OPPORTUNISTIC']);
  const reduce = job[3][1];
  expect(Array.from(tasks.parents.slice(tasks.parentStart[reduce], tasks.parentStart[reduce + 1]))).toEqual([
    job[0][1],
  ]);
  // The first submission stands at 0; all lie in the 59 s of the one bucket with a weight.
  expect(tasks.submitMs[0]).toBe(0);
  expect(tasks.submitMs[39]).toBeLessThan(59_000);
  expect(new Set(tasks.submitMs).size).toBeGreaterThan(5);
  expect(notes).toEqual([
    '10 jobs are drawn from a SYNTH description with its rand_seed 2: its distributions, not the jobs that SLS would draw; times are seconds',
  ]);
});

test('the same seed gives the same jobs, another seed others', async () => {
  const lasting = withTask({ time: { val: 100, std: 50 } });
  const [a, b, c] = [await read(lasting), await read(lasting), await read({ ...lasting, rand_seed: 3 })];
  expect(b.tasks).toEqual(a.tasks);
  expect(Array.from(c.tasks.durationMs)).not.toEqual(Array.from(a.tasks.durationMs));
});

test('lognormal of mean 100 s and sd 50 s: mean within 3 %, median 100 / sqrt(1.25) = 89.4 s; sd 0 is a sixth of the mean; NORM is symmetric', async () => {
  const drawn = async (time: object) => {
    const { tasks } = await read({ num_jobs: 4_000, ...withTask({ count: { val: 1 }, time }) });
    const seconds = Array.from(tasks.durationMs, (ms) => ms / 1000).sort((x, y) => x - y);
    const middle = seconds[seconds.length / 2];
    const average = mean(seconds);
    return { average, middle, sd: Math.sqrt(mean(seconds.map((x) => (x - average) * (x - average)))) };
  };
  const lognormal = await drawn({ val: 100, std: 50 });
  expect(Math.abs(lognormal.average - 100)).toBeLessThan(3);
  expect(Math.abs(lognormal.middle - 89.4)).toBeLessThan(3);
  expect(Math.abs(lognormal.sd - 50)).toBeLessThan(4);
  expect(Math.abs((await drawn({ val: 120, std: 0 })).sd - 20)).toBeLessThan(1);
  const normal = await drawn({ val: 100, std: 10, dist: 'NORM' });
  expect(Math.abs(normal.middle - 100)).toBeLessThan(1);
});

test('discrete values by weight, numbers as text too; workloads and classes by weight', async () => {
  const { tasks } = await read({
    num_jobs: 2_000,
    ...withTask({ count: { val: 1 }, time: { discrete: ['5', 7, 9], weights: [1, 3, 0] } }),
  });
  const fives = tasks.durationMs.filter((ms) => ms === 5_000).length;
  expect(fives + tasks.durationMs.filter((ms) => ms === 7_000).length).toBe(2_000);
  expect(Math.abs(fives / 2_000 - 0.25)).toBeLessThan(0.03);
  const rare = { ...workload, workload_weight: 0, job_classes: [{ ...jobClass, class_name: 'never' }] };
  const shares = await read({ workloads: [rare, workload] });
  expect(shares.tasks.groups.some((group) => group.startsWith('never'))).toBe(false);
});

test('the older form means the same; without reduces there are none; stddev 0 is a sixth of the mean', async () => {
  const old = {
    class_name: 'old',
    class_weight: 1,
    mtasks_avg: 5,
    mtasks_stddev: 0.001,
    mtime_avg: 10,
    mtime_stddev: 0.001,
    map_max_memory_avg: 4096,
    map_max_memory_stddev: 0.001,
    map_max_vcores_avg: 3,
    map_max_vcores_stddev: 0.001,
  };
  const { tasks } = await read({ num_jobs: 2, workloads: [{ ...workload, job_classes: [old] }] });
  expect(tasks.count).toBe(10);
  expect(new Set(tasks.durationMs)).toEqual(new Set([10_000]));
  expect(tasks.requestMilliCpu[0]).toBe(3_000);
  expect(tasks.requestMemMib[0]).toBe(4_096);
});

test('mixed forms, an unknown distribution, weights that do not fit, no weight at all and no number of jobs are named', async () => {
  const named = (change: object, message: RegExp) => expect(read(change)).rejects.toThrow(message);
  await named(withTask({ time: { val: 1, discrete: [1] } }), /tasks\[0\]\.time mixes forms/);
  await named(withTask({ time: { val: 1, std: 1, dist: 'GAMMA' } }), /time\.dist is "GAMMA"; LOGNORM or NORM/);
  await named(withTask({ time: { discrete: [1, 2], weights: [1] } }), /weights has 1 weights for 2 values/);
  await named(withTask({ time: { discrete: ['x'] } }), /discrete has no number or a text/);
  await named(
    { workloads: [{ ...workload, workload_weight: 0 }] },
    /workload_weight is negative somewhere or nowhere above 0/,
  );
  await named({ workloads: [] }, /nothing can be drawn/);
  await named({ num_jobs: -1 }, /num_jobs is -1/);
  await named({ num_jobs: undefined }, /num_jobs is missing/);
});

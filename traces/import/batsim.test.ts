import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importBatsim } from './batsim.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const workload = {
  nb_res: 3,
  jobs: [
    { id: 424242, profile: 'short', res: 1, subtime: 16000, walltime: 149 },
    { id: 'w0!7', profile: 'short', res: 2, subtime: 0.0004 },
    { id: 5, profile: 'mpi', res: 3, subtime: 4.709164021244639, walltime: -1 },
  ],
  profiles: { short: { type: 'delay', delay: 88.51 }, mpi: { type: 'parallel_homogeneous', cpu: 1e9, com: 0 } },
};

describe('quirks of the format', () => {
  const trace = importBatsim(files.write('w.json', JSON.stringify(workload)));

  test('jobs stand in no order of time: they are sorted by it, ids are kept as text', async () => {
    const { tasks } = await trace;
    expect(tasks.ids).toEqual(['w0!7', '5', '424242']);
    expect(Array.from(tasks.submitMs)).toEqual([0, 4_709, 16_000_000]);
  });

  test('a delay of 88.51 s is 88 510 ms; a parallel profile has no duration of its own', async () => {
    expect(Array.from((await trace).tasks.durationMs)).toEqual([88_510, Number.NaN, 88_510]);
  });

  test('a missing walltime and -1 are both unknown', async () => {
    expect(Array.from((await trace).tasks.wallTimeMs)).toEqual([Number.NaN, Number.NaN, 149_000]);
  });

  test('three resources are three hosts of one core', async () => {
    expect(Array.from((await trace).hosts.milliCpu)).toEqual([1_000, 1_000, 1_000]);
  });

  test('notes count the disorder and the profile without a delay', async () => {
    expect((await trace).notes).toEqual([
      '1 jobs stand after one that is submitted later; tasks are sorted by submit time',
      '1 jobs have a profile without a delay: their duration depends on the platform',
    ]);
  });
});

describe('what is refused names file and JSON path', () => {
  const withJob = (job: object) => JSON.stringify({ ...workload, jobs: [workload.jobs[0], job] });
  const good = workload.jobs[1];
  const cases: [string, string, RegExp][] = [
    [
      'no such profile',
      withJob({ ...good, profile: 'long' }),
      /x\.json: jobs\[1\]\.profile is "long"; no such profile/,
    ],
    [
      'a text for a time',
      withJob({ ...good, subtime: '3' }),
      /x\.json: jobs\[1\]\.subtime is "3"; a number is expected/,
    ],
    ['no resource', withJob({ ...good, res: 0 }), /x\.json: jobs\[1\]\.res is 0/],
    ['an id twice', withJob({ ...good, id: 424242 }), /x\.json: jobs\[1\] repeats job 424242/],
    ['jobs missing', '{"profiles":{}}', /x\.json: jobs is missing; an array is expected/],
    ['not JSON', '{\n"jobs": [1,]}', /x\.json:2 is not JSON/],
    ['JSON that ends early', '{\n"jobs":\n[', /x\.json:3 is not JSON/],
  ];
  for (const [what, content, message] of cases)
    test(what, () => expect(importBatsim(files.write('x.json', content))).rejects.toThrow(message));
});

const data = publicData('Batsim workload of 801 jobs');
test.skipIf(data === '')('medium_late.json has 801 jobs; the last is submitted at 16 000 s', async () => {
  const { tasks } = await importBatsim(join(data, 'batsim/medium_late.json'));
  expect(tasks.count).toBe(801);
  expect(tasks.ids[800]).toBe('424242');
  expect(tasks.submitMs[800]).toBe(16_000_000);
});

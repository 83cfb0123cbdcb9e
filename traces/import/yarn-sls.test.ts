import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTestFiles, publicData } from './test-files.ts';
import { importYarnSls } from './yarn-sls.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('objects one after another: 4 nodes, two copies of a job of 3 maps and a reduce that waits for the last map; braces in strings', async () => {
  const path = files.write(
    'sls.json',
    `{"num.nodes": 4, "num.racks": 2}
{"job.start.ms": 1000, "job.id": "j}{", "job.count": 2, "job.tasks": [
 {"count": 2, "duration.ms": 500, "container.type": "map"},
 {"container.start.ms": 1500, "container.end.ms": 9500, "container.type": "map", "container.vcores": 2},
 {"container.type": "reduce", "duration.ms": 10}]}
{"job.start.ms": 0, "job.tasks": [{"container.host": "/r/n1", "container.type": "map"}]}`,
  );
  const { tasks, hosts, notes } = await importYarnSls(path);
  expect(tasks.ids).toEqual(['job-2/0', 'j}{#1/0', 'j}{#1/1', 'j}{#1/2', 'j}{#2/0', 'j}{#2/1', 'j}{#2/2']);
  expect(Array.from(tasks.submitMs)).toEqual([0, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(Array.from(tasks.durationMs)).toEqual([Number.NaN, 500, 8_000, 10, 500, 8_000, 10]);
  expect(Array.from(tasks.instances)).toEqual([1, 2, 1, 1, 2, 1, 1]);
  // The map of row 2 ends at 9 500, that of row 0 at 1 500.
  expect(Array.from(tasks.parents)).toEqual([2, 5]);
  expect(hosts.ids).toEqual(['/r/n1']);
  expect(notes).toEqual(['1 containers have no end: their duration is unknown']);
});

test('Rumen: times of the last attempt; unix time becomes the start', async () => {
  const job = {
    jobID: 'job_1',
    submitTime: 1_300_000_000_000,
    mapTasks: [
      {
        attempts: [
          { startTime: 1, finishTime: 2 },
          { startTime: 1_300_000_001_000, finishTime: 1_300_000_004_000, hostName: 'n' },
        ],
      },
    ],
    reduceTasks: [{ attempts: [] }],
  };
  const { tasks, startUnixMs } = await importYarnSls(files.write('rumen.json', JSON.stringify(job)));
  expect(startUnixMs).toBe(1_300_000_000_000);
  expect(Array.from(tasks.durationMs)).toEqual([3_000, Number.NaN]);
  expect(Array.from(tasks.parents)).toEqual([0]);
});

test('an execution type and a memory that are said are kept; a job without a name has its number; a reduce without a map waits for nothing; an array counts as its objects', async () => {
  const jobs = [
    {
      'am.type': 'mapreduce',
      'job.start.ms': 5,
      'job.tasks': [
        {
          'container.type': 'reduce',
          'duration.ms': 7,
          'container.priority': 20,
          'container.memory': 4096,
          'container.execution.type': 'OPPORTUNISTIC',
        },
      ],
    },
    { 'job.start.ms': 5, 'job.tasks': [{ 'duration.ms': 9, count: 3 }] },
  ];
  const { tasks, hosts } = await importYarnSls(files.write('array.json', JSON.stringify(jobs)));
  expect(tasks.ids).toEqual(['job-0/0', 'job-1/0']);
  expect(tasks.qos).toEqual(['OPPORTUNISTIC', '']);
  expect(tasks.status).toEqual(['reduce', 'map']);
  expect(Array.from(tasks.requestMemMib)).toEqual([4_096, 3_072]);
  expect(tasks.parents.length).toBe(0);
  expect(hosts.ids).toEqual([]);
});

test('a file that is cut off, a letter between objects and an end before the start are named', async () => {
  const of = (text: string) => importYarnSls(files.write('bad.json', text));
  await expect(of('{"job.tasks": []}\n{"a": [1,')).rejects.toThrow(/bad\.json:2 is not closed: the file is cut off/);
  await expect(of('{}\n,{}')).rejects.toThrow(/bad\.json:2 has "," between two objects/);
  await expect(of('{"job.tasks":[{"container.start.ms":9,"container.end.ms":1}]}')).rejects.toThrow(
    /end\.ms lies 8 ms before/,
  );
  await expect(of('{"job.tasks": []}')).rejects.toThrow(/no job with a container/);
});

const data = publicData('SLS sample of Hadoop');
test.skipIf(data === '')('inputsls.json has 2 jobs of 3 and 2 maps on 3 nodes', async () => {
  const { tasks, hosts } = await importYarnSls(join(data, 'yarn-sls/inputsls.json'));
  expect(tasks.groups).toEqual(['job_1', 'job_1', 'job_1', 'job_2', 'job_2']);
  expect(tasks.durationMs[0]).toBe(23_707 - 6_664);
  expect(hosts.ids.length).toBe(3);
});

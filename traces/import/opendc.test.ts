import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { importOpendc } from './opendc.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

type Column = Parameters<typeof parquetWriteFile>[0]['columnData'][number];

function write(folder: string, name: string, columnData: Column[]): string {
  const filename = join(files.path(folder), name);
  mkdirSync(dirname(filename), { recursive: true });
  parquetWriteFile({ filename, columnData });
  return files.path(folder);
}

const tasks: Column[] = [
  { name: 'id', data: [7, 5], type: 'INT32' },
  { name: 'submission_time', data: [1_665_093_660_000n, 1_665_093_600_000n], type: 'INT64' },
  { name: 'duration', data: [60_000n, 90_000n], type: 'INT64' },
  { name: 'cpu_count', data: [16, 1], type: 'INT32' },
  { name: 'cpu_capacity', data: [33_600, 2_000], type: 'DOUBLE' },
  { name: 'mem_capacity', data: [100_000n, 512n], type: 'INT64' },
];
const fragments: Column[] = [
  { name: 'id', data: [7, 5, 7, 99, 5], type: 'INT32' },
  { name: 'duration', data: [30_000n, 30_000n, 30_000n, 1n, 30_000n], type: 'INT64' },
  { name: 'cpu_usage', data: [2_100, 500, 6_300, 1, 1_500], type: 'DOUBLE' },
];

describe('quirks of the format', () => {
  write('new', 'tasks.parquet', tasks);
  const trace = importOpendc(write('new', 'fragments.parquet', fragments));

  test('int64 milliseconds since 1970 become ms from the first submission, which is kept', async () => {
    const { tasks: read, startUnixMs } = await trace;
    expect(startUnixMs).toBe(1_665_093_600_000);
    expect(read.ids).toEqual(['5', '7']);
    expect(Array.from(read.submitMs)).toEqual([0, 60_000]);
  });

  test('16 processors are 16 000 milli; 2 100 of 33 600 MHz are one of them; memory counts as MiB', async () => {
    const { tasks: read, use } = await trace;
    expect(Array.from(read.requestMilliCpu)).toEqual([1_000, 16_000]);
    expect(Array.from(read.requestMemMib)).toEqual([512, 100_000]);
    expect(use?.milliCpu[2]).toBeCloseTo(1_000, 9);
  });

  test('fragments of a task keep the order of rows, also when tasks alternate; one of no task is left out', async () => {
    const { use } = await trace;
    expect(Array.from(use?.useStart ?? [])).toEqual([0, 2, 4]);
    expect(Array.from(use?.milliCpu ?? [], (milli) => Math.round(milli))).toEqual([250, 750, 1_000, 3_000]);
  });

  test('mean use is 500 and 2 000 milli; fragments of 60 s against a duration of 90 s are noted', async () => {
    const { tasks: read, notes } = await trace;
    expect(Array.from(read.usedMilliCpu, (milli) => Math.round(milli))).toEqual([500, 2_000]);
    expect(notes).toEqual([
      '1 fragments belong to no task and are left out',
      '1 tasks have fragments that do not add up to their duration; both are kept as written',
    ]);
  });

  test('181 352 of memory for one core is a file in KB: it is noted, and 1/1024 makes it 177.1 MiB', async () => {
    write(
      'kb',
      'tasks.parquet',
      tasks.map((column) => (column.name === 'mem_capacity' ? { ...column, data: [2_000_000n, 181_352n] } : column)),
    );
    const folder = write('kb', 'fragments.parquet', fragments);
    // (2 000 000 + 181 352) / 17 cores = 128 315
    expect((await importOpendc(folder)).notes[0]).toBe(
      'memory is 128315 MiB per core: mem_capacity is probably in KB; give 1/1024 as its scale',
    );
    const scaled = await importOpendc(folder, 1 / 1024);
    expect(scaled.tasks.requestMemMib[0]).toBeCloseTo(177.1, 1);
    expect(scaled.notes[0]).toMatch(/fragments belong/);
  });

  test('an old file has ids as strings and times as timestamps', async () => {
    const old = tasks.map((column) => {
      if (column.name === 'id') return { name: 'id', data: ['a', 'b'], type: 'STRING' as const };
      if (column.name === 'submission_time')
        return { name: column.name, data: [new Date(5_000), new Date(3_000)], type: 'TIMESTAMP' as const };
      return column;
    });
    write('old', 'tasks.parquet', old);
    const folder = write('old', 'fragments.parquet', [
      { name: 'id', data: ['a', 'b'], type: 'STRING' },
      { name: 'duration', data: [60_000n, 90_000n], type: 'INT64' },
      { name: 'cpu_usage', data: [0, 0], type: 'DOUBLE' },
    ]);
    const read = (await importOpendc(folder)).tasks;
    expect(read.ids).toEqual(['b', 'a']);
    expect(Array.from(read.submitMs)).toEqual([0, 2_000]);
  });
});

describe('columns that only some files have', () => {
  const ids: Column = { name: 'id', data: [1, 2, 3], type: 'INT32' };
  const base: Column[] = [
    ids,
    { name: 'submission_time', data: [0n, 0n, 0n], type: 'INT64' },
    { name: 'duration', data: [30_000n, 30_000n, 30_000n], type: 'INT64' },
    { name: 'cpu_count', data: [1, 1, 1], type: 'INT32' },
    { name: 'cpu_capacity', data: [1_000, 1_000, 1_000], type: 'DOUBLE' },
    { name: 'mem_capacity', data: [1n, 1n, 1n], type: 'INT64' },
  ];
  const used: Column[] = [
    ids,
    { name: 'duration', data: [30_000n, 30_000n, 30_000n], type: 'INT64' },
    { name: 'cpu_usage', data: [100, 100, 100], type: 'DOUBLE' },
  ];
  const lists = (name: string, data: number[][]): Column => ({ name, data, type: 'JSON' });

  test('parents are read as they stand; GPUs are whole; deferrable and deadline are named as not read', async () => {
    write('parents', 'tasks.parquet', [
      ...base,
      lists('parents', [[], [1], [1, 2]]),
      { name: 'gpu_count', data: [0, 2, 0], type: 'INT32' },
      { name: 'deferrable', data: [true, false, false], type: 'BOOLEAN' },
      { name: 'deadline', data: [1n, 1n, 1n], type: 'INT64' },
    ]);
    const { tasks: read, notes } = await importOpendc(write('parents', 'fragments.parquet', used));
    expect(Array.from(read.parentStart)).toEqual([0, 0, 1, 3]);
    expect(Array.from(read.parents)).toEqual([0, 0, 1]);
    expect(Array.from(read.gpus)).toEqual([0, 2, 0]);
    expect(Array.from(read.gpuMilli)).toEqual([0, 1_000, 0]);
    expect(notes).toEqual(['2 columns about deferring (deferrable, deadline) are not read']);
  });

  test('children alone are turned round: 1 before 2 and 3 makes 1 the parent of both', async () => {
    write('children', 'tasks.parquet', [...base, lists('children', [[2, 3], [], []])]);
    const { tasks: read } = await importOpendc(write('children', 'fragments.parquet', used));
    expect(Array.from(read.parentStart)).toEqual([0, 0, 1, 2]);
    expect(Array.from(read.parents)).toEqual([0, 0]);
  });

  test('cpu_count, gpu_usage and mem_usage of fragments change nothing', async () => {
    write('wide', 'tasks.parquet', base);
    const wide = ['cpu_count', 'gpu_usage', 'mem_usage'].map(
      (name): Column => ({ name, data: [9, 9, 9], type: 'DOUBLE' }),
    );
    const { use } = await importOpendc(write('wide', 'fragments.parquet', [...used, ...wide]));
    expect(Array.from(use?.milliCpu ?? [])).toEqual([100, 100, 100]);
  });
});

describe('what is refused names the file', () => {
  test('a missing column names those there are', async () => {
    const folder = write('lack', 'tasks.parquet', tasks.slice(0, 4));
    await expect(importOpendc(folder)).rejects.toThrow(
      /tasks\.parquet: no column cpu_capacity; it has id, submission_time/,
    );
  });

  test('a task without capacity names the row', async () => {
    const zero = tasks.map((column) => (column.name === 'cpu_capacity' ? { ...column, data: [1, 0] } : column));
    write('zero', 'tasks.parquet', zero);
    await expect(importOpendc(write('zero', 'fragments.parquet', fragments))).rejects.toThrow(
      /tasks\.parquet:2 task 5 has cpu_capacity 0 MHz/,
    );
  });

  test('a folder without files', () =>
    expect(importOpendc(files.path('none'))).rejects.toThrow(/tasks\.parquet: ENOENT/));
});

const data = publicData('OpenDC workloads');
test.skipIf(data === '')('the workflow example is a diamond: 0 before 1 and 2, both before 3', async () => {
  const { tasks: read } = await importOpendc(join(data, 'opendc/workloadTraces/workflow_example'));
  expect(Array.from(read.parentStart)).toEqual([0, 0, 1, 2, 4]);
  expect(Array.from(read.parents)).toEqual([0, 0, 1, 2]);
});
test.skipIf(data === '')('the SURF week has 6 295 tasks and 2 323 475 fragments', async () => {
  const { tasks: read, use } = await importOpendc(join(data, 'opendc/workload_traces/surf_week'));
  expect(read.count).toBe(6_295);
  expect(use?.milliCpu.length).toBe(2_323_475);
});

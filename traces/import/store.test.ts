import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { openParquetGroups } from '../readers/parquet-groups.ts';
import { eventColumns, hostColumns, type ImportedTrace, serviceColumns, taskColumns } from './canonical.ts';
import { writeImport } from './store.ts';
import { readUsage } from './store-services.ts';
import { createTestFiles } from './test-files.ts';
import { readImport } from './test-read.ts';
import { openDuckdb, sqlText } from './usage-duckdb.ts';
import { parquetSink } from './usage-sink.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const trace: ImportedTrace = {
  format: 'opendc',
  startUnixMs: 1_665_093_600_000,
  hosts: hostColumns([
    {
      id: 'n/1',
      milliCpu: 96_000,
      memMib: 393_216,
      gpus: 2,
      gpuModel: 'T4',
      labels: { a: 'b|c' },
      taints: ['x:NoExecute', 'y=1:NoSchedule'],
    },
    { id: 'n-2', milliCpu: 4_000, memMib: Number.NaN },
  ]),
  tasks: taskColumns([
    {
      id: 'späť',
      submitMs: 5,
      durationMs: Number.NaN,
      requestMilliCpu: 1_500,
      requestMemMib: 0.25,
      group: 'g',
      host: 'n-2',
    },
    {
      id: '2',
      submitMs: 0,
      durationMs: 9,
      requestMilliCpu: 100,
      requestMemMib: 3,
      gpus: 1,
      gpuMilli: 460,
      gpuModels: ['A', 'B'],
    },
    {
      id: '3',
      submitMs: 7,
      durationMs: 1,
      requestMilliCpu: 1,
      requestMemMib: 1,
      parents: ['2', 'späť'],
      qos: 'BE',
      status: 'done',
      limitMilliCpu: 2,
      labels: { app: 'x' },
    },
  ]).tasks,
  use: {
    useStart: Int32Array.of(0, 2, 2, 3),
    durationMs: Float64Array.of(1, 2, 3),
    milliCpu: Float64Array.of(0.5, 100, 7),
  },
  columns: { 'tasks.requestMilliCpu': { kind: 'absolute', from: 'cores', scale: 1_000 } },
  notes: ['1 thing was left out'],
};

test('what is written is read again: three tasks, two hosts, three pieces of use, unknowns as NaN', async () => {
  await writeImport(trace, files.path('a'));
  expect(await readImport(files.path('a'))).toEqual(trace);
});

test('a trace without use and without hosts has neither after reading', async () => {
  const bare = { ...trace, use: null, hosts: hostColumns([]), startUnixMs: null };
  await writeImport(bare, files.path('b'));
  expect(await readImport(files.path('b'))).toEqual(bare);
});

test('a folder without trace.json was never finished and is refused; so is another version', async () => {
  await writeImport(trace, files.path('c'));
  rmSync(join(files.path('c'), 'trace.json'));
  await expect(readImport(files.path('c'))).rejects.toThrow(/trace\.json: cannot be read \(ENOENT/);
  files.write('c/trace.json', '{"version": 4}');
  await expect(readImport(files.path('c'))).rejects.toThrow(/version is 4; this program reads 1 to 3/);
});

const full: ImportedTrace = {
  ...trace,
  services: serviceColumns([
    {
      id: 'vm/1=',
      kind: 'vm',
      requestMilliCpu: 2_000,
      requestMemMib: Number.NaN,
      group: 'd',
      replicas: 3,
      startMs: 5,
      limitMilliCpu: 4_000,
      limitMemMib: 8,
      status: 'Running',
      labels: { app: 'web' },
    },
    { id: 'b', kind: 'host', requestMilliCpu: 1, requestMemMib: 2, endMs: 9, qos: 'prod', host: 'n' },
  ]),
  events: eventColumns([
    { timeMs: 9, id: 'n', kind: 'remove' },
    { timeMs: 3, id: 'n', kind: 'add', detail: 'x' },
  ]),
};

test('services, events and 130 000 samples of use are read again, the samples in three groups of at most 61 440', async () => {
  await writeImport(full, files.path('d'));
  expect(await readImport(files.path('d'))).toEqual(full);
  const table = parquetSink(files.path('d')).open('cpu');
  for (let row = 0; row < 130_000; row++)
    table.add(row % 2 === 0 ? 'vm/1=' : 'b', row, row / 2, Number.NaN, 1, () => '');
  expect(table.finish()).toEqual(['b', 'vm/1=']);
  const sizes: number[] = [];
  let sum = 0;
  for await (const batch of readUsage(files.path('d'))) {
    sizes.push(batch.count);
    for (let row = 0; row < batch.count; row++) if (batch.ids[row] === 'b') sum += batch.milliCpu[row];
    expect(batch.peakMilliCpu.every(Number.isNaN)).toBe(true);
  }
  expect(sizes).toEqual([30_720, 30_720, 30_720, 30_720, 7_120]);
  // Odd rows 1, 3, .. 129 999: half of their sum 65 000^2.
  expect(sum).toBe((65_000 * 65_000) / 2);
});

test('a folder of version 2 has no limits, labels or status of services; its tables of use have no throttled share', async () => {
  await writeImport(full, files.path('v2'));
  const drop = (name: string, columns: readonly string[]) => {
    const path = join(files.path('v2'), name);
    const columnData: Parameters<typeof parquetWriteFile>[0]['columnData'] = [];
    const file = openParquetGroups(path, []);
    for (const [column, type] of columns.map((text) => text.split(':')))
      columnData.push(
        type === 'text'
          ? { name: column, data: file.texts(0, column), type: 'STRING' }
          : { name: column, data: file.numbers(0, column), type: type === 'int' ? 'INT32' : 'DOUBLE' },
      );
    for (const column of columnData)
      if (column.type === 'INT32') column.data = Int32Array.from(column.data as number[]);
    parquetWriteFile({ filename: path, columnData });
  };
  const doubles = ['submitMs', 'durationMs', 'wallTimeMs', 'requestMilliCpu', 'requestMemMib', 'usedMilliCpu'];
  const taskTexts = ['id', 'group', 'gpuModels', 'qos', 'status', 'host', 'parents'].map((name) => `${name}:text`);
  const ints = ['instances', 'gpus', 'gpuMilli', 'useCount'].map((name) => `${name}:int`);
  drop('tasks.parquet', [...taskTexts, ...doubles, ...ints]);
  const serviceTexts = ['id', 'kind', 'group', 'qos', 'host'].map((name) => `${name}:text`);
  drop('services.parquet', [...serviceTexts, 'requestMilliCpu', 'requestMemMib', 'startMs', 'endMs', 'replicas:int']);
  const { version: _, ...record } = JSON.parse(readFileSync(join(files.path('v2'), 'trace.json'), 'utf8'));
  files.write('v2/trace.json', JSON.stringify({ version: 2, ...record }));
  const table = parquetSink(files.path('v2')).open('cpu');
  table.add('b', 0, 1, 2, 3, () => '');
  table.finish();

  const { tasks, services } = await readImport(files.path('v2'));
  expect(tasks.ids).toEqual(full.tasks.ids);
  expect(Array.from(tasks.limitMilliCpu)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(tasks.labels).toEqual([{}, {}, {}]);
  expect(services?.status).toEqual(['', '']);
  expect(Array.from(services?.limitMemMib ?? [])).toEqual([Number.NaN, Number.NaN]);
  for await (const batch of readUsage(files.path('v2')))
    expect([batch.memMib[0], batch.throttledShare[0]]).toEqual([3, Number.NaN]);
});

test('a table opened for it keeps the throttled share: .25, then unknown', async () => {
  const table = parquetSink(files.path('t')).open('pods', 'throttledShare');
  table.add('a', 0, 1, 2, 3, () => '', 0.25);
  table.add('a', 1, 1, 2, 3, () => '');
  table.finish();
  for await (const batch of readUsage(files.path('t')))
    expect(Array.from(batch.throttledShare)).toEqual([0.25, Number.NaN]);
});

const connection = await openDuckdb(files.path('tmp'));
if (connection === null) console.log('skipped: DuckDB is not installed');
afterAll(() => connection?.closeSync());

test.skipIf(connection === null)(
  'DuckDB opens each of the six tables and sees the rows, types and unknowns',
  async () => {
    await writeImport(full, files.path('e'));
    const table = parquetSink(files.path('e')).open('cpu');
    table.add('b', 5, 0.5, Number.NaN, 1, () => '');
    table.finish();
    const rows = async (name: string, columns: string) => {
      const path = sqlText(join(files.path('e'), `${name}.parquet`));
      return (await connection?.runAndReadAll(`SELECT ${columns} FROM ${path}`))?.getRowsJS();
    };
    expect(await rows('hosts', 'id, milliCpu, gpus, taints')).toEqual([
      ['n/1', 96_000, 2, 'x:NoExecute|y=1:NoSchedule'],
      ['n-2', 4_000, 0, ''],
    ]);
    expect(await rows('tasks', 'id, submitMs, isnan(durationMs), parents, useCount')).toEqual([
      ['2', 0, false, '', 2],
      ['späť', 5, true, '', 0],
      ['3', 7, false, '0 1', 1],
    ]);
    expect(await rows('use', 'durationMs, milliCpu')).toEqual([
      [1, 0.5],
      [2, 100],
      [3, 7],
    ]);
    expect(await rows('services', 'id, replicas, isnan(requestMemMib), qos')).toEqual([
      ['vm/1=', 3, true, ''],
      ['b', 1, false, 'prod'],
    ]);
    expect(await rows('events', 'timeMs, kind, detail')).toEqual([
      [3, 'add', 'x'],
      [9, 'remove', ''],
    ]);
    expect(await rows('usage/cpu', 'id, timeMs, milliCpu, isnan(peakMilliCpu), memMib')).toEqual([
      ['b', 5, 0.5, true, 1],
    ]);
  },
);

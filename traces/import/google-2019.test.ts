import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { importGoogle2019 } from './google-2019.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';
import { openDuckdb, sqlText } from './usage-duckdb.ts';

const files = createTestFiles();
afterAll(() => files.remove());
const lines = (name: string, rows: object[]) => files.write(name, rows.map((row) => JSON.stringify(row)).join('\n'));

const machines = lines('machine_events.json', [
  { time: '0', machine_id: '23', type: 1, capacity: { cpus: 0.5, memory: 0.25 }, platform_id: 'p' },
  { time: '700000000', machine_id: '23', type: 'REMOVE' },
]);
const collections = lines('collection_events.json', [
  { time: '0', type: 0, collection_id: '330587230000', collection_type: 1 },
  { time: '0', type: 0, collection_id: '9', collection_type: 0, start_after_collection_ids: ['8', '7'] },
]);
const event = (time: string, type: number, collection: string, machine: string) => ({
  time,
  type,
  collection_id: collection,
  instance_index: 0,
  machine_id: machine,
  priority: 200,
  alloc_instance_index: '-1',
  resource_request: { cpus: 0.25, memory: 0.125 },
});
const instances = lines('instance_events-00.json', [
  event('600000000', 0, '8', '0'),
  event('601000000', 3, '8', '23'),
  event('611000000', 4, '8', '23'),
  event('620000000', 3, '8', '-1'),
  event('650000000', 6, '8', '-1'),
  event('0', 0, '9', '0'),
  event('0', 0, '330587230000', '0'),
]);
const deciles = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((value) => value / 10);
const usage = lines('instance_usage-00.json', [
  {
    start_time: '900000000',
    end_time: '1200000000',
    collection_id: '8',
    instance_index: '0',
    average_usage: { cpus: 0.125, memory: 0.5 },
    maximum_usage: { cpus: 0.75 },
    cpu_usage_distribution: deciles,
  },
  {
    start_time: '1200000000',
    collection_id: '8',
    instance_index: '0',
    average_usage: { cpus: 0.25 },
    cpu_usage_distribution: deciles,
  },
  {
    start_time: '1500000000',
    collection_id: '8',
    instance_index: '0',
    average_usage: { cpus: 0.25 },
    cpu_usage_distribution: deciles.slice(1),
  },
]);

test('numbers as text; the run after the eviction lasts 30 s on a dedicated machine; alloc sets are no tasks; 9 waits for 8, 7 is lost', async () => {
  const { context, samples } = testContext({ scale: { cpu: 64, mem: 1000 } });
  const { tasks, hosts, events, notes } = await importGoogle2019([machines, collections, instances, usage], context);
  expect(tasks.ids).toEqual(['8/0', '9/0']);
  expect(Array.from(tasks.durationMs)).toEqual([30_000, Number.NaN]);
  expect(tasks.hosts).toEqual(['', '']);
  expect(tasks.requestMilliCpu[0]).toBe(16_000);
  expect(Array.from(tasks.parents)).toEqual([0]);
  expect(hosts.milliCpu[0]).toBe(32_000);
  expect(Array.from(events?.timeMs ?? [])).toEqual([0, 100_000]);
  // The maximum is given once; then the 11th value of the distribution stands in; 10 values are not used.
  expect(samples.map((one) => [one.timeMs, one.milliCpu, one.peakMilliCpu])).toEqual([
    [300_000, 8_000, 48_000],
    [600_000, 16_000, 64_000],
    [900_000, 16_000, Number.NaN],
  ]);
  expect(notes).toEqual([
    '1 events are of alloc sets, which hold jobs; they are not tasks',
    '2 events are on a dedicated machine (-1): no host is kept',
    '1 times an instance was evicted, failed or lost and may have run again',
    '1 distributions do not have 11 values and are not used',
    '1 collections to wait for are not in the trace',
  ]);
});

test('machine 0 is none and an update of a machine its new size; names and numbers of types mean the same; an alloc index of -1 is no alloc', async () => {
  const hosts = lines('up/machine_events.json', [
    { time: '600000000', machine_id: '7', type: 'ADD', capacity: { cpus: 0.5, memory: 0.5 } },
    { time: '601000000', machine_id: '7', type: 3, capacity: { cpus: 1, memory: 0.25 } },
  ]);
  const runs = lines('up/instance_events-00.json', [
    { ...event('600000000', 0, '8', '0'), type: 'SUBMIT' },
    { ...event('601000000', 0, '8', '0'), type: 'QUEUE' },
    { ...event('602000000', 0, '8', '0'), type: 'ENABLE' },
    { ...event('603000000', 0, '8', '7'), type: 'SCHEDULE' },
    { ...event('604000000', 10, '8', '7'), resource_request: { cpus: 0.5, memory: 0.125 } },
    { ...event('613000000', 0, '8', '7'), type: 'KILL', resource_request: undefined },
  ]);
  const { context } = testContext({ scale: { cpu: 64, mem: 1000 } });
  const read = await importGoogle2019([hosts, runs], context);
  expect(Array.from(read.hosts.milliCpu)).toEqual([64_000]);
  expect(Array.from(read.hosts.memMib)).toEqual([250]);
  expect(read.events?.kinds).toEqual(['add', 'update']);
  expect(Array.from(read.tasks.durationMs)).toEqual([10_000]);
  expect(read.tasks.hosts).toEqual(['7']);
  expect(Array.from(read.tasks.requestMilliCpu)).toEqual([32_000]);
});

test('a cut line, an id that lost its digits and an unknown event are named, or skipped and listed', async () => {
  const bad = files.write(
    'bad/instance_events.json',
    `${JSON.stringify(event('0', 0, '1', '0'))}\n{"time":\n{"collection_id":93372036854775807}\n${JSON.stringify(event('0', 77, '1', '0'))}`,
  );
  await expect(importGoogle2019([bad], testContext().context)).rejects.toThrow(/json:2 is not JSON/);
  const { context } = testContext({ skipInvalid: true });
  expect((await importGoogle2019([bad], context)).tasks.count).toBe(1);
  expect(context.drops.listed[1]).toMatch(/json:3: collection_id is 93372036854775\d+; an id as text is expected/);
  expect(context.drops.listed[2]).toMatch(/json:4: type is 77; known: submit, queue/);
});

const TYPES: Readonly<Record<string, string>> = {
  time: 'BIGINT',
  start_time: 'BIGINT',
  end_time: 'BIGINT',
  machine_id: 'BIGINT',
  collection_id: 'BIGINT',
  alloc_instance_index: 'BIGINT',
  instance_index: 'BIGINT',
  type: 'INTEGER',
  priority: 'INTEGER',
  collection_type: 'INTEGER',
  platform_id: 'VARCHAR',
  start_after_collection_ids: 'BIGINT[]',
  capacity: 'STRUCT(cpus FLOAT, memory FLOAT)',
  resource_request: 'STRUCT(cpus FLOAT, memory FLOAT)',
  average_usage: 'STRUCT(cpus FLOAT, memory FLOAT)',
  maximum_usage: 'STRUCT(cpus FLOAT, memory FLOAT)',
  cpu_usage_distribution: 'FLOAT[]',
};

/** The rows of a JSON file as the columns of a BigQuery export: 64-bit integers, groups and lists instead of text. */
async function asParquet(
  jsonPath: string,
  name: string,
  change: (row: Record<string, unknown>) => object = (row) => row,
) {
  const rows = readFileSync(jsonPath, 'utf8')
    .split('\n')
    .map((line) => change(JSON.parse(line)) as Record<string, unknown>);
  const columns = Array.from(new Set(rows.flatMap((row) => Object.keys(row))));
  const literal = (value: unknown): string => {
    if (value === undefined) return 'NULL';
    if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
    if (typeof value !== 'object' || value === null) return sqlText(String(value));
    return `{${Object.entries({ cpus: undefined, memory: undefined, ...value })
      .map(([key, inner]) => `'${key}': ${literal(inner)}`)
      .join(', ')}}`;
  };
  const path = files.path(name);
  const connection = await openDuckdb(files.path('tmp'));
  if (connection === null) throw new Error('the test needs DuckDB');
  const selects = rows.map(
    (row) => `SELECT ${columns.map((one) => `${literal(row[one])}::${TYPES[one]} AS ${one}`).join(', ')}`,
  );
  // Two rows a group, so that rows are counted over groups.
  await connection.run(`COPY (${selects.join(' UNION ALL ')}) TO ${sqlText(path)} (FORMAT parquet, ROW_GROUP_SIZE 2)`);
  connection.closeSync();
  return path;
}

test('Parquet of the same rows gives the same trace; a BigInt keeps every digit of an id', async () => {
  const numbered = (row: Record<string, unknown>) => ({ ...row, type: row.type === 'REMOVE' ? 2 : row.type });
  const wide = (row: Record<string, unknown>) =>
    row.collection_id === '9' ? { ...row, collection_id: '9007199254740993' } : row;
  const parquet = [
    await asParquet(machines, 'machine_events.parquet', numbered),
    await asParquet(collections, 'collection_events.parquet', wide),
    await asParquet(instances, 'instance_events.parquet', wide),
    await asParquet(usage, 'instance_usage.parquet'),
  ];
  const [a, b] = [testContext({ scale: { cpu: 64, mem: 1000 } }), testContext({ scale: { cpu: 64, mem: 1000 } })];
  const [fromJson, fromParquet] = [
    await importGoogle2019([machines, collections, instances, usage], a.context),
    await importGoogle2019(parquet, b.context),
  ];
  expect(fromParquet.tasks.ids).toEqual(['8/0', '9007199254740993/0']);
  expect({
    ...fromParquet,
    tasks: { ...fromParquet.tasks, ids: fromJson.tasks.ids, groups: fromJson.tasks.groups },
  }).toEqual(fromJson);
  expect(b.samples).toEqual(a.samples);
});

test('a Parquet row that is wrong is named by its number in the file; a file that is cut off is named', async () => {
  const odd = await asParquet(instances, 'odd-instance_events.parquet', (row) =>
    row.time === '650000000' ? { ...row, type: 77 } : row,
  );
  await expect(importGoogle2019([odd], testContext().context)).rejects.toThrow(/parquet:5: type is 77; known: submit/);
  const { context } = testContext({ skipInvalid: true });
  expect((await importGoogle2019([odd], context)).tasks.count).toBe(3);
  expect(context.drops.count).toBe(1);
  const cut = files.path('cut-instance_events.parquet');
  writeFileSync(cut, readFileSync(odd).subarray(0, 900));
  await expect(importGoogle2019([cut], testContext().context)).rejects.toThrow(/cut-instance_events\.parquet:1 /);
});

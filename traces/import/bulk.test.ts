/** Tables laid down on disk against the same tables in memory: every file of hand-made traces has to be the same. */
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { runImport } from './run-import.ts';
import { readUsage } from './store-services.ts';
import { createTestFiles } from './test-files.ts';
import { readImport } from './test-read.ts';

const files = createTestFiles();
afterAll(() => files.remove());

async function importBoth(format: string, paths: readonly string[], skipInvalid = false) {
  const one = async (out: string, bulkBytes: number, duckdb = true) => {
    const request = { format, paths, out: files.path(out), skipInvalid, scale: {}, duckdb, bulkBytes };
    const steps = new Map<string, number[]>();
    const onStep = (step: string, share: number) => void steps.set(step, [...(steps.get(step) ?? []), share]);
    const { drops, trace: found } = await runImport({ ...request, onStep });
    expect(steps.size > 0).toBe(bulkBytes === 0);
    for (const shares of steps.values()) {
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect([shares[0], shares.every((share) => share < 1)]).toEqual([0, true]);
    }
    const { columns, ...trace } = await readImport(files.path(out));
    const usage: unknown[] = [];
    for await (const { table, ids, timeMs, milliCpu } of readUsage(files.path(out)))
      usage.push([table, ids, Array.from(timeMs), Array.from(milliCpu)]);
    // Parts are read one after another, so that what is dropped comes in another order.
    const dropped = { count: drops.count, listed: drops.listed.toSorted() };
    const notes = trace.notes.toSorted();
    return {
      ...{ trace: { ...trace, notes }, usage, files: readdirSync(files.path(out)).sort() },
      ...{ drops: dropped, stored: found.stored },
    };
  };
  const memory = await one(`${format}-memory`, 1e12);
  const bulk = await one(`${format}-bulk`, 0);
  expect(memory.stored).toBeUndefined();
  const { stored, ...laidDown } = bulk;
  expect(laidDown).toEqual({ ...memory, stored: undefined });
  expect(await one(`${format}-plain`, 0, false)).toEqual(bulk);
  return { ...memory, stored };
}

const lines = (rows: readonly (readonly (string | number)[])[]) => rows.map((row) => `${row.join(',')}\n`).join('');

test('Google 2011: 40 tasks of events in four orders, half of them measured', async () => {
  const events: (string | number)[][] = [];
  for (const type of [0, 1, 4])
    for (let task = 39; task >= 0; task--)
      events.push([
        (600 + type * 10 + (task % 7)) * 1e6,
        '',
        task % 4,
        task,
        type === 1 ? 'm' : '',
        type,
        'u',
        1,
        task % 12,
        0.5,
        0.25,
        0,
        0,
      ]);
  const usage = Array.from({ length: 20 }, (_, task) => [
    ...[900e6, 1200e6, task % 4, task, 'm', 0.1, 0.2, 0, 0, 0, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0],
  ]);
  const paths = [
    files.write('g/task_events/part-00000-of-00001.csv', lines(events)),
    files.write(
      'g/task_usage/part-00000-of-00001.csv',
      lines([...usage, [900e6, 1200e6, 9, 9, 'm', ...Array(15).fill(0)]]),
    ),
  ];
  const { trace, stored } = await importBoth('google-2011', paths);
  expect(stored).toEqual({ tasks: { count: 40, withDuration: 40, lastSubmitMs: 6_000 }, services: 21 });
  expect(trace.tasks.ids.slice(0, 3)).toEqual(['3/35', '0/28', '1/21']);
  expect(trace.services?.requestMilliCpu[0]).toBe(500);
});

test('Google 2011 without a table of use: no services, and the folder is read back', async () => {
  const event = (type: number) => [(600 + type) * 1e6, '', 1, 0, 'm', type, 'u', 1, 5, 0.5, 0.25, 0, 0];
  const path = files.write('n/task_events/part-00000-of-00001.csv', lines([0, 1, 4].map(event)));
  const { trace, stored } = await importBoth('google-2011', [path]);
  expect([trace.tasks.count, trace.services?.count, stored?.services]).toEqual([1, 0, 0]);
});

test('Google 2019: jobs that wait for jobs, 64-bit ids and an alloc set', async () => {
  const collection = (id: string, more: object) => JSON.stringify({ collection_id: id, time: '0', type: 0, ...more });
  const instance = (id: string, index: number, type: number, second: number) =>
    JSON.stringify({
      ...{ time: String((600 + second) * 1e6), type, collection_id: id, instance_index: index, priority: 200 },
      ...{ machine_id: '7', resource_request: { cpus: 0.5, memory: 0.25 } },
    });
  const ids = ['9223372036854775806', '12', '13', '14'];
  const rows = ids.flatMap((id, at) =>
    [0, 1].flatMap((index) => [0, 3, 6].map((type) => instance(id, index, type, at + type))),
  );
  const paths = [
    files.write(
      'h/collection_events.json',
      [
        collection('13', { start_after_collection_ids: ['9223372036854775806', '99'] }),
        collection('14', { collection_type: 1 }),
      ].join('\n'),
    ),
    files.write('h/instance_events.json', rows.join('\n')),
    files.write(
      'h/instance_usage.json',
      JSON.stringify({ start_time: '900000000', collection_id: '12', instance_index: 1, average_usage: { cpus: 0.1 } }),
    ),
  ];
  const { trace } = await importBoth('google-2019', paths);
  expect(trace.tasks.count).toBe(6);
  // The two parts of 13 wait for the last part of the first job, row 1; 99 is lost.
  expect(Array.from(trace.tasks.parents)).toEqual([1, 1]);
  expect(trace.notes).toContain('2 collections to wait for are not in the trace');
});

test('Alibaba 2018: a graph of tasks with parents, repeated names, instances; and what is skipped', async () => {
  const task = (name: string, job: string, start: number) => [
    name,
    2,
    job,
    1,
    'Terminated',
    start,
    start + 50,
    100,
    0.5,
  ];
  const rows = ['j_1', 'j_2', 'j_3'].flatMap((job, at) => [
    task('M1', job, 100 - at),
    task('R3_2_1', job, 90),
    task('M2', job, 95),
    task('M2', job, 96),
    task('J4_9', job, 97),
    ['bad', 0, job, 1, 'x', 1, 2, 3, 4],
  ]);
  const instance = (job: string, task: string) => ['i', task, job, 1, 'Terminated', 100, 140, 'm', 1, 1, 50, 60, 1, 1];
  const paths = [
    files.write('a/batch_task.csv', lines(rows)),
    files.write(
      'a/batch_instance.csv',
      lines([instance('j_2', 'M1'), instance('j_3', 'R3_2_1'), instance('j_2', 'M1')]),
    ),
  ];
  const { trace, drops } = await importBoth('alibaba-2018', paths, true);
  expect(drops.count).toBe(3);
  expect(trace.tasks.count).toBe(15);
  const row = trace.tasks.ids.indexOf('j_2/R3_2_1');
  const parents = trace.tasks.parents.slice(trace.tasks.parentStart[row], trace.tasks.parentStart[row + 1]);
  expect(Array.from(parents, (parent) => trace.tasks.ids[parent])).toEqual(['j_2/M2#2', 'j_2/M1']);
});

test('Alibaba 2017: tasks that repeat, with instances of each', async () => {
  const paths = [
    files.write(
      'b/batch_task.csv',
      lines([
        [10, 60, 1, 1, 2, 'Terminated', 50, 0.1],
        [5, 9, 2, 1, 1, 'Failed', 50, 0.1],
        [11, 60, 1, 1, 3, 'Terminated', 100, 0.1],
      ]),
    ),
    files.write(
      'b/batch_instance.csv',
      lines([
        [20, 40, 1, 1, 'm', 'Terminated', 1, 1, 1, 0.5, 0, 0],
        [30, 60, 1, 1, 'm', 'Terminated', 1, 1, 1, 1, 0, 0],
      ]),
    ),
  ];
  const { trace } = await importBoth('alibaba-2017', paths);
  expect(Array.from(trace.tasks.durationMs)).toEqual([Number.NaN, 40_000]);
});

test('GPU v2020 and v2025: users and hosts from other tables; an instance that comes twice is dropped', async () => {
  const paths = [
    files.write(
      'c/pai_task_table.csv',
      lines([
        ['j1', 'w', 2, 'Terminated', 10, 20, 600, 29, 50, 'T4'],
        ['j2', 'w', 1, 'Failed', 5, '', 100, 1, 0, ''],
      ]),
    ),
    files.write('c/pai_instance_table.csv', lines([['j1', 'w', 'i', 'x', 'y', 'Terminated', 10, 20, 'host-1']])),
    files.write('c/pai_job_table.csv', lines([['j1', 'x', 'user-1', 'Terminated', 10, 20]])),
  ];
  const v2020 = await importBoth('gpu-v2020', paths);
  expect([v2020.trace.tasks.qos, v2020.trace.tasks.hosts]).toEqual([
    ['', 'user-1'],
    ['', 'host-1'],
  ]);
  const head =
    'instance_sn,role,app_name,cpu_request,gpu_request,memory_request,max_instance_per_node,creation_time,scheduled_time,deletion_time\n';
  // The row that is dropped is in no note: on disk repeats are found after the notes are counted.
  const list = files.write('d.csv', `${head}a,CN,x,8,0,16,-1,5,6,9\nb,HN,x,4,1,16,1,3,4,\na,HN,x,4,1,16,-1,1,4,7\n`);
  const v2025 = await importBoth('gpu-v2025', [list], true);
  expect(v2025.drops.listed).toEqual([`${list}:4 instance a appears a second time`]);
  expect(v2025.trace.tasks.ids).toEqual(['b', 'a']);
});

test('Azure: VMs of the table in its order, then those that are only measured; a VM that comes twice is refused by row', async () => {
  const vm = (id: string, cores: number) => [id, 's', 'd', 0, 2591400, 90, 5, 11, 'Interactive', cores, 4];
  const table = files.write('e/vmtable.csv', lines([vm('z=', 2), vm('a/', 4)]));
  const readings = files.write(
    'e/vm_cpu_readings-file-1-of-1.csv',
    lines([
      [300, 'a/', 1, 60, 50],
      [300, 'q', 1, 60, 50],
      [300, 'b', 1, 60, 50],
    ]),
  );
  const { trace, stored } = await importBoth('azure', [table, readings]);
  expect(trace.services?.ids).toEqual(['z=', 'a/', 'b', 'q']);
  expect(stored).toEqual({ services: 4 });
  const twice = files.write('f/vmtable.csv', lines([vm('a', 2), vm('b', 2), vm('a', 4)]));
  const request = { format: 'azure', paths: [twice], scale: {}, duckdb: true, bulkBytes: 0 };
  await expect(runImport({ ...request, out: files.path('twice'), skipInvalid: false })).rejects.toThrow(
    /f\/vmtable\.csv:3 VM a appears a second time/,
  );
  expect(readdirSync(files.path('.')).filter((name) => name.startsWith('twice'))).toEqual([]);
  const { drops } = await runImport({ ...request, out: files.path('once'), skipInvalid: true });
  expect(drops.count).toBe(1);
  expect(Array.from((await readImport(files.path('once'))).services?.requestMilliCpu ?? [])).toEqual([2_000, 2_000]);
});

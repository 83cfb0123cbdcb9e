import { afterAll, describe, expect, test } from 'vitest';
import { keyedWord } from '../sim/kernel/random.ts';
import { hostColumns, type ImportedTasks, type TaskRow, taskColumns } from './import/canonical.ts';
import { createRowWriter } from './import/row-writer.ts';
import { writeImport } from './import/store.ts';
import { createTestFiles } from './import/test-files.ts';
import { openTaskTable } from './task-table.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const DAY_MS = 86_400_000;

/** Four days of tasks in jobs that come back later; every third waits for one or two before it, every seventh has no job. */
function rowsOf(seed: number, count: number): TaskRow[] {
  const draw = (row: number, part: number, below: number) => (keyedWord(seed * 10 + part, row) >>> 0) % below;
  return Array.from({ length: count }, (_, row) => {
    const parents = row % 3 === 0 && row > 0 ? [`t${draw(row, 1, row)}`, `t${draw(row, 2, row)}`] : [];
    return {
      id: `t${row}`,
      group: row % 7 === 0 ? '' : `j${draw(row, 3, 40)}`,
      submitMs: Math.floor((row / count) * 4 * DAY_MS),
      durationMs: row % 5 === 0 ? Number.NaN : draw(row, 4, 1_000),
      requestMilliCpu: 1 + draw(row, 5, 4_000),
      requestMemMib: Number.NaN,
      instances: 1 + draw(row, 6, 3),
      parents: Array.from(new Set(parents)),
    };
  });
}

async function folderOf(name: string, tasks: ImportedTasks): Promise<string> {
  await writeImport(
    { format: 'made', startUnixMs: null, hosts: hostColumns([]), tasks, use: null, columns: {}, notes: [] },
    files.path(name),
  );
  return files.path(name);
}

/** Jobs and parents of rows [first, end) from the columns in memory, by names. */
function graphOf(tasks: ImportedTasks, first: number, end: number) {
  const rows = Array.from({ length: end - first }, (_, at) => first + at);
  const names = rows.map((row) => (tasks.groups[row] === '' ? tasks.ids[row] : tasks.groups[row]));
  const seen = Array.from(new Set(names));
  const parents = rows.map((row) =>
    Array.from(
      tasks.parents.subarray(tasks.parentStart[row], tasks.parentStart[row + 1]),
      (parent) => parent - first,
    ).filter((parent) => parent >= 0 && parent < end - first),
  );
  return { jobs: seen.length, jobOf: names.map((name) => seen.indexOf(name)), parents };
}

describe('2,500 tasks over four days, in row groups of 1,000 and more', () => {
  const { tasks } = taskColumns(rowsOf(1, 2_500));

  test.each([
    [0, 99, 0, 2_500],
    [0, 1, 0, 625],
    [1, 3, 625, 1_875],
    [3, 9, 1_875, 2_500],
    [5, 6, 2_500, 2_500],
  ])('days %i to %i are rows %i to %i of the same columns, jobs and parents', async (fromDay, toDay, first, end) => {
    const table = openTaskTable(await folderOf('days', tasks), { fromDay, toDay });
    expect(table.count).toBe(end - first);
    expect(table.submitMs()).toEqual(tasks.submitMs.slice(first, end).map((ms) => ms - fromDay * DAY_MS));
    expect(table.derive(['durationMs'], ([ms], row) => ms[row])).toEqual(tasks.durationMs.slice(first, end));
    const perInstance = table.derive(
      ['requestMilliCpu', 'instances'],
      ([milli, parts], row) => milli[row] / parts[row],
    );
    expect(perInstance).toEqual(
      tasks.requestMilliCpu.map((milli, row) => milli / tasks.instances[row]).slice(first, end),
    );
    const { jobs, jobOf, parentStart, parents } = table.graph();
    const lists = Array.from(jobOf, (_, row) => Array.from(parents.subarray(parentStart[row], parentStart[row + 1])));
    expect({ jobs, jobOf: Array.from(jobOf), parents: lists }).toEqual(graphOf(tasks, first, end));
  });
});

test('a folder of version 1 has no instances: each task is one', async () => {
  const writer = createRowWriter(
    files.path('tasks.parquet'),
    [
      ['id', 'text'],
      ['group', 'text'],
      ['submitMs', 'double'],
      ['parents', 'text'],
    ],
    () => 1e12,
  );
  writer.add(['a', '', 5, ''], () => '');
  writer.finish();
  const table = openTaskTable(files.path('.'));
  expect(table.derive(['instances', 'submitMs'], ([parts, ms], row) => parts[row] + ms[row])).toEqual(
    Float64Array.of(6),
  );
});

test('rows that are not in the order of submission are refused by their number', async () => {
  const { tasks } = taskColumns(rowsOf(2, 10));
  tasks.submitMs[6] = 0;
  const folder = await folderOf('order', tasks);
  expect(() => openTaskTable(folder)).toThrow(/tasks\.parquet:7 is submitted before the row above it/);
});

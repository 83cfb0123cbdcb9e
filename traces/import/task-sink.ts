/**
 * Where the tasks of an import go: to memory, or, when there are too many, over the disk to tasks.parquet.
 *
 * Both end in the same rows: ordered by submit time and then by their row in the source, parents as row numbers.
 */
import { join } from 'node:path';
import { fail, TraceError } from '../../policies/base/assert.ts';
import type { Bulk } from './bulk.ts';
import { type ImportedTasks, type StoredTasks, type TaskRow, taskColumns } from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { createLanes, type Lanes, laneOf } from './lanes.ts';
import { createRepeatedIds } from './repeated-ids.ts';
import { createRowWriter, type RowColumns } from './row-writer.ts';

export interface TaskRead {
  /** Empty when they are in a file already. */
  readonly tasks: ImportedTasks;
  readonly lostParents: number;
  readonly stored?: StoredTasks;
}

export interface TaskSink {
  /** Ids are unique; `seq` is the row in the source. */
  add(row: TaskRow, seq: number): void;
  finish(): Promise<TaskRead>;
}

/** Columns of tasks.parquet, as store.ts writes them. */
export const TASK_COLUMNS: RowColumns = [
  ['id', 'text'],
  ['group', 'text'],
  ['submitMs', 'double'],
  ['durationMs', 'double'],
  ['wallTimeMs', 'double'],
  ['requestMilliCpu', 'double'],
  ['requestMemMib', 'double'],
  ['usedMilliCpu', 'double'],
  ['limitMilliCpu', 'double'],
  ['limitMemMib', 'double'],
  ['instances', 'int'],
  ['gpus', 'int'],
  ['gpuMilli', 'int'],
  ['gpuModels', 'text'],
  ['qos', 'text'],
  ['status', 'text'],
  ['host', 'text'],
  ['labels', 'text'],
  ['parents', 'text'],
  ['useCount', 'int'],
];
const PARENTS = TASK_COLUMNS.findIndex(([name]) => name === 'parents');
const SUBMIT = TASK_COLUMNS.findIndex(([name]) => name === 'submitMs');
/** Between ids of parents while they are ids; no id of a line holds one. */
const PARENT_SEPARATOR = '\n';

/** `repeated` says that an id may come again, and what to say of it then; in memory the caller looks for that itself. */
export function openTasks(context: ImportContext, repeated?: (id: string, seq: number) => string): TaskSink {
  return context.bulk === null ? memoryTasks() : storedTasks(context.bulk, context, repeated);
}

export interface WaitingTasks {
  add(row: TaskRow, seq: number): void;
  /** Gives every task back, once. */
  each(take: (row: TaskRow, seq: number) => void): Promise<void>;
}

/** Tasks whose parents are only known when all tasks were read. */
export function openWaiting(context: ImportContext): WaitingTasks {
  const { bulk } = context;
  if (bulk === null) {
    const rows: [TaskRow, number][] = [];
    return {
      add: (row, seq) => void rows.push([row, seq]),
      each: async (take) => rows.forEach(([row, seq]) => void take(row, seq)),
    };
  }
  const lanes = createLanes(join(bulk.scratch, 'waiting'), 1, bulk.freeBytes);
  // JSON has no NaN.
  const revive = (_: string, value: unknown) => value ?? Number.NaN;
  return {
    add: (row, seq) => lanes.add(0, JSON.stringify([row, seq]), row.id),
    each: (take) => lanes.read(0, (line) => void take(...(JSON.parse(line, revive) as [TaskRow, number]))),
  };
}

function memoryTasks(): TaskSink {
  const rows: { row: TaskRow; seq: number }[] = [];
  return {
    add: (row, seq) => void rows.push({ row, seq }),
    finish: async () => taskColumns(rows.sort((a, b) => a.seq - b.seq).map(({ row }) => row)),
  };
}

function valuesOf(row: TaskRow): (string | number)[] {
  const nan = Number.NaN;
  return [
    row.id,
    row.group ?? '',
    row.submitMs,
    row.durationMs,
    row.wallTimeMs ?? nan,
    row.requestMilliCpu,
    row.requestMemMib,
    row.usedMilliCpu ?? nan,
    row.limitMilliCpu ?? nan,
    row.limitMemMib ?? nan,
    row.instances ?? 1,
    row.gpus ?? 0,
    row.gpuMilli ?? 0,
    (row.gpuModels ?? []).join('|'),
    row.qos ?? '',
    row.status ?? '',
    row.host ?? '',
    JSON.stringify(row.labels ?? {}),
    (row.parents ?? []).join(PARENT_SEPARATOR),
    0,
  ];
}

export interface TaskBatches {
  /** Tasks that are submitted after all before them, in any order; their parents are among them. */
  add(rows: readonly TaskRow[]): void;
  finish(): StoredTasks;
}

/** Writes `folder`/tasks.parquet batch by batch. */
export function writeTaskBatches(folder: string, freeBytes: () => number): TaskBatches {
  const writer = createRowWriter(join(folder, 'tasks.parquet'), TASK_COLUMNS, freeBytes);
  let [count, withDuration, lastSubmitMs] = [0, 0, 0];
  return {
    add(rows) {
      const sorted = rows.toSorted((a, b) => a.submitMs - b.submitMs);
      const rowOf = new Map(sorted.map(({ id }, at) => [id, count + at]));
      for (const row of sorted) {
        const values = valuesOf(row);
        values[PARENTS] = (row.parents ?? []).map((id) => rowOf.get(id) ?? fail(`${row.id} waits for ${id}`)).join(' ');
        writer.add(values, () => row.id);
        if (!Number.isNaN(row.durationMs)) withDuration += 1;
        lastSubmitMs = row.submitMs;
      }
      count += sorted.length;
    },
    finish() {
      writer.finish();
      return { count, withDuration, lastSubmitMs };
    },
  };
}

/** A task as it is laid down: its columns, and its row in the source. */
type Laid = readonly [values: (string | number)[], seq: number];

/** Tasks of one range of time are in memory at once. */
const RANGE_TASKS = 8_192;
const MS_PER_MINUTE = 60_000;
/** Before every minute: many traces put all that was there before them at 0. */
const AT_START = -1e9;

/**
 * Rows are laid down as they come and then by time: ranges of minutes with so many tasks that one is sorted in memory. Parents are found by id
 * in parts, and go to the range of their child.
 */
function storedTasks(bulk: Bulk, context: ImportContext, repeated?: (id: string, seq: number) => string): TaskSink {
  const lanesOf = (name: string, count: number) => createLanes(join(bulk.scratch, name), count, bulk.freeBytes);
  const spool = lanesOf('tasks', 1);
  const ids = repeated === undefined ? null : createRepeatedIds(bulk);
  const perKey = new Map<number, number>();
  let [count, withDuration, lastSubmitMs, withParents] = [0, 0, 0, 0];
  return {
    add(row, seq) {
      const key = rangeKey(row.submitMs, seq);
      perKey.set(key, (perKey.get(key) ?? 0) + 1);
      spool.add(0, `${key} ${seq} ${JSON.stringify([valuesOf(row), seq] satisfies Laid)}`, row.id);
      ids?.add(row.id, seq);
      count += 1;
      if (!Number.isNaN(row.durationMs)) withDuration += 1;
      lastSubmitMs = Math.max(lastSubmitMs, row.submitMs);
      withParents += row.parents?.length ?? 0;
    },
    async finish() {
      const again = (await ids?.find()) ?? new Map<number, string>();
      for (const [seq, id] of again) dropRow(context, new TraceError(repeated?.(id, seq) ?? id));
      const { rangeOf, ranges } = rangesOf(perKey);
      const lanes = lanesOf('ranges', ranges);
      await spool.read(0, (line) => {
        const [key, seq] = line.split(' ', 2);
        if (!again.has(Number(seq)))
          lanes.add(rangeOf(Number(key)), line.slice(key.length + seq.length + 2), `task ${seq}`);
      });
      const links = withParents > 0 ? await linkParents(bulk, lanes) : null;
      const lostParents = await writeSorted(bulk, links?.lanes ?? lanes, links?.parents ?? null);
      const stored = { count: count - again.size, withDuration, lastSubmitMs };
      return { tasks: taskColumns([]).tasks, lostParents, stored };
    },
  };
}

function rangeKey(submitMs: number, seq: number): number {
  return submitMs === 0 ? AT_START + Math.floor(seq / RANGE_TASKS) : Math.floor(submitMs / MS_PER_MINUTE);
}

/** Neighbouring keys share a range until it is full. */
function rangesOf(perKey: ReadonlyMap<number, number>): { rangeOf: (key: number) => number; ranges: number } {
  const rangeOfKey = new Map<number, number>();
  let [range, tasks] = [0, 0];
  for (const [key, count] of Array.from(perKey).sort((a, b) => a[0] - b[0])) {
    if (tasks > 0 && tasks + count > RANGE_TASKS) {
      range += 1;
      tasks = 0;
    }
    rangeOfKey.set(key, range);
    tasks += count;
  }
  return { rangeOf: (key) => rangeOfKey.get(key) ?? 0, ranges: range + 1 };
}

/** Tasks of a range in their order; JSON has no NaN, which comes back as null. */
async function sortedRange(lanes: Lanes, range: number): Promise<Laid[]> {
  const tasks: Laid[] = [];
  await lanes.read(range, (line) => {
    const [values, seq] = JSON.parse(line) as [(string | number | null)[], number];
    for (let at = 0; at < values.length; at++) values[at] ??= Number.NaN;
    tasks.push([values as (string | number)[], seq]);
  });
  return tasks.sort((a, b) => (a[0][SUBMIT] as number) - (b[0][SUBMIT] as number) || a[1] - b[1]);
}

/** Rows of parents, by the range of their child: `row in the range, place among its parents, row of the parent or -1`. */
async function linkParents(bulk: Bulk, unsorted: Lanes): Promise<{ readonly lanes: Lanes; readonly parents: Lanes }> {
  const lanesOf = (name: string, count: number) => createLanes(join(bulk.scratch, name), count, bulk.freeBytes);
  const lanes = lanesOf('sorted', unsorted.count);
  const ids = lanesOf('row-of-id', bulk.parts);
  const asked = lanesOf('asked', bulk.parts);
  let row = 0;
  for (let range = 0; range < unsorted.count; range++) {
    bulk.onStep('parents looked for', range / unsorted.count);
    for (const [at, [values, seq]] of (await sortedRange(unsorted, range)).entries()) {
      const id = String(values[0]);
      ids.add(laneOf(id, bulk.parts), JSON.stringify([id, row]), id);
      const parents = String(values[PARENTS]);
      if (parents !== '')
        for (const [place, parent] of parents.split(PARENT_SEPARATOR).entries())
          asked.add(laneOf(parent, bulk.parts), JSON.stringify([parent, range, at, place]), id);
      lanes.add(range, JSON.stringify([values, seq]), id);
      row += 1;
    }
  }
  const parents = lanesOf('links', unsorted.count);
  for (let part = 0; part < bulk.parts; part++) {
    const rowOf = new Map<string, number>();
    await ids.read(part, (line) => void rowOf.set(...(JSON.parse(line) as [string, number])));
    await asked.read(part, (line) => {
      const [id, range, at, place] = JSON.parse(line) as [string, number, number, number];
      parents.add(range, `${at} ${place} ${rowOf.get(id) ?? -1}`, id);
    });
  }
  return { lanes, parents };
}

/** Writes tasks.parquet range by range; counts the parents that are lost. */
async function writeSorted(bulk: Bulk, lanes: Lanes, parents: Lanes | null): Promise<number> {
  const writer = createRowWriter(join(bulk.folder, 'tasks.parquet'), TASK_COLUMNS, bulk.freeBytes);
  let lost = 0;
  for (let range = 0; range < lanes.count; range++) {
    bulk.onStep('tasks written', range / lanes.count);
    const tasks = await sortedRange(lanes, range);
    const links: number[][] = [];
    await parents?.read(range, (line) => void links.push(line.split(' ').map(Number)));
    links.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let next = 0;
    for (const [at, [values]] of tasks.entries()) {
      const rows: number[] = [];
      for (; next < links.length && links[next][0] === at; next++)
        if (links[next][2] < 0) lost += 1;
        else rows.push(links[next][2]);
      values[PARENTS] = rows.join(' ');
      writer.add(values, () => String(values[0]));
    }
  }
  writer.finish();
  return lost;
}

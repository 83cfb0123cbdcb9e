/**
 * Tasks of an imported trace, a column at a time: looking at ten million of them takes one or two columns of 80 MB, not their texts.
 *
 * Rows are in the order of submission, and so are the days of a part of the trace.
 */
import { join } from 'node:path';
import { TraceError } from '../policies/base/assert.ts';
import { MS_PER_DAY } from '../policies/base/units.ts';
import { createIdIndex } from './readers/id-index.ts';
import { openParquetGroups, type ParquetGroups } from './readers/parquet-groups.ts';
import { releaseHeap } from './readers/release-heap.ts';
import { ALL_DAYS, type DaySpan } from './trace-days.ts';

/** Which job a task is of, and which tasks it waits for. */
export interface TaskGraph {
  readonly jobs: number;
  /** Jobs are numbered as they first appear. A task without a group is a job of its own. */
  readonly jobOf: Int32Array;
  /** Parents of task t: parents[parentStart[t]] and on; those before the first row are left out. */
  readonly parentStart: Int32Array;
  readonly parents: Int32Array;
}

export interface TaskTable {
  readonly count: number;
  /** A value for every task from columns of numbers, new each time: the caller may change it. Throws TraceError. */
  derive(names: readonly string[], of: (columns: readonly Float64Array[], row: number) => number): Float64Array;
  /** From the first of the days, in ms. Throws TraceError. */
  submitMs(): Float64Array;
  /** Reads jobs and parents. Throws TraceError. */
  graph(): TaskGraph;
}

/** The tasks that the trace in `folder` has in these days. Throws TraceError, also when they do not stand in the order of submission. */
export function openTaskTable(folder: string, days: DaySpan = ALL_DAYS): TaskTable {
  const file = openParquetGroups(join(folder, 'tasks.parquet'), ['id', 'group', 'submitMs', 'parents']);
  const fromMs = days.fromDay * MS_PER_DAY;
  const span = spanOf(file, fromMs, days.toDay * MS_PER_DAY);
  const tableDerive: TaskTable['derive'] = (names, of) => derive(file, span, names, of);
  return {
    count: span.end - span.first,
    derive: tableDerive,
    submitMs: () => tableDerive(['submitMs'], ([submitMs], row) => submitMs[row] - fromMs),
    graph: () => ({ ...jobsOf(file, span), ...parentsOf(file, span) }),
  };
}

/** Rows [first, end) of a file. */
interface Span {
  readonly first: number;
  readonly end: number;
}

function spanOf(file: ParquetGroups, fromMs: number, toMs: number): Span {
  let [first, end, last] = [0, 0, -Infinity];
  for (const [group, { start }] of file.groups.entries())
    for (const [row, submitMs] of file.numbers(group, 'submitMs').entries()) {
      if (!(submitMs >= last))
        throw new TraceError(`${file.path}:${start + row + 1} is submitted before the row above it`);
      last = submitMs;
      if (submitMs < fromMs) first = start + row + 1;
      if (submitMs < toMs) end = start + row + 1;
    }
  return { first, end: Math.max(first, end) };
}

/** Calls `take` for the part of each row group that lies in the span: its rows are [from, to) of the group, and `from` is task `task`. */
function eachGroup(
  file: ParquetGroups,
  { first, end }: Span,
  take: (group: number, from: number, to: number, task: number) => void,
): void {
  for (const [group, { start, rows }] of file.groups.entries()) {
    const [from, to] = [Math.max(0, first - start), Math.min(rows, end - start)];
    if (from < to) take(group, from, to, start + from - first);
  }
}

/** Columns of so many tasks are large: those that nobody needs any more have to go before the next. */
const MANY_TASKS = 1_000_000;

function makeRoom({ first, end }: Span): void {
  if (end - first >= MANY_TASKS) releaseHeap();
}

/** Columns that older folders do not have, and what stands for them. */
const LATER: Readonly<Record<string, number>> = { instances: 1 };

function derive(
  file: ParquetGroups,
  span: Span,
  names: readonly string[],
  of: (columns: readonly Float64Array[], row: number) => number,
): Float64Array {
  makeRoom(span);
  const values = new Float64Array(span.end - span.first);
  eachGroup(file, span, (group, from, to, task) => {
    const columns = names.map((name) =>
      name in LATER && !file.has(name) ? new Float64Array(to).fill(LATER[name]) : file.numbers(group, name),
    );
    for (let row = from; row < to; row++) values[task + row - from] = of(columns, row);
  });
  return values;
}

function jobsOf(file: ParquetGroups, span: Span): Pick<TaskGraph, 'jobs' | 'jobOf'> {
  makeRoom(span);
  const jobOf = new Int32Array(span.end - span.first);
  const names = createIdIndex(jobOf.length);
  eachGroup(file, span, (group, from, to, task) => {
    const groups = file.texts(group, 'group');
    const ids = groups.includes('') ? file.texts(group, 'id') : groups;
    for (let row = from; row < to; row++)
      jobOf[task + row - from] = names.add(groups[row] === '' ? ids[row] : groups[row]);
  });
  return { jobs: names.count, jobOf };
}

function parentsOf(file: ParquetGroups, span: Span): Pick<TaskGraph, 'parentStart' | 'parents'> {
  makeRoom(span);
  const count = span.end - span.first;
  const parentStart = new Int32Array(count + 1);
  let parents = new Int32Array(1_024);
  let known = 0;
  eachGroup(file, span, (group, from, to, task) => {
    const lists = file.texts(group, 'parents');
    for (let row = from; row < to; row++) {
      for (const text of lists[row] === '' ? [] : lists[row].split(' ')) {
        const parent = Number(text) - span.first;
        if (parent < 0 || parent >= count) continue;
        if (known === parents.length) parents = grown(parents);
        parents[known++] = parent;
      }
      parentStart[task + row - from + 1] = known;
    }
  });
  return { parentStart, parents: parents.subarray(0, known) };
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2);
  larger.set(values);
  return larger;
}

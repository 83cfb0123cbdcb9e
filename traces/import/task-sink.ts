/**
 * Where the tasks of an import go: to memory, or, when there are too many, through DuckDB to tasks.parquet.
 *
 * Both end in the same rows: ordered by submit time and then by their row in the source, parents as row numbers.
 */
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { openParquetGroups } from '../readers/parquet-groups.ts';
import type { Bulk } from './bulk.ts';
import { type ImportedTasks, type StoredTasks, type TaskRow, taskColumns } from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { createRowWriter, type RowColumns } from './row-writer.ts';
import { sqlText } from './usage-duckdb.ts';

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
const COLUMNS: RowColumns = [
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
const PARENTS = COLUMNS.findIndex(([name]) => name === 'parents');
/** Between ids of parents while they are ids; no id of a line holds one. */
const PARENT_SEPARATOR = '\n';

/** `repeated` says that an id may come again, and what to say of it then; in memory the caller looks for that itself. */
export function openTasks(context: ImportContext, repeated?: (id: string, seq: number) => string): TaskSink {
  return context.bulk === null ? memoryTasks() : storedTasks(context.bulk, context, repeated);
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

/** Rows are laid down as they come; DuckDB sorts them and finds the rows of parents, both on disk. */
function storedTasks(bulk: Bulk, context: ImportContext, repeated?: (id: string, seq: number) => string): TaskSink {
  const spool = join(bulk.scratch, 'tasks.parquet');
  const writer = createRowWriter(spool, [...COLUMNS, ['seq', 'double']], bulk.freeBytes);
  let [count, withDuration, lastSubmitMs, withParents] = [0, 0, 0, 0];
  return {
    add(row, seq) {
      writer.add([...valuesOf(row), seq], () => row.id);
      count += 1;
      if (!Number.isNaN(row.durationMs)) withDuration += 1;
      lastSubmitMs = Math.max(lastSubmitMs, row.submitMs);
      withParents += row.parents?.length ?? 0;
    },
    async finish() {
      writer.finish();
      const sorted = join(bulk.scratch, 'tasks-sorted.parquet');
      const nth = 'row_number() OVER (PARTITION BY id ORDER BY seq)';
      const again =
        repeated === undefined
          ? []
          : await bulk.rows(`SELECT id, seq FROM ${sqlText(spool)} QUALIFY ${nth} > 1 ORDER BY seq LIMIT 1000000`);
      for (const [id, seq] of again) dropRow(context, new TraceError(repeated?.(String(id), Number(seq)) ?? ''));
      const once = again.length === 0 ? '' : `QUALIFY ${nth} = 1`;
      await bulk.run(
        `COPY (SELECT * FROM ${sqlText(spool)} ${once} ORDER BY submitMs, seq) TO ${sqlText(sorted)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 4096)`,
      );
      const links = withParents > 0 ? await linkParents(bulk, sorted) : null;
      const lostParents = writeSorted(bulk, sorted, links);
      count -= again.length;
      return { tasks: taskColumns([]).tasks, lostParents, stored: { count, withDuration, lastSubmitMs } };
    },
  };
}

/** Rows of parents by row of their child, in the order the child names them; -1 is a parent that is not there. */
async function linkParents(bulk: Bulk, sorted: string): Promise<string> {
  const links = join(bulk.scratch, 'links.parquet');
  const rows = `read_parquet(${sqlText(sorted)}, file_row_number = true)`;
  await bulk.run(
    `COPY (SELECT c.row::DOUBLE AS row, c.pos::DOUBLE AS pos, coalesce(p.file_row_number, -1)::DOUBLE AS parent
      FROM (SELECT file_row_number AS row, unnest(string_split(parents, chr(10))) AS id, generate_subscripts(string_split(parents, chr(10)), 1) AS pos
        FROM ${rows} WHERE parents <> '') c LEFT JOIN (SELECT id, file_row_number FROM ${rows}) p ON p.id = c.id ORDER BY c.row, c.pos)
      TO ${sqlText(links)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 4096)`,
  );
  return links;
}

/** Writes tasks.parquet with parents as rows; counts those that are lost. */
function writeSorted(bulk: Bulk, sorted: string, links: string | null): number {
  const path = join(bulk.folder, 'tasks.parquet');
  const writer = createRowWriter(path, COLUMNS, bulk.freeBytes);
  const file = openParquetGroups(sorted, []);
  const nextLink = links === null ? () => null : linkReader(links);
  let link = nextLink();
  let lost = 0;
  let row = 0;
  for (let group = 0; group < file.groups.length; group++) {
    const columns = COLUMNS.map(([name, type]) =>
      type === 'text' ? file.texts(group, name) : file.numbers(group, name),
    );
    for (let at = 0; at < file.groups[group].rows; at++, row++) {
      const values = columns.map((column) => column[at]);
      const parents: number[] = [];
      for (; link !== null && link.row === row; link = nextLink())
        if (link.parent < 0) lost += 1;
        else parents.push(link.parent);
      values[PARENTS] = parents.join(' ');
      writer.add(values, () => String(values[0]));
    }
  }
  writer.finish();
  return lost;
}

function linkReader(path: string): () => { readonly row: number; readonly parent: number } | null {
  const file = openParquetGroups(path, ['row', 'parent']);
  let [group, at] = [-1, 0];
  let rows = new Float64Array(0);
  let parents = new Float64Array(0);
  return () => {
    while (at === rows.length) {
      group += 1;
      if (group >= file.groups.length) return null;
      rows = file.numbers(group, 'row') as Float64Array<ArrayBuffer>;
      parents = file.numbers(group, 'parent') as Float64Array<ArrayBuffer>;
      at = 0;
    }
    const link = { row: rows[at], parent: parents[at] };
    at += 1;
    return link;
  };
}

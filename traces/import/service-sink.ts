/**
 * Services of an import that has too many for memory: listed ones are laid down as they come, measured ones are taken from the table of use,
 * and DuckDB puts both into services.parquet.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import type { Bulk } from './bulk.ts';
import type { ServiceRow } from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { createRowWriter, type RowColumns } from './row-writer.ts';
import type { StoredScales, UsageScale } from './usage-csv.ts';
import { sqlText } from './usage-duckdb.ts';

/** Columns of services.parquet, as store-services.ts writes them. */
const COLUMNS: RowColumns = [
  ['id', 'text'],
  ['kind', 'text'],
  ['group', 'text'],
  ['requestMilliCpu', 'double'],
  ['requestMemMib', 'double'],
  ['limitMilliCpu', 'double'],
  ['limitMemMib', 'double'],
  ['replicas', 'int'],
  ['startMs', 'double'],
  ['endMs', 'double'],
  ['qos', 'text'],
  ['status', 'text'],
  ['host', 'text'],
  ['labels', 'text'],
];

export interface ListedServices {
  add(row: ServiceRow, place: string): void;
  /** Closes the list. An id that comes again is refused, or dropped as the context says. */
  finish(context: ImportContext): Promise<void>;
  /** What a percent of each service is worth, for its table of use. */
  scales(memMib: number): StoredScales;
  readonly path: string;
}

export function listServices(bulk: Bulk): ListedServices {
  const path = join(bulk.scratch, 'services.parquet');
  const writer = createRowWriter(path, [...COLUMNS, ['place', 'text']], bulk.freeBytes);
  const nan = Number.NaN;
  let listed = path;
  let count = 0;
  return {
    get path() {
      return listed;
    },
    add(row, place) {
      const request = [row.requestMilliCpu, row.requestMemMib, row.limitMilliCpu ?? nan, row.limitMemMib ?? nan];
      const life = [row.replicas ?? 1, row.startMs ?? nan, row.endMs ?? nan];
      const words = [row.qos ?? '', row.status ?? '', row.host ?? '', JSON.stringify(row.labels ?? {})];
      count += 1;
      writer.add([row.id, row.kind, row.group ?? '', ...request, ...life, ...words, place], () => place);
    },
    async finish(context) {
      writer.finish();
      const rows = `read_parquet(${sqlText(path)}, file_row_number = true)`;
      const again = await bulk.rows(
        `SELECT id, place FROM (SELECT id, place, file_row_number AS row, row_number() OVER (PARTITION BY id ORDER BY file_row_number) AS nth FROM ${rows})
          WHERE nth > 1 ORDER BY row LIMIT 1000000`,
      );
      for (const [id, place] of again)
        dropRow(context, new TraceError(`${String(place)} ${String(id)} appears a second time`));
      if (again.length === 0) return;
      listed = join(bulk.scratch, 'services-once.parquet');
      await bulk.run(
        `COPY (SELECT * EXCLUDE (file_row_number) FROM ${rows} QUALIFY row_number() OVER (PARTITION BY id ORDER BY file_row_number) = 1 ORDER BY file_row_number)
          TO ${sqlText(listed)} (FORMAT parquet, COMPRESSION snappy)`,
      );
    },
    scales(memMib) {
      const sql = `SELECT id, requestMilliCpu / 100 AS milliCpu, ${memMib}::DOUBLE AS memMib FROM ${sqlText(listed)}`;
      const load = async () =>
        new Map(
          (await bulk.rows(sql)).map(([id, milliCpu, mem]): [string, UsageScale] => [
            String(id),
            { milliCpu: Number(milliCpu), memMib: Number(mem) },
          ]),
        );
      return { count, sql, load };
    },
  };
}

/** What a service is that only its use tells of. */
export interface MeasuredServices {
  /** Table of use. */
  readonly usage: string;
  readonly kind: string;
  /** The request of each, or of the task with the same id in tasks.parquet; its group is then the id up to the slash. */
  readonly requestMilliCpu: number | 'task';
}

/** Writes services.parquet: the listed, then by id those that are only measured. */
export async function storeServices(
  bulk: Bulk,
  listed: ListedServices | null,
  measured: MeasuredServices,
): Promise<{ readonly count: number; readonly unlisted: number }> {
  const usage = join(bulk.folder, 'usage', `${measured.usage}.parquet`);
  const target = join(bulk.folder, 'services.parquet');
  const names = COLUMNS.map(([name]) => `"${name}"`).join(', ');
  const isTask = measured.requestMilliCpu === 'task';
  const tasks = sqlText(join(bulk.folder, 'tasks.parquet'));
  const nan = `'NaN'::DOUBLE`;
  const request = isTask
    ? [`coalesce(t.requestMilliCpu, ${nan})`, `coalesce(t.requestMemMib, ${nan})`]
    : [`${measured.requestMilliCpu}::DOUBLE`, nan];
  const group = isTask ? `split_part(u.id, '/', 1)` : `''`;
  const only = `SELECT u.id, ${sqlText(measured.kind)}, ${group}, ${request.join(', ')}, ${nan}, ${nan}, 1::INTEGER, ${nan}, ${nan}, '', '', '', '{}'
    FROM (SELECT DISTINCT id FROM ${sqlText(usage)}) u
    ${listed === null ? '' : `ANTI JOIN ${sqlText(listed.path)} l ON l.id = u.id`}
    ${isTask ? `LEFT JOIN ${tasks} t ON t.id = u.id` : ''} ORDER BY u.id`;
  const hasUse = existsSync(usage);
  const parts = [
    ...(listed === null ? [] : [`SELECT ${names} FROM ${sqlText(listed.path)}`]),
    ...(hasUse ? [`SELECT * FROM (${only}) AS measured(${names})`] : []),
  ];
  if (parts.length === 0) return { count: 0, unlisted: 0 };
  await bulk.run(
    `COPY (${parts.join(' UNION ALL ')}) TO ${sqlText(target)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440)`,
  );
  const countOf = async (sql: string) => Number((await bulk.rows(`SELECT count(*)::DOUBLE FROM ${sql}`))[0][0]);
  const count = await countOf(sqlText(target));
  return { count, unlisted: listed === null ? count : count - (await countOf(sqlText(listed.path))) };
}

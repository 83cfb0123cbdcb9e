/** What `trace validate` says: an imported folder read back with its tables compared, or foreign files read without writing. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { type ImportedTrace, type StoredTasks, storedOf, taskColumns } from './import/canonical.ts';
import { describeImport, importTrace } from './import/import-trace.ts';
import type { RowColumns } from './import/row-writer.ts';
import { SERVICE_COLUMNS } from './import/service-sink.ts';
import { readImportHead, TASK_LATER } from './import/store.ts';
import { parseLabels } from './import/store-labels.ts';
import { readEvents, readUsage, SERVICE_LATER } from './import/store-services.ts';
import { TASK_COLUMNS } from './import/task-sink.ts';
import type { UsageSink, UsageTable } from './import/usage-sink.ts';
import { createIdIndex, indexRows } from './readers/id-index.ts';
import { openParquetGroups, type ParquetGroups } from './readers/parquet-groups.ts';
import { openTaskTable } from './task-table.ts';

export interface ValidateTraceOptions {
  readonly skipInvalid: boolean;
  readonly scale: Readonly<Record<string, number>>;
}

/** Lines that say what was found. Throws ConfigError, TraceError with file and row. */
export async function validateTrace(
  what: string,
  files: readonly string[],
  options: ValidateTraceOptions,
): Promise<string[]> {
  if (files.length > 0) return validateForeign(what, files, options);
  const folder = await stat(what).catch(() => null);
  if (folder?.isDirectory() !== true)
    throw new ConfigError(`${what} is no folder of an import; for a format give its files too`);
  return validateFolder(what);
}

/** Every value is read, a row group at a time, and the tables are held against each other. */
async function validateFolder(folder: string): Promise<string[]> {
  const head = await readImportHead(folder);
  const tasks = checkTasks(folder, head.hasUse);
  const { services, samples, measured } = await checkServices(folder, head.hasServices);
  const trace: ImportedTrace = {
    ...head,
    tasks: taskColumns([]).tasks,
    use: null,
    ...(head.hasEvents ? { events: await readEvents(folder) } : {}),
    ...storedOf(tasks, head.hasServices ? services : undefined),
  };
  return [`${folder} is valid`, ...describeImport(trace), `${samples} samples of ${measured} services.`];
}

function checkTasks(folder: string, hasUse: boolean): StoredTasks {
  const path = join(folder, 'tasks.parquet');
  const file = readWhole(path, TASK_COLUMNS, TASK_LATER);
  const table = openTaskTable(folder);
  let [withDuration, pieces] = [0, 0];
  table.derive(['durationMs', 'useCount'], ([durationMs, useCount], row) => {
    if (!Number.isNaN(durationMs[row])) withDuration += 1;
    pieces += useCount[row];
    return 0;
  });
  const used = hasUse ? readWhole(join(folder, 'use.parquet'), USE_COLUMNS, []) : { path, rows: 0 };
  if (used.rows !== pieces) throw new TraceError(`${used.path}: ${used.rows} rows of use; the tasks count ${pieces}`);
  const last = file.groups.length - 1;
  const lastSubmitMs = last < 0 ? 0 : (file.numbers(last, 'submitMs').at(-1) ?? 0);
  return { count: table.count, withDuration, lastSubmitMs };
}

const USE_COLUMNS: RowColumns = [
  ['durationMs', 'double'],
  ['milliCpu', 'double'],
];

async function checkServices(folder: string, hasServices: boolean) {
  const file = hasServices ? readWhole(join(folder, 'services.parquet'), SERVICE_COLUMNS, SERVICE_LATER) : null;
  const known = file === null ? createIdIndex(0) : indexRows(file);
  const isMeasured = new Uint8Array(known.count);
  let samples = 0;
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      samples += 1;
      const place = () => `${join(folder, 'usage', batch.table)}.parquet: sample ${samples}`;
      const service = known.find(batch.ids[row]);
      if (service < 0) throw new TraceError(`${place()} is of ${batch.ids[row]}, which is not in services.parquet`);
      if (!(batch.timeMs[row] >= 0)) throw new TraceError(`${place()} has time ${batch.timeMs[row]} ms`);
      if (batch.milliCpu[row] < 0) throw new TraceError(`${place()} has ${batch.milliCpu[row]} milli-cores`);
      isMeasured[service] = 1;
    }
  return { services: known.count, samples, measured: isMeasured.reduce((sum, one) => sum + one, 0) };
}

/** Opens a table after reading all of it; columns of `later` may be missing. Throws TraceError. */
function readWhole(path: string, columns: RowColumns, later: readonly string[]): ParquetGroups {
  const required = columns.map(([name]) => name).filter((name) => !later.includes(name));
  const file = openParquetGroups(path, required);
  for (const [group, { start }] of file.groups.entries())
    for (const [name, type] of columns) {
      if (!file.has(name)) continue;
      if (type !== 'text') file.numbers(group, name);
      else if (name !== 'labels') file.texts(group, name);
      else for (const [row, text] of file.texts(group, name).entries()) parseLabels(text, path, start + row + 1);
    }
  return file;
}

async function validateForeign(
  format: string,
  files: readonly string[],
  options: ValidateTraceOptions,
): Promise<string[]> {
  const { sink, samples } = countingSink();
  const drops = { count: 0, listed: [] as string[] };
  const log = { lfLines: 0, crlfLines: 0 };
  const trace = await importTrace(format, files, {
    reading: { log },
    usage: sink,
    drops,
    skipInvalid: options.skipInvalid,
    scale: options.scale,
    duckdb: false,
    bulk: null,
  });
  return [
    `${files.join(', ')}: valid ${format}${drops.count > 0 ? ` but for ${drops.count} rows or parts` : ''}`,
    ...describeImport(trace),
    `${samples()} samples of use.`,
    ...drops.listed,
  ];
}

/** Counts samples and keeps none. */
function countingSink(): { sink: UsageSink; samples: () => number } {
  let total = 0;
  const open = (): UsageTable => {
    const ids = new Set<string>();
    return {
      add(id) {
        total += 1;
        ids.add(id);
      },
      finish: () => Array.from(ids).sort(),
    };
  };
  return { sink: { open, pathOf: () => null }, samples: () => total };
}

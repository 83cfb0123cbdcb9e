/**
 * An imported trace as a folder: tasks.parquet, hosts.parquet, where there is any use.parquet, services.parquet, events.parquet and
 * usage/*.parquet, and trace.json, written last. docs/trace-format.md describes every column.
 *
 * Lists are text: GPU models and taints joined by `|`, parents as row numbers joined by blanks. NaN stays NaN.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { TraceError } from '../../policies/base/assert.ts';
import {
  type ColumnSource,
  hostColumns,
  type ImportedTasks,
  type ImportedTrace,
  type ImportedUse,
} from './canonical.ts';
import { asNumber, asObject, asText, member, readJson } from './json-access.ts';
import {
  doubleColumn,
  doubles,
  intColumn,
  ints,
  type ParquetColumns,
  readParquet,
  textColumn,
  texts,
} from './parquet-columns.ts';
import { labelsOf, labelTexts } from './store-labels.ts';
import { writeEvents, writeServices } from './store-services.ts';

/**
 * 2: services, events and use by service; tasks of several instances. 3: limits and labels of tasks and services, status of services, the
 * throttled share in tables of use that have it. What an older folder does not have is read as "not said".
 */
const VERSION = 3;
const OLDEST_VERSION = 1;
/** Columns that older folders may lack. */
export const TASK_LATER = ['instances', 'limitMilliCpu', 'limitMemMib', 'labels'];
export const TASK_NUMBERS = [
  'submitMs',
  'durationMs',
  'wallTimeMs',
  'requestMilliCpu',
  'requestMemMib',
  'usedMilliCpu',
] as const;

/** Writes the trace into `folder`, which is created. Equal traces give equal rows. */
export async function writeImport(trace: ImportedTrace, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const index = join(folder, 'trace.json');
  await rm(index, { force: true });
  const { tasks, hosts, use } = trace;
  if (trace.stored?.tasks === undefined) writeTasks(tasks, use, join(folder, 'tasks.parquet'));
  parquetWriteFile({
    filename: join(folder, 'hosts.parquet'),
    columnData: [
      textColumn('id', hosts.ids),
      doubleColumn('milliCpu', hosts.milliCpu),
      doubleColumn('memMib', hosts.memMib),
      intColumn('gpus', hosts.gpus),
      textColumn('gpuModel', hosts.gpuModel),
      textColumn('labels', labelTexts(hosts.labels)),
      textColumn(
        'taints',
        hosts.taints.map((taints) => taints.join('|')),
      ),
    ],
  });
  if (use !== null)
    parquetWriteFile({
      filename: join(folder, 'use.parquet'),
      columnData: [doubleColumn('durationMs', use.durationMs), doubleColumn('milliCpu', use.milliCpu)],
    });
  const hasServices = trace.services !== undefined || trace.stored?.services !== undefined;
  if (trace.services !== undefined && trace.stored?.services === undefined)
    writeServices(trace.services, join(folder, 'services.parquet'));
  if (trace.events !== undefined) writeEvents(trace.events, join(folder, 'events.parquet'));
  const { format, startUnixMs, columns, notes } = trace;
  const parts = { hasServices, hasEvents: trace.events !== undefined };
  const record = { version: VERSION, format, startUnixMs, hasUse: use !== null, ...parts, columns, notes };
  await writeFile(index, `${JSON.stringify(record, null, 2)}\n`);
}

function writeTasks(tasks: ImportedTasks, use: ImportedUse | null, filename: string): void {
  parquetWriteFile({
    filename,
    columnData: [
      textColumn('id', tasks.ids),
      textColumn('group', tasks.groups),
      ...TASK_NUMBERS.map((name) => doubleColumn(name, tasks[name])),
      doubleColumn('limitMilliCpu', tasks.limitMilliCpu),
      doubleColumn('limitMemMib', tasks.limitMemMib),
      intColumn('instances', tasks.instances),
      intColumn('gpus', tasks.gpus),
      intColumn('gpuMilli', tasks.gpuMilli),
      textColumn(
        'gpuModels',
        tasks.gpuModels.map((models) => models.join('|')),
      ),
      textColumn('qos', tasks.qos),
      textColumn('status', tasks.status),
      textColumn('host', tasks.hosts),
      textColumn('labels', labelTexts(tasks.labels)),
      textColumn(
        'parents',
        tasks.ids.map((_, row) => parentsOf(tasks, row).join(' ')),
      ),
      intColumn(
        'useCount',
        tasks.gpus.map((_, row) => (use === null ? 0 : use.useStart[row + 1] - use.useStart[row])),
      ),
    ],
  });
}

function parentsOf(tasks: ImportedTasks, row: number): Int32Array {
  return tasks.parents.subarray(tasks.parentStart[row], tasks.parentStart[row + 1]);
}

/** What a trace says of itself, and its hosts. */
export interface ImportHead extends Pick<ImportedTrace, 'format' | 'startUnixMs' | 'hosts' | 'columns' | 'notes'> {
  readonly hasUse: boolean;
  readonly hasServices: boolean;
  readonly hasEvents: boolean;
}

/** Reads trace.json and the hosts, which are few. Throws TraceError. */
export async function readImportHead(folder: string): Promise<ImportHead> {
  const root = await readJson(join(folder, 'trace.json'));
  const version = asNumber(member(root, 'version'));
  if (version < OLDEST_VERSION || version > VERSION)
    throw new TraceError(`${root.where} version is ${version}; this program reads ${OLDEST_VERSION} to ${VERSION}`);
  const record = asObject(root);
  const names = ['id', 'milliCpu', 'memMib', 'gpus', 'gpuModel', 'labels', 'taints'];
  const start = record.startUnixMs;
  return {
    format: asText(member(root, 'format')),
    startUnixMs: typeof start === 'number' ? start : null,
    hosts: readHosts(await readParquet(join(folder, 'hosts.parquet'), names)),
    hasUse: record.hasUse === true,
    hasServices: record.hasServices === true,
    hasEvents: record.hasEvents === true,
    columns: asObject(member(root, 'columns')) as Readonly<Record<string, ColumnSource>>,
    notes: (record.notes as readonly unknown[]).map(String),
  };
}

/** Lists that stand as text. */
export function lists(file: ParquetColumns, name: string, separator: string): string[][] {
  return texts(file, name).map((text) => (text === '' ? [] : text.split(separator)));
}

function readHosts(file: ParquetColumns) {
  const [ids, models, labels] = [texts(file, 'id'), texts(file, 'gpuModel'), labelsOf(file)];
  const [milliCpu, memMib, gpus] = [doubles(file, 'milliCpu'), doubles(file, 'memMib'), ints(file, 'gpus')];
  const taints = lists(file, 'taints', '|');
  return hostColumns(
    ids.map((id, row) => ({
      id,
      milliCpu: milliCpu[row],
      memMib: memMib[row],
      gpus: gpus[row],
      gpuModel: models[row],
      labels: labels[row],
      taints: taints[row],
    })),
  );
}

/**
 * Workflow Trace Format (WTA): `tasks/schema-1.0/*.parquet`, and resources where there are any.
 *
 * Times in ms, -1 is unknown. A task asks for `resource_amount_requested` of `resource_type` (cores unless it says otherwise); parents are
 * ids inside the same workflow.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { dropRow, type ImportContext, scaleOf } from './context.ts';
import { idAt, idsAt, numberAt, type ParquetColumns, readParquet } from './parquet-columns.ts';

const REQUIRED = ['id', 'ts_submit', 'runtime', 'parents', 'workflow_id'];
const OPTIONAL = ['resource_amount_requested', 'memory_requested', 'resource_used', 'user_id', 'type'];

/** Reads the folder of a trace. Throws TraceError with file and row. */
export async function importWtf(folder: string, context: ImportContext): Promise<ImportedTrace> {
  const mibPerUnit = scaleOf(context, 'mem', 1 / 1024);
  const rows: TaskRow[] = [];
  const counts = { runless: 0, cpuless: 0 };
  for (const path of await parquetFiles(join(folder, 'tasks', 'schema-1.0'))) {
    const file = await readParquet(path, REQUIRED, OPTIONAL);
    for (let row = 0; row < file.count; row++)
      try {
        rows.push(readTask(file, row, mibPerUnit, counts));
      } catch (error) {
        dropRow(context, error);
      }
  }
  if (rows.length === 0) throw new TraceError(`${folder}: no task`);
  const first = rows.reduce((low, row) => Math.min(low, row.submitMs), Infinity);
  if (new Set(rows.map((row) => row.id)).size < rows.length)
    throw new TraceError(`${folder}: two tasks of one workflow have the same id`);
  const { tasks, lostParents } = taskColumns(rows.map((row) => ({ ...row, submitMs: row.submitMs - first })));
  return {
    format: 'wtf',
    startUnixMs: first > 1e12 ? first : null,
    hosts: hostColumns(await readHosts(join(folder, 'resources', 'schema-1.0'))),
    tasks,
    use: null,
    columns: {
      'tasks.requestMilliCpu': {
        kind: 'absolute',
        from: 'resource_amount_requested, one core when unknown',
        scale: 1000,
      },
      'tasks.requestMemMib': {
        kind: 'absolute',
        from: 'memory_requested, KB unless --scale mem says otherwise',
        scale: mibPerUnit,
      },
      'tasks.durationMs': { kind: 'absolute', from: 'runtime ms', scale: 1 },
    },
    notes: [
      ...countedNote(counts.runless, 'tasks have run time -1: unknown'),
      ...countedNote(counts.cpuless, 'tasks do not say how many cores they ask for: one is assumed'),
      ...countedNote(lostParents, 'parents are not in the trace and are left out'),
    ],
  };
}

async function parquetFiles(folder: string): Promise<string[]> {
  try {
    if ((await stat(folder)).isFile()) return [folder];
    const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet')).sort();
    if (names.length === 0) throw new TraceError(`${folder}: no parquet file`);
    return names.map((name) => join(folder, name));
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The number at a row, NaN for a column that is not there and for values below 0. */
function known(file: ParquetColumns, name: string, row: number): number {
  if (!file.has(name)) return Number.NaN;
  const value = file.column(name)[row];
  if (value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value))) return Number.NaN;
  const number = numberAt(file, name, row);
  return number < 0 ? Number.NaN : number;
}

function readTask(
  file: ParquetColumns,
  row: number,
  mibPerUnit: number,
  counts: { runless: number; cpuless: number },
): TaskRow {
  const workflow = idAt(file, 'workflow_id', row);
  const durationMs = known(file, 'runtime', row);
  const cores = known(file, 'resource_amount_requested', row);
  if (Number.isNaN(durationMs)) counts.runless += 1;
  if (!(cores > 0)) counts.cpuless += 1;
  return {
    id: `${workflow}/${idAt(file, 'id', row)}`,
    group: workflow,
    submitMs: numberAt(file, 'ts_submit', row),
    durationMs,
    requestMilliCpu: (cores > 0 ? cores : 1) * 1000,
    requestMemMib: known(file, 'memory_requested', row) * mibPerUnit,
    parents: idsAt(file, 'parents', row).map((parent) => `${workflow}/${parent}`),
    host:
      file.has('resource_used') && file.column('resource_used')[row] !== null ? idAt(file, 'resource_used', row) : '',
  };
}

async function readHosts(folder: string): Promise<HostRow[]> {
  try {
    await stat(folder);
  } catch {
    return [];
  }
  const hosts: HostRow[] = [];
  for (const path of await parquetFiles(folder)) {
    const file = await readParquet(path, ['id'], ['num_resources', 'memory']);
    for (let row = 0; row < file.count; row++)
      hosts.push({
        id: idAt(file, 'id', row),
        milliCpu: known(file, 'num_resources', row) * 1000,
        memMib: known(file, 'memory', row) * 1024,
      });
  }
  return hosts;
}

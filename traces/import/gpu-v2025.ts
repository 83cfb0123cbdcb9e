/**
 * Alibaba GPU v2025 (disaggregated DLRM): one CSV with a header; CPU nodes (CN) and GPU nodes (HN) of one application are instances.
 *
 * CPU in cores, memory in GiB, times in s; an empty time lies outside the window. max_instance_per_node -1 is no limit.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { readNumber, readNumberOrNan, rejectRow } from '../readers/rows.ts';
import { countedNote, hostColumns, type ImportedTrace, storedOf, type TaskRow } from './canonical.ts';
import type { ImportContext } from './context.ts';
import { eachCsvRow } from './csv-table.ts';
import { openTasks } from './task-sink.ts';

const COLUMNS = [
  'instance_sn',
  'role',
  'app_name',
  'cpu_request',
  'gpu_request',
  'memory_request',
  'max_instance_per_node',
  'creation_time',
  'scheduled_time',
  'deletion_time',
];

/** Reads one list of instances. Throws TraceError with file and row. */
export async function importGpuV2025(path: string, context: ImportContext): Promise<ImportedTrace> {
  const seen = new Set<string>();
  const sink = openTasks(context, (id, at) => `${path}:${at} instance ${id} appears a second time`);
  const counts = { before: 0, after: 0, limited: 0 };
  await eachCsvRow(path, COLUMNS, context, (row) => {
    const id = row.field('instance_sn');
    if (seen.has(id)) rejectRow(row, `instance ${id} appears a second time`);
    const created = readNumberOrNan(row, row.field('creation_time'), 'creation_time');
    const scheduled = readNumberOrNan(row, row.field('scheduled_time'), 'scheduled_time');
    const deleted = readNumberOrNan(row, row.field('deletion_time'), 'deletion_time');
    if (deleted < scheduled) rejectRow(row, `instance ${id} is deleted before it is scheduled`);
    const gpus = readNumberOrNan(row, row.field('gpu_request'), 'gpu_request');
    const limit = readNumber(row, row.field('max_instance_per_node'), 'max_instance_per_node');
    const task: TaskRow = {
      id,
      group: row.field('app_name'),
      submitMs: (Number.isNaN(created) ? 0 : created) * MS_PER_SECOND,
      durationMs: (deleted - scheduled) * MS_PER_SECOND,
      requestMilliCpu: readNumber(row, row.field('cpu_request'), 'cpu_request') * 1000,
      requestMemMib: readNumber(row, row.field('memory_request'), 'memory_request') * 1024,
      gpus: gpus > 0 ? gpus : 0,
      gpuMilli: gpus > 0 ? 1000 : 0,
      qos: row.field('role'),
    };
    // In bulk the sink looks for repeats, on disk.
    if (context.bulk === null) seen.add(id);
    sink.add(task, row.row);
    if (Number.isNaN(created)) counts.before += 1;
    if (Number.isNaN(deleted)) counts.after += 1;
    if (limit >= 0) counts.limited += 1;
  });
  const { tasks, stored } = await sink.finish();
  return {
    format: 'gpu-v2025',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks,
    use: null,
    ...storedOf(stored),
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cpu_request, cores', scale: 1000 },
      'tasks.requestMemMib': { kind: 'absolute', from: 'memory_request, GiB', scale: 1024 },
    },
    notes: [
      ...countedNote(counts.before, 'instances were created before the window; they stand at 0'),
      ...countedNote(counts.after, 'instances were alive after the window: their duration is unknown'),
      ...countedNote(counts.limited, 'instances may share a node with few of their application; the limit is not kept'),
    ],
  };
}

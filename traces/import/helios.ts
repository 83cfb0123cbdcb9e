/**
 * SenseTime Helios: cluster_log.csv with a header, and cluster_gpu_number.csv (date, GPUs by virtual cluster, total).
 *
 * cpu_num and gpu_num are of the whole job; node_num is how many nodes share it. Times carry no zone and are kept as wall clock. Memory is
 * not in the log.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { readNumber, readNumberOrNan, rejectRow } from '../readers/rows.ts';
import {
  countedNote,
  type EventRow,
  eventColumns,
  hostColumns,
  type ImportedTrace,
  type TaskRow,
  taskColumns,
} from './canonical.ts';
import type { ImportContext } from './context.ts';
import { eachCsvRow } from './csv-table.ts';
import { takeRows } from './headerless-rows.ts';
import { parseWallClock } from './local-time.ts';
import { tableFiles } from './table-files.ts';

const COLUMNS = [
  'job_id',
  'user',
  'vc',
  'gpu_num',
  'cpu_num',
  'node_num',
  'state',
  'submit_time',
  'start_time',
  'end_time',
  'duration',
  'queue',
];
const STATES = ['COMPLETED', 'CANCELLED', 'FAILED', 'TIMEOUT', 'NODE_FAIL'];

/** Reads the files given. Throws ConfigError, TraceError with file and row. */
export async function importHelios(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'helios',
    paths,
    { log: { pattern: /cluster_log/, required: true }, gpus: { pattern: /gpu_number/ } },
    context,
  );
  const rows: (TaskRow & { unixMs: number })[] = [];
  const seen = new Set<string>();
  let uneven = 0;
  for (const path of files.log)
    await eachCsvRow(path, COLUMNS, context, (row) => {
      const id = row.field('job_id');
      if (seen.has(id)) rejectRow(row, `job ${id} appears a second time`);
      const unixMs = parseWallClock(row.field('submit_time'));
      if (Number.isNaN(unixMs))
        rejectRow(row, `submit_time is "${row.field('submit_time')}"; YYYY-MM-DD HH:MM:SS is expected`);
      if (!STATES.includes(row.field('state')))
        rejectRow(row, `state is "${row.field('state')}"; known: ${STATES.join(', ')}`);
      const durationMs = readNumberOrNan(row, row.field('duration'), 'duration') * MS_PER_SECOND;
      const gpus = readNumber(row, row.field('gpu_num'), 'gpu_num');
      const cpus = readNumber(row, row.field('cpu_num'), 'cpu_num');
      const nodes = Math.max(1, readNumberOrNan(row, row.field('node_num'), 'node_num') || 1);
      const between = parseWallClock(row.field('end_time')) - parseWallClock(row.field('start_time'));
      if (!Number.isNaN(between) && between !== durationMs) uneven += 1;
      seen.add(id);
      rows.push({
        id,
        group: row.field('vc'),
        submitMs: 0,
        unixMs,
        durationMs,
        instances: nodes,
        requestMilliCpu: cpus * 1000,
        requestMemMib: Number.NaN,
        gpus,
        gpuMilli: gpus > 0 ? 1000 : 0,
        qos: row.field('user'),
        status: row.field('state'),
      });
    });
  const first = rows.reduce((low, row) => Math.min(low, row.unixMs), Infinity);
  return {
    format: 'helios',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns(rows.map(({ unixMs, ...row }) => ({ ...row, submitMs: unixMs - first }))).tasks,
    use: null,
    events: eventColumns(await readGpuNumbers(files.gpus, first, context)),
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cpu_num of the job', scale: 1000 },
      'tasks.durationMs': { kind: 'absolute', from: 'duration s', scale: MS_PER_SECOND },
    },
    notes: [
      'times carry no zone; memory is not in the log',
      ...countedNote(uneven, 'jobs have a duration that is not end minus start; the duration is kept'),
    ],
  };
}

/** GPUs of each virtual cluster by day, as events `capacity`. */
async function readGpuNumbers(paths: readonly string[], firstMs: number, context: ImportContext): Promise<EventRow[]> {
  const events: EventRow[] = [];
  let names: readonly string[] = [];
  await takeRows({ name: 'cluster_gpu_number', fields: 2, more: true }, paths, context, (fields, place) => {
    if (place.row === 1) {
      names = fields;
      return;
    }
    if (fields.length !== names.length) rejectRow(place, `has ${fields.length} fields; the header has ${names.length}`);
    const timeMs = Math.max(0, parseWallClock(`${fields[0].slice(0, 10)} 00:00:00`) - firstMs);
    if (Number.isNaN(timeMs)) rejectRow(place, `date is "${fields[0]}"; YYYY-MM-DD is expected`);
    for (let at = 1; at < fields.length; at++) {
      readNumber(place, fields[at], names[at]);
      events.push({ timeMs, id: names[at], kind: 'capacity', detail: `${fields[at]} GPUs` });
    }
  });
  return events;
}

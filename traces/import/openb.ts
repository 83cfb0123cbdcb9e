/**
 * Alibaba GPU v2023 (openb): a node list and a pod list, CSV with headers.
 *
 * Pods: `name,cpu_milli,memory_mib,num_gpu,gpu_milli` and, in most lists, `gpu_spec,qos,pod_phase,creation_time,deletion_time,
 * scheduled_time` in seconds; times may be empty. gpu_milli below 1000 comes only with one GPU; gpu_spec `V100M16|V100M32` means either.
 * The times are those of a snapshot, not of a load: pods that were there at its start have creation_time 0.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { readNumber, rejectRow } from '../readers/rows.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { type RowContext, STRICT } from './context.ts';
import { type CsvRow, eachCsvRow } from './csv-table.ts';

/** The published list of GPU nodes counts from 0000 again: its node 0243 is another machine than 0243 of the list of all nodes. */
const GPU_NODES_ONLY =
  'the node list has GPU nodes only and numbers them by itself: its names are not those of a list of all nodes';

const POD_COLUMNS = ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'];
const NODE_COLUMNS = ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'];

/** Reads a pod list and, when given, a node list. Throws TraceError with file and row. */
export async function importOpenb(
  podPath: string,
  nodePath?: string,
  context: RowContext = STRICT,
): Promise<ImportedTrace> {
  const hosts: HostRow[] = [];
  if (nodePath !== undefined)
    await eachCsvRow(nodePath, NODE_COLUMNS, context, (row) => {
      hosts.push({
        id: row.field('sn'),
        milliCpu: whole(row, 'cpu_milli'),
        memMib: whole(row, 'memory_mib'),
        gpus: whole(row, 'gpu'),
        gpuModel: row.field('model'),
      });
    });
  const rows: TaskRow[] = [];
  const seen = new Set<string>();
  let untimed = 0;
  let neverScheduled = 0;
  await eachCsvRow(podPath, POD_COLUMNS, context, (row) => {
    const id = row.field('name');
    if (seen.has(id)) rejectRow(row, `pod ${id} appears a second time`);
    const created = seconds(row, 'creation_time');
    const deleted = seconds(row, 'deletion_time');
    const scheduled = seconds(row, 'scheduled_time');
    const ran = deleted - scheduled;
    if (ran < 0) rejectRow(row, `pod ${id} is deleted ${-ran} s before it is scheduled`);
    rows.push({ ...gpuRequest(row, id), ...podRow(row, id, created, ran) });
    seen.add(id);
    if (Number.isNaN(created)) untimed += 1;
    else if (Number.isNaN(scheduled)) neverScheduled += 1;
  });
  if (rows.length === 0) throw new TraceError(`${podPath}: no pod`);
  return {
    format: 'openb',
    startUnixMs: null,
    hosts: hostColumns(hosts),
    tasks: taskColumns(rows).tasks,
    use: null,
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cpu_milli', scale: 1 },
      'tasks.requestMemMib': { kind: 'absolute', from: 'memory_mib', scale: 1 },
      'tasks.durationMs': { kind: 'absolute', from: 's (deletion_time - scheduled_time)', scale: MS_PER_SECOND },
    },
    notes: [
      ...(hosts.length > 0 && hosts.every((host) => (host.gpus ?? 0) > 0) ? [GPU_NODES_ONLY] : []),
      ...countedNote(untimed, 'pods have no creation time; they are submitted at 0 in the order of the list'),
      ...countedNote(neverScheduled, 'pods were never scheduled: their duration is unknown'),
    ],
  };
}

function podRow(row: CsvRow, id: string, created: number, ran: number): TaskRow {
  return {
    id,
    submitMs: Number.isNaN(created) ? 0 : created * MS_PER_SECOND,
    durationMs: ran * MS_PER_SECOND,
    requestMilliCpu: whole(row, 'cpu_milli'),
    requestMemMib: whole(row, 'memory_mib'),
    qos: row.field('qos'),
    status: row.field('pod_phase'),
  };
}

function gpuRequest(row: CsvRow, id: string) {
  const gpus = whole(row, 'num_gpu');
  const gpuMilli = whole(row, 'gpu_milli');
  if (gpuMilli > 1000) rejectRow(row, `pod ${id} asks for ${gpuMilli} milli of a GPU; at most 1000`);
  if (gpus > 1 && gpuMilli < 1000)
    rejectRow(row, `pod ${id} asks for a share (${gpuMilli}) of ${gpus} GPUs; shares are of one`);
  const spec = row.field('gpu_spec');
  return { gpus, gpuMilli: gpus === 0 ? 0 : gpuMilli, gpuModels: spec === '' ? [] : spec.split('|') };
}

function whole(row: CsvRow, name: string): number {
  const value = readNumber(row, row.field(name), name);
  if (!Number.isInteger(value) || value < 0) rejectRow(row, `${name} is ${value}; a whole number from 0 is expected`);
  return value;
}

/** Seconds, NaN when empty. */
function seconds(row: CsvRow, name: string): number {
  const text = row.field(name);
  return text === '' ? Number.NaN : readNumber(row, text, name);
}

/**
 * Alibaba GPU v2020 (PAI): pai_task_table, pai_instance_table, pai_job_table and pai_machine_spec, with or without a header line.
 *
 * plan_cpu and plan_gpu count 100 for one, plan_mem is in GB, all per instance. Dates are shifted, but hours and weekdays are true for
 * UTC+8. Only Terminated is success. Sensor and metric tables are not read.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { type RowPlace, readNumber, readNumberOrNan } from '../readers/rows.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, storedOf, type TaskRow } from './canonical.ts';
import type { ImportContext } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { inParts, type ReadPart } from './partitions.ts';
import { tableFiles } from './table-files.ts';
import { openTasks, type TaskSink } from './task-sink.ts';

const MILLI_PER_UNIT = 10;
const MIB_PER_GB = 1024;

/** Reads the tables given. Throws ConfigError, TraceError with file and row. */
export async function importGpuV2020(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'gpu-v2020',
    paths,
    {
      machines: { pattern: /pai_machine_spec/ },
      jobs: { pattern: /pai_job/ },
      tasks: { pattern: /pai_task/ },
      instances: { pattern: /pai_instance/ },
    },
    context,
  );
  const hosts: HostRow[] = [];
  await takeRows({ name: 'pai_machine_spec', fields: 5 }, files.machines, context, (fields, place) => {
    if (fields[0] === 'machine' && place.row === 1) return;
    const gpus = readNumber(place, fields[4], 'cap_gpu');
    hosts.push({
      id: fields[0],
      milliCpu: readNumber(place, fields[2], 'cap_cpu') * 1000,
      memMib: readNumber(place, fields[3], 'cap_mem') * MIB_PER_GB,
      gpus,
      gpuModel: gpus === 0 ? '' : fields[1],
    });
  });
  const counts = { unsuccessful: 0, uneven: 0, running: 0, repeated: 0 };
  const key = ([job]: readonly string[]) => job;
  const tables = [
    { name: 'pai_job', fields: 6, paths: files.jobs, key },
    { name: 'pai_instance', fields: 9, paths: files.instances, key },
    { name: 'pai_task', fields: 10, paths: files.tasks, key },
  ];
  const sink = openTasks(context);
  await inParts(tables, context, (read) => readJobs(read, sink, counts));
  const { tasks, stored } = await sink.finish();
  return {
    format: 'gpu-v2020',
    startUnixMs: null,
    hosts: hostColumns(hosts),
    tasks,
    use: null,
    ...storedOf(stored),
    columns: {
      'hosts.milliCpu': { kind: 'absolute', from: 'cap_cpu', scale: 1000 },
      'hosts.memMib': { kind: 'absolute', from: 'cap_mem GB', scale: MIB_PER_GB },
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'plan_cpu (100 = 1 core) x inst_num', scale: MILLI_PER_UNIT },
      'tasks.requestMemMib': { kind: 'absolute', from: 'plan_mem GB x inst_num', scale: MIB_PER_GB },
      'tasks.gpuMilli': { kind: 'absolute', from: 'plan_gpu (100 = 1 GPU)', scale: MILLI_PER_UNIT },
    },
    notes: [
      'dates are shifted; hours of the day and days of the week are true for UTC+8',
      ...countedNote(counts.unsuccessful, 'tasks did not end as Terminated, the only success'),
      ...countedNote(counts.running, 'tasks have no start or no end: their duration is unknown'),
      ...countedNote(counts.uneven, 'tasks ask for more than one GPU but not for whole ones; rounded up'),
      ...countedNote(counts.repeated, 'task rows repeat a task; the last one counts'),
    ],
  };
}

/** Tasks of some jobs, with the user of the job and the machine that all instances share. */
async function readJobs(
  read: ReadPart,
  sink: TaskSink,
  counts: { unsuccessful: number; uneven: number; running: number; repeated: number },
): Promise<void> {
  const users = new Map<string, string>();
  await read(0, (fields) => void users.set(fields[0], fields[2]));
  const hostOf = new Map<string, string>();
  await read(1, (fields) => {
    const id = `${fields[0]}/${fields[1]}`;
    hostOf.set(id, hostOf.has(id) && hostOf.get(id) !== fields[8] ? '' : fields[8]);
  });
  const rows = new Map<string, { row: TaskRow; seq: number }>();
  await read(2, (fields, place, seq) => {
    if (fields[0] === 'job_name' && place.row === 1) return;
    const row = readTask(fields, place, counts);
    const before = rows.get(row.id);
    if (before !== undefined) counts.repeated += 1;
    const whole = { ...row, host: hostOf.get(row.id) ?? '', qos: users.get(fields[0]) ?? '' };
    rows.set(row.id, { row: whole, seq: before?.seq ?? seq });
  });
  for (const { row, seq } of rows.values()) sink.add(row, seq);
}

function readTask(
  fields: readonly string[],
  place: RowPlace,
  counts: { unsuccessful: number; uneven: number; running: number },
): TaskRow {
  const instances = Math.max(1, readNumber(place, fields[2], 'inst_num'));
  const start = readNumberOrNan(place, fields[4], 'start_time');
  const end = readNumberOrNan(place, fields[5], 'end_time');
  const cpu = readNumberOrNan(place, fields[6], 'plan_cpu');
  const mem = readNumberOrNan(place, fields[7], 'plan_mem');
  const gpu = readNumberOrNan(place, fields[8], 'plan_gpu');
  const share = gpu > 0 ? gpu : 0;
  if (fields[3] !== 'Terminated') counts.unsuccessful += 1;
  if (!(end >= start)) counts.running += 1;
  if (share > 100 && share % 100 !== 0) counts.uneven += 1;
  return {
    id: `${fields[0]}/${fields[1]}`,
    group: fields[0],
    submitMs: Number.isNaN(start) ? 0 : start * MS_PER_SECOND,
    durationMs: end >= start ? (end - start) * MS_PER_SECOND : Number.NaN,
    instances,
    requestMilliCpu: cpu * MILLI_PER_UNIT * instances,
    requestMemMib: mem * MIB_PER_GB * instances,
    gpus: Math.ceil(share / 100) * instances,
    gpuMilli: share >= 100 ? 1000 : share * MILLI_PER_UNIT,
    gpuModels: fields[9] === '' || fields[9] === 'MISC' ? [] : [fields[9]],
    status: fields[3],
  };
}

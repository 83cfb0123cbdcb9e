/**
 * Alibaba cluster trace 2018: machines, online containers and batch, seconds from the start, no header.
 *
 * 100 CPU units are one core; memory is a share of a machine in percent (`--scale mem=MIB` of one percent). Container use is a
 * percentage of the container's request. Times 0 behave as local midnight. Values -1 and 101 are invalid. machine_usage, container_usage
 * and the batch tables do not share their first hour: compare them by hour of day.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { type RowPlace, readNumber, readNumberOrNan, rejectRow } from '../readers/rows.ts';
import { parseDagName } from './alibaba-dag.ts';
import {
  countedNote,
  type EventRow,
  eventColumns,
  type HostRow,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  storedOf,
  type TaskRow,
} from './canonical.ts';
import { type ImportContext, scaleOf } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { inParts, type ReadPart } from './partitions.ts';
import { tableFiles } from './table-files.ts';
import { openTasks, type TaskSink } from './task-sink.ts';
import { readUsageCsv, type UsageCsv, type UsageScale } from './usage-csv.ts';

/** 100 = one core. */
const MILLI_PER_UNIT = 10;

const MACHINE_USAGE: UsageCsv = {
  name: 'machine_usage',
  separator: ',',
  fields: 9,
  id: [0],
  time: 1,
  timeScaleMs: MS_PER_SECOND,
  timeOffsetMs: 0,
  cpu: 2,
  peak: -1,
  mem: 3,
  invalid: [-1, 101],
  mostCpu: 100,
};
const CONTAINER_USAGE: UsageCsv = {
  name: 'container_usage',
  separator: ',',
  fields: 11,
  id: [0],
  time: 2,
  timeScaleMs: MS_PER_SECOND,
  timeOffsetMs: 0,
  cpu: 3,
  peak: -1,
  mem: 4,
  invalid: [-1, 101],
  mostCpu: Infinity,
  skipEmptyId: true,
};

/** Reads the tables given. Throws ConfigError, TraceError with file and row. */
export async function importAlibaba2018(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'alibaba-2018',
    paths,
    {
      machine_meta: { pattern: /machine_meta/ },
      machine_usage: { pattern: /machine_usage/ },
      container_meta: { pattern: /container_meta/ },
      container_usage: { pattern: /container_usage/ },
      batch_task: { pattern: /batch_task/ },
      batch_instance: { pattern: /batch_instance/ },
    },
    context,
  );
  const mib = scaleOf(context, 'mem', 1);
  const machines = new Map<string, HostRow>();
  const events: EventRow[] = [];
  await takeRows({ name: 'machine_meta', fields: 7 }, files.machine_meta, context, (fields, place) => {
    const milliCpu = readNumber(place, fields[4], 'cpu_num') * 1000;
    const memMib = readNumber(place, fields[5], 'mem_size') * mib;
    const timeMs = readNumber(place, fields[1], 'time_stamp') * MS_PER_SECOND;
    const labels = { 'failure-domain-1': fields[2], 'failure-domain-2': fields[3] };
    if (!machines.has(fields[0])) machines.set(fields[0], { id: fields[0], milliCpu, memMib, labels });
    else events.push({ timeMs, id: fields[0], kind: 'update', detail: fields[6] });
  });
  const containers = new Map<string, ServiceRow>();
  let emptyIds = 0;
  await takeRows({ name: 'container_meta', fields: 8 }, files.container_meta, context, (fields, place) => {
    if (fields[0] === '') {
      emptyIds += 1;
      return;
    }
    const requestMilliCpu = readNumber(place, fields[5], 'cpu_request') * MILLI_PER_UNIT;
    const requestMemMib = readNumberOrNan(place, fields[7], 'mem_size') * mib;
    const startMs = readNumber(place, fields[2], 'time_stamp') * MS_PER_SECOND;
    const first = containers.get(fields[0]);
    const base = {
      id: fields[0],
      kind: 'container',
      group: fields[3],
      requestMilliCpu,
      requestMemMib,
      host: fields[1],
    };
    containers.set(fields[0], { ...base, startMs: first?.startMs ?? startMs });
  });
  const hostScales = new Map<string, UsageScale>();
  for (const [id, host] of machines) hostScales.set(id, { milliCpu: host.milliCpu / 100, memMib: host.memMib / 100 });
  const containerScales = new Map<string, UsageScale>();
  for (const [id, one] of containers)
    containerScales.set(id, { milliCpu: one.requestMilliCpu / 100, memMib: one.requestMemMib / 100 });
  const machineRead = await readUsageCsv(
    MACHINE_USAGE,
    files.machine_usage,
    hostScales,
    { milliCpu: 960, memMib: mib },
    context,
  );
  const assumed = { milliCpu: 10, memMib: Number.NaN };
  const containerRead = await readUsageCsv(CONTAINER_USAGE, files.container_usage, containerScales, assumed, context);
  const services = Array.from(containers.values());
  let unlisted = 0;
  for (const id of containerRead.ids)
    if (!containers.has(id)) {
      unlisted += 1;
      services.push({ id, kind: 'container', requestMilliCpu: 1000, requestMemMib: Number.NaN });
    }
  for (const id of machineRead.ids) {
    const host = machines.get(id);
    services.push({
      id,
      kind: 'host',
      requestMilliCpu: host?.milliCpu ?? 96_000,
      requestMemMib: host?.memMib ?? 100 * mib,
    });
  }
  const batch = await readBatch(files.batch_task, files.batch_instance, mib, context);
  return {
    format: 'alibaba-2018',
    startUnixMs: null,
    hosts: hostColumns(Array.from(machines.values())),
    tasks: batch.tasks,
    use: null,
    services: serviceColumns(services),
    events: eventColumns(events),
    ...storedOf(batch.stored),
    columns: {
      'hosts.milliCpu': { kind: 'absolute', from: 'cpu_num', scale: 1000 },
      'hosts.memMib': { kind: 'normalised', from: 'mem_size, % of a machine', scale: mib },
      'services.requestMilliCpu': { kind: 'absolute', from: 'cpu_request, 100 = 1 core', scale: MILLI_PER_UNIT },
      'services.requestMemMib': { kind: 'normalised', from: 'mem_size, % of a machine', scale: mib },
      'usage.milliCpu': { kind: 'normalised', from: 'cpu_util_percent of the request or the machine', scale: 0.01 },
      'tasks.requestMilliCpu': {
        kind: 'absolute',
        from: 'plan_cpu (100 = 1 core) x instance_num',
        scale: MILLI_PER_UNIT,
      },
      'tasks.requestMemMib': { kind: 'normalised', from: 'plan_mem, % of a machine, x instance_num', scale: mib },
    },
    notes: [
      'machine, container and batch tables cover different hours: join them by hour of day, not by time',
      ...countedNote(emptyIds + containerRead.emptyIds, 'container rows have no container id and are left out'),
      ...countedNote(unlisted, 'containers with use are not in container_meta: one core is assumed'),
      ...batch.notes,
    ],
  };
}

async function readBatch(
  taskPaths: readonly string[],
  instancePaths: readonly string[],
  mib: number,
  context: ImportContext,
) {
  const counts = { backwards: 0, running: 0, truncated: 0, repeated: 0 };
  const key = (fields: readonly string[]) => fields[2];
  const tables = [
    { name: 'batch_task', fields: 9, paths: taskPaths, key },
    { name: 'batch_instance', fields: 14, paths: instancePaths, key },
  ];
  const sink = openTasks(context);
  await inParts(tables, context, (read) => readJobs(read, mib, sink, counts));
  const { tasks, stored, lostParents } = await sink.finish();
  return {
    tasks,
    stored,
    notes: [
      ...countedNote(counts.backwards, 'tasks end before they start: their duration is unknown'),
      ...countedNote(counts.running, 'tasks have end 0: they still ran, their duration is unknown'),
      ...countedNote(counts.truncated, 'task names were cut off; parents after the cut are lost'),
      ...countedNote(counts.repeated, 'tasks repeat a name of their job; they got a number'),
      ...countedNote(lostParents, 'parents are not in the trace and are left out'),
    ],
  };
}

/** Tasks of some jobs, with parents by the numbers in their names and the use of their instances. */
async function readJobs(
  read: ReadPart,
  mib: number,
  sink: TaskSink,
  counts: { backwards: number; running: number; truncated: number; repeated: number },
): Promise<void> {
  const rows: { row: TaskRow; seq: number; parents: readonly number[] }[] = [];
  const seen = new Map<string, number>();
  const taskOf = new Map<string, string>();
  await read(0, (fields, place, seq) => {
    const times = readTimes(fields, place);
    const instances = readNumber(place, fields[1], 'instance_num');
    if (!(instances >= 1)) rejectRow(place, `instance_num is ${instances}; 1 or more is expected`);
    const cpu = readNumberOrNan(place, fields[7], 'plan_cpu') * MILLI_PER_UNIT * instances;
    const mem = readNumberOrNan(place, fields[8], 'plan_mem') * mib * instances;
    const dag = parseDagName(fields[0]);
    const plain = `${fields[2]}/${fields[0]}`;
    const copies = seen.get(plain) ?? 0;
    seen.set(plain, copies + 1);
    if (copies > 0) counts.repeated += 1;
    const id = copies === 0 ? plain : `${plain}#${copies + 1}`;
    if (times.kind === 'backwards') counts.backwards += 1;
    if (times.kind === 'running') counts.running += 1;
    if (dag.truncated) counts.truncated += 1;
    if (dag.index !== null) taskOf.set(`${fields[2]}/${dag.index}`, id);
    const row = {
      id,
      group: fields[2],
      submitMs: times.startMs,
      durationMs: times.durationMs,
      instances,
      requestMilliCpu: cpu,
      requestMemMib: mem,
      qos: `type-${fields[3]}`,
      status: fields[4],
    };
    rows.push({ row, seq, parents: dag.parents });
  });
  const used = await readInstances(read);
  for (const { row, seq, parents } of rows) {
    const ids = parents.map((index) => taskOf.get(`${row.group}/${index}`) ?? `${row.group}/?${index}`);
    const use = used.get(row.id);
    const usedMilliCpu = use === undefined ? Number.NaN : (use.milliMs / use.ms) * (row.instances ?? 1);
    sink.add({ ...row, parents: ids, usedMilliCpu }, seq);
  }
}

function readTimes(fields: readonly string[], place: RowPlace) {
  const start = readNumber(place, fields[5], 'start_time');
  const end = readNumber(place, fields[6], 'end_time');
  if (start < 0 || end < 0) rejectRow(place, `has times ${start} and ${end}; neither is negative`);
  const startMs = start * MS_PER_SECOND;
  if (end === 0) return { kind: 'running', startMs, durationMs: Number.NaN };
  if (end < start) return { kind: 'backwards', startMs, durationMs: Number.NaN };
  return { kind: 'done', startMs, durationMs: (end - start) * MS_PER_SECOND };
}

/** Mean CPU of the instances of each task, weighted by the time they ran. */
async function readInstances(read: ReadPart) {
  const used = new Map<string, { milliMs: number; ms: number }>();
  await read(1, (fields, place) => {
    const start = readNumber(place, fields[5], 'start_time');
    const end = readNumber(place, fields[6], 'end_time');
    const milli = readNumberOrNan(place, fields[10], 'cpu_avg') * MILLI_PER_UNIT;
    if (!(end > start && milli >= 0)) return;
    const id = `${fields[2]}/${fields[1]}`;
    const sum = used.get(id);
    if (sum === undefined) used.set(id, { milliMs: milli * (end - start), ms: end - start });
    else {
      sum.milliMs += milli * (end - start);
      sum.ms += end - start;
    }
  });
  return used;
}

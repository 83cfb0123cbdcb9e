/**
 * Alibaba cluster trace 2017: twelve hours of servers, online containers and batch, seconds, no header.
 *
 * Cores are absolute, memory and disk normalised (`--scale mem=MIB` of one unit). Task CPU is 100 for a core in practice, instance CPU is
 * in cores. Container use is a percentage of the request, averaged over 300 s of 60 s samples. Times of 0 or below are before the trace. Servers and
 * containers are both numbered from 1: their ids get `server/` and `container/` in front.
 */
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { readNumber, readNumberOrNan, rejectRow } from '../readers/rows.ts';
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

/** Task CPU: 50 = half a core. */
const MILLI_PER_UNIT = 10;

const COMMON = {
  separator: ',' as const,
  id: [1],
  time: 0,
  timeScaleMs: MS_PER_SECOND,
  timeOffsetMs: 0,
  peak: -1,
  invalid: [-1, 101],
};
const SERVER_USAGE: UsageCsv = {
  ...COMMON,
  name: 'server_usage',
  idPrefix: 'server/',
  fields: 8,
  cpu: 2,
  mem: 3,
  mostCpu: 100,
};
const CONTAINER_USAGE: UsageCsv = {
  ...COMMON,
  name: 'container_usage',
  idPrefix: 'container/',
  fields: 12,
  cpu: 2,
  mem: 3,
  mostCpu: Infinity,
};

/** Reads the tables given. Throws ConfigError, TraceError with file and row. */
export async function importAlibaba2017(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'alibaba-2017',
    paths,
    {
      server_event: { pattern: /server_event/ },
      server_usage: { pattern: /server_usage/ },
      container_event: { pattern: /container_event/ },
      container_usage: { pattern: /container_usage/ },
      batch_task: { pattern: /batch_task/ },
      batch_instance: { pattern: /batch_instance/ },
    },
    context,
  );
  const mib = scaleOf(context, 'mem', 1);
  const machines = new Map<string, HostRow>();
  const events: EventRow[] = [];
  await takeRows({ name: 'server_event', fields: 7 }, files.server_event, context, (fields, place) => {
    const timeMs = Math.max(0, readNumber(place, fields[0], 'time')) * MS_PER_SECOND;
    if (!['add', 'softerror', 'harderror'].includes(fields[2]))
      rejectRow(place, `event is "${fields[2]}"; add, softerror or harderror is expected`);
    const milliCpu = readNumberOrNan(place, fields[4], 'CPUs') * 1000;
    const memMib = readNumberOrNan(place, fields[5], 'memory') * mib;
    if (fields[2] === 'add') machines.set(fields[1], { id: fields[1], milliCpu, memMib });
    events.push({ timeMs, id: fields[1], kind: fields[2], detail: fields[3] });
  });
  const containers = new Map<string, ServiceRow>();
  let pinned = 0;
  await takeRows({ name: 'container_event', fields: 8 }, files.container_event, context, (fields, place) => {
    const time = readNumber(place, fields[0], 'time');
    const known = containers.get(`container/${fields[2]}`);
    if (fields[1] === 'Remove') {
      if (known !== undefined) containers.set(`container/${fields[2]}`, { ...known, endMs: time * MS_PER_SECOND });
      return;
    }
    if (fields[1] !== 'Create') rejectRow(place, `event is "${fields[1]}"; Create or Remove is expected`);
    const requestMilliCpu = readNumber(place, fields[4], 'CPUs') * 1000;
    const requestMemMib = readNumberOrNan(place, fields[5], 'memory') * mib;
    if (fields[7] !== '') pinned += 1;
    const startMs = time > 0 ? time * MS_PER_SECOND : Number.NaN;
    containers.set(`container/${fields[2]}`, {
      id: `container/${fields[2]}`,
      kind: 'container',
      requestMilliCpu,
      requestMemMib,
      startMs,
      host: fields[3],
    });
  });
  const hostScales = new Map<string, UsageScale>();
  for (const [id, host] of machines)
    hostScales.set(`server/${id}`, { milliCpu: host.milliCpu / 100, memMib: host.memMib / 100 });
  const serverRead = await readUsageCsv(
    SERVER_USAGE,
    files.server_usage,
    hostScales,
    { milliCpu: 640, memMib: mib / 100 },
    context,
  );
  const containerScales = new Map<string, UsageScale>();
  for (const [id, one] of containers)
    containerScales.set(id, { milliCpu: one.requestMilliCpu / 100, memMib: one.requestMemMib / 100 });
  const assumed = { milliCpu: 10, memMib: Number.NaN };
  const containerRead = await readUsageCsv(CONTAINER_USAGE, files.container_usage, containerScales, assumed, context);
  const services = Array.from(containers.values());
  const unlisted = containerRead.ids.filter((id) => !containers.has(id));
  for (const id of unlisted) services.push({ id, kind: 'container', requestMilliCpu: 1000, requestMemMib: Number.NaN });
  for (const id of serverRead.ids) {
    const host = machines.get(id.slice('server/'.length));
    services.push({ id, kind: 'host', requestMilliCpu: host?.milliCpu ?? 64_000, requestMemMib: host?.memMib ?? mib });
  }
  const batch = await readBatch(files.batch_task, files.batch_instance, mib, context);
  return {
    format: 'alibaba-2017',
    startUnixMs: null,
    hosts: hostColumns(Array.from(machines.values())),
    tasks: batch.tasks,
    use: null,
    services: serviceColumns(services),
    events: eventColumns(events),
    ...storedOf(batch.stored),
    columns: {
      'hosts.milliCpu': { kind: 'absolute', from: 'cpus', scale: 1000 },
      'hosts.memMib': { kind: 'normalised', from: 'memory of the file', scale: mib },
      'services.requestMilliCpu': { kind: 'absolute', from: 'cpus', scale: 1000 },
      'usage.milliCpu': { kind: 'normalised', from: 'cpu % of the request or the server', scale: 0.01 },
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cpus (100 = 1 core) x instances', scale: MILLI_PER_UNIT },
      'tasks.usedMilliCpu': { kind: 'absolute', from: 'cpu_avg of the instances, cores', scale: 1000 },
    },
    notes: [
      ...countedNote(pinned, 'containers are pinned to named CPUs; the sets are not kept'),
      ...countedNote(unlisted.length, 'containers with use have no Create event: one core is assumed'),
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
  const counts = { before: 0, repeated: 0 };
  const tables = [
    { name: 'batch_instance', fields: 12, paths: instancePaths, key: (fields: readonly string[]) => fields[2] },
    { name: 'batch_task', fields: 8, paths: taskPaths, key: (fields: readonly string[]) => fields[2] },
  ];
  const sink = openTasks(context);
  await inParts(tables, context, (read) => readJobs(read, mib, sink, counts));
  return {
    ...(await sink.finish()),
    notes: [
      ...countedNote(counts.before, 'instances started before the trace (time 0 or negative) and do not count'),
      ...countedNote(counts.repeated, 'task rows repeat a task; the last one counts'),
    ],
  };
}

/** Tasks of some jobs, with the span and the use of their instances. */
async function readJobs(
  read: ReadPart,
  mib: number,
  sink: TaskSink,
  counts: { before: number; repeated: number },
): Promise<void> {
  const used = new Map<string, { milliMs: number; ms: number; firstS: number; lastS: number }>();
  await read(0, (fields, place) => {
    const start = readNumber(place, fields[0], 'start');
    const end = readNumber(place, fields[1], 'end');
    const milli = readNumberOrNan(place, fields[9], 'cpu_avg') * 1000;
    if (start <= 0) counts.before += 1;
    if (!(start > 0 && end > start)) return;
    const id = `${fields[2]}/${fields[3]}`;
    const sum = used.get(id) ?? { milliMs: 0, ms: 0, firstS: start, lastS: end };
    if (milli >= 0) {
      sum.milliMs += milli * (end - start);
      sum.ms += end - start;
    }
    sum.firstS = Math.min(sum.firstS, start);
    sum.lastS = Math.max(sum.lastS, end);
    used.set(id, sum);
  });
  const rows = new Map<string, { row: TaskRow; seq: number }>();
  await read(1, (fields, place, seq) => {
    const created = readNumber(place, fields[0], 'create');
    const modified = readNumber(place, fields[1], 'modify');
    const instances = Math.max(1, readNumber(place, fields[4], 'instances'));
    const cpu = readNumberOrNan(place, fields[6], 'CPUs') * MILLI_PER_UNIT * instances;
    const mem = readNumberOrNan(place, fields[7], 'memory') * mib * instances;
    const id = `${fields[2]}/${fields[3]}`;
    const use = used.get(id);
    const before = rows.get(id);
    if (before !== undefined) counts.repeated += 1;
    const ran = fields[5] === 'Terminated' && modified >= created ? (modified - created) * MS_PER_SECOND : Number.NaN;
    const row = {
      id,
      group: fields[2],
      submitMs: Math.max(0, created) * MS_PER_SECOND,
      durationMs: use === undefined ? ran : (use.lastS - use.firstS) * MS_PER_SECOND,
      instances,
      requestMilliCpu: cpu,
      requestMemMib: mem,
      usedMilliCpu: use === undefined ? Number.NaN : (use.milliMs / use.ms) * instances,
      status: fields[5],
    };
    rows.set(id, { row, seq: before?.seq ?? seq });
  });
  for (const { row, seq } of rows.values()) sink.add(row, seq);
}

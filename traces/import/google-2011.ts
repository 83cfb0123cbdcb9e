/**
 * Google ClusterData2011: machine_events, task_events and task_usage, csv.gz parts without a header, microseconds.
 *
 * CPU, memory and disk are shares of the largest machine; `--scale cpu=CORES mem=MIB` says what that machine has. Time 0 is before the
 * trace, 2^63-1 after it; the trace starts at 600 s, which is Sunday 1 May 2011, 19:00 in New York. Priorities 9 to 11 are production, 0
 * and 1 free. Not read, because they are unreliable or partial: CPI, MAI, disk time.
 */
import { MILLI_PER_CPU } from '../../policies/base/units.ts';
import { type RowPlace, readNumber, readNumberOrNan, rejectRow } from '../readers/rows.ts';
import {
  countedNote,
  type EventRow,
  eventColumns,
  type HostRow,
  hostColumns,
  type ImportedTrace,
  serviceColumns,
  storedOf,
  type TaskRow,
} from './canonical.ts';
import { type ImportContext, scaleOf } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { inParts } from './partitions.ts';
import { storeServices } from './service-sink.ts';
import { tableFiles } from './table-files.ts';
import { openTasks } from './task-sink.ts';
import { readUsageCsv, type UsageCsv } from './usage-csv.ts';

const START_MS = 600_000;
const START_UNIX_MS = Date.UTC(2011, 4, 1, 23);
const MS_PER_US = 0.001;
/** 2^63-1, which no double holds. */
const AFTER = '9223372036854775807';
const EVENT_WORDS = [
  'submit',
  'schedule',
  'evict',
  'fail',
  'finish',
  'kill',
  'lost',
  'update-pending',
  'update-running',
];
const MACHINE_WORDS = ['add', 'remove', 'update'];

const USAGE: UsageCsv = {
  name: 'task_usage',
  separator: ',',
  fields: 20,
  fewestFields: 19,
  id: [2, 3],
  time: 0,
  timeScaleMs: MS_PER_US,
  timeOffsetMs: START_MS,
  cpu: 5,
  peak: 13,
  mem: 6,
  invalid: [],
  mostCpu: Infinity,
  manyIds: true,
};

interface OpenTask {
  readonly seq: number;
  readonly submitMs: number;
  scheduledMs: number;
  endMs: number;
  status: string;
  host: string;
  cpu: number;
  mem: number;
  priority: number;
}

/** Reads the tables given. Throws ConfigError, TraceError with file and row. */
export async function importGoogle2011(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'google-2011',
    paths,
    {
      machine_events: { pattern: /machine_events/ },
      task_events: { pattern: /task_events/ },
      task_usage: { pattern: /task_usage/ },
    },
    context,
  );
  const milliPerUnit = scaleOf(context, 'cpu', 1) * MILLI_PER_CPU;
  const mibPerUnit = scaleOf(context, 'mem', 1);
  const machines = new Map<string, HostRow>();
  const events: EventRow[] = [];
  await takeRows({ name: 'machine_events', fields: 6 }, files.machine_events, context, (fields, place) => {
    const timeMs = eventTime(place, fields[0]);
    const kind = wordOf(place, MACHINE_WORDS, fields[2]);
    const milliCpu = readNumberOrNan(place, fields[4], 'CPU capacity') * milliPerUnit;
    const memMib = readNumberOrNan(place, fields[5], 'memory capacity') * mibPerUnit;
    if (kind !== 'remove')
      machines.set(fields[1], { id: fields[1], milliCpu, memMib, labels: { platform: fields[3] } });
    events.push({ timeMs, id: fields[1], kind, detail: `${fields[4]} ${fields[5]}` });
  });
  const counts = { missing: 0, evicted: 0, before: 0 };
  // Of every task, in memory where nothing is laid down on disk: services ask for it.
  const requests = new Map<string, OpenTask>();
  const sink = openTasks(context);
  const table = { name: 'task_events', fields: 13, paths: files.task_events, key: taskId };
  await inParts([table], context, async (read) => {
    const tasks = context.bulk === null ? requests : new Map<string, OpenTask>();
    await read(0, (fields, place, seq) => takeTaskEvent(fields, place, seq, tasks, counts));
    for (const [id, task] of tasks) sink.add(taskRow(id, task, milliPerUnit, mibPerUnit), task.seq);
  });
  const built = await sink.finish();
  const scale = { milliCpu: milliPerUnit, memMib: mibPerUnit };
  const read = await readUsageCsv(USAGE, files.task_usage, new Map(), scale, context);
  const measured = { usage: USAGE.name, kind: 'task', requestMilliCpu: 'task' } as const;
  const stored = context.bulk === null ? undefined : (await storeServices(context.bulk, null, measured)).count;
  return {
    format: 'google-2011',
    startUnixMs: START_UNIX_MS,
    hosts: hostColumns(Array.from(machines.values())),
    tasks: built.tasks,
    use: null,
    services: serviceColumns(
      read.ids.map((id) => {
        const task = requests.get(id);
        return {
          id,
          kind: 'task',
          group: id.slice(0, id.indexOf('/')),
          requestMilliCpu: (task?.cpu ?? Number.NaN) * milliPerUnit,
          requestMemMib: (task?.mem ?? Number.NaN) * mibPerUnit,
        };
      }),
    ),
    events: eventColumns(events),
    ...storedOf(built.stored, stored),
    columns: {
      'hosts.milliCpu': { kind: 'normalised', from: 'share of the largest machine', scale: milliPerUnit },
      'hosts.memMib': { kind: 'normalised', from: 'share of the largest machine', scale: mibPerUnit },
      'tasks.requestMilliCpu': {
        kind: 'normalised',
        from: 'CPU request, share of the largest machine',
        scale: milliPerUnit,
      },
      'tasks.requestMemMib': {
        kind: 'normalised',
        from: 'RAM request, share of the largest machine',
        scale: mibPerUnit,
      },
      'usage.milliCpu': { kind: 'normalised', from: 'mean CPU rate', scale: milliPerUnit },
      'usage.peakMilliCpu': { kind: 'normalised', from: 'maximum CPU rate', scale: milliPerUnit },
      'usage.memMib': { kind: 'normalised', from: 'canonical memory usage', scale: mibPerUnit },
    },
    notes: [
      ...(context.scale.cpu === undefined
        ? ['one unit of CPU is taken as one core; give --scale cpu=CORES of the largest machine']
        : []),
      ...countedNote(counts.missing, 'task events are marked as reconstructed (missing info)'),
      ...countedNote(counts.before, 'task events happened before the trace; they stand at 0'),
      ...countedNote(counts.evicted, 'times a task was evicted, failed or lost and may have run again'),
    ],
  };
}

/** Milliseconds from the start of the trace; Infinity for an event after it. */
function eventTime(place: RowPlace, field: string): number {
  if (field === AFTER) return Infinity;
  return Math.max(0, Math.round(readNumber(place, field, 'time') * MS_PER_US - START_MS));
}

function wordOf(place: RowPlace, words: readonly string[], field: string): string {
  const word = words[readNumber(place, field, 'event type')];
  if (word === undefined) rejectRow(place, `event type is ${field}; 0 to ${words.length - 1} is expected`);
  return word;
}

function taskId(fields: readonly string[]): string {
  return `${fields[2]}/${fields[3]}`;
}

function takeTaskEvent(
  fields: readonly string[],
  place: RowPlace,
  seq: number,
  tasks: Map<string, OpenTask>,
  counts: { missing: number; evicted: number; before: number },
): void {
  const timeMs = eventTime(place, fields[0]);
  const kind = wordOf(place, EVENT_WORDS, fields[5]);
  const cpu = readNumberOrNan(place, fields[9], 'CPU request');
  const mem = readNumberOrNan(place, fields[10], 'RAM request');
  const priority = readNumberOrNan(place, fields[8], 'priority');
  const id = taskId(fields);
  if (fields[1] !== '') counts.missing += 1;
  if (fields[0] === '0') counts.before += 1;
  let task = tasks.get(id);
  if (task === undefined) {
    const nan = Number.NaN;
    task = { seq, submitMs: timeMs, scheduledMs: nan, endMs: nan, status: '', host: '', cpu, mem, priority };
    tasks.set(id, task);
  }
  if (!Number.isNaN(cpu)) task.cpu = cpu;
  if (!Number.isNaN(mem)) task.mem = mem;
  if (!Number.isNaN(priority)) task.priority = priority;
  task.status = kind;
  if (kind === 'schedule') {
    task.scheduledMs = timeMs;
    task.endMs = Number.NaN;
    task.host = fields[4];
  } else if (kind === 'evict' || kind === 'fail' || kind === 'lost' || kind === 'finish' || kind === 'kill') {
    task.endMs = timeMs;
    if (kind !== 'finish' && kind !== 'kill') counts.evicted += 1;
  }
}

function taskRow(id: string, task: OpenTask, milliPerUnit: number, mibPerUnit: number): TaskRow {
  const ran = task.endMs - task.scheduledMs;
  return {
    id,
    group: id.slice(0, id.indexOf('/')),
    submitMs: Number.isFinite(task.submitMs) ? task.submitMs : 0,
    durationMs: Number.isFinite(ran) && ran >= 0 ? ran : Number.NaN,
    requestMilliCpu: task.cpu * milliPerUnit,
    requestMemMib: task.mem * mibPerUnit,
    qos: task.priority >= 9 ? 'prod' : task.priority <= 1 ? 'free' : 'middle',
    status: task.status,
    host: task.host,
  };
}

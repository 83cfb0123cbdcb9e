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
} from './canonical.ts';
import { type ImportContext, scaleOf } from './context.ts';
import { AFTER_TRACE, type EventTask, eventTaskRow, takeTaskEvent } from './google-tasks.ts';
import { takeRows } from './headerless-rows.ts';
import { inParts } from './partitions.ts';
import { storeServices } from './service-sink.ts';
import { tableFiles } from './table-files.ts';
import { openTasks } from './task-sink.ts';
import { readUsageCsv, type UsageCsv } from './usage-csv.ts';

const START_MS = 600_000;
const START_UNIX_MS = Date.UTC(2011, 4, 1, 23);
const MS_PER_US = 0.001;
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
  const scale = { milliCpu: milliPerUnit, memMib: mibPerUnit };
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
  const requests = new Map<string, EventTask>();
  const sink = openTasks(context);
  const table = { name: 'task_events', fields: 13, paths: files.task_events, key: taskId };
  await inParts([table], context, async (read) => {
    const tasks = context.bulk === null ? requests : new Map<string, EventTask>();
    await read(0, (fields, place, seq) => takeRow(fields, place, seq, tasks, counts));
    for (const [id, task] of tasks) sink.add(eventTaskRow(id, task, scale, qosOf(task.priority)), task.seq);
  });
  const built = await sink.finish();
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
  if (field === AFTER_TRACE) return Infinity;
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

function takeRow(
  fields: readonly string[],
  place: RowPlace,
  seq: number,
  tasks: Map<string, EventTask>,
  counts: { missing: number; evicted: number; before: number },
): void {
  const event = {
    seq,
    timeMs: eventTime(place, fields[0]),
    kind: wordOf(place, EVENT_WORDS, fields[5]),
    host: fields[4],
    cpu: readNumberOrNan(place, fields[9], 'CPU request'),
    mem: readNumberOrNan(place, fields[10], 'RAM request'),
    priority: readNumberOrNan(place, fields[8], 'priority'),
  };
  if (fields[1] !== '') counts.missing += 1;
  if (fields[0] === '0') counts.before += 1;
  takeTaskEvent(taskId(fields), event, tasks, counts);
}

function qosOf(priority: number): string {
  if (priority >= 9) return 'prod';
  return priority <= 1 ? 'free' : 'middle';
}

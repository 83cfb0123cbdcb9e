/**
 * Google 2019 (ClusterData v3), exported from BigQuery as JSON lines or as Parquet: machine_events, collection_events, instance_events, instance_usage.
 *
 * 64-bit numbers arrive as strings (JSON) or BigInt (Parquet). CPU and memory are shares of the largest machine (`--scale cpu=CORES mem=MIB`); time 0 is before the
 * trace, 2^63-1 after it, and it starts at 600 s. A machine of 0 is none, of -1 a dedicated one; alloc instance -1 is none. cpu_usage_distribution
 * has 11 values, 0 to 100 %, the last of which is the peak where no maximum is given. Alloc sets hold jobs and are not tasks themselves.
 */
import { TraceError } from '../../policies/base/assert.ts';
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
import { asList, type Located, member, memberAt, textOr } from './json-access.ts';
import { eachObject } from './object-rows.ts';
import { objectsInParts } from './partitions.ts';
import { storeServices } from './service-sink.ts';
import { tableFiles } from './table-files.ts';
import { openTasks, openWaiting } from './task-sink.ts';

const START_US = 600_000_000;
const EVENT_WORDS = [
  'submit',
  'queue',
  'enable',
  'schedule',
  'evict',
  'fail',
  'finish',
  'kill',
  'lost',
  'update-pending',
  'update-running',
];
const MACHINE_WORDS = ['', 'add', 'remove', 'update'];
/** A dedicated machine, which the trace does not name. */
const DEDICATED = '-1';
const NO_MACHINE = ['0', DEDICATED, 'null'];
const DISTRIBUTION_VALUES = 11;

/** Reads the tables given. Throws ConfigError, TraceError with file and row. */
export async function importGoogle2019(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'google-2019',
    paths,
    {
      machine_events: { pattern: /machine_events/ },
      collection_events: { pattern: /collection_events/ },
      instance_events: { pattern: /instance_events/ },
      instance_usage: { pattern: /instance_usage/ },
    },
    context,
  );
  const milli = scaleOf(context, 'cpu', 1) * 1000;
  const mib = scaleOf(context, 'mem', 1);
  const scale = { milliCpu: milli, memMib: mib };
  const machines = new Map<string, HostRow>();
  const events: EventRow[] = [];
  await eachObject(files.machine_events, context, (row) => {
    const id = idText(member(row, 'machine_id'));
    const kind = wordOf(member(row, 'type'), MACHINE_WORDS);
    const milliCpu = numberOr(memberAt(row, 'capacity', 'cpus'), Number.NaN) * milli;
    const memMib = numberOr(memberAt(row, 'capacity', 'memory'), Number.NaN) * mib;
    if (kind !== 'remove')
      machines.set(id, {
        id,
        milliCpu,
        memMib,
        labels: { switch: textOr(member(row, 'switch_id'), ''), platform: textOr(member(row, 'platform_id'), '') },
      });
    events.push({ timeMs: timeOf(member(row, 'time')), id, kind });
  });
  const allocSets = new Set<string>();
  const parentsOf = new Map<string, string[]>();
  await eachObject(files.collection_events, context, (row) => {
    const id = idText(member(row, 'collection_id'));
    if (numberOr(member(row, 'collection_type'), 0) === 1) allocSets.add(id);
    const after = asList(member(row, 'start_after_collection_ids'), true).map(idText);
    if (after.length > 0) parentsOf.set(id, after);
  });
  const counts = { alloc: 0, dedicated: 0, evicted: 0, long: 0 };
  // The last instance of a collection stands for it where others wait; a collection comes in one part.
  const lastOf = new Map<string, string>();
  const waitedFor = new Set(Array.from(parentsOf.values()).flat());
  const known = new Map<string, EventTask>();
  const eachPart = (take: (id: string, one: EventTask) => void) =>
    objectsInParts(files.instance_events, collectionOf, context, async (read) => {
      const instances = context.bulk === null ? known : new Map<string, EventTask>();
      await read((row, seq) => takeInstance(row, seq, instances, allocSets, counts));
      for (const [id, one] of instances) take(id, one);
    });
  const sink = openTasks(context);
  // Parents have to be known first, and may come in a later part.
  const waiting = openWaiting(context);
  await eachPart((id, one) => {
    const collection = id.slice(0, id.indexOf('/'));
    if (waitedFor.has(collection)) lastOf.set(collection, id);
    const row = eventTaskRow(id, one, scale, `priority-${one.priority}`);
    if (parentsOf.has(collection)) waiting.add(row, one.seq);
    else sink.add(row, one.seq);
  });
  await waiting.each((row, seq) => {
    const parents = parentsOf.get(row.group ?? '') ?? [];
    sink.add({ ...row, parents: parents.map((parent) => lastOf.get(parent) ?? parent) }, seq);
  });
  const built = await sink.finish();
  const table = context.usage.open('instance_usage', undefined, context.bulk === null);
  await eachObject(files.instance_usage, context, (row) => {
    const distribution = asList(member(row, 'cpu_usage_distribution'), true);
    if (distribution.length !== 0 && distribution.length !== DISTRIBUTION_VALUES) counts.long += 1;
    const top =
      distribution.length === DISTRIBUTION_VALUES
        ? numberOr(distribution[DISTRIBUTION_VALUES - 1], Number.NaN)
        : Number.NaN;
    const id = instanceId(row);
    const timeMs = Math.max(0, timeOf(member(row, 'start_time')));
    const cpu = numberOr(memberAt(row, 'average_usage', 'cpus'), Number.NaN);
    const peak = numberOr(memberAt(row, 'maximum_usage', 'cpus'), top);
    const memory = numberOr(memberAt(row, 'average_usage', 'memory'), Number.NaN);
    table.add(id, timeMs, cpu * milli, peak * milli, memory * mib, () => row.where.slice(0, -1));
  });
  const measured = table.finish();
  const ofUse = { usage: 'instance_usage', kind: 'task', requestMilliCpu: 'task' } as const;
  const stored = context.bulk === null ? undefined : (await storeServices(context.bulk, null, ofUse)).count;
  return {
    format: 'google-2019',
    startUnixMs: null,
    hosts: hostColumns(Array.from(machines.values())),
    tasks: built.tasks,
    use: null,
    services: serviceColumns(
      measured.map((id) => ({
        id,
        kind: 'task',
        group: id.slice(0, id.indexOf('/')),
        requestMilliCpu: (known.get(id)?.cpu ?? Number.NaN) * milli,
        requestMemMib: (known.get(id)?.mem ?? Number.NaN) * mib,
      })),
    ),
    events: eventColumns(events),
    ...storedOf(built.stored, stored),
    columns: {
      'hosts.milliCpu': { kind: 'normalised', from: 'capacity.cpus, share of the largest machine', scale: milli },
      'hosts.memMib': { kind: 'normalised', from: 'capacity.memory, share of the largest machine', scale: mib },
      'tasks.requestMilliCpu': { kind: 'normalised', from: 'resource_request.cpus', scale: milli },
      'tasks.requestMemMib': { kind: 'normalised', from: 'resource_request.memory', scale: mib },
      'usage.milliCpu': { kind: 'normalised', from: 'average_usage.cpus', scale: milli },
      'usage.peakMilliCpu': {
        kind: 'normalised',
        from: 'maximum_usage.cpus, else the last of cpu_usage_distribution',
        scale: milli,
      },
    },
    notes: [
      ...(context.scale.cpu === undefined
        ? ['one unit of CPU is taken as one core; give --scale cpu=CORES of the largest machine']
        : []),
      ...countedNote(counts.alloc, 'events are of alloc sets, which hold jobs; they are not tasks'),
      ...countedNote(counts.dedicated, 'events are on a dedicated machine (-1): no host is kept'),
      ...countedNote(counts.evicted, 'times an instance was evicted, failed or lost and may have run again'),
      ...countedNote(counts.long, `distributions do not have ${DISTRIBUTION_VALUES} values and are not used`),
      ...countedNote(built.lostParents, 'collections to wait for are not in the trace'),
    ],
  };
}

function idText(located: Located): string {
  if (typeof located.value === 'string' || typeof located.value === 'bigint') return String(located.value);
  // A bare 64-bit id has already lost its last digits when it is larger than 2^53.
  if (typeof located.value === 'number' && Number.isSafeInteger(located.value)) return String(located.value);
  throw new TraceError(`${located.where} is ${String(located.value)}; an id as text is expected`);
}

function numberOr(located: Located, fallback: number): number {
  if (located.value === undefined || located.value === null) return fallback;
  const value = Number(located.value);
  if (!Number.isFinite(value))
    throw new TraceError(`${located.where} is ${JSON.stringify(located.value)}; a number is expected`);
  return value;
}

/** Milliseconds from the start; below 0 before it, Infinity after the trace. */
function timeOf(located: Located): number {
  if (String(located.value) === AFTER_TRACE) return Infinity;
  const us = numberOr(located, Number.NaN);
  if (Number.isNaN(us)) throw new TraceError(`${located.where} is missing`);
  return us === 0 ? 0 : Math.round((us - START_US) / 1000);
}

/** Numbers or, in some exports, the words themselves. */
function wordOf(located: Located, words: readonly string[]): string {
  const word = words[Number(located.value)] ?? String(located.value).toLowerCase().replaceAll('_', '-');
  if (word === '' || !words.includes(word))
    throw new TraceError(`${located.where} is ${String(located.value)}; known: ${words.filter(Boolean).join(', ')}`);
  return word;
}

function collectionOf(row: Located): string {
  return idText(member(row, 'collection_id'));
}

function instanceId(row: Located): string {
  return `${idText(member(row, 'collection_id'))}/${numberOr(member(row, 'instance_index'), 0)}`;
}

function takeInstance(
  row: Located,
  seq: number,
  instances: Map<string, EventTask>,
  allocSets: ReadonlySet<string>,
  counts: { alloc: number; dedicated: number; evicted: number },
): void {
  const collection = idText(member(row, 'collection_id'));
  if (allocSets.has(collection) || numberOr(member(row, 'collection_type'), 0) === 1) {
    counts.alloc += 1;
    return;
  }
  const machine = member(row, 'machine_id').value === undefined ? '0' : String(member(row, 'machine_id').value);
  const event = {
    seq,
    timeMs: Math.max(0, timeOf(member(row, 'time'))),
    kind: wordOf(member(row, 'type'), EVENT_WORDS),
    host: NO_MACHINE.includes(machine) ? '' : machine,
    cpu: numberOr(memberAt(row, 'resource_request', 'cpus'), Number.NaN),
    mem: numberOr(memberAt(row, 'resource_request', 'memory'), Number.NaN),
    priority: numberOr(member(row, 'priority'), Number.NaN),
  };
  if (machine === DEDICATED) counts.dedicated += 1;
  takeTaskEvent(instanceId(row), event, instances, counts);
}

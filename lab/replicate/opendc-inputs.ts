/** Reads OpenDC inputs: tasks and fragments, topologies, carbon and failure traces. Throws TraceError with file and row or path. */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import type { CarbonSteps } from '../../sim/engine/event-physics.ts';
import { POWER_MODEL_NAMES } from '../../sim/host/power-models.ts';
import {
  asList,
  asNumber,
  asText,
  type Located,
  member,
  memberAt,
  readJson,
  textOr,
} from '../../traces/import/json-access.ts';
import { idAt, idsAt, numberAt, type ParquetColumns, readParquet } from '../../traces/import/parquet-columns.ts';
import type { FragmentWorkload, HostFailure, ReplayHosts } from './fragment-replay.ts';
import { submissionOrder, type TieOrder } from './submission-order.ts';

/** Reads tasks.parquet and fragments.parquet; tasks are ordered by submission, then by `ties`. */
export async function readOpendcWorkload(
  tasksPath: string,
  fragmentsPath: string,
  ties: TieOrder = 'file',
): Promise<FragmentWorkload> {
  const tasks = await readParquet(
    tasksPath,
    ['id', 'submission_time', 'cpu_count', 'mem_capacity'],
    ['parents', 'children'],
  );
  if (tasks.count === 0) throw new TraceError(`${tasksPath}: no task`);
  const submitUnixMs = Float64Array.from({ length: tasks.count }, (_, at) => numberAt(tasks, 'submission_time', at));
  const order = await submissionOrder(tasksPath, submitUnixMs, ties);
  const startUnixMs = submitUnixMs[order[0]];
  const rowOf = new Map(order.map((at, row) => [idAt(tasks, 'id', at), row]));
  if (rowOf.size !== tasks.count) throw new TraceError(`${tasksPath}: a task id appears twice`);
  const { parentStart, parents } = readParents(tasks, order, rowOf);
  return {
    count: tasks.count,
    startUnixMs,
    submitMs: Float64Array.from(order, (at) => submitUnixMs[at] - startUnixMs),
    cores: Int32Array.from(order, (at) => numberAt(tasks, 'cpu_count', at)),
    memBytes: Float64Array.from(order, (at) => numberAt(tasks, 'mem_capacity', at) * BYTES_PER_MIB),
    ...(await readFragments(fragmentsPath, rowOf)),
    parentStart,
    parents,
  };
}

function readParents(tasks: ParquetColumns, order: readonly number[], rowOf: ReadonlyMap<string, number>) {
  const parentsOf: number[][] = order.map(() => []);
  order.forEach((at, row) => {
    if (tasks.has('parents'))
      for (const id of idsAt(tasks, 'parents', at)) parentsOf[row].push(rowOf.get(id) ?? missing(tasks, at, id));
    else if (tasks.has('children'))
      for (const id of idsAt(tasks, 'children', at)) parentsOf[rowOf.get(id) ?? missing(tasks, at, id)].push(row);
  });
  const parentStart = new Int32Array(order.length + 1);
  parentsOf.forEach((parents, row) => {
    parentStart[row + 1] = parentStart[row] + parents.length;
  });
  return { parentStart, parents: Int32Array.from(parentsOf.flat()) };
}

function missing(tasks: ParquetColumns, at: number, id: string): never {
  throw new TraceError(`${tasks.path}:${at + 1} names task ${id}, which is not in the file`);
}

/** Fragments by task in the order of rows: counted first, then placed. Rows of one task mostly follow each other. */
async function readFragments(path: string, rowOf: ReadonlyMap<string, number>) {
  const file = await readParquet(path, ['id', 'duration', 'cpu_usage']);
  const ids = file.column('id');
  const taskOf = new Int32Array(file.count);
  const fragmentStart = new Int32Array(rowOf.size + 1);
  let lastId: unknown;
  let task = -1;
  for (let at = 0; at < file.count; at++) {
    if (ids[at] !== lastId || at === 0) {
      lastId = ids[at];
      task = rowOf.get(idAt(file, 'id', at)) ?? -1;
      if (task < 0)
        throw new TraceError(`${path}:${at + 1} belongs to task ${String(lastId)}, which is not in the tasks`);
    }
    taskOf[at] = task;
    fragmentStart[task + 1]++;
  }
  for (let row = 0; row < rowOf.size; row++) fragmentStart[row + 1] += fragmentStart[row];
  const next = fragmentStart.slice(0, rowOf.size);
  const fragmentMs = new Float64Array(file.count);
  const fragmentMhz = new Float64Array(file.count);
  for (let at = 0; at < file.count; at++) {
    const to = next[taskOf[at]]++;
    fragmentMs[to] = numberAt(file, 'duration', at);
    fragmentMhz[to] = numberAt(file, 'cpu_usage', at);
    if (!(fragmentMs[to] >= 0 && Number.isInteger(fragmentMs[to]) && fragmentMhz[to] >= 0))
      throw new TraceError(`${path}:${at + 1} lasts ${fragmentMs[to]} ms at ${fragmentMhz[to]} MHz`);
  }
  return { fragmentStart, fragmentMs, fragmentMhz };
}

export interface Topology {
  readonly hosts: ReplayHosts;
  /** Name of the carbon trace, null when the topology names none. */
  readonly carbonName: string | null;
}

/** Reads a topology; `hostCount` replaces the count of its only kind of host. */
export async function readTopology(path: string, hostCount?: number): Promise<Topology> {
  const clusters = asList(member(await readJson(path), 'clusters'));
  const kinds = clusters.flatMap((cluster) => asList(member(cluster, 'hosts')).map(readHostKind));
  if (kinds.length === 0) throw new TraceError(`${path}: no host`);
  if (hostCount !== undefined && kinds.length > 1)
    throw new TraceError(`${path}: ${kinds.length} kinds of host; a host count can only replace the count of one`);
  const rows = kinds.flatMap((kind) => Array<(typeof kinds)[number]>(hostCount ?? kind.count).fill(kind));
  const named = clusters.map((cluster) => memberAt(cluster, 'powerSource', 'carbon', 'name'));
  return {
    hosts: {
      count: rows.length,
      cores: Int32Array.from(rows, (kind) => kind.cores),
      coreMhz: Float64Array.from(rows, (kind) => kind.coreMhz),
      memBytes: Float64Array.from(rows, (kind) => kind.memBytes),
      powerModel: Uint8Array.from(rows, (kind) => kind.powerModel),
      idleWatts: Float64Array.from(rows, (kind) => kind.idleWatts),
      maxWatts: Float64Array.from(rows, (kind) => kind.maxWatts),
    },
    carbonName: named.length > 0 && named[0].value !== undefined ? asText(named[0]) : null,
  };
}

function readHostKind(host: Located) {
  const count = member(host, 'count');
  const model = member(host, 'cpuPowerModel');
  const type = member(model, 'type');
  const powerModel = (POWER_MODEL_NAMES as readonly string[]).indexOf(asText(type));
  if (powerModel < 0)
    throw new TraceError(`${type.where} is ${String(type.value)}; known: ${POWER_MODEL_NAMES.join(', ')}`);
  return {
    count: count.value === undefined ? 1 : asNumber(count),
    cores: asNumber(memberAt(host, 'cpu', 'coreCount')),
    coreMhz: quantity(memberAt(host, 'cpu', 'coreSpeed'), MHZ, 'MHz'),
    memBytes: quantity(memberAt(host, 'memory', 'size'), BYTES, 'MiB'),
    powerModel,
    idleWatts: quantity(member(model, 'idlePower'), WATTS, 'Watts'),
    maxWatts: quantity(member(model, 'maxPower'), WATTS, 'Watts'),
  };
}

const MHZ: Readonly<Record<string, number>> = { hz: 1e-6, khz: 1e-3, mhz: 1, ghz: 1000 };
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: BYTES_PER_MIB,
  gib: 1024 * BYTES_PER_MIB,
};
const WATTS: Readonly<Record<string, number>> = { w: 1, watt: 1, watts: 1, kw: 1000, kwatts: 1000 };

/** A text like "2.1 GHz" or a bare number in `bare`. */
function quantity(located: Located, units: Readonly<Record<string, number>>, bare: string): number {
  const text = typeof located.value === 'number' ? `${located.value} ${bare}` : textOr(located, '');
  const match = /^\s*([0-9.eE+-]+)\s*([A-Za-z]*)\s*$/.exec(text);
  const scale = units[(match?.[2] || bare).toLowerCase()];
  const value = Number(match?.[1]);
  if (scale === undefined || !Number.isFinite(value))
    throw new TraceError(
      `${located.where} is "${text}"; a number with one of ${Object.keys(units).join(', ')} is expected`,
    );
  // 2.1 GHz is 2100.0000000000005 in doubles by mere multiplication with some units: round far below what matters.
  return Math.round(value * scale * 1e6) / 1e6;
}

/** Reads a carbon trace; times count from `startUnixMs`, which it must cover. */
export async function readCarbon(path: string, startUnixMs: number): Promise<CarbonSteps> {
  const file = await readParquet(path, ['timestamp', 'carbon_intensity']);
  const rows = Array.from({ length: file.count }, (_, at) => at);
  const atMs = Float64Array.from(rows, (at) => numberAt(file, 'timestamp', at) - startUnixMs);
  const gramsPerKwh = Float64Array.from(rows, (at) => numberAt(file, 'carbon_intensity', at));
  for (let at = 1; at < atMs.length; at++)
    if (!(atMs[at] > atMs[at - 1])) throw new TraceError(`${path}:${at + 1} is not later than the row before`);
  if (atMs.length === 0 || atMs[0] > 0) throw new TraceError(`${path} begins after the first task is submitted`);
  return { atMs, gramsPerKwh };
}

/** Reads a failure trace. */
export async function readFailures(path: string): Promise<HostFailure[]> {
  const file = await readParquet(path, ['failure_interval', 'failure_duration', 'failure_intensity']);
  return Array.from({ length: file.count }, (_, at) => ({
    intervalMs: numberAt(file, 'failure_interval', at),
    durationMs: numberAt(file, 'failure_duration', at),
    intensity: numberAt(file, 'failure_intensity', at),
  }));
}

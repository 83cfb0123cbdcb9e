/**
 * The one shape that every import ends in: hosts, tasks and, where the format has it, use over time.
 *
 * Ids stay as written. Times are whole milliseconds from the start of the trace, CPU is in milli-cores, memory in MiB. NaN is
 * "the format does not say". Tasks are ordered by (submitMs, row in the file).
 */
import { assert } from '../../policies/base/assert.ts';

/** Where the numbers of a column come from. */
export interface ColumnSource {
  /** `absolute`: in units of its own. `normalised`: a share, turned absolute by `scale`. `assumed`: not in the file. */
  readonly kind: 'absolute' | 'normalised' | 'assumed';
  /** Field and unit of the format. */
  readonly from: string;
  /** What one unit of the file is worth in the unit of the column. */
  readonly scale: number;
}

export type Labels = Readonly<Record<string, string>>;

export interface ImportedHosts {
  readonly ids: readonly string[];
  readonly milliCpu: Float64Array;
  readonly memMib: Float64Array;
  readonly gpus: Int32Array;
  readonly gpuModel: readonly string[];
  readonly labels: readonly Labels[];
  readonly taints: readonly (readonly string[])[];
}

export interface ImportedTasks {
  readonly count: number;
  readonly ids: readonly string[];
  /** Job, namespace or user the task belongs to; empty when the format has none. */
  readonly groups: readonly string[];
  readonly submitMs: Float64Array;
  /** Time it ran or would run alone. */
  readonly durationMs: Float64Array;
  /** Time the user asked for. */
  readonly wallTimeMs: Float64Array;
  /** Equal parts the task consists of; requests and use are those of all parts together. */
  readonly instances: Int32Array;
  readonly requestMilliCpu: Float64Array;
  readonly requestMemMib: Float64Array;
  /** Most it may use, of all parts together; NaN: none, or not said. */
  readonly limitMilliCpu: Float64Array;
  readonly limitMemMib: Float64Array;
  /** Mean CPU use while it ran. */
  readonly usedMilliCpu: Float64Array;
  readonly gpus: Int32Array;
  /** Milli-GPU asked of each GPU: 1000 = whole, 0 = none. */
  readonly gpuMilli: Int32Array;
  /** GPU models it may run on, empty = any. */
  readonly gpuModels: readonly (readonly string[])[];
  /** QoS or status word of the format. */
  readonly qos: readonly string[];
  readonly status: readonly string[];
  /** Host it ran on, empty = not placed or not said. */
  readonly hosts: readonly string[];
  readonly labels: readonly Labels[];
  /** Rows that must be done first: of task t, parents[parentStart[t] .. parentStart[t + 1] - 1]. */
  readonly parentStart: Int32Array;
  readonly parents: Int32Array;
}

/** Use over time: of task t, the pieces useStart[t] .. useStart[t + 1] - 1 one after another from its start. */
export interface ImportedUse {
  readonly useStart: Int32Array;
  readonly durationMs: Float64Array;
  readonly milliCpu: Float64Array;
}

/** What runs for long and is measured: VMs, containers, pods, jobs, machines. Its use is kept apart, sample by sample. */
export interface ImportedServices {
  readonly count: number;
  readonly ids: readonly string[];
  /** `vm`, `container`, `pod`, `job`, `task`, `host`, `gpu`. */
  readonly kinds: readonly string[];
  /** Subscription, deployment, application or namespace. */
  readonly groups: readonly string[];
  readonly requestMilliCpu: Float64Array;
  readonly requestMemMib: Float64Array;
  /** Most one replica may use; NaN: none, or not said. */
  readonly limitMilliCpu: Float64Array;
  readonly limitMemMib: Float64Array;
  readonly replicas: Int32Array;
  /** NaN when it was alive before the trace or the format does not say. */
  readonly startMs: Float64Array;
  /** NaN when it was alive after the trace or the format does not say. */
  readonly endMs: Float64Array;
  readonly qos: readonly string[];
  /** Last status word of the format. */
  readonly status: readonly string[];
  readonly hosts: readonly string[];
  readonly labels: readonly Labels[];
}

/** What happened to hosts, in the order of time. */
export interface ImportedEvents {
  readonly timeMs: Float64Array;
  readonly ids: readonly string[];
  /** `add`, `remove`, `update`, `softerror`, `harderror`, as the format says. */
  readonly kinds: readonly string[];
  readonly details: readonly string[];
}

/** Tasks that stand in tasks.parquet already. */
export interface StoredTasks {
  readonly count: number;
  readonly withDuration: number;
  readonly lastSubmitMs: number;
}

export interface ImportedTrace {
  readonly format: string;
  /** Unix time of time 0, null when the format has no calendar. */
  readonly startUnixMs: number | null;
  readonly hosts: ImportedHosts;
  readonly tasks: ImportedTasks;
  readonly use: ImportedUse | null;
  readonly services?: ImportedServices;
  readonly events?: ImportedEvents;
  /** What stands in the folder already because it is too large for memory; the columns above are then empty. */
  readonly stored?: { readonly tasks?: StoredTasks; readonly services?: number };
  /** Source of each filled column, by its name as `tasks.requestMilliCpu`. */
  readonly columns: Readonly<Record<string, ColumnSource>>;
  /** What was left out, repaired or assumed, with counts. */
  readonly notes: readonly string[];
}

export interface HostRow {
  readonly id: string;
  readonly milliCpu: number;
  readonly memMib: number;
  readonly gpus?: number;
  readonly gpuModel?: string;
  readonly labels?: Labels;
  readonly taints?: readonly string[];
}

export interface TaskRow {
  readonly id: string;
  readonly submitMs: number;
  readonly durationMs: number;
  readonly requestMilliCpu: number;
  readonly requestMemMib: number;
  readonly group?: string;
  readonly wallTimeMs?: number;
  readonly instances?: number;
  readonly limitMilliCpu?: number;
  readonly limitMemMib?: number;
  readonly usedMilliCpu?: number;
  readonly gpus?: number;
  readonly gpuMilli?: number;
  readonly gpuModels?: readonly string[];
  readonly qos?: string;
  readonly status?: string;
  readonly host?: string;
  readonly labels?: Labels;
  /** Ids of tasks that must be done first. */
  readonly parents?: readonly string[];
}

export interface ServiceRow {
  readonly id: string;
  readonly kind: string;
  readonly requestMilliCpu: number;
  readonly requestMemMib: number;
  readonly group?: string;
  readonly limitMilliCpu?: number;
  readonly limitMemMib?: number;
  readonly replicas?: number;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly qos?: string;
  readonly status?: string;
  readonly host?: string;
  readonly labels?: Labels;
}

/** Most rows have no labels; they share this. */
const NO_LABELS: Labels = {};

export interface EventRow {
  readonly timeMs: number;
  readonly id: string;
  readonly kind: string;
  readonly detail?: string;
}

/** Services as columns, in the order given. Ids are unique. */
export function serviceColumns(rows: readonly ServiceRow[]): ImportedServices {
  assert(new Set(rows.map((row) => row.id)).size === rows.length, 'service ids are unique');
  return {
    count: rows.length,
    ids: rows.map((row) => row.id),
    kinds: rows.map((row) => row.kind),
    groups: rows.map((row) => row.group ?? ''),
    requestMilliCpu: Float64Array.from(rows, (row) => row.requestMilliCpu),
    requestMemMib: Float64Array.from(rows, (row) => row.requestMemMib),
    limitMilliCpu: Float64Array.from(rows, (row) => row.limitMilliCpu ?? Number.NaN),
    limitMemMib: Float64Array.from(rows, (row) => row.limitMemMib ?? Number.NaN),
    replicas: Int32Array.from(rows, (row) => row.replicas ?? 1),
    startMs: Float64Array.from(rows, (row) => row.startMs ?? Number.NaN),
    endMs: Float64Array.from(rows, (row) => row.endMs ?? Number.NaN),
    qos: rows.map((row) => row.qos ?? ''),
    status: rows.map((row) => row.status ?? ''),
    hosts: rows.map((row) => row.host ?? ''),
    labels: rows.map((row) => row.labels ?? NO_LABELS),
  };
}

/** Events as columns, ordered by time and then as given. */
export function eventColumns(rows: readonly EventRow[]): ImportedEvents {
  const sorted = rows.toSorted((a, b) => a.timeMs - b.timeMs);
  return {
    timeMs: Float64Array.from(sorted, (row) => row.timeMs),
    ids: sorted.map((row) => row.id),
    kinds: sorted.map((row) => row.kind),
    details: sorted.map((row) => row.detail ?? ''),
  };
}

/** Hosts as columns, in the order given. */
export function hostColumns(rows: readonly HostRow[]): ImportedHosts {
  return {
    ids: rows.map((row) => row.id),
    milliCpu: Float64Array.from(rows, (row) => row.milliCpu),
    memMib: Float64Array.from(rows, (row) => row.memMib),
    gpus: Int32Array.from(rows, (row) => row.gpus ?? 0),
    gpuModel: rows.map((row) => row.gpuModel ?? ''),
    labels: rows.map((row) => row.labels ?? NO_LABELS),
    taints: rows.map((row) => row.taints ?? []),
  };
}

/**
 * Tasks as columns, ordered by submit time and then as given; parents by row.
 *
 * A parent that is not in the trace is left out and counted in `lostParents`. Ids are unique.
 */
export function taskColumns(rows: readonly TaskRow[]): { tasks: ImportedTasks; lostParents: number } {
  const order = Array.from(rows.keys()).sort((a, b) => rows[a].submitMs - rows[b].submitMs || a - b);
  const sorted = order.map((index) => rows[index]);
  const rowOfId = new Map(sorted.map((row, index) => [row.id, index]));
  assert(rowOfId.size === rows.length, 'task ids are unique');
  const parentStart = new Int32Array(rows.length + 1);
  const parents: number[] = [];
  let lostParents = 0;
  sorted.forEach((row, index) => {
    for (const id of row.parents ?? []) {
      const parent = rowOfId.get(id);
      if (parent === undefined) lostParents += 1;
      else parents.push(parent);
    }
    parentStart[index + 1] = parents.length;
  });
  const tasks = {
    count: rows.length,
    ids: sorted.map((row) => row.id),
    groups: sorted.map((row) => row.group ?? ''),
    submitMs: Float64Array.from(sorted, (row) => row.submitMs),
    durationMs: Float64Array.from(sorted, (row) => row.durationMs),
    wallTimeMs: Float64Array.from(sorted, (row) => row.wallTimeMs ?? Number.NaN),
    instances: Int32Array.from(sorted, (row) => row.instances ?? 1),
    requestMilliCpu: Float64Array.from(sorted, (row) => row.requestMilliCpu),
    requestMemMib: Float64Array.from(sorted, (row) => row.requestMemMib),
    limitMilliCpu: Float64Array.from(sorted, (row) => row.limitMilliCpu ?? Number.NaN),
    limitMemMib: Float64Array.from(sorted, (row) => row.limitMemMib ?? Number.NaN),
    usedMilliCpu: Float64Array.from(sorted, (row) => row.usedMilliCpu ?? Number.NaN),
    gpus: Int32Array.from(sorted, (row) => row.gpus ?? 0),
    gpuMilli: Int32Array.from(sorted, (row) => row.gpuMilli ?? 0),
    gpuModels: sorted.map((row) => row.gpuModels ?? []),
    qos: sorted.map((row) => row.qos ?? ''),
    status: sorted.map((row) => row.status ?? ''),
    hosts: sorted.map((row) => row.host ?? ''),
    labels: sorted.map((row) => row.labels ?? NO_LABELS),
    parentStart,
    parents: Int32Array.from(parents),
  };
  return { tasks, lostParents };
}

/** What a trace says of tables that stand in its folder already. */
export function storedOf(tasks: StoredTasks | undefined, services?: number): Pick<ImportedTrace, 'stored'> {
  if (tasks === undefined && services === undefined) return {};
  return { stored: { ...(tasks && { tasks }), ...(services === undefined ? {} : { services }) } };
}

/** A note with its count, or nothing for 0. */
export function countedNote(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

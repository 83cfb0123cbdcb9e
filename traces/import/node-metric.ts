/**
 * Koordinator NodeMetric objects (slo.koordinator.sh/v1alpha1): `kubectl get nodemetric -o json`, one List, one object, or several files
 * taken at different times.
 *
 * Each report gives one sample for the node, the system, every pod and every host application; the p95 of the node, where it is
 * aggregated over the longest window, is its peak. prodReclaimable and prodPeak become events.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import {
  countedNote,
  type EventRow,
  eventColumns,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { asList, asText, type Located, member, memberAt, readJson, textOr } from './json-access.ts';
import { parseQuantity } from './quantity.ts';

interface Sample {
  readonly id: string;
  readonly unixMs: number;
  readonly milliCpu: number;
  readonly peakMilliCpu: number;
  readonly memMib: number;
  readonly where: string;
}

interface Reading {
  readonly services: Map<string, ServiceRow>;
  readonly samples: Sample[];
  readonly events: { unixMs: number; id: string; kind: string; detail: string }[];
  silent: number;
}

/** Reads the files given. Throws TraceError with file and JSON path. */
export async function importNodeMetric(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const reading: Reading = { services: new Map(), samples: [], events: [], silent: 0 };
  for (const path of paths) {
    const root = await readJson(path);
    for (const item of member(root, 'items').value === undefined ? [root] : asList(member(root, 'items')))
      try {
        readNode(item, reading);
      } catch (error) {
        dropRow(context, error);
      }
  }
  const startUnixMs = reading.samples.reduce((low, sample) => Math.min(low, sample.unixMs), Infinity);
  if (!Number.isFinite(startUnixMs)) throw new TraceError(`${paths.join(', ')}: no NodeMetric with a report`);
  const order = reading.samples.map((_, at) => at);
  order.sort((a, b) => reading.samples[a].unixMs - reading.samples[b].unixMs || a - b);
  const table = context.usage.open('node_metric');
  for (const at of order) {
    const { id, unixMs, milliCpu, peakMilliCpu, memMib, where } = reading.samples[at];
    table.add(id, unixMs - startUnixMs, milliCpu, peakMilliCpu, memMib, () => where);
  }
  table.finish();
  return {
    format: 'node-metric',
    startUnixMs,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(Array.from(reading.services.values())),
    events: eventColumns(
      reading.events.map(({ unixMs, ...event }): EventRow => ({ ...event, timeMs: unixMs - startUnixMs })),
    ),
    columns: {
      'usage.milliCpu': { kind: 'absolute', from: 'resources.cpu', scale: 1000 },
      'usage.memMib': { kind: 'absolute', from: 'resources.memory', scale: 1 / BYTES_PER_MIB },
      'usage.peakMilliCpu': { kind: 'absolute', from: 'aggregatedNodeUsages p95 of the longest window', scale: 1000 },
    },
    notes: [
      'requests and sizes of nodes are not in NodeMetric: add them from kubectl',
      ...countedNote(reading.silent, 'nodes have not reported yet and are left out'),
    ],
  };
}

/** Milli-cores and MiB of an object that holds cpu and memory; NaN for what is missing. */
function resources(located: Located): { milliCpu: number; memMib: number } {
  const of = (name: string, factor: number): number => {
    const value = located.value === undefined || located.value === null ? located : member(located, name);
    return value.value === undefined || value.value === null
      ? Number.NaN
      : parseQuantity(value.value, value.where) * factor;
  };
  return { milliCpu: Number(of('cpu', 1000).toPrecision(12)), memMib: of('memory', 1 / BYTES_PER_MIB) };
}

function readNode(item: Located, reading: Reading): void {
  const kind = asText(member(item, 'kind'));
  if (kind !== 'NodeMetric') throw new TraceError(`${item.where} is a ${kind}; NodeMetric is expected`);
  const node = asText(memberAt(item, 'metadata', 'name'));
  const updated = memberAt(item, 'status', 'updateTime');
  if (updated.value === undefined || updated.value === null) {
    reading.silent += 1;
    return;
  }
  const unixMs = Date.parse(asText(updated));
  if (Number.isNaN(unixMs))
    throw new TraceError(`${updated.where} is "${asText(updated)}"; an RFC 3339 time is expected`);
  const metric = memberAt(item, 'status', 'nodeMetric');
  const add = (
    id: string,
    row: Omit<ServiceRow, 'id' | 'requestMilliCpu' | 'requestMemMib'>,
    used: Located,
    peak: number,
  ) => {
    if (used.value === undefined || used.value === null) return;
    const before = reading.services.get(id);
    if (before === undefined)
      reading.services.set(id, { id, requestMilliCpu: Number.NaN, requestMemMib: Number.NaN, ...row });
    reading.samples.push({ id, unixMs, ...resources(used), peakMilliCpu: peak, where: used.where });
  };
  add(`node/${node}`, { kind: 'host', host: node }, memberAt(metric, 'nodeUsage', 'resources'), peakOf(metric));
  add(`system/${node}`, { kind: 'system', host: node }, memberAt(metric, 'systemUsage', 'resources'), Number.NaN);
  for (const pod of asList(memberAt(item, 'status', 'podsMetric'), true)) {
    const namespace = textOr(member(pod, 'namespace'), 'default');
    const row = {
      kind: 'pod',
      group: namespace,
      qos: textOr(member(pod, 'qos'), textOr(member(pod, 'priority'), '')),
      host: node,
    };
    add(`${namespace}/${asText(member(pod, 'name'))}`, row, memberAt(pod, 'podUsage', 'resources'), Number.NaN);
  }
  for (const app of asList(memberAt(item, 'status', 'hostApplicationMetric'), true))
    add(
      `app/${node}/${asText(member(app, 'name'))}`,
      { kind: 'host-application', qos: textOr(member(app, 'qos'), ''), host: node },
      memberAt(app, 'usage', 'resources'),
      Number.NaN,
    );
  for (const name of ['prodReclaimableMetric', 'prodPeakMetric']) {
    const resource = memberAt(item, 'status', name, 'resource', 'resources');
    const plain = resource.value === undefined ? memberAt(item, 'status', name, 'resource') : resource;
    if (plain.value === undefined || plain.value === null) continue;
    const { milliCpu, memMib } = resources(plain);
    reading.events.push({ unixMs, id: node, kind: name, detail: `${milliCpu} milli-cores, ${memMib} MiB` });
  }
}

/** The p95 of the longest aggregation, NaN when there is none. */
function peakOf(metric: Located): number {
  let longest = -1;
  let peak = Number.NaN;
  for (const entry of asList(memberAt(metric, 'aggregatedNodeUsages'), true)) {
    const seconds = durationSeconds(textOr(member(entry, 'duration'), '0s'));
    const used = memberAt(entry, 'usage', 'p95', 'resources');
    if (seconds <= longest || used.value === undefined) continue;
    longest = seconds;
    peak = resources(used).milliCpu;
  }
  return peak;
}

/** Seconds of a Go duration such as 5m0s or 1h30m0s. */
function durationSeconds(text: string): number {
  const part = (unit: string) => Number(new RegExp(`([0-9.]+)${unit}(?![a-z])`).exec(text)?.[1] ?? 0);
  return part('h') * 3600 + part('m') * 60 + part('s');
}

/**
 * Prometheus `query_range` answers: one JSON file for each metric, known by `__name__` or, where a query drops it, by the name of the file.
 *
 * Values are strings, "NaN" and "+Inf" among them (unknown); gaps are simply missing. Series of `container=""` and `container="POD"` repeat
 * the pod and are dropped; a restart gives a new series, so values of one pod at one time are added. A series of 11,000 points was cut
 * off by the server and is noted. CPU is in cores, memory in bytes.
 */
import { basename } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_SECOND } from '../../policies/base/units.ts';
import {
  countedNote,
  type HostRow,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { asList, asNumber, asText, asTextMap, type Located, member, memberAt, readJson } from './json-access.ts';

const MOST_POINTS = 11_000;
const CPU_METRIC = 'container_cpu_usage_seconds_total';
const MEM_METRICS = ['container_memory_working_set_bytes', 'container_memory_rss'];
const METRICS = [
  CPU_METRIC,
  ...MEM_METRICS,
  'kube_pod_container_resource_requests',
  'kube_pod_info',
  'kube_pod_owner',
  'kube_pod_created',
  'kube_pod_start_time',
  'kube_pod_completion_time',
  'kube_pod_deletion_timestamp',
  'kube_pod_status_qos_class',
  'kube_node_status_allocatable',
  'kube_node_status_capacity',
  'kube_node_labels',
  'kube_node_spec_taint',
  'kube_node_spec_unschedulable',
  'machine_cpu_cores',
];
/** What Kubernetes puts on a node that is cordoned. */
const CORDONED = 'node.kubernetes.io/unschedulable:NoSchedule';

interface Pod {
  milliCpu: number;
  memMib: number;
  batchMilliCpu: number;
  host: string;
  group: string;
  qos: string;
  createdS: number;
  startedS: number;
  endedS: number;
  deletedS: number;
  readonly cpu: Map<number, number>;
  readonly mem: Map<number, number>;
}

interface Node {
  milliCpu: number;
  memMib: number;
  readonly labels: Record<string, string>;
  readonly taints: Set<string>;
}

interface Reading {
  readonly pods: Map<string, Pod>;
  readonly nodes: Map<string, Node>;
  readonly counts: { dropped: number; unknown: number; cut: number; other: number };
}

type Labels = Readonly<Record<string, string>>;

/** Reads the files given. Throws TraceError with file and JSON path. */
export async function importPrometheus(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const reading: Reading = { pods: new Map(), nodes: new Map(), counts: { dropped: 0, unknown: 0, cut: 0, other: 0 } };
  for (const path of paths) {
    const root = await readJson(path);
    if (asText(member(root, 'status')) !== 'success') throw new TraceError(`${path}: status is not success`);
    const kind = asText(memberAt(root, 'data', 'resultType'));
    if (kind !== 'matrix') throw new TraceError(`${path}: resultType is ${kind}; a matrix (query_range) is expected`);
    for (const series of asList(memberAt(root, 'data', 'result')))
      try {
        readSeries(series, path, reading);
      } catch (error) {
        dropRow(context, error);
      }
  }
  const ids = Array.from(reading.pods.keys()).sort();
  let firstS = Infinity;
  for (const pod of reading.pods.values())
    for (const series of [pod.cpu, pod.mem]) for (const second of series.keys()) firstS = Math.min(firstS, second);
  const services = ids.map((id) => serviceOf(id, reading.pods.get(id) as Pod, firstS));
  const table = context.usage.open('pods');
  for (const id of ids) {
    const { cpu, mem } = reading.pods.get(id) as Pod;
    for (const second of Array.from(new Set([...cpu.keys(), ...mem.keys()])).sort((a, b) => a - b)) {
      const timeMs = Math.round((second - firstS) * MS_PER_SECOND);
      const milli = (cpu.get(second) ?? Number.NaN) * 1000;
      table.add(id, timeMs, milli, Number.NaN, (mem.get(second) ?? Number.NaN) / BYTES_PER_MIB, () => id);
    }
  }
  table.finish();
  const { counts } = reading;
  return {
    format: 'prometheus',
    startUnixMs: Number.isFinite(firstS) ? Math.round(firstS * MS_PER_SECOND) : null,
    hosts: hostColumns(
      Array.from(reading.nodes, ([id, node]): HostRow => ({ id, ...node, taints: Array.from(node.taints).sort() })),
    ),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(services),
    columns: {
      'services.requestMilliCpu': { kind: 'absolute', from: 'resource requests, cores', scale: 1000 },
      'services.requestMemMib': { kind: 'absolute', from: 'resource requests, bytes', scale: 1 / BYTES_PER_MIB },
      'usage.milliCpu': { kind: 'absolute', from: 'rate of container CPU seconds, cores', scale: 1000 },
      'usage.memMib': { kind: 'absolute', from: 'container memory, bytes', scale: 1 / BYTES_PER_MIB },
    },
    notes: [
      ...countedNote(counts.dropped, 'series of container "" or "POD" repeat the pod and are left out'),
      ...countedNote(counts.unknown, 'values are NaN or infinite and count as not measured'),
      ...countedNote(counts.cut, `series have ${MOST_POINTS} points, the most a server gives: ask in shorter ranges`),
      ...countedNote(counts.other, 'series are of metrics that are not needed'),
    ],
  };
}

function readSeries(series: Located, path: string, reading: Reading): void {
  const labels = asTextMap(member(series, 'metric'));
  const name = metricOf(labels, path);
  const { counts } = reading;
  if (name === null) {
    counts.other += 1;
    return;
  }
  if (name.startsWith('container_') && ['', 'POD'].includes(labels.container ?? '-')) {
    counts.dropped += 1;
    return;
  }
  const values = asList(member(series, 'values'));
  if (values.length >= MOST_POINTS) counts.cut += 1;
  const points: [second: number, value: number][] = [];
  for (const pair of values) {
    const [second, value] = asList(pair);
    const written = asText(value);
    const number = Number(written.replace('Inf', 'Infinity'));
    if (Number.isNaN(number) && written !== 'NaN')
      throw new TraceError(`${value.where} is "${written}"; a number is expected`);
    if (Number.isFinite(number)) points.push([asNumber(second), number]);
    else counts.unknown += 1;
  }
  const last = points.at(-1)?.[1];
  if (name.startsWith('kube_node') || name === 'machine_cpu_cores') readNode(name, labels, last, reading);
  else readPod(name, labels, points, last, reading);
}

/** The name of a metric: its label, else the needed one that the file is called after. */
function metricOf(labels: Labels, path: string): string | null {
  const named = labels.__name__ ?? METRICS.find((metric) => basename(path).includes(metric));
  return named !== undefined && METRICS.includes(named) ? named : null;
}

function readNode(name: string, labels: Labels, last: number | undefined, reading: Reading): void {
  const id = labels.node ?? labels.instance ?? '';
  const node = reading.nodes.get(id) ?? { milliCpu: Number.NaN, memMib: Number.NaN, labels: {}, taints: new Set() };
  reading.nodes.set(id, node);
  if (last === undefined) return;
  if (name === 'kube_node_labels') {
    for (const [key, value] of Object.entries(labels))
      if (key.startsWith('label_')) node.labels[key.slice('label_'.length)] = value;
    return;
  }
  if (name === 'kube_node_spec_taint' && last === 1) {
    const value = (labels.value ?? '') === '' ? '' : `=${labels.value}`;
    node.taints.add(`${labels.key}${value}:${labels.effect}`);
  }
  if (name === 'kube_node_spec_unschedulable' && last === 1) node.taints.add(CORDONED);
  if (name.startsWith('kube_node_spec_')) return;
  const allocatable = name === 'kube_node_status_allocatable';
  const cpu = name === 'machine_cpu_cores' || labels.resource === 'cpu';
  if (cpu && (allocatable || Number.isNaN(node.milliCpu))) node.milliCpu = Math.round(last * 1000);
  if (labels.resource === 'memory' && (allocatable || Number.isNaN(node.memMib))) node.memMib = last / BYTES_PER_MIB;
}

function readPod(
  name: string,
  labels: Labels,
  points: readonly (readonly [number, number])[],
  last: number | undefined,
  reading: Reading,
): void {
  const id = `${labels.namespace ?? 'default'}/${labels.pod ?? ''}`;
  let pod = reading.pods.get(id);
  if (pod === undefined) {
    pod = {
      milliCpu: 0,
      memMib: 0,
      batchMilliCpu: 0,
      host: '',
      group: labels.namespace ?? '',
      qos: '',
      createdS: Number.NaN,
      startedS: Number.NaN,
      endedS: Number.NaN,
      deletedS: Number.NaN,
      cpu: new Map(),
      mem: new Map(),
    };
    reading.pods.set(id, pod);
  }
  if (name === CPU_METRIC) addPoints(pod.cpu, points);
  else if (name === 'container_memory_working_set_bytes') addPoints(pod.mem, points);
  else if (name === 'kube_pod_info') {
    pod.host = labels.node ?? '';
    if (labels.created_by_name !== undefined)
      pod.group = `${labels.namespace}/${labels.created_by_kind}/${labels.created_by_name}`;
  } else if (name === 'kube_pod_owner' && labels.owner_name !== undefined)
    pod.group = `${labels.namespace}/${labels.owner_kind}/${labels.owner_name}`;
  else if (name === 'kube_pod_status_qos_class' && last === 1) pod.qos = labels.qos_class ?? '';
  else if (name === 'kube_pod_created') pod.createdS = last ?? Number.NaN;
  else if (name === 'kube_pod_start_time') pod.startedS = last ?? Number.NaN;
  else if (name === 'kube_pod_completion_time') pod.endedS = last ?? Number.NaN;
  else if (name === 'kube_pod_deletion_timestamp') pod.deletedS = last ?? Number.NaN;
  else if (name === 'kube_pod_container_resource_requests' && last !== undefined) {
    if (labels.resource === 'cpu') pod.milliCpu += Math.round(last * 1000);
    else if (labels.resource === 'memory') pod.memMib += last / BYTES_PER_MIB;
    // Batch CPU is in milli-cores where plain CPU is in cores.
    else if (labels.resource === 'kubernetes_io_batch_cpu') pod.batchMilliCpu += last;
    else if (labels.resource === 'kubernetes_io_batch_memory') pod.memMib += last / BYTES_PER_MIB;
  }
}

function addPoints(series: Map<number, number>, points: readonly (readonly [number, number])[]): void {
  for (const [second, value] of points) series.set(second, (series.get(second) ?? 0) + value);
}

function serviceOf(id: string, pod: Pod, firstS: number): ServiceRow {
  return {
    id,
    kind: 'pod',
    group: pod.group,
    requestMilliCpu: pod.milliCpu > 0 ? pod.milliCpu : pod.batchMilliCpu,
    requestMemMib: pod.memMib,
    startMs: ((Number.isNaN(pod.createdS) ? pod.startedS : pod.createdS) - firstS) * MS_PER_SECOND,
    endMs: ((Number.isNaN(pod.endedS) ? pod.deletedS : pod.endedS) - firstS) * MS_PER_SECOND,
    qos: pod.qos === '' && pod.batchMilliCpu > 0 ? 'BE' : pod.qos,
    host: pod.host,
  };
}

/**
 * Pods of Prometheus answers, series by series.
 *
 * A restart gives a new series, so use of one pod at one time is added; of what a container asks for the latest value counts, and the
 * containers are added. A pod has a limit only when every container it is known to have has one. Batch resources of Koordinator
 * (`kubernetes_io_batch_cpu` in milli-cores) stand in where the native ones are missing.
 */
import { BYTES_PER_MIB, MS_PER_SECOND } from '../../policies/base/units.ts';
import type { ServiceRow } from './canonical.ts';
import type { Points, PrometheusSeries, SeriesLabels } from './prometheus-series.ts';

interface Latest<Value> {
  readonly second: number;
  readonly value: Value;
}

export interface Pod {
  /** Containers that some metric names. */
  readonly containers: Set<string>;
  /** By `container/resource`. */
  readonly requests: Map<string, Latest<number>>;
  readonly limits: Map<string, Latest<number>>;
  readonly labels: Record<string, string>;
  host: string;
  group: string;
  qos: string;
  phase: Latest<string> | undefined;
  /** First second in phase Succeeded or Failed. */
  phaseEndS: number;
  createdS: number;
  startedS: number;
  completedS: number;
  deletedS: number;
  readonly cores: Map<number, number>;
  readonly memBytes: Map<number, number>;
  /** Stands in where there is no working set. */
  readonly rssBytes: Map<number, number>;
  readonly throttledPeriods: Map<number, number>;
  readonly periods: Map<number, number>;
}

export function readPodSeries(series: PrometheusSeries, pods: Map<string, Pod>): void {
  const { metric, labels, points, last } = series;
  const pod = podOf(labels, pods);
  if (labels.container !== undefined) pod.containers.add(labels.container);
  switch (metric) {
    case 'container_cpu_usage_seconds_total':
      addPoints(pod.cores, points);
      return;
    case 'container_memory_working_set_bytes':
      addPoints(pod.memBytes, points);
      return;
    case 'container_memory_rss':
      addPoints(pod.rssBytes, points);
      return;
    case 'container_cpu_cfs_throttled_periods_total':
      addPoints(pod.throttledPeriods, points);
      return;
    case 'container_cpu_cfs_periods_total':
      addPoints(pod.periods, points);
      return;
    case 'kube_pod_container_resource_requests':
      takeLatest(pod.requests, labels, last);
      return;
    case 'kube_pod_container_resource_limits':
      takeLatest(pod.limits, labels, last);
      return;
    case 'kube_pod_info':
      pod.host = labels.node ?? '';
      if (labels.created_by_name !== undefined)
        pod.group = `${labels.namespace}/${labels.created_by_kind}/${labels.created_by_name}`;
      return;
    case 'kube_pod_owner':
      if (labels.owner_name !== undefined) pod.group = `${labels.namespace}/${labels.owner_kind}/${labels.owner_name}`;
      return;
    case 'kube_pod_labels':
      takeLabels(pod.labels, labels);
      return;
    case 'kube_pod_status_qos_class':
      if (last?.[1] === 1) pod.qos = labels.qos_class ?? '';
      return;
    case 'kube_pod_status_phase':
      takePhase(pod, labels.phase ?? '', points);
      return;
    case 'kube_pod_created':
      pod.createdS = last?.[1] ?? Number.NaN;
      return;
    case 'kube_pod_start_time':
      pod.startedS = last?.[1] ?? Number.NaN;
      return;
    case 'kube_pod_completion_time':
      pod.completedS = last?.[1] ?? Number.NaN;
      return;
    case 'kube_pod_deletion_timestamp':
      pod.deletedS = last?.[1] ?? Number.NaN;
  }
}

/** Labels with the `label_` that kube-state-metrics puts before them taken off. */
export function takeLabels(into: Record<string, string>, labels: SeriesLabels): void {
  for (const [key, value] of Object.entries(labels))
    if (key.startsWith('label_')) into[key.slice('label_'.length)] = value;
}

function podOf(labels: SeriesLabels, pods: Map<string, Pod>): Pod {
  const id = `${labels.namespace ?? 'default'}/${labels.pod ?? ''}`;
  const known = pods.get(id);
  if (known !== undefined) return known;
  const pod: Pod = {
    containers: new Set(),
    requests: new Map(),
    limits: new Map(),
    labels: {},
    host: '',
    group: labels.namespace ?? '',
    qos: '',
    phase: undefined,
    phaseEndS: Number.NaN,
    createdS: Number.NaN,
    startedS: Number.NaN,
    completedS: Number.NaN,
    deletedS: Number.NaN,
    cores: new Map(),
    memBytes: new Map(),
    rssBytes: new Map(),
    throttledPeriods: new Map(),
    periods: new Map(),
  };
  pods.set(id, pod);
  return pod;
}

function addPoints(series: Map<number, number>, points: Points): void {
  for (const [second, value] of points) series.set(second, (series.get(second) ?? 0) + value);
}

function takeLatest(into: Map<string, Latest<number>>, labels: SeriesLabels, last: PrometheusSeries['last']): void {
  if (last === undefined || labels.resource === undefined) return;
  const key = `${labels.container ?? ''}/${labels.resource}`;
  const [second, value] = last;
  if (second >= (into.get(key)?.second ?? -Infinity)) into.set(key, { second, value });
}

/** Each phase is a series of 0 and 1. */
function takePhase(pod: Pod, phase: string, points: Points): void {
  const ended = phase === 'Succeeded' || phase === 'Failed';
  for (const [second, value] of points) {
    if (value !== 1) continue;
    if (second >= (pod.phase?.second ?? -Infinity)) pod.phase = { second, value: phase };
    if (ended && !(pod.phaseEndS <= second)) pod.phaseEndS = second;
  }
}

function sumOf(resources: ReadonlyMap<string, Latest<number>>, resource: string): number {
  let sum = 0;
  for (const [key, { value }] of resources) if (key.endsWith(`/${resource}`)) sum += value;
  return sum;
}

/** Of all containers together; NaN when one of them has none. */
function limitOf(pod: Pod, resource: string): number {
  const ofPod = pod.limits.get(`/${resource}`);
  if (ofPod !== undefined) return ofPod.value;
  if (pod.containers.size === 0) return Number.NaN;
  for (const container of pod.containers) if (!pod.limits.has(`${container}/${resource}`)) return Number.NaN;
  return sumOf(pod.limits, resource);
}

/** Of two that may be missing, the first that is there. */
const known = (value: number, other: number) => (Number.isNaN(value) ? other : value);

export function serviceOf(id: string, pod: Pod, firstS: number): ServiceRow {
  const milliCpu = Math.round(sumOf(pod.requests, 'cpu') * 1000);
  const batchMilliCpu = sumOf(pod.requests, 'kubernetes_io_batch_cpu');
  const memBytes = sumOf(pod.requests, 'memory') + sumOf(pod.requests, 'kubernetes_io_batch_memory');
  const endS = known(known(pod.completedS, pod.deletedS), pod.phaseEndS);
  return {
    id,
    kind: 'pod',
    group: pod.group,
    requestMilliCpu: milliCpu > 0 ? milliCpu : batchMilliCpu,
    requestMemMib: memBytes / BYTES_PER_MIB,
    limitMilliCpu: known(Math.round(limitOf(pod, 'cpu') * 1000), limitOf(pod, 'kubernetes_io_batch_cpu')),
    limitMemMib: known(limitOf(pod, 'memory'), limitOf(pod, 'kubernetes_io_batch_memory')) / BYTES_PER_MIB,
    startMs: (known(pod.createdS, pod.startedS) - firstS) * MS_PER_SECOND,
    endMs: (endS - firstS) * MS_PER_SECOND,
    qos: pod.qos === '' && batchMilliCpu > 0 ? 'BE' : pod.qos,
    status: pod.phase?.value ?? '',
    host: pod.host,
    labels: pod.labels,
  };
}

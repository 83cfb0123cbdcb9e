/**
 * One series of a `query_range` answer: which metric it is of, its labels and its points.
 *
 * `rate()` drops the name of a metric, so a counter that still has `__name__` is the counter itself: its points become the mean rate since the
 * point before, and a value below the one before starts again from 0. Values are strings; "NaN" and "+Inf" are unknown.
 */
import { basename } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { asList, asNumber, asText, asTextMap, type Located, member } from './json-access.ts';

/** Most points that a server gives for one series. */
export const MOST_POINTS = 11_000;

/** Every metric that is read; the name of a file may hold one. */
export const METRICS = [
  'container_cpu_usage_seconds_total',
  'container_cpu_cfs_throttled_periods_total',
  'container_cpu_cfs_periods_total',
  'container_memory_working_set_bytes',
  'container_memory_rss',
  'kube_pod_container_resource_requests',
  'kube_pod_container_resource_limits',
  'kube_pod_info',
  'kube_pod_owner',
  'kube_pod_labels',
  'kube_pod_created',
  'kube_pod_start_time',
  'kube_pod_completion_time',
  'kube_pod_deletion_timestamp',
  'kube_pod_status_phase',
  'kube_pod_status_qos_class',
  'kube_node_info',
  'kube_node_status_allocatable',
  'kube_node_status_capacity',
  'kube_node_labels',
  'kube_node_spec_taint',
  'kube_node_spec_unschedulable',
  'machine_cpu_cores',
  'node_cpu_seconds_total',
] as const;
export type Metric = (typeof METRICS)[number];

const COUNTERS: readonly Metric[] = [
  'container_cpu_usage_seconds_total',
  'container_cpu_cfs_throttled_periods_total',
  'container_cpu_cfs_periods_total',
  'node_cpu_seconds_total',
];

export type SeriesLabels = Readonly<Record<string, string>>;
export type Points = readonly (readonly [second: number, value: number])[];

export interface PrometheusSeries {
  readonly metric: Metric;
  readonly labels: SeriesLabels;
  readonly points: Points;
  /** The last point, undefined when none has a value. */
  readonly last: readonly [second: number, value: number] | undefined;
}

export interface SeriesCounts {
  dropped: number;
  unknown: number;
  cut: number;
  other: number;
  counters: number;
}

/** The series, or null when nobody needs it; what was left out is counted. Throws TraceError. */
export function readSeries(series: Located, path: string, counts: SeriesCounts): PrometheusSeries | null {
  const labels = asTextMap(member(series, 'metric'));
  const metric = metricOf(labels, path);
  if (metric === null) {
    counts.other += 1;
    return null;
  }
  if (metric.startsWith('container_') && ['', 'POD'].includes(labels.container ?? '-')) {
    counts.dropped += 1;
    return null;
  }
  const values = asList(member(series, 'values'));
  if (values.length >= MOST_POINTS) counts.cut += 1;
  const written: [second: number, value: number][] = [];
  for (const pair of values) {
    const [second, value] = asList(pair);
    const text = asText(value);
    const number = Number(text.replace('Inf', 'Infinity'));
    if (Number.isNaN(number) && text !== 'NaN')
      throw new TraceError(`${value.where} is "${text}"; a number is expected`);
    if (Number.isFinite(number)) written.push([asNumber(second), number]);
    else counts.unknown += 1;
  }
  const isCounter = COUNTERS.includes(metric) && labels.__name__ !== undefined;
  if (isCounter) counts.counters += 1;
  const points = isCounter ? ratesOf(written) : written;
  return { metric, labels, points, last: points.at(-1) };
}

/** The name of a metric: its label, else the needed one that the file is called after. */
function metricOf(labels: SeriesLabels, path: string): Metric | null {
  if (labels.__name__ !== undefined) return METRICS.find((metric) => metric === labels.__name__) ?? null;
  return METRICS.find((metric) => basename(path).includes(metric)) ?? null;
}

/** Growth per second between neighbouring points, at the later of the two. */
function ratesOf(points: Points): [second: number, value: number][] {
  const rates: [second: number, value: number][] = [];
  for (let at = 1; at < points.length; at++) {
    const [before, low] = points[at - 1];
    const [second, value] = points[at];
    if (second > before) rates.push([second, (value < low ? value : value - low) / (second - before)]);
  }
  return rates;
}

/**
 * Prometheus `query_range` answers: one JSON file for each metric, known by `__name__` or, where a query drops it, by the name of the file.
 *
 * Gaps are simply missing. Series of `container=""` and `container="POD"` repeat the pod and are dropped. A series of 11,000 points was cut
 * off by the server and is noted. CPU is in cores, memory in bytes. Pods become services with use in the table `pods`, nodes with
 * node_cpu_seconds_total services of kind host with use in the table `nodes`.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_SECOND } from '../../policies/base/units.ts';
import {
  countedNote,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { asList, asText, member, memberAt, readJson } from './json-access.ts';
import { createNodes, hostOf, joinedNodes, type Node, readNodeSeries } from './prometheus-nodes.ts';
import { type Pod, readPodSeries, serviceOf } from './prometheus-pods.ts';
import { MOST_POINTS, readSeries, type SeriesCounts } from './prometheus-series.ts';

/** Reads the files given. Throws TraceError with file and JSON path. */
export async function importPrometheus(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const pods = new Map<string, Pod>();
  const written = createNodes();
  const counts: SeriesCounts = { dropped: 0, unknown: 0, cut: 0, other: 0, counters: 0 };
  for (const path of paths) {
    const root = await readJson(path);
    if (asText(member(root, 'status')) !== 'success') throw new TraceError(`${path}: status is not success`);
    const kind = asText(memberAt(root, 'data', 'resultType'));
    if (kind !== 'matrix') throw new TraceError(`${path}: resultType is ${kind}; a matrix (query_range) is expected`);
    for (const located of asList(memberAt(root, 'data', 'result')))
      try {
        const series = readSeries(located, path, counts);
        if (series === null) continue;
        if (/^(kube_node|node_|machine_)/.test(series.metric)) readNodeSeries(series, written);
        else readPodSeries(series, pods);
      } catch (error) {
        dropRow(context, error);
      }
  }
  const nodes = joinedNodes(written);
  const firstS = firstSecond(pods, nodes);
  const podIds = Array.from(pods.keys()).sort();
  const measured = Array.from(nodes).filter(([, node]) => node.cores.size > 0);
  const hosts = measured.map(([id, node]): ServiceRow => {
    const { milliCpu, memMib } = node;
    return { id: `node/${id}`, kind: 'host', requestMilliCpu: milliCpu, requestMemMib: memMib, host: id };
  });
  writePods(podIds, pods, firstS, context);
  writeNodes(measured, firstS, context);
  return {
    format: 'prometheus',
    startUnixMs: Number.isFinite(firstS) ? Math.round(firstS * MS_PER_SECOND) : null,
    hosts: hostColumns(Array.from(nodes, ([id, node]) => hostOf(id, node))),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns([...podIds.map((id) => serviceOf(id, pods.get(id) as Pod, firstS)), ...hosts]),
    columns: {
      'hosts.milliCpu': { kind: 'absolute', from: 'allocatable, else capacity, else machine_cpu_cores', scale: 1000 },
      'hosts.memMib': { kind: 'absolute', from: 'allocatable, else capacity, bytes', scale: 1 / BYTES_PER_MIB },
      'services.requestMilliCpu': { kind: 'absolute', from: 'resource requests, cores', scale: 1000 },
      'services.requestMemMib': { kind: 'absolute', from: 'resource requests, bytes', scale: 1 / BYTES_PER_MIB },
      'services.limitMilliCpu': { kind: 'absolute', from: 'resource limits, cores', scale: 1000 },
      'services.limitMemMib': { kind: 'absolute', from: 'resource limits, bytes', scale: 1 / BYTES_PER_MIB },
      'services.status': { kind: 'absolute', from: 'kube_pod_status_phase, the last', scale: 1 },
      'services.labels': { kind: 'absolute', from: 'kube_pod_labels', scale: 1 },
      'usage.milliCpu': { kind: 'absolute', from: 'rate of container and node CPU seconds, cores', scale: 1000 },
      'usage.memMib': { kind: 'absolute', from: 'container working set, else RSS, bytes', scale: 1 / BYTES_PER_MIB },
      'usage.throttledShare': {
        kind: 'absolute',
        from: 'container_cpu_cfs_throttled_periods_total over container_cpu_cfs_periods_total',
        scale: 1,
      },
    },
    notes: [
      ...countedNote(counts.dropped, 'series of container "" or "POD" repeat the pod and are left out'),
      ...countedNote(counts.unknown, 'values are NaN or infinite and count as not measured'),
      ...countedNote(counts.cut, `series have ${MOST_POINTS} points, the most a server gives: ask in shorter ranges`),
      ...countedNote(
        counts.counters,
        'series are counters (they have a name, which rate() drops); their growth is used',
      ),
      ...countedNote(counts.other, 'series are of metrics that are not needed'),
    ],
  };
}

/** The first sample or, without one, the first time a pod was created or started; NaN when there is neither. */
function firstSecond(pods: ReadonlyMap<string, Pod>, nodes: ReadonlyMap<string, Node>): number {
  let [sampled, born] = [Infinity, Infinity];
  for (const { cores, memBytes, rssBytes, throttledPeriods, createdS, startedS } of pods.values()) {
    for (const series of [cores, memBytes, rssBytes, throttledPeriods])
      for (const second of series.keys()) sampled = Math.min(sampled, second);
    for (const second of [createdS, startedS]) if (second < born) born = second;
  }
  for (const { cores } of nodes.values()) for (const second of cores.keys()) sampled = Math.min(sampled, second);
  if (Number.isFinite(sampled)) return sampled;
  return Number.isFinite(born) ? born : Number.NaN;
}

function writePods(ids: readonly string[], pods: ReadonlyMap<string, Pod>, firstS: number, context: ImportContext) {
  const throttled = Array.from(pods.values()).some((pod) => pod.throttledPeriods.size > 0);
  const table = context.usage.open('pods', throttled ? 'throttledShare' : undefined);
  const at = (series: ReadonlyMap<number, number>, second: number) => series.get(second) ?? Number.NaN;
  for (const id of ids) {
    const { cores, throttledPeriods, periods, ...pod } = pods.get(id) as Pod;
    const memBytes = pod.memBytes.size > 0 ? pod.memBytes : pod.rssBytes;
    const seconds = new Set([...cores.keys(), ...memBytes.keys(), ...throttledPeriods.keys()]);
    for (const second of Array.from(seconds).sort((a, b) => a - b)) {
      const timeMs = Math.round((second - firstS) * MS_PER_SECOND);
      // No period passed: nothing ran, and nothing was throttled.
      const passed = at(periods, second);
      const share = passed === 0 ? 0 : Math.min(1, at(throttledPeriods, second) / passed);
      const memMib = at(memBytes, second) / BYTES_PER_MIB;
      table.add(id, timeMs, at(cores, second) * 1000, Number.NaN, memMib, () => id, share);
    }
  }
  table.finish();
}

function writeNodes(nodes: readonly (readonly [string, Node])[], firstS: number, context: ImportContext): void {
  if (nodes.length === 0) return;
  const table = context.usage.open('nodes');
  for (const [id, { cores }] of nodes)
    for (const [second, value] of Array.from(cores).sort((a, b) => a[0] - b[0])) {
      const timeMs = Math.round((second - firstS) * MS_PER_SECOND);
      table.add(`node/${id}`, timeMs, value * 1000, Number.NaN, Number.NaN, () => id);
    }
  table.finish();
}

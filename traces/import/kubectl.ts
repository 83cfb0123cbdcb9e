/**
 * `kubectl get nodes,pods -A -o json`: one List of mixed kinds.
 *
 * Nodes give allocatable resources (capacity where that is missing), labels and taints. Pods give their effective request
 * (pod-request.ts); those in phase Succeeded or Failed hold nothing and are left out. Batch resources of Koordinator
 * (`kubernetes.io/batch-cpu` in milli-cores, `kubernetes.io/batch-memory` in bytes) are the request of best-effort pods. A snapshot
 * has no end: durations are unknown.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { asList, asText, asTextMap, type Located, member, memberAt, readJson, textOr } from './json-access.ts';
import { effectiveLimit, effectiveRequest } from './pod-request.ts';
import { milliCpuOf, parseQuantity } from './quantity.ts';

const BATCH_CPU = 'kubernetes.io/batch-cpu';
const BATCH_MEMORY = 'kubernetes.io/batch-memory';
const GPU = 'nvidia.com/gpu';

/** Reads one List (or a single Node or Pod). Throws TraceError with file and JSON path. */
export async function importKubectl(path: string): Promise<ImportedTrace> {
  const root = await readJson(path);
  const items = textOr(member(root, 'kind'), '') === 'List' || member(root, 'items').value !== undefined;
  const hosts: HostRow[] = [];
  const pods: PodItem[] = [];
  let finished = 0;
  let otherKinds = 0;
  let unschedulable = 0;
  for (const item of items ? asList(member(root, 'items')) : [root]) {
    const kind = asText(member(item, 'kind'));
    if (kind === 'Node') {
      hosts.push(readNode(item));
      if (memberAt(item, 'spec', 'unschedulable').value === true) unschedulable += 1;
    } else if (kind === 'Pod') {
      const phase = textOr(memberAt(item, 'status', 'phase'), '');
      if (phase === 'Succeeded' || phase === 'Failed') finished += 1;
      else pods.push({ item, phase, createdUnixMs: readCreated(item) });
    } else otherKinds += 1;
  }
  if (hosts.length === 0 && pods.length === 0) throw new TraceError(`${path}: no node and no pod that runs`);
  const startUnixMs = pods.reduce((least, pod) => Math.min(least, pod.createdUnixMs), Infinity);
  const rows = pods.map((pod) => readPod(pod, startUnixMs));
  const seen = new Set<string>();
  for (const row of rows) {
    if (seen.has(row.id)) throw new TraceError(`${path}: pod ${row.id} appears a second time`);
    seen.add(row.id);
  }
  return {
    format: 'kubectl',
    startUnixMs: pods.length === 0 ? null : startUnixMs,
    hosts: hostColumns(hosts),
    tasks: taskColumns(rows).tasks,
    use: null,
    columns: {
      'hosts.milliCpu': { kind: 'absolute', from: 'status.allocatable.cpu, else capacity', scale: 1000 },
      'hosts.memMib': { kind: 'absolute', from: 'status.allocatable.memory, else capacity', scale: 1 / BYTES_PER_MIB },
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'effective request of cpu, else batch-cpu', scale: 1000 },
      'tasks.requestMemMib': {
        kind: 'absolute',
        from: 'effective request of memory, else batch-memory',
        scale: 1 / BYTES_PER_MIB,
      },
      'tasks.limitMilliCpu': { kind: 'absolute', from: 'limits of all containers, else batch-cpu', scale: 1000 },
      'tasks.limitMemMib': {
        kind: 'absolute',
        from: 'limits of all containers, else batch-memory',
        scale: 1 / BYTES_PER_MIB,
      },
      'tasks.labels': { kind: 'absolute', from: 'metadata.labels', scale: 1 },
    },
    notes: [
      ...countedNote(finished, 'pods have ended (Succeeded or Failed) and are left out'),
      ...countedNote(unschedulable, 'nodes are cordoned; they carry the taint node.kubernetes.io/unschedulable'),
      ...countedNote(otherKinds, 'objects are neither nodes nor pods and are left out'),
    ],
  };
}

interface PodItem {
  readonly item: Located;
  readonly phase: string;
  readonly createdUnixMs: number;
}

function readCreated(item: Located): number {
  const created = memberAt(item, 'metadata', 'creationTimestamp');
  const unixMs = Date.parse(asText(created));
  if (Number.isNaN(unixMs))
    throw new TraceError(`${created.where} is "${String(created.value)}"; an RFC 3339 time is expected`);
  return unixMs;
}

function readNode(item: Located): HostRow {
  const quantity = (resource: string): number => {
    for (const kind of ['allocatable', 'capacity']) {
      const located = memberAt(item, 'status', kind, resource);
      if (located.value !== undefined) return parseQuantity(located.value, located.where);
    }
    return 0;
  };
  const labels = asTextMap(memberAt(item, 'metadata', 'labels'));
  const taints = asList(memberAt(item, 'spec', 'taints'), true).map((taint) => {
    const value = textOr(member(taint, 'value'), '');
    return `${asText(member(taint, 'key'))}${value === '' ? '' : `=${value}`}:${asText(member(taint, 'effect'))}`;
  });
  const cordon = 'node.kubernetes.io/unschedulable:NoSchedule';
  const cordoned = memberAt(item, 'spec', 'unschedulable').value === true && !taints.includes(cordon);
  return {
    id: asText(memberAt(item, 'metadata', 'name')),
    milliCpu: Math.floor(Number((quantity('cpu') * 1000).toPrecision(12))),
    memMib: quantity('memory') / BYTES_PER_MIB,
    gpus: quantity(GPU),
    gpuModel: labels['nvidia.com/gpu.product'] ?? '',
    labels,
    taints: cordoned ? [...taints, cordon] : taints,
  };
}

function readPod(pod: PodItem, startUnixMs: number): TaskRow {
  const { item } = pod;
  const spec = member(item, 'spec');
  const namespace = textOr(memberAt(item, 'metadata', 'namespace'), 'default');
  const cores = effectiveRequest(spec, 'cpu');
  const bytes = effectiveRequest(spec, 'memory');
  const gpus = effectiveRequest(spec, GPU);
  const limitCores = effectiveLimit(spec, 'cpu');
  const limitBytes = effectiveLimit(spec, 'memory');
  return {
    id: `${namespace}/${asText(memberAt(item, 'metadata', 'name'))}`,
    group: ownerOf(item, namespace),
    submitMs: pod.createdUnixMs - startUnixMs,
    durationMs: Number.NaN,
    // Batch CPU is counted in milli-cores where plain CPU is counted in cores.
    requestMilliCpu: cores > 0 ? milliCpuOf(cores) : Math.ceil(effectiveRequest(spec, BATCH_CPU)),
    requestMemMib: (bytes > 0 ? bytes : effectiveRequest(spec, BATCH_MEMORY)) / BYTES_PER_MIB,
    limitMilliCpu: Number.isNaN(limitCores) ? effectiveLimit(spec, BATCH_CPU) : milliCpuOf(limitCores),
    limitMemMib: (Number.isNaN(limitBytes) ? effectiveLimit(spec, BATCH_MEMORY) : limitBytes) / BYTES_PER_MIB,
    gpus,
    gpuMilli: gpus > 0 ? 1000 : 0,
    qos: qosOf(item),
    status: pod.phase,
    host: textOr(memberAt(spec, 'nodeName'), ''),
    labels: asTextMap(memberAt(item, 'metadata', 'labels')),
  };
}

/** The controller of a pod, as `namespace/Kind/name`; a ReplicaSet stands for its Deployment, whose hash is cut off its name. */
function ownerOf(item: Located, namespace: string): string {
  for (const owner of asList(memberAt(item, 'metadata', 'ownerReferences'), true)) {
    if (member(owner, 'controller').value === false) continue;
    const kind = asText(member(owner, 'kind'));
    const name = asText(member(owner, 'name'));
    const hash = asTextMap(memberAt(item, 'metadata', 'labels'))['pod-template-hash'];
    if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`))
      return `${namespace}/Deployment/${name.slice(0, -hash.length - 1)}`;
    return `${namespace}/${kind}/${name}`;
  }
  return namespace;
}

/** Koordinator's QoS label, else the one its priority class implies, else the class of Kubernetes. */
function qosOf(item: Located): string {
  const label = asTextMap(memberAt(item, 'metadata', 'labels'))['koordinator.sh/qosClass'];
  if (label !== undefined) return label;
  const priorityClass = textOr(memberAt(item, 'spec', 'priorityClassName'), '');
  if (priorityClass === 'koord-batch' || priorityClass === 'koord-free') return 'BE';
  if (priorityClass === 'koord-prod' || priorityClass === 'koord-mid') return 'LS';
  return textOr(memberAt(item, 'status', 'qosClass'), '');
}

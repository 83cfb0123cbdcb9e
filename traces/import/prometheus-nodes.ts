/**
 * Nodes of Prometheus answers, series by series.
 *
 * kube-state-metrics calls a node by its name, node_exporter and cAdvisor by `instance`, an address with a port; kube_node_info knows which
 * address is whose. Use of a node is node_cpu_seconds_total over all of its CPUs and modes but idle, iowait and steal, as the rules of the Kubernetes mixin
 * count it; a series without a mode is taken as such a sum.
 */
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import type { HostRow } from './canonical.ts';
import { takeLabels } from './prometheus-pods.ts';
import type { PrometheusSeries } from './prometheus-series.ts';

export interface Node {
  milliCpu: number;
  memMib: number;
  gpus: number;
  readonly labels: Record<string, string>;
  readonly taints: Set<string>;
  readonly cores: Map<number, number>;
}

export interface Nodes {
  /** By name or, where no other metric knows the name, by instance. */
  readonly byId: Map<string, Node>;
  /** Names of nodes by their addresses. */
  readonly nameOfAddress: Map<string, string>;
}

/** What Kubernetes puts on a node that is cordoned. */
const CORDONED = 'node.kubernetes.io/unschedulable:NoSchedule';
const NOT_USED = ['idle', 'iowait', 'steal'];
/** What kube_node_info says beside names and addresses; kept as labels. */
const INFO = ['kernel_version', 'os_image', 'container_runtime_version', 'kubelet_version'];

export function createNodes(): Nodes {
  return { byId: new Map(), nameOfAddress: new Map() };
}

export function readNodeSeries(series: PrometheusSeries, nodes: Nodes): void {
  const { metric, labels, points, last } = series;
  const id = labels.node ?? labels.instance ?? '';
  const node = nodes.byId.get(id) ?? emptyNode();
  nodes.byId.set(id, node);
  if (last === undefined) return;
  const value = last[1];
  switch (metric) {
    case 'node_cpu_seconds_total':
      if (!NOT_USED.includes(labels.mode ?? ''))
        for (const [second, cores] of points) node.cores.set(second, (node.cores.get(second) ?? 0) + cores);
      return;
    case 'kube_node_info':
      if (labels.internal_ip !== undefined) nodes.nameOfAddress.set(labels.internal_ip, id);
      for (const name of INFO) if ((labels[name] ?? '') !== '') node.labels[name] = labels[name];
      return;
    case 'kube_node_labels':
      takeLabels(node.labels, labels);
      return;
    case 'kube_node_spec_taint':
      if (value === 1)
        node.taints.add(`${labels.key}${(labels.value ?? '') === '' ? '' : `=${labels.value}`}:${labels.effect}`);
      return;
    case 'kube_node_spec_unschedulable':
      if (value === 1) node.taints.add(CORDONED);
      return;
    case 'machine_cpu_cores':
      if (Number.isNaN(node.milliCpu)) node.milliCpu = Math.round(value * 1000);
      return;
    case 'kube_node_status_capacity':
    case 'kube_node_status_allocatable':
      takeResource(node, labels.resource ?? '', value, metric === 'kube_node_status_allocatable');
  }
}

/** Allocatable wins over capacity, whichever comes first. */
function takeResource(node: Node, resource: string, value: number, wins: boolean): void {
  if (resource === 'cpu' && (wins || Number.isNaN(node.milliCpu))) node.milliCpu = Math.round(value * 1000);
  if (resource === 'memory' && (wins || Number.isNaN(node.memMib))) node.memMib = value / BYTES_PER_MIB;
  if (resource === 'nvidia_com_gpu' && (wins || node.gpus === 0)) node.gpus = value;
}

function emptyNode(): Node {
  return {
    milliCpu: Number.NaN,
    memMib: Number.NaN,
    gpus: 0,
    labels: {},
    taints: new Set(),
    cores: new Map(),
  };
}

/** Nodes by name, with what is known of them by their address added. */
export function joinedNodes({ byId, nameOfAddress }: Nodes): Map<string, Node> {
  const joined = new Map<string, Node>();
  for (const [id, node] of byId) {
    const address = id.replace(/:\d+$/, '');
    const name = nameOfAddress.get(address) ?? (byId.has(address) ? address : id);
    const into = joined.get(name);
    if (into === undefined) joined.set(name, node);
    else joined.set(name, joinOf(into, node));
  }
  return joined;
}

function joinOf(a: Node, b: Node): Node {
  return {
    milliCpu: Number.isNaN(a.milliCpu) ? b.milliCpu : a.milliCpu,
    memMib: Number.isNaN(a.memMib) ? b.memMib : a.memMib,
    gpus: Math.max(a.gpus, b.gpus),
    labels: { ...b.labels, ...a.labels },
    taints: new Set([...a.taints, ...b.taints]),
    cores: a.cores.size > 0 ? a.cores : b.cores,
  };
}

export function hostOf(id: string, node: Node): HostRow {
  const { milliCpu, memMib, gpus, labels, taints } = node;
  return { id, milliCpu, memMib, gpus, labels, taints: Array.from(taints).sort() };
}

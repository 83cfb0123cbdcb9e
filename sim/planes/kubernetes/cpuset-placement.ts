/**
 * Whether a host has CPUs for a pod that wants its own, and which ones it gets.
 *
 * The filter reads counts of free CPUs by NUMA node; choosing walks the CPUs of one host, once a bind. NUMA topology policy of the host:
 *
 *   none              any free CPUs; whole cores close together come first, see allocateCpuset
 *   best-effort       as few NUMA nodes as free CPUs allow now
 *   restricted        refuses where that is more than an empty host would need
 *   single-numa-node  refuses where it is more than one
 *
 * Source: Koordinator pkg/scheduler/plugins/nodenumaresource and pkg/scheduler/frameworkext/topologymanager.
 */
import { fail } from '../../../policies/base/assert.ts';
import { allocateCpuset, type CpuTopology } from '../../../policies/koordinator/numa-allocate.ts';
import {
  CPU_EXCLUSIVE,
  type CpuTable,
  FREE_CPU,
  MOST_NUMA_NODES,
  NO_CPUS,
  NUMA_POLICY,
} from '../../cluster/cpusets.ts';

const left = new Int32Array(MOST_NUMA_NODES);

/** Fewest NUMA nodes of a host whose free CPUs, and those of `also`, cover `wanted`; Infinity when all together do not. */
export function fewestNodes(table: CpuTable, host: number, wanted: number, also: readonly number[] = NO_CPUS): number {
  const first = table.firstNode[host];
  const nodes = table.firstNode[host + 1] - first;
  for (let node = 0; node < nodes; node++) left[node] = table.freeOfNode[first + node];
  for (const cpu of also) left[table.numaNode[table.firstCpu[host] + cpu]]++;
  let found = 0;
  for (let taken = 1; taken <= nodes; taken++) {
    let most = 0;
    for (let node = 1; node < nodes; node++) if (left[node] > left[most]) most = node;
    found += left[most];
    left[most] = -1;
    if (found >= wanted) return taken;
  }
  return Number.POSITIVE_INFINITY;
}

/** The filter: whether the host has CPUs for the request now, as its NUMA topology policy sees it; those of `also` count as free. */
export function cpusetFits(table: CpuTable, request: number, host: number, also: readonly number[] = NO_CPUS): boolean {
  const wanted = table.requests.cpus[request];
  if (table.freeCpus[host] + also.length < wanted) return false;
  const policy = table.numaPolicy[host];
  if (policy < NUMA_POLICY.restricted) return true;
  const nodes = table.firstNode[host + 1] - table.firstNode[host];
  const ofNode = (table.firstCpu[host + 1] - table.firstCpu[host]) / nodes;
  const most = policy === NUMA_POLICY.restricted ? Math.ceil(wanted / ofNode) : 1;
  return fewestNodes(table, host, wanted, also) <= most;
}

/**
 * The CPUs a request gets on a host that passed the filter, ascending, numbered from 0 on the host.
 *
 * Of `preferred`, which are held for it, as many as it wants; the rest from those that are free or in `also`.
 */
export function chooseCpus(
  table: CpuTable,
  request: number,
  host: number,
  also: readonly number[] = NO_CPUS,
  preferred: readonly number[] = NO_CPUS,
): readonly number[] {
  const wanted = table.requests.cpus[request];
  const first = table.firstCpu[host];
  const end = table.firstCpu[host + 1];
  const numaNode = table.numaNode.subarray(first, end);
  const topology: CpuTopology = { core: table.core.subarray(first, end), numaNode, socket: numaNode };
  const nodes = table.firstNode[host + 1] - table.firstNode[host];
  const few = table.numaPolicy[host] === NUMA_POLICY.none ? nodes : fewestNodes(table, host, wanted, also);
  const open = few >= nodes ? null : openNodes(table, host, wanted, few, request, also, preferred);
  const isFree = Uint8Array.from(numaNode, (node, cpu) =>
    (table.owner[first + cpu] === FREE_CPU || also.includes(cpu)) && (open === null || open[node] === 1) ? 1 : 0,
  );
  const policy = table.requests.exclusive[request];
  const isExclusive = Uint8Array.from(numaNode, (_, cpu) => (isSharedWith(table, first + cpu, policy) ? 1 : 0));
  const take = (from: Uint8Array, cpus: number) =>
    allocateCpuset(topology, from, isExclusive, {
      cpus,
      bindPolicy: table.requests.spread[request] === 1 ? 'SpreadByPCPUs' : 'FullPCPUs',
      exclusivePolicy: EXCLUSIVE_NAMES[policy],
      numaStrategy: 'MostAllocated',
    });
  const own = preferred.filter((cpu) => isFree[cpu] === 1);
  const ofOwn = Math.min(own.length, wanted);
  const fewer = () => fail(`host ${host} has no ${wanted} CPUs for a pod that it was chosen for`);
  if (ofOwn === 0) return take(isFree, wanted) ?? fewer();
  const isOwn = isFree.map((_, cpu) => (own.includes(cpu) ? 1 : 0));
  const kept = take(isOwn, ofOwn) ?? fewer();
  if (ofOwn === wanted) return kept;
  const others =
    take(
      isFree.map((free, cpu) => (isOwn[cpu] === 1 ? 0 : free)),
      wanted - ofOwn,
    ) ?? fewer();
  return [...kept, ...others].sort((a, b) => a - b);
}

const EXCLUSIVE_NAMES = ['None', 'PCPULevel', 'NUMANodeLevel'] as const;

/** Whether a CPU belongs to a pod that keeps off others of the same policy. */
function isSharedWith(table: CpuTable, cpu: number, policy: number): boolean {
  return policy !== CPU_EXCLUSIVE.none && table.requests.exclusive[table.heldFor[cpu]] === policy;
}

/**
 * Marks the NUMA nodes a pod is held to. One node: of those that fit, the one with most CPUs that are held for the pod, then one without pods that it keeps off by NUMA node, then one that has the CPUs in whole free cores where whole cores are wanted, then
 * the fullest, then the first. Several: the emptiest.
 */
function openNodes(
  table: CpuTable,
  host: number,
  wanted: number,
  few: number,
  request: number,
  also: readonly number[],
  preferred: readonly number[],
): Uint8Array {
  const first = table.firstNode[host];
  const nodes = Array.from({ length: table.firstNode[host + 1] - first }, (_, node) => node);
  const numberIn = (cpus: readonly number[], node: number) =>
    cpus.filter((cpu) => table.numaNode[table.firstCpu[host] + cpu] === node).length;
  const free = (node: number) => table.freeOfNode[first + node] + numberIn(also, node);
  const open = new Uint8Array(nodes.length);
  if (few > 1) {
    nodes.sort((a, b) => free(b) - free(a) || a - b);
    for (const node of nodes.slice(0, few)) open[node] = 1;
    return open;
  }
  const whole = wholeFree(table, host);
  const isWhole = (node: number) => (table.requests.spread[request] === 1 || whole[node] >= wanted ? 0 : 1);
  const fitting = nodes.filter((node) => free(node) >= wanted);
  const keepsOff = table.requests.exclusive[request] === CPU_EXCLUSIVE['numa-node-level'];
  const isShared = new Uint8Array(nodes.length);
  for (let cpu = table.firstCpu[host]; keepsOff && cpu < table.firstCpu[host + 1]; cpu++)
    if (isSharedWith(table, cpu, CPU_EXCLUSIVE['numa-node-level'])) isShared[table.numaNode[cpu]] = 1;
  fitting.sort(
    (a, b) =>
      numberIn(preferred, b) - numberIn(preferred, a) ||
      isShared[a] - isShared[b] ||
      isWhole(a) - isWhole(b) ||
      free(a) - free(b) ||
      a - b,
  );
  open[fitting[0]] = 1;
  return open;
}

/** CPUs of a host that are free together with all their siblings, by NUMA node. */
function wholeFree(table: CpuTable, host: number): Int32Array {
  const whole = new Int32Array(table.firstNode[host + 1] - table.firstNode[host]);
  const end = table.firstCpu[host + 1];
  // Siblings stand side by side.
  for (let cpu = table.firstCpu[host]; cpu < end; ) {
    let next = cpu;
    let isWhole = true;
    for (; next < end && table.core[next] === table.core[cpu]; next++)
      if (table.owner[next] !== FREE_CPU) isWhole = false;
    if (isWhole) whole[table.numaNode[cpu]] += next - cpu;
    cpu = next;
  }
  return whole;
}

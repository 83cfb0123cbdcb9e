/**
 * Cpusets for pods that need their own CPUs: whole cores close together, or one thread a core spread out.
 *
 * Topology is three columns by logical CPU; a free CPU belongs to nobody. The result feeds reclaim, suppression and the
 * best-effort cpuset.
 */

import type { PriorityClass, QosClass } from './priority-class.ts';

/** Where each logical CPU sits. */
export interface CpuTopology {
  readonly core: Int32Array;
  readonly numaNode: Int32Array;
  readonly socket: Int32Array;
}

/** FullPCPUs (production's default) takes whole cores, SpreadByPCPUs one thread a core as long as it can. */
export type CpuBindPolicy = 'FullPCPUs' | 'SpreadByPCPUs';

/** Whose neighbourhood an exclusive pod does not share with other exclusive pods. */
export type CpuExclusivePolicy = 'None' | 'PCPULevel' | 'NUMANodeLevel';

/** Which NUMA node is filled first. */
export type NumaStrategy = 'MostAllocated' | 'LeastAllocated';

/** A wish for CPUs. */
export interface CpuRequest {
  readonly cpus: number;
  readonly bindPolicy: CpuBindPolicy;
  readonly exclusivePolicy: CpuExclusivePolicy;
  readonly numaStrategy: NumaStrategy;
}

/** Whether a pod gets a cpuset: LSE or LSR, prod, a whole number of CPUs. */
export function needsCpuset(qos: QosClass, priorityClass: PriorityClass, requestMilliCpu: number): boolean {
  const isBound = qos === 'LSE' || qos === 'LSR';
  return isBound && priorityClass === 'koord-prod' && requestMilliCpu > 0 && requestMilliCpu % 1000 === 0;
}

/** Rows of `cpus` by the value of `key`, keys ascending. */
function groupBy(cpus: readonly number[], key: Int32Array): (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const cpu of cpus) {
    const group = groups.get(key[cpu]);
    if (group === undefined) groups.set(key[cpu], [cpu]);
    else group.push(cpu);
  }
  return [...groups.entries()].sort((a, b) => a[0] - b[0]).map((entry) => entry[1]);
}

/** CPUs of whole free cores. `coreSize` holds the number of threads a core has. */
function wholeCores(cpus: readonly number[], topology: CpuTopology, coreSize: ReadonlyMap<number, number>): number[] {
  return groupBy(cpus, topology.core)
    .filter((threads) => threads.length === coreSize.get(topology.core[threads[0]]))
    .flat();
}

/** Takes `wanted` of `cpus`: core after core, or one thread of each core before the second of any. */
function takeFrom(cpus: readonly number[], wanted: number, topology: CpuTopology, policy: CpuBindPolicy): number[] {
  const cores = groupBy(cpus, topology.core);
  if (policy === 'FullPCPUs') {
    // Fuller free cores first, so that a partial core is broken only when nothing else is left.
    const ordered = [...cores].sort((a, b) => b.length - a.length);
    return ordered.flat().slice(0, wanted);
  }
  const spread: number[] = [];
  for (let thread = 0; spread.length < wanted; thread++)
    for (const threads of cores) if (thread < threads.length) spread.push(threads[thread]);
  return spread.slice(0, wanted);
}

/**
 * Chooses CPUs for a pod, ascending; undefined when there are too few.
 *
 * FullPCPUs looks for whole free cores inside one NUMA node, then inside one socket, then anywhere; only then for single
 * free threads in the same order. SpreadByPCPUs looks for free threads in that order and takes one a core first. Among
 * NUMA nodes and sockets that fit, the strategy takes the fullest or the emptiest, ties by number.
 * `isExclusive` marks CPUs of pods with the same exclusive policy: a request with that policy keeps off their cores (PCPULevel) or nodes
 * (NUMANodeLevel) as long as a NUMA node has room without them, and shares them before it goes across nodes: exclusive is a wish, not a filter.
 * Source: Koordinator scheduler, nodenumaresource cpu accumulator (takeCPUs).
 */
export function allocateCpuset(
  topology: CpuTopology,
  isFree: Uint8Array,
  isExclusive: Uint8Array,
  request: CpuRequest,
): readonly number[] | undefined {
  const count = topology.core.length;
  const coreSize = new Map<number, number>();
  const closed = new Set<number>();
  const level = request.exclusivePolicy === 'NUMANodeLevel' ? topology.numaNode : topology.core;
  for (let cpu = 0; cpu < count; cpu++) {
    coreSize.set(topology.core[cpu], (coreSize.get(topology.core[cpu]) ?? 0) + 1);
    if (request.exclusivePolicy !== 'None' && isExclusive[cpu] === 1) closed.add(level[cpu]);
  }
  const free: number[] = [];
  for (let cpu = 0; cpu < count; cpu++) if (isFree[cpu] === 1) free.push(cpu);
  const isOpen = (cpu: number) => !closed.has(level[cpu]);

  const isFull = request.bindPolicy === 'FullPCPUs';
  const pools = isFull ? [wholeCores(free, topology, coreSize), free] : [free];
  const sign = request.numaStrategy === 'MostAllocated' ? 1 : -1;
  for (const pool of pools) {
    if (pool.length < request.cpus) continue;
    const open = closed.size === 0 ? pool : pool.filter(isOpen);
    for (const key of [topology.numaNode, topology.socket]) {
      // Whole cores of a socket are taken wherever they lie.
      const tries = closed.size === 0 || (isFull && key === topology.socket) ? [pool] : [open, pool];
      for (const cpusOfTry of tries) {
        const fitting = groupBy(cpusOfTry, key).filter((cpus) => cpus.length >= request.cpus);
        fitting.sort((a, b) => sign * (a.length - b.length));
        if (fitting.length > 0) return ascending(takeFrom(fitting[0], request.cpus, topology, request.bindPolicy));
      }
    }
    const taken: number[] = [];
    for (const part of open === pool ? [pool] : [open, pool.filter((cpu) => !isOpen(cpu))])
      for (const cpus of groupBy(part, topology.numaNode).sort((a, b) => b.length - a.length))
        taken.push(...takeFrom(cpus, Math.min(cpus.length, request.cpus - taken.length), topology, request.bindPolicy));
    return ascending(taken);
  }
  return undefined;
}

function ascending(cpus: readonly number[]): readonly number[] {
  return [...cpus].sort((a, b) => a - b);
}

/** CPU of each NUMA node that a cpuset holds, in milli-CPU; `outMilliCpu` has a row a NUMA node. */
export function numaMilliCpuOf(cpus: readonly number[], topology: CpuTopology, outMilliCpu: Float64Array): void {
  outMilliCpu.fill(0);
  for (const cpu of cpus) outMilliCpu[topology.numaNode[cpu]] += 1000;
}

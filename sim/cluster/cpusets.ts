/**
 * Logical CPUs that tasks own, as columns, and the two functions that write them; only `apply` calls those.
 *
 * A CPU is bound to one task, held for somebody still to come, or free. Kept: CPUs of a host = free + held for somebody + bound to LSR + bound to LSE,
 * and the free ones of its NUMA nodes add up to those of the host. Where nobody asks for CPUs of its own the table has no CPU rows.
 *
 * Approximation: sibling threads have neighbouring numbers, cores are dealt out in blocks to NUMA nodes of equal size, and every NUMA node is a
 * socket. The numbers are names only; hosts with two NUMA nodes a socket keep a pod that needs several nodes on one socket less often than they could.
 */
import { assert, fail } from '../../policies/base/assert.ts';

export const NUMA_POLICY = { none: 0, 'best-effort': 1, restricted: 2, 'single-numa-node': 3 } as const;
export type NumaPolicyName = keyof typeof NUMA_POLICY;
export const CPU_QOS = { LS: 0, LSR: 1, LSE: 2 } as const;
/** Whose neighbourhood pods with CPUs of their own keep off, as far as there is room. */
export const CPU_EXCLUSIVE = { none: 0, 'pcpu-level': 1, 'numa-node-level': 2 } as const;
export const MOST_NUMA_NODES = 16;
/** Owners that are no task: nobody, and somebody still to come. */
export const FREE_CPU = -1;
export const HELD_CPU = -2;
/** Passed where a bind takes no CPUs of its own. */
export const NO_CPUS: readonly number[] = [];

/** What tasks may ask for, one row a kind of request; row 0 asks for nothing. A task names its row. */
export interface CpuRequests {
  readonly count: number;
  readonly cpus: Int32Array;
  /** CPU_QOS. */
  readonly qos: Uint8Array;
  /** 1 = one thread a core first, 0 = whole cores first. */
  readonly spread: Uint8Array;
  /** CPU_EXCLUSIVE. */
  readonly exclusive: Uint8Array;
}

export interface CpuTable {
  /** CPUs of host h: rows firstCpu[h] .. firstCpu[h + 1] - 1. */
  readonly firstCpu: Int32Array;
  /** Row of the task that a CPU is bound to, FREE_CPU, or HELD_CPU. */
  readonly owner: Int32Array;
  /** Row of the request that a bound CPU is part of, 0 = free. */
  readonly heldFor: Uint16Array;
  /** Core and NUMA node of a CPU, numbered from 0 on its host. */
  readonly core: Int32Array;
  readonly numaNode: Int32Array;
  /** NUMA nodes of host h: rows firstNode[h] .. firstNode[h + 1] - 1. */
  readonly firstNode: Int32Array;
  readonly freeOfNode: Int32Array;
  readonly freeCpus: Int32Array;
  readonly lsrCpus: Int32Array;
  readonly lseCpus: Int32Array;
  /** NUMA_POLICY of a host. */
  readonly numaPolicy: Uint8Array;
  readonly requests: CpuRequests;
}

/** Topology of every host. */
export interface HostCpus {
  readonly cpus: ArrayLike<number>;
  readonly threadsPerCore: ArrayLike<number>;
  readonly numaNodes: ArrayLike<number>;
  readonly numaPolicy: Uint8Array;
}

/** A table of the given requests behind row 0; request n becomes row n + 1. */
export function cpuRequests(
  rows: readonly {
    readonly cpus: number;
    readonly qos: number;
    readonly spread: boolean;
    readonly exclusive?: number;
  }[],
): CpuRequests {
  for (const { cpus, qos } of rows) {
    assert(Number.isInteger(cpus) && cpus >= 1, 'a pod with CPUs of its own asks for a whole number of them');
    assert(qos === CPU_QOS.LSR || qos === CPU_QOS.LSE, 'CPUs of their own belong to LSR and LSE pods');
  }
  return {
    count: rows.length + 1,
    cpus: Int32Array.from([0, ...rows.map((row) => row.cpus)]),
    qos: Uint8Array.from([0, ...rows.map((row) => row.qos)]),
    spread: Uint8Array.from([0, ...rows.map((row) => (row.spread ? 1 : 0))]),
    exclusive: Uint8Array.from([0, ...rows.map((row) => row.exclusive ?? CPU_EXCLUSIVE.none)]),
  };
}

/** Hosts with all CPUs free. Throws InvariantError where cores do not divide over NUMA nodes. */
export function createCpuTable(hosts: HostCpus, requests: CpuRequests): CpuTable {
  const count = hosts.cpus.length;
  const firstCpu = new Int32Array(count + 1);
  const firstNode = new Int32Array(count + 1);
  for (let host = 0; host < count; host++) {
    firstCpu[host + 1] = firstCpu[host] + hosts.cpus[host];
    firstNode[host + 1] = firstNode[host] + (hosts.cpus[host] === 0 ? 0 : hosts.numaNodes[host]);
  }
  const total = firstCpu[count];
  const core = new Int32Array(total);
  const numaNode = new Int32Array(total);
  const freeOfNode = new Int32Array(firstNode[count]);
  for (let host = 0; host < count; host++) {
    const cpus = hosts.cpus[host];
    if (cpus === 0) continue;
    const nodes = hosts.numaNodes[host];
    assert(nodes <= MOST_NUMA_NODES, 'a host has at most 16 NUMA nodes');
    const perNode = cpus / nodes;
    if (!Number.isInteger(perNode / hosts.threadsPerCore[host]))
      fail(`host ${host}: the cores of ${cpus} CPUs do not divide over ${nodes} NUMA nodes`);
    for (let cpu = 0; cpu < cpus; cpu++) {
      core[firstCpu[host] + cpu] = Math.floor(cpu / hosts.threadsPerCore[host]);
      numaNode[firstCpu[host] + cpu] = Math.floor(cpu / perNode);
    }
    freeOfNode.fill(perNode, firstNode[host], firstNode[host + 1]);
  }
  return {
    firstCpu,
    owner: new Int32Array(total).fill(FREE_CPU),
    heldFor: new Uint16Array(total),
    core,
    numaNode,
    firstNode,
    freeOfNode,
    freeCpus: Int32Array.from(hosts.cpus),
    lsrCpus: new Int32Array(count),
    lseCpus: new Int32Array(count),
    numaPolicy: hosts.numaPolicy,
    requests,
  };
}

/** `count` hosts on which nobody owns a CPU. */
export function noCpusets(count: number): CpuTable {
  const none = new Int32Array(count);
  const hosts = { cpus: none, threadsPerCore: none, numaNodes: none, numaPolicy: new Uint8Array(count) };
  return createCpuTable(hosts, cpuRequests([]));
}

/** Binds CPUs of a host (numbered from 0 there) to a task; InvariantError when one is not free or the number is another than asked. */
export function takeCpus(table: CpuTable, request: number, host: number, row: number, cpus: readonly number[]): void {
  const wanted = table.requests.cpus[request];
  if (cpus.length !== wanted) fail(`row ${row} gets ${cpus.length} CPUs of host ${host}; it asks for ${wanted}`);
  const first = table.firstCpu[host];
  for (const cpu of cpus) {
    if (!(cpu >= 0 && first + cpu < table.firstCpu[host + 1])) fail(`host ${host} has no CPU ${cpu}`);
    if (table.owner[first + cpu] !== FREE_CPU)
      fail(`CPU ${cpu} of host ${host} is bound to row ${table.owner[first + cpu]}, and again to row ${row}`);
    table.owner[first + cpu] = row;
    table.heldFor[first + cpu] = request;
    table.freeOfNode[table.firstNode[host] + table.numaNode[first + cpu]]--;
  }
  table.freeCpus[host] -= wanted;
  heldBy(table, request)[host] += wanted;
}

/** Gives the CPUs of a task back. */
export function giveCpus(table: CpuTable, request: number, host: number, row: number): void {
  const wanted = table.requests.cpus[request];
  let given = 0;
  for (let cpu = table.firstCpu[host]; cpu < table.firstCpu[host + 1]; cpu++) {
    if (table.owner[cpu] !== row) continue;
    table.owner[cpu] = FREE_CPU;
    table.heldFor[cpu] = 0;
    table.freeOfNode[table.firstNode[host] + table.numaNode[cpu]]++;
    given++;
  }
  if (given !== wanted) fail(`row ${row} gives back ${given} CPUs of host ${host}; it has ${wanted}`);
  table.freeCpus[host] += wanted;
  heldBy(table, request)[host] -= wanted;
}

/**
 * Keeps CPUs of a host (numbered from 0 there) for somebody still to come (`sign` 1), or gives them up (-1). They belong to no QoS class, because
 * nothing runs that the node could see; nor do they keep pods of exclusive policies off.
 */
export function holdCpus(table: CpuTable, host: number, cpus: readonly number[], sign: 1 | -1): void {
  const first = table.firstCpu[host];
  const from = sign === 1 ? FREE_CPU : HELD_CPU;
  for (const cpu of cpus) {
    if (table.owner[first + cpu] !== from)
      fail(`CPU ${cpu} of host ${host} has owner ${table.owner[first + cpu]}; ${from} is expected`);
    table.owner[first + cpu] = sign === 1 ? HELD_CPU : FREE_CPU;
    table.freeOfNode[table.firstNode[host] + table.numaNode[first + cpu]] -= sign;
  }
  table.freeCpus[host] -= sign * cpus.length;
}

function heldBy(table: CpuTable, request: number): Int32Array {
  return table.requests.qos[request] === CPU_QOS.LSE ? table.lseCpus : table.lsrCpus;
}

/** CPUs of a host bound to a task, ascending, numbered from 0 on the host. */
export function cpusOf(table: CpuTable, host: number, row: number): number[] {
  const cpus: number[] = [];
  const first = table.firstCpu[host];
  for (let cpu = first; cpu < table.firstCpu[host + 1]; cpu++) if (table.owner[cpu] === row) cpus.push(cpu - first);
  return cpus;
}

import { describe, expect, test } from 'vitest';
import { CPU_QOS, type CpuTable, cpuRequests, createCpuTable, NUMA_POLICY, takeCpus } from '../../cluster/cpusets.ts';
import { createStream } from '../../kernel/random.ts';
import { chooseCpus, cpusetFits, fewestNodes } from './cpuset-placement.ts';

const SIZES = [1, 2, 3, 4, 6, 8, 12];

/** One host of 16 CPUs, SMT 2, on `nodes` NUMA nodes; request r asks for SIZES[r - 1] CPUs, and for one thread a core from 8 on. */
function hostOf(nodes: number, policy: number): CpuTable {
  const sizes = [false, true].flatMap((spread) => SIZES.map((cpus) => ({ cpus, qos: CPU_QOS.LSR, spread })));
  const hosts = { cpus: [16], threadsPerCore: [2], numaNodes: [nodes], numaPolicy: Uint8Array.of(policy) };
  return createCpuTable(hosts, cpuRequests(sizes));
}
const whole = (cpus: number) => SIZES.indexOf(cpus) + 1;
const spread = (cpus: number) => SIZES.length + whole(cpus);
const take = (table: CpuTable, request: number, row: number) => {
  const cpus = chooseCpus(table, request, 0);
  takeCpus(table, request, 0, row, cpus);
  return cpus;
};

describe('a host of 16 CPUs on two NUMA nodes of four cores', () => {
  test('whole cores first: 4 CPUs are two cores; the next 6 do not fit beside them on node 0 and go to node 1', () => {
    const table = hostOf(2, NUMA_POLICY.none);
    expect(take(table, whole(4), 1)).toEqual([0, 1, 2, 3]);
    expect(take(table, whole(6), 2)).toEqual([8, 9, 10, 11, 12, 13]);
    // Both fit 2: node 1 has the fewer free CPUs and is filled first.
    expect(take(table, whole(2), 3)).toEqual([14, 15]);
  });

  test('spread: one thread of each core of a node', () => {
    expect(take(hostOf(2, NUMA_POLICY.none), spread(4), 1)).toEqual([0, 2, 4, 6]);
  });

  test('with 5 and 5 free, 6 CPUs: none and best-effort take them from both nodes, restricted and single refuse', () => {
    for (const policy of Object.values(NUMA_POLICY)) {
      const table = hostOf(2, policy);
      takeCpus(table, whole(3), 0, 1, [0, 1, 2]);
      takeCpus(table, whole(3), 0, 2, [8, 9, 10]);
      expect(fewestNodes(table, 0, 6)).toBe(2);
      expect(cpusetFits(table, whole(6), 0)).toBe(policy < NUMA_POLICY.restricted);
    }
  });

  test('12 CPUs need two nodes of an empty host: restricted takes them, single-numa-node never', () => {
    expect(cpusetFits(hostOf(2, NUMA_POLICY.restricted), whole(12), 0)).toBe(true);
    expect(cpusetFits(hostOf(2, NUMA_POLICY['single-numa-node']), whole(12), 0)).toBe(false);
  });

  test('4 CPUs where whole cores lie on two nodes: single-numa-node breaks cores up, none takes whole ones from both', () => {
    const chosen = (policy: number) => {
      const table = hostOf(2, policy);
      // Node 0 keeps core 3 and one thread of cores 0..2; node 1 keeps core 7 alone.
      takeCpus(table, whole(3), 0, 1, [0, 2, 4]);
      takeCpus(table, whole(6), 0, 2, [8, 9, 10, 11, 12, 13]);
      return chooseCpus(table, whole(4), 0);
    };
    expect(chosen(NUMA_POLICY['single-numa-node'])).toEqual([1, 3, 6, 7]);
    expect(chosen(NUMA_POLICY.none)).toEqual([6, 7, 14, 15]);
  });
});

/** The filter by trying every set of NUMA nodes and counting CPUs one by one. */
function fitsByScan(table: CpuTable, wanted: number, nodes: number, policy: number): boolean {
  const freeIn = (mask: number) =>
    [...table.owner].filter((owner, cpu) => owner === -1 && (mask & (1 << table.numaNode[cpu])) !== 0).length;
  const size = (mask: number) => [...mask.toString(2)].filter((bit) => bit === '1').length;
  const masks = Array.from({ length: (1 << nodes) - 1 }, (_, i) => i + 1);
  const now = Math.min(...masks.filter((mask) => freeIn(mask) >= wanted).map(size));
  const empty = Math.min(...masks.filter((mask) => size(mask) * (16 / nodes) >= wanted).map(size));
  if (policy === NUMA_POLICY['single-numa-node']) return now === 1;
  return policy === NUMA_POLICY.restricted ? now === empty : now < Infinity;
}

test('the filter agrees with a scan over sets of nodes, and what passes it gets free CPUs on as few nodes as the policy promises', () => {
  const stream = createStream('cpuset-placement', 'property');
  const below = (n: number) => Math.floor(stream.next() * n);
  let seen = 0;
  for (let round = 0; round < 60; round++) {
    const nodes = [1, 2, 4][below(3)];
    const policy = below(4);
    const table = hostOf(nodes, policy);
    for (let row = 0; row < 12; row++) {
      const request = 1 + below(SIZES.length * 2);
      const wanted = table.requests.cpus[request];
      const fits = cpusetFits(table, request, 0);
      expect(fits).toBe(fitsByScan(table, wanted, nodes, policy));
      if (!fits) continue;
      seen++;
      const few = fewestNodes(table, 0, wanted);
      const cpus = chooseCpus(table, request, 0);
      expect(new Set(cpus).size).toBe(wanted);
      if (policy !== NUMA_POLICY.none) expect(new Set(cpus.map((cpu) => table.numaNode[cpu])).size).toBe(few);
      takeCpus(table, request, 0, row, cpus);
    }
  }
  expect(seen).toBeGreaterThan(100);
});

import { describe, expect, test } from 'vitest';
import { bind, CHANGE, type Cluster, loseAttempt, start, submit } from './apply.ts';
import { checkCluster } from './check-cluster.ts';
import { watch } from './checker.ts';
import { CPU_QOS, cpuRequests, cpusOf, createCpuTable, giveCpus, takeCpus } from './cpusets.ts';
import { noGpus } from './gpus.ts';
import { createHostTable } from './hosts.ts';
import { smallCluster } from './testing/small-cluster.ts';

const LSR_4 = 1;
const LSE_2 = 2;

/** Hosts of 8 CPUs on two NUMA nodes and 6 CPUs on one, SMT 2; requests for 4 CPUs (LSR) and 2 (LSE). */
function table() {
  return createCpuTable(
    { cpus: [8, 6], threadsPerCore: [2, 2], numaNodes: [2, 1], numaPolicy: new Uint8Array(2) },
    cpuRequests([
      { cpus: 4, qos: CPU_QOS.LSR, spread: false },
      { cpus: 2, qos: CPU_QOS.LSE, spread: true },
    ]),
  );
}

describe('CPUs of hosts with 8 on two NUMA nodes and 6 on one', () => {
  test('cores 0..3 of two siblings, two on each NUMA node', () => {
    const cpus = table();
    expect([...cpus.core]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2]);
    expect([...cpus.numaNode]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect([...cpus.freeOfNode]).toEqual([4, 4, 6]);
  });

  test('CPUs 2, 3, 4, 5 for a row leave two free on each node; giving them back restores all', () => {
    const cpus = table();
    takeCpus(cpus, LSR_4, 0, 7, [2, 3, 4, 5]);
    takeCpus(cpus, LSE_2, 1, 8, [0, 2]);
    expect([...cpus.freeOfNode]).toEqual([2, 2, 4]);
    expect([[...cpus.freeCpus], [...cpus.lsrCpus], [...cpus.lseCpus]]).toEqual([
      [4, 4],
      [4, 0],
      [0, 2],
    ]);
    expect([cpusOf(cpus, 0, 7), cpusOf(cpus, 1, 8)]).toEqual([
      [2, 3, 4, 5],
      [0, 2],
    ]);
    giveCpus(cpus, LSR_4, 0, 7);
    giveCpus(cpus, LSE_2, 1, 8);
    expect(cpus).toEqual(table());
  });

  test('a CPU is bound once, and as many are bound as were asked for', () => {
    const cpus = table();
    takeCpus(cpus, LSE_2, 0, 7, [0, 2]);
    expect(() => takeCpus(cpus, LSE_2, 0, 8, [2, 4])).toThrow('CPU 2 of host 0 is bound to row 7, and again to row 8');
    expect(() => takeCpus(table(), LSE_2, 0, 8, [1])).toThrow('gets 1 CPUs of host 0; it asks for 2');
    expect(() => takeCpus(table(), LSE_2, 1, 8, [5, 6])).toThrow('host 1 has no CPU 6');
    expect(() => giveCpus(table(), LSE_2, 0, 8)).toThrow('gives back 0 CPUs');
  });
});

/** Two hosts of 10 CPUs and three pods; the first two want 4 CPUs of their own. */
function world(): Cluster {
  const cluster = smallCluster(2, 3);
  const cpus = createCpuTable(
    { cpus: [10, 10], threadsPerCore: [1, 1], numaNodes: [1, 1], numaPolicy: new Uint8Array(2) },
    cpuRequests([{ cpus: 4, qos: CPU_QOS.LSR, spread: false }]),
  );
  const hosts = createHostTable(2, noGpus(2), cpus);
  Object.assign(hosts, { ...cluster.hosts, cpus });
  const made = { ...cluster, hosts };
  for (const row of [0, 1]) {
    made.tasks.requestMilliCpu[row] = 4_000;
    made.tasks.cpuRequest[row] = LSR_4;
  }
  for (const row of [0, 1, 2]) submit(made, row, 0, false);
  return made;
}

describe('bind and leave', () => {
  test('a pod takes its CPUs with its place and gives them back with it; both checkers follow', () => {
    const cluster = world();
    const checker = watch(cluster);
    bind(cluster, 0, 1, 0, 0, [0, 1, 2, 3]);
    bind(cluster, 1, 1, 0, 0, [4, 5, 6, 7]);
    bind(cluster, 2, 1, 0);
    start(cluster, 0, 1);
    expect([...cluster.hosts.cpus.freeCpus]).toEqual([10, 2]);
    checkCluster(cluster);
    checker.compare();
    loseAttempt(cluster, 0, 2, CHANGE.evict, 1);
    expect([...cluster.hosts.cpus.freeCpus]).toEqual([10, 6]);
    expect([...cluster.hosts.cpus.owner.subarray(10)]).toEqual([-1, -1, -1, -1, 1, 1, 1, 1, -1, -1]);
    checkCluster(cluster);
    checker.compare();
  });

  test('CPUs are part of the digest', () => {
    const [a, b] = [world(), world()];
    bind(a, 0, 1, 0, 0, [0, 1, 2, 3]);
    bind(b, 0, 1, 0, 0, [0, 1, 2, 4]);
    expect(a.digest).not.toEqual(b.digest);
  });

  test('both checkers notice a CPU that changes hands behind their back', () => {
    const cluster = world();
    const checker = watch(cluster);
    bind(cluster, 0, 1, 0, 0, [0, 1, 2, 3]);
    cluster.hosts.cpus.owner[10] = -1;
    expect(() => checkCluster(cluster)).toThrow('has 3 CPUs of its own; it asks for 4');
    cluster.hosts.cpus.freeCpus[1]++;
    expect(() => checker.compare()).toThrow('host 1 has 6 CPUs left, the table says 7');
    expect(() => bind(cluster, 1, 1, 0, 0, [0, 4, 5, 6])).toThrow(
      'CPU 0 of host 1 is bound to task 0, and again to task 1',
    );
  });
});

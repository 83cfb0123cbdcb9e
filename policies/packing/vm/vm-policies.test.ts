import { describe, expect, test } from 'vitest';
import { bestFitThreshold } from './best-fit-threshold.ts';
import { VM_BATCH_POLICIES, VM_POLICIES } from './vm-policies.ts';
import type { VmHosts } from './vm-policy.ts';

/** Hosts as [capacity CPU, capacity memory, allocated CPU, allocated memory, rack]; units of 1. */
function hostsOf(...rows: readonly (readonly [number, number, number, number, number?])[]): VmHosts {
  const column = (at: number) => Float64Array.from(rows, (row) => row[at] ?? 0);
  return {
    count: rows.length,
    capacityMilliCpu: column(0),
    capacityMemBytes: column(1),
    soldMilliCpu: column(0),
    soldMemBytes: column(1),
    allocatedMilliCpu: column(2),
    allocatedMemBytes: column(3),
    usedMilliCpu: column(2),
    up: new Uint8Array(rows.length).fill(1),
    rack: Int32Array.from(rows, (row) => row[4] ?? 0),
    cpuUnitMilli: 1,
    memUnitBytes: 1,
  };
}

describe.each(Object.keys(VM_POLICIES))('%s', (name) => {
  test('a VM of 2 CPU and 3 memory skips the host with 1 CPU, the one with 2 memory and the one that is down', () => {
    const hosts = hostsOf([9, 9, 8, 0], [9, 9, 0, 7], [9, 9, 0, 0], [9, 9, 0, 0]);
    hosts.up[2] = 0;
    expect(VM_POLICIES[name].chooseHost(hosts, 2, 3)).toBe(3);
  });
  test('equal hosts: the first; no host: -1', () => {
    expect(VM_POLICIES[name].chooseHost(hostsOf([9, 9, 1, 1], [9, 9, 1, 1]), 2, 2)).toBe(0);
    expect(VM_POLICIES[name].chooseHost(hostsOf([9, 9, 9, 9]), 1, 1)).toBe(-1);
  });
});

test('dot-product: free (7, 4) of (10, 10) gives a VM (1, 4) 7 + 16 = 23, free (2, 6) gives 2 + 24 = 26', () => {
  expect(VM_POLICIES['dot-product'].chooseHost(hostsOf([10, 10, 3, 6], [10, 10, 8, 4]), 1, 4)).toBe(1);
});

test('weighted: with memory full elsewhere (load 0.9 against 0.1) memory decides: free (1, 9) beats (9, 2) for a VM (1, 1)', () => {
  // Means over three hosts: CPU (0.9 + 0.1 + 0) / 3, memory (0.1 + 0.8 + 1) / 3. 0.3333 x 1 + 0.6333 x 9 = 6.03 against 0.3333 x 9 + 0.6333 x 2 = 4.27.
  const hosts = hostsOf([10, 10, 1, 8], [10, 10, 9, 1], [10, 10, 0, 10]);
  expect(VM_POLICIES['weighted-dot-product'].chooseHost(hosts, 1, 1)).toBe(1);
});

test('l2-norm-diff: an exact fit leaves 0 and wins over any other', () => {
  expect(VM_POLICIES['l2-norm-diff'].chooseHost(hostsOf([10, 10, 5, 5], [10, 10, 7, 6]), 3, 4)).toBe(1);
});

test('cosine: use (4, 2) lies along (8, 4), use (4, 2) does not along (4, 8)', () => {
  expect(VM_POLICIES['cosine-similarity'].chooseHost(hostsOf([4, 8, 3, 1], [8, 4, 3, 1]), 1, 1)).toBe(1);
});

test('delta-perp: from (3, 0) to (3, 3) the distance falls from 3 / sqrt 2 to 0; from (0, 0) it cannot fall', () => {
  expect(VM_POLICIES['delta-perp-distance'].chooseHost(hostsOf([9, 9, 0, 0], [9, 9, 3, 0]), 0, 3)).toBe(1);
});

test('best-fit-threshold 0.8: used 5 + 3 = 8 of 10 is not below, 4 + 3 is; the higher of those below wins', () => {
  const policy = bestFitThreshold(0.8);
  expect(policy.chooseHost(hostsOf([10, 10, 5, 0], [10, 10, 3, 0], [10, 10, 4, 0]), 3, 1)).toBe(2);
  expect(policy.chooseHost(hostsOf([10, 10, 5, 0]), 3, 1)).toBe(-1);
});

describe('several at once', () => {
  const cpu = Float64Array.of(3, 3, 3);
  const mem = new Float64Array(3);

  test('batch-first-fit: two of 3 fit 7, the third goes on; columns are not written', () => {
    const hosts = hostsOf([7, 1, 0, 0], [3, 1, 0, 0]);
    const out = new Int32Array(3);
    expect(VM_BATCH_POLICIES['batch-first-fit'].chooseHosts(hosts, 3, cpu, mem, out)).toBe(true);
    expect([...out, hosts.allocatedMilliCpu[0]]).toEqual([0, 0, 1, 0]);
  });
  test('all or none: three of 3 do not fit 7', () => {
    const hosts = hostsOf([7, 1, 0, 0]);
    expect(VM_BATCH_POLICIES['batch-first-fit'].chooseHosts(hosts, 3, cpu, mem, new Int32Array(3))).toBe(false);
  });
  test('rack-anti-affinity: racks 0, 0, 1, 2 give hosts 0, 2 and 3; two racks are too few for three', () => {
    const out = new Int32Array(3);
    const hosts = hostsOf([9, 1, 0, 0, 0], [9, 1, 0, 0, 0], [9, 1, 0, 0, 1], [9, 1, 0, 0, 2]);
    expect(VM_BATCH_POLICIES['rack-anti-affinity'].chooseHosts(hosts, 3, cpu, mem, out)).toBe(true);
    expect([...out]).toEqual([0, 2, 3]);
    const two = hostsOf([9, 1, 0, 0, 0], [9, 1, 0, 0, 1]);
    expect(VM_BATCH_POLICIES['rack-anti-affinity'].chooseHosts(two, 3, cpu, mem, out)).toBe(false);
  });
});

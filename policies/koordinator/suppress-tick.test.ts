import { expect, test } from 'vitest';
import type { SuppressNode } from './suppress-tick.ts';
import { suppressTick } from './suppress-tick.ts';

const settings = { enable: true, cpuSuppressThresholdPercent: 65, cpuSuppressPolicy: 'cfsQuota' };
const node: SuppressNode = {
  capacityMilliCpu: 8000,
  reservedMilliCpu: 0,
  nodeUsedCores: 3,
  pods: [{ usedCores: 3, qosLabel: 'LS', known: true }],
  hostApps: [],
  processors: Array.from({ length: 8 }, (_, cpuId) => ({ cpuId, coreId: cpuId >> 1, socketId: 0, numaNodeId: 0 })),
  holders: { lsrCpus: [], lseCpus: [7], reservedCpus: [], systemExclusiveCpus: [] },
};
const before = { quotaUs: 200_000, cpus: [0, 1] };
const all = [0, 1, 2, 3, 4, 5, 6];

test('cfsQuota: 8 cpus at 65 % less 3 leave 2.2, so 220000 us; the cpuset is given back', () => {
  expect(suppressTick(settings, node, before)).toEqual({ quotaUs: 220_000, cpus: all });
});

test('cpuset, and any unknown policy: ceil(2.2) = 3 cpus, quota unlimited', () => {
  for (const cpuSuppressPolicy of ['cpuset', 'other'])
    expect(suppressTick({ ...settings, cpuSuppressPolicy }, node, before)).toEqual({ quotaUs: -1, cpus: [0, 1, 2] });
});

test('switched off, both are given back', () => {
  expect(suppressTick({ ...settings, enable: false }, node, before)).toEqual({ quotaUs: -1, cpus: all });
});

test('without pods or without a node metric nothing is touched', () => {
  const { nodeUsedCores: _, ...blind } = node;
  expect(suppressTick(settings, { ...node, pods: [] }, before)).toBe(before);
  expect(suppressTick(settings, blind, before)).toBe(before);
});

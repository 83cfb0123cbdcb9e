import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MidPod } from './mid-resource.ts';
import { midAllocatable, midAllocatableOf, midResource, midStaticOf } from './mid-resource.ts';

const strategy = {
  midCpuThresholdPercent: 50,
  midMemoryThresholdPercent: 100,
  midUnallocatedPercent: 0,
  midStaticCpuReservedPercent: 0,
  midStaticMemoryReservedPercent: 0,
};
const size = { milliCpu: 10_000, memBytes: 10_000 };
const node = { capacity: size, allocatable: size };
const idle = { systemUsage: { milliCpu: 0, memBytes: 0 }, hostApps: [], nodeUsage: { milliCpu: 0, memBytes: 0 } };

function pod(priorityClassLabel: string, phase = 'Running'): MidPod {
  return { priorityClassLabel, phase, kubernetesQos: 'Burstable', request: { milliCpu: 1000, memBytes: 100 } };
}

test('use above capacity leaves no base: -500 unused counts as 0', () => {
  expect(midAllocatableOf(1000, 100, 300, -500, 200, 50)).toBe(100);
});

test('only Running and Pending prod pods are allocated: 2 of these 6', () => {
  const pods = [
    pod('koord-prod'),
    pod('koord-prod', 'Pending'),
    pod('koord-prod', 'Failed'),
    pod('koord-mid'),
    pod('koord-batch'),
    pod('koord-free'),
  ];
  expect(midResource(strategy, node, pods, idle).unallocated).toEqual({ milliCpu: 8000, memBytes: 9800 });
});

test('prod host applications count as system use, mid ones do not, and a larger reservation hides both', () => {
  const apps = (['koord-prod', 'koord-mid'] as const).map((priorityClass) => ({
    priorityClass,
    usage: { milliCpu: 700, memBytes: 0 },
  }));
  const left = (reservedMilliCpu: number) =>
    midResource(strategy, { ...node, reservation: { milliCpu: reservedMilliCpu } }, [], { ...idle, hostApps: apps })
      .unallocated.milliCpu;
  expect([left(0), left(2000)]).toEqual([9300, 8000]);
});

test('a missing prediction is 0, an incomplete node report leaves nothing unused; both keep the unallocated share', () => {
  const half = { ...strategy, midUnallocatedPercent: 50 };
  const { nodeUsage: _, ...incomplete } = { ...idle, prodReclaimable: size };
  expect(midResource(half, node, [], idle).mid.milliCpu).toBe(5000);
  expect(midResource(half, node, [], incomplete).nodeUnused).toEqual({ milliCpu: 0, memBytes: 0 });
  expect(midResource(half, node, [], incomplete).mid.milliCpu).toBe(5000);
});

test('static mode sells min(20 %, 50 %) and min(80 %, 50 %) of 10 cpus', () => {
  expect([midStaticOf(10_000, 50, 20), midStaticOf(10_000, 50, 80)]).toEqual([2000, 5000]);
});

test('the sweep agrees with the single host, holds 0 <= mid <= limit, and missing columns leave no base', () => {
  const column = fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(column, fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (h, limit, share) => {
      const one = (k: number) => Float64Array.of(h[k], h[k], h[k]);
      const reclaimable = Float64Array.of(h[1], Number.NaN, h[1]);
      const used = Float64Array.of(h[2], h[2], Number.NaN);
      const out = new Float64Array(3);
      midAllocatable(3, one(0), limit, reclaimable, used, one(3), one(4), one(5), share, out);
      const unallocated = Math.max(0, h[0] - Math.max(h[3], h[4]) - h[5]);
      expect(out[0]).toBe(midAllocatableOf(h[0], limit, h[1], h[0] - h[2], unallocated, share));
      expect(out[1]).toBe(midAllocatableOf(h[0], limit, 0, h[0] - h[2], unallocated, share));
      expect(out[2]).toBe(midAllocatableOf(h[0], limit, h[1], 0, unallocated, share));
      expect(out[0]).toBeGreaterThanOrEqual(0);
      expect(out[0]).toBeLessThanOrEqual((h[0] * limit) / 100);
    }),
  );
});

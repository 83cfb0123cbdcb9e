import { describe, expect, test } from 'vitest';
import type { BatchMetrics, BatchPod, PodMetric } from './batch-resource.ts';
import { batchResource } from './batch-resource.ts';
import type { KoordinatorQuirks } from './quirks.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';
import type { CpuMem } from './resources.ts';

const GB = 1_000_000_000;

function amount(cpus: number, gigabytes: number): CpuMem {
  return { milliCpu: cpus * 1000, memBytes: gigabytes * GB };
}

const node = { capacity: amount(100, 100), allocatable: amount(100, 100) };
const strategy = { cpuReclaimThresholdPercent: 60, memoryReclaimThresholdPercent: 60 };

function pod(name: string, request: CpuMem, more: Partial<BatchPod> = {}): BatchPod {
  return { name, phase: 'Running', kubernetesQos: 'Burstable', request, ...more };
}

function metric(name: string, usage: CpuMem, priorityClass: PodMetric['priorityClass'] = ''): PodMetric {
  return { name, usage, priorityClass };
}

function metrics(system: CpuMem, pods: readonly PodMetric[]): BatchMetrics {
  return { systemUsage: system, pods, hostApps: [] };
}

function without(quirk: keyof KoordinatorQuirks): KoordinatorQuirks {
  return { ...PRODUCTION_QUIRKS, [quirk]: false };
}

describe('batch resources of a node', () => {
  test('an empty node of 100 cpus sells 60 % less 5 used by the system', () => {
    // 100 - 40 margin - 5 system = 55
    expect(batchResource(strategy, node, [], metrics(amount(5, 2), []))).toEqual(amount(55, 58));
  });

  test('the policy "request" for cpu means usage', () => {
    const pods = [pod('a', amount(50, 1))];
    const used = metrics(amount(0, 0), [metric('a', amount(10, 1))]);
    expect(batchResource({ ...strategy, cpuCalculatePolicy: 'request' }, node, pods, used).milliCpu).toBe(50_000);
  });

  test('a cap of 30 % holds 55 cpus down to 30; a cap of 0 sells nothing', () => {
    const system = metrics(amount(5, 2), []);
    expect(batchResource({ ...strategy, batchCpuThresholdPercent: 30 }, node, [], system).milliCpu).toBe(30_000);
    expect(batchResource({ ...strategy, batchCpuThresholdPercent: 0 }, node, [], system).milliCpu).toBe(0);
  });

  test('host applications of prod and mid count as system use, those of batch, free and no class do not', () => {
    const sold = (['koord-prod', 'koord-mid', 'koord-batch', 'koord-free', ''] as const).map((priorityClass) => {
      const hostApps = [{ priorityClass, usage: amount(7, 0) }];
      return batchResource(strategy, node, [], { ...metrics(amount(0, 0), []), hostApps }).milliCpu;
    });
    expect(sold).toEqual([53_000, 53_000, 60_000, 60_000, 60_000]);
  });

  test('a reported pod of an unknown name takes its usage unless the report calls it batch or free', () => {
    const sold = (['', 'koord-prod', 'koord-batch', 'koord-free'] as const).map(
      (name) => batchResource(strategy, node, [], metrics(amount(0, 0), [metric('gone', amount(9, 0), name)])).milliCpu,
    );
    expect(sold).toEqual([51_000, 51_000, 60_000, 60_000]);
  });
});

describe('quirks', () => {
  test('K1: under maxUsageRequest a pod without metrics takes nothing; off, its 20 cpus', () => {
    const byMax = { ...strategy, cpuCalculatePolicy: 'maxUsageRequest' };
    const pods = [pod('new', amount(20, 1))];
    const none = metrics(amount(0, 0), []);
    expect(batchResource(byMax, node, pods, none).milliCpu).toBe(60_000);
    expect(batchResource(byMax, node, pods, none, without('maxUsageIgnoresMissingMetrics')).milliCpu).toBe(40_000);
  });

  test('K2: the memory policy request ignores 12 GB of system use; off, subtracts them', () => {
    const byRequest = { ...strategy, memoryCalculatePolicy: 'request' };
    const system = metrics(amount(0, 12), []);
    expect(batchResource(byRequest, node, [], system).memBytes).toBe(60 * GB);
    expect(batchResource(byRequest, node, [], system, without('memoryRequestIgnoresSystemUse')).memBytes).toBe(48 * GB);
  });

  test('K3: an LSR pod that uses 2 of 10 cpus takes 2; off, 10, but its memory stays by usage', () => {
    const pods = [pod('lsr', amount(10, 10), { qosLabel: 'LSR' })];
    const used = metrics(amount(0, 0), [metric('lsr', amount(2, 3))]);
    expect(batchResource(strategy, node, pods, used)).toEqual(amount(58, 57));
    expect(batchResource(strategy, node, pods, used, without('lsrReclaimedByUsage'))).toEqual(amount(50, 57));
  });

  test('K4: a reclaim percent of 150 sells 150 cpus of 100; off, 100', () => {
    const generous = { ...strategy, cpuReclaimThresholdPercent: 150 };
    const none = metrics(amount(0, 0), []);
    expect(batchResource(generous, node, [], none).milliCpu).toBe(150_000);
    expect(batchResource(generous, node, [], none, without('reclaimAboveHundredPercent')).milliCpu).toBe(100_000);
  });

  test('K5: a pod that succeeded keeps taking its last 8 cpus; off, nothing', () => {
    const pods = [pod('done', amount(10, 1), { phase: 'Succeeded' })];
    const used = metrics(amount(0, 0), [metric('done', amount(8, 0), 'koord-prod')]);
    expect(batchResource(strategy, node, pods, used).milliCpu).toBe(52_000);
    expect(batchResource(strategy, node, pods, used, without('terminatedPodsDangle')).milliCpu).toBe(60_000);
  });

  test('K19: 10 reserved cpus vanish when 90 allocatable are amplified to 108; off, they count', () => {
    const amplified = { ...node, allocatable: amount(108, 100), rawAllocatable: amount(90, 100) };
    const none = metrics(amount(0, 0), []);
    expect(batchResource(strategy, amplified, [], none).milliCpu).toBe(60_000);
    expect(batchResource(strategy, amplified, [], none, without('amplificationHidesReservation')).milliCpu).toBe(
      50_000,
    );
  });
});

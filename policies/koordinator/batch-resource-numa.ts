/**
 * Batch resources of each NUMA zone: the node's formula on zone shares, every share rounded up.
 *
 * A zone subtracts whole shares, so the zones together may be a little below the node.
 * Source: pkg/slo-controller/noderesource/plugins/batchresource/plugin.go calculateOnNUMALevel, plugins/util/util.go.
 */
import { batchAllocatableOf, cpuPolicyCode, memoryPolicyCode } from './batch-formula.ts';
import type { BatchMetrics, BatchPod, BatchStrategy } from './batch-resource.ts';
import { batchSystemUsed, hpShares } from './batch-resource.ts';
import type { NodeSize } from './node-reserved.ts';
import { nodeReserved } from './node-reserved.ts';
import type { KoordinatorQuirks } from './quirks.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';
import type { CpuMem } from './resources.ts';
import { NOTHING, percentOf } from './resources.ts';

/** Memory is divided in thousandths of a byte, as upstream's quantities are. */
export interface CpuMilliMem {
  readonly milliCpu: number;
  readonly memMilliBytes: number;
}

/** `amount` divided into `parts`, each part rounded up in milli-units; 0 parts leave it whole. Exact below 9 PB. */
export function divideUp(amount: CpuMem, parts: number): CpuMilliMem {
  const divisor = parts === 0 ? 1 : parts;
  return {
    milliCpu: Math.ceil(amount.milliCpu / divisor),
    memMilliBytes: Math.ceil((amount.memBytes * 1000) / divisor),
  };
}

/**
 * Share of `amount` per zone: on the zones the pod was placed on, else on all alike.
 *
 * Ids outside 0..zoneCount-1 are ignored; when none is left the pod counts as not placed.
 */
export function zoneShares(amount: CpuMem, zoneCount: number, numaNodes: readonly number[]): CpuMilliMem[] {
  const valid = numaNodes.filter((id) => id >= 0 && id < zoneCount);
  const share = divideUp(amount, valid.length > 0 ? valid.length : zoneCount);
  const none: CpuMilliMem = { milliCpu: 0, memMilliBytes: 0 };
  return Array.from({ length: zoneCount }, (_, zone) => (valid.length === 0 || valid.includes(zone) ? share : none));
}

/** Whole units again: a published quantity rounds up. */
export function wholeUnits(amount: CpuMilliMem): CpuMem {
  return { milliCpu: amount.milliCpu, memBytes: Math.ceil(amount.memMilliBytes / 1000) };
}

/**
 * Batch resources of every zone.
 *
 *   zone capacity and margin from the zone's allocatable; system and reserved divided evenly; pods by zoneShares
 *
 * Shape: result[zone] beside zoneAllocatable[zone]. Units: milli-CPU, bytes; memory is reckoned in milli-bytes and
 * rounded up at the end. Unlike the node, a zone adds the request of a pod without metrics to all three sums.
 */
export function batchResourceOfZones(
  strategy: BatchStrategy,
  node: NodeSize,
  zoneAllocatable: readonly CpuMem[],
  pods: readonly BatchPod[],
  metrics: BatchMetrics,
  quirks: KoordinatorQuirks = PRODUCTION_QUIRKS,
): CpuMem[] {
  const zones = zoneAllocatable.length;
  const system = divideUp(batchSystemUsed(metrics), zones);
  const reserved = divideUp(nodeReserved(node, quirks.amplificationHidesReservation), zones);
  const shares = hpShares(pods, metrics.pods, quirks);
  const used = sumOfShares(shares.map((share) => zoneShares(share.used, zones, share.numaNodes ?? [])));
  const request = sumOfShares(shares.map((share) => zoneShares(share.request, zones, share.numaNodes ?? [])));
  const larger = sumOfShares(shares.map((share) => zoneShares(share.zoneMaxUsedRequest, zones, share.numaNodes ?? [])));
  return zoneAllocatable.map((allocatable, zone) =>
    zoneBatch(strategy, allocatable, {
      system,
      reserved,
      used: used(zone),
      request: request(zone),
      larger: larger(zone),
      quirks,
    }),
  );
}

/** Sum over all pods, asked for zone by zone. */
function sumOfShares(sharesOfPods: readonly (readonly CpuMilliMem[])[]): (zone: number) => CpuMilliMem {
  return (zone) => ({
    milliCpu: sharesOfPods.reduce((sum, shares) => sum + shares[zone].milliCpu, NOTHING.milliCpu),
    memMilliBytes: sharesOfPods.reduce((sum, shares) => sum + shares[zone].memMilliBytes, 0),
  });
}

interface ZoneSums {
  readonly system: CpuMilliMem;
  readonly reserved: CpuMilliMem;
  readonly used: CpuMilliMem;
  readonly request: CpuMilliMem;
  readonly larger: CpuMilliMem;
  readonly quirks: KoordinatorQuirks;
}

function zoneBatch(strategy: BatchStrategy, zone: CpuMem, sums: ZoneSums): CpuMem {
  const { system, reserved, used, request, larger, quirks } = sums;
  const cpuPercent = cap100(strategy.cpuReclaimThresholdPercent, quirks);
  const milliCpu = batchAllocatableOf(
    zone.milliCpu,
    cpuPercent,
    system.milliCpu,
    reserved.milliCpu,
    used.milliCpu,
    request.milliCpu,
    larger.milliCpu,
    cpuPolicyCode(strategy.cpuCalculatePolicy),
    strategy.batchCpuThresholdPercent ?? Number.NaN,
  );
  // The margin and the cap are cut to whole bytes before they meet milli-byte shares, so the formula runs on
  // capacity - margin with percent 100 and the cap is applied outside.
  const memPercent = cap100(strategy.memoryReclaimThresholdPercent, quirks);
  const sellable = zone.memBytes - percentOf(zone.memBytes, 100 - memPercent);
  const memReserved = quirks.memoryRequestIgnoresSystemUse
    ? reserved.memMilliBytes
    : Math.max(reserved.memMilliBytes, system.memMilliBytes);
  const memMilliBytes = batchAllocatableOf(
    sellable * 1000,
    100,
    system.memMilliBytes,
    memReserved,
    used.memMilliBytes,
    request.memMilliBytes,
    larger.memMilliBytes,
    memoryPolicyCode(strategy.memoryCalculatePolicy),
    Number.NaN,
  );
  const { memBytes } = wholeUnits({ milliCpu: 0, memMilliBytes });
  const capPercent = strategy.batchMemoryThresholdPercent;
  return {
    milliCpu,
    memBytes: capPercent === undefined ? memBytes : Math.min(memBytes, percentOf(zone.memBytes, capPercent)),
  };
}

function cap100(percent: number, quirks: KoordinatorQuirks): number {
  return quirks.reclaimAboveHundredPercent ? percent : Math.min(100, percent);
}

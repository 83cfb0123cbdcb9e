/**
 * Batch resources of one node: how much of what high-priority pods do not use may be sold to best-effort pods.
 *
 * The pods are walked once to form three sums (used, requested, the larger of both), and batch-formula.ts does the rest.
 * Source: pkg/slo-controller/noderesource/plugins/batchresource/plugin.go calculateOnNode.
 */
import { batchAllocatableOf, cpuPolicyCode, memoryPolicyCode, REQUEST } from './batch-formula.ts';
import type { NodeSize } from './node-reserved.ts';
import { nodeReserved } from './node-reserved.ts';
import type { PodClassFields, PriorityClass } from './priority-class.ts';
import {
  defaultPriorityValue,
  isHighPriority,
  priorityClassWithDefault,
  qosClassWithDefault,
} from './priority-class.ts';
import type { KoordinatorQuirks } from './quirks.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';
import type { CpuMem } from './resources.ts';
import { addCpuMem, maxCpuMem, NOTHING } from './resources.ts';

export interface BatchPod extends PodClassFields {
  readonly name: string;
  readonly phase: string;
  readonly request: CpuMem;
  /** Zones the pod was placed on; undefined or without valid ids = all. */
  readonly numaNodes?: readonly number[];
}

/** Usage of one pod as the node reported it; `priorityClass` is what the node said, '' when it said nothing. */
export interface PodMetric {
  readonly name: string;
  readonly usage: CpuMem;
  readonly priorityClass: PriorityClass;
}

export interface HostAppMetric {
  readonly priorityClass: PriorityClass;
  readonly usage: CpuMem;
}

export interface BatchMetrics {
  readonly systemUsage: CpuMem;
  readonly pods: readonly PodMetric[];
  readonly hostApps: readonly HostAppMetric[];
}

/** The fields of a co-location strategy that batch resources depend on. */
export interface BatchStrategy {
  readonly cpuReclaimThresholdPercent: number;
  readonly memoryReclaimThresholdPercent: number;
  readonly cpuCalculatePolicy?: string;
  readonly memoryCalculatePolicy?: string;
  readonly batchCpuThresholdPercent?: number;
  readonly batchMemoryThresholdPercent?: number;
}

const BATCH_PRIORITY_VALUE = 5500;

/** One entry a high-priority pod or a dangling metric adds to the sums. */
export interface HpShare {
  readonly numaNodes?: readonly number[];
  readonly request: CpuMem;
  readonly used: CpuMem;
  /** Larger of use and request, at node level and at zone level (they differ for pods without metrics, K1). */
  readonly maxUsedRequest: CpuMem;
  readonly zoneMaxUsedRequest: CpuMem;
}

/**
 * What each high-priority pod takes from batch.
 *
 *   no metric    : used = request; maxUsedRequest = 0 on the node (K1), request in a zone
 *   LSE + metric : used = (cpu request, memory usage)                  maxUsedRequest = max(request, usage)
 *   other        : used = usage, LSR too (K3)                          maxUsedRequest = max(request, usage)
 *   dangling     : a metric without a Running or Pending pod whose class is not batch or free: its usage (K5)
 *
 * Order: pods as listed, then dangling metrics as reported.
 */
export function hpShares(
  pods: readonly BatchPod[],
  metrics: readonly PodMetric[],
  quirks: KoordinatorQuirks = PRODUCTION_QUIRKS,
): HpShare[] {
  const metricOf = new Map(metrics.map((metric) => [metric.name, metric]));
  const claimed = new Set<string>();
  const shares: HpShare[] = [];
  for (const pod of pods) {
    if (pod.phase !== 'Running' && pod.phase !== 'Pending') {
      if (!quirks.terminatedPodsDangle) claimed.add(pod.name);
      continue;
    }
    claimed.add(pod.name);
    if (isHighPriority(priorityClassWithDefault(pod))) shares.push(podShare(pod, metricOf.get(pod.name), quirks));
  }
  for (const metric of metricOf.values()) {
    if (claimed.has(metric.name) || !isHighPriority(metric.priorityClass)) continue;
    const { usage } = metric;
    shares.push({ request: NOTHING, used: usage, maxUsedRequest: usage, zoneMaxUsedRequest: usage });
  }
  return shares;
}

function podShare(pod: BatchPod, metric: PodMetric | undefined, quirks: KoordinatorQuirks): HpShare {
  const { request } = pod;
  const zones = pod.numaNodes === undefined ? {} : { numaNodes: pod.numaNodes };
  if (metric === undefined) {
    const counted = quirks.maxUsageIgnoresMissingMetrics ? NOTHING : request;
    return { ...zones, request, used: request, maxUsedRequest: counted, zoneMaxUsedRequest: request };
  }
  const qos = qosClassWithDefault(pod);
  const byRequest = qos === 'LSE' || (qos === 'LSR' && !quirks.lsrReclaimedByUsage);
  const used = byRequest ? { milliCpu: request.milliCpu, memBytes: metric.usage.memBytes } : metric.usage;
  const larger = maxCpuMem(request, metric.usage);
  return { ...zones, request, used, maxUsedRequest: larger, zoneMaxUsedRequest: larger };
}

/** System usage plus the host applications whose class stands above batch: prod and mid, not batch, free or none. */
export function batchSystemUsed(metrics: BatchMetrics): CpuMem {
  return metrics.hostApps
    .filter((app) => defaultPriorityValue(app.priorityClass) > BATCH_PRIORITY_VALUE)
    .reduce((sum, app) => addCpuMem(sum, app.usage), metrics.systemUsage);
}

/**
 * Batch resources of a node.
 *
 *   see batchAllocatableOf, with system = usage of the system and of prod and mid host applications
 *
 * Units: milli-CPU, bytes. The result is what is published before third parties are subtracted; staleness of the
 * metrics is the caller's affair (write-gate.ts degradeNeeded).
 */
export function batchResource(
  strategy: BatchStrategy,
  node: NodeSize,
  pods: readonly BatchPod[],
  metrics: BatchMetrics,
  quirks: KoordinatorQuirks = PRODUCTION_QUIRKS,
): CpuMem {
  let request = NOTHING;
  let used = NOTHING;
  let maxUsedRequest = NOTHING;
  for (const share of hpShares(pods, metrics.pods, quirks)) {
    request = addCpuMem(request, share.request);
    used = addCpuMem(used, share.used);
    maxUsedRequest = addCpuMem(maxUsedRequest, share.maxUsedRequest);
  }
  const reserved = nodeReserved(node, quirks.amplificationHidesReservation);
  const sums = { system: batchSystemUsed(metrics), reserved, used, request, maxUsedRequest };
  return batchFromSums(strategy, node.capacity, sums, quirks);
}

/** The five sums the formula subtracts. */
export interface BatchSums {
  readonly system: CpuMem;
  readonly reserved: CpuMem;
  readonly used: CpuMem;
  readonly request: CpuMem;
  readonly maxUsedRequest: CpuMem;
}

/** Applies the formula to both resources; amounts of one resource may be in any one unit, since only percents scale them. */
export function batchFromSums(
  strategy: BatchStrategy,
  capacity: CpuMem,
  sums: BatchSums,
  quirks: KoordinatorQuirks,
): CpuMem {
  const memoryPolicy = memoryPolicyCode(strategy.memoryCalculatePolicy);
  const memReserved =
    memoryPolicy === REQUEST && !quirks.memoryRequestIgnoresSystemUse
      ? Math.max(sums.system.memBytes, sums.reserved.memBytes)
      : sums.reserved.memBytes;
  return {
    milliCpu: batchAllocatableOf(
      capacity.milliCpu,
      reclaimPercent(strategy.cpuReclaimThresholdPercent, quirks),
      sums.system.milliCpu,
      sums.reserved.milliCpu,
      sums.used.milliCpu,
      sums.request.milliCpu,
      sums.maxUsedRequest.milliCpu,
      cpuPolicyCode(strategy.cpuCalculatePolicy),
      strategy.batchCpuThresholdPercent ?? Number.NaN,
    ),
    memBytes: batchAllocatableOf(
      capacity.memBytes,
      reclaimPercent(strategy.memoryReclaimThresholdPercent, quirks),
      sums.system.memBytes,
      memReserved,
      sums.used.memBytes,
      sums.request.memBytes,
      sums.maxUsedRequest.memBytes,
      memoryPolicy,
      strategy.batchMemoryThresholdPercent ?? Number.NaN,
    ),
  };
}

function reclaimPercent(percent: number, quirks: KoordinatorQuirks): number {
  return quirks.reclaimAboveHundredPercent ? percent : Math.min(100, percent);
}

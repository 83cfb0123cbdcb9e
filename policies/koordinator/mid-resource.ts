/**
 * Mid resources: the part of prod requests that prediction says will not be used, plus a share of what nobody requested.
 *
 * Mid and batch are computed from the same headroom; neither subtracts the other's allocations.
 * Source: pkg/slo-controller/noderesource/plugins/midresource/plugin.go, plugins/util/util.go.
 */
import type { HostAppMetric } from './batch-resource.ts';
import type { NodeSize } from './node-reserved.ts';
import { nodeReserved } from './node-reserved.ts';
import type { PodClassFields } from './priority-class.ts';
import { defaultPriorityValue, priorityClassWithDefault } from './priority-class.ts';
import type { CpuMem } from './resources.ts';
import { addCpuMem, maxCpuMem, NOTHING, percentOf } from './resources.ts';

const MID_PRIORITY_VALUE = 7500;

export interface MidStrategy {
  readonly midCpuThresholdPercent: number;
  readonly midMemoryThresholdPercent: number;
  readonly midUnallocatedPercent: number;
  readonly midReclaimMode?: string;
  readonly midStaticCpuReservedPercent: number;
  readonly midStaticMemoryReservedPercent: number;
}

export interface MidPod extends PodClassFields {
  readonly phase: string;
  readonly request: CpuMem;
}

export interface MidMetrics {
  readonly systemUsage: CpuMem;
  readonly hostApps: readonly HostAppMetric[];
  /** undefined when the report lacks cpu or memory. */
  readonly nodeUsage?: CpuMem;
  /** undefined = no prediction, counted as 0. */
  readonly prodReclaimable?: CpuMem;
}

export interface MidResult {
  readonly mid: CpuMem;
  readonly unallocated: CpuMem;
  readonly nodeUnused: CpuMem;
}

/**
 * Mid allocatable of one host in one resource.
 *
 *   limit       = trunc(capacity * thresholdPercent / 100)
 *   base        = max(0, min(prodReclaimable, nodeUnused))
 *   allocatable = min(base + trunc(unallocated * unallocatedPercent / 100), limit)
 *
 * Units: all amounts alike, percent. nodeUnused may be negative.
 */
export function midAllocatableOf(
  capacity: number,
  thresholdPercent: number,
  prodReclaimable: number,
  nodeUnused: number,
  unallocated: number,
  unallocatedPercent: number,
): number {
  const base = Math.max(0, Math.min(prodReclaimable, nodeUnused));
  return Math.min(base + percentOf(unallocated, unallocatedPercent), percentOf(capacity, thresholdPercent));
}

/** Static mode: min(trunc(capacity * reservedPercent / 100), trunc(capacity * thresholdPercent / 100)). */
export function midStaticOf(capacity: number, thresholdPercent: number, reservedPercent: number): number {
  return Math.min(percentOf(capacity, reservedPercent), percentOf(capacity, thresholdPercent));
}

/** Capacity nobody requested: max(0, capacity - max(system, reserved) - requests of prod pods). */
export function midUnallocatedOf(capacity: number, system: number, reserved: number, prodRequest: number): number {
  return Math.max(0, capacity - Math.max(system, reserved) - prodRequest);
}

/**
 * Mid allocatable (dynamic mode) of `count` hosts in one resource.
 *
 * Shape: columns of `count` rows; percents are scalars. prodReclaimable NaN = no prediction, nodeUsed NaN = incomplete
 * report: both leave no base. prodRequest sums pods that are not mid, batch or free.
 */
export function midAllocatable(
  count: number,
  capacity: Float64Array,
  thresholdPercent: number,
  prodReclaimable: Float64Array,
  nodeUsed: Float64Array,
  systemUsed: Float64Array,
  reserved: Float64Array,
  prodRequest: Float64Array,
  unallocatedPercent: number,
  out: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const reclaimable = prodReclaimable[i] >= 0 ? prodReclaimable[i] : 0;
    const unused = nodeUsed[i] >= 0 ? capacity[i] - nodeUsed[i] : 0;
    const unallocated = midUnallocatedOf(capacity[i], systemUsed[i], reserved[i], prodRequest[i]);
    out[i] = midAllocatableOf(capacity[i], thresholdPercent, reclaimable, unused, unallocated, unallocatedPercent);
  }
}

/**
 * Mid resources of a node, with the two quantities they rest on.
 *
 * Host applications count as system use only when they are prod. Units: milli-CPU, bytes. Staleness is the caller's
 * affair (write-gate.ts degradeNeeded); a missing prediction is zero, not stale.
 */
export function midResource(
  strategy: MidStrategy,
  node: NodeSize,
  pods: readonly MidPod[],
  metrics: MidMetrics,
  amplificationHidesReservation = true,
): MidResult {
  const { capacity } = node;
  const system = metrics.hostApps
    .filter((app) => defaultPriorityValue(app.priorityClass) > MID_PRIORITY_VALUE)
    .reduce((sum, app) => addCpuMem(sum, app.usage), metrics.systemUsage);
  const taken = maxCpuMem(system, nodeReserved(node, amplificationHidesReservation));
  const prodRequest = pods
    .filter((pod) => pod.phase === 'Running' || pod.phase === 'Pending')
    .filter((pod) => priorityClassWithDefault(pod) === 'koord-prod')
    .reduce((sum, pod) => addCpuMem(sum, pod.request), NOTHING);
  const unallocated: CpuMem = {
    milliCpu: midUnallocatedOf(capacity.milliCpu, taken.milliCpu, 0, prodRequest.milliCpu),
    memBytes: midUnallocatedOf(capacity.memBytes, taken.memBytes, 0, prodRequest.memBytes),
  };
  const nodeUnused: CpuMem =
    metrics.nodeUsage === undefined
      ? NOTHING
      : {
          milliCpu: capacity.milliCpu - metrics.nodeUsage.milliCpu,
          memBytes: capacity.memBytes - metrics.nodeUsage.memBytes,
        };
  const mid =
    strategy.midReclaimMode === 'static'
      ? staticMid(strategy, capacity)
      : dynamicMid(strategy, capacity, metrics.prodReclaimable ?? NOTHING, nodeUnused, unallocated);
  return { mid, unallocated, nodeUnused };
}

function staticMid(strategy: MidStrategy, capacity: CpuMem): CpuMem {
  const { midCpuThresholdPercent, midMemoryThresholdPercent } = strategy;
  return {
    milliCpu: midStaticOf(capacity.milliCpu, midCpuThresholdPercent, strategy.midStaticCpuReservedPercent),
    memBytes: midStaticOf(capacity.memBytes, midMemoryThresholdPercent, strategy.midStaticMemoryReservedPercent),
  };
}

function dynamicMid(
  strategy: MidStrategy,
  capacity: CpuMem,
  reclaimable: CpuMem,
  unused: CpuMem,
  unallocated: CpuMem,
): CpuMem {
  const percent = strategy.midUnallocatedPercent;
  return {
    milliCpu: midAllocatableOf(
      capacity.milliCpu,
      strategy.midCpuThresholdPercent,
      reclaimable.milliCpu,
      unused.milliCpu,
      unallocated.milliCpu,
      percent,
    ),
    memBytes: midAllocatableOf(
      capacity.memBytes,
      strategy.midMemoryThresholdPercent,
      reclaimable.memBytes,
      unused.memBytes,
      unallocated.memBytes,
      percent,
    ),
  };
}

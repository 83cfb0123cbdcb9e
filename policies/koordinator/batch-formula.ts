/**
 * The formula of batch allocatable for one resource, and its sweep over all hosts.
 *
 * High priority (HP) means every class but batch and free.
 * Source: pkg/slo-controller/noderesource/plugins/util/util.go CalculateBatchResourceByPolicy.
 */
import { percentOf } from './resources.ts';

/** Policies as integers, for columns. CPU knows no REQUEST policy: see cpuPolicyCode. */
export const USAGE = 0;
export const REQUEST = 1;
export const MAX_USAGE_REQUEST = 2;

export type PolicyCode = typeof USAGE | typeof REQUEST | typeof MAX_USAGE_REQUEST;

/** Policy for cpu: everything but maxUsageRequest, also "request", means usage. */
export function cpuPolicyCode(name: string | undefined): PolicyCode {
  return name === 'maxUsageRequest' ? MAX_USAGE_REQUEST : USAGE;
}

/** Policy for memory: unknown names mean usage. */
export function memoryPolicyCode(name: string | undefined): PolicyCode {
  if (name === 'request') return REQUEST;
  return name === 'maxUsageRequest' ? MAX_USAGE_REQUEST : USAGE;
}

/** Settings of the formula; percents, NaN = no cap. */
export interface BatchFormula {
  readonly cpuPercent: number;
  readonly memPercent: number;
  readonly cpuPolicy: PolicyCode;
  readonly memPolicy: PolicyCode;
  readonly cpuCap: number;
  readonly memCap: number;
  readonly lsrByUsage: boolean;
}

/**
 * Batch allocatable of one host in one resource.
 *
 *   margin        = trunc(capacity * (100 - reclaimThresholdPercent) / 100)
 *   usage         : max(0, capacity - margin - max(system, reserved) - hpUsed)
 *   request       : max(0, capacity - margin - reserved - hpRequest)             system use is not subtracted (K2)
 *   maxUsageRequest: max(0, capacity - margin - max(system, reserved) - hpMaxUsedRequest)
 *   capped        : min(that, trunc(capacity * capPercent / 100)) unless capPercent is NaN
 *
 * Units: all amounts alike (milli-CPU or bytes), percent. A percent above 100 makes the margin negative (K4).
 */
export function batchAllocatableOf(
  capacity: number,
  reclaimThresholdPercent: number,
  systemUsed: number,
  reserved: number,
  hpUsed: number,
  hpRequest: number,
  hpMaxUsedRequest: number,
  policy: number,
  capPercent: number,
): number {
  const left = capacity - percentOf(capacity, 100 - reclaimThresholdPercent);
  const taken = policy === REQUEST ? reserved : Math.max(systemUsed, reserved);
  const hp = policy === REQUEST ? hpRequest : policy === MAX_USAGE_REQUEST ? hpMaxUsedRequest : hpUsed;
  const free = Math.max(0, left - taken - hp);
  return Number.isNaN(capPercent) ? free : Math.min(free, percentOf(capacity, capPercent));
}

/**
 * Batch allocatable of `count` hosts in one resource.
 *
 * Shape: every column has `count` rows; percents, policy and cap are scalars; capPercent NaN = no cap.
 * Units and rounding: see batchAllocatableOf. To switch K2 off hand max(systemUsed, reserved) in as `reserved`; to switch
 * K4 off clamp the percent to 100.
 */
export function batchAllocatable(
  count: number,
  capacity: Float64Array,
  reclaimThresholdPercent: number,
  systemUsed: Float64Array,
  reserved: Float64Array,
  hpUsed: Float64Array,
  hpRequest: Float64Array,
  hpMaxUsedRequest: Float64Array,
  policy: number,
  capPercent: number,
  out: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    out[i] = batchAllocatableOf(
      capacity[i],
      reclaimThresholdPercent,
      systemUsed[i],
      reserved[i],
      hpUsed[i],
      hpRequest[i],
      hpMaxUsedRequest[i],
      policy,
      capPercent,
    );
  }
}

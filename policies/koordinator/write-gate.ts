/**
 * When a computed batch or mid resource reaches the node: staleness, the write gate, and what third parties leave.
 *
 * Source: pkg/slo-controller/noderesource/{resource_calculator.go,plugins/batchresource/plugin.go,plugins/util/util.go},
 * pkg/util/resource.go IsResourceDiff.
 */
import { MS_PER_MINUTE } from '../base/units.ts';
import type { PriorityClass } from './priority-class.ts';
import type { CpuMem } from './resources.ts';

/**
 * Whether stale metrics force the resources off the node.
 *
 *   no metric, or no update time, or now > updated + degradeTimeMinutes (strictly)
 *
 * Unit: milliseconds; `metricUpdatedAtMs` undefined = never. Degraded resources are removed, not frozen (K6).
 */
export function degradeNeeded(
  metricUpdatedAtMs: number | undefined,
  nowMs: number,
  degradeTimeMinutes: number,
): boolean {
  return metricUpdatedAtMs === undefined || nowMs > metricUpdatedAtMs + degradeTimeMinutes * MS_PER_MINUTE;
}

/**
 * What a degraded node publishes: nothing (K6), or with the quirk off the last value halved once per whole degrade
 * period past the deadline.
 *
 * Rounding: down. undefined = the resource is removed from the node.
 */
export function degradedValue(
  lastValue: number,
  metricAgeMs: number,
  degradeTimeMinutes: number,
  degradeRemovesBatch: boolean,
): number | undefined {
  if (degradeRemovesBatch) return undefined;
  const periodMs = degradeTimeMinutes * MS_PER_MINUTE;
  let held = lastValue;
  for (let ageMs = metricAgeMs - periodMs; ageMs >= periodMs && held > 0; ageMs -= periodMs)
    held = Math.floor(held / 2);
  return held;
}

/**
 * Whether a resource changed enough to be written.
 *
 *   |new - old| > old * threshold, strictly, on thousandths of the unit
 *
 * NaN = the resource is not on the node: one side missing is a change, both missing is none. Exact below 9e12 units.
 */
export function resourceChanged(oldValue: number, newValue: number, diffThresholdRatio: number): boolean {
  if (Number.isNaN(oldValue) || Number.isNaN(newValue)) return Number.isNaN(oldValue) !== Number.isNaN(newValue);
  return milliChanged(oldValue * 1000, newValue * 1000, diffThresholdRatio);
}

/** resourceChanged on amounts that are in thousandths already. */
export function milliChanged(oldMilli: number, newMilli: number, diffThresholdRatio: number): boolean {
  return Math.abs(newMilli - oldMilli) > oldMilli * diffThresholdRatio;
}

/**
 * Whether the node is written now.
 *
 *   never written, or now > last write + threshold, or any resource changed
 *
 * Shape: `published` and `computed` alike, one entry a resource; NaN = missing. Unit: milliseconds.
 */
export function syncNeeded(
  published: readonly number[],
  computed: readonly number[],
  publishedAtMs: number | undefined,
  nowMs: number,
  updateAfterMs: number,
  diffThresholdRatio: number,
): boolean {
  if (publishedAtMs === undefined || nowMs > publishedAtMs + updateAfterMs) return true;
  return published.some((old, i) => resourceChanged(old, computed[i], diffThresholdRatio));
}

/**
 * The write gate for one resource of `count` hosts: outChanged = 1 where the host is written.
 *
 * Shape: columns of `count` rows; published and computed NaN = missing; publishedAtMs NaN = never written.
 * Hosts with several resources are written when any of them changed: or the outputs together.
 */
export function writeGate(
  count: number,
  published: Float64Array,
  computed: Float64Array,
  publishedAtMs: Float64Array,
  nowMs: number,
  updateAfterMs: number,
  diffThresholdRatio: number,
  outChanged: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    // NaN fails the comparison, so a host that was never written is due.
    const fresh = nowMs <= publishedAtMs[i] + updateAfterMs;
    outChanged[i] = fresh && !resourceChanged(published[i], computed[i], diffThresholdRatio) ? 0 : 1;
  }
}

/** What a foreign scheduler (YARN) holds of a node's batch resources. */
export interface ThirdPartyAllocation {
  readonly priorityClass: PriorityClass;
  readonly resources: CpuMem;
}

/**
 * What stays on the node after third parties took theirs.
 *
 *   max(0, origin - sum of allocations of class batch)          per resource
 */
export function afterThirdParties(origin: CpuMem, allocations: readonly ThirdPartyAllocation[]): CpuMem {
  let { milliCpu, memBytes } = origin;
  for (const allocation of allocations) {
    if (allocation.priorityClass !== 'koord-batch') continue;
    milliCpu -= allocation.resources.milliCpu;
    memBytes -= allocation.resources.memBytes;
  }
  return { milliCpu: Math.max(0, milliCpu), memBytes: Math.max(0, memBytes) };
}

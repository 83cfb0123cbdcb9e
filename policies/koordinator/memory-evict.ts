/**
 * Memory eviction: kill best effort before the kernel chooses whom to kill.
 *
 * Source: pkg/koordlet/qosmanager/plugins/memoryevict/memory_evict.go.
 */
import { usedLinesValid, usedPercentRelease, usedPercentReleaseOf } from './used-evict.ts';
import type { BeMemoryPod } from './victim-order.ts';
import { beMemoryVictims } from './victim-order.ts';

/**
 * Memory to release, per host, as production counts percents (integers: one step is 10 GiB on a 1 TiB node).
 *
 * Shape: columns of `count` rows; lowerPercent NaN = threshold - 2. Units: bytes. See usedPercentReleaseOf; the exact
 * percent (K11 off) is usedPercentRelease with integerPercent false.
 */
export function memoryEvictRelease(
  count: number,
  usedBytes: Float64Array,
  capacityBytes: Float64Array,
  thresholdPercent: number,
  lowerPercent: number,
  outReleaseBytes: Float64Array,
): void {
  usedPercentRelease(count, usedBytes, capacityBytes, thresholdPercent, lowerPercent, true, outReleaseBytes);
}

/**
 * Bytes that MemoryEvict believes a victim frees: trunc(bytes * 1000) in production (K10), so one victim is nearly always
 * enough; bytes with the quirk off. BEMemoryEvict and MemoryAllocatableEvict are not affected.
 */
export function believedMemoryBytes(usedBytes: number, memoryEvictTimes1000 = true): number {
  return Math.trunc(memoryEvictTimes1000 ? usedBytes * 1000 : usedBytes);
}

/** Lines of BEMemoryEvict; lowerPercent NaN = threshold - 2. */
export interface MemoryLines {
  readonly thresholdPercent: number;
  readonly lowerPercent: number;
}

/**
 * BEMemoryEvict of one node: BE pods to kill, in order, until their memory covers the release.
 *
 * Units: bytes. No victims while use is below the line, without capacity, or when lower >= threshold.
 */
export function beMemoryEvict(
  usedBytes: number,
  capacityBytes: number,
  lines: MemoryLines,
  pods: readonly BeMemoryPod[],
  evictIntegerPercent = true,
): readonly BeMemoryPod[] {
  const { thresholdPercent, lowerPercent } = lines;
  if (!usedLinesValid(thresholdPercent, lowerPercent)) return [];
  const target = usedPercentReleaseOf(usedBytes, capacityBytes, thresholdPercent, lowerPercent, evictIntegerPercent);
  const victims: BeMemoryPod[] = [];
  let releasedBytes = 0;
  for (const pod of beMemoryVictims(pods)) {
    if (releasedBytes >= target) break;
    victims.push(pod);
    releasedBytes += Math.trunc(pod.usedMemBytes ?? 0);
  }
  return victims;
}

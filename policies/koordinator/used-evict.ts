/**
 * How much to release when a node's use is above the eviction line: the arithmetic CPUEvict and MemoryEvict share.
 *
 * Source: pkg/koordlet/qosmanager/plugins/{cpuevict/cpu_evict.go,memoryevict/memory_evict.go}.
 */
import { divTrunc } from '../base/int-math.ts';

/** The lower line when none is configured: threshold - 2. */
export const RELEASE_BUFFER_PERCENT = 2;

/** Lower line; NaN = not configured. */
export function lowerPercentOf(thresholdPercent: number, lowerPercent: number): number {
  return Number.isNaN(lowerPercent) ? thresholdPercent - RELEASE_BUFFER_PERCENT : lowerPercent;
}

/** Whether upstream runs with these lines: threshold >= 0 and lower < threshold. NaN = not configured. */
export function usedLinesValid(thresholdPercent: number, lowerPercent: number): boolean {
  return thresholdPercent >= 0 && lowerPercentOf(thresholdPercent, lowerPercent) < thresholdPercent;
}

/**
 * Amount to release on one host.
 *
 *   percent = trunc(trunc(used) * 100 / capacity)          not cut with `integerPercent` false (K11)
 *   release = 0 if percent < threshold, else trunc(capacity * (percent - lower) / 100)
 *
 * Units: used and capacity alike (milli-CPU or bytes), percent. lower NaN = threshold - 2. No capacity: 0. Exact while
 * capacity * percent is below 2^53 (90 TB of memory).
 */
export function usedPercentReleaseOf(
  used: number,
  capacity: number,
  thresholdPercent: number,
  lowerPercent: number,
  integerPercent: boolean,
): number {
  if (!(capacity > 0)) return 0;
  const exact = (Math.trunc(used) * 100) / capacity;
  const percent = integerPercent ? Math.trunc(exact) : exact;
  if (!(percent >= thresholdPercent)) return 0;
  return divTrunc(capacity * (percent - lowerPercentOf(thresholdPercent, lowerPercent)), 100);
}

/**
 * Amount to release, per host.
 *
 * Shape: columns of `count` rows; percents and the switch are scalars. See usedPercentReleaseOf. Lines that are not valid
 * (usedLinesValid) are the caller's affair.
 */
export function usedPercentRelease(
  count: number,
  used: Float64Array,
  capacity: Float64Array,
  thresholdPercent: number,
  lowerPercent: number,
  integerPercent: boolean,
  outRelease: Float64Array,
): void {
  for (let i = 0; i < count; i++)
    outRelease[i] = usedPercentReleaseOf(used[i], capacity[i], thresholdPercent, lowerPercent, integerPercent);
}

/**
 * Memory of one host: page cache, reclaim that slows requests, and who is killed when it runs out.
 *
 * Free memory is filled by page cache, which costs nothing until it must be given back. Units: bytes, fractions of the node.
 * Source: docs/performance-models.md 5.
 */
import { clamp } from '../../policies/base/int-math.ts';

/** Page cache the host holds: what its files want, within what anonymous memory and the kernel's reserve leave. */
export function pageCacheBytes(
  totalBytes: number,
  anonBytes: number,
  wantedFileBytes: number,
  minFreeBytes: number,
): number {
  return clamp(wantedFileBytes, 0, Math.max(0, totalBytes - anonBytes - minFreeBytes));
}

/** Used share as the agent reports it: without page cache, (anon + kernel) / total. */
export function usedFraction(totalBytes: number, anonBytes: number): number {
  return totalBytes > 0 ? anonBytes / totalBytes : 0;
}

/** Page cache taken back from latency-sensitive pods when `neededBytes` must be freed: best effort gives first. */
export function reclaimedFromLs(neededBytes: number, beFileBytes: number, lsFileBytes: number): number {
  return clamp(neededBytes - beFileBytes, 0, lsFileBytes);
}

/** Share of requests that now read from disk: h x reclaimed hot / file, 0..1. */
export function cacheHitLoss(hotShare: number, reclaimedHotBytes: number, fileBytes: number): number {
  return fileBytes > 0 ? clamp((hotShare * reclaimedHotBytes) / fileBytes, 0, 1) : 0;
}

/**
 * P(a request waits for direct reclaim): peak x clamp((used - start) / (1 - start), 0, 1)^2, times `qosFactor`.
 *
 * `qosFactor` is 1, or the Memory QoS factor where memory.min and memory.low protect the pod.
 */
export function directReclaimProbability(used: number, start: number, peak: number, qosFactor: number): number {
  const depth = clamp((used - start) / (1 - start), 0, 1);
  return peak * depth * depth * qosFactor;
}

/** Memory that a pod could lend: (request - working set) x g; g is small for JVMs and Kata guests. */
export function reclaimableBytes(requestBytes: number, workingSetBytes: number, returnedShare: number): number {
  return Math.max(0, requestBytes - workingSetBytes) * returnedShare;
}

/** Growth of best-effort memory between the eviction decision and the kill: rate x (loop + kill latency). */
export function evictionOvershootBytes(growthBytesPerSecond: number, loopSeconds: number, killSeconds: number): number {
  return growthBytesPerSecond * (loopSeconds + killSeconds);
}

/** What a task uses `ranMs` after its start when it grows evenly to all of it: full x min(1, ran / ramp). Rounding: down to whole bytes. */
export function rampedBytes(fullBytes: number, ranMs: number, rampMs: number): number {
  return ranMs >= rampMs ? fullBytes : ranMs > 0 ? Math.floor((fullBytes * ranMs) / rampMs) : 0;
}

/** Whether a ramp outruns memory eviction: overshoot > total x (1 - threshold). */
export function isEvictionOutrun(overshootBytes: number, totalBytes: number, thresholdFraction: number): boolean {
  return overshootBytes > totalBytes * (1 - thresholdFraction);
}

/** Kubernetes quality of service of a pod, as the kernel's OOM killer sees it. */
export const OOM_CLASS = { guaranteed: 0, burstable: 1, bestEffort: 2 } as const;
export type OomClass = (typeof OOM_CLASS)[keyof typeof OOM_CLASS];

/**
 * oom_score_adj of a container: guaranteed -997, best effort 1000, burstable clamp(1000 - 1000 request / capacity, 2, 999).
 *
 * Rounding: request share in thousandths rounded down, as the kubelet does.
 */
export function oomScoreAdjust(kind: OomClass, requestBytes: number, capacityBytes: number): number {
  if (kind === OOM_CLASS.guaranteed) return -997;
  if (kind === OOM_CLASS.bestEffort) return 1000;
  return clamp(1000 - Math.floor((1000 * requestBytes) / capacityBytes), 2, 999);
}

/** Points by which the kernel chooses: thousandths of memory used, plus the adjustment. */
export function oomPoints(usedBytes: number, capacityBytes: number, adjust: number): number {
  return Math.floor((1000 * usedBytes) / capacityBytes) + adjust;
}

/** Rows [0, count) in the order they are killed: most points first, equal points by row. Cold path: allocates. */
export function oomOrder(points: ArrayLike<number>, count: number): readonly number[] {
  const rows = Array.from({ length: count }, (_, row) => row);
  rows.sort((a, b) => points[b] - points[a] || a - b);
  return rows;
}

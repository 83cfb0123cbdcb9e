/**
 * How many replicas a service should have by its CPU use: the replica calculator of Kubernetes' horizontal autoscaler (autoscaling/v2, resource metric).
 *
 *   utilization = trunc(100 x use / requests)            over ready pods that have metrics
 *   ratio       = utilization / target
 *   |1 - ratio| <= tolerance, nobody unready or without metrics : as many as now
 *   else ceil(ratio x pods counted), where
 *     ratio > 1 : pods that are not ready, or have no metrics, count as using nothing
 *     ratio < 1 : pods without metrics count as using max(100, target) % of their request; pods that are not ready do not count
 *   and as many as now where the ratio so found is within the tolerance, turns the direction round, or gives a count that does
 *
 * Then at most max(2 x current, current + 4) in 15 s upwards, no bound downwards (the documented defaults of `behavior`: 100 % or 4 pods, and
 * 100 %). Rounding: up, and utilization down to a whole percent.
 * Source: kubernetes/kubernetes pkg/controller/podautoscaler (replica_calculator.go GetResourceReplicas, metrics/utilization.go, horizontal.go).
 */

/** Pods of a service as metrics show them; all ask for the same. */
export interface ServiceMetrics {
  readonly requestMilliCpu: number;
  /** Ready pods with metrics, and what they use together. */
  readonly readyPods: number;
  readonly usedMilliCpu: number;
  readonly unreadyPods: number;
  readonly missingPods: number;
}

export interface ReplicaTarget {
  readonly targetPercent: number;
  /** Relative deviation that is ignored, 0.1 as shipped. */
  readonly tolerance: number;
}

/** Rate of growth: 100 % or 4 pods, whichever is more, in 15 s. */
const GROWTH_FACTOR = 2;
const GROWTH_PODS = 4;
const GROWTH_PERIOD_MS = 15_000;

/** Replicas wanted, before bounds, rate and stabilisation; `current` where there are no metrics at all. */
export function wantedReplicas(
  current: number,
  { requestMilliCpu, readyPods, usedMilliCpu, unreadyPods, missingPods }: ServiceMetrics,
  { targetPercent, tolerance }: ReplicaTarget,
): number {
  if (readyPods === 0) return current;
  const ratioOf = (milliCpu: number, pods: number) =>
    Math.trunc((100 * milliCpu) / (pods * requestMilliCpu)) / targetPercent;
  const isQuiet = (ratio: number) => Math.abs(1 - ratio) <= tolerance;
  const ratio = ratioOf(usedMilliCpu, readyPods);
  const withUnready = unreadyPods > 0 && ratio > 1;
  if (!withUnready && missingPods === 0) return isQuiet(ratio) ? current : Math.ceil(ratio * readyPods);
  const missingUse =
    ratio < 1 ? (missingPods * requestMilliCpu * Math.max(100, targetPercent)) / 100 : ratio > 1 ? 0 : null;
  const counted = readyPods + (missingUse === null ? 0 : missingPods) + (withUnready ? unreadyPods : 0);
  const again = ratioOf(usedMilliCpu + (missingUse ?? 0), counted);
  if (isQuiet(again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return current;
  const replicas = Math.ceil(again * counted);
  return (again < 1 && replicas > current) || (again > 1 && replicas < current) ? current : replicas;
}

/** Most replicas after `elapsedMs`, one step of growth for every 15 s that have passed. */
export function mostAfter(current: number, elapsedMs: number): number {
  let most = current;
  for (let passedMs = GROWTH_PERIOD_MS; passedMs <= elapsedMs; passedMs += GROWTH_PERIOD_MS)
    most = Math.max(GROWTH_FACTOR * most, most + GROWTH_PODS);
  return most;
}

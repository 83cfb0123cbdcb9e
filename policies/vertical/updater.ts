/**
 * Which pods of a service get the recommended requests now: the rules of the Vertical Pod Autoscaler's updater.
 *
 *   a pod is due    when a request lies outside [lower, upper], or when it has run for `podLifetimeMs` and
 *                   diff = sum over resources of |request - target| / request  >=  minChange
 *   order           pods that grow in some resource first, then the larger diff, then the lower row
 *   at most         while  running - disturbed in this turn  >  replicas - trunc(replicas x tolerance), or one where the tolerance is none and all run
 *   none            while fewer than minReplicas are there
 *   a resize that waits for room gives way to a new pod after `deferredMs`; one that its host can never take does so at once
 *
 * Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/updater (priority/, restriction/). `cooldownMs` is ours: 0 = as upstream.
 */
import type { PodRequest, Recommendation } from './recommender.ts';

/** When pods are updated, and how many at once. */
export interface UpdaterConfig {
  readonly podLifetimeMs: number;
  readonly minChangePercent: number;
  readonly minReplicas: number;
  /** Share of the replicas that may be disturbed in one turn, 0..1. */
  readonly tolerance: number;
  readonly deferredMs: number;
  /** A pod that was resized is left alone for so long. */
  readonly cooldownMs: number;
}

/** Flags of the updater as they are shipped. */
export const UPDATER_DEFAULTS: UpdaterConfig = {
  podLifetimeMs: 12 * 3_600_000,
  minChangePercent: 10,
  minReplicas: 2,
  tolerance: 0.5,
  deferredMs: 5 * 60_000,
  cooldownMs: 0,
};

/** How urgent a pod is; null = it may stay as it is. */
export interface Urgency {
  readonly grows: boolean;
  readonly diff: number;
}

/** The recommendation for a pod whose other resource is left alone: that one stays at `request` and lies inside its bounds. */
export function onlyControlled(
  { target, lower, upper }: Recommendation,
  request: PodRequest,
  isCpu: boolean,
  isMemory: boolean,
): Recommendation {
  const pick = (of: PodRequest): PodRequest => ({
    milliCpu: isCpu ? of.milliCpu : request.milliCpu,
    memBytes: isMemory ? of.memBytes : request.memBytes,
  });
  return { target: pick(target), lower: pick(lower), upper: pick(upper) };
}

/** Whether a pod is due, and how much. `resizedAtMs`: -1 = never. */
export function urgencyOf(
  request: PodRequest,
  recommendation: Recommendation,
  config: UpdaterConfig,
  startedAtMs: number,
  resizedAtMs: number,
  nowMs: number,
): Urgency | null {
  if (resizedAtMs >= 0 && nowMs - resizedAtMs < config.cooldownMs) return null;
  const { target, lower, upper } = recommendation;
  const diff = relative(request.milliCpu, target.milliCpu) + relative(request.memBytes, target.memBytes);
  const isOutside =
    request.milliCpu < lower.milliCpu ||
    request.milliCpu > upper.milliCpu ||
    request.memBytes < lower.memBytes ||
    request.memBytes > upper.memBytes;
  if (!isOutside && (nowMs < startedAtMs + config.podLifetimeMs || diff < config.minChangePercent / 100)) return null;
  // Outside of bounds that lie around the request's own amount: nothing would change.
  if (diff === 0) return null;
  return { grows: target.milliCpu > request.milliCpu || target.memBytes > request.memBytes, diff };
}

function relative(request: number, target: number): number {
  const base = request > 1 ? request : 1;
  return Math.abs(base - target) / base;
}

/** Whether `a` is updated before `b`. */
export function isMoreUrgent(a: Urgency, b: Urgency): boolean {
  return a.grows === b.grows ? a.diff > b.diff : a.grows;
}

/** Whether one more pod of a service may be disturbed in this turn. */
export function mayDisturb(replicas: number, running: number, disturbed: number, config: UpdaterConfig): boolean {
  if (running < config.minReplicas) return false;
  const tolerance = Math.trunc(replicas * config.tolerance);
  return running - disturbed > replicas - tolerance || (tolerance === 0 && running === replicas && disturbed === 0);
}

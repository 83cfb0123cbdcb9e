/**
 * What lies between a launch and a running container: the image's way to the host, once, then a lane of the host's daemon.
 *
 *   running = max(now, image is there) -> first free lane -> created -> application started
 *
 * Used by every control plane. From peers (Dragonfly) a pull takes peerPullSeconds, whatever happens elsewhere.
 *
 * A pull that begins while n - 1 others are under way takes registryPullSeconds(image, n): the registry is shared. Pulls already under
 * way are not slowed down by later ones, so the last of a burst is right and the first ones are early at most by what they shared.
 */
import { peerPullSeconds, registryPullSeconds, startOnLane } from '../host/start-up.ts';
import type { LaunchPlan } from '../plan/kubernetes.ts';

export interface LaunchPipeline {
  readonly images: number;
  /** Row-major host x lane. */
  readonly laneFreeAtMs: Float64Array;
  /** When an image is on a host, row-major host x image; Infinity = nobody asked for it. */
  readonly imageAtMs: Float64Array;
  /** Ends of the pulls under way. */
  pullEndsMs: number[];
}

/**
 * Time to create a container on the storage driver of a plan, over that on overlay.
 *
 * Comparisons say that overlay is much faster, without one ratio (moby 17448, 22383: device-mapper slows down with the number of containers;
 * OpenShift's guide to storage). Page cache that containers share on overlay only is not modelled.
 */
export function withStorageDriver(plan: LaunchPlan, factors: DriverFactors): LaunchPlan {
  if (plan.storageDriver === undefined) return plan;
  const { deviceMapperFactor, deviceMapperLoopFactor } = factors;
  const factor = plan.storageDriver === 'device-mapper' ? deviceMapperFactor : deviceMapperLoopFactor;
  return { ...plan, createMs: plan.createMs * factor };
}

export interface DriverFactors {
  readonly deviceMapperFactor: number;
  readonly deviceMapperLoopFactor: number;
}

/** Idle lanes, and images on no host (on all, where images cost nothing). */
export function createPipeline(plan: LaunchPlan, hosts: number, images: number): LaunchPipeline {
  return {
    images,
    laneFreeAtMs: new Float64Array(hosts * plan.lanes),
    imageAtMs: new Float64Array(plan.imageMb > 0 ? hosts * images : 0).fill(Number.POSITIVE_INFINITY),
    pullEndsMs: [],
  };
}

/** Notes that `image` is on `host`: something runs from it. */
export function noteImage(pipeline: LaunchPipeline, host: number, image: number): void {
  if (pipeline.imageAtMs.length > 0) pipeline.imageAtMs[host * pipeline.images + image] = 0;
}

/** Puts one launch on the host and returns after how many ms its application runs. Rounding: up to whole ms. */
export function launchDelayMs(
  pipeline: LaunchPipeline,
  plan: LaunchPlan,
  host: number,
  image: number,
  nowMs: number,
): number {
  let readyMs = nowMs;
  if (pipeline.imageAtMs.length > 0) {
    const at = host * pipeline.images + image;
    if (pipeline.imageAtMs[at] === Number.POSITIVE_INFINITY) {
      pipeline.imageAtMs[at] = nowMs + Math.ceil(1000 * pullSeconds(pipeline, plan, nowMs));
    }
    readyMs = Math.max(nowMs, pipeline.imageAtMs[at]);
  }
  const createdMs = startOnLane(pipeline.laneFreeAtMs, host, plan.lanes, readyMs, plan.createMs);
  return createdMs + plan.startMs - nowMs;
}

/** Seconds of a pull that begins now: from peers whatever their number, or from the registry with all pulls under way. */
function pullSeconds(pipeline: LaunchPipeline, plan: LaunchPlan, nowMs: number): number {
  if (plan.peerPullFactor !== undefined) return peerPullSeconds(plan.imageMb, plan.nicMbPerSecond, plan.peerPullFactor);
  pipeline.pullEndsMs = pipeline.pullEndsMs.filter((endMs) => endMs > nowMs);
  const clients = pipeline.pullEndsMs.length + 1;
  const seconds = registryPullSeconds(plan.imageMb, clients, plan.nicMbPerSecond, plan.registryMbPerSecond);
  pipeline.pullEndsMs.push(nowMs + Math.ceil(seconds * 1000));
  return seconds;
}

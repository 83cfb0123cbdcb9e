/**
 * How one set of replicas takes the place of another: how few must be healthy meanwhile, how many may exist.
 *
 *   stop   = min(to stop,   healthy - minHealthy)
 *   launch = min(to launch, maxCapacity - present)
 *
 * Marathon and Kubernetes give the same two shares and round them differently; both are here, so that a plane names its own.
 * Source: Marathon TaskReplaceActor; Kubernetes pkg/controller/deployment/util ResolveFenceposts.
 */
import { restartStrategy, type UpgradeStrategy } from './marathon/upgrade.ts';

export interface RolloutBounds {
  readonly minHealthy: number;
  readonly maxCapacity: number;
}

/** Marathon: minHealthy up, maxCapacity down; where both are the number of instances, one more may exist. */
export function marathonBounds(instances: number, healthy: number, strategy: UpgradeStrategy): RolloutBounds {
  const { maxCapacity } = restartStrategy(instances, instances, healthy, strategy, false);
  return { minHealthy: Math.ceil(instances * strategy.minimumHealthCapacity), maxCapacity };
}

/** Kubernetes: maxUnavailable down, maxSurge up; where both come to 0, one may be unavailable. */
export function kubernetesBounds(replicas: number, strategy: UpgradeStrategy): RolloutBounds {
  const surge = Math.ceil(replicas * strategy.maximumOverCapacity);
  const unavailable = Math.floor(replicas * (1 - strategy.minimumHealthCapacity));
  const mayLack = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { minHealthy: replicas - mayLack, maxCapacity: replicas + surge };
}

/** How many to launch and to stop now. */
export function exchange(
  { minHealthy, maxCapacity }: RolloutBounds,
  present: number,
  healthy: number,
  toLaunch: number,
  toStop: number,
): { readonly launch: number; readonly stop: number } {
  return {
    launch: Math.max(0, Math.min(toLaunch, maxCapacity - present)),
    stop: Math.max(0, Math.min(toStop, healthy - minHealthy)),
  };
}

/**
 * Rolling upgrade: how many old instances go at once, how many may exist, and what each event brings about.
 *
 *   minHealthy = ceil(instances x minimumHealthCapacity)
 *   maxCapacity = floor(instances x (1 + maximumOverCapacity))
 *   kill at once = max(0, healthy - minHealthy)
 *   both equal and not above healthy: a resident app goes one below minHealthy, any other one above maxCapacity
 *   fewer instances than now: kill at once at least the difference
 *   loop: launch min(instances - started, maxCapacity - old - started); a healthy new instance kills one old one
 *
 * Source: Marathon TaskReplaceActor.
 */
import { ConfigError } from '../base/assert.ts';

/** Settings of one app: fractions of `instances`. */
export interface UpgradeStrategy {
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
}

export const DEFAULT_UPGRADE: UpgradeStrategy = { minimumHealthCapacity: 1, maximumOverCapacity: 1 };
export const RESIDENT_UPGRADE: UpgradeStrategy = { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 };

/** What the strategy allows at the start. */
export interface RestartStrategy {
  readonly killAtOnce: number;
  readonly maxCapacity: number;
}

/** Refuses fractions out of range with ConfigError. */
export function checkUpgrade(strategy: UpgradeStrategy): void {
  for (const [name, value] of Object.entries(strategy))
    if (!(value >= 0 && value <= 1)) throw new ConfigError(`upgrade strategy: ${name} is ${value}; it must be 0 to 1`);
}

/**
 * The restart strategy of an app with `current` instances, `healthy` of them healthy.
 *
 * Rounding: minHealthy up, maxCapacity down. Errors: ConfigError when the app wants no instances.
 */
export function restartStrategy(
  instances: number,
  current: number,
  healthy: number,
  strategy: UpgradeStrategy,
  resident: boolean,
): RestartStrategy {
  if (!(instances > 0)) throw new ConfigError(`instances must be > 0 but is ${instances}`);
  if (!(current >= 0)) throw new ConfigError(`running instances count must be >=0 but is ${current}`);
  const minHealthy = Math.ceil(instances * strategy.minimumHealthCapacity);
  let maxCapacity = Math.floor(instances * (1 + strategy.maximumOverCapacity));
  let killAtOnce = Math.max(0, healthy - minHealthy);
  if (minHealthy === maxCapacity && maxCapacity <= healthy) {
    if (resident) killAtOnce = healthy - minHealthy + 1;
    else maxCapacity += 1;
  }
  if (instances < current) killAtOnce = Math.max(current - instances, killAtOnce);
  return { killAtOnce, maxCapacity };
}

/** A rolling upgrade in progress. Counts; `killsWanted` and `launchesWanted` only grow. */
export interface RollingUpgrade {
  readonly instances: number;
  readonly maxCapacity: number;
  /** Old instances that exist, and those of them not yet sent a kill. */
  old: number;
  oldToKill: number;
  newStarted: number;
  newHealthy: number;
  killsWanted: number;
  launchesWanted: number;
}

/** Starts an upgrade: kills what may go at once; launches follow from `launchAllowed`. */
export function startUpgrade(
  instances: number,
  old: number,
  oldHealthy: number,
  newStarted: number,
  newHealthy: number,
  strategy: UpgradeStrategy,
  resident: boolean,
): RollingUpgrade {
  const restart = restartStrategy(instances, old + newStarted, oldHealthy + newHealthy, strategy, resident);
  const upgrade: RollingUpgrade = {
    instances,
    maxCapacity: restart.maxCapacity,
    old,
    oldToKill: old,
    newStarted,
    newHealthy,
    killsWanted: 0,
    launchesWanted: 0,
  };
  for (let i = 0; i < restart.killAtOnce; i++) killOneOld(upgrade);
  launchAllowed(upgrade);
  return upgrade;
}

function killOneOld(upgrade: RollingUpgrade): void {
  if (upgrade.oldToKill === 0) return;
  upgrade.oldToKill -= 1;
  upgrade.killsWanted += 1;
}

/** Wants as many launches as capacity allows and returns how many were added. */
export function launchAllowed(upgrade: RollingUpgrade): number {
  const room = Math.max(0, upgrade.maxCapacity - upgrade.old - upgrade.newStarted);
  const launches = Math.min(Math.max(0, upgrade.instances - upgrade.newStarted), room);
  upgrade.newStarted += launches;
  upgrade.launchesWanted += launches;
  return launches;
}

/** An old instance is confirmed dead, by our kill or on its own (`wasAskedTo` false). */
export function oldDied(upgrade: RollingUpgrade, wasAskedTo = true): void {
  upgrade.old -= 1;
  if (!wasAskedTo) upgrade.oldToKill -= 1;
  launchAllowed(upgrade);
}

/** A new instance became healthy and ready: one old instance may go. */
export function newBecameHealthy(upgrade: RollingUpgrade): void {
  upgrade.newHealthy += 1;
  killOneOld(upgrade);
}

/** A new instance died: it is started again when capacity allows. */
export function newDied(upgrade: RollingUpgrade, wasHealthy: boolean): void {
  upgrade.newStarted -= 1;
  if (wasHealthy) upgrade.newHealthy -= 1;
  launchAllowed(upgrade);
}

/** Whether all new instances are healthy and no old one is left. */
export function isUpgraded(upgrade: RollingUpgrade): boolean {
  return upgrade.newHealthy >= upgrade.instances && upgrade.old === 0;
}

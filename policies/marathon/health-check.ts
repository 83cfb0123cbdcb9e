/**
 * Health of one instance from the results of its checks, and when the instance is killed for it.
 *
 * Failures inside the grace period, before the first success, do not count. After `maxConsecutiveFailures` in a row the instance is
 * killed; 0 means never. One success makes it healthy.
 * Source: Marathon HealthCheck, HealthCheckActor, Health.
 */
import { ConfigError } from '../base/assert.ts';

/** Settings of one check. Units: ms. */
export interface HealthCheck {
  readonly gracePeriodMs: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxConsecutiveFailures: number;
  readonly delayMs: number;
}

export const DEFAULT_HEALTH_CHECK: HealthCheck = {
  gracePeriodMs: 300_000,
  intervalMs: 60_000,
  timeoutMs: 20_000,
  maxConsecutiveFailures: 3,
  delayMs: 15_000,
};

/** Health of one instance; times in ms, null before the first of its kind. */
export interface Health {
  readonly startedMs: number;
  firstSuccessMs: number | null;
  consecutiveFailures: number;
  alive: boolean;
}

/** Refuses settings out of range with ConfigError. */
export function checkHealthCheck(check: HealthCheck): void {
  for (const name of Object.keys(check))
    if (!Object.hasOwn(DEFAULT_HEALTH_CHECK, name))
      throw new ConfigError(
        `health check: ${name} is no setting; known: ${Object.keys(DEFAULT_HEALTH_CHECK).join(', ')}`,
      );
  for (const [name, value] of Object.entries(check))
    if (!(value >= 0)) throw new ConfigError(`health check: ${name} is ${value}; it must be 0 or more`);
  if (!(check.timeoutMs < check.intervalMs || check.intervalMs === 0))
    throw new ConfigError('health check: the timeout must be less than the interval');
}

/** Health of an instance that started at `startedMs`: unknown, hence not alive. */
export function createHealth(startedMs: number): Health {
  return { startedMs, firstSuccessMs: null, consecutiveFailures: 0, alive: false };
}

/** When the first check of an instance runs, and the one after `lastMs`. Units: ms. */
export function nextCheckMs(check: HealthCheck, startedMs: number, lastMs: number | null): number {
  return lastMs === null ? startedMs + check.delayMs : lastMs + check.intervalMs;
}

/** Takes one result at `nowMs` and tells whether the instance is to be killed for it. */
export function applyResult(health: Health, check: HealthCheck, passed: boolean, nowMs: number): 'keep' | 'kill' {
  if (passed) {
    health.firstSuccessMs ??= nowMs;
    health.consecutiveFailures = 0;
    health.alive = true;
    return 'keep';
  }
  if (health.firstSuccessMs === null && nowMs < health.startedMs + check.gracePeriodMs) return 'keep';
  health.consecutiveFailures += 1;
  health.alive = false;
  const limit = check.maxConsecutiveFailures;
  return limit > 0 && health.consecutiveFailures >= limit ? 'kill' : 'keep';
}

/**
 * When an instance that answers nobody from `silentFromMs` on is killed; Infinity when its check never kills.
 *
 * A check fails `timeoutMs` after it was sent. Checks sent before the silence passed.
 */
export function killedAtMs(check: HealthCheck, startedMs: number, silentFromMs: number): number {
  if (check.maxConsecutiveFailures === 0) return Infinity;
  const health = createHealth(startedMs);
  const periodMs = Math.max(1, check.intervalMs);
  let checkMs = nextCheckMs(check, startedMs, null);
  if (checkMs < silentFromMs) {
    applyResult(health, check, true, checkMs);
    checkMs += Math.ceil((silentFromMs - checkMs) / periodMs) * periodMs;
  }
  for (;;) {
    const heardMs = checkMs + check.timeoutMs;
    if (applyResult(health, check, false, heardMs) === 'kill') return heardMs;
    checkMs += periodMs;
  }
}

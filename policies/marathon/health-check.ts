/**
 * Health of instances from the results of their checks, and when one is killed for it.
 *
 * Failures inside the grace period, before the first success, do not count; one success makes an instance healthy. Marathon compares
 * `maxConsecutiveFailures` with the failures *before* the one just heard, so it kills with the failure after that many; a kubelet's
 * liveness probe acts with the last of them. 0 means never.
 * Source: Marathon HealthCheck, HealthCheckActor (checkConsecutiveFailures is given the health before its update), Health; Kubernetes
 * pkg/kubelet/prober/worker.go.
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

/** Health of instances, a row each. */
export interface HealthColumns {
  /** Start of the instance that the row belongs to, ms. */
  readonly startedAtMs: Float64Array;
  readonly consecutiveFailures: Int32Array;
  /** When it passed a check for the first time, ms; Infinity = it has not. */
  readonly firstPassedMs: Float64Array;
}

/** Health of `rows` instances of which nothing is known. */
export function createHealth(rows: number): HealthColumns {
  return {
    startedAtMs: new Float64Array(rows).fill(-1),
    consecutiveFailures: new Int32Array(rows),
    firstPassedMs: new Float64Array(rows).fill(Number.POSITIVE_INFINITY),
  };
}

/** Another instance takes the row: nothing is known of it. */
export function resetHealth(health: HealthColumns, row: number, startedAtMs: number): void {
  health.startedAtMs[row] = startedAtMs;
  health.consecutiveFailures[row] = 0;
  health.firstPassedMs[row] = Number.POSITIVE_INFINITY;
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

/** Failures in a row that kill an instance, 0 = never: one more than `maxConsecutiveFailures` under Marathon, as many under a kubelet. */
export function fatalFailures({ maxConsecutiveFailures }: HealthCheck, isMarathon: boolean): number {
  return maxConsecutiveFailures === 0 ? 0 : maxConsecutiveFailures + (isMarathon ? 1 : 0);
}

/** Takes the result of the check at `nowMs`; true when it is the failure that kills. `fatal` is `fatalFailures`. */
export function takeResult(
  health: HealthColumns,
  row: number,
  check: HealthCheck,
  fatal: number,
  passed: boolean,
  nowMs: number,
): boolean {
  if (passed) {
    if (health.firstPassedMs[row] > nowMs) health.firstPassedMs[row] = nowMs;
    health.consecutiveFailures[row] = 0;
    return false;
  }
  if (health.firstPassedMs[row] === Number.POSITIVE_INFINITY && nowMs < health.startedAtMs[row] + check.gracePeriodMs)
    return false;
  health.consecutiveFailures[row]++;
  return health.consecutiveFailures[row] === fatal;
}

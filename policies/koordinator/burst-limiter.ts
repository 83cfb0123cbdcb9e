/**
 * The token bucket that keeps a container from bursting for too long.
 *
 * Source: pkg/koordlet/qosmanager/plugins/cpuburst/cpu_burst.go burstLimiter.
 */
import { clamp } from '../base/int-math.ts';

const CONSUME_FROM_PERCENT = 100;
const SAVE_BELOW_PERCENT = 60;

/** State of one container's limiter. Tokens are percent * seconds. */
export interface BurstLimiter {
  readonly capacity: number;
  readonly tokens: number;
  readonly updatedAtMs: number;
}

/** Bucket size: period * (maximum percent - 100). */
export function burstCapacity(periodSeconds: number, maxScalePercent: number): number {
  return periodSeconds * (maxScalePercent - 100);
}

/**
 * A fresh limiter.
 *
 *   tokens = trunc(uniform / 2 * capacity)          uniform in [0, 1) from the caller's generator
 */
export function createBurstLimiter(
  periodSeconds: number,
  maxScalePercent: number,
  uniform: number,
  nowMs: number,
): BurstLimiter {
  const capacity = burstCapacity(periodSeconds, maxScalePercent);
  return { capacity, tokens: Math.trunc((capacity * uniform) / 2), updatedAtMs: nowMs };
}

/** The same limiter, or a fresh one when the settings changed its capacity. */
export function limiterForSettings(
  limiter: BurstLimiter,
  periodSeconds: number,
  maxScalePercent: number,
  uniform: number,
  nowMs: number,
): BurstLimiter {
  if (limiter.capacity === burstCapacity(periodSeconds, maxScalePercent)) return limiter;
  return createBurstLimiter(periodSeconds, maxScalePercent, uniform, nowMs);
}

/** Use in percent of the limit, cut. */
export function usagePercentOfLimit(usedCores: number, limitCores: number): number {
  return Math.trunc((usedCores / limitCores) * 100);
}

/**
 * Tokens after `elapsedMs` at a use of `usagePercent` of the limit.
 *
 *   >= 100 %: tokens - (usage - 100) * s ; below 60 %: tokens + (100 - usage) * s ; between: unchanged
 *   then limited to [-capacity, capacity] ; s = whole seconds, the rest is lost (K12; with the quirk off s keeps it)
 */
export function tokensAfter(
  tokens: number,
  capacity: number,
  elapsedMs: number,
  usagePercent: number,
  burstLimiterWholeSeconds = true,
): number {
  const seconds = burstLimiterWholeSeconds ? Math.trunc(elapsedMs / 1000) : elapsedMs / 1000;
  let after = tokens;
  if (usagePercent >= CONSUME_FROM_PERCENT) after -= (usagePercent - 100) * seconds;
  else if (usagePercent < SAVE_BELOW_PERCENT) after += (100 - usagePercent) * seconds;
  return clamp(after, -capacity, capacity);
}

/** The limiter after one look; it allows a burst while tokens > 0. */
export function advanceLimiter(
  limiter: BurstLimiter,
  nowMs: number,
  usagePercent: number,
  burstLimiterWholeSeconds = true,
): { readonly limiter: BurstLimiter; readonly allowed: boolean } {
  const elapsedMs = nowMs - limiter.updatedAtMs;
  const tokens = tokensAfter(limiter.tokens, limiter.capacity, elapsedMs, usagePercent, burstLimiterWholeSeconds);
  return { limiter: { capacity: limiter.capacity, tokens, updatedAtMs: nowMs }, allowed: tokens > 0 };
}

/** Whether the limiter was not looked at for more than twice its period and is dropped. */
export function isLimiterExpired(limiter: BurstLimiter, nowMs: number, periodSeconds: number): boolean {
  return nowMs - limiter.updatedAtMs > 2 * periodSeconds * 1000;
}

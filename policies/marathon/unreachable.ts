/**
 * What becomes of an instance whose agent is not heard of: kept, replaced, forgotten.
 *
 *   unreachable for inactiveAfter: inactive, a replacement is launched
 *   inactive, unreachable for expungeAfter: expunged, a return is a stranger's
 *
 * The default is 0 s for both: replaced as soon as it is unreachable. No clock of Marathon's makes an instance inactive: it is looked at when
 * TASK_UNREACHABLE is heard, the first time and again with each reconciliation (10 min). Expunging happens at a timer of 30 s, first 5 min
 * after the start.
 * Source: Marathon UnreachableStrategy, InstanceUpdater, ExpungeOverdueLostTasksActor; docs/docs/unreachable.md says of times other than 0
 * that the reconciliation cycle evaluates them.
 */
import { ConfigError } from '../base/assert.ts';

/** Settings of one app in ms; null disables both (resident apps). */
export type UnreachableStrategy = { readonly inactiveAfterMs: number; readonly expungeAfterMs: number } | null;

export const DEFAULT_UNREACHABLE: UnreachableStrategy = { inactiveAfterMs: 0, expungeAfterMs: 0 };
const EXPUNGE_START_MS = 300_000;
const EXPUNGE_INTERVAL_MS = 30_000;

export type UnreachableStage = 'unreachable' | 'inactive' | 'expunge';

/** Refuses negative times and an expunge before the replacement with ConfigError. */
export function checkUnreachable(strategy: UnreachableStrategy): void {
  if (strategy === null) return;
  if (!(strategy.inactiveAfterMs >= 0)) throw new ConfigError('unreachable strategy: inactiveAfter must be 0 or more');
  if (!(strategy.expungeAfterMs >= strategy.inactiveAfterMs))
    throw new ConfigError('unreachable strategy: inactiveAfterSeconds must be no more than expungeAfterSeconds');
}

/** The stage of an instance that has been unreachable since `sinceMs`. `expungeTimer`: the call comes from the timer, for an inactive one. */
export function unreachableStage(
  strategy: UnreachableStrategy,
  sinceMs: number,
  nowMs: number,
  expungeTimer: boolean,
): UnreachableStage {
  if (strategy === null) return 'unreachable';
  const awayMs = nowMs - sinceMs;
  if (expungeTimer && awayMs >= strategy.expungeAfterMs) return 'expunge';
  return awayMs >= strategy.inactiveAfterMs ? 'inactive' : 'unreachable';
}

/** First run of the expunge timer after `nowMs`, for a framework that started at `startMs`. Units: ms. */
export function nextExpungeMs(startMs: number, nowMs: number): number {
  const firstMs = startMs + EXPUNGE_START_MS;
  if (nowMs < firstMs) return firstMs;
  return firstMs + (Math.floor((nowMs - firstMs) / EXPUNGE_INTERVAL_MS) + 1) * EXPUNGE_INTERVAL_MS;
}

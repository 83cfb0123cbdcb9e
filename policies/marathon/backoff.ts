/**
 * Launch delay of an app that keeps failing.
 *
 *   first failure: d = min(backoff, max)     later: d = min(d x factor, max)     deadline = now + d
 *
 * Progress of an instance counts the same delay from now on again; it does not shrink it. With the defaults (1 s, 1.15, 300 s) 41
 * failures come to 267.9 s and 42 to 300 s. A finished instance counts as a failure.
 * Source: Marathon RateLimiter, NotifyRateLimiterStepImpl.
 */
import { ConfigError } from '../base/assert.ts';

/** Settings of one app. Units: ms; `factor` at least 1. */
export interface BackoffStrategy {
  readonly backoffMs: number;
  readonly factor: number;
  readonly maxLaunchDelayMs: number;
}

/** Marathon's defaults. */
export const DEFAULT_BACKOFF: BackoffStrategy = { backoffMs: 1_000, factor: 1.15, maxLaunchDelayMs: 300_000 };

/** A delay in force. It is kept in ns, as upstream does: 1.15 ms times a factor would lose its fraction. */
export interface LaunchDelay {
  readonly referenceMs: number;
  readonly delayNs: number;
}

const NS_PER_MS = 1_000_000;

/** What a change of an instance does to the delay of its app. */
export type DelayChange = 'add' | 'advance' | 'reset' | 'none';

// Gone by the operator is Gone to Marathon (TaskConditionMapping).
const ADDS = ['dropped', 'error', 'failed', 'gone', 'gonebyoperator', 'finished'];
const ADVANCES = ['staging', 'starting', 'running', 'provisioned'];
const DRAINS = ['killed', 'gone', 'gonebyoperator'];

/** Refuses settings out of range with ConfigError. */
export function checkBackoff(strategy: BackoffStrategy): void {
  if (!(strategy.backoffMs >= 0)) throw new ConfigError(`backoff is ${strategy.backoffMs} ms; it must be 0 or more`);
  if (!(strategy.factor >= 1)) throw new ConfigError(`backoff factor is ${strategy.factor}; it must be 1 or more`);
  if (!(strategy.maxLaunchDelayMs >= 0))
    throw new ConfigError(`maxLaunchDelay is ${strategy.maxLaunchDelayMs} ms; it must be 0 or more`);
}

/** The change for a condition that an instance has come to; `agentDraining` when the update says that its agent is being drained. */
export function delayChange(condition: string, agentDraining: boolean): DelayChange {
  const name = condition.toLowerCase().replace(/[_-]/g, '');
  if (agentDraining && DRAINS.includes(name)) return 'reset';
  if (ADDS.includes(name)) return 'add';
  return ADVANCES.includes(name) ? 'advance' : 'none';
}

/** The delay after one more failure. Rounding: ns, down. */
export function increased(delay: LaunchDelay | null, strategy: BackoffStrategy, nowMs: number): LaunchDelay {
  const next = delay === null ? strategy.backoffMs * NS_PER_MS : Math.trunc(delay.delayNs * strategy.factor);
  return { referenceMs: nowMs, delayNs: Math.min(next, strategy.maxLaunchDelayMs * NS_PER_MS) };
}

/** The same delay, counted from now. */
export function advanced(delay: LaunchDelay | null, nowMs: number): LaunchDelay | null {
  return delay === null ? null : { ...delay, referenceMs: nowMs };
}

/** Earliest launch; now when nothing delays. Rounding: ms, down. */
export function deadlineMs(delay: LaunchDelay | null, nowMs: number): number {
  return delay === null ? nowMs : delay.referenceMs + Math.floor(delay.delayNs / NS_PER_MS);
}

/** Whether the periodic clean-up (each 10 s) forgets the delay: nothing happened for longer than the largest delay. */
export function isOverdue(delay: LaunchDelay, strategy: BackoffStrategy, nowMs: number): boolean {
  return nowMs > delay.referenceMs + strategy.maxLaunchDelayMs;
}

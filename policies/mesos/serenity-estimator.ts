/**
 * Usage-based slack in the manner of Serenity: how much CPU the production executors of one agent leave unused.
 *
 *   stop  when (usage + allocated of executors without a sample) / total >= threshold (0.95)
 *   slack = sum over production executors past their first 300 s of (limit - usage), usage smoothed
 *   cap   = fraction (0.7) x total - usage of all; values below 0.001 cpu count as none
 *
 * Production (latency-sensitive) executors are those without revocable resources. The cap may be negative, and so may the
 * slack: upstream does not stop at 0. Shape: every column has `count` rows. Units: milli-CPU, ms.
 * Source: mesosphere/serenity, pipeline/estimator_pipeline.hpp.
 */
import type { RandomAccessColumn } from './serenity-columns.ts';

export interface SlackRules {
  readonly utilizationThreshold: number;
  readonly ignoreNewMs: number;
  readonly capFraction: number;
  readonly minMilliCpu: number;
}

export const DEFAULT_SLACK_RULES: SlackRules = {
  utilizationThreshold: 0.95,
  ignoreNewMs: 300_000,
  capFraction: 0.7,
  minMilliCpu: 1,
};

export interface ExecutorColumns {
  readonly limitMilliCpu: RandomAccessColumn;
  /** NaN while there is no sample. */
  readonly usedMilliCpu: RandomAccessColumn;
  readonly startedAtMs: RandomAccessColumn;
  /** 1 with any revocable resource: best effort; 0 latency-sensitive. */
  readonly isBestEffort: RandomAccessColumn;
}

/** Slack in milli-CPU, or null while there is no estimate: the valve is closed or the agent is too full. */
export function estimateSlackMilliCpu(
  executors: ExecutorColumns,
  count: number,
  totalMilliCpu: number,
  nowMs: number,
  valveOpen: boolean,
  rules: SlackRules,
): number | null {
  if (!valveOpen) return null;
  const { limitMilliCpu, usedMilliCpu, startedAtMs, isBestEffort } = executors;
  let used = 0;
  let unsampled = 0;
  let slack = 0;
  for (let e = 0; e < count; e++) {
    const usage = usedMilliCpu[e];
    if (Number.isNaN(usage)) {
      unsampled += limitMilliCpu[e];
      continue;
    }
    used += usage;
    const settled = nowMs - startedAtMs[e] >= rules.ignoreNewMs;
    if (isBestEffort[e] === 0 && settled) slack += limitMilliCpu[e] - usage;
  }
  if ((used + unsampled) / totalMilliCpu >= rules.utilizationThreshold) return null;
  const capped = Math.min(slack, rules.capFraction * totalMilliCpu - used);
  return Math.abs(capped) < rules.minMilliCpu ? 0 : capped;
}

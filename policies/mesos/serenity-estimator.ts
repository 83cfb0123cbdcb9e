/**
 * Usage-based slack in the manner of Serenity: how much CPU the production executors of one agent leave unused.
 *
 *   stop  when (usage + allocated of executors without a sample) / total >= threshold (0.95)
 *   slack = sum over production executors past their first 300 s of (limit - usage); below 0.001 cpu it is none
 *   cap   = fraction (0.7) x total - usage of the same executors
 *
 * Production (latency-sensitive) executors are those without revocable resources. What best effort uses is in neither sum: the slack is all
 * that may be sold, and what is sold already counts in it. The cap may be negative, and the slack with it. Shape: every column has `count`
 * rows. Units: milli-CPU, ms. Source: mesosphere/serenity, src/pipeline/estimator_pipeline.hpp, observers/slack_resource.cpp.
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
  let production = 0;
  let unsampled = 0;
  let slack = 0;
  for (let e = 0; e < count; e++) {
    const usage = usedMilliCpu[e];
    if (Number.isNaN(usage)) {
      unsampled += limitMilliCpu[e];
      continue;
    }
    used += usage;
    if (isBestEffort[e] === 1 || nowMs - startedAtMs[e] < rules.ignoreNewMs) continue;
    production += usage;
    slack += limitMilliCpu[e] - usage;
  }
  if ((used + unsampled) / totalMilliCpu >= rules.utilizationThreshold) return null;
  const cap = rules.capFraction * totalMilliCpu - production;
  if (cap < slack) return cap;
  return slack < rules.minMilliCpu ? 0 : slack;
}

/**
 * Revocable CPU that an agent reports in all: the module leaves out what is allocated already, the agent adds it again, and a total below
 * what is allocated cannot be.
 *
 *   total = max(allocated, slack),  allocated while there is no estimate
 */
export function revocableTotalMilliCpu(slackMilliCpu: number | null, allocatedMilliCpu: number): number {
  return Math.max(allocatedMilliCpu, Math.floor(slackMilliCpu ?? 0));
}

/**
 * Peak as the sum of limits that tasks should have: vertical autoscaling by decayed usage histograms.
 *
 *   weight of a sample halves every half-life (12 h for CPU, 48 h for memory)
 *   statistic = mean for batch, p95 for serving (memory: p98 or the maximum, here percentile 98 or 100)
 *   recommended = min(L, statistic x (1 + margin)) ; P = sum of the largest recommendation of the last hour
 *
 * Source: Autopilot (EuroSys'20), moving-window recommender.
 */

import { fail } from '../base/assert.ts';
import { pow } from '../base/exact-math.ts';
import { MS_PER_HOUR } from '../base/units.ts';
import type { DecayedUsage, MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';

/** How limits are recommended. */
export interface AutopilotConfig {
  readonly halfLifeMs: number;
  /** Percentile for tasks that are not batch; 100 is the largest bucket ever filled and not yet faded. */
  readonly percentile: number;
  /** Bit t is set when type t is batch and gets the mean. */
  readonly batchTypeMask: number;
  readonly marginPercent: number;
  readonly warmUpSamples: number;
}

/** Weights are brought back to the present after this many half-lives, long before they overflow. */
const RESCALE_HALF_LIVES = 64;

/** Autopilot's CPU recommender. */
export const AUTOPILOT_CPU: AutopilotConfig = {
  halfLifeMs: 12 * MS_PER_HOUR,
  percentile: 95,
  batchTypeMask: 0,
  marginPercent: 12.5,
  warmUpSamples: 24,
};

/** Autopilot's memory recommender; feed it bytes scaled to exact integers below 2^24, such as MiB. */
export const AUTOPILOT_MEMORY: AutopilotConfig = { ...AUTOPILOT_CPU, halfLifeMs: 48 * MS_PER_HOUR, percentile: 98 };

/** Empty histograms for `tasks` rows; 50 buckets are steps of two percent of the limit. */
export function createDecayedUsage(tasks: number, buckets = 50, recommendations = 12): DecayedUsage {
  return {
    buckets,
    weights: new Float64Array(tasks * buckets),
    referenceMs: new Float64Array(tasks),
    recommendations,
    recommendedMilliCpu: new Float32Array(tasks * recommendations),
  };
}

function statisticOfRow(decayed: DecayedUsage, task: number, percentile: number, isBatch: boolean): number {
  const { buckets, weights } = decayed;
  const at = task * buckets;
  let total = 0;
  let middles = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    total += weights[at + bucket];
    middles += weights[at + bucket] * (bucket + 0.5);
  }
  if (total === 0) return 1;
  if (isBatch) return middles / (total * buckets);
  // Walking down from the top keeps the sum of faded weights out of the comparison.
  let above = 0;
  const mayBeAbove = (total * (100 - percentile)) / 100;
  for (let bucket = buckets - 1; bucket >= 0; bucket--) {
    above += weights[at + bucket];
    if (above > mayBeAbove) return (bucket + 1) / buckets;
  }
  return 1;
}

/** Adds one sample of every task to its histogram and notes the limit recommended now. Call before recordUsage. */
export function recordDecayedUsage(
  history: MachineHistory,
  timeMs: number,
  config: AutopilotConfig,
  usageMilliCpu: Float64Array,
): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, taskType, decayedUsage: decayed } = history;
  if (decayed === undefined) fail('the history has no decayed usage');
  const { buckets, weights, referenceMs, recommendations, recommendedMilliCpu } = decayed;
  const { halfLifeMs, percentile, batchTypeMask, marginPercent } = config;
  for (let task = 0; task < taskHost.length; task++) {
    const limit = taskLimitMilliCpu[task];
    if (taskHost[task] < 0 || limit === 0) continue;
    if (taskSampleCount[task] === 0) referenceMs[task] = timeMs;
    let halfLives = (timeMs - referenceMs[task]) / halfLifeMs;
    if (halfLives > RESCALE_HALF_LIVES) {
      const fade = pow(2, -halfLives);
      for (let i = task * buckets; i < (task + 1) * buckets; i++) weights[i] *= fade;
      referenceMs[task] = timeMs;
      halfLives = 0;
    }
    const bucket = Math.ceil((usageMilliCpu[task] * buckets) / limit) - 1;
    weights[task * buckets + Math.min(buckets - 1, Math.max(0, bucket))] += pow(2, halfLives);
    const isBatch = ((batchTypeMask >>> taskType[task]) & 1) === 1;
    const share = statisticOfRow(decayed, task, percentile, isBatch) * (1 + marginPercent / 100);
    const slot = task * recommendations + (taskSampleCount[task] % recommendations);
    recommendedMilliCpu[slot] = share < 1 ? share * limit : limit;
  }
}

function predictAutopilot(count: number, history: MachineHistory, config: AutopilotConfig, out: Float64Array): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, decayedUsage: decayed } = history;
  if (decayed === undefined) fail('autopilot needs decayed usage in the history');
  const { recommendations, recommendedMilliCpu } = decayed;
  out.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    const limit = taskLimitMilliCpu[task];
    const seen = taskSampleCount[task];
    if (seen < config.warmUpSamples) {
      out[host] += limit;
      continue;
    }
    let largest = 0;
    const samples = seen < recommendations ? seen : recommendations;
    for (let i = task * recommendations; i < task * recommendations + samples; i++)
      if (recommendedMilliCpu[i] > largest) largest = recommendedMilliCpu[i];
    out[host] += largest < limit ? largest : limit;
  }
}

/** Sum of vertically scaled limits. */
export const autopilot: MachinePeakPredictor<AutopilotConfig> = {
  name: 'autopilot',
  defaults: AUTOPILOT_CPU,
  needs: ['decayedUsage'],
  predict: predictAutopilot,
};

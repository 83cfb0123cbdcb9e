/**
 * Peak from what workloads of the same type were seen to use, anywhere in the cluster.
 *
 *   ratio[type] = upper edge of the bucket that holds the k-th percentile of u / L over all tasks of the type
 *   P = cold + sum over warm of ratio[type] x L
 *
 * Learns from every task, so a type with few tasks a machine is judged by all of them. Types without enough samples
 * count at their limit. Source: ratio-based oversubscription by workload type, as in Resource Central's buckets.
 */

import { fail } from '../base/assert.ts';
import type { MachineHistory, TypeRatios } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';

/** Percentile of the ratio, samples that make a task warm, and samples that make a type known. */
export interface EmpiricalRatioConfig {
  readonly percentile: number;
  readonly warmUpSamples: number;
  readonly minTypeSamples: number;
}

/** Empty counts for `types` types; 100 buckets are steps of one percent of the limit. */
export function createTypeRatios(types: number, buckets = 100): TypeRatios {
  return { types, buckets, counts: new Float64Array(types * buckets), ratioScratch: new Float64Array(types) };
}

/** Counts one sample of every task by its type; usage above the limit counts as the limit. */
export function recordTypeRatios(history: MachineHistory, usageMilliCpu: Float64Array): void {
  const { taskHost, taskLimitMilliCpu, taskType, typeRatios } = history;
  if (typeRatios === undefined) fail('the history has no type ratios');
  const { types, buckets, counts } = typeRatios;
  for (let task = 0; task < taskHost.length; task++) {
    if (taskHost[task] < 0 || taskLimitMilliCpu[task] === 0) continue;
    if (taskType[task] >= types) fail(`task row ${task}: type ${taskType[task]} is beyond the ${types} known types`);
    const bucket = Math.ceil((usageMilliCpu[task] * buckets) / taskLimitMilliCpu[task]) - 1;
    counts[taskType[task] * buckets + Math.min(buckets - 1, Math.max(0, bucket))] += 1;
  }
}

/** Ratio of one type, 0..1; 1 while fewer than `minTypeSamples` samples were seen. */
export function typeRatio(ratios: TypeRatios, type: number, percentile: number, minTypeSamples: number): number {
  const at = type * ratios.buckets;
  let total = 0;
  for (let bucket = 0; bucket < ratios.buckets; bucket++) total += ratios.counts[at + bucket];
  if (total < minTypeSamples || total === 0) return 1;
  const rank = Math.max(1, Math.ceil((percentile * total) / 100));
  let seen = 0;
  for (let bucket = 0; bucket < ratios.buckets; bucket++) {
    seen += ratios.counts[at + bucket];
    if (seen >= rank) return (bucket + 1) / ratios.buckets;
  }
  return 1;
}

function predictEmpirical(
  count: number,
  history: MachineHistory,
  config: EmpiricalRatioConfig,
  out: Float64Array,
): void {
  const { taskHost, taskLimitMilliCpu, taskSampleCount, taskType, typeRatios } = history;
  if (typeRatios === undefined) fail('the empirical ratio needs type ratios in the history');
  const { types, ratioScratch: ratio } = typeRatios;
  for (let type = 0; type < types; type++)
    ratio[type] = typeRatio(typeRatios, type, config.percentile, config.minTypeSamples);
  out.fill(0, 0, count);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0 || host >= count) continue;
    const isCold = taskSampleCount[task] < config.warmUpSamples;
    out[host] += isCold ? taskLimitMilliCpu[task] : ratio[taskType[task]] * taskLimitMilliCpu[task];
  }
}

/** Share of the limit by workload type. */
export const empiricalRatio: MachinePeakPredictor<EmpiricalRatioConfig> = {
  name: 'empirical-ratio',
  defaults: { percentile: 95, warmUpSamples: 24, minTypeSamples: 100 },
  needs: ['typeRatios'],
  predict: predictEmpirical,
};

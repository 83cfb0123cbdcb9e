/**
 * Koordinator's LoadAware scheduling, host by host: refuse hosts whose estimated usage is past a threshold, prefer the
 * least used.
 *
 * Columns over all hosts (`loadAwareFilter`, `loadAwareScore`) and their one-row twins (`loadAwareRefuses`,
 * `loadAwareScoreOne`), which a placement index calls on single candidates. The whole plugin, with profiles, expiry and
 * aggregated windows, is load-aware-plugin.ts.
 */

import { roundHalfAway } from '../base/int-math.ts';

/** Best score of a host. */
export const MAX_NODE_SCORE = 100;

/**
 * Whether one resource keeps a pod from a host: round(used / allocatable x 100) > threshold.
 *
 * A threshold of 0 and an allocatable of 0 refuse nothing. Units: any, the same for both; percent. Rounding: half up.
 */
export function loadAwareRefuses(estimatedUsed: number, allocatable: number, thresholdPercent: number): boolean {
  if (thresholdPercent === 0 || allocatable === 0) return false;
  return roundHalfAway((estimatedUsed / allocatable) * 100) > thresholdPercent;
}

/**
 * Marks every host that one resource refuses; call it once a resource.
 *
 *   outRefused[h] |= round((used[h] + podEstimate) / allocatable[h] x 100) > threshold
 *
 * Shape: columns have `count` rows; `outRefused` accumulates (0 or 1). Units: as the columns, percent.
 * Source: Koordinator scheduler, loadaware Filter.
 */
export function loadAwareFilter(
  count: number,
  estimatedUsed: Float64Array,
  allocatable: Float64Array,
  podEstimate: number,
  thresholdPercent: number,
  outRefused: Uint8Array,
): void {
  if (thresholdPercent === 0) return;
  for (let host = 0; host < count; host++) {
    const total = allocatable[host];
    if (total === 0) continue;
    const percent = ((estimatedUsed[host] + podEstimate) / total) * 100;
    if (Math.floor(percent + 0.5) > thresholdPercent) outRefused[host] = 1;
  }
}

/** Free share of one resource, 0..100: trunc((capacity - used) x 100 / capacity), 0 when used up or without capacity. */
export function leastUsedScore(used: number, capacity: number): number {
  if (capacity === 0 || used > capacity) return 0;
  return Math.trunc(((capacity - used) * MAX_NODE_SCORE) / capacity);
}

/**
 * Score of one host, 0..100, from used (with the pod's estimate) and capacity of both resources.
 *
 *   (cpu x wCpu + mem x wMem + min(cpu, mem) x wDominant) / (wCpu + wMem + wDominant), integer division
 *
 * The minimum runs over all resources, weighted or not. Weights that sum to 0 give 0.
 * Exact while capacity x 100 is below 2^53 (90 TB of memory on one host). Source: Koordinator scheduler, loadaware Score.
 */
export function loadAwareScoreOne(
  usedMilliCpu: number,
  allocatableMilliCpu: number,
  usedMemBytes: number,
  allocatableMemBytes: number,
  cpuWeight: number,
  memWeight: number,
  dominantWeight: number,
): number {
  const weights = cpuWeight + memWeight + dominantWeight;
  if (weights <= 0) return 0;
  const cpu = leastUsedScore(usedMilliCpu, allocatableMilliCpu);
  const mem = leastUsedScore(usedMemBytes, allocatableMemBytes);
  return Math.trunc((cpu * cpuWeight + mem * memWeight + Math.min(cpu, mem) * dominantWeight) / weights);
}

/** Weights of the score; production's defaults are 1, 1, 0. */
export interface LoadAwareWeights {
  readonly cpuWeight: number;
  readonly memWeight: number;
  readonly dominantWeight: number;
}

/** Production's weights where none are configured. */
export const DEFAULT_LOAD_AWARE_WEIGHTS: LoadAwareWeights = { cpuWeight: 1, memWeight: 1, dominantWeight: 0 };

/**
 * Scores every host for one pod; see loadAwareScoreOne.
 *
 * Shape: columns have `count` rows. Units: milli-CPU, bytes; scores are integers 0..100.
 */
export function loadAwareScore(
  count: number,
  usedMilliCpu: Float64Array,
  allocatableMilliCpu: Float64Array,
  usedMemBytes: Float64Array,
  allocatableMemBytes: Float64Array,
  podMilliCpu: number,
  podMemBytes: number,
  weights: LoadAwareWeights,
  outScore: Int32Array,
): void {
  const { cpuWeight, memWeight, dominantWeight } = weights;
  for (let host = 0; host < count; host++) {
    outScore[host] = loadAwareScoreOne(
      usedMilliCpu[host] + podMilliCpu,
      allocatableMilliCpu[host],
      usedMemBytes[host] + podMemBytes,
      allocatableMemBytes[host],
      cpuWeight,
      memWeight,
      dominantWeight,
    );
  }
}

/**
 * CPU eviction: best effort that gets too little cpu to be worth keeping, and nodes whose cpu is used up.
 *
 * Source: pkg/koordlet/qosmanager/plugins/cpuevict/cpu_evict.go.
 */
import { divTrunc } from '../base/int-math.ts';
import { usedPercentRelease } from './used-evict.ts';

const DEFAULT_USAGE_THRESHOLD_PERCENT = 90;
/** Satisfaction of a limit below one cpu is not measured against use: it counts as fully used. */
const SMALL_LIMIT_MILLI_CPU = 1000;
const MAX_LOWER_PERCENT = 60;
const MAX_UPPER_PERCENT = 100;
const INTENDED_WINDOW_SECONDS = 60;

export interface SatisfactionSettings {
  readonly lowerPercent: number;
  readonly upperPercent: number;
  /** undefined = 90. */
  readonly usageThresholdPercent?: number;
  /** 'evictByAllocatable' measures against what the node sells; everything else against the real limit. */
  readonly policy: string;
  /** undefined = the collect interval (K9). */
  readonly windowSeconds?: number;
}

/** Best effort of one node, averaged over a window or of the last two intervals; doubles. */
export interface BeCpuSample {
  /** min(cpus of the cpuset, quota), see beRealLimitMilliCpu. */
  readonly limitMilliCpu: number;
  readonly usedMilliCpu: number;
  readonly requestMilliCpu: number;
}

/** Whether upstream runs with these lines: lower in (0, 60], upper in (0, 100), upper >= lower. */
export function satisfactionLinesValid(lowerPercent: number, upperPercent: number): boolean {
  return (
    lowerPercent > 0 &&
    lowerPercent <= MAX_LOWER_PERCENT &&
    upperPercent >= lowerPercent &&
    upperPercent < MAX_UPPER_PERCENT
  );
}

export const CPU_EVICT_POLICIES = ['evictByRealLimit', 'evictByAllocatable'] as const;

/** What best effort can really use: min(cpus * 1000, quota * 1000 / period); quota -1 = unlimited. */
export function beRealLimitMilliCpu(cpusetCpus: number, quotaUs: number, periodUs = 100_000): number {
  return quotaUs <= 0 ? cpusetCpus * 1000 : Math.min(cpusetCpus * 1000, (quotaUs * 1000) / periodUs);
}

/** What the node sells to batch, as the satisfaction sees it: missing or negative -1, zero 1 (so that a rate exists). */
export function beAllocatableMilliCpu(batchMilliCpu: number | undefined): number {
  if (batchMilliCpu === undefined || batchMilliCpu < 0) return -1;
  return batchMilliCpu === 0 ? 1 : batchMilliCpu;
}

/** Seconds the satisfaction is averaged over: at least the collect interval; with K9 off at least 60. */
export function satisfactionWindowSeconds(
  configuredSeconds: number | undefined,
  collectIntervalSeconds: number,
  satisfactionWindowOneSecond = true,
): number {
  const floor = satisfactionWindowOneSecond ? 0 : INTENDED_WINDOW_SECONDS;
  return Math.max(collectIntervalSeconds, configuredSeconds ?? 0, floor);
}

/** Whether enough of the window was sampled: count * interval >= trunc(window / 3). */
export function isWindowCovered(sampleCount: number, collectIntervalSeconds: number, windowSeconds: number): boolean {
  return sampleCount * collectIntervalSeconds >= divTrunc(windowSeconds, 3);
}

/** Whether best effort uses what it has: no limit never, a limit below 1 cpu always, else used / limit >= threshold. */
export function isBeUsageHigh(usedMilliCpu: number, limitMilliCpu: number, usageThresholdPercent: number): boolean {
  if (!(limitMilliCpu > 0)) return false;
  if (limitMilliCpu < SMALL_LIMIT_MILLI_CPU) return true;
  return usedMilliCpu / limitMilliCpu >= usageThresholdPercent / 100;
}

/**
 * Request to evict so that the rest is satisfied.
 *
 *   rate = limit / request ; rate > lower % -> 0 ; gap = upper % - rate ; gap <= 0 -> 0 ; trunc(request * gap)
 *
 * Units: milli-CPU, percent.
 */
export function satisfactionReleaseOf(
  requestMilliCpu: number,
  limitMilliCpu: number,
  lowerPercent: number,
  upperPercent: number,
): number {
  if (!(requestMilliCpu > 0)) return 0;
  const rate = limitMilliCpu / requestMilliCpu;
  if (rate > lowerPercent / 100) return 0;
  const gap = upperPercent / 100 - rate;
  return gap > 0 ? Math.trunc(requestMilliCpu * gap) : 0;
}

/**
 * Request to evict, agreed on by the window's average and by the current value.
 *
 *   average: usage high and release > 0 ; current: usage high ; same request and limit -> release of the average,
 *   else the smaller of both releases
 */
export function agreedReleaseOf(
  averageLimit: number,
  averageUsed: number,
  averageRequest: number,
  currentLimit: number,
  currentUsed: number,
  currentRequest: number,
  lowerPercent: number,
  upperPercent: number,
  usageThresholdPercent: number,
): number {
  if (!isBeUsageHigh(averageUsed, averageLimit, usageThresholdPercent)) return 0;
  const byAverage = satisfactionReleaseOf(averageRequest, averageLimit, lowerPercent, upperPercent);
  if (byAverage <= 0 || !isBeUsageHigh(currentUsed, currentLimit, usageThresholdPercent)) return 0;
  if (currentRequest === averageRequest && currentLimit === averageLimit) return byAverage;
  return Math.min(byAverage, satisfactionReleaseOf(currentRequest, currentLimit, lowerPercent, upperPercent));
}

/**
 * BECPUEvict of one node: milli-CPU of batch requests to evict; 0 = none.
 *
 * A missing current sample counts as all zeros. Lines that are not valid switch it off.
 */
export function satisfactionRelease(
  settings: SatisfactionSettings,
  collectIntervalSeconds: number,
  batchAllocatableMilliCpu: number | undefined,
  average: BeCpuSample & { readonly sampleCount: number },
  current: BeCpuSample | undefined,
  satisfactionWindowOneSecond = true,
): number {
  const { lowerPercent, upperPercent } = settings;
  if (!satisfactionLinesValid(lowerPercent, upperPercent)) return 0;
  const windowSeconds = satisfactionWindowSeconds(
    settings.windowSeconds,
    collectIntervalSeconds,
    satisfactionWindowOneSecond,
  );
  if (!isWindowCovered(average.sampleCount, collectIntervalSeconds, windowSeconds)) return 0;
  const byAllocatable = settings.policy === 'evictByAllocatable';
  const sold = beAllocatableMilliCpu(batchAllocatableMilliCpu);
  return agreedReleaseOf(
    byAllocatable ? sold : average.limitMilliCpu,
    average.usedMilliCpu,
    average.requestMilliCpu,
    byAllocatable ? sold : (current?.limitMilliCpu ?? 0),
    current?.usedMilliCpu ?? 0,
    current?.requestMilliCpu ?? 0,
    lowerPercent,
    upperPercent,
    settings.usageThresholdPercent ?? DEFAULT_USAGE_THRESHOLD_PERCENT,
  );
}

/**
 * BECPUEvict by the real limit, per host: milli-CPU of batch requests to evict.
 *
 * Shape: columns of `count` rows; percents are scalars, usageThresholdPercent NaN = 90. Lines must be valid
 * (satisfactionLinesValid) and the window covered. Hand the sold allocatable in as both limits for evictByAllocatable.
 */
export function cpuEvictRelease(
  count: number,
  averageLimitMilliCpu: Float64Array,
  averageUsedMilliCpu: Float64Array,
  averageRequestMilliCpu: Float64Array,
  currentLimitMilliCpu: Float64Array,
  currentUsedMilliCpu: Float64Array,
  currentRequestMilliCpu: Float64Array,
  lowerPercent: number,
  upperPercent: number,
  usageThresholdPercent: number,
  outReleaseMilliCpu: Float64Array,
): void {
  const usagePercent = Number.isNaN(usageThresholdPercent) ? DEFAULT_USAGE_THRESHOLD_PERCENT : usageThresholdPercent;
  for (let i = 0; i < count; i++) {
    outReleaseMilliCpu[i] = agreedReleaseOf(
      averageLimitMilliCpu[i],
      averageUsedMilliCpu[i],
      averageRequestMilliCpu[i],
      currentLimitMilliCpu[i],
      currentUsedMilliCpu[i],
      currentRequestMilliCpu[i],
      lowerPercent,
      upperPercent,
      usagePercent,
    );
  }
}

/**
 * CPUEvict, per host: milli-CPU of use to release, as production counts percents (integers).
 *
 * Shape: columns of `count` rows; lowerPercent NaN = threshold - 2. usedMilliCpu is the average over the window.
 */
export function cpuUsedEvictRelease(
  count: number,
  usedMilliCpu: Float64Array,
  capacityMilliCpu: Float64Array,
  thresholdPercent: number,
  lowerPercent: number,
  outReleaseMilliCpu: Float64Array,
): void {
  usedPercentRelease(count, usedMilliCpu, capacityMilliCpu, thresholdPercent, lowerPercent, true, outReleaseMilliCpu);
}

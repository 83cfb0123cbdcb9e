/**
 * What a pod of a service should request: percentiles of decayed usage plus a margin, as the Vertical Pod Autoscaler works them out.
 *
 *   base_p     = percentile p of the histogram                  CPU in milli-CPU, memory in bytes, cut to integers
 *   marked_p   = base_p + trunc(base_p x margin)
 *   target     = marked at the target percentile
 *   upper      = trunc(marked at the upper percentile x (1 + 1 / confidence))
 *   lower      = trunc(marked at the lower percentile x (1 + 0.001 / confidence)^-2)
 *   confidence = min(days between first and last sample, samples / 1,440)
 *   each of the three at least the pod minimum, then within [min, max] of the service
 *
 * One CPU sample a pod and minute, weighted by its request in cores (at least 0.1); one memory peak a pod and day, weight 1, dated to the end
 * of its day. Histograms: buckets grow by 5 %, CPU from 1 milli-CPU to 1,000 cores, memory from 10 MB to 1 TB.
 * Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender (logic/recommender.go, logic/estimator.go, model/aggregations_config.go).
 * With half-lives of 12 h and 48 h, percentiles of 95 and 98 and a margin of 10 to 15 % it is Autopilot's moving-window recommender (EuroSys'20).
 */
import { MS_PER_DAY } from '../base/units.ts';
import {
  addSample,
  createHistogram,
  type DecayingHistogram,
  exponentialBuckets,
  type HistogramBuckets,
  percentile,
} from '../koordinator/histogram.ts';

/** How requests are recommended; amounts in milli-CPU and bytes, 0 = no maximum. */
export interface RecommenderConfig {
  readonly cpuHalfLifeMs: number;
  readonly memoryHalfLifeMs: number;
  readonly targetCpuPercentile: number;
  readonly targetMemoryPercentile: number;
  /** Of both resources. */
  readonly lowerBoundPercentile: number;
  readonly upperBoundPercentile: number;
  readonly marginPercent: number;
  readonly minMilliCpu: number;
  readonly maxMilliCpu: number;
  readonly minMemBytes: number;
  readonly maxMemBytes: number;
}

const MIB = 1_048_576;

/** Flags of the recommender as they are shipped. */
export const RECOMMENDER_DEFAULTS: RecommenderConfig = {
  cpuHalfLifeMs: MS_PER_DAY,
  memoryHalfLifeMs: MS_PER_DAY,
  targetCpuPercentile: 90,
  targetMemoryPercentile: 90,
  lowerBoundPercentile: 50,
  upperBoundPercentile: 95,
  marginPercent: 15,
  minMilliCpu: 25,
  maxMilliCpu: 0,
  minMemBytes: 250 * MIB,
  maxMemBytes: 0,
};

/** What one service's pods have used. */
export interface UsageRecord {
  readonly cpu: DecayingHistogram;
  readonly memory: DecayingHistogram;
  /** Time of the first and last CPU sample, -1 = none; how many there were. */
  firstMs: number;
  lastMs: number;
  samples: number;
}

/** Requests of one pod, milli-CPU and bytes. */
export interface PodRequest {
  readonly milliCpu: number;
  readonly memBytes: number;
}

export interface Recommendation {
  readonly target: PodRequest;
  readonly lower: PodRequest;
  readonly upper: PodRequest;
}

const GROWTH = 1.05;
const MIN_SAMPLE_WEIGHT = 0.1;
const EPSILON = 0.001 * MIN_SAMPLE_WEIGHT;
const SAMPLES_A_DAY = 1_440;

/** CPU buckets in cores, memory buckets in bytes. */
export function usageBuckets(): { readonly cpu: HistogramBuckets; readonly memory: HistogramBuckets } {
  return {
    cpu: exponentialBuckets(1000, 0.001, GROWTH, EPSILON),
    memory: exponentialBuckets(1e12, 1e7, GROWTH, EPSILON),
  };
}

/** A record without samples. */
export function createUsageRecord(config: RecommenderConfig, buckets = usageBuckets()): UsageRecord {
  return {
    cpu: createHistogram(buckets.cpu, config.cpuHalfLifeMs),
    memory: createHistogram(buckets.memory, config.memoryHalfLifeMs),
    firstMs: -1,
    lastMs: -1,
    samples: 0,
  };
}

/** What one pod used, and what it asked for then. */
export function addCpuSample(record: UsageRecord, usedMilliCpu: number, requestMilliCpu: number, atMs: number): void {
  addSample(record.cpu, usedMilliCpu / 1000, Math.max(MIN_SAMPLE_WEIGHT, requestMilliCpu / 1000), atMs);
  if (record.samples === 0) record.firstMs = atMs;
  record.lastMs = atMs;
  record.samples++;
}

/** The most memory one pod used in the day that ends at `dayEndMs`. */
export function addMemoryPeak(record: UsageRecord, memBytes: number, dayEndMs: number): void {
  addSample(record.memory, memBytes, 1, dayEndMs);
}

/** Target and bounds now; null before the first sample. */
export function recommend(record: UsageRecord, config: RecommenderConfig): Recommendation | null {
  if (record.samples === 0) return null;
  const confidence = Math.min((record.lastMs - record.firstMs) / MS_PER_DAY, record.samples / SAMPLES_A_DAY);
  const more = 1 + 1 / confidence;
  const doubt = 1 + 0.001 / confidence;
  const less = 1 / (doubt * doubt);
  const { targetCpuPercentile, targetMemoryPercentile, lowerBoundPercentile, upperBoundPercentile } = config;
  const at = (cpuPercentile: number, memoryPercentile: number, factor: number): PodRequest => ({
    milliCpu: bounded(
      amount(percentile(record.cpu, cpuPercentile / 100) * 1000, config.marginPercent, factor),
      config.minMilliCpu,
      config.maxMilliCpu,
    ),
    memBytes: bounded(
      amount(percentile(record.memory, memoryPercentile / 100), config.marginPercent, factor),
      config.minMemBytes,
      config.maxMemBytes,
    ),
  });
  return {
    target: at(targetCpuPercentile, targetMemoryPercentile, 1),
    lower: at(lowerBoundPercentile, lowerBoundPercentile, less),
    upper: at(upperBoundPercentile, upperBoundPercentile, more),
  };
}

function amount(usage: number, marginPercent: number, factor: number): number {
  const base = Math.trunc(usage);
  const scaled = (base + Math.trunc(base * (marginPercent / 100))) * factor;
  return scaled < Number.MAX_SAFE_INTEGER ? Math.trunc(scaled) : Number.MAX_SAFE_INTEGER;
}

function bounded(value: number, least: number, most: number): number {
  const raised = value > least ? value : least;
  return most > 0 && raised > most ? most : raised;
}

/** Koordinator's water-lines, reports and load-aware scheduling. */
import type { KoordinatorQuirks } from '../../policies/koordinator/quirks.ts';

/** Thresholds of load-aware scheduling, percent; null = the group does not name the resource, 0 = it is not looked at. */
export interface LoadThresholdsPlan {
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly prodCpuPercent: number | null;
  readonly prodMemoryPercent: number | null;
  readonly aggregatedCpuPercent: number | null;
  readonly aggregatedMemoryPercent: number | null;
  /** Empty: no aggregated usage. */
  readonly aggregatedType: UsageType | '';
  /** 0 = the longest that reports carry. */
  readonly aggregatedDurationMs: number;
}

export type UsageType = 'avg' | 'p50' | 'p90' | 'p95' | 'p99';

/** Load-aware scheduling beyond whole-node thresholds; absent from a plan that does not ask for it. */
export interface LoadAwarePlan {
  /** Beside the two whole-node thresholds of the koordinator section, which this repeats. */
  readonly thresholds: LoadThresholdsPlan;
  readonly filterExpiredNodeMetrics: boolean;
  readonly enableScheduleWhenNodeMetricsExpired: boolean;
  readonly nodeMetricExpirationMs: number;
  readonly prodUsageIncludeSys: boolean;
  readonly scoreAccordingProdUsage: boolean;
  readonly scoreAggregatedType: UsageType | '';
  readonly scoreAggregatedDurationMs: number;
  readonly cpuWeight: number;
  readonly memoryWeight: number;
  readonly dominantResourceWeight: number;
  /** Durations over which node reports aggregate. */
  readonly aggregateDurationsMs: readonly number[];
  /** Pods may bring their own estimate. */
  readonly allowCustomizeEstimation: boolean;
  /** New pods are held at their estimate for this long after they were bound; 0 = until reports have them. */
  readonly estimatedAfterScheduledMs: number;
}

export interface KoordinatorPlan {
  readonly enabled: boolean;
  /** Water-line 1: batch CPU and memory sold. */
  readonly cpuReclaimThresholdPercent: number;
  readonly memoryReclaimThresholdPercent: number;
  readonly cpuCalculatePolicy: 'usage' | 'maxUsageRequest';
  readonly memoryCalculatePolicy: 'usage' | 'request' | 'maxUsageRequest';
  /** Water-line 2: best effort squeezed. */
  readonly cpuSuppressThresholdPercent: number;
  readonly cpuSuppressMinPercent: number | null;
  readonly cpuSuppressPolicy: 'cfsQuota' | 'cpuset';
  /** Water-line 3: best effort killed. */
  readonly memoryEvictThresholdPercent: number;
  readonly memoryEvictLowerPercent: number | null;
  readonly memoryEvictCoolingMs: number;
  readonly cpuEvictSatisfactionLowerPercent: number | null;
  readonly cpuEvictSatisfactionUpperPercent: number | null;
  readonly cpuEvictUsageThresholdPercent: number;
  readonly cpuEvictWindowMs: number;
  readonly cpuEvictCoolingMs: number;
  /** Absent = evictByRealLimit. */
  readonly cpuEvictPolicy?: 'evictByAllocatable';
  /** Water-line 4: node refused. 0 = resource not looked at. */
  readonly loadAwareCpuThresholdPercent: number;
  readonly loadAwareMemoryThresholdPercent: number;
  readonly loadAwareCpuEstimateFactor: number;
  readonly loadAwareMemoryEstimateFactor: number;
  /** Node reports: average over `aggregateMs`, every `reportMs`. */
  readonly reportMs: number;
  readonly aggregateMs: number;
  readonly updateTimeThresholdMs: number;
  readonly resourceDiffThreshold: number;
  readonly degradeMs: number;
  /** Absent: the whole-node thresholds above, every pod at its request's share until two reports have passed. */
  readonly loadAware?: LoadAwarePlan;
  /** false: hosts with a NUMA topology policy sell batch resources whole. Absent = by NUMA node. */
  readonly numaBatch?: false;
  /** Quirks of production that are turned off, by name; absent = none. */
  readonly quirks?: Readonly<Partial<KoordinatorQuirks>>;
}

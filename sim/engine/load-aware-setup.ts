/** From a plan to load-aware scheduling: its configuration, its columns, and what it expects of a pod. */

import { type CpuAndMemory, estimatePod } from '../../policies/koordinator/load-aware-estimate.ts';
import { createLoadAwareHosts, type LoadAwareHosts } from '../../policies/koordinator/load-aware-hosts.ts';
import type {
  AggregationChoice,
  LoadAwareConfig,
  ThresholdProfile,
} from '../../policies/koordinator/load-aware-plugin.ts';
import type { PriorityClass } from '../../policies/koordinator/priority-class.ts';
import { type KoordinatorQuirks, PRODUCTION_QUIRKS } from '../../policies/koordinator/quirks.ts';
import { TIER } from '../cluster/hosts.ts';
import type { KoordinatorPlan, LoadAwarePlan, LoadThresholdsPlan } from '../plan/koordinator.ts';
import type { LoadEstimatePlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';
import { createUsageWindows, type UsageWindows } from './usage-windows.ts';

/** Quirks of a plan: all as in production but for those it turns off. */
export function quirksOf(koordinator: KoordinatorPlan): KoordinatorQuirks {
  return { ...PRODUCTION_QUIRKS, ...koordinator.quirks };
}

/** The columns of load-aware scheduling in full; undefined where the plan does not ask for it. */
export function loadAwareHostsOf(plan: Plan, hosts: number): LoadAwareHosts | undefined {
  const { koordinator, cluster } = plan;
  const { loadAware } = koordinator;
  if (loadAware === undefined || !koordinator.enabled) return undefined;
  const own = cluster.shapes.map((shape) =>
    shape.loadAwareThresholds === undefined ? undefined : profileOf(shape.loadAwareThresholds),
  );
  return createLoadAwareHosts(hosts, configOf(loadAware, quirksOf(koordinator)), own);
}

/** Rings over every span that a report or a threshold of load-aware scheduling looks at. */
export function usageWindowsOf(plan: Plan, hosts: number, load: LoadAwareHosts | undefined): UsageWindows | null {
  const { loadAware, aggregateMs } = plan.koordinator;
  if (load === undefined || loadAware === undefined) return null;
  const spans = load.choices.length === 0 ? [] : loadAware.aggregateDurationsMs;
  return createUsageWindows(hosts, plan.windowMs, [aggregateMs, ...spans]);
}

function configOf(plan: LoadAwarePlan, quirks: KoordinatorQuirks): LoadAwareConfig {
  const scored: AggregationChoice = { type: plan.scoreAggregatedType, durationMs: plan.scoreAggregatedDurationMs };
  return {
    thresholds: profileOf(plan.thresholds),
    filterExpiredReports: plan.filterExpiredNodeMetrics,
    scheduleOnExpiredReports: plan.enableScheduleWhenNodeMetricsExpired,
    reportExpirationMs: plan.nodeMetricExpirationMs,
    prodUsageIncludesSystem: plan.prodUsageIncludeSys,
    scoreByProdUsage: plan.scoreAccordingProdUsage,
    scoreAggregation: scored,
    weights: {
      cpuWeight: plan.cpuWeight,
      memWeight: plan.memoryWeight,
      dominantWeight: plan.dominantResourceWeight,
    },
    quirks,
  };
}

function profileOf(plan: LoadThresholdsPlan): ThresholdProfile {
  const pair = (cpu: number | null, mem: number | null) => ({
    ...(cpu === null ? {} : { cpuPercent: cpu }),
    ...(mem === null ? {} : { memPercent: mem }),
  });
  return {
    usage: pair(plan.cpuPercent, plan.memoryPercent),
    prodUsage: pair(plan.prodCpuPercent, plan.prodMemoryPercent),
    aggregated: {
      type: plan.aggregatedType,
      durationMs: plan.aggregatedDurationMs,
      thresholds: pair(plan.aggregatedCpuPercent, plan.aggregatedMemoryPercent),
    },
  };
}

const CLASS_OF_TIER: Readonly<Record<number, PriorityClass>> = {
  [TIER.native]: 'koord-prod',
  [TIER.batch]: 'koord-batch',
  [TIER.mid]: 'koord-mid',
  [TIER.free]: 'koord-free',
};

/** What load-aware scheduling expects a pod to use, and for how long it says so (0 = until reports have the pod). */
export interface PodEstimate extends CpuAndMemory {
  readonly forMs: number;
}

/**
 * Estimate of a pod. Limits count where load-aware scheduling runs in full: pods of a sold tier have their request as limit, services
 * their CPU limit (0 = none) and no limit on memory.
 */
export function podEstimateOf(
  koordinator: KoordinatorPlan,
  tier: number,
  requestMilliCpu: number,
  requestMemBytes: number,
  limitMilliCpu: number,
  own: LoadEstimatePlan | undefined,
): PodEstimate {
  const { loadAware } = koordinator;
  const custom = loadAware?.allowCustomizeEstimation === true ? own : undefined;
  const isSold = tier !== TIER.native;
  const limit =
    loadAware === undefined
      ? { milliCpu: 0, memBytes: 0 }
      : { milliCpu: isSold ? requestMilliCpu : limitMilliCpu, memBytes: isSold ? requestMemBytes : 0 };
  const { milliCpu, memBytes } = estimatePod(
    { priorityClass: CLASS_OF_TIER[tier], request: { milliCpu: requestMilliCpu, memBytes: requestMemBytes }, limit },
    custom?.cpuFactor ?? koordinator.loadAwareCpuEstimateFactor,
    custom?.memoryFactor ?? koordinator.loadAwareMemoryEstimateFactor,
    quirksOf(koordinator),
  );
  return { milliCpu, memBytes, forMs: custom?.afterScheduledMs ?? loadAware?.estimatedAfterScheduledMs ?? 0 };
}

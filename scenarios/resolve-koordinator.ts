/** The koordinator section of a scenario -> its plan; what is as in production and asked for by nobody leaves no trace. */
import type { KoordinatorQuirks } from '../policies/koordinator/quirks.ts';
import type { KoordinatorPlan, LoadAwarePlan, LoadThresholdsPlan } from '../sim/plan/koordinator.ts';
import type { KubernetesPlan } from '../sim/plan/kubernetes.ts';
import type { GangPlan, LoadEstimatePlan } from '../sim/plan/workload.ts';
import type { Scenario } from './schema.ts';
import { gpuRequestOf } from './schema-gpu.ts';

type Koordinator = Scenario['koordinator'];
type Thresholds = NonNullable<Scenario['cluster']['hosts'][string]['loadAwareThresholds']>;
type Estimate = NonNullable<Scenario['bestEffort']['populations'][string]['loadEstimate']>;

/** The plan of the section; `enabled` is false under a control plane that Koordinator does not work on. */
export function resolveKoordinator(koordinator: Koordinator, enabled: boolean): KoordinatorPlan {
  const quirksOff = Object.entries(koordinator.quirks).filter(([, on]) => !on);
  return {
    enabled,
    cpuReclaimThresholdPercent: koordinator.cpuReclaimThresholdPercent,
    memoryReclaimThresholdPercent: koordinator.memoryReclaimThresholdPercent,
    cpuCalculatePolicy: koordinator.cpuCalculatePolicy,
    memoryCalculatePolicy: koordinator.memoryCalculatePolicy,
    cpuSuppressThresholdPercent: koordinator.cpuSuppressThresholdPercent,
    cpuSuppressMinPercent: koordinator.cpuSuppressMinPercent,
    cpuSuppressPolicy: koordinator.cpuSuppressPolicy,
    memoryEvictThresholdPercent: koordinator.memoryEvictThresholdPercent,
    memoryEvictLowerPercent: koordinator.memoryEvictLowerPercent,
    memoryEvictCoolingMs: koordinator.memoryEvictCooling,
    cpuEvictSatisfactionLowerPercent: koordinator.cpuEvictSatisfactionLowerPercent,
    cpuEvictSatisfactionUpperPercent: koordinator.cpuEvictSatisfactionUpperPercent,
    cpuEvictUsageThresholdPercent: koordinator.cpuEvictUsageThresholdPercent,
    cpuEvictWindowMs: koordinator.cpuEvictWindow,
    cpuEvictCoolingMs: koordinator.cpuEvictCooling,
    ...(koordinator.cpuEvictPolicy === 'evictByAllocatable' ? { cpuEvictPolicy: 'evictByAllocatable' as const } : {}),
    loadAwareCpuThresholdPercent: koordinator.loadAwareCpuThresholdPercent,
    loadAwareMemoryThresholdPercent: koordinator.loadAwareMemoryThresholdPercent,
    loadAwareCpuEstimateFactor: koordinator.loadAwareCpuEstimateFactor,
    loadAwareMemoryEstimateFactor: koordinator.loadAwareMemoryEstimateFactor,
    reportMs: koordinator.report,
    aggregateMs: koordinator.aggregate,
    updateTimeThresholdMs: koordinator.updateTimeThreshold,
    resourceDiffThreshold: koordinator.resourceDiffThreshold,
    degradeMs: koordinator.degrade,
    ...(koordinator.loadAware === null ? {} : { loadAware: resolveLoadAware(koordinator, koordinator.loadAware) }),
    ...(koordinator.numaBatch ? {} : { numaBatch: false as const }),
    ...(quirksOff.length === 0 ? {} : { quirks: Object.fromEntries(quirksOff) as Partial<KoordinatorQuirks> }),
  };
}

function resolveLoadAware(koordinator: Koordinator, loadAware: NonNullable<Koordinator['loadAware']>): LoadAwarePlan {
  return {
    thresholds: resolveThresholds({
      ...loadAware,
      cpuPercent: koordinator.loadAwareCpuThresholdPercent,
      memoryPercent: koordinator.loadAwareMemoryThresholdPercent,
    }),
    filterExpiredNodeMetrics: loadAware.filterExpiredNodeMetrics,
    enableScheduleWhenNodeMetricsExpired: loadAware.enableScheduleWhenNodeMetricsExpired,
    nodeMetricExpirationMs: loadAware.nodeMetricExpiration,
    prodUsageIncludeSys: loadAware.prodUsageIncludeSys,
    scoreAccordingProdUsage: loadAware.scoreAccordingProdUsage,
    scoreAggregatedType: loadAware.scoreAggregatedType ?? '',
    scoreAggregatedDurationMs: loadAware.scoreAggregatedDuration,
    cpuWeight: loadAware.cpuWeight,
    memoryWeight: loadAware.memoryWeight,
    dominantResourceWeight: loadAware.dominantResourceWeight,
    aggregateDurationsMs: [...loadAware.aggregateDurations],
    allowCustomizeEstimation: loadAware.allowCustomizeEstimation,
    estimatedAfterScheduledMs: loadAware.estimatedAfterScheduled,
  };
}

/** Thresholds of a group of hosts. */
export function resolveThresholds(thresholds: Thresholds): LoadThresholdsPlan {
  return {
    cpuPercent: thresholds.cpuPercent,
    memoryPercent: thresholds.memoryPercent,
    prodCpuPercent: thresholds.prodCpuPercent,
    prodMemoryPercent: thresholds.prodMemoryPercent,
    aggregatedCpuPercent: thresholds.aggregatedCpuPercent,
    aggregatedMemoryPercent: thresholds.aggregatedMemoryPercent,
    aggregatedType: thresholds.aggregatedType ?? '',
    aggregatedDurationMs: thresholds.aggregatedDuration,
  };
}

type Kubernetes = Exclude<Scenario['controlPlane'], { kind: 'mesos' | 'batch' }>;

/** Arguments of the quota plugin that differ from production's, or nothing. */
export function resolveQuotaPlugin(plugin: Kubernetes['quotaPlugin']): Pick<KubernetesPlan, 'quotaPlugin'> {
  const { enableRuntimeQuota, enableMinQuotaScale, enableCheckParentQuota, delayEvictTime } = plugin;
  if (enableRuntimeQuota && enableMinQuotaScale && !enableCheckParentQuota && delayEvictTime === 120_000) return {};
  return {
    quotaPlugin: { enableRuntimeQuota, enableMinQuotaScale, enableCheckParentQuota, delayEvictMs: delayEvictTime },
  };
}

/** The reservations of a control plane, or nothing. */
export function resolveReservations(
  controlPlane: Kubernetes,
): Pick<KubernetesPlan, 'reservations' | 'reservationWeight'> {
  const named = Object.entries(controlPlane.reservations);
  if (named.length === 0) return {};
  return {
    reservationWeight: controlPlane.reservationWeight,
    reservations: named.map(([name, one]) => ({
      name,
      count: one.count,
      milliCpu: one.cpu,
      memMib: one.memory,
      services: [...one.services],
      ...(one.populations.length === 0 ? {} : { populations: [...one.populations] }),
      ...(one.gpu === undefined ? {} : { gpu: gpuRequestOf(one.gpu) }),
      ...(one.qos === 'LS' ? {} : { cpuset: { qos: one.qos, spread: one.cpuBindPolicy === 'spread-by-pcpus' } }),
      allocateOnce: one.allocateOnce,
      allocatePolicy: one.allocatePolicy,
      order: one.order,
      atMs: one.at,
      ttlMs: one.ttl,
    })),
  };
}

/** A pod's own estimate, or nothing. */
export function resolveEstimate(estimate: Estimate | null): { readonly loadEstimate?: LoadEstimatePlan } {
  if (estimate === null) return {};
  const { cpuFactor, memoryFactor, afterScheduled } = estimate;
  return { loadEstimate: { cpuFactor, memoryFactor, afterScheduledMs: afterScheduled } };
}

/** The gangs of a population, or nothing. */
export function resolveGang(gang: Scenario['bestEffort']['populations'][string]['gang']): { readonly gang?: GangPlan } {
  if (gang === null) return {};
  const { size, minMember, group, mode, matchPolicy, waitTime } = gang;
  const together = group === null ? {} : { group };
  return { gang: { size, minMember, ...together, strict: mode === 'strict', matchPolicy, waitMs: waitTime } };
}

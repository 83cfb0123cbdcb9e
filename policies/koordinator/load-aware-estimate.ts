/**
 * What a pod will use and what a node already carries, as LoadAware scheduling estimates them.
 *
 * Reported usage is minutes old, so pods placed since the last report are counted by an estimate of their request. The
 * estimate is made once a pod; the sums are made once a node report and then only corrected by added and removed pods.
 */

import { roundHalfAway } from '../base/int-math.ts';
import type { PriorityClass } from './priority-class.ts';
import { type KoordinatorQuirks, PRODUCTION_QUIRKS } from './quirks.ts';

/** CPU and memory side by side: the two resources that LoadAware looks at by default. */
export interface CpuAndMemory {
  readonly milliCpu: number;
  readonly memBytes: number;
}

/** The quirks of production that estimates follow: K13 and K14. */
export type LoadAwareQuirks = Pick<KoordinatorQuirks, 'loadAwareEstimateZero' | 'loadAwareFallsBackToEstimates'>;

/** Estimate of a pod that states neither request nor limit. */
export const DEFAULT_POD_ESTIMATE: CpuAndMemory = { milliCpu: 250, memBytes: 209_715_200 };

/** Share of a request that pods use on average, in percent. */
export const DEFAULT_SCALING_FACTORS_PERCENT = { cpuPercent: 85, memPercent: 70 } as const;

/**
 * Estimated usage of one resource of one pod.
 *
 *   q = max(limit, request) ; q == 0 -> the default (zero for mid) ; free -> 0   (zeros: quirk K13)
 *   e = round(q x factor / 100) ; limit > 0 -> min(e, limit)
 *
 * Units: any integer unit, the same for all quantities. Rounding: half away from zero.
 * Source: Koordinator scheduler, loadaware default estimator.
 */
export function estimatePodResource(
  requested: number,
  limit: number,
  priorityClass: PriorityClass,
  factorPercent: number,
  unstatedDefault: number,
  quirks: LoadAwareQuirks,
): number {
  if (priorityClass === 'koord-free' && quirks.loadAwareEstimateZero) return 0;
  const stated = limit > requested ? limit : requested;
  if (stated === 0) return priorityClass === 'koord-mid' && quirks.loadAwareEstimateZero ? 0 : unstatedDefault;
  const estimate = roundHalfAway((stated * factorPercent) / 100);
  return limit > 0 && estimate > limit ? limit : estimate;
}

/** What the estimate of a pod is made of; requests and limits stand in the tier of the pod's class. */
export interface PodDemand {
  readonly priorityClass: PriorityClass;
  readonly request: CpuAndMemory;
  readonly limit: CpuAndMemory;
}

/** Estimated CPU and memory of one pod; see estimatePodResource. */
export function estimatePod(
  pod: PodDemand,
  cpuFactorPercent: number = DEFAULT_SCALING_FACTORS_PERCENT.cpuPercent,
  memFactorPercent: number = DEFAULT_SCALING_FACTORS_PERCENT.memPercent,
  quirks: LoadAwareQuirks = PRODUCTION_QUIRKS,
): CpuAndMemory {
  const { request, limit, priorityClass } = pod;
  return {
    milliCpu: estimatePodResource(
      request.milliCpu,
      limit.milliCpu,
      priorityClass,
      cpuFactorPercent,
      DEFAULT_POD_ESTIMATE.milliCpu,
      quirks,
    ),
    memBytes: estimatePodResource(
      request.memBytes,
      limit.memBytes,
      priorityClass,
      memFactorPercent,
      DEFAULT_POD_ESTIMATE.memBytes,
      quirks,
    ),
  };
}

/** One pod on the node, placed or just reserved. */
export interface AssignedPod {
  readonly estimate: CpuAndMemory;
  readonly isProd: boolean;
  /** When the pod was bound; the moment it was cached when that is unknown. */
  readonly scheduledAtMs: number;
  /** Until when the estimate is preferred over reports, if the pod asks for that. */
  readonly estimateUntilMs?: number;
  /** Usage in the node's last report; absent when the report does not name the pod. */
  readonly reportedUsage?: CpuAndMemory;
  /** Whether that report calls the pod prod. */
  readonly reportedAsProd?: boolean;
}

/** Sums over the pods of one node; `delta` is what estimates add to reported usage. */
export interface AssignedSums {
  readonly nodeDelta: CpuAndMemory;
  readonly nodeEstimated: CpuAndMemory;
  readonly prodUsage: CpuAndMemory;
  readonly prodDelta: CpuAndMemory;
}

/**
 * Sums what the pods of a node add to its last report.
 *
 *   should = no report of the pod, or reportedAt - interval < scheduledAt, or estimateUntil > reportedAt
 *   nodeDelta += should ? max(0, estimate - usage) : 0 ;   nodeEstimated += estimate
 *   prodUsage += usage where pod and report both say prod
 *   prodDelta += whole estimate where only the pod says prod, else as nodeDelta (prod pods only)
 *
 * Source: Koordinator scheduler, loadaware pod assign cache.
 */
export function sumAssignedPods(
  pods: readonly AssignedPod[],
  reportedAtMs: number,
  reportIntervalMs: number,
): AssignedSums {
  let [nodeDeltaCpu, nodeDeltaMem, estimatedCpu, estimatedMem] = [0, 0, 0, 0];
  let [prodUsageCpu, prodUsageMem, prodDeltaCpu, prodDeltaMem] = [0, 0, 0, 0];
  for (const pod of pods) {
    const { estimate, reportedUsage: usage } = pod;
    const countsAsProd = pod.isProd && pod.reportedAsProd === true;
    if (countsAsProd && usage !== undefined) {
      prodUsageCpu += usage.milliCpu;
      prodUsageMem += usage.memBytes;
    }
    const asksForEstimate = pod.estimateUntilMs !== undefined && pod.estimateUntilMs > reportedAtMs;
    const isTooNew = reportedAtMs - reportIntervalMs < pod.scheduledAtMs;
    const should = usage === undefined || isTooNew || asksForEstimate;
    const deltaCpu = should ? Math.max(0, estimate.milliCpu - (usage?.milliCpu ?? 0)) : 0;
    const deltaMem = should ? Math.max(0, estimate.memBytes - (usage?.memBytes ?? 0)) : 0;
    nodeDeltaCpu += deltaCpu;
    nodeDeltaMem += deltaMem;
    estimatedCpu += estimate.milliCpu;
    estimatedMem += estimate.memBytes;
    if (!pod.isProd) continue;
    const isMisreported = !countsAsProd && usage !== undefined;
    prodDeltaCpu += isMisreported ? estimate.milliCpu : deltaCpu;
    prodDeltaMem += isMisreported ? estimate.memBytes : deltaMem;
  }
  return {
    nodeDelta: { milliCpu: nodeDeltaCpu, memBytes: nodeDeltaMem },
    nodeEstimated: { milliCpu: estimatedCpu, memBytes: estimatedMem },
    prodUsage: { milliCpu: prodUsageCpu, memBytes: prodUsageMem },
    prodDelta: { milliCpu: prodDeltaCpu, memBytes: prodDeltaMem },
  };
}

/**
 * Koordinator's LoadAware plugin for one node and one pod: which thresholds count, which usage they are held against, and
 * what happens without a fresh report.
 */

import {
  DEFAULT_LOAD_AWARE_WEIGHTS,
  type LoadAwareWeights,
  loadAwareRefuses,
  loadAwareScoreOne,
} from './load-aware.ts';
import type { AssignedSums, CpuAndMemory, LoadAwareQuirks } from './load-aware-estimate.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';

/** Thresholds of one group; 0 or absent means the resource is not looked at. */
export interface UsageThresholds {
  readonly cpuPercent?: number;
  readonly memPercent?: number;
}

/** Which aggregated usage counts; without a duration the longest reported window does. */
export interface AggregationChoice {
  readonly type: string;
  readonly durationMs: number;
}

/** Thresholds on an aggregated usage. */
export interface AggregatedThresholds extends AggregationChoice {
  readonly thresholds: UsageThresholds;
}

/** Three groups of thresholds; the same shape configures the plugin and, on a node, replaces groups of it. */
export interface ThresholdProfile {
  readonly usage?: UsageThresholds;
  readonly prodUsage?: UsageThresholds;
  readonly aggregated?: AggregatedThresholds;
}

/** Production's thresholds where none are configured. */
export const DEFAULT_USAGE_THRESHOLDS: UsageThresholds = { cpuPercent: 65, memPercent: 95 };

/** One aggregated usage of a node report. */
export interface AggregatedUsage extends AggregationChoice {
  readonly usage: CpuAndMemory;
}

/** The last report of a node; `nodeUsage` is absent while the report has no body. */
export interface NodeReport {
  /** Absent when the report never carried a time: such a report counts as expired. */
  readonly reportedAtMs?: number;
  readonly nodeUsage?: CpuAndMemory;
  readonly systemUsage?: CpuAndMemory;
  readonly aggregatedUsages: readonly AggregatedUsage[];
  readonly assigned: AssignedSums;
}

/** How old a report may be; 0 or less never expires. Production: 180 s. */
export function isReportExpired(report: NodeReport, nowMs: number, expirationMs: number): boolean {
  if (report.reportedAtMs === undefined) return true;
  return expirationMs > 0 && nowMs - report.reportedAtMs >= expirationMs;
}

const hasThresholds = (t: UsageThresholds | undefined): boolean =>
  t !== undefined && (t.cpuPercent !== undefined || t.memPercent !== undefined);

const isAggregating = (a: AggregatedThresholds | undefined): boolean =>
  a !== undefined && a.type !== '' && hasThresholds(a.thresholds);

/** Lays a node's own thresholds over those of the plugin: a group counts when it names a resource. */
export function mergeThresholds(plugin: ThresholdProfile, node: ThresholdProfile | undefined): ThresholdProfile {
  const usage = hasThresholds(node?.usage) ? node?.usage : plugin.usage;
  const prodUsage = hasThresholds(node?.prodUsage) ? node?.prodUsage : plugin.prodUsage;
  const own = isAggregating(node?.aggregated) ? node?.aggregated : undefined;
  const aggregated = own ?? (isAggregating(plugin.aggregated) ? plugin.aggregated : undefined);
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(prodUsage === undefined ? {} : { prodUsage }),
    ...(aggregated === undefined ? {} : { aggregated }),
  };
}

/** How the whole-node or prod usage of a host is read. */
export interface UsagePath {
  readonly prod: boolean;
  readonly aggregation?: AggregationChoice;
  readonly prodUsageIncludesSystem: boolean;
}

const NOTHING: CpuAndMemory = { milliCpu: 0, memBytes: 0 };

function addPair(a: CpuAndMemory, b: CpuAndMemory): CpuAndMemory {
  return { milliCpu: a.milliCpu + b.milliCpu, memBytes: a.memBytes + b.memBytes };
}

function aggregatedUsage(report: NodeReport, choice: AggregationChoice): CpuAndMemory | undefined {
  let best: AggregatedUsage | undefined;
  for (const entry of report.aggregatedUsages) {
    if (entry.type !== choice.type) continue;
    if (choice.durationMs === 0) {
      if (entry.durationMs > (best?.durationMs ?? 0)) best = entry;
    } else if (entry.durationMs === choice.durationMs) best = entry;
  }
  return best?.usage ?? (choice.durationMs === 0 ? report.nodeUsage : undefined);
}

/**
 * Usage of a node before the incoming pod is added.
 *
 *   prod        prodUsage (+ system) + prodDelta
 *   aggregated  usage of that type and window + nodeDelta ; no such window -> estimates of all pods (quirk K14)
 *   plain       node usage + nodeDelta
 */
export function estimateNodeUsed(report: NodeReport, path: UsagePath, quirks: LoadAwareQuirks): CpuAndMemory {
  const { assigned } = report;
  if (path.prod) {
    const system = path.prodUsageIncludesSystem ? (report.systemUsage ?? NOTHING) : NOTHING;
    return addPair(addPair(assigned.prodUsage, system), assigned.prodDelta);
  }
  const nodeUsage = report.nodeUsage ?? NOTHING;
  if (path.aggregation === undefined) return addPair(nodeUsage, assigned.nodeDelta);
  const measured = aggregatedUsage(report, path.aggregation);
  if (measured !== undefined) return addPair(measured, assigned.nodeDelta);
  return quirks.loadAwareFallsBackToEstimates ? assigned.nodeEstimated : addPair(nodeUsage, assigned.nodeDelta);
}

/** The pod to be placed. */
export interface IncomingPod {
  readonly isProd: boolean;
  readonly isDaemonSet: boolean;
  readonly estimate: CpuAndMemory;
}

/** Configuration of the plugin. */
export interface LoadAwareConfig {
  readonly thresholds: ThresholdProfile;
  readonly filterExpiredReports: boolean;
  readonly scheduleOnExpiredReports: boolean;
  readonly reportExpirationMs: number;
  readonly prodUsageIncludesSystem: boolean;
  readonly scoreByProdUsage: boolean;
  readonly scoreAggregation?: AggregationChoice;
  readonly weights: LoadAwareWeights;
  readonly quirks: LoadAwareQuirks;
}

/** Production's configuration where nothing is configured. */
export const DEFAULT_LOAD_AWARE_CONFIG: LoadAwareConfig = {
  thresholds: { usage: DEFAULT_USAGE_THRESHOLDS },
  filterExpiredReports: true,
  scheduleOnExpiredReports: false,
  reportExpirationMs: 180_000,
  prodUsageIncludesSystem: false,
  scoreByProdUsage: false,
  weights: DEFAULT_LOAD_AWARE_WEIGHTS,
  quirks: PRODUCTION_QUIRKS,
};

/** Verdict of the filter; `estimatedUsed` is present when usage was looked at. */
export interface LoadFilterResult {
  readonly schedulable: boolean;
  readonly reason?: string;
  readonly estimatedUsed?: CpuAndMemory;
}

/**
 * Decides whether a pod may go to a node.
 *
 * Order: daemon set passes; thresholds of the node's profile (prod, else aggregated, else whole node), all zero pass; no
 * report passes; an expired report refuses or passes as configured; an empty report passes; then every resource.
 * Source: Koordinator scheduler, loadaware Filter.
 */
export function filterByLoad(
  allocatable: CpuAndMemory,
  nodeThresholds: ThresholdProfile | undefined,
  report: NodeReport | undefined,
  pod: IncomingPod,
  config: LoadAwareConfig,
  nowMs: number,
): LoadFilterResult {
  const pass: LoadFilterResult = { schedulable: true };
  if (pod.isDaemonSet) return pass;
  const profile = mergeThresholds(config.thresholds, nodeThresholds);
  const prod = pod.isProd && hasThresholds(profile.prodUsage);
  const aggregated = prod ? undefined : profile.aggregated;
  const thresholds = (prod ? profile.prodUsage : (aggregated?.thresholds ?? profile.usage)) ?? {};
  const { cpuPercent = 0, memPercent = 0 } = thresholds;
  if ((cpuPercent === 0 && memPercent === 0) || report === undefined) return pass;
  if (config.filterExpiredReports && isReportExpired(report, nowMs, config.reportExpirationMs))
    return config.scheduleOnExpiredReports ? pass : { schedulable: false, reason: 'expired' };
  if (report.nodeUsage === undefined) return pass;

  const path: UsagePath = {
    prod,
    prodUsageIncludesSystem: config.prodUsageIncludesSystem,
    ...(aggregated === undefined ? {} : { aggregation: aggregated }),
  };
  const estimatedUsed = addPair(estimateNodeUsed(report, path, config.quirks), pod.estimate);
  const reason = aggregated === undefined ? 'usage-exceeds-threshold' : 'aggregated-usage-exceeds-threshold';
  if (loadAwareRefuses(estimatedUsed.milliCpu, allocatable.milliCpu, cpuPercent))
    return { schedulable: false, reason: `${reason}:cpu`, estimatedUsed };
  if (loadAwareRefuses(estimatedUsed.memBytes, allocatable.memBytes, memPercent))
    return { schedulable: false, reason: `${reason}:memory`, estimatedUsed };
  return { schedulable: true, estimatedUsed };
}

/** Score of a node for a pod, 0..100; 0 without a valid report. Source: Koordinator scheduler, loadaware Score. */
export function scoreByLoad(
  allocatable: CpuAndMemory,
  report: NodeReport | undefined,
  pod: IncomingPod,
  config: LoadAwareConfig,
  nowMs: number,
): number {
  if (report === undefined || isReportExpired(report, nowMs, config.reportExpirationMs)) return 0;
  if (report.nodeUsage === undefined) return 0;
  const prod = pod.isProd && config.scoreByProdUsage;
  const path: UsagePath = {
    prod,
    prodUsageIncludesSystem: config.prodUsageIncludesSystem,
    ...(config.scoreAggregation === undefined || config.scoreAggregation.type === ''
      ? {}
      : { aggregation: config.scoreAggregation }),
  };
  const used = addPair(estimateNodeUsed(report, path, config.quirks), pod.estimate);
  const { cpuWeight, memWeight, dominantWeight } = config.weights;
  return loadAwareScoreOne(
    used.milliCpu,
    allocatable.milliCpu,
    used.memBytes,
    allocatable.memBytes,
    cpuWeight,
    memWeight,
    dominantWeight,
  );
}

/** Translates LoadAware vectors (filter, score, estimate-pod) into policy calls and compares. */

import { firstDifference } from '../conformance.ts';
import {
  type AssignedPod,
  type CpuAndMemory,
  DEFAULT_SCALING_FACTORS_PERCENT,
  estimatePod,
  type PodDemand,
  sumAssignedPods,
} from './load-aware-estimate.ts';
import {
  DEFAULT_USAGE_THRESHOLDS,
  filterByLoad,
  type IncomingPod,
  type LoadAwareConfig,
  type NodeReport,
  scoreByLoad,
  type ThresholdProfile,
  type UsageThresholds,
} from './load-aware-plugin.ts';
import { type KubernetesQos, priorityClassWithDefault } from './priority-class.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';
import { booleanOr, list, numberOr, optionalNumber, record, textOr, unreadExpectation } from './vector-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The moment of the case; ages count back from it. */
const NOW_MS = 1_000_000_000;

function pair(value: unknown): CpuAndMemory {
  const fields = record(value);
  return { milliCpu: numberOr(fields.milliCPU, 0), memBytes: numberOr(fields.memoryBytes, 0) };
}

function kubernetesQosOf(stated: string, request: CpuAndMemory, limit: CpuAndMemory): KubernetesQos {
  if (stated === 'Guaranteed' || stated === 'Burstable' || stated === 'BestEffort') return stated;
  if (request.milliCpu + request.memBytes + limit.milliCpu + limit.memBytes === 0) return 'BestEffort';
  const isGuaranteed =
    limit.milliCpu > 0 &&
    limit.memBytes > 0 &&
    (request.milliCpu || limit.milliCpu) === limit.milliCpu &&
    (request.memBytes || limit.memBytes) === limit.memBytes;
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

function demandOf(pod: Fields): PodDemand {
  const [request, limit] = [pair(pod.request), pair(pod.limit)];
  const priorityClass = priorityClassWithDefault({
    priorityClassLabel: textOr(pod.priorityClass, '') || undefined,
    priorityValue: optionalNumber(pod.priorityValue),
    qosLabel: textOr(pod.qosClass ?? pod.qosLabel, '') || undefined,
    kubernetesQos: kubernetesQosOf(textOr(pod.kubernetesQoS, ''), request, limit),
  });
  return { priorityClass, request, limit };
}

function estimateOf(pod: Fields, args: Fields): CpuAndMemory {
  const isCustom = booleanOr(args.allowCustomizeEstimation, false);
  const own = record(isCustom ? pod.customEstimatedScalingFactors : undefined);
  const factors = { ...DEFAULT_SCALING_FACTORS_PERCENT, ...record(args.estimatedScalingFactors) } as Fields;
  return estimatePod(
    demandOf(pod),
    numberOr(own.cpuPercent, numberOr(factors.cpuPercent, DEFAULT_SCALING_FACTORS_PERCENT.cpuPercent)),
    numberOr(own.memoryPercent, numberOr(factors.memoryPercent, DEFAULT_SCALING_FACTORS_PERCENT.memPercent)),
  );
}

function thresholdsOf(value: unknown): UsageThresholds {
  const fields = record(value);
  const [cpuPercent, memPercent] = [optionalNumber(fields.cpuPercent), optionalNumber(fields.memoryPercent)];
  return {
    ...(cpuPercent === undefined ? {} : { cpuPercent }),
    ...(memPercent === undefined ? {} : { memPercent }),
  };
}

function profileOf(value: unknown): ThresholdProfile {
  const fields = record(value);
  const aggregated = record(fields.aggregated);
  return {
    usage: thresholdsOf(fields.usageThresholds),
    prodUsage: thresholdsOf(fields.prodUsageThresholds),
    aggregated: {
      type: textOr(aggregated.aggregationType, ''),
      durationMs: numberOr(aggregated.aggregatedDurationSeconds, 0) * 1000,
      thresholds: thresholdsOf(aggregated.usageThresholds),
    },
  };
}

/** Thresholds of the plugin; a missing or empty group of the whole node has upstream's defaults. */
function pluginThresholds(args: Fields): ThresholdProfile {
  const profile = profileOf(args);
  const isUnset = Object.keys(record(args.usageThresholds)).length === 0;
  return isUnset ? { ...profile, usage: DEFAULT_USAGE_THRESHOLDS } : profile;
}

function configOf(args: Fields): LoadAwareConfig {
  const weights = record(args.resourceWeights);
  const scoreAggregated = record(args.scoreAggregated);
  const dominantWeight = numberOr(args.dominantResourceWeight, 0);
  const isWeighted = Object.keys(weights).length > 0 || dominantWeight !== 0;
  return {
    thresholds: pluginThresholds(args),
    filterExpiredReports: booleanOr(args.filterExpiredNodeMetrics, true),
    scheduleOnExpiredReports: booleanOr(args.enableScheduleWhenNodeMetricsExpired, false),
    reportExpirationMs: numberOr(args.nodeMetricExpirationSeconds, 180) * 1000,
    prodUsageIncludesSystem: booleanOr(args.prodUsageIncludeSys, false),
    scoreByProdUsage: booleanOr(args.scoreAccordingProdUsage, false),
    scoreAggregation: {
      type: textOr(scoreAggregated.aggregationType, ''),
      durationMs: numberOr(scoreAggregated.aggregatedDurationSeconds, 0) * 1000,
    },
    weights: {
      cpuWeight: numberOr(weights.cpu, isWeighted ? 0 : 1),
      memWeight: numberOr(weights.memory, isWeighted ? 0 : 1),
      dominantWeight,
    },
    quirks: PRODUCTION_QUIRKS,
  };
}

function reportOf(input: Fields, args: Fields): NodeReport | undefined {
  if (input.nodeMetric === null || input.nodeMetric === undefined) return undefined;
  const metric = record(input.nodeMetric);
  const ageSeconds = metric.ageSeconds === undefined ? 0 : optionalNumber(metric.ageSeconds);
  const reportedAtMs = ageSeconds === undefined ? undefined : NOW_MS - ageSeconds * 1000;
  const usageByPod = new Map(list(metric.podMetrics).map((entry) => [textOr(entry.name, ''), entry]));
  const estimateSeconds = optionalNumber(args.estimatedSecondsAfterPodScheduled);
  const pods = list(input.assignedPods).map((pod): AssignedPod => {
    const entry = usageByPod.get(textOr(pod.name, ''));
    const hasUsage = typeof (entry?.usageMilliCPU ?? entry?.usageMemoryBytes) === 'number';
    const scheduledAtMs = NOW_MS - numberOr(pod.secondsSinceScheduled, 0) * 1000;
    return {
      estimate: estimateOf(pod, args),
      isProd: demandOf(pod).priorityClass === 'koord-prod',
      scheduledAtMs,
      ...(estimateSeconds === undefined || estimateSeconds <= 0
        ? {}
        : { estimateUntilMs: scheduledAtMs + estimateSeconds * 1000 }),
      ...(hasUsage
        ? { reportedUsage: pair({ milliCPU: entry?.usageMilliCPU, memoryBytes: entry?.usageMemoryBytes }) }
        : {}),
      reportedAsProd: entry?.reportedPriorityClass === 'koord-prod',
    };
  });
  const hasBody = metric.nodeUsage !== null && metric.nodeUsage !== undefined;
  return {
    ...(reportedAtMs === undefined ? {} : { reportedAtMs }),
    ...(hasBody ? { nodeUsage: pair(metric.nodeUsage) } : {}),
    systemUsage: pair(metric.systemUsage),
    aggregatedUsages: list(metric.aggregatedUsages).map((entry) => ({
      type: textOr(entry.type, ''),
      durationMs: numberOr(entry.durationSeconds, 0) * 1000,
      usage: pair(entry),
    })),
    assigned: sumAssignedPods(pods, reportedAtMs ?? 0, numberOr(metric.reportIntervalSeconds, 60) * 1000),
  };
}

function allocatableOf(node: Fields): CpuAndMemory {
  return pair({
    milliCPU: node.rawAllocatableMilliCPU ?? node.allocatableMilliCPU,
    memoryBytes: node.rawAllocatableMemoryBytes ?? node.allocatableMemoryBytes,
  });
}

function incomingPod(pod: Fields, args: Fields): IncomingPod {
  return {
    isProd: demandOf(pod).priorityClass === 'koord-prod',
    isDaemonSet: booleanOr(pod.ownedByDaemonSet, false),
    estimate: estimateOf(pod, args),
  };
}

export function checkLoadFilter(input: Fields, expected: Fields): string {
  const args = record(input.args);
  const custom = input.nodeCustomThresholds;
  const result = filterByLoad(
    allocatableOf(record(input.node)),
    custom === null || custom === undefined ? undefined : profileOf(custom),
    reportOf(input, args),
    incomingPod(record(input.pod), args),
    configOf(args),
    NOW_MS,
  );
  const got: Record<string, unknown> = { schedulable: result.schedulable };
  if ('reason' in expected) got.reason = result.reason ?? null;
  if ('estimatedUsage' in expected && result.estimatedUsed !== undefined)
    got.estimatedUsage = [result.estimatedUsed.milliCpu, result.estimatedUsed.memBytes];
  return firstDifference(expected, got);
}

export function checkLoadScore(input: Fields, expected: Fields): string {
  const args = record(input.args);
  const score = scoreByLoad(
    allocatableOf(record(input.node)),
    reportOf(input, args),
    incomingPod(record(input.pod), args),
    configOf(args),
    NOW_MS,
  );
  return unreadExpectation(expected, ['score']) || firstDifference(expected, { score });
}

export function checkEstimate(input: Fields, expected: Fields): string {
  const estimate = estimateOf(record(input.pod), input);
  return firstDifference(expected, {
    estimatedMilliCPU: estimate.milliCpu,
    estimatedMemoryBytes: estimate.memBytes,
  });
}

/** Case files of the control plane's side: batch and mid resources, prediction, classes, YARN. No policy logic. */
import type { ConformanceAdapter } from '../conformance.ts';
import type { BatchMetrics, BatchPod, BatchStrategy, HostAppMetric } from './batch-resource.ts';
import { batchResource } from './batch-resource.ts';
import { batchResourceOfZones, divideUp, wholeUnits, zoneShares } from './batch-resource-numa.ts';
import { beCgroup } from './be-cgroup.ts';
import { caseFile } from './conformance-case.ts';
import type { Json } from './conformance-json.ts';
import {
  flagAt,
  given,
  numberAt,
  numbersAt,
  objectAt,
  objectsAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalTextAt,
  textAt,
} from './conformance-json.ts';
import { normalizedBatchCpu } from './cpu-normalization.ts';
import { addSample, createHistogram, exponentialBuckets, findBucket, linearBuckets, percentile } from './histogram.ts';
import type { MidMetrics, MidStrategy } from './mid-resource.ts';
import { midResource } from './mid-resource.ts';
import type { NodeSize } from './node-reserved.ts';
import type { PeakPrediction, PredictedPod } from './peak-predictor.ts';
import { prodReclaimable } from './peak-predictor.ts';
import type { KubernetesQos, PodClassFields } from './priority-class.ts';
import { priorityClassByName, priorityClassWithDefault, rawPriorityClass } from './priority-class.ts';
import type { CpuMem } from './resources.ts';
import { afterThirdParties, degradeNeeded, milliChanged, syncNeeded } from './write-gate.ts';
import { batchSource, yarnNodeResource, yarnUsedAsBatch } from './yarn-copilot.ts';

function cpuMemAt(from: Json, prefix: string): CpuMem {
  return { milliCpu: numberAt(from, `${prefix}MilliCPU`), memBytes: numberAt(from, `${prefix}MemoryBytes`) };
}

function optionalCpuMemAt(from: Json, prefix: string): CpuMem | undefined {
  const milliCpu = optionalNumberAt(from, `${prefix}MilliCPU`);
  const memBytes = optionalNumberAt(from, `${prefix}MemoryBytes`);
  return milliCpu === undefined || memBytes === undefined ? undefined : { milliCpu, memBytes };
}

function classFields(from: Json): PodClassFields {
  const label = optionalTextAt(from, 'priorityClassLabel') ?? optionalTextAt(from, 'priorityClass');
  return {
    priorityClassLabel: label,
    priorityValue: optionalNumberAt(from, 'priorityValue'),
    qosLabel: optionalTextAt(from, 'qosLabel'),
    kubernetesQos: textAt(from, 'kubernetesQoS', 'BestEffort') as KubernetesQos,
  };
}

function podOf(pod: Json): BatchPod {
  return {
    ...classFields(pod),
    name: textAt(pod, 'name'),
    phase: textAt(pod, 'phase', 'Running'),
    request: cpuMemAt(pod, 'request'),
    ...given('numaNodes', pod.numaNodes === undefined ? undefined : numbersAt(pod, 'numaNodes')),
  };
}

function nodeOf(node: Json): NodeSize {
  const annotation = objectAt(node, 'annotationReservation');
  const capacity = cpuMemAt(node, 'capacity');
  return {
    capacity,
    allocatable: {
      milliCpu: numberAt(node, 'allocatableMilliCPU', capacity.milliCpu),
      memBytes: numberAt(node, 'allocatableMemoryBytes', capacity.memBytes),
    },
    reservation: {
      ...given('milliCpu', optionalNumberAt(annotation, 'milliCPU')),
      ...given('memBytes', optionalNumberAt(annotation, 'memoryBytes')),
      ...given('reservedCpus', optionalTextAt(annotation, 'reservedCPUs')),
    },
  };
}

function hostAppsOf(metrics: Json): HostAppMetric[] {
  return objectsAt(metrics, 'hostApplicationMetrics').map((app) => ({
    priorityClass: priorityClassByName(textAt(app, 'priorityClass')),
    usage: cpuMemAt(app, 'usage'),
  }));
}

/** Metrics that say nothing of their age are fresh; an age of null, and no metrics at all, are stale. */
function isStale(metrics: Json | undefined, strategy: Json): boolean {
  const never = metrics === undefined || metrics.ageSeconds === null;
  const updatedAtMs = never ? undefined : -numberAt(metrics, 'ageSeconds') * 1000;
  return degradeNeeded(updatedAtMs, 0, numberAt(strategy, 'degradeTimeMinutes', 15));
}

function batchAllocatableCase(input: Json): Json {
  const settings = objectAt(input, 'strategy');
  const metricsJson = optionalObjectAt(input, 'metrics');
  if (metricsJson === undefined || isStale(metricsJson, settings))
    return { reset: true, batchMilliCPU: null, batchMemoryBytes: null, zones: [] };
  const strategy: BatchStrategy = {
    cpuReclaimThresholdPercent: numberAt(settings, 'cpuReclaimThresholdPercent', 60),
    memoryReclaimThresholdPercent: numberAt(settings, 'memoryReclaimThresholdPercent', 65),
    ...given('cpuCalculatePolicy', optionalTextAt(settings, 'cpuCalculatePolicy')),
    ...given('memoryCalculatePolicy', optionalTextAt(settings, 'memoryCalculatePolicy')),
    ...given('batchCpuThresholdPercent', optionalNumberAt(settings, 'batchCPUThresholdPercent')),
    ...given('batchMemoryThresholdPercent', optionalNumberAt(settings, 'batchMemoryThresholdPercent')),
  };
  const metrics: BatchMetrics = {
    systemUsage: cpuMemAt(metricsJson, 'systemUsage'),
    hostApps: hostAppsOf(metricsJson),
    pods: objectsAt(metricsJson, 'podMetrics').map((metric) => ({
      name: textAt(metric, 'name'),
      usage: cpuMemAt(metric, 'usage'),
      priorityClass: priorityClassByName(textAt(metric, 'metricPriorityClass')),
    })),
  };
  const nodeJson = objectAt(input, 'node');
  const [node, pods] = [nodeOf(nodeJson), objectsAt(input, 'pods').map(podOf)];
  const batch = batchResource(strategy, node, pods, metrics);
  const zones = objectsAt(nodeJson, 'numaZones');
  const sizes = zones.map((zone) => optionalCpuMemAt(zone, 'allocatable'));
  const complete = sizes.filter((size) => size !== undefined);
  const ofZones = complete.length < zones.length ? [] : batchResourceOfZones(strategy, node, complete, pods, metrics);
  return {
    reset: false,
    batchMilliCPU: batch.milliCpu,
    batchMemoryBytes: batch.memBytes,
    zones: ofZones.map((amount, i) => ({
      name: textAt(zones[i], 'name'),
      batchMilliCPU: amount.milliCpu,
      batchMemoryBytes: amount.memBytes,
    })),
  };
}

function thirdPartyCase(input: Json): Json {
  const origin = optionalCpuMemAt(input, 'originBatch');
  if (flagAt(input, 'reset', false) || origin === undefined)
    return {
      nodeBatchMilliCPU: null,
      nodeBatchMemoryBytes: null,
      annotatedOriginBatchMilliCPU: 0,
      annotatedOriginBatchMemoryBytes: 0,
    };
  const left = afterThirdParties(
    origin,
    objectsAt(input, 'thirdPartyAllocations').map((allocation) => ({
      priorityClass: priorityClassByName(textAt(allocation, 'priorityClass')),
      resources: cpuMemAt(allocation, 'batch'),
    })),
  );
  return {
    nodeBatchMilliCPU: normalizedBatchCpu(left.milliCpu, numberAt(input, 'cpuNormalizationRatio', 1)),
    nodeBatchMemoryBytes: left.memBytes,
    annotatedOriginBatchMilliCPU: origin.milliCpu,
    annotatedOriginBatchMemoryBytes: origin.memBytes,
  };
}

/** The fixtures hold no case of this kind, so the names of its fields are read by what they mean. */
function normalizationCase(input: Json, expected: Json): Json {
  const find = (pattern: RegExp): number => {
    const key = Object.keys(input).find((name) => pattern.test(name));
    if (key === undefined) return Number.NaN;
    // The ratio stands in an annotation upstream, so a case may write it as text.
    return typeof input[key] === 'string' ? Number(input[key]) : numberAt(input, key, Number.NaN);
  };
  const amplified = normalizedBatchCpu(find(/batch.*cpu$/i), find(/ratio$/i));
  const memBytes = find(/memory/i);
  return Object.fromEntries(Object.keys(expected).map((key) => [key, /memory/i.test(key) ? memBytes : amplified]));
}

function podSplitCase(input: Json): Json {
  const zones = numberAt(input, 'numaNodeCount');
  const ids = numbersAt(input, 'allocatedNUMANodes');
  const requests = zoneShares(cpuMemAt(input, 'request'), zones, ids).map(wholeUnits);
  const usages = zoneShares(cpuMemAt(input, 'usage'), zones, ids).map(wholeUnits);
  return {
    zones: requests.map((request, i) => ({
      requestMilliCPU: request.milliCpu,
      requestMemoryBytes: request.memBytes,
      usageMilliCPU: usages[i].milliCpu,
      usageMemoryBytes: usages[i].memBytes,
    })),
  };
}

function needSyncCase(input: Json): Json {
  const names = [...new Set(Object.keys(input).flatMap((key) => (/^(old|new)[A-Z]/.test(key) ? [key.slice(3)] : [])))];
  const ageSeconds = optionalNumberAt(input, 'secondsSinceLastSync');
  const needSync = syncNeeded(
    names.map((name) => numberAt(input, `old${name}`, Number.NaN)),
    names.map((name) => numberAt(input, `new${name}`, Number.NaN)),
    ageSeconds === undefined ? undefined : -ageSeconds * 1000,
    0,
    numberAt(input, 'updateTimeThresholdSeconds', 300) * 1000,
    numberAt(input, 'resourceDiffThresholdRatio', 0.1),
  );
  return { needSync };
}

function resourceDiffCase(input: Json): Json {
  const [before, after] = [optionalNumberAt(input, 'oldMilliValue'), optionalNumberAt(input, 'newMilliValue')];
  if (before === undefined || after === undefined) return { isDiff: before !== after };
  return { isDiff: milliChanged(before, after, numberAt(input, 'diffThresholdRatio')) };
}

function degradeCase(input: Json): Json {
  const ageSeconds = optionalNumberAt(input, 'nodeMetricAgeSeconds');
  const updatedAtMs = ageSeconds === undefined ? undefined : -ageSeconds * 1000;
  return { degrade: degradeNeeded(updatedAtMs, 0, numberAt(input, 'degradeTimeMinutes', 15)) };
}

function divideCase(input: Json): Json {
  const amount = { milliCpu: numberAt(input, 'milliCPU'), memBytes: numberAt(input, 'memoryBytes') };
  const part = divideUp(amount, numberAt(input, 'divisor'));
  return { milliCPU: part.milliCpu, memoryMilliBytes: part.memMilliBytes };
}

function midCase(input: Json, expected: Json): Json {
  const settings = objectAt(input, 'strategy');
  const metricsJson = optionalObjectAt(input, 'metrics');
  if (metricsJson === undefined || isStale(metricsJson, settings))
    return Object.fromEntries(Object.keys(expected).map((key) => [key, key === 'reset' ? true : null]));
  const strategy: MidStrategy = {
    midCpuThresholdPercent: numberAt(settings, 'midCPUThresholdPercent', 100),
    midMemoryThresholdPercent: numberAt(settings, 'midMemoryThresholdPercent', 100),
    midUnallocatedPercent: numberAt(settings, 'midUnallocatedPercent', 0),
    midStaticCpuReservedPercent: numberAt(settings, 'midStaticCPUReservedPercent', 0),
    midStaticMemoryReservedPercent: numberAt(settings, 'midStaticMemoryReservedPercent', 0),
    ...given('midReclaimMode', optionalTextAt(settings, 'midReclaimMode')),
  };
  const reclaimable = ['prodReclaimableMilliCPU', 'prodReclaimableMemoryBytes'].some(
    (key) => metricsJson[key] !== null,
  );
  const metrics: MidMetrics = {
    systemUsage: cpuMemAt(metricsJson, 'systemUsage'),
    hostApps: hostAppsOf(metricsJson),
    ...given('nodeUsage', optionalCpuMemAt(metricsJson, 'nodeUsage')),
    ...given('prodReclaimable', reclaimable ? cpuMemAt(metricsJson, 'prodReclaimable') : undefined),
  };
  const result = midResource(strategy, nodeOf(objectAt(input, 'node')), objectsAt(input, 'pods').map(podOf), metrics);
  return {
    reset: false,
    midMilliCPU: result.mid.milliCpu,
    midMemoryBytes: result.mid.memBytes,
    unallocatedMilliCPU: result.unallocated.milliCpu,
    unallocatedMemoryBytes: result.unallocated.memBytes,
    nodeUnusedMilliCPU: result.nodeUnused.milliCpu,
    nodeUnusedMemoryBytes: result.nodeUnused.memBytes,
  };
}

function predictionAt(from: Json, key: string): PeakPrediction | undefined {
  // A class that a case leaves out used nothing; null says that there is no model.
  if (from[key] === null) return undefined;
  const json = objectAt(from, key);
  return { p95MilliCpu: optionalNumberAt(json, 'p95MilliCPU'), p98MemBytes: optionalNumberAt(json, 'p98MemoryBytes') };
}

function reclaimableCase(input: Json): Json {
  const pods: PredictedPod[] = objectsAt(input, 'pods').map((pod) => ({
    name: textAt(pod, 'name'),
    priorityClass: priorityClassByName(textAt(pod, 'priorityClass')),
    ageMs: numberAt(pod, 'ageSeconds') * 1000,
    terminating: flagAt(pod, 'terminating', false),
    request: cpuMemAt(pod, 'request'),
    prediction: optionalObjectAt(pod, 'prediction') === undefined ? undefined : predictionAt(pod, 'prediction'),
  }));
  const classes = {
    system: predictionAt(input, 'systemPrediction'),
    prod: predictionAt(input, 'prodPrediction'),
    none: predictionAt(input, 'nonePrediction'),
  };
  const result = prodReclaimable(cpuMemAt(input, 'nodeAllocatable'), pods, classes, {
    coldStartMs: numberAt(input, 'coldStartSeconds', 86_400) * 1000,
    safetyMarginPercent: numberAt(input, 'safetyMarginPercent', 10),
  });
  const json = (amount: CpuMem | undefined): Json | null =>
    amount === undefined ? null : { milliCPU: amount.milliCpu, memoryBytes: amount.memBytes };
  return {
    podPredictor: json(result.podPredictor),
    priorityPredictor: json(result.priorityPredictor),
    prodReclaimable: json(result.prodReclaimable),
  };
}

function bucketsAt(input: Json) {
  const [max, epsilon] = [numberAt(input, 'maxValue'), numberAt(input, 'epsilon', 0.001)];
  if (textAt(input, 'kind', 'exponential') === 'linear')
    return linearBuckets(max, numberAt(input, 'bucketSize'), epsilon);
  return exponentialBuckets(max, numberAt(input, 'firstBucketSize'), numberAt(input, 'ratio'), epsilon);
}

function bucketStartCase(input: Json): Json {
  const { starts } = bucketsAt({ ...input, kind: 'exponential' });
  return { numBuckets: starts.length, bucketStart: starts[numberAt(input, 'bucket')] };
}

function percentileCase(input: Json): Json {
  const histogram = createHistogram(bucketsAt(objectAt(input, 'options')), numberAt(input, 'halfLifeSeconds') * 1000);
  for (const sample of objectsAt(input, 'samples'))
    addSample(
      histogram,
      numberAt(sample, 'value'),
      numberAt(sample, 'weight', 1),
      numberAt(sample, 'atSeconds') * 1000,
    );
  return { values: numbersAt(input, 'percentiles').map((fraction) => percentile(histogram, fraction)) };
}

function bePodCase(input: Json): Json {
  const containers = objectsAt(input, 'containers').map((container) => ({
    requestMilliCpu: optionalNumberAt(container, 'requestBatchMilliCPU'),
    limitMilliCpu: optionalNumberAt(container, 'limitBatchMilliCPU'),
    limitMemBytes: optionalNumberAt(container, 'limitBatchMemoryBytes'),
  }));
  const values = beCgroup(containers, {
    cfsQuotaEnabled: flagAt(input, 'cfsQuotaEnabled', true),
    cpuNormalizationRatio: numberAt(input, 'cpuNormalizationRatio', 1),
  });
  return { cpuShares: values.cpuShares, cfsQuotaMicros: values.cfsQuotaUs, memoryLimitBytes: values.memoryLimitBytes };
}

function batchSourceCase(input: Json): Json {
  const read = (key: string): CpuMem | undefined => {
    const json = optionalObjectAt(input, key);
    if (json === undefined) return undefined;
    const milliCpu = optionalNumberAt(json, 'batchMilliCPU') ?? numberAt(json, 'batchCPU');
    return { milliCpu, memBytes: numberAt(json, 'batchMemoryBytes') };
  };
  const source = batchSource(read('originAllocatableAnnotation'), read('nodeStatusAllocatable'));
  return { batchMilliCPU: source.milliCpu, batchMemoryBytes: source.memBytes };
}

function batchToYarnCase(input: Json): Json {
  const offered = yarnNodeResource(cpuMemAt(input, 'batch'));
  return { yarnVCores: offered.vcores, yarnMemoryMB: offered.memoryMb };
}

function roundTripCase(input: Json): Json {
  const batch = cpuMemAt(input, 'batch');
  const offered = yarnNodeResource(batch);
  const back = yarnUsedAsBatch(offered);
  return {
    yarnVCores: offered.vcores,
    yarnMemoryMB: offered.memoryMb,
    batchMilliCPUIfYarnFillsUp: back.milliCpu,
    batchBytesIfYarnFillsUp: back.memBytes,
    inflationPercentFloor: Math.floor(((back.memBytes - batch.memBytes) * 100) / batch.memBytes),
  };
}

/** Bounds of buckets are powers; another way of computing them differs in the last digits. */
const BUCKET_TOLERANCES = Object.freeze({ 'exponential-bucket-start': 1e-12, 'decaying-percentile': 1e-12 });

export const nodeResourceAdapters: Readonly<Record<string, ConformanceAdapter>> = Object.freeze({
  'slo-controller/noderesource batchresource: Batch (kubernetes.io/batch-cpu, batch-memory) allocatable': caseFile({
    'batch-allocatable': batchAllocatableCase,
    'third-party-deduction': thirdPartyCase,
    'cpu-normalization': normalizationCase,
    'divide-resource-list': divideCase,
    'pod-numa-split': podSplitCase,
    'need-sync': needSyncCase,
    'resource-diff': resourceDiffCase,
    degrade: degradeCase,
  }),
  'slo-controller/noderesource midresource: Mid (kubernetes.io/mid-cpu, mid-memory) allocatable': caseFile({
    'mid-allocatable': midCase,
  }),
  'koordlet peak prediction (ProdReclaimable) and the decaying histogram behind it': caseFile(
    {
      'prod-reclaimable': reclaimableCase,
      'exponential-bucket-start': bucketStartCase,
      'exponential-find-bucket': (input) => ({
        numBuckets: bucketsAt({ ...input, kind: 'exponential' }).starts.length,
        bucket: findBucket(bucketsAt({ ...input, kind: 'exponential' }), numberAt(input, 'value')),
      }),
      'decaying-percentile': percentileCase,
    },
    BUCKET_TOLERANCES,
  ),
  'QoS / priority class resolution and cgroup values of BE (batch-resource) pods': caseFile({
    'priority-class-raw': (input) => ({ priorityClass: rawPriorityClass(classFields(input)) }),
    'priority-class-with-default': (input) => ({ priorityClass: priorityClassWithDefault(classFields(input)) }),
    'be-pod-cgroup': bePodCase,
  }),
  'yarn-copilot: batch resource <-> YARN NodeManager resource': caseFile({
    'batch-source': batchSourceCase,
    'batch-to-yarn': batchToYarnCase,
    'round-trip': roundTripCase,
  }),
});

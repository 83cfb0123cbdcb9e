/** Case files of the node agent's side: cpu suppress, cpu burst, evictions. No policy logic. */
import type { ConformanceAdapter } from '../conformance.ts';
import type { ResourceTier } from './allocatable-evict.ts';
import {
  allocatableRelease,
  CPU_FORMULA,
  MAX_ALLOCATABLE_EVICT_PRIORITY,
  MEMORY_FORMULA,
} from './allocatable-evict.ts';
import { burstCapacity, tokensAfter, usagePercentOfLimit } from './burst-limiter.ts';
import { caseFile } from './conformance-case.ts';
import type { Json } from './conformance-json.ts';
import {
  flagAt,
  given,
  numberAt,
  objectAt,
  objectsAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalTextAt,
  textAt,
} from './conformance-json.ts';
import type { CpuBurstConfig, NodeBurstState } from './cpu-burst.ts';
import {
  allowedWithoutLimiter,
  cfsBurstUs,
  cfsQuotaBurst,
  DEFAULT_CPU_BURST,
  needsLimiter,
  nodeBurstState,
} from './cpu-burst.ts';
import type { BeCpuSample } from './cpu-evict.ts';
import { satisfactionRelease } from './cpu-evict.ts';
import { parseCpuList } from './cpu-list.ts';
import { nextQuotaUs } from './cpu-suppress.ts';
import type { CpuHolders, Processor } from './cpuset-select.ts';
import { adjustCpuset, recoveredCpuset, selectCpus } from './cpuset-select.ts';
import { beMemoryEvict } from './memory-evict.ts';
import type { KubernetesQos } from './priority-class.ts';
import type { SuppressNode } from './suppress-tick.ts';
import { suppressQuantity, suppressTick } from './suppress-tick.ts';
import { usedPercentReleaseOf } from './used-evict.ts';
import { beCpuVictims, priorityVictims } from './victim-order.ts';

function cpuListAt(from: Json, key: string): number[] {
  return parseCpuList(textAt(from, key)) ?? [];
}

function processorsAt(from: Json): Processor[] {
  return objectsAt(from, 'processors').map((cpu) => ({
    cpuId: numberAt(cpu, 'cpuId'),
    coreId: numberAt(cpu, 'coreId'),
    socketId: numberAt(cpu, 'socketId'),
    numaNodeId: numberAt(cpu, 'numaNodeId'),
  }));
}

function holdersAt(from: Json): CpuHolders {
  return {
    lsrCpus: cpuListAt(from, 'lsrCPUs'),
    lseCpus: cpuListAt(from, 'lseCPUs'),
    reservedCpus: cpuListAt(from, 'reservedCPUs'),
    systemExclusiveCpus: flagAt(from, 'systemQoSExclusive', true) ? cpuListAt(from, 'systemQoSCPUs') : [],
  };
}

function suppressNodeOf(input: Json): SuppressNode {
  return {
    capacityMilliCpu: numberAt(input, 'nodeCapacityMilliCPU'),
    reservedMilliCpu: numberAt(input, 'nodeReservedMilliCPU'),
    ...given('nodeUsedCores', optionalNumberAt(input, 'nodeUsedCores')),
    pods: objectsAt(input, 'pods').map((pod) => ({
      usedCores: numberAt(pod, 'usedCores'),
      qosLabel: optionalTextAt(pod, 'qosLabel'),
      kubernetesQos: optionalTextAt(pod, 'kubernetesQoS') as KubernetesQos | undefined,
      known: flagAt(pod, 'presentInPodMetas', true),
    })),
    hostApps: objectsAt(input, 'hostApplications').map((app) => ({
      usedCores: numberAt(app, 'usedCores'),
      qosClass: optionalTextAt(app, 'qosClass'),
      underKubeBesteffortCgroup: flagAt(app, 'underKubeBesteffortCgroup', false),
    })),
    processors: processorsAt(input),
    holders: holdersAt(input),
  };
}

function suppressSettingsOf(input: Json) {
  return {
    enable: flagAt(input, 'enable', true),
    cpuSuppressPolicy: textAt(input, 'cpuSuppressPolicy', 'cpuset'),
    cpuSuppressThresholdPercent: numberAt(input, 'cpuSuppressThresholdPercent', 65),
    ...given('cpuSuppressMinPercent', optionalNumberAt(input, 'cpuSuppressMinPercent')),
  };
}

function suppressTickCase(input: Json): Json {
  const before = {
    quotaUs: numberAt(input, 'currentBEQuotaMicros', -1),
    cpus: cpuListAt(input, 'oldBECPUSet'),
  };
  const after = suppressTick(suppressSettingsOf(input), suppressNodeOf(input), before);
  return { newBEQuotaMicros: after.quotaUs, newBECPUIdsSorted: after.cpus };
}

function quotaStepCase(input: Json): Json {
  const cpus = Math.ceil(numberAt(input, 'nodeCapacityCores'));
  const current = numberAt(input, 'currentBEQuotaMicros', -1);
  return { newBEQuotaMicros: nextQuotaUs(cpus, numberAt(input, 'suppressMilliCPU'), current) };
}

function cpusetAdjustCase(input: Json): Json {
  const old = cpuListAt(input, 'oldBECPUSet');
  const adjusted = adjustCpuset(numberAt(input, 'suppressMilliCPU'), old, processorsAt(input), holdersAt(input));
  return { newBECPUIdsSorted: adjusted.cpus };
}

function burstConfigOf(input: Json): CpuBurstConfig {
  return {
    policy: textAt(input, 'policy', DEFAULT_CPU_BURST.policy),
    cpuBurstPercent: numberAt(input, 'cpuBurstPercent', DEFAULT_CPU_BURST.cpuBurstPercent),
    cfsQuotaBurstPercent: numberAt(input, 'cfsQuotaBurstPercent', DEFAULT_CPU_BURST.cfsQuotaBurstPercent),
    cfsQuotaBurstPeriodSeconds: numberAt(
      input,
      'cfsQuotaBurstPeriodSeconds',
      DEFAULT_CPU_BURST.cfsQuotaBurstPeriodSeconds,
    ),
  };
}

function nodeStateCase(input: Json): Json {
  const pods = objectsAt(input, 'pods').map((pod) => ({
    qosLabel: optionalTextAt(pod, 'qosLabel'),
    requestMilliCpu: numberAt(pod, 'requestMilliCPU'),
    usedCores: optionalNumberAt(pod, 'usedCores'),
  }));
  const nodeState = nodeBurstState(
    optionalNumberAt(input, 'logicalCPUCount'),
    optionalNumberAt(input, 'nodeUsedCores'),
    pods,
    numberAt(input, 'sharePoolThresholdPercent', 50),
  );
  return { nodeState };
}

function staticBurstCase(input: Json): Json {
  const config = burstConfigOf(input);
  const values = objectsAt(input, 'containers').map((container) =>
    cfsBurstUs(config, optionalNumberAt(container, 'limitMilliCPU')),
  );
  return { containerBurstMicros: values, podBurstMicros: values.reduce((sum, value) => sum + value, 0) };
}

function quotaBurstCase(input: Json): Json {
  const config = burstConfigOf(input);
  const containers = objectsAt(input, 'containers').map((container) => {
    const limitMilliCpu = optionalNumberAt(container, 'limitMilliCPU');
    return {
      limitMilliCpu,
      currentQuotaUs: numberAt(container, 'currentQuotaMicros', -1),
      throttledRatio: optionalNumberAt(container, 'lastThrottledRatio'),
      isAllowed: needsLimiter(config)
        ? tokensLeft(config, container, limitMilliCpu ?? 0) > 0
        : allowedWithoutLimiter(config),
    };
  });
  const nodeState = textAt(input, 'nodeState', 'unknown') as NodeBurstState;
  const after = cfsQuotaBurst(config, nodeState, numberAt(input, 'podCurrentQuotaMicros', -1), containers);
  return { containerQuotaMicros: after.containerQuotaUs, podQuotaMicros: after.podQuotaUs };
}

function tokensLeft(config: CpuBurstConfig, container: Json, limitMilliCpu: number): number {
  const limitCores = limitMilliCpu / 1000;
  const usagePercent = usagePercentOfLimit(numberAt(container, 'usedCores', limitCores), limitCores);
  const capacity = burstCapacity(config.cfsQuotaBurstPeriodSeconds, config.cfsQuotaBurstPercent);
  const elapsedMs = numberAt(container, 'elapsedSeconds') * 1000;
  return tokensAfter(numberAt(container, 'limiterTokens'), capacity, elapsedMs, usagePercent);
}

function limiterCase(input: Json): Json {
  const capacity = burstCapacity(numberAt(input, 'burstPeriodSeconds'), numberAt(input, 'maxScalePercent'));
  const tokens = tokensAfter(
    numberAt(input, 'currentTokens'),
    capacity,
    numberAt(input, 'elapsedSeconds') * 1000,
    numberAt(input, 'usagePercentOfLimit'),
  );
  return { allow: tokens > 0, tokens };
}

function sampleOf(json: Json): BeCpuSample {
  return {
    limitMilliCpu: numberAt(json, 'beLimitMilliCPU'),
    usedMilliCpu: numberAt(json, 'beUsedMilliCPU'),
    requestMilliCpu: numberAt(json, 'beRequestMilliCPU'),
  };
}

function satisfactionCase(input: Json): Json {
  const average = objectAt(input, 'average');
  const current = optionalObjectAt(input, 'current');
  const releaseBatchMilliCPU = satisfactionRelease(
    {
      lowerPercent: numberAt(input, 'cpuEvictBESatisfactionLowerPercent'),
      upperPercent: numberAt(input, 'cpuEvictBESatisfactionUpperPercent'),
      policy: textAt(input, 'cpuEvictPolicy', 'evictByRealLimit'),
      ...given('usageThresholdPercent', optionalNumberAt(input, 'cpuEvictBEUsageThresholdPercent')),
      ...given('windowSeconds', optionalNumberAt(input, 'cpuEvictTimeWindowSeconds')),
    },
    numberAt(input, 'metricCollectIntervalSeconds', 1),
    optionalNumberAt(input, 'nodeBatchAllocatableMilliCPU'),
    { ...sampleOf(average), sampleCount: numberAt(average, 'sampleCount') },
    current === undefined ? undefined : sampleOf(current),
  );
  return { releaseBatchMilliCPU };
}

function usedThreshold(input: Json, used: string, capacity: string): number {
  return usedPercentReleaseOf(
    numberAt(input, used),
    numberAt(input, capacity),
    numberAt(input, 'evictThresholdPercent', Number.NaN),
    numberAt(input, 'evictLowerPercent', Number.NaN),
    true,
  );
}

/** Names of the amounts of one resource, per tier. */
function tierNames(suffix: string): Readonly<Record<ResourceTier, string>> {
  return { batch: `batch${suffix}`, mid: `mid${suffix}`, native: suffix.charAt(0).toLowerCase() + suffix.slice(1) };
}

function tierNamed(name: string): ResourceTier {
  return name === 'batch' || name === 'mid' ? name : 'native';
}

/** Expected amounts of 0 mean the same as no entry: nothing is released. */
function allocatableCase(suffix: string, formula: number): (input: Json, expected: Json) => Json {
  const names = tierNames(suffix);
  const tiers: readonly ResourceTier[] = ['batch', 'mid', 'native'];
  return (input, expected) => {
    const offered = objectAt(input, 'nodeAllocatable');
    const allocatable = Object.fromEntries(
      tiers.flatMap((tier) => {
        const amount = optionalNumberAt(offered, names[tier]);
        return amount === undefined ? [] : [[tier, amount]];
      }),
    );
    const pods = objectsAt(input, 'pods').map((pod) => {
      return {
        tier: tierNamed(textAt(pod, 'resourceTier')),
        priorityValue: optionalNumberAt(pod, 'priorityValue'),
        request: numberAt(pod, `request${suffix}`),
      };
    });
    const lines = {
      thresholdPercent: numberAt(input, 'allocatableEvictThresholdPercent', -1),
      lowerPercent: numberAt(input, 'allocatableEvictLowerPercent'),
      priorityThreshold: numberAt(input, 'allocatableEvictPriorityThreshold', MAX_ALLOCATABLE_EVICT_PRIORITY),
    };
    const amounts = allocatableRelease(allocatable, pods, lines, formula);
    const zeros = Object.entries(objectAt(expected, 'release')).filter(([, amount]) => amount === 0);
    const released = tiers.flatMap((tier) => (amounts[tier] === undefined ? [] : [[names[tier], amounts[tier]]]));
    return { release: { ...Object.fromEntries(zeros), ...Object.fromEntries(released) } };
  };
}

function beCpuOrderCase(input: Json): Json {
  const pods = objectsAt(input, 'pods').map((pod) => ({
    name: textAt(pod, 'name'),
    qosLabel: optionalTextAt(pod, 'qosLabel'),
    priorityValue: optionalNumberAt(pod, 'priorityValue'),
    usedMilliCpu: numberAt(pod, 'usedMilliCPU'),
    requestMilliCpu: numberAt(pod, 'requestBatchMilliCPU'),
  }));
  return { victimOrder: beCpuVictims(pods).map((pod) => pod.name) };
}

/** Annotations are texts; a case may write a number. */
function annotationAt(pod: Json, key: string): string | undefined {
  return typeof pod[key] === 'number' ? String(pod[key]) : optionalTextAt(pod, key);
}

function priorityOrderCase(input: Json): Json {
  const pods = objectsAt(input, 'pods').map((pod) => ({
    name: textAt(pod, 'name'),
    phase: textAt(pod, 'phase', 'Running'),
    priorityClassLabel: optionalTextAt(pod, 'priorityClass'),
    priorityValue: optionalNumberAt(pod, 'priorityValue'),
    qosLabel: optionalTextAt(pod, 'qosLabel'),
    kubernetesQos: textAt(pod, 'kubernetesQoS', 'BestEffort') as KubernetesQos,
    evictionEnabled: flagAt(pod, 'evictionEnabledLabel', false),
    priorityLabel: optionalNumberAt(pod, 'priorityLabel'),
    evictionPriority: annotationAt(pod, 'evictionPriorityAnnotation'),
    amount: optionalNumberAt(pod, 'usedMemoryBytes'),
  }));
  const threshold = numberAt(input, 'evictEnabledPriorityThreshold', Number.NEGATIVE_INFINITY);
  return { victimOrder: priorityVictims(pods, threshold, 'MemoryEvict').map((pod) => pod.name) };
}

function beMemoryCase(input: Json): Json {
  const pods = objectsAt(input, 'bePods').map((pod) => ({
    name: textAt(pod, 'name'),
    qosLabel: textAt(pod, 'qosLabel', 'BE'),
    priorityValue: optionalNumberAt(pod, 'priorityValue'),
    usedMemBytes: optionalNumberAt(pod, 'usedMemoryBytes'),
  }));
  const lines = {
    thresholdPercent: numberAt(input, 'evictThresholdPercent', Number.NaN),
    lowerPercent: numberAt(input, 'evictLowerPercent', Number.NaN),
  };
  const [used, capacity] = [numberAt(input, 'nodeUsedMemoryBytes'), numberAt(input, 'nodeCapacityMemoryBytes')];
  return { victimsInOrder: beMemoryEvict(used, capacity, lines, pods).map((pod) => pod.name) };
}

export const qosAdapters: Readonly<Record<string, ConformanceAdapter>> = Object.freeze({
  'koordlet qosmanager CPUSuppress (BE CPU suppression by cfs quota or cpuset)': caseFile({
    'suppress-quantity': (input) => ({
      suppressMilliCPU: suppressQuantity(suppressSettingsOf(input), suppressNodeOf(input)),
    }),
    'cfs-quota-step': quotaStepCase,
    'cpuset-select': (input) => ({
      cpuIdsInPickOrder: selectCpus(numberAt(input, 'wantCPUCount'), processorsAt(input)),
    }),
    'cpuset-adjust': cpusetAdjustCase,
    'suppress-end-to-end': suppressTickCase,
    'cpuset-recover': (input) => ({ newBECPUIdsSorted: recoveredCpuset(processorsAt(input), holdersAt(input)) }),
  }),
  'koordlet qosmanager CPUBurst (cpu.cfs_burst_us and cpu.cfs_quota_us scaling for LS pods)': caseFile({
    'node-state': nodeStateCase,
    'cfs-burst': staticBurstCase,
    'cfs-quota-burst': quotaBurstCase,
    limiter: limiterCase,
    'limiter-capacity': (input) => ({
      bucketCapacity: burstCapacity(numberAt(input, 'burstPeriodSeconds'), numberAt(input, 'maxScalePercent')),
    }),
  }),
  'koordlet qosmanager CPUEvict and MemoryEvict (amounts to release and victim order)': caseFile({
    'cpu-be-satisfaction': satisfactionCase,
    'cpu-used-threshold': (input) => ({
      releaseMilliCPU: usedThreshold(input, 'nodeUsedMilliCPU', 'nodeCapacityMilliCPU'),
    }),
    'memory-used-threshold': (input) => ({
      releaseMemoryBytes: usedThreshold(input, 'nodeUsedMemoryBytes', 'nodeCapacityMemoryBytes'),
    }),
    'cpu-allocatable-threshold': allocatableCase('MilliCPU', CPU_FORMULA),
    'memory-allocatable-threshold': allocatableCase('MemoryBytes', MEMORY_FORMULA),
    'be-cpu-order': beCpuOrderCase,
    'priority-memory-order': priorityOrderCase,
    'be-memory-victims': beMemoryCase,
  }),
});

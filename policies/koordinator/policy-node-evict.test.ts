import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { createDecisions, EVICT_REASON, type HostSignals } from '../ports.ts';
import { nodeEvict } from './policy-node-evict.ts';

const GIB = 1_073_741_824;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Pod {
  readonly priority: number;
  readonly request: number;
  readonly used: number;
  readonly requestGib: number;
  readonly usedGib: number;
}

/** One host of 10 cores and 100 GiB that sells 4 cores and 40 GiB to batch; services use 2 cores, the system 1. */
function hostWith(pods: readonly Pod[], over: Readonly<Record<string, number>> = {}): Writable<HostSignals> {
  const sum = (of: (pod: Pod) => number) => pods.reduce((total, pod) => total + of(pod), 0);
  const values: Record<string, number> = {
    capacityMilliCpu: 10_000,
    capacityMemBytes: 100 * GIB,
    lastNonBeMilliCpu: 2_000,
    lastSystemMilliCpu: 1_000,
    lastBeMilliCpu: sum((pod) => pod.used),
    lastNodeMemBytes: 10 * GIB + sum((pod) => pod.usedGib) * GIB,
    beRequestMilliCpu: sum((pod) => pod.request),
    publishedBatchMilliCpu: 4_000,
    publishedBatchMemBytes: 40 * GIB,
    publishedMidMilliCpu: 0,
    publishedMidMemBytes: 0,
    averageBeMilliCpu: 0,
    averageBeLimitMilliCpu: 0,
    beLimitMilliCpu: 0,
    ...over,
  };
  const columns = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
  return {
    count: 1,
    nowMs: 1_000_000,
    up: Uint8Array.of(1),
    ...columns,
    tasks: {
      rowsOnHost(_host: number, out: Int32Array): number {
        for (let i = 0; i < pods.length; i++) out[i] = i;
        return pods.length;
      },
      maxRowsPerHost: 16,
      priority: Int32Array.from(pods, (pod) => pod.priority),
      requestMilliCpu: Float64Array.from(pods, (pod) => pod.request),
      requestMemBytes: Float64Array.from(pods, (pod) => pod.requestGib * GIB),
      usedMilliCpu: Float64Array.from(pods, (pod) => pod.used),
      usedMemBytes: Float64Array.from(pods, (pod) => pod.usedGib * GIB),
      startedAtMs: new Float64Array(pods.length),
    },
  } as unknown as Writable<HostSignals>;
}

/** [row, reason] of each eviction. */
function evicted(
  signals: HostSignals,
  config: Readonly<Record<string, unknown>>,
  state = nodeEvict.createState(1, {}),
) {
  const out = createDecisions(4);
  nodeEvict.decide(signals, nodeEvict.configure(config), state, out);
  return Array.from({ length: out.count }, (_, i) => [out.task[i], out.a[i]]);
}

const pod = (priority: number, cores: number, gib: number): Pod => ({
  priority,
  request: cores * 1000,
  used: cores * 1000,
  requestGib: gib,
  usedGib: gib,
});
const { cpu: CPU, memory: MEMORY, allocatable: ALLOCATABLE } = EVICT_REASON;

describe('CPUEvict', () => {
  const config = { cpuEvictThresholdPercent: 80, cpuEvictLowerPercent: 70, evictEnabledPriorityThreshold: 5_999 };

  test('9 of 10 cores in use are 90 %: 2 cores go, the larger of two pods of the lowest priority first', () => {
    // 90 % - 70 % of 10 cores = 2; row 1 (2 cores) alone covers it.
    expect(evicted(hostWith([pod(5_000, 1, 1), pod(5_000, 2, 1), pod(5_500, 3, 1)]), config)).toEqual([[1, CPU]]);
  });

  test('pods above the priority threshold stay, though the target is not met', () => {
    expect(evicted(hostWith([pod(7_500, 3, 1), pod(5_000, 1, 1), pod(7_500, 2, 1)]), config)).toEqual([[1, CPU]]);
  });

  test('K11: 80.9 % counts as 80, so 1.0 cores go; without the quirk 1.09 do, which takes a second pod', () => {
    const pods = [pod(5_000, 0.09, 1), pod(5_000, 1, 1), pod(5_500, 4, 1)];
    expect(evicted(hostWith(pods), config)).toEqual([[1, CPU]]);
    expect(evicted(hostWith(pods), { ...config, evictIntegerPercent: false })).toEqual([
      [1, CPU],
      [0, CPU],
    ]);
  });
});

describe('the allocatable features', () => {
  test('6 cores requested of 4 sold are 150 %: down to 100 % two cores go, the largest request first', () => {
    const config = { cpuAllocatableEvictThresholdPercent: 110, cpuAllocatableEvictLowerPercent: 100 };
    expect(evicted(hostWith([pod(5_000, 1, 1), pod(5_000, 2, 1), pod(5_500, 3, 1)]), config)).toEqual([
      [1, ALLOCATABLE],
    ]);
    // 4 of 4 is not above 110 %.
    expect(evicted(hostWith([pod(5_000, 1, 1), pod(5_500, 3, 1)]), config)).toEqual([]);
  });

  test('a tier that is not sold at all gives everything back, and the other tier stays', () => {
    const config = { cpuAllocatableEvictThresholdPercent: 110, cpuAllocatableEvictLowerPercent: 100 };
    expect(evicted(hostWith([pod(5_000, 1, 1), pod(7_500, 1, 1), pod(7_501, 1, 1)]), config)).toEqual([
      // Batch comes first in the order by priority and is taken until mid is met too: upstream walks one list for all tiers.
      [0, ALLOCATABLE],
      [1, ALLOCATABLE],
      [2, ALLOCATABLE],
    ]);
  });

  test('memory: 60 GiB requested of 40 sold: by request, not by use', () => {
    const config = {
      memoryEvictThresholdPercent: 100,
      memoryAllocatableEvictThresholdPercent: 110,
      memoryAllocatableEvictLowerPercent: 100,
    };
    const small: Pod = { ...pod(5_000, 1, 20), usedGib: 1 };
    // 20 GiB go: the pod that asks for 20 and uses 1 does.
    expect(evicted(hostWith([pod(5_000, 1, 10), small, pod(5_500, 1, 30)]), config)).toEqual([[1, ALLOCATABLE]]);
  });
});

describe('the memory round', () => {
  const pods = [pod(5_000, 0.1, 5), pod(5_000, 0.1, 10), pod(5_500, 0.1, 60)];

  test('85 of 100 GiB against 70 and 68: 17 GiB go, 10, 5 and then the next priority', () => {
    expect(evicted(hostWith(pods), {})).toEqual([
      [1, MEMORY],
      [0, MEMORY],
      [2, MEMORY],
    ]);
  });

  test('K10: with MemoryEvict on, one victim is believed to free a thousand times its memory', () => {
    expect(evicted(hostWith(pods), { evictEnabledPriorityThreshold: 5_999 })).toEqual([[1, MEMORY]]);
    expect(evicted(hostWith(pods), { evictEnabledPriorityThreshold: 5_999, memoryEvictTimes1000: false })).toHaveLength(
      3,
    );
  });
});

describe('rounds', () => {
  test('what BECPUEvict frees counts for CPUAllocatableEvict: 2 cores of requests go once', () => {
    // Limit 2 of 6 requested is 33 %, below 40; up to 60 % trunc(6 x 26.7 %) = 1.6 cores: pod 1 frees 2. The sold 4 cores need 2 as well.
    const over = {
      averageBeMilliCpu: 2_000,
      averageBeLimitMilliCpu: 2_000,
      beLimitMilliCpu: 2_000,
      lastBeMilliCpu: 2_000,
    };
    const both = {
      cpuEvictSatisfactionLowerPercent: 40,
      cpuEvictSatisfactionUpperPercent: 60,
      cpuAllocatableEvictThresholdPercent: 110,
      cpuAllocatableEvictLowerPercent: 100,
    };
    const pods: Pod[] = [pod(5_500, 1, 1), { ...pod(5_000, 2, 1), used: 1_000 }, pod(5_500, 3, 1)];
    expect(evicted(hostWith(pods, over), both)).toEqual([[1, CPU]]);
  });

  test('after an eviction the CPU round rests 20 s and the memory round 4 s', () => {
    const config = { cpuEvictThresholdPercent: 80, evictEnabledPriorityThreshold: 5_999 };
    const signals = hostWith([pod(5_000, 2, 1), pod(5_000, 4, 1)]);
    const state = nodeEvict.createState(1, {});
    expect(evicted(signals, config, state)).toHaveLength(1);
    signals.nowMs += 19_999;
    expect(evicted(signals, config, state)).toHaveLength(0);
    signals.nowMs += 1;
    expect(evicted(signals, config, state)).toHaveLength(1);
  });

  test('lines that upstream would not run with are refused', () => {
    expect(() => nodeEvict.configure({ cpuEvictThresholdPercent: 70, cpuEvictLowerPercent: 75 })).toThrow(ConfigError);
    expect(() => nodeEvict.configure({ cpuAllocatableEvictThresholdPercent: 110 })).toThrow(ConfigError);
    expect(() => nodeEvict.configure({ cpuEvictSatisfactionLowerPercent: 70 })).toThrow(ConfigError);
  });
});

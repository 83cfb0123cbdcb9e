// The four Koordinator policies as the simulator and a node call them, on one host of 64 cores and 256 GiB, worked by hand.
import { describe, expect, test } from 'vitest';
import { createWorld } from '../contract-world.ts';
import { createDecisions, DECISION, EVICT_REASON, type HostSignals, type Policy, type PolicyConfig } from '../ports.ts';
import { batchResource } from './policy-batch-resource.ts';
import { cpuEvict } from './policy-cpu-evict.ts';
import { cpuSuppress } from './policy-cpu-suppress.ts';
import { memoryEvict } from './policy-memory-evict.ts';

const GIB = 1_073_741_824;
const MIB = 1_048_576;

type Host = Partial<Record<keyof HostSignals, number>>;

/** A node that is asked again and again; `ask` sets what changed and returns what was decided as [kind, task, a, b]. */
function nodeWith(policy: Policy, config: PolicyConfig, host: Host) {
  const { signals } = createWorld(1, 1);
  const columns = signals as unknown as Record<string, Float64Array>;
  const set = (values: Host) => {
    for (const [name, value] of Object.entries(values)) columns[name][0] = value as number;
  };
  set({ capacityMilliCpu: 64_000, capacityMemBytes: 256 * GIB, reservedMilliCpu: 500, reservedMemBytes: GIB, ...host });
  const full = policy.configure(config);
  const state = policy.createState(1, full);
  return {
    signals,
    ask(nowMs: number, values: Host = {}) {
      (signals as { nowMs: number }).nowMs = nowMs;
      set(values);
      const out = createDecisions(1);
      policy.decide(signals, full, state, out);
      return Array.from({ length: out.count }, (_, i) => [out.kind[i], out.task[i], out.a[i], out.b[i]]);
    },
  };
}

describe('batch-resource', () => {
  const busy: Host = {
    sampledAtMs: 60_000,
    reportedSystemMilliCpu: 2_000,
    reportedHpMilliCpu: 10_000,
    reportedSystemMemBytes: 4 * GIB,
    reportedHpMemBytes: 64 * GIB,
  };

  test('sells 26.4 cores at 60 %: 64 - 25.6 - 2 - 10; and 100,761 MiB at 65 %: 262,144 - 91,750.4 - 4,096 - 65,536', () => {
    const node = nodeWith(batchResource, {}, busy);
    const [[kind, , cpu, mem]] = node.ask(60_000);
    expect([kind, cpu]).toEqual([DECISION.publishBatch, 26_400]);
    // Margin trunc(256 GiB x 35 / 100) = 96,207,267,430 bytes of 274,877,906,944.
    expect(mem).toBe(274_877_906_944 - 96_207_267_430 - 4 * GIB - 64 * GIB);
    expect(Math.floor(mem / MIB)).toBe(100_761);
  });

  test('the larger of system use and reservation counts: 4 cores reserved leave 24.4', () => {
    expect(nodeWith(batchResource, {}, { ...busy, reservedMilliCpu: 4_000 }).ask(60_000)[0][2]).toBe(24_400);
  });

  test('maxUsageRequest subtracts 40 cores instead of 10: nothing is left of 64 - 25.6 - 2 - 40', () => {
    const node = nodeWith(
      batchResource,
      { cpuCalculatePolicy: 'maxUsageRequest' },
      { ...busy, reportedHpMaxUsedRequestMilliCpu: 40_000 },
    );
    expect(node.ask(60_000)[0][2]).toBe(0);
  });

  test('writes again when more than 10 % changed or 300 s passed: 25.4 after 26.4 is kept, 23.4 is written', () => {
    const node = nodeWith(batchResource, {}, busy);
    const [[, , cpu, mem]] = node.ask(60_000);
    const published: Host = { publishedBatchMilliCpu: cpu, publishedBatchMemBytes: mem, publishedAtMs: 60_000 };
    expect(node.ask(120_000, { ...published, sampledAtMs: 120_000, reportedHpMilliCpu: 11_000 })).toEqual([]);
    expect(node.ask(180_000, { sampledAtMs: 180_000, reportedHpMilliCpu: 13_000 })[0][2]).toBe(23_400);
    expect(node.ask(360_000, { sampledAtMs: 360_000, reportedHpMilliCpu: 11_000 })).toEqual([]);
    expect(node.ask(360_001)[0][2]).toBe(25_400);
  });

  test('a report older than 900 s sells 0; no report and a dead host decide nothing', () => {
    const old = nodeWith(batchResource, {}, busy);
    expect(old.ask(960_000)[0][2]).toBe(26_400);
    expect(old.ask(960_001)[0].slice(2)).toEqual([0, 0]);
    expect(nodeWith(batchResource, {}, { ...busy, sampledAtMs: -1 }).ask(60_000)).toEqual([]);
    expect(nodeWith(batchResource, {}, { ...busy, up: 0 }).ask(60_000)).toEqual([]);
  });
});

describe('cpu-suppress', () => {
  const busy: Host = { lastNonBeMilliCpu: 30_000, lastSystemMilliCpu: 2_000, beQuotaUs: -1 };
  const quota = { cpuSuppressPolicy: 'cfsQuota' };

  test('a quota of 960,000 us at 65 % when 30 cores and 2 of the system are used: 41.6 - 30 - 2 = 9.6 cores', () => {
    expect(nodeWith(cpuSuppress, quota, busy).ask(0)).toEqual([[DECISION.limitBestEffort, -1, 960_000, 0]]);
  });

  test('never below 2,000 us, at least 5 % of the host where that is configured', () => {
    const full: Host = { ...busy, lastNonBeMilliCpu: 60_000 };
    expect(nodeWith(cpuSuppress, quota, full).ask(0)[0][2]).toBe(2_000);
    // 5 % of 64 cores = 3.2 cores = 320,000 us.
    expect(nodeWith(cpuSuppress, { ...quota, cpuSuppressMinPercent: 5 }, full).ask(0)[0][2]).toBe(320_000);
  });

  test('grows by 10 % of the host a second: 200,000 + 640,000 after one, there after two', () => {
    const node = nodeWith(cpuSuppress, quota, { ...busy, beQuotaUs: 200_000 });
    expect(node.ask(0)[0][2]).toBe(840_000);
    expect(node.ask(1_000, { beQuotaUs: 840_000 })[0][2]).toBe(960_000);
  });

  test('a window of 60 s runs its 60 loops at once: from 200,000 us to 960,000', () => {
    const node = nodeWith(cpuSuppress, quota, { ...busy, beQuotaUs: 960_000 });
    expect(node.ask(0)).toEqual([]);
    expect(node.ask(60_000, { beQuotaUs: 200_000 })[0][2]).toBe(960_000);
  });

  test('a change below 1 % of the host, 64,000 us, is left alone', () => {
    expect(nodeWith(cpuSuppress, quota, { ...busy, beQuotaUs: 896_001 }).ask(0)).toEqual([]);
    expect(nodeWith(cpuSuppress, quota, { ...busy, beQuotaUs: 896_000 }).ask(0)[0][2]).toBe(960_000);
  });

  test('cpuset: ceil(9.6) = 10 CPUs at once downwards, 7 more a loop upwards, never fewer than 2', () => {
    expect(nodeWith(cpuSuppress, {}, busy).ask(0)[0][2]).toBe(1_000_000);
    expect(nodeWith(cpuSuppress, {}, { ...busy, beQuotaUs: 200_000 }).ask(0)[0][2]).toBe(900_000);
    expect(nodeWith(cpuSuppress, {}, { ...busy, lastNonBeMilliCpu: 60_000 }).ask(0)[0][2]).toBe(200_000);
  });
});

describe('memory-evict', () => {
  /** Five tasks: priorities and GiB used. */
  function node(config: PolicyConfig, usedGib: number) {
    const made = nodeWith(memoryEvict, config, { lastNodeMemBytes: usedGib * GIB });
    made.signals.tasks.priority.set([5_000, 5_500, 5_000, 5_999, 5_500]);
    made.signals.tasks.usedMemBytes.set([2, 4, 3, 8, 1].map((gib) => gib * GIB));
    return made;
  }
  const tasksOf = (decisions: readonly (readonly number[])[]) => decisions.map(([, task]) => task);

  test('71 % of 256 GiB: 7.68 GiB must go to be at 68 %: 3 and 2 GiB of priority 5,000, then 4 GiB of 5,500', () => {
    const decided = node({}, 182).ask(0);
    expect(tasksOf(decided)).toEqual([2, 0, 1]);
    expect(decided[0]).toEqual([DECISION.evict, 2, EVICT_REASON.memory, 0]);
  });

  test('70 % evicts for 5.12 GiB, 69.99 % does nothing', () => {
    // 70 % of 256 GiB = 179.2 GiB; the percent is truncated, so 179.21 GiB are 70 and 179.19 are 69.
    expect(tasksOf(node({}, 179.21).ask(0))).toEqual([2, 0, 1]);
    expect(node({}, 179.19).ask(0)).toEqual([]);
  });

  test('a lower line of 69 % asks for 2 % after 71: 5.12 GiB, more than the 5 of the lowest priority', () => {
    expect(tasksOf(node({ memoryEvictLowerPercent: 69 }, 182).ask(0))).toEqual([2, 0, 1]);
    expect(tasksOf(node({ memoryEvictLowerPercent: 69, memoryEvictThresholdPercent: 70 }, 179.21).ask(0))).toEqual([2]);
  });

  test('waits 4 s after an eviction, and a lower line above the threshold is refused', () => {
    const made = node({}, 182);
    made.ask(1_000);
    expect(made.ask(4_999)).toEqual([]);
    expect(made.ask(5_000)).toHaveLength(3);
    expect(() => memoryEvict.configure({ memoryEvictLowerPercent: 70 })).toThrow('below the threshold');
  });
});

describe('cpu-evict', () => {
  const lines = { cpuEvictSatisfactionLowerPercent: 50, cpuEvictSatisfactionUpperPercent: 80 };
  /** Best effort asks for 10 cores, may use 4 and uses 3.8: a rate of 40 % and 95 % use. */
  const squeezed: Host = {
    beRequestMilliCpu: 10_000,
    beLimitMilliCpu: 4_000,
    averageBeLimitMilliCpu: 4_000,
    lastBeMilliCpu: 3_800,
    averageBeMilliCpu: 3_800,
  };
  function node(config: PolicyConfig, host: Host = {}) {
    const made = nodeWith(cpuEvict, config, { ...squeezed, ...host });
    made.signals.tasks.priority.set([5_500, 5_000, 5_000, 5_000, 5_999]);
    made.signals.tasks.requestMilliCpu.fill(2_000);
    made.signals.tasks.usedMilliCpu.set([2_000, 500, 1_500, 1_000, 2_000]);
    return made;
  }
  const tasksOf = (decisions: readonly (readonly number[])[]) => decisions.map(([, task]) => task);

  test('10 cores x (80 % - 40 %) = 4 cores go: of priority 5,000 first those that use most of their request', () => {
    const decided = node(lines).ask(0);
    expect(tasksOf(decided)).toEqual([2, 3]);
    expect(decided[0]).toEqual([DECISION.evict, 2, EVICT_REASON.cpu, 0]);
  });

  test('nothing goes when best effort uses less than 90 % of its limit, now or on average', () => {
    expect(node(lines, { lastBeMilliCpu: 3_599 }).ask(0)).toEqual([]);
    expect(node(lines, { averageBeMilliCpu: 3_599 }).ask(0)).toEqual([]);
    expect(tasksOf(node(lines, { averageBeMilliCpu: 3_600, lastBeMilliCpu: 3_600 }).ask(0))).toEqual([2, 3]);
  });

  test('a satisfied share above the lower line is left alone: 5.1 of 10 cores', () => {
    const host: Host = {
      beLimitMilliCpu: 5_100,
      averageBeLimitMilliCpu: 5_100,
      lastBeMilliCpu: 5_000,
      averageBeMilliCpu: 5_000,
    };
    expect(node(lines, host).ask(0)).toEqual([]);
  });

  test('waits 20 s after an eviction; without lines it is off; one line alone or upper below lower is refused', () => {
    const made = node(lines);
    made.ask(0);
    expect(made.ask(19_999)).toEqual([]);
    expect(made.ask(20_000)).toHaveLength(2);
    expect(node({}).ask(0)).toEqual([]);
    expect(() => cpuEvict.configure({ cpuEvictSatisfactionLowerPercent: 50 })).toThrow('lower in (0, 60]');
    expect(() =>
      cpuEvict.configure({ cpuEvictSatisfactionLowerPercent: 50, cpuEvictSatisfactionUpperPercent: 40 }),
    ).toThrow('lower in (0, 60]');
  });
});

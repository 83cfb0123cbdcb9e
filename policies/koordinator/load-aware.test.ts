import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LOAD_AWARE_WEIGHTS,
  leastUsedScore,
  loadAwareFilter,
  loadAwareRefuses,
  loadAwareScore,
  loadAwareScoreOne,
} from './load-aware.ts';
import { type AssignedPod, estimatePod, sumAssignedPods } from './load-aware-estimate.ts';
import {
  DEFAULT_LOAD_AWARE_CONFIG,
  DEFAULT_USAGE_THRESHOLDS,
  filterByLoad,
  type LoadAwareConfig,
  mergeThresholds,
  type NodeReport,
  scoreByLoad,
} from './load-aware-plugin.ts';
import { INTENDED_QUIRKS, PRODUCTION_QUIRKS } from './quirks.ts';

const NOTHING = { milliCpu: 0, memBytes: 0 };
const CONFIG = DEFAULT_LOAD_AWARE_CONFIG;
const HOST = { milliCpu: 10_000, memBytes: 1_000 };

function report(milliCpu: number, memBytes: number, over: Partial<NodeReport> = {}): NodeReport {
  return {
    reportedAtMs: 0,
    nodeUsage: { milliCpu, memBytes },
    aggregatedUsages: [],
    assigned: sumAssignedPods([], 0, 60_000),
    ...over,
  };
}

function pod(milliCpu: number, memBytes = 0, isProd = false) {
  return { isProd, isDaemonSet: false, estimate: { milliCpu, memBytes } };
}

describe('threshold', () => {
  test('65 % of 10 000m: 6549m rounds to 65 and passes, 6550m rounds to 66 and is refused', () => {
    expect(loadAwareRefuses(6549, 10_000, 65)).toBe(false);
    expect(loadAwareRefuses(6550, 10_000, 65)).toBe(true);
  });

  test('a threshold of 0 and a host without the resource refuse nothing', () => {
    expect(loadAwareRefuses(99_999, 10_000, 0)).toBe(false);
    expect(loadAwareRefuses(99_999, 0, 65)).toBe(false);
  });

  test('the column filter says what its one-row twin says, and keeps earlier refusals', () => {
    const used = Float64Array.of(0, 6000, 6049, 6050, 9000, 9000);
    const allocatable = Float64Array.of(10_000, 10_000, 10_000, 10_000, 10_000, 0);
    const refused = Uint8Array.of(1, 0, 0, 0, 0, 0);
    loadAwareFilter(6, used, allocatable, 500, 65, refused);
    // 6549 -> 65 %, 6550 -> 66 % (rounded): only rows 3 and 4 are new.
    expect([...refused]).toEqual([1, 0, 0, 1, 1, 0]);
    for (let host = 1; host < 6; host++)
      expect(refused[host] === 1).toBe(loadAwareRefuses(used[host] + 500, allocatable[host], 65));
  });
});

describe('score', () => {
  test('a third of the CPU used scores 66, all of it 0, too much of it 0, no capacity 0', () => {
    expect([leastUsedScore(1, 3), leastUsedScore(3, 3), leastUsedScore(4, 3), leastUsedScore(0, 0)]).toEqual([
      66, 0, 0, 0,
    ]);
  });

  test('80 and 40 score 60 with equal weights, 50 when the scarcest counts as well, 0 without weights', () => {
    const score = (cpu: number, mem: number, dominant: number) =>
      loadAwareScoreOne(2_000, 10_000, 600, 1_000, cpu, mem, dominant);
    expect(score(1, 1, 0)).toBe(60);
    // (80 + 40 + min(80, 40) x 2) / 4 = 50
    expect(score(1, 1, 2)).toBe(50);
    expect(score(0, 0, 10)).toBe(40);
    expect(score(0, 0, 0)).toBe(0);
  });

  test('columns score hosts with the pod added', () => {
    const out = new Int32Array(2);
    const cpu = Float64Array.of(1_000, 5_000);
    const mem = Float64Array.of(100, 950);
    const capacities = [Float64Array.of(10_000, 10_000), Float64Array.of(1_000, 1_000)] as const;
    loadAwareScore(2, cpu, capacities[0], mem, capacities[1], 1_000, 100, DEFAULT_LOAD_AWARE_WEIGHTS, out);
    // 80 and 80; 40 and (1050 > 1000) 0.
    expect([...out]).toEqual([80, 20]);
  });
});

describe('pod estimate', () => {
  const demand = (
    priorityClass: 'koord-prod' | 'koord-mid' | 'koord-free' | 'koord-batch',
    request: number,
    limit: number,
  ) => ({
    priorityClass,
    request: { milliCpu: request, memBytes: request },
    limit: { milliCpu: limit, memBytes: limit },
  });

  test('request 1000, limit 1001: 85 % of the limit rounded half up is 851, memory 70 % is 701', () => {
    // 1001 x 0.85 = 850.85, 1001 x 0.7 = 700.7
    expect(estimatePod(demand('koord-prod', 1000, 1001))).toEqual({ milliCpu: 851, memBytes: 701 });
  });

  test('factors above 100 % stop at the limit and go on without one', () => {
    expect(estimatePod(demand('koord-prod', 1000, 1000), 150, 150).milliCpu).toBe(1000);
    expect(estimatePod(demand('koord-prod', 1000, 0), 150, 150).milliCpu).toBe(1500);
  });

  test('K13 off: free pods are estimated as any other and a bare mid pod gets 250m and 200 MiB', () => {
    expect(estimatePod(demand('koord-free', 1000, 0), 85, 70, PRODUCTION_QUIRKS).milliCpu).toBe(0);
    expect(estimatePod(demand('koord-free', 1000, 0), 85, 70, INTENDED_QUIRKS).milliCpu).toBe(850);
    expect(estimatePod(demand('koord-mid', 0, 0), 85, 70, PRODUCTION_QUIRKS)).toEqual(NOTHING);
    expect(estimatePod(demand('koord-mid', 0, 0), 85, 70, INTENDED_QUIRKS)).toEqual({
      milliCpu: 250,
      memBytes: 209_715_200,
    });
    expect(estimatePod(demand('koord-batch', 0, 0))).toEqual({ milliCpu: 250, memBytes: 209_715_200 });
  });
});

describe('sums over assigned pods', () => {
  const assigned = (over: Partial<AssignedPod>): AssignedPod => ({
    estimate: { milliCpu: 1000, memBytes: 100 },
    isProd: true,
    scheduledAtMs: 0,
    ...over,
  });

  test('a pod bound before the last interval adds nothing, one inside it adds estimate - usage, one unreported all', () => {
    const usage = { milliCpu: 400, memBytes: 150 };
    // Reported at 100 s with an interval of 60 s: bound at 40 s is old, at 41 s it is new.
    const cases: [Partial<AssignedPod>, number, number][] = [
      [{ scheduledAtMs: 40_000, reportedUsage: usage, reportedAsProd: true }, 0, 0],
      [{ scheduledAtMs: 41_000, reportedUsage: usage, reportedAsProd: true }, 600, 0],
      [{ scheduledAtMs: 0 }, 1000, 100],
      [{ scheduledAtMs: 0, reportedUsage: usage, reportedAsProd: true, estimateUntilMs: 100_001 }, 600, 0],
      [{ scheduledAtMs: 0, reportedUsage: usage, reportedAsProd: true, estimateUntilMs: 100_000 }, 0, 0],
    ];
    for (const [over, cpu, mem] of cases)
      expect(sumAssignedPods([assigned(over)], 100_000, 60_000).nodeDelta).toEqual({ milliCpu: cpu, memBytes: mem });
  });

  test('a prod pod that the report calls batch counts with its estimate as prod, and not with its usage', () => {
    const sums = sumAssignedPods(
      [assigned({ reportedUsage: { milliCpu: 400, memBytes: 10 }, reportedAsProd: false })],
      100_000,
      60_000,
    );
    expect(sums.prodUsage).toEqual(NOTHING);
    expect(sums.prodDelta).toEqual({ milliCpu: 1000, memBytes: 100 });
    expect(sums.nodeDelta).toEqual(NOTHING);
  });
});

describe('filter', () => {
  test('a daemon set passes a full host, another pod does not', () => {
    expect(filterByLoad(HOST, undefined, report(9_900, 0), pod(10), CONFIG, 0).reason).toBe(
      'usage-exceeds-threshold:cpu',
    );
    expect(
      filterByLoad(HOST, undefined, report(9_900, 0), { ...pod(10), isDaemonSet: true }, CONFIG, 0).schedulable,
    ).toBe(true);
  });

  test('a report of 179 999 ms is fresh, of 180 000 ms expired; expiry refuses, passes, or is not looked at', () => {
    const full = report(9_900, 0);
    const at = (nowMs: number, over: Partial<LoadAwareConfig> = {}) =>
      filterByLoad(HOST, undefined, full, pod(0), { ...CONFIG, ...over }, nowMs).reason ?? 'pass';
    expect(at(179_999)).toBe('usage-exceeds-threshold:cpu');
    expect(at(180_000)).toBe('expired');
    expect(at(180_000, { scheduleOnExpiredReports: true })).toBe('pass');
    expect(at(180_000, { filterExpiredReports: false })).toBe('usage-exceeds-threshold:cpu');
    expect(at(180_000, { reportExpirationMs: 0 })).toBe('usage-exceeds-threshold:cpu');
  });

  test('thresholds of zero pass before an expired report is looked at', () => {
    const config = { ...CONFIG, thresholds: { usage: { cpuPercent: 0, memPercent: 0 } } };
    expect(filterByLoad(HOST, undefined, report(9_900, 0), pod(0), config, 999_999).schedulable).toBe(true);
  });

  test('a node that sets only memory replaces the whole group: its CPU is not looked at', () => {
    const merged = mergeThresholds({ usage: DEFAULT_USAGE_THRESHOLDS }, { usage: { memPercent: 50 } });
    expect(merged.usage).toEqual({ memPercent: 50 });
    expect(mergeThresholds({ usage: DEFAULT_USAGE_THRESHOLDS }, { usage: {} }).usage).toEqual(DEFAULT_USAGE_THRESHOLDS);
  });

  test('prod thresholds look at prod pods and, if asked, at the system: 3000 + 600 of 10 000 against 35 %', () => {
    const prodPod: AssignedPod = {
      estimate: NOTHING,
      isProd: true,
      scheduledAtMs: -999_999,
      reportedUsage: { milliCpu: 3_000, memBytes: 0 },
      reportedAsProd: true,
    };
    const full = report(9_900, 0, {
      systemUsage: { milliCpu: 600, memBytes: 0 },
      assigned: sumAssignedPods([prodPod], 0, 60_000),
    });
    const config = { ...CONFIG, thresholds: { usage: { cpuPercent: 65 }, prodUsage: { cpuPercent: 35 } } };
    expect(filterByLoad(HOST, undefined, full, pod(0, 0, true), config, 0).schedulable).toBe(true);
    const withSystem = { ...config, prodUsageIncludesSystem: true };
    expect(filterByLoad(HOST, undefined, full, pod(0, 0, true), withSystem, 0).schedulable).toBe(false);
  });
});

describe('aggregated usage', () => {
  const windows = report(1_000, 0, {
    aggregatedUsages: [
      { type: 'p95', durationMs: 300_000, usage: { milliCpu: 3_000, memBytes: 0 } },
      { type: 'p95', durationMs: 1_800_000, usage: { milliCpu: 5_000, memBytes: 0 } },
      { type: 'p99', durationMs: 300_000, usage: { milliCpu: 7_000, memBytes: 0 } },
    ],
    assigned: sumAssignedPods(
      [{ estimate: { milliCpu: 200, memBytes: 0 }, isProd: false, scheduledAtMs: 0 }],
      0,
      60_000,
    ),
  });
  const usedBy = (type: string, durationMs: number, quirks = PRODUCTION_QUIRKS) =>
    filterByLoad(
      HOST,
      undefined,
      windows,
      pod(0),
      { ...CONFIG, quirks, thresholds: { aggregated: { type, durationMs, thresholds: { cpuPercent: 99 } } } },
      0,
    ).estimatedUsed?.milliCpu;

  test('the named window counts, no duration takes the longest of its type, an unknown type plain usage', () => {
    expect(usedBy('p95', 300_000)).toBe(3_200);
    expect(usedBy('p95', 0)).toBe(5_200);
    expect(usedBy('p50', 0)).toBe(1_200);
  });

  test('K14: a missing window leaves 200m of estimates in production, 1200m of usage and estimates when intended', () => {
    expect(usedBy('p95', 600_000)).toBe(200);
    expect(usedBy('p95', 600_000, INTENDED_QUIRKS)).toBe(1_200);
  });
});

test('a node scores 0 without a report, with an expired or an empty one, and 75 when a quarter of both is used', () => {
  const { nodeUsage: _, ...empty } = report(0, 0);
  expect(scoreByLoad(HOST, undefined, pod(0), CONFIG, 0)).toBe(0);
  expect(scoreByLoad(HOST, report(0, 0), pod(0), CONFIG, 180_000)).toBe(0);
  expect(scoreByLoad(HOST, empty, pod(0), CONFIG, 0)).toBe(0);
  expect(scoreByLoad(HOST, report(1_500, 150), pod(1_000, 100), CONFIG, 0)).toBe(75);
});

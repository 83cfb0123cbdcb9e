import { describe, expect, test } from 'vitest';
import { createLoadAwareHosts, loadAwareKeepsOff, REPORT } from '../../policies/koordinator/load-aware-hosts.ts';
import { DEFAULT_LOAD_AWARE_CONFIG } from '../../policies/koordinator/load-aware-plugin.ts';
import { smallCluster } from '../cluster/testing/small-cluster.ts';
import { createTelemetry } from './telemetry.ts';
import { aggregatedUsage, createUsageWindows, meanUsage, readReports } from './usage-windows.ts';

const MINUTE = 60_000;

/** Two hosts, windows of a minute, ten kept; host 1 used `values` in turn. */
function pushed(values: readonly number[]) {
  const usage = createUsageWindows(2, MINUTE, [10 * MINUTE]);
  for (const value of values) {
    usage.nodeMilliCpu[(usage.pushed[0] % usage.room) * 2 + 1] = value;
    usage.pushed[0]++;
  }
  return usage;
}
const ask = (values: readonly number[], type: string, minutes: number, reported = [5, 10]) => {
  const usage = pushed(values);
  const choice = { type, durationMs: minutes * MINUTE };
  return aggregatedUsage(
    usage,
    usage.nodeMilliCpu,
    1,
    choice,
    reported.map((m) => m * MINUTE),
  );
};

describe('aggregated usage', () => {
  test('of ten minutes 10..100: mean 55, p50 is the 5th, p95 the 9th, p99 the 9th, p90 the 9th', () => {
    const values = [100, 10, 90, 20, 80, 30, 70, 40, 60, 50];
    // trunc(10 x p) - 1: p50 index 4, p90 8, p95 trunc(9.5) - 1 = 8, p99 trunc(9.9) - 1 = 8.
    expect(['avg', 'p50', 'p90', 'p95', 'p99'].map((type) => ask(values, type, 10))).toEqual([55, 50, 90, 90, 90]);
  });

  test('only the newest five of twelve minutes count for five minutes', () => {
    expect(ask([999, 999, 999, 999, 999, 999, 999, 10, 20, 30, 40, 50], 'avg', 5)).toBe(30);
  });

  test('a span sampled for less than half is missing: two of five minutes, four of ten', () => {
    expect(ask([1, 2], 'avg', 5)).toBeNaN();
    expect(ask([1, 2, 3], 'avg', 5)).toBe(2);
    expect(ask([1, 2, 3, 4], 'avg', 10)).toBeNaN();
    expect(ask([1, 2, 3, 4, 5], 'avg', 10)).toBe(3);
  });

  test('a duration that reports do not carry is missing; 0 takes the longest that is there', () => {
    expect(ask([1, 2, 3, 4, 5, 6], 'avg', 7)).toBeNaN();
    expect(ask([1, 1, 1, 4], 'avg', 0)).toBe(1);
    expect(ask([1, 1, 1, 1, 11], 'avg', 0)).toBe(3);
    expect(ask([], 'avg', 0)).toBeNaN();
  });

  test('the mean of a report is cut to whole milli-CPU and does not mix hosts', () => {
    const usage = pushed([1, 2, 2]);
    expect(meanUsage(usage, usage.nodeMilliCpu, 1, 3 * MINUTE)).toBe(1);
    expect(meanUsage(usage, usage.nodeMilliCpu, 0, 3 * MINUTE)).toBe(0);
  });
});

test('a report of 179,999 ms is fresh, one of 180,000 ms has expired: its host is refused, or taken where the plan says so', () => {
  const cluster = smallCluster(3, 1);
  const { signals } = createTelemetry(cluster, 5 * MINUTE, MINUTE);
  signals.nowMs = 180_000;
  signals.sampledAtMs.set([-1, 1, 0]);
  const refused = (scheduleOnExpiredReports: boolean, filterExpiredReports = true) => {
    const config = { ...DEFAULT_LOAD_AWARE_CONFIG, scheduleOnExpiredReports, filterExpiredReports };
    const load = createLoadAwareHosts(3, config, [undefined]);
    readReports(load, createUsageWindows(3, MINUTE, [5 * MINUTE]), signals, 5 * MINUTE, []);
    expect(Array.from(load.report)).toEqual([REPORT.none, REPORT.fresh, REPORT.expired]);
    return [0, 1, 2].map((host) => loadAwareKeepsOff(load, 0, host, false, 1, 1, 1_000, 1_000));
  };
  expect(refused(false)).toEqual([false, false, true]);
  expect(refused(true)).toEqual([false, false, false]);
  expect(refused(false, false)).toEqual([false, false, false]);
});

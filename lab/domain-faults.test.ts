/** Failures by domains and drains in whole runs: which hosts are lost when, and what it does to services. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { drawHostOutages } from '../sim/engine/domain-faults.ts';
import { defaultParameters } from '../sim/host/parameters.ts';
import type { Plan } from '../sim/plan.ts';
import { runPlan } from './run-plan.ts';

function planOf(failures: object, hosts: number, horizon: string, parameters: object = {}): Plan {
  return resolve(
    scenarioSchema.parse({
      name: 'domains',
      horizon,
      window: '60s',
      cluster: { hostsPerRack: 10, hosts: { plain: { count: hosts, cpu: '16 cores', memory: '64GiB' } } },
      online: {
        source: 'none',
        explicit: {
          api: { latencyClass: 'rpc', replicas: 20, cpuRequest: '1 cores', memRequest: '2GiB', meanUsagePercent: 30 },
        },
      },
      bestEffort: { tasksPerWeek: 20_000, populations: { work: { kind: 'transcode', taskShare: 1 } } },
      failures,
      physics: { parameters },
    }),
  );
}

const racksOf = (hosts: number, racks: number) => Int32Array.from({ length: hosts }, (_, host) => host % racks);

describe('outages by domain', () => {
  test('2,000 hosts in 200 racks for a year: 20 rack events take 10 hosts each, all of one rack and at one time', () => {
    const plan = planOf({ enabled: true, domains: true, hostCrashesPerYear: 0.5 }, 2000, '365d');
    const outages = drawHostOutages(plan, { ...defaultParameters(), pduEventsPerYear: 0 }, racksOf(2000, 200));
    const atOnce = new Map<number, number[]>();
    for (const { host, startMs } of outages) atOnce.set(startMs, [...(atOnce.get(startMs) ?? []), host]);
    const together = [...atOnce.values()].filter((hosts) => hosts.length >= 10);
    // Poisson of mean 20: within 4 standard deviations (18).
    expect(together.length).toBeGreaterThan(2);
    expect(together.length).toBeLessThan(38);
    for (const hosts of together) expect(new Set(hosts.map((host) => host % 200)).size).toBe(1);
    // All causes: 0.5 a host and year, 1,000 in total; within 4 standard deviations (126) and the clustering of racks.
    expect(outages.length).toBeGreaterThan(800);
    expect(outages.length).toBeLessThan(1200);
  });

  test('a power domain of 500 hosts takes 50 racks of 10', () => {
    const plan = planOf({ enabled: true, domains: true, rackEventsPerYear: 0 }, 2000, '365d');
    const p = { ...defaultParameters(), pduEventsPerYear: 20, hardRepairsPerYear: 0 };
    const outages = drawHostOutages(plan, p, racksOf(2000, 200));
    const atOnce = new Map<number, number>();
    for (const { startMs } of outages) atOnce.set(startMs, (atOnce.get(startMs) ?? 0) + 1);
    const sizes = [...atOnce.values()].filter((hosts) => hosts > 5);
    expect(sizes.length).toBeGreaterThan(5);
    for (const hosts of sizes) expect(hosts).toBe(500);
  });

  test('upgrades drain 50 hosts one after another: 2 % at once is one host, 75 days over 50 hosts is one each 36 hours', () => {
    const plan = planOf({ kernelUpgrades: true }, 50, '10d');
    const outages = drawHostOutages(plan, defaultParameters(), racksOf(50, 5));
    expect(outages.map(({ host, startMs }) => [host, startMs / 3_600_000])).toEqual(
      Array.from({ length: 7 }, (_, host) => [host, 36 * host]),
    );
    for (const { isDrain, durationMs } of outages) expect([isDrain, durationMs]).toEqual([true, 15 * 60_000]);
  });
});

describe('whole runs', () => {
  const run = (plan: Plan) => {
    const results = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
    if (results === null) throw new Error('stopped');
    return results;
  };
  const sum = (column: Iterable<unknown>) => [...column].reduce((total: number, value) => total + Number(value), 0);

  test('a drain takes hosts down without a failure and without a silent pod; a rerun gives the same digest', () => {
    // 20 hosts, 60 days, 5 % at once = 1: one host each 72 hours, hosts 0, 1 and 2 in 8 days.
    const parameters = { upgradePassDays: 60, upgradeAtOnce: 0.05 };
    const results = run(planOf({ kernelUpgrades: true }, 20, '8d', parameters));
    // Host 0 is drained at 0 for 15 minutes, hosts 1 and 2 later: 45 minutes of one host down.
    expect(sum(results.tables.windows.columns.hostsDown)).toBe(45);
    expect(results.summary.hostFailures).toBe(0);
    expect(sum(results.tables.serviceHours.columns.violatingDeadHosts)).toBe(0);
    expect(run(planOf({ kernelUpgrades: true }, 20, '8d', parameters)).manifest.digest).toBe(results.manifest.digest);
  });

  test('crashes by domain are counted as failures, and hosts come back', () => {
    const results = run(planOf({ enabled: true, domains: true, hostCrashesPerYear: 36.5 }, 20, '4d', {}));
    expect(results.summary.hostFailures).toBeGreaterThan(0);
    const down = sum(results.tables.windows.columns.hostsDown);
    expect(down).toBeGreaterThan(0);
    expect(down).toBeLessThan(20 * 4 * 1440 * 0.1);
  });
});

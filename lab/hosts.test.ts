import { beforeAll, describe, expect, test } from 'vitest';
import { type LoadedPlan, loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import { headroomNow, headroomOf, sumUp } from './headroom.ts';
import {
  growthCandidates,
  hostCandidates,
  hostsMissing,
  overridesOf,
  planOnHosts,
  scaledShapes,
  spareWords,
} from './hosts.ts';
import { prepare, runPlan } from './run-plan.ts';

let small: LoadedPlan;
let quick: LoadedPlan;
beforeAll(async () => {
  small = await loadPlan('scenarios/library/unit-small.yaml', { sets: ['horizon=2h'] });
  quick = await loadPlan('scenarios/library/quickstart.yaml');
});

describe('a load on other hosts', () => {
  test('8 plain and 2 fast-disk hosts become 6 and 1 of 7: 5.6 and 1.4 rounded, the rest to the larger remainder', () => {
    const counts = (total: number) => scaledShapes(small.plan.cluster.shapes, total).map((s) => [s.name, s.count]);
    expect(counts(7)).toEqual([
      ['plain', 6],
      ['fast-disk', 1],
    ]);
    expect(counts(20)).toEqual([
      ['plain', 16],
      ['fast-disk', 4],
    ]);
    // 0.8 and 0.2: the one host goes to the larger share, the other shape is left out.
    expect(counts(1)).toEqual([['plain', 1]]);
  });

  test('on half the hosts the same requests are twice the share; the same on all hosts is the same plan', () => {
    const { plan } = quick;
    const cores = (shapes: typeof plan.cluster.shapes) => shapes.reduce((sum, s) => sum + s.count * s.cpuCores, 0);
    const half = planOnHosts(plan, scaledShapes(plan.cluster.shapes, 50), 1);
    const requested = (own: typeof plan) => (own.online.cpuRequestPercent / 100) * cores(own.cluster.shapes);
    expect(requested(half)).toBeCloseTo(requested(plan), 6);
    expect(half.bestEffort.offeredPercent * cores(half.cluster.shapes)).toBeCloseTo(
      plan.bestEffort.offeredPercent * cores(plan.cluster.shapes),
      6,
    );
    expect(planOnHosts(plan, scaledShapes(plan.cluster.shapes, 100), 1)).toEqual(plan);
  });

  test('candidates fall from most to fewest; 10 hosts with 1 host and 1 rack of 5 down are run as 4', () => {
    const { counts, candidates } = hostCandidates(
      small.plan,
      { from: 8, to: 10, step: 1 },
      { hosts: 1, racks: 1, domains: 0 },
    );
    expect(counts).toEqual([10, 9, 8]);
    expect(hostsMissing(small.plan, { hosts: 1, racks: 1, domains: 0 })).toBe(6);
    // A power domain of `pduHosts` 252 hosts takes 51 racks of five.
    const wired = { ...small.plan, physics: { ...small.plan.physics, parameters: { pduHosts: 252 } } };
    expect(hostsMissing(wired, { hosts: 0, racks: 0, domains: 1 })).toBe(255);
    expect(spareWords({ hosts: 2, racks: 1, domains: 1 })).toBe('2 hosts, 1 rack and 1 power domain');
    const up = candidates.map(({ plan }) => plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0));
    expect(up).toEqual([4, 3, 2]);
    expect(() => hostCandidates(small.plan, { from: 9, to: 8, step: 1 }, { hosts: 0, racks: 0, domains: 0 })).toThrow(
      'empty range',
    );
    expect(() => hostCandidates(small.plan, { from: 5, to: 8, step: 1 }, { hosts: 0, racks: 1, domains: 0 })).toThrow(
      'leave none',
    );
  });

  test('10 % a month: load x 1.21 in month 2 gives 16 x 1.21 = 19.36, so 20 web replicas', () => {
    const months = growthCandidates(small.plan, 10, 3, { hosts: 0, racks: 0, domains: 0 });
    expect(months.map((month) => month.name)).toEqual([
      'month 0 (load x 1)',
      'month 1 (load x 1.1)',
      'month 2 (load x 1.21)',
      'month 3 (load x 1.33)',
    ]);
    expect(months[2].plan.online.explicit[0].replicas).toBe(20);
    expect(() => growthCandidates(small.plan, 0, 3, { hosts: 0, racks: 0, domains: 0 })).toThrow('--growth is 0');
  });

  test('the overrides of a candidate, given to the scenario, resolve to the same plan', async () => {
    for (const [base, path, total] of [
      [small.plan, 'scenarios/library/unit-small.yaml', 7],
      [quick.plan, 'scenarios/library/quickstart.yaml', 95],
    ] as const) {
      const plan = planOnHosts(base, scaledShapes(base.cluster.shapes, total), 1.1);
      const horizon = path.includes('unit') ? ['horizon=2h'] : [];
      const again = await loadPlan(path, { sets: [...horizon, ...overridesOf(base, plan)] });
      expect(again.planHash).toBe(planHash(plan));
    }
  });
});

describe('headroom', () => {
  test('10 empty hosts of 32 cores: a pod of 10 cores and 1 GiB fits 3 times on each untainted one, 24 in all', async () => {
    // 2 % reserved or less leaves at least 30 cores; the two fast-disk hosts are tainted. Load-aware lines are switched off.
    const sets = [
      'koordinator.enabled=false',
      'cluster.reservedCpuPercent=0%',
      'cluster.reservedMemPercent=0%',
      'online.explicit.web.replicas=1',
      'online.explicit.web.meanUsagePercent=1%',
      'online.explicit.orders=null',
      'online.explicit.cache=null',
    ];
    const { plan } = await loadPlan('scenarios/library/unit-small.yaml', { sets });
    const { engine } = prepare(plan, {});
    // The one web pod asks for 2 of 32 cores: 30 are left, still 3 x 10.
    const pod = { requestMilliCpu: 10_000, requestMemMib: 1024, tier: 'native' as const };
    expect(headroomNow(engine, pod)).toBe(24);
    // 11 cores: 2 on every plain host, 16. 20 GiB of 128: 6 by memory, 3 by 10 cores: 24 again.
    expect(headroomNow(engine, { ...pod, requestMilliCpu: 11_000 })).toBe(16);
    // 60 GiB of 128 GiB: 2 a host, but 124 GiB are left beside the web pod's 4 GiB: 2 there too.
    expect(headroomNow(engine, { ...pod, requestMemMib: 60 * 1024 })).toBe(16);
    // Nothing was changed by asking.
    expect(headroomNow(engine, pod)).toBe(24);
  });

  test('a service with at most one replica a host has room on each of the 8 plain hosts it is not on: 8 orders, 0 left', () => {
    const { engine } = prepare(small.plan, {});
    const pod = { service: 'orders', requestMilliCpu: 0, requestMemMib: 0, tier: 'native' as const };
    expect(headroomNow(engine, pod)).toBe(0);
    expect(() => headroomNow(engine, { ...pod, service: 'order' })).toThrow('Did you mean "orders"?');
  });

  test('looking every hour leaves the run as it was: one count an hour, the digest of a run without looking', () => {
    const pod = { requestMilliCpu: 1000, requestMemMib: 1024, tier: 'native' as const };
    const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };
    const { perHour, digest } = headroomOf(small.plan, pod, undefined, () => {});
    expect(perHour).toHaveLength(2);
    expect(digest).toBe(runPlan(small.plan, { identity })?.manifest.digest);
  });

  test('5, 3, 9, 3 after hour 2: least 3 first in hour 3, median 3, p95 9', () => {
    expect(sumUp([5, 3, 9, 3], 2)).toMatchObject({ min: 3, minHour: 3, p5: 3, median: 3, p95: 9 });
    expect(() => sumUp([], 0)).toThrow('no whole hour after warm-up');
  });
});

test('ten points of use are those of the mean host: a shape written as two gives the same, one twice as dear half as much again', () => {
  const [plain] = small.plan.cluster.shapes;
  const tenPoints = (...shapes: (typeof plain)[]) => {
    const plan = { ...small.plan, cluster: { ...small.plan.cluster, shapes } };
    const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };
    const summary = runPlan(plan, { identity })?.summary;
    return [summary?.tenPointsEnergyCost ?? 0, summary?.tenPointsAvoidedCost ?? 0];
  };
  const capexPerHost = 2 * small.plan.cost.capexPerHost;
  const [energy, avoided] = tenPoints({ ...plain, count: 8 });
  expect(energy).toBeGreaterThan(0);
  expect(tenPoints({ ...plain, count: 4 }, { ...plain, name: 'same', count: 4 })).toEqual([
    expect.closeTo(energy, 9),
    expect.closeTo(avoided, 6),
  ]);
  expect(tenPoints({ ...plain, count: 4 }, { ...plain, name: 'dear', count: 4, capexPerHost })).toEqual([
    expect.closeTo(energy, 9),
    expect.closeTo(1.5 * avoided, 6),
  ]);
});

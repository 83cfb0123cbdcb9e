// Whole runs of library scenarios: however a run is computed, its digest and its tables are the same.
import { beforeAll, describe, expect, test } from 'vitest';
import { policiesOf, prepare } from '../lab/run-plan.ts';
import { POLICIES } from '../policies/registry.ts';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../sim/engine/check-engine.ts';
import { createEngine, type Engine } from '../sim/engine/engine.ts';
import { createSurfaceStore } from '../sim/engine/latency-model.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';

const HOUR = 3_600_000;

async function libraryPlan(name: string, sets: readonly string[] = []): Promise<Plan> {
  return (await loadPlan(new URL(`../scenarios/library/${name}.yaml`, import.meta.url).pathname, { sets })).plan;
}

function results(engine: Engine) {
  const { manifest, summary, tables } = resultsOf(engine, { planHash: '', tidemarkVersion: '', nodeVersion: '' }, []);
  return { manifest, summary, tables };
}

describe('quickstart', () => {
  let plan: Plan;
  let straight: Engine;
  beforeAll(async () => {
    plan = await libraryPlan('quickstart');
    straight = prepare(plan, {}).engine;
    runUntil(straight, plan.horizonMs);
  });

  test('gives the same digest and tables by index and by full scan', () => {
    const { engine } = prepare(plan, { placementByScan: true });
    runUntil(engine, plan.horizonMs);
    expect(results(engine)).toEqual(results(straight));
  });

  test('gives the same digest and tables on both calendars', () => {
    const { engine } = prepare(plan, { calendar: 'fastpriorityqueue' });
    runUntil(engine, plan.horizonMs);
    expect(results(engine)).toEqual(results(straight));
  });

  test('gives the same digest and tables with surfaces another run has built, and with its own after other physics', async () => {
    const surfaces = createSurfaceStore();
    const other = await libraryPlan('quickstart', ['physics.isolation=shares']);
    prepare(other, { surfaces });
    const ofOther = surfaces.built.size;
    prepare(plan, { surfaces });
    const ofBoth = surfaces.built.size;
    const { engine } = prepare(plan, { surfaces });
    expect([ofBoth, surfaces.built.size, surfaces.tables.size]).toEqual([2 * ofOther, 2 * ofOther, 1]);
    runUntil(engine, plan.horizonMs);
    expect(results(engine)).toEqual(results(straight));
  });

  test('forked at hour 6 and run to the end it has the digest and tables of the straight run, and so has the original', () => {
    const { engine } = prepare(plan, {});
    runUntil(engine, 6 * HOUR);
    const snapshot = structuredClone(snapshotRun(engine));
    const options = { policies: policiesOf(plan), like: engine };
    const fork = restoreRun(plan, workloadOf(plan), options, snapshot);
    const onOtherCalendar = restoreRun(plan, workloadOf(plan), { ...options, calendar: 'fastpriorityqueue' }, snapshot);
    runUntil(engine, 9 * HOUR);
    for (const run of [fork, onOtherCalendar, engine]) {
      runUntil(run, plan.horizonMs);
      expect(results(run)).toEqual(results(straight));
    }
  });

  test('a fork under another water-line parts from the straight run and keeps every task', () => {
    const { engine } = prepare(plan, {});
    runUntil(engine, 3 * HOUR);
    const suppressed = POLICIES['cpu-suppress'].configure({
      cpuSuppressThresholdPercent: 40,
      cpuSuppressPolicy: 'cfsQuota',
    });
    const policies = policiesOf(plan).map((entry) =>
      entry.policy.name === 'cpu-suppress' ? { ...entry, config: suppressed } : entry,
    );
    const fork = restoreRun(plan, workloadOf(plan), { policies, like: engine }, snapshotRun(engine));
    runUntil(fork, 8 * HOUR);
    runUntil(engine, 8 * HOUR);
    checkEngine(fork);
    expect(digestText(fork.cluster.digest)).not.toBe(digestText(engine.cluster.digest));
  });

  test('a snapshot does not fit a cluster of another size', async () => {
    const small = await libraryPlan('unit-small');
    const options = { policies: policiesOf(small) };
    expect(() => restoreRun(small, workloadOf(small), options, snapshotRun(straight))).toThrow('100 hosts fits 10');
  });
});

test.each(['mesos-unit', 'mesos-black-hole'])('%s keeps its digest when it is forked in the middle', async (name) => {
  const library = await libraryPlan(name);
  const plan: Plan = { ...library, horizonMs: 2 * HOUR };
  const { engine } = prepare(plan, {});
  runUntil(engine, HOUR);
  const snapshot = structuredClone(snapshotRun(engine));
  const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan), like: engine }, snapshot);
  for (const run of [engine, fork]) runUntil(run, plan.horizonMs);
  expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
  checkEngine(fork);
});

test.each(['unit-small', 'faults', 'quickstart', 'mesos-unit', 'mesos-black-hole'])(
  '%s holds every fact each hour and books all work',
  async (name) => {
    const plan = await libraryPlan(name);
    const engine = createEngine(plan, workloadOf(plan), { policies: policiesOf(plan) });
    const checker = watch(engine.cluster);
    startRun(engine);
    for (let untilMs = HOUR; untilMs <= plan.horizonMs; untilMs += HOUR) {
      runUntil(engine, untilMs);
      checkEngine(engine);
      checker.compare();
    }
    checkWork(engine, checker);
  },
);

describe('unit-small', () => {
  test('cache stands on the two ssd hosts, nobody else does, and orders has one replica a host', async () => {
    const plan = await libraryPlan('unit-small');
    const { engine } = prepare(plan, {});
    const { tasks } = engine.cluster;
    const { online } = engine;
    const hostsOf = (name: string) => {
      const s = online.services.names.indexOf(name);
      return [...tasks.host.slice(online.firstPod[s], online.firstPod[s] + online.wanted[s])].sort((a, b) => a - b);
    };
    // 8 plain hosts are 0..7, the tainted ssd hosts 8 and 9; 4 caches of 48 GiB spread over 2 hosts of 256 GiB.
    expect(hostsOf('cache')).toEqual([8, 8, 9, 9]);
    expect(hostsOf('orders')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(hostsOf('web')).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]);
  });
});

describe('a rolling restart of 8 replicas at minute 10', () => {
  test('takes down a quarter at a time and is over when all 8 have started anew', async () => {
    const base = await libraryPlan('unit-small');
    const [web, orders, ...rest] = base.online.explicit;
    const plan: Plan = {
      ...base,
      horizonMs: HOUR,
      online: { ...base.online, explicit: [web, { ...orders, rollingRestartAtMs: [600_000] }, ...rest] },
    };
    const { engine } = prepare(plan, {});
    const s = engine.online.services.names.indexOf('orders');
    let least = 8;
    for (let atMs = 0; atMs < HOUR; atMs += 1_000) {
      runUntil(engine, atMs);
      least = Math.min(least, engine.online.ready[s]);
      if (atMs === 599_000) expect(least).toBe(8);
    }
    // maxUnavailable: floor(8 x 25 %) = 2.
    expect(least).toBe(6);
    expect(engine.online.ready[s]).toBe(8);
    const started = engine.cluster.tasks.startedAtMs.slice(engine.online.firstPod[s], engine.online.firstPod[s] + 8);
    for (const atMs of started) expect(atMs).toBeGreaterThan(600_000);
    // Four batches, one a window of 60 s.
    for (const atMs of started) expect(atMs).toBeLessThan(600_000 + 5 * 60_000);
    expect(engine.restartSinceMs[s]).toBe(Infinity);
  });
});

describe('the autoscaler of faults', () => {
  test('keeps checkout within 20 to 120 replicas, follows the day, and has its replicas ready in the end', async () => {
    const plan = await libraryPlan('faults', ['failures.enabled=false']);
    const { engine } = prepare(plan, {});
    const s = engine.online.services.names.indexOf('checkout');
    const wanted: number[] = [];
    for (let hour = 1; hour <= 24; hour++) {
      runUntil(engine, hour * HOUR);
      wanted.push(engine.online.wanted[s]);
    }
    expect(Math.min(...wanted)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...wanted)).toBeLessThanOrEqual(120);
    // Use follows a day with a ratio of 3 between peak and trough; the target is fixed, so replicas follow it within the tolerance.
    expect(Math.max(...wanted) / Math.min(...wanted)).toBeGreaterThan(1.5);
    expect(engine.online.ready[s]).toBe(engine.online.wanted[s]);
  });
});

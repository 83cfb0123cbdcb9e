/** Elastic quotas in whole runs: who may start when two populations want everything. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { EVICT_REASON } from '../policies/ports.ts';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { ElasticQuotaPlan, KubernetesPlan } from '../sim/plan/kubernetes.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Four hosts of 32 cores without services sell trunc(60 %) - 3 % system = 18.2 cores each, 73 together. Two populations of two-core
 * pods that live for about an hour and arrive 60 an hour each: either alone wants more than there is.
 */
const TEXT = `
name: quotas
seed: quotas
horizon: 4h
window: 60s
cluster:
  hosts:
    plain: { count: 4, cpu: 32 cores, memory: 256GiB }
online: { source: none, explicit: { idle: { latencyClass: rpc, replicas: 4, cpuRequest: 1 cores, memRequest: 1GiB, meanUsagePercent: 1% } } }
bestEffort:
  tasksPerWeek: 20160
  failureProbability: 0%
  populations:
    one: { kind: transcode, taskShare: 50%, lifeLogMean: 8.2, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
    two: { kind: transcode, taskShare: 50%, lifeLogMean: 8.2, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
controlPlane:
  quotas:
    a: { populations: [one], minCpu: 20 cores, minMemory: 100GiB, maxCpu: 200 cores, maxMemory: 1000GiB }
    b: { populations: [two], minCpu: 20 cores, minMemory: 100GiB, maxCpu: 200 cores, maxMemory: 1000GiB }
`;

let base: Plan;
beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'quotas.yaml');
  writeFileSync(file, TEXT);
  base = (await loadPlan(file)).plan;
});

function planWith(
  change: (quota: ElasticQuotaPlan) => Partial<ElasticQuotaPlan>,
  more: Partial<KubernetesPlan> = {},
): Plan {
  const plane = base.controlPlane as KubernetesPlan;
  const quotas = (plane.quotas ?? []).map((quota) => ({ ...quota, ...change(quota) }));
  return { ...base, controlPlane: { ...plane, quotas, ...more } };
}

/** Cores that each population holds now, bound or running. */
function held(engine: Engine): [number, number] {
  const { tasks } = engine.cluster;
  const cores: [number, number] = [0, 0];
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.bound || tasks.state[row] === TASK_STATE.running)
      cores[tasks.group[row]] += tasks.requestMilliCpu[row] / 1000;
  return cores;
}

function mostHeld(plan: Plan, population: number): number {
  const { engine } = prepare(plan, {});
  let most = 0;
  for (let atMs = 5 * MINUTE; atMs < base.horizonMs; atMs += 5 * MINUTE) {
    runUntil(engine, atMs);
    most = Math.max(most, held(engine)[population]);
  }
  checkEngine(engine);
  return most;
}

describe('elastic quotas in a run', () => {
  test('a maximum of 11 cores holds 5 pods of 2 at most, at any time, while the other population takes more', () => {
    const plan = planWith((quota) => (quota.name === 'b' ? { maxMilliCpu: 11_000, minMilliCpu: 0 } : {}));
    expect(mostHeld(plan, 1)).toBe(10);
    expect(mostHeld(plan, 0)).toBeGreaterThan(30);
  });

  test('two hungry quotas of equal weight share what is sold about evenly', () => {
    const { engine } = prepare(base, {});
    runUntil(engine, 4 * HOUR - 1);
    const [one, two] = held(engine);
    expect(one + two).toBeGreaterThan(50);
    expect(Math.abs(one - two)).toBeLessThanOrEqual(4);
  });

  test('with weights 3 to 1 by maximum, the shares above the minima go 3 to 1', () => {
    const plan = planWith((quota) => (quota.name === 'b' ? { maxMilliCpu: 50_000 } : { maxMilliCpu: 150_000 }));
    const { engine } = prepare(plan, {});
    runUntil(engine, 4 * HOUR - 1);
    const [one, two] = held(engine);
    // 73 sold: 20 + 20 as minima, the rest of 33 as 25 to 8: 45 and 28, in pods of 2 cores.
    expect(one).toBeGreaterThanOrEqual(40);
    expect(two).toBeLessThanOrEqual(30);
    expect(two).toBeGreaterThanOrEqual(20);
  });

  test('an idle minimum is lent: a population takes the minimum of the other too, unless it may not be lent', () => {
    // Without a pod in it, quota b still stands there with its minimum of 40 cores.
    const alone = (allowLent: boolean) =>
      mostHeld(
        planWith((quota) =>
          quota.name === 'b' ? { minMilliCpu: 40_000, allowLent, populations: [] } : { minMilliCpu: 0 },
        ),
        0,
      );
    expect(alone(true)).toBeGreaterThan(45);
    // 73 - 40 = 33 cores: 16 pods.
    expect(alone(false)).toBeLessThanOrEqual(34);
  });

  test('a lent minimum comes back at once where quotas give pods back, and only as pods end where they do not', () => {
    // Population one comes in hours 2 and 3 only; until then two may use the 40 cores that belong to it.
    const late = Array.from({ length: 24 }, (_, hour) => (hour === 2 || hour === 3 ? 12 : 0));
    const ran = (revokeOverusedQuotas: boolean) => {
      const plan = planWith((quota) => (quota.name === 'a' ? { minMilliCpu: 40_000 } : { minMilliCpu: 0 }), {
        revokeOverusedQuotas,
      });
      const populations = plan.bestEffort.populations.map((population) => ({
        ...population,
        lifeLogMean: 9.2,
        arrivalByHour: population.name === 'one' ? late : population.arrivalByHour,
      }));
      let revoked = 0;
      const { engine } = prepare(
        { ...plan, bestEffort: { ...plan.bestEffort, populations } },
        {
          sink: (_atMs, change, _task, _host, reason) => {
            if (change === CHANGE.evict && reason === EVICT_REASON.quota) revoked++;
          },
        },
      );
      runUntil(engine, 2 * HOUR);
      const before = held(engine);
      runUntil(engine, 2 * HOUR + 20 * MINUTE);
      checkEngine(engine);
      return { before, after: held(engine), revoked };
    };
    const [back, kept] = [ran(true), ran(false)];
    expect(back.before).toEqual(kept.before);
    expect(back.before[0]).toBe(0);
    expect(back.before[1]).toBeGreaterThan(60);
    expect(kept.revoked).toBe(0);
    expect(back.revoked).toBeGreaterThan(10);
    expect(back.after[0]).toBeGreaterThanOrEqual(36);
    expect(kept.after[0]).toBeLessThan(back.after[0] / 2);
  });

  test('the books of the quotas are what counting gives, with pods that fail, are given up and given back', () => {
    const plan = planWith((quota) => (quota.name === 'a' ? { minMilliCpu: 40_000 } : { minMilliCpu: 0 }), {
      revokeOverusedQuotas: true,
    });
    const bestEffort = { ...plan.bestEffort, failureProbability: 0.5, maxRetries: 1 };
    const { engine } = prepare({ ...plan, bestEffort }, {});
    for (let atMs = 10 * MINUTE; atMs < base.horizonMs; atMs += 10 * MINUTE) {
      runUntil(engine, atMs);
      const { tasks } = engine.cluster;
      const used = [0, 0];
      const asked = [0, 0];
      for (let row = tasks.firstBestEffort; row < tasks.used; row++) {
        const state = tasks.state[row];
        const isPlaced = state === TASK_STATE.bound || state === TASK_STATE.running;
        if (isPlaced) used[tasks.group[row]] += tasks.requestMilliCpu[row];
        if (isPlaced || state === TASK_STATE.pending) asked[tasks.group[row]] += tasks.requestMilliCpu[row];
      }
      const { gate } = engine.plane.snapshot() as { gate: { dimensions: { used: number[]; podRequest: number[] }[] } };
      expect(Array.from(gate.dimensions[0].used)).toEqual(used);
      expect(Array.from(gate.dimensions[0].podRequest)).toEqual(asked);
    }
  });

  test('a run interrupted while pods wait for their quota ends with the digest of one that was not', () => {
    const { engine } = prepare(base, {});
    runUntil(engine, 2 * HOUR + 90_000);
    const snapshot = structuredClone(snapshotRun(engine));
    runUntil(engine, base.horizonMs);
    const continued = restoreRun(base, workloadOf(base, undefined), { policies: policiesOf(base) }, snapshot);
    runUntil(continued, base.horizonMs);
    expect(digestText(continued.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });

  test('a quota that names an unknown population is refused', () => {
    expect(() =>
      prepare(
        planWith(() => ({ populations: ['three'] })),
        {},
      ),
    ).toThrow(/quota "a" names population "three"; known: one, two/);
  });

  test('by maximum instead of runtime a parent bounds its children only where parents are checked: 10 pods of 2 under 21 cores', () => {
    const plane = base.controlPlane as KubernetesPlan;
    const [a, b] = plane.quotas ?? [];
    const parent = { ...a, name: 'p', populations: [], minMilliCpu: 0, minMemMib: 0, maxMilliCpu: 21_000 };
    const child = (quota: ElasticQuotaPlan) => ({ ...quota, parent: 'p', minMilliCpu: 0, minMemMib: 0 });
    const most = (enableCheckParentQuota: boolean) => {
      const quotaPlugin = {
        enableRuntimeQuota: false,
        enableMinQuotaScale: true,
        enableCheckParentQuota,
        delayEvictMs: 120_000,
      };
      const plan = { ...base, controlPlane: { ...plane, quotas: [parent, child(a), child(b)], quotaPlugin } };
      const { engine } = prepare(plan, {});
      let cores = 0;
      for (let atMs = 5 * MINUTE; atMs < 2 * HOUR; atMs += 5 * MINUTE) {
        runUntil(engine, atMs);
        const [one, two] = held(engine);
        cores = Math.max(cores, one + two);
      }
      checkEngine(engine);
      return cores;
    };
    expect(most(true)).toBe(20);
    expect(most(false)).toBeGreaterThan(50);
  });

  test('revoking waits as long as delayEvictMs says: 20 minutes instead of 2 is 18 minutes later', () => {
    const late = Array.from({ length: 24 }, (_, hour) => (hour === 1 ? 24 : 0));
    const firstRevoke = (delayEvictMs: number) => {
      const plan = planWith((quota) => (quota.name === 'a' ? { minMilliCpu: 40_000 } : { minMilliCpu: 0 }), {
        revokeOverusedQuotas: true,
        quotaPlugin: {
          enableRuntimeQuota: true,
          enableMinQuotaScale: true,
          enableCheckParentQuota: false,
          delayEvictMs,
        },
      });
      const populations = plan.bestEffort.populations.map((population) => ({
        ...population,
        lifeLogMean: 9.2,
        arrivalByHour: population.name === 'one' ? late : population.arrivalByHour,
      }));
      let firstMs = -1;
      const { engine } = prepare(
        { ...plan, bestEffort: { ...plan.bestEffort, populations } },
        {
          sink: (atMs, change, _task, _host, reason) => {
            if (change === CHANGE.evict && reason === EVICT_REASON.quota && firstMs < 0) firstMs = atMs;
          },
        },
      );
      runUntil(engine, 2 * HOUR);
      return firstMs;
    };
    const soon = firstRevoke(2 * MINUTE);
    expect(soon).toBeGreaterThan(HOUR);
    expect(firstRevoke(20 * MINUTE) - soon).toBe(18 * MINUTE);
  });

  test('shared weights of 1 to 3 share what the minima leave, with equal maxima', () => {
    const plan = planWith((quota) => ({ sharedMilliCpu: quota.name === 'a' ? 10_000 : 30_000 }));
    const { engine } = prepare(plan, {});
    runUntil(engine, 4 * HOUR - 1);
    const [one, two] = held(engine);
    // What is beyond the minima of 20 each goes 1 to 3, cut to pods of 2 cores.
    expect(Math.abs((two - 20) / (one + two - 40) - 0.75)).toBeLessThan(2 / (one + two - 40));
    expect(one + two).toBeGreaterThan(60);
  });
});

/**
 * Quota a holds pods of 2 cores and 60 GiB from the first hour (`one`) and pods of 2 cores without memory later (`two`); in hour 2 quota b claims its minimum
 * of 400 GiB, so that a, held to 60 of 73 cores, stands above its runtime in memory and in nothing else.
 */
describe('K20: a quota above its runtime in memory alone', () => {
  const inHour = (hour: number) => Array.from({ length: 24 }, (_, h) => (h === hour ? 24 : 0));
  const ran = (isOn: boolean, revokeOverusedQuotas: boolean, cpuOnlyHour: number) => {
    const plane = base.controlPlane as KubernetesPlan;
    const [a, b] = plane.quotas ?? [];
    const [one, two] = base.bestEffort.populations;
    const long = { ...one, lifeLogMean: 11, taskShare: 1 / 3 };
    const plan: Plan = {
      ...base,
      bestEffort: {
        ...base.bestEffort,
        tasksPerWeek: 6_720,
        populations: [
          { ...long, memGibPerCore: 30, arrivalByHour: inHour(0) },
          { ...long, name: two.name, memGibPerCore: 0, arrivalByHour: inHour(cpuOnlyHour) },
          { ...long, name: 'three', memGibPerCore: 50, arrivalByHour: inHour(2) },
        ],
      },
      controlPlane: {
        ...plane,
        revokeOverusedQuotas,
        quotas: [
          { ...a, populations: [one.name, two.name], minMilliCpu: 0, minMemMib: 0, maxMilliCpu: 60_000 },
          { ...b, populations: ['three'], minMilliCpu: 4_000, maxMilliCpu: 4_000, minMemMib: 400 * 1024 },
        ],
      },
      koordinator: { ...base.koordinator, ...(isOn ? {} : { quirks: { quotaComparesUnrequested: false } }) },
    };
    const revoked: number[] = [];
    const { engine } = prepare(plan, {
      sink: (_atMs, change, _task, _host, reason, row) => {
        if (change === CHANGE.evict && reason === EVICT_REASON.quota) revoked.push(engine.cluster.tasks.group[row]);
      },
    });
    runUntil(engine, 3 * HOUR);
    checkEngine(engine);
    const { tasks } = engine.cluster;
    let cpuOnly = 0;
    for (let row = tasks.firstBestEffort; row < tasks.used; row++)
      if (tasks.group[row] === 1 && tasks.host[row] >= 0) cpuOnly++;
    return { cpuOnly, revoked };
  };

  test('admission: pods that ask for no memory are kept out with the switch on, and start with it off', () => {
    const [on, off] = [ran(true, false, 2), ran(false, false, 2)];
    expect(on.cpuOnly).toBeLessThan(off.cpuOnly);
    expect(off.cpuOnly).toBeGreaterThan(5);
  });

  test('revoke: the newest pods ask for no memory, and with the switch on the excess of memory is forgotten with the first of them', () => {
    const [on, off] = [ran(true, true, 1), ran(false, true, 1)];
    expect(on.cpuOnly).toBeGreaterThan(0);
    expect(on.revoked).toEqual([]);
    // 10 pods of 60 GiB against what is left of about 640 beside 400.
    expect(off.revoked.filter((population) => population === 0).length).toBeGreaterThanOrEqual(4);
    expect(off.revoked.filter((population) => population === 1)).toEqual([]);
  });
});

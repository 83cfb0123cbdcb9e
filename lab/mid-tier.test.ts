/** Classes between and below prod and batch, in whole runs. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan, PolicyPlan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const scenario = join(import.meta.dirname, '../scenarios/library/overcommit.yaml');

let base: Plan;
beforeAll(async () => {
  const sets = ['cluster.hosts.plain.count=6', 'online.pods=60', 'bestEffort.tasksPerWeek=9000', 'horizon=6h'];
  base = (await loadPlan(scenario, { sets })).plan;
});

/** The plan with these policies and its populations at these priorities. */
function planWith(policies: readonly PolicyPlan[], priorities: readonly number[]): Plan {
  const populations = priorities.map((priority, i) => ({
    ...base.bestEffort.populations[i % 2],
    name: `class-${priority}`,
    priority,
    taskShare: 1 / priorities.length,
  }));
  return { ...base, policies, bestEffort: { ...base.bestEffort, populations } };
}

function sum(column: Float64Array, tier: number, hosts: number): number {
  return column.subarray(tier * hosts, (tier + 1) * hosts).reduce((total, value) => total + value, 0);
}

function runningIn(engine: Engine, tier: number): number {
  const { tasks } = engine.cluster;
  let count = 0;
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.tier[row] === tier && tasks.state[row] === TASK_STATE.running) count++;
  return count;
}

describe('mid resources in a run', () => {
  const mid: PolicyPlan = { name: 'mid-resource', config: { coldStartMs: HOUR } };

  test('mid pods wait for the cold start of an hour, then run beside batch, and every sum stays right', () => {
    const plan = planWith([mid], [5500, 7500]);
    const { engine } = prepare(plan, {});
    runUntil(engine, HOUR);
    expect([runningIn(engine, TIER.mid), runningIn(engine, TIER.batch) > 0]).toEqual([0, true]);
    runUntil(engine, 3 * HOUR);
    checkEngine(engine);
    expect(runningIn(engine, TIER.mid)).toBeGreaterThan(10);
    expect(engine.recorder.batch.finished.slice(6).some((count) => count > 0)).toBe(true);
  });

  test('static mode sells 20 % of 64 cores and 10 % of the memory from the first report on, and no more than the threshold', () => {
    const fixed = { midReclaimMode: 'static', midStaticCpuReservedPercent: 20, midStaticMemoryReservedPercent: 10 };
    const soldBy = (config: Readonly<Record<string, unknown>>) => {
      const { engine } = prepare(planWith([{ name: 'mid-resource', config }], [5500, 7500]), {});
      runUntil(engine, HOUR / 4);
      const { soldMilliCpu, soldMemBytes, count } = engine.cluster.hosts;
      return [soldMilliCpu[TIER.mid * count], soldMemBytes[TIER.mid * count] / 1_073_741_824];
    };
    expect(soldBy(fixed)).toEqual([12_800, expect.closeTo(51.2, 6)]);
    expect(soldBy({ ...fixed, midCpuThresholdPercent: 10 })[0]).toBe(6_400);
  });

  test('what mid pods use is high priority to batch-resource: batch sells less by about that much', () => {
    const withMid = prepare(planWith([mid], [5500, 7500]), {}).engine;
    const without = prepare(planWith([], [5500, 5600]), {}).engine;
    for (const engine of [withMid, without]) runUntil(engine, 4 * HOUR);
    const hosts = withMid.cluster.hosts.count;
    const midDemand = withMid.cluster.hosts.midDemandMilliCpu.reduce((a, b) => a + b, 0);
    const less =
      sum(without.cluster.hosts.soldMilliCpu, TIER.batch, hosts) -
      sum(withMid.cluster.hosts.soldMilliCpu, TIER.batch, hosts);
    // Reports average five minutes and the write gate lets 10 % pass.
    expect(less / midDemand).toBeGreaterThan(0.7);
    expect(less / midDemand).toBeLessThan(1.3);
  });

  test('a run interrupted while mid pods run ends with the digest of one that was not', () => {
    const plan = planWith([mid], [5500, 7500]);
    const { engine } = prepare(plan, {});
    runUntil(engine, 3 * HOUR + 150_000);
    const snapshot = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const continued = restoreRun(plan, workloadOf(plan, undefined), { policies: policiesOf(plan) }, snapshot);
    runUntil(continued, plan.horizonMs);
    expect(digestText(continued.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });

  test('a population of a class that nobody serves is refused, with those who could', () => {
    expect(() => policiesOf(planWith([], [5500, 7500]))).toThrow(
      /class-7500.priority 7500 is of class mid.*name one of mid-resource, n-fold/,
    );
    expect(() => policiesOf(planWith([mid], [5500, 7500]))).not.toThrow();
  });
});

describe('the same CPU sold several times', () => {
  const fold = (tiers: number): PolicyPlan => ({ name: 'n-fold', config: { tiers } });

  test('four tiers: mid, batch and free pods all run, and each tier sells no more than the one above', () => {
    const { engine } = prepare(planWith([fold(4)], [7500, 5500, 3500, 5600]), {});
    runUntil(engine, 4 * HOUR);
    checkEngine(engine);
    for (const tier of [TIER.mid, TIER.batch, TIER.free]) expect(runningIn(engine, tier)).toBeGreaterThan(0);
    const { soldMilliCpu, count } = engine.cluster.hosts;
    const [midSold, batchSold, freeSold] = [TIER.mid, TIER.batch, TIER.free].map((t) => sum(soldMilliCpu, t, count));
    expect(batchSold).toBeLessThan(midSold);
    expect(freeSold).toBeLessThan(batchSold);
  });

  test('two tiers: nothing is sold to mid and free', () => {
    const { engine } = prepare(planWith([fold(2)], [5500, 5600]), {});
    runUntil(engine, 2 * HOUR);
    const { soldMilliCpu, count } = engine.cluster.hosts;
    expect([TIER.mid, TIER.free].map((tier) => sum(soldMilliCpu, tier, count))).toEqual([0, 0]);
    expect(runningIn(engine, TIER.batch)).toBeGreaterThan(5);
  });

  test('five tiers do not exist', () => {
    expect(() => policiesOf(planWith([fold(5)], [5500]))).toThrow(/tiers is 5; known: 2, 3, 4/);
  });
});

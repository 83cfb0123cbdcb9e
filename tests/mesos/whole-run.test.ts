// A Mesos run has one outcome however it is computed, and keeps the books of the engine with hosts failing under it.
import { beforeAll, describe, expect, test } from 'vitest';
import { policiesOf, prepare } from '../../lab/run-plan.ts';
import { watch } from '../../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../../sim/engine/check-engine.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import type { Plan } from '../../sim/plan.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { HOUR, libraryPlan, results, runTo } from './run-scenario.ts';

describe('twenty Mesos agents that crash a hundred times a year each', () => {
  let plan: Plan;
  let straight: Engine;
  beforeAll(async () => {
    plan = await libraryPlan('mesos-unit', ['failures.enabled=true', 'failures.hostCrashesPerYear=100']);
    straight = runTo(plan, plan.horizonMs);
  });

  test('give the same digest and tables on both calendars', () => {
    const { engine } = prepare(plan, { calendar: 'fastpriorityqueue' });
    runUntil(engine, plan.horizonMs);
    expect(results(engine)).toEqual(results(straight));
    // 20 agents x 100 a year x 6 h = 1.4 crashes: the seed has at least one.
    expect(results(straight).summary.hostFailures).toBeGreaterThan(0);
  });

  test('continue from a copy in the middle as if nothing had been', () => {
    const { engine } = prepare(plan, {});
    runUntil(engine, 3 * HOUR + 1_234);
    const kept = structuredClone(snapshotRun(engine));
    const copy = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
    runUntil(copy, plan.horizonMs);
    expect(results(copy)).toEqual(results(straight));
    runUntil(engine, plan.horizonMs);
    expect(results(engine)).toEqual(results(straight));
  });

  test('keep every book at each half hour', () => {
    const { engine } = prepare(plan, {});
    const checker = watch(engine.cluster);
    for (let t = HOUR / 2; t <= plan.horizonMs; t += HOUR / 2) {
      runUntil(engine, t);
      checkEngine(engine);
      checker.compare();
    }
    checkWork(engine, checker);
  });
});

/** A batch system as a scenario: whole hosts, backfilling, physics at events. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../sim/engine/check-engine.ts';
import { joulesAt } from '../sim/engine/event-physics.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const scenario = join(import.meta.dirname, '../scenarios/library/batch-backfill.yaml');
const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };
const planWith = async (...sets: string[]): Promise<Plan> =>
  (await loadPlan(scenario, { sets: ['horizon=24h', ...sets] })).plan;

function summaryOf(plan: Plan) {
  const { engine } = prepare(plan, {});
  const checker = watch(engine.cluster);
  for (let hour = 6; hour <= 24; hour += 6) {
    runUntil(engine, hour * HOUR);
    checkEngine(engine);
    checker.compare();
  }
  checkWork(engine, checker);
  return resultsOf(engine, identity, []).summary;
}

describe('32 whole hosts, staged jobs beside long containers', () => {
  test('EASY starts small jobs past a head that waits: p95 of the wait is below that of first come, first served', async () => {
    const fcfs = summaryOf(await planWith('controlPlane.backfill=fcfs'));
    const easy = summaryOf(await planWith('controlPlane.backfill=easy'));
    expect(easy.tasksSubmitted).toBe(fcfs.tasksSubmitted);
    expect(easy.waitMsP95).toBeLessThan(fcfs.waitMsP95 / 2);
    expect(easy.tasksFinished).toBeGreaterThanOrEqual(fcfs.tasksFinished);
  });

  test('without estimates EASY can only use hosts that the head has not reserved: it stands between the two', async () => {
    const fcfs = summaryOf(await planWith('controlPlane.backfill=fcfs'));
    const easy = summaryOf(await planWith('controlPlane.backfill=easy'));
    const blind = summaryOf(await planWith('controlPlane.backfill=easy', 'controlPlane.estimateOverDuration=0'));
    expect(blind.waitMsP95).toBeGreaterThan(easy.waitMsP95);
    expect(blind.waitMsP95).toBeLessThan(fcfs.waitMsP95);
  });

  test('hosts that are down at set times lose their jobs, which run again; checks hold all the way', async () => {
    const plan = await planWith();
    const outages = [0, 1, 2, 3, 4, 5].map((host) => ({ host, atMs: (2 + host) * HOUR, durationMs: 2 * HOUR }));
    const broken = summaryOf({ ...plan, failures: { ...plan.failures, outages } });
    const whole = summaryOf(plan);
    expect(broken.hostFailures).toBe(6);
    expect(broken.wastedCoreHours).toBeGreaterThan(whole.wastedCoreHours);
  });

  test('a run forked after 10 hours ends as the one that was not, in digest and in joules', async () => {
    const plan = await planWith('controlPlane.backfill=conservative');
    const { engine } = prepare(plan, {});
    runUntil(engine, 10 * HOUR);
    const kept = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const forked = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
    runUntil(forked, plan.horizonMs);
    expect(digestText(forked.cluster.digest)).toBe(digestText(engine.cluster.digest));
    if (forked.exact === null || engine.exact === null) throw new Error('physics runs at events here');
    expect(joulesAt(forked, forked.exact, plan.horizonMs)).toBe(joulesAt(engine, engine.exact, plan.horizonMs));
  });
});

test('energy of an idle cluster by hand: 32 hosts x 95 W x 24 h x PUE', async () => {
  const plan = await planWith('bestEffort.tasksPerWeek=0');
  expect(summaryOf(plan).energyKwh).toBeCloseTo((32 * 95 * 24 * plan.cost.pue) / 1000, 6);
});

describe('what a batch scenario may not say', () => {
  test.each([
    [['controlPlane.kind=kubernetes'], /accounting is event; that is for controlPlane.kind: batch/],
    [['physics.accounting=window', 'physics.progress=no-delay'], /progress is no-delay; that needs/],
    [['physics.accounting=window', 'ticksPerMs=1000'], /ticksPerMs is 1000; a finer clock needs/],
    [['online.source=fit'], /hostSharing is whole-host, and services share hosts/],
    [['bestEffort.failureProbability=0.1'], /write bestEffort.failureProbability: 0/],
  ])('%s', async (sets, message) => {
    await expect(planWith(...sets)).rejects.toThrow(message);
  });
});

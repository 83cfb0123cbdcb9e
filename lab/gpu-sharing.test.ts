/** GPUs in whole runs: shares and whole cards, services beside training, under Koordinator's device share and the packing policies. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { GpuPolicyName } from '../sim/plan/kubernetes.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const scenario = join(import.meta.dirname, '../scenarios/library/gpu-sharing.yaml');
const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };

const planWith = async (gpuPolicy: GpuPolicyName, ...sets: string[]): Promise<Plan> =>
  (await loadPlan(scenario, { sets: [`controlPlane.gpuPolicy=${gpuPolicy}`, ...sets] })).plan;

async function summaryOf(gpuPolicy: GpuPolicyName, ...sets: string[]) {
  const plan = await planWith(gpuPolicy, ...sets);
  const { engine } = prepare(plan, {});
  const checker = watch(engine.cluster);
  for (let hour = 3; hour <= 12; hour += 3) {
    runUntil(engine, hour * HOUR);
    checkEngine(engine);
    checker.compare();
  }
  return resultsOf(engine, identity, []).summary;
}

describe('40 hosts with 224 cards, 130 inference pods on shares, training on whole cards', () => {
  let fgd: Awaited<ReturnType<typeof summaryOf>>;
  let spread: Awaited<ReturnType<typeof summaryOf>>;
  beforeAll(async () => {
    fgd = await summaryOf('fgd');
    spread = await summaryOf('device-share');
  });

  test('spreading shares over cards (device share, LeastAllocated) leaves pieces that nobody can use; fragmentation descent does not', () => {
    expect(spread.gpuFragmentedMeanPercent).toBeGreaterThan(3 * fgd.gpuFragmentedMeanPercent);
    expect(fgd.gpuAllocatedMeanPercent).toBeGreaterThan(spread.gpuAllocatedMeanPercent + 10);
    expect(fgd.doneCoreHours).toBeGreaterThan(spread.doneCoreHours);
    expect(spread.waitMsP95).toBeGreaterThan(fgd.waitMsP95);
  });

  test('device share that fills cards (MostAllocated) is nearer to it than one that spreads', async () => {
    const packed = await summaryOf('device-share', 'controlPlane.gpuFit=most-allocated');
    expect(packed.gpuFragmentedMeanPercent).toBeLessThan(spread.gpuFragmentedMeanPercent);
    expect(packed.doneCoreHours).toBeGreaterThan(spread.doneCoreHours);
  });

  test('held and fragmented never pass what there is, and what runs is held', () => {
    for (const summary of [fgd, spread]) {
      expect(summary.gpuAllocatedMeanPercent + summary.gpuFragmentedMeanPercent).toBeLessThanOrEqual(100);
      expect(summary.gpuRunningMeanPercent).toBeLessThanOrEqual(summary.gpuAllocatedMeanPercent);
    }
  });
});

test('inference pods alone take 70 x 0.3 + 40 x 0.5 + 20 x 0.6 = 53 of 224 cards: 23.66 %', async () => {
  const summary = await summaryOf('best-fit', 'bestEffort.tasksPerWeek=0');
  expect(summary.gpuAllocatedMeanPercent).toBeCloseTo((100 * 53) / 224, 6);
  expect(summary.gpuAllocatedPeakPercent).toBeCloseTo((100 * 53) / 224, 6);
});

test.each(['random', 'fgd', 'device-share'] as const)(
  '%s: a run forked after 5 hours ends as the one that was not',
  async (name) => {
    const plan = await planWith(name, 'horizon=7h');
    const { engine } = prepare(plan, {});
    runUntil(engine, 5 * HOUR);
    const kept = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const forked = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
    runUntil(forked, plan.horizonMs);
    expect(digestText(forked.cluster.digest)).toBe(digestText(engine.cluster.digest));
  },
);

test('a crashed host gives its cards back: after two failing hours the slow count still agrees', async () => {
  const plan = await planWith('gpu-packing', 'failures.enabled=true', 'failures.hostCrashesPerYear=900', 'horizon=6h');
  const { engine } = prepare(plan, {});
  const checker = watch(engine.cluster);
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  checker.compare();
  expect(resultsOf(engine, identity, []).summary.hostFailures).toBeGreaterThan(5);
});

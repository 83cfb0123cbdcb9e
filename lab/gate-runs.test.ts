// The gate on 200 seeds that are really simulated: six hosts, an hour and a half, about 25 ms a run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { createSurfaceStore } from '../sim/engine/latency-model.ts';
import type { Plan } from '../sim/plan.ts';
import type { ArmRun } from './compare.ts';
import { EXIT_CODES, type GateVerdict, gate, judge, lookSeeds } from './gate.ts';
import { OUTCOMES } from './outcomes.ts';
import { seedText, withSeed } from './replications.ts';
import { runPlan } from './run-plan.ts';

const room = mkdtempSync(join(tmpdir(), 'tidemark-gate-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

const SEEDS = 200;
const SMALL = `
name: small
horizon: 90m
window: 60s
warmUp: 30m
cluster: { hosts: { plain: { count: 6, cpu: 32 cores, memory: 128GiB } } }
online: { source: fit, services: 4, pods: 60 }
bestEffort:
  tasksPerWeek: 40000
  offeredPercent: 40%
  populations:
    transcode:
      { kind: transcode, taskShare: 50%, lifeLogMean: 4.5, lifeLogSigma: 1, usageOverRequest: 60%, sizes: [{ cores: 2, weight: 1 }] }
    analytics:
      { kind: analytics, taskShare: 50%, usageOverRequest: 60%, sizes: [{ cores: 1, weight: 1 }] }
`;

const surfaces = createSurfaceStore();
const identity = { planHash: '', tidemarkVersion: 't', nodeVersion: 'n' };

async function planWith(...sets: string[]): Promise<Plan> {
  const file = join(room, 'small.yaml');
  writeFileSync(file, SMALL);
  return (await loadPlan(file, { sets })).plan;
}

function runsOf(plan: Plan, seeds = SEEDS): ArmRun[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const own = withSeed(plan, seedText(plan.seed, seed));
    const { manifest, summary } = runPlan(own, { identity, surfaces })!;
    return { seed: own.seed, digest: manifest.digest, events: manifest.events, summary };
  });
}

const verdictOf = async (base: readonly ArmRun[], own: readonly ArmRun[]) =>
  (await gate({ name: 'base', runs: base }, 'own', async (seeds) => own.slice(0, seeds), OUTCOMES, 0.95))?.verdict;

test('a change that moves decisions and no outcome passes on 200 seeds, at every look and on every four of them', async () => {
  const base = runsOf(await planWith());
  // A pod that did not fit waits 3 % longer, the scheduler is 3 % slower: others stand first in line, nobody is worse off.
  const own = runsOf(await planWith('controlPlane.podsPerSecond=97', 'controlPlane.initialBackoff=1030ms'));
  expect(base.filter(({ digest }, seed) => digest !== own[seed].digest).length).toBeGreaterThan(SEEDS / 2);
  expect(EXIT_CODES[(await verdictOf(base, own)) as GateVerdict]).toBe(0);
  const looks = lookSeeds(SEEDS);
  const alpha = 0.05 / (OUTCOMES.length * looks.length);
  const whole = judge(base, own, OUTCOMES, alpha);
  expect(whole.filter(({ verdict }) => verdict !== 'ok').map(({ outcome }) => outcome.figure)).toEqual([]);
  // Never a false alarm, whichever four seeds a pipeline happens to have.
  const verdicts: unknown[] = [];
  for (let from = 0; from < SEEDS; from += 4)
    verdicts.push(await verdictOf(base.slice(from, from + 4), own.slice(from, from + 4)));
  expect(verdicts).not.toContain('regressed');
  expect(verdicts.filter((verdict) => verdict === 'ok').length).toBeGreaterThan(40);
  // The same gate is not blind: with a reclaim threshold below what services use, nothing is sold and no work is done.
  const worse = runsOf(await planWith('koordinator.cpuReclaimThresholdPercent=10'), 16);
  expect(EXIT_CODES[(await verdictOf(base.slice(0, 16), worse)) as GateVerdict]).toBe(1);
});

/** YARN beside best-effort pods in whole runs: who is offered what, and who is killed. */
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const load = async (sets: readonly string[] = []) =>
  (await loadPlan(new URL('../scenarios/library/yarn-copilot.yaml', import.meta.url).pathname, { sets: [...sets] }))
    .plan;

const sumOf = (engine: Engine, column: Float64Array, tier: number) => {
  const n = engine.cluster.hosts.count;
  return column.subarray(tier * n, (tier + 1) * n).reduce((sum, value) => sum + value, 0);
};

describe('YARN inside the batch resources', () => {
  test('what containers hold comes off the batch sold; what pods hold does not come off YARN unless K18 is off', async () => {
    const ran = async (sets: readonly string[]) => {
      const { engine } = prepare(await load(sets), {});
      runUntil(engine, 4 * HOUR);
      checkEngine(engine);
      const { soldMilliCpu, allocatedMilliCpu } = engine.cluster.hosts;
      return {
        batch: sumOf(engine, soldMilliCpu, TIER.batch),
        yarn: sumOf(engine, soldMilliCpu, TIER.free),
        pods: sumOf(engine, allocatedMilliCpu, TIER.batch),
        containers: sumOf(engine, allocatedMilliCpu, TIER.free),
        notes: engine.policies.flatMap(({ policy, state }) => policy.notes?.(state) ?? []),
      };
    };
    const asProduction = await ran([]);
    expect(asProduction.containers).toBeGreaterThan(20_000);
    expect(asProduction.pods).toBeGreaterThan(10_000);
    // The origin is what YARN is offered, to whole vcores; what is left to pods is the origin less the containers, as of the last write.
    expect(asProduction.yarn - asProduction.batch).toBeGreaterThan(asProduction.containers / 2);
    expect(asProduction.notes[0]).toMatch(/^yarn-copilot: \d+ updates of NodeManagers/);
    const asMeant = await ran(['koordinator.quirks.yarnDecimalMegabytes=false']);
    expect(asMeant.yarn).toBeLessThan(asProduction.yarn);
  });

  test('memory eviction takes pods alone: containers are pushed back by cgroups, never evicted', async () => {
    const plan = await load([
      'koordinator.memoryEvictThresholdPercent=40',
      'koordinator.memoryReclaimThresholdPercent=90',
    ]);
    const evicted = [0, 0];
    let made: Engine | undefined;
    const { engine } = prepare(plan, {
      sink: (_atMs, change, _id, _host, _reason, row) => {
        if (change === CHANGE.evict && made !== undefined)
          evicted[made.cluster.tasks.tier[row] === TIER.free ? 1 : 0]++;
      },
    });
    made = engine;
    runUntil(engine, 6 * HOUR);
    checkEngine(engine);
    expect(evicted[0]).toBeGreaterThan(10);
    expect(evicted[1]).toBe(0);
  });
});

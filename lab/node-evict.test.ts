/** The eviction features of the node agent in whole runs. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { EVICT_REASON } from '../policies/ports.ts';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import type { Plan } from '../sim/plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;

let base: Plan;
beforeAll(async () => {
  const scenario = join(import.meta.dirname, '../scenarios/library/overcommit.yaml');
  const sets = ['cluster.hosts.plain.count=6', 'online.pods=60', 'bestEffort.tasksPerWeek=9000', 'horizon=16h'];
  base = { ...(await loadPlan(scenario, { sets })).plan, policies: [] };
});

function ran(config: Readonly<Record<string, unknown>>, koordinator: Partial<Plan['koordinator']> = {}) {
  const evictions = new Map<number, number>();
  let firstAtMs = Infinity;
  const plan = {
    ...base,
    koordinator: { ...base.koordinator, ...koordinator },
    policies: [{ name: 'node-evict', config }],
  };
  const { engine } = prepare(plan, {
    sink: (atMs, change, _task, _host, reason) => {
      if (change !== CHANGE.evict) return;
      evictions.set(reason, (evictions.get(reason) ?? 0) + 1);
      firstAtMs = Math.min(firstAtMs, atMs);
    },
  });
  let worst = 0;
  const { hosts } = engine.cluster;
  for (let atMs = HOUR; atMs <= 16 * HOUR - 1; atMs += 10 * 60_000) {
    // One millisecond after the tick of the hour: the node's loop has just run.
    runUntil(engine, atMs + 1);
    for (let host = 0; host < hosts.count; host++) {
      const at = TIER.batch * hosts.count + host;
      if (hosts.allocatedMilliCpu[at] > 0)
        worst = Math.max(worst, hosts.allocatedMilliCpu[at] / hosts.soldMilliCpu[at]);
    }
  }
  checkEngine(engine);
  return { evictions, worst, firstAtMs };
}

describe('node-evict in a run', () => {
  test('takes the place of cpu-evict and memory-evict', () => {
    const names = policiesOf({ ...base, policies: [{ name: 'node-evict', config: {} }] }).map(
      ({ policy }) => policy.name,
    );
    expect(names).toEqual(['batch-resource', 'cpu-suppress', 'node-evict']);
  });

  test('without the allocatable feature requests outgrow what is sold as services wake up; with it they are cut back to it', () => {
    const without = ran({});
    expect(without.evictions.get(EVICT_REASON.allocatable)).toBeUndefined();
    expect(without.worst).toBeGreaterThan(1.2);
    const cut = ran({
      cpuAllocatableEvictThresholdPercent: 105,
      cpuAllocatableEvictLowerPercent: 100,
      cpuEvictCoolingMs: 0,
    });
    expect(cut.evictions.get(EVICT_REASON.allocatable)).toBeGreaterThan(0);
    expect(cut.worst).toBeLessThanOrEqual(1.05);
  });

  test('CPUEvict at 45 % evicts where the node is above it, and only best effort', () => {
    const { evictions } = ran({
      cpuEvictThresholdPercent: 45,
      cpuEvictLowerPercent: 40,
      evictEnabledPriorityThreshold: 5_999,
    });
    expect(evictions.get(EVICT_REASON.cpu)).toBeGreaterThan(0);
    expect([...evictions.keys()]).toEqual([EVICT_REASON.cpu]);
  });

  test('CPUEvict looks at the mean of the window: that of two hours crosses 45 % later than the newest sample', () => {
    const lines = { cpuEvictThresholdPercent: 45, cpuEvictLowerPercent: 40, evictEnabledPriorityThreshold: 5_999 };
    const [newest, mean] = [1_000, 2 * HOUR].map((cpuEvictWindowMs) => ran(lines, { cpuEvictWindowMs }).firstAtMs);
    expect(mean).toBeGreaterThan(newest);
    expect(mean).toBeLessThan(Infinity);
  });

  test('BECPUEvict by what is sold evicts where requests outgrow it; by the real limit nobody is squeezed here, and nobody goes', () => {
    const lines = {
      cpuEvictSatisfactionLowerPercent: 60,
      cpuEvictSatisfactionUpperPercent: 80,
      cpuEvictUsageThresholdPercent: 10,
    };
    // No squeeze: best effort may use the whole host.
    const open = { cpuSuppressThresholdPercent: 100 };
    expect(ran(lines, open).evictions.get(EVICT_REASON.cpu)).toBeUndefined();
    const byAllocatable = { ...lines, cpuEvictPolicy: 'evictByAllocatable' };
    expect(ran(byAllocatable, open).evictions.get(EVICT_REASON.cpu)).toBeGreaterThan(0);
    expect(() => ran({ cpuEvictPolicy: 'evictByLimit' })).toThrow(/known: evictByRealLimit, evictByAllocatable/);
  });
});

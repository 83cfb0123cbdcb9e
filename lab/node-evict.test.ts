/** The eviction features of the node agent in whole runs. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { EVICT_REASON } from '../policies/ports.ts';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
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

describe('whom it takes', () => {
  /** Evictions of a run with two priorities, and how often somebody less important was left on the host. */
  function order(config: Readonly<Record<string, unknown>>, koordinator: Partial<Plan['koordinator']> = {}) {
    const populations = base.bestEffort.populations.map((population, i) => ({
      ...population,
      priority: i === 0 ? 5_900 : 5_100,
    }));
    const plan = {
      ...base,
      koordinator: { ...base.koordinator, ...koordinator },
      bestEffort: { ...base.bestEffort, populations },
      policies: [{ name: 'node-evict', config }],
    };
    const counts = { low: 0, high: 0, leftBehind: 0, largerLeft: 0 };
    const { engine } = prepare(plan, {
      sink: (_atMs, change, _task, host, _reason, row) => {
        if (change !== CHANGE.evict) return;
        const { tasks } = engine.cluster;
        counts[tasks.priority[row] === 5_100 ? 'low' : 'high']++;
        for (let other = tasks.firstBestEffort; other < tasks.used; other++) {
          if (tasks.host[other] !== host || tasks.state[other] !== TASK_STATE.running) continue;
          if (tasks.priority[other] < tasks.priority[row]) counts.leftBehind++;
          else if (
            tasks.priority[other] === tasks.priority[row] &&
            tasks.requestMilliCpu[other] > tasks.requestMilliCpu[row]
          )
            counts.largerLeft++;
        }
      },
    });
    runUntil(engine, 9 * HOUR);
    return counts;
  }

  test.each([
    ['CPUEvict', { cpuEvictThresholdPercent: 45, cpuEvictLowerPercent: 30, evictEnabledPriorityThreshold: 5_999 }, {}],
    ['CPUAllocatableEvict', { cpuAllocatableEvictThresholdPercent: 80, cpuAllocatableEvictLowerPercent: 40 }, {}],
    [
      'BECPUEvict',
      {
        cpuEvictSatisfactionLowerPercent: 60,
        cpuEvictSatisfactionUpperPercent: 95,
        cpuEvictUsageThresholdPercent: 10,
        cpuEvictPolicy: 'evictByAllocatable',
      },
      {},
    ],
    ['BEMemoryEvict', { memoryEvictThresholdPercent: 25, memoryEvictLowerPercent: 20 }, {}],
    [
      'MemoryEvict',
      {
        memoryEvictThresholdPercent: 25,
        memoryEvictLowerPercent: 20,
        beMemoryEvict: false,
        evictEnabledPriorityThreshold: 5_999,
        memoryEvictTimes1000: false,
      },
      {},
    ],
    [
      'MemoryAllocatableEvict',
      { memoryAllocatableEvictThresholdPercent: 20, memoryAllocatableEvictLowerPercent: 10 },
      {},
    ],
  ])('%s: nobody goes while somebody of lower priority runs on the host', (feature, config, koordinator) => {
    const { low, leftBehind, largerLeft } = order(config, koordinator);
    expect(low).toBeGreaterThan(0);
    expect(leftBehind).toBe(0);
    // Allocatable features take the larger request first among equals.
    if (feature === 'CPUAllocatableEvict') expect(largerLeft).toBe(0);
  });

  test('the priority threshold spares those above it', () => {
    const { low, high } = order({
      cpuEvictThresholdPercent: 45,
      cpuEvictLowerPercent: 30,
      evictEnabledPriorityThreshold: 5_500,
    });
    expect(low).toBeGreaterThan(0);
    expect(high).toBe(0);
  });
});

describe('the rest after an eviction, in windows of a second', () => {
  /** One host of 100 cores; services use 34, best effort is squeezed to 45 % and wants all there is. */
  const SQUEEZED = (cooling: string) => `
name: squeezed
seed: squeezed
horizon: 20m
window: 1s
cluster: { hosts: { plain: { count: 1, cpu: 100 cores, memory: 100GiB } } }
online:
  source: none
  explicit:
    web: { replicas: 10, cpuRequest: 4 cores, memRequest: 2GiB, meanUsagePercent: 85%, peakToTrough: 1 }
bestEffort:
  tasksPerWeek: 60000
  failureProbability: 0%
  populations:
    work: { kind: transcode, taskShare: 100%, lifeLogMean: 6.4, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
koordinator:
  cpuSuppressPolicy: cfsQuota
  cpuSuppressThresholdPercent: 45
  cpuEvictSatisfactionLowerPercent: 60
  cpuEvictSatisfactionUpperPercent: 80
  cpuEvictUsageThresholdPercent: 80
  cpuEvictCooling: ${cooling}
policies: [{ name: node-evict, config: {} }]
`;

  async function gapsMs(cooling: string): Promise<number[]> {
    const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'squeezed.yaml');
    writeFileSync(file, SQUEEZED(cooling));
    const times = new Set<number>();
    const { plan } = await loadPlan(file);
    const { engine } = prepare(plan, {
      sink: (atMs, change, _task, _host, reason) => {
        if (change === CHANGE.evict && reason === EVICT_REASON.cpu) times.add(atMs);
      },
    });
    runUntil(engine, plan.horizonMs);
    const sorted = [...times];
    return sorted.slice(1).map((atMs, i) => atMs - sorted[i]);
  }

  test('20 s pass between two rounds of a host that evict, 5 s where the scenario says so', async () => {
    const usual = await gapsMs('20s');
    expect(usual.length).toBeGreaterThan(3);
    expect(Math.min(...usual)).toBeGreaterThanOrEqual(20_000);
    const short = await gapsMs('5s');
    expect(Math.min(...short)).toBeGreaterThanOrEqual(5_000);
    expect(Math.min(...short)).toBeLessThan(20_000);
  });
});

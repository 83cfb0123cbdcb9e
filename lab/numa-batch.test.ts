/** Batch resources by NUMA zone in whole runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;
const room = mkdtempSync(join(tmpdir(), 'tidemark-numa-'));
afterAll(() => rmSync(room, { recursive: true }));

/**
 * Two hosts of 32 cores in two NUMA nodes, nothing but best effort on them, no daemons: a host sells 60 % = 19.2 cores, a zone of 16 cores 9.6.
 * Containers last longer than the run.
 */
const text = (cores: number, services = '') => `
name: numa
seed: numa
horizon: 2h
window: 60s
cluster:
  hosts:
    numa: { count: 2, cpu: 32 cores, memory: 256GiB, numaNodes: 2, numaTopologyPolicy: single-numa-node }
  systemCpuPercent: 0
  reservedCpuPercent: 0
online:
  source: none
${services}
bestEffort:
  tasksPerWeek: 8400
  failureProbability: 0
  populations:
    long:
      kind: transcode
      taskShare: 100%
      lifeLogMean: 12
      lifeLogSigma: 0.01
      usageOverRequest: 1%
      memPerCore: 1GiB
      sizes: [{ cores: ${cores}, weight: 1 }]
`;

async function planOf(yaml: string, sets: readonly string[]) {
  const file = join(room, 'numa.yaml');
  writeFileSync(file, yaml);
  return (await loadPlan(file, { sets })).plan;
}

async function ran(yaml: string, ...sets: string[]): Promise<Engine> {
  const plan = await planOf(yaml, sets);
  const { engine } = prepare(plan, {});
  const checker = watch(engine.cluster);
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  checker.compare();
  return engine;
}
const tasksOn = async (yaml: string, ...sets: string[]) =>
  Array.from((await ran(yaml, ...sets)).cluster.hosts.taskCount);
const under = (policy: string) => `cluster.hosts.numa.numaTopologyPolicy=${policy}`;

describe('containers of 6 cores where a host sells 19.2 and a zone 9.6', () => {
  test('single-numa-node: one a zone, two a host; sold whole: three a host', async () => {
    expect(await tasksOn(text(6))).toEqual([2, 2]);
    expect(await tasksOn(text(6), 'koordinator.numaBatch=false')).toEqual([3, 3]);
    expect(await tasksOn(text(6), under('none'))).toEqual([3, 3]);
  });

  test('restricted: one zone would do, so none is put across two; best-effort puts the third across', async () => {
    expect(await tasksOn(text(6), under('restricted'))).toEqual([2, 2]);
    const engine = await ran(text(6), under('best-effort'));
    expect(Array.from(engine.cluster.hosts.taskCount)).toEqual([3, 3]);
    const { allocatedMilliCpu } = engine.cluster.hosts.zones;
    // 18 of 19.2 cores, over zones of 9.6: 9.6 and 8.4.
    expect(Array.from(allocatedMilliCpu.slice(0, 2)).sort()).toEqual([8_400, 9_600]);
  });
});

describe('containers of 12 cores, more than any zone sells', () => {
  test('single-numa-node runs none, restricted and best-effort one a host across both zones', async () => {
    expect(await tasksOn(text(12))).toEqual([0, 0]);
    expect(await tasksOn(text(12), under('restricted'))).toEqual([1, 1]);
    expect(await tasksOn(text(12), under('best-effort'))).toEqual([1, 1]);
  });
});

describe('zones are not alike', () => {
  const lse = `  explicit:
    pricing: { replicas: 2, cpuRequest: 8 cores, memRequest: 4GiB, qos: LSE, meanUsagePercent: 1 }`;

  test('an LSE pod of 8 CPUs takes them from its own zone: 9.6 - 8 = 1.6 and 9.6 cores, 11.2 on the host', async () => {
    const engine = await ran(text(6, lse));
    const { zones, soldMilliCpu } = engine.cluster.hosts;
    for (const host of [0, 1]) {
      expect(soldMilliCpu[2 + host]).toBe(11_200);
      expect(Array.from(zones.soldMilliCpu.slice(2 * host, 2 * host + 2)).sort()).toEqual([1_600, 9_600]);
    }
    expect(Array.from(engine.cluster.hosts.taskCount)).toEqual([1, 1]);
  });

  test('another seller sells equal parts: 19.2 x 100 / 60 = 32 cores by limit-sum without services, 16 a zone', async () => {
    const yaml = `${text(6)}policies: [{ name: limit-sum, config: {} }]\n`;
    const engine = await ran(yaml);
    expect(Array.from(engine.cluster.hosts.zones.soldMilliCpu)).toEqual(new Array(4).fill(16_000));
    expect(Array.from(engine.cluster.hosts.taskCount)).toEqual([4, 4]);
  });

  test('index and scan, and a run cut in two, have one digest', async () => {
    const plan = await planOf(text(6, lse), [under('best-effort')]);
    const whole = prepare(plan, {}).engine;
    runUntil(whole, plan.horizonMs);
    const scanned = prepare(plan, { placementByScan: true }).engine;
    runUntil(scanned, plan.horizonMs);
    expect(digestText(scanned.cluster.digest)).toBe(digestText(whole.cluster.digest));
    const half = prepare(plan, {}).engine;
    runUntil(half, 37 * MINUTE);
    const rest = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, structuredClone(snapshotRun(half)));
    runUntil(rest, plan.horizonMs);
    checkEngine(rest);
    expect(digestText(rest.cluster.digest)).toBe(digestText(whole.cluster.digest));
  });
});

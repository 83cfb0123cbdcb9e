/** The descheduler in whole runs: two packed hosts, two nearly empty ones. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import type { Plan } from '../sim/plan.ts';
import { prepare } from './run-plan.ts';

const MINUTE = 60_000;
const REBALANCED = 5;

/**
 * 18 pods of 4 cores that use 85 %: packed on hosts of 32 cores they stand 7, 7, 4, 0 (31.68 cores are sold, 7 x 4 = 28 fit). A host
 * with 7 uses 7 x 3.4 + 1 = 24.8 cores or 77 %, one with 4 uses 46 %, an empty one 3 %.
 */
const TEXT = `
name: packed
seed: packed
horizon: 3h
window: 60s
cluster:
  hosts:
    plain: { count: 4, cpu: 32 cores, memory: 128GiB }
online:
  source: none
  explicit:
    web: { latencyClass: rpc, replicas: 18, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 85%, peakToTrough: 1 }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
`;

let base: Plan;
beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'packed.yaml');
  writeFileSync(file, TEXT);
  base = (await loadPlan(file)).plan;
});

/** Pods by host at the end, and when each was moved. */
function ran(config: Readonly<Record<string, unknown>> | null) {
  const moves: { atMs: number; host: number }[] = [];
  const policies = config === null ? [] : [{ name: 'low-node-load', config }];
  const { engine } = prepare(
    { ...base, policies },
    {
      sink: (atMs, change, _task, host, value) => {
        if (change === CHANGE.evict && value === REBALANCED) moves.push({ atMs, host });
      },
    },
  );
  const atStart = Array.from(engine.cluster.hosts.podCount);
  runUntil(engine, base.horizonMs);
  checkEngine(engine);
  return { atStart, atEnd: Array.from(engine.cluster.hosts.podCount), moves };
}

const LINES = { lowCpuPercent: 50, highCpuPercent: 65, lowMemoryPercent: 90, highMemoryPercent: 95 };

describe('low-node-load in a run', () => {
  test('without it, and without thresholds, the pods stay packed 7, 7, 4, 0', () => {
    expect(ran(null).atEnd).toEqual([7, 7, 4, 0]);
    expect(ran({})).toEqual({ atStart: [7, 7, 4, 0], atEnd: [7, 7, 4, 0], moves: [] });
  });

  test('above 65 % pods go where use is below 50 %: no host keeps 7, none is left empty', () => {
    const { atEnd, moves } = ran(LINES);
    // 6 pods use 6 x 3.4 + 1 = 21.4 cores, 67 %; 5 use 56 %. Use wanders, so 6 may stand for a while.
    expect(Math.max(...atEnd)).toBeLessThanOrEqual(6);
    expect(Math.min(...atEnd)).toBeGreaterThanOrEqual(2);
    expect(atEnd.reduce((sum, pods) => sum + pods, 0)).toBe(18);
    expect(moves.length).toBeGreaterThanOrEqual(2);
  });

  test('K15: the sixth mark in a row moves the first pod, the fifth with the quirk off: two minutes earlier', () => {
    const [first, earlier] = [ran(LINES), ran({ ...LINES, anomalyNeedsOneMoreMark: false })].map(
      ({ moves }) => moves[0].atMs,
    );
    expect(first - earlier).toBe(2 * MINUTE);
  });

  test('of 18 replicas one may move in five minutes: floor(10 %), whatever the number of hot hosts', () => {
    const { moves } = ran({ ...LINES, consecutiveAbnormalities: 1 });
    for (let i = 1; i < moves.length; i++) expect(moves[i].atMs - moves[i - 1].atMs).toBeGreaterThanOrEqual(5 * MINUTE);
  });

  test('half of the replicas may move at once: the next round does not wait, and two a host go in one', () => {
    const often = (config: Readonly<Record<string, unknown>>) =>
      ran({ ...LINES, consecutiveAbnormalities: 1, ...config }).moves.map(({ atMs }) => atMs);
    const free = often({ maxMigratingPerWorkloadPercent: 50, maxUnavailablePerWorkload: 9 });
    // One is the default of 18 replicas; what may not be there bounds as well.
    const bound = often({ maxMigratingPerWorkload: 9 });
    const gaps = (times: readonly number[]) => times.slice(1).map((atMs, i) => atMs - times[i]);
    expect(Math.min(...gaps(free))).toBeLessThan(5 * MINUTE);
    expect(Math.min(...gaps(bound))).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(often({ maxMigratingPerWorkload: 0 })).toEqual([]);
    // A budget of all replicas counts as none at all upstream: such workloads are not moved.
    expect(often({ maxMigratingPerWorkload: 18 })).toEqual([]);
  });

  test('a bound of 0 evictions a round moves nothing', () => {
    expect(ran({ ...LINES, maxEvictionTotal: 0 }).moves).toEqual([]);
  });

  test('a low line without its high line, and one above it, are refused', () => {
    expect(() => ran({ lowCpuPercent: 50 })).toThrow(/lowCpuPercent and highCpuPercent go together/);
    expect(() => ran({ lowCpuPercent: 70, highCpuPercent: 60 })).toThrow(/lowCpuPercent 70 is above highCpuPercent 60/);
    expect(() => ran({ lowCpuPercent: 70, highCpuPercent: 101 })).toThrow(/highCpuPercent is 101; it is a percentage/);
    expect(() => ran({ maxMigratingPerWorkload: 1, maxMigratingPerWorkloadPercent: 1 })).toThrow(/say the same thing/);
    expect(() => ran({ maxUnavailablePerWorkloadPercent: -1 })).toThrow(/is -1; it is a percentage of 0 to 100/);
  });
});

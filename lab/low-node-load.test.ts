/** The descheduler in whole runs: two packed hosts, two nearly empty ones. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

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
/** The same pods at 50 %: hosts with 7 use 14 + 1 cores, 47 %, and stay below what they have when use wanders. */
let calm: Plan;
beforeAll(async () => {
  const room = mkdtempSync(join(tmpdir(), 'tidemark-'));
  const load = async (text: string) => {
    writeFileSync(join(room, 'packed.yaml'), text);
    return (await loadPlan(join(room, 'packed.yaml'))).plan;
  };
  base = await load(TEXT);
  calm = await load(TEXT.replace('85%', '50%'));
});

/** Pods by host at the end, and when each was moved. */
function ran(config: Readonly<Record<string, unknown>> | null, plan = base) {
  const moves: { atMs: number; host: number }[] = [];
  const policies = config === null ? [] : [{ name: 'low-node-load', config }];
  const { engine } = prepare(
    { ...plan, policies },
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

  test('deviation mode: hot is what is so many points above the mean of the hosts', () => {
    // Memory with a line of 0 is not looked at. The mean is about 30 %: 47 % is 17 points above it.
    const points = (cpu: number) => {
      const lines = { lowCpuPercent: 10, highCpuPercent: cpu, lowMemoryPercent: 0, highMemoryPercent: 0 };
      return ran({ ...lines, useDeviation: true, consecutiveAbnormalities: 1 }, calm).moves.length;
    };
    // Use wanders beyond 95 % at times: then a host is hot all the same.
    expect(points(5)).toBeGreaterThan(2 * points(65));
  });

  test('prod lines alone move pods by what prod pods use', () => {
    const prod = { prodLowCpuPercent: 25, prodHighCpuPercent: 35, consecutiveAbnormalities: 1 };
    const { atStart, atEnd, moves } = ran(prod, calm);
    expect(atStart).toEqual([7, 7, 4, 0]);
    expect(moves.length).toBeGreaterThan(0);
    expect(Math.min(...atEnd)).toBeGreaterThan(0);
    // Use wanders beyond 100 % at times: then the node stage moves a pod.
    const high = ran({ prodLowCpuPercent: 94, prodHighCpuPercent: 95, consecutiveAbnormalities: 1 }, calm);
    expect(moves.length).toBeGreaterThan(2 * high.moves.length);
  });

  test('numberOfNodes: nothing moves while no more than that many nodes are under-used', () => {
    // Two hosts are below 50 %: the one with 4 pods and the empty one.
    expect(ran({ ...LINES, consecutiveAbnormalities: 1, numberOfNodes: 2 }).moves).toEqual([]);
    expect(ran({ ...LINES, consecutiveAbnormalities: 1, numberOfNodes: 1 }).moves.length).toBeGreaterThan(0);
  });

  test('unknown modes and a job without time are refused', () => {
    expect(() => ran({ mode: 'evict' })).toThrow(/mode is "evict"; known: reservation-first, evict-directly/);
    expect(() => ran({ jobTtlMs: 0 })).toThrow(/jobTtlMs is 0; it is above 0/);
  });

  test('a low line without its high line, and one above it, are refused', () => {
    expect(() => ran({ lowCpuPercent: 50 })).toThrow(/lowCpuPercent and highCpuPercent go together/);
    expect(() => ran({ lowCpuPercent: 70, highCpuPercent: 60 })).toThrow(/lowCpuPercent 70 is above highCpuPercent 60/);
    expect(() => ran({ lowCpuPercent: 70, highCpuPercent: 101 })).toThrow(/highCpuPercent is 101; it is a percentage/);
    expect(() => ran({ maxMigratingPerWorkload: 1, maxMigratingPerWorkloadPercent: 1 })).toThrow(/say the same thing/);
    expect(() => ran({ maxUnavailablePerWorkloadPercent: -1 })).toThrow(/is -1; it is a percentage of 0 to 100/);
  });
});

/** Pods of two services that ask for and use the same stand packed on one host of two; which of them moves first? */
const TWO = (first: string, second: string) => `
name: two
seed: two
horizon: 12m
window: 60s
cluster: { hosts: { plain: { count: 2, cpu: 32 cores, memory: 128GiB } } }
online:
  source: none
  explicit:
    first: { latencyClass: rpc, replicas: 4, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 85%, peakToTrough: 1, ${first} }
    second: { latencyClass: rpc, replicas: 3, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 85%, peakToTrough: 1, ${second} }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
`;

describe('the order of pods', () => {
  async function firstMoved(first: string, second = 'qos: LS', edit = (text: string) => text): Promise<number> {
    const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'two.yaml');
    writeFileSync(file, edit(TWO(first, second)));
    const config = { ...LINES, consecutiveAbnormalities: 1 };
    const plan: Plan = { ...(await loadPlan(file)).plan, policies: [{ name: 'low-node-load', config }] };
    let group = -1;
    const { engine } = prepare(plan, {
      sink: (_atMs, change, _task, _host, value, row) => {
        if (change === CHANGE.evict && value === REBALANCED && group < 0) group = engine.cluster.tasks.group[row];
      },
    });
    runUntil(engine, plan.horizonMs);
    return group;
  }

  test('lower priority goes first, whichever service that is', async () => {
    expect(await firstMoved('priority: 9100')).toBe(0);
    expect(await firstMoved('priority: 9900')).toBe(1);
  });

  test('of equal priority pods that own CPUs go after those that share', async () => {
    // They use more, and the order of use would take them first.
    const busier = (of: string) => (text: string) =>
      text.replace(new RegExp(`(${of}: .*meanUsagePercent: )85%`), '$1130%');
    expect(await firstMoved('qos: LSR', 'qos: LS', busier('first'))).toBe(1);
    expect(await firstMoved('qos: LS', 'qos: LSR', busier('second'))).toBe(0);
  });
});

/**
 * Two hosts: seven pods of web (77 % used) on the first, and `wide`, which asks for 28 of 31.68 cores of the second and uses 5 % of them. Nobody has
 * room for another pod of 4 cores but the host that the pod stands on.
 */
const NO_PLACE = `
name: no-place
seed: no-place
horizon: 62m
window: 60s
cluster: { hosts: { plain: { count: 2, cpu: 32 cores, memory: 128GiB } } }
online:
  source: none
  explicit:
    web: { latencyClass: rpc, replicas: 7, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 85%, peakToTrough: 1 }
    wide: { latencyClass: rpc, replicas: 1, cpuRequest: 28 cores, memRequest: 4GiB, meanUsagePercent: 5%, peakToTrough: 1 }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
koordinator: { loadAwareCpuThresholdPercent: 0, loadAwareMemoryThresholdPercent: 0 }
`;

describe('migration by reservation', () => {
  async function watched(text: string, config: Readonly<Record<string, unknown>>) {
    const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'moves.yaml');
    writeFileSync(file, text);
    const plan: Plan = { ...(await loadPlan(file)).plan, policies: [{ name: 'low-node-load', config }] };
    const told: { atMs: number; change: number; task: number; host: number }[] = [];
    const { engine } = prepare(plan, {
      sink: (atMs, change, task, host, value) => {
        if (atMs > 0 && (change === CHANGE.bind || (change === CHANGE.evict && value === REBALANCED)))
          told.push({ atMs, change, task, host });
      },
    });
    const checker = watch(engine.cluster);
    runUntil(engine, plan.horizonMs);
    checkEngine(engine);
    checker.compare();
    const evictions = told.filter(({ change }) => change === CHANGE.evict);
    return { engine, evictions, binds: told.filter(({ change }) => change === CHANGE.bind), plan };
  }
  const AT_ONCE = { ...LINES, consecutiveAbnormalities: 1 };

  test('without a place the pod stays: nobody is evicted, and every job ends after five minutes', async () => {
    const { engine, evictions } = await watched(NO_PLACE, { ...AT_ONCE, nodeFit: false });
    expect(evictions).toEqual([]);
    expect(Array.from(engine.cluster.hosts.podCount)).toEqual([7, 1]);
    // Seven replicas let two move. The first samples of pods come at 5 minutes; two jobs end at 10, the next round is at 11: 5, 11 .. 59 are ten rounds,
    // of which the last ends at 64.
    expect(engine.plane.notes?.()).toEqual([
      'migrations: 20 pods were to move, 0 moved to a place reserved for them, 18 found none in time and stayed or waited, 0 were gone before',
    ]);
  });

  test('evicted directly, they are evicted all the same, and only come back to where they were', async () => {
    const { engine, evictions, binds } = await watched(NO_PLACE, {
      ...AT_ONCE,
      nodeFit: false,
      mode: 'evict-directly',
    });
    expect(evictions.length).toBeGreaterThan(10);
    expect(binds.every(({ host }) => host === 0)).toBe(true);
    expect(Array.from(engine.cluster.hosts.podCount)).toEqual([7, 1]);
  });

  test('nodeFit names no pod that asks for more than targets have left, also where it would be evicted directly', async () => {
    const { evictions } = await watched(NO_PLACE, { ...AT_ONCE, mode: 'evict-directly' });
    expect(evictions).toEqual([]);
  });

  test('the host that the pod stands on is no new place for it, although it has room', async () => {
    // Six pods leave 7.68 cores on their own host, and `wide` none on the other.
    const text = NO_PLACE.replace('replicas: 7', 'replicas: 6');
    const { evictions, engine } = await watched(text, {
      ...AT_ONCE,
      nodeFit: false,
      highCpuPercent: 45,
      lowCpuPercent: 30,
    });
    expect(evictions).toEqual([]);
    expect(engine.plane.notes?.()[0]).toMatch(/^migrations: [1-9]/);
  });

  test('with a place the pod is evicted and bound there in one moment, half a second after it was named', async () => {
    const { evictions, binds, engine } = await watched(TEXT, AT_ONCE);
    expect(evictions.length).toBeGreaterThan(1);
    for (const { atMs, task, host } of evictions) {
      expect(atMs % MINUTE).toBe(500);
      const next = binds.find((bound) => bound.task === task && bound.atMs >= atMs);
      expect(next?.atMs).toBe(atMs);
      expect(next?.host).not.toBe(host);
    }
    expect(engine.plane.notes?.()[0]).toContain(`${evictions.length} moved to a place reserved for them, 0 found none`);
  });

  test('evictions of one round are a tenth of a second apart; at one a second a second', async () => {
    const gaps = async (config: Readonly<Record<string, unknown>>) => {
      const free = { ...AT_ONCE, maxMigratingPerWorkloadPercent: 50, maxUnavailablePerWorkload: 9 };
      const { evictions } = await watched(TEXT, { ...free, ...config });
      return evictions.slice(1).map(({ atMs }, i) => atMs - evictions[i].atMs);
    };
    expect(Math.min(...(await gaps({})))).toBe(100);
    expect(Math.min(...(await gaps({ evictionsPerSecond: 1 })))).toBe(1_000);
  });

  test('a job that has a place and no permit in its time is over, and its place is free again', async () => {
    // One eviction in 1,000 s: of two jobs of a round the first has the permit, the second ends after its minute.
    const slow = {
      ...AT_ONCE,
      maxMigratingPerWorkloadPercent: 50,
      maxUnavailablePerWorkload: 9,
      evictionsPerSecond: 0.001,
      jobTtlMs: MINUTE,
    };
    const { evictions, engine } = await watched(TEXT, slow);
    expect(evictions.length).toBeLessThanOrEqual(11);
    expect(engine.plane.notes?.()[0]).toMatch(/[1-9]\d* found none in time/);
    expect(engine.cluster.hosts.heldMilliCpu.every((held) => held === 0)).toBe(true);
  });

  test('a run continued between naming and eviction ends in the same digest', async () => {
    const { engine, plan } = await watched(TEXT, AT_ONCE);
    const { engine: half } = prepare(plan, {});
    runUntil(half, 4 * MINUTE);
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, structuredClone(snapshotRun(half)));
    runUntil(fork, plan.horizonMs);
    expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

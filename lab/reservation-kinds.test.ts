/** Reservations of what is sold to best effort, of cards, and of CPUs by their numbers, in whole runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { cpusOf, HELD_CPU } from '../sim/cluster/cpusets.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const room = mkdtempSync(join(tmpdir(), 'tidemark-held-'));
afterAll(() => rmSync(room, { recursive: true }));

/**
 * Four hosts sell about 73 cores to best effort and have four cards each. Of 120 tasks an hour that live for an hour and want two cores, `flood` brings
 * 114: 228 cores, or 114 cards where tasks want one. `rare` brings 6, mean 6 at a time; room for 16 of its tasks is held.
 */
const SHARED = (task: string, reservations: string) => `
name: held
seed: held
horizon: 4h
window: 60s
cluster:
  hosts: { plain: { count: 4, cpu: 32 cores, memory: 256GiB, gpus: 4, gpuModel: T4, gpuMemory: 16GiB } }
online: { source: none, explicit: { idle: { replicas: 4, cpuRequest: 1 cores, memRequest: 1GiB, meanUsagePercent: 1% } } }
bestEffort:
  tasksPerWeek: 20160
  failureProbability: 0%
  populations:
    flood: { kind: transcode, taskShare: 95%, lifeLogMean: 8.2, lifeLogSigma: 0.1, memPerCore: 1GiB, sizes: [${task}] }
    rare: { kind: transcode, taskShare: 5%, lifeLogMean: 8.2, lifeLogSigma: 0.1, memPerCore: 1GiB, sizes: [${task}] }
controlPlane: { reservations: ${reservations} }
`;
const TWO_CORES = '{ cores: 2, weight: 1 }';
const HALF_CARD = '{ cores: 2, weight: 1, gpu: { percent: 50 } }';

async function planOf(text: string, ...sets: string[]): Promise<Plan> {
  const file = join(room, 'held.yaml');
  writeFileSync(file, text);
  return (await loadPlan(file, { sets })).plan;
}

/** Runs with both checkers looking on; `look` is called every ten minutes. */
function ran(plan: Plan, untilMs: number, look: (engine: Engine, atMs: number) => void = () => {}): Engine {
  const { engine } = prepare(plan, {});
  const checker = watch(engine.cluster);
  for (let atMs = 10 * MINUTE; atMs <= untilMs; atMs += 10 * MINUTE) {
    runUntil(engine, atMs);
    checkEngine(engine);
    checker.compare();
    look(engine, atMs);
  }
  return engine;
}

/** Tasks of `rare` that wait, and those that run, at each look after the first hour. */
function watchRare(plan: Plan) {
  const waiting: number[] = [];
  let most = 0;
  ran(plan, plan.horizonMs, ({ cluster: { tasks } }, atMs) => {
    if (atMs < HOUR) return;
    const rows = Array.from({ length: tasks.used }, (_, row) => row).slice(tasks.firstBestEffort);
    const count = (state: number) => rows.filter((row) => tasks.group[row] === 1 && tasks.state[row] === state).length;
    waiting.push(count(TASK_STATE.pending));
    most = Math.max(most, count(TASK_STATE.running));
  });
  return { waiting, most };
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe('a reservation of batch resources', () => {
  const HELD = '{ room: { count: 4, cpu: 8 cores, memory: 8GiB, populations: [rare], allocateOnce: false } }';

  test('keeps 32 cores for a population that needs 12: none of it waits; without it the flood has them', async () => {
    const held = watchRare(await planOf(SHARED(TWO_CORES, HELD)));
    expect(held.waiting).toEqual(held.waiting.map(() => 0));
    expect(held.most).toBeLessThanOrEqual(16);
    const free = watchRare(await planOf(SHARED(TWO_CORES, '{}')));
    expect(Math.min(...free.waiting)).toBeGreaterThan(0);
  });

  test('holds in the batch tier: 4 x 8 cores are held or with pods of rare, and nothing of the native tier', async () => {
    const engine = ran(await planOf(SHARED(TWO_CORES, HELD)), 2 * HOUR);
    const { hosts, tasks } = engine.cluster;
    let rare = 0;
    for (let row = tasks.firstBestEffort; row < tasks.used; row++)
      if (tasks.group[row] === 1 && tasks.host[row] >= 0) rare += tasks.requestMilliCpu[row];
    expect(rare).toBeGreaterThan(0);
    expect(sum(hosts.heldMilliCpu.subarray(TIER.batch * hosts.count)) + rare).toBe(32_000);
    expect(sum(hosts.heldMilliCpu.subarray(0, hosts.count))).toBe(0);
  });

  test('allocateOnce, as production has it: the first pod of each ends it, and the rest is free for the flood', async () => {
    const engine = ran(await planOf(SHARED(TWO_CORES, HELD.replace(', allocateOnce: false', ''))), 4 * HOUR);
    expect(sum(engine.cluster.hosts.heldMilliCpu)).toBe(0);
    expect(engine.plane.notes?.()[0]).toBe(
      'reservations: 4 of 4 placed, taken 4 times by pods of their owners, 0 expired',
    );
  });
});

describe('a reservation of cards', () => {
  const HELD = `{ room: { count: 4, cpu: 4 cores, memory: 4GiB, gpu: { cards: 1 }, populations: [rare], allocateOnce: false } }`;

  test('eight cards are kept for a population of half cards: 16 of its tasks fit, none waits; without it the flood has all', async () => {
    const more = HELD.replace('count: 4', 'count: 8');
    const held = watchRare(await planOf(SHARED(HALF_CARD, more)));
    expect(held.waiting).toEqual(held.waiting.map(() => 0));
    const free = watchRare(await planOf(SHARED(HALF_CARD, '{}')));
    expect(Math.min(...free.waiting)).toBeGreaterThan(0);
  });

  test('what is held of cards and what rare has of them is four cards, and the flood has no more than the other twelve', async () => {
    const engine = ran(await planOf(SHARED(HALF_CARD, HELD)), 2 * HOUR, ({ cluster: { hosts, tasks } }) => {
      let [flood, rare] = [0, 0];
      for (let row = tasks.firstBestEffort; row < tasks.used; row++)
        if (tasks.host[row] >= 0 && tasks.group[row] === 0) flood += 500;
        else if (tasks.host[row] >= 0) rare += 500;
      expect(sum(hosts.gpus.cardHeldMilli) + rare).toBeGreaterThanOrEqual(4_000);
      expect(flood).toBeLessThanOrEqual(12_000);
    });
    expect(engine.plane.notes?.()[0]).toMatch(/^reservations: 4 of 4 placed/);
  });

  test('a run continued from its middle ends in the same digest', async () => {
    const plan = await planOf(SHARED(HALF_CARD, HELD), 'horizon=2h');
    const { engine } = prepare(plan, {});
    runUntil(engine, HOUR);
    const middle = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, middle);
    runUntil(fork, plan.horizonMs);
    checkEngine(fork);
    expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

/**
 * One host of 32 CPUs: `own` has 8, `more` 4 and wants a second pod of 4 from the first minute on; 4 + 8 + 20 held = 32.
 */
const OWN = (reservation: string) => `
name: held-cpus
seed: held-cpus
horizon: 3h
window: 60s
cluster:
  reservedCpuPercent: 0%
  reservedMemPercent: 0%
  hosts: { plain: { count: 1, cpu: 32 cores, memory: 128GiB } }
online:
  source: none
  explicit:
    own: { qos: LSR, replicas: 1, cpuRequest: 8 cores, memRequest: 4GiB, meanUsagePercent: 5%, peakToTrough: 1, rollingRestartAt: [30m] }
    more:
      qos: LSE
      replicas: 1
      cpuRequest: 4 cores
      memRequest: 4GiB
      meanUsagePercent: 95%
      peakToTrough: 1
      autoscale: { minReplicas: 1, maxReplicas: 2, targetCpuPercent: 50% }
controlPlane: { preemption: false, reservations: { room: ${reservation} } }
`;

describe('a reservation of CPUs by their numbers', () => {
  const heldOf = ({ cluster: { hosts } }: Engine) =>
    Array.from(hosts.cpus.owner, (owner, cpu) => ({ owner, cpu })).flatMap(({ owner, cpu }) =>
      owner === HELD_CPU ? [cpu] : [],
    );
  const running = ({ cluster: { tasks } }: Engine) =>
    [0, 1, 2].filter((row) => tasks.state[row] === TASK_STATE.running);

  test('20 CPUs are held: the owner restarts on 8 of them and gives its own back, which the other service gets then', async () => {
    const plan = await planOf(OWN('{ cpu: 20 cores, memory: 4GiB, services: [own], qos: LSR, allocateOnce: false }'));
    let before: number[] = [];
    const engine = ran(plan, 50 * MINUTE, (at, atMs) => {
      if (atMs !== 20 * MINUTE) return;
      before = heldOf(at);
      expect(running(at)).toEqual([0, 1]);
    });
    expect(before).toHaveLength(20);
    const own = cpusOf(engine.cluster.hosts.cpus, 0, 0);
    expect(own).toHaveLength(8);
    expect(own.every((cpu) => before.includes(cpu))).toBe(true);
    expect(heldOf(engine)).toEqual(before.filter((cpu) => !own.includes(cpu)));
    expect(running(engine)).toEqual([0, 1, 2]);
  });

  test('for an hour, then they are free: the second pod of 4 CPUs starts only after that', async () => {
    const text = OWN('{ cpu: 20 cores, services: [own], qos: LSR, ttl: 1h }').replace(', rollingRestartAt: [30m]', '');
    const at: number[][] = [];
    ran(await planOf(text), 80 * MINUTE, (engine, atMs) => {
      if (atMs === 50 * MINUTE || atMs === 80 * MINUTE) at.push([...running(engine), heldOf(engine).length]);
    });
    expect(at).toEqual([
      [0, 1, 20],
      [0, 1, 2, 0],
    ]);
  });
});

describe('refused with file and line', () => {
  test.each([
    ['{ cpu: 4 cores }', /held\.yaml:\d+:\d+ .*has no owner; name services or populations/],
    ['{ cpu: 4 cores, services: [idle], populations: [rare] }', /stands beside services/],
    ['{ cpu: 4 cores, populations: [rara] }', /is "rara", which is no population; known: .*rare/],
    ['{ cpu: 4 cores, populations: [rare], qos: LSR }', /is LSR, but its owners are best effort/],
    ['{ cpu: 4 cores, services: [idle], qos: LSR }', /is "idle" of qos LS, whose pods own no CPUs/],
    ['{ cpu: 4500m, services: [idle], qos: LSE }', /is 4500m; a reservation of qos LSE holds whole CPUs/],
    ['{ cpu: 4 cores, services: [idle], cpuBindPolicy: full-pcpus }', /but qos is LS: it holds no CPU/],
    ['{ cpu: 4 cores, populations: [rare], gpu: { cards: 9 } }', /asks for 9 GPU\(s\) that no host has together/],
  ])('%s', async (reservation, message) => {
    await expect(planOf(SHARED(TWO_CORES, `{ room: ${reservation} }`))).rejects.toThrow(message);
  });

  test('cards under a packing policy, and populations of two classes', async () => {
    const cards = SHARED(TWO_CORES, '{ room: { cpu: 4 cores, populations: [rare], gpu: { cards: 1 } } }');
    await expect(planOf(cards, 'controlPlane.gpuPolicy=fgd')).rejects.toThrow(/needs gpuPolicy device-share/);
    const both = SHARED(TWO_CORES, '{ room: { cpu: 4 cores, populations: [rare, flood] } }');
    await expect(planOf(both, 'bestEffort.populations.flood.priority=7500')).rejects.toThrow(
      /is of priority 7500, "rare" of 5500: their classes ask for different resources/,
    );
  });
});

/** Reservations in whole runs: who gets capacity that is held for somebody. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
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

/**
 * One host sells 31 cores natively (1 reserved of 32). `base` takes 16 of them in pods of 4; `own` (one pod of 4) and `other` (one pod of
 * 4) come back after their restarts at 30 and 60 minutes.
 */
async function planOf(reservation: string, more = ''): Promise<Plan> {
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'reserve.yaml');
  writeFileSync(
    file,
    `
name: reserve
seed: reserve
horizon: 3h
window: 60s
cluster:
  reservedCpuPercent: 0%
  reservedMemPercent: 0%
  hosts: { plain: { count: 1, cpu: 32 cores, memory: 128GiB }, ${more} }
online:
  source: none
  explicit:
    base: { latencyClass: rpc, replicas: 5, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 5%, peakToTrough: 1 }
    own: { latencyClass: rpc, replicas: 1, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 5%, peakToTrough: 1, rollingRestartAt: [30m] }
    other: { latencyClass: rpc, replicas: 1, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 5%, peakToTrough: 1, rollingRestartAt: [60m] }
controlPlane: { preemption: false, reservations: { room: ${reservation} } }
`,
  );
  return (await loadPlan(file)).plan;
}

const OWN = 5;
const OTHER = 6;
const held = (engine: Engine) => engine.cluster.hosts.heldMilliCpu[0] / 1000;

async function ran(reservation: string, untilMs: number): Promise<Engine> {
  const { engine } = prepare(await planOf(reservation), {});
  const checker = watch(engine.cluster);
  for (let atMs = MINUTE; atMs <= untilMs; atMs += MINUTE) {
    runUntil(engine, atMs);
    checkEngine(engine);
    checker.compare();
  }
  return engine;
}

describe('a reservation of 4 cores on a host with 32, of which pods hold 28', () => {
  test('holds the last 4 cores from its first moment on, and its owner moves in after 30 minutes', async () => {
    const engine = await ran('{ cpu: 4 cores, memory: 4GiB, services: [own], allocateOnce: false }', 20 * MINUTE);
    expect(held(engine)).toBe(4);
    runUntil(engine, 40 * MINUTE);
    checkEngine(engine);
    // 32 = 5 x 4 + other 4 + own 4 in the reservation, and the 4 that own left are free.
    expect([held(engine), engine.cluster.hosts.allocatedMilliCpu[0] / 1000]).toEqual([0, 28]);
    expect(engine.plane.notes?.()[0]).toBe(
      'reservations: 1 of 1 placed, taken 1 times by pods of their owners, 0 expired',
    );
  });

  test('of 8 cores it stays pending: 4 are free, and what its owner leaves for a moment the owner takes again', async () => {
    const engine = await ran('{ cpu: 8 cores, services: [own], allocateOnce: false }', 50 * MINUTE);
    expect(held(engine)).toBe(0);
    expect(engine.cluster.tasks.state[OWN]).toBe(TASK_STATE.running);
    expect(engine.plane.notes?.()[0]).toMatch(/^reservations: 0 of 1 placed/);
  });

  test('keeps others out: a pod of 4 cores that restarts beside 4 free and 4 held cores gets its own place back, not the held one', async () => {
    const engine = await ran('{ cpu: 4 cores, services: [own], allocateOnce: false }', 80 * MINUTE);
    // own moved into its reservation after 30 minutes; other may only have the place that it left itself.
    expect([held(engine), engine.cluster.tasks.state[OTHER]]).toEqual([0, TASK_STATE.running]);
    expect(engine.plane.notes?.()[0]).toMatch(/taken 1 times/);
  });

  test('expires after its hour: what it held is free', async () => {
    const engine = await ran('{ cpu: 4 cores, services: [own], ttl: 10m }', 9 * MINUTE);
    expect(held(engine)).toBe(4);
    runUntil(engine, 11 * MINUTE);
    expect(held(engine)).toBe(0);
    expect(engine.plane.notes?.()[0]).toMatch(/1 expired/);
  });

  test('allocateOnce: the first pod of 4 cores ends a reservation of 4; without it the reservation holds again when the pod leaves', async () => {
    const once = await ran('{ cpu: 4 cores, memory: 4GiB, services: [own, other] }', 80 * MINUTE);
    expect(once.plane.notes?.()[0]).toBe(
      'reservations: 1 of 1 placed, taken 1 times by pods of their owners, 0 expired',
    );
    const again = await ran('{ cpu: 4 cores, memory: 4GiB, services: [other], allocateOnce: false }', 80 * MINUTE);
    expect([held(again), again.cluster.tasks.state[OTHER]]).toEqual([0, TASK_STATE.running]);
  });
});

describe('the library scenario', () => {
  const load = async (sets: readonly string[] = []) =>
    (await loadPlan(new URL('../scenarios/library/reservations.yaml', import.meta.url).pathname, { sets: [...sets] }))
      .plan;
  const searchPods = (engine: Engine) => {
    const { tasks } = engine.cluster;
    let running = 0;
    for (let row = 0; row < tasks.firstBestEffort; row++)
      if (tasks.group[row] === 0 && tasks.state[row] === TASK_STATE.running) running++;
    return running;
  };

  test('with room held the service grows to twelve; without, the filler has taken it', async () => {
    const most = (plan: Plan) => {
      const { engine } = prepare(plan, {});
      const checker = watch(engine.cluster);
      let pods = 0;
      for (let atMs = 10 * MINUTE; atMs <= 270 * MINUTE; atMs += 10 * MINUTE) {
        runUntil(engine, atMs);
        checkEngine(engine);
        checker.compare();
        pods = Math.max(pods, searchPods(engine));
      }
      return pods;
    };
    const withRoom = most(await load());
    const without = most(await load(['controlPlane.reservations=null']));
    expect(withRoom).toBeGreaterThan(without);
  });

  test('index and scan, and a run continued from its middle, end in one digest', async () => {
    const plan = await load([
      'controlPlane.reservations.morning.allocatePolicy=default',
      'controlPlane.preemption=true',
    ]);
    const { engine } = prepare(plan, {});
    runUntil(engine, plan.horizonMs / 2);
    const middle = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    checkEngine(engine);
    const scan = prepare(plan, { placementByScan: true }).engine;
    runUntil(scan, plan.horizonMs);
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, middle);
    runUntil(fork, plan.horizonMs);
    for (const other of [scan, fork]) expect(digestText(other.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

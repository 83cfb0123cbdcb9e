// What the control plane takes before a container runs: the allocator's run, ZooKeeper's session, the daemon's storage driver.
import { describe, expect, test } from 'vitest';
import { runUntil } from '../../sim/engine/run.ts';
import { HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

/** Create and start of mesos-unit. */
const CREATE_MS = 570;
const START_MS = 1_000;

async function waits(name: string, sets: readonly string[]): Promise<{ p50: number; p95: number; notes: string }> {
  const engine = runTo(await libraryPlan(name, [...sets, 'horizon=3h']), 3 * HOUR);
  const { waitMsP50: p50, waitMsP95: p95 } = results(engine).summary;
  return { p50, p95, notes: mesosOf(engine).notes().join('\n') };
}

describe('an allocation run that takes 20 x 123.5 ms = 2.47 s, as 10,000 agents and 3,000 frameworks take upstream', () => {
  test('brings offers every 3.47 s: half the tasks wait 1.57 + 3.47 / 2 s and one in twenty 1.57 + 0.95 x 3.47 s or more', async () => {
    const slow = await waits('mesos-slow-allocator', []);
    // On an idle cluster a task takes the next offer; it comes at any time of the period.
    const periodMs = 1_000 + 2_470;
    const launchMs = CREATE_MS + START_MS;
    expect(slow.p50 / (launchMs + 0.5 * periodMs)).toBeCloseTo(1, 1);
    expect(slow.p95 / (launchMs + 0.95 * periodMs)).toBeCloseTo(1, 1);
    expect(slow.notes).toContain('took up to 2470 ms and its offers left at its end, so runs came every 3470 ms');
    const instant = await waits('mesos-unit', []);
    expect(instant.p50 / (launchMs + 0.5 * 1_000)).toBeCloseTo(1, 1);
    expect(instant.p95 / (launchMs + 0.95 * 1_000)).toBeCloseTo(1, 1);
  });
});

describe('storage drivers', () => {
  test('device-mapper creates a container in two, on a file in three times the 570 ms of overlay', async () => {
    const overlay = await waits('mesos-unit', []);
    const block = await waits('mesos-unit', ['controlPlane.launch.storageDriver=device-mapper']);
    const file = await waits('mesos-unit', ['controlPlane.launch.storageDriver=device-mapper-loop']);
    // Four lanes and six tasks a minute on twenty hosts: nobody queues for the daemon.
    expect(Math.abs(block.p50 - overlay.p50 - CREATE_MS)).toBeLessThan(60);
    expect(Math.abs(file.p50 - overlay.p50 - 2 * CREATE_MS)).toBeLessThan(60);
  });
});

describe("ZooKeeper's session", () => {
  test.each([5_000, 30_000])('of %i ms passes after the master died before anything is launched', async (sessionMs) => {
    const plan = await libraryPlan('mesos-master-lost', [`controlPlane.zooKeeperSession=${sessionMs}ms`]);
    const engine = runTo(plan, HOUR);
    const { launches } = mesosOf(engine).counters();
    runUntil(engine, HOUR + sessionMs - 1);
    expect(mesosOf(engine).counters().launches).toBe(launches);
    // Schedulers register within 2 s, agents 2 to 3 s after the session.
    runUntil(engine, HOUR + sessionMs + 5_000);
    expect(mesosOf(engine).counters().launches).toBeGreaterThan(launches);
  });
});

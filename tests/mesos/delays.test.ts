// What the control plane takes before a container runs: the allocator's run, ZooKeeper's session, the daemon's storage driver.
import { describe, expect, test } from 'vitest';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

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
    // Both factors are assumed, from 2 to 5.
    const sets = ['controlPlane.launch.storageDriver=device-mapper', 'physics.parameters.deviceMapperFactor=5'];
    const worst = await waits('mesos-unit', sets);
    expect(Math.abs(worst.p50 - overlay.p50 - 4 * CREATE_MS)).toBeLessThan(60);
    const beyond = await libraryPlan('mesos-unit', [sets[0], 'physics.parameters.deviceMapperFactor=6']);
    expect(() => runTo(beyond, 1)).toThrow('physics.parameters.deviceMapperFactor is 6; its range is 2 to 5');
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

describe('a burst of launches on one agent', () => {
  /** Seconds after the batch of 10 min at which tasks start on an agent of eight slots that was out of use until then. */
  async function burst(...sets: string[]): Promise<number[]> {
    const operations =
      'controlPlane.operations=[{at: 0s, kind: deactivate-agents, hosts: [0]}, {at: 599500ms, kind: reactivate-agents, hosts: [0]}]';
    const starts: number[] = [];
    // An idle Chronos would be offered the agent first, and decline.
    const plan = await libraryPlan('mesos-operator', [operations, 'controlPlane.frameworks.night=null', ...sets]);
    runTo(plan, 11 * MINUTE, (timeMs, change, _id, host) => {
      if (change === CHANGE.start && host === 0 && starts.length < 8) starts.push((timeMs - 10 * MINUTE) / 1000);
    });
    return starts;
  }

  test('goes through the daemon two at a time: a pair each 0.57 s, and its applications a second later', async () => {
    const pairs = [0.57, 1.14, 1.71, 2.28].flatMap((created) => [created + 1, created + 1]);
    expect(await burst('controlPlane.launch.lanes=2')).toEqual(pairs.map((seconds) => expect.closeTo(seconds, 6)));
    expect(await burst('controlPlane.launch.lanes=8')).toEqual(new Array(8).fill(expect.closeTo(1.57, 6)));
  });

  test('waits for an image of 600 MB at 300 MB/s once: 2 s more for the first of each population, whoever comes first', async () => {
    const sets = ['lanes=8', 'imageMb=600', 'nicMbPerSecond=300'].map((set) => `controlPlane.launch.${set}`);
    expect(await burst(...sets)).toEqual(new Array(8).fill(expect.closeTo(3.57, 6)));
  });
});

describe('the allocation interval', () => {
  test('of ten seconds lets tasks wait for half of it on average', async () => {
    const slow = await waits('mesos-unit', ['controlPlane.allocationInterval=10s']);
    expect((slow.p50 - CREATE_MS - START_MS) / 5_000).toBeCloseTo(1, 1);
  });
});

describe("the master's own timers fire between two batches", () => {
  const running = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);

  test('a failover timeout of 63.5 s ends all tasks then, 6.5 s before the batch of an interval of 10 s', async () => {
    const plan = await libraryPlan('mesos-unit', [
      'controlPlane.allocationInterval=10s',
      'controlPlane.frameworks.sisyphus.failoverTimeout=63500ms',
      'controlPlane.incidents=[{at: 1h, kind: scheduler-lost, framework: sisyphus}]',
    ]);
    const engine = runTo(plan, HOUR + 63_499);
    expect(running(engine)).toBeGreaterThan(10);
    runUntil(engine, HOUR + 63_501);
    expect(running(engine)).toBe(0);
  });

  test('an offer timeout of 4.5 s takes back what a framework that hoards was offered at 1 h, 5.5 s before the next batch', async () => {
    const plan = await libraryPlan('mesos-offers-hoarded', [
      'controlPlane.allocationInterval=10s',
      'controlPlane.offerTimeout=4500ms',
    ]);
    const held = (engine: Engine) =>
      mesosOf(engine)
        .openOffers()
        .filter(({ framework }) => framework === 'chronos').length;
    const engine = runTo(plan, HOUR + 30_000 + 4_499);
    expect(held(engine)).toBeGreaterThan(0);
    runUntil(engine, HOUR + 30_000 + 4_501);
    expect(held(engine)).toBe(0);
    runUntil(engine, HOUR + 40_000 + 1);
    expect(held(engine)).toBeGreaterThan(0);
  });
});

describe('a new master with quotas', () => {
  test('offers nothing until 80 % of its agents are back, or ten minutes have passed; without quotas it begins with the first', async () => {
    // Sixteen of twenty agents are 80 %; five come back late.
    const late = (quota: string) => [
      'controlPlane.frameworks.sisyphus.role=work',
      quota,
      'controlPlane.incidents=[{at: 1h, kind: partition, hosts: [0, 1, 2, 3, 4], lasts: 5m}, {at: 3601s, kind: master-lost}]',
    ];
    const launchedBy = async (quota: string, ms: number) => {
      const engine = runTo(await libraryPlan('mesos-unit', late(quota)), HOUR + 1_000);
      const { launches } = mesosOf(engine).counters();
      runUntil(engine, HOUR + ms);
      return mesosOf(engine).counters().launches - launches;
    };
    const QUOTA = 'controlPlane.roles={work: {cpuGuarantee: 10 cores}}';
    expect(await launchedBy(QUOTA, 5 * MINUTE - 1)).toBe(0);
    expect(await launchedBy(QUOTA, 5 * MINUTE + 20_000)).toBeGreaterThan(20);
    expect(await launchedBy('controlPlane.roles={}', 2 * MINUTE)).toBeGreaterThan(5);
  });
});

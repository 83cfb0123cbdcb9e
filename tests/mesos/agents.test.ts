// Agents that are given up one after another, come back with their tasks, or die with a master that nobody told.
import { describe, expect, test } from 'vitest';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

const running = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);
const services = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running);

/** Replicas that answer; those on a dead host do not. */
const answering = (engine: Engine) => engine.online.ready.reduce((sum, ready) => sum + ready, 0);

/** Hosts of the first `hosts` that run no pod. */
function emptied(engine: Engine, hosts: number): number {
  return engine.cluster.hosts.podCount.slice(0, hosts).reduce((sum, pods) => sum + (pods === 0 ? 1 : 0), 0);
}

describe('the limit on removals', () => {
  test('of one a minute gives up agents of a silent rack at 75, 135, 195 and 255 s; six of ten are heard before their turn', async () => {
    const engine = runTo(await libraryPlan('mesos-removal-limit'), 2 * HOUR);
    expect(emptied(engine, 10)).toBe(0);
    const given: number[] = [];
    for (let s = 1; s <= 300; s++) {
      const before = emptied(engine, 10);
      runUntil(engine, 2 * HOUR + s * 1_000 + 1);
      for (let n = before; n < emptied(engine, 10); n++) given.push(s);
    }
    expect(given).toEqual([75, 135, 195, 255]);
    runUntil(engine, 3 * HOUR);
    // Replicas do not move back; of some 80 tasks the four run their fifth again.
    expect(engine.cluster.hosts.taskCount.slice(0, 4).reduce((sum, tasks) => sum + tasks, 0)).toBeGreaterThan(8);
    expect(services(engine)).toBe(48);
    const notes = mesosOf(engine).notes().join('\n');
    expect(notes).toContain(
      'cut agents off 10 times: 6 were heard again before the master gave them up (after 75 s of unanswered pings), 4 were given up.',
    );
    expect(notes).toContain(
      '(agentRemovalRate: 1 in 60 s) kept 6 silent agents in line until they were heard again, 4 were given up; without it all 10 would',
    );
  });

  test('without it all ten are given up at 75 s', async () => {
    const engine = runTo(
      await libraryPlan('mesos-removal-limit', ['controlPlane.agentRemovalRate={}']),
      2 * HOUR + 76_000,
    );
    expect(emptied(engine, 10)).toBe(10);
    const notes = mesosOf(engine).notes().join('\n');
    expect(notes).toContain('cut agents off 10 times: 0 were heard again');
    expect(notes).toContain('10 were given up');
    expect(notes).not.toContain('limit on removals');
  });

  test('holds for hosts that die, too: pods of a dead rack are replaced one agent a minute', async () => {
    const outages = Array.from({ length: 3 }, (_, host) => `{host: ${host}, at: 2h, duration: 50m}`);
    const plan = await libraryPlan('mesos-removal-limit', [
      'controlPlane.incidents=[]',
      `failures.outages=[${outages.join(', ')}]`,
    ]);
    const engine = runTo(plan, 2 * HOUR + 76_000);
    expect(emptied(engine, 3)).toBe(1);
    runUntil(engine, 2 * HOUR + 136_000);
    expect(emptied(engine, 3)).toBe(2);
    runUntil(engine, 2 * HOUR + 196_000);
    expect(emptied(engine, 3)).toBe(3);
  });
});

describe('a partition of ten minutes', () => {
  const PARTITION = 'controlPlane.incidents=[{ at: 3h, kind: partition, hosts: [4, 5, 6, 7], lasts: 10m }]';
  const played = async (...sets: string[]) => {
    const engine = runTo(await libraryPlan('mesos-partition', [PARTITION, ...sets]), 4 * HOUR);
    const notes = mesosOf(engine).notes().join('\n');
    return { evicted: batchSum(results(engine), 'evicted'), notes };
  };

  test('costs a framework all its tasks there, and one that is partition-aware none: they come back with their agents', async () => {
    const plain = await played();
    const aware = await played('controlPlane.frameworks.sisyphus.partitionAware=true');
    expect(plain.evicted).toBeGreaterThan(5);
    expect(aware.evicted).toBe(0);
    // Forty replicas stand two on each of twenty agents; Marathon is not partition-aware in either run.
    expect(plain.notes).toContain(`4 were given up. ${plain.evicted + 8} tasks there counted as lost`);
    expect(plain.notes).not.toContain('unreachable, not lost');
    expect(aware.notes).toContain('4 were given up. 8 tasks there counted as lost');
    expect(aware.notes).toMatch(/ \d+ tasks of partition-aware frameworks there were unreachable, not lost\./);
  });

  test('a minute is forgiven: nobody is given up', async () => {
    const engine = runTo(await libraryPlan('mesos-partition'), 2 * HOUR + 2 * MINUTE);
    expect(batchSum(results(engine), 'evicted')).toBe(0);
    const notes = mesosOf(engine).notes().join('\n');
    expect(notes).toMatch(/cut agents off 4 times: 4 were heard again .* 0 were given up\.$/m);
  });
});

describe('an agent that a new master gave up while its tasks ran on', () => {
  // Elected 11 s after the partition began, the new master waits 600 s; four seconds later the agent is heard.
  const INCIDENTS =
    'controlPlane.incidents=[{at: 1h, kind: partition, hosts: [0], lasts: 615s}, {at: 3601s, kind: master-lost}]';
  const backAtMs = HOUR + 615_000;

  test.each([
    ['modern', false],
    ['0.2x', true],
  ])('%s: everything there is shut down on its return: %s', async (variant, isShutDown) => {
    let evicted = 0;
    const plan = await libraryPlan('mesos-partition', [INCIDENTS, `controlPlane.variant=${variant}`]);
    const engine = runTo(plan, backAtMs - 1, (timeMs, change, _id, host) => {
      if (host === 0 && change === CHANGE.evict && timeMs >= HOUR) evicted++;
    });
    const { podCount, taskCount } = engine.cluster.hosts;
    const there = podCount[0] + taskCount[0];
    expect(podCount[0]).toBeGreaterThan(1);
    expect(evicted).toBe(0);
    runUntil(engine, backAtMs + 1);
    expect(evicted).toBe(isShutDown ? there : 0);
  });
});

describe('tasks lost with agents that a new master never knew', () => {
  test('are run again only when their framework reconciles after the ten minutes for agents to register', async () => {
    const engine = runTo(await libraryPlan('mesos-lost-updates'), HOUR);
    const { hosts } = engine.cluster;
    const pods = hosts.podCount[0] + hosts.podCount[1];
    expect(hosts.taskCount[0] + hosts.taskCount[1]).toBeGreaterThan(8);
    expect(pods).toBeGreaterThan(3);
    // The new master leads from 10 s on and gives the two up 600 s later. A second before, nobody knows of any loss.
    runUntil(engine, HOUR + 609_000);
    expect(answering(engine)).toBe(48 - pods);
    const lost = countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
    expect(lost).toBeGreaterThan(8);
    expect(mesosOf(engine).counters().reconciled).toBe(0);
    // Marathon registers within 2 s of the election and asks 15 s and 615 s later: the first answer is silence, the second is LOST.
    runUntil(engine, HOUR + 624_000);
    expect(answering(engine)).toBe(48 - pods);
    runUntil(engine, HOUR + 10_000 + 2_000 + 615_000 + 10_000);
    expect(answering(engine)).toBe(48);
    // Chronos asks with the first callback of each ten minutes.
    runUntil(engine, HOUR + 21 * MINUTE);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeLessThan(5);
    const { unheard, reconciled } = mesosOf(engine).counters();
    expect(reconciled).toBe(unheard);
    expect(mesosOf(engine).notes().join('\n')).toContain(
      `${unheard} tasks ended without their framework hearing of it`,
    );
    expect(running(engine)).toBeGreaterThan(100);
  });

  test('without reconciliation stay lost for their framework', async () => {
    const plan = await libraryPlan('mesos-lost-updates', [
      'controlPlane.frameworks.chronos.settings.reconciliationIntervalMs=864000000',
    ]);
    const engine = runTo(plan, 2 * HOUR - 1);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeGreaterThan(8);
  });
});

// What an operator asks of a running master: weights, quotas, agents drained and taken back. Ten agents of 16 cores, tasks of 2 cores.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

/** Running tasks of logs, adverts and night. */
function running(engine: Engine): number[] {
  const { tasks } = engine.cluster;
  const count = [0, 0, 0];
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.running) count[tasks.group[row]]++;
  return count;
}

/** Means of running tasks over ten minutes, a sample each half minute. */
function meanRunning(engine: Engine, fromMs: number): number[] {
  const sums = [0, 0, 0];
  for (let sample = 0; sample < 20; sample++) {
    runUntil(engine, fromMs + sample * 30_000);
    running(engine).forEach((count, group) => {
      sums[group] += count / 20;
    });
  }
  return sums;
}

const notes = (engine: Engine) => mesosOf(engine).notes().join('\n');

/** `mean` within `slack` of what a rule says; a slot is free for a second or two between two tasks of five minutes. */
function expectNear(mean: number, wanted: number, slack = 1): void {
  expect(mean).toBeGreaterThan(wanted - slack);
  expect(mean).toBeLessThan(wanted + slack);
}

describe('mesos-operator', () => {
  test('80 slots: 40 and 40; a doubled weight makes them 27 and 53; 40 cores promised make them 20 and 40, and the job of 8 cores starts', async () => {
    const engine = runTo(await libraryPlan('mesos-operator'), 20 * MINUTE);
    const [logs, adverts] = meanRunning(engine, 20 * MINUTE);
    expectNear(logs, 40);
    expectNear(adverts, 40);
    // Most tasks of five minutes are over ten minutes after the update.
    const [logsWeighed, advertsWeighed] = meanRunning(engine, 45 * MINUTE);
    expectNear(logsWeighed, 80 / 3);
    expectNear(advertsWeighed, 160 / 3);
    // Nobody needs the 40 cores yet: 60 slots are left, still two to one.
    const [logsLeft, advertsLeft] = meanRunning(engine, 80 * MINUTE);
    expectNear(logsLeft, 20);
    expectNear(advertsLeft, 40);
    runUntil(engine, 100 * MINUTE - 1);
    expect(running(engine)[2]).toBe(0);
    // Due now: an offer within 6 s, a container in 1.57 s.
    runUntil(engine, 100 * MINUTE + 7_571);
    expect(running(engine)[2]).toBe(1);
    checkCluster(engine.cluster);
  });

  test('a drain stops tasks after its bound of a minute; the agents stay empty until they are taken back, and then fill again', async () => {
    const engine = runTo(await libraryPlan('mesos-operator'), 2 * HOUR + 59_000);
    const onDrained = () => [...engine.cluster.hosts.taskCount.slice(0, 2)];
    const before = onDrained()[0] + onDrained()[1];
    expect(before).toBeGreaterThan(4);
    runUntil(engine, 2 * HOUR + MINUTE + 1);
    expect(onDrained()).toEqual([0, 0]);
    expect(batchSum(results(engine), 'evicted')).toBe(before);
    runUntil(engine, 150 * MINUTE - 1);
    expect(onDrained()).toEqual([0, 0]);
    runUntil(engine, 151 * MINUTE);
    expect(onDrained()[0] + onDrained()[1]).toBeGreaterThan(4);
    expect(notes(engine)).toContain('2 drained agents were empty 60.0 s after their drain began at the latest');
    expect(notes(engine)).toContain('2 agents were taken back and offered again.');
    // Sisyphus does not try a killed run again.
    expect(batchSum(results(engine), 'abandoned')).toBe(before);
    checkCluster(engine.cluster);
  });
});

/** `mesos-operator` with these operations alone. */
const asked = (operations: string, ...sets: string[]) =>
  libraryPlan('mesos-operator', [`controlPlane.operations=[${operations}]`, ...sets]);

describe('what a drain does', () => {
  const DRAIN = '{at: 10m, kind: drain-agents, hosts: [0]}';

  test("takes a task's own grace period where that is shorter, and tasks that end before are done", async () => {
    const sets = ['logs', 'ads'].map((name) => `controlPlane.frameworks.${name}.killGracePeriod=1m`);
    const drain = '{at: 10m, kind: drain-agents, hosts: [0, 1, 2, 3], maxGracePeriod: 3m}';
    const engine = runTo(await asked(drain, ...sets), 11 * MINUTE - 1);
    const there = () => engine.cluster.hosts.taskCount.slice(0, 4).reduce((sum, tasks) => sum + tasks, 0);
    const left = there();
    runUntil(engine, 11 * MINUTE + 1);
    expect(there()).toBe(0);
    expect(batchSum(results(engine), 'evicted')).toBe(left);
    // 32 slots of tasks of five minutes: in one minute some six end by themselves.
    const [, killed] = notes(engine).match(/; (\d+) tasks were killed there/) ?? [];
    expect(Number(killed)).toBeGreaterThan(left);
    expect(left).toBeGreaterThan(16);
  });

  test('reaches an agent that is cut off when it is heard again', async () => {
    const cut = 'controlPlane.incidents=[{at: 9m, kind: partition, hosts: [0], lasts: 70s}]';
    const engine = runTo(
      await asked('{at: 10m, kind: drain-agents, hosts: [0], maxGracePeriod: 1s}', cut),
      10 * MINUTE + 9_000,
    );
    expect(engine.cluster.hosts.taskCount[0]).toBeGreaterThan(4);
    runUntil(engine, 10 * MINUTE + 11_001);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
  });

  test('holds with a new master and after the agent was lost', async () => {
    const master = 'controlPlane.incidents=[{at: 20m, kind: master-lost}]';
    const outage = 'failures.outages=[{host: 0, at: 22m, duration: 5m}]';
    const engine = runTo(await asked(DRAIN, master, outage), 30 * MINUTE);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
    expect(engine.cluster.hosts.taskCount[1]).toBeGreaterThan(0);
    expect(notes(engine)).toContain('At the end 1 agents are deactivated and offered to nobody');
  });

  test('marks an agent gone when it is empty: it does not register when it was down and is up again', async () => {
    const gone = [
      '{at: 10m, kind: drain-agents, hosts: [0], maxGracePeriod: 10s, markGone: true}',
      '{at: 28m, kind: update-quota, quotas: {night: {cpuGuarantee: 150 cores}}}',
    ].join(', ');
    const outage = 'failures.outages=[{host: 0, at: 22m, duration: 2m}]';
    const engine = runTo(await asked(gone, outage), 30 * MINUTE);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
    expect(notes(engine)).toContain('1 agents were drained and marked gone: they are out for good.');
    // Nine of ten agents are left.
    expect(notes(engine)).toContain("total quota guarantees 'cpus:150' exceed cluster capacity 'cpus:144; mem:");
  });

  test('for good tells partition-aware frameworks that tasks are gone, not killed: their runs are tried again elsewhere', async () => {
    const gone = '{at: 10m, kind: drain-agents, hosts: [0], maxGracePeriod: 10s, markGone: true}';
    const abandoned = async (...sets: string[]) => {
      const run = results(runTo(await asked(gone, ...sets), 20 * MINUTE));
      expect(batchSum(run, 'evicted')).toBeGreaterThan(4);
      return batchSum(run, 'abandoned');
    };
    expect(await abandoned()).toBeGreaterThan(4);
    const aware = ['logs', 'ads'].map((name) => `controlPlane.frameworks.${name}.partitionAware=true`);
    expect(await abandoned(...aware)).toBe(0);
  });

  test('is not over while tasks are left: the agent is not taken back then', async () => {
    const engine = runTo(await asked(`${DRAIN}, {at: 12m, kind: reactivate-agents, hosts: [0]}`), 20 * MINUTE);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
    expect(notes(engine)).toContain(
      'The master refused a call of the operator at 12.0 min: agent 0 is still draining.',
    );
  });
});

describe('a deactivated agent', () => {
  test.each([
    ['a maintenance window', 'controlPlane.incidents=[{at: 30m, kind: maintenance, hosts: [0], lasts: 2m}]'],
    ['an outage of half a minute', 'failures.outages=[{host: 0, at: 30m, duration: 30s}]'],
  ])('is out of use after %s as before', async (_, set) => {
    const engine = runTo(await asked('{at: 10m, kind: deactivate-agents, hosts: [0]}', set), 35 * MINUTE);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
    expect(engine.cluster.hosts.taskCount[1]).toBeGreaterThan(4);
  });

  test('gets nothing new while what runs there runs to its end, and is offered again when it is taken back', async () => {
    const engine = runTo(
      await asked('{at: 10m, kind: deactivate-agents, hosts: [0]}, {at: 30m, kind: reactivate-agents, hosts: [0]}'),
      10 * MINUTE + 1,
    );
    expect(engine.cluster.hosts.taskCount[0]).toBeGreaterThan(4);
    // The longest of thousands of tasks takes some 15 min.
    runUntil(engine, 30 * MINUTE - 1);
    expect(engine.cluster.hosts.taskCount[0]).toBe(0);
    expect(batchSum(results(engine), 'evicted')).toBe(0);
    runUntil(engine, 31 * MINUTE);
    expect(engine.cluster.hosts.taskCount[0]).toBeGreaterThan(4);
  });
});

test('a weight holds with a new master: after most tasks of the old one are over the shares are still one to two', async () => {
  const weights = '{at: 10m, kind: update-weights, weights: {ads: 2}}';
  const engine = runTo(await asked(weights, 'controlPlane.incidents=[{at: 20m, kind: master-lost}]'), 40 * MINUTE);
  const [logs, adverts] = meanRunning(engine, 40 * MINUTE);
  expectNear(logs, 80 / 3, 2);
  expectNear(adverts, 160 / 3, 2);
});

describe('a quota of a running master', () => {
  test('is refused below what the role holds, and taken with force: nothing is launched until it holds less', async () => {
    const limit = (force: boolean) =>
      `{at: 10m, kind: update-quota, quotas: {logs: {cpuLimit: 40 cores}}, force: ${force}}`;
    const refused = runTo(await asked(limit(false)), 20 * MINUTE);
    expect(notes(refused)).toMatch(
      /at 10\.0 min: Invalid QuotaConfig: Role 'logs' is already consuming 'cpus:80; mem:\d+'; this is more than the requested limits 'cpus:40' /,
    );
    expectNear(running(refused)[0], 40, 3);
    const forced = runTo(await asked(limit(true)), 25 * MINUTE);
    // 40 cores are 20 tasks; the other role takes what is left of 80.
    const [logs, adverts] = meanRunning(forced, 25 * MINUTE);
    expectNear(logs, 20);
    expectNear(adverts, 60);
  });

  test('that fits the scenario is refused when agents are missing, and holds with a new master', async () => {
    const quota = '{at: 10m, kind: update-quota, quotas: {night: {cpuGuarantee: 150 cores}}}';
    const missing = runTo(await asked(quota, 'failures.outages=[{host: 0, at: 5m, duration: 1h}]'), 11 * MINUTE);
    expect(notes(missing)).toContain("total quota guarantees 'cpus:150' exceed cluster capacity 'cpus:144; mem:");
    // 100 of 160 cores are kept: 30 tasks are left, also with the master of 20 min.
    const kept = '{at: 10m, kind: update-quota, quotas: {night: {cpuGuarantee: 100 cores}}}';
    const engine = runTo(await asked(kept, 'controlPlane.incidents=[{at: 20m, kind: master-lost}]'), 40 * MINUTE);
    const [logs, adverts] = meanRunning(engine, 40 * MINUTE);
    expectNear(logs + adverts, 30);
  });

  test('serves a role that five idle frameworks starve what it was promised: fewer than 100 tasks run while 500 wait, then 200', async () => {
    const plan = await libraryPlan('mesos-idle-frameworks', [
      'controlPlane.frameworks.sisyphus.role=work',
      ...[1, 2, 3, 4, 5].map((n) => `controlPlane.frameworks.idle-${n}.role=idle-${n}`),
      'controlPlane.operations=[{at: 40m, kind: update-quota, quotas: {work: {cpuGuarantee: 400 cores, memGuarantee: 600GiB}}}]',
    ]);
    const engine = runTo(plan, 40 * MINUTE - 1);
    const waiting = () => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
    expect(waiting()).toBeGreaterThan(500);
    expect(running(engine)[0]).toBeLessThan(100);
    // 400 cores are 200 tasks of two, and the offer that pays the last of them may hold a few more.
    for (const minute of [44, 46, 48]) {
      runUntil(engine, minute * MINUTE);
      expectNear(running(engine)[0], 205, 8);
    }
    expect(waiting()).toBeGreaterThan(200);
  });
});

// Marathon's back-off and health checks in a run.
import { expect, test } from 'vitest';
import { prepare } from '../../lab/run-plan.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { HOUR, libraryPlan, MINUTE } from './run-scenario.ts';

test('an app whose instances fail after a second is launched after 1 s, 1.15 s, 1.32 s ...: 25 failures later after 29 s', async () => {
  const others = ['web', 'pay', 'feed'].map((name) => `online.explicit.${name}=null`);
  const plan = await libraryPlan('mesos-releases', [
    ...others,
    'online.explicit.shop.replicas=1',
    'online.explicit.shop.release=null',
    'online.explicit.shop.rollingRestartAt=[10m]',
    'cluster.hosts.node.count=1',
    'failures.blackHoles=[{host: 0, failAfter: 1s, services: true}]',
  ]);
  const starts: number[] = [];
  const { engine } = prepare(plan, {
    sink: (timeMs, change) => {
      if (change === CHANGE.start && timeMs > 0) starts.push(timeMs / 1000);
    },
  });
  runUntil(engine, 30 * MINUTE);
  expect(starts.length).toBeGreaterThan(25);
  for (let i = 1; i <= 25; i++) {
    // A second of life, the back-off, 1.57 s for the container; a revive waits 5 s for the one before, the run after it 1 s, a filter none.
    const leastSeconds = 1 + 1.15 ** (i - 1) + 1.57;
    expect(starts[i] - starts[i - 1], `${i}`).toBeGreaterThanOrEqual(leastSeconds - 0.001);
    expect(starts[i] - starts[i - 1], `${i}`).toBeLessThanOrEqual(leastSeconds + 7);
  }
});

test('a smaller service gives up the replica that started last, and an older one only after it', async () => {
  // Host 0 dies at 1 h: its replicas of web start anew elsewhere, and are the youngest.
  const plan = await libraryPlan('mesos-unit', ['failures.outages=[{host: 0, at: 1h, duration: 10m}]', 'horizon=3h']);
  const { engine } = prepare(plan, {});
  runUntil(engine, 2 * HOUR);
  const { tasks } = engine.cluster;
  const web = engine.online.services.names.indexOf('web');
  const rows = Array.from({ length: engine.online.wanted[web] }, (_, i) => engine.online.firstPod[web] + i);
  const young = rows.filter((row) => tasks.startedAtMs[row] > 0);
  expect(young.length).toBe(2);
  const youngest = Math.max(...young.map((row) => tasks.startedAtMs[row]));
  const chosen = engine.plane.replicaToStop?.(web, 2 * HOUR) ?? -1;
  expect(tasks.startedAtMs[chosen]).toBe(youngest);
  const oldest = await libraryPlan('mesos-unit', [
    'failures.outages=[{host: 0, at: 1h, duration: 10m}]',
    'controlPlane.frameworks.marathon.settings={killSelection: OLDEST_FIRST}',
  ]);
  const other = prepare(oldest, {}).engine;
  runUntil(other, 2 * HOUR);
  expect(other.cluster.tasks.startedAtMs[other.plane.replicaToStop?.(web, 2 * HOUR) ?? -1]).toBe(0);
});

test('checks every 10 s do not bring replicas of a dead host back before its agent is given up after 75 s: nobody confirms their kill', async () => {
  const backAfter = async (...sets: string[]) => {
    const plan = await libraryPlan('mesos-unit', ['failures.outages=[{host: 0, at: 1h, duration: 1h}]', ...sets]);
    const { engine } = prepare(plan, {});
    runUntil(engine, HOUR + 1);
    const web = engine.online.services.names.indexOf('web');
    const all = engine.online.wanted[web];
    expect(engine.online.ready[web]).toBeLessThan(all);
    let t = HOUR;
    while (engine.online.ready[web] < all && t < HOUR + 5 * MINUTE) {
      t += 1000;
      runUntil(engine, t);
    }
    return (t - HOUR) / 1000;
  };
  // Replicas started at 0: checks at 15 s, 25 s ...; those at 3605, 3615 and 3625 s fail, and they are killed in vain at 3630 s.
  const checked = await backAfter(
    'controlPlane.frameworks.marathon.settings={healthCheck: {intervalMs: 10000, timeoutMs: 5000}}',
  );
  expect(checked).toBeGreaterThanOrEqual(75);
  expect(checked).toBeLessThanOrEqual(75 + 9);
  expect(await backAfter()).toBeGreaterThanOrEqual(75);
});

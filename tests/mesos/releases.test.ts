// A/B weights, gray releases, rolling upgrades and QAE's auto-scaling in a run, under Marathon and under Kubernetes.
import { describe, expect, test } from 'vitest';
import { policiesOf, prepare, runPlan } from '../../lab/run-plan.ts';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import { releaseNotes } from '../../sim/engine/versions.ts';
import type { Plan } from '../../sim/plan.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { HOUR, libraryPlan, MINUTE, results, runTo } from './run-scenario.ts';

const KUBERNETES = ['controlPlane.kind=kubernetes', 'controlPlane.frameworks=null'];
/** The library's scenario with some of its services. */
const releasesPlan = (services: readonly string[], ...sets: string[]) =>
  libraryPlan('mesos-releases', [
    ...['web', 'shop', 'pay', 'feed']
      .filter((name) => !services.includes(name))
      .map((name) => `online.explicit.${name}=null`),
    ...sets,
  ]);
const serviceOf = (engine: Engine, name: string) => engine.online.services.names.indexOf(name);
const wanted = (engine: Engine, ...names: string[]) =>
  names.map((name) => engine.online.wanted[serviceOf(engine, name)]);
const ready = (engine: Engine, ...names: string[]) =>
  names.reduce((sum, name) => sum + engine.online.ready[serviceOf(engine, name)], 0);

/** Pods of services that have a row in use. */
function present(engine: Engine, ...names: string[]): number {
  const { online, cluster } = engine;
  let count = 0;
  for (const s of names.map((name) => serviceOf(engine, name)))
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++)
      if (cluster.tasks.state[row] !== TASK_STATE.free) count++;
  return count;
}

/** Fewest ready and most present pods of services, looked at every second of a run between two times. */
function extremes(plan: Plan, fromMs: number, toMs: number, ...names: string[]) {
  const { engine } = prepare(plan, {});
  let fewest = Infinity;
  let most = 0;
  for (let t = fromMs; t <= toMs; t += 1000) {
    runUntil(engine, t);
    fewest = Math.min(fewest, ready(engine, ...names));
    most = Math.max(most, present(engine, ...names));
  }
  checkCluster(engine.cluster);
  return { engine, fewest, most };
}

describe('A/B weights', () => {
  test('of 70 : 30 split ten replicas into 7 and 3 and the load with them; of 85 : 15 into 9 and 1, but the load exactly', async () => {
    const engine = runTo(await releasesPlan(['web']), 2 * HOUR);
    const [a, b] = [serviceOf(engine, 'web'), serviceOf(engine, 'web/b')];
    expect(wanted(engine, 'web', 'web/b')).toEqual([7, 3]);
    expect([engine.online.load[a], engine.online.load[b]]).toEqual([7, 3]);
    const { serviceRequests, hours } = engine.recorder;
    const requests = (s: number) => serviceRequests[s * hours] + serviceRequests[s * hours + 1];
    // Every replica has its own noise of 36 %, drawn every 5 minutes: of 3 x 24 draws a mean deviates by 4 %.
    expect(requests(b) / (requests(a) + requests(b))).toBeGreaterThan(0.3 * 0.88);
    expect(requests(b) / (requests(a) + requests(b))).toBeLessThan(0.3 * 1.12);
    // One service, one noise of its load.
    expect(engine.online.commonAr[b]).toBe(engine.online.commonAr[a]);
    const plan = await releasesPlan(
      ['web'],
      'online.explicit.web.weight=85',
      'online.explicit.web.versions.b.weight=15',
    );
    const other = prepare(plan, {}).engine;
    expect(wanted(other, 'web', 'web/b')).toEqual([9, 1]);
    expect([...other.online.load]).toEqual([8.5, 1.5]);
  });
});

describe('a gray release', () => {
  test('has 1, 5 and 10 of ten replicas in its stages; nine, five and none are left of the old version', async () => {
    const plan = await releasesPlan(['shop']);
    const { engine } = prepare(plan, {});
    const at = (minutes: number) => {
      runUntil(engine, minutes * MINUTE);
      return wanted(engine, 'shop', 'shop/next');
    };
    expect([59, 65, 95, 125, 239].map(at)).toEqual([
      [10, 0],
      [9, 1],
      [5, 5],
      [0, 10],
      [0, 10],
    ]);
    expect(ready(engine, 'shop/next')).toBe(10);
    // The load went with the replicas.
    expect(engine.online.load[serviceOf(engine, 'shop/next')]).toBe(10);
    checkCluster(engine.cluster);
    expect(releaseNotes(engine)).toEqual([
      'The release of shop went 10 % at 60 min, 50 % at 90 min, 100 % at 120 min; it is done.',
    ]);
  });

  test('whose version needs three times the CPU goes back: 90 % of its limit is asked of it, and its requests are late', async () => {
    // 30 % of 2 cores, times 3, with a limit of 2 cores.
    const plan = await releasesPlan(['pay'], 'horizon=2h');
    const { engine } = prepare(plan, {});
    runUntil(engine, 100 * MINUTE);
    expect(wanted(engine, 'pay', 'pay/next')).toEqual([10, 0]);
    expect(ready(engine, 'pay')).toBe(10);
    expect(releaseNotes(engine)[0]).toMatch(/^The release of pay went 10 % at 60 min, and back at 6[1-5] min: /);
    const cheap = await releasesPlan(['pay'], 'online.explicit.pay.release.cpuCost=1');
    expect(wanted(runTo(cheap, 130 * MINUTE), 'pay', 'pay/next')).toEqual([0, 10]);
  });

  test('never has fewer than ten ready or more than eleven present when nothing may lack and nothing come on top', async () => {
    const plan = await releasesPlan(['shop'], 'online.explicit.shop.rollout={overCapacity: 0%}');
    const { engine, fewest, most } = extremes(plan, 59 * MINUTE, 105 * MINUTE, 'shop', 'shop/next');
    expect([fewest, most]).toEqual([10, 11]);
    expect(wanted(engine, 'shop', 'shop/next')).toEqual([5, 5]);
  });

  test('under Kubernetes keeps eight of ten ready and has thirteen at most: 25 % may lack and 25 % come on top', async () => {
    const plan = await releasesPlan(['shop'], ...KUBERNETES);
    const { engine, fewest, most } = extremes(plan, 119 * MINUTE, 130 * MINUTE, 'shop', 'shop/next');
    expect(fewest).toBeGreaterThanOrEqual(8);
    expect(most).toBeLessThanOrEqual(13);
    expect(wanted(engine, 'shop', 'shop/next')).toEqual([0, 10]);
    expect(engine.plane.constructor.name).toBe('KubernetesPlane');
  });
});

describe('a rolling restart within an upgrade strategy', () => {
  const restart = (rollout: string, ...sets: string[]) =>
    releasesPlan(
      ['shop'],
      'online.explicit.shop.release=null',
      'online.explicit.shop.rollingRestartAt=[30m]',
      rollout,
      ...sets,
    );

  test('of 50 % and 0 % stops five of ten at once and never has more than ten', async () => {
    const plan = await restart('online.explicit.shop.rollout={minimumHealth: 50%, overCapacity: 0%}');
    const { engine, fewest, most } = extremes(plan, 29 * MINUTE, 45 * MINUTE, 'shop');
    expect([fewest, most]).toEqual([5, 10]);
    expectRestarted(engine);
  });

  test('of 100 % and 50 % has fifteen at most and never fewer than ten ready', async () => {
    const plan = await restart('online.explicit.shop.rollout={minimumHealth: 100%, overCapacity: 50%}');
    const { engine, fewest, most } = extremes(plan, 29 * MINUTE, 45 * MINUTE, 'shop');
    expect([fewest, most]).toEqual([10, 15]);
    expectRestarted(engine);
  });

  test('under Marathon waits for the first check that a new replica passes; under Kubernetes a liveness probe is not waited for', async () => {
    // Checks at 500 s, 1,100 s ... 2,300 s, 2,900 s. Five are launched at 1,800 s and pass at 2,300 s; the next look is at 2,340 s.
    const check = 'online.explicit.shop.healthCheck={delay: 500s, interval: 600s, timeout: 20s}';
    const oldAt = async (seconds: readonly number[], ...sets: string[]) => {
      const plan = await restart('online.explicit.shop.rollout={minimumHealth: 100%, overCapacity: 50%}', ...sets);
      const { engine } = prepare(plan, {});
      const { tasks } = engine.cluster;
      return seconds.map((second) => {
        runUntil(engine, second * 1000);
        let old = 0;
        for (let row = 0; row < tasks.firstBestEffort; row++)
          if (tasks.state[row] === TASK_STATE.running && tasks.startedAtMs[row] < 30 * MINUTE) old++;
        return old;
      });
    };
    expect(await oldAt([2_339, 2_341, 2_939, 2_941], check)).toEqual([10, 5, 5, 0]);
    expect(await oldAt([1_859, 1_861, 1_981])).toEqual([10, 5, 0]);
    expect((await oldAt([2_200], check, ...KUBERNETES))[0]).toBe(0);
  });

  function expectRestarted(engine: Engine): void {
    expect(wanted(engine, 'shop')).toEqual([10]);
    expect(ready(engine, 'shop')).toBe(10);
    const { tasks } = engine.cluster;
    for (let row = 0; row < tasks.firstBestEffort; row++)
      if (tasks.state[row] === TASK_STATE.running) expect(tasks.startedAtMs[row]).toBeGreaterThan(30 * MINUTE);
  }
});

describe("QAE's auto-scaling", () => {
  test('4 replicas at 80 % of a target of 40 % need 8: 6 after one step of 2, no change for 5 minutes, then on', async () => {
    const { engine } = prepare(await releasesPlan(['feed']), {});
    const at = (seconds: number) => {
      runUntil(engine, seconds * 1000);
      return wanted(engine, 'feed')[0];
    };
    expect([59, 61, 359].map(at)).toEqual([4, 6, 6]);
    // 80 x 4 / 6 = 53 % stand above 44 %: two more at once when the pause is over.
    expect(at(7 * 60 + 1)).toBe(8);
    expect(ready(engine, 'feed')).toBeGreaterThanOrEqual(6);
  });
});

test('a run goes on from a snapshot in the middle of a release as without it', async () => {
  const plan = await libraryPlan('mesos-releases', ['horizon=2h']);
  const engine = runTo(plan, 91 * MINUTE);
  const kept = structuredClone(snapshotRun(engine));
  runUntil(engine, plan.horizonMs);
  const other = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
  runUntil(other, plan.horizonMs);
  expect(results(other)).toEqual(results(engine));
});

test('a run with releases goes to its end and says of each how it went', async () => {
  const plan = await libraryPlan('mesos-releases');
  const run = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
  expect(run?.notes.filter((note) => note.startsWith('The release of'))).toHaveLength(2);
});

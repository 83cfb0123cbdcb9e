// Storm on Mesos: workers that run on until killed, started in rounds of Nimbus, and the offers it holds in between.
import { expect, test } from 'vitest';
import { prepare } from '../../lab/run-plan.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

test('workers are bound in rounds of 10 s, run on to the end, and those of a dead host start elsewhere in a round', async () => {
  const binds: number[] = [];
  const { engine } = prepare(await libraryPlan('mesos-storm'), {
    sink: (timeMs, change) => {
      if (change === CHANGE.bind) binds.push(timeMs);
    },
  });
  const running = () => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);
  runUntil(engine, 2 * HOUR);
  const before = running();
  const struck = engine.cluster.hosts.taskCount[9];
  expect(before).toBeGreaterThan(40);
  expect(struck).toBeGreaterThan(1);
  runUntil(engine, 2 * HOUR + 1);
  expect(running()).toBe(before - struck);
  // Refusals of an idle Nimbus last 120 s; then a run, a round of 10 s and 1.57 s for the container.
  runUntil(engine, 2 * HOUR + 120_000 + 1_000 + 10_000 + 2_000);
  expect(running()).toBeGreaterThanOrEqual(before);
  expect(engine.cluster.hosts.taskCount[9]).toBe(0);
  runUntil(engine, 3 * HOUR);
  expect(batchSum(results(engine), 'finished')).toBe(0);
  // Nimbus subscribed at 0: every round is a multiple of 10 s.
  expect(binds.length).toBeGreaterThan(before);
  expect(binds.filter((timeMs) => timeMs % 10_000 !== 0)).toEqual([]);
});

test('between its rounds Nimbus answers no offer: it holds them, and declines what is left in a round', async () => {
  const engine = runTo(await libraryPlan('mesos-storm', ['controlPlane.frameworks.idle=null']), 30 * MINUTE);
  const plane = mesosOf(engine);
  const answeredAt: number[] = [];
  let mostHeld = 0;
  for (let s = 1; s <= 600; s++) {
    const { declines, launches } = plane.counters();
    runUntil(engine, 30 * MINUTE + s * 1000 + 1);
    const now = plane.counters();
    if (now.declines + now.launches > declines + launches) answeredAt.push(s);
    mostHeld = Math.max(mostHeld, plane.openOffers().length);
  }
  expect(mostHeld).toBeGreaterThan(3);
  expect(answeredAt.length).toBeGreaterThan(3);
  expect(answeredAt.filter((s) => s % 10 !== 0)).toEqual([]);
});

test('a worker waits for refusals of 120 s to end; where Nimbus revives offers, for two rounds at most', async () => {
  const longestWaitS = async (...sets: string[]) => {
    let longestMs = 0;
    const { engine } = prepare(await libraryPlan('mesos-storm', ['failures.outages=[]', ...sets]), {
      sink: (timeMs, change, _id, _host, _value, row) => {
        if (change === CHANGE.bind) longestMs = Math.max(longestMs, timeMs - engine.cluster.tasks.readyAtMs[row]);
      },
    });
    runUntil(engine, 2 * HOUR);
    return longestMs / 1000;
  };
  expect(await longestWaitS()).toBeGreaterThan(100);
  // It comes just after a round, the next one revives, the run after that offers, the round after that launches.
  const suppress = 'controlPlane.frameworks.nimbus.settings={suppressOffers: true}';
  expect(await longestWaitS(suppress)).toBeLessThanOrEqual(20);
});

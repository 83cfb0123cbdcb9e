// Tasks that ask for whole GPUs under Mesos: how many run, where, and on which cards.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { HOUR, libraryPlan, mesosOf, runTo } from './run-scenario.ts';

/** Five agents of 8 GPUs among twenty; every task asks for 3 GPUs and half a core, and more come than can run. */
const SETS = [
  'controlPlane.frameworks.sisyphus.gpuCapable=true',
  'bestEffort.populations.transcode.sizes=[{cores: 0.5, weight: 1, gpu: {cards: 3}}]',
];
const GPU_PLAN = (...more: readonly string[]) => libraryPlan('mesos-gpu-agents', [...SETS, ...more]);

const inState = (engine: Engine, state: number) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, state);

/** Cards in use and tasks with GPUs, by host that has any. */
function cardsInUse(engine: Engine): string[] {
  const { hosts } = engine.cluster;
  const { firstCard, cardLeftMilli } = hosts.gpus;
  const out: string[] = [];
  for (let host = 0; host < hosts.count; host++) {
    if (firstCard[host + 1] === firstCard[host]) continue;
    const left = cardLeftMilli.subarray(firstCard[host], firstCard[host + 1]);
    out.push(`${left.filter((milli) => milli === 0).length} of ${left.length}, ${hosts.taskCount[host]} tasks`);
  }
  return out;
}

describe('3 GPUs a task on agents of 8', () => {
  test('two run an agent on six of its cards, ten in all; nobody runs elsewhere, and GPUs are what is short', async () => {
    const engine = runTo(await GPU_PLAN(), 2 * HOUR);
    checkCluster(engine.cluster);
    const running = inState(engine, TASK_STATE.running);
    const bound = inState(engine, TASK_STATE.bound);
    expect(running + bound).toBe(10);
    expect(cardsInUse(engine)).toEqual(new Array(5).fill('6 of 8, 2 tasks'));
    expect(inState(engine, TASK_STATE.pending)).toBeGreaterThan(100);
    expect(mesosOf(engine).notes().at(-1)).toMatch(
      /20 have the CPU one asks for, 20 the memory, 20 the disk, 0 the GPUs: the number of GPUs is short\.$/,
    );
  });

  test('a new master learns from its agents which GPUs are taken: no card is given twice', async () => {
    const engine = runTo(await GPU_PLAN('controlPlane.incidents=[{at: 1h, kind: master-lost}]'), 2 * HOUR);
    checkCluster(engine.cluster);
    expect(cardsInUse(engine)).toEqual(new Array(5).fill('6 of 8, 2 tasks'));
  });
});

describe('a service that asks for 3 GPUs a replica', () => {
  test('stands two by two on five agents of 8, ten replicas in all, from the start and after each was started anew', async () => {
    const service = '{replicas: 12, cpuRequest: 1 cores, memRequest: 1GiB, gpu: {cards: 3}, rollingRestartAt: [1h]}';
    const plan = await libraryPlan('mesos-gpu-agents', [
      `online.explicit.inference=${service}`,
      'bestEffort.tasksPerWeek=0',
    ]);
    const engine = runTo(plan, 30 * 60_000);
    // 12 are wanted; 2 of 3 GPUs fit on an agent of 8, five agents have them.
    const onCards = () => {
      const { hosts } = engine.cluster;
      const used = [];
      for (let host = 0; host < hosts.count; host++) {
        const left = hosts.gpus.cardLeftMilli.subarray(hosts.gpus.firstCard[host], hosts.gpus.firstCard[host + 1]);
        if (left.length > 0) used.push(left.filter((milli) => milli === 0).length);
      }
      return used;
    };
    const running = () => {
      const s = engine.online.services.names.indexOf('inference');
      return engine.online.ready[s];
    };
    expect([onCards(), running()]).toEqual([new Array(5).fill(6), 10]);
    runUntil(engine, 2 * HOUR);
    checkCluster(engine.cluster);
    expect([onCards(), running()]).toEqual([new Array(5).fill(6), 10]);
    const { tasks } = engine.cluster;
    for (let row = 0; row < tasks.firstBestEffort; row++)
      if (tasks.gpuRequest[row] > 0 && tasks.state[row] === TASK_STATE.running)
        expect(tasks.startedAtMs[row]).toBeGreaterThan(HOUR - 1);
  });
});

describe('what Mesos cannot give is refused before the run', () => {
  test.each([
    ['controlPlane.variant=0.2x', /GPUs came with Mesos 1\.0/],
    ['controlPlane.frameworks.sisyphus.gpuCapable=false', /"sisyphus" is not gpuCapable/],
    ['controlPlane.frameworks.sisyphus.kind=chronos', /"sisyphus" is chronos, whose jobs ask for no GPUs/],
    ['bestEffort.populations.transcode.sizes=[{cores: 1, weight: 1, gpu: {percent: 50}}]', /Mesos gives whole GPUs/],
    ['bestEffort.populations.transcode.sizes=[{cores: 1, weight: 1, gpu: {models: [T4]}}]', /a number without models/],
    ['online.explicit.web.gpu={percent: 50}', /online\.explicit\.web\.gpu\.percent is 50; Mesos gives whole GPUs/],
    ['online.explicit.web.gpu={cards: 1, models: [T4]}', /a number without models/],
  ])('%s', async (set, message) => {
    await expect(GPU_PLAN(set)).rejects.toThrow(message);
  });
});

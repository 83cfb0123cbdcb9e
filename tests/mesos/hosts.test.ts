// What happens to hosts: disk and memory that run out first, agents cut off, agents in maintenance, racks with schedulers on them.
import { describe, expect, test } from 'vitest';
import { prepare } from '../../lab/run-plan.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import { TIER } from '../../sim/cluster/hosts.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { evictTask } from '../../sim/engine/lifecycle.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

const pending = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
const running = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);
const services = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running);

/** Tasks and pods on the first `hosts` hosts from `first`. */
function onHosts(engine: Engine, first: number, hosts: number): { tasks: number; pods: number } {
  let tasks = 0;
  let pods = 0;
  for (let host = first; host < first + hosts; host++) {
    tasks += engine.cluster.hosts.taskCount[host];
    pods += engine.cluster.hosts.podCount[host];
  }
  return { tasks, pods };
}

describe('disk and memory that run out while CPU is free', () => {
  test('200 GiB of disk take five tasks of 40 GiB an agent: 100 run, the queue grows, and over a third of the CPU stays unsold', async () => {
    const engine = runTo(await libraryPlan('mesos-disk-full'), 4 * HOUR - 1);
    expect(running(engine)).toBe(100);
    expect(pending(engine)).toBeGreaterThan(1_000);
    const { hosts } = engine.cluster;
    let sold = 0;
    let allocated = 0;
    for (let host = 0; host < hosts.count; host++) {
      sold += hosts.soldMilliCpu[TIER.native * hosts.count + host];
      allocated += hosts.allocatedMilliCpu[host];
    }
    // 20 x 31.68 cores are sold; services hold 176 and a hundred tasks 200 of them: 376 of 634, 41 % are free.
    expect(Math.round((100 * allocated) / sold)).toBe(59);
    expect(mesosOf(engine).notes().at(-1)).toMatch(
      /tasks wait at "sisyphus"; of 20 agents 20 have the CPU one asks for, 20 the memory, 0 the disk: disk is short\.$/,
    );
  });

  test('without disk asked for the same load runs; with 24 GiB a core memory binds instead', async () => {
    const free = runTo(
      await libraryPlan('mesos-disk-full', ['controlPlane.frameworks.sisyphus.taskDisk=0GiB']),
      2 * HOUR,
    );
    expect(running(free)).toBeGreaterThan(150);
    expect(pending(free)).toBeLessThan(100);
    const sets = [
      'controlPlane.frameworks.sisyphus.taskDisk=0GiB',
      'bestEffort.populations.transcode.memPerCore=24GiB',
    ];
    const engine = runTo(await libraryPlan('mesos-disk-full', sets), 2 * HOUR);
    expect(mesosOf(engine).notes().at(-1)).toMatch(/ 0 the memory, 20 the disk: memory is short\.$/);
  });
});

describe('agents cut off', () => {
  test('for a minute lose nothing: five pings of 15 s are waited for, and updates of that minute come later', async () => {
    const engine = runTo(await libraryPlan('mesos-partition'), 2 * HOUR - 1);
    const before = onHosts(engine, 0, 4);
    expect(before.tasks + before.pods).toBeGreaterThan(20);
    runUntil(engine, 2 * HOUR + 59_000);
    // What ends there is not heard, so nothing is replaced; services run on.
    expect(services(engine)).toBe(48);
    expect(onHosts(engine, 0, 4).pods).toBe(before.pods);
    runUntil(engine, 2 * HOUR + 30 * MINUTE);
    expect(
      batchSum(
        results(
          runTo(
            await libraryPlan('mesos-partition', [
              'horizon=3h',
              'controlPlane.incidents=[{ at: 2h, kind: partition, hosts: [0, 1, 2, 3], lasts: 1m }]',
            ]),
            3 * HOUR,
          ),
        ),
        'evicted',
      ),
    ).toBe(0);
    expect(pending(engine)).toBeLessThan(10);
  });

  test('for ten minutes are given up after 75 s: tasks and replicas run elsewhere, and the agents are used again when they are back', async () => {
    const engine = runTo(await libraryPlan('mesos-partition'), 3 * HOUR - 1);
    const before = onHosts(engine, 4, 4);
    expect(before.tasks).toBeGreaterThan(5);
    runUntil(engine, 3 * HOUR + 74_000);
    expect(onHosts(engine, 4, 4).pods).toBe(before.pods);
    runUntil(engine, 3 * HOUR + 75_000 + 1);
    expect(onHosts(engine, 4, 4)).toEqual({ tasks: 0, pods: 0 });
    runUntil(engine, 3 * HOUR + 2 * MINUTE);
    expect(services(engine)).toBe(48);
    expect(onHosts(engine, 4, 4)).toEqual({ tasks: 0, pods: 0 });
    runUntil(engine, 3 * HOUR + 40 * MINUTE);
    expect(onHosts(engine, 4, 4).tasks).toBeGreaterThan(5);
    expect(pending(engine)).toBeLessThan(10);
  });
});

describe('maintenance', () => {
  test('asks Marathon and Sisyphus once an agent to leave, empties two agents for its hour and gives them back', async () => {
    const engine = runTo(await libraryPlan('mesos-maintenance'), 90 * MINUTE - 1);
    expect(mesosOf(engine).counters().inverseOffers).toBe(0);
    runUntil(engine, 2 * HOUR - 1);
    // Two frameworks on two agents; one that comes to hold something there only now would be asked as well.
    expect(mesosOf(engine).counters().inverseOffers).toBe(4);
    expect(onHosts(engine, 0, 2).tasks).toBeGreaterThan(0);
    runUntil(engine, 2 * HOUR + 1);
    expect(onHosts(engine, 0, 2)).toEqual({ tasks: 0, pods: 0 });
    runUntil(engine, 2 * HOUR + 5 * MINUTE);
    expect(services(engine)).toBe(48);
    runUntil(engine, 3 * HOUR - 1);
    expect(onHosts(engine, 0, 2)).toEqual({ tasks: 0, pods: 0 });
    runUntil(engine, 3 * HOUR + 40 * MINUTE);
    expect(onHosts(engine, 0, 2).tasks).toBeGreaterThan(2);
    expect(pending(engine)).toBeLessThan(10);
  });
});

describe('schedulers in the cluster, a rack lost while Marathon is away', () => {
  const played = async (name: string) => {
    const engine = runTo(await libraryPlan(name), 3 * HOUR);
    const { offers, declines, launches, revives, updates } = mesosOf(engine).counters();
    const outages = mesosOf(engine).outages();
    return {
      outages,
      messages: offers + declines + launches + revives + updates,
      struck: new Set(outages.map(({ framework }) => framework)).size,
      seconds: outages.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 1000, 0),
      notes: mesosOf(engine).notes().join('\n'),
    };
  };

  test('everything on Marathon: schedulers of the rack stay away until Marathon is back; a Root Framework has them up in seconds', async () => {
    const marathon = await played('mesos-all-on-marathon');
    const root = await played('mesos-root-framework');
    // The rack is given up at 62 min + 75 s, which the master says once, to nobody. Marathon subscribes at 70 min, 405 s later, and asks for
    // its tasks after 15 s; then the next run, 570 ms to create, 1 s to start.
    expect(marathon.outages.length).toBeGreaterThan(0);
    for (const { fromMs, toMs } of marathon.outages) {
      expect(fromMs).toBe(62 * MINUTE + 75_000);
      expect(toMs - fromMs).toBeGreaterThan(420_000);
      expect(toMs - fromMs).toBeLessThan(435_000);
    }
    // Its back-off is 1 s, its refusals last 5 s: at worst 5 s + a run of 1 s + 1.57 s.
    expect(root.outages.length).toBeGreaterThan(0);
    for (const { fromMs, toMs } of root.outages) expect(toMs - fromMs).toBeLessThanOrEqual(7_570);
    // Blast radius of the same rack and the same absent Marathon: frameworks without a scheduler, and for how long together.
    expect(marathon.seconds).toBeGreaterThan(420 * marathon.struck);
    expect(root.seconds).toBeLessThan(8 * root.struck);
    for (const { struck, seconds, notes } of [marathon, root])
      if (struck > 1)
        expect(notes).toContain(
          `frameworks were without a scheduler, ${struck} at once, ${seconds.toFixed(1)} s in all`,
        );
    // The price: one more framework that is offered and declines.
    expect(root.messages).toBeGreaterThan(marathon.messages * 1.1);
  });
});

describe('a replica that dies before anybody has taken it over', () => {
  test('gets a new place: all 48 run after a minute', async () => {
    const { engine } = prepare(await libraryPlan('mesos-unit'), {});
    evictTask(engine, 0, 0, EVICT_REASON.outOfMemory);
    expect(engine.cluster.tasks.host[0]).toBe(-1);
    runUntil(engine, MINUTE);
    expect(countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)).toBe(48);
    expect(mesosOf(engine).waitingRows()).not.toContain(0);
  });
});

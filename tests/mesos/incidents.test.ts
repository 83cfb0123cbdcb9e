// What went wrong on the published Mesos clusters goes wrong here as well, and the cures cure it.
import { describe, expect, test } from 'vitest';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

const pending = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
const notesOf = (engine: Engine) => mesosOf(engine).notes().join('\n');
const running = (engine: Engine) => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);

describe('Chronos deactivated by its own abort', () => {
  test('nothing is launched for three hours although the process lives; subscribing anew empties the queue in two', async () => {
    // 60,000 tasks a week are 357 an hour: 3 h without a launch leave about 1,071 waiting.
    const plan = await libraryPlan('mesos-chronos-abort');
    const engine = runTo(plan, HOUR);
    expect(pending(engine)).toBeLessThan(10);
    runUntil(engine, 80 * MINUTE);
    const launches = mesosOf(engine).counters().launches;
    runUntil(engine, 4 * HOUR - 1);
    // The store was mended at 70 min, which does not help: the master takes the framework for inactive.
    expect(mesosOf(engine).counters().launches).toBe(launches);
    expect(pending(engine)).toBeGreaterThan(950);
    expect(pending(engine)).toBeLessThan(1200);
    expect(mesosOf(engine).notes()[1]).toMatch(/^At the end "chronos" is not subscribed: .* updates wait for it\.$/);
    expect(running(engine)).toBeLessThan(10);
    // Services on Marathon are not touched.
    expect(countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)).toBe(48);
    runUntil(engine, 6 * HOUR);
    expect(pending(engine)).toBeLessThan(10);
  });
});

describe('leaders that disagree', () => {
  test('let nothing in for ten minutes, and make 18,000 requests of each that the balancer gives up', async () => {
    const engine = runTo(await libraryPlan('mesos-redirect-loop'), 2 * HOUR);
    const launches = mesosOf(engine).counters().launches;
    const agreeMs = 2 * HOUR + 10 * MINUTE;
    runUntil(engine, agreeMs - 1);
    // Tasks that were in before may still be launched or tried again; nothing that came since is.
    expect(mesosOf(engine).counters().launches - launches).toBeLessThan(8);
    const { tasks } = engine.cluster;
    let asked = 0;
    let redirected = 0;
    let givenUp = 0;
    for (let row = tasks.firstBestEffort; row < tasks.used; row++) {
      if (tasks.state[row] !== TASK_STATE.pending || tasks.submitAtMs[row] < 2 * HOUR) continue;
      // 3 tries of 30 s are 90 s and 18,000 hops of 5 ms; the last request goes round until the nodes agree, and once more.
      const waitedMs = agreeMs - tasks.submitAtMs[row];
      const lost = Math.ceil(waitedMs / 90_000) - 1;
      givenUp += lost;
      asked += lost + 1;
      redirected += lost * 18_000 + Math.floor((waitedMs - lost * 90_000) / 5) + 1;
    }
    // 357 an hour: 60 in ten minutes, of whom the mean asks 3.8 times.
    expect(asked).toBeGreaterThan(150);
    expect(mesosOf(engine).doors()).toEqual([{ asked, redirected, givenUp }]);
    expect(mesosOf(engine).notes().join('\n')).toContain(
      `While the 3 nodes of "chronos" disagreed who leads, ${asked} requests of clients became ${redirected} among its nodes`,
    );
    runUntil(engine, agreeMs + MINUTE);
    expect(pending(engine)).toBeLessThan(5);
  });

  test('that leave one node believing in itself are found by the second try, 30 s later, if at all', async () => {
    const engine = runTo(
      await libraryPlan('mesos-redirect-loop', ['controlPlane.incidents.0.believed=[1, 0, 2]']),
      2 * HOUR + 9 * MINUTE,
    );
    const [{ asked, givenUp }] = mesosOf(engine).doors();
    expect(asked).toBeGreaterThan(40);
    // The balancer tries every node: of three one answers.
    expect(givenUp).toBe(0);
    expect(pending(engine)).toBeLessThan(15);
  });
});

describe('offers hoarded when the store fails', () => {
  test('one task in twenty of the healthy framework beside the hoarder waits 20 minutes or more; with an offer timeout of 30 s, under two', async () => {
    const waitOfAudio = async (sets: string[]) => {
      const plan = await libraryPlan('mesos-offers-hoarded', sets);
      const engine = runTo(plan, 3 * HOUR);
      const held = mesosOf(engine)
        .openOffers()
        .filter(({ framework }) => framework === 'chronos').length;
      expect(mesosOf(engine).notes()[1]).toContain(`"chronos" holds ${held} offers on `);
      runUntil(engine, plan.horizonMs);
      const { columns } = results(engine).tables.populations;
      const audio = (columns.name as readonly string[]).indexOf('audio');
      return { held, waitMs: columns.waitMsP95[audio] };
    };
    const kept = await waitOfAudio([]);
    const timed = await waitOfAudio(['controlPlane.offerTimeout=30s']);
    // One part of an agent is one offer; there are 20 agents, and what comes free later is offered (and kept) apart.
    expect(kept.held).toBeGreaterThan(20);
    expect(kept.waitMs).toBeGreaterThan(20 * MINUTE);
    // At worst a task waits for the offers to come back and for the next run.
    expect(timed.waitMs).toBeLessThan(2 * MINUTE);
  });
});

describe('idle frameworks', () => {
  test('four that decline for 5 s leave every fifth run of 1 s, which is enough; five leave none and the queue grows', async () => {
    // Law: share of runs left = max(0, F / I - N) / (F / I) with F = 5 s, I = 1 s: 1 / 5 at N = 4, 0 at N = 5.
    const four = await libraryPlan('mesos-idle-frameworks', ['controlPlane.frameworks.idle-5=null']);
    const five = await libraryPlan('mesos-idle-frameworks');
    const served = runTo(four, 2 * HOUR - 1);
    expect(pending(served)).toBeLessThan(20);
    expect(notesOf(served)).not.toContain('never had work');
    // One task a second comes in. What ends makes an agent's offer larger than what was refused, so a few gaps remain.
    const starved = runTo(five, 2 * HOUR - 1);
    expect(pending(starved)).toBeGreaterThan(1500);
    const { tasks } = starved.cluster;
    let oldestMs = Infinity;
    for (let row = tasks.firstBestEffort; row < tasks.used; row++)
      if (tasks.state[row] === TASK_STATE.pending) oldestMs = Math.min(oldestMs, tasks.submitAtMs[row]);
    const said = notesOf(starved).match(
      /(\d+) frameworks that never had work drew (\d+) offers and declined them, "sisyphus" drew (\d+): (\d+) of its tasks wait .*, the oldest for ([\d.]+) min\..* suppress offers/,
    );
    const [idle, idleOffers, ownOffers, waiting, minutes] = (said ?? []).slice(1).map(Number);
    expect([idle, waiting]).toEqual([5, pending(starved)]);
    // 20 agents are offered once a second for 2 h, to an idle framework nearly every time.
    expect(notesOf(starved)).toMatch(
      /of 20 agents 1\d have the CPU one asks for, .*: 1\d have all of it, so offers are short/,
    );
    expect(idleOffers).toBeGreaterThan(0.97 * 20 * 7200);
    expect(idleOffers + ownOffers).toBeLessThanOrEqual(mesosOf(starved).counters().offers);
    expect(ownOffers).toBeLessThan(0.03 * 20 * 7200);
    expect(minutes).toBeCloseTo((2 * HOUR - oldestMs) / MINUTE, 0);
  });

  test('the random sorter gives the starved framework its turn', async () => {
    const plan = await libraryPlan('mesos-idle-frameworks', ['controlPlane.frameworkSorter=random']);
    const engine = runTo(plan, 2 * HOUR - 1);
    expect(pending(engine)).toBeLessThan(20);
    expect(notesOf(engine)).not.toContain('never had work');
  });
});

describe('a job that fits nowhere', () => {
  test('in the urgent lane of Chronos stops the normal lane for good; Sisyphus inherits that from it', async () => {
    for (const kind of ['chronos', 'sisyphus']) {
      const plan = await libraryPlan('mesos-unfit-job', [`controlPlane.frameworks.chronos.kind=${kind}`]);
      const engine = runTo(plan, plan.horizonMs - 1);
      const { tasks } = engine.cluster;
      let urgentSinceMs = Infinity;
      for (let row = tasks.firstBestEffort; row < tasks.used; row++)
        if (tasks.state[row] === TASK_STATE.pending && tasks.group[row] === 1)
          urgentSinceMs = Math.min(urgentSinceMs, tasks.submitAtMs[row]);
      expect(urgentSinceMs).toBeLessThan(2 * HOUR);
      // 357 tasks an hour come in and none is launched from then on; 20 may be under way.
      const hours = (plan.horizonMs - urgentSinceMs) / HOUR;
      expect(pending(engine)).toBeGreaterThan(hours * 357 * 0.85);
      let behind = 0;
      for (let row = tasks.firstBestEffort; row < tasks.used; row++)
        if (tasks.state[row] === TASK_STATE.pending && tasks.group[row] === 0) behind++;
      // 99 % of 32 cores are sold.
      const said = notesOf(engine).match(
        /A task of lane 0 of "chronos" fits no agent.* asks for 32\.00 cores and the largest agent sells 31\.68\. It came in ([\d.]+) min before the end .* so (\d+) tasks of the lanes behind it wait/,
      );
      expect(Number(said?.[1])).toBeCloseTo((plan.horizonMs - urgentSinceMs) / MINUTE, 0);
      expect(Number(said?.[2])).toBe(behind);
    }
  });

  test('in a lane with others it goes to the tail and ends the batch it is reached in, so the rest still drains', async () => {
    const plan = await libraryPlan('mesos-unfit-job', ['bestEffort.populations.urgent.priority=5500']);
    // Both kinds share a lane: the unfit job goes to the tail and ends each batch it is reached in, so the rest still drains.
    const engine = runTo(plan, plan.horizonMs - 1);
    expect(pending(engine)).toBeLessThan(100);
    expect(notesOf(engine)).not.toContain('fits no agent');
  });
});

describe('black-hole host', () => {
  test('on a full cluster one agent of twenty fails more tasks in two hours than all finish, and a thousand are given up', async () => {
    const plan = await libraryPlan('mesos-black-hole');
    const healthy = await libraryPlan('mesos-black-hole', ['failures.blackHoles=[]']);
    let bound = 0;
    let failedThere = 0;
    const engine = runTo(plan, plan.horizonMs, (timeMs, change, _id, host) => {
      // Replicas that stand from the start were not launched.
      if (host !== 0 || timeMs === 0) return;
      if (change === CHANGE.bind) bound++;
      if (change === CHANGE.fail) failedThere++;
    });
    const struck = results(engine);
    const sound = runTo(healthy, healthy.horizonMs);
    const well = results(sound);
    // 1.4 % of attempts fail on their own: 0.014 x some 3,000 finished.
    expect(batchSum(well, 'failed')).toBeLessThan(100);
    expect(batchSum(well, 'abandoned')).toBe(0);
    expect(batchSum(struck, 'failed')).toBeGreaterThan(batchSum(struck, 'finished'));
    expect(batchSum(struck, 'abandoned')).toBeGreaterThan(1000);
    const { launches } = mesosOf(engine).counters();
    const others = (100 * (batchSum(struck, 'failed') - failedThere)) / (launches - bound);
    expect(notesOf(engine)).toContain(
      `is a black hole: it drew ${bound} of ${launches} launches (${((100 * bound) / launches).toFixed(1)} %; an even share of 20 agents is 5.0 %) and failed ${failedThere} tasks; the others failed ${others.toFixed(1)} % of theirs`,
    );
    expect(notesOf(sound)).not.toContain('black hole');
  });

  test('a host that is only one of many free ones fails about its share', async () => {
    const plan = await libraryPlan('mesos-black-hole', ['bestEffort.tasksPerWeek=60000']);
    const engine = runTo(plan, plan.horizonMs);
    const run = results(engine);
    expect(notesOf(engine)).not.toContain('black hole');
    const failed = batchSum(run, 'failed');
    // 357 tasks an hour for 2 h, a twentieth of them on the black hole: 36, and 20 that fail on their own in 4 h.
    expect(failed).toBeGreaterThan(20);
    expect(failed).toBeLessThan(200);
  });
});

describe('the job store as bottleneck', () => {
  test('with 5 ms a round trip Chronos keeps up with 13 jobs a second and not with 15, Sisyphus with 26, twice as many, and not with 30', async () => {
    // Sustained: 1000 / (15 x 5) = 13.3 and 1000 / (7 x 5) = 28.6 jobs a second: the claim "twice the performance" is 2.14.
    const QUIRKS = { storeWritesTimesOffers: false, hoardOffersOnStoreFailure: true, abortDriverOnStoreFailure: true };
    const waitingAt = async (kind: 'chronos' | 'sisyphus', jobsPerSecond: number) => {
      const sets = [
        `bestEffort.tasksPerWeek=${jobsPerSecond * 604_800}`,
        `controlPlane.frameworks.sisyphus.kind=${kind}`,
      ];
      if (kind === 'chronos') sets.push(`controlPlane.frameworks.sisyphus.settings.quirks=${JSON.stringify(QUIRKS)}`);
      const engine = runTo(await libraryPlan('mesos-store-line', sets), 20 * MINUTE - 1);
      // The report says it too: 1000 / (15 x 5) and 1000 / (7 x 5).
      const said = kind === 'chronos' ? '15 of them a job, so at most 13.3' : '7 of them a job, so at most 28.6';
      expect(mesosOf(engine).notes().at(-1)).toContain(
        `takes 5 ms a round trip and ${said} jobs a second; it was busy`,
      );
      return pending(engine);
    };
    expect(await waitingAt('chronos', 13)).toBeLessThan(100);
    expect(await waitingAt('sisyphus', 26)).toBeLessThan(100);
    // Submissions are 7 of 15 and 3 of 7 round trips and come first in the line, so c jobs a second get through where
    // 40 c^2 + 35 x 15 c = 15,000 (13.9: 1,340 wait after 20 min) and 20 c^2 + 15 x 30 c = 30,000 (29.1: 1,100 wait).
    const chronos = await waitingAt('chronos', 15);
    expect(chronos).toBeGreaterThan(900);
    expect(chronos).toBeLessThan(1800);
    const sisyphus = await waitingAt('sisyphus', 30);
    expect(sisyphus).toBeGreaterThan(700);
    expect(sisyphus).toBeLessThan(1500);
    // "Twice" on one load: at 26 a second, with which Sisyphus keeps up, Chronos does not; it keeps up with half of it.
    // 40 c^2 + 35 x 26 c = 26,000 lets 16.5 a second through: 11,350 wait after 20 min.
    const behind = await waitingAt('chronos', 26);
    expect(behind).toBeGreaterThan(10_500);
    expect(behind).toBeLessThan(12_200);
  });
});

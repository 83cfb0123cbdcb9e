// Spark on Mesos: what coarse-grained executors hold and what fine-grained tasks wait, counted again from the changes of the cluster.
import { describe, expect, test } from 'vitest';
import { policiesOf, prepare } from '../../lab/run-plan.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

const SETTINGS = 'controlPlane.frameworks.spark.settings';
const QUIET = ['bestEffort.tasksPerWeek=20000', 'bestEffort.failureProbability=0', 'horizon=3h'];

interface Played {
  /** Seconds from ready to start, of tasks of first and of later stages. */
  readonly firstWaits: number[];
  readonly laterWaits: number[];
  /** Core-hours that holdings of hosts were open, and that tasks ran. */
  readonly heldHours: number;
  readonly busyHours: number;
  /** Cores held while no task was alive. */
  readonly heldForNobody: number;
  readonly notes: string;
  readonly finished: number;
}

async function played(...sets: string[]): Promise<Played> {
  const firstWaits: number[] = [];
  const laterWaits: number[] = [];
  let lastMs = 0;
  let held = 0;
  let busy = 0;
  let heldMs = 0;
  let busyMs = 0;
  let alive = 0;
  let heldForNobody = 0;
  let finished = 0;
  const { engine } = prepare(await libraryPlan('mesos-spark', [...QUIET, ...sets]), {
    sink: (timeMs, change, _id, _host, value, row) => {
      heldMs += held * (timeMs - lastMs);
      busyMs += busy * (timeMs - lastMs);
      if (alive === 0 && timeMs > lastMs) heldForNobody = Math.max(heldForNobody, held);
      lastMs = timeMs;
      if (change === CHANGE.hold) held += value / 1000;
      if (row < 0) return;
      const { tasks } = engine.cluster;
      if (change === CHANGE.submit) alive++;
      if (change === CHANGE.bind) busy += tasks.requestMilliCpu[row] / 1000;
      if (change === CHANGE.finish) {
        busy -= tasks.requestMilliCpu[row] / 1000;
        alive--;
        finished++;
      }
      if (change === CHANGE.start)
        (tasks.stage[row] === 0 ? firstWaits : laterWaits).push((timeMs - tasks.readyAtMs[row]) / 1000);
    },
  });
  for (let hour = 1; hour <= 3; hour++) {
    runUntil(engine, hour * HOUR);
    checkCluster(engine.cluster);
  }
  const end = 3 * HOUR - lastMs;
  const notes = mesosOf(engine).notes().join('\n');
  return {
    firstWaits,
    laterWaits,
    heldHours: (heldMs + held * end) / HOUR,
    busyHours: (busyMs + busy * end) / HOUR,
    heldForNobody,
    notes,
    finished,
  };
}

/** An empty host's daemon makes a container in 570 ms, and its application starts in 1 s. */
const CONTAINER_S = 1.57;

describe('Spark on Mesos', () => {
  test('coarse: later stages find slots at once, idle cores are held until the job is over, and nobody holds for nobody', async () => {
    const run = await played();
    expect(run.finished).toBeGreaterThan(200);
    // A first stage waits for executors; a later one only where it is larger than the 32 cores of its application.
    expect(Math.min(...run.firstWaits.filter((wait) => wait > 0))).toBeGreaterThanOrEqual(CONTAINER_S);
    const atOnce = run.laterWaits.filter((wait) => wait === 0).length;
    expect(atOnce).toBeGreaterThan(0.6 * run.laterWaits.length);
    expect(run.heldForNobody).toBe(0);
    // What stood idle is what hosts held for executors beside what ran: the report says the same.
    const said = /held ([\d.]+) core-hours, the tasks inside used ([\d.]+)/.exec(run.notes);
    expect(Number(said?.[2])).toBeCloseTo(run.busyHours, 0);
    expect(Number(said?.[1]) - Number(said?.[2])).toBeCloseTo(run.heldHours, 0);
    expect(run.heldHours).toBeGreaterThan(run.busyHours);
  });

  test('fine: a task waits for an offer, the first of a job on an agent for a container too; its executor holds a core until the job is over', async () => {
    const waits: { first: boolean; seconds: number }[] = [];
    const jobs = new Map<number, { sinceMs: Map<number, number>; alive: number }>();
    let expectedMs = 0;
    let heldMs = 0;
    let held = 0;
    let lastMs = 0;
    const { engine } = prepare(await libraryPlan('mesos-spark', [...QUIET, `${SETTINGS}={mode: fine}`]), {
      sink: (timeMs, change, _id, host, value, row) => {
        heldMs += held * (timeMs - lastMs);
        lastMs = timeMs;
        if (change === CHANGE.hold) held += value / 1000;
        if (row < 0) return;
        const { tasks } = engine.cluster;
        const job = jobs.get(tasks.job[row]) ?? { sinceMs: new Map<number, number>(), alive: 0 };
        jobs.set(tasks.job[row], job);
        if (change === CHANGE.submit) job.alive++;
        if (change === CHANGE.bind && !job.sinceMs.has(host)) job.sinceMs.set(host, timeMs);
        if (change === CHANGE.start)
          waits.push({
            first: timeMs - (job.sinceMs.get(host) ?? 0) < 1000 * CONTAINER_S + 1,
            seconds: (timeMs - tasks.readyAtMs[row]) / 1000,
          });
        if (change !== CHANGE.finish || --job.alive > 0) return;
        // One core on every agent that the job used, from its first task there on.
        for (const since of job.sinceMs.values()) expectedMs += timeMs - since;
        jobs.delete(tasks.job[row]);
      },
    });
    runUntil(engine, 3 * HOUR);
    checkCluster(engine.cluster);
    const open = [...jobs.values()].flatMap(({ sinceMs }) => [...sinceMs.values()]);
    for (const since of open) expectedMs += 3 * HOUR - since;
    expect((heldMs + held * (3 * HOUR - lastMs)) / HOUR).toBeCloseTo(expectedMs / HOUR, 2);
    expect(mesosOf(engine).notes().join('\n')).toContain(
      `held ${(expectedMs / HOUR).toFixed(1)} core-hours of their own`,
    );
    const firsts = waits.filter(({ first }) => first).map(({ seconds }) => seconds);
    const others = waits.filter(({ first }) => !first).map(({ seconds }) => seconds);
    expect(Math.min(...firsts)).toBeGreaterThanOrEqual(CONTAINER_S);
    // Without a container, but with an offer of its own: it is revived when the task comes, and one run serves it.
    expect(others.length).toBeGreaterThan(20);
    expect(others.filter((seconds) => seconds < CONTAINER_S).length).toBeGreaterThan(0.9 * others.length);
  });

  test('fine without executors of its own pays a container for every task and holds nothing', async () => {
    const coarse = await played();
    const fine = await played(`${SETTINGS}={mode: fine, mesosExecutorCores: 0}`);
    expect(fine.heldHours).toBe(0);
    expect(Math.min(...fine.firstWaits, ...fine.laterWaits)).toBeGreaterThanOrEqual(CONTAINER_S);
    expect(coarse.laterWaits.filter((wait) => wait < CONTAINER_S).length).toBeGreaterThan(
      0.6 * coarse.laterWaits.length,
    );
    expect(fine.notes).not.toContain('Executors of');
  });

  test('dynamic allocation holds less: executors are as many as tasks fill, and idle ones go back after a minute', async () => {
    const fixed = await played();
    const dynamic = await played(`${SETTINGS}.dynamicAllocation=true`);
    expect(dynamic.busyHours).toBeCloseTo(fixed.busyHours, 0);
    expect(dynamic.heldHours).toBeLessThan(0.5 * fixed.heldHours);
  });

  test('an executor that has run tasks is given back after a minute without one; without dynamic allocation it stays', async () => {
    const longestIdleS = async (...sets: string[]) => {
      const engine = runTo(await libraryPlan('mesos-spark', [...QUIET, ...sets]), HOUR);
      const { tasks } = engine.cluster;
      const used = new Set<string>();
      let idleSinceS = new Map<string, number>();
      let longestS = 0;
      for (let s = 3_600; s < 9_000; s += 5) {
        runUntil(engine, 1000 * s);
        const busy = new Set<string>();
        for (let row = tasks.firstBestEffort; row < tasks.used; row++)
          if (tasks.host[row] >= 0) busy.add(`${tasks.job[row]} on ${tasks.host[row]}`);
        for (const place of busy) used.add(place);
        const places = mesosOf(engine)
          .executors()
          .map(({ job, host }) => `${job} on ${host}`);
        const idle = places.filter((place) => used.has(place) && !busy.has(place));
        idleSinceS = new Map(idle.map((place) => [place, idleSinceS.get(place) ?? s]));
        for (const sinceS of idleSinceS.values()) longestS = Math.max(longestS, s - sinceS);
      }
      return longestS;
    };
    // A sample each 5 s.
    expect(await longestIdleS(`${SETTINGS}.dynamicAllocation=true`)).toBeLessThanOrEqual(65);
    expect(await longestIdleS()).toBeGreaterThan(120);
  });

  test('32 cores are four executors of 8: no application ever holds more', async () => {
    const engine = runTo(await libraryPlan('mesos-spark', QUIET), HOUR);
    let most = 0;
    for (let minute = 60; minute < 150; minute++) {
      runUntil(engine, minute * 60_000);
      const byJob = new Map<number, number>();
      for (const { job, milliCpu } of mesosOf(engine).executors()) byJob.set(job, (byJob.get(job) ?? 0) + milliCpu);
      most = Math.max(most, ...byJob.values());
    }
    expect(most).toBe(32_000);
  });
});

describe('executors that are lost', () => {
  test.each([
    ['with a dead host', 'failures.outages=[{host: 0, at: 1h, duration: 30m}, {host: 1, at: 1h, duration: 30m}]'],
    ['behind a partition', 'controlPlane.incidents=[{at: 1h, kind: partition, hosts: [0, 1, 2], lasts: 10m}]'],
    ['nowhere, when the master changes', 'controlPlane.incidents=[{at: 1h, kind: master-lost}]'],
    ['to maintenance', 'controlPlane.incidents=[{at: 1h, kind: maintenance, hosts: [0, 1, 2, 3], lasts: 30m}]'],
  ])('%s: every job is done in the end, and no core stays held', async (_, set) => {
    const sets = [
      'horizon=5h',
      'bestEffort.populations.analytics.arrivals=[24,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]',
    ];
    const engine = runTo(await libraryPlan('mesos-spark', [...QUIET, ...sets, set]), HOUR + 1);
    const { hosts } = engine.cluster;
    const held = () => hosts.heldMilliCpu.reduce((sum, milliCpu) => sum + milliCpu, 0);
    expect(held()).toBeGreaterThan(0);
    for (let minute = 61; minute <= 300; minute += 7) {
      runUntil(engine, minute * 60_000);
      checkCluster(engine.cluster);
    }
    expect(held()).toBe(0);
    expect(mesosOf(engine).waitingRows()).toEqual([]);
  });
});

test('a run goes on from a snapshot with executors as without it', async () => {
  const plan = await libraryPlan('mesos-spark', QUIET);
  const engine = runTo(plan, HOUR);
  const kept = structuredClone(snapshotRun(engine));
  runUntil(engine, plan.horizonMs);
  const other = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
  runUntil(other, plan.horizonMs);
  expect(results(other)).toEqual(results(engine));
});

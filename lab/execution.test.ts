/** What happens to best-effort tasks between start and end, as runs; by hand. Hosts without SMT, turbo and contention, so that a task alone takes its own time. */
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../policies/base/exact-math.ts';
import { EVICT_REASON } from '../policies/ports.ts';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { FIRST_COPY } from '../sim/engine/arrivals.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { createEngine, type Engine } from '../sim/engine/engine.ts';
import { evictTask } from '../sim/engine/lifecycle.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { checkpointWaste, stragglerFactor, stragglerStretch } from '../sim/host/best-effort.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { createStream } from '../sim/kernel/random.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf } from './run-plan.ts';
import { batchOf, type HandTask } from './testing/batch-of.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

interface Text {
  readonly hosts: number;
  readonly execution: object;
  readonly parameters?: object;
  readonly more?: object;
}

/** Batch containers asked of the hosts themselves: nothing is sold on top, nobody evicts. */
function planOf({ hosts, execution, parameters = {}, more = {} }: Text): Plan {
  return resolve(
    scenarioSchema.parse({
      name: 'execution',
      seed: 'execution',
      horizon: '1d',
      cluster: {
        hosts: { plain: { count: hosts, cpu: '16 cores', memory: '64GiB', threadsPerCore: 1 } },
        reservedCpuPercent: 0,
        systemCpuPercent: 0,
      },
      online: { source: 'none' },
      bestEffort: {
        tasksPerWeek: 1,
        failureProbability: 0,
        maxRetries: 1000,
        populations: { work: { kind: 'analytics', taskShare: 1, execution } },
      },
      controlPlane: { kind: 'batch', hostSharing: 'shared', placement: 'worst-fit' },
      physics: { parameters: { turboLoss: 0, ...parameters } },
      ...more,
    }),
  );
}

interface Change {
  readonly timeMs: number;
  readonly change: number;
  readonly task: number;
  readonly host: number;
  readonly value: number;
}

function started(plan: Plan, tasks: readonly HandTask[]) {
  const changes: Change[] = [];
  const workload = { ...workloadOf(plan), batch: batchOf(tasks) };
  const engine = createEngine(plan, workload, {
    policies: policiesOf(plan),
    sink: (timeMs, change, task, host, value) => void changes.push({ timeMs, change, task, host, value }),
  });
  startRun(engine);
  return { engine, changes, workload };
}

const many = (count: number, task: HandTask) => Array.from({ length: count }, () => task);

/** Time from start to end of every task that ended. */
function timesOf(changes: readonly Change[]): number[] {
  const startedAt = new Map<number, number>();
  const times: number[] = [];
  for (const { timeMs, change, task } of changes) {
    if (change === CHANGE.start) startedAt.set(task, timeMs);
    if (change === CHANGE.finish) times.push(timeMs - (startedAt.get(task) ?? 0));
  }
  return times;
}

const runningRows = ({ cluster }: Engine) => [...cluster.tasks.runningRows.slice(0, cluster.tasks.runningCount)];
const wastedCoreHours = ({ recorder }: Engine) => recorder.batch.wastedCoreHours.reduce((sum, value) => sum + value, 0);

describe('stragglers', () => {
  const tasks = Array.from({ length: 40 }, (_, job) =>
    many(64, { submitMs: job * 20 * MINUTE, durationMs: 10 * MINUTE, cores: 1, job }),
  ).flat();
  const stages = (stragglers: boolean) => {
    const { engine, changes } = started(planOf({ hosts: 8, execution: { stragglers } }), tasks);
    runUntil(engine, 15 * HOUR);
    const times = timesOf(changes);
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    const slowest = new Map<number, number>();
    let at = 0;
    for (const { change, task } of changes)
      if (change === CHANGE.finish) {
        const job = Math.floor((task - engine.cluster.tasks.firstBestEffort) / 64);
        slowest.set(job, Math.max(slowest.get(job) ?? 0, times[at++]));
      }
    const mostMs = [...slowest.values()].reduce((sum, ms) => sum + ms, 0) / slowest.size;
    return { count: times.length, mean, ratio: mostMs / mean };
  };

  test('off: 2,560 tasks of ten minutes take ten minutes each', () => {
    // Ends are rounded up to a millisecond.
    expect(stages(false)).toEqual({ count: 2560, mean: 10 * MINUTE + 1, ratio: 1 });
  });

  test('on: they take ten minutes on average, and stages of 64 tasks 1 + 0.2 sqrt(2 ln 64) = 1.58 times as long', () => {
    const { count, mean, ratio } = stages(true);
    expect(count).toBe(2560);
    // The mean of 2,560 with a standard deviation of 0.2 is within 0.4 %, three times of it here.
    expect(Math.abs(mean / (10 * MINUTE) - 1)).toBeLessThan(0.012);
    expect(ratio / stragglerFactor(64, 0.2)).toBeCloseTo(1, 1);
  });
});

describe('executors on a host whose service takes all 16 CPUs (it asks for 4 and wants 40)', () => {
  const lost = (usagePercent: number, window: string, heartbeats: boolean) => {
    const plan = planOf({
      hosts: 1,
      execution: { heartbeats },
      more: {
        window,
        online: {
          source: 'none',
          explicit: {
            web: {
              replicas: 1,
              cpuRequest: '4 cores',
              memRequest: '1GiB',
              meanUsagePercent: usagePercent,
              peakToTrough: 1,
            },
          },
        },
      },
    });
    const { engine, changes } = started(plan, many(4, { submitMs: 0, durationMs: HOUR, cores: 1 }));
    runUntil(engine, HOUR);
    checkEngine(engine);
    const starved = engine.recorder.hostStarvedMinutes[0];
    return {
      times: changes.filter(({ value }) => value === EVICT_REASON.executorLost).map(({ timeMs }) => timeMs),
      starved,
    };
  };

  test('starved from the window of 60 s on they are lost at 240 s, the first window past 120 s; all four', () => {
    const { times, starved } = lost(1000, '60s', true);
    expect(times.slice(0, 4)).toEqual([240_000, 240_000, 240_000, 240_000]);
    expect(starved).toBeGreaterThan(30);
  });

  test('windows of a second lose them 120 s after their start', () => {
    const { times, starved } = lost(1000, '1s', true);
    expect(times[0]).toBeGreaterThan(121_000);
    expect(times[0]).toBeLessThan(126_000);
    // Minutes of the hour, not windows.
    expect(starved).toBeGreaterThan(30);
    expect(starved).toBeLessThan(60);
  });

  test('without heartbeats they starve on, and beside a service that leaves two CPUs nobody is lost', () => {
    const deaf = lost(1000, '60s', false);
    expect(deaf.times).toEqual([]);
    expect(deaf.starved).toBe(59);
    const calm = lost(100, '60s', true);
    expect(calm).toEqual({ times: [], starved: 0 });
  });
});

describe('output of a stage: 8 tasks of 10 min, then 8 of 60 min, one core each, on two hosts', () => {
  const tasks = [
    ...many(8, { submitMs: 0, durationMs: 10 * MINUTE, cores: 1, job: 0, stage: 0 }),
    ...many(8, { submitMs: 0, durationMs: HOUR, cores: 1, job: 0, stage: 1 }),
  ];
  const die = { failures: { outages: [{ host: 0, at: '30m', duration: '10h' }] } };
  const attemptsAt = (execution: object, atMs: number, more: object = die) => {
    const { engine, changes, workload } = started(planOf({ hosts: 2, execution, more }), tasks);
    runUntil(engine, atMs);
    checkEngine(engine);
    const minutes = runningRows(engine).map((row) => engine.cluster.tasks.attemptMs[row] / MINUTE);
    const made = new Set(
      changes.filter(({ change, host }) => change === CHANGE.finish && host === 0).map(({ task }) => task),
    );
    return { engine, workload, minutes: minutes.sort((a, b) => a - b), madeOnFirst: made.size };
  };

  test('with a dead host the output of its k tasks is lost: who starts next takes 60 + 10 k min', () => {
    const { minutes, madeOnFirst } = attemptsAt({ shuffle: 'local' }, 40 * MINUTE);
    expect(madeOnFirst).toBeGreaterThan(0);
    expect(minutes).toEqual([...new Array(7).fill(60), 60 + 10 * madeOnFirst].map((value) => expect.closeTo(value, 9)));
  });

  test('a shuffle service loses nothing and makes every attempt 7.5 % longer; without shuffle neither', () => {
    expect(attemptsAt({ shuffle: 'remote' }, 40 * MINUTE).minutes).toEqual(new Array(8).fill(expect.closeTo(64.5, 9)));
    expect(attemptsAt({}, 40 * MINUTE).minutes).toEqual(new Array(8).fill(60));
  });

  test('made again it is work thrown away: k tasks of 10 min beside the attempts that died', () => {
    const without = attemptsAt({}, 10 * HOUR);
    const { engine, madeOnFirst } = attemptsAt({ shuffle: 'local' }, 10 * HOUR);
    expect(wastedCoreHours(engine) - wastedCoreHours(without.engine)).toBeCloseTo((madeOnFirst * 10) / 60, 6);
  });

  test('on a drained host 60 s at 50 MB/s save 3 of the GB that lie there; the rest is made again', () => {
    const { engine } = attemptsAt({ shuffle: 'local' }, 30 * MINUTE, {
      physics: { parameters: { turboLoss: 0, migrateMbPerSecond: 50, decommissionGraceSeconds: 60 } },
    });
    const { tasks: table } = engine.cluster;
    const { outputs, bytesPerCoreMs } = engine.execution ?? {};
    const held = outputs?.[table.job[runningRows(engine)[0]]].held.find(({ host }) => host === 0)?.coreMs ?? 0;
    const bytes = held * (bytesPerCoreMs ?? 0);
    // Several tasks of 10 min x 10 GiB an hour.
    expect(bytes / 1_789_569_706.7).toBeCloseTo(Math.round(bytes / 1_789_569_706.7), 6);
    const victims = runningRows(engine).filter((row) => table.host[row] === 0);
    const lostMs = () => Object.values(outputs ?? {}).reduce((sum, { lostCoreMs }) => sum + lostCoreMs, 0);
    evictTask(engine, victims[0], 30 * MINUTE, EVICT_REASON.drained);
    // One of its executors there: one share of what was not moved.
    expect(lostMs() / held).toBeCloseTo((1 - Math.min(1, 3e9 / bytes)) / victims.length, 9);
  });

  test('a run forked after the loss ends as the one that was not', () => {
    const straight = attemptsAt({ shuffle: 'local', stragglers: true, checkpoints: true, heartbeats: true }, 5 * HOUR);
    const half = attemptsAt({ shuffle: 'local', stragglers: true, checkpoints: true, heartbeats: true }, 31 * MINUTE);
    const { plan } = half.engine;
    const forked = restoreRun(
      plan,
      half.workload,
      { policies: policiesOf(plan) },
      structuredClone(snapshotRun(half.engine)),
    );
    runUntil(forked, 5 * HOUR);
    expect(digestText(forked.cluster.digest)).toBe(digestText(straight.engine.cluster.digest));
    expect(forked.execution?.outputs).toEqual(straight.engine.execution?.outputs);
  });
});

describe("checkpoints at Young's interval for one eviction in 8.76 h (1,000 crashes a year), 60 s to write one", () => {
  const run = (meanHoursToEviction: number, checkpoints = true) => {
    const plan = planOf({
      hosts: 24,
      execution: { checkpoints },
      parameters: { meanHoursToEviction, checkpointSeconds: 60 },
      more: {
        horizon: '10d',
        window: '10m',
        failures: { enabled: true, hostCrashesPerYear: 1000, rackEventsPerYear: 0, repairMedian: '1m' },
      },
    });
    const { engine } = started(plan, many(16 * 23, { submitMs: 0, durationMs: 5 * 24 * HOUR, cores: 1 }));
    runUntil(engine, plan.horizonMs);
    checkEngine(engine);
    const { tasks } = engine.cluster;
    const kept = runningRows(engine).reduce((sum, row) => sum + tasks.keptMs[row], 0) / HOUR;
    const done = engine.recorder.batch.doneCoreHours.reduce((sum, value) => sum + value, 0);
    const wasted = wastedCoreHours(engine);
    return { waste: wasted / (wasted + done + kept), done };
  };

  test('waste is sqrt(2 x 60 s / 8.76 h) = 6.2 % of the time, and more at a quarter and at four times the interval', () => {
    const young = run(8.76).waste;
    expect(young / checkpointWaste(60, 8.76 * 3600)).toBeGreaterThan(0.85);
    expect(young / checkpointWaste(60, 8.76 * 3600)).toBeLessThan(1.15);
    expect(run(0.5475).waste).toBeGreaterThan(1.5 * young);
    expect(run(24).waste).toBeGreaterThan(young);
  });

  test('without checkpoints tasks of five days end nowhere', () => {
    expect(run(8.76, false).done).toBe(0);
    expect(run(8.76).done).toBeGreaterThan(0);
  });
});

describe('30 stages of 40 tasks of ten minutes with stragglers of sigma 0.5', () => {
  const run = (speculation: boolean) => {
    const parameters = { stragglerSigma: 0.5 };
    const plan = planOf({ hosts: 100, execution: { stragglers: true, speculation }, parameters });
    const tasks = Array.from({ length: 30 }, (_, job) =>
      many(40, { submitMs: 0, durationMs: 10 * MINUTE, cores: 1, job }),
    ).flat();
    const { engine, changes, workload } = started(plan, tasks);
    const jobOf = (task: number) => Math.floor((task - engine.cluster.tasks.firstBestEffort) / 40);
    const copies: { readonly ended: number[]; readonly ranMs: number; readonly atMs: number }[] = [];
    for (let atMs = MINUTE; atMs <= HOUR; atMs += MINUTE) {
      const before = FIRST_COPY + (engine.execution?.copies[0] ?? 0);
      runUntil(engine, atMs + 1);
      const { tasks: table } = engine.cluster;
      for (const row of runningRows(engine))
        if (table.isCopy[row] === 0 && table.mate[row] >= 0 && table.id[table.mate[row]] >= before) {
          const mates = changes.filter(
            ({ timeMs, task }) => timeMs <= atMs && task < FIRST_COPY && jobOf(task) === jobOf(table.id[row]),
          );
          copies.push({ ended: timesOf(mates), ranMs: atMs - table.startedAtMs[row], atMs });
        }
    }
    checkEngine(engine);
    const endOf = new Map<number, number>();
    for (const { change, task, timeMs } of changes)
      if (change === CHANGE.finish && task < FIRST_COPY) endOf.set(jobOf(task), timeMs);
    const meanMs = [...endOf.values()].reduce((sum, ms) => sum + ms, 0) / endOf.size;
    return { engine, workload, plan, changes, copies, meanMs };
  };
  const on = run(true);
  const off = run(false);

  test('copies come once 30 of 40 are done, and only of tasks that have run 1.5 medians', () => {
    expect(on.copies.length).toBeGreaterThan(100);
    for (const { ended, ranMs } of on.copies) {
      expect(ended.length).toBeGreaterThanOrEqual(30);
      const median = ended.toSorted((a, b) => a - b)[Math.floor(ended.length / 2)];
      expect(ranMs).toBeGreaterThan(1.5 * median);
    }
    expect(off.engine.execution?.copies[0]).toBe(0);
  });

  test('stages end as much earlier as the rule says when it is played by itself', () => {
    const stream = createStream('speculation', 'by itself');
    const draw = () => 10 * stragglerStretch(0.5, normalQuantile(stream.next()));
    let without = 0;
    let withCopies = 0;
    for (let n = 0; n < 2000; n++) {
      const own = Array.from({ length: 40 }, draw).sort((a, b) => a - b);
      const median = own[15];
      const from = Math.ceil(own[29]);
      // The later of 30 done and 1.5 medians, at the next whole minute.
      const ends = own.map((time, at) => {
        const copyAt = Math.max(from, Math.ceil(1.5 * median));
        return at < 30 || time < copyAt ? time : Math.min(time, copyAt + draw());
      });
      without += own[39];
      withCopies += Math.max(...ends);
    }
    expect(on.meanMs / off.meanMs / (withCopies / without)).toBeCloseTo(1, 1);
    expect(on.meanMs).toBeLessThan(0.95 * off.meanMs);
  });

  test('every task ends once, and the time of whoever came second is wasted', () => {
    for (const { engine } of [on, off]) {
      expect(engine.recorder.batch.finished.reduce((sum, value) => sum + value, 0)).toBe(1200);
      expect(engine.recorder.batch.doneCoreHours.reduce((sum, value) => sum + value, 0)).toBeCloseTo(200, 9);
      expect(engine.cluster.tasks.countByState[8 + TASK_STATE.running]).toBe(0);
    }
    expect(wastedCoreHours(off.engine)).toBe(0);
    // A copy and its task each ran from a start to an end; the shorter attempt counted, all time of the other is waste.
    const pairs = on.engine.execution?.copies[0] ?? 0;
    const copyHours =
      timesOf(on.changes.filter(({ task }) => task >= FIRST_COPY)).reduce((sum, ms) => sum + ms, 0) / HOUR;
    expect(wastedCoreHours(on.engine)).toBeGreaterThan(copyHours);
    expect(wastedCoreHours(on.engine)).toBeLessThan(copyHours + (pairs * 40) / 60);
  });

  test('a run forked while copies run ends as the one that was not', () => {
    const options = { policies: policiesOf(on.plan) };
    const half = createEngine(on.plan, on.workload, options);
    startRun(half);
    runUntil(half, on.copies[0].atMs + 90_000);
    const forked = restoreRun(on.plan, on.workload, options, structuredClone(snapshotRun(half)));
    runUntil(half, HOUR + 1);
    runUntil(forked, HOUR + 1);
    expect(digestText(forked.cluster.digest)).toBe(digestText(half.cluster.digest));
    expect(digestText(half.cluster.digest)).toBe(digestText(on.engine.cluster.digest));
  });
});

describe('30 stages of 40 tasks, of which 40 % of attempts fail, with copies of stragglers', () => {
  const run = (maxRetries: number) => {
    const execution = { stragglers: true, speculation: true };
    const populations = { work: { kind: 'analytics', taskShare: 1, execution } };
    const more = { bestEffort: { tasksPerWeek: 1, failureProbability: 0.4, maxRetries, populations } };
    const plan = planOf({ hosts: 100, execution, parameters: { stragglerSigma: 0.5 }, more });
    const tasks = Array.from({ length: 30 }, (_, job) =>
      many(40, { submitMs: 0, durationMs: 10 * MINUTE, cores: 1, job }),
    ).flat();
    const { engine, changes } = started(plan, tasks);
    runUntil(engine, 4 * HOUR);
    checkEngine(engine);
    const failures = changes.filter(({ change, task }) => change === CHANGE.fail && task >= FIRST_COPY);
    expect(failures.length).toBeGreaterThan(5);
    const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
    const { finished, abandoned } = engine.recorder.batch;
    return { ended: sum(finished) + sum(abandoned), failed: failures.map(({ task }) => task) };
  };

  test('a copy that is given up is no task given up', () => {
    expect(run(0).ended).toBe(1200);
  });

  test('a copy that has failed ends as it starts again, because nobody waits for it: it fails once', () => {
    const { failed, ended } = run(3);
    expect(new Set(failed).size).toBe(failed.length);
    expect(ended).toBe(1200);
  });
});

test('states of tasks hold while everything is on', () => {
  const execution = { stragglers: true, speculation: true, heartbeats: true, shuffle: 'local', checkpoints: true };
  const { engine } = started(planOf({ hosts: 1, execution }), many(40, { submitMs: 0, durationMs: HOUR, cores: 1 }));
  runUntil(engine, 4 * HOUR);
  checkEngine(engine);
  expect(engine.cluster.tasks.countByState[8 + TASK_STATE.running]).toBe(0);
});

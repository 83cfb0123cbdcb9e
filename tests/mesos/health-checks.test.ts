// Health checks that kill under load: what a check sees is worked out again here, window by window, from what pods are asked for.
import { expect, test } from 'vitest';
import { prepare } from '../../lab/run-plan.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import { TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { healthNotes } from '../../sim/engine/health-checks.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import { violationProbability } from '../../sim/host/violation-surface.ts';
import { digestText } from '../../sim/kernel/digest.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { HOUR, libraryPlan, MINUTE } from './run-scenario.ts';

const WINDOW_S = 10;
const LIMIT = 2000;
const KUBERNETES = ['controlPlane.kind=kubernetes', 'controlPlane.frameworks=null'];
const PATIENT = ['online.explicit.web.healthCheck.timeout=90s', 'online.explicit.web.healthCheck.interval=100s'];

interface Played {
  readonly engine: Engine;
  /** Seconds of every kill, and of every kill that the sums below expect; replicas that answer, minute by minute. */
  readonly kills: number[];
  readonly expected: number[];
  readonly ready: number[];
  readonly longestS: number;
}

/**
 * A run with a check of 5 s each 10 s, at 15 s, 25 s ...: one in the middle of every window. The queue of a pod grows by rho - 1 a second, a
 * minute at most; a check that meets 5 s of it fails and is known to have failed 5 s later, when the window ends. `fatal` of them in a row
 * kill, and so early that it has passed none they do not count in the first minute.
 */
async function played(fatal: number, ...sets: string[]): Promise<Played> {
  const kills: number[] = [];
  const { engine } = prepare(await libraryPlan('mesos-health-spiral', sets), {
    sink: (timeMs, change, _id, _host, _value, row) => {
      if (change === CHANGE.evict && row < engine.cluster.tasks.firstBestEffort) kills.push(timeMs / 1000);
    },
  });
  const { tasks } = engine.cluster;
  const pods = Array.from({ length: 6 }, () => ({ startedMs: -1, queueS: 0, failures: 0, hasPassed: false }));
  const expected: number[] = [];
  const ready: number[] = [];
  let longestS = 0;
  for (let s = 0; s < 7200; s += WINDOW_S) {
    runUntil(engine, s * 1000 + 1);
    if (s % 60 === 0) ready.push(engine.online.ready[0]);
    for (let row = 0; row < 6; row++) {
      if (tasks.state[row] !== TASK_STATE.running) continue;
      const pod = pods[row];
      if (pod.startedMs !== tasks.startedAtMs[row])
        Object.assign(pod, { startedMs: tasks.startedAtMs[row], queueS: 0, failures: 0, hasPassed: false });
      const growth = (engine.online.offeredMilliCpu?.[row] ?? 0) / LIMIT - 1;
      const seen = Math.min(60, Math.max(0, pod.queueS + growth * 5));
      pod.queueS = Math.min(60, Math.max(0, pod.queueS + growth * WINDOW_S));
      longestS = Math.max(longestS, pod.queueS);
      if (s + 5 < 15) continue;
      if (seen < 5) {
        pod.hasPassed = true;
        pod.failures = 0;
      } else if (pod.hasPassed || s + 10 >= pod.startedMs / 1000 + 60) pod.failures++;
      if (pod.failures === fatal) expected.push(s + 10);
    }
  }
  runUntil(engine, 2 * HOUR);
  return { engine, kills, expected: expected.filter((s) => s < 7200), ready, longestS };
}

test('an overloaded service with impatient checks loses replicas one after another, each when its fourth check in a row fails', async () => {
  const { engine, kills, expected, ready } = await played(4);
  expect(kills).toEqual(expected);
  expect(kills.length).toBeGreaterThan(20);
  // Six answer until the first is killed; for three minutes, while another starts, the others carry its load and fall in turn.
  const first = Math.floor(kills[0] / 60);
  expect(ready.slice(0, first + 1)).toEqual(Array(first + 1).fill(6));
  expect(Math.min(...ready.slice(first, first + 30))).toBeLessThanOrEqual(1);
  expect(healthNotes(engine)[0]).toContain(
    `killed a replica of web ${kills.length} times: 4 answers in a row came later than 5 s`,
  );
});

test('the same load with a check of 90 s loses none: clients give up after a minute, so no answer is that late', async () => {
  const { engine, kills, ready, longestS } = await played(4, ...PATIENT);
  expect(longestS).toBeGreaterThan(20);
  expect(kills).toEqual([]);
  expect(Math.min(...ready)).toBe(6);
  expect(healthNotes(engine)).toEqual([]);
});

test('a liveness probe of Kubernetes with the same settings kills with the third failure', async () => {
  const { kills, expected } = await played(3, ...KUBERNETES);
  const marathon = await played(4);
  expect(kills[0]).toBe(expected[0]);
  // The same pod meets the same queue in both: one failure less is one interval less.
  expect(kills[0]).toBe(marathon.kills[0] - 10);
  expect(kills.length).toBeGreaterThan(20);
});

test('without a queue checks fail by the latency model: four in a row of P each come once in (1 - P^4) / ((1 - P) P^4) checks', async () => {
  const kills: number[] = [];
  const plan = await libraryPlan('mesos-health-spiral', [
    'online.explicit.web.latencyClass=search',
    'online.explicit.web.meanUsagePercent=20%',
    'online.explicit.web.healthCheck={gracePeriod: 0s, interval: 10s, timeout: 30ms, maxConsecutiveFailures: 3, delay: 5s}',
    'controlPlane.launch={create: 100ms, start: 0s}',
  ]);
  const { engine } = prepare(plan, {
    sink: (timeMs, change, _id, _host, _value, row) => {
      if (change === CHANGE.evict && row < 6) kills.push(timeMs);
    },
  });
  const { online, hostWindow, hostModel, cluster, healthChecks } = engine;
  const surface = healthChecks?.ofService[0]?.surface;
  if (surface === undefined) throw new Error('web is checked');
  let sum = 0;
  let pods = 0;
  for (let s = 0; s < 7200; s += WINDOW_S) {
    runUntil(engine, s * 1000 + 1);
    for (let row = 0; row < 6; row++) {
      if (cluster.tasks.state[row] !== TASK_STATE.running) continue;
      const cell = cluster.tasks.host[row] * hostModel.classCount + online.classOf[0];
      sum += violationProbability(surface, online.usedMilliCpu[row] / LIMIT, hostWindow.slowdown[cell]);
      pods++;
    }
  }
  runUntil(engine, 2 * HOUR);
  expect(Math.max(...(healthChecks?.backlogMs ?? []))).toBe(0);
  const late = sum / pods;
  expect(late).toBeGreaterThan(0.3);
  expect(late).toBeLessThan(0.9);
  // One check in every window of each that runs when it begins.
  const each = (1 - late ** 4) / ((1 - late) * late ** 4);
  const expected = pods / each;
  expect(expected).toBeGreaterThan(150);
  // Poisson: three standard deviations, and a tenth for P that differs between pods and hours.
  expect(Math.abs(kills.length - expected)).toBeLessThan(3 * Math.sqrt(expected) + 0.1 * expected);
});

test('a run that goes on from a snapshot in the middle of the spiral ends as the one that was not interrupted', async () => {
  const plan = await libraryPlan('mesos-health-spiral');
  const { engine } = prepare(plan, {});
  runUntil(engine, 15 * MINUTE + 5_000);
  const twin = restoreRun(plan, workloadOf(plan), { policies: [] }, structuredClone(snapshotRun(engine)));
  for (const run of [engine, twin]) runUntil(run, HOUR);
  expect(digestText(twin.cluster.digest)).toBe(digestText(engine.cluster.digest));
  expect(twin.healthChecks?.ofService[0]?.killed).toEqual(engine.healthChecks?.ofService[0]?.killed);
});

test("the check of the framework's settings holds for services without one of their own", async () => {
  const settings =
    'controlPlane.frameworks.marathon.settings={healthCheck: {gracePeriodMs: 60000, intervalMs: 10000, timeoutMs: 5000}}';
  const { kills } = await played(4, 'online.explicit.web.healthCheck=null', settings);
  const own = await played(4);
  expect(kills).toEqual(own.kills);
  expect(own.kills[0]).toBeLessThan((20 * MINUTE) / 1000);
});

test('two replicas below their limits on a host too small for both: each gets its part of the host, and its queue grows', async () => {
  const killsOn = async (cpu: string) => {
    const kills: number[] = [];
    const { engine } = prepare(
      await libraryPlan('mesos-health-spiral', [
        `cluster.hosts.node={count: 1, cpu: ${cpu}, memory: 64GiB, threadsPerCore: 1}`,
        'online.explicit.web.replicas=2',
        'online.explicit.web.maxPerHost=2',
        'online.explicit.web.cpuLimit=8 cores',
        'online.explicit.web.meanUsagePercent=180%',
        'bestEffort.tasksPerWeek=1',
      ]),
      {
        sink: (timeMs, change, _id, _host, _value, row) => {
          if (change === CHANGE.evict && row < 2) kills.push(timeMs);
        },
      },
    );
    runUntil(engine, HOUR);
    return kills.length;
  };
  // 2 x 3.6 cores of 6; of 32.
  expect(await killsOn('6 cores')).toBeGreaterThan(2);
  expect(await killsOn('32 cores')).toBe(0);
});

/** Memory of single pods as runs: leaks that end at a limit, reclaim inside of it, and the kubelet's eviction; by hand. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const GIB = 1_073_741_824;
const MIB = 1_048_576;
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Pods of 1 core and 8 GiB, 4 GiB used, on hosts of 16 cores and 64 GiB; no best effort. */
function planOf(web: object, cluster: object = {}, more: object = {}): Plan {
  return resolve(
    scenarioSchema.parse({
      name: 'memory',
      seed: 'memory',
      horizon: '26h',
      cluster: { hosts: { plain: { count: 1, cpu: '16 cores', memory: '64GiB' } }, systemMemPercent: 0, ...cluster },
      online: {
        source: 'none',
        explicit: {
          web: {
            latencyClass: 'rpc',
            replicas: 1,
            cpuRequest: '1 cores',
            memRequest: '8GiB',
            memUsagePercent: 50,
            meanUsagePercent: 50,
            ...web,
          },
        },
      },
      bestEffort: { tasksPerWeek: 0, populations: {} },
      ...more,
    }),
  );
}

/** Runs to `untilMs` and returns the times of kills and evictions with the pod's row. */
function ran(plan: Plan, untilMs = plan.horizonMs) {
  const lost: { readonly row: number; readonly timeMs: number; readonly change: number }[] = [];
  const { engine } = prepare(plan, {
    sink: (timeMs, change, _task, _host, _value, row) => {
      if (change === CHANGE.fail || change === CHANGE.evict) lost.push({ row, timeMs, change });
    },
  });
  runUntil(engine, untilMs);
  checkEngine(engine);
  return { engine, lost };
}
const lateOf = ({ recorder }: Engine) => ({
  all: recorder.serviceViolating.reduce((sum, value) => sum + value, 0),
  memory: recorder.serviceViolatingMemory.reduce((sum, value) => sum + value, 0),
});

describe('a pod that starts with 4 GiB and grows by 6 GiB a day', () => {
  test('uses 4 + 6 x 6 / 24 = 5.5 GiB after six hours, and so does its host', () => {
    const { engine } = ran(planOf({ memGrowthPerDay: '6GiB' }), 6 * HOUR + 1);
    expect(engine.cluster.tasks.usedMemBytes[0]).toBe(5.5 * GIB);
    expect(engine.cluster.hosts.onlineMemBytes[0]).toBe(5.5 * GIB);
  });

  test('is killed in the first window after its 16 hours to a limit of 8 GiB, and starts anew with 4', () => {
    const { engine, lost } = ran(planOf({ memGrowthPerDay: '6GiB', memLimit: '8GiB' }), 17 * HOUR + 1);
    expect(lost).toEqual([{ row: 0, timeMs: 16 * HOUR + MINUTE, change: CHANGE.fail }]);
    const used = engine.cluster.tasks.usedMemBytes[0];
    expect(used).toBeGreaterThan(4 * GIB);
    expect(used).toBeLessThan(4.3 * GIB);
  });

  test('in its last 5 % (from 14.4 h on) requests wait for reclaim inside the limit; without a limit none does', () => {
    const limited = planOf({ memGrowthPerDay: '6GiB', memLimit: '8GiB' });
    expect(lateOf(ran(limited, 14 * HOUR).engine).memory).toBe(0);
    expect(lateOf(ran(limited, 16 * HOUR).engine).memory).toBeGreaterThan(0);
    expect(lateOf(ran(planOf({ memGrowthPerDay: '6GiB' }), 16 * HOUR).engine).memory).toBe(0);
  });

  test('a run forked in between ends as the one that was not', () => {
    const plan = planOf({ memGrowthPerDay: '6GiB', memLimit: '8GiB' });
    const straight = ran(plan).engine;
    const half = ran(plan, 10 * HOUR).engine;
    const forked = restoreRun(
      plan,
      workloadOf(plan),
      { policies: policiesOf(plan) },
      structuredClone(snapshotRun(half)),
    );
    runUntil(forked, plan.horizonMs);
    expect(digestText(forked.cluster.digest)).toBe(digestText(straight.cluster.digest));
  });
});

describe("the kubelet's eviction on a host of 64 GiB, 62.08 GiB of it for pods", () => {
  // Seven pods of 8 GiB that use 8.75 GiB each: 61.25 GiB.
  const full = { replicas: 7, memUsagePercent: 109.375, memGrowthPerDay: '2GiB' };

  test('takes one pod when 7 x (8.75 + 2 t / 24) GiB leaves less than 100 MiB: after 1.26 h', () => {
    const { lost } = ran(planOf(full), 2 * HOUR);
    const room = (64 * GIB * 0.97 - 100 * MIB) / 7 - 8.75 * GIB;
    const atMs = Math.ceil((room / (2 * GIB)) * 24 * 60) * MINUTE;
    expect(lost[0]).toMatchObject({ timeMs: atMs, change: CHANGE.evict });
    expect(lost.filter(({ timeMs }) => timeMs === atMs)).toHaveLength(1);
  });

  test('below a soft threshold of 1 GiB for ten minutes takes one pod when that has lasted, and gives the next as long', () => {
    const soft = { evictionSoftMemory: '1GiB', evictionSoftGracePeriod: '10m', evictionHardMemory: '0MiB' };
    const { lost } = ran(planOf(full, soft), 2 * HOUR);
    expect((64 * GIB * 0.97 - GIB) / 7).toBeLessThan(8.75 * GIB);
    // Short of it from the start: one pod at ten minutes. It comes back, and ten minutes later at the earliest the next one goes.
    expect(lost[0].timeMs).toBe(10 * MINUTE);
    expect(lost.length).toBeGreaterThan(2);
    for (let n = 1; n < lost.length; n++) expect(lost[n].timeMs - lost[n - 1].timeMs).toBeGreaterThan(10 * MINUTE);
  });

  test('a grace period that memory does not stay short for evicts nobody', () => {
    const soft = { evictionSoftMemory: '1GiB', evictionSoftGracePeriod: '3h', evictionHardMemory: '0MiB' };
    expect(ran(planOf(full, soft), 2 * HOUR).lost).toEqual([]);
  });

  test('is off with evictionHardMemory 0', () => {
    expect(ran(planOf(full, { evictionHardMemory: '0MiB' }), 2 * HOUR).lost).toEqual([]);
  });
});

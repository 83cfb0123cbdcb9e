/** Pods in Kata virtual machines, as a run: what they ask for, hold, and cost, by hand. */
import { beforeAll, describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TASK_KIND, TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { prepare } from './run-plan.ts';

const GIB = 1_073_741_824;
const MIB = 1_048_576;

/** Four pods of 1 core and 2 GiB, of which services use 65 %, beside best effort on two hosts. */
function ran(isolation: string, kind: 'kubernetes' | 'mesos' = 'kubernetes', more: object = {}): Engine {
  const plan = resolve(
    scenarioSchema.parse({
      name: 'kata',
      seed: 'kata',
      horizon: '2h',
      cluster: { hosts: { plain: { count: 2, cpu: '32 cores', memory: '128GiB' } } },
      online: {
        source: 'none',
        explicit: {
          web: {
            latencyClass: 'rpc',
            replicas: 4,
            cpuRequest: '1 cores',
            memRequest: '2GiB',
            meanUsagePercent: 50,
            ...more,
          },
        },
      },
      bestEffort: {
        tasksPerWeek: 20_000,
        offeredPercent: 40,
        populations: { work: { kind: 'analytics', taskShare: 1, memPerCore: '1GiB', usageOverRequest: 0.9 } },
      },
      ...(kind === 'mesos'
        ? {
            controlPlane: {
              kind,
              frameworks: { marathon: { kind: 'marathon' }, batch: { kind: 'sisyphus', populations: ['work'] } },
            },
          }
        : {}),
      physics: { isolation },
    }),
  );
  const boundAtMs = new Map<number, number>();
  const delays: number[] = [];
  const { engine } = prepare(plan, {
    sink: (timeMs, change, taskId) => {
      if (change === CHANGE.bind) boundAtMs.set(taskId, timeMs);
      if (change === CHANGE.start && taskId >= 4) delays.push(timeMs - (boundAtMs.get(taskId) ?? 0));
    },
  });
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  // Every task starts as long after its bind as the first.
  if (kind === 'kubernetes') expect(new Set(delays).size).toBe(1);
  startMs.set(engine, delays[0]);
  return engine;
}

const startMs = new Map<Engine, number>();
let kata: Engine;
let shares: Engine;
beforeAll(() => {
  kata = ran('kata');
  shares = ran('shares');
});

const pod = ({ cluster: { tasks } }: Engine) => ({
  milliCpu: tasks.requestMilliCpu[0],
  memBytes: tasks.requestMemBytes[0],
  usedMemBytes: tasks.usedMemBytes[0],
});
const late = ({ recorder }: Engine) => recorder.serviceViolating.reduce((sum, value) => sum + value, 0);

describe('a pod of 1 core and 2 GiB that uses 1.3 GiB', () => {
  test('asks for 250m and 160 MiB more; its host sees 1.3 (1 + 0.3 x 0.9) GiB in the guest and 160 MiB beside it', () => {
    expect(pod(shares)).toEqual({ milliCpu: 1000, memBytes: 2 * GIB, usedMemBytes: Math.floor(1.3 * GIB) });
    expect(pod(kata)).toEqual({
      milliCpu: 1250,
      memBytes: 2 * GIB + 160 * MIB,
      usedMemBytes: Math.ceil(Math.floor(1.3 * GIB) * (1 + 0.3 * (1 - 0.1)) + 160 * MIB),
    });
    expect(kata.cluster.hosts.allocatedMilliCpu.subarray(0, 2).reduce((sum, milli) => sum + milli, 0)).toBe(4 * 1250);
  });

  test('alone on an idle host its work is 1.03 times slower, and it needs that much more CPU', () => {
    const slowdown = ({ hostWindow, hostModel, cluster }: Engine) =>
      hostWindow.aloneRows[(cluster.tasks.host[0] * hostModel.classCount + 1) * 3] *
      hostWindow.slowdown[cluster.tasks.host[0] * hostModel.classCount + 1];
    expect(slowdown(kata) / slowdown(shares)).toBeCloseTo(1.03, 2);
  });

  test('answers 0.04 ms later a wake-up, against a target that was promised outside of a machine', () => {
    expect(kata.latency.service[0].answerMs - shares.latency.service[0].answerMs).toBeCloseTo(0.04, 12);
    expect(kata.latency.target[0].targetMs).toBe(shares.latency.target[0].targetMs);
    expect(late(kata)).toBeGreaterThan(late(shares));
  });
});

describe('best effort in machines', () => {
  test('starts 332 ms later after it is bound: 900 of a Kata pod less 568 of a container', () => {
    expect(startMs.get(kata)).toBe((startMs.get(shares) ?? Number.NaN) + 332);
  });

  test('holds 160 MiB more a task and never less than before; a granted CPU does less work', () => {
    const { tasks } = kata.cluster;
    let tasksSeen = 0;
    for (let row = tasks.firstBestEffort; row < tasks.used; row++) {
      if (tasks.kind[row] !== TASK_KIND.bestEffort || tasks.state[row] !== TASK_STATE.running) continue;
      tasksSeen++;
      expect(tasks.usedMemBytes[row]).toBeGreaterThanOrEqual(160 * MIB);
      expect(tasks.usedMemBytes[row]).toBeLessThanOrEqual(tasks.requestMemBytes[row] + 1024);
      expect(kata.hostWindow.bestEffortSpeed[tasks.host[row]]).toBeLessThan(1 / 1.05 + 1e-12);
    }
    expect(tasksSeen).toBeGreaterThan(0);
    const done = ({ recorder }: Engine) => recorder.batch.finished.reduce((sum, value) => sum + value, 0);
    expect(done(kata)).toBeLessThanOrEqual(done(shares));
  });
});

test('Mesos knows no overhead of pods: guests are there all the same', () => {
  const mesos = ran('kata', 'mesos');
  expect(pod(mesos)).toMatchObject({ milliCpu: 1000, memBytes: 2 * GIB });
  expect(pod(mesos).usedMemBytes).toBe(pod(kata).usedMemBytes);
});

test('a pod made anew under a vertical autoscaler asks for the podFixed on top again', () => {
  const renewed = ran('kata', 'kubernetes', { verticalAutoscale: { mode: 'off' }, rollingRestartAt: ['30m'] });
  expect(renewed.cluster.tasks.startedAtMs[0]).toBeGreaterThan(1_800_000);
  expect(pod(renewed)).toMatchObject({ milliCpu: 1250, memBytes: 2 * GIB + 160 * MIB });
});

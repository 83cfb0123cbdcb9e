/** Disk and network of a host as runs, by hand: one host of 32 cores, a service of 4 pods at 2 cores each, best effort of 8 cores. */
import { describe, expect, test } from 'vitest';
import { exp } from '../policies/base/exact-math.ts';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { createEngine, type Engine } from '../sim/engine/engine.ts';
import { TERM } from '../sim/engine/lateness.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { PressureClass } from '../traces/format.ts';
import { policiesOf } from './run-plan.ts';
import { batchOf } from './testing/batch-of.ts';

interface Text {
  readonly host?: object;
  readonly service?: object;
  readonly work?: object;
  readonly physics?: object;
  readonly pressureClass?: PressureClass;
}

function started({ host = {}, service = {}, work = {}, physics = {}, pressureClass }: Text) {
  const plan = resolve(
    scenarioSchema.parse({
      name: 'io',
      seed: 'io',
      horizon: '1h',
      cluster: { hosts: { plain: { count: 1, cpu: '32 cores', memory: '128GiB', threadsPerCore: 1, ...host } } },
      online: {
        source: 'none',
        explicit: {
          web: {
            replicas: 4,
            cpuRequest: '4 cores',
            memRequest: '4GiB',
            meanUsagePercent: 50,
            peakToTrough: 1,
            ...service,
          },
        },
      },
      bestEffort: {
        tasksPerWeek: 1,
        failureProbability: 0,
        populations: { work: { kind: 'transcode', taskShare: 1, ...work } },
      },
      controlPlane: { kind: 'batch', hostSharing: 'shared', placement: 'worst-fit' },
      physics: { isolation: 'core-scheduling', parameters: { turboLoss: 0 }, ...physics },
    }),
  );
  const tasks = Array.from({ length: 8 }, () => ({ submitMs: 0, durationMs: 1_800_000, cores: 1 }));
  const workload = { ...workloadOf(plan), batch: batchOf(tasks, pressureClass) };
  const engine = createEngine(plan, workload, { policies: policiesOf(plan) });
  startRun(engine);
  return { engine, plan, workload };
}

/** The engine after its tenth window. */
function ran(text: Text): Engine {
  const { engine } = started(text);
  runUntil(engine, 600_001);
  checkEngine(engine);
  return engine;
}

const SERVICE = { diskIopsPerCore: 8 };
const workOf = ({ online, hostWindow, hostModel }: Engine) =>
  [0, 1, 2, 3].reduce(
    (sum, row) =>
      sum + online.usedMilliCpu[row] / 1000 / hostWindow.slowdown[hostModel.classCount * 0 + online.classOf[0]],
    0,
  );
const deviceOf = (engine: Engine, name: 'disk' | 'network') => engine.io?.[name] ?? expect.fail('nothing asks');

describe('a disk of 150 requests a second and 8 ms', () => {
  test('8 iops a core of services and 5 of best effort: wait = 8 u / (1 - u) ms, and with best effort away that of services alone', () => {
    const engine = ran({ host: { disk: 'hdd' }, service: SERVICE, work: { diskIopsPerCore: 5 } });
    const disk = deviceOf(engine, 'disk');
    const services = 8 * workOf(engine);
    expect(services).toBeGreaterThan(40);
    expect(disk.services[0]).toBeCloseTo(services, 9);
    expect(disk.bestEffort[0]).toBeCloseTo(40, 9);
    const u = (services + 40) / 150;
    expect(disk.waitMs[0]).toBeCloseTo((8 * u) / (1 - u), 9);
    expect(disk.waitMsAlone[0]).toBeCloseTo((8 * services) / (150 - services), 9);
    expect(engine.hostWindow.bestEffortSpeed[0]).toBe(1);
  });

  test('requests late by it: n = iops x CPU work of a request wait, exponentially, past the slack; contention is what best effort adds', () => {
    const engine = ran({ host: { disk: 'hdd' }, service: SERVICE, work: { diskIopsPerCore: 5 } });
    const { latency, latencySums, online, recorder } = engine;
    const { waitMs, waitMsAlone } = deviceOf(engine, 'disk');
    const slackMs = latency.target[0].targetMs - latency.service[0].answerMs;
    const ops = (8 * latency.workMs[0]) / 1000;
    expect(ops).toBeLessThan(1);
    const requests = (workOf(engine) * 60_000) / latency.workMs[0];
    const late = (ms: number) => requests * ops * exp(-slackMs / ms);
    const byLoad = latencySums.late[TERM.latency];
    const inTime = 1 - byLoad / latencySums.requests;
    expect(latencySums.late[TERM.io] / (late(waitMs[0]) * inTime)).toBeCloseTo(1, 4);
    expect(late(waitMsAlone[0])).toBeLessThan(late(waitMs[0]));
    const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
    // Causes and the load of the service itself add up to the late requests.
    const { serviceViolating, serviceViolatingAlone, serviceViolatingContention } = recorder;
    expect(sum(serviceViolatingAlone) + sum(serviceViolatingContention)).toBeCloseTo(sum(serviceViolating), 6);
    expect(online.ready[0]).toBe(4);
  });

  test('best effort that asks for 160 gets 0.95 x 150 less what services take, and runs that much slower; services are carried whole', () => {
    const engine = ran({ host: { disk: 'hdd' }, service: SERVICE, work: { diskIopsPerCore: 20 } });
    const disk = deviceOf(engine, 'disk');
    expect(engine.hostWindow.bestEffortSpeed[0]).toBeCloseTo((142.5 - disk.services[0]) / 160, 9);
    expect(disk.lost[0]).toBe(0);
    expect(disk.waitMs[0]).toBeCloseTo((8 * 0.95) / 0.05, 9);
  });

  test('services that ask for more than a disk alone can do lose what it does not carry, also without best effort', () => {
    const engine = ran({ host: { disk: 'hdd' }, service: { diskIopsPerCore: 40 }, work: { diskIopsPerCore: 20 } });
    const disk = deviceOf(engine, 'disk');
    // Best effort keeps its weight: a tenth against one.
    expect(disk.lost[0]).toBeCloseTo(1 - 142.5 / 1.1 / disk.services[0], 9);
    expect(disk.lostAlone[0]).toBeCloseTo(1 - 142.5 / disk.services[0], 9);
    const { latencySums } = engine;
    expect(latencySums.late[TERM.io] / latencySums.requests).toBeGreaterThan(0.9 * disk.lost[0]);
  });

  test('on NVMe (400,000 a second) the same work waits for nothing', () => {
    const engine = ran({ host: { disk: 'nvme' }, service: SERVICE, work: { diskIopsPerCore: 20 } });
    expect(deviceOf(engine, 'disk').waitMs[0]).toBeLessThan(1e-4);
    expect(engine.latencySums.late[TERM.io]).toBe(0);
  });
});

describe('a network of 1 GB/s', () => {
  const host = { network: '1GB/s' };
  const service = { networkMbPerCore: 20 };

  test('best effort at low DSCP makes nobody wait and gets what services leave', () => {
    const engine = ran({ host, service, work: { networkMbPerCore: 200 } });
    const network = deviceOf(engine, 'network');
    const u = network.services[0] / 1e9;
    expect(network.waitMs[0]).toBeCloseTo((0.0015 * u) / (1 - u), 12);
    expect(engine.hostWindow.bestEffortSpeed[0]).toBeCloseTo((0.95e9 - network.services[0]) / 1.6e9, 9);
  });

  test('at the same DSCP a full network queues 19 packets of 0.0015 ms: too little for an answer of 10 ms', () => {
    const engine = ran({
      host,
      service,
      work: { networkMbPerCore: 200 },
      physics: { parameters: { turboLoss: 0, dscpProtection: 0 } },
    });
    expect(deviceOf(engine, 'network').waitMs[0]).toBeCloseTo(0.0015 * 19, 9);
    expect(engine.latencySums.late[TERM.io]).toBe(0);
  });
});

test('devices that nobody asks change nothing, and a run forked while they are short ends as the one that was not', () => {
  const bare = ran({});
  const idle = ran({ host: { disk: 'hdd', network: '1GB/s' } });
  expect(idle.io).toBeNull();
  expect(digestText(idle.cluster.digest)).toBe(digestText(bare.cluster.digest));
  const { engine, plan, workload } = started({
    host: { disk: 'hdd' },
    service: SERVICE,
    work: { diskIopsPerCore: 20 },
  });
  runUntil(engine, 600_001);
  const options = { policies: policiesOf(plan) };
  const forked = restoreRun(plan, workload, options, structuredClone(snapshotRun(engine)));
  runUntil(engine, plan.horizonMs);
  runUntil(forked, plan.horizonMs);
  expect(digestText(forked.cluster.digest)).toBe(digestText(engine.cluster.digest));
});

test('a memory-bandwidth cap of 0.8 on best effort is to services what work that draws 0.8 of the bandwidth is', () => {
  const slowdown = (parameters: object) => {
    const engine = ran({
      host: { memBandwidth: '20GB/s' },
      pressureClass: 'spark',
      physics: { parameters: { turboLoss: 0, ...parameters } },
    });
    return engine.hostWindow.slowdown[engine.online.classOf[0]];
  };
  expect(slowdown({ memThrottle: 0.8 })).toBeCloseTo(slowdown({ sparkBandwidth: 1.2 }), 12);
  expect(slowdown({ memThrottle: 0.8 })).toBeLessThan(slowdown({}));
});

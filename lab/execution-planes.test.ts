/** Tasks that straggle, are copied, lose executors and output: under every control plane, watched by the checker, and forked from the middle. */
import { expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../sim/engine/check-engine.ts';
import { createEngine } from '../sim/engine/engine.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf } from './run-plan.ts';

const frameworks = { marathon: { kind: 'marathon' }, batch: { kind: 'sisyphus', populations: ['work'] } };

test.each([
  ['kubernetes', {}],
  ['mesos', { kind: 'mesos', frameworks }],
  ['batch', { kind: 'batch', hostSharing: 'shared' }],
])(
  '%s: work in = done + abandoned + left with racks that fail, copies are made, a fork ends as the run',
  (_, controlPlane) => {
    const execution = { stragglers: true, speculation: true, heartbeats: true, shuffle: 'local', checkpoints: true };
    const plan = resolve(
      scenarioSchema.parse({
        name: 'planes',
        seed: 'planes',
        horizon: '4h',
        cluster: { hostsPerRack: 4, hosts: { plain: { count: 12, cpu: '16 cores', memory: '64GiB' } } },
        online: {
          source: 'none',
          explicit: { web: { replicas: 6, cpuRequest: '2 cores', memRequest: '2GiB', meanUsagePercent: 60 } },
        },
        bestEffort: {
          tasksPerWeek: 60_000,
          offeredPercent: 60,
          populations: { work: { kind: 'analytics', taskShare: 1, memPerCore: '1GiB', execution } },
        },
        controlPlane,
        physics: { memoryRamp: true, parameters: { stragglerSigma: 0.5 } },
        failures: { enabled: true, hostCrashesPerYear: 400, rackEventsPerYear: 90_000 },
      }),
    );
    const workload = workloadOf(plan);
    const policies = policiesOf(plan);
    const engine = createEngine(plan, workload, { policies });
    const checker = watch(engine.cluster);
    startRun(engine);
    runUntil(engine, plan.horizonMs / 2);
    checkEngine(engine);
    const middle = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    checkEngine(engine);
    checker.compare();
    checkWork(engine, checker);
    const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
    expect(engine.execution?.copies[0]).toBeGreaterThan(10);
    expect(sum(engine.recorder.batch.finished)).toBeGreaterThan(500);
    expect(sum(engine.recorder.batch.failed)).toBeGreaterThan(5);
    const fork = restoreRun(plan, workload, { policies }, middle);
    runUntil(fork, plan.horizonMs);
    expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
  },
);

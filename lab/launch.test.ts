/** Starting pods under Kubernetes: the registry, peers and the lanes of the hosts, by what becomes of a run. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare, runPlan } from './run-plan.ts';

/** Forty hosts, half idle, and a stream of small tasks; `launch` as in a scenario file. */
function planOf(launch: object | null): Plan {
  return resolve(
    scenarioSchema.parse({
      name: 'launch',
      seed: 'l',
      horizon: '3h',
      cluster: { hosts: { plain: { count: 40, cpu: '32 cores', memory: '128GiB' } } },
      online: {
        source: 'none',
        explicit: {
          api: { latencyClass: 'rpc', replicas: 40, cpuRequest: '4 cores', memRequest: '8GiB', meanUsagePercent: 30 },
        },
      },
      bestEffort: {
        tasksPerWeek: 100_000,
        populations: { work: { kind: 'transcode', taskShare: 1, sizes: [{ cores: 1, weight: 1 }] } },
      },
      controlPlane: { podStart: '2s', bindLatency: '100ms', launch },
    }),
  );
}

function waits(launch: object | null): { p50: number; p99: number } {
  const results = runPlan(planOf(launch), { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
  if (results === null) throw new Error('stopped');
  return { p50: results.summary.waitMsP50, p99: Number(results.tables.populations.columns.waitMsP99[0]) };
}

// 4,000 MB at 100 MB/s are 40 s for one host; a registry of 200 MB/s serves forty hosts in 800 s.
const IMAGE = { lanes: 4, create: '500ms', start: '1s', imageMb: 4000, nicMbPerSecond: 100, registryMbPerSecond: 200 };

describe('launches under Kubernetes', () => {
  test('images that are there and free lanes: 0.1 s to bind, 0.5 s to create, 1 s to start', () => {
    const { p50 } = waits({ ...IMAGE, imageMb: 0 });
    expect(p50).toBeGreaterThanOrEqual(1_550);
    expect(p50).toBeLessThan(1_800);
    expect(waits(null).p50).toBeGreaterThan(2_000);
  });

  test('first tasks wait for the registry that all hosts share, and for their own network alone with peers', () => {
    const registry = waits(IMAGE);
    const peers = waits({ ...IMAGE, peerPullFactor: 1.5 });
    expect(registry.p99).toBeGreaterThan(2 * peers.p99);
    // 40 of some 1,800 tasks are the first of their host. 1.5 x 40 s and what a start takes, in buckets of 0.8 %.
    expect(peers.p99).toBeLessThan(62_500);
  });

  test('one lane of 60 s makes tasks wait for one another; eight hardly do', () => {
    const slow = { ...IMAGE, imageMb: 0, create: '60s' };
    expect(waits({ ...slow, lanes: 1 }).p99).toBeGreaterThan(1.5 * waits({ ...slow, lanes: 8 }).p99);
  });

  test('a run interrupted while images are on their way ends with the digest of one that was not', () => {
    const plan = planOf(IMAGE);
    const { engine } = prepare(plan, {});
    runUntil(engine, 5 * 60_000);
    const snapshot = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const continued = restoreRun(plan, workloadOf(plan, undefined), { policies: policiesOf(plan) }, snapshot);
    runUntil(continued, plan.horizonMs);
    expect(digestText(continued.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

/** Clients that try again, as runs: how much load they make of lateness, and what is left when the cause is gone. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;

/** Twelve pods on four hosts of 16 CPUs; two of the hosts are down from 20 to 30 min. */
function planOf(clientRetries: number, meanUsagePercent: number) {
  return resolve(
    scenarioSchema.parse({
      name: 'retries',
      seed: 'retries',
      horizon: '1h',
      cluster: { hosts: { plain: { count: 4, cpu: '16 cores', memory: '64GiB' } } },
      online: {
        source: 'none',
        explicit: {
          web: {
            replicas: 12,
            cpuRequest: '4 cores',
            memRequest: '1GiB',
            meanUsagePercent,
            peakToTrough: 1,
            maxPerHost: 3,
            clientRetries,
          },
        },
      },
      bestEffort: { tasksPerWeek: 0, populations: {} },
      failures: {
        outages: [
          { host: 0, at: '20m', duration: '10m' },
          { host: 1, at: '20m', duration: '10m' },
        ],
      },
    }),
  );
}

/** Use of all pods, tries over clients' requests, and late share of every window. */
function ran(clientRetries: number, usage: number) {
  const plan = planOf(clientRetries, usage);
  const { engine } = prepare(plan, {});
  const seen: { readonly used: number; readonly amplification: number; readonly late: number }[] = [];
  for (let atMs = 0; atMs < plan.horizonMs; atMs += MINUTE) {
    const amplification = engine.online.amplification[0];
    runUntil(engine, atMs + 1);
    const used = engine.online.usedMilliCpu.reduce((sum, value) => sum + value, 0);
    const { violating, requests } = engine.latencySums;
    seen.push({ used, amplification, late: violating / requests });
  }
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  return { engine, plan, seen };
}

describe('two retries', () => {
  const without = ran(0, 45);
  const twice = ran(2, 45);

  test('multiply the load by 1 + p + p^2, p the late share of the window before', () => {
    twice.seen.slice(1).forEach(({ amplification }, at) => {
      const p = twice.seen[at].late;
      expect(amplification).toBeCloseTo(1 + p + p * p, 9);
    });
    // The first minutes: same use but for the tries and the slowdown that comes with them.
    expect(twice.seen[0].used).toBe(without.seen[0].used);
    expect(twice.seen[1].used / without.seen[1].used / twice.seen[1].amplification).toBeCloseTo(1, 3);
  });

  test('are at most three tries, and make more requests late while half the pods are gone', () => {
    const most = Math.max(...twice.seen.map(({ amplification }) => amplification));
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1.5);
    const lateOf = (run: typeof without) => run.seen.slice(21, 29).reduce((sum, { late }) => sum + late, 0);
    expect(lateOf(twice)).toBeGreaterThan(lateOf(without));
  });
});

test('ten retries: a storm stays when its cause is gone; without retries lateness ends with the outage', () => {
  const calm = ran(0, 44).seen;
  const storm = ran(10, 44).seen;
  expect(storm[19].late).toBeLessThan(0.05);
  expect(calm[50].late).toBeLessThan(0.05);
  expect(storm[50].late).toBeGreaterThan(0.5);
  expect(storm[50].amplification).toBeGreaterThan(3);
});

test('no retries is the run without the key, and a run forked inside a storm ends as the one that was not', () => {
  const { engine, plan } = ran(2, 45);
  const options = { policies: policiesOf(plan) };
  const half = prepare(plan, {}).engine;
  runUntil(half, 25 * MINUTE);
  const forked = restoreRun(plan, workloadOf(plan), options, structuredClone(snapshotRun(half)));
  runUntil(forked, plan.horizonMs);
  expect(digestText(forked.cluster.digest)).toBe(digestText(engine.cluster.digest));
  expect(planOf(0, 45).online.explicit[0]).not.toHaveProperty('clientRetries');
});

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { createEngine } from '../sim/engine/engine.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const scenario = join(import.meta.dirname, '../scenarios/library/overcommit.yaml');
const small = ['cluster.hosts.plain.count=6', 'online.pods=60', 'bestEffort.tasksPerWeek=9000', 'horizon=6h'];

let quiet: Plan;
let busy: Plan;
beforeAll(async () => {
  const named = (name: string) => [{ name, config: {} }];
  quiet = {
    ...(
      await loadPlan(scenario, {
        sets: [...small, 'window=5m', 'bestEffort.tasksPerWeek=0', 'bestEffort.offeredPercent=0'],
      })
    ).plan,
    policies: named('peak-oracle'),
  };
  busy = { ...(await loadPlan(scenario, { sets: small })).plan, policies: named('n-sigma') };
});

describe('samples of single pods', () => {
  test('a run whose policies do not ask has none', () => {
    expect(prepare({ ...busy, policies: [] }, {}).engine.podSamples).toBeNull();
  });

  test('a pod uses what was foretold an hour ago, times the slowdown of the window before', () => {
    const { engine } = prepare(quiet, {});
    // A sample is one window of five minutes; slot 11 of the ring is the twelfth window, [55 min, 60 min).
    runUntil(engine, 5 * MINUTE + 1);
    const { pods } = engine.telemetry.signals;
    const { future } = pods!;
    const foretold = Float64Array.from({ length: pods!.count }, (_, row) => {
      return future!.usedMilliCpu[row * future!.horizonSamples + 11];
    });
    runUntil(engine, 55 * MINUTE);
    const slowdown = engine.hostWindow.slowdown.slice();
    runUntil(engine, 55 * MINUTE + 1);
    const { tasks } = engine.cluster;
    let compared = 0;
    for (let row = 0; row < pods!.count; row++) {
      const limit = engine.online.services.limitMilliCpu[tasks.group[row]];
      const expected = foretold[row] * slowdown[tasks.host[row] * engine.hostModel.classCount + pods!.type[row]];
      // A limit cuts the product, and the ring holds single precision.
      if (expected > 0.99 * limit) continue;
      expect(Math.abs(pods!.usedMilliCpu[row] / expected - 1)).toBeLessThan(1e-6);
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
  });

  test('with windows of a minute a sample is the mean of five: the tick at minute 5 sees the first', () => {
    const { engine } = prepare(busy, {});
    const { pods } = engine.telemetry.signals;
    let sum = 0;
    for (let minute = 0; minute < 5; minute++) {
      runUntil(engine, minute * MINUTE + 1);
      expect(pods!.sampleNumber).toBe(minute === 4 ? 1 : 0);
      sum += engine.online.usedMilliCpu[0];
    }
    expect(pods!.usedMilliCpu[0]).toBeCloseTo(sum / 5, 9);
  });

  test('a run that was interrupted inside a sample ends with the digest of one that was not', () => {
    const workload = () => workloadOf(busy, undefined);
    const options = { policies: policiesOf(busy) };
    const straight = createEngine(busy, workload(), options);
    startRun(straight);
    runUntil(straight, 3 * HOUR + 2 * MINUTE);
    const snapshot = structuredClone(snapshotRun(straight));
    runUntil(straight, busy.horizonMs);
    const continued = restoreRun(busy, workload(), { policies: policiesOf(busy) }, snapshot);
    runUntil(continued, busy.horizonMs);
    expect(digestText(continued.cluster.digest)).toBe(digestText(straight.cluster.digest));
  });
});

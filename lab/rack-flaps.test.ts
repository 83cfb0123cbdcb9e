/** Top-of-rack switches that lose packets: by hand, and drawn over years. */
import { expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { createRackFlaps, lateByLoss } from '../sim/engine/rack-flaps.ts';
import { runUntil } from '../sim/engine/run.ts';
import { defaultParameters } from '../sim/host/parameters.ts';
import { prepare } from './run-plan.ts';

const MINUTE = 60_000;

function planOf(failures: object) {
  return resolve(
    scenarioSchema.parse({
      name: 'flaps',
      seed: 'flaps',
      horizon: '1h',
      cluster: { hostsPerRack: 2, hosts: { plain: { count: 4, cpu: '16 cores', memory: '64GiB' } } },
      online: {
        source: 'none',
        explicit: {
          web: {
            replicas: 8,
            cpuRequest: '2 cores',
            memRequest: '1GiB',
            meanUsagePercent: 15,
            peakToTrough: 1,
            maxPerHost: 2,
          },
        },
      },
      bestEffort: { tasksPerWeek: 0, populations: {} },
      failures,
    }),
  );
}

test('half of all packets lost, slack 15 ms: 1 - (1 - 1/2)^2; slack 200 ms takes two losses in a row, 600 ms three', () => {
  expect(lateByLoss(0.5, 200, 15)).toBe(0.75);
  expect(lateByLoss(0.5, 200, 200)).toBe(1 - 0.75 * 0.75);
  expect(lateByLoss(0.5, 200, 600)).toBeCloseTo(1 - 0.875 * 0.875, 12);
  expect(lateByLoss(0, 200, 15)).toBe(0);
});

test('a rack of two hosts from 10:30 to 12:00 min: three quarters of its requests are late, those of the other rack are not', () => {
  const plan = planOf({ flaps: [{ rack: 1, at: '630s', duration: '90s' }] });
  const { engine } = prepare(plan, {});
  const { hosts, tasks } = engine.cluster;
  const lateOf = (rack: number) =>
    engine.hostWindow.lateRequests.reduce((sum, late, host) => sum + (hosts.rack[host] === rack ? late : 0), 0);
  const requestsOf = (rack: number) => {
    let work = 0;
    for (let row = 0; row < 8; row++)
      if (hosts.rack[tasks.host[row]] === rack)
        work +=
          engine.online.usedMilliCpu[row] /
          engine.hostWindow.slowdown[tasks.host[row] * engine.hostModel.classCount + engine.online.classOf[0]];
    return (work * MINUTE) / 1000 / engine.latency.workMs[0];
  };
  const shares: number[] = [];
  for (const minute of [9, 10, 11, 12]) {
    runUntil(engine, minute * MINUTE + 1);
    shares.push(lateOf(1) / requestsOf(1));
    expect(lateOf(0) / requestsOf(0)).toBeLessThan(0.01);
  }
  checkEngine(engine);
  const [before, half, full, after] = shares;
  expect(before).toBeLessThan(0.01);
  expect(half).toBeCloseTo(0.375, 2);
  expect(full).toBeCloseTo(0.75, 2);
  expect(after).toBeLessThan(0.01);
  // Booked with dead hosts, and there without best effort too.
  const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
  const { serviceViolating, serviceViolatingDead, serviceViolatingAlone } = engine.recorder;
  expect(sum(serviceViolatingDead) / sum(serviceViolating)).toBeGreaterThan(0.98);
  expect(sum(serviceViolatingAlone)).toBeCloseTo(sum(serviceViolating), 6);
});

test('2,000 hosts see 5 flaps a year of 10 to 30 min; without the key none', () => {
  const plan = { ...planOf({ rackFlaps: true }), horizonMs: 40 * 365 * 24 * 60 * MINUTE };
  const flaps = createRackFlaps(plan, defaultParameters(), new Int32Array(2000))?.flaps ?? [];
  // Poisson of mean 200: within 4 standard deviations.
  expect(Math.abs(flaps.length - 200)).toBeLessThan(57);
  for (const { startMs, endMs } of flaps) {
    expect(endMs - startMs).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(endMs - startMs).toBeLessThanOrEqual(30 * MINUTE);
  }
  expect(createRackFlaps(planOf({}), defaultParameters(), new Int32Array(2000))).toBeNull();
});

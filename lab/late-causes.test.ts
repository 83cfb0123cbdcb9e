/** Late requests by cause: the parts add up, and each cause shows where it happens and nowhere else. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { runPlan } from './run-plan.ts';

/** Six hosts, one service of one replica and one of twelve at most two to a host; `failures` as in a scenario file. */
function run(failures: object): RunResults {
  const service = { latencyClass: 'rpc', cpuRequest: '2 cores', cpuLimit: '4 cores', memRequest: '4GiB' };
  const plan = resolve(
    scenarioSchema.parse({
      name: 'causes',
      // Five crashes, three of them under the single replica.
      seed: 'd',
      horizon: '12h',
      cluster: { hosts: { plain: { count: 6, cpu: '16 cores', memory: '64GiB' } } },
      online: {
        source: 'none',
        explicit: {
          solo: { ...service, replicas: 1, meanUsagePercent: 50 },
          many: { ...service, replicas: 12, maxPerHost: 2, meanUsagePercent: 130 },
        },
      },
      bestEffort: {
        tasksPerWeek: 30_000,
        offeredPercent: 60,
        populations: { work: { kind: 'analytics', taskShare: 1 } },
      },
      failures,
    }),
  );
  const results = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
  if (results === null) throw new Error('stopped');
  return results;
}

/** Columns of service `s`, hour by hour. */
function hoursOf(results: RunResults, s: number) {
  const { columns } = results.tables.serviceHours;
  return Array.from({ length: 12 }, (_, hour) => {
    const at = s * 12 + hour;
    return {
      requests: Number(columns.requests[at]),
      late: Number(columns.violatingRequests[at]),
      alone: Number(columns.violatingRequestsAlone[at]),
      throttled: Number(columns.violatingThrottled[at]),
      dead: Number(columns.violatingDeadHosts[at]),
      unplaced: Number(columns.violatingUnplaced[at]),
      contention: Number(columns.violatingContention[at]),
      suppression: Number(columns.violatingSuppression[at]),
      memory: Number(columns.violatingMemory[at]),
    };
  });
}

// 6 hosts x 487 a year over half a day: 4 crashes on average.
const CRASHES = { enabled: true, hostCrashesPerYear: 487, rackEventsPerYear: 0, repairMedian: '60m' };

describe('causes of late requests', () => {
  const calm = run({});
  const broken = run(CRASHES);

  test('parts are never negative, and together never more than the late requests: what is left is the load of the service itself', () => {
    for (const results of [calm, broken])
      for (const s of [0, 1])
        for (const { late, throttled, dead, unplaced, contention, suppression, memory } of hoursOf(results, s)) {
          const parts = [throttled, dead, unplaced, contention, suppression, memory];
          expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
          expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(late * (1 + 1e-9));
        }
  });

  test('without failures no request is late because a host died or a pod waited, once the first hour has passed', () => {
    for (const s of [0, 1])
      for (const { dead, unplaced } of hoursOf(calm, s).slice(1)) expect([dead, unplaced]).toEqual([0, 0]);
  });

  test('a single replica on a dead host answers nobody: those requests are late and booked to the host', () => {
    // The control plane gives its pods up after some six minutes: at least one of 60 minutes answers nobody, and no other cause comes.
    const worst = hoursOf(broken, 0).reduce((a, b) => (b.dead > a.dead ? b : a));
    expect(worst.dead / worst.requests).toBeGreaterThan(1 / 60);
    expect(worst.dead / worst.requests).toBeLessThan(10 / 60);
    expect(worst.late).toBeGreaterThanOrEqual(worst.dead);
  });

  test('the other replicas of twelve carry the load of the lost ones: more of their requests are late, and booked so', () => {
    const sum = (results: RunResults) =>
      hoursOf(results, 1).reduce((total, { dead, unplaced }) => total + dead + unplaced, 0);
    const late = (results: RunResults) => hoursOf(results, 1).reduce((total, hour) => total + hour.late, 0);
    expect(broken.summary.hostFailures).toBeGreaterThan(0);
    expect(sum(broken)).toBeGreaterThan(sum(calm));
    expect(late(broken)).toBeGreaterThan(late(calm));
  });
});

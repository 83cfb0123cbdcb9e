/** What services pay for the second or two until best effort is squeezed. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { runPlan } from './run-plan.ts';

/** `tasksPerWeek` below 10,000 offers little, else more than fits. Four hosts whose service rises and falls by a factor of three in a day, beside more best effort than the line lets run. */
function run(
  line: number,
  tasksPerWeek: number,
  isolation = 'shares',
  window = '60s',
  horizon = '10h',
  meanUsagePercent = 45,
): RunResults {
  const plan = resolve(
    scenarioSchema.parse({
      name: 'late-suppression',
      seed: 's',
      horizon,
      window,
      cluster: { hosts: { plain: { count: 4, cpu: '32 cores', memory: '128GiB' } } },
      online: {
        source: 'none',
        explicit: {
          api: {
            latencyClass: 'rpc',
            replicas: 24,
            cpuRequest: '4 cores',
            memRequest: '4GiB',
            meanUsagePercent,
            peakToTrough: 3,
          },
        },
      },
      bestEffort: {
        tasksPerWeek,
        offeredPercent: tasksPerWeek === 0 ? 0 : tasksPerWeek < 10_000 ? 10 : 150,
        populations: { work: { kind: 'analytics', taskShare: 1, memPerCore: '1GiB' } },
      },
      koordinator: { cpuSuppressThresholdPercent: line, cpuReclaimThresholdPercent: 90, cpuSuppressPolicy: 'cfsQuota' },
      physics: { isolation },
    }),
  );
  const results = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
  if (results === null) throw new Error('stopped');
  return results;
}

const sum = (results: RunResults, column: 'violatingSuppression' | 'violatingRequests' | 'violatingContention') =>
  Array.from(results.tables.serviceHours.columns[column] as Float64Array).reduce((total, value) => total + value, 0);

describe('late suppression', () => {
  const busy = run(60, 60_000);

  test('is a cause of its own where the line binds, and smaller than what best effort does all the time', () => {
    expect(busy.summary.suppressedHostHours).toBeGreaterThan(1);
    expect(sum(busy, 'violatingSuppression')).toBeGreaterThan(0);
    expect(sum(busy, 'violatingSuppression')).toBeLessThan(sum(busy, 'violatingContention'));
  });

  test('is nothing without best effort, and nothing below a line that never binds', () => {
    expect(sum(run(60, 0), 'violatingSuppression')).toBe(0);
    const high = run(100, 3_000, 'shares', '60s', '10h', 15);
    expect(high.summary.suppressedHostHours).toBe(0);
    expect(sum(high, 'violatingSuppression')).toBe(0);
  });

  test('with core scheduling only cache and clock are shared: less than half of what shares alone let through', () => {
    expect(sum(run(60, 60_000, 'core-scheduling'), 'violatingSuppression')).toBeLessThan(
      0.5 * sum(busy, 'violatingSuppression'),
    );
  });

  test('is not charged where the window is the period of the loop', () => {
    expect(sum(run(60, 60_000, 'shares', '1s', '30m'), 'violatingSuppression')).toBe(0);
  });
});

/** Deadlines of batch jobs in a run: who misses them, by how much, and what an early end of the run hides. */
import { describe, expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { runPlan } from './run-plan.ts';

/** Four hosts and a stream of single tasks of about a quarter of an hour; `hosts` = 0 would let none run. */
function run(deadline: string, tasksPerWeek: number): RunResults {
  const plan = resolve(
    scenarioSchema.parse({
      name: 'deadlines',
      seed: 'd',
      horizon: '8h',
      cluster: { hosts: { plain: { count: 4, cpu: '16 cores', memory: '64GiB' } } },
      online: { source: 'none' },
      bestEffort: {
        tasksPerWeek,
        failureProbability: 0,
        populations: { work: { kind: 'transcode', taskShare: 1, sizes: [{ cores: 4, weight: 1 }], deadline } },
      },
    }),
  );
  const results = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } });
  if (results === null) throw new Error('stopped');
  return results;
}

const sum = (results: RunResults, column: 'submitted' | 'finished' | 'deadlinesMet' | 'deadlinesMissed') =>
  Array.from(results.tables.batchHours.columns[column] as Int32Array).reduce((total, value) => total + value, 0);
const of = (results: RunResults, column: 'tardinessMsP50' | 'tardinessMsP95' | 'slackMsP05') =>
  Number(results.tables.populations.columns[column][0]);

describe('deadlines', () => {
  test('of a day, on hosts with room: none missed, no tardiness, and most of a day left', () => {
    const results = run('1d', 2_000);
    expect(sum(results, 'deadlinesMissed')).toBe(0);
    expect(sum(results, 'deadlinesMet')).toBe(sum(results, 'finished'));
    expect(of(results, 'tardinessMsP95')).toBe(0);
    expect(of(results, 'slackMsP05')).toBeGreaterThan(12 * 3_600_000);
  });

  test('of ten minutes: longer tasks miss it by their own length, and the median is in time', () => {
    const results = run('10m', 2_000);
    const missed = sum(results, 'deadlinesMissed');
    expect(missed).toBeGreaterThan(0);
    expect(sum(results, 'deadlinesMet')).toBeGreaterThan(missed);
    expect(of(results, 'tardinessMsP50')).toBe(0);
    expect(of(results, 'tardinessMsP95')).toBeGreaterThan(60_000);
    expect(results.summary.deadlineMissPercent).toBeCloseTo(
      (100 * missed) / (missed + sum(results, 'deadlinesMet')),
      9,
    );
  });

  test('jobs that never get to run count as missed when the run ends behind their deadline', () => {
    const results = run('10m', 60_000);
    const ended = sum(results, 'deadlinesMissed') + sum(results, 'deadlinesMet');
    // More are judged than have finished: the rest still waits or runs with its deadline behind it.
    expect(ended).toBeGreaterThan(1.5 * sum(results, 'finished'));
    expect(ended).toBeLessThanOrEqual(sum(results, 'submitted'));
    expect(of(results, 'tardinessMsP95')).toBeGreaterThan(4 * 3_600_000);
  });
});

import { describe, expect, test } from 'vitest';
import { type RunResults, TABLES } from '../sim/results/schema.ts';
import { budgetFacts, causesSentence, violationsSentence } from './error-budget.ts';

type Columns = Readonly<Record<string, readonly number[]>>;

/** A table with the given columns; the others hold zeros. */
function table(name: 'windows' | 'serviceHours', rows: number, columns: Columns) {
  const all = TABLES[name].map((column) => [
    column.name,
    Float64Array.from(columns[column.name] ?? new Array<number>(rows).fill(0)),
  ]);
  return { name, rows, columns: Object.fromEntries(all) };
}

function results(serviceHours: Columns, rows: number, lateByMinute: readonly number[] = [0]): RunResults {
  const windows = table('windows', lateByMinute.length, {
    timeMs: lateByMinute.map((_, minute) => minute * 60_000),
    requests: lateByMinute.map(() => 1000),
    violatingRequests: lateByMinute,
  });
  return { tables: { serviceHours: table('serviceHours', rows, serviceHours), windows } } as unknown as RunResults;
}

describe('error budget', () => {
  test('of 20,000 requests at 99 % the budget is 200; 50 late are 25 %: 20 % contention, 2.5 % dead hosts, 2.5 % of its own', () => {
    // Hour 0 is warm-up. Service 0: 50 late, 10 of them without best effort, 5 of those by dead hosts.
    const facts = budgetFacts(
      results(
        {
          service: [0, 0, 1, 1],
          hour: [0, 1, 0, 1],
          requests: [10_000, 10_000, 10_000, 10_000],
          violatingRequests: [900, 50, 0, 0],
          violatingContention: [0, 40, 0, 0],
          violatingDeadHosts: [0, 5, 0, 0],
        },
        4,
      ),
      99,
      1,
      0,
      60_000,
    );
    expect(facts.budget).toBeCloseTo(200, 9);
    expect(facts.burnedPercent).toBeCloseTo(25, 9);
    expect(facts.byCause['best effort beside it']).toBeCloseTo(20, 9);
    expect(facts.byCause['dead hosts']).toBeCloseTo(2.5, 9);
    expect(facts.byCause['load of its own']).toBeCloseTo(2.5, 9);
    expect(facts.worst?.service).toBe(0);
    expect(facts.hours.map(({ hour }) => hour)).toEqual([1]);
  });

  test('every cause has its column, parts add up to the late requests, and each violation has the cause with the largest part', () => {
    // 1 % of 1,000 is 10. Hour 0: 100 late, 7 x 10 booked, 40 of its own. Hour 1: 60 late, 50 for memory. Hour 2: 5 late: no violation.
    const facts = budgetFacts(
      results(
        {
          service: [0, 0, 0],
          hour: [0, 1, 2],
          requests: [1000, 1000, 1000],
          violatingRequests: [100, 60, 5],
          violatingContention: [10, 5, 0],
          violatingSuppression: [10, 0, 5],
          violatingThrottled: [10, 0, 0],
          violatingMemory: [10, 50, 0],
          violatingDeadHosts: [10, 0, 0],
          violatingUnplaced: [10, 5, 0],
        },
        3,
      ),
      99,
      0,
      0,
      60_000,
    );
    const total = facts.hours.map(({ late }) => Object.values(late).reduce((sum, part) => sum + part, 0));
    expect(total).toEqual([100, 60, 5]);
    expect(facts.hours[0].late['load of its own']).toBe(40);
    expect(facts.hours[2].late['late suppression']).toBe(5);
    expect(facts.violations).toMatchObject({ 'load of its own': 1, memory: 1, 'late suppression': 0 });
    expect(violationsSentence(facts)).toBe('load of its own 1, memory 1');
    // 165 late: 60 memory, 40 own, 15 each of contention, suppression and not placed, 10 each of limits and dead hosts.
    expect(causesSentence(facts)).toMatch(/^memory 36.4 %, load of its own 24.2 %, /);
  });

  const one = { service: [0], hour: [0], requests: [1], violatingRequests: [0] };

  test('20 % late for 60 minutes after 60 calm ones: the fast alert stands from the minute its hour passes 14.4 %', () => {
    // Long span: k late minutes of 60 give 20 k / 60 %; above 14.4 % from k = 44 on, minute 103, through minute 119: 17 minutes.
    const late = [...new Array<number>(60).fill(0), ...new Array<number>(60).fill(200)];
    const [fast, slow] = budgetFacts(results(one, 1, late), 99, 0, 0, 60_000).alerts;
    expect(fast).toMatchObject({ minutes: 17, firstMs: 103 * 60_000 });
    expect(slow).toMatchObject({ minutes: 0, firstMs: null });
  });

  test('an alert ends with its short span: the hour is still bad but the last 5 minutes are calm', () => {
    // Minutes 0..59 late at 20 %, then calm. At minute 59 the hour is full (20 %); short span holds k late of 5: 20 k / 5 > 14.4 %
    // for k = 5 and 4, that is minutes 59 and 60; long at minute 60: 59 x 20 / 60 = 19.7 %.
    const late = [...new Array<number>(60).fill(200), ...new Array<number>(60).fill(0)];
    const [fast] = budgetFacts(results(one, 1, late), 99, 0, 0, 60_000).alerts;
    expect(fast).toMatchObject({ minutes: 2, firstMs: 59 * 60_000 });
  });

  test('7 % late for six hours and a half stands on the slow alert for 31 minutes and never on the fast one', () => {
    // The six-hour span is full at minute 359; 390 minutes end at 389: 31 minutes at 7 > 6 times the allowed 1 %.
    const [fast, slow] = budgetFacts(results(one, 1, new Array<number>(390).fill(70)), 99, 0, 0, 60_000).alerts;
    expect(fast.firstMs).toBeNull();
    expect(slow).toMatchObject({ minutes: 31, firstMs: 359 * 60_000 });
  });
});

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { parseInstantMs, parseSchedule, printSchedule } from './iso8601.ts';
import { dueJobs, sleepMs, untilNextJobMs } from './job-selection.ts';
import { register, unroll } from './schedule-stream.ts';
import { skipForward } from './skip-forward.ts';

const at = parseInstantMs;
const read = (text: string): ReturnType<typeof parseSchedule> => parseSchedule(text, 0);

describe('stream of 2.4', () => {
  test('a run exactly epsilon old is missed, one millisecond younger is not', () => {
    const stream = read('R1/2012-01-01T00:00:00Z/PT1H');
    expect(unroll(stream, at('2012-01-01T00:01:00Z'), 60_000, 60_000)).toEqual({
      dueMs: [],
      missed: 1,
      remaining: null,
    });
    expect(unroll(stream, at('2012-01-01T00:00:59.999Z'), 60_000, 60_000).dueMs).toHaveLength(1);
  });
  test('a monthly job from 31 January 2012, registered on 15 April, goes on from 30 April with 3 runs fewer', () => {
    // counted one by one: 31 Jan, 29 Feb, 29 Mar, 29 Apr >= 15 Apr: 3 skips; 31 Jan + 3 months = 30 Apr
    const registered = register(read('R5/2012-01-31T00:00:00Z/P1M'), at('2012-04-15T00:00:00Z'), 60_000);
    expect(registered === null ? null : printSchedule(registered)).toBe('R2/2012-04-30T00:00:00.000Z/P1M');
  });
  test('R2 a day is used up when three days have passed', () => {
    expect(register(read('R2/2012-01-01T00:00:00Z/P1D'), at('2012-01-04T00:00:00Z'), 60_000)).toBeNull();
  });
  test('an endless stream that does not move is refused', () => {
    expect(() => unroll(read('R/2012-01-01T00:00:00Z/PT0S'), at('2012-01-01T00:00:00Z'), 60_000, 60_000)).toThrow(
      ConfigError,
    );
  });
});

describe('skip-forward of 3.0', () => {
  test('a monthly job overshoots by 5 months in February 2017: a month of 28 days fits 66 times, 67 are added', () => {
    // 2012-01-01 to 2017-02-10: 1827 + 31 + 9 = 1867 days; 1867 / 28 = 66.7 -> 67 months = 2017-08-01; right is 2017-03-01
    const skipped = skipForward(read('R/2012-01-01T00:00:00Z/P1M'), at('2017-02-10T00:00:00Z'));
    expect(printSchedule(skipped)).toBe('R/2017-08-01T00:00:00.000Z/P1M');
  });
  test('R0 becomes endless', () => {
    expect(skipForward(read('R0/2012-01-01T00:00:00Z/P1D'), at('2012-01-01T00:00:00Z')).repeat).toBe(-1);
  });
});

describe('selection of 3.0', () => {
  const job = (name: string, text: string): { name: string; schedule: ReturnType<typeof read>; disabled: boolean } => ({
    name,
    schedule: read(text),
    disabled: false,
  });
  test('a start that equals now is not due; the earliest start runs first', () => {
    const jobs = [job('b', 'R/2012-01-02T00:00:00Z/P1D'), job('a', 'R/2012-01-01T00:00:00Z/P1D')];
    expect(dueJobs(jobs, at('2012-01-02T00:00:00Z'))).toEqual(['a']);
    expect(dueJobs(jobs, at('2012-01-03T00:00:00Z'))).toEqual(['a', 'b']);
  });
  test('an hour to the next job is a sleep of 60 s, ten seconds are ten seconds', () => {
    const jobs = [job('a', 'R/2012-01-01T01:00:00Z/P1D')];
    expect(untilNextJobMs(jobs, at('2012-01-01T00:00:00Z'))).toBe(3_600_000);
    expect(sleepMs(jobs, at('2012-01-01T00:00:00Z'))).toBe(60_000);
    expect(sleepMs(jobs, at('2012-01-01T00:59:50Z'))).toBe(10_000);
  });
});

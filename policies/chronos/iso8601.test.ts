import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { civilToMs, daysFromCivil, msToCivil } from './calendar.ts';
import { parseInstantMs, parseSchedule, printDateTime, printSchedule } from './iso8601.ts';
import { addPeriod, parsePeriod, printPeriod } from './period.ts';

describe('calendar', () => {
  test('2000-03-01 is day 11 017: 30 years of 365 days, 7 leap days, 31 + 29 days of 2000', () => {
    // 30 x 365 + 7 (1972..1996) + 60 = 11 017
    expect(daysFromCivil(2000, 3, 1)).toBe(11_017);
    expect(daysFromCivil(1970, 1, 1)).toBe(0);
    expect(daysFromCivil(1969, 12, 31)).toBe(-1);
  });
  test('agrees with the engine for every instant from year 1 to 9999, both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        const date = new Date(ms);
        const civil = msToCivil(ms);
        expect([civil.year, civil.month, civil.day]).toEqual([
          date.getUTCFullYear(),
          date.getUTCMonth() + 1,
          date.getUTCDate(),
        ]);
        expect(civilToMs(civil)).toBe(ms);
        expect(printDateTime(ms)).toBe(date.toISOString());
        expect(parseInstantMs(date.toISOString())).toBe(ms);
      }),
    );
  });
});

describe('repeating intervals', () => {
  test('what is printed is read back the same', () => {
    const text = 'R5/2012-01-01T08:00:00.250+08:00/P1Y2M3W4DT5H6M7.800S';
    expect(printSchedule(parseSchedule(text, 0))).toBe(text);
  });
  test('a week date, an ordinal date and a calendar date name the same day: 2008-W09-6 = 2008-061 = 2008-03-01', () => {
    // 2008-W01 begins on Monday 2007-12-31; + 8 weeks + 5 days = 2008-03-01. January 31 + February 29 + 1 = 61.
    const day = parseInstantMs('2008-03-01');
    expect(parseInstantMs('2008-W09-6')).toBe(day);
    expect(parseInstantMs('2008-061')).toBe(day);
  });
  test('02:30 on the night clocks go forward is 03:30 summer time; on the night they go back it is the first of two', () => {
    // Paris 2012-03-25: 02:00 +01:00 -> 03:00 +02:00, so 02:30 means 01:30Z. 2012-10-28: 03:00 +02:00 -> 02:00 +01:00; first 02:30 is 00:30Z.
    const at = (local: string): string => printDateTime(parseSchedule(`R/${local}/P1D`, 0, 'Europe/Paris').startMs);
    expect(at('2012-03-25T02:30:00')).toBe('2012-03-25T01:30:00.000Z');
    expect(at('2012-10-28T02:30:00')).toBe('2012-10-28T00:30:00.000Z');
  });
  test('a day across the change of clocks is 23 hours on the wall clock of Paris and 24 in UTC', () => {
    const start = parseInstantMs('2012-03-24T12:00:00+01:00');
    expect(addPeriod(start, 'Europe/Paris', parsePeriod('P1D')) - start).toBe(23 * 3_600_000);
    expect(addPeriod(start, 'UTC', parsePeriod('P1D')) - start).toBe(24 * 3_600_000);
  });
  test('31 January plus one month is 29 February 2012, plus two months 31 March', () => {
    const start = parseInstantMs('2012-01-31');
    expect(printDateTime(addPeriod(start, 'UTC', parsePeriod('P1M')))).toBe('2012-02-29T00:00:00.000Z');
    expect(printDateTime(addPeriod(start, 'UTC', parsePeriod('P1M'), 2))).toBe('2012-03-31T00:00:00.000Z');
  });
  test('an empty start is one second before now', () => {
    expect(parseSchedule('R1//P1D', 10_000).startMs).toBe(9_000);
  });
  for (const [text, rule] of [
    ['5/2012-01-01/P1D', 'no ISO 8601 repeating interval'],
    ['R/2012-01-01', 'no ISO 8601 repeating interval'],
    ['R/2012-13-01/P1D', 'month 13 is not 1 to 12'],
    ['R/2011-02-29/P1D', 'month 2 of 2011 has days 1 to 28'],
    ['R/2011-366/P1D', 'days 1 to 365'],
    ['R/2011-W53-1/P1D', 'weeks 1 to 52'],
    ['R/2011-01-01T24:00:00Z/P1D', 'time of day is out of range'],
    ['R/2011-01-01T10:00:00+25:00/P1D', 'offset +25:00 is out of range'],
    ['R/yesterday/P1D', 'no ISO 8601 date and time'],
    ['R//P', 'no ISO 8601 period'],
    ['R//PT', 'no ISO 8601 period'],
    ['R//P1H', 'no ISO 8601 period'],
  ] as const)
    test(`"${text}" is refused: ${rule}`, () => {
      expect(() => parseSchedule(text, 0)).toThrow(ConfigError);
      expect(() => parseSchedule(text, 0)).toThrow(rule);
    });
  test('an unknown zone is refused by name, or read as GMT where production does so', () => {
    expect(() => parseSchedule('R/2012-01-01/P1D', 0, 'Mars/Base')).toThrow('unknown time zone "Mars/Base"');
    expect(parseSchedule('R/2012-01-01/P1D', 0, 'Mars/Base', true).zone).toBe('UTC');
  });
  test('PT60S stays PT60S, half a second keeps its sign, nothing prints as PT0S', () => {
    expect(['PT60S', 'PT-0.5S', 'P0D'].map((text) => printPeriod(parsePeriod(text)))).toEqual([
      'PT60S',
      'PT-0.500S',
      'PT0S',
    ]);
  });
});

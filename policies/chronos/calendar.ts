/**
 * The proleptic Gregorian calendar on integers: days since 1970-01-01 and milliseconds since midnight UTC that day.
 *
 * Day counts use eras of 400 years (146 097 days), with years that begin in March so that the leap day comes last.
 */
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND } from '../base/units.ts';

/** A date and a time of day without a zone. `month` and `day` count from 1. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly milli: number;
}

/** Whether `year` has a 29th of February. */
export function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Number of days of a month (1-12). */
export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : MONTH_DAYS[month - 1];
}

/** Days from 1970-01-01 to a date; negative before. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Milliseconds from 1970-01-01T00:00 to a civil time, as if it were UTC. */
export function civilToMs(time: CivilTime): number {
  return (
    daysFromCivil(time.year, time.month, time.day) * MS_PER_DAY +
    time.hour * MS_PER_HOUR +
    time.minute * MS_PER_MINUTE +
    time.second * MS_PER_SECOND +
    time.milli
  );
}

/** Inverse of `civilToMs`. */
export function msToCivil(ms: number): CivilTime {
  const days = Math.floor(ms / MS_PER_DAY);
  const inDay = ms - days * MS_PER_DAY;
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
    hour: Math.floor(inDay / MS_PER_HOUR),
    minute: Math.floor(inDay / MS_PER_MINUTE) % 60,
    second: Math.floor(inDay / MS_PER_SECOND) % 60,
    milli: inDay % MS_PER_SECOND,
  };
}

/** Adds months to a civil time given in milliseconds; a day that the month lacks becomes its last day. */
export function addMonths(localMs: number, months: number): number {
  if (months === 0) return localMs;
  const time = msToCivil(localMs);
  const index = time.year * 12 + time.month - 1 + months;
  const year = Math.floor(index / 12);
  const month = index - year * 12 + 1;
  return civilToMs({ ...time, year, month, day: Math.min(time.day, daysInMonth(year, month)) });
}

/**
 * ISO 8601 repeating intervals as Chronos reads them: `R[n]/start/period`.
 *
 * `R` alone repeats without end (-1); an empty start means one second before now; the period is obligatory. A zone given
 * beside the text replaces the zone in the text and keeps the wall-clock fields, even against an explicit offset.
 * Source: Chronos Iso8601Expressions, Joda-Time DateTime.parse.
 */
import { ConfigError } from '../base/assert.ts';
import { MS_PER_DAY } from '../base/units.ts';
import { civilToMs, daysFromCivil, daysInMonth, isLeapYear, msToCivil } from './calendar.ts';
import { type Period, parsePeriod, printPeriod } from './period.ts';
import { localToInstantMs, offsetMsAt, offsetText, resolveZone } from './zone.ts';

/** Repetitions left without end. */
export const INFINITE = -1;

/** A repeating interval: `repeat` runs, the first at `startMs`, then one each `period` on the wall clock of `zone`. */
export interface Schedule {
  readonly repeat: number;
  readonly startMs: number;
  readonly zone: string;
  readonly period: Period;
}

const INTERVAL = /^(R\d*)\/(.*)\/(P.*)$/;

/**
 * Reads a repeating interval.
 *
 * `nowMs` stands for an empty start; `zone` is '' for none. Errors: ConfigError naming the part that is malformed, or an
 * unknown zone unless `unknownZoneIsGmt` (what Java makes of it).
 */
export function parseSchedule(text: string, nowMs: number, zone = '', unknownZoneIsGmt = false): Schedule {
  const match = INTERVAL.exec(text);
  if (match === null)
    throw new ConfigError(
      `"${text}" is no ISO 8601 repeating interval; the form is R[n]/start/period, such as R5/2030-01-01T00:00:00Z/P1D`,
    );
  const [, repeatText, startText, periodText] = match;
  const repeat = repeatText.length === 1 ? INFINITE : Number(repeatText.slice(1));
  if (!Number.isSafeInteger(repeat)) throw new ConfigError(`"${text}": ${repeatText} repeats more often than 2^53`);
  const period = parsePeriod(periodText);
  if (startText === '') return { repeat, startMs: nowMs - 1000, zone: 'UTC', period };
  const start = parseDateTime(startText);
  if (zone === '') return { repeat, startMs: start.localMs - start.offsetMs, zone: zoneOf(start.offsetMs), period };
  const replaced = resolveZone(zone, unknownZoneIsGmt);
  return { repeat, startMs: localToInstantMs(replaced, start.localMs), zone: replaced, period };
}

/** Prints a repeating interval, its start to the millisecond with the offset of its zone. */
export function printSchedule(schedule: Schedule): string {
  const repeat = schedule.repeat === INFINITE ? 'R' : `R${schedule.repeat}`;
  const start = printDateTime(schedule.startMs, schedule.zone);
  return `${repeat}/${start}/${printPeriod(schedule.period)}`;
}

/** Prints an instant as `2012-01-01T00:00:00.000Z`, on the wall clock of `zone`. */
export function printDateTime(instantMs: number, zone = 'UTC'): string {
  const offsetMs = offsetMsAt(zone, instantMs);
  const time = msToCivil(instantMs + offsetMs);
  const pad = (value: number, width: number): string => String(Math.abs(value)).padStart(width, '0');
  const date = `${time.year < 0 ? '-' : ''}${pad(time.year, 4)}-${pad(time.month, 2)}-${pad(time.day, 2)}`;
  const clock = `${pad(time.hour, 2)}:${pad(time.minute, 2)}:${pad(time.second, 2)}.${pad(time.milli, 3)}`;
  return `${date}T${clock}${offsetText(offsetMs)}`;
}

/** Reads an instant such as `2012-01-01T00:00:00Z`; without an offset it is UTC. Errors: ConfigError. */
export function parseInstantMs(text: string): number {
  const parsed = parseDateTime(text);
  return parsed.localMs - parsed.offsetMs;
}

function zoneOf(offsetMs: number): string {
  return offsetMs === 0 ? 'UTC' : offsetText(offsetMs);
}

const DATE_TIME =
  /^([+-]?\d{4,6})(?:-(?:W(\d{1,2})(?:-([1-7]))?|(\d{3})|(\d{1,2})(?:-(\d{1,2}))?))?(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

interface ParsedDateTime {
  readonly localMs: number;
  readonly offsetMs: number;
}

/** Calendar dates, week dates (2008-W09-6) and ordinal dates (2008-061); time and offset may be left out. */
function parseDateTime(text: string): ParsedDateTime {
  const match = DATE_TIME.exec(text);
  if (match === null) throw new ConfigError(`"${text}" is no ISO 8601 date and time; the form is 2030-01-01T00:00:00Z`);
  const number = (index: number, absent: number): number =>
    match[index] === undefined ? absent : Number(match[index]);
  const year = number(1, 0);
  const days = dayNumber(text, year, match);
  const hour = number(7, 0);
  const minute = number(8, 0);
  const second = number(9, 0);
  // 24:00 is no time of day to Joda-Time, nor is a leap second.
  if (hour > 23 || minute > 59 || second > 59)
    throw new ConfigError(`"${text}": the time of day is out of range; 00:00:00 to 23:59:59`);
  const milli = Number(`${match[10] ?? ''}000`.slice(0, 3));
  const clock = civilToMs({ year: 1970, month: 1, day: 1, hour, minute, second, milli });
  return { localMs: days * MS_PER_DAY + clock, offsetMs: parseOffset(text, match[11]) };
}

function dayNumber(text: string, year: number, match: RegExpExecArray): number {
  if (match[2] !== undefined) {
    const week = Number(match[2]);
    // Week 1 holds 4 January; 1970-01-01 was a Thursday, so day number + 3 counts from a Monday.
    const firstMonday = mondayOfWeekOne(year);
    const weeks = Math.round((mondayOfWeekOne(year + 1) - firstMonday) / 7);
    if (week < 1 || week > weeks) throw new ConfigError(`"${text}": year ${year} has weeks 1 to ${weeks}`);
    return firstMonday + (week - 1) * 7 + Number(match[3] ?? '1') - 1;
  }
  if (match[4] !== undefined) {
    const ordinal = Number(match[4]);
    const length = isLeapYear(year) ? 366 : 365;
    if (ordinal < 1 || ordinal > length) throw new ConfigError(`"${text}": year ${year} has days 1 to ${length}`);
    return daysFromCivil(year, 1, 1) + ordinal - 1;
  }
  const month = Number(match[5] ?? '1');
  const day = Number(match[6] ?? '1');
  if (month < 1 || month > 12) throw new ConfigError(`"${text}": month ${month} is not 1 to 12`);
  if (day < 1 || day > daysInMonth(year, month))
    throw new ConfigError(`"${text}": month ${month} of ${year} has days 1 to ${daysInMonth(year, month)}`);
  return daysFromCivil(year, month, day);
}

function mondayOfWeekOne(year: number): number {
  const fourth = daysFromCivil(year, 1, 4);
  return fourth - ((((fourth + 3) % 7) + 7) % 7);
}

function parseOffset(text: string, offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) throw new ConfigError(`"${text}": the offset ${offset} is out of range`);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

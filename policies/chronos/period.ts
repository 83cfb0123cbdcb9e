/** ISO 8601 periods (`P1Y2M3W4DT5H6M7.8S`): reading, printing, and adding to an instant in a zone. */
import { ConfigError } from '../base/assert.ts';
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND } from '../base/units.ts';
import { addMonths } from './calendar.ts';
import { localToInstantMs, offsetMsAt } from './zone.ts';

/** A period by its fields; a month or a day has no fixed length until it is added to a date. */
export interface Period {
  readonly years: number;
  readonly months: number;
  readonly weeks: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  /** Seconds and their fraction, in ms. */
  readonly ms: number;
}

const NUMBER = '([+-]?\\d+)';
const SECONDS = '([+-]?\\d+(?:[.,]\\d+)?)';
const PERIOD = new RegExp(
  `^P(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}W)?(?:${NUMBER}D)?(?:T(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${SECONDS}S)?)?$`,
);

/** Reads a period. Errors: ConfigError when the text is none, or names no field. Rounding: below a millisecond, down. */
export function parsePeriod(text: string): Period {
  const match = PERIOD.exec(text);
  const named = match === null ? [] : match.slice(1).filter((field) => field !== undefined);
  if (match === null || named.length === 0 || text.endsWith('T'))
    throw new ConfigError(`"${text}" is no ISO 8601 period; examples: P1D, PT10M, P1Y2M3DT4H5M6S`);
  const field = (index: number): number => Number(match[index] ?? '0');
  return {
    years: field(1),
    months: field(2),
    weeks: field(3),
    days: field(4),
    hours: field(5),
    minutes: field(6),
    ms: secondsToMs(match[7] ?? '0'),
  };
}

function secondsToMs(text: string): number {
  const [whole, fraction = ''] = text.replace(',', '.').split('.');
  const milli = Number(`${fraction}000`.slice(0, 3));
  const size = Math.abs(Number(whole)) * MS_PER_SECOND + milli;
  return whole.startsWith('-') ? -size : size;
}

/** Prints a period in the canonical form: absent fields left out, `PT0S` for nothing. */
export function printPeriod(period: Period): string {
  const date = part(period.years, 'Y') + part(period.months, 'M') + part(period.weeks, 'W') + part(period.days, 'D');
  const whole = Math.trunc(period.ms / MS_PER_SECOND);
  const milli = Math.abs(period.ms % MS_PER_SECOND);
  const sign = period.ms < 0 && whole === 0 ? '-' : '';
  const seconds = milli === 0 ? part(whole, 'S') : `${sign}${whole}.${String(milli).padStart(3, '0')}S`;
  const time = part(period.hours, 'H') + part(period.minutes, 'M') + seconds;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

function part(amount: number, letter: string): string {
  return amount === 0 ? '' : `${amount}${letter}`;
}

/** Whether the length of the period depends on the date it is added to by more than daylight saving. */
export function hasMonths(period: Period): boolean {
  return period.years !== 0 || period.months !== 0;
}

/** Length of a period without months and years; a day counts as 24 hours. Units: ms. */
export function fixedLengthMs(period: Period): number {
  return (
    (period.weeks * 7 + period.days) * MS_PER_DAY +
    period.hours * MS_PER_HOUR +
    period.minutes * MS_PER_MINUTE +
    period.ms
  );
}

/**
 * The instant `times` periods after `instantMs`.
 *
 * Years, months, weeks and days move the wall clock of `zone`; hours and less move time itself. `times` multiplies each
 * field first, so twelve months are one year even when one month would have been cut to a shorter one.
 */
export function addPeriod(instantMs: number, zone: string, period: Period, times = 1): number {
  const months = (period.years * 12 + period.months) * times;
  const days = (period.weeks * 7 + period.days) * times;
  let moved = instantMs;
  if (months !== 0 || days !== 0) {
    const local = addMonths(instantMs + offsetMsAt(zone, instantMs), months) + days * MS_PER_DAY;
    moved = localToInstantMs(zone, local);
  }
  return moved + (period.hours * MS_PER_HOUR + period.minutes * MS_PER_MINUTE + period.ms) * times;
}

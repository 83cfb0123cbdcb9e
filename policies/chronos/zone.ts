/**
 * Time zones: UTC, fixed offsets (`+08:00`) and names of the tz database.
 *
 * Names are the one thing here that the engine's tz data decides; they are read when a schedule is read and stepped, never
 * in a simulation's hot loop, and every schedule written with `Z` or an offset does without.
 */
import { ConfigError } from '../base/assert.ts';
import { MS_PER_HOUR, MS_PER_MINUTE } from '../base/units.ts';
import { civilToMs } from './calendar.ts';

/** Three-letter names that Java keeps for compatibility, which schedules of that time use. */
const JAVA_SHORT_NAMES: Readonly<Record<string, string>> = {
  ACT: 'Australia/Darwin',
  AET: 'Australia/Sydney',
  AGT: 'America/Argentina/Buenos_Aires',
  ART: 'Africa/Cairo',
  AST: 'America/Anchorage',
  BET: 'America/Sao_Paulo',
  BST: 'Asia/Dhaka',
  CAT: 'Africa/Harare',
  CNT: 'America/St_Johns',
  CST: 'America/Chicago',
  CTT: 'Asia/Shanghai',
  EAT: 'Africa/Addis_Ababa',
  ECT: 'Europe/Paris',
  EST: '-05:00',
  HST: '-10:00',
  IET: 'America/Indiana/Indianapolis',
  IST: 'Asia/Kolkata',
  JST: 'Asia/Tokyo',
  MIT: 'Pacific/Apia',
  MST: '-07:00',
  NET: 'Asia/Yerevan',
  NST: 'Pacific/Auckland',
  PLT: 'Asia/Karachi',
  PNT: 'America/Phoenix',
  PRT: 'America/Puerto_Rico',
  PST: 'America/Los_Angeles',
  SST: 'Pacific/Guadalcanal',
  VST: 'Asia/Ho_Chi_Minh',
};

const FIXED = /^(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$/;

/** Offset in milliseconds of a fixed zone, or null when `zone` is not one. */
function fixedOffsetMs(zone: string): number | null {
  if (zone === 'UTC' || zone === 'Z' || zone === 'GMT' || zone === 'UT') return 0;
  const match = FIXED.exec(zone);
  if (match === null) return null;
  const hours = Number(match[2]);
  const minutes = Number(match[3] ?? '0');
  if (hours > 23 || minutes > 59) return null;
  return (match[1] === '-' ? -1 : 1) * (hours * MS_PER_HOUR + minutes * MS_PER_MINUTE);
}

function formatter(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/**
 * The zone that `name` means: `UTC`, `+hh:mm` or a name of the tz database.
 *
 * Errors: ConfigError for an unknown name; with `unknownIsGmt` it is read as GMT, as Java's TimeZone does without a word.
 */
export function resolveZone(name: string, unknownIsGmt: boolean): string {
  const long = Object.hasOwn(JAVA_SHORT_NAMES, name) ? JAVA_SHORT_NAMES[name] : name;
  const fixed = fixedOffsetMs(long);
  if (fixed !== null) return fixed === 0 ? 'UTC' : offsetText(fixed);
  try {
    formatter(long);
    return long;
  } catch {
    if (unknownIsGmt) return 'UTC';
    throw new ConfigError(`unknown time zone "${name}"; known: UTC, +hh:mm, or a tz name such as Asia/Shanghai`);
  }
}

/** Offset of `zone` from UTC at an instant. Units: ms, positive east of Greenwich. */
export function offsetMsAt(zone: string, instantMs: number): number {
  const fixed = fixedOffsetMs(zone);
  if (fixed !== null) return fixed;
  const field: Record<string, number> = {};
  let beforeChrist = false;
  for (const part of formatter(zone).formatToParts(instantMs)) {
    if (part.type === 'era') beforeChrist = part.value.startsWith('B');
    else field[part.type] = Number(part.value);
  }
  const local = civilToMs({
    year: beforeChrist ? 1 - field.year : field.year,
    month: field.month,
    day: field.day,
    hour: field.hour,
    minute: field.minute,
    second: field.second,
    milli: 0,
  });
  return local - (instantMs - (((instantMs % 1000) + 1000) % 1000));
}

/**
 * The instant at which clocks of `zone` show `localMs`.
 *
 * An hour that occurs twice means its first occurrence; an hour that is skipped means that much after the jump.
 */
export function localToInstantMs(zone: string, localMs: number): number {
  const before = offsetMsAt(zone, localMs - 24 * MS_PER_HOUR);
  const after = offsetMsAt(zone, localMs + 24 * MS_PER_HOUR);
  if (before === after) return localMs - before;
  const early = localMs - Math.max(before, after);
  const late = localMs - Math.min(before, after);
  if (offsetMsAt(zone, early) === localMs - early) return early;
  if (offsetMsAt(zone, late) === localMs - late) return late;
  return localMs - before;
}

/** `Z` or `+hh:mm`. */
export function offsetText(offsetMs: number): string {
  if (offsetMs === 0) return 'Z';
  const minutes = Math.floor(Math.abs(offsetMs) / MS_PER_MINUTE);
  const hh = String(Math.floor(minutes / 60)).padStart(2, '0');
  const mm = String(minutes % 60).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${hh}:${mm}`;
}

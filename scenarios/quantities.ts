/**
 * Amounts with units, as people write them: `7d`, `64 cores`, `2000m`, `512GiB`, `65%`.
 *
 * Every parser returns the number in the unit of its name, or a text that says what is wrong, ready to follow the path of
 * the value in an error message.
 */
import {
  BYTES_PER_GIB,
  BYTES_PER_MIB,
  MS_PER_DAY,
  MS_PER_HOUR,
  MS_PER_MINUTE,
  MS_PER_SECOND,
  MS_PER_WEEK,
} from '../policies/base/units.ts';
import { didYouMean } from './suggest.ts';

/** How one kind of amount is written. */
export interface QuantityKind {
  /** With article, as in `expected ...`. */
  readonly what: string;
  readonly example: string;
  /** Factor of each unit to the unit of the result; the first names are the ones shown. */
  readonly units: Readonly<Record<string, number>>;
  /** Units named in messages; the rest are accepted spellings. */
  readonly shown: readonly string[];
  /** Factor of a number without a unit, or null when a unit must be given. Zero never needs one. */
  readonly bareFactor: number | null;
  /** The result must be a whole number of its unit. */
  readonly integer: boolean;
}

export const DURATION_MS: QuantityKind = {
  what: 'a duration',
  example: '60s',
  units: {
    ms: 1,
    s: MS_PER_SECOND,
    m: MS_PER_MINUTE,
    h: MS_PER_HOUR,
    d: MS_PER_DAY,
    w: MS_PER_WEEK,
    second: MS_PER_SECOND,
    seconds: MS_PER_SECOND,
    min: MS_PER_MINUTE,
    minute: MS_PER_MINUTE,
    minutes: MS_PER_MINUTE,
    hour: MS_PER_HOUR,
    hours: MS_PER_HOUR,
    day: MS_PER_DAY,
    days: MS_PER_DAY,
    week: MS_PER_WEEK,
    weeks: MS_PER_WEEK,
  },
  shown: ['ms', 's', 'm', 'h', 'd', 'w'],
  bareFactor: null,
  integer: true,
};

export const CPU_MILLI: QuantityKind = {
  what: 'an amount of CPU',
  example: '64 cores',
  units: { m: 1, core: 1000, cores: 1000 },
  shown: ['cores', 'm'],
  bareFactor: 1000,
  integer: true,
};

export const MEMORY_MIB: QuantityKind = {
  what: 'an amount of memory',
  example: '512GiB',
  units: {
    MiB: 1,
    Mi: 1,
    GiB: BYTES_PER_GIB / BYTES_PER_MIB,
    Gi: BYTES_PER_GIB / BYTES_PER_MIB,
    TiB: (1024 * BYTES_PER_GIB) / BYTES_PER_MIB,
    Ti: (1024 * BYTES_PER_GIB) / BYTES_PER_MIB,
  },
  shown: ['MiB', 'GiB', 'TiB'],
  bareFactor: null,
  integer: false,
};

export const PERCENT: QuantityKind = {
  what: 'a percentage',
  example: '65%',
  units: { '%': 1 },
  shown: ['%'],
  bareFactor: 1,
  integer: false,
};

export const SHARE: QuantityKind = {
  what: 'a share',
  example: '50%',
  units: { '%': 0.01 },
  shown: ['%'],
  bareFactor: 1,
  integer: false,
};

export const WATTS: QuantityKind = {
  what: 'a power',
  example: '130W',
  units: { W: 1, kW: 1000 },
  shown: ['W', 'kW'],
  bareFactor: 1,
  integer: false,
};

export const GB_PER_SECOND: QuantityKind = {
  what: 'a bandwidth',
  example: '220GB/s',
  units: { 'GB/s': 1 },
  shown: ['GB/s'],
  bareFactor: 1,
  integer: false,
};

export type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly problem: string };

const AMOUNT = /^([+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*)?$/;

/**
 * Reads one amount and checks that it lies in [min, max], both in the unit of the result.
 *
 * Rounding: none; an amount that is not whole where it must be is refused.
 */
export function parseQuantity(input: string | number, kind: QuantityKind, min: number, max: number, why = ''): Parsed {
  const shown = typeof input === 'number' ? String(input) : JSON.stringify(input);
  const wrong = (text: string): Parsed => ({ ok: false, problem: `is ${shown}; ${text}` });
  const because = why === '' ? '' : `: ${why}`;
  let amount: number;
  let unit: string;
  if (typeof input === 'number') {
    amount = input;
    unit = '';
  } else {
    const match = AMOUNT.exec(input.trim());
    if (match === null) return wrong(`expected ${kind.what} such as ${kind.example}`);
    amount = Number((match[1] as string).replaceAll('_', ''));
    unit = match[2] ?? '';
  }
  if (!Number.isFinite(amount)) return wrong('expected a finite number');
  let factor: number;
  if (unit === '') {
    if (kind.bareFactor === null && amount !== 0)
      return wrong(`${kind.what} needs a unit; known units: ${kind.shown.join(', ')}, as in ${kind.example}`);
    factor = kind.bareFactor ?? 1;
  } else if (Object.hasOwn(kind.units, unit)) factor = kind.units[unit] as number;
  else
    return wrong(
      `unknown unit "${unit}" of ${kind.what}; known units: ${kind.shown.join(', ')}.${didYouMean(unit, Object.keys(kind.units))}`,
    );
  const value = exactProduct(amount, factor);
  if (kind.integer && !Number.isSafeInteger(value)) return wrong(`must be a whole number${smallest(kind)}`);
  if (value < min) return wrong(min === 0 ? 'must not be negative' : `must be at least ${show(min, kind)}`);
  if (value > max) return wrong(`must be at most ${show(max, kind)}${because}`);
  return { ok: true, value };
}

/** 2.3 s is 2300 ms although 2.3 * 1000 is 2299.9999999999995: products next to a whole number are that number. */
function exactProduct(amount: number, factor: number): number {
  const product = amount * factor;
  const whole = Math.round(product);
  return Math.abs(product - whole) <= Math.abs(whole) * 1e-12 ? whole : product;
}

function smallest(kind: QuantityKind): string {
  return kind === CPU_MILLI ? ' of milli-CPU' : kind === DURATION_MS ? ' of milliseconds' : '';
}

/** An amount in the largest shown unit that keeps it whole: 90000 ms is 90s, 86400000 ms is 1d. */
export function show(value: number, kind: QuantityKind): string {
  if (value === 0) return `0${kind.example.replace(/^[\d.]+/, '')}`;
  let bestUnit = '';
  let bestFactor = 0;
  for (const unit of kind.shown) {
    const factor = kind.units[unit] as number;
    if (Number.isInteger(value / factor) && factor > bestFactor) {
      bestFactor = factor;
      bestUnit = unit;
    }
  }
  if (bestUnit === '') {
    for (const unit of kind.shown) {
      const factor = kind.units[unit] as number;
      if (bestFactor === 0 || factor < bestFactor) {
        bestFactor = factor;
        bestUnit = unit;
      }
    }
  }
  const amount = value / bestFactor;
  if (bestUnit === 'cores') return amount === 1 ? '1 core' : `${amount} cores`;
  return `${amount}${bestUnit}`;
}

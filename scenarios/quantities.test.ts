import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CPU_MILLI,
  DURATION_MS,
  GB_PER_SECOND,
  MEMORY_MIB,
  PERCENT,
  parseQuantity,
  SHARE,
  show,
  WATTS,
} from './quantities.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const value = (input: string | number, kind = DURATION_MS) => {
  const parsed = parseQuantity(input, kind, 0, MAX);
  return parsed.ok ? parsed.value : parsed.problem;
};

describe('amounts with units', () => {
  test.each([
    ['7d', DURATION_MS, 604_800_000], // 7 x 86,400,000
    ['60s', DURATION_MS, 60_000],
    ['1.5 h', DURATION_MS, 5_400_000],
    ['2.3s', DURATION_MS, 2_300], // 2.3 * 1000 is 2299.9999999999995 in doubles
    ['250ms', DURATION_MS, 250],
    ['2 weeks', DURATION_MS, 1_209_600_000],
    ['0', DURATION_MS, 0],
    [0, DURATION_MS, 0],
    ['64 cores', CPU_MILLI, 64_000],
    ['2000m', CPU_MILLI, 2_000],
    [0.5, CPU_MILLI, 500],
    ['1_000m', CPU_MILLI, 1_000],
    ['512GiB', MEMORY_MIB, 524_288], // 512 x 1024
    ['2.6GiB', MEMORY_MIB, 2_662.4],
    ['1 Ti', MEMORY_MIB, 1_048_576],
    ['65%', PERCENT, 65],
    [65, PERCENT, 65],
    ['50%', SHARE, 0.5],
    [0.5, SHARE, 0.5],
    ['0.13kW', WATTS, 130],
    ['220GB/s', GB_PER_SECOND, 220],
  ] as const)('%s of kind %# is %d', (input, kind, expected) => {
    expect(value(input, kind)).toBe(expected);
  });

  test.each([
    ['60', DURATION_MS, 'is "60"; a duration needs a unit; known units: ms, s, m, h, d, w, as in 60s'],
    [60, DURATION_MS, 'is 60; a duration needs a unit; known units: ms, s, m, h, d, w, as in 60s'],
    [
      '7 dayz',
      DURATION_MS,
      'is "7 dayz"; unknown unit "dayz" of a duration; known units: ms, s, m, h, d, w. Did you mean "day"?',
    ],
    ['0.5ms', DURATION_MS, 'is "0.5ms"; must be a whole number of milliseconds'],
    ['512', MEMORY_MIB, 'is "512"; an amount of memory needs a unit; known units: MiB, GiB, TiB, as in 512GiB'],
    [
      '5GB',
      MEMORY_MIB,
      'is "5GB"; unknown unit "GB" of an amount of memory; known units: MiB, GiB, TiB. Did you mean "GiB"?',
    ],
    ['0.5m', CPU_MILLI, 'is "0.5m"; must be a whole number of milli-CPU'],
    ['', DURATION_MS, 'is ""; expected a duration such as 60s'],
    ['soon', DURATION_MS, 'is "soon"; expected a duration such as 60s'],
    ['-3s', DURATION_MS, 'is "-3s"; must not be negative'],
    ['1e999s', DURATION_MS, 'is "1e999s"; expected a finite number'],
    [
      '5 constructor',
      DURATION_MS,
      'is "5 constructor"; unknown unit "constructor" of a duration; known units: ms, s, m, h, d, w.',
    ],
  ] as const)('%j is refused', (input, kind, problem) => {
    expect(value(input, kind)).toBe(problem);
  });

  test('the bound and its reason are told: 5d is above 1d', () => {
    expect(parseQuantity('5d', DURATION_MS, 0, 86_400_000, 'a run covers a day')).toEqual({
      ok: false,
      problem: 'is "5d"; must be at most 1d: a run covers a day',
    });
  });

  test('showing takes the largest unit that keeps the amount whole', () => {
    expect([86_400_000, 5_400_000, 90_000, 1_500, 0].map((ms) => show(ms, DURATION_MS))).toEqual([
      '1d',
      '90m',
      '90s',
      '1500ms',
      '0s',
    ]);
    expect([1_000, 64_000, 1_500].map((milli) => show(milli, CPU_MILLI))).toEqual(['1 core', '64 cores', '1500m']);
  });

  test('what is shown reads back as the same amount, 1,000 durations and CPUs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.constantFrom(DURATION_MS, CPU_MILLI), (amount, kind) => {
        expect(value(show(amount, kind), kind)).toBe(amount);
      }),
      { numRuns: 1_000, seed: 1 },
    );
  });
});

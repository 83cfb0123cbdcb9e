import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agreedReleaseOf,
  beAllocatableMilliCpu,
  beRealLimitMilliCpu,
  cpuEvictRelease,
  cpuUsedEvictRelease,
  isBeUsageHigh,
  isWindowCovered,
  satisfactionLinesValid,
  satisfactionRelease,
  satisfactionReleaseOf,
  satisfactionWindowSeconds,
} from './cpu-evict.ts';

describe('satisfaction', () => {
  test('10 of 50 cpus is 20 %, at most 30 %: to reach 40 % a request of 10 cpus goes', () => {
    expect(satisfactionReleaseOf(50_000, 10_000, 30, 40)).toBe(10_000);
  });

  test('at exactly the lower line it releases, above it does not', () => {
    expect([3000, 3001].map((limit) => satisfactionReleaseOf(10_000, limit, 30, 40))).toEqual([1000, 0]);
  });

  test('no request releases nothing; equal lines at the line leave no gap', () => {
    expect(satisfactionReleaseOf(0, 0, 30, 40)).toBe(0);
    expect(satisfactionReleaseOf(10_000, 5000, 50, 50)).toBe(0);
  });

  test('use is high at 90 % of the limit; a limit below 1 cpu always is, none never', () => {
    expect([8999, 9000].map((used) => isBeUsageHigh(used, 10_000, 90))).toEqual([false, true]);
    expect([isBeUsageHigh(0, 999, 90), isBeUsageHigh(0, 1000, 90), isBeUsageHigh(9, 0, 90)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('lines: lower above 0 up to 60, upper below 100 and not below lower', () => {
    const lines: [number, number][] = [
      [0, 50],
      [60, 60],
      [61, 90],
      [30, 29],
      [30, 99],
      [30, 100],
      [Number.NaN, 40],
    ];
    expect(lines.map(([low, up]) => satisfactionLinesValid(low, up))).toEqual([
      false,
      true,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  test('the real limit is the smaller of cpuset and quota: 4 cpus and 150000 us are 1500m', () => {
    expect([beRealLimitMilliCpu(4, 150_000), beRealLimitMilliCpu(1, 150_000), beRealLimitMilliCpu(4, -1)]).toEqual([
      1500, 1000, 4000,
    ]);
  });

  test('allocatable 0 counts as 1m, missing or negative as -1, which never evicts', () => {
    expect([0, undefined, -5, 7].map(beAllocatableMilliCpu)).toEqual([1, -1, -1, 7]);
  });
});

describe('window', () => {
  test('K9: unset it is the collect interval of 1 s; off, 60 s; a configured 120 s holds in both', () => {
    expect(satisfactionWindowSeconds(undefined, 1)).toBe(1);
    expect(satisfactionWindowSeconds(undefined, 1, false)).toBe(60);
    expect([satisfactionWindowSeconds(120, 1), satisfactionWindowSeconds(120, 1, false)]).toEqual([120, 120]);
  });

  test('19 samples do not cover 60 s, 20 do; a window of 1 s needs none', () => {
    expect([isWindowCovered(19, 1, 60), isWindowCovered(20, 1, 60), isWindowCovered(0, 1, 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  const settings = { lowerPercent: 30, upperPercent: 40, policy: 'evictByRealLimit' };
  const hungry = { limitMilliCpu: 10_000, usedMilliCpu: 9500, requestMilliCpu: 50_000 };

  test('K9 off: one hungry second is not enough, 20 of 60 are', () => {
    const release = (sampleCount: number, quirk: boolean) =>
      satisfactionRelease(settings, 1, undefined, { ...hungry, sampleCount }, hungry, quirk);
    expect([release(1, true), release(1, false), release(20, false)]).toEqual([10_000, 0, 10_000]);
  });

  test('without a current sample nothing is evicted by the real limit', () => {
    expect(satisfactionRelease(settings, 1, undefined, { ...hungry, sampleCount: 9 }, undefined)).toBe(0);
  });

  test('with a limit below 1 cpu and no current sample, requests are unknown and nothing is evicted', () => {
    const tiny = { limitMilliCpu: 900, usedMilliCpu: 0, requestMilliCpu: 50_000, sampleCount: 9 };
    expect(satisfactionRelease(settings, 1, undefined, tiny, undefined)).toBe(0);
    expect(satisfactionRelease(settings, 1, undefined, tiny, tiny)).toBe(19_100);
  });

  test('by allocatable the sold 8 cpus are the limit, and nothing sold at all switches it off', () => {
    const byAllocatable = { ...settings, policy: 'evictByAllocatable' };
    const average = { ...hungry, sampleCount: 9 };
    expect(satisfactionRelease(byAllocatable, 1, 8000, average, hungry)).toBe(12_000);
    expect(satisfactionRelease(byAllocatable, 1, undefined, average, hungry)).toBe(0);
  });
});

describe('sweeps', () => {
  test('each host gets what it would get alone; NaN usage threshold is 90', () => {
    const milli = fc.integer({ min: 0, max: 60_000 });
    const host = fc.tuple(milli, milli, milli, milli, milli, milli);
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 6 }), (hosts) => {
        const column = (k: number) => Float64Array.from(hosts, (entry) => entry[k]);
        const out = new Float64Array(hosts.length);
        const columns = [column(0), column(1), column(2), column(3), column(4), column(5)] as const;
        cpuEvictRelease(hosts.length, ...columns, 60, 90, Number.NaN, out);
        expect([...out]).toEqual(hosts.map((h) => agreedReleaseOf(...h, 60, 90, 90)));
      }),
    );
  });

  test('CPUEvict: 81 % at a line of 80 % releases down to 78 %: 3000m of 100 cpus; 79.99 % releases nothing', () => {
    const out = new Float64Array(2);
    cpuUsedEvictRelease(2, Float64Array.of(81_000, 79_990), Float64Array.of(100_000, 100_000), 80, Number.NaN, out);
    expect([...out]).toEqual([3000, 0]);
  });
});

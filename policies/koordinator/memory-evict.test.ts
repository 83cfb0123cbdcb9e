import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { believedMemoryBytes, beMemoryEvict, memoryEvictRelease } from './memory-evict.ts';
import { usedLinesValid, usedPercentRelease, usedPercentReleaseOf } from './used-evict.ts';

const NONE = Number.NaN;

describe('how much', () => {
  test('K11: 85.9 % of 1000 counts as 85 and releases 70 down to 78; exactly, 79', () => {
    expect(usedPercentReleaseOf(859, 1000, 80, NONE, true)).toBe(70);
    expect(usedPercentReleaseOf(859, 1000, 80, NONE, false)).toBe(79);
  });

  test('K11: a node of 1 TiB at 70.9 % is not above a line of 71, exactly it is above 70.5', () => {
    const tib = 1_099_511_627_776;
    expect(usedPercentReleaseOf(0.709 * tib, tib, 71, NONE, true)).toBe(0);
    expect(usedPercentReleaseOf(0.709 * tib, tib, 70.5, 70, false)).toBeGreaterThan(0.0089 * tib);
  });

  test('use of 799.9 of 1000 is cut to 799, below a line of 80 %, also where percents are exact', () => {
    expect([true, false].map((whole) => usedPercentReleaseOf(799.9, 1000, 80, NONE, whole))).toEqual([0, 0]);
  });

  test('at exactly the line it releases 2 %; without capacity never', () => {
    expect(usedPercentReleaseOf(800, 1000, 80, NONE, true)).toBe(20);
    expect(usedPercentReleaseOf(800, 0, 80, NONE, true)).toBe(0);
  });

  test('lines are legal only with lower below threshold', () => {
    const lines: [number, number][] = [
      [80, NONE],
      [80, 79],
      [80, 80],
      [-1, NONE],
      [0, NONE],
      [NONE, NONE],
    ];
    expect(lines.map(([line, lower]) => usedLinesValid(line, lower))).toEqual([true, true, false, false, true, false]);
  });

  test('the sweep equals the single host, in both countings', () => {
    const bytes = fc.integer({ min: 0, max: 2_000_000_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes), { minLength: 1, maxLength: 6 }), (hosts) => {
        const used = Float64Array.from(hosts, ([a]) => a);
        const capacity = Float64Array.from(hosts, ([, b]) => b);
        const out = new Float64Array(hosts.length);
        memoryEvictRelease(hosts.length, used, capacity, 70, NONE, out);
        expect([...out]).toEqual(hosts.map(([a, b]) => usedPercentReleaseOf(a, b, 70, NONE, true)));
        usedPercentRelease(hosts.length, used, capacity, 70, 60, false, out);
        expect([...out]).toEqual(hosts.map(([a, b]) => usedPercentReleaseOf(a, b, 70, 60, false)));
      }),
    );
  });

  test('more use never releases less, a higher line never releases more', () => {
    const bytes = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 3, max: 95 }), fc.boolean(), (used, capacity, line, whole) => {
        const base = usedPercentReleaseOf(used, capacity, line, NONE, whole);
        expect(usedPercentReleaseOf(used + 1000, capacity, line, NONE, whole)).toBeGreaterThanOrEqual(base);
        expect(usedPercentReleaseOf(used, capacity, line + 1, NONE, whole)).toBeLessThanOrEqual(base);
        expect(base).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('whom', () => {
  const be = (name: string, priorityValue: number, usedMemBytes: number) => ({
    name,
    qosLabel: 'BE',
    priorityValue,
    usedMemBytes,
  });
  const pods = [
    be('big', 200, 100),
    be('small', 100, 10),
    be('other', 100, 20),
    { ...be('ls', 1, 900), qosLabel: 'LS' },
  ];

  test('85 % of 1000 at 80 % needs 70: other 20, small 10, then big', () => {
    const victims = beMemoryEvict(850, 1000, { thresholdPercent: 80, lowerPercent: NONE }, pods);
    expect(victims.map((pod) => pod.name)).toEqual(['other', 'small', 'big']);
  });

  test('a release of 20 stops after the first; lower equal to the threshold switches it off', () => {
    expect(beMemoryEvict(800, 1000, { thresholdPercent: 80, lowerPercent: NONE }, pods)).toHaveLength(1);
    expect(beMemoryEvict(950, 1000, { thresholdPercent: 80, lowerPercent: 80 }, pods)).toEqual([]);
  });

  test('K10: MemoryEvict believes that 3.5 bytes free 3500; off, 3', () => {
    expect([believedMemoryBytes(3.5), believedMemoryBytes(3.5, false)]).toEqual([3500, 3]);
  });
});

import { describe, expect, test } from 'vitest';
import {
  afterThirdParties,
  degradedValue,
  degradeNeeded,
  resourceChanged,
  syncNeeded,
  writeGate,
} from './write-gate.ts';

const MINUTE = 60_000;
const NONE = Number.NaN;

describe('staleness', () => {
  test('a report exactly 15 minutes old is fresh, one a millisecond older is stale, none is stale', () => {
    expect(degradeNeeded(0, 15 * MINUTE, 15)).toBe(false);
    expect(degradeNeeded(0, 15 * MINUTE + 1, 15)).toBe(true);
    expect(degradeNeeded(undefined, 0, 15)).toBe(true);
  });

  test('K6: stale resources are removed; off, 1001 is held for a period, then halves to 500 and 250', () => {
    expect(degradedValue(1001, 16 * MINUTE, 15, true)).toBeUndefined();
    const held = [16, 29, 30, 45, 59].map((age) => degradedValue(1001, age * MINUTE, 15, false));
    expect(held).toEqual([1001, 1001, 500, 250, 250]);
  });
});

describe('write gate', () => {
  test('a change of exactly 10 % is not written, one unit more is', () => {
    expect([1000, 1100, 1101, 900, 899].map((now) => resourceChanged(1000, now, 0.1))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  test('any change from 0 is written; appearing and vanishing are; missing on both sides is not', () => {
    expect(resourceChanged(0, 1, 0.1)).toBe(true);
    expect(resourceChanged(0, 0, 0.1)).toBe(false);
    expect(resourceChanged(NONE, 0, 0.1)).toBe(true);
    expect(resourceChanged(5, NONE, 0.1)).toBe(true);
    expect(resourceChanged(NONE, NONE, 0.1)).toBe(false);
  });

  test('unchanged values are written when never written or older than 300 s, not at exactly 300 s', () => {
    const due = (publishedAtMs: number | undefined) => syncNeeded([7], [7], publishedAtMs, 300_000, 300_000, 0.1);
    expect([due(undefined), due(0), due(-1)]).toEqual([true, false, true]);
  });

  test('the sweep marks never written, old, changed and vanished hosts, and leaves the quiet one', () => {
    const published = Float64Array.of(10, 10, 10, 10, 10);
    const computed = Float64Array.of(10, 10, 12, NONE, 11);
    const at = Float64Array.of(NONE, -1, 0, 0, 0);
    const out = new Uint8Array(5).fill(9);
    writeGate(5, published, computed, at, 300_000, 300_000, 0.1, out);
    expect([...out]).toEqual([1, 1, 1, 1, 0]);
  });
});

describe('third parties', () => {
  const taken = (milliCpu: number) => ({ milliCpu, memBytes: 10 });

  test('only allocations of class batch are subtracted, and never below 0', () => {
    const origin = { milliCpu: 50, memBytes: 15 };
    const allocations = [
      { priorityClass: 'koord-batch', resources: taken(30) },
      { priorityClass: 'koord-mid', resources: taken(15) },
      { priorityClass: 'koord-batch', resources: taken(5) },
    ] as const;
    expect(afterThirdParties(origin, allocations)).toEqual({ milliCpu: 15, memBytes: 0 });
    expect(afterThirdParties(origin, [])).toEqual(origin);
  });
});

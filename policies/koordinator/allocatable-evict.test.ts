import { expect, test } from 'vitest';
import {
  allocatableEvictRelease,
  allocatableLinesValid,
  allocatableRelease,
  allocatableReleaseOf,
  CPU_FORMULA,
  MEMORY_FORMULA,
} from './allocatable-evict.ts';

test('85 of 100 is above 80 %: down to 70 % is 15; exactly 80 releases nothing', () => {
  expect([85, 80].map((asked) => allocatableReleaseOf(asked, 100, 80, 70, CPU_FORMULA))).toEqual([15, 0]);
});

test('a tier the node does not offer, or offers 0 of, releases all; a negative line nothing', () => {
  expect(allocatableReleaseOf(85, Number.NaN, 80, 70, CPU_FORMULA)).toBe(85);
  expect(allocatableReleaseOf(85, 0, 80, 70, MEMORY_FORMULA)).toBe(85);
  expect(allocatableReleaseOf(85, 0, -1, 70, CPU_FORMULA)).toBe(0);
});

test('of 200 amounts on an allocatable of 49, memory is cut to one unit less for some and cpu for none', () => {
  // cpu: asked - 0 ; memory: trunc(asked / 49 * 49), where the quotient's rounding may end just below asked
  const cpu: number[] = [];
  const memory: number[] = [];
  for (let asked = 1; asked <= 200; asked++) {
    cpu.push(allocatableReleaseOf(asked, 49, 0, 0, CPU_FORMULA));
    memory.push(allocatableReleaseOf(asked, 49, 0, 0, MEMORY_FORMULA));
  }
  expect(cpu).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  const off = memory.map((amount, i) => amount - cpu[i]);
  expect(off.every((difference) => difference === 0 || difference === -1)).toBe(true);
  expect(off).toContain(-1);
});

test('pods above the priority threshold are not counted; 0 or unset takes the tier default', () => {
  const lines = { thresholdPercent: 50, lowerPercent: 40, priorityThreshold: 5999 };
  const pods = [
    { tier: 'batch', priorityValue: 5000, request: 30 },
    { tier: 'batch', request: 30 },
    { tier: 'batch', priorityValue: 6000, request: 900 },
    { tier: 'mid', priorityValue: 0, request: 900 },
  ] as const;
  expect(allocatableRelease({ batch: 100, mid: 100 }, pods, lines, CPU_FORMULA)).toEqual({ batch: 20 });
});

test('lines are legal with lower below threshold and priorities up to 7999', () => {
  const lines = { thresholdPercent: 80, lowerPercent: 70, priorityThreshold: 7999 };
  expect(allocatableLinesValid(lines)).toBe(true);
  expect(allocatableLinesValid({ ...lines, priorityThreshold: 8000 })).toBe(false);
  expect(allocatableLinesValid({ ...lines, lowerPercent: 80 })).toBe(false);
});

test('the sweep equals the single host', () => {
  const out = new Float64Array(3);
  const offered = Float64Array.of(100, Number.NaN, 100);
  allocatableEvictRelease(3, Float64Array.of(85, 85, 10), offered, 80, 70, CPU_FORMULA, out);
  expect([...out]).toEqual([15, 85, 0]);
});

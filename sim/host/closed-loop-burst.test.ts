/** A burst of 12 requests of 50 ms on 4 cpus of quota: 600 ms of CPU, 400 a period, 12 ms of CPU a ms. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runBurst } from './closed-loop-burst.ts';

test('at the start of a period: quota gone after 33.3 ms, 66.7 ms of stall, 200 ms of CPU in the next; two active periods count three', () => {
  const run = runBurst(12, 50, 4, 100, 0, 0);
  expect(run.stallMs).toBeCloseTo(100 - 400 / 12, 9);
  expect([run.throttledPeriods, run.countedPeriods]).toEqual([1, 3]);
});

test('at 75 % of a period: 300 ms of CPU in it and 300 in the next: nobody is throttled', () => {
  const run = runBurst(12, 50, 4, 100, 0, 0.75);
  expect(run.stallMs).toBeCloseTo(0, 9);
  expect([run.throttledPeriods, run.countedPeriods]).toEqual([0, 3]);
});

test('at 90 %: 120 ms of CPU, then 400 of the 480 left, then a stall of 66.7 ms in the second period', () => {
  const run = runBurst(12, 50, 4, 100, 0, 0.9);
  expect(run.stallMs).toBeCloseTo(100 - 400 / 12, 9);
  expect([run.throttledPeriods, run.countedPeriods]).toEqual([1, 4]);
});

test('half a quota of reserve holds the whole burst: 600 of 600 ms', () => {
  expect(runBurst(12, 50, 4, 100, 0.5, 0).stallMs).toBeCloseTo(0, 9);
});

test('never faster than alone, and more reserve never means more stall', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 1, max: 150, noNaN: true }),
      share,
      share,
      share,
      (n, ms, phase, b, more) => {
        const plain = runBurst(n, ms, 2, 100, b, phase);
        expect(plain.stallMs).toBeGreaterThan(-1e-6);
        expect(runBurst(n, ms, 2, 100, b + more, phase).stallMs).toBeLessThanOrEqual(plain.stallMs + 1e-6);
        expect(plain.throttledPeriods).toBeLessThan(plain.countedPeriods);
      },
    ),
  );
});

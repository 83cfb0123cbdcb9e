import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  advanceLimiter,
  burstCapacity,
  createBurstLimiter,
  isLimiterExpired,
  limiterForSettings,
  tokensAfter,
  usagePercentOfLimit,
} from './burst-limiter.ts';

test('100 s at up to 150 % hold 5000 tokens; a draw of 0.5 starts with a quarter, of 0.9999 with just under half', () => {
  expect(burstCapacity(100, 150)).toBe(5000);
  expect([0, 0.5, 0.9999].map((u) => createBurstLimiter(100, 150, u, 0).tokens)).toEqual([0, 1250, 2499]);
});

test('60 % and 99 % change nothing, 100 % consumes 0, 59 % saves 41 a second', () => {
  expect([60, 99, 100, 59].map((usage) => tokensAfter(10, 5000, 1000, usage))).toEqual([10, 10, 10, 51]);
});

test('tokens stay within the capacity on both sides', () => {
  expect(tokensAfter(0, 5000, 1_000_000, 300)).toBe(-5000);
  expect(tokensAfter(0, 5000, 1_000_000, 0)).toBe(5000);
});

test('K12: 1.9 s at 200 % cost 100; off, 190', () => {
  expect([tokensAfter(500, 5000, 1900, 200), tokensAfter(500, 5000, 1900, 200, false)]).toEqual([400, 310]);
});

test('K12: looking every 900 ms never costs a token, however long it lasts', () => {
  let limiter = { capacity: 5000, tokens: 10, updatedAtMs: 0 };
  for (let nowMs = 900; nowMs <= 90_000; nowMs += 900) limiter = advanceLimiter(limiter, nowMs, 250).limiter;
  expect(limiter.tokens).toBe(10);
  expect(advanceLimiter(limiter, 92_000, 250, false).allowed).toBe(false);
});

test('exactly 0 tokens deny, 1 allows', () => {
  const at = (tokens: number) => advanceLimiter({ capacity: 9, tokens, updatedAtMs: 0 }, 0, 80).allowed;
  expect([at(0), at(1)]).toEqual([false, true]);
});

test('settings of the same capacity keep the tokens, others start afresh', () => {
  const limiter = { capacity: 5000, tokens: 7, updatedAtMs: 1 };
  expect(limiterForSettings(limiter, 50, 200, 0.5, 9)).toBe(limiter);
  expect(limiterForSettings(limiter, 100, 200, 0.5, 9)).toEqual({ capacity: 10_000, tokens: 2500, updatedAtMs: 9 });
});

test('it is dropped after more than two periods without a look', () => {
  const limiter = { capacity: 1, tokens: 1, updatedAtMs: 0 };
  expect([isLimiterExpired(limiter, 200_000, 100), isLimiterExpired(limiter, 200_001, 100)]).toEqual([false, true]);
});

test('use of 1.999 of 2 cores is 99 %', () => {
  expect(usagePercentOfLimit(1.999, 2)).toBe(99);
});

test('tokens never leave [-capacity, capacity] and more use never leaves more', () => {
  const usage = fc.integer({ min: 0, max: 400 });
  fc.assert(
    fc.property(
      fc.integer({ min: -100, max: 100 }),
      fc.nat(20_000),
      usage,
      fc.boolean(),
      (tokens, ms, percent, whole) => {
        const after = tokensAfter(tokens, 100, ms, percent, whole);
        expect(Math.abs(after)).toBeLessThanOrEqual(100);
        expect(tokensAfter(tokens, 100, ms, percent + 1, whole)).toBeLessThanOrEqual(after);
      },
    ),
  );
});

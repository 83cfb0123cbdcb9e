import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchAllocatable,
  batchAllocatableOf,
  cpuPolicyCode,
  MAX_USAGE_REQUEST,
  memoryPolicyCode,
  REQUEST,
  USAGE,
} from './batch-formula.ts';

test('policies by name: cpu knows no request, memory knows all three, anything else is usage', () => {
  const names = ['usage', 'request', 'maxUsageRequest', 'other', undefined];
  expect(names.map(cpuPolicyCode)).toEqual([USAGE, USAGE, MAX_USAGE_REQUEST, USAGE, USAGE]);
  expect(names.map(memoryPolicyCode)).toEqual([USAGE, REQUEST, MAX_USAGE_REQUEST, USAGE, USAGE]);
});

test('33333 at 65 % keeps a margin of 11666, not 11667: 35 % of 33333 is 11666.55, cut', () => {
  expect(batchAllocatableOf(33_333, 65, 0, 0, 0, 0, 0, USAGE, Number.NaN)).toBe(21_667);
});

const amounts = fc.array(fc.integer({ min: 0, max: 128_000 }), { minLength: 6, maxLength: 6 });
const percent = fc.integer({ min: 0, max: 200 });
const policy = fc.constantFrom(USAGE, REQUEST, MAX_USAGE_REQUEST);
const cap = fc.oneof(fc.constant(Number.NaN), percent);

describe('laws of batch allocatable', () => {
  test('the sweep over hosts gives every host what it would get alone', () => {
    fc.assert(
      fc.property(
        fc.array(amounts, { minLength: 1, maxLength: 8 }),
        percent,
        policy,
        cap,
        (hosts, pct, code, capPct) => {
          const column = (k: number) => Float64Array.from(hosts, (host) => host[k]);
          const out = new Float64Array(hosts.length);
          batchAllocatable(
            hosts.length,
            column(0),
            pct,
            column(1),
            column(2),
            column(3),
            column(4),
            column(5),
            code,
            capPct,
            out,
          );
          const alone = hosts.map((h) => batchAllocatableOf(h[0], pct, h[1], h[2], h[3], h[4], h[5], code, capPct));
          expect([...out]).toEqual(alone);
        },
      ),
    );
  });

  test('never below 0, never above the reclaimed share of capacity, never above the cap', () => {
    fc.assert(
      fc.property(amounts, percent, policy, cap, (h, pct, code, capPct) => {
        const sold = batchAllocatableOf(h[0], pct, h[1], h[2], h[3], h[4], h[5], code, capPct);
        expect(sold).toBeGreaterThanOrEqual(0);
        expect(sold).toBeLessThanOrEqual((h[0] * pct) / 100 + 1);
        if (!Number.isNaN(capPct)) expect(sold).toBeLessThanOrEqual((h[0] * capPct) / 100);
      }),
    );
  });

  test('a higher water-line never sells less, and more use or more reservation never sells more', () => {
    fc.assert(
      fc.property(amounts, percent, fc.integer({ min: 1, max: 50 }), policy, (h, pct, more, code) => {
        const base = batchAllocatableOf(h[0], pct, h[1], h[2], h[3], h[4], h[5], code, Number.NaN);
        const higher = batchAllocatableOf(h[0], pct + more, h[1], h[2], h[3], h[4], h[5], code, Number.NaN);
        expect(higher).toBeGreaterThanOrEqual(base);
        for (let k = 1; k < 6; k++) {
          const g = [...h];
          g[k] += more * 100;
          const less = batchAllocatableOf(g[0], pct, g[1], g[2], g[3], g[4], g[5], code, Number.NaN);
          expect(less).toBeLessThanOrEqual(base);
        }
      }),
    );
  });
});

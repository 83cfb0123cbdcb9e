import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fill, fillTree } from './max-min.ts';

function share(
  capacity: number,
  demand: readonly number[],
  weight: readonly number[],
): { grant: number[]; level: number } {
  const grant = new Float64Array(demand.length);
  const scratch = new Int32Array(demand.length);
  const level = fill(capacity, Float64Array.from(demand), Float64Array.from(weight), 0, demand.length, scratch, grant);
  return { grant: [...grant], level };
}

/** The level by bisection on sum min(d, w L) = C: slow, obviously right. */
function byBisection(capacity: number, demand: readonly number[], weight: readonly number[]): number[] {
  const total = demand.reduce((a, b) => a + b, 0);
  if (total <= capacity) return [...demand];
  let low = 0;
  let high = Math.max(...demand.map((d, i) => d / weight[i]));
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    const used = demand.reduce((sum, d, i) => sum + Math.min(d, weight[i] * middle), 0);
    if (used > capacity) high = middle;
    else low = middle;
  }
  return demand.map((d, i) => Math.min(d, weight[i] * low));
}

const instance = fc.integer({ min: 1, max: 30 }).chain((n) =>
  fc.record({
    capacity: fc.double({ min: 0.01, max: 128, noNaN: true }),
    demand: fc.array(fc.double({ min: 0, max: 64, noNaN: true }), { minLength: n, maxLength: n }),
    weight: fc.array(fc.constantFrom(2, 20, 256, 1024, 4096, 65536), { minLength: n, maxLength: n }),
  }),
);

describe('fill', () => {
  test('16 cpus under demand 6 6 6 6 6 and weights 4096 2048 1024 2 2 grant 6 4 wants: 6 6 3.98 .008 .008', () => {
    // Level pass 1: L = 16/7172; 4096 L = 9.14 >= 6 met. Rest 10/3076: 2048 L = 6.66 >= 6 met. Rest 4/1028:
    // 1024 L = 3.98443..., 2 L = 0.0077821.
    const { grant, level } = share(16, [6, 6, 6, 6, 6], [4096, 2048, 1024, 2, 2]);
    expect(level).toBeCloseTo(4 / 1028, 12);
    expect(grant[0]).toBe(6);
    expect(grant[1]).toBe(6);
    expect(grant[2]).toBeCloseTo((1024 * 4) / 1028, 12);
    expect(grant[4]).toBeCloseTo(8 / 1028, 12);
  });

  test('demand of 10 on 16 cpus is granted whole at level infinity', () => {
    expect(share(16, [4, 6], [2, 1024])).toEqual({ grant: [4, 6], level: Infinity });
  });

  test('a revocable Mesos tier of 64 cpus (10 each) against one regular cpu (1024) of demand 8 gets 640 / 1664 of 8', () => {
    const { grant } = share(8, [64, 8], [640, 1024]);
    expect(grant[0]).toBeCloseTo((8 * 640) / 1664, 12); // 3.0769
  });

  test('unmet demand without weight is an error, not an endless loop', () => {
    expect(() => share(1, [4, 4], [0, 0])).toThrow(/without weight/);
  });

  test('rows outside [from, to) are not touched', () => {
    const grant = Float64Array.of(-1, -1, -1, -1);
    fill(2, Float64Array.of(9, 3, 3, 9), Float64Array.of(1, 1, 1, 1), 1, 3, new Int32Array(4), grant);
    expect([...grant]).toEqual([-1, 1, 1, -1]);
  });

  test('equals bisection within 1e-9 and conserves: sum of grants = min(C, sum of demand)', () => {
    fc.assert(
      fc.property(instance, ({ capacity, demand, weight }) => {
        const { grant } = share(capacity, demand, weight);
        const slow = byBisection(capacity, demand, weight);
        const wanted = demand.reduce((a, b) => a + b, 0);
        const used = grant.reduce((a, b) => a + b, 0);
        expect(Math.abs(used - Math.min(capacity, wanted))).toBeLessThan(1e-9);
        for (let i = 0; i < grant.length; i++) {
          expect(grant[i]).toBeLessThanOrEqual(demand[i]);
          expect(Math.abs(grant[i] - slow[i])).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  test('more demand of one never raises the grant of another', () => {
    fc.assert(
      fc.property(instance, fc.double({ min: 0, max: 32, noNaN: true }), ({ capacity, demand, weight }, more) => {
        const before = share(capacity, demand, weight).grant;
        const after = share(capacity, [demand[0] + more, ...demand.slice(1)], weight).grant;
        for (let i = 1; i < before.length; i++) expect(after[i]).toBeLessThanOrEqual(before[i] + 1e-9);
      }),
      { numRuns: 500, seed: 11 },
    );
  });
});

describe('fillTree', () => {
  test('Kubernetes: 100 besteffort pods under a tier of weight 2 share what one burstable pod leaves', () => {
    // Root 8 cpus: burstable tier (weight 1024, one pod wants 6), besteffort tier (weight 2, 100 pods want 1 each).
    // L = 8/1026: 1024 L = 7.98 >= 6 met; the tier gets 2, each pod 0.02.
    const nodes = 104;
    const demand = new Float64Array(nodes);
    const weight = new Float64Array(nodes).fill(2);
    const first = new Int32Array(nodes);
    const end = new Int32Array(nodes);
    [first[0], end[0]] = [1, 3];
    [first[1], end[1]] = [3, 4];
    [first[2], end[2]] = [4, 104];
    weight[1] = 1024;
    demand[3] = 6;
    demand.fill(1, 4);
    const grant = new Float64Array(nodes);
    fillTree(
      8,
      new Float64Array(nodes).fill(Infinity),
      weight,
      first,
      end,
      0,
      nodes,
      new Int32Array(nodes),
      demand,
      grant,
    );
    expect(grant[0]).toBe(8);
    expect(grant[1]).toBe(6);
    expect(grant[2]).toBeCloseTo(2, 12);
    expect(grant[103]).toBeCloseTo(0.02, 12);
  });

  test('a tier quota of 3 caps children that want 8; what it may not use stays with its sibling', () => {
    // Root 8: A (cap 3; children want 4 and 4) and B wants 6, all weights 1. D_A = 3; fill(8, [3, 6]) = [3, 5].
    const demand = Float64Array.of(0, 0, 6, 4, 4);
    const grant = new Float64Array(5);
    const cap = Float64Array.of(Infinity, 3, Infinity, Infinity, Infinity);
    const first = Int32Array.of(1, 3, 0, 0, 0);
    const end = Int32Array.of(3, 5, 0, 0, 0);
    fillTree(8, cap, new Float64Array(5).fill(1), first, end, 0, 5, new Int32Array(5), demand, grant);
    expect([...grant]).toEqual([8, 3, 5, 1.5, 1.5]);
  });

  test('leaves of a random two-level tree use min(C, sum of capped tiers)', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: 0.1, max: 20, noNaN: true }),
            fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 1, maxLength: 6 }),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        fc.double({ min: 0.5, max: 60, noNaN: true }),
        (tiers, capacity) => {
          const nodes = 1 + tiers.length + tiers.reduce((n, [, pods]) => n + pods.length, 0);
          const demand = new Float64Array(nodes);
          const cap = new Float64Array(nodes).fill(Infinity);
          const first = new Int32Array(nodes);
          const end = new Int32Array(nodes);
          [first[0], end[0]] = [1, 1 + tiers.length];
          let next = 1 + tiers.length;
          let expected = 0;
          tiers.forEach(([quota, pods], tier) => {
            cap[1 + tier] = quota;
            first[1 + tier] = next;
            demand.set(pods, next);
            next += pods.length;
            end[1 + tier] = next;
            expected += Math.min(
              quota,
              pods.reduce((a, b) => a + b, 0),
            );
          });
          const grant = new Float64Array(nodes);
          const weight = Float64Array.from({ length: nodes }, (_, i) => 1 + (i % 3));
          fillTree(capacity, cap, weight, first, end, 0, nodes, new Int32Array(nodes), demand, grant);
          const used = grant.slice(1 + tiers.length).reduce((a, b) => a + b, 0);
          expect(Math.abs(used - Math.min(capacity, expected))).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 500, seed: 3 },
    );
  });
});

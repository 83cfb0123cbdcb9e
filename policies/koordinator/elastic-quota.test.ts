import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountPod, admitPod, DEFAULT_ELASTIC_QUOTA_CONFIG, updateQuota } from './elastic-quota.ts';
import { INTENDED_QUIRKS } from './quirks.ts';
import { hamiltonShares, redistributeQuota, scaledMin } from './quota-redistribute.ts';
import { isOverUsedTooLong, podsToRevoke, type RevocablePod } from './quota-revoke.ts';
import { buildQuotaTree, propagateRequests, type QuotaSpec, refreshAllQuotas, refreshQuota } from './quota-tree.ts';

describe('largest remainder', () => {
  test('memory in bytes past 2^53 loses no byte: 3 x 2^41 of 1 TiB + 1 by equal weights', () => {
    const total = 1_099_511_627_777;
    const weight = Float64Array.of(2_199_023_255_552, 2_199_023_255_552, 2_199_023_255_552);
    const share = new Float64Array(3);
    hamiltonShares(total, weight, ['c', 'b', 'a'], [0, 1, 2], share);
    // 1099511627777 / 3 = 366503875925 rest 2: the first two names by order, a and b, get one byte more.
    expect([...share]).toEqual([366_503_875_925, 366_503_875_926, 366_503_875_926]);
  });

  test('for any weights and total the shares add up and stay within one unit of the exact share (BigInt check)', () => {
    const amount = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 42 }));
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 6 }), amount, (weights, total) => {
        const share = new Float64Array(weights.length);
        const rows = weights.map((_, row) => row);
        hamiltonShares(total, Float64Array.from(weights), rows.map(String), rows, share);
        const sum = weights.reduce((a, b) => a + BigInt(b), 0n);
        const given = share.reduce((a, b) => a + b, 0);
        expect(given).toBe(sum === 0n ? 0 : total);
        weights.forEach((weight, row) => {
          if (sum === 0n) return;
          const floor = Number((BigInt(weight) * BigInt(total)) / sum);
          expect(share[row] - floor === 0 || share[row] - floor === 1).toBe(true);
        });
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

test('no child gets more than its request or its floor, and nothing claimed is left while somebody is hungry', () => {
  const child = fc.record({
    weight: fc.integer({ min: 1, max: 50 }),
    request: fc.integer({ min: 0, max: 200 }),
    min: fc.integer({ min: 0, max: 60 }),
    lent: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(child, { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 0, max: 500 }),
      (children, total) => {
        const runtime = new Float64Array(children.length);
        const column = (of: (c: (typeof children)[number]) => number) => Float64Array.from(children, of);
        redistributeQuota(
          total,
          {
            count: children.length,
            names: children.map((_, i) => `q${i}`),
            weight: column((c) => c.weight),
            limitedRequest: column((c) => c.request),
            min: column((c) => c.min),
            guarantee: new Float64Array(children.length),
            allowLent: Uint8Array.from(children, (c) => (c.lent ? 1 : 0)),
          },
          runtime,
        );
        const sum = runtime.reduce((a, b) => a + b, 0);
        const floors = children.reduce((a, c) => a + (c.lent ? Math.min(c.request, c.min) : c.min), 0);
        expect(sum).toBeLessThanOrEqual(Math.max(total, floors));
        children.forEach((c, i) => {
          expect(runtime[i]).toBeLessThanOrEqual(Math.max(c.request, c.lent ? 0 : c.min));
        });
        const isHungry = children.some((c, i) => runtime[i] < c.request);
        if (isHungry && floors <= total) expect(sum).toBe(total);
      },
    ),
    { numRuns: 300, seed: 11 },
  );
});

/**
 * Continuous water-filling from scratch: one level L for which the hungry children's min(request, floor + weight x L) add up to what
 * is there, found by halving.
 */
function waterLevelRuntime(
  total: number,
  children: readonly { weight: number; request: number; min: number; lent: boolean }[],
): number[] {
  const at = (level: number): number[] =>
    children.map(({ weight, request, min, lent }) => {
      if (request <= min) return lent ? request : min;
      return Math.min(request, min + weight * level);
    });
  const sum = (amounts: readonly number[]): number => amounts.reduce((all, amount) => all + amount, 0);
  if (sum(at(0)) >= total) return at(0);
  let [low, high] = [0, 1e6];
  for (let step = 0; step < 100; step++) {
    const level = (low + high) / 2;
    if (sum(at(level)) > total) high = level;
    else low = level;
  }
  return at(low);
}

test('whole-unit shares stay within one unit a round of continuous water-filling, in 500 random groups', () => {
  const child = fc.record({
    weight: fc.integer({ min: 1, max: 60 }),
    request: fc.integer({ min: 0, max: 400 }),
    min: fc.integer({ min: 0, max: 80 }),
    lent: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(child, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 1500 }),
      (children, total) => {
        const count = children.length;
        const runtime = new Float64Array(count);
        const column = (of: (c: (typeof children)[number]) => number) => Float64Array.from(children, of);
        const group = {
          count,
          names: children.map((_, i) => `q${i}`),
          weight: column((c) => c.weight),
          limitedRequest: column((c) => c.request),
          min: column((c) => c.min),
          guarantee: new Float64Array(count),
          allowLent: Uint8Array.from(children, (c) => (c.lent ? 1 : 0)),
        };
        redistributeQuota(total, group, runtime);
        // Each round rounds a share by less than one unit, and each round but the last loses a child.
        waterLevelRuntime(total, children).forEach((exact, row) => {
          expect(Math.abs(runtime[row] - exact)).toBeLessThan(count + 0.01);
        });
      },
    ),
    { numRuns: 500, seed: 11 },
  );
});

test('scaled minimum: 300 above a total of 200 leaves two thirds; fixed 150 leaves 50 for two of 100', () => {
  expect(scaledMin(200, 100, true, 300, 0)).toBe(66);
  expect(scaledMin(200, 100, true, 200, 150)).toBe(25);
  expect(scaledMin(100, 100, true, 200, 150)).toBe(0);
  expect(scaledMin(200, 150, false, 200, 150)).toBe(150);
  expect(scaledMin(300, 100, true, 300, 0)).toBe(100);
});

const quota = (name: string, parent: string | null, max: number, min: number): QuotaSpec => ({
  name,
  parent,
  max: [max],
  min: [min],
  allowLent: true,
});

describe('tree', () => {
  test('a child may stand before its parent; an unknown parent, a cycle and a double name are named', () => {
    expect(buildQuotaTree([quota('leaf', 'top', 1, 0), quota('top', null, 1, 0)], ['cpu']).names).toEqual([
      'top',
      'leaf',
    ]);
    expect(() => buildQuotaTree([quota('a', 'zz', 1, 0)], ['cpu'])).toThrow('names parent "zz"');
    expect(() => buildQuotaTree([quota('a', 'b', 1, 0), quota('b', 'a', 1, 0)], ['cpu'])).toThrow('own ancestors');
    expect(() => buildQuotaTree([quota('a', null, 1, 0), quota('a', null, 1, 0)], ['cpu'])).toThrow('same name');
  });

  test('K17: after the total fell to 200, reading a alone scales a, while b and c still share with their old minimum', () => {
    const specs = ['a', 'b', 'c'].map((name) => quota(name, null, 1000, 100));
    const tree = buildQuotaTree(specs, ['cpu']);
    const [cpu] = tree.dimensions;
    cpu.podRequest.fill(200);
    propagateRequests(tree);
    refreshQuota(tree, 0, [200], true);
    // a: trunc(200 x 100 / 300) = 66; floors 66 + 100 + 100 pass the total, so nothing is shared.
    expect([...cpu.autoScaledMin]).toEqual([66, 100, 100]);
    expect(cpu.runtime[0]).toBe(66);
    refreshAllQuotas(tree, [200], true);
    // Floors 66 x 3 = 198; the last two units go to a and b by name.
    expect([...cpu.autoScaledMin]).toEqual([66, 66, 66]);
    expect([...cpu.runtime]).toEqual([67, 67, 66]);
  });
});

describe('admission', () => {
  const twoDimensions = () => {
    const tree = buildQuotaTree(
      [
        { name: 'top', parent: null, max: [100, 100], min: [50, 50], allowLent: true },
        { name: 'q', parent: 'top', max: [80, 80], min: [20, 20], allowLent: true },
        { name: 'cpu-only', parent: 'top', max: [80, undefined], min: [0, undefined], allowLent: true },
      ],
      ['cpu', 'memory'],
    );
    tree.dimensions.forEach((d) => {
      d.podRequest[1] = 60;
    });
    return tree;
  };
  const pod = (cpu: number, memory: number, preemptible = true) => ({ request: [cpu, memory], preemptible });
  const config = DEFAULT_ELASTIC_QUOTA_CONFIG;

  test('with a runtime of 60, 50 + 10 is admitted and 50 + 11 is not', () => {
    const tree = twoDimensions();
    updateQuota(tree, 1, [100, 100], config);
    accountPod(tree, 1, pod(50, 0), 1);
    expect(admitPod(tree, 1, pod(10, 0), config)).toBeUndefined();
    expect(admitPod(tree, 1, pod(11, 0), config)).toEqual({ quota: 'q', dimension: 'cpu', rule: 'runtime' });
    // Without runtime quota max counts: 50 + 30 of 80.
    expect(admitPod(tree, 1, pod(30, 0), { ...config, usesRuntimeQuota: false })).toBeUndefined();
  });

  test('K20: memory already over refuses a CPU-only pod in production, not when only requested dimensions count', () => {
    const tree = twoDimensions();
    updateQuota(tree, 1, [100, 100], config);
    accountPod(tree, 1, pod(0, 61), 1);
    expect(admitPod(tree, 1, pod(1, 0), config)?.dimension).toBe('memory');
    expect(admitPod(tree, 1, pod(1, 0), { ...config, quirks: INTENDED_QUIRKS })).toBeUndefined();
  });

  test('a pod that may not be preempted must fit the minimum of 20, and ancestors count when asked', () => {
    const tree = twoDimensions();
    updateQuota(tree, 1, [100, 100], config);
    expect(admitPod(tree, 1, pod(20, 0, false), config)).toBeUndefined();
    expect(admitPod(tree, 1, pod(21, 0, false), config)?.rule).toBe('min');
    accountPod(tree, 2, pod(55, 0), 1);
    expect(admitPod(tree, 1, pod(10, 0), config)).toBeUndefined();
    // The parent's runtime is the 60 that its child asks for: 55 + 10 is above it.
    expect(admitPod(tree, 1, pod(10, 0), { ...config, checksParentQuota: true })).toEqual({
      quota: 'top',
      dimension: 'cpu',
      rule: 'parent',
    });
  });

  test('a dimension that max does not name is never refused', () => {
    const tree = twoDimensions();
    tree.dimensions[0].podRequest[2] = 10;
    updateQuota(tree, 2, [100, 100], config);
    expect(admitPod(tree, 2, pod(1, 1_000_000), config)).toBeUndefined();
  });
});

describe('revoking', () => {
  const pod = (name: string, priorityValue: number, cpu: number, memory?: number): RevocablePod => ({
    name,
    request: [cpu, memory],
    priorityValue,
    startedAtMs: 0,
    preemptible: true,
  });

  test('used (100, 1) of (50, 0): pods of 40, 20 and 10 are marked from below, 20 fits back, 10 and 40 go', () => {
    const pods = [pod('1', 10, 30, 0), pod('2', 9, 10, 1), pod('3', 8, 20, 0), pod('4', 7, 40, 0)];
    // 100 - 40 - 20 - 10 = 30 and memory 0 fits. Back: 2 (memory 1 > 0) no, 3 (50) yes, 4 (90) no.
    expect(podsToRevoke(pods, [100, 1], [50, 0], true).map((p) => p.name)).toEqual(['2', '4']);
  });

  test('K20: a CPU-only victim hides an excess of memory; with all dimensions kept the memory pod goes as well', () => {
    const pods = [pod('mem', 9, 0, 50), pod('cpu', 1, 60)];
    expect(podsToRevoke(pods, [100, 90], [50, 50], true).map((p) => p.name)).toEqual(['cpu']);
    expect(podsToRevoke(pods, [100, 90], [50, 50], false).map((p) => p.name)).toEqual(['mem', 'cpu']);
  });

  test('pods that may not be preempted stay, and among equals the latest start goes first', () => {
    const early = { ...pod('early', 5, 30), startedAtMs: 1 };
    const late = { ...pod('late', 5, 30), startedAtMs: 2 };
    const fixed = { ...pod('fixed', 1, 30), preemptible: false };
    expect(podsToRevoke([early, late, fixed], [90, 0], [60, 0], true).map((p) => p.name)).toEqual(['late']);
  });

  test('over for exactly 120 s is not too long, a millisecond more is, and fitting once starts anew', () => {
    const since = new Float64Array(1).fill(-1);
    expect(isOverUsedTooLong(since, 0, true, 1_000, 120_000)).toBe(false);
    expect(isOverUsedTooLong(since, 0, true, 121_000, 120_000)).toBe(false);
    expect(isOverUsedTooLong(since, 0, true, 121_001, 120_000)).toBe(true);
    expect(isOverUsedTooLong(since, 0, false, 121_002, 120_000)).toBe(false);
    expect(isOverUsedTooLong(since, 0, true, 200_000, 120_000)).toBe(false);
  });
});

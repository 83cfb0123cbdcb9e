import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cfsQuotaStep,
  cfsQuotaSteps,
  nextQuotaUs,
  suppressMilliCpu,
  suppressTarget,
  suppressUse,
  wholeCpus,
} from './cpu-suppress.ts';

describe('quantity', () => {
  test('a 64-core host at 65 % leaves 9.6 cores when pods use 30 and the system 2', () => {
    // 64000 * 65 / 100 = 41600; - 30000 - 2000 = 9600
    expect(suppressMilliCpu(64_000, 65, Number.NaN, 30_000, 0, 2000)).toBe(9600);
  });

  test('a floor of 10 % lifts 3000 to 6400; without one the result may be negative', () => {
    expect(suppressMilliCpu(64_000, 65, 10, 38_600, 0, 0)).toBe(6400);
    expect(suppressMilliCpu(64_000, 65, Number.NaN, 50_000, 0, 0)).toBe(-8400);
  });

  test('the line itself is cut: 333m at 65 % is 216, not 216.45', () => {
    expect(suppressMilliCpu(333, 65, Number.NaN, 0, 0, 0)).toBe(216);
  });

  test('BE by label or by Kubernetes QoS is not counted, an unknown pod is, even when labelled BE', () => {
    const pods = [
      { usedCores: 1, qosLabel: 'BE', known: true },
      { usedCores: 2, kubernetesQos: 'BestEffort', known: true },
      { usedCores: 4, qosLabel: 'BE', known: false },
      { usedCores: 8, qosLabel: 'LS', known: true },
    ] as const;
    expect(suppressUse(20, 0, pods, [])).toEqual({
      podNonBeMilliCpu: 12_000,
      hostAppNonBeMilliCpu: 0,
      systemMilliCpu: 5000,
    });
  });

  test('a host application is BE only below the besteffort cgroup; all of them leave the system part', () => {
    const apps = [
      { usedCores: 1, qosClass: 'BE', underKubeBesteffortCgroup: true },
      { usedCores: 2, qosClass: 'BE', underKubeBesteffortCgroup: false },
      { usedCores: 4, qosClass: 'LS', underKubeBesteffortCgroup: true },
    ];
    expect(suppressUse(10, 0, [], apps)).toMatchObject({ hostAppNonBeMilliCpu: 6000, systemMilliCpu: 3000 });
  });

  test('system use is at least the reservation, and never negative when pods report more than the node', () => {
    const pods = [{ usedCores: 5, known: true }];
    expect(suppressUse(4, 1500, pods, []).systemMilliCpu).toBe(1500);
    expect(suppressUse(4, 0, pods, []).systemMilliCpu).toBe(0);
  });

  test('the sweep gives each host its own quantity: reservation above use, fractions cut, floor', () => {
    const out = new Float64Array(3);
    const capacity = Float64Array.of(64_000, 64_000, 64_000);
    const pods = Float64Array.of(30_000.9, 30_000, 60_000);
    const apps = Float64Array.of(0.9, 0, 0);
    const system = Float64Array.of(2000.9, 100, -50);
    const reserved = Float64Array.of(0, 3000, 0);
    suppressTarget(3, capacity, 65, 5, pods, apps, system, reserved, out);
    // 41600 - 30000 - 2000; 41600 - 30000 - 3000; max(41600 - 60000, 3200)
    expect([...out]).toEqual([9600, 8600, 3200]);
  });

  test('more use of others never leaves more, a higher line never less', () => {
    const milli = fc.integer({ min: 0, max: 128_000 });
    fc.assert(
      fc.property(milli, fc.integer({ min: 0, max: 100 }), milli, milli, milli, (capacity, pct, pods, apps, system) => {
        const base = suppressMilliCpu(capacity, pct, Number.NaN, pods, apps, system);
        expect(suppressMilliCpu(capacity, pct + 1, Number.NaN, pods, apps, system)).toBeGreaterThanOrEqual(base);
        expect(suppressMilliCpu(capacity, pct, Number.NaN, pods + 1, apps, system)).toBe(base - 1);
        expect(suppressMilliCpu(capacity, pct, 20, pods, apps, system)).toBeGreaterThanOrEqual(base);
      }),
    );
  });
});

describe('quota', () => {
  test('10 cpus: a rise is bounded by 100000 us a tick, a fall is not', () => {
    expect(nextQuotaUs(10, 5000, 100_000)).toBe(200_000);
    expect(nextQuotaUs(10, 1000, 800_000)).toBe(100_000);
  });

  test('a change of 9999 us on 10 cpus is skipped, one of 10000 is written', () => {
    expect(nextQuotaUs(10, 1000, 109_999)).toBe(109_999);
    expect(nextQuotaUs(10, 1000, 110_000)).toBe(100_000);
  });

  test('the floor of 2000 us is always written: from 3000 us, and for negative quantities', () => {
    expect(nextQuotaUs(10, 1, 3000)).toBe(2000);
    expect(nextQuotaUs(10, -6000, 3000)).toBe(2000);
  });

  test('K7: unlimited stays unlimited below 1 % of the node; off, it is written; at 1 % both write', () => {
    expect(nextQuotaUs(80, 700, -1)).toBe(-1);
    expect(nextQuotaUs(80, 700, -1, false)).toBe(70_000);
    expect(nextQuotaUs(80, 800, -1)).toBe(80_000);
  });

  test('from unlimited there is no growth bound: 20 of 80 cpus at once', () => {
    expect(nextQuotaUs(80, 20_000, -1)).toBe(2_000_000);
  });

  test('capacity of 15500m counts as 16 cpus', () => {
    expect(wholeCpus(15_500)).toBe(16);
  });

  const cpus = fc.integer({ min: 0, max: 128 });
  const target = fc.integer({ min: -20_000, max: 150_000 });
  const current = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 13_000_000 }));

  test('k ticks at once equal k single ticks, for any k up to 40', () => {
    const host = fc.tuple(cpus, target, current);
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 5 }), fc.nat({ max: 40 }), (hosts, k) => {
        const capacity = Float64Array.from(hosts, ([count]) => count * 1000);
        const targets = Float64Array.from(hosts, ([, milli]) => milli);
        const once = Float64Array.from(hosts, ([, , quota]) => quota);
        const single = Float64Array.from(once);
        cfsQuotaSteps(hosts.length, capacity, targets, once, k);
        for (let tick = 0; tick < k; tick++) cfsQuotaStep(hosts.length, capacity, targets, single);
        expect([...once]).toEqual([...single]);
      }),
      { numRuns: 300 },
    );
  });

  test('a rise over the whole node settles within 11 ticks, and a settled quota is near the target', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 128 }), fc.integer({ min: 0, max: 100 }), (count, pct) => {
        const capacity = Float64Array.of(count * 1000);
        const targets = Float64Array.of(count * 10 * pct);
        const quota = Float64Array.of(0);
        cfsQuotaSteps(1, capacity, targets, quota, 11);
        const settled = quota[0];
        cfsQuotaSteps(1, capacity, targets, quota, 1000);
        expect(quota[0]).toBe(settled);
        expect(Math.abs(settled - Math.max(2000, targets[0] * 100))).toBeLessThanOrEqual(count * 1000);
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import {
  allowedWithoutLimiter,
  cfsBurstUs,
  cfsQuotaBurst,
  DEFAULT_CPU_BURST,
  isBurstable,
  needsLimiter,
  nextContainerQuotaUs,
  nodeBurstState,
  podBurstConfig,
  quotaOperation,
} from './cpu-burst.ts';

const auto = { ...DEFAULT_CPU_BURST, policy: 'auto' };

describe('settings', () => {
  test('a pod overrides field by field', () => {
    expect(podBurstConfig(auto, { cpuBurstPercent: 200 })).toEqual({ ...auto, cpuBurstPercent: 200 });
    expect(podBurstConfig(auto, undefined)).toEqual(auto);
  });

  test('LS, SYSTEM and unlabelled pods that run or wait take part', () => {
    expect(['LSE', 'LSR', 'BE', 'LS', 'SYSTEM', undefined].map((qos) => isBurstable(qos, 'Running'))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect([isBurstable('LS', 'Pending'), isBurstable('LS', 'Failed')]).toEqual([true, false]);
  });
});

describe('static burst', () => {
  test('1.5 cpus by 1000 % are 1500000 us for auto and cpuBurstOnly', () => {
    const of = (policy: string) => cfsBurstUs({ ...auto, policy }, 1500);
    expect(['auto', 'cpuBurstOnly', 'cfsQuotaBurstOnly', 'none'].map(of)).toEqual([1_500_000, 1_500_000, 0, 0]);
  });
});

describe('node state', () => {
  test('8 of 16 cpus at a line of 50 % overload, 7.2 cool, 7.1 idle', () => {
    expect([8, 7.2, 7.1].map((used) => nodeBurstState(16, used, [], 50))).toEqual(['overload', 'cooling', 'idle']);
  });

  test('BE use leaves the pool but not its size; LSE leaves both; a pod without metric leaves the size', () => {
    const state = (qosLabel: string, usedCores?: number) =>
      nodeBurstState(16, 9, [{ qosLabel, requestMilliCpu: 8000, usedCores }], 50);
    // BE 5: 4 / 16 ; LSE 5: 4 / 8 ; LSE unknown: 9 / 8 ; LS 5: 9 / 16
    expect([state('BE', 5), state('LSE', 5), state('LSE'), state('LS', 5)]).toEqual([
      'idle',
      'overload',
      'overload',
      'overload',
    ]);
  });

  test('a pool without cpus counts as full', () => {
    expect(nodeBurstState(8, 0, [{ qosLabel: 'LSR', requestMilliCpu: 8000, usedCores: 0 }], 50)).toBe('overload');
  });
});

describe('quota', () => {
  test('throttled goes up when idle, stays when cooling or unknown, goes down when overloaded', () => {
    const states = ['idle', 'cooling', 'unknown', 'overload'] as const;
    expect(states.map((state) => quotaOperation(auto, true, 0.1, state))).toEqual(['up', 'remain', 'remain', 'down']);
  });

  test('not throttled or no metric remains; denied goes down in every state; other policies reset', () => {
    expect([quotaOperation(auto, true, 0, 'idle'), quotaOperation(auto, true, undefined, 'idle')]).toEqual([
      'remain',
      'remain',
    ]);
    expect(quotaOperation(auto, false, 1, 'idle')).toBe('down');
    expect(quotaOperation({ ...auto, policy: 'cpuBurstOnly' }, false, 1, 'overload')).toBe('reset');
  });

  test('steps of a 1-cpu container: 100001 us up to 120001, down to 80000 lifted to base 100000, at most 300000', () => {
    expect(nextContainerQuotaUs('up', 1000, 100_001, 300)).toBe(120_001);
    expect(nextContainerQuotaUs('down', 1000, 100_001, 300)).toBe(100_000);
    expect(nextContainerQuotaUs('up', 1000, 290_000, 300)).toBe(300_000);
    expect(nextContainerQuotaUs('up', 1000, 100_000, 100)).toBe(100_000);
  });

  test('the pod moves with its containers, not when it is unlimited; containers without a limit are left alone', () => {
    const containers = [
      { limitMilliCpu: 1000, currentQuotaUs: 100_000, throttledRatio: 1, isAllowed: true },
      { currentQuotaUs: -1, throttledRatio: 1, isAllowed: true },
      { limitMilliCpu: 1000, currentQuotaUs: 200_000, throttledRatio: 1, isAllowed: false },
    ];
    // +20000 - 40000
    expect(cfsQuotaBurst(auto, 'idle', 300_000, containers)).toEqual({
      containerQuotaUs: [120_000, -1, 160_000],
      podQuotaUs: 280_000,
    });
    expect(cfsQuotaBurst(auto, 'idle', -1, containers).podQuotaUs).toBe(-1);
  });

  test('K12: a period of 0 needs a limiter that always denies; off, it means none', () => {
    const zero = { ...auto, cfsQuotaBurstPeriodSeconds: 0 };
    expect([needsLimiter(zero), needsLimiter(zero, false)]).toEqual([true, false]);
    expect(allowedWithoutLimiter(zero, false)).toBe(true);
    expect(needsLimiter(auto)).toBe(false);
    expect(allowedWithoutLimiter({ ...auto, cfsQuotaBurstPercent: 90 })).toBe(true);
    expect(allowedWithoutLimiter({ ...zero, cfsQuotaBurstPercent: 90 })).toBe(false);
  });
});

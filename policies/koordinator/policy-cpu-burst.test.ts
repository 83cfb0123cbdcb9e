import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { createDecisions, type HostSignals, type PodSignals, type PodThrottling } from '../ports.ts';
import { cpuBurst } from './policy-cpu-burst.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One host of 10 cores, 1 used by the system; one pod with a limit of 2 cores that was throttled in a fifth of its periods. */
function oneHost(usedMilliCpu = 2_000) {
  const f = (value: number) => Float64Array.of(value);
  const throttling: Writable<PodThrottling> = {
    limitMilliCpu: f(2_000),
    throttledRatio: f(0.2),
    lastUsedMilliCpu: f(usedMilliCpu),
  };
  const pods = { count: 1, host: Int32Array.of(0), startedAtMs: f(0), throttling } as unknown as Writable<PodSignals>;
  const signals = {
    count: 1,
    nowMs: 0,
    up: Uint8Array.of(1),
    capacityMilliCpu: f(10_000),
    lastNonBeMilliCpu: f(usedMilliCpu),
    lastSystemMilliCpu: f(1_000),
    pods,
  } as unknown as Writable<HostSignals>;
  return { signals, pods, throttling };
}

/** [quota, burst buffer] that is written, undefined when nothing is. */
function written(signals: HostSignals, state: Record<string, unknown>, config: Readonly<Record<string, unknown>> = {}) {
  const out = createDecisions(2);
  cpuBurst.decide(signals, cpuBurst.configure(config), state, out);
  return out.count === 0 ? undefined : [out.a[0], out.b[0]];
}

describe('cpu-burst', () => {
  test('the first second: quota 200 ms x 1.2 = 240 ms, buffer 1000 % of the limit = 2 s; then 288 ms, and 600 ms at most', () => {
    const { signals } = oneHost();
    const state = cpuBurst.createState(1, {});
    expect(written(signals, state)).toEqual([240_000, 2_000_000]);
    signals.nowMs = 1_000;
    expect(written(signals, state)).toEqual([288_000, 2_000_000]);
    // A window of 60 s holds the steps 345.6, 414.72, 497.664, 597.196 and 600 ms.
    signals.nowMs = 61_000;
    expect(written(signals, state)).toEqual([600_000, 2_000_000]);
    signals.nowMs = 121_000;
    expect(written(signals, state)).toBeUndefined();
  });

  test('at half of the share pool the node is overloaded: down by 0.8, never below the limit', () => {
    const { signals } = oneHost();
    const state = cpuBurst.createState(1, {});
    for (signals.nowMs = 0; signals.nowMs < 2_000; signals.nowMs += 1_000) written(signals, state);
    // 4 + 1 of 10 cores: 50 %. 288 x 0.8 = 230.4, then 200.
    signals.lastNonBeMilliCpu[0] = 4_000;
    expect(written(signals, state)?.[0]).toBe(230_400);
    signals.nowMs += 1_000;
    expect(written(signals, state)?.[0]).toBe(200_000);
  });

  test('a bucket of 10 s x 200 % starts at 500: at 300 % of the limit it is empty after 3 s and denies', () => {
    const { signals } = oneHost(6_000);
    signals.lastNonBeMilliCpu[0] = 2_000;
    const state = cpuBurst.createState(1, {});
    const config = { policy: 'cfsQuotaBurstOnly', cfsQuotaBurstPeriodSeconds: 10 };
    const quotas: (number | undefined)[] = [];
    for (signals.nowMs = 0; signals.nowMs < 4_000; signals.nowMs += 1_000)
      quotas.push(written(signals, state, config)?.[0]);
    // 500 - 200 = 300 and 100 allow; -100 denies: 288 x 0.8 = 230.4, then 200.
    expect(quotas).toEqual([240_000, 288_000, 230_400, 200_000]);
  });

  test('a pod that starts anew has its limit again', () => {
    const { signals, pods, throttling } = oneHost();
    const state = cpuBurst.createState(1, {});
    written(signals, state);
    pods.startedAtMs[0] = 5_000;
    throttling.throttledRatio[0] = 0;
    signals.nowMs = 6_000;
    expect(written(signals, state)).toEqual([200_000, 2_000_000]);
  });

  test('an unknown policy is refused with those that exist', () => {
    expect(() => cpuBurst.configure({ policy: 'always' })).toThrow(ConfigError);
    expect(() => cpuBurst.configure({ policy: 'always' })).toThrow(/none, auto, cpuBurstOnly, cfsQuotaBurstOnly/);
    expect(() => cpuBurst.configure({ cpuBurstPercent: 0 })).toThrow(/cpuBurstPercent is 0; upstream takes 1 to 10000/);
    expect(() => cpuBurst.configure({ cpuBurstPercent: 10_001 })).toThrow(/upstream takes 1 to 10000/);
    expect(() => cpuBurst.configure({ cfsQuotaBurstPercent: 99 })).toThrow(/upstream takes 100 or more/);
    expect(() => cpuBurst.configure({ cfsQuotaBurstPeriodSeconds: -2 })).toThrow(/upstream takes -1 or more/);
    expect(() => cpuBurst.configure({ sharePoolThresholdPercent: 101 })).toThrow(/upstream takes 0 to 100/);
    expect(cpuBurst.configure({ cfsQuotaBurstPeriodSeconds: 0 })['cfsQuotaBurstPeriodSeconds']).toBe(0);
  });
});

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { createDecisions, type HostSignals, type PodSignals, type Policy } from '../ports.ts';
import { POLICIES } from '../registry.ts';
import { limitSum } from './fixed-ratio.ts';
import { sellingPolicy } from './policy.ts';
import { sellBorgDefault, sellLimitSum, sellRcLike } from './selling-policies.ts';

const MINUTE = 60_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Hosts of 64 cores and 100 GB, 1 core reserved, 2 cores system; no memory in use. Pods in rows, each on its host. */
function signalsOf(hosts: number, pods: readonly { host: number; request: number }[]) {
  const f = (value: number) => new Float64Array(hosts).fill(value);
  const podSignals: Writable<PodSignals> = {
    count: pods.length,
    sampleMs: 5 * MINUTE,
    sampleNumber: 0,
    host: Int32Array.from(pods, (pod) => pod.host),
    startedAtMs: new Float64Array(pods.length),
    requestMilliCpu: Float64Array.from(pods, (pod) => pod.request),
    requestMemBytes: new Float64Array(pods.length),
    type: new Uint8Array(pods.length),
    workload: new Int32Array(pods.length),
    wantedReplicas: Int32Array.of(pods.length),
    usedMilliCpu: new Float64Array(pods.length).fill(-1),
    usedMemBytes: new Float64Array(pods.length),
    lastP90MilliCpu: new Float64Array(pods.length),
  };
  const signals = {
    count: hosts,
    nowMs: 0,
    sampledAtMs: f(0),
    up: new Uint8Array(hosts).fill(1),
    capacityMilliCpu: f(64_000),
    capacityMemBytes: f(100_000_000_000),
    reservedMilliCpu: f(1_000),
    reservedMemBytes: f(0),
    reportedSystemMilliCpu: f(2_000),
    reportedSystemMemBytes: f(0),
    reportedHpMilliCpu: f(0),
    reportedHpMemBytes: f(0),
    hpRequestMilliCpu: f(0),
    hpRequestMemBytes: f(0),
    reportedHpMaxUsedRequestMilliCpu: f(0),
    reportedHpMaxUsedRequestMemBytes: f(0),
    publishedBatchMilliCpu: f(0),
    publishedBatchMemBytes: f(0),
    publishedAtMs: f(-1),
    pods: podSignals,
  } as unknown as Writable<HostSignals>;
  return { signals, pods: podSignals };
}

/** What the policy publishes now: [host, milli-CPU, bytes] a row. */
function published(policy: Policy, signals: HostSignals, state: Record<string, unknown>, config = {}) {
  const out = createDecisions(8);
  policy.decide(signals, policy.configure(config), state, out);
  return Array.from({ length: out.count }, (_, i) => [out.host[i], out.a[i], out.b[i]]);
}

describe('selling below a predicted peak', () => {
  test('pods that were promised 40 of 64 cores leave 22: limit-sum sells 64 - 40 - max(2, 1), and 65 % of the memory', () => {
    const { signals } = signalsOf(1, [
      { host: 0, request: 30_000 },
      { host: 0, request: 10_000 },
    ]);
    expect(published(sellLimitSum, signals, sellLimitSum.createState(1, {}))).toEqual([[0, 22_000, 65_000_000_000]]);
  });

  test('borg-default takes 0.9 x 40 cores as the peak and sells 26; a line of 80 % takes another 12.8', () => {
    const { signals } = signalsOf(1, [{ host: 0, request: 40_000 }]);
    expect(published(sellBorgDefault, signals, sellBorgDefault.createState(1, {}))[0][1]).toBe(26_000);
    // 64 - trunc(64 x 20 %) - 36 - 2 = 64 - 12.8 - 38 = 13.2
    expect(published(sellBorgDefault, signals, sellBorgDefault.createState(1, {}), { linePercent: 80 })[0][1]).toBe(
      13_200,
    );
  });

  test('rc-like sells a pod of 40 cores at its request for 23 samples and at its largest use from the 24th on', () => {
    const { signals, pods } = signalsOf(1, [{ host: 0, request: 40_000 }]);
    const state = sellRcLike.createState(1, {});
    let last: number[][] = [];
    for (let sample = 1; sample <= 24; sample++) {
      pods.sampleNumber = sample;
      signals.nowMs = sample * 5 * MINUTE;
      signals.sampledAtMs[0] = signals.nowMs;
      pods.usedMilliCpu[0] = sample === 7 ? 9_000 : 5_000;
      last = published(sellRcLike, signals, state);
      if (sample === 23) expect(last[0][1]).toBe(22_000);
    }
    // 99 % of 24 samples is the largest: 9 cores. 64 - 9 - 2 = 53
    expect(last[0][1]).toBe(53_000);
  });

  test('a pod that moves to another host begins there with its request: its history stays behind', () => {
    const { signals, pods } = signalsOf(2, [{ host: 0, request: 40_000 }]);
    const state = sellRcLike.createState(2, {});
    for (let sample = 1; sample <= 24; sample++) {
      pods.sampleNumber = sample;
      pods.usedMilliCpu[0] = 5_000;
      published(sellRcLike, signals, state);
    }
    pods.host[0] = 1;
    pods.startedAtMs[0] = 1;
    // 64 - 0 - 2 where nobody is left, 64 - 40 - 2 where it is new.
    expect(published(sellRcLike, signals, state).map((row) => row[1])).toEqual([62_000, 22_000]);
  });

  test('reports between two samples add no sample: 100 calls with one sample leave the pod cold', () => {
    const { signals, pods } = signalsOf(1, [{ host: 0, request: 40_000 }]);
    const state = sellRcLike.createState(1, {});
    pods.sampleNumber = 1;
    pods.usedMilliCpu[0] = 5_000;
    for (let call = 0; call < 100; call++) expect(published(sellRcLike, signals, state)[0][1]).toBe(22_000);
  });

  test('a report older than 15 minutes sells nothing, a host that never reported is left alone', () => {
    const { signals } = signalsOf(2, [{ host: 0, request: 40_000 }]);
    signals.nowMs = 15 * MINUTE + 1;
    signals.sampledAtMs[1] = -1;
    expect(published(sellLimitSum, signals, sellLimitSum.createState(2, {}))).toEqual([[0, 0, 0]]);
  });

  test('what is published and has changed by less than 10 % is not written again', () => {
    const { signals } = signalsOf(1, [{ host: 0, request: 40_000 }]);
    signals.publishedAtMs[0] = 0;
    signals.publishedBatchMilliCpu[0] = 21_000;
    signals.publishedBatchMemBytes[0] = 65_000_000_000;
    expect(published(sellLimitSum, signals, sellLimitSum.createState(1, {}))).toEqual([]);
    // |22 - 19| = 3 > 1.9
    signals.publishedBatchMilliCpu[0] = 19_000;
    expect(published(sellLimitSum, signals, sellLimitSum.createState(1, {}))).toHaveLength(1);
  });

  test('signals without pods are a bug of the caller, and it says of whom', () => {
    const { signals } = signalsOf(1, []);
    const { pods: _, ...bare } = signals;
    expect(() => published(sellLimitSum, bare, sellLimitSum.createState(1, {}))).toThrow(/limit-sum needs samples/);
  });
});

describe('configuration', () => {
  test('an unknown name, a text for a number and half a sample are refused with what is known', () => {
    expect(() => sellLimitSum.configure({ ratoi: 1 })).toThrow(ConfigError);
    expect(() => sellLimitSum.configure({ ratoi: 1 })).toThrow(/"ratoi" is unknown; known: .*ratio/);
    expect(() => sellLimitSum.configure({ ratio: '1' })).toThrow(/ratio is "1", expected a number/);
    expect(() => sellLimitSum.configure({ windowSamples: 1.5 })).toThrow(/whole number/);
  });

  test('part of a nested configuration keeps the rest', () => {
    expect(POLICIES['max-predictor'].configure({ nSigma: { sigmas: 3 } })['nSigma']).toEqual({
      sigmas: 3,
      warmUpSamples: 24,
    });
  });

  test('the oracle alone asks for the future', () => {
    const asking = Object.values(POLICIES).filter((policy) => policy.needs?.includes('pod-future'));
    expect(asking.map((policy) => policy.name)).toEqual(['peak-oracle']);
    expect(sellingPolicy('x', 'x', limitSum).needs).toEqual(['pod-samples']);
  });
});

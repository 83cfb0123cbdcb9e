import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { createDecisions, DECISION, type HostSignals, type PodSignals } from '../ports.ts';
import { midResource } from './policy-mid-resource.ts';

const MINUTE = 60_000;
const GIB = 1_073_741_824;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One host of 64 cores and 256 GiB, 1 core and 2 GiB reserved, system 2 cores and 4 GiB; one prod pod of 40 cores and 100 GiB. */
function oneHost() {
  const f = (value: number) => Float64Array.of(value);
  const pods: Writable<PodSignals> = {
    count: 1,
    sampleMs: 5 * MINUTE,
    sampleNumber: 0,
    host: Int32Array.of(0),
    startedAtMs: f(0),
    requestMilliCpu: f(40_000),
    requestMemBytes: f(100 * GIB),
    type: new Uint8Array(1),
    workload: new Int32Array(1),
    wantedReplicas: Int32Array.of(1),
    usedMilliCpu: f(-1),
    usedMemBytes: f(20 * GIB),
    lastP90MilliCpu: f(10_000),
  };
  const signals = {
    count: 1,
    nowMs: 0,
    sampledAtMs: f(0),
    up: Uint8Array.of(1),
    capacityMilliCpu: f(64_000),
    capacityMemBytes: f(256 * GIB),
    reservedMilliCpu: f(1_000),
    reservedMemBytes: f(2 * GIB),
    reportedNodeMilliCpu: f(12_000),
    reportedNodeMemBytes: f(24 * GIB),
    reportedSystemMilliCpu: f(2_000),
    reportedSystemMemBytes: f(4 * GIB),
    prodRequestMilliCpu: f(40_000),
    prodRequestMemBytes: f(100 * GIB),
    publishedMidMilliCpu: f(0),
    publishedMidMemBytes: f(0),
    pods,
  } as unknown as Writable<HostSignals>;
  return { signals, pods };
}

function publishedAt(signals: Writable<HostSignals>, state: Record<string, unknown>, nowMs: number, config = {}) {
  signals.nowMs = nowMs;
  signals.sampledAtMs[0] = nowMs;
  const out = createDecisions(4);
  midResource.decide(signals, midResource.configure(config), state, out);
  return Array.from({ length: out.count }, (_, i) => [out.kind[i], out.host[i], out.a[i], out.b[i]]);
}

describe('mid resources from signals', () => {
  test('static mode sells 20 % of the CPU and 10 % of the memory, without samples of pods', () => {
    const { signals } = oneHost();
    const { pods: _, ...bare } = signals;
    const config = { midReclaimMode: 'static', midStaticCpuReservedPercent: 20, midStaticMemoryReservedPercent: 10 };
    // 64,000 x 20 % and trunc(256 GiB x 10 %)
    expect(publishedAt(bare as Writable<HostSignals>, midResource.createState(1, {}), MINUTE, config)).toEqual([
      [DECISION.publishMid, 0, 12_800, Math.trunc(25.6 * GIB)],
    ]);
  });

  test('during the cold start a pod frees nothing: only the unallocated share is sold, 50 % of 64 - 2 - 40 = 11 cores', () => {
    const { signals } = oneHost();
    const [[, , milliCpu]] = publishedAt(signals, midResource.createState(1, {}), MINUTE, {
      midUnallocatedPercent: 50,
    });
    expect(milliCpu).toBe(11_000);
  });

  test('after the cold start a pod of 40 cores that uses 10 frees between 27 and 29, and no more than the classes allow', () => {
    const { signals } = oneHost();
    const state = midResource.createState(1, {});
    const config = { coldStartMs: 10 * MINUTE, updateTimeThresholdMs: 0 };
    let last: number[][] = [];
    for (let minute = 1; minute <= 12; minute++) last = publishedAt(signals, state, minute * MINUTE, config);
    // Pod predictor: 40 - 1.1 x 10 = 29; the bucket of 10 cores ends at most 5 % and one first bucket later: at least 40 - 1.1 x 10.53 = 28.4.
    // Priority predictor also takes the system's 2 cores and the empty class's first bucket off: 40 - 1.1 x (10.53 + 2.13 + 0.03) = 26.0.
    expect(last[0][2]).toBeLessThanOrEqual(40_000 - 1.1 * 12_000);
    expect(last[0][2]).toBeGreaterThanOrEqual(26_000);
  });

  test('a pod that moved is cold again', () => {
    const { signals, pods } = oneHost();
    const state = midResource.createState(1, {});
    const config = { coldStartMs: 10 * MINUTE, updateTimeThresholdMs: 0 };
    for (let minute = 1; minute <= 12; minute++) publishedAt(signals, state, minute * MINUTE, config);
    pods.startedAtMs[0] = 12 * MINUTE;
    expect(publishedAt(signals, state, 13 * MINUTE, config)[0][2]).toBe(0);
  });

  test('a report older than 15 minutes sells nothing', () => {
    const { signals } = oneHost();
    const out = createDecisions(4);
    signals.nowMs = 15 * MINUTE + 1;
    midResource.decide(
      signals,
      midResource.configure({ midReclaimMode: 'static', midStaticCpuReservedPercent: 20 }),
      midResource.createState(1, {}),
      out,
    );
    expect([out.count, out.a[0]]).toEqual([1, 0]);
  });

  test('a threshold of 101 % and an unknown mode are refused', () => {
    expect(() => midResource.configure({ midCpuThresholdPercent: 101 })).toThrow(ConfigError);
    expect(() => midResource.configure({ midReclaimMode: 'half' })).toThrow(/known: dynamic, static/);
  });
});

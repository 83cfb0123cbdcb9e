import { describe, expect, test } from 'vitest';
import { createDecisions, DECISION, EVICT_REASON, type HostSignals } from '../ports.ts';
import { loadQos } from './policy-load-qos.ts';
import { slackEstimator } from './policy-slack-estimator.ts';

const GIB = 1_073_741_824;

/** One host of 32 cores and 128 GiB; services asked for 20 cores and use 5. */
function oneHost(changes: Readonly<Record<string, unknown>> = {}): HostSignals {
  const column = (value: number) => Float64Array.of(value);
  return {
    count: 1,
    nowMs: 600_000,
    up: Uint8Array.of(1),
    sampledAtMs: column(600_000),
    capacityMilliCpu: column(32_000),
    capacityMemBytes: column(128 * GIB),
    reservedMemBytes: column(4 * GIB),
    hpRequestMilliCpu: column(20_000),
    lastNonBeMilliCpu: column(5_000),
    beRequestMilliCpu: column(0),
    lastBeMilliCpu: column(0),
    publishedBatchMilliCpu: column(0),
    reportedNodeMilliCpu: column(6_000),
    tasks: {
      maxRowsPerHost: 8,
      rowsOnHost: (_: number, out: Int32Array) => {
        out.set([3, 7]);
        return 2;
      },
    },
    ...changes,
  } as unknown as HostSignals;
}

function slackOf(signals: HostSignals): number[] {
  const out = createDecisions(4);
  slackEstimator.decide(signals, slackEstimator.configure({}), {}, out);
  return [out.count, out.kind[0], out.a[0], out.b[0] / GIB];
}

describe('slack estimator', () => {
  test('sells the 15 cores that services leave of their 20: the cap of 0.7 x 32 - 5 = 17.4 is above it', () => {
    expect(slackOf(oneHost())).toEqual([1, DECISION.publishBatch, 15_000, 124]);
  });

  test('adds what best effort holds to the slack: cap 0.7 x 32 - 5 - 10 = 7.4 and 12 held are 19.4 cores in all', () => {
    const host = oneHost({ beRequestMilliCpu: Float64Array.of(12_000), lastBeMilliCpu: Float64Array.of(10_000) });
    expect(slackOf(host)[2]).toBe(19_400);
  });

  test('a cap below 0 takes back: 0.7 x 32 - 5 - 20 = -2.6 leaves 17.4 of the 20 cores held', () => {
    const host = oneHost({ beRequestMilliCpu: Float64Array.of(20_000), lastBeMilliCpu: Float64Array.of(20_000) });
    expect(slackOf(host)[2]).toBe(17_400);
  });

  test('says nothing when the host is 95 % full or when nothing changed', () => {
    const full = oneHost({ lastNonBeMilliCpu: Float64Array.of(20_000), lastBeMilliCpu: Float64Array.of(10_400) });
    expect(slackOf(full)[0]).toBe(0);
    expect(slackOf(oneHost({ publishedBatchMilliCpu: Float64Array.of(15_000) }))[0]).toBe(0);
  });
});

describe('load QoS', () => {
  function killsAt(loadMilliCpu: number): number[] {
    const out = createDecisions(4);
    const signals = oneHost({ reportedNodeMilliCpu: Float64Array.of(loadMilliCpu) });
    loadQos.decide(signals, loadQos.configure({ load5ThresholdPercent: 75 }), {}, out);
    expect(Array.from(out.kind.slice(0, out.count)).every((kind) => kind === DECISION.evict)).toBe(true);
    expect(Array.from(out.a.slice(0, out.count)).every((reason) => reason === EVICT_REASON.cpu)).toBe(true);
    return Array.from(out.task.slice(0, out.count));
  }

  test('kills both tasks above 75 % of 32 cores, and none at exactly 24', () => {
    expect(killsAt(24_000)).toEqual([]);
    expect(killsAt(24_001)).toEqual([3, 7]);
  });

  test('refuses a threshold of 0', () => {
    expect(() => loadQos.configure({ load5ThresholdPercent: 0 })).toThrow(
      'load5ThresholdPercent is 0; it must be above 0',
    );
  });
});

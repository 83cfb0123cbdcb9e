import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { createDecisions, DECISION, type HostSignals } from '../ports.ts';
import { nFold } from './policy-n-fold.ts';

/** 64 cores and 100 GB; a new pod was promised 40 cores, mid tasks 5 cores and 10 GB, batch tasks 3 cores and 5 GB; system 2 cores. */
function oneHost(): HostSignals {
  const f = (value: number) => Float64Array.of(value);
  return {
    count: 1,
    nowMs: 0,
    sampledAtMs: f(0),
    up: Uint8Array.of(1),
    capacityMilliCpu: f(64_000),
    capacityMemBytes: f(100_000_000_000),
    reservedMilliCpu: f(1_000),
    reservedMemBytes: f(0),
    reportedSystemMilliCpu: f(2_000),
    reportedSystemMemBytes: f(0),
    reportedHpMemBytes: f(0),
    hpRequestMemBytes: f(0),
    reportedHpMaxUsedRequestMemBytes: f(0),
    midRequestMilliCpu: f(5_000),
    midRequestMemBytes: f(10_000_000_000),
    beRequestMilliCpu: f(3_000),
    beRequestMemBytes: f(5_000_000_000),
    pods: {
      count: 1,
      sampleNumber: 0,
      host: Int32Array.of(0),
      startedAtMs: f(0),
      requestMilliCpu: f(40_000),
      type: new Uint8Array(1),
      usedMilliCpu: f(-1),
    },
  } as unknown as HostSignals;
}

function published(config: Readonly<Record<string, unknown>>) {
  const out = createDecisions(4);
  nFold.decide(oneHost(), nFold.configure(config), nFold.createState(1, {}), out);
  return Array.from({ length: out.count }, (_, i) => [out.kind[i], out.a[i], out.b[i]]);
}

describe('the same CPU sold several times', () => {
  test('four tiers: mid gets 64 - 2 - 40 = 22 cores, batch 5 less, free another 3 less; memory 65, 55 and 50 GB', () => {
    expect(published({ tiers: 4 })).toEqual([
      [DECISION.publishMid, 22_000, 65_000_000_000],
      [DECISION.publishBatch, 17_000, 55_000_000_000],
      [DECISION.publishFree, 14_000, 50_000_000_000],
    ]);
  });

  test('a line of 80 % for batch takes 12.8 cores from batch alone', () => {
    expect(published({ tiers: 3, batchLinePercent: 80 })).toEqual([
      [DECISION.publishMid, 22_000, 65_000_000_000],
      [DECISION.publishBatch, 4_200, 55_000_000_000],
    ]);
  });

  test('two tiers: batch gets all that is left, and what it holds itself does not count', () => {
    expect(published({ tiers: 2 })).toEqual([[DECISION.publishBatch, 22_000, 65_000_000_000]]);
  });

  test('one tier and five are refused', () => {
    expect(() => nFold.configure({ tiers: 1 })).toThrow(ConfigError);
    expect(() => nFold.configure({ tiers: 5 })).toThrow(/known: 2, 3, 4/);
  });
});

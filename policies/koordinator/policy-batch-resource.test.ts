import { describe, expect, test } from 'vitest';
import { createDecisions, type HostSignals } from '../ports.ts';
import { batchResource } from './policy-batch-resource.ts';

const MINUTE = 60_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One host of 100 cores and 1,000 bytes, 10 cores and 50 bytes reserved; system 2 cores and 80 bytes; services use 30 cores and 200 bytes, and request 60 and 500. */
function oneHost(over: Readonly<Record<string, number>> = {}): Writable<HostSignals> {
  const values: Record<string, number> = {
    sampledAtMs: 0,
    capacityMilliCpu: 100_000,
    capacityMemBytes: 1_000,
    reservedMilliCpu: 10_000,
    reservedMemBytes: 50,
    reportedSystemMilliCpu: 2_000,
    reportedSystemMemBytes: 80,
    reportedHpMilliCpu: 30_000,
    reportedHpMemBytes: 200,
    hpRequestMilliCpu: 60_000,
    hpRequestMemBytes: 500,
    reportedHpMaxUsedRequestMilliCpu: 60_000,
    reportedHpMaxUsedRequestMemBytes: 500,
    publishedBatchMilliCpu: 0,
    publishedBatchMemBytes: 0,
    publishedAtMs: -1,
    ...over,
  };
  const columns = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
  return { count: 1, nowMs: 0, up: Uint8Array.of(1), ...columns } as unknown as Writable<HostSignals>;
}

function sold(
  signals: HostSignals,
  config: Readonly<Record<string, unknown>> = {},
  state = batchResource.createState(1, {}),
) {
  const out = createDecisions(2);
  batchResource.decide(signals, batchResource.configure(config), state, out);
  return [out.a[0], out.b[0]];
}

describe('batch-resource', () => {
  test('sells 100 - 40 - max(2, 10) - 30 = 20 cores and 1000 - 350 - max(80, 50) - 200 = 370 bytes', () => {
    expect(sold(oneHost())).toEqual([20_000, 370]);
  });

  test('a CPU that does 1.2 times the basic work sells 24 basic cores; memory stays', () => {
    expect(sold(oneHost({ cpuNormalizationRatio: 1.2 }))).toEqual([24_000, 370]);
  });

  test('K19: amplified by 1.5, the reservation of 10 cores disappears behind 90 x 1.5 > 100: 28 cores; without the quirk 20', () => {
    expect(sold(oneHost({ cpuAmplificationRatio: 1.5 }))[0]).toBe(28_000);
    expect(sold(oneHost({ cpuAmplificationRatio: 1.5 }), { amplificationHidesReservation: false })[0]).toBe(20_000);
  });

  test('K2: by request 1000 - 350 - 50 - 500 = 100 bytes; without the quirk the system counts: 70', () => {
    expect(sold(oneHost(), { memoryCalculatePolicy: 'request' })[1]).toBe(100);
    expect(sold(oneHost(), { memoryCalculatePolicy: 'request', memoryRequestIgnoresSystemUse: false })[1]).toBe(70);
  });

  test('K4: a reclaim line of 150 % sells 150 - 10 - 30 = 110 of 100 cores; without the quirk 60', () => {
    expect(sold(oneHost(), { cpuReclaimThresholdPercent: 150 })[0]).toBe(110_000);
    expect(sold(oneHost(), { cpuReclaimThresholdPercent: 150, reclaimAboveHundredPercent: false })[0]).toBe(60_000);
  });

  test('K6: 46 minutes after the last report nothing is sold; without the quirk what was there, halved twice', () => {
    for (const [degradeRemovesBatch, expected] of [
      [true, [0, 0]],
      [false, [5_000, 92]],
    ] as const) {
      const signals = oneHost();
      const state = batchResource.createState(1, {});
      sold(signals, { degradeRemovesBatch }, state);
      // 46 - 15 = 31 minutes hold two whole periods of 15: 20,000 / 4 and floor(floor(370 / 2) / 2).
      signals.nowMs = 46 * MINUTE;
      expect(sold(signals, { degradeRemovesBatch }, state)).toEqual(expected);
    }
  });
});

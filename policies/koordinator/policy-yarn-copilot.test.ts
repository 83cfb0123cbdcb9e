import { describe, expect, test } from 'vitest';
import { createDecisions, DECISION, type HostSignals } from '../ports.ts';
import { yarnCopilot } from './policy-yarn-copilot.ts';

const GB = 1_000_000_000;
const MIB = 1_048_576;

/** One host of 100 cores and 100 GB: 60 - 10 - 30 = 20 cores and 65 - 8 - 20 = 37 GB are the origin. */
function oneHost(over: Readonly<Record<string, number>> = {}): HostSignals {
  const values: Record<string, number> = {
    sampledAtMs: 0,
    capacityMilliCpu: 100_000,
    capacityMemBytes: 100 * GB,
    reservedMilliCpu: 10_000,
    reservedMemBytes: 5 * GB,
    reportedSystemMilliCpu: 2_000,
    reportedSystemMemBytes: 8 * GB,
    reportedHpMilliCpu: 30_000,
    reportedHpMemBytes: 20 * GB,
    hpRequestMilliCpu: 60_000,
    hpRequestMemBytes: 50 * GB,
    reportedHpMaxUsedRequestMilliCpu: 60_000,
    reportedHpMaxUsedRequestMemBytes: 50 * GB,
    publishedBatchMilliCpu: 0,
    publishedBatchMemBytes: 0,
    publishedAtMs: -1,
    beRequestMilliCpu: 4_000,
    beRequestMemBytes: 7 * GB,
    freeRequestMilliCpu: 0,
    freeRequestMemBytes: 0,
    ...over,
  };
  const columns = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
  return { count: 1, nowMs: 0, up: Uint8Array.of(1), ...columns } as unknown as HostSignals;
}

/** What is sold to pods and to YARN: milli-CPU and bytes each. */
function sold(signals: HostSignals, config: object = {}, state = yarnCopilot.createState(1, {})) {
  const out = createDecisions(2);
  yarnCopilot.decide(signals, yarnCopilot.configure({ ...config }), state, out);
  const of = (kind: number) => {
    const at = out.kind.subarray(0, out.count).indexOf(kind);
    return at < 0 ? null : [out.a[at], out.b[at]];
  };
  return { batch: of(DECISION.publishBatch), yarn: of(DECISION.publishFree) };
}

describe('yarn-copilot', () => {
  test('YARN is offered the whole origin: 20 vcores and 37,000 MB, which it reads as MiB (4.86 % more); pods too while it uses nothing', () => {
    expect(sold(oneHost())).toEqual({ batch: [20_000, 37 * GB], yarn: [20_000, 37_000 * MIB] });
    expect(((37_000 * MIB) / (37 * GB)).toFixed(4)).toBe('1.0486');
  });

  test('containers of 6 vcores and 4 GiB are taken off the batch resources, not off YARN', () => {
    const signals = oneHost({ freeRequestMilliCpu: 5_500, freeRequestMemBytes: 4_096 * MIB });
    // 5.5 cores are 6 vcores.
    expect(sold(signals)).toEqual({ batch: [14_000, 37 * GB - 4_096 * MIB], yarn: [20_000, 37_000 * MIB] });
  });

  test('K18 off: pods of 4 cores and 7 GB come off, 16 vcores and floor(30 GB / MiB) = 28,610 MiB', () => {
    expect(sold(oneHost(), { yarnDecimalMegabytes: false }).yarn).toEqual([16_000, 28_610 * MIB]);
  });

  test('a NodeManager is told when its size changes, without a threshold, and the note counts it', () => {
    const state = yarnCopilot.createState(1, {});
    sold(oneHost(), {}, state);
    expect(sold(oneHost(), {}, state).yarn).toBe(null);
    // 0.1 cores less leave 19.9, which are still 20 vcores; one core less is 19.
    expect(sold(oneHost({ reportedHpMilliCpu: 30_100 }), {}, state).yarn).toBe(null);
    expect(sold(oneHost({ reportedHpMilliCpu: 31_000 }), {}, state).yarn).toEqual([19_000, 37_000 * MIB]);
    expect(yarnCopilot.notes?.(state)).toEqual([
      'yarn-copilot: 2 updates of NodeManagers, 20 vcores offered at most; at the end 19 vcores and 37000 MB (host 0: 19 vcores, 37000 MB)',
    ]);
  });
});

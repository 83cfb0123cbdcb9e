import { describe, expect, test } from 'vitest';
import {
  addCpuSample,
  addMemoryPeak,
  createUsageRecord,
  RECOMMENDER_DEFAULTS,
  type RecommenderConfig,
  recommend,
} from './recommender.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1_048_576;

/** A record of one pod that asks for a core: `usedMilliCpu(minute)` for so many minutes, 300 MiB of memory in its first day. */
function recorded(minutes: number, usedMilliCpu: (minute: number) => number, config: Partial<RecommenderConfig> = {}) {
  const full = { ...RECOMMENDER_DEFAULTS, ...config };
  const record = createUsageRecord(full);
  addMemoryPeak(record, 300 * MIB, DAY);
  for (let minute = 0; minute < minutes; minute++) addCpuSample(record, usedMilliCpu(minute), 1_000, minute * MINUTE);
  const made = recommend(record, full);
  if (made === null) throw new Error('there are samples');
  return made;
}

describe('a recommendation', () => {
  test('is none before the first sample', () => {
    expect(recommend(createUsageRecord(RECOMMENDER_DEFAULTS), RECOMMENDER_DEFAULTS)).toBe(null);
  });

  test('a day at 400m: bucket 62 ends at 0.02 (1.05^63 - 1) = 0.41247 cores, so 412 + trunc(61.8) = 473m; upper x 2, lower x 1.001^-2', () => {
    const { target, lower, upper } = recorded(1_441, () => 400);
    expect(target.milliCpu).toBe(473);
    expect(upper.milliCpu).toBe(946);
    // 473 / 1.002001 = 472.06
    expect(lower.milliCpu).toBe(472);
  });

  test('memory: 300 MiB lies in the bucket that ends at 327,131,... bytes; 15 % on top', () => {
    // First n with 1e7 (1.05^n - 1) / 0.05 > 314,572,800: 1.05^20 = 2.6533 gives 330,659,541.
    const { target } = recorded(1_441, () => 400);
    const end = Math.trunc((1e7 * (1.05 ** 20 - 1)) / 0.05);
    expect(end).toBe(330_659_541);
    expect(target.memBytes).toBe(end + Math.trunc(end * 0.15));
  });

  test('nine tenths of the weight decide: 11 % of samples at 1 core do, 9 % do not', () => {
    const mixed = (share: number) => recorded(100, (minute) => (minute % 100 < share ? 1_000 : 100)).target.milliCpu;
    // 1 core: bucket 80 ends at 0.02 (1.05^81 - 1) = 1.02072 cores, 1,020 + 153; 100m: bucket 36 ends at 0.02 (1.05^37 - 1) = 0.10163, 101 + 15.
    expect(mixed(11)).toBe(1_173);
    expect(mixed(9)).toBe(116);
  });

  test('old samples fade: a day at 1 core is a third of the weight after one quiet day, 1 / 31 after four', () => {
    const quietFor = (days: number) =>
      recorded((1 + days) * 1_440, (minute) => (minute < 1_440 ? 1_000 : 100)).target.milliCpu;
    expect(quietFor(1)).toBe(1_173);
    expect(quietFor(4)).toBe(116);
  });

  test('with a half-life of a quarter of the time four days take, one day is enough', () => {
    const quiet = recorded(2_880, (minute) => (minute < 1_440 ? 1_000 : 100), { cpuHalfLifeMs: 6 * HOUR });
    expect(quiet.target.milliCpu).toBe(116);
  });

  test('little history widens the bounds: 12 h give an upper bound of 3 x, 5 minutes a lower one of 0.6 x', () => {
    const half = recorded(721, () => 400);
    expect(half.upper.milliCpu).toBe(3 * 473);
    // (1 + 0.001 / (5 / 1440))^-2 = 1.288^-2 = 0.60281
    expect(recorded(6, () => 400).lower.milliCpu).toBe(285);
    const first = recorded(1, () => 400);
    expect(first.lower.milliCpu).toBe(25);
    expect(first.upper.milliCpu).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('minimum and maximum hold for target and bounds alike', () => {
    const made = recorded(721, () => 400, { minMilliCpu: 475, maxMilliCpu: 480, minMemBytes: 1e9, maxMemBytes: 2e9 });
    expect(made.target).toEqual({ milliCpu: 475, memBytes: 1e9 });
    // 3 x 380,258,472 bytes
    expect(made.upper).toEqual({ milliCpu: 480, memBytes: 1_140_775_416 });
    expect(made.lower).toEqual({ milliCpu: 475, memBytes: 1e9 });
  });

  test('a sample weighs what its pod asked for: one of 9 cores outweighs eighty of 0.1', () => {
    const record = createUsageRecord(RECOMMENDER_DEFAULTS);
    for (let pod = 0; pod < 80; pod++) addCpuSample(record, 100, 1, 0);
    addCpuSample(record, 1_000, 9_000, 0);
    // 8 of 17 weigh 0.1 each at the least; half lies above 100m.
    expect(recommend(record, RECOMMENDER_DEFAULTS)?.target.milliCpu).toBe(1_173);
  });
});

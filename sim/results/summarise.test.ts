import { describe, expect, test } from 'vitest';
import { summarise } from './summarise.ts';
import { THREE_WINDOWS_META, threeWindowTables } from './testing/three-windows.ts';

const summary = summarise(threeWindowTables(), THREE_WINDOWS_META);

describe('three windows of one hour, the first of them warm-up', () => {
  test('6000 of 10000 and 5500 of 8000 milli-CPU give 63.89 % mean, 68.75 % p95 and peak; the 91 % of warm-up is out', () => {
    // (3000+2000+1000) + (2000+3000+500) = 11500 of 18000; nearest rank ceil(0.95 x 2) = 2 of [60, 68.75]
    expect(summary.cpuUtilisationMeanPercent).toBeCloseTo((100 * 11_500) / 18_000, 12);
    expect(summary.cpuUtilisationP95Percent).toBe(68.75);
    expect(summary.cpuUtilisationPeakPercent).toBe(68.75);
    expect(summary.onlineUtilisationMeanPercent).toBeCloseTo((100 * 5_000) / 18_000, 12);
    expect(summary.bestEffortUtilisationMeanPercent).toBeCloseTo((100 * 5_000) / 18_000, 12);
  });

  test('work utilisation weighs 0.5 by 10000 and 0.75 by 8000: 61.11 %', () => {
    expect(summary.workUtilisationMeanPercent).toBeCloseTo((100 * 11_000) / 18_000, 12);
  });

  test('memory 800 of 2000 and 820 of 1600 MiB gives 45 %', () => {
    expect(summary.memUtilisationMeanPercent).toBeCloseTo(45, 12);
  });

  test('batch pools: 7200 sold, 5400 requested of 18000 milli-CPU; 1620 sold, 810 requested of 3600 MiB', () => {
    expect(summary.batchSoldMeanPercent).toBeCloseTo(40, 12);
    expect(summary.batchRequestedMeanPercent).toBeCloseTo(30, 12);
    expect(summary.batchMemSoldMeanPercent).toBeCloseTo(45, 12);
    expect(summary.batchMemRequestedMeanPercent).toBeCloseTo(22.5, 12);
  });

  test('replicas request 2 x 1000 + 1 x 2000 of 10000 milli-CPU and 2 x 300 + 200 of 2000 MiB: 40 % each', () => {
    expect(summary.onlineCpuRequestPercent).toBeCloseTo(40, 12);
    expect(summary.onlineMemRequestPercent).toBeCloseTo(40, 12);
  });

  test('one of three service-hours breaks 99 %: exactly 1 % late is allowed, an hour without requests does not count', () => {
    expect(summary.violationServiceHourPercent).toBeCloseTo(100 / 3, 12);
  });

  test('200 of 10000 requests are late, 150 of them by co-location', () => {
    expect(summary.lateRequestPercent).toBeCloseTo(2, 12);
    expect(summary.lateRequestFromColocationPercent).toBeCloseTo(1.5, 12);
  });

  test('40 SLO-minutes of 2 services in 2 hours are 240 per service and day', () => {
    expect(summary.days).toBeCloseTo(1 / 12, 12);
    expect(summary.sloMinutesPerServiceDay).toBeCloseTo(240, 9);
  });

  test('tasks, evictions and work count only hours 1 and 2', () => {
    expect(summary).toMatchObject({
      tasksSubmitted: 20,
      tasksFinished: 17,
      tasksAbandoned: 1,
      evictionsMemory: 3,
      evictionsCpu: 1,
      evictionsPer1000Starts: 200, // 4 of 20 starts
      doneCoreHours: 18,
      wastedCoreHours: 2,
      wastedPercent: 10, // 2 of 20
      deadlineMissPercent: 25, // 1 of 4
      pendingPeak: 7,
      onlinePodsUnplacedPeak: 2,
      suppressedHostHours: 3, // (1 + 2) hosts x 1 h
      waitMsP50: 1_500,
      waitMsP95: 60_000,
      hostFailures: 1,
      hosts: 2,
    });
  });

  test('2500 milli-CPU denied of 7500 wanted is 33.33 %', () => {
    expect(summary.suppressedPercentOfDemand).toBeCloseTo(100 / 3, 12);
  });

  test('stranded: 1000 of 10000 milli-CPU, 100 of 2000 MiB', () => {
    expect(summary.strandedCpuPercent).toBeCloseTo(10, 12);
    expect(summary.strandedMemPercent).toBeCloseTo(5, 12);
  });

  test('3000 Wh at PUE 1.5 are 4.5 kWh; with 2 hosts at 10 a day for 1/12 day the cost is 10.667, 0.4638 per core-hour', () => {
    // capex 3650 x (1/2 + 50 %) = 3650 a year = 10 a day; useful: online 3 + 2 core-hours and 18 finished
    expect(summary.energyKwh).toBeCloseTo(4.5, 12);
    expect(summary.cost).toBeCloseTo(9 + 20 / 12, 12);
    expect(summary.costPerUsefulCoreHour).toBeCloseTo((9 + 20 / 12) / 23, 12);
  });

  test('ten more points of use are priced at the mean use of 63.89 %', () => {
    expect(summary.tenPointsEnergyCost).toBeCloseTo(100 * (11_500 / 18_000), 9);
    expect(summary.tenPointsAvoidedCost).toBe(1000);
  });

  test('a price of the shape takes the place of that of the plan: big at 10,950 is 30 a day, small stays at 10, 40 / 12 in all', () => {
    const own = summarise(threeWindowTables(), { ...THREE_WINDOWS_META, shapeCapex: new Map([['big', 10_950]]) });
    expect(own.cost).toBeCloseTo(9 + 40 / 12, 12);
  });
});

test('a warm-up as long as the run leaves every share 0 and every figure finite', () => {
  const empty = summarise(threeWindowTables(), { ...THREE_WINDOWS_META, warmUpMs: 3 * 3_600_000 });
  expect(empty.cpuUtilisationMeanPercent).toBe(0);
  expect(empty.cpuUtilisationP95Percent).toBe(0);
  expect(Object.values(empty).every(Number.isFinite)).toBe(true);
});

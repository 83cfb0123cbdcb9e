import { expect, test } from 'vitest';
import type { Plan } from '../plan.ts';
import { lateOfService, runHoursOf } from './run-hours.ts';
import type { RunResults } from './schema.ts';
import { tableWith, threeWindowTables } from './testing/three-windows.ts';

const MINUTE_MS = 60_000;

function planOf(horizonMs: number, enabled = true): Plan {
  return {
    horizonMs,
    warmUpMs: 30 * MINUTE_MS,
    slo: { objectivePercent: 99.5 },
    koordinator: {
      enabled,
      cpuSuppressThresholdPercent: 65,
      cpuReclaimThresholdPercent: 60,
      memoryReclaimThresholdPercent: 0,
      memoryEvictThresholdPercent: 70,
    },
  } as unknown as Plan;
}

/** Three windows of 30 min: two in hour 0, one in hour 1, which ends half way. Two services. */
function results(): RunResults {
  return {
    tables: {
      ...threeWindowTables(),
      windows: tableWith('windows', 3, {
        timeMs: [0, 30 * MINUTE_MS, 60 * MINUTE_MS],
        capacityMilliCpu: [10_000, 6_000, 10_000],
        onlineUsedMilliCpu: [4_000, 1_000, 2_000],
        bestEffortUsedMilliCpu: [0, 500, 3_000],
        capacityMemMib: [1_000, 500, 1_000],
        onlineUsedMemMib: [100, 50, 300],
        bestEffortUsedMemMib: [0, 100, 0],
        systemUsedMemMib: [100, 50, 0],
        requests: [100, 300, 50],
        violatingRequests: [1, 2, 0.5],
        violatingRequestsAlone: [1, 1, 0.25],
        bestEffortPending: [4, 8, 1],
        evictedMemory: [1, 0, 2],
        evictedCpu: [0, 3, 0],
      }),
      services: tableWith('services', 2, { service: [0, 1], name: ['web', 'pay'] }),
      serviceHours: tableWith('serviceHours', 4, {
        service: [0, 0, 1, 1],
        hour: [0, 1, 0, 1],
        requests: [300, 0, 100, 50],
        violatingRequests: [2.4, 0, 0.1, 50],
      }),
      batchHours: tableWith('batchHours', 3, {
        population: [0, 1, 0],
        hour: [0, 0, 1],
        doneCoreHours: [1.5, 2, 7],
        wastedCoreHours: [0.5, 0, 0],
      }),
    },
  } as unknown as RunResults;
}

test('cores of an hour are means of its windows, requests and work are sums', () => {
  const { hours, columns } = runHoursOf(results(), planOf(90 * MINUTE_MS));
  expect(hours).toBe(2);
  // (10 + 6) / 2 and (4 + 1) / 2 cores; the last hour has one window.
  expect(columns.capacityCores).toEqual([8, 10]);
  expect(columns.onlineCores).toEqual([2.5, 2]);
  expect(columns.bestEffortCores).toEqual([0.25, 3]);
  // 200 of 1000 and 200 of 500 MiB: mean of 20 % and 40 %.
  expect(columns.memoryPercent).toEqual([30, 30]);
  expect(columns.pendingTasks).toEqual([6, 1]);
  expect(columns.requests).toEqual([400, 50]);
  expect(columns.lateRequests).toEqual([3, 0.5]);
  expect(columns.lateRequestsAlone).toEqual([2, 0.25]);
  expect(columns.evictions).toEqual([4, 2]);
  // Both populations of hour 0: 1.5 + 2.
  expect(columns.doneCoreHours).toEqual([3.5, 7]);
  expect(columns.wastedCoreHours).toEqual([0.5, 0]);
});

test('late requests of a service come back to 0.002 %: 2.4 of 300 are 0.8 %, hours without requests 0 %', () => {
  const found = runHoursOf(results(), planOf(90 * MINUTE_MS));
  expect(found.services.names).toEqual(['web', 'pay']);
  expect(lateOfService(found, 0)).toEqual([0.8, 0]);
  // 0.1 of 100 are 0.1 %; everything late is 100 %.
  expect(lateOfService(found, 1)).toEqual([0.1, 100]);
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
});

test('lines come from the plan; 0 and a cluster without Koordinator have none', () => {
  expect(runHoursOf(results(), planOf(90 * MINUTE_MS)).lines).toEqual({
    warmUpHours: 0.5,
    objectivePercent: 99.5,
    squeezeCpuPercent: 65,
    sellCpuPercent: 60,
    sellMemoryPercent: null,
    evictMemoryPercent: 70,
  });
  expect(runHoursOf(results(), planOf(90 * MINUTE_MS, false)).lines.squeezeCpuPercent).toBeNull();
});

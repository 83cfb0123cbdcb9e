/** A run of three windows of one hour on two hosts, small enough to be summed by hand; the first window is warm-up. */

import type { Column, ColumnName, RunResults, Table, TableName } from '../schema.ts';
import { TABLES } from '../schema.ts';
import type { SummaryMeta } from '../summarise.ts';
import { summarise } from '../summarise.ts';

const HOUR_MS = 3_600_000;

/** A table with the columns given; columns not given hold zeros or empty texts. */
export function tableWith<T extends TableName>(
  name: T,
  rows: number,
  given: Partial<Record<ColumnName<T>, readonly (number | string)[]>>,
): Table<T> {
  const columns: Record<string, Column> = {};
  for (const spec of TABLES[name]) {
    const values = (given as Readonly<Record<string, readonly (number | string)[] | undefined>>)[spec.name];
    if (spec.type === 'string') columns[spec.name] = values?.map(String) ?? new Array<string>(rows).fill('');
    else if (spec.type === 'int32')
      columns[spec.name] = Int32Array.from(values?.map(Number) ?? new Array<number>(rows).fill(0));
    else columns[spec.name] = Float64Array.from(values?.map(Number) ?? new Array<number>(rows).fill(0));
  }
  return { name, rows, columns: columns as Table<T>['columns'] };
}

export const THREE_WINDOWS_META: SummaryMeta = {
  windowMs: HOUR_MS,
  warmUpMs: HOUR_MS,
  objectivePercent: 99,
  cost: { pue: 1.5, pricePerKwh: 2, capexPerHost: 3650, lifetimeYears: 2, yearlyOverheadPercent: 50, currency: 'EUR' },
  waitMsP50: 1_500,
  waitMsP95: 60_000,
  hostFailures: 1,
  tardinessMsP95: 90_000,
  tenPoints: (meanUse) => ({ energyCost: 100 * meanUse, avoidedCost: 1000 }),
};

/** Tables of the three windows. */
export function threeWindowTables(): RunResults['tables'] {
  return {
    windows: tableWith('windows', 3, {
      timeMs: [0, HOUR_MS, 2 * HOUR_MS],
      capacityMilliCpu: [10_000, 10_000, 8_000],
      onlineUsedMilliCpu: [9_000, 3_000, 2_000],
      bestEffortUsedMilliCpu: [0, 2_000, 3_000],
      systemUsedMilliCpu: [100, 1_000, 500],
      workUtilisation: [0.9, 0.5, 0.75],
      batchSoldMilliCpu: [9_999, 4_000, 3_200],
      batchRequestedMilliCpu: [0, 3_000, 2_400],
      suppressedMilliCpu: [500, 1_000, 1_500],
      suppressedHosts: [2, 1, 2],
      capacityMemMib: [2_000, 2_000, 1_600],
      onlineUsedMemMib: [0, 500, 400],
      bestEffortUsedMemMib: [0, 200, 300],
      systemUsedMemMib: [0, 100, 120],
      batchSoldMemMib: [0, 900, 720],
      batchRequestedMemMib: [0, 450, 360],
      requests: [1_000, 4_000, 6_000],
      violatingRequests: [500, 40, 160],
      violatingRequestsAlone: [0, 10, 40],
      onlinePodsPending: [9, 1, 2],
      bestEffortPending: [99, 7, 5],
      evictedMemory: [5, 2, 1],
      evictedCpu: [5, 0, 1],
      powerWatts: [999, 1_000, 2_000],
    }),
    hostHours: tableWith('hostHours', 6, {
      host: [0, 0, 0, 1, 1, 1],
      hour: [0, 1, 2, 0, 1, 2],
      onlineUtilisation: [0.9, 0.4, 0.3, 0.9, 0.2, 0.1],
      bestEffortUtilisation: [0, 0.1, 0.2, 0, 0.3, 0.3],
    }),
    hosts: tableWith('hosts', 2, {
      host: [0, 1],
      name: ['host-0', 'h\u00f6st-1'],
      shape: ['big', 'small'],
      capacityMilliCpu: [6_000, 4_000],
      capacityMemMib: [1_000, 1_000],
      strandedMilliCpu: [600, 400],
      strandedMemMib: [0, 100],
    }),
    serviceHours: tableWith('serviceHours', 6, {
      service: [0, 0, 0, 1, 1, 1],
      hour: [0, 1, 2, 0, 1, 2],
      requests: [100, 2_000, 3_000, 100, 2_000, 0],
      violatingRequests: [50, 20, 100, 50, 20, 0],
      sloMinutes: [60, 0, 30, 60, 10, 0],
    }),
    services: tableWith('services', 2, {
      service: [0, 1],
      name: ['web', 'search'],
      latencyClass: ['rpc', 'rpc'],
      replicas: [2, 1],
      requestMilliCpu: [1_000, 2_000],
      requestMemMib: [300, 200],
      requests: [5_000, 2_000],
      violatingRequests: [120, 20],
    }),
    batchHours: tableWith('batchHours', 3, {
      hour: [0, 1, 2],
      submitted: [100, 10, 10],
      started: [100, 12, 8],
      finished: [0, 9, 8],
      evicted: [0, 2, 2],
      abandoned: [7, 0, 1],
      doneCoreHours: [0, 6, 12],
      wastedCoreHours: [50, 1, 1],
      deadlinesMet: [0, 3, 0],
      deadlinesMissed: [5, 1, 0],
    }),
    populations: tableWith('populations', 1, { name: ['transcode'], waitMsP50: [1_500], waitMsP95: [60_000] }),
  };
}

/** The three windows as results of a run with `seed`. */
export function threeWindowResults(seed = '1'): RunResults {
  const tables = threeWindowTables();
  return {
    manifest: {
      format: 'tidemark-run/1',
      name: 'three-windows',
      planHash: 'cafe',
      seed,
      digest: `d${seed}`,
      digestPerHour: ['a', 'b', 'c'],
      tidemarkVersion: '0.1.0',
      nodeVersion: 'v20.19.0',
      events: 42,
      tables: {},
      files: {},
    },
    plan: { name: 'three-windows', windowMs: HOUR_MS, warmUpMs: HOUR_MS },
    summary: summarise(tables, THREE_WINDOWS_META),
    tables,
    notes: ['Made by hand.'],
  };
}

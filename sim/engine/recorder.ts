/**
 * What a run remembers: columns that are written in place, one row a window, host-hour, service-hour or population-hour.
 *
 * Sums are taken in row order, so equal runs record equal bits. Means are formed once, when the tables are closed.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { addValue, createHistogram, type QuantileHistogram } from '../kernel/quantile-histogram.ts';
import { TABLES } from '../results/schema.ts';

type WindowColumn = (typeof TABLES.windows)[number]['name'];
type BatchColumn = Exclude<(typeof TABLES.batchHours)[number]['name'], 'population' | 'hour'>;

const WINDOW_COLUMNS = TABLES.windows.map((column) => column.name);
export const BATCH_COLUMNS = TABLES.batchHours
  .map((column) => column.name)
  .filter((name): name is BatchColumn => name !== 'population' && name !== 'hour');

export interface Recorder {
  readonly hours: number;
  readonly warmUpMs: number;
  /** Windows recorded so far. */
  readonly cursor: Int32Array;
  readonly windows: Readonly<Record<WindowColumn, Float64Array>>;
  /** Row-major hour x host (a window writes neighbours): sums over the hour's windows. */
  readonly hostOnline: Float64Array;
  readonly hostBestEffort: Float64Array;
  readonly hostMem: Float64Array;
  readonly hostSuppressedMs: Float64Array;
  readonly hostStarvedMinutes: Float64Array;
  readonly hostViolating: Float64Array;
  /** Row-major host x hour. */
  readonly hostEvictions: Int32Array;
  /** Windows that went into each hour. */
  readonly windowsInHour: Int32Array;
  /** Means of stranded capacity: sums over windows after warm-up. */
  readonly strandedMilliCpu: Float64Array;
  readonly strandedMemBytes: Float64Array;
  readonly strandedSamples: Float64Array;
  /** Row-major service x hour. */
  readonly serviceRequests: Float64Array;
  readonly serviceViolating: Float64Array;
  readonly serviceViolatingAlone: Float64Array;
  /** Parts of serviceViolating by cause: limits, replicas on dead hosts, replicas without a host or starting. */
  readonly serviceViolatingThrottled: Float64Array;
  readonly serviceViolatingDead: Float64Array;
  readonly serviceViolatingUnplaced: Float64Array;
  /** Part of serviceViolating: reclaim and pages gone, with best effort beside the pods. */
  readonly serviceViolatingMemory: Float64Array;
  /** Slowdown by best effort, and best effort that was squeezed a moment too late. */
  readonly serviceViolatingContention: Float64Array;
  readonly serviceViolatingSuppression: Float64Array;
  readonly serviceSloMinutes: Float64Array;
  readonly serviceP99Sum: Float64Array;
  readonly serviceP99Samples: Float64Array;
  readonly serviceReady: Float64Array;
  /** Late requests alone over late requests of each service, as last evaluated. */
  readonly aloneRatio: Float64Array;
  /** 1 = the service has answered before; until then it is starting, not down. */
  readonly wasReady: Uint8Array;
  /** Row-major population x hour. */
  readonly batch: Readonly<Record<BatchColumn, Float64Array>>;
  readonly waits: readonly QuantileHistogram[];
  readonly stretches: readonly QuantileHistogram[];
  /** Of jobs with a deadline: how late (0 = in time), and how much time was left (0 = late). */
  readonly tardiness: readonly QuantileHistogram[];
  readonly slack: readonly QuantileHistogram[];
  /** By OPEN: memory evictions, CPU evictions, other evictions, OOM kills of the window that is open; host failures of the run. */
  readonly open: Float64Array;
  /** Work in core-ms of nominal speed: [submitted, done, wasted, abandoned]. Conservation is checked on them. */
  readonly work: Float64Array;
}

export const WORK = { submitted: 0, done: 1, wasted: 2, abandoned: 3 } as const;
export const OPEN = { evictedMemory: 0, evictedCpu: 1, evictedOther: 2, oomKills: 3, failures: 4 } as const;

/** Columns for a run of `windowCount` windows. */
export function createRecorder(
  windowCount: number,
  horizonMs: number,
  warmUpMs: number,
  hosts: number,
  services: number,
  populations: number,
): Recorder {
  const hours = Math.ceil(horizonMs / MS_PER_HOUR);
  const perHostHour = () => new Float64Array(hosts * hours);
  const perServiceHour = () => new Float64Array(services * hours);
  return {
    hours,
    warmUpMs,
    cursor: new Int32Array(1),
    windows: columnsOf(WINDOW_COLUMNS, windowCount),
    hostOnline: perHostHour(),
    hostBestEffort: perHostHour(),
    hostMem: perHostHour(),
    hostSuppressedMs: perHostHour(),
    hostStarvedMinutes: perHostHour(),
    hostViolating: perHostHour(),
    hostEvictions: new Int32Array(hosts * hours),
    windowsInHour: new Int32Array(hours),
    strandedMilliCpu: new Float64Array(hosts),
    strandedMemBytes: new Float64Array(hosts),
    strandedSamples: new Float64Array(1),
    serviceRequests: perServiceHour(),
    serviceViolating: perServiceHour(),
    serviceViolatingAlone: perServiceHour(),
    serviceViolatingThrottled: perServiceHour(),
    serviceViolatingDead: perServiceHour(),
    serviceViolatingUnplaced: perServiceHour(),
    serviceViolatingMemory: perServiceHour(),
    serviceViolatingContention: perServiceHour(),
    serviceViolatingSuppression: perServiceHour(),
    serviceSloMinutes: perServiceHour(),
    serviceP99Sum: perServiceHour(),
    serviceP99Samples: perServiceHour(),
    serviceReady: perServiceHour(),
    aloneRatio: new Float64Array(services).fill(1),
    wasReady: new Uint8Array(services),
    batch: columnsOf(BATCH_COLUMNS, populations * hours),
    waits: Array.from({ length: populations }, createHistogram),
    stretches: Array.from({ length: populations }, createHistogram),
    tardiness: Array.from({ length: populations }, createHistogram),
    slack: Array.from({ length: populations }, createHistogram),
    open: new Float64Array(5),
    work: new Float64Array(4),
  };
}

function columnsOf<K extends string>(names: readonly K[], rows: number): Record<K, Float64Array> {
  return Object.fromEntries(names.map((name) => [name, new Float64Array(rows)])) as Record<K, Float64Array>;
}

/** Adds to a population's hour. */
export function countBatch(
  recorder: Recorder,
  column: BatchColumn,
  population: number,
  timeMs: number,
  value: number,
): void {
  const hour = Math.min(recorder.hours - 1, Math.floor(timeMs / MS_PER_HOUR));
  recorder.batch[column][population * recorder.hours + hour] += value;
}

/** Notes how long an attempt waited; attempts inside warm-up count in the hours, not in the quantiles. */
export function noteWait(recorder: Recorder, population: number, nowMs: number, waitMs: number): void {
  countBatch(recorder, 'started', population, nowMs, 1);
  countBatch(recorder, 'waitMsSum', population, nowMs, waitMs);
  if (nowMs >= recorder.warmUpMs) addValue(recorder.waits[population], waitMs);
}

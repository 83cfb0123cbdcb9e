/** What is in an imported trace, in numbers: coverage, courses of day and week, use over request, durations, sizes, arrivals. */
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { peakToTrough } from './day-shape.ts';
import { knownSorted, pointsOfSorted, quantileOf, sortKnown } from './distribution.ts';
import { seriesStatistics } from './fits/fit-series.ts';
import { readImportHead } from './import/store.ts';
import { GRID_PER_DAY, GRID_PER_HOUR, type KindSeries, readKindSeries } from './series-set.ts';
import { openTaskTable, type TaskTable } from './task-table.ts';

/** p10, p50, p90, p99 and mean of known values. */
export interface Spread {
  readonly n: number;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly mean: number;
  /** Quantiles at the shares of distribution.ts; empty without values. */
  readonly quantiles: readonly number[];
}

export interface UsageInspection {
  readonly kind: string;
  readonly services: number;
  readonly samples: number;
  readonly unknownSamples: number;
  readonly days: number;
  /** Share of five-minute slots with a value, over the kept services. */
  readonly coverageRatio: number;
  /** Share of all services with a value, hour by hour: 1 = every one in every slot. */
  readonly coverageByHour: readonly number[];
  /** CPU of all that were measured, cores, hour by hour; NaN where none was. */
  readonly coresByHour: readonly number[];
  readonly gaps: number;
  readonly longestGapHours: number;
  readonly meanMilliCpu: number;
  /** Mean over all, of each hour of the day and each day of the week from the start; mean 1. NaN without data. */
  readonly hourOfDay: readonly number[];
  readonly dayOfWeek: readonly number[];
  readonly peakToTrough: number;
  readonly cpuOverRequest: Spread;
  readonly memOverRequest: Spread;
  readonly peakOverMean: Spread;
  /** Mean share of CFS periods in which a service was throttled. */
  readonly throttledShare: Spread;
  /** Mean GPUs in use of a service. */
  readonly gpusUsed: Spread;
  /** Medians over services of a day or longer; null when there is none. */
  readonly medians: {
    readonly peakToTrough: number;
    readonly explainedShare: number;
    readonly r5: number;
    readonly r60: number;
    readonly residualCv: number;
  } | null;
}

export interface TaskInspection {
  readonly tasks: number;
  readonly jobs: number;
  readonly hours: number;
  readonly perHour: number;
  readonly hourOfDay: readonly number[];
  readonly arrivalsByHour: readonly number[];
  readonly durationS: Spread;
  readonly requestCores: Spread;
  readonly requestMemGib: Spread;
  readonly instances: Spread;
  readonly cpuOverRequest: Spread;
  readonly tasksPerJob: Spread;
  readonly withParents: number;
}

export interface Inspection {
  readonly folder: string;
  readonly format: string;
  readonly hosts: number;
  readonly hostCores: number;
  readonly hostMemGib: number;
  readonly usage: readonly UsageInspection[];
  readonly tasks: TaskInspection | null;
  readonly notes: readonly string[];
}

/** Reads the folder of an import. Throws TraceError. */
export async function inspectTrace(folder: string): Promise<Inspection> {
  const trace = await readImportHead(folder);
  const kinds = trace.hasServices ? await readKindSeries(folder) : [];
  const tasks = openTaskTable(folder);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + (value > 0 ? value : 0), 0);
  return {
    folder,
    format: trace.format,
    hosts: trace.hosts.ids.length,
    hostCores: sum(trace.hosts.milliCpu) / 1000,
    hostMemGib: sum(trace.hosts.memMib) / 1024,
    usage: kinds.map(inspectUsage),
    tasks: tasks.count === 0 ? null : inspectTasks(tasks),
    notes: trace.notes,
  };
}

export function spreadOf(values: ArrayLike<number>): Spread {
  return spreadOfSorted(knownSorted(values));
}

function spreadOfSorted(sorted: Float64Array): Spread {
  const at = (share: number) => quantileOf(sorted, share);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const quantiles = pointsOfSorted(sorted);
  return { n: sorted.length, p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99), mean, quantiles };
}

/** Mean of the known values of a series. */
export function meanOfKnown(values: Float64Array): number {
  let [sum, count] = [0, 0];
  for (const value of values)
    if (!Number.isNaN(value)) {
      sum += value;
      count += 1;
    }
  return sum / count;
}

/** Means by group of slots over the mean of all; NaN for a group without data. */
export function courseOf(perService: Float64Array, groups: number, groupOf: (slot: number) => number): number[] {
  const sums = new Float64Array(groups);
  const counts = new Float64Array(groups);
  perService.forEach((value, slot) => {
    if (Number.isNaN(value)) return;
    sums[groupOf(slot)] += value;
    counts[groupOf(slot)] += 1;
  });
  const means = Array.from(sums, (sum, group) => sum / counts[group]);
  const known = means.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((total, value) => total + value, 0) / known.length;
  return means.map((value) => value / mean);
}

export const hourOfSlot = (slot: number): number => Math.floor(slot / GRID_PER_HOUR) % 24;
const dayOfSlot = (slot: number): number => Math.floor(slot / GRID_PER_DAY) % 7;

/** Use of one service on average, per slot: free of how many are measured at a time. */
export function perServiceOf(kind: KindSeries): Float64Array {
  return kind.totalMilliCpu.map((total, slot) => total / kind.measured[slot]);
}

/** Of every whole hour of slots. */
function byHour(slots: Float64Array, meanOf: (hour: Float64Array) => number): number[] {
  const hours = Math.floor(slots.length / GRID_PER_HOUR);
  return Array.from({ length: hours }, (_, hour) =>
    meanOf(slots.subarray(hour * GRID_PER_HOUR, (hour + 1) * GRID_PER_HOUR)),
  );
}

function inspectUsage(kind: KindSeries): UsageInspection {
  let [filled, gaps, longest] = [0, 0, 0];
  for (const { milliCpu } of kind.kept) {
    let run = 0;
    for (const value of milliCpu) {
      if (!Number.isNaN(value)) {
        filled += 1;
        run = 0;
        continue;
      }
      run += 1;
      if (run === 1) gaps += 1;
      longest = Math.max(longest, run);
    }
  }
  const perService = perServiceOf(kind);
  const hourOfDay = courseOf(perService, 24, hourOfSlot);
  const statistics = kind.kept
    .filter((one) => one.milliCpu.length >= 2 * GRID_PER_DAY && meanOfKnown(one.milliCpu) > 0)
    .map((one) => seriesStatistics(one.milliCpu));
  const median = (key: 'peakToTrough' | 'explainedShare' | 'r5' | 'r60' | 'residualCv') =>
    quantileOf(knownSorted(statistics.map((one) => one[key])), 0.5);
  const means = kind.kept.map((one) => meanOfKnown(one.milliCpu));
  return {
    kind: kind.kind,
    services: kind.services,
    samples: kind.samples,
    unknownSamples: kind.unknownSamples,
    days: kind.slots / GRID_PER_DAY,
    coverageRatio: filled / (kind.kept.length * kind.slots),
    coverageByHour: byHour(kind.measured, (values) => values.reduce((sum, one) => sum + one, 0) / GRID_PER_HOUR).map(
      (measured) => Math.min(1, measured / kind.services),
    ),
    coresByHour: byHour(kind.totalMilliCpu, (values) => meanOfKnown(values) / 1000),
    gaps,
    longestGapHours: longest / GRID_PER_HOUR,
    meanMilliCpu: meanOfKnown(kind.totalMilliCpu),
    hourOfDay,
    dayOfWeek: courseOf(perService, 7, dayOfSlot),
    peakToTrough: peakToTrough(hourOfDay.filter((value) => !Number.isNaN(value))),
    cpuOverRequest: spreadOf(kind.kept.map((one, at) => means[at] / one.requestMilliCpu)),
    memOverRequest: spreadOf(kind.kept.map((one) => one.memMib / one.requestMemMib)),
    peakOverMean: spreadOf(kind.kept.map((one, at) => meanOfKnown(one.peakMilliCpu) / means[at])),
    throttledShare: spreadOf(kind.kept.map((one) => one.throttledShare)),
    gpusUsed: spreadOf(kind.kept.map((one) => one.gpuMilli / 1000)),
    medians:
      statistics.length === 0
        ? null
        : {
            peakToTrough: median('peakToTrough'),
            explainedShare: median('explainedShare'),
            r5: median('r5'),
            r60: median('r60'),
            residualCv: median('residualCv'),
          },
  };
}

function inspectTasks(tasks: TaskTable): TaskInspection {
  const submitMs = tasks.submitMs();
  const byHour = new Array<number>(Math.floor(submitMs[tasks.count - 1] / MS_PER_HOUR) + 1).fill(0);
  for (const ms of submitMs) byHour[Math.floor(ms / MS_PER_HOUR)] += 1;
  const { jobs, tasksPerJob, withParents } = countJobs(tasks);
  const spread = (names: readonly string[], of: (columns: readonly Float64Array[], row: number) => number) =>
    spreadOfSorted(sortKnown(tasks.derive(names, of)));
  return {
    tasks: tasks.count,
    jobs,
    hours: byHour.length,
    perHour: tasks.count / byHour.length,
    hourOfDay: courseOf(Float64Array.from(byHour), 24, (hour) => hour % 24),
    arrivalsByHour: byHour,
    durationS: spread(['durationMs'], ([ms], row) => ms[row] / 1000),
    requestCores: spread(['requestMilliCpu'], ([milli], row) => milli[row] / 1000),
    requestMemGib: spread(['requestMemMib'], ([mib], row) => mib[row] / 1024),
    instances: spread(['instances'], ([instances], row) => instances[row]),
    cpuOverRequest: spread(['usedMilliCpu', 'requestMilliCpu'], ([used, request], row) => used[row] / request[row]),
    tasksPerJob,
    withParents,
  };
}

/** A function of its own: which task is of which job is forgotten before the columns are read. */
function countJobs(tasks: TaskTable): Pick<TaskInspection, 'jobs' | 'tasksPerJob' | 'withParents'> {
  const { jobs, jobOf, parentStart } = tasks.graph();
  const perJob = new Float64Array(jobs);
  for (const job of jobOf) perJob[job] += 1;
  let withParents = 0;
  for (let task = 0; task < tasks.count; task++) if (parentStart[task + 1] > parentStart[task]) withParents += 1;
  return { jobs, tasksPerJob: spreadOfSorted(sortKnown(perJob)), withParents };
}

/**
 * A run held against what was measured on later days: how far is its utilisation off, hour by hour and by diurnal class.
 *
 * Utilisation of an hour is use over size, summed over the series that were measured in it: CPU of services over what they request, or, where
 * the trace has only hosts, of hosts over their capacity.
 *
 *   bias = mean(run - measured),   MAE = mean |run - measured|,   p95 and peak: those of the hours of the run minus those measured
 *
 * All in points of utilisation. A class is that of the hour-of-day profile over the hours compared, on either side.
 */
import { createHash } from 'node:crypto';
import { ConfigError } from '../policies/base/assert.ts';
import { MILLI_PER_CPU, MS_PER_HOUR } from '../policies/base/units.ts';
import { canonicalText, type Plan, withTraceFolders } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { peakToTrough } from '../traces/day-shape.ts';
import { knownSorted, quantileOf } from '../traces/distribution.ts';
import { diurnalClassOf } from '../traces/fit-trace.ts';
import type { HourlyUse } from '../traces/measured-use.ts';

export const BACKTEST_VERSION = 1;

export interface BacktestError {
  /** `all`, or a diurnal class. */
  readonly name: string;
  readonly measuredSeries: number;
  readonly runSeries: number;
  readonly measuredMeanPercent: number;
  readonly runMeanPercent: number;
  readonly maePoints: number;
  readonly biasPoints: number;
  readonly measuredP95Percent: number;
  readonly runP95Percent: number;
  readonly measuredPeakPercent: number;
  readonly runPeakPercent: number;
}

export interface ScenarioBacktest {
  readonly version: number;
  readonly scenario: string;
  /** Of the load that was tested (loadHash): a plan with another load has no backtest. */
  readonly loadHash: string;
  readonly digest: string;
  readonly of: HourlyUse['of'];
  readonly measured: {
    readonly folder: string;
    readonly sha256: string;
    readonly fromHour: number;
    readonly toHour: number;
  };
  readonly hours: number;
  readonly rows: readonly BacktestError[];
}

/** What a backtest of `of` speaks for: the online load, and for hosts also the rest that uses them. */
export function loadHash(written: Plan, of: HourlyUse['of']): string {
  const plan = withTraceFolders(written, () => '');
  const parts = of === 'services' ? [plan.online] : [plan.online, plan.bestEffort, plan.cluster];
  return createHash('sha256')
    .update(canonicalText([of, parts]))
    .digest('hex');
}

/** Hours [fromHour, toHour) of a run, as the measured ones are given. Services: CPU work of their requests; hosts: the cluster as one. */
export function hoursOfRun(results: RunResults, of: HourlyUse['of'], fromHour: number, toHour: number): HourlyUse {
  const hours = toHour - fromHour;
  if (of === 'hosts') {
    const { timeMs, capacityMilliCpu, onlineUsedMilliCpu, bestEffortUsedMilliCpu, systemUsedMilliCpu } = results.tables
      .windows.columns as Record<string, Float64Array>;
    const used = new Float64Array(hours);
    const size = new Float64Array(hours);
    timeMs.forEach((ms, window) => {
      const hour = Math.floor(ms / MS_PER_HOUR) - fromHour;
      if (hour < 0 || hour >= hours) return;
      used[hour] += onlineUsedMilliCpu[window] + bestEffortUsedMilliCpu[window] + systemUsedMilliCpu[window];
      size[hour] += capacityMilliCpu[window];
    });
    // As one series of size 1: hosts that are down leave use and capacity together.
    return {
      of,
      names: ['cluster'],
      hours,
      usedMilliCpu: used.map((sum, hour) => sum / size[hour]),
      sizeMilliCpu: Float64Array.of(1),
    };
  }
  const services = results.tables.services.columns;
  const byHour = results.tables.serviceHours.columns as Record<string, Float64Array>;
  const names = services.name as readonly string[];
  const usedMilliCpu = new Float64Array(names.length * hours);
  const workMs = services.designServiceMs as Float64Array;
  for (let row = 0; row < byHour.service.length; row++) {
    const hour = byHour.hour[row] - fromHour;
    if (hour < 0 || hour >= hours) continue;
    const service = byHour.service[row];
    usedMilliCpu[service * hours + hour] = (byHour.requests[row] * workMs[service] * MILLI_PER_CPU) / MS_PER_HOUR;
  }
  const replicas = services.replicas as Int32Array;
  const request = services.requestMilliCpu as Float64Array;
  return { of, names, hours, usedMilliCpu, sizeMilliCpu: request.map((milli, service) => milli * replicas[service]) };
}

/** Rows of all series and of each class that both sides have. Throws ConfigError for less than a day. */
export function compareHours(run: HourlyUse, measured: HourlyUse, firstHourOfDay: number): BacktestError[] {
  if (run.hours !== measured.hours)
    throw new ConfigError(`${run.hours} hours of a run do not fit ${measured.hours} measured`);
  if (run.hours < 24)
    throw new ConfigError(`a backtest needs a day or more after warm-up; ${run.hours} hours are there`);
  const rows = [
    errorOf(
      'all',
      run,
      measured,
      () => true,
      () => true,
    ),
  ];
  if (run.names.length < 2) return rows;
  const [runClasses, measuredClasses] = [classesOf(run, firstHourOfDay), classesOf(measured, firstHourOfDay)];
  for (const name of ['strong', 'mild', 'flat'] as const)
    if (runClasses.includes(name) && measuredClasses.includes(name))
      rows.push(
        errorOf(
          name,
          run,
          measured,
          (series) => runClasses[series] === name,
          (series) => measuredClasses[series] === name,
        ),
      );
  return rows;
}

function classesOf(use: HourlyUse, firstHourOfDay: number) {
  return use.names.map((_, series) => {
    const sums = new Float64Array(24);
    const counts = new Float64Array(24);
    for (let hour = 0; hour < use.hours; hour++) {
      const value = use.usedMilliCpu[series * use.hours + hour];
      if (Number.isNaN(value)) continue;
      sums[(hour + firstHourOfDay) % 24] += value;
      counts[(hour + firstHourOfDay) % 24] += 1;
    }
    const profile = sums.map((sum, hour) => sum / counts[hour]).filter((value) => Number.isFinite(value));
    return profile.some((value) => value > 0) ? diurnalClassOf(peakToTrough(profile)) : 'flat';
  });
}

/** Utilisation of each hour in percent; NaN where nothing was measured. */
function utilisation(use: HourlyUse, isOf: (series: number) => boolean): { percent: Float64Array; series: number } {
  const used = new Float64Array(use.hours);
  const size = new Float64Array(use.hours);
  let count = 0;
  for (let series = 0; series < use.names.length; series++) {
    if (!isOf(series)) continue;
    count += 1;
    for (let hour = 0; hour < use.hours; hour++) {
      const value = use.usedMilliCpu[series * use.hours + hour];
      if (Number.isNaN(value)) continue;
      used[hour] += value;
      size[hour] += use.sizeMilliCpu[series];
    }
  }
  return { percent: used.map((sum, hour) => (100 * sum) / size[hour]), series: count };
}

function errorOf(
  name: string,
  run: HourlyUse,
  measured: HourlyUse,
  isOfRun: (series: number) => boolean,
  isOfMeasured: (series: number) => boolean,
): BacktestError {
  const [ours, theirs] = [utilisation(run, isOfRun), utilisation(measured, isOfMeasured)];
  // Hours in which nothing was measured say nothing about the run.
  const both = Array.from(ours.percent.keys()).filter(
    (hour) => Number.isFinite(ours.percent[hour]) && Number.isFinite(theirs.percent[hour]),
  );
  const [a, b] = [both.map((hour) => ours.percent[hour]), both.map((hour) => theirs.percent[hour])];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = (values: readonly number[], share: number) => quantileOf(knownSorted(values), share);
  return {
    name,
    measuredSeries: theirs.series,
    runSeries: ours.series,
    measuredMeanPercent: mean(b),
    runMeanPercent: mean(a),
    maePoints: mean(a.map((value, hour) => Math.abs(value - b[hour]))),
    biasPoints: mean(a) - mean(b),
    measuredP95Percent: at(b, 0.95),
    runP95Percent: at(a, 0.95),
    measuredPeakPercent: at(b, 1),
    runPeakPercent: at(a, 1),
  };
}

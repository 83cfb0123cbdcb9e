/**
 * Learns a generator from an imported trace: services in diurnal classes and batch arrivals, with how well it fits and how well it
 * foretells days it did not see.
 *
 * Classes by p/t of the hour-of-day profile of a service: strong from 2, mild from 1.2, flat below. Noise: white plus AR(1), solved from the
 * median r5 and r60. The common share is the correlation of residuals that the sum over services shows.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { exp } from '../policies/base/exact-math.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { type Backtest, backtestTrace } from './backtest.ts';
import { type DagShape, fitDag } from './dag-shape.ts';
import { peakToTrough, stretchToRatio } from './day-shape.ts';
import { knownSorted, pointsOfSorted, quantileOf, quantilePoints, sortKnown } from './distribution.ts';
import { type FitQuality, measureFit } from './fit-quality.ts';
import { type SeriesStatistics, seriesStatistics, solveNoise } from './fits/fit-series.ts';
import type { ImportedHosts } from './import/canonical.ts';
import { readImportHead } from './import/store.ts';
import { courseOf, hourOfSlot, meanOfKnown } from './inspect.ts';
import { GRID_PER_DAY, type GridSeries, type KindSeries, readKindSeries } from './series-set.ts';
import { openTaskTable, type TaskGraph, type TaskTable } from './task-table.ts';
import { ALL_DAYS, type DaySpan } from './trace-days.ts';

const FIT_VERSION = 1;

export interface FittedClass {
  readonly name: 'strong' | 'mild' | 'flat';
  readonly share: number;
  readonly hourOfDay: readonly number[];
  readonly peakToTrough: number;
}

export interface FittedNoise {
  readonly arShare: number;
  readonly tauMinutes: number;
  /** Standard deviation over mean. */
  readonly cv: number;
  /** Share of the variance in a burst of one slot an hour, its minute drawn anew each day; 0 when left out. */
  readonly hourlyShare?: number;
}

export interface FittedServices {
  readonly kind: string;
  readonly services: number;
  readonly days: number;
  /** Quantiles of mean CPU over request, of requests and of memory over request, at the shares of distribution.ts. */
  readonly cpuOverRequest: readonly number[];
  readonly requestMilliCpu: readonly number[];
  readonly memMibPerCore: number;
  readonly memOverRequest: number;
  readonly classes: readonly FittedClass[];
  /** Of each of up to 200 services: services differ more in their noise than a median can say. */
  readonly noises: readonly FittedNoise[];
  /** Share of the noise variance that all services have in common, 0..1. */
  readonly commonShare: number;
  readonly peakOverMean: readonly number[];
}

export interface FittedBatch {
  readonly tasks: number;
  readonly jobs: number;
  readonly hours: number;
  readonly jobsPerHour: number;
  readonly hourOfDay: readonly number[];
  readonly tasksPerJob: readonly number[];
  readonly instances: readonly number[];
  readonly durationS: readonly number[];
  readonly requestMilliCpu: readonly number[];
  readonly requestMemMib: readonly number[];
  readonly cpuOverRequest: number;
  /** Share of the tasks, first of its job apart, that wait for another. */
  readonly chainedShare: number;
  /** Graphs inside of jobs; when it is left out, a task waits for the one before it by `chainedShare`. */
  readonly dag?: DagShape;
}

/** Hosts of one size. */
export interface FittedHosts {
  readonly count: number;
  readonly milliCpu: number;
  readonly memMib: number;
  readonly gpus: number;
  readonly gpuModel: string;
}

export interface TraceFit {
  readonly version: number;
  readonly source: {
    readonly format: string;
    readonly folder: string;
    /** Days of the trace that were seen, the last not included; all when they are left out. */
    readonly fromDay?: number;
    readonly toDay?: number;
    readonly notes: readonly string[];
  };
  /** By size, in the order of the trace; empty where it does not list hosts. */
  readonly hosts?: readonly FittedHosts[];
  readonly services: FittedServices | null;
  readonly batch: FittedBatch | null;
  readonly quality: FitQuality;
  readonly backtest: Backtest;
}

/** Fits these days of an import. Throws TraceError when they have neither two days of use nor tasks with durations. */
export async function fitTrace(folder: string, days: DaySpan = ALL_DAYS): Promise<TraceFit> {
  const trace = await readImportHead(folder);
  const kind = kindToFit(trace.hasServices ? await readKindSeries(folder, days) : []);
  const services = kind === null ? null : fitServices(kind);
  const tasks = openTaskTable(folder, days);
  const graph = tasks.graph();
  const batch = fitBatch(tasks, graph);
  if (services === null && batch === null)
    throw new TraceError(`${folder}: neither two days of use nor a task with a duration; there is nothing to fit`);
  return {
    version: FIT_VERSION,
    source: {
      format: trace.format,
      folder,
      ...(days === ALL_DAYS ? {} : { fromDay: days.fromDay, toDay: days.toDay }),
      notes: trace.notes,
    },
    hosts: fitHosts(trace.hosts),
    services,
    batch,
    quality: measureFit(services, batch, kind, tasks, graph),
    backtest: backtestTrace(kind, tasks),
  };
}

function fitHosts(hosts: ImportedHosts): FittedHosts[] {
  const sizes = new Map<string, { -readonly [K in keyof FittedHosts]: FittedHosts[K] }>();
  for (let row = 0; row < hosts.ids.length; row++) {
    const size = {
      milliCpu: hosts.milliCpu[row],
      memMib: hosts.memMib[row],
      gpus: hosts.gpus[row],
      gpuModel: hosts.gpuModel[row],
    };
    // A size that a trace does not say makes no host that could be drawn.
    if (!(size.milliCpu > 0 && size.memMib > 0)) continue;
    const key = JSON.stringify(size);
    const known = sizes.get(key);
    if (known === undefined) sizes.set(key, { count: 1, ...size });
    else known.count += 1;
  }
  return Array.from(sizes.values());
}

/** What most services are, machines only when there is nothing else. */
function kindToFit(kinds: readonly KindSeries[]): KindSeries | null {
  const long = kinds.filter(
    (kind) => kind.slots >= 2 * GRID_PER_DAY && kind.kept.some((one) => meanOfKnown(one.milliCpu) > 0),
  );
  const rank = (kind: KindSeries) => (kind.kind === 'host' || kind.kind === 'system' ? 0 : kind.services);
  return long.reduce<KindSeries | null>((best, kind) => (best === null || rank(kind) > rank(best) ? kind : best), null);
}

function fitServices(kind: KindSeries): FittedServices {
  const live = kind.kept.filter((one) => meanOfKnown(one.milliCpu) > 0);
  const requests = live.map((one) => {
    return one.requestMilliCpu > 0 ? one.requestMilliCpu : quantileOf(knownSorted(one.milliCpu), 0.99);
  });
  const statistics = live.map((one) => seriesStatistics(one.milliCpu));
  const median = (values: ArrayLike<number>) => quantileOf(knownSorted(values), 0.5);
  const cv = median(statistics.map((one) => one.residualCv));
  const memory = live.map((one) => one.requestMemMib / (one.requestMilliCpu / 1000));
  return {
    kind: kind.kind,
    services: kind.services,
    days: kind.slots / GRID_PER_DAY,
    cpuOverRequest: quantilePoints(live.map((one, at) => meanOfKnown(one.milliCpu) / requests[at])),
    requestMilliCpu: quantilePoints(requests),
    memMibPerCore: orElse(median(memory), 4096),
    memOverRequest: orElse(median(live.map((one) => one.memMib / one.requestMemMib)), 0.65),
    classes: fitClasses(live),
    noises: fitNoises(statistics),
    commonShare: commonShareOf(live, cv),
    peakOverMean: quantilePoints(live.map((one) => meanOfKnown(one.peakMilliCpu) / meanOfKnown(one.milliCpu))),
  };
}

function orElse(value: number, fallback: number): number {
  return Number.isFinite(value) ? value : fallback;
}

const MOST_NOISES = 200;
/** Where r60 is above r5 and above this, something happens once an hour. */
const HOURLY_R60 = 0.1;
/** Otherwise, where r60 is not below r5, the noise is taken to last for hours with the share that r5 shows. */
const LASTING_MINUTES = 600;
/** What an hourly burst leaves of r5 is noise that is gone after an hour. */
const SHORT_MINUTES = 15;
/** Slots of an hour without the burst: a burst in one slot of twelve has r5 = -1/11. */
const QUIET_SLOTS = 11;

function fitNoises(statistics: readonly SeriesStatistics[]): FittedNoise[] {
  const step = Math.ceil(statistics.length / MOST_NOISES);
  return statistics
    .filter((one, at) => at % step === 0 && Number.isFinite(one.residualCv))
    .map((one) => {
      const solved = solveNoise(one.r5, one.r60);
      const hourly = solved === null && one.r60 > HOURLY_R60 ? hourlyNoise(one.r5, one.r60) : null;
      const lasting = Math.max(0, orElse(one.r5, 0));
      const { arShare, tauMinutes } = solved ?? hourly ?? { arShare: lasting, tauMinutes: LASTING_MINUTES };
      const digits = (value: number) => Number(value.toPrecision(4));
      return {
        arShare: digits(Math.min(1, arShare)),
        tauMinutes: digits(tauMinutes),
        cv: digits(one.residualCv),
        ...(hourly === null ? {} : { hourlyShare: digits(hourly.hourlyShare) }),
      };
    });
}

/** A burst an hour and short noise:  r60 = h,  r5 = s e^(-5/15) - h / 11. */
function hourlyNoise(r5: number, r60: number): { arShare: number; tauMinutes: number; hourlyShare: number } {
  const hourlyShare = Math.min(1, r60);
  const left = (r5 + hourlyShare / QUIET_SLOTS) / exp(-5 / SHORT_MINUTES);
  return { arShare: Math.min(1 - hourlyShare, Math.max(0, left)), tauMinutes: SHORT_MINUTES, hourlyShare };
}

/** Class by p/t of the hour-of-day profile. */
export function diurnalClassOf(ratio: number): FittedClass['name'] {
  return ratio >= 2 ? 'strong' : ratio >= 1.2 ? 'mild' : 'flat';
}

function fitClasses(live: readonly GridSeries[]): FittedClass[] {
  const profiles = live
    .map((one) => courseOf(one.milliCpu, 24, hourOfSlot).map((value) => (Number.isNaN(value) ? 1 : value)))
    .map((profile) => ({ profile, ratio: peakToTrough(profile) }));
  const membersOf = (name: FittedClass['name']) => profiles.filter(({ ratio }) => diurnalClassOf(ratio) === name);
  return (['strong', 'mild', 'flat'] as const)
    .map((name) => [name, membersOf(name)] as const)
    .filter(([, members]) => members.length > 0)
    .map(([name, members]) => {
      // The mean of profiles that peak at different hours is flatter than any of them: it is stretched to their median p/t.
      const mean = Float64Array.from({ length: 24 }, (_, hour) => {
        return members.reduce((total, { profile }) => total + profile[hour], 0) / members.length;
      });
      const ratio = quantileOf(knownSorted(members.map((one) => one.ratio)), 0.5);
      const hourOfDay = Array.from(stretchToRatio(mean, Math.max(1, ratio)), (value) => Number(value.toPrecision(5)));
      return { name, share: members.length / profiles.length, hourOfDay, peakToTrough: peakToTrough(hourOfDay) };
    });
}

/** From the noise of the mean over n services:  cvMean^2 = cv^2 (c + (1 - c) / n). */
function commonShareOf(live: readonly GridSeries[], cv: number): number {
  if (live.length < 2 || !(cv > 0)) return 0;
  const slots = live[0].milliCpu.length;
  const relative = live.map((one) => ({ values: one.milliCpu, mean: meanOfKnown(one.milliCpu) }));
  const mean = new Float64Array(slots);
  for (let slot = 0; slot < slots; slot++) {
    let [sum, count] = [0, 0];
    for (const { values, mean: level } of relative)
      if (!Number.isNaN(values[slot])) {
        sum += values[slot] / level;
        count += 1;
      }
    mean[slot] = count > 0 ? sum / count : Number.NaN;
  }
  const ratio = seriesStatistics(mean).residualCv / cv;
  const share = (ratio * ratio - 1 / live.length) / (1 - 1 / live.length);
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

/** Batch of the tasks with a duration; null when there is none. */
function fitBatch(tasks: TaskTable, graph: TaskGraph): FittedBatch | null {
  const points = (names: readonly string[], of: (columns: readonly Float64Array[], row: number) => number) =>
    pointsOfSorted(sortKnown(tasks.derive(names, of)));
  const durationS = points(['durationMs'], ([ms], row) => (ms[row] > 0 ? ms[row] / 1000 : Number.NaN));
  if (durationS.length === 0) return null;
  const { jobs, jobOf, parentStart } = graph;
  const submitMs = tasks.submitMs();
  const hours = Math.floor(submitMs[tasks.count - 1] / MS_PER_HOUR) + 1;
  const byHour = new Float64Array(hours);
  const tasksPerJob = new Float64Array(jobs);
  let chained = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (tasksPerJob[jobOf[task]] === 0) byHour[Math.floor(submitMs[task] / MS_PER_HOUR)] += 1;
    tasksPerJob[jobOf[task]] += 1;
    if (parentStart[task + 1] > parentStart[task]) chained += 1;
  }
  const profile = courseOf(byHour, 24, (hour) => hour % 24);
  const inner = tasks.count - jobs;
  const dag = fitDag(graph);
  const cpuOverRequest = sortKnown(
    tasks.derive(['usedMilliCpu', 'requestMilliCpu'], ([used, request], row) => used[row] / request[row]),
  );
  return {
    tasks: tasks.count,
    jobs,
    hours,
    jobsPerHour: jobs / hours,
    hourOfDay: profile.map((value) => (hours >= 24 && !Number.isNaN(value) ? Number(value.toPrecision(5)) : 1)),
    tasksPerJob: pointsOfSorted(sortKnown(tasksPerJob)),
    instances: points(['instances'], ([instances], row) => instances[row]),
    durationS,
    requestMilliCpu: points(['requestMilliCpu', 'instances'], ([milli, parts], row) => milli[row] / parts[row]),
    requestMemMib: points(['requestMemMib', 'instances'], ([mib, parts], row) => mib[row] / parts[row]),
    cpuOverRequest: Math.min(1, orElse(quantileOf(cpuOverRequest, 0.5), 0.8)),
    chainedShare: inner > 0 ? Math.min(1, chained / inner) : 0,
    ...(dag === null ? {} : { dag }),
  };
}

/** Writes the fit as JSON. */
export async function writeFit(fit: TraceFit, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(fit, null, 1)}\n`);
}

/** Reads what writeFit wrote. Throws ConfigError. */
export async function readFit(path: string): Promise<TraceFit> {
  let fit: TraceFit;
  try {
    fit = JSON.parse(await readFile(path, 'utf8')) as TraceFit;
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (fit.version !== FIT_VERSION)
    throw new ConfigError(`${path}: version of the fit is ${fit.version}; ${FIT_VERSION} is read`);
  return fit;
}

/** What was learned, in sentences with numbers. */
export function fitLines(fit: TraceFit): string[] {
  const lines: string[] = [];
  const digits = (value: number | null) =>
    value === null || !Number.isFinite(value) ? '-' : String(Number(value.toPrecision(3)));
  if (fit.services !== null) {
    const { services } = fit;
    const middle = (values: readonly number[]) => quantileOf(knownSorted(values), 0.5);
    lines.push(
      `${services.services} services of kind ${services.kind} over ${digits(services.days)} days: ` +
        services.classes
          .map((one) => `${digits(one.share * 100)} % ${one.name} (p/t ${digits(one.peakToTrough)})`)
          .join(', '),
      `noise: median CV ${digits(middle(services.noises.map((one) => one.cv)))}, AR(1) share ${digits(middle(services.noises.map((one) => one.arShare)))}, ${digits(services.commonShare * 100)} % in common`,
    );
  }
  if (fit.hosts !== undefined && fit.hosts.length > 0)
    lines.push(`${fit.hosts.reduce((sum, one) => sum + one.count, 0)} hosts of ${fit.hosts.length} sizes`);
  if (fit.batch !== null)
    lines.push(`${fit.batch.tasks} tasks in ${fit.batch.jobs} jobs, ${digits(fit.batch.jobsPerHour)} jobs an hour`);
  for (const row of fit.quality.rows)
    lines.push(`${row.name}: source ${digits(row.source)}, generated ${digits(row.generated)}`);
  for (const row of fit.quality.ks) lines.push(`KS distance of ${row.name}: ${digits(row.distance)}`);
  if (fit.backtest.rows.length === 0) lines.push('no days were held out: the trace is shorter than four days');
  for (const row of fit.backtest.rows)
    lines.push(
      `held out, ${row.name}: ${row.trainDays} days foretell ${row.testDays}: ${row.measure} ${digits(row.value * 100)} %`,
    );
  return lines;
}

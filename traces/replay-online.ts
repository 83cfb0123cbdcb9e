/**
 * Online services that follow measured series instead of the fits.
 *
 * Reading is asynchronous and happens before a run; turning series into services is pure. Sizes, latency classes and working sets are
 * those of the generator, so a replayed cluster differs from a fitted one only in how its CPU use moves.
 */
import { join } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import type { OnlineServices } from './format.ts';
import { ONLINE_PARAMETERS } from './online-parameters.ts';
import { readAzureV2, readGoogle2011, SERIES_SLOT_MS, type UsageSeries } from './readers/usage-series.ts';
import { drawServiceSizes, drawServiceTraits, type OnlineConfig } from './service-sizes.ts';

/** Public series that can be replayed, and their path inside the data folder. */
export const REPLAY_SOURCES = {
  'azure-v2': 'azure-v2/vm_cpu_readings.csv.gz',
  'google-2011': 'google-2011/job_usage_10d.csv.gz',
} as const;
export type ReplaySource = keyof typeof REPLAY_SOURCES;

export interface ReplaySeries {
  readonly source: ReplaySource;
  readonly series: readonly UsageSeries[];
}

const SLOTS_PER_DAY = 288;
const SLOTS_PER_HOUR = 12;
const DAYS_PER_WEEK = 7;

/**
 * Reads the series of `source` from `folder` (the one TIDEMARK_DATA names).
 *
 * Throws ConfigError for an unknown source, TraceError with file and row for bad data.
 */
export async function readReplaySeries(folder: string, source: string): Promise<ReplaySeries> {
  if (source === 'azure-v2') return { source, series: await readAzureV2(join(folder, REPLAY_SOURCES[source])) };
  if (source === 'google-2011') return { source, series: await readGoogle2011(join(folder, REPLAY_SOURCES[source])) };
  throw new ConfigError(`online replay source is "${source}"; known: ${Object.keys(REPLAY_SOURCES).join(', ')}`);
}

/**
 * Services whose base use is a measured series: service i takes series i mod n.
 *
 * The k-th service on a series starts k days into it, plus one hour for each time k passes the days of the series, so no two
 * services move alike and hours of the day stay aligned. The run covers whole weeks of the data, repeated; `startDay` shifts all.
 * Gaps keep the value before them; a series with more than 5 % gaps throws TraceError. Shape: slotCount = 288 x 7 x weeks.
 * Noise: a VM series carries all of its noise, so both parts are off; a job series is a mean over replicas, so only the
 * common part is off and replicas keep their own. peakOverMean comes from the series where it has maxima.
 */
export function replayOnlineServices(replay: ReplaySeries, config: OnlineConfig, seed: string): OnlineServices {
  const count = config.services;
  const sizes = drawServiceSizes(config, seed);
  const traits = drawServiceTraits(count, seed);
  const weeks = Math.floor(replay.series.reduce(shortest, Infinity) / (SLOTS_PER_DAY * DAYS_PER_WEEK));
  if (!(weeks >= 1)) throw new TraceError(`${REPLAY_SOURCES[replay.source]}: a series is shorter than a week`);
  const slotCount = weeks * DAYS_PER_WEEK * SLOTS_PER_DAY;
  const filled = replay.series.map((one) => fillGaps(one, slotCount, REPLAY_SOURCES[replay.source]));
  const peaks = replay.series.map(peakOverMean);
  const baseRatio = new Float32Array(count * slotCount);
  const startSlot = Math.round(config.startDay * SLOTS_PER_DAY);
  for (let row = 0; row < count; row++) {
    const ratio = filled[row % filled.length];
    const shift = startSlot + replayShiftSlots(Math.floor(row / filled.length), weeks * DAYS_PER_WEEK);
    for (let slot = 0; slot < slotCount; slot++)
      baseRatio[row * slotCount + slot] =
        config.loadFactor * ratio[(((slot + shift) % slotCount) + slotCount) % slotCount];
  }
  const p = ONLINE_PARAMETERS;
  const ownCv = replay.source === 'google-2011' ? p.ownCv : 0;
  return {
    count,
    names: Array.from(sizes.replicas, (_, row) => `${replay.source}-${row % filled.length}-${row}`),
    ...sizes,
    ...traits,
    peakOverMean: traits.peakOverMean.map((drawn, row) => peaks[row % peaks.length] ?? drawn),
    slotMs: SERIES_SLOT_MS,
    slotCount,
    baseRatio,
    commonCv: new Float64Array(count),
    commonArShare: new Float64Array(count),
    commonTauMs: new Float64Array(count).fill(p.commonTauMs),
    ownCv: new Float64Array(count).fill(ownCv),
    ownArShare: new Float64Array(count).fill(p.ownArShare),
    ownTauMs: new Float64Array(count).fill(p.ownTauMs),
  };
}

/** Slots into a series of `days` days at which its `use`-th service (from 0) starts. */
export function replayShiftSlots(use: number, days: number): number {
  return (use % days) * SLOTS_PER_DAY + (Math.floor(use / days) % 24) * SLOTS_PER_HOUR;
}

/** What a replay does to the data, in sentences for a report. */
export function describeReplay(replay: ReplaySeries, config: OnlineConfig): string[] {
  const uses = Math.ceil(config.services / replay.series.length);
  return [
    `Online use replays ${replay.series.length} series of ${replay.source} on ${config.services} services; ` +
      `each series serves up to ${uses}, every next one starting a day later in it.`,
    replay.source === 'google-2011'
      ? 'Noise common to the replicas of a service is in the series; each replica adds its own.'
      : 'The series carry all noise: replicas of a service move as one.',
  ];
}

function shortest(least: number, one: UsageSeries): number {
  return Math.min(least, one.meanPercent.length);
}

/** Ratios without gaps. */
function fillGaps(one: UsageSeries, slotCount: number, path: string): Float64Array {
  const values = one.meanPercent.subarray(0, slotCount);
  const missing = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
  if (missing > 0.05 * slotCount)
    throw new TraceError(
      `${path}: series ${one.id} lacks ${missing} of ${slotCount} slots; at most 5 % may be missing`,
    );
  const ratios = new Float64Array(slotCount);
  let last = values.find((value) => !Number.isNaN(value)) ?? 0;
  for (let slot = 0; slot < slotCount; slot++) {
    if (!Number.isNaN(values[slot])) last = values[slot];
    ratios[slot] = last / 100;
  }
  return ratios;
}

/** Mean of the maxima over mean of the means, at least 1; undefined when the series has no maxima or no use. */
function peakOverMean(one: UsageSeries): number | undefined {
  let maxima = 0;
  let means = 0;
  for (let slot = 0; slot < one.meanPercent.length; slot++) {
    if (Number.isNaN(one.maxPercent[slot]) || Number.isNaN(one.meanPercent[slot])) continue;
    maxima += one.maxPercent[slot];
    means += one.meanPercent[slot];
  }
  return means > 0 ? Math.max(1, maxima / means) : undefined;
}

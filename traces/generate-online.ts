/**
 * Online services made from the committed fits.
 *
 * The shape of each service is drawn; the totals are not: replicas, requested CPU and memory and the mean use of the
 * cluster hit their targets whatever the seed, because a planner knows those of his cluster and wants to vary the rest.
 */
import { exp, log, normalUpperTail } from '../policies/base/exact-math.ts';
import { MS_PER_WEEK } from '../policies/base/units.ts';
import { bumpAt, profileAt, stretchToRatio } from './day-shape.ts';
import hourOfDay from './fits/hour-of-day.json' with { type: 'json' };
import type { OnlineServices } from './format.ts';
import { ONLINE_PARAMETERS } from './online-parameters.ts';
import { sampleCategorical, sampleLognormal, sampleNormal, sampleUniform } from './samplers.ts';
import { drawAll, drawServiceSizes, drawServiceTraits, type OnlineConfig } from './service-sizes.ts';
import { createStream } from './streams.ts';
import { scaleUnderCap } from './water-fill.ts';

export type { OnlineConfig } from './service-sizes.ts';

const SLOT_MS = 300_000;
const SLOT_COUNT = MS_PER_WEEK / SLOT_MS;
const SLOTS_PER_DAY = 288;
const FIRST_WEEKEND_DAY = 5;

/**
 * Services with `pods` replicas in all, whose requests add up to the asked share of the cluster.
 *
 * The request-weighted mean use is loadFactor x 9.2 % (the capped lognormal of ONLINE_PARAMETERS), with base(t) of each
 * service averaging to its own mean over the week. Throws ConfigError when the targets cannot be met.
 */
export function generateOnlineServices(config: OnlineConfig, seed: string): OnlineServices {
  const sizes = drawServiceSizes(config, seed);
  const count = config.services;
  const p = ONLINE_PARAMETERS;
  const requested = Array.from(sizes.replicas, (replicas, row) => replicas * sizes.requestMilliCpu[row]);
  const meanRatio = drawMeanUsage(requested, config.loadFactor, seed);
  const used = requested.map((milli, row) => milli * meanRatio[row]);
  const kind = drawByLoad(used, p.kindShares, seed, 'kind');
  const diurnal = drawByLoad(used, p.diurnalShares, seed, 'diurnal');
  return {
    count,
    names: requested.map((_, row) => `${p.kindNames[kind[row]]}-${p.diurnalNames[diurnal[row]]}-${row}`),
    ...sizes,
    ...drawServiceTraits(count, seed),
    slotMs: SLOT_MS,
    slotCount: SLOT_COUNT,
    baseRatio: drawWeeks(meanRatio, kind, diurnal, config.startDay, seed),
    commonCv: new Float64Array(count).fill(p.commonCv),
    commonArShare: new Float64Array(count).fill(p.commonArShare),
    commonTauMs: new Float64Array(count).fill(p.commonTauMs),
    ownCv: new Float64Array(count).fill(p.ownCv),
    ownArShare: new Float64Array(count).fill(p.ownArShare),
    ownTauMs: new Float64Array(count).fill(p.ownTauMs),
  };
}

/**
 * Mean of the capped lognormal of service use, percent.
 *
 *   E[min(X, cap)] = e^(mu + sigma^2/2) P(Z < z - sigma) + cap P(Z > z),   z = (ln cap - mu) / sigma
 */
export function expectedUsagePercent(): number {
  const { usageLogMean: mu, usageLogSigma: sigma, usageCapPercent: cap } = ONLINE_PARAMETERS;
  const z = (log(cap) - mu) / sigma;
  return exp(mu + 0.5 * sigma * sigma) * (1 - normalUpperTail(z - sigma)) + cap * normalUpperTail(z);
}

/** Mean use over request of each service; the request-weighted mean is exact, the cap holds before loadFactor. */
function drawMeanUsage(requested: readonly number[], loadFactor: number, seed: string): number[] {
  const { usageLogMean, usageLogSigma, usageCapPercent } = ONLINE_PARAMETERS;
  const drawn = drawAll(requested.length, seed, 'usage', (stream) =>
    Math.min(usageCapPercent, sampleLognormal(stream, usageLogMean, usageLogSigma)),
  );
  const total = requested.reduce((sum, milli) => sum + milli, 0);
  const factor = scaleUnderCap(drawn, requested, usageCapPercent, expectedUsagePercent() * total);
  return drawn.map((percent) => (Math.min(usageCapPercent, percent * factor) / 100) * loadFactor);
}

/**
 * A class for each row such that the classes' shares of `load` come close to `shares`.
 *
 * Rows are taken largest first; a class is drawn with chances in proportion to the load it still lacks, so no class is ever
 * overfull by more than one row.
 */
function drawByLoad(load: readonly number[], shares: readonly number[], seed: string, purpose: string): number[] {
  const total = load.reduce((sum, value) => sum + value, 0);
  const lacking = shares.map((share) => share * total);
  const drawn = new Array<number>(load.length).fill(0);
  const order = Array.from(load.keys()).sort((a, b) => load[b] - load[a] || a - b);
  for (const row of order) {
    const open = lacking.map((value) => Math.max(0, value));
    const known = open.some((value) => value > 0) ? open : shares;
    drawn[row] = sampleCategorical(createStream(seed, `online/${row}/${purpose}`), known);
    lacking[drawn[row]] -= load[row];
  }
  return drawn;
}

function drawWeeks(
  meanRatio: readonly number[],
  kind: readonly number[],
  diurnal: readonly number[],
  startDay: number,
  seed: string,
): Float32Array {
  const p = ONLINE_PARAMETERS;
  const profile = hourOfDay.profiles.alibaba2018_online_containers_mean_of_6;
  const base = new Float32Array(meanRatio.length * SLOT_COUNT);
  const startSlot = Math.round(startDay * SLOTS_PER_DAY);
  for (let row = 0; row < meanRatio.length; row++) {
    const stream = createStream(seed, `online/${row}/week`);
    const jitterHours = sampleNormal(stream, 0, p.phaseJitterSdHours);
    const ratio = sampleUniform(stream, p.diurnalRatioLow[diurnal[row]], p.diurnalRatioHigh[diurnal[row]]);
    const raw = new Float64Array(SLOTS_PER_DAY);
    for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
      const hour = slot / (SLOTS_PER_DAY / 24) - jitterHours;
      const evening = bumpAt(hour, p.eveningBumpHour, p.eveningBumpSdHours, p.eveningBumpHeight[kind[row]]);
      raw[slot] = profileAt(profile, hour) + evening;
    }
    const day = stretchToRatio(raw, ratio);
    const weekend = p.weekendFactor[kind[row]];
    const dayMean = day.reduce((sum, value) => sum + value, 0) / SLOTS_PER_DAY;
    const scale = meanRatio[row] / (dayMean * ((FIRST_WEEKEND_DAY + 2 * weekend) / 7));
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const weekSlot = (((slot + startSlot) % SLOT_COUNT) + SLOT_COUNT) % SLOT_COUNT;
      const factor = Math.floor(weekSlot / SLOTS_PER_DAY) >= FIRST_WEEKEND_DAY ? weekend : 1;
      base[row * SLOT_COUNT + slot] = scale * factor * day[weekSlot % SLOTS_PER_DAY];
    }
  }
  return base;
}

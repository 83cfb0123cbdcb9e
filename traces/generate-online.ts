/**
 * Online services made from the committed fits.
 *
 * The shape of each service is drawn; the totals are not: replicas, requested CPU and memory and the mean use of the
 * cluster hit their targets whatever the seed, because a planner knows those of his cluster and wants to vary the rest.
 */
import { ConfigError } from '../policies/base/assert.ts';
import { exp, log, normalQuantile, normalUpperTail } from '../policies/base/exact-math.ts';
import { clamp } from '../policies/base/int-math.ts';
import { BYTES_PER_MIB, MS_PER_WEEK } from '../policies/base/units.ts';
import { bumpAt, profileAt, stretchToRatio } from './day-shape.ts';
import hourOfDay from './fits/hour-of-day.json' with { type: 'json' };
import type { OnlineServices } from './format.ts';
import { LATENCY_SHARES, ONLINE_PARAMETERS } from './online-parameters.ts';
import { sampleBeta, sampleCategorical, sampleLognormal, sampleNormal, sampleUniform, shuffle } from './samplers.ts';
import { createStream } from './streams.ts';
import { scaleUnderCap, splitByWeights } from './water-fill.ts';

export interface OnlineConfig {
  readonly services: number;
  readonly pods: number;
  readonly clusterMilliCpu: number;
  readonly clusterMemBytes: number;
  /** Sum of requests over the cluster, percent. */
  readonly cpuRequestPercent: number;
  readonly memRequestPercent: number;
  /** No request is larger; give what the smallest host that must take any pod can allocate. */
  readonly maxRequestMilliCpu: number;
  readonly maxRequestMemBytes: number;
  /** 0 = no limit. */
  readonly limitOverRequest: number;
  /** Days into the week at which the run starts; 0 = Monday, local midnight. Fractions are allowed. */
  readonly startDay: number;
  /** Multiplies the mean use; 1 = as measured. */
  readonly loadFactor: number;
}

const SLOT_MS = 300_000;
const SLOT_COUNT = MS_PER_WEEK / SLOT_MS;
const SLOTS_PER_DAY = 288;
const REQUEST_STEP_MILLI_CPU = 10;
const FIRST_WEEKEND_DAY = 5;

/**
 * Services with `pods` replicas in all, whose requests add up to the asked share of the cluster.
 *
 * CPU requests are multiples of 10 milli, memory requests of 1 MiB; the CPU total misses its target by less than 10 milli
 * per replica of the smallest service when no request sits at a bound, the memory total by at most 0.5 MiB per replica.
 * The request-weighted mean use is loadFactor x 9.2 % (the capped lognormal of ONLINE_PARAMETERS), with base(t) of each
 * service averaging to its own mean over the week. Throws ConfigError when the targets cannot be met.
 */
export function generateOnlineServices(config: OnlineConfig, seed: string): OnlineServices {
  checkConfig(config);
  const count = config.services;
  const p = ONLINE_PARAMETERS;
  const replicas = drawReplicas(count, config.pods, seed);
  const weights = Array.from(replicas);
  const cores = drawAll(count, seed, 'cores', (stream) => p.coresChoices[sampleCategorical(stream, p.coresWeights)]);
  const requestMilliCpu = scaleCpuRequests(cores, weights, config);
  const perCore = drawAll(
    count,
    seed,
    'memory',
    (stream) => p.gibPerCoreChoices[sampleCategorical(stream, p.gibPerCoreWeights)],
  );
  const requestMemBytes = scaleMemRequests(
    perCore.map((gib, row) => gib * requestMilliCpu[row]),
    weights,
    config,
  );
  const requested = weights.map((replicaCount, row) => replicaCount * requestMilliCpu[row]);
  const meanRatio = drawMeanUsage(requested, config.loadFactor, seed);
  const kind = drawByLoad(
    requested.map((milli, row) => milli * meanRatio[row]),
    p.kindShares,
    seed,
    'kind',
  );
  const diurnal = drawByLoad(
    requested.map((milli, row) => milli * meanRatio[row]),
    p.diurnalShares,
    seed,
    'diurnal',
  );
  const peakSigma = log(p.peakOverMeanP90 / p.peakOverMeanMedian) / normalQuantile(0.9);
  const peak = drawAll(count, seed, 'peak', (stream) => sampleLognormal(stream, log(p.peakOverMeanMedian), peakSigma));
  return {
    count,
    names: weights.map((_, row) => `${p.kindNames[kind[row]]}-${p.diurnalNames[diurnal[row]]}-${row}`),
    latencyClass: Uint8Array.from(
      drawAll(count, seed, 'latency', (stream) => sampleCategorical(stream, LATENCY_SHARES)),
    ),
    replicas,
    requestMilliCpu,
    limitMilliCpu: requestMilliCpu.map((milli) => Math.floor(milli * config.limitOverRequest)),
    requestMemBytes,
    memUsageRatio: Float64Array.from(
      drawAll(count, seed, 'working-set', (stream) => sampleBeta(stream, p.memUsageBetaA, p.memUsageBetaB)),
    ),
    slotMs: SLOT_MS,
    slotCount: SLOT_COUNT,
    baseRatio: drawWeeks(meanRatio, kind, diurnal, config.startDay, seed),
    commonCv: new Float64Array(count).fill(p.commonCv),
    commonArShare: new Float64Array(count).fill(p.commonArShare),
    commonTauMs: new Float64Array(count).fill(p.commonTauMs),
    ownCv: new Float64Array(count).fill(p.ownCv),
    ownArShare: new Float64Array(count).fill(p.ownArShare),
    ownTauMs: new Float64Array(count).fill(p.ownTauMs),
    peakOverMean: Float64Array.from(peak, (value) => Math.max(1, value)),
  };
}

/**
 * Mean of the capped lognormal of service use, percent.
 *
 *   E[min(X, cap)] = e^(mu + sigma^2/2) P(Z > sigma - z) ... with z = (ln cap - mu) / sigma:
 *   mean = e^(mu + sigma^2/2) (1 - P(Z > z - sigma)) + cap P(Z > z)
 */
export function expectedUsagePercent(): number {
  const { usageLogMean: mu, usageLogSigma: sigma, usageCapPercent: cap } = ONLINE_PARAMETERS;
  const z = (log(cap) - mu) / sigma;
  return exp(mu + 0.5 * sigma * sigma) * (1 - normalUpperTail(z - sigma)) + cap * normalUpperTail(z);
}

function checkConfig(config: OnlineConfig): void {
  const wrong = (what: string): never => {
    throw new ConfigError(`online: ${what}`);
  };
  if (!Number.isInteger(config.services) || config.services < 1) wrong(`services is ${config.services}; at least 1`);
  if (!Number.isInteger(config.pods) || config.pods < config.services)
    wrong(`pods is ${config.pods}; at least one for each of the ${config.services} services`);
  for (const key of ['clusterMilliCpu', 'clusterMemBytes', 'cpuRequestPercent', 'memRequestPercent'] as const)
    if (!(config[key] > 0)) wrong(`${key} is ${config[key]}; it must be positive`);
  if (!(config.limitOverRequest === 0 || config.limitOverRequest >= 1))
    wrong(`limitOverRequest is ${config.limitOverRequest}; 0 (no limit) or at least 1`);
  if (!(config.loadFactor > 0)) wrong(`loadFactor is ${config.loadFactor}; it must be positive`);
}

/** One value per row, each from the stream online/<row>/<purpose>. */
function drawAll(
  count: number,
  seed: string,
  purpose: string,
  draw: (stream: ReturnType<typeof createStream>) => number,
): number[] {
  return Array.from({ length: count }, (_, row) => draw(createStream(seed, `online/${row}/${purpose}`)));
}

function drawReplicas(count: number, pods: number, seed: string): Int32Array {
  const sizes = Array.from({ length: count }, (_, rank) =>
    exp(-log((rank + 0.5) / count) / ONLINE_PARAMETERS.replicaParetoAlpha),
  );
  shuffle(createStream(seed, 'online/replicas'), sizes);
  return splitByWeights(sizes, pods);
}

function scaleCpuRequests(cores: readonly number[], replicas: readonly number[], config: OnlineConfig): Float64Array {
  const target = (config.clusterMilliCpu * config.cpuRequestPercent) / 100;
  const factor = scaleUnderCap(cores, replicas, config.maxRequestMilliCpu, target);
  if (factor === Infinity)
    throw new ConfigError(
      `online: ${config.pods} pods of at most ${config.maxRequestMilliCpu} milli-CPU cannot request ` +
        `${config.cpuRequestPercent} % of ${config.clusterMilliCpu}; give more pods or a lower cpuRequestPercent`,
    );
  const step = REQUEST_STEP_MILLI_CPU;
  const highest = Math.floor(config.maxRequestMilliCpu / step) * step;
  const requests = Float64Array.from(cores, (core) =>
    clamp(Math.round((core * factor) / step) * step, step, Math.max(step, highest)),
  );
  // Rounding moved the total; large services take back what they can in whole steps, small ones the rest.
  let missing = target;
  for (let row = 0; row < cores.length; row++) missing -= replicas[row] * requests[row];
  const order = Array.from(requests.keys()).sort((a, b) => replicas[b] - replicas[a] || a - b);
  for (const row of order) {
    const wanted = Math.trunc(missing / (replicas[row] * step)) * step;
    const changed = clamp(requests[row] + wanted, step, highest) - requests[row];
    requests[row] += changed;
    missing -= changed * replicas[row];
  }
  return requests;
}

function scaleMemRequests(sizes: readonly number[], replicas: readonly number[], config: OnlineConfig): Float64Array {
  const target = (config.clusterMemBytes * config.memRequestPercent) / 100;
  const factor = scaleUnderCap(sizes, replicas, config.maxRequestMemBytes, target);
  if (factor === Infinity)
    throw new ConfigError(
      `online: ${config.pods} pods of at most ${config.maxRequestMemBytes} bytes cannot request ` +
        `${config.memRequestPercent} % of ${config.clusterMemBytes}; give more pods or a lower memRequestPercent`,
    );
  const highestMib = Math.floor(config.maxRequestMemBytes / BYTES_PER_MIB);
  return Float64Array.from(
    sizes,
    (size) => clamp(Math.round((size * factor) / BYTES_PER_MIB), 1, highestMib) * BYTES_PER_MIB,
  );
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

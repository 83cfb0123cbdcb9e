/**
 * How many replicas each service has and what one of them requests: drawn shapes, exact totals.
 */
import { ConfigError } from '../policies/base/assert.ts';
import { exp, log, normalQuantile } from '../policies/base/exact-math.ts';
import { clamp } from '../policies/base/int-math.ts';
import { BYTES_PER_MIB } from '../policies/base/units.ts';
import { LATENCY_SHARES, ONLINE_PARAMETERS } from './online-parameters.ts';
import { sampleBeta, sampleCategorical, sampleLognormal, shuffle } from './samplers.ts';
import { createStream, type Stream } from './streams.ts';
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

const REQUEST_STEP_MILLI_CPU = 10;

export interface ServiceSizes {
  readonly replicas: Int32Array;
  readonly requestMilliCpu: Float64Array;
  readonly limitMilliCpu: Float64Array;
  readonly requestMemBytes: Float64Array;
}

/**
 * Replicas summing to `pods` and requests summing to the asked share of the cluster.
 *
 * CPU requests are multiples of 10 milli, memory requests of 1 MiB; the CPU total misses its target by less than 10 milli per
 * replica of the smallest service when no request sits at a bound, the memory total by at most 0.5 MiB per replica. Throws
 * ConfigError when the targets cannot be met.
 */
export function drawServiceSizes(config: OnlineConfig, seed: string): ServiceSizes {
  checkConfig(config);
  const count = config.services;
  const replicas = drawReplicas(count, config.pods, seed);
  const weights = Array.from(replicas);
  const requestMilliCpu = scaleCpuRequests(drawAll(count, seed, 'cores', drawCores), weights, config);
  const gibPerCore = drawAll(count, seed, 'memory', drawGibPerCore);
  return {
    replicas,
    requestMilliCpu,
    limitMilliCpu: requestMilliCpu.map((milli) => Math.floor(milli * config.limitOverRequest)),
    requestMemBytes: scaleMemRequests(
      gibPerCore.map((gib, row) => gib * requestMilliCpu[row]),
      weights,
      config,
    ),
  };
}

const p = ONLINE_PARAMETERS;
const PEAK_MU = log(p.peakOverMeanMedian);
const PEAK_SIGMA = (log(p.peakOverMeanP90) - PEAK_MU) / normalQuantile(0.9);

// One function each for the process: functions made for each run would lose their optimised code when it ends.
const drawCores = (stream: Stream) => p.coresChoices[sampleCategorical(stream, p.coresWeights)];
const drawGibPerCore = (stream: Stream) => p.gibPerCoreChoices[sampleCategorical(stream, p.gibPerCoreWeights)];
const drawLatencyClass = (stream: Stream) => sampleCategorical(stream, LATENCY_SHARES);
const drawMemUsage = (stream: Stream) => sampleBeta(stream, p.memUsageBetaA, p.memUsageBetaB);
const drawPeak = (stream: Stream) => Math.max(1, sampleLognormal(stream, PEAK_MU, PEAK_SIGMA));

/** What does not depend on the load: latency class, working set over memory request, peaks inside a window. */
export function drawServiceTraits(count: number, seed: string) {
  return {
    latencyClass: Uint8Array.from(drawAll(count, seed, 'latency', drawLatencyClass)),
    memUsageRatio: Float64Array.from(drawAll(count, seed, 'working-set', drawMemUsage)),
    peakOverMean: Float64Array.from(drawAll(count, seed, 'peak', drawPeak)),
  };
}

/** One value per row, each from the stream online/<row>/<purpose>. */
export function drawAll(count: number, seed: string, purpose: string, draw: (stream: Stream) => number): number[] {
  const values = new Array<number>(count);
  for (let row = 0; row < count; row++) values[row] = draw(createStream(seed, `online/${row}/${purpose}`));
  return values;
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

function drawReplicas(count: number, pods: number, seed: string): Int32Array {
  const sizes = Array.from({ length: count }, (_, rank) =>
    exp(-log((rank + 0.5) / count) / ONLINE_PARAMETERS.replicaParetoAlpha),
  );
  shuffle(createStream(seed, 'online/replicas'), sizes);
  return splitByWeights(sizes, pods);
}

function scaleCpuRequests(cores: readonly number[], replicas: readonly number[], config: OnlineConfig): Float64Array {
  const target = (config.clusterMilliCpu * config.cpuRequestPercent) / 100;
  const step = REQUEST_STEP_MILLI_CPU;
  const highest = Math.floor(config.maxRequestMilliCpu / step) * step;
  if (target < config.pods * step)
    throw new ConfigError(
      `online: ${config.pods} pods request at least ${step} milli-CPU each, more than ${config.cpuRequestPercent} % of ` +
        `${config.clusterMilliCpu}; give fewer pods or a higher cpuRequestPercent`,
    );
  const factor = highest < step ? Infinity : scaleUnderCap(cores, replicas, highest, target);
  if (factor === Infinity)
    throw new ConfigError(
      `online: ${config.pods} pods of at most ${config.maxRequestMilliCpu} milli-CPU cannot request ` +
        `${config.cpuRequestPercent} % of ${config.clusterMilliCpu}; give more pods or a lower cpuRequestPercent`,
    );
  const requests = Float64Array.from(cores, (core) => clamp(Math.round((core * factor) / step) * step, step, highest));
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
  const highestMib = Math.floor(config.maxRequestMemBytes / BYTES_PER_MIB);
  if (target < config.pods * BYTES_PER_MIB)
    throw new ConfigError(
      `online: ${config.pods} pods request at least 1 MiB each, more than ${config.memRequestPercent} % of ` +
        `${config.clusterMemBytes} bytes; give fewer pods or a higher memRequestPercent`,
    );
  const factor = highestMib < 1 ? Infinity : scaleUnderCap(sizes, replicas, highestMib * BYTES_PER_MIB, target);
  if (factor === Infinity)
    throw new ConfigError(
      `online: ${config.pods} pods of at most ${config.maxRequestMemBytes} bytes cannot request ` +
        `${config.memRequestPercent} % of ${config.clusterMemBytes}; give more pods or a lower memRequestPercent`,
    );
  return Float64Array.from(
    sizes,
    (size) => clamp(Math.round((size * factor) / BYTES_PER_MIB), 1, highestMib) * BYTES_PER_MIB,
  );
}

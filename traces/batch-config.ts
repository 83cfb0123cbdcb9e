/** What a best-effort load is made of, and what follows from it in closed form. */
import { ConfigError } from '../policies/base/assert.ts';
import { exp, log, normalUpperTail } from '../policies/base/exact-math.ts';
import batchFit from './fits/alibaba-2018-batch.json' with { type: 'json' };
import type { GpuRequest, PressureClass } from './format.ts';

export interface BatchPopulationConfig {
  readonly name: string;
  /** `transcode`: single containers with lognormal life. `analytics`: staged jobs from the Alibaba-2018 fits. */
  readonly kind: 'transcode' | 'analytics';
  readonly pressureClass: PressureClass;
  readonly priority: number;
  /** Share of `tasksPerWeek`, 0..1; the shares of all populations sum to 1. */
  readonly taskShare: number;
  /** Lognormal life of a transcoding container, seconds. Not used by analytics. */
  readonly lifeLogMean: number;
  readonly lifeLogSigma: number;
  readonly coresChoices: readonly number[];
  readonly coresWeights: readonly number[];
  /** What a container of each size asks of GPUs; absent or null = nothing. */
  readonly gpuChoices?: readonly (GpuRequest | null)[];
  readonly memGibPerCore: number;
  /** CPU used over requested, 0..1. */
  readonly usageOverRequest: number;
  /** 24 weights by local hour; only their proportions matter. */
  readonly arrivalByHour: readonly number[];
  /** Deadline after submission; 0 = none. */
  readonly deadlineMs: number;
}

export interface BatchConfig {
  readonly tasksPerWeek: number;
  /** Requested core-hours offered over those of the cluster, percent; 0 leaves the fitted durations as they are. */
  readonly offeredPercent: number;
  readonly clusterCoreHoursPerWeek: number;
  readonly horizonMs: number;
  /** Days into the week at which the run starts; hours of the day follow from it. */
  readonly startDay: number;
  readonly populations: readonly BatchPopulationConfig[];
}

/** No task is longer: a day is where the batch traces are cut by their own daily cycle. */
export const LONGEST_TASK_MS = 86_400_000;

/** Spread of the containers of one analytics task about the duration of the task, sd of the logarithm (A). */
export const CONTAINER_LOG_SIGMA = 0.4;

/** Instances that one analytics container works through, and the most containers of one task (A). */
export const INSTANCES_PER_CONTAINER = 64;
export const MAX_CONTAINERS_PER_TASK = 100;

/** Use over request varies by this share up and down, evenly. */
export const DEMAND_SPREAD = 0.2;

/** Working set over request, even between these (A). */
export const USED_MEM_LOW = 0.5;
export const USED_MEM_HIGH = 0.9;

/** Durations of a population in ms before the cap: lognormals side by side, each with its share. */
export interface DurationLaw {
  readonly share: readonly number[];
  readonly logMean: readonly number[];
  readonly logSigma: readonly number[];
}

/** Durations of a population, with those of analytics stretched by `scale`. */
export function durationLaw(population: BatchPopulationConfig, scale: number): DurationLaw {
  const logMsPerSecond = log(1000);
  if (population.kind === 'transcode')
    return { share: [1], logMean: [population.lifeLogMean + logMsPerSecond], logSigma: [population.lifeLogSigma] };
  const { share, logMean, logSigma } = batchFit.taskSecondsPair;
  return { share, logMean: logMean.map((mean) => mean + logMsPerSecond + log(scale)), logSigma };
}

/**
 * Mean duration under the cap of LONGEST_TASK_MS, over the parts of the law.
 *
 *   E[min(X, c)] = e^(mu + sigma^2/2) P(Z < z - sigma) + c P(Z > z),   z = (ln c - mu) / sigma
 */
export function meanDurationMs(law: DurationLaw): number {
  let mean = 0;
  for (let part = 0; part < law.share.length; part++)
    mean += law.share[part] * meanCapped(law.logMean[part], law.logSigma[part]);
  return mean;
}

function meanCapped(mu: number, sigma: number): number {
  const mean = exp(mu + 0.5 * sigma * sigma);
  if (sigma === 0) return Math.min(LONGEST_TASK_MS, mean);
  const z = (log(LONGEST_TASK_MS) - mu) / sigma;
  return mean * normalUpperTail(sigma - z) + LONGEST_TASK_MS * normalUpperTail(z);
}

/** Mean request in cores. */
export function meanCores(population: BatchPopulationConfig): number {
  const total = population.coresWeights.reduce((sum, weight) => sum + weight, 0);
  return population.coresChoices.reduce(
    (sum, cores, index) => sum + (cores * population.coresWeights[index]) / total,
    0,
  );
}

/** Tasks of each population in a week, whole numbers that sum to `tasksPerWeek`. */
export function tasksByPopulation(config: BatchConfig): number[] {
  let given = 0;
  let share = 0;
  return config.populations.map((population, index) => {
    share += population.taskShare;
    const until =
      index === config.populations.length - 1 ? config.tasksPerWeek : Math.round(config.tasksPerWeek * share);
    const tasks = Math.max(0, until - given);
    given += tasks;
    return tasks;
  });
}

/** Core-hours that one population requests in a week. */
export function coreHoursPerWeek(population: BatchPopulationConfig, tasks: number, scale: number): number {
  return (tasks * meanCores(population) * meanDurationMs(durationLaw(population, scale))) / 3_600_000;
}

/** Factor on analytics durations, requested core-hours a week and their share of the cluster, percent, all in expectation. */
export interface ExpectedOffer {
  readonly scale: number;
  readonly coreHours: readonly number[];
  readonly percent: number;
}

/** What a configuration offers; coreHours has one value for each population. Throws ConfigError as analyticsScale does. */
export function expectedOffer(config: BatchConfig): ExpectedOffer {
  const scale = analyticsScale(config);
  const tasks = tasksByPopulation(config);
  const coreHours = config.populations.map((population, index) => coreHoursPerWeek(population, tasks[index], scale));
  const total = coreHours.reduce((sum, hours) => sum + hours, 0);
  return { scale, coreHours, percent: (100 * total) / config.clusterCoreHoursPerWeek };
}

/**
 * Factor on analytics durations with which the offered core-hours meet `offeredPercent`; 1 when that is 0.
 *
 * Expected core-hours increase with the factor, so halving an interval of its logarithm 60 times gives it to the last bits.
 * Throws ConfigError when no factor can do it.
 */
export function analyticsScale(config: BatchConfig): number {
  if (config.offeredPercent === 0) return 1;
  const tasks = tasksByPopulation(config);
  const wanted = (config.offeredPercent / 100) * config.clusterCoreHoursPerWeek;
  let low = -14;
  let high = 14;
  if (offeredCoreHours(config, tasks, exp(low)) > wanted || offeredCoreHours(config, tasks, exp(high)) < wanted)
    throw new ConfigError(unreachableOffer(config, tasks));
  for (let step = 0; step < 60; step++) {
    const middle = 0.5 * (low + high);
    if (offeredCoreHours(config, tasks, exp(middle)) < wanted) low = middle;
    else high = middle;
  }
  return exp(0.5 * (low + high));
}

/** Core-hours that all populations request in a week. */
function offeredCoreHours({ populations }: BatchConfig, tasks: readonly number[], scale: number): number {
  let sum = 0;
  for (let index = 0; index < populations.length; index++)
    sum += coreHoursPerWeek(populations[index], tasks[index], scale);
  return sum;
}

function unreachableOffer(config: BatchConfig, tasks: readonly number[]): string {
  const percent = (scale: number) =>
    ((100 * offeredCoreHours(config, tasks, scale)) / config.clusterCoreHoursPerWeek).toFixed(1);
  return (
    `best effort: offeredPercent ${config.offeredPercent} cannot be reached by stretching analytics durations; with these ` +
    `populations it lies between ${percent(exp(-14))} and ${percent(exp(14))} %. Change tasksPerWeek or the task shares, ` +
    'or set offeredPercent to 0 to leave the durations as they are'
  );
}

/** Throws ConfigError when the configuration cannot be generated. */
export function checkBatchConfig(config: BatchConfig): void {
  const wrong = (what: string): never => {
    throw new ConfigError(`best effort: ${what}`);
  };
  if (!Number.isInteger(config.tasksPerWeek) || config.tasksPerWeek < 0)
    wrong(`tasksPerWeek is ${config.tasksPerWeek}; a whole number, 0 for none`);
  if (!(config.horizonMs > 0)) wrong(`horizonMs is ${config.horizonMs}; it must be positive`);
  if (config.tasksPerWeek > 0 && config.populations.length === 0)
    wrong('tasksPerWeek is not 0 but there is no population');
  if (config.populations.length > 255) wrong(`${config.populations.length} populations; at most 255`);
  const shares = config.populations.reduce((sum, population) => sum + population.taskShare, 0);
  if (config.populations.length > 0 && Math.abs(shares - 1) > 1e-6)
    wrong(`the task shares sum to ${shares}; they must sum to 1`);
  const names = new Set(config.populations.map((population) => population.name));
  if (names.size < config.populations.length) wrong('two populations have the same name');
  for (const population of config.populations) {
    const { name, coresChoices, coresWeights, arrivalByHour, usageOverRequest } = population;
    if (coresChoices.length === 0 || coresChoices.length !== coresWeights.length)
      wrong(
        `population ${name} has ${coresChoices.length} core choices and ${coresWeights.length} weights; give one for each`,
      );
    if (coresChoices.some((cores) => !(cores > 0)) || meanCores(population) <= 0 || Number.isNaN(meanCores(population)))
      wrong(`population ${name} needs positive core choices and weights that are not all 0`);
    if (
      arrivalByHour.length !== 24 ||
      !(arrivalByHour.reduce((a, b) => a + b, 0) > 0) ||
      arrivalByHour.some((w) => w < 0)
    )
      wrong(`population ${name} needs 24 arrival weights, none negative, not all 0`);
    if (!(usageOverRequest > 0 && usageOverRequest <= 1))
      wrong(`population ${name} has usageOverRequest ${usageOverRequest}; above 0 and at most 1`);
  }
}

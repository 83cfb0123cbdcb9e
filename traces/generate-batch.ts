/**
 * Best-effort tasks, hour by hour, from a configuration and a seed.
 *
 * Each hour of each population has its own three streams (arrival times, job shapes, task details), so any hour can be produced
 * alone and twice. Task totals are exact; a job that would pass its hour's total is cut there, at most one per hour.
 */
import { assert } from '../policies/base/assert.ts';
import { BYTES_PER_GIB, MILLI_PER_CPU, MS_PER_HOUR } from '../policies/base/units.ts';
import { drawHourCounts } from './batch-arrivals.ts';
import {
  analyticsScale,
  type BatchConfig,
  type BatchPopulationConfig,
  CONTAINER_LOG_SIGMA,
  checkBatchConfig,
  DEMAND_SPREAD,
  durationLaw,
  expectedOffer,
  INSTANCES_PER_CONTAINER,
  LONGEST_TASK_MS,
  MAX_CONTAINERS_PER_TASK,
  meanDurationMs,
  tasksByPopulation,
  USED_MEM_HIGH,
  USED_MEM_LOW,
} from './batch-config.ts';
import { type BatchChunk, type BatchSource, type GpuRequest, growBatchChunk } from './format.ts';
import { createJobShapes, drawJobShape, type JobShapes, taskLogSigma } from './job-shape.ts';
import { createLognormalTable, drawLognormal, type LognormalTable } from './quantile-table.ts';
import { drawUint32, drawUnit32, STREAM_STATE_ROWS, seedState } from './streams.ts';

/** Rows of the stream states of one population: arrival times, job shapes, task details. */
const ARRIVALS = 0;
const SHAPES = STREAM_STATE_ROWS;
const DETAILS = 2 * STREAM_STATE_ROWS;
const STATES_PER_POPULATION = 3 * STREAM_STATE_ROWS;

/** One population prepared for drawing. */
interface Population {
  readonly name: string;
  readonly staged: boolean;
  /** Durations of a task, ms: one table for each part of the law, drawn in proportion to its share. */
  readonly durations: readonly LognormalTable[];
  readonly durationShares: Float64Array;
  /** Cumulative shares and requests of the core choices. */
  readonly cumulative: Float64Array;
  readonly milliCpu: Int32Array;
  readonly memBytes: Float64Array;
  /** Entry of the source's requests + 1, 0 = none. */
  readonly gpu: Uint16Array;
  readonly usageOverRequest: number;
  readonly deadlineMs: number;
  /** Tasks in each hour, and jobs before it among this population. */
  readonly tasksOfHour: Int32Array;
  readonly jobsOfHour: Int32Array;
}

interface Generator {
  readonly seed: string;
  readonly populations: readonly Population[];
  readonly gpuRequests: readonly GpuRequest[];
  readonly firstJobOfHour: Int32Array;
  readonly shapes: JobShapes;
  /** Duration of a container over that of its task. */
  readonly spread: LognormalTable;
  readonly states: Int32Array;
  /** Row-major population x most jobs in an hour: arrival ms inside the hour, increasing. */
  readonly arrivals: Int32Array;
  readonly arrivalStride: number;
  readonly nextJob: Int32Array;
  readonly tasksLeft: Int32Array;
}

/**
 * A source of the load that `config` describes.
 *
 * Whole hours are produced up to the end of the hour in which the horizon falls. Throws ConfigError. Cost: the job counts of all
 * hours are drawn here, about 0.1 microseconds per task of staged populations.
 */
export function createBatchSource(config: BatchConfig, seed: string): BatchSource {
  checkBatchConfig(config);
  const generator = createGenerator(config, seed);
  return {
    populations: config.populations.map(({ name, pressureClass, priority }) => ({ name, pressureClass, priority })),
    gpuRequests: generator.gpuRequests,
    firstJobOfHour: generator.firstJobOfHour,
    fillHour: (hour, out) => fillHour(generator, hour, out),
  };
}

/** What the load is, in sentences with numbers, for a report. */
export function describeBatchSource(config: BatchConfig): string[] {
  checkBatchConfig(config);
  if (config.tasksPerWeek === 0) return ['No best-effort tasks are drawn.'];
  const offer = expectedOffer(config);
  const tasks = tasksByPopulation(config);
  const lines = config.populations.map((population, index) => {
    const coreHours = offer.coreHours[index];
    const minutes = meanDurationMs(durationLaw(population, offer.scale)) / 60_000;
    const percent = (100 * coreHours) / config.clusterCoreHoursPerWeek;
    return (
      `${population.name}: ${tasks[index].toLocaleString('en-US')} tasks a week of ${minutes.toFixed(1)} min on average, ` +
      `expected ${Math.round(coreHours).toLocaleString('en-US')} requested core-hours a week, ${percent.toFixed(2)} % of the cluster.`
    );
  });
  lines.push(`Expected offer: ${offer.percent.toFixed(2)} % of the core-hours of the cluster.`);
  if (config.populations.some((population) => population.kind === 'analytics'))
    lines.push(
      `Durations of analytics tasks are the fitted ones times ${offer.scale.toPrecision(4)}; up to ${INSTANCES_PER_CONTAINER} ` +
        `instances share a container, a task has at most ${MAX_CONTAINERS_PER_TASK}.`,
    );
  lines.push(`No task is longer than ${LONGEST_TASK_MS / MS_PER_HOUR} h; the means above include that cap.`);
  return lines;
}

function createGenerator(config: BatchConfig, seed: string): Generator {
  const hours = Math.ceil(config.horizonMs / MS_PER_HOUR);
  const startHour = Math.round(config.startDay * 24);
  const scale = config.tasksPerWeek === 0 ? 1 : analyticsScale(config);
  const tasks = tasksByPopulation(config);
  const shapes = createJobShapes();
  const gpuRequests: GpuRequest[] = [];
  const populations = config.populations.map((population, index) => {
    const counts = drawHourCounts(tasks[index], population.arrivalByHour, startHour, hours, seed, population.name);
    const jobs = population.kind === 'analytics' ? countJobs(shapes, counts, seed, population.name) : counts;
    return preparePopulation(population, scale, counts, jobs, gpuRequests);
  });
  const firstJobOfHour = new Int32Array(hours + 1);
  let stride = 0;
  for (let hour = 0; hour < hours; hour++) {
    let jobs = 0;
    for (const population of populations) {
      jobs += population.jobsOfHour[hour];
      stride = Math.max(stride, population.jobsOfHour[hour]);
    }
    firstJobOfHour[hour + 1] = firstJobOfHour[hour] + jobs;
  }
  const count = populations.length;
  return {
    seed,
    populations,
    gpuRequests,
    firstJobOfHour,
    shapes,
    spread: createLognormalTable(0, CONTAINER_LOG_SIGMA),
    states: new Int32Array(count * STATES_PER_POPULATION),
    arrivals: new Int32Array(count * stride),
    arrivalStride: stride,
    nextJob: new Int32Array(count),
    tasksLeft: new Int32Array(count),
  };
}

function preparePopulation(
  population: BatchPopulationConfig,
  scale: number,
  tasksOfHour: Int32Array,
  jobsOfHour: Int32Array,
  gpuRequests: GpuRequest[],
): Population {
  const law = durationLaw(population, scale);
  const staged = population.kind === 'analytics';
  const total = population.coresWeights.reduce((sum, weight) => sum + weight, 0);
  let seen = 0;
  return {
    name: population.name,
    staged,
    durations: law.logMean.map((mean, part) =>
      createLognormalTable(mean, staged ? taskLogSigma(law.logSigma[part]) : law.logSigma[part]),
    ),
    durationShares: Float64Array.from(law.share),
    cumulative: Float64Array.from(population.coresWeights, (weight) => {
      seen += weight / total;
      return seen;
    }),
    milliCpu: Int32Array.from(population.coresChoices, (cores) => Math.round(cores * MILLI_PER_CPU)),
    memBytes: Float64Array.from(population.coresChoices, (cores) =>
      Math.floor(cores * population.memGibPerCore * BYTES_PER_GIB),
    ),
    gpu: Uint16Array.from(population.coresChoices, (_, choice) => {
      const request = population.gpuChoices?.[choice] ?? null;
      return request === null ? 0 : gpuRequests.push(request);
    }),
    usageOverRequest: population.usageOverRequest,
    deadlineMs: population.deadlineMs === 0 ? Infinity : population.deadlineMs,
    tasksOfHour,
    jobsOfHour,
  };
}

/** Jobs needed in each hour until their containers reach the hour's count. */
function countJobs(shapes: JobShapes, tasksOfHour: Int32Array, seed: string, name: string): Int32Array {
  const state = new Int32Array(STREAM_STATE_ROWS);
  const jobsOfHour = new Int32Array(tasksOfHour.length);
  for (let hour = 0; hour < tasksOfHour.length; hour++) {
    seedState(seed, `batch/${name}/hour/${hour}/shapes`, state, 0);
    let left = tasksOfHour[hour];
    while (left > 0) {
      const tasks = drawJobShape(shapes, state, 0);
      for (let task = 0; task < tasks; task++) left -= shapes.containersOfTask[task];
      jobsOfHour[hour] += 1;
    }
  }
  return jobsOfHour;
}

/** Replaces the content of `out` with the tasks of one hour, in (submitMs, job, stage, index) order. */
function fillHour(generator: Generator, hour: number, out: BatchChunk): void {
  const { populations, firstJobOfHour, arrivals, arrivalStride, nextJob } = generator;
  assert(
    hour >= 0 && hour < firstJobOfHour.length - 1,
    `hour ${hour} lies in the ${firstJobOfHour.length - 1} of the run`,
  );
  let rows = 0;
  for (let index = 0; index < populations.length; index++) rows += populations[index].tasksOfHour[hour];
  growBatchChunk(out, rows);
  for (let index = 0; index < populations.length; index++) openHour(generator, index, hour);
  out.count = 0;
  const last = firstJobOfHour[hour + 1];
  for (let job = firstJobOfHour[hour]; job < last; job++) {
    let first = -1;
    let firstMs = Infinity;
    for (let index = 0; index < populations.length; index++) {
      const position = nextJob[index];
      if (position >= populations[index].jobsOfHour[hour]) continue;
      const ms = arrivals[index * arrivalStride + position];
      if (ms < firstMs) {
        firstMs = ms;
        first = index;
      }
    }
    nextJob[first] += 1;
    const submitMs = hour * MS_PER_HOUR + firstMs;
    if (populations[first].staged) emitJob(generator, first, job, submitMs, out);
    else emitTask(generator, first, job, 0, submitMs, 1, 1, out);
  }
  if (out.count !== rows) assert(false, `hour ${hour} has ${out.count} tasks, ${rows} were counted`);
}

/** Starts the streams of a population's hour and draws its sorted arrival times. */
function openHour(generator: Generator, index: number, hour: number): void {
  const population = generator.populations[index];
  const { states, arrivals, arrivalStride } = generator;
  const at = index * STATES_PER_POPULATION;
  seedState(generator.seed, `batch/${population.name}/hour/${hour}/arrivals`, states, at + ARRIVALS);
  seedState(generator.seed, `batch/${population.name}/hour/${hour}/shapes`, states, at + SHAPES);
  seedState(generator.seed, `batch/${population.name}/hour/${hour}/details`, states, at + DETAILS);
  const jobs = population.jobsOfHour[hour];
  const start = index * arrivalStride;
  for (let job = 0; job < jobs; job++)
    arrivals[start + job] = Math.floor(drawUnit32(states, at + ARRIVALS) * MS_PER_HOUR);
  arrivals.subarray(start, start + jobs).sort();
  generator.nextJob[index] = 0;
  generator.tasksLeft[index] = population.tasksOfHour[hour];
}

/** Emits the next staged job of a population, cut at what is left of the hour's count. */
function emitJob(generator: Generator, index: number, job: number, submitMs: number, out: BatchChunk): void {
  const { shapes, states, spread, tasksLeft, populations } = generator;
  const at = index * STATES_PER_POPULATION;
  const tasks = drawJobShape(shapes, states, at + SHAPES);
  const population = populations[index];
  for (let task = 0; task < tasks && tasksLeft[index] > 0; task++) {
    const taskMs = drawDuration(population, states, at + DETAILS);
    const containers = Math.min(tasksLeft[index], shapes.containersOfTask[task]);
    for (let container = 0; container < containers; container++) {
      const ownRatio = drawLognormal(spread, drawUnit32(states, at + DETAILS));
      emitTask(generator, index, job, shapes.stageOfTask[task], submitMs, taskMs, ownRatio, out);
    }
    tasksLeft[index] -= containers;
  }
}

/** A task's duration in ms; a law of one part takes one draw, a law of several takes one more to choose. */
function drawDuration(population: Population, states: Int32Array, at: number): number {
  const { durations, durationShares } = population;
  let part = 0;
  if (durations.length > 1) {
    let left = drawUnit32(states, at) - durationShares[0];
    while (left > 0 && part < durations.length - 1) {
      part += 1;
      left -= durationShares[part];
    }
  }
  return drawLognormal(durations[part], drawUnit32(states, at));
}

/** Writes one row; a task that is a job of its own draws its duration here. */
function emitTask(
  generator: Generator,
  index: number,
  job: number,
  stage: number,
  submitMs: number,
  taskMs: number,
  ownRatio: number,
  out: BatchChunk,
): void {
  const population = generator.populations[index];
  const states = generator.states;
  const at = index * STATES_PER_POPULATION + DETAILS;
  const durationMs = population.staged ? taskMs * ownRatio : drawDuration(population, states, at);
  const coresUnit = drawUnit32(states, at);
  let choice = 0;
  while (choice < population.cumulative.length - 1 && population.cumulative[choice] < coresUnit) choice += 1;
  const milliCpu = population.milliCpu[choice];
  // One draw serves two spreads of 16 bits each: 65 536 steps are finer than any use of them.
  const bits = drawUint32(states, at);
  const useSpread = 1 + DEMAND_SPREAD * ((bits >>> 16) / 32767.5 - 1);
  const memShare = USED_MEM_LOW + ((USED_MEM_HIGH - USED_MEM_LOW) * (bits & 0xffff)) / 65535;
  const demand = Math.round(milliCpu * population.usageOverRequest * useSpread);
  const row = out.count;
  out.submitMs[row] = submitMs;
  out.population[row] = index;
  out.job[row] = job;
  out.stage[row] = stage;
  out.requestMilliCpu[row] = milliCpu;
  out.requestMemBytes[row] = population.memBytes[choice];
  out.gpu[row] = population.gpu[choice];
  out.demandMilliCpu[row] = Math.max(1, Math.min(milliCpu, demand));
  out.usedMemBytes[row] = Math.floor(population.memBytes[choice] * memShare);
  out.durationMs[row] = Math.max(1, Math.min(LONGEST_TASK_MS, Math.round(durationMs)));
  out.deadlineMs[row] = submitMs + population.deadlineMs;
  out.count = row + 1;
}

/**
 * YARN SLS, SYNTH: weighted workloads of weighted job classes whose counts, times and sizes are distributions. Jobs are drawn from it.
 *
 * Rules of Hadoop's SynthTraceJobProducer: a start is uniform in its bucket of `time_distribution`; a value with `std` is lognormal (mean and sd
 * as given; sd 0 stands for a sixth of the mean) unless `dist` is NORM, without it is constant, or comes from `discrete`; the older `mtasks_avg` and
 * its like mean the same; a container has at least 1024 MB and one core. Draws are of this project, not of Java: the same distributions, not
 * the same jobs. Times are seconds, as the class says; SLS runs containers for as many milliseconds.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { log } from '../../policies/base/exact-math.ts';
import { MS_PER_SECOND } from '../../policies/base/units.ts';
import { sampleIndex, sampleLognormal, sampleNormal } from '../samplers.ts';
import { createStream, type Stream } from '../streams.ts';
import type { TaskRow } from './canonical.ts';
import { asList, asNumber, type Located, member, textOr } from './json-access.ts';

const LEAST_MB = 1024;
const LEAST_CORES = 1;
const MOST_JOBS = 1_000_000;
const MOST_CONTAINERS = 10_000_000;

export type SynthTask = TaskRow & { readonly endMs: number };

export interface SynthTrace {
  readonly nodes: number;
  readonly seed: number;
  /** Tasks by job, in the order of submission. */
  readonly jobs: readonly (readonly SynthTask[])[];
}

type Sample = (stream: Stream) => number;

interface TaskClass {
  readonly type: string;
  readonly qos: string;
  readonly count: Sample;
  readonly seconds: Sample;
  readonly memMib: Sample;
  readonly cores: Sample;
}

interface JobClass {
  readonly name: string;
  readonly tasks: readonly TaskClass[];
}

interface Workload {
  readonly classes: readonly JobClass[];
  readonly classWeights: readonly number[];
  readonly times: readonly number[];
  readonly timeWeights: readonly number[];
}

/** Draws the jobs of a description. Throws TraceError with file and JSON path. */
export function drawSynth(root: Located): SynthTrace {
  const located = asList(member(root, 'workloads'));
  const workloads = located.map(readWorkload);
  const weights = weightsOf(located, 'workload_weight', member(root, 'workloads').where);
  const count = asNumber(member(root, 'num_jobs'));
  if (!(Number.isInteger(count) && count >= 0 && count <= MOST_JOBS))
    throw new TraceError(`${root.where}.num_jobs is ${count}; 0 to ${MOST_JOBS} is expected`);
  const seed = numberOr(root, 'rand_seed', 0);
  const stream = createStream(String(seed), 'import/yarn-synth');
  const stories = Array.from({ length: count }, () => {
    const workload = workloads[pick(weights, stream)];
    const bucket = pick(workload.timeWeights, stream);
    const start = workload.times[bucket];
    const range = (workload.times[bucket + 1] ?? start) - start;
    const second = start + (range > 0 ? sampleIndex(stream, range) : 0);
    return { second, jobClass: workload.classes[pick(workload.classWeights, stream)] };
  }).sort((a, b) => a.second - b.second);
  let containers = 0;
  const jobs = stories.map(({ second, jobClass }, index) => {
    const job = `${jobClass.name}_${String(index).padStart(6, '0')}`;
    const tasks = jobClass.tasks.flatMap((task) => drawTasks(task, job, second * MS_PER_SECOND, stream));
    containers += tasks.length;
    if (containers > MOST_CONTAINERS)
      throw new TraceError(`${root.where} gives more than ${MOST_CONTAINERS} containers`);
    return tasks.map((task, at) => ({ ...task, id: `${job}/${at}` }));
  });
  return { nodes: numberOr(root, 'num_nodes', 0), seed, jobs };
}

function drawTasks(task: TaskClass, job: string, submitMs: number, stream: Stream): SynthTask[] {
  const count = Math.max(0, Math.round(task.count(stream)));
  const memMib = Math.max(LEAST_MB, Math.round(task.memMib(stream)));
  const cores = Math.max(LEAST_CORES, Math.round(task.cores(stream)));
  if (count > MOST_CONTAINERS) throw new TraceError(`${job} draws ${count} containers; at most ${MOST_CONTAINERS}`);
  return Array.from({ length: count }, () => {
    const durationMs = Math.max(0, Math.round(task.seconds(stream))) * MS_PER_SECOND;
    return {
      id: '',
      group: job,
      submitMs,
      durationMs,
      requestMilliCpu: cores * 1000,
      requestMemMib: memMib,
      qos: task.qos,
      status: task.type,
      endMs: submitMs + durationMs,
    };
  });
}

function readWorkload(workload: Located): Workload {
  const classes = asList(member(workload, 'job_classes'));
  const buckets = asList(member(workload, 'time_distribution'));
  return {
    classes: classes.map(readJobClass),
    classWeights: weightsOf(classes, 'class_weight', member(workload, 'job_classes').where),
    times: buckets.map((bucket) => asNumber(member(bucket, 'time'))),
    timeWeights: weightsOf(buckets, 'weight', member(workload, 'time_distribution').where),
  };
}

function readJobClass(job: Located, index: number): JobClass {
  const name = textOr(member(job, 'class_name'), `class-${index}`);
  if (member(job, 'tasks').value === undefined) return { name, tasks: [oldTask(job, 'map'), oldTask(job, 'reduce')] };
  const tasks = asList(member(job, 'tasks')).map((task) => ({
    type: textOr(member(task, 'type'), ''),
    qos: textOr(member(task, 'execution_type'), 'GUARANTEED'),
    count: sampleOf(member(task, 'count')),
    seconds: sampleOf(member(task, 'time')),
    memMib: sampleOf(member(task, 'max_memory')),
    cores: sampleOf(member(task, 'max_vcores')),
  }));
  return { name, tasks };
}

/** A task of the older form: `mtasks_avg`, `mtime_stddev`, `map_max_memory_avg` and so on; what is missing is 0. */
function oldTask(job: Located, type: 'map' | 'reduce'): TaskClass {
  const of = (name: string) => distributed(numberOr(job, `${name}_avg`, 0), numberOr(job, `${name}_stddev`, 0), false);
  return {
    type,
    qos: textOr(member(job, `${type}_execution_type`), 'GUARANTEED'),
    count: of(`${type[0]}tasks`),
    seconds: of(`${type[0]}time`),
    memMib: of(`${type}_max_memory`),
    cores: of(`${type}_max_vcores`),
  };
}

/** `{val}`, `{val, std, dist}` or `{discrete, weights}`. */
function sampleOf(located: Located): Sample {
  const [val, std, dist, discrete, weights] = ['val', 'std', 'dist', 'discrete', 'weights'].map((key) =>
    member(located, key),
  );
  const given = (one: Located) => one.value !== undefined && one.value !== null;
  if (!given(val)) {
    const values = asList(discrete).map((one) => (typeof one.value === 'string' ? Number(one.value) : asNumber(one)));
    if (values.length === 0 || values.some(Number.isNaN))
      throw new TraceError(`${discrete.where} has no number or a text that is none`);
    const shares = given(weights) ? asList(weights).map(asNumber) : values.map(() => 1);
    if (shares.length !== values.length || !(total(shares) > 0))
      throw new TraceError(
        `${weights.where} has ${shares.length} weights for ${values.length} values, or no weight above 0`,
      );
    return (stream) => values[pick(shares, stream)];
  }
  if (given(discrete) || given(weights) || (given(dist) && !given(std)))
    throw new TraceError(`${located.where} mixes forms; {val}, {val, std, dist} or {discrete, weights} is expected`);
  const mean = asNumber(val);
  if (!given(std)) return () => mean;
  const name = textOr(dist, 'LOGNORM');
  if (name !== 'LOGNORM' && name !== 'NORM')
    throw new TraceError(`${dist.where} is "${name}"; LOGNORM or NORM is expected`);
  return distributed(mean, asNumber(std), name === 'NORM');
}

/** Lognormal with the given mean and sd:  sigma^2 = ln(1 + (sd / mean)^2),  mu = ln(mean) - sigma^2 / 2;  or normal. A mean of 0 or less is 0. */
function distributed(mean: number, sd: number, normal: boolean): Sample {
  if (!(mean > 0)) return () => 0;
  const spread = sd === 0 ? mean / 6 : sd;
  if (normal) return (stream) => sampleNormal(stream, mean, spread);
  const variance = log(1 + (spread / mean) * (spread / mean));
  return (stream) => sampleLognormal(stream, log(mean) - variance / 2, Math.sqrt(variance));
}

function weightsOf(list: readonly Located[], key: string, where: string): number[] {
  const weights = list.map((one) => numberOr(one, key, 0));
  if (weights.some((weight) => !(weight >= 0)) || !(total(weights) > 0))
    throw new TraceError(`${where}: ${key} is negative somewhere or nowhere above 0; nothing can be drawn`);
  return weights;
}

function total(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}

function pick(weights: readonly number[], stream: Stream): number {
  let left = stream.next() * total(weights);
  const at = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  // Rounding may leave nothing below 0: the last one that has a weight is meant.
  return at >= 0 ? at : weights.findLastIndex((weight) => weight > 0);
}

function numberOr(object: Located, key: string, fallback: number): number {
  const { value } = member(object, key);
  return value === undefined || value === null ? fallback : asNumber(member(object, key));
}

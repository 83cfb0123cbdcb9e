/**
 * Best-effort load from an imported trace.
 *
 * Tasks joined by parents form one job, whose stage is the longest way from a task without parents; the job is submitted when its
 * first task is. A task of several instances, or larger than one host may take, is split into equal containers, as a parallel job runs on several
 * hosts; they are placed one by one, not all or nothing. Sources repeat nothing: hours after the last task are empty.
 */
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_HOUR } from '../policies/base/units.ts';
import { type BatchChunk, type BatchPopulation, type BatchSource, createBatchChunk, growBatchChunk } from './format.ts';
import type { ImportedTasks, ImportedTrace } from './import/canonical.ts';

export interface ReplayBatchConfig {
  readonly population: BatchPopulation;
  readonly horizonMs: number;
  /** Left off the front: trace time that becomes time 0 of the run. */
  readonly skipMs: number;
  /** Largest container; bigger tasks are split. */
  readonly maxRequestMilliCpu: number;
  readonly maxRequestMemBytes: number;
  /** Memory of tasks whose trace does not say, MiB per core. */
  readonly memMibPerCore: number;
  /** CPU use over request of tasks whose trace does not say, 0..1. */
  readonly usageOverRequest: number;
  /** Deadline after submission; 0 = none. */
  readonly deadlineMs: number;
}

export interface ReplayedBatch {
  readonly source: BatchSource;
  /** What was left out, split or assumed, with counts. */
  readonly notes: readonly string[];
}

const MOST_STAGES = 256;

/** A source of the tasks of `trace`. Throws ConfigError, TraceError (parents that form a circle, more than 256 stages). */
export function replayBatch(trace: ImportedTrace, config: ReplayBatchConfig): ReplayedBatch {
  checkReplay(config);
  const { tasks } = trace;
  const { jobOf, stageOf, submitOf } = findJobs(tasks, trace.format, (task) => tasks.ids[task]);
  const kept: number[] = [];
  let outside = 0;
  let unknown = 0;
  for (let task = 0; task < tasks.count; task++) {
    const submitMs = submitOf[jobOf[task]] - config.skipMs;
    if (submitMs < 0 || submitMs >= config.horizonMs) outside += 1;
    else if (!(tasks.durationMs[task] > 0 && tasks.requestMilliCpu[task] > 0)) unknown += 1;
    else kept.push(task);
  }
  kept.sort(
    (a, b) => submitOf[jobOf[a]] - submitOf[jobOf[b]] || jobOf[a] - jobOf[b] || stageOf[a] - stageOf[b] || a - b,
  );
  const all = createBatchChunk(kept.length);
  const firstJobOfHour = new Int32Array(Math.ceil(config.horizonMs / MS_PER_HOUR) + 1);
  const firstRowOfHour = new Int32Array(firstJobOfHour.length);
  const counts = { split: 0, memory: 0 };
  let jobs = 0;
  let stage = 0;
  for (let index = 0; index < kept.length; index++) {
    const task = kept[index];
    const before = index === 0 ? -1 : kept[index - 1];
    const sameJob = before >= 0 && jobOf[before] === jobOf[task];
    if (!sameJob) jobs += 1;
    // Stages are numbered anew: those whose tasks were all left out leave no gap.
    stage = sameJob ? stage + (stageOf[task] > stageOf[before] ? 1 : 0) : 0;
    const submitMs = submitOf[jobOf[task]] - config.skipMs;
    addTask(all, tasks, task, submitMs, jobs - 1, stage, config, counts);
    const hour = Math.floor(submitMs / MS_PER_HOUR);
    firstJobOfHour[hour + 1] = jobs;
    firstRowOfHour[hour + 1] = all.count;
  }
  for (let hour = 1; hour < firstJobOfHour.length; hour++) {
    firstJobOfHour[hour] = Math.max(firstJobOfHour[hour], firstJobOfHour[hour - 1]);
    firstRowOfHour[hour] = Math.max(firstRowOfHour[hour], firstRowOfHour[hour - 1]);
  }
  const source: BatchSource = {
    populations: [config.population],
    firstJobOfHour,
    fillHour: (hour, out) => copyRows(all, firstRowOfHour[hour], firstRowOfHour[hour + 1], out),
  };
  return {
    source,
    notes: [
      `${trace.format}: ${kept.length} of ${tasks.count} tasks in ${jobs} jobs are replayed as ${all.count} containers`,
      `${outside} tasks are submitted outside the run`,
      `${unknown} tasks have no duration or no CPU request and are left out`,
      `${counts.split} tasks are larger than ${config.maxRequestMilliCpu} milli-CPU or ${config.maxRequestMemBytes} bytes and are split`,
      `${counts.memory} tasks do not say their memory; ${config.memMibPerCore} MiB per core stands in`,
    ],
  };
}

/** Throws ConfigError. */
export function checkReplay(config: ReplayBatchConfig): void {
  for (const key of ['horizonMs', 'maxRequestMilliCpu', 'maxRequestMemBytes', 'memMibPerCore'] as const)
    if (!(config[key] > 0)) throw new ConfigError(`batch replay: ${key} is ${config[key]}; it must be positive`);
  if (!(config.usageOverRequest > 0 && config.usageOverRequest <= 1))
    throw new ConfigError(`batch replay: usageOverRequest is ${config.usageOverRequest}; above 0 and at most 1`);
}

/**
 * Job of each task (lowest row of its component), its stage, and the submit time of each job by that row. Throws TraceError with the name
 * of a task that waits for itself or stands behind more than 256 stages.
 */
export function findJobs(
  tasks: Pick<ImportedTasks, 'count' | 'parentStart' | 'parents' | 'submitMs'>,
  format: string,
  nameOf: (task: number) => string,
) {
  const { count, parentStart, parents } = tasks;
  const jobOf = Int32Array.from({ length: count }, (_, task) => task);
  const rootOf = (task: number): number => {
    let root = task;
    while (jobOf[root] !== root) {
      jobOf[root] = jobOf[jobOf[root]];
      root = jobOf[root];
    }
    return root;
  };
  const waiting = new Int32Array(count);
  const children: number[][] = Array.from({ length: parents.length === 0 ? 0 : count }, () => []);
  for (let task = 0; task < count; task++)
    for (let at = parentStart[task]; at < parentStart[task + 1]; at++) {
      const a = rootOf(task);
      const b = rootOf(parents[at]);
      jobOf[Math.max(a, b)] = Math.min(a, b);
      waiting[task] += 1;
      children[parents[at]].push(task);
    }
  const submitOf = new Float64Array(count).fill(Infinity);
  for (let task = 0; task < count; task++) {
    jobOf[task] = rootOf(task);
    submitOf[jobOf[task]] = Math.min(submitOf[jobOf[task]], tasks.submitMs[task]);
  }
  const stageOf = new Int32Array(count);
  const ready: number[] = [];
  for (let task = 0; task < count; task++) if (waiting[task] === 0) ready.push(task);
  for (let index = 0; index < ready.length; index++) {
    const task = ready[index];
    if (stageOf[task] >= MOST_STAGES)
      throw new TraceError(
        `${format}: task ${nameOf(task)} is in stage ${stageOf[task]}; at most ${MOST_STAGES} are kept`,
      );
    for (const child of children[task] ?? []) {
      stageOf[child] = Math.max(stageOf[child], stageOf[task] + 1);
      waiting[child] -= 1;
      if (waiting[child] === 0) ready.push(child);
    }
  }
  if (ready.length < count) {
    const stuck = waiting.findIndex((left) => left > 0);
    throw new TraceError(`${format}: task ${nameOf(stuck)} waits for itself through its parents`);
  }
  return { jobOf, stageOf, submitOf };
}

export type TaskValues = Readonly<
  Record<'requestMilliCpu' | 'requestMemMib' | 'usedMilliCpu' | 'durationMs', Float64Array> & {
    instances: ArrayLike<number>;
  }
>;

/** Containers a task becomes, and their memory together. */
export function containersOf(tasks: TaskValues, task: number, config: ReplayBatchConfig) {
  const milliCpu = tasks.requestMilliCpu[task];
  const said = tasks.requestMemMib[task] * BYTES_PER_MIB;
  const memKnown = said >= 0;
  const memBytes = memKnown ? said : (milliCpu / 1000) * config.memMibPerCore * BYTES_PER_MIB;
  const containers = Math.max(
    1,
    tasks.instances[task],
    Math.ceil(milliCpu / config.maxRequestMilliCpu),
    Math.ceil(memBytes / config.maxRequestMemBytes),
  );
  return { containers, memBytes, memKnown };
}

/** Writes the containers of row `task` of `tasks` behind the rows of `all`. */
export function addTask(
  all: BatchChunk,
  tasks: TaskValues,
  task: number,
  submitMs: number,
  job: number,
  stage: number,
  config: ReplayBatchConfig,
  counts: { split: number; memory: number },
): void {
  const milliCpu = tasks.requestMilliCpu[task];
  const { containers, memBytes, memKnown } = containersOf(tasks, task, config);
  if (!memKnown) counts.memory += 1;
  if (containers > 1) counts.split += 1;
  const request = Math.max(1, Math.floor(milliCpu / containers));
  const known = tasks.usedMilliCpu[task] / containers;
  const demand = Math.round(known > 0 ? known : request * config.usageOverRequest);
  growBatchChunk(all, all.count + containers);
  for (let container = 0; container < containers; container++) {
    const row = all.count;
    all.submitMs[row] = submitMs;
    all.population[row] = 0;
    all.job[row] = job;
    all.stage[row] = stage;
    all.requestMilliCpu[row] = request;
    all.requestMemBytes[row] = Math.floor(memBytes / containers);
    all.gpu[row] = 0;
    all.demandMilliCpu[row] = Math.max(1, Math.min(request, demand));
    all.usedMemBytes[row] = Math.floor(memBytes / containers);
    all.durationMs[row] = Math.max(1, Math.round(tasks.durationMs[task]));
    all.deadlineMs[row] = config.deadlineMs === 0 ? Infinity : submitMs + config.deadlineMs;
    all.count = row + 1;
  }
}

/** Replaces `out` with rows [from, to) of `all`. */
function copyRows(all: BatchChunk, from: number, to: number, out: BatchChunk): void {
  growBatchChunk(out, to - from);
  out.submitMs.set(all.submitMs.subarray(from, to));
  out.population.set(all.population.subarray(from, to));
  out.job.set(all.job.subarray(from, to));
  out.stage.set(all.stage.subarray(from, to));
  out.requestMilliCpu.set(all.requestMilliCpu.subarray(from, to));
  out.requestMemBytes.set(all.requestMemBytes.subarray(from, to));
  out.gpu.set(all.gpu.subarray(from, to));
  out.demandMilliCpu.set(all.demandMilliCpu.subarray(from, to));
  out.usedMemBytes.set(all.usedMemBytes.subarray(from, to));
  out.durationMs.set(all.durationMs.subarray(from, to));
  out.deadlineMs.set(all.deadlineMs.subarray(from, to));
  out.count = to - from;
}

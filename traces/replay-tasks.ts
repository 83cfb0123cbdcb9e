/**
 * Best-effort load from the tasks of an imported trace, read hour by hour.
 *
 * What must be known of all tasks stays in memory: order, job, stage and parents, about 30 bytes a task. Sizes and durations are read from
 * the row groups of the hour that is asked for, a few of which are kept. Gives the same rows as replay-batch.ts, which holds everything.
 */
import { join } from 'node:path';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import type { BatchChunk, BatchSource } from './format.ts';
import { openParquetGroups, type ParquetGroups } from './readers/parquet-groups.ts';
import {
  addTask,
  checkReplay,
  containersOf,
  findJobs,
  type ReplayBatchConfig,
  type ReplayedBatch,
  type TaskValues,
} from './replay-batch.ts';

const VALUES = ['requestMilliCpu', 'requestMemMib', 'usedMilliCpu', 'durationMs'] as const;
/** Jobs follow each other in time and so do row groups: more than these are seldom open at once. */
const GROUPS_KEPT = 4;

interface TaskIndex {
  readonly count: number;
  readonly submitMs: Float64Array;
  readonly parentStart: Int32Array;
  readonly parents: Int32Array;
  /** 1 = has a duration and a CPU request. */
  readonly known: Uint8Array;
  readonly containers: Int32Array;
  readonly memKnown: Uint8Array;
}

/** A source of the tasks of the trace in `folder`. Throws ConfigError; TraceError as replayBatch does. */
export function replayTasks(folder: string, config: ReplayBatchConfig): ReplayedBatch {
  checkReplay(config);
  const file = openParquetGroups(join(folder, 'tasks.parquet'), ['id', 'submitMs', 'parents', ...VALUES]);
  const index = readIndex(file, config);
  const nameOf = (task: number) => {
    const group = groupOf(file, task);
    return file.texts(group, 'id')[task - file.groups[group].start];
  };
  const { jobOf, stageOf, submitOf } = findJobs(index, folder, nameOf);
  const kept: number[] = [];
  let outside = 0;
  let unknown = 0;
  for (let task = 0; task < index.count; task++) {
    const submitMs = submitOf[jobOf[task]] - config.skipMs;
    if (submitMs < 0 || submitMs >= config.horizonMs) outside += 1;
    else if (index.known[task] === 0) unknown += 1;
    else kept.push(task);
  }
  const order = Int32Array.from(kept).sort(
    (a, b) => submitOf[jobOf[a]] - submitOf[jobOf[b]] || jobOf[a] - jobOf[b] || stageOf[a] - stageOf[b] || a - b,
  );
  const hours = Math.ceil(config.horizonMs / MS_PER_HOUR);
  const job = new Int32Array(order.length);
  const stage = new Uint8Array(order.length);
  const firstJobOfHour = new Int32Array(hours + 1);
  const firstTaskOfHour = new Int32Array(hours + 1);
  let jobs = 0;
  let [containers, split, memory] = [0, 0, 0];
  for (let at = 0; at < order.length; at++) {
    const task = order[at];
    const sameJob = at > 0 && jobOf[order[at - 1]] === jobOf[task];
    if (!sameJob) jobs += 1;
    job[at] = jobs - 1;
    // Stages are numbered anew: those whose tasks were all left out leave no gap.
    stage[at] = sameJob ? stage[at - 1] + (stageOf[task] > stageOf[order[at - 1]] ? 1 : 0) : 0;
    const hour = Math.floor((submitOf[jobOf[task]] - config.skipMs) / MS_PER_HOUR);
    firstJobOfHour[hour + 1] = jobs;
    firstTaskOfHour[hour + 1] = at + 1;
    containers += index.containers[task];
    split += index.containers[task] > 1 ? 1 : 0;
    memory += 1 - index.memKnown[task];
  }
  for (let hour = 1; hour <= hours; hour++) {
    firstJobOfHour[hour] = Math.max(firstJobOfHour[hour], firstJobOfHour[hour - 1]);
    firstTaskOfHour[hour] = Math.max(firstTaskOfHour[hour], firstTaskOfHour[hour - 1]);
  }
  const valuesOf = keepGroups(file);
  const ignored = { split: 0, memory: 0 };
  const source: BatchSource = {
    populations: [config.population],
    firstJobOfHour,
    fillHour(hour: number, out: BatchChunk): void {
      out.count = 0;
      for (let at = firstTaskOfHour[hour]; at < firstTaskOfHour[hour + 1]; at++) {
        const task = order[at];
        const group = groupOf(file, task);
        const submitMs = submitOf[jobOf[task]] - config.skipMs;
        addTask(out, valuesOf(group), task - file.groups[group].start, submitMs, job[at], stage[at], config, ignored);
      }
    },
  };
  return {
    source,
    notes: [
      `${folder}: ${order.length} of ${index.count} tasks in ${jobs} jobs are replayed as ${containers} containers, read hour by hour`,
      `${outside} tasks are submitted outside the run`,
      `${unknown} tasks have no duration or no CPU request and are left out`,
      `${split} tasks are larger than ${config.maxRequestMilliCpu} milli-CPU or ${config.maxRequestMemBytes} bytes and are split`,
      `${memory} tasks do not say their memory; ${config.memMibPerCore} MiB per core stands in`,
    ],
  };
}

function readIndex(file: ParquetGroups, config: ReplayBatchConfig): TaskIndex {
  const count = file.rows;
  const submitMs = new Float64Array(count);
  const parentStart = new Int32Array(count + 1);
  const parents: number[] = [];
  const known = new Uint8Array(count);
  const containers = new Int32Array(count);
  const memKnown = new Uint8Array(count);
  for (let group = 0; group < file.groups.length; group++) {
    const { start, rows } = file.groups[group];
    const values = readValues(file, group);
    submitMs.set(file.numbers(group, 'submitMs'), start);
    const lists = file.texts(group, 'parents');
    for (let row = 0; row < rows; row++) {
      const task = start + row;
      if (lists[row] !== '') for (const parent of lists[row].split(' ')) parents.push(Number(parent));
      parentStart[task + 1] = parents.length;
      known[task] = values.durationMs[row] > 0 && values.requestMilliCpu[row] > 0 ? 1 : 0;
      if (known[task] === 0) continue;
      const size = containersOf(values, row, config);
      containers[task] = size.containers;
      memKnown[task] = size.memKnown ? 1 : 0;
    }
  }
  return { count, submitMs, parentStart, parents: Int32Array.from(parents), known, containers, memKnown };
}

function readValues(file: ParquetGroups, group: number): TaskValues {
  const [requestMilliCpu, requestMemMib, usedMilliCpu, durationMs] = VALUES.map((name) => file.numbers(group, name));
  // Folders of version 1 have no instances: each task is one.
  const instances = file.has('instances')
    ? file.numbers(group, 'instances')
    : new Float64Array(durationMs.length).fill(1);
  return { requestMilliCpu, requestMemMib, usedMilliCpu, durationMs, instances };
}

/** The values of a row group; the last few groups asked for are kept. */
function keepGroups(file: ParquetGroups): (group: number) => TaskValues {
  const kept: { readonly group: number; readonly values: TaskValues }[] = [];
  return (group) => {
    const at = kept.findIndex((one) => one.group === group);
    if (at === 0) return kept[0].values;
    const [found] = at < 0 ? [{ group, values: readValues(file, group) }] : kept.splice(at, 1);
    kept.unshift(found);
    if (kept.length > GROUPS_KEPT) kept.pop();
    return found.values;
  };
}

/** The row group that holds a row. */
function groupOf(file: ParquetGroups, row: number): number {
  let [low, high] = [0, file.groups.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (file.groups[middle].start <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

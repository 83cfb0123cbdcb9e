/**
 * What predictors of a machine's peak may look at: usage of the last samples, per task and per host, as rings.
 *
 * The caller owns every column and decides how many rows there are; a row whose host is -1 is free. A task's ring starts
 * when it is admitted, a host's ring outlives its tasks. Optional parts exist only for the predictors that need them.
 */

import { assert, fail } from '../base/assert.ts';

/** Usage rings of tasks and hosts, and scratch columns that predictors may overwrite. */
export interface MachineHistory {
  /** Samples a ring holds; 24 samples of 5 min are 2 h. */
  readonly windowSamples: number;
  /** Host of each task row; -1: the row is free. */
  readonly taskHost: Int32Array;
  readonly taskLimitMilliCpu: Float64Array;
  /** Kind of workload, 0..31; what a kind means is the caller's business. */
  readonly taskType: Uint8Array;
  /** Samples seen since the task was admitted; its ring stands at this count modulo `windowSamples`. */
  readonly taskSampleCount: Int32Array;
  /** Task rows x `windowSamples`; integers below 2^24 (16 777 cores) are exact. */
  readonly taskUsageMilliCpu: Float32Array;
  /** Samples seen by each host while it had tasks. */
  readonly hostSampleCount: Int32Array;
  /** Host rows x `windowSamples`: usage of all resident tasks over the sum of their limits, 0..1. */
  readonly hostUsageShare: Float64Array;
  /** Scratch, host rows; predictors leave anything in them. */
  readonly hostScratchA: Float64Array;
  readonly hostScratchB: Float64Array;
  /** Scratch for order statistics, at least as long as any ring. */
  readonly sampleScratch: Float64Array;
  readonly typeRatios?: TypeRatios;
  readonly timeWindows?: TimeWindows;
  readonly decayedUsage?: DecayedUsage;
  readonly future?: FutureUsage;
}

/** How often tasks of each type used which share of their limit, over the whole cluster. */
export interface TypeRatios {
  readonly types: number;
  readonly buckets: number;
  /** types x buckets; bucket b counts shares in (b / buckets, (b + 1) / buckets]. */
  readonly counts: Float64Array;
  /** Scratch, one ratio a type. */
  readonly ratioScratch: Float64Array;
}

/** Largest usage of each task in each part of the day, for the last days. */
export interface TimeWindows {
  readonly windowsPerDay: number;
  readonly days: number;
  /** Task rows x windowsPerDay x days, milli-CPU; -1: not seen. */
  readonly peakMilliCpu: Float32Array;
}

/** Exponentially decayed histograms of usage, and the limits recommended in the last hour. */
export interface DecayedUsage {
  readonly buckets: number;
  /** Task rows x buckets; a sample's weight doubles every half-life, which is the same as old weights halving. */
  readonly weights: Float64Array;
  /** Task rows: time from which a row's weights are counted. */
  readonly referenceMs: Float64Array;
  /** Recommendations kept, one a sample; 12 samples of 5 min are an hour. */
  readonly recommendations: number;
  /** Task rows x recommendations, milli-CPU. */
  readonly recommendedMilliCpu: Float32Array;
}

/** Usage that is still to come: for the oracle only. */
export interface FutureUsage {
  readonly horizonSamples: number;
  /** Task rows x horizonSamples, milli-CPU; 0 after the task has ended. */
  readonly usageMilliCpu: Float32Array;
}

/** Columns for `hosts` hosts and `tasks` task rows, all rows free. */
export function createMachineHistory(
  hosts: number,
  tasks: number,
  windowSamples: number,
  parts: Pick<MachineHistory, 'typeRatios' | 'timeWindows' | 'decayedUsage' | 'future'> = {},
): MachineHistory {
  assert(windowSamples > 0, 'a ring holds at least one sample');
  const longest = Math.max(windowSamples, parts.timeWindows?.days ?? 0);
  return {
    windowSamples,
    taskHost: new Int32Array(tasks).fill(-1),
    taskLimitMilliCpu: new Float64Array(tasks),
    taskType: new Uint8Array(tasks),
    taskSampleCount: new Int32Array(tasks),
    taskUsageMilliCpu: new Float32Array(tasks * windowSamples),
    hostSampleCount: new Int32Array(hosts),
    hostUsageShare: new Float64Array(hosts * windowSamples),
    hostScratchA: new Float64Array(hosts),
    hostScratchB: new Float64Array(hosts),
    sampleScratch: new Float64Array(longest + 1),
    ...parts,
  };
}

/** Puts a task into a free row; its history starts empty. */
export function admitTask(
  history: MachineHistory,
  task: number,
  host: number,
  limitMilliCpu: number,
  type: number,
): void {
  assert(history.taskHost[task] === -1, 'a task is admitted to a free row');
  assert(type < (history.typeRatios?.types ?? 32), 'a task is of a known type');
  history.taskHost[task] = host;
  history.taskLimitMilliCpu[task] = limitMilliCpu;
  history.taskType[task] = type;
  history.taskSampleCount[task] = 0;
  const { timeWindows, decayedUsage } = history;
  if (timeWindows !== undefined) {
    const row = timeWindows.windowsPerDay * timeWindows.days;
    timeWindows.peakMilliCpu.fill(-1, task * row, (task + 1) * row);
  }
  if (decayedUsage !== undefined) {
    const { buckets, recommendations, weights, referenceMs, recommendedMilliCpu } = decayedUsage;
    weights.fill(0, task * buckets, (task + 1) * buckets);
    recommendedMilliCpu.fill(0, task * recommendations, (task + 1) * recommendations);
    referenceMs[task] = 0;
  }
}

/** Frees a task's row. */
export function removeTask(history: MachineHistory, task: number): void {
  history.taskHost[task] = -1;
}

/**
 * Records one sample of every task, and of every host that has tasks.
 *
 *   share[h] = sum over tasks of min(usage, limit) / sum of limits
 *
 * Shape: `usageMilliCpu` has a row a task; free rows are not read. Overwrites the scratch columns.
 */
export function recordUsage(history: MachineHistory, usageMilliCpu: Float64Array): void {
  const { windowSamples, taskHost, taskLimitMilliCpu, taskSampleCount, taskUsageMilliCpu } = history;
  const { hostSampleCount, hostUsageShare, hostScratchA: usage, hostScratchB: limit } = history;
  usage.fill(0);
  limit.fill(0);
  for (let task = 0; task < taskHost.length; task++) {
    const host = taskHost[task];
    if (host < 0) continue;
    const used = usageMilliCpu[task];
    if (!(used >= 0)) fail(`task row ${task}: usage ${used}m is not a number of at least 0`);
    taskUsageMilliCpu[task * windowSamples + (taskSampleCount[task] % windowSamples)] = used;
    taskSampleCount[task]++;
    usage[host] += used < taskLimitMilliCpu[task] ? used : taskLimitMilliCpu[task];
    limit[host] += taskLimitMilliCpu[task];
  }
  for (let host = 0; host < hostSampleCount.length; host++) {
    if (limit[host] === 0) continue;
    hostUsageShare[host * windowSamples + (hostSampleCount[host] % windowSamples)] = usage[host] / limit[host];
    hostSampleCount[host]++;
  }
}

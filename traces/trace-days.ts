/** A part of an imported trace: some of its days, with time counted from the first of them. */
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_DAY } from '../policies/base/units.ts';
import type { ImportedTasks } from './import/canonical.ts';

/** Days [from, to) of a trace, from 0. */
export interface DaySpan {
  readonly fromDay: number;
  readonly toDay: number;
}

/** All days of any trace. */
export const ALL_DAYS: DaySpan = { fromDay: 0, toDay: Number.POSITIVE_INFINITY };

/** `7` and `0-7` are the first seven days. Throws ConfigError. */
export function parseDays(text: string): DaySpan {
  const match = /^(?:(\d+)-)?(\d+)$/.exec(text);
  const span = match === null ? null : { fromDay: Number(match[1] ?? 0), toDay: Number(match[2]) };
  if (span === null || span.toDay <= span.fromDay)
    throw new ConfigError(`days ${text}; the first day and the one after the last are expected, as 0-20`);
  return span;
}

/** The tasks submitted in these days; parents before them are left out. */
export function tasksOfDays(tasks: ImportedTasks, { fromDay, toDay }: DaySpan): ImportedTasks {
  const [fromMs, toMs] = [fromDay * MS_PER_DAY, toDay * MS_PER_DAY];
  // Tasks are in the order of their submission.
  let start = 0;
  while (start < tasks.count && tasks.submitMs[start] < fromMs) start += 1;
  let end = start;
  while (end < tasks.count && tasks.submitMs[end] < toMs) end += 1;
  if (start === 0 && end === tasks.count) return tasks;
  const parentStart = new Int32Array(end - start + 1);
  const parents: number[] = [];
  for (let task = start; task < end; task++) {
    for (let at = tasks.parentStart[task]; at < tasks.parentStart[task + 1]; at++) {
      const parent = tasks.parents[at];
      if (parent >= start && parent < end) parents.push(parent - start);
    }
    parentStart[task - start + 1] = parents.length;
  }
  return {
    count: end - start,
    ids: tasks.ids.slice(start, end),
    groups: tasks.groups.slice(start, end),
    submitMs: tasks.submitMs.slice(start, end).map((ms) => ms - fromMs),
    durationMs: tasks.durationMs.slice(start, end),
    wallTimeMs: tasks.wallTimeMs.slice(start, end),
    instances: tasks.instances.slice(start, end),
    requestMilliCpu: tasks.requestMilliCpu.slice(start, end),
    requestMemMib: tasks.requestMemMib.slice(start, end),
    limitMilliCpu: tasks.limitMilliCpu.slice(start, end),
    limitMemMib: tasks.limitMemMib.slice(start, end),
    usedMilliCpu: tasks.usedMilliCpu.slice(start, end),
    gpus: tasks.gpus.slice(start, end),
    gpuMilli: tasks.gpuMilli.slice(start, end),
    gpuModels: tasks.gpuModels.slice(start, end),
    qos: tasks.qos.slice(start, end),
    status: tasks.status.slice(start, end),
    hosts: tasks.hosts.slice(start, end),
    labels: tasks.labels.slice(start, end),
    parentStart,
    parents: Int32Array.from(parents),
  };
}

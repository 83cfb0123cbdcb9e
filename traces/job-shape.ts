/**
 * The inner shape of an analytics job: how many tasks, in which stages, in how many containers.
 *
 * A job of n tasks has a critical path of k tasks, one per stage; each other task falls on a stage drawn from the levels seen with
 * that k. A task of i instances becomes ceil(i / 64) containers, at most 100. Source: Alibaba-2018 fits.
 */
import { CONTAINER_LOG_SIGMA, INSTANCES_PER_CONTAINER, MAX_CONTAINERS_PER_TASK } from './batch-config.ts';
import fit from './fits/alibaba-2018-batch.json' with { type: 'json' };
import { createDiscreteTable, type DiscreteTable, drawDiscrete } from './quantile-table.ts';
import { drawUnit32 } from './streams.ts';

/** Tables and scratch rows; one job at a time is held in `stageOfTask` and `containersOfTask`, tasks in stage order. */
export interface JobShapes {
  readonly tasksPerJob: DiscreteTable;
  readonly instancesPerTask: DiscreteTable;
  /** Row n - 2: length of the critical path of n tasks; the last row serves all longer jobs. */
  readonly pathByTasks: readonly DiscreteTable[];
  /** Row k - 1: level of the other tasks; the last row serves all longer paths. */
  readonly levelByPath: readonly DiscreteTable[];
  readonly stageOfTask: Uint8Array;
  readonly containersOfTask: Int32Array;
  readonly tasksOfStage: Int32Array;
}

/** Sd of the logarithm of task durations once the spread of containers inside a task is taken out. */
export function taskLogSigma(totalLogSigma: number): number {
  return Math.sqrt(Math.max(0, totalLogSigma * totalLogSigma - CONTAINER_LOG_SIGMA * CONTAINER_LOG_SIGMA));
}

export function createJobShapes(): JobShapes {
  const rows = (cumulative: readonly (readonly number[])[]) =>
    cumulative.map((row) => createDiscreteTable({ values: row.map((_, index) => index + 1), cumulative: row }));
  const mostTasks = fit.tasksPerJob.values[fit.tasksPerJob.values.length - 1];
  return {
    tasksPerJob: createDiscreteTable(fit.tasksPerJob),
    instancesPerTask: createDiscreteTable(fit.instancesPerTask),
    pathByTasks: rows(fit.criticalPathByTasks.cumulative),
    levelByPath: rows(fit.levelByCriticalPath.cumulative),
    stageOfTask: new Uint8Array(mostTasks),
    containersOfTask: new Int32Array(mostTasks),
    tasksOfStage: new Int32Array(256),
  };
}

/** Draws the next job from the stream state at `at` into the scratch rows; returns its number of tasks. */
export function drawJobShape(shapes: JobShapes, state: Int32Array, at: number): number {
  const tasks = drawDiscrete(shapes.tasksPerJob, drawUnit32(state, at));
  const path = tasks === 1 ? 1 : drawPath(shapes, tasks, drawUnit32(state, at));
  const tasksOfStage = shapes.tasksOfStage;
  for (let stage = 0; stage < path; stage++) tasksOfStage[stage] = 1;
  if (path > 1) {
    const levels = shapes.levelByPath[Math.min(path, shapes.levelByPath.length) - 1];
    for (let extra = path; extra < tasks; extra++) {
      const level = drawDiscrete(levels, drawUnit32(state, at));
      tasksOfStage[Math.min(level, path) - 1] += 1;
    }
  } else tasksOfStage[0] = tasks;
  let task = 0;
  for (let stage = 0; stage < path; stage++) {
    for (let inStage = 0; inStage < tasksOfStage[stage]; inStage++) {
      const instances = drawDiscrete(shapes.instancesPerTask, drawUnit32(state, at));
      shapes.stageOfTask[task] = stage;
      shapes.containersOfTask[task] = Math.min(MAX_CONTAINERS_PER_TASK, Math.ceil(instances / INSTANCES_PER_CONTAINER));
      task += 1;
    }
  }
  return tasks;
}

function drawPath(shapes: JobShapes, tasks: number, unit: number): number {
  const row = shapes.pathByTasks[Math.min(tasks - 2, shapes.pathByTasks.length - 1)];
  return Math.min(tasks, drawDiscrete(row, unit));
}

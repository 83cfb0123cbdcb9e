/**
 * Which tasks of which job run, as Chronos believes from status updates: STAGING, STARTING and RUNNING add, all else removes.
 *
 * Source: Chronos MesosJobFramework.statusUpdate, TaskManager.updateRunningTask / removeTask.
 */
import { TaskStatus } from '../framework.ts';

/** Task numbers by job, in order of launch. A job without tasks has no entry. */
export type RunningTasks = Map<string, number[]>;

/** Whether this state keeps a task in the table. */
export function countsAsRunning(status: TaskStatus): boolean {
  return status === TaskStatus.Staging || status === TaskStatus.Starting || status === TaskStatus.Running;
}

/** Adds a task; adding it again changes nothing. */
export function addRunning(running: RunningTasks, job: string, task: number): void {
  const tasks = running.get(job);
  if (tasks === undefined) running.set(job, [task]);
  else if (!tasks.includes(task)) tasks.push(task);
}

/** Writes one status update into the table, also for a task it did not know. */
export function applyStatus(running: RunningTasks, job: string, task: number, status: TaskStatus): void {
  if (countsAsRunning(status)) {
    addRunning(running, job, task);
    return;
  }
  const left = (running.get(job) ?? []).filter((other) => other !== task);
  if (left.length === 0) running.delete(job);
  else running.set(job, left);
}

/** How many tasks of a job run. */
export function runningCount(running: RunningTasks, job: string): number {
  return running.get(job)?.length ?? 0;
}

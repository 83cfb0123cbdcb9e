/**
 * Tasks that wait for other tasks, as a trace names them: a task is held until each of its parents is done, and given up with any of them.
 *
 * Numbers of tasks are those in order of submission. Plain columns, so that a snapshot can carry them.
 */
import type { TaskDetails } from '../../traces/format.ts';

export interface Dependencies {
  /** Children of task t: rows firstChild[t] .. firstChild[t + 1] - 1 of child. */
  readonly firstChild: Int32Array;
  readonly child: Int32Array;
  readonly openParents: Int32Array;
  /** Row of a task that has arrived and is held, -1 = none. */
  readonly rowOf: Int32Array;
  /** 1 = a parent was given up. */
  readonly orphaned: Uint8Array;
}

/** null where no task has parents. */
export function createDependencies(parents: TaskDetails['parents']): Dependencies | null {
  if (parents === undefined || parents.task.length === 0) return null;
  const count = parents.first.length - 1;
  const openParents = new Int32Array(count);
  const firstChild = new Int32Array(count + 1);
  for (let task = 0; task < count; task++) {
    openParents[task] = parents.first[task + 1] - parents.first[task];
    for (let at = parents.first[task]; at < parents.first[task + 1]; at++) firstChild[parents.task[at] + 1]++;
  }
  for (let task = 0; task < count; task++) firstChild[task + 1] += firstChild[task];
  const next = firstChild.slice(0, count);
  const child = new Int32Array(parents.task.length);
  for (let task = 0; task < count; task++)
    for (let at = parents.first[task]; at < parents.first[task + 1]; at++) child[next[parents.task[at]]++] = task;
  return { firstChild, child, openParents, rowOf: new Int32Array(count).fill(-1), orphaned: new Uint8Array(count) };
}

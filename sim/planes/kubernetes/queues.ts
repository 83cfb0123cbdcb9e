/**
 * The three queues of kube-scheduler: active (to be decided now), backoff (to be decided when its time comes) and unschedulable
 * (waits until something in the cluster changes in its favour).
 *
 * Active: higher priority first, then the one ready for longer, then the lower id. Unschedulable pods of one shape stand in
 * line; as they ask for the same, the head of a line speaks for all behind it.
 */
import FastPriorityQueue from 'fastpriorityqueue';
import type { TaskTable } from '../../cluster/tasks.ts';

export interface SchedulingQueues {
  readonly active: FastPriorityQueue<number>;
  readonly backoff: FastPriorityQueue<number>;
  /** When the pod in a task row may be tried again; indexed by row, grown with the table. */
  retryAtMs: Float64Array;
  /** Decisions that found no host since the pod last became pending; indexed by row. */
  tries: Uint8Array;
  /** Per pod shape: first and last waiting row (chained by TaskTable.nextOnHost), -1 = empty line. */
  lineHead: Int32Array;
  lineTail: Int32Array;
  /** Shapes whose line is not empty, in the order in which their lines opened. */
  readonly openLines: number[];
  waitingCount: number;
}

/** Queue contents as plain data, in queue order. */
export interface QueuesSnapshot {
  readonly active: readonly number[];
  readonly backoff: readonly number[];
  readonly retryAtMs: Float64Array;
  readonly tries: Uint8Array;
  readonly lineHead: Int32Array;
  readonly lineTail: Int32Array;
  readonly openLines: readonly number[];
  readonly waitingCount: number;
}

/** Whether row a is decided before row b. */
export function isMoreUrgent(tasks: TaskTable, a: number, b: number): boolean {
  const byPriority = tasks.priority[b] - tasks.priority[a];
  if (byPriority !== 0) return byPriority < 0;
  const byReady = tasks.readyAtMs[a] - tasks.readyAtMs[b];
  return byReady !== 0 ? byReady < 0 : tasks.id[a] < tasks.id[b];
}

/** Empty queues over a task table. */
export function createQueues(tasks: TaskTable): SchedulingQueues {
  const queues: SchedulingQueues = {
    active: new FastPriorityQueue<number>((a, b) => isMoreUrgent(tasks, a, b)),
    backoff: new FastPriorityQueue<number>((a, b) => {
      const byTime = queues.retryAtMs[a] - queues.retryAtMs[b];
      return byTime !== 0 ? byTime < 0 : tasks.id[a] < tasks.id[b];
    }),
    retryAtMs: new Float64Array(tasks.capacity),
    tries: new Uint8Array(tasks.capacity),
    lineHead: new Int32Array(64).fill(-1),
    lineTail: new Int32Array(64).fill(-1),
    openLines: [],
    waitingCount: 0,
  };
  return queues;
}

/** Notes how often a row was tried and when it may be tried again, making room for rows added since. */
export function setRetry(queues: SchedulingQueues, row: number, tries: number, retryAtMs: number): void {
  if (row >= queues.retryAtMs.length) {
    const size = Math.max(row + 1, queues.retryAtMs.length * 2);
    const retryAt = new Float64Array(size);
    const triesOfRow = new Uint8Array(size);
    retryAt.set(queues.retryAtMs);
    triesOfRow.set(queues.tries);
    queues.retryAtMs = retryAt;
    queues.tries = triesOfRow;
  }
  queues.tries[row] = tries;
  queues.retryAtMs[row] = retryAtMs;
}

/** Puts a pod at the end of its shape's line of unschedulable pods. */
export function joinLine(queues: SchedulingQueues, tasks: TaskTable, shape: number, row: number): void {
  if (shape >= queues.lineHead.length) {
    const size = Math.max(shape + 1, queues.lineHead.length * 2);
    const head = new Int32Array(size).fill(-1);
    const tail = new Int32Array(size).fill(-1);
    head.set(queues.lineHead);
    tail.set(queues.lineTail);
    queues.lineHead = head;
    queues.lineTail = tail;
  }
  tasks.nextOnHost[row] = -1;
  if (queues.lineHead[shape] < 0) {
    queues.lineHead[shape] = row;
    queues.openLines.push(shape);
  } else tasks.nextOnHost[queues.lineTail[shape]] = row;
  queues.lineTail[shape] = row;
  queues.waitingCount++;
}

/** Takes the head of a line; -1 when nobody waits. */
export function leaveLine(queues: SchedulingQueues, tasks: TaskTable, shape: number): number {
  const row = queues.lineHead[shape];
  if (row < 0) return -1;
  queues.lineHead[shape] = tasks.nextOnHost[row];
  if (queues.lineHead[shape] < 0) {
    queues.lineTail[shape] = -1;
    queues.openLines.splice(queues.openLines.indexOf(shape), 1);
  }
  tasks.nextOnHost[row] = -1;
  queues.waitingCount--;
  return row;
}

/**
 * Takes a pending row out of whichever queue holds it; false when none does. Must be called before the row's keys change. Walks the
 * queues: for pods that are given up while they wait, which is rare.
 */
export function removeFromQueues(queues: SchedulingQueues, tasks: TaskTable, row: number): boolean {
  if (queues.active.removeOne((other) => other === row) !== undefined) return true;
  if (queues.backoff.removeOne((other) => other === row) !== undefined) return true;
  const shape = tasks.podShape[row];
  let before = -1;
  let at = shape < queues.lineHead.length ? queues.lineHead[shape] : -1;
  while (at >= 0 && at !== row) {
    before = at;
    at = tasks.nextOnHost[at];
  }
  if (at < 0) return false;
  if (before < 0) {
    leaveLine(queues, tasks, shape);
    return true;
  }
  tasks.nextOnHost[before] = tasks.nextOnHost[row];
  if (queues.lineTail[shape] === row) queues.lineTail[shape] = before;
  tasks.nextOnHost[row] = -1;
  queues.waitingCount--;
  return true;
}

/** Every row that stands in a queue, once for each place it stands in. */
export function rowsInQueues(queues: SchedulingQueues, tasks: TaskTable): number[] {
  const rows: number[] = [];
  queues.active.forEach((row) => {
    rows.push(row);
  });
  queues.backoff.forEach((row) => {
    rows.push(row);
  });
  for (const shape of queues.openLines)
    for (let row = queues.lineHead[shape]; row >= 0; row = tasks.nextOnHost[row]) rows.push(row);
  return rows;
}

/** Plain data of the queues. */
export function snapshotQueues(queues: SchedulingQueues): QueuesSnapshot {
  return {
    active: drain(queues.active.clone()),
    backoff: drain(queues.backoff.clone()),
    retryAtMs: queues.retryAtMs.slice(),
    tries: queues.tries.slice(),
    lineHead: queues.lineHead.slice(),
    lineTail: queues.lineTail.slice(),
    openLines: queues.openLines.slice(),
    waitingCount: queues.waitingCount,
  };
}

/** Fills queues from a snapshot; what they held before is gone. */
export function restoreQueues(queues: SchedulingQueues, from: QueuesSnapshot): void {
  drain(queues.active);
  drain(queues.backoff);
  queues.retryAtMs = from.retryAtMs.slice();
  queues.tries = from.tries.slice();
  queues.lineHead = from.lineHead.slice();
  queues.lineTail = from.lineTail.slice();
  queues.openLines.splice(0, Number.POSITIVE_INFINITY, ...from.openLines);
  queues.waitingCount = from.waitingCount;
  for (const row of from.active) queues.active.add(row);
  for (const row of from.backoff) queues.backoff.add(row);
}

function drain(queue: FastPriorityQueue<number>): number[] {
  const rows: number[] = [];
  for (let row = queue.poll(); row !== undefined; row = queue.poll()) rows.push(row);
  return rows;
}

/**
 * Tasks as columns: online pods and best-effort tasks of every control plane in one table with one state machine.
 *
 *   held -> pending -> bound -> running -> finished
 *                ^        |        |
 *                +--------+--------+   evicted, failed or lost with its host: pending again, or abandoned
 *
 * Rows of best-effort tasks are recycled once finished or abandoned; `generation` tells a stale calendar event from a live one.
 */
import { assert, fail } from '../../policies/base/assert.ts';

export const TASK_STATE = { free: 0, held: 1, pending: 2, bound: 3, running: 4, finished: 5, abandoned: 6 } as const;
export const TASK_STATE_NAMES = ['free', 'held', 'pending', 'bound', 'running', 'finished', 'abandoned'] as const;

/** Bit s of entry f is set when a task may go from state f to state s. */
const ALLOWED = [
  bits(TASK_STATE.held, TASK_STATE.pending),
  bits(TASK_STATE.pending, TASK_STATE.abandoned),
  bits(TASK_STATE.bound, TASK_STATE.abandoned),
  bits(TASK_STATE.running, TASK_STATE.pending, TASK_STATE.abandoned),
  bits(TASK_STATE.finished, TASK_STATE.pending, TASK_STATE.abandoned),
  bits(TASK_STATE.free),
  bits(TASK_STATE.free),
];

function bits(...states: number[]): number {
  return states.reduce((mask, state) => mask | (1 << state), 0);
}

export const TASK_KIND = { online: 0, bestEffort: 1 } as const;

export interface TaskTable {
  /** Rows in use or free below this one; rows at and above were never used. */
  used: number;
  capacity: number;
  /** Best-effort rows start here; rows below belong to online pods for good. */
  firstBestEffort: number;
  freeCount: number;
  /** Rows of running best-effort tasks, in no order, and each row's place among them (-1 = not running). */
  runningCount: number;
  runningRows: Int32Array;
  runningAt: Int32Array;
  free: Int32Array;
  state: Uint8Array;
  kind: Uint8Array;
  tier: Uint8Array;
  host: Int32Array;
  /** Service of an online pod, population of a best-effort task. */
  group: Int32Array;
  /** Number by which logs and digests name the task: pods from 0, tasks in submit order. */
  id: Float64Array;
  priority: Int32Array;
  pressureClass: Uint8Array;
  requestMilliCpu: Float64Array;
  requestMemBytes: Float64Array;
  /** Row of the GPU requests, 0 = asks for no card; and the cards it holds, as a bit mask over those of its host. */
  gpuRequest: Uint16Array;
  gpuHeld: Int32Array;
  /** Row of the requests for CPUs of its own, 0 = none; which it has says HostTable.cpus. */
  cpuRequest: Uint16Array;
  demandMilliCpu: Float64Array;
  usedMemBytes: Float64Array;
  /** What it uses once it has grown to its full size. */
  fullMemBytes: Float64Array;
  submitAtMs: Float64Array;
  /** When it last became pending. */
  readyAtMs: Float64Array;
  startedAtMs: Float64Array;
  /** Time alone, and how much of it is still to do. */
  durationMs: Float64Array;
  leftMs: Float64Array;
  /** Work of the attempt under way: all of it, or what is done before it fails. */
  attemptMs: Float64Array;
  /** Progress per ms of time, 0..1. */
  speed: Float64Array;
  /** Time up to which progress is booked. */
  bookedAtMs: Float64Array;
  /** Of durationMs: what the last checkpoint holds. And work of others that the attempt under way does first, in its own time. */
  keptMs: Float64Array;
  recomputeMs: Float64Array;
  /** 1 for a speculative copy of another task; and the row of a task's copy, or of a copy's task (-1 = none any more). */
  isCopy: Uint8Array;
  mate: Int32Array;
  attempts: Uint8Array;
  /** 1 when the attempt under way will fail on its own; leftMs then counts down to the failure. */
  failing: Uint8Array;
  /** Tasks in each state: entry kind x 8 + state. */
  countByState: Int32Array;
  generation: Int32Array;
  job: Int32Array;
  stage: Uint8Array;
  /** Number of the pod shape for placement. */
  podShape: Int32Array;
  /** Chains of a host's tasks, or of a job's held tasks. */
  nextOnHost: Int32Array;
  previousOnHost: Int32Array;
}

/** A table with room for `capacity` rows. */
export function createTaskTable(capacity: number, firstBestEffort: number): TaskTable {
  assert(firstBestEffort <= capacity, 'pod rows fit the table');
  const tasks = columnsOf(0, firstBestEffort);
  // Columns are replaced once before any code is compiled for them: V8 builds on columns that never were, and would have to drop the
  // code of 33 functions when the table grows in the middle of a run.
  resize(tasks, capacity);
  return tasks;
}

function columnsOf(capacity: number, firstBestEffort: number): TaskTable {
  const f = () => new Float64Array(capacity);
  const i = () => new Int32Array(capacity);
  const u = () => new Uint8Array(capacity);
  return {
    used: firstBestEffort,
    capacity,
    firstBestEffort,
    freeCount: 0,
    runningCount: 0,
    runningRows: i(),
    runningAt: i().fill(-1),
    free: i(),
    state: u(),
    kind: u(),
    tier: u(),
    host: i().fill(-1),
    group: i(),
    id: f(),
    priority: i(),
    pressureClass: u(),
    requestMilliCpu: f(),
    requestMemBytes: f(),
    gpuRequest: new Uint16Array(capacity),
    gpuHeld: i(),
    cpuRequest: new Uint16Array(capacity),
    demandMilliCpu: f(),
    usedMemBytes: f(),
    fullMemBytes: f(),
    submitAtMs: f(),
    readyAtMs: f(),
    startedAtMs: f(),
    durationMs: f(),
    leftMs: f(),
    attemptMs: f(),
    speed: f(),
    bookedAtMs: f(),
    keptMs: f(),
    recomputeMs: f(),
    isCopy: u(),
    mate: i().fill(-1),
    attempts: u(),
    failing: u(),
    countByState: new Int32Array(16),
    generation: i(),
    job: i(),
    stage: u(),
    podShape: i(),
    nextOnHost: i().fill(-1),
    previousOnHost: i().fill(-1),
  };
}

/** A free best-effort row; the columns are doubled when none is left. Its old values stay until overwritten. */
export function takeRow(tasks: TaskTable): number {
  if (tasks.freeCount > 0) return tasks.free[--tasks.freeCount];
  if (tasks.used === tasks.capacity) resize(tasks, tasks.capacity * 2);
  return tasks.used++;
}

/** Gives a finished or abandoned row back. */
export function freeRow(tasks: TaskTable, row: number): void {
  moveTo(tasks, row, TASK_STATE.free);
  tasks.generation[row]++;
  tasks.free[tasks.freeCount++] = row;
}

/** Changes a task's state; InvariantError when the machine has no such arrow. */
export function moveTo(tasks: TaskTable, row: number, state: number): void {
  const from = tasks.state[row];
  if ((ALLOWED[from] & (1 << state)) === 0)
    fail(`task ${tasks.id[row]} cannot go from ${TASK_STATE_NAMES[from]} to ${TASK_STATE_NAMES[state]}`);
  tasks.state[row] = state;
  const counts = tasks.countByState;
  const first = tasks.kind[row] << 3;
  counts[first + from]--;
  counts[first + state]++;
}

/** How many tasks of a kind are in a state. */
export function countInState(tasks: TaskTable, kind: number, state: number): number {
  return tasks.countByState[(kind << 3) + state];
}

function resize(tasks: TaskTable, capacity: number): void {
  const larger = columnsOf(capacity, tasks.firstBestEffort);
  const from = tasks as unknown as Record<string, unknown>;
  const to = larger as unknown as Record<string, unknown>;
  for (const name of Object.keys(to)) {
    const column = to[name];
    if (ArrayBuffer.isView(column)) (column as Float64Array).set(from[name] as Float64Array);
  }
  larger.used = tasks.used;
  larger.freeCount = tasks.freeCount;
  larger.runningCount = tasks.runningCount;
  Object.assign(tasks, larger);
}

/**
 * Best-effort jobs: their tasks arrive together, stage by stage become pending, and the job is over when the last is done.
 *
 * A job row is used while any of its tasks is alive and then recycled. Held tasks of later stages hang on the job in stage order
 * (chained by TaskTable.nextOnHost, which held tasks do not need).
 */
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';

export interface JobTable {
  used: number;
  freeCount: number;
  free: Int32Array;
  population: Uint8Array;
  submitAtMs: Float64Array;
  deadlineMs: Float64Array;
  /** Tasks not yet finished or abandoned: of the whole job, and of those already released. */
  left: Int32Array;
  leftReleased: Int32Array;
  /** 1 once a task was abandoned. */
  broken: Uint8Array;
  firstHeld: Int32Array;
  lastHeld: Int32Array;
}

/** An empty table. */
export function createJobTable(capacity: number): JobTable {
  return {
    used: 0,
    freeCount: 0,
    free: new Int32Array(capacity),
    population: new Uint8Array(capacity),
    submitAtMs: new Float64Array(capacity),
    deadlineMs: new Float64Array(capacity),
    left: new Int32Array(capacity),
    leftReleased: new Int32Array(capacity),
    broken: new Uint8Array(capacity),
    firstHeld: new Int32Array(capacity).fill(-1),
    lastHeld: new Int32Array(capacity).fill(-1),
  };
}

/** A row for a new job. */
export function openJob(jobs: JobTable, population: number, submitAtMs: number, deadlineMs: number): number {
  if (jobs.freeCount === 0 && jobs.used === jobs.left.length) {
    const larger = createJobTable(jobs.left.length * 2);
    for (const name of ['free', 'left', 'leftReleased', 'firstHeld', 'lastHeld'] as const) larger[name].set(jobs[name]);
    larger.population.set(jobs.population);
    larger.broken.set(jobs.broken);
    larger.submitAtMs.set(jobs.submitAtMs);
    larger.deadlineMs.set(jobs.deadlineMs);
    larger.used = jobs.used;
    Object.assign(jobs, larger);
  }
  const job = jobs.freeCount > 0 ? jobs.free[--jobs.freeCount] : jobs.used++;
  jobs.population[job] = population;
  jobs.submitAtMs[job] = submitAtMs;
  jobs.deadlineMs[job] = deadlineMs;
  jobs.left[job] = 0;
  jobs.leftReleased[job] = 0;
  jobs.broken[job] = 0;
  jobs.firstHeld[job] = -1;
  jobs.lastHeld[job] = -1;
  return job;
}

/** Hangs a held task on its job; tasks come in stage order. */
export function holdTask(jobs: JobTable, tasks: TaskTable, job: number, row: number): void {
  tasks.nextOnHost[row] = -1;
  if (jobs.firstHeld[job] < 0) jobs.firstHeld[job] = row;
  else tasks.nextOnHost[jobs.lastHeld[job]] = row;
  jobs.lastHeld[job] = row;
}

/**
 * The held tasks whose turn has come: all of the lowest held stage once nothing released is left. Writes rows into `out` and
 * returns how many; the caller releases them.
 */
export function takeNextStage(jobs: JobTable, tasks: TaskTable, job: number, out: number[]): number {
  if (out.length > 0) out.length = 0;
  if (jobs.leftReleased[job] > 0 || jobs.firstHeld[job] < 0) return 0;
  const stage = tasks.stage[jobs.firstHeld[job]];
  let row = jobs.firstHeld[job];
  while (row >= 0 && tasks.stage[row] === stage) {
    out.push(row);
    row = tasks.nextOnHost[row];
  }
  jobs.firstHeld[job] = row;
  if (row < 0) jobs.lastHeld[job] = -1;
  for (const released of out) tasks.nextOnHost[released] = -1;
  jobs.leftReleased[job] += out.length;
  return out.length;
}

/** Rows still held by a job, which then holds none. */
export function dropHeld(jobs: JobTable, tasks: TaskTable, job: number): number[] {
  const rows: number[] = [];
  for (let row = jobs.firstHeld[job]; row >= 0; row = tasks.nextOnHost[row]) {
    if (tasks.state[row] === TASK_STATE.held) rows.push(row);
  }
  jobs.firstHeld[job] = -1;
  jobs.lastHeld[job] = -1;
  for (const row of rows) tasks.nextOnHost[row] = -1;
  return rows;
}

/** Gives a job's row back. */
export function closeJob(jobs: JobTable, job: number): void {
  if (jobs.freeCount === jobs.free.length) return;
  jobs.free[jobs.freeCount++] = job;
}

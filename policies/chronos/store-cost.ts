/**
 * What the job store costs: ZooKeeper round trips per job, one after the other on the leader.
 *
 *   jobs per second at most = 1000 / (operations per job x ms per operation)
 *
 * At 15 operations of 2 to 5 ms that is 13 to 33 jobs a second for Chronos; merging job and task leaves about 7, hence
 * "twice the performance" for Sisyphus.
 * Source: operations counted from Chronos 2.4 code for a job from REST to its end.
 */

/** Round trips of one immediate job, by the step that makes them. */
export interface StoreOperations {
  readonly submit: number;
  readonly launch: number;
  readonly running: number;
  readonly ended: number;
  readonly remove: number;
}

/** Chronos 2.4: store job (3), store task (3), read back (1); remove task (2); RUNNING (2); end (2); delete job (2). */
export const CHRONOS_STORE_OPERATIONS: StoreOperations = { submit: 7, launch: 2, running: 2, ended: 2, remove: 2 };

/** Sisyphus: one record for job and task. */
export const SISYPHUS_STORE_OPERATIONS: StoreOperations = { submit: 3, launch: 0, running: 1, ended: 1, remove: 2 };

/** All round trips of one job. */
export function operationsPerJob(operations: StoreOperations): number {
  return operations.submit + operations.launch + operations.running + operations.ended + operations.remove;
}

/** The store as a server with one line. Units: ms. */
export interface StoreLine {
  busyUntilMs: number;
  operations: number;
}

/** An idle store. */
export function createStoreLine(): StoreLine {
  return { busyUntilMs: 0, operations: 0 };
}

/** Puts `operations` round trips in the line and returns when the last of them is done. Rounding: up to whole ms. */
export function charge(line: StoreLine, operations: number, operationMs: number, nowMs: number): number {
  line.operations += operations;
  line.busyUntilMs = Math.ceil(Math.max(line.busyUntilMs, nowMs) + operations * operationMs);
  return line.busyUntilMs;
}

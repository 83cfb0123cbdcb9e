/** What the plane remembers of Sparks: applications, their executors, and what runs inside. */

/** One application: a job of the task table. */
export interface SparkApp {
  readonly job: number;
  readonly driver: number;
  readonly work: number;
  readonly population: number;
  /** Size of its executors, and how many of its first task fit in one; 0 = none, its tasks run beside them (fine-grained). */
  readonly milliCpu: number;
  readonly memMib: number;
  readonly slots: number;
  /** Rows that wait for a slot, longest first, and tasks that run. */
  readonly waiting: Set<number>;
  running: number;
  /** Task numbers of its executors, oldest first. */
  readonly executors: number[];
}

/** An executor that holds its cores. */
export interface SparkExecutor {
  readonly job: number;
  readonly host: number;
  readonly sinceMs: number;
  /** When its container runs. */
  readonly readyAtMs: number;
  readonly milliCpu: number;
  readonly memBytes: number;
  freeMilliCpu: number;
  freeMemBytes: number;
  /** Since when nothing runs inside; Infinity while something does. */
  idleSinceMs: number;
}

/** All applications of a run by job, executors by driver and task number, and in which of them a row runs. */
export interface SparkBooks {
  readonly apps: Map<number, SparkApp>;
  /** Job by row of the work that launches its executors, by driver. */
  readonly works: Map<number, Map<number, number>>;
  readonly executors: Map<number, Map<number, SparkExecutor>>;
  readonly inside: Map<number, { readonly driver: number; readonly task: number; readonly sinceMs: number }>;
  /** Core-ms that executors that are over held, and that tasks inside used, by driver. */
  readonly heldCoreMs: Float64Array;
  readonly busyCoreMs: Float64Array;
}

/** Books of so many frameworks, of which none has an application yet. */
export function createSparkBooks(drivers: number): SparkBooks {
  return {
    apps: new Map(),
    works: new Map(),
    executors: new Map(),
    inside: new Map(),
    heldCoreMs: new Float64Array(drivers),
    busyCoreMs: new Float64Array(drivers),
  };
}

/** A column of numbers by row: typed or plain. */
export interface RandomAccessColumn {
  readonly [row: number]: number;
}

/** Executors of one agent by service class. */
export interface ExecutorCounters {
  readonly latencySensitive: number;
  readonly bestEffort: number;
  readonly bestEffortMilliCpu: number;
}

/** Counts executors with and without revocable CPU. Units: milli-CPU. */
export function countExecutors(revocableMilliCpu: RandomAccessColumn, count: number): ExecutorCounters {
  let bestEffort = 0;
  let bestEffortMilliCpu = 0;
  for (let e = 0; e < count; e++) {
    if (revocableMilliCpu[e] <= 0) continue;
    bestEffort++;
    bestEffortMilliCpu += revocableMilliCpu[e];
  }
  return { latencySensitive: count - bestEffort, bestEffort, bestEffortMilliCpu };
}

/**
 * The run queue of Chronos: FIFO lanes, lane 0 first, with no promise of progress for the later ones.
 *
 * Source: Chronos TaskManager.getTaskFromQueue; upstream has two lanes (high, normal), deployments added more.
 */

/** One queued run of a job. `attempt` counts the tries before it. */
export interface QueuedRun {
  readonly job: string;
  readonly attempt: number;
}

/** A FIFO as plain data: entries before `head` are gone. */
export interface Lane<Run = QueuedRun> {
  runs: Run[];
  head: number;
}

/** `count` empty lanes. */
export function createLanes<Run = QueuedRun>(count: number): Lane<Run>[] {
  return Array.from({ length: count }, () => ({ runs: [], head: 0 }));
}

/** Appends a run at the tail of a lane; a lane that does not exist means the last. */
export function enqueue<Run>(lanes: readonly Lane<Run>[], lane: number, run: Run): void {
  lanes[Math.min(lane, lanes.length - 1)].runs.push(run);
}

/** Number of runs that wait in all lanes. */
export function queueLength<Run>(lanes: readonly Lane<Run>[]): number {
  let length = 0;
  for (const lane of lanes) length += lane.runs.length - lane.head;
  return length;
}

/** The waiting runs, lane 0 first. */
export function waitingRuns(lanes: readonly Lane[]): QueuedRun[] {
  return lanes.flatMap((lane) => lane.runs.slice(lane.head));
}

/** Takes the head of a lane, or null. */
export function shift<Run>(lane: Lane<Run>): Run | null {
  if (lane.head === lane.runs.length) return null;
  const run = lane.runs[lane.head];
  lane.head += 1;
  // Dropping the spent front only once it is the larger part keeps each shift O(1) on average.
  if (lane.head > 32 && lane.head * 2 > lane.runs.length) {
    lane.runs = lane.runs.slice(lane.head);
    lane.head = 0;
  }
  return run;
}

/** A run taken from a lane, so that it can go back to the same one. */
export interface PolledRun {
  readonly run: QueuedRun;
  readonly lane: number;
}

/**
 * Takes the first run that may run, or null.
 *
 * A head whose job is gone or disabled is dropped and its lane counts as empty for this poll: the next lane is asked. In the last
 * lane such a head therefore ends the poll with null, although runnable runs may wait behind it.
 */
export function poll(lanes: readonly Lane[], isRegistered: (job: string) => boolean): PolledRun | null {
  for (let lane = 0; lane < lanes.length; lane++) {
    const run = shift(lanes[lane]);
    if (run !== null && isRegistered(run.job)) return { run, lane };
  }
  return null;
}

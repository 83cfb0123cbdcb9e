/**
 * What a batch scheduler sees and decides: rigid jobs, each a number of whole machines for an estimated time.
 *
 * Time is in whole ticks of any length. Estimates bind: a job never runs longer than its estimate (it would be killed), so a machine
 * is free at the latest when its job's estimate has passed.
 */

export interface BatchQueue {
  readonly now: number;
  /** When each machine is free at the latest; at or before `now` = free. Infinity = down, or a job without estimate. */
  readonly freeAt: Float64Array;
  /** Waiting jobs in queue order: columns of `count` rows. */
  readonly count: number;
  /** Number by which the policy's state knows the job. */
  readonly job: Int32Array;
  readonly width: Int32Array;
  /** Estimated time, Infinity = none given. */
  readonly estimate: Float64Array;
}

/** Jobs to start now, in order: start n is the job at queue position[n] on machines[first[n]] .. machines[first[n + 1] - 1]. */
export interface BatchStarts {
  count: number;
  position: Int32Array;
  first: Int32Array;
  machines: Int32Array;
}

export interface BackfillPolicy {
  readonly name: string;
  /** One sentence for lists of policies. */
  readonly about: string;
  /** State between calls: plain data. */
  createState(): BackfillState;
  /** Appends the jobs to start at `queue.now`; every started job gets free machines, no machine twice. */
  decide(queue: BatchQueue, state: BackfillState, out: BatchStarts): void;
}

/** Reservations of jobs that wait, for policies that keep them; row = reservation, in order of the queue. */
export interface BackfillState {
  readonly reservations: Reservation[];
}

export interface Reservation {
  readonly job: number;
  start: number;
  end: number;
  machines: readonly number[];
}

/** Room for starts of at most `machineCount` jobs, since each takes a machine. */
export function createBatchStarts(machineCount: number): BatchStarts {
  return {
    count: 0,
    position: new Int32Array(machineCount),
    first: new Int32Array(machineCount + 1),
    machines: new Int32Array(machineCount),
  };
}

/** Appends a start on the first `width` machines of `candidates`; marks them taken in `freeAt`. */
export function startOn(
  queue: BatchQueue,
  position: number,
  candidates: ArrayLike<number>,
  freeAt: Float64Array,
  out: BatchStarts,
): void {
  const width = queue.width[position];
  let at = out.first[out.count];
  for (let i = 0; i < width; i++) {
    out.machines[at++] = candidates[i];
    freeAt[candidates[i]] = queue.now + queue.estimate[position];
  }
  out.position[out.count++] = position;
  out.first[out.count] = at;
}

/** The first `width` machines free now, lowest number first; null when there are fewer. */
export function freeMachines(freeAt: Float64Array, now: number, width: number): number[] | null {
  const found: number[] = [];
  for (let machine = 0; machine < freeAt.length && found.length < width; machine++)
    if (freeAt[machine] <= now) found.push(machine);
  return found.length < width ? null : found;
}

/** Starts jobs from the head of the queue while they fit; returns the position of the first that does not. */
export function startHeads(queue: BatchQueue, freeAt: Float64Array, out: BatchStarts): number {
  for (let position = 0; position < queue.count; position++) {
    const machines = freeMachines(freeAt, queue.now, queue.width[position]);
    if (machines === null) return position;
    startOn(queue, position, machines, freeAt, out);
  }
  return queue.count;
}

/** The earliest time at which `width` machines are free, Infinity = not foreseeable. */
export function shadowTime(freeAt: Float64Array, now: number, width: number): number {
  const sorted = Float64Array.from(freeAt).sort();
  return width > sorted.length ? Number.POSITIVE_INFINITY : Math.max(now, sorted[width - 1]);
}

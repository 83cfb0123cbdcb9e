/**
 * One resourceOffers callback of Chronos: which queued runs go on which offers.
 *
 * Both eras share head-of-line blocking: the first run that fits nowhere goes to the tail of its own lane and ends the batch, so
 * an unfit run in lane 0 starves every later lane.
 * Source: Chronos MesosJobFramework.generateLaunchableTasks (since 2014-12-10), resourceOffers / processTask (before).
 */
import { enqueue, type Lane, type PolledRun, poll, type QueuedRun } from './task-queue.ts';

/** What placing needs to know of a job. Units: milli-CPU, MiB. */
export interface BatchJob {
  readonly name: string;
  readonly milliCpu: number;
  readonly memMiB: number;
  readonly diskMiB: number;
  /** A run may start beside a running one; otherwise it is dropped. */
  readonly concurrent: boolean;
  /** Several runs may start in one batch. Upstream drops the second even of a concurrent job; a workload of many instances is ours. */
  readonly manyPerBatch?: boolean;
  readonly disabled: boolean;
}

/** What is left of an offer; reduced as runs are placed on it. Units: milli-CPU, MiB. */
export interface BatchOffer {
  milliCpu: number;
  memMiB: number;
  diskMiB: number;
  readonly reservedMilliCpu: number;
  readonly reservedMemMiB: number;
}

/** A run and the index of its offer. */
export interface Placement {
  readonly run: QueuedRun;
  readonly offer: number;
}

/** The outcome of one callback: every offer index is in `declined` or in a placement. */
export interface Batch {
  readonly placements: Placement[];
  readonly declined: number[];
}

/** What a batch reads besides queue and offers. `meets` tells whether the agent of an offer meets a job's constraints. */
export interface BatchView {
  job(name: string): BatchJob | undefined;
  isRunning(name: string): boolean;
  /** Told of every queued run that is dropped: its job runs already, was chosen in this batch, or is disabled. */
  dropped?(name: string): void;
  meets(job: BatchJob, offer: number): boolean;
}

function fits(job: BatchJob, offer: BatchOffer): boolean {
  return offer.milliCpu >= job.milliCpu && offer.memMiB >= job.memMiB && offer.diskMiB >= job.diskMiB;
}

function next(lanes: readonly Lane[], view: BatchView): PolledRun | null {
  return poll(lanes, (name) => {
    const stays = view.job(name)?.disabled === false;
    if (!stays) view.dropped?.(name);
    return stays;
  });
}

/**
 * Chronos since December 2014: several runs per offer, first fit in the order of the offers.
 *
 * A run whose job runs already and is not concurrent, or was chosen in this batch, is dropped and the scan goes on.
 */
export function packBatch(lanes: readonly Lane[], offers: readonly BatchOffer[], view: BatchView): Batch {
  const placements: Placement[] = [];
  const chosen = new Set<string>();
  const used = new Set<number>();
  for (let polled = next(lanes, view); polled !== null; polled = next(lanes, view)) {
    const { run } = polled;
    const job = view.job(run.job) as BatchJob;
    if ((view.isRunning(run.job) && !job.concurrent) || (chosen.has(run.job) && job.manyPerBatch !== true)) {
      view.dropped?.(run.job);
      continue;
    }
    const offer = offers.findIndex((candidate, index) => fits(job, candidate) && view.meets(job, index));
    if (offer < 0) {
      enqueue(lanes, polled.lane, run);
      break;
    }
    offers[offer].milliCpu -= job.milliCpu;
    offers[offer].memMiB -= job.memMiB;
    offers[offer].diskMiB -= job.diskMiB;
    chosen.add(run.job);
    used.add(offer);
    placements.push({ run, offer });
  }
  return { placements, declined: offers.map((_, index) => index).filter((index) => !used.has(index)) };
}

/**
 * Chronos before December 2014: one run per offer, offers with most reserved CPU, then most reserved memory, first.
 *
 * A run whose job runs already takes the first offer it fits and declines it. Declines stand in the order in which they were sent.
 */
export function oneRunPerOffer(lanes: readonly Lane[], offers: readonly BatchOffer[], view: BatchView): Batch {
  const placements: Placement[] = [];
  const declined: number[] = [];
  const launched = new Set<string>();
  let left = offers
    .map((_, index) => index)
    .sort(
      (a, b) =>
        offers[b].reservedMilliCpu - offers[a].reservedMilliCpu || offers[b].reservedMemMiB - offers[a].reservedMemMiB,
    );
  for (let polled = next(lanes, view); polled !== null; polled = next(lanes, view)) {
    const { run } = polled;
    const job = view.job(run.job) as BatchJob;
    const offer = left.find((index) => fits(job, offers[index]) && view.meets(job, index));
    if (offer === undefined) {
      enqueue(lanes, polled.lane, run);
      break;
    }
    left = left.filter((index) => index !== offer);
    if (!job.concurrent && (view.isRunning(run.job) || launched.has(run.job))) {
      declined.push(offer);
      view.dropped?.(run.job);
      continue;
    }
    launched.add(run.job);
    placements.push({ run, offer });
  }
  declined.push(...left);
  return { placements, declined };
}

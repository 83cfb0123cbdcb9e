/**
 * Pods that move: a place is reserved first, and only when there is one the pod is evicted (mode ReservationFirst of the migration controller).
 *
 *   told -> arbitrated (the next multiple of 500 ms) -> a reservation waits for a place -> evicted, at most so many a second -> bound there
 *
 * A job ends when its pod is bound, when the pod is gone for another reason, or after its time; then what is reserved is given up, and a pod that
 * was evicted waits as any other. The host the pod stands on is never its new place. Jobs of one arbitration keep the order in which they came,
 * which is that of the descheduler (upstream sorts by creation, then by the same order of pods).
 * Approximation: the reservation is for the pod that moves; upstream any pod of the same controller may take it.
 * Source: Koordinator descheduler, controllers/migration (controller.go, arbitrator/, reservation/util.go appendSkipNodeAffinity).
 */

import {
  DEFAULT_MIGRATION_LIMITS,
  type EvictionBucket,
  takeEvictionPermit,
} from '../../../policies/koordinator/migration-limits.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import type { PlaneContext } from '../control-plane.ts';
import { type Held, reserveForMove } from './reservation-book.ts';
import type { ReservationDesk } from './reservation-desk.ts';

interface MigrationJob {
  readonly row: number;
  readonly createdAtMs: number;
  readonly arbitratedAtMs: number;
  readonly ttlMs: number;
  readonly evictionsPerSecond: number;
  held: Held | null;
  isEvicted: boolean;
}

const { arbitrationPeriodMs, evictionBurst } = DEFAULT_MIGRATION_LIMITS;

export class MigrationJobs {
  private readonly context: PlaneContext;
  private readonly desk: ReservationDesk;
  /** In the order in which they were asked for. */
  private jobs: MigrationJob[] = [];
  private bucket: EvictionBucket = { permits: evictionBurst, refilledAtMs: 0 };
  /** Asked for, moved to the place reserved, out of time, pod gone. */
  private readonly counts = { asked: 0, moved: 0, late: 0, gone: 0 };

  constructor(context: PlaneContext, desk: ReservationDesk) {
    this.context = context;
    this.desk = desk;
  }

  /** A placed pod is to move; nothing happens to one that has a job. */
  add(row: number, ttlMs: number, evictionsPerSecond: number, nowMs: number): void {
    if (this.jobOf(row) !== undefined) return;
    const arbitratedAtMs = (Math.floor(nowMs / arbitrationPeriodMs) + 1) * arbitrationPeriodMs;
    this.jobs.push({
      row,
      createdAtMs: nowMs,
      arbitratedAtMs,
      ttlMs,
      evictionsPerSecond,
      held: null,
      isEvicted: false,
    });
    this.counts.asked++;
    this.context.wakeAt(arbitratedAtMs);
  }

  /** Ends jobs whose time is over, and asks for the reservations of those that are arbitrated now. Before the desk places. */
  arbitrate(nowMs: number): void {
    for (const job of this.jobs.filter(({ createdAtMs, ttlMs }) => createdAtMs + ttlMs <= nowMs)) {
      this.end(job, nowMs);
      this.counts.late++;
    }
    for (const job of this.jobs)
      if (job.held === null && job.arbitratedAtMs <= nowMs)
        job.held = reserveForMove(this.desk.book, this.context.cluster, job.row, job.createdAtMs, job.ttlMs, nowMs);
  }

  /** Evicts pods whose new place is there, as fast as evictions may go. After the desk has placed. */
  evict(nowMs: number): void {
    for (const job of [...this.jobs]) {
      if (job.isEvicted || job.held?.state !== 'available') continue;
      const { evictionsPerSecond } = job;
      if (!takeEvictionPermit(this.bucket, nowMs, { ...DEFAULT_MIGRATION_LIMITS, evictionsPerSecond })) return;
      job.isEvicted = true;
      this.context.evict(job.row, nowMs, EVICT_REASON.rebalanced);
    }
  }

  /** When there is something to do next; Infinity = never. */
  nextMs(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { createdAtMs, ttlMs, arbitratedAtMs, held, isEvicted, evictionsPerSecond } of this.jobs) {
      nextMs = Math.min(nextMs, createdAtMs + ttlMs);
      if (held === null) nextMs = Math.min(nextMs, arbitratedAtMs);
      else if (held.state === 'available' && !isEvicted) {
        const missing = Math.max(0, 1 - this.bucket.permits);
        const permitAtMs = this.bucket.refilledAtMs + Math.ceil((missing * 1000) / evictionsPerSecond);
        nextMs = Math.min(nextMs, Math.max(nowMs + 1, permitAtMs));
      }
    }
    return nextMs;
  }

  /** A pod has left its host: unless the job itself evicted it, the job has nothing to move any more. */
  noteLeft(row: number, nowMs: number): void {
    const job = this.jobOf(row);
    if (job === undefined || job.isEvicted) return;
    this.end(job, nowMs);
    this.counts.gone++;
  }

  /** A pending pod is given up. */
  noteAbandoned(row: number, nowMs: number): void {
    const job = this.jobOf(row);
    if (job === undefined) return;
    this.end(job, nowMs);
    this.counts.gone++;
  }

  /** A pod was bound; `isThere`: to the place that was reserved for it. */
  noteBound(row: number, isThere: boolean, nowMs: number): void {
    const job = this.jobOf(row);
    if (job === undefined) return;
    this.end(job, nowMs);
    if (isThere) this.counts.moved++;
    else this.counts.gone++;
  }

  private jobOf(row: number): MigrationJob | undefined {
    return this.jobs.find((job) => job.row === row);
  }

  private end(job: MigrationJob, nowMs: number): void {
    if (job.held !== null) this.desk.drop(job.held, nowMs);
    this.jobs.splice(this.jobs.indexOf(job), 1);
  }

  notes(): readonly string[] {
    const { asked, moved, late, gone } = this.counts;
    if (asked === 0) return [];
    return [
      `migrations: ${asked} pods were to move, ${moved} moved to a place reserved for them, ${late} found none in time and stayed or waited, ${gone} were gone before`,
    ];
  }

  /** To be taken together with the desk's: jobs name reservations of its book. */
  snapshot(): unknown {
    const { jobs, bucket, counts } = this;
    return structuredClone({
      jobs: jobs.map(({ held, ...job }) => ({ ...job, isReserved: held !== null })),
      bucket,
      counts,
    });
  }

  /** After the desk was restored. */
  restore(from: unknown): void {
    const { jobs, bucket, counts } = structuredClone(from) as {
      jobs: (Omit<MigrationJob, 'held'> & { isReserved: boolean })[];
      bucket: EvictionBucket;
      counts: MigrationJobs['counts'];
    };
    this.jobs = jobs.map(({ isReserved, ...job }) => ({
      ...job,
      held: isReserved ? (this.desk.book.moves[job.row] ?? null) : null,
    }));
    this.bucket = bucket;
    Object.assign(this.counts, counts);
  }
}

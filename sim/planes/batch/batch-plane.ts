/**
 * The batch control plane: one queue in front of hosts that sell what they have once.
 *
 * Everything that arrives, ends or comes back in an instant is told first; the queue is passed through once, after it. What is decided is a policy's
 * (`policies/backfill`, `policies/packing`); the two queues say who may be tried: `whole-hosts` for rigid jobs, `shared-hosts` for tasks.
 */
import { fail } from '../../../policies/base/assert.ts';
import { TIER } from '../../cluster/hosts.ts';
import type { ControlPlane, PlaneContext } from '../control-plane.ts';

/** What the plane's owner knows of tasks. */
export interface BatchSetup {
  readonly ticksPerMs: number;
  /** Infinity = its user says nothing. */
  estimateMsOf(row: number): number;
  /** -1 = any. */
  pinnedHostOf(row: number): number;
}

/** Who waits, and a pass over them. */
export interface BatchQueue {
  onPending(row: number): void;
  onLeft(row: number, host: number, nowMs: number): void;
  /** Takes a waiting row out; false when it does not wait. */
  forget(row: number): boolean;
  pass(nowMs: number): void;
  rows(): readonly number[];
  /** What a reader of the report should know. */
  notes?(): readonly string[];
  hostFor(row: number): number;
  cardsFor(row: number, host: number): number;
  snapshot(): unknown;
  restore(from: unknown): void;
}

export class BatchPlane implements ControlPlane {
  readonly bestEffortTier = TIER.native;
  /** The batch system notices a dead host at once. */
  readonly podLossAfterMs = 0;
  private readonly context: PlaneContext;
  private readonly queue: BatchQueue;

  constructor(context: PlaneContext, queue: BatchQueue) {
    this.context = context;
    this.queue = queue;
  }

  bestHostFor(row: number): number {
    return this.queue.hostFor(row);
  }

  cardsOn(row: number, host: number): number {
    return this.queue.cardsFor(row, host);
  }

  onPending(row: number, nowMs: number): void {
    this.queue.onPending(row);
    this.context.wakeAt(nowMs);
  }

  onStarted(): void {}

  onLeft(row: number, host: number, nowMs: number): void {
    this.queue.onLeft(row, host, nowMs);
  }

  onHostChanged(_host: number, nowMs: number): void {
    this.onCapacity(nowMs);
  }

  onCapacity(nowMs: number): void {
    this.context.wakeAt(nowMs);
  }

  onReports(): void {}

  onAbandoned(row: number): void {
    if (!this.queue.forget(row)) fail(`task row ${row} waits in no queue`);
  }

  wake(nowMs: number): void {
    this.queue.pass(nowMs);
  }

  waitingRows(): readonly number[] {
    return this.queue.rows();
  }

  notes(): readonly string[] {
    return this.queue.notes?.() ?? [];
  }

  snapshot(): unknown {
    return structuredClone(this.queue.snapshot());
  }

  restore(from: unknown): void {
    this.queue.restore(from);
  }
}

/**
 * What the engine asks of an orchestrator. Kubernetes, Mesos and YARN each implement this port; the engine, the cluster and the
 * physics know nothing else of who schedules.
 *
 * A plane owns its queues and its loop. It never writes the cluster: it calls `apply` functions through its context, and it asks to
 * be woken at a time; the engine keeps time.
 */
import type { Cluster } from '../cluster/apply.ts';

/** What the engine gives a plane. */
export interface PlaneContext {
  readonly cluster: Cluster;
  /** Bind a pending task now; it starts to run `startAfterMs` later. */
  bind(row: number, host: number, nowMs: number, startAfterMs: number): void;
  /** Takes a bound or running task off its host; it becomes pending again and comes back through `onPending`. */
  evict(row: number, nowMs: number, reason: number): void;
  /** Asks for `wake` at a time not before now; an earlier wish stands. */
  wakeAt(timeMs: number): void;
}

export interface ControlPlane {
  /** Where a pending task would go now, -1 = nowhere; for placing services that run from the start. */
  bestHostFor(row: number): number;
  /** A task became pending: submitted, released, evicted or lost. */
  onPending(row: number, nowMs: number): void;
  /** Capacity became free or was published: waiting tasks may fit now. */
  onCapacity(nowMs: number): void;
  /** New node reports arrived. */
  onReports(nowMs: number): void;
  wake(nowMs: number): void;
  /** A pending task is about to be given up: forget it. Its row still holds what it asked for. */
  onAbandoned(row: number): void;
  /** Rows of all tasks that wait for a host, in any order; for checks from outside. */
  waitingRows(): readonly number[];
  snapshot(): unknown;
  restore(from: unknown): void;
}

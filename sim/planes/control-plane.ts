/**
 * What the engine asks of an orchestrator. Kubernetes, Mesos and YARN each implement this port; the engine, the cluster and the
 * physics know nothing else of who schedules.
 *
 * A plane owns its queues and its loop. It never writes the cluster: it calls `apply` functions through its context, and it asks to
 * be woken at a time; the engine keeps time.
 */
import type { HealthCheck } from '../../policies/marathon/health-check.ts';
import type { Cluster, Holding } from '../cluster/apply.ts';

/** One run of work that the plane itself starts by its clock: a job of Chronos, a CronJob, a step of a workflow. */
export interface RunOfWork {
  /** Population it is counted in; one whose retries are the plane's. */
  readonly population: number;
  readonly requestMilliCpu: number;
  readonly requestMemBytes: number;
  readonly demandMilliCpu: number;
  readonly durationMs: number;
}

/** What the engine gives a plane. */
export interface PlaneContext {
  readonly cluster: Cluster;
  /** Bind a pending task now; it starts to run `startAfterMs` later. `cards`: the host's GPUs it gets, as a bit mask. */
  bind(row: number, host: number, nowMs: number, startAfterMs: number, cards?: number, cpus?: readonly number[]): void;
  /** Takes the place of a pending task without starting it: it starts with `startAssumed`, or gives its place back with `forget`. */
  assume(row: number, host: number, nowMs: number, cards?: number, cpus?: readonly number[]): void;
  startAssumed(row: number, nowMs: number, startAfterMs: number): void;
  forget(row: number, nowMs: number): void;
  /** Keeps a part of a host for somebody still to come (`sign` 1), or gives it up (-1). */
  hold(host: number, holding: Holding, sign: 1 | -1, nowMs: number): void;
  /** Gives a pending task up for good; the plane has forgotten it before. */
  giveUp(row: number, nowMs: number): void;
  /** A new task that waits from now on, told by `onPending`; returns its row. Absent: nothing is added to the workload. */
  submit?(run: RunOfWork, nowMs: number): number;
  /** One more replica of a service than is wanted, pending, beside one that cannot be reached; its row, -1 when none is free. Absent: none ever is. */
  addReplica?(service: number, nowMs: number): number;
  /** Takes a replica too many away, wherever it is. */
  removeReplica?(row: number, nowMs: number): void;
  /** Takes a bound or running task off its host; it becomes pending again and comes back through `onPending`. */
  evict(row: number, nowMs: number, reason: number): void;
  /** Sets what a host sells in a tier. */
  publish(host: number, tier: number, milliCpu: number, memBytes: number, nowMs: number): void;
  /** Asks for `wake` at a time not before now; an earlier wish stands. */
  wakeAt(timeMs: number): void;
}

export interface ControlPlane {
  /** The tier best effort is sold from: TIER.batch, or TIER.native where nothing is sold on top of the host itself. */
  readonly bestEffortTier: number;
  /** How long after a host died the pods on it are given up, at the earliest. */
  readonly podLossAfterMs: number;
  /** When they are given up, asked from then on: now, or when to ask again. Absent: now. */
  givesUpPodsMs?(host: number, nowMs: number): number;
  /** Where a pending task would go now, -1 = nowhere; for placing services that run from the start. */
  bestHostFor(row: number): number;
  /** The GPUs of that host which the task would get, as a bit mask; absent where the plane knows no GPUs. */
  cardsOn?(row: number, host: number): number;
  /** CPUs of the host, numbered from 0 there, for a pod that wants its own; absent: no pod does. */
  cpusOn?(row: number, host: number): readonly number[];
  /** A task became pending: submitted, released, evicted or lost. */
  onPending(row: number, nowMs: number): void;
  /** A task runs from now on: one that was bound, or a service that is in place from the start. */
  onStarted(row: number, nowMs: number): void;
  /**
   * A task that was bound or running left `host`; `change` is CHANGE.finish, evict, fail or abandon. Its row still holds what it asked
   * for. What follows (pending again, given up) is told after.
   */
  onLeft(row: number, host: number, nowMs: number, change: number): void;
  /** The replica of a service that goes first when it is made smaller; absent or -1: the highest row. */
  replicaToStop?(service: number, nowMs: number): number;
  /** The health check of a service that says none of its own; absent or null: none. */
  healthCheckOf?(service: number): HealthCheck | null;
  /** A replica failed its health check for the last time. Absent: it loses its place and waits for another. */
  onUnhealthy?(row: number, nowMs: number): void;
  /** A placed task asks for other amounts where it stands. */
  onResized?(row: number): void;
  /** A host died, was given up or came back: its columns say which. */
  onHostChanged(host: number, nowMs: number): void;
  /** Capacity became free or was published: waiting tasks may fit now. */
  onCapacity(nowMs: number): void;
  /** New node reports arrived. */
  onReports(nowMs: number): void;
  wake(nowMs: number): void;
  /** A placed task is to go elsewhere, once it has a place there, as the plane does such things. Absent: it is evicted. */
  migrate?(row: number, ttlMs: number, evictionsPerSecond: number, nowMs: number): void;
  /** A pending task is about to be given up: forget it. Its row still holds what it asked for. */
  onAbandoned(row: number, nowMs: number): void;
  /** A task that had left its host is given up instead of becoming pending again. Its row still holds what it asked for. */
  onGivenUp?(row: number, nowMs: number): void;
  /** The last task of a job is done or given up; its row is for the next job. */
  onJobOver?(job: number, nowMs: number): void;
  /** Rows that are assumed: their place is taken and they do not start yet. */
  assumedRows?(): readonly number[];
  /** Throws InvariantError where the plane's own promises are broken; for checks from outside. */
  check?(): void;
  /** Rows of all tasks that wait for a host, in any order; for checks from outside. */
  waitingRows(): readonly number[];
  /** What a reader of the report should know of how the plane did its work. */
  notes?(): readonly string[];
  snapshot(): unknown;
  restore(from: unknown): void;
}

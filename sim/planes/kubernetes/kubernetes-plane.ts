/**
 * The Kubernetes control plane: one scheduler that decides one pod at a time, as fast as the plan says.
 *
 * A wake takes the most urgent pod among the active queue and the heads of the lines whose shape fits somewhere, places it by
 * filter and score, and goes on until its batch is used up; each decision costs 1000 / podsPerSecond ms, and the next wake comes
 * when that time has passed. A pod that fits nowhere backs off exponentially (initialBackoffMs doubling to maxBackoffMs) before it
 * may be tried again.
 *
 * Approximation: kube-scheduler also spends cycles on pods that a cluster event moved back and that fail again. Here the head of a
 * line is only tried when the index says that its shape fits, which is what ideal queueing hints would do; queueing delay under a
 * long backlog is therefore a lower bound.
 */
import { fail } from '../../../policies/base/assert.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import { NO_CPUS } from '../../cluster/cpusets.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../../cluster/tasks.ts';
import type { KubernetesPlan } from '../../plan/kubernetes.ts';
import type { ControlPlane, PlaneContext } from '../control-plane.ts';
import { createPipeline, type LaunchPipeline, launchDelayMs, noteImage } from '../launch-pipeline.ts';
import { chooseCpus } from './cpuset-placement.ts';
import type { GangBook } from './gang-book.ts';
import { GangDesk } from './gang-desk.ts';
import type { GpuPlacement } from './gpu-placement.ts';
import { MigrationJobs } from './migration-jobs.ts';
import { bestHostByScan, PlacementIndex, type PlacementView } from './placement.ts';
import { type NodeReports, PodEstimates } from './pod-estimates.ts';
import { findPreemption } from './preemption.ts';
import {
  createQueues,
  isMoreUrgent,
  joinLine,
  leaveLine,
  type QueuesSnapshot,
  removeFromQueues,
  restoreQueues,
  rowsInQueues,
  type SchedulingQueues,
  setRetry,
  snapshotQueues,
} from './queues.ts';
import {
  mayPreemptInQuota,
  mayStart,
  noteRequest,
  noteUse,
  type QuotaGate,
  refreshTotals,
  restoreGate,
  rowsToRevoke,
  snapshotGate,
} from './quota-gate.ts';
import { type Claimed, ReservationDesk } from './reservation-desk.ts';

/** node-monitor-grace-period 40 s, then tolerationSeconds 300 of the unreachable taint. */
const POD_LOSS_AFTER_MS = 340_000;
/** Decisions in one wake: at 300 pods a second a batch covers about a fifth of a second. */
const BATCH = 64;

/** What a scheduler has beside its plan; absent = no quotas, reports, GPUs, gangs, and one image for all. */
export interface KubernetesParts {
  /** Hosts are found by looking at all of them instead of in the index. */
  readonly byScan?: boolean;
  readonly gate?: QuotaGate | null;
  readonly reports?: NodeReports | null;
  readonly gpus?: GpuPlacement | null;
  readonly gangs?: GangBook | null;
  /** Container images that pods start from: one a service and population. */
  readonly images?: number;
}

export class KubernetesPlane implements ControlPlane {
  readonly bestEffortTier = TIER.batch;
  readonly podLossAfterMs = POD_LOSS_AFTER_MS;
  private readonly queues: SchedulingQueues;
  private busyUntilMs = 0;
  readonly index: PlacementIndex;
  private readonly context: PlaneContext;
  private readonly view: PlacementView;
  private readonly plan: KubernetesPlan;
  private readonly byScan: boolean;
  private readonly gate: QuotaGate | null;
  private readonly reports: NodeReports | null;
  private readonly gangs: GangDesk | null;
  /** null where every pod starts in the same time. */
  private readonly pipeline: LaunchPipeline | null;
  private readonly images: number;
  private readonly estimates: PodEstimates;
  /** null where nobody asks for GPUs. */
  private readonly gpus: GpuPlacement | null;
  /** null where nothing is ever held for anybody. */
  private readonly desk: ReservationDesk | null;
  private readonly migrations: MigrationJobs | null;

  constructor(context: PlaneContext, view: PlacementView, plan: KubernetesPlan, parts: KubernetesParts = {}) {
    const { byScan = false, gate = null, reports = null, gpus = null, gangs = null, images = 1 } = parts;
    this.context = context;
    this.view = view;
    this.plan = plan;
    this.byScan = byScan;
    this.gate = gate;
    this.reports = reports;
    this.gangs =
      gangs === null
        ? null
        : new GangDesk(gangs, context, {
            hostFor: (row) => this.hostFor(row),
            hostIfLetIn: (row) => this.hostIfLetIn(row),
            occupy: (row, host, nowMs) => this.occupy(row, host, nowMs),
            vacate: (row, nowMs) => this.vacate(row, nowMs),
            startAfterMs: (row, host, nowMs) => this.startAfterMs(row, host, nowMs),
            standInLine: (row, nowMs) => this.standInLine(row, nowMs),
            backOff: (row, nowMs) => this.backOff(row, nowMs),
            leaveQueues: (row) => removeFromQueues(this.queues, context.cluster.tasks, row),
          });
    this.images = images;
    this.pipeline = plan.launch === undefined ? null : createPipeline(plan.launch, view.hosts.count, images);
    this.estimates = new PodEstimates(view, context.cluster.tasks);
    this.gpus = gpus;
    this.queues = createQueues(context.cluster.tasks);
    this.index = new PlacementIndex(view);
    this.desk =
      view.reserved === undefined
        ? null
        : new ReservationDesk(view.reserved, context, view, gpus, {
            bestHost: (shape) => this.bestHost(shape),
            backoffMs: (tries) => this.backoffMs(tries),
          });
    this.migrations = this.desk === null ? null : new MigrationJobs(context, this.desk);
    if (this.desk !== null && this.desk.nextMs() < Number.POSITIVE_INFINITY) context.wakeAt(this.desk.nextMs());
  }

  onPending(row: number, nowMs: number): void {
    const { tasks } = this.context.cluster;
    const attempts = tasks.attempts[row];
    const retryAtMs = attempts === 0 ? nowMs : nowMs + this.backoffMs(attempts);
    setRetry(this.queues, row, 0, retryAtMs);
    if (this.gate !== null) noteRequest(this.gate, this.context.cluster, row, 1);
    const queued = this.gangs === null ? row : this.gangs.join(row);
    if (queued < 0) return;
    if (tasks.attempts[queued] === 0) this.queues.active.add(queued);
    else this.queues.backoff.add(queued);
    this.context.wakeAt(Math.max(retryAtMs, this.busyUntilMs));
  }

  onStarted(row: number, nowMs: number): void {
    if (this.pipeline !== null) noteImage(this.pipeline, this.context.cluster.tasks.host[row], this.imageOf(row));
    this.estimates.noteStarted(row, nowMs);
  }

  onResized(row: number): void {
    this.estimates.noteResized(row);
  }

  // The scheduler reads the host columns themselves; lost hosts reach it there.
  onHostChanged(): void {}

  onLeft(row: number, host: number, nowMs: number, change: number): void {
    this.estimates.noteLeft(row, host);
    this.desk?.noteLeft(row, host, nowMs);
    this.migrations?.noteLeft(row, nowMs);
    this.gangs?.noteLeft(row, change);
    if (this.gate === null) return;
    noteRequest(this.gate, this.context.cluster, row, -1);
    noteUse(this.gate, this.context.cluster, row, -1);
  }

  onCapacity(nowMs: number): void {
    if (this.queues.waitingCount > 0) this.context.wakeAt(Math.max(nowMs, this.busyUntilMs));
  }

  onReports(nowMs: number): void {
    this.estimates.noteReports(this.reports, nowMs);
    if (this.gate !== null) {
      refreshTotals(this.gate, this.context.cluster);
      for (const row of rowsToRevoke(this.gate, this.context.cluster, nowMs))
        this.context.evict(row, nowMs, EVICT_REASON.quota);
    }
    this.onCapacity(nowMs);
  }

  /** Without reservations there is nothing to migrate with: the pod is evicted and finds its own place. */
  migrate(row: number, ttlMs: number, evictionsPerSecond: number, nowMs: number): void {
    if (this.migrations === null) this.context.evict(row, nowMs, EVICT_REASON.rebalanced);
    else this.migrations.add(row, ttlMs, evictionsPerSecond, nowMs);
  }

  onAbandoned(row: number, nowMs: number): void {
    this.migrations?.noteAbandoned(row, nowMs);
    if (this.gate !== null) noteRequest(this.gate, this.context.cluster, row, -1);
    // A stale entry would stand twice in the queues once the row is used again, and tear its line apart.
    if (!removeFromQueues(this.queues, this.context.cluster.tasks, row)) fail(`task row ${row} waits in no queue`);
  }

  onGivenUp(row: number, nowMs: number): void {
    this.gangs?.noteGivenUp(row, nowMs);
  }

  assumedRows(): readonly number[] {
    return this.gangs?.rowsAtGate() ?? [];
  }

  check(): void {
    this.desk?.check();
    this.gangs?.check();
  }

  notes(): readonly string[] {
    return [...(this.gangs?.notes() ?? []), ...(this.desk?.notes() ?? []), ...(this.migrations?.notes() ?? [])];
  }

  wake(nowMs: number): void {
    // A pod that came back inside the last batch may have asked for this moment; the scheduler is still at work.
    if (nowMs < this.busyUntilMs) {
      this.context.wakeAt(this.busyUntilMs);
      return;
    }
    const { queues } = this;
    const { tasks } = this.context.cluster;
    while (queues.backoff.size > 0 && queues.retryAtMs[queues.backoff.peek() as number] <= nowMs)
      queues.active.add(queues.backoff.poll() as number);
    this.gangs?.expire(nowMs);
    this.migrations?.arbitrate(nowMs);
    let decided = this.desk?.tend(nowMs) ?? 0;
    this.migrations?.evict(nowMs);
    while (decided < BATCH) {
      const row = this.takeMostUrgent(nowMs);
      if (row < 0) break;
      if (tasks.state[row] !== TASK_STATE.pending) continue;
      decided += this.decide(row, nowMs);
    }
    this.busyUntilMs = nowMs + Math.ceil((decided * 1000) / this.plan.podsPerSecond);
    const nextMs = decided >= BATCH ? this.busyUntilMs : this.nextRetryMs(nowMs);
    if (nextMs < Number.POSITIVE_INFINITY) this.context.wakeAt(Math.max(nextMs, this.busyUntilMs, nowMs + 1));
  }

  /** When the next pod may be tried again: the first of the backoff queue, or the head of a line that is still backing off. */
  private nextRetryMs(nowMs: number): number {
    const { queues } = this;
    let nextMs = queues.backoff.size > 0 ? queues.retryAtMs[queues.backoff.peek() as number] : Number.POSITIVE_INFINITY;
    for (let i = 0; i < queues.openLines.length; i++) {
      const retryAtMs = queues.retryAtMs[queues.lineHead[queues.openLines[i]]];
      if (retryAtMs > nowMs && retryAtMs < nextMs) nextMs = retryAtMs;
    }
    if (this.desk !== null) nextMs = Math.min(nextMs, this.desk.nextMs());
    if (this.migrations !== null) nextMs = Math.min(nextMs, this.migrations.nextMs(nowMs));
    return this.gangs === null ? nextMs : Math.min(nextMs, this.gangs.nextMs());
  }

  waitingRows(): readonly number[] {
    const queued = rowsInQueues(this.queues, this.context.cluster.tasks);
    return this.gangs === null ? queued : [...queued, ...this.gangs.rowsParked()];
  }

  snapshot(): unknown {
    return {
      queues: snapshotQueues(this.queues),
      busyUntilMs: this.busyUntilMs,
      estimates: this.estimates.snapshot(),
      gate: this.gate === null ? null : snapshotGate(this.gate),
      gpus: this.gpus?.snapshot() ?? null,
      gangs: this.gangs?.snapshot() ?? null,
      reserved: this.desk?.snapshot() ?? null,
      migrations: this.migrations?.snapshot() ?? null,
      pipeline: structuredClone(this.pipeline),
    };
  }

  restore(from: unknown): void {
    const state = from as {
      queues: QueuesSnapshot;
      busyUntilMs: number;
      estimates: unknown;
      gate: unknown;
      gpus: number | null;
      gangs: unknown;
      reserved: unknown;
      migrations: unknown;
      pipeline: LaunchPipeline | null;
    };
    if (this.desk !== null && state.reserved !== null) this.desk.restore(state.reserved);
    if (this.migrations !== null && state.migrations !== null) this.migrations.restore(state.migrations);
    if (this.pipeline !== null && state.pipeline !== null)
      Object.assign(this.pipeline, structuredClone(state.pipeline));
    if (this.gangs !== null && state.gangs !== null) this.gangs.restore(state.gangs);
    restoreQueues(this.queues, state.queues);
    if (this.gate !== null && state.gate !== null) restoreGate(this.gate, state.gate);
    if (this.gpus !== null && state.gpus !== null) this.gpus.restore(state.gpus);
    this.busyUntilMs = state.busyUntilMs;
    this.estimates.restore(state.estimates);
  }

  bestHostFor(row: number): number {
    return this.bestHost(this.context.cluster.tasks.podShape[row]);
  }

  cardsOn(row: number, host: number): number {
    const shape = this.context.cluster.tasks.podShape[row];
    return this.gpus === null || this.view.shapes.gpuRequest[shape] === 0 ? 0 : this.gpus.cardsOn(shape, host);
  }

  cpusOn(row: number, host: number): readonly number[] {
    const request = this.context.cluster.tasks.cpuRequest[row];
    if (request === 0) return NO_CPUS;
    return this.desk === null ? chooseCpus(this.view.hosts.cpus, request, host) : this.desk.cpusOn(row, request, host);
  }

  private bestHost(shape: number): number {
    if (this.gpus !== null && this.view.shapes.gpuRequest[shape] !== 0) return this.gpus.bestHost(shape);
    return this.byScan ? bestHostByScan(this.view, shape) : this.index.bestHost(shape);
  }

  /** The cards and CPUs that a pod gets on a host; what is held for it there is given up to it. */
  private claim(row: number, host: number, nowMs: number): Claimed {
    const { desk } = this;
    if (desk !== null && desk.hostOfMove(row) === host) {
      const reserved = desk.claimMove(row, nowMs);
      this.migrations?.noteBound(row, true, nowMs);
      return reserved;
    }
    const claimed = { cards: this.cardsOn(row, host), cpus: this.cpusOn(row, host) };
    desk?.claim(row, host, claimed, nowMs);
    this.migrations?.noteBound(row, false, nowMs);
    return claimed;
  }

  /** Claims what a pod gets on a host, and counts it there and in its quota: it is about to be bound or assumed. */
  private occupy(row: number, host: number, nowMs: number): Claimed {
    const claimed = this.claim(row, host, nowMs);
    this.estimates.noteBound(row, host, nowMs);
    if (this.gate !== null) noteUse(this.gate, this.context.cluster, row, 1);
    return claimed;
  }

  /** Takes back the place of an assumed pod, and all that `occupy` did. */
  private vacate(row: number, nowMs: number): void {
    const { cluster } = this.context;
    const host = cluster.tasks.host[row];
    this.context.forget(row, nowMs);
    this.desk?.noteLeft(row, host, nowMs);
    this.estimates.noteForgotten(row, host);
    if (this.gate !== null) noteUse(this.gate, cluster, row, -1);
  }

  /** Where a pending pod goes: to the place its migration reserved, else to the best host of its shape; -1 = nowhere. */
  private hostFor(row: number): number {
    const reserved = this.desk === null ? -1 : this.desk.hostOfMove(row);
    return reserved >= 0 ? reserved : this.bestHost(this.context.cluster.tasks.podShape[row]);
  }

  private hostIfLetIn(row: number): number {
    return this.isLetIn(row) ? this.hostFor(row) : -1;
  }

  private isLetIn(row: number): boolean {
    return this.gate === null || mayStart(this.gate, this.context.cluster, row);
  }

  private takeMostUrgent(nowMs: number): number {
    const { queues } = this;
    const { tasks } = this.context.cluster;
    let best = queues.active.size > 0 ? (queues.active.peek() as number) : -1;
    let line = -1;
    for (let i = 0; i < queues.openLines.length; i++) {
      const shape = queues.openLines[i];
      const head = queues.lineHead[shape];
      if (queues.retryAtMs[head] > nowMs) continue;
      if (best >= 0 && !isMoreUrgent(tasks, head, best)) continue;
      const isShut = tasks.state[head] === TASK_STATE.pending && (this.hostFor(head) < 0 || !this.isLetIn(head));
      // Whoever may push others out of its quota tries again when its back-off is over: there may be somebody now.
      if (isShut && !this.mayPushOut(head)) continue;
      best = head;
      line = shape;
    }
    if (line >= 0) return leaveLine(queues, tasks, line);
    return best < 0 ? -1 : (queues.active.poll() as number);
  }

  /** Decides one pod, or the gang that it leads; returns how many pods were looked at. */
  private decide(row: number, nowMs: number): number {
    const looked = this.gangs?.decide(row, nowMs) ?? 0;
    if (looked > 0) return looked;
    let host = this.hostIfLetIn(row);
    if (host < 0 && this.plan.preemption && this.mayPreempt(row)) {
      const found = findPreemption(this.view, this.context.cluster, row, this.gate);
      if (found !== null) {
        for (const victim of found.victims) this.context.evict(victim, nowMs, EVICT_REASON.preempted);
        host = found.host;
      }
    }
    if (host >= 0) {
      const { cards, cpus } = this.occupy(row, host, nowMs);
      this.context.bind(row, host, nowMs, this.startAfterMs(row, host, nowMs), cards, cpus);
      this.gangs?.noteBound(row);
    } else this.standInLine(row, nowMs);
    return 1;
  }

  /** Services may push out pods below them, best effort those of its own quota. Approximation: a pod that asks for GPUs pushes nobody out. */
  private mayPreempt(row: number): boolean {
    const { tasks } = this.context.cluster;
    return tasks.gpuRequest[row] === 0 && (tasks.kind[row] === TASK_KIND.online || this.mayPushOut(row));
  }

  private mayPushOut(row: number): boolean {
    return this.plan.preemption && this.gate !== null && mayPreemptInQuota(this.gate, this.context.cluster, row);
  }

  /** A pod that fits nowhere backs off in the line of its shape. */
  private standInLine(row: number, nowMs: number): void {
    const tries = Math.min(255, this.queues.tries[row] + 1);
    setRetry(this.queues, row, tries, nowMs + this.backoffMs(tries));
    joinLine(this.queues, this.context.cluster.tasks, this.context.cluster.tasks.podShape[row], row);
  }

  /** Back into the queues once its back-off is over, without standing in the line of its shape. */
  private backOff(row: number, nowMs: number): void {
    const tries = Math.min(255, this.queues.tries[row] + 1);
    const retryAtMs = nowMs + this.backoffMs(tries);
    setRetry(this.queues, row, tries, retryAtMs);
    this.queues.backoff.add(row);
    this.context.wakeAt(Math.max(retryAtMs, this.busyUntilMs));
  }

  /** From the decision to a running pod; a launch takes its lane and its pull when it is asked for. */
  private startAfterMs(row: number, host: number, nowMs: number): number {
    const { bindLatencyMs, podStartMs, launch } = this.plan;
    if (this.pipeline === null || launch === undefined) return bindLatencyMs + podStartMs;
    return bindLatencyMs + launchDelayMs(this.pipeline, launch, host, this.imageOf(row), nowMs + bindLatencyMs);
  }

  /** Every service and every population has an image of its own: services from the first, populations from the last. */
  private imageOf(row: number): number {
    const { tasks } = this.context.cluster;
    return tasks.kind[row] === TASK_KIND.online ? tasks.group[row] : this.images - 1 - tasks.group[row];
  }

  private backoffMs(attempts: number): number {
    const { initialBackoffMs, maxBackoffMs } = this.plan;
    let backoffMs = initialBackoffMs;
    for (let i = 1; i < attempts && backoffMs < maxBackoffMs; i++) backoffMs *= 2;
    return Math.min(backoffMs, maxBackoffMs);
  }
}

/**
 * Sisyphus, the fork of Chronos for short tasks: immediate jobs only, no graph, no schedule, job and task in one record.
 *
 * Lanes are served in order with Chronos' head-of-line blocking: the first run that fits nowhere goes to the tail of its lane and ends
 * the batch. The store does half of Chronos' round trips a job, so its line moves twice as fast.
 * Preemption (planned upstream; the semantics are ours, off by default): when the head of a lane has waited `preemptAfterMs`, the youngest task
 * of the lowest occupied lane below it is killed and its run goes to the tail of its own lane; then the same wait begins anew.
 * Source: slides of iQIYI, "Mesos, Chronos and Docker for transcoding".
 */
import { ConfigError } from '../base/assert.ts';
import { risingGet, risingValues } from '../base/rising-map.ts';
import { charge, createStoreLine, SISYPHUS_STORE_OPERATIONS, type StoreLine } from '../chronos/store-cost.ts';
import { createLanes, enqueue, type Lane, queueLength, shift } from '../chronos/task-queue.ts';
import {
  ActionKind,
  appendDeclineRest,
  appendKill,
  appendLaunch,
  appendSignal,
  type Framework,
  type FrameworkActions,
  type FrameworkContext,
  isTerminal,
  type Offers,
  type StatusUpdate,
  TaskStatus,
  type Work,
} from '../framework.ts';
import {
  addRoom,
  checkPlainWork,
  createLedger,
  emptyRoom,
  endLive,
  fits,
  type Ledger,
  type LiveTask,
  place,
} from '../framework-work.ts';

/** Settings. Units: ms; `preemptAfterMs` null turns preemption off. */
export interface SisyphusConfig {
  readonly lanes: number;
  readonly declineOfferMs: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly storeOperationMs: number;
  readonly preemptAfterMs: number | null;
  readonly reconciliationIntervalMs: number;
}

export const SISYPHUS_DEFAULTS: SisyphusConfig = {
  lanes: 5,
  declineOfferMs: 5_000,
  retries: 2,
  retryDelayMs: 60_000,
  storeOperationMs: 0,
  preemptAfterMs: null,
  /** As in Chronos. */
  reconciliationIntervalMs: 600_000,
};

/** One run: an instance of a work row. */
export interface SisyphusRun {
  readonly workRow: number;
  readonly work: Work;
  readonly attempt: number;
  readonly queuedAtMs: number;
}

interface WaitingRun {
  readonly dueMs: number;
  readonly workRow: number;
  readonly work: Work;
  readonly attempt: number;
}

/** Everything Sisyphus remembers. */
export interface SisyphusState {
  readonly config: SisyphusConfig;
  readonly ledger: Ledger;
  readonly lanes: Lane<SisyphusRun>[];
  readonly store: StoreLine;
  /** Runs that wait for the store or for their retry, by due time, ties in order. */
  waiting: WaitingRun[];
  /** Tasks killed to make room; their runs are queued again. */
  preempted: number[];
  nextPreemptionMs: number;
  nextReconciliationMs: number;
}

/** Sisyphus behind the port. */
export const sisyphusFramework: Framework<SisyphusState, SisyphusConfig> = {
  name: 'sisyphus',
  create,
  subscribe: () => {},
  submit,
  resourceOffers,
  rescind: () => {},
  statusUpdate,
  tick,
  nextWakeMs,
};

function create(config: SisyphusConfig): SisyphusState {
  if (!Number.isInteger(config.lanes) || config.lanes < 1)
    throw new ConfigError(`sisyphus: lanes is ${config.lanes}; it must be a whole number, 1 or more`);
  if (config.preemptAfterMs !== null && !(config.preemptAfterMs > 0))
    throw new ConfigError(`sisyphus: preemptAfterMs is ${config.preemptAfterMs}; it must be above 0, or null`);
  return {
    config,
    ledger: createLedger(),
    lanes: createLanes<SisyphusRun>(config.lanes),
    store: createStoreLine(),
    waiting: [],
    preempted: [],
    nextPreemptionMs: 0,
    nextReconciliationMs: config.reconciliationIntervalMs,
  };
}

function laneOf(state: SisyphusState, work: Work): number {
  return Math.min(work.lane, state.lanes.length - 1);
}

function queue(state: SisyphusState, workRow: number, work: Work, attempt: number, nowMs: number): void {
  enqueue(state.lanes, laneOf(state, work), { workRow, work, attempt, queuedAtMs: nowMs });
}

function wait(state: SisyphusState, run: WaitingRun): void {
  let at = state.waiting.length;
  while (at > 0 && state.waiting[at - 1].dueMs > run.dueMs) at -= 1;
  state.waiting.splice(at, 0, run);
}

function submit(state: SisyphusState, work: Work, context: FrameworkContext): void {
  checkPlainWork(work, 'sisyphus');
  // Runs and tasks carry their work, so the ledger keeps none.
  const workRow = state.ledger.nextWorkRow++;
  const { storeOperationMs } = state.config;
  for (let i = 0; i < work.instances; i++) {
    const readyMs = charge(state.store, SISYPHUS_STORE_OPERATIONS.submit, storeOperationMs, context.nowMs);
    if (readyMs > context.nowMs) wait(state, { dueMs: readyMs, workRow, work, attempt: 0 });
    else queue(state, workRow, work, 0, context.nowMs);
  }
}

function resourceOffers(state: SisyphusState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  const { ledger, lanes } = state;
  reconcileWhenDue(state, context.nowMs, out);
  if (queueLength(lanes) === 0) {
    appendDeclineRest(out, state.config.declineOfferMs);
    return;
  }
  const room = emptyRoom();
  let blocked = false;
  for (let l = 0; l < lanes.length && !blocked; l++)
    for (let run = shift(lanes[l]); run !== null; run = shift(lanes[l])) {
      const { work, workRow } = run;
      let offer = 0;
      for (; offer < offers.count; offer++) {
        if (offer === room.launches.length) addRoom(room, offers);
        if (fits(room, offer, work)) break;
      }
      if (offer === offers.count) {
        enqueue(lanes, l, run);
        blocked = true;
        break;
      }
      const task = place(ledger, room, offer, offers.agent[offer], workRow, context.nowMs, run.attempt, work);
      appendLaunch(out, offers.id[offer], task, workRow, work, state.config.declineOfferMs);
    }
  if (room.launches.length < offers.count || room.launches.includes(0))
    appendDeclineRest(out, state.config.declineOfferMs);
}

/** Chronos asks for the state of all tasks in the first callback after the interval; its fork has that from it. */
function reconcileWhenDue(state: SisyphusState, nowMs: number, out: FrameworkActions): void {
  if (nowMs <= state.nextReconciliationMs) return;
  state.nextReconciliationMs = nowMs + state.config.reconciliationIntervalMs;
  appendSignal(out, ActionKind.Reconcile);
}

function statusUpdate(state: SisyphusState, update: StatusUpdate, context: FrameworkContext): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) return;
  const { nowMs } = context;
  const { config, store } = state;
  const started = update.status === TaskStatus.Running && live.status !== TaskStatus.Running;
  live.status = update.status;
  if (started) charge(store, SISYPHUS_STORE_OPERATIONS.running, config.storeOperationMs, nowMs);
  if (!isTerminal(update.status)) return;
  const { workRow, work, attempt } = live;
  endLive(state.ledger, live);
  charge(store, SISYPHUS_STORE_OPERATIONS.ended, config.storeOperationMs, nowMs);
  const preempted = state.preempted.indexOf(update.task);
  if (preempted >= 0) state.preempted.splice(preempted, 1);
  if (preempted >= 0 && update.status === TaskStatus.Killed) {
    queue(state, workRow, work, attempt, nowMs);
    return;
  }
  const failed = update.status !== TaskStatus.Finished && update.status !== TaskStatus.Killed;
  if (failed && attempt < config.retries) {
    wait(state, { dueMs: nowMs + config.retryDelayMs, workRow, work, attempt: attempt + 1 });
    return;
  }
  charge(store, SISYPHUS_STORE_OPERATIONS.remove, config.storeOperationMs, nowMs);
}

/** The task to kill for the head of `lane`: youngest of the lowest occupied lane below it. */
function victim(state: SisyphusState, lane: number): LiveTask | null {
  let found: LiveTask | null = null;
  for (const live of risingValues(state.ledger.live)) {
    const other = laneOf(state, live.work);
    if (other <= lane || state.preempted.includes(live.task)) continue;
    // Task numbers rise with time, so a later one of the same lane is the younger.
    if (found === null || other >= laneOf(state, found.work)) found = live;
  }
  return found;
}

/** The first lane whose head could have room made for it, and when it may. */
function preemption(state: SisyphusState): { readonly lane: number; readonly dueMs: number } | null {
  const { preemptAfterMs } = state.config;
  if (preemptAfterMs === null || queueLength(state.lanes) === 0) return null;
  for (let lane = 0; lane < state.lanes.length; lane++) {
    const { runs, head } = state.lanes[lane];
    if (head === runs.length || victim(state, lane) === null) continue;
    return { lane, dueMs: Math.max(runs[head].queuedAtMs + preemptAfterMs, state.nextPreemptionMs) };
  }
  return null;
}

function tick(state: SisyphusState, context: FrameworkContext, out: FrameworkActions): void {
  const { nowMs } = context;
  let due = 0;
  while (due < state.waiting.length && state.waiting[due].dueMs <= nowMs) due += 1;
  for (const run of state.waiting.splice(0, due)) queue(state, run.workRow, run.work, run.attempt, nowMs);
  const wanted = preemption(state);
  if (wanted === null || wanted.dueMs > nowMs) return;
  const task = (victim(state, wanted.lane) as LiveTask).task;
  state.preempted.push(task);
  state.nextPreemptionMs = nowMs + (state.config.preemptAfterMs as number);
  appendKill(out, task);
}

function nextWakeMs(state: SisyphusState): number {
  const waitingMs = state.waiting.length > 0 ? state.waiting[0].dueMs : Number.POSITIVE_INFINITY;
  return Math.min(waitingMs, preemption(state)?.dueMs ?? Number.POSITIVE_INFINITY);
}

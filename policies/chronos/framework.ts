/**
 * Chronos as a framework: schedules, job graphs and immediate jobs feed a queue; one callback thread puts it on offers.
 *
 * The model has one leader and one store. Every step of a job puts its round trips in the store's line, and a submitted job is
 * queued when its own are done. Two incidents are switches: a failed store makes the process keep every offer, and a failure
 * inside a status update aborts the driver, after which the process lives, its queue grows, and nothing is ever offered.
 * Source: Chronos 2.4 and 3.0 JobScheduler, TaskManager, MesosJobFramework; incidents: slides of iQIYI on
 * transcoding with Mesos, Chronos and Docker.
 */
import { ConfigError } from '../base/assert.ts';
import { risingDelete, risingGet } from '../base/rising-map.ts';
import {
  ActionKind,
  appendDecline,
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
import { addWork, checkWork, type OfferRoom, place, roomOf, workAt } from '../framework-work.ts';
import { checkConstraint, meets } from './constraints.ts';
import { parseSchedule } from './iso8601.ts';
import { addDependency, addJob } from './job-dag.ts';
import {
  dropRun,
  plan,
  queueDueRuns,
  queueRun,
  revive,
  runFailed,
  runOver,
  runScheduleLoop,
  runStarted,
  runSucceeded,
  startSchedule,
  withDefaults,
} from './job-runs.ts';
import { type BatchJob, type BatchOffer, type BatchView, oneRunPerOffer, packBatch } from './offer-batch.ts';
import { takePlannedRevive } from './revive-throttle.ts';
import { addRunning, applyStatus } from './running-tasks.ts';
import { type ChronosConfig, type ChronosJob, type ChronosState, createChronosState } from './state.ts';
import { charge } from './store-cost.ts';

/** Filter on the remainder of a used offer before December 2014; shorter than an allocation interval, so without effect. */
const REFUSE_AFTER_LAUNCH_2014_MS = 100;
/** Mesos' default filter. */
const DEFAULT_REFUSE_MS = 5_000;

/** The refuse time of a decline: what is configured, else Mesos' default. Units: ms. */
export function declineRefuseMs(declineOfferMs: number | null): number {
  return declineOfferMs ?? DEFAULT_REFUSE_MS;
}

/** Chronos behind the port. */
export const chronosFramework: Framework<ChronosState, ChronosConfig> = {
  name: 'chronos',
  create: createChronosState,
  subscribe,
  submit,
  resourceOffers,
  rescind,
  statusUpdate,
  tick,
  nextWakeMs,
};

/** The driver's abort, as an exception in any callback causes it: the master deactivates, the process goes on. */
export function abortDriver(state: ChronosState, out: FrameworkActions): void {
  if (!state.active) return;
  state.active = false;
  state.heldOffers = [];
  appendSignal(out, ActionKind.Deactivate);
}

/** Breaks or mends the job store. */
export function setStoreFailed(state: ChronosState, failed: boolean): void {
  state.storeFailed = failed;
}

function subscribe(state: ChronosState, context: FrameworkContext, out: FrameworkActions): void {
  state.active = true;
  // A new registration returns whatever was out; the master recovered it.
  state.heldOffers = [];
  revive(state, context.nowMs, out);
}

function submit(state: ChronosState, submitted: Work, context: FrameworkContext, out: FrameworkActions): void {
  const { nowMs } = context;
  const work = withDefaults(state, submitted);
  checkWork(work, 'chronos');
  for (const constraint of work.constraints ?? []) checkConstraint(constraint);
  const parents = work.parents ?? [];
  if (work.schedule !== undefined && parents.length > 0)
    throw new ConfigError(`chronos: job "${work.name}" has a schedule and parents; a job has one of them`);
  const schedule =
    work.schedule === undefined
      ? null
      : parseSchedule(work.schedule, nowMs + state.config.epochMs, work.scheduleTimeZone);
  const immediate = schedule === null && parents.length === 0;
  const known = state.jobs.get(work.name);
  if (known !== undefined && !(known.immediate && immediate && known.runsLeft === 0))
    throw new ConfigError(`chronos: job "${work.name}" is registered already; names are unique`);
  if (parents.includes(work.name))
    throw new ConfigError(`chronos: dependency ${work.name} -> ${work.name} makes a cycle: a job cannot follow itself`);
  for (const parent of parents)
    if (!state.dag.children.has(parent))
      throw new ConfigError(`chronos: job "${work.name}" follows "${parent}", which is not registered`);
  addJob(state.dag, work.name);
  for (const parent of parents) addDependency(state.dag, parent, work.name);
  const job: ChronosJob = {
    name: work.name,
    workRow: addWork(state.ledger, work),
    lane: work.lane,
    schedule,
    dependent: parents.length > 0,
    immediate,
    runsLeft: immediate ? work.instances : 0,
    concurrent: work.concurrent ?? work.instances > 1,
    manyPerBatch: work.instances > 1,
    softError: work.softError === true,
    epsilonMs: work.epsilonMs ?? state.config.epsilonMs,
    retries: work.retries ?? state.config.retries,
    disabled: false,
    lastSuccessMs: null,
    lastErrorMs: null,
    errorsSinceLastSuccess: 0,
  };
  state.jobs.set(work.name, job);
  const { storeOperationMs, storeOperations } = state.config;
  const readyMs = charge(state.store, storeOperations.submit, storeOperationMs, nowMs);
  startSchedule(state, job, nowMs);
  for (let run = 0; run < job.runsLeft; run++)
    if (readyMs > nowMs) plan(state, { dueMs: readyMs, job: job.name, attempt: 0 });
    else queueRun(state, job, 0, nowMs, out);
}

function resourceOffers(state: ChronosState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  if (state.storeFailed) {
    if (!state.config.quirks.hoardOffersOnStoreFailure) {
      state.active = false;
      appendSignal(out, ActionKind.Exit);
      return;
    }
    for (let i = 0; i < offers.count; i++) state.heldOffers.push(offers.id[i]);
    return;
  }
  const { config, ledger } = state;
  const room = roomOf(offers);
  const view = batchView(state, offers, context, out);
  const one = config.era === '2014';
  const batch = one
    ? oneRunPerOffer(state.lanes, batchOffers(offers, room), view)
    : packBatch(state.lanes, batchOffers(offers, room), view);
  const declineMs = one ? DEFAULT_REFUSE_MS : declineRefuseMs(config.declineOfferMs);
  for (const i of batch.declined) appendDecline(out, offers.id[i], declineMs);
  const used = new Set<number>();
  for (const { run, offer } of batch.placements) {
    const job = state.jobs.get(run.job) as ChronosJob;
    const task = place(ledger, room, offer, offers.agent[offer], job.workRow, context.nowMs, run.attempt);
    addRunning(state.running, job.name, task);
    state.counters.launched += 1;
    used.add(offer);
    const refuseMs = one ? REFUSE_AFTER_LAUNCH_2014_MS : DEFAULT_REFUSE_MS;
    appendLaunch(out, offers.id[offer], task, job.workRow, workAt(ledger, job.workRow), refuseMs);
  }
  const writes = batch.placements.length * (config.quirks.storeWritesTimesOffers ? used.size : 1);
  charge(state.store, writes * config.storeOperations.launch, config.storeOperationMs, context.nowMs);
  reconcileWhenDue(state, context.nowMs, out);
}

function batchOffers(offers: Offers, room: OfferRoom): BatchOffer[] {
  return room.milliCpu.map((milliCpu, i) => ({
    milliCpu,
    memMiB: room.memMiB[i],
    diskMiB: room.diskMiB[i],
    reservedMilliCpu: offers.reservedMilliCpu[i],
    reservedMemMiB: offers.reservedMemMiB[i],
  }));
}

function batchView(state: ChronosState, offers: Offers, context: FrameworkContext, out: FrameworkActions): BatchView {
  return {
    dropped(name) {
      const job = state.jobs.get(name);
      if (job !== undefined) dropRun(job, out);
    },
    job(name): BatchJob | undefined {
      const job = state.jobs.get(name);
      if (job === undefined) return undefined;
      const { milliCpu, memMiB, diskMiB } = workAt(state.ledger, job.workRow);
      const { concurrent, manyPerBatch, disabled } = job;
      return { name, milliCpu, memMiB, diskMiB, concurrent, manyPerBatch, disabled };
    },
    isRunning: (name) => state.running.has(name),
    meets(job, offer) {
      const row = (state.jobs.get(job.name) as ChronosJob).workRow;
      const attributes = context.agents.attributes[offers.agent[offer]] ?? {};
      return (workAt(state.ledger, row).constraints ?? []).every((constraint) => meets(constraint, attributes));
    },
  };
}

function rescind(state: ChronosState, offer: number, _context: FrameworkContext, _out: FrameworkActions): void {
  state.heldOffers = state.heldOffers.filter((held) => held !== offer);
}

function statusUpdate(
  state: ChronosState,
  update: StatusUpdate,
  context: FrameworkContext,
  out: FrameworkActions,
): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) return;
  const { nowMs } = context;
  const name = workAt(state.ledger, live.workRow).name;
  const repeated = live.status === update.status;
  live.status = update.status;
  applyStatus(state.running, name, update.task, update.status);
  const job = state.jobs.get(name);
  const { status } = update;
  const operations = isTerminal(status) ? state.config.storeOperations.ended : 0;
  const writes = status === TaskStatus.Running && !repeated ? state.config.storeOperations.running : operations;
  charge(state.store, writes, state.config.storeOperationMs, nowMs);
  if (isTerminal(status)) risingDelete(state.ledger.live, update.task);
  if (job !== undefined) {
    if (status <= TaskStatus.Running) runStarted(state, job);
    else if (status === TaskStatus.Finished) runSucceeded(state, job, nowMs, out);
    else if (status === TaskStatus.Killed) runOver(state, job, nowMs);
    // A master tells a framework that is not partition-aware LOST for all of these; ERROR ends the run without a retry.
    else if (status === TaskStatus.Error) runOver(state, job, nowMs);
    else if (isTerminal(status)) runFailed(state, job, live.attempt, nowMs, out);
  }
  if (state.storeFailed && state.config.quirks.abortDriverOnStoreFailure) abortDriver(state, out);
  else reconcileWhenDue(state, nowMs, out);
}

function reconcileWhenDue(state: ChronosState, nowMs: number, out: FrameworkActions): void {
  if (!state.active || nowMs <= state.nextReconciliationMs) return;
  state.nextReconciliationMs = nowMs + state.config.reconciliationIntervalMs;
  appendSignal(out, ActionKind.Reconcile);
}

function tick(state: ChronosState, context: FrameworkContext, out: FrameworkActions): void {
  const { nowMs } = context;
  runScheduleLoop(state, nowMs, out);
  queueDueRuns(state, nowMs, out);
  if (state.active && takePlannedRevive(state.throttle, nowMs, state.config.minReviveIntervalMs)) {
    state.counters.revives += 1;
    appendSignal(out, ActionKind.Revive);
  }
}

function nextWakeMs(state: ChronosState): number {
  const planned = state.planned.length > 0 ? state.planned[0].dueMs : Number.POSITIVE_INFINITY;
  const revived = state.active ? (state.throttle.plannedMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return Math.min(planned, revived, state.nextLoopMs);
}

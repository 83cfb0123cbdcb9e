/**
 * What happens to one task that came in: start, end, loss, and what follows for its job and for the record.
 *
 * These functions decide nothing about where a task goes; they call `apply` for every change and keep the books of work:
 * submitted = done + abandoned + still to do, and wasted beside it.
 */
import { fail } from '../../policies/base/assert.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import { abandon, bind, CHANGE, finish, loseAttempt, release, start } from '../cluster/apply.ts';
import { NO_CPUS } from '../cluster/cpusets.ts';
import { TIER } from '../cluster/hosts.ts';
import { countInState, freeRow, moveTo, TASK_KIND, TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { PHASE } from '../kernel/phase.ts';
import { addValue } from '../kernel/quantile-histogram.ts';
import { keyedWord } from '../kernel/random.ts';
import { beginAttempt, endedWasteMs, lostAttemptMs } from './attempts.ts';
import { endCopy, unpair } from './copies.ts';
import type { Engine } from './engine.ts';
import { beginTask, leaveTask } from './event-physics.ts';
import { nextArrivalMs } from './intake.ts';
import { closeJob, dropHeld, type JobTable, takeNextStage } from './jobs.ts';
import { countBatch, noteWait, OPEN, type Recorder, WORK } from './recorder.ts';
import { dropOutputs, keepOutput, loseOutput, openStage } from './shuffle.ts';
import { forgetEnded, noteEnded } from './speculation.ts';
import { dropEndedPod } from './telemetry.ts';
import { inTicks } from './ticks.ts';

export const EVENT = {
  tick: 1,
  arrive: 2,
  start: 3,
  finish: 4,
  wake: 5,
  fault: 6,
  scale: 7,
  repair: 8,
  use: 9,
  carbon: 10,
  crash: 11,
  unhealthy: 12,
} as const;

const ROW_BITS = 21;
const ROW_MASK = (1 << ROW_BITS) - 1;
/** Milli-CPU ms of a core-hour. */
export const MS_PER_CORE_HOUR = 3_600_000_000;

/** Row and generation of a task as an event's payload; a stale event is told by its generation (modulo 1,024). */
export function taskPayload(tasks: TaskTable, row: number): number {
  if (row > ROW_MASK) fail(`task row ${row} does not fit an event; at most ${ROW_MASK + 1} tasks can be alive at once`);
  return ((tasks.generation[row] & 1023) << ROW_BITS) | row;
}

/** The row of a task event, -1 when the event is stale. */
export function rowOfPayload(tasks: TaskTable, payload: number): number {
  const row = payload & ROW_MASK;
  return (tasks.generation[row] & 1023) === payload >>> ROW_BITS ? row : -1;
}

/** Gives a held task up when a parent was. */
export function dropOrphan(engine: Engine, row: number, nowMs: number): void {
  const { dependencies, cluster, jobs } = engine;
  const number = cluster.tasks.id[row] - cluster.tasks.firstBestEffort;
  if (dependencies === null || dependencies.orphaned[number] === 0) return;
  dependencies.rowOf[number] = -1;
  giveUp(engine, row, nowMs);
  jobs.leftReleased[cluster.tasks.job[row]]++;
  taskOver(engine, row, nowMs, false);
}

/** Children of a task that is over become pending with their last parent, or are given up with it. */
function followChildren(engine: Engine, number: number, done: boolean, nowMs: number): void {
  const { dependencies, cluster, jobs } = engine;
  if (dependencies === null) return;
  for (let at = dependencies.firstChild[number]; at < dependencies.firstChild[number + 1]; at++) {
    const child = dependencies.child[at];
    const row = dependencies.rowOf[child];
    if (!done) {
      dependencies.orphaned[child] = 1;
      if (row >= 0) dropOrphan(engine, row, nowMs);
      continue;
    }
    if (--dependencies.openParents[child] > 0 || row < 0) continue;
    dependencies.rowOf[child] = -1;
    jobs.leftReleased[cluster.tasks.job[row]]++;
    release(cluster, row, nowMs);
    engine.plane.onPending(row, nowMs);
  }
}

/** Binds a task and makes it start later; the draw whether this attempt fails is keyed by task and attempt. */
export function bindTask(
  engine: Engine,
  row: number,
  host: number,
  nowMs: number,
  startAfterMs: number,
  cards = 0,
  cpus = NO_CPUS,
): void {
  assumeTask(engine, row, host, nowMs, cards, cpus);
  startAssumed(engine, row, nowMs, startAfterMs);
}

/** Takes a task's place; nothing makes it start yet. */
export function assumeTask(engine: Engine, row: number, host: number, nowMs: number, cards = 0, cpus = NO_CPUS): void {
  const { cluster } = engine;
  bind(cluster, row, host, nowMs, cards, cpus);
  if (cluster.tasks.kind[row] === TASK_KIND.online) engine.countReplica(row, host, 1);
  else drawFailure(engine, row, host, nowMs);
}

/** A task whose place is taken starts later. */
export function startAssumed(engine: Engine, row: number, nowMs: number, startAfterMs: number): void {
  const { tasks } = engine.cluster;
  engine.calendar.push(nowMs + startAfterMs, PHASE.finish, tasks.id[row], EVENT.start, taskPayload(tasks, row));
}

function drawFailure(engine: Engine, row: number, host: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  for (const hole of engine.plan.failures.blackHoles ?? []) {
    if (hole.host !== host || nowMs < hole.fromMs || nowMs >= hole.toMs) continue;
    tasks.failing[row] = 1;
    tasks.leftMs[row] = Math.min(tasks.durationMs[row], hole.failAfterMs);
    tasks.attemptMs[row] = tasks.leftMs[row];
    return;
  }
  const word = keyedWord(engine.failureSalt, tasks.id[row] * 16 + (tasks.attempts[row] & 15)) >>> 0;
  const draw = word / 4294967296;
  if (draw >= engine.failureProbability) {
    tasks.failing[row] = 0;
    tasks.attemptMs[row] = tasks.durationMs[row];
    return;
  }
  // A draw below p is uniform on [0, p): its place in there is the share of the work done before the failure.
  tasks.failing[row] = 1;
  tasks.leftMs[row] = tasks.durationMs[row] * (draw / engine.failureProbability);
  tasks.attemptMs[row] = tasks.leftMs[row];
}

/** A bound task starts; if it ends before the next window, its end is scheduled now. */
export function startTask(engine: Engine, row: number, nowMs: number): void {
  const { cluster, recorder, telemetry } = engine;
  const { tasks } = cluster;
  if (engine.memoryRamp !== null && tasks.kind[row] !== TASK_KIND.online) tasks.usedMemBytes[row] = 0;
  start(cluster, row, nowMs);
  engine.plane.onStarted(row, nowMs);
  const host = tasks.host[row];
  engine.memory.freshBytes[host] += tasks.usedMemBytes[row];
  if (tasks.kind[row] === TASK_KIND.online) {
    engine.online.ready[tasks.group[row]]++;
    // A pod that was on its way when the host died answers nobody either.
    if (cluster.hosts.outages[host] > 0) silencePod(engine, row);
    telemetry.freshHpMilliCpu[host] += tasks.requestMilliCpu[row];
    telemetry.freshHpMemBytes[host] += tasks.requestMemBytes[row];
    scheduleCrash(engine, row, nowMs);
    return;
  }
  if (tasks.isCopy[row] === 0) noteWait(recorder, tasks.group[row], nowMs, nowMs - tasks.readyAtMs[row]);
  if (engine.exact !== null) {
    beginTask(engine, engine.exact, row, nowMs);
    return;
  }
  const { hostWindow, execution } = engine;
  if (execution !== null) beginAttempt(execution, tasks, row);
  tasks.speed[row] = hostWindow.bestEffortShare[host] * hostWindow.bestEffortSpeed[host];
  // Nobody waits for this copy any more: it ends at once, also where it was to fail.
  if (tasks.isCopy[row] === 1 && tasks.mate[row] < 0) {
    tasks.attemptMs[row] = tasks.leftMs[row] = 0;
    tasks.failing[row] = 0;
  }
  scheduleFinish(engine, row, nowMs);
}

/** A replica that starts on a black hole for services fails there. */
function scheduleCrash(engine: Engine, row: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  for (const hole of engine.plan.failures.blackHoles ?? []) {
    if (hole.services !== true || hole.host !== tasks.host[row] || nowMs < hole.fromMs || nowMs >= hole.toMs) continue;
    engine.calendar.push(nowMs + hole.failAfterMs, PHASE.fail, row, EVENT.crash, taskPayload(tasks, row));
    return;
  }
}

/** Schedules the end of a running task if it comes before the next window begins. */
export function scheduleFinish(engine: Engine, row: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  const speed = tasks.speed[row];
  if (!(speed > 0)) return;
  const leftMs = tasks.leftMs[row];
  if (leftMs >= speed * (engine.nextTickMs - nowMs)) return;
  const { ticksPerMs } = engine.plan;
  const endMs =
    ticksPerMs === undefined
      ? nowMs + Math.max(1, Math.ceil(leftMs / speed))
      : inTicks(engine.plan, nowMs + Math.max(1 / ticksPerMs, leftMs / speed));
  if (endMs < engine.nextTickMs)
    engine.calendar.push(endMs, PHASE.finish, tasks.id[row], EVENT.finish, taskPayload(tasks, row));
}

/** Brings a running task's progress up to now. */
export function bookProgress(tasks: TaskTable, row: number, nowMs: number): void {
  const done = (nowMs - tasks.bookedAtMs[row]) * tasks.speed[row];
  const left = tasks.leftMs[row] - done;
  tasks.leftMs[row] = left > 0 ? left : 0;
  tasks.bookedAtMs[row] = nowMs;
}

/** The work of an attempt is over: the task is done, or the attempt fails as drawn. */
export function endAttempt(engine: Engine, row: number, nowMs: number): void {
  const { cluster, recorder } = engine;
  const { tasks } = cluster;
  const population = tasks.group[row];
  if (tasks.failing[row] === 1) {
    failTask(engine, row, nowMs);
    return;
  }
  if (tasks.isCopy[row] === 1) {
    endCopy(engine, row, nowMs);
    return;
  }
  const work = tasks.durationMs[row] * tasks.demandMilliCpu[row];
  recorder.work[WORK.done] += work;
  countBatch(recorder, 'finished', population, nowMs, 1);
  countBatch(recorder, 'doneCoreHours', population, nowMs, work / MS_PER_CORE_HOUR);
  if (nowMs >= recorder.warmUpMs)
    addValue(recorder.stretches[population], (nowMs - tasks.submitAtMs[row]) / tasks.durationMs[row]);
  const host = tasks.host[row];
  if (engine.execution !== null) {
    wasteMs(engine, row, endedWasteMs(engine.execution, tasks, row), nowMs);
    keepOutput(engine, engine.execution, row);
    noteEnded(engine.execution, tasks, row, nowMs);
    unpair(engine, row, nowMs);
  }
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  finish(cluster, row, nowMs);
  if (engine.exact !== null) leaveTask(engine, engine.exact, row, host, nowMs);
  engine.plane.onLeft(row, host, nowMs, CHANGE.finish);
  taskOver(engine, row, nowMs, true);
  engine.plane.onCapacity(nowMs);
}

/** An attempt fails on its own or with its host: tried again until its retries are used up. */
export function failTask(engine: Engine, row: number, nowMs: number, reason = 0): void {
  const { cluster, recorder } = engine;
  const { tasks } = cluster;
  countBatch(recorder, 'failed', tasks.group[row], nowMs, 1);
  wasteAttempt(engine, row, nowMs);
  tasks.attempts[row] = Math.min(255, tasks.attempts[row] + 1);
  const host = tasks.host[row];
  // An attempt that fails by itself leaves its executor standing; a host that dies takes what lies on it (faults).
  if (engine.execution !== null && reason !== 0) loseOutput(engine, engine.execution, row, 0);
  unpair(engine, row, nowMs);
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  loseAttempt(cluster, row, nowMs, CHANGE.fail, reason);
  if (engine.exact !== null) leaveTask(engine, engine.exact, row, host, nowMs);
  engine.plane.onLeft(row, host, nowMs, CHANGE.fail);
  const { retriedByPlane } = engine.intake.source.populations[tasks.group[row]];
  if (retriedByPlane !== true && tasks.attempts[row] > engine.maxRetries) abandonTask(engine, row, nowMs);
  else engine.plane.onPending(row, nowMs);
  engine.plane.onCapacity(nowMs);
}

/** A policy takes a task off its host; eviction does not use up retries. */
export function evictTask(engine: Engine, row: number, nowMs: number, reason: number): void {
  const { cluster, recorder } = engine;
  const { tasks } = cluster;
  const host = tasks.host[row];
  if (tasks.kind[row] === TASK_KIND.online) {
    evictPod(engine, row, nowMs, CHANGE.evict, reason);
    return;
  }
  countBatch(recorder, 'evicted', tasks.group[row], nowMs, 1);
  const which =
    reason === EVICT_REASON.memory || reason === EVICT_REASON.nodePressure
      ? OPEN.evictedMemory
      : reason === EVICT_REASON.cpu
        ? OPEN.evictedCpu
        : OPEN.evictedOther;
  recorder.open[which]++;
  recorder.hostEvictions[host * recorder.hours + Math.min(recorder.hours - 1, Math.floor(nowMs / 3_600_000))]++;
  wasteAttempt(engine, row, nowMs);
  unpair(engine, row, nowMs);
  if (engine.execution !== null)
    loseOutput(engine, engine.execution, row, reason === EVICT_REASON.drained ? engine.execution.graceSeconds : 0);
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  loseAttempt(cluster, row, nowMs, CHANGE.evict, reason);
  if (engine.exact !== null) leaveTask(engine, engine.exact, row, host, nowMs);
  engine.plane.onLeft(row, host, nowMs, CHANGE.evict);
  engine.plane.onPending(row, nowMs);
  engine.plane.onCapacity(nowMs);
}

/** An online pod loses its place and waits for another. */
export function evictPod(engine: Engine, row: number, nowMs: number, change: number, reason: number): void {
  const { cluster } = engine;
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  leaveReplicas(engine, row);
  const host = cluster.tasks.host[row];
  loseAttempt(cluster, row, nowMs, change, reason);
  engine.plane.onLeft(row, host, nowMs, change);
  engine.renewRequest?.(row, nowMs);
  engine.plane.onPending(row, nowMs);
}

/** A replica too many is taken away, wherever it is; its row is free for the next one. */
export function removePod(engine: Engine, row: number, nowMs: number): void {
  const { cluster } = engine;
  const { tasks } = cluster;
  if (!engine.endedPodsDangle) dropMetrics(engine, row, nowMs);
  if (tasks.state[row] === TASK_STATE.pending) engine.plane.onAbandoned(row, nowMs);
  else leaveReplicas(engine, row);
  const host = tasks.host[row];
  abandon(cluster, row, nowMs);
  if (host >= 0) engine.plane.onLeft(row, host, nowMs, CHANGE.abandon);
  moveTo(tasks, row, TASK_STATE.free);
  tasks.generation[row]++;
}

/** A running pod stops to answer although nobody has noticed: its share of the load moves to the other replicas. */
export function silencePod(engine: Engine, row: number): void {
  engine.online.ready[engine.cluster.tasks.group[row]]--;
  engine.online.silent[row] = 1;
}

/** Takes a bound or running pod out of the counts of its service. */
function leaveReplicas(engine: Engine, row: number): void {
  const { online, cluster } = engine;
  const { tasks } = cluster;
  if (online.silent[row] === 1) online.silent[row] = 0;
  else if (tasks.state[row] === TASK_STATE.running) online.ready[tasks.group[row]]--;
  engine.countReplica(row, tasks.host[row], -1);
}

/** K5 off: what a high-priority pod used goes out of the reports with it. */
export function dropMetrics(engine: Engine, row: number, nowMs: number): void {
  const { cluster, telemetry, online, hostWindow, plan } = engine;
  const { tasks } = cluster;
  if (tasks.state[row] !== TASK_STATE.running) return;
  const host = tasks.host[row];
  const isOnline = tasks.kind[row] === TASK_KIND.online;
  if (!isOnline && tasks.tier[row] !== TIER.mid) return;
  const milliCpu = isOnline ? online.usedMilliCpu[row] : tasks.demandMilliCpu[row] * hostWindow.bestEffortShare[host];
  const windows = Math.ceil((nowMs - tasks.startedAtMs[row]) / plan.windowMs);
  dropEndedPod(telemetry, cluster.hosts.count, host, windows, milliCpu, tasks.usedMemBytes[row]);
}

function wasteAttempt(engine: Engine, row: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  if (tasks.state[row] !== TASK_STATE.running) return;
  bookProgress(tasks, row, nowMs);
  // A failing attempt counts down to its failure, not to the end of the task.
  const doneMs = tasks.attemptMs[row] - tasks.leftMs[row];
  const { execution } = engine;
  wasteMs(engine, row, execution === null ? doneMs : lostAttemptMs(execution, tasks, row, doneMs), nowMs);
}

/** Books time of an attempt that led to nothing. */
export function wasteMs(engine: Engine, row: number, ms: number, nowMs: number): void {
  const { demandMilliCpu, group } = engine.cluster.tasks;
  const work = ms * demandMilliCpu[row];
  engine.recorder.work[WORK.wasted] += work;
  countBatch(engine.recorder, 'wastedCoreHours', group[row], nowMs, work / MS_PER_CORE_HOUR);
}

/** A pending task is given up, and what of its job is held. */
export function abandonTask(engine: Engine, row: number, nowMs: number): void {
  const { cluster, jobs } = engine;
  const { tasks } = cluster;
  const job = tasks.job[row];
  jobs.broken[job] = 1;
  for (const held of dropHeld(jobs, tasks, job)) {
    giveUp(engine, held, nowMs);
    jobs.left[job]--;
    freeRow(tasks, held);
  }
  engine.plane.onGivenUp?.(row, nowMs);
  giveUp(engine, row, nowMs);
  taskOver(engine, row, nowMs, false);
}

function giveUp(engine: Engine, row: number, nowMs: number): void {
  const { cluster, recorder } = engine;
  const { tasks } = cluster;
  recorder.work[WORK.abandoned] += tasks.durationMs[row] * tasks.demandMilliCpu[row];
  if (engine.execution !== null) wasteMs(engine, row, tasks.keptMs[row], nowMs);
  if (tasks.isCopy[row] === 0) countBatch(recorder, 'abandoned', tasks.group[row], nowMs, 1);
  abandon(cluster, row, nowMs);
}

/** A task is finished or abandoned: its job moves on, its row is free. */
export function taskOver(engine: Engine, row: number, nowMs: number, done: boolean): void {
  const { cluster, jobs, recorder, released } = engine;
  const { tasks } = cluster;
  const job = tasks.job[row];
  const number = tasks.id[row] - tasks.firstBestEffort;
  jobs.left[job]--;
  jobs.leftReleased[job]--;
  freeRow(tasks, row);
  if (engine.dependencies !== null) followChildren(engine, number, done, nowMs);
  const count = takeNextStage(jobs, tasks, job, released);
  if (count > 0 && engine.execution !== null) {
    openStage(engine.execution, job);
    forgetEnded(engine.execution, job);
  }
  for (let i = 0; i < count; i++) {
    release(cluster, released[i], nowMs);
    engine.plane.onPending(released[i], nowMs);
  }
  if (engine.plan.endWhenDone === true && allDone(engine)) engine.endedAtMs = nowMs;
  if (jobs.left[job] > 0 || (job === engine.intake.jobRow && stillArriving(engine, nowMs))) return;
  if (jobs.deadlineMs[job] < Number.POSITIVE_INFINITY) noteDeadline(recorder, jobs, job, nowMs, jobs.broken[job] === 0);
  if (engine.execution !== null) {
    dropOutputs(engine.execution, job);
    forgetEnded(engine.execution, job);
  }
  engine.plane.onJobOver?.(job, nowMs);
  closeJob(jobs, job);
}

/** Whether no task is left and none is to come. */
function allDone(engine: Engine): boolean {
  const { tasks } = engine.cluster;
  const { held, pending, bound, running } = TASK_STATE;
  for (const state of [held, pending, bound, running])
    if (countInState(tasks, TASK_KIND.bestEffort, state) > 0) return false;
  return nextArrivalMs(engine.intake, engine.hours) === Number.POSITIVE_INFINITY;
}

/** Whether more tasks of the job taken in last are yet to come: they all carry the same submit time. */
function stillArriving(engine: Engine, nowMs: number): boolean {
  const { intake, hours } = engine;
  return nextArrivalMs(intake, hours) <= nowMs && intake.chunk.job[intake.next] === intake.jobNumber;
}

/** Books a job that ends at `nowMs`, or is still open then: met or missed, and by how much. A job with a task given up has missed. */
function noteDeadline(recorder: Recorder, jobs: JobTable, job: number, nowMs: number, isDone: boolean): void {
  const population = jobs.population[job];
  const late = nowMs - jobs.deadlineMs[job];
  const isMet = isDone && late <= 0;
  countBatch(recorder, isMet ? 'deadlinesMet' : 'deadlinesMissed', population, nowMs, 1);
  if (nowMs < recorder.warmUpMs) return;
  addValue(recorder.tardiness[population], late > 0 ? late : 0);
  addValue(recorder.slack[population], isMet ? -late : 0);
}

/** Jobs whose deadline has passed when the run ends have missed it, by what is known so far. */
export function missOpenDeadlines(engine: Engine): void {
  const { jobs, recorder, plan } = engine;
  for (let job = 0; job < jobs.used; job++)
    if (jobs.left[job] > 0 && jobs.deadlineMs[job] < plan.horizonMs)
      noteDeadline(recorder, jobs, job, plan.horizonMs, false);
}

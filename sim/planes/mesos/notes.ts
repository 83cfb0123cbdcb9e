/** Works off what the engine told: new work goes to its framework, ends go to master and framework, lost hosts to the master. */

import { fail } from '../../../policies/base/assert.ts';
import { risingDelete, risingSet } from '../../../policies/base/rising-map.ts';
import { TaskStatus, type Work } from '../../../policies/framework.ts';
import { killUnhealthyTask, scaleApp } from '../../../policies/marathon/framework.ts';
import type { MarathonState } from '../../../policies/marathon/state.ts';
import { bagOf } from '../../../policies/mesos/resource-bag.ts';
import { CHANGE } from '../../cluster/apply.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../../cluster/tasks.ts';
import { gpusOf, memMibOf } from './agents.ts';
import { ask, follow, perform } from './answers.ts';
import { isDrained } from './closed-agents.ts';
import { type Driver, laneOf, takeActions, taskId } from './driver.ts';
import { closeExecutorsOn } from './executors.ts';
import { FRAMEWORK_KINDS } from './frameworks.ts';
import { waitsAtDoor } from './front-door.ts';
import { giveUpRow } from './job-runs.ts';
import { AGENT, driverOf, frameworkContext, type MesosRun, masterOf, masterOfHost, type Note } from './mesos-run.ts';
import { schedulerEnded, schedulerStarted } from './nested-schedulers.ts';
import { hear, hostIsDead, silence, waitsIn } from './partitions.ts';
import { loseHost } from './registration.ts';
import { hasSurplus, takeAway } from './spare-replicas.ts';
import { endApp, executorWork, takeSparkTask, tendApp } from './spark-apps.ts';
import { missUpdate, tell } from './updates.ts';

/** Works off the notes taken since the last wake; notes taken meanwhile wait for the next. */
export function workOffNotes(run: MesosRun, nowMs: number): void {
  const { notes } = run.s;
  run.s.notes = [];
  for (const note of notes) workOff(run, note, nowMs);
  scaleDown(run, nowMs);
}

/**
 * Tells Marathon of services that have fewer replicas now, once it has heard of every end: told before, it would make up for replicas that
 * it still counts by killing others.
 */
export function scaleDown(run: MesosRun, nowMs: number): void {
  for (const service of run.s.shrunk) {
    run.s.shrunk.delete(service);
    scale(run, service, nowMs);
  }
}

function workOff(run: MesosRun, note: Note, nowMs: number): void {
  // The engine tells that tasks died before it tells that their host did.
  if (note.kind === 'left' && note.change === CHANGE.fail && !run.s.silent.has(note.host) && hostIsDead(run, note.host))
    hostChanged(run, note.host, nowMs);
  const waiting = waitsIn(run, note);
  if (waiting !== null) waiting.notes.push(note);
  else workOffNow(run, note, nowMs);
}

/** Works one note off, whoever hears it. */
export function workOffNow(run: MesosRun, note: Note, nowMs: number): void {
  switch (note.kind) {
    case 'pending':
      takeIn(run, note.row, note.id, nowMs);
      break;
    case 'withdrawn':
      run.s.shrunk.add(note.service);
      break;
    case 'started': {
      const { tasks } = run.setup.context.cluster;
      const driver = driverOf(run, note.row, tasks.kind[note.row] === TASK_KIND.online);
      tell(run, driver, { task: note.task, status: TaskStatus.Running, agent: note.host }, nowMs);
      if (tasks.kind[note.row] === TASK_KIND.online) schedulerStarted(run, tasks.group[note.row], nowMs);
      break;
    }
    case 'left':
      endTask(run, note, nowMs);
      break;
    case 'host':
      hostChanged(run, note.host, nowMs);
      break;
    case 'unhealthy': {
      const { row, task } = note;
      if (run.s.taskOfRow[row] !== task) break;
      const driver = driverOf(run, row, true);
      ask(run, driver, nowMs, (context, out) => killUnhealthyTask(driver.state as MarathonState, task, context, out));
      break;
    }
    case 'application': {
      const app = run.s.spark.apps.get(note.job);
      if (note.isOver) endApp(run, note.job, nowMs);
      else if (app !== undefined && app.slots > 0) tendApp(run, app, nowMs);
      break;
    }
    case 'answers':
      perform(run, run.s.drivers[note.driver], note.rows, nowMs);
      break;
    case 'reports':
      tellRevocable(run);
      break;
  }
}

/**
 * Whether what the engine tells of a host (-1 = none) can be heard at once, without a wake: nothing told before is still to be worked off,
 * and the master hears the host. Most of what is told changes books alone, and its order is kept either way.
 */
export function hearsNow(run: MesosRun, host: number): boolean {
  const { s } = run;
  return s.begun && !run.awake && s.notes.length === 0 && (s.silent.size === 0 || !s.silent.has(host));
}

/** After something was heard at once: whether the framework had an answer, or wants its clock earlier than it was going to run. */
export function wakeFor(run: MesosRun, driver: Driver, nowMs: number): void {
  const nextMs = run.s.notes.length > 0 ? nowMs : driver.framework.nextWakeMs(driver.state);
  if (nextMs < Number.POSITIVE_INFINITY) run.setup.context.wakeAt(Math.max(nowMs, Math.ceil(nextMs)));
}

/** A row that waits: a replica is one more instance of its app, a task is a job of its own unless its framework retries it already. */
function takeIn(run: MesosRun, row: number, id: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  if (tasks.id[row] !== id || tasks.state[row] !== TASK_STATE.pending) return;
  if (tasks.kind[row] === TASK_KIND.online) {
    if (hasSurplus(run, tasks.group[row])) takeAway(run, row, nowMs);
    else scale(run, tasks.group[row], nowMs);
    return;
  }
  const driver = driverOf(run, row, false);
  if (driver.isCoarse) takeSparkTask(run, driver, row, nowMs);
  else if (s.workOfRow[row] < 0) takeTask(run, row, nowMs);
}

/** A new task is a job of its own for the framework it goes to. */
export function takeTask(run: MesosRun, row: number, nowMs: number): Driver {
  const { s } = run;
  const driver = queueFor(run, driverOf(run, row, false));
  if (s.doors.size > 0 && waitsAtDoor(run, driver, row, nowMs)) return driver;
  s.driverOfRow[row] = driver.index;
  s.queued[driver.index]++;
  const inside = driver.isFine ? executorWork(run, driver, row, nowMs) : -1;
  const work = driver.nextWork++;
  s.workOfRow[row] = work;
  risingSet(driver.targetOfWork, work, row);
  const job = workOfRow(run, driver, row, inside);
  const out = takeActions(run.pool);
  driver.framework.submit(driver.state, job, frameworkContext(run, nowMs), out);
  follow(run, driver, out, nowMs);
  return driver;
}

/** More shapes than these are made anew each time. */
const MOST_SHAPES = 64;

/** A task as a job of its own; where the framework lets them, tasks that ask for the same are one record. */
function workOfRow(run: MesosRun, driver: Driver, row: number, inside: number): Work {
  const { cluster } = run.setup.context;
  const { tasks } = cluster;
  const milliCpu = Math.ceil(tasks.requestMilliCpu[row]);
  const memMiB = memMibOf(tasks.requestMemBytes[row]);
  const gpus = gpusOf(cluster, row);
  const lane = laneOf(tasks.priority[row], driver.lanes);
  const shared = FRAMEWORK_KINDS[driver.plan.kind].sharesWork === true;
  if (shared)
    for (const work of driver.shapes)
      if (work.milliCpu === milliCpu && work.memMiB === memMiB && (work.gpus ?? 0) === gpus && work.lane === lane)
        return work;
  const { revocable } = driver;
  const name = shared ? `shape ${driver.shapes.length}` : String(tasks.id[row]);
  const plain: Work = { name, instances: 1, milliCpu, memMiB, diskMiB: driver.plan.taskDiskMib, lane, revocable };
  const work = { ...plain, ...(gpus === 0 ? {} : { gpus }), ...(inside < 0 ? {} : { inside }) };
  if (shared && driver.shapes.length < MOST_SHAPES) driver.shapes.push(work);
  return work;
}

/**
 * Where a new task goes: to its own framework, or, when as many as its limit wait there, to the first of its others with a shorter queue.
 * A task stays where it was sent.
 */
function queueFor(run: MesosRun, home: Driver): Driver {
  const { s } = run;
  const { spillAtQueue, spillTo } = home.plan;
  const waiting = s.queued[home.index];
  if (spillAtQueue === 0 || waiting < spillAtQueue) return home;
  for (const name of spillTo) {
    const other = s.drivers.find(({ plan }) => plan.name === name) ?? fail(`no framework "${name}" to spill to`);
    // A scheduler that is away takes nothing.
    if (s.backlog[other.index] !== null || s.queued[other.index] >= waiting) continue;
    s.counters.spilled++;
    return other;
  }
  return home;
}

/** Gives Marathon the number of replicas the engine wants. */
function scale(run: MesosRun, service: number, nowMs: number): void {
  const { s, setup } = run;
  const driver = s.drivers[setup.driverOfService[service]] ?? fail('services without Marathon');
  // A root framework keeps each of its schedulers up by itself.
  if (driver.plan.kind !== 'marathon') return;
  const { name } = setup.services[service];
  ask(run, driver, nowMs, (context, out) =>
    scaleApp(driver.state as MarathonState, name, s.wanted[service], context, out),
  );
}

/** A task's end: its resources go back, its framework hears of it, and the master forgets it. */
function endTask(run: MesosRun, note: Note & { kind: 'left' }, nowMs: number): void {
  const { s, setup } = run;
  const { tasks, hosts } = setup.context.cluster;
  const driver = s.drivers[note.driver];
  const { task, host } = note;
  if (note.change === CHANGE.finish) {
    finishTask(run, driver, task, host, nowMs);
    return;
  }
  const source = sourceOf(run, masterOf(run, driver).book.get(taskId(driver, task)) !== undefined, note);
  forgetTask(run, driver, task, 'TASK_LOST');
  const online = FRAMEWORK_KINDS[driver.plan.kind].runsServices;
  if (online) schedulerEnded(run, tasks.group[note.row], nowMs);
  const asked = driver.killed.delete(task);
  let status: TaskStatus;
  if (note.change === CHANGE.abandon) status = TaskStatus.Killed;
  else if (online && note.change !== CHANGE.fail) status = TaskStatus.Killed;
  else if (online && hosts.outages[host] === 0) status = TaskStatus.Failed;
  else if (online && driver.plan.partitionAware === true && source === 'master') {
    driver.unreachable.set(task, host);
    status = TaskStatus.Unreachable;
  } else if (online) status = TaskStatus.Lost;
  else if (tasks.id[note.row] !== note.id || s.waiting[note.row] === 0) {
    // The engine gave the task up: for its framework the run is over.
    risingDelete(driver.targetOfWork, note.work);
    status = endsByKill(driver) ? TaskStatus.Killed : TaskStatus.Finished;
  } else if (asked) status = killedStatus(run, driver, host);
  else status = note.change === CHANGE.fail && hosts.outages[host] === 0 ? TaskStatus.Failed : TaskStatus.Lost;
  if (source === 'nobody') missUpdate(run, driver, task, host);
  else tell(run, driver, { task, status, agent: host }, nowMs, source === 'master');
  if (asked && status === TaskStatus.Killed && !online && endsByKill(driver) && isDrained(s, host))
    abandon(run, driver, note.row, nowMs);
  if (online && note.change === CHANGE.abandon) run.s.shrunk.add(tasks.group[note.row]);
}

/** A task of a population has done its work. */
export function finishTask(run: MesosRun, driver: Driver, task: number, host: number, nowMs: number): void {
  forgetTask(run, driver, task, 'TASK_FINISHED');
  if (driver.killed.size > 0) driver.killed.delete(task);
  tell(run, driver, { task, status: TaskStatus.Finished, agent: host }, nowMs);
}

/** The master takes a task's resources back and forgets it. */
function forgetTask(run: MesosRun, driver: Driver, task: number, state: string): void {
  masterOf(run, driver).book.close(taskId(driver, task), state);
}

/**
 * Who tells a framework that its task is over: the agent, which repeats the update until it is acknowledged; the master, once, for an
 * agent that it gave up; nobody, when a new master gave up an agent that it never knew the tasks of.
 */
function sourceOf(run: MesosRun, masterKnows: boolean, { host, change }: Note & { kind: 'left' }) {
  const isHeard = run.s.agent[host] !== AGENT.unknown || (!run.s.silent.has(host) && !hostIsDead(run, host));
  if (isHeard || change === CHANGE.abandon) return 'agent';
  return masterKnows ? 'master' : 'nobody';
}

/** What a framework hears of a task that was killed: gone where its agent is drained for good and it knows such states. */
function killedStatus({ s }: MesosRun, driver: Driver, host: number): TaskStatus {
  const goes = s.closed.get(host)?.drain?.marksGone === true && driver.plan.partitionAware === true;
  return goes ? TaskStatus.Gone : TaskStatus.Killed;
}

/** A run that was killed and is over for its framework: nobody tries it again. */
function abandon(run: MesosRun, driver: Driver, row: number, nowMs: number): void {
  const work = run.s.workOfRow[row];
  const job = driver.jobs.get(work);
  if (job === undefined) risingDelete(driver.targetOfWork, work);
  else job.waiting.delete(row);
  giveUpRow(run, driver, row, nowMs);
}

/** Whether a killed run is over for this framework, not tried again. */
function endsByKill(driver: Driver): boolean {
  return driver.plan.kind === 'chronos' || driver.plan.kind === 'sisyphus';
}

function hostChanged(run: MesosRun, host: number, nowMs: number): void {
  const { s, setup } = run;
  if (!hostIsDead(run, host)) {
    hear(run, host, nowMs);
    return;
  }
  if (s.agent[host] === AGENT.registered) {
    masterOfHost(run, host).disconnectAgent(String(host));
    s.agent[host] = AGENT.disconnected;
  }
  closeExecutorsOn(run, host, TaskStatus.Lost, nowMs);
  // Emptied before it went down: nothing is waited for.
  if (setup.context.cluster.hosts.up[host] === 0 && s.agent[host] !== AGENT.unknown) loseHost(run, host);
  else silence(run, host, nowMs, Number.POSITIVE_INFINITY);
}

/** What policies sell as revocable CPU is told to the master where it changed. */
function tellRevocable(run: MesosRun): void {
  const { s, setup } = run;
  const { hosts } = setup.context.cluster;
  if (setup.plan.oversubscription.kind !== 'revocable') return;
  const batch = TIER.batch * hosts.count;
  for (let host = 0; host < hosts.count; host++) {
    const sold = Math.floor(hosts.soldMilliCpu[batch + host]);
    if (s.agent[host] !== AGENT.registered || sold === s.revocableMilliCpu[host]) continue;
    s.revocableMilliCpu[host] = sold;
    masterOfHost(run, host).updateOversubscribed(String(host), bagOf(s.kinds.revocableCpus, sold));
  }
}

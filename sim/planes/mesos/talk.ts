/** Messages between master and frameworks, carried until nobody has anything more to say at this moment. */

import { fail } from '../../../policies/base/assert.ts';
import { risingGet, risingSet } from '../../../policies/base/rising-map.ts';
import {
  ActionKind,
  type FrameworkActions,
  type FrameworkContext,
  isTerminal,
  type Offers,
  type StatusUpdate,
  TaskStatus,
} from '../../../policies/framework.ts';
import { DEFAULT_REFUSE_MS } from '../../../policies/mesos/allocator-state.ts';
import type { BulkOffers } from '../../../policies/mesos/bulk-offers.ts';
import type { MasterMessage, TaskId, TaskInfo } from '../../../policies/mesos/master-messages.ts';
import { subtractBags } from '../../../policies/mesos/resource-bag.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { launchDelayMs } from '../launch-pipeline.ts';
import { freeCards, gpusOf } from './agents.ts';
import { bulkColumns, type Driver, giveBack, offerColumns, parseTaskId, takeActions, taskId } from './driver.ts';
import { FRAMEWORK_KINDS } from './frameworks.ts';
import { runDropped, runDue, takeRun } from './job-runs.ts';
import { frameworkContext, type MesosRun, masterOf } from './mesos-run.ts';
import { agentGivenUp } from './partitions.ts';
import { launchBag } from './reservations.ts';

/** More rounds than this in one millisecond are an endless talk. */
const MOST_ROUNDS = 10_000;

/** Runs pending allocations and carries messages until all are heard. */
export function deliverAll(run: MesosRun, nowMs: number): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let said = 0;
    for (const master of run.s.masters) {
      master.settle();
      const messages = master.takeMessages();
      said += messages.length;
      for (const message of messages) deliver(run, message, nowMs);
    }
    if (said === 0) return;
  }
  fail(`master and frameworks do not come to an end at ${nowMs} ms`);
}

function deliver(run: MesosRun, message: MasterMessage, nowMs: number): void {
  const { s } = run;
  switch (message.type) {
    case 'offers': {
      const driver = driverByName(run, message.framework);
      s.counters.offers += message.offers.length;
      s.tally.offers[driver.index] += message.offers.length;
      const offers = offerColumns(run.pool, s.kinds, message.offers);
      offer(run, driver, offers, null, nowMs);
      break;
    }
    case 'bulkOffers':
      offerInBulk(run, message.bulk, nowMs);
      break;
    case 'rescind': {
      const driver = driverByName(run, message.framework);
      s.counters.rescinds++;
      ask(run, driver, nowMs, (context, out) => driver.framework.rescind(driver.state, message.offerId, context, out));
      break;
    }
    case 'runTask':
      runTask(run, message.task, Number(message.agent), nowMs);
      break;
    case 'inverseOffer':
      answerInverseOffer(run, message.framework, message.agent, nowMs);
      break;
    case 'agentUnreachable':
      agentGivenUp(run, Number(message.agent), nowMs);
      break;
    case 'killTask':
      killTask(run, message.task, nowMs);
      break;
    case 'status':
      statusFromMaster(run, message.status.task, message.status.state, nowMs);
      break;
    default:
      // Errors, lost agents and shutdowns of frameworks change nothing here: what they mean is told task by task.
      break;
  }
}

/** Whole agents at once: asked about while they are not booked, or, when the master had to keep them meanwhile, like any other. */
function offerInBulk(run: MesosRun, bulk: BulkOffers, nowMs: number): void {
  const { s } = run;
  const driver = driverByName(run, bulk.framework);
  s.counters.offers += bulk.rows.length;
  s.tally.offers[driver.index] += bulk.rows.length;
  const offers =
    bulk.kept.length > 0
      ? offerColumns(run.pool, s.kinds, bulk.kept)
      : bulkColumns(run.pool, s.kinds, bulk, masterOf(run, driver).allocator.ledger.columns);
  offer(run, driver, offers, bulk.kept.length > 0 ? null : bulk, nowMs);
  masterOf(run, driver).keepRest(bulk);
}

/** Offers to a framework and does what it answers; `bulk` when they are those of a bulk. */
function offer(run: MesosRun, driver: Driver, offers: Offers, bulk: BulkOffers | null, nowMs: number): void {
  const out = takeActions(run.pool);
  driver.framework.resourceOffers(driver.state, offers, frameworkContext(run, nowMs), out);
  if (out.count > 0) perform(run, driver, out, nowMs, offers, bulk);
  giveBack(run.pool);
}

function driverByName(run: MesosRun, name: string): Driver {
  return run.s.drivers.find((driver) => driver.plan.name === name) ?? fail(`no framework "${name}"`);
}

/** The master let a task start: its row is bound, and runs when the host's daemon has created the container. */
function runTask(run: MesosRun, id: TaskId, host: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const launch = s.launches.get(id) ?? fail(`task ${id} was not launched`);
  s.launches.delete(id);
  const driver = s.drivers[parseTaskId(id)[0]];
  const { row, task } = launch;
  s.counters.launches++;
  s.tally.launches[driver.index]++;
  s.tally.launchesOn[host]++;
  s.waiting[row] = 0;
  s.taskOfRow[row] = task;
  s.workOfRow[row] = launch.work;
  risingSet(driver.rowOfTask, task, row);
  const group = tasks.group[row];
  const image = tasks.kind[row] === TASK_KIND.online ? group : setup.services.length + group;
  const online = tasks.kind[row] === TASK_KIND.online;
  if (!online) s.queued[driver.index]--;
  // A host that is cut off hears of the launch when it is back, if it is back in time.
  const healMs = s.silent.get(host)?.healMs ?? nowMs;
  const delayMs = healMs - nowMs + launchDelayMs(s.pipeline, setup.plan.launch, host, image, healMs);
  const { cluster } = setup.context;
  const gpus = gpusOf(cluster, row);
  setup.context.bind(row, host, nowMs, delayMs, gpus === 0 ? 0 : freeCards(cluster.hosts.gpus, host, gpus));
}

function killTask(run: MesosRun, id: TaskId, nowMs: number): void {
  const [index, task] = parseTaskId(id);
  const driver = run.s.drivers[index];
  const row = risingGet(driver.rowOfTask, task);
  if (row === undefined) return;
  driver.killed.add(task);
  run.setup.context.evict(row, nowMs, EVICT_REASON.preempted);
}

/** What the master says of a task by itself: a launch that came too late, or the end of a framework or an agent. */
function statusFromMaster(run: MesosRun, id: TaskId, state: string, nowMs: number): void {
  const { s, setup } = run;
  const [index, task] = parseTaskId(id);
  const driver = s.drivers[index];
  const launch = s.launches.get(id);
  if (state === 'TASK_ERROR') fail(`the master refused task ${id} of ${driver.plan.name}`);
  if (launch !== undefined) {
    s.launches.delete(id);
    const { tasks } = setup.context.cluster;
    if (tasks.kind[launch.row] === TASK_KIND.online) s.waitingOf[tasks.group[launch.row]].add(launch.row);
    else driver.jobs.get(launch.work)?.waiting.add(launch.row);
    tell(run, driver, { task, status: TaskStatus.Lost, agent: -1 }, nowMs);
    return;
  }
  const row = risingGet(driver.rowOfTask, task);
  if (row === undefined) {
    foundOver(run, driver, task, nowMs);
    return;
  }
  if (state === 'TASK_RUNNING') {
    tell(run, driver, { task, status: TaskStatus.Running, agent: setup.context.cluster.tasks.host[row] }, nowMs, true);
    return;
  }
  if (state === 'TASK_UNREACHABLE') {
    const agent = setup.context.cluster.tasks.host[row];
    tell(run, driver, { task, status: TaskStatus.Unreachable, agent }, nowMs, true);
    return;
  }
  // The container is stopped; its end is told to the framework when the engine has taken it off its host.
  setup.context.evict(row, nowMs, EVICT_REASON.drained);
}

/** Every framework agrees to leave, once: what it has there is moved when the window begins. */
function answerInverseOffer(run: MesosRun, name: string, agent: string, nowMs: number): void {
  run.s.counters.inverseOffers++;
  const { allocator } = masterOf(run, driverByName(run, name));
  const startMs = allocator.ledger.agents.get(agent)?.maintenance?.startMs ?? nowMs;
  allocator.updateInverseOffer(agent, name, 'ACCEPT', Math.max(DEFAULT_REFUSE_MS, startMs - nowMs));
}

/**
 * Tells a framework about a task, or keeps the update until its scheduler listens again.
 *
 * Agents repeat their updates until they are acknowledged; what the master says by itself (`once`) is lost on a scheduler that is away.
 */
export function tell(run: MesosRun, driver: Driver, update: StatusUpdate, nowMs: number, once = false): void {
  run.s.counters.updates++;
  const backlog = run.s.backlog[driver.index];
  if (backlog !== null) {
    if (!once) backlog.push(update);
    else if (isTerminal(update.status)) missUpdate(run, driver, update.task, update.agent);
    return;
  }
  const out = takeActions(run.pool);
  driver.framework.statusUpdate(driver.state, update, frameworkContext(run, nowMs), out);
  follow(run, driver, out, nowMs);
}

/** A task is over, and its framework goes on believing in it until it asks. */
export function missUpdate(run: MesosRun, driver: Driver, task: number, host: number): void {
  run.s.counters.unheard++;
  driver.unheard.set(task, host);
}

/**
 * A framework asks for the state of every task it knows.
 *
 * Answers for tasks that run say what it knows already: they are counted as messages and not carried. Of the others the master says what
 * it knows of their agents: nothing yet while a new master waits for an agent, lost after that.
 */
function reconcile(run: MesosRun, driver: Driver): void {
  run.s.counters.updates += driver.rowOfTask.size;
  const master = masterOf(run, driver);
  for (const [task, host] of driver.unheard) master.reconcile(driver.plan.name, taskId(driver, task), String(host));
}

/** The master answers that a task is over which its framework believed in. */
function foundOver(run: MesosRun, driver: Driver, task: number, nowMs: number): void {
  const host = driver.unheard.get(task);
  if (host === undefined) return;
  driver.unheard.delete(task);
  run.s.counters.reconciled++;
  tell(run, driver, { task, status: TaskStatus.Lost, agent: host }, nowMs, true);
}

/** Calls a framework and does what it answers. */
export function ask(
  run: MesosRun,
  driver: Driver,
  nowMs: number,
  call: (context: FrameworkContext, out: FrameworkActions) => void,
): void {
  const out = takeActions(run.pool);
  call(frameworkContext(run, nowMs), out);
  follow(run, driver, out, nowMs);
}

/** Does what a framework answered, now or at the next wake, and gives the rows back. */
function follow(run: MesosRun, driver: Driver, out: FrameworkActions, nowMs: number): void {
  if (out.count > 0) {
    if (run.awake) perform(run, driver, out, nowMs);
    else run.s.notes.push({ kind: 'answers', driver: driver.index, rows: structuredClone(out) });
  }
  giveBack(run.pool);
}

/** Does what a framework answered, in its order; `offers` and `bulk` are those it was asked about. */
export function perform(
  run: MesosRun,
  driver: Driver,
  out: FrameworkActions,
  nowMs: number,
  offers: Offers | null = null,
  bulk: BulkOffers | null = null,
): void {
  const { counters } = run.s;
  const master = masterOf(run, driver);
  const { name } = driver.plan;
  // A framework that was removed, or has not found the new master yet, talks to nobody; its own queue goes on.
  const heard = master.allocator.ledger.frameworks.has(name);
  const accepted = new Set<number>();
  for (let i = 0; i < out.count; i++) {
    if (!heard && out.kind[i] !== ActionKind.Due && out.kind[i] !== ActionKind.Drop) continue;
    switch (out.kind[i]) {
      case ActionKind.Launch:
        if (accepted.has(out.offer[i])) break;
        accepted.add(out.offer[i]);
        accept(run, driver, out, i, nowMs);
        break;
      case ActionKind.Decline:
        counters.declines++;
        master.declineOne(name, out.offer[i], out.refuseMs[i]);
        break;
      case ActionKind.DeclineRest:
        counters.declines += declineRest(run, driver, out, i, offers, bulk);
        break;
      case ActionKind.Suppress:
        // The call came with Mesos 0.25; an older master never hears it.
        if (run.setup.plan.variant === 'modern') master.suppress(name, []);
        break;
      case ActionKind.Revive:
        counters.revives++;
        master.revive(name, []);
        break;
      case ActionKind.Kill:
        killTask(run, taskId(driver, out.task[i]), nowMs);
        break;
      case ActionKind.Deactivate:
        run.s.backlog[driver.index] ??= [];
        master.deactivate(name);
        break;
      case ActionKind.Exit:
        run.s.backlog[driver.index] ??= [];
        master.disconnect(name);
        break;
      case ActionKind.Due:
        runDue(run, driver, out.work[i], nowMs);
        break;
      case ActionKind.Drop:
        runDropped(run, driver, out.work[i], nowMs);
        break;
      case ActionKind.Reconcile:
        reconcile(run, driver);
        break;
      default:
        fail(`${name} does what no framework does: ${out.kind[i]}`);
    }
  }
}

/** Declines the offers of a call that no row before row `at` names; how many. */
function declineRest(
  run: MesosRun,
  driver: Driver,
  out: FrameworkActions,
  at: number,
  offers: Offers | null,
  bulk: BulkOffers | null,
): number {
  const master = masterOf(run, driver);
  if (bulk !== null) return master.declineRest(bulk, out.refuseMs[at]);
  if (offers === null) return 0;
  const named = new Set(out.offer.subarray(0, at));
  let declined = 0;
  for (let i = 0; i < offers.count; i++) {
    if (named.has(offers.id[i])) continue;
    master.declineOne(driver.plan.name, offers.id[i], out.refuseMs[at]);
    declined++;
  }
  return declined;
}

/** One ACCEPT: every launch of this call that names the offer of row `first`. */
function accept(run: MesosRun, driver: Driver, out: FrameworkActions, first: number, nowMs: number): void {
  const { s } = run;
  const offer = out.offer[first];
  const tasks: TaskInfo[] = [];
  const refused: number[] = [];
  let refuseMs = 0;
  let offered = s.kinds.withReservations ? masterOf(run, driver).offers.get(offer)?.bag : undefined;
  for (let i = first; i < out.count; i++) {
    if (out.kind[i] !== ActionKind.Launch || out.offer[i] !== offer) continue;
    refuseMs = out.refuseMs[i];
    const task = out.task[i];
    const row = rowFor(run, driver, out.work[i], nowMs);
    if (row < 0) {
      refused.push(task);
      continue;
    }
    const id = taskId(driver, task);
    s.launches.set(id, { row, task, work: out.work[i] });
    const gpus = gpusOf(run.setup.context.cluster, row);
    const bag = launchBag(
      s.kinds,
      offered,
      out.milliCpu[i],
      out.memMiB[i],
      out.diskMiB[i],
      gpus,
      out.revocable[i] === 1,
    );
    if (offered !== undefined && s.kinds.withReservations) offered = subtractBags(offered, bag);
    tasks.push({ id, bag, executor: null });
  }
  masterOf(run, driver).accept(driver.plan.name, [offer], [{ type: 'launch', tasks }], refuseMs);
  // Work that was withdrawn meanwhile is over, whatever the framework believes.
  for (const task of refused) tell(run, driver, { task, status: TaskStatus.Finished, agent: -1 }, nowMs);
}

/** The waiting row that a launch of `work` is for; -1 when nothing waits for it any more. */
function rowFor(run: MesosRun, driver: Driver, work: number, nowMs: number): number {
  const { s } = run;
  const job = driver.jobs.get(work);
  if (job !== undefined) return takeRun(job);
  const target = risingGet(driver.targetOfWork, work);
  if (target === undefined) return -1;
  if (!FRAMEWORK_KINDS[driver.plan.kind].runsServices) return s.waiting[target] === 1 ? target : -1;
  const rows = s.waitingOf[target];
  for (const row of rows) {
    rows.delete(row);
    return row;
  }
  return replacedRow(run, target, nowMs);
}

/** A replica that its framework replaces because its agent is not heard: the old one stops to count, and its row is for the new one. */
function replacedRow(run: MesosRun, service: number, nowMs: number): number {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    if (tasks.group[row] !== service || s.taskOfRow[row] < 0 || s.silent.get(tasks.host[row])?.lost !== true) continue;
    setup.context.evict(row, nowMs, EVICT_REASON.drained);
    s.waitingOf[service].delete(row);
    return row;
  }
  return -1;
}

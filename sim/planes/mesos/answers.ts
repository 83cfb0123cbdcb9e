/** What frameworks answer, done at their master in their order: launches, declines, kills, and runs of their own clock. */
import { fail } from '../../../policies/base/assert.ts';
import { risingDelete, risingGet, risingSet } from '../../../policies/base/rising-map.ts';
import {
  ActionKind,
  type FrameworkActions,
  type FrameworkContext,
  type Offers,
  TaskStatus,
} from '../../../policies/framework.ts';
import type { BulkOffers } from '../../../policies/mesos/bulk-offers.ts';
import type { TaskId, TaskInfo } from '../../../policies/mesos/master-messages.ts';
import { subtractBags } from '../../../policies/mesos/resource-bag.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { gpusOf } from './agents.ts';
import { stopTask } from './closed-agents.ts';
import { type Driver, driverOfTask, giveBack, takeActions, taskId, taskNumber } from './driver.ts';
import { closeExecutor } from './executors.ts';
import { FRAMEWORK_KINDS } from './frameworks.ts';
import { runDropped, runDue, takeRun } from './job-runs.ts';
import { frameworkContext, type MesosRun, masterOf } from './mesos-run.ts';
import { hostIsDead } from './partitions.ts';
import { launchBag } from './reservations.ts';
import { launchBeside } from './spare-replicas.ts';
import { isExecutor } from './spark-apps.ts';
import { reconcile, tell } from './updates.ts';

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
export function follow(run: MesosRun, driver: Driver, out: FrameworkActions, nowMs: number): void {
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
  // Offers whose launches are done.
  let accepted: Set<number> | undefined;
  for (let i = 0; i < out.count; i++) {
    if (!heard && out.kind[i] !== ActionKind.Due && out.kind[i] !== ActionKind.Drop) continue;
    switch (out.kind[i]) {
      case ActionKind.Launch:
        if (accepted?.has(out.offer[i]) === true) break;
        accepted ??= new Set();
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
    const hasNoRow = isExecutor(run, driver, task);
    const row = hasNoRow ? -1 : rowFor(run, driver, out.work[i], nowMs);
    if (row < 0 && !hasNoRow) {
      refused.push(task);
      continue;
    }
    const id = taskId(driver, task);
    if (row >= 0) {
      s.taskOfRow[row] = task;
      s.workOfRow[row] = out.work[i];
      risingSet(driver.rowOfTask, task, row);
    }
    const gpus = row < 0 ? 0 : gpusOf(run.setup.context.cluster, row);
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
  if (!FRAMEWORK_KINDS[driver.plan.kind].runsServices) {
    if (s.waiting[target] === 0) return -1;
    risingDelete(driver.targetOfWork, work);
    return target;
  }
  const rows = s.waitingOf[target];
  for (const row of rows) {
    rows.delete(row);
    return row;
  }
  return launchBeside(run, target, nowMs);
}

/**
 * A framework or the master has a task killed: it is stopped when its grace period is over, at once where it has none or its host is dead.
 * One that is over already is left alone. A kill does not reach a replica whose agent is not heard: its framework sends it again.
 */
export function killTask(run: MesosRun, id: TaskId, nowMs: number, maxGraceMs = Number.POSITIVE_INFINITY): void {
  const { s, setup } = run;
  const driver = driverOfTask(s.drivers, id);
  const task = taskNumber(driver, id);
  // An executor has no row, and no work of its own to bring to an end.
  closeExecutor(run, driver, task, TaskStatus.Killed, nowMs);
  const row = risingGet(driver.rowOfTask, task);
  // One that is still on its way to its agent is not known there.
  if (row === undefined || s.waiting[row] === 1) return;
  const { tasks } = setup.context.cluster;
  const host = tasks.host[row];
  if (tasks.kind[row] === TASK_KIND.online && s.silent.has(host)) return;
  driver.killed.add(task);
  const graceMs = hostIsDead(run, host) ? 0 : Math.min(driver.plan.killGraceMs ?? 0, maxGraceMs);
  if (graceMs === 0) {
    stopTask(run, row, nowMs);
    return;
  }
  s.dying.push({ atMs: nowMs + graceMs, id });
  s.dying.sort((a, b) => a.atMs - b.atMs);
}

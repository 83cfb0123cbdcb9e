/** Status updates on their way to a scheduler: told, kept for one that is away, missed, and found again by reconciling. */
import { isTerminal, type StatusUpdate, TaskStatus } from '../../../policies/framework.ts';
import { follow } from './answers.ts';
import { type Driver, takeActions, taskId } from './driver.ts';
import { frameworkContext, type MesosRun, masterOf } from './mesos-run.ts';
import { rowsOnHost } from './registration.ts';

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
 * it knows of their agents: nothing yet while a new master waits for an agent, lost after that, unreachable to those that are partition-aware.
 */
export function reconcile(run: MesosRun, driver: Driver): void {
  run.s.counters.updates += driver.rowOfTask.size;
  const master = masterOf(run, driver);
  const { name, partitionAware } = driver.plan;
  for (const [task, host] of driver.unheard) master.reconcile(name, taskId(driver, task), String(host));
  if (partitionAware !== true) return;
  for (const [task, host] of driver.unreachable) master.reconcile(name, taskId(driver, task), String(host));
  for (const [host, { lost }] of run.s.silent)
    if (lost)
      for (const [task] of rowsOnHost(run, driver, host)) master.reconcile(name, taskId(driver, task), String(host));
}

/** The master answers about a replica whose host died: still unreachable, or gone. */
export function foundUnreachable(run: MesosRun, driver: Driver, task: number, state: string, nowMs: number): void {
  const agent = driver.unreachable.get(task) ?? -1;
  if (state !== 'TASK_UNREACHABLE') driver.unreachable.delete(task);
  const status = state === 'TASK_UNREACHABLE' ? TaskStatus.Unreachable : TaskStatus.Gone;
  tell(run, driver, { task, status, agent }, nowMs, true);
}

/** A host that died is heard again: its agent says that the replicas from before are gone. */
export function tellGone(run: MesosRun, host: number, nowMs: number): void {
  for (const driver of run.s.drivers)
    for (const [task, agent] of driver.unreachable) {
      if (agent !== host) continue;
      driver.unreachable.delete(task);
      tell(run, driver, { task, status: TaskStatus.Gone, agent }, nowMs);
    }
}

/** The master answers that a task is over which its framework believed in. */
export function foundOver(run: MesosRun, driver: Driver, task: number, nowMs: number): void {
  const host = driver.unheard.get(task);
  if (host === undefined) return;
  driver.unheard.delete(task);
  run.s.counters.reconciled++;
  tell(run, driver, { task, status: TaskStatus.Lost, agent: host }, nowMs, true);
}

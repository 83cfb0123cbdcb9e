/**
 * Maintenance of hosts: announced by inverse offers, emptied at the start of the window, back in use at its end.
 *
 * Frameworks agree to every inverse offer; what they still have there when the window begins is moved, as by a drain.
 */
import { risingGet } from '../../../policies/base/rising-map.ts';
import { TaskStatus } from '../../../policies/framework.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import type { MesosIncidentPlan } from '../../plan/mesos.ts';
import { driverOfTask, taskNumber } from './driver.ts';
import { closeExecutorsOn } from './executors.ts';
import { AGENT, type MesosRun, masterOfHost } from './mesos-run.ts';

/** Announces, begins and ends what is due; a window that is over leaves nothing behind. */
export function maintain(run: MesosRun, nowMs: number): void {
  for (const window of windows(run)) {
    const { atMs, lastsMs, noticeMs, hosts } = window;
    for (const host of hosts) {
      const known = run.s.agent[host] !== AGENT.unknown;
      if (noticeMs > 0 && nowMs === atMs - noticeMs && known)
        masterOfHost(run, host).allocator.updateUnavailability(String(host), atMs);
      if (nowMs === atMs) begin(run, host, known, nowMs);
      if (nowMs === atMs + lastsMs && run.s.inMaintenance.delete(host) && known) end(run, host);
    }
  }
}

/** When the next of that is due after the last wake; a time that has passed is never. */
export function nextMaintenanceMs(run: MesosRun): number {
  const nowMs = run.now.nowMs;
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { atMs, lastsMs, noticeMs } of windows(run))
    for (const dueMs of [atMs - noticeMs, atMs, atMs + lastsMs]) if (dueMs > nowMs && dueMs < nextMs) nextMs = dueMs;
  return nextMs;
}

function windows(run: MesosRun): readonly MesosIncidentPlan[] {
  return run.setup.maintenance;
}

function begin(run: MesosRun, host: number, known: boolean, nowMs: number): void {
  const master = masterOfHost(run, host);
  const id = String(host);
  run.s.inMaintenance.add(host);
  if (!known) return;
  master.allocator.deactivateAgent(id);
  master.rescindWhere((offer) => offer.agent === id);
  closeExecutorsOn(run, host, TaskStatus.Killed, nowMs);
  for (const task of master.book.holding('agent', id)) {
    const driver = driverOfTask(run.s.drivers, task.id);
    const row = risingGet(driver.rowOfTask, taskNumber(driver, task.id));
    if (row !== undefined) run.setup.context.evict(row, nowMs, EVICT_REASON.drained);
  }
}

function end(run: MesosRun, host: number): void {
  const { allocator } = masterOfHost(run, host);
  // An agent that is dead or away is let in when it is back.
  if (run.s.agent[host] === AGENT.registered && !run.s.closed.has(host)) allocator.activateAgent(String(host));
  allocator.updateUnavailability(String(host), null);
}

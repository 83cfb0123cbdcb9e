/**
 * Frameworks whose scheduler is itself a task of the cluster: it is lost while its service does not run, and subscribes anew when it does.
 *
 *   outage = detection of the loss + back-off + wait for an offer + start + subscribe
 */
import { childSubscribed, type RootState } from '../../../policies/root-framework/framework.ts';
import type { Driver } from './driver.ts';
import { comeBack } from './incidents.ts';
import { type MesosRun, masterOf } from './mesos-run.ts';

/** A replica of `service` ended: the frameworks it schedules for are without scheduler. */
export function schedulerEnded(run: MesosRun, service: number, nowMs: number): void {
  const { s, setup } = run;
  const { name } = setup.services[service];
  for (const driver of s.drivers) {
    if (driver.plan.scheduler !== name || s.backlog[driver.index] !== null) continue;
    s.backlog[driver.index] = [];
    s.outages.push({ driver: driver.index, fromMs: nowMs, toMs: Number.POSITIVE_INFINITY });
    masterOf(run, driver).disconnect(driver.plan.name);
  }
}

/** Whether the process of a framework's scheduler does not run: its clocks stand, and what was due meanwhile is late when it is back. */
export function isDead(run: MesosRun, driver: Driver): boolean {
  return driver.plan.scheduler !== '' && run.s.backlog[driver.index] !== null;
}

/** A replica of `service` runs again. */
export function schedulerStarted(run: MesosRun, service: number, nowMs: number): void {
  const { s, setup } = run;
  const { name } = setup.services[service];
  for (const driver of s.drivers) {
    if (driver.plan.scheduler !== name || s.backlog[driver.index] === null) continue;
    const outage = s.outages.find((other) => other.driver === driver.index && other.toMs === Number.POSITIVE_INFINITY);
    if (outage !== undefined) outage.toMs = nowMs;
    comeBack(run, driver, nowMs);
    const parent = s.drivers[setup.driverOfService[service]];
    if (parent.plan.kind === 'root-framework') childSubscribed(parent.state as RootState, name, nowMs);
  }
}

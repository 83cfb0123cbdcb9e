/**
 * Health checks of Marathon on hosts that died: a replica there answers nobody, and is killed and started elsewhere when its check has failed
 * often enough, which may be before the master gives the agent up.
 *
 * Approximations: a replica on a living host passes every check, and counts as healthy from its start, not from its first check.
 */
import { killUnhealthyTask } from '../../../policies/marathon/framework.ts';
import { killedAtMs } from '../../../policies/marathon/health-check.ts';
import { healthCheckOf, type MarathonState } from '../../../policies/marathon/state.ts';
import { ask } from './answers.ts';
import type { MesosRun } from './mesos-run.ts';
import { rowsOnHost } from './registration.ts';

/** Plans the kills of replicas on a host that died now. */
export function watchDeadHost(run: MesosRun, host: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  for (const driver of s.drivers) {
    const check = driver.plan.kind === 'marathon' ? healthCheckOf((driver.state as MarathonState).config) : null;
    if (check === null) continue;
    for (const [task, row] of rowsOnHost(run, driver, host)) {
      const atMs = killedAtMs(check, tasks.startedAtMs[row], nowMs);
      if (atMs < Infinity) s.unhealthy.push({ atMs, row, task, host });
    }
  }
  s.unhealthy.sort((a, b) => a.atMs - b.atMs);
}

/** Kills the replicas whose checks have failed; those whose host is back, or that are elsewhere by now, are left alone. */
export function killUnhealthy(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  const { hosts } = setup.context.cluster;
  while (s.unhealthy.length > 0 && s.unhealthy[0].atMs <= nowMs) {
    const [{ row, task, host }] = s.unhealthy.splice(0, 1);
    if (hosts.outages[host] === 0 || s.taskOfRow[row] !== task) continue;
    const driver = s.drivers[setup.driverOfService[setup.context.cluster.tasks.group[row]]];
    ask(run, driver, nowMs, (context, out) => killUnhealthyTask(driver.state as MarathonState, task, context, out));
  }
}

/** When the next of them is due. */
export function nextUnhealthyMs(run: MesosRun): number {
  return run.s.unhealthy[0]?.atMs ?? Infinity;
}

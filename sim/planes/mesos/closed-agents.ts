/**
 * Agents that an operator has taken out of allocation: deactivated ones, whose tasks run on, and drained ones, whose tasks are killed.
 *
 * A drain reaches an agent that is not heard when it is heard again. A task that is asked to end runs on for its grace period
 * (`killGracePeriod` of its framework, at most the drain's bound); then it is stopped. Upstream's grace is the most a task may take; a task
 * here takes all of it, unless its work is done before. An agent is drained when its last task is over, and gone then if the drain says so.
 * It stays out until it is taken back, also with a new master. Source: Mesos docs/maintenance.md, src/master/http.cpp (drainAgent,
 * reactivateAgent), src/slave/slave.cpp (drain).
 */
import { fail } from '../../../policies/base/assert.ts';
import { risingGet } from '../../../policies/base/rising-map.ts';
import { deactivateAgent, drainAgent, isEmptied } from '../../../policies/mesos/master-operator.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { driverOfTask, taskNumber } from './driver.ts';
import { AGENT, type Closure, type MesosRun, masterOfHost } from './mesos-run.ts';
import { hasSurplus, takeAway } from './spare-replicas.ts';

/** Takes an agent out of allocation; '' when done, else why not. */
export function closeAgent(run: MesosRun, host: number, drain: Closure['drain']): string {
  const known = run.s.closed.get(host);
  if (known?.gone === true) return `agent ${host} has been marked gone`;
  if (known !== undefined && known.drain !== null && drain === null) return `agent ${host} is drained already`;
  run.s.closed.set(host, { drain, asked: false, emptyAtMs: -1, gone: false });
  if (run.s.agent[host] === AGENT.registered) deactivateAgent(masterOfHost(run, host), String(host));
  return '';
}

/** Offers an agent again from the next batch on; '' when done, else why not. */
export function reopenAgent(run: MesosRun, host: number): string {
  const { s } = run;
  const closure = s.closed.get(host);
  if (closure === undefined) return `agent ${host} is not deactivated`;
  if (closure.gone) return `agent ${host} has been marked gone`;
  if (closure.drain !== null && closure.emptyAtMs < 0) return `agent ${host} is still draining`;
  s.closed.delete(host);
  s.tally.reopened++;
  if (s.agent[host] === AGENT.registered && !s.inMaintenance.has(host))
    masterOfHost(run, host).allocator.activateAgent(String(host));
  return '';
}

/** Asks the tasks of a draining agent to end, if it hears that. */
export function drainNow(run: MesosRun, host: number): void {
  const { s } = run;
  const closure = s.closed.get(host);
  if (closure === undefined || closure.drain === null || closure.asked) return;
  if (s.agent[host] !== AGENT.registered || s.silent.has(host)) return;
  closure.asked = true;
  s.tally.drainKills += drainAgent(masterOfHost(run, host), String(host), closure.drain.maxGraceMs ?? undefined);
}

/** What an agent that registers, or is heard again, is not told otherwise: it stays closed, and a drain that waited for it begins. */
export function keepClosed(run: MesosRun, host: number): void {
  if (run.s.inMaintenance.has(host) || run.s.closed.has(host))
    masterOfHost(run, host).allocator.deactivateAgent(String(host));
  drainNow(run, host);
}

/** Stops tasks whose grace period is over, and finds the agents that are drained by now. */
export function endDrains(run: MesosRun, nowMs: number): void {
  const { s } = run;
  while (s.dying.length > 0 && s.dying[0].atMs <= nowMs) {
    const { id } = s.dying.shift() ?? fail('a task is dying');
    const driver = driverOfTask(s.drivers, id);
    const row = risingGet(driver.rowOfTask, taskNumber(driver, id));
    if (row !== undefined) stopTask(run, row, nowMs);
  }
  for (const [host, closure] of s.closed) {
    const { drain } = closure;
    if (drain === null || !closure.asked || closure.emptyAtMs >= 0 || s.agent[host] === AGENT.unknown) continue;
    const master = masterOfHost(run, host);
    if (!isEmptied(master, String(host))) continue;
    closure.emptyAtMs = nowMs;
    s.tally.drained++;
    s.tally.drainMs = Math.max(s.tally.drainMs, nowMs - drain.fromMs);
    if (!drain.marksGone) continue;
    closure.gone = true;
    master.loseAgent(String(host), 'gone');
  }
}

/** Takes a killed task off its host: a replica too many for good, anything else until it finds another place. */
export function stopTask(run: MesosRun, row: number, nowMs: number): void {
  const { context } = run.setup;
  const { tasks } = context.cluster;
  if (tasks.kind[row] === TASK_KIND.online && hasSurplus(run, tasks.group[row])) takeAway(run, row, nowMs);
  else context.evict(row, nowMs, isDrained(run.s, tasks.host[row]) ? EVICT_REASON.drained : EVICT_REASON.preempted);
}

/** Whether what is killed on a host is killed because an operator drains it. */
export function isDrained({ closed }: Pick<MesosRun['s'], 'closed'>, host: number): boolean {
  return (closed.get(host)?.drain ?? null) !== null;
}

/**
 * Hosts that the master cannot hear: cut off by the network, or dead. What runs on a host that is cut off runs on; what ends there is told
 * when the host is heard again.
 *
 * Back before the master gives the agent up (its pings, and the limit on removals) it registers again with all its tasks and its updates are
 * delivered: nothing is lost. After that tasks of frameworks that are not partition-aware are lost, those of the others are unreachable
 * and come back with their agent.
 *
 * Approximations: a task that is lost stops at once, where in truth it runs on until the agent is back and hears of it (its work would be
 * thrown away, its CPU used meanwhile is left out: at most the length of the partition a task). A task that ended behind the partition is
 * not run a second time.
 */
import { EVICT_REASON } from '../../../policies/ports.ts';
import { CHANGE } from '../../cluster/apply.ts';
import { drainNow } from './closed-agents.ts';
import { AGENT, type MesosRun, masterOfHost, type Note, type Silence } from './mesos-run.ts';
import { workOffNow } from './notes.ts';
import { reconnectHost, registerAgent, rowsOnHost } from './registration.ts';
import { tellGone } from './updates.ts';

/** The master hears nothing of a host from now on; `healMs` is Infinity for a dead one, which is heard when it is up again. */
export function silence(run: MesosRun, host: number, nowMs: number, healMs: number): void {
  const known = run.s.silent.get(host);
  if (known !== undefined) {
    known.healMs = Math.max(known.healMs, healMs);
    return;
  }
  if (healMs < Number.POSITIVE_INFINITY) run.s.tally.cutOff++;
  run.s.silent.set(host, { fromMs: nowMs, healMs, lost: false, notes: [] });
  if (run.s.agent[host] !== AGENT.unknown) masterOfHost(run, host).agents.fallSilent(String(host), nowMs);
}

/** Where a note waits until its host is heard; null when it is heard now. */
export function waitsIn(run: MesosRun, note: Note): Silence | null {
  if (note.kind !== 'started' && note.kind !== 'left') return null;
  const silent = run.s.silent.get(note.host);
  if (silent === undefined || !silent.lost) return silent ?? null;
  // Given up: what the control plane itself took away there, and what died with its host, is known.
  if (note.kind === 'left' && (note.change === CHANGE.evict || note.change === CHANGE.abandon)) return null;
  return hostIsDead(run, note.host) ? null : silent;
}

/** The master gave an agent up: whoever waits for a new place because of it hears so now. */
export function agentGivenUp(run: MesosRun, host: number, nowMs: number): void {
  const { s } = run;
  s.agent[host] = AGENT.unknown;
  s.revocableMilliCpu[host] = 0;
  const silent = s.silent.get(host);
  if (silent === undefined) return;
  silent.lost = true;
  s.tally.givenUp++;
  if (silent.healMs < Number.POSITIVE_INFINITY) countCutOff(run, host);
  const { notes } = silent;
  silent.notes = notes.filter((note) => note.kind !== 'left' || note.change === CHANGE.finish);
  for (const note of notes) if (note.kind === 'left' && note.change !== CHANGE.finish) workOffNow(run, note, nowMs);
}

/** What runs on an agent that is given up behind a partition. */
function countCutOff(run: MesosRun, host: number): void {
  const { tally, drivers } = run.s;
  tally.cutOffGivenUp++;
  for (const driver of drivers) {
    const tasks = [...rowsOnHost(run, driver, host)].length;
    if (driver.plan.partitionAware === true) tally.cutOffUnreachable += tasks;
    else tally.cutOffLost += tasks;
  }
}

/** Hosts whose partition is over are heard. */
export function hearSilence(run: MesosRun, nowMs: number): void {
  for (const [host, { healMs }] of run.s.silent) if (healMs <= nowMs) hear(run, host, nowMs);
}

/** A host is heard again: its agent registers or goes on, and what happened meanwhile is told. */
export function hear(run: MesosRun, host: number, nowMs: number): void {
  const { s } = run;
  const silent = s.silent.get(host);
  s.silent.delete(host);
  if (silent !== undefined && !silent.lost) {
    if (silent.healMs < Number.POSITIVE_INFINITY) s.tally.cutOffHeard++;
    if (masterOfHost(run, host).agents.isOverdue(String(host))) s.tally.spared++;
  }
  if (s.agent[host] === AGENT.unknown) {
    shutDownStrangers(run, host, nowMs);
    registerAgent(run, host);
  } else {
    masterOfHost(run, host).agents.hear(String(host));
    if (s.agent[host] === AGENT.disconnected) reconnectHost(run, host);
    else drainNow(run, host);
  }
  for (const note of silent?.notes ?? []) workOffNow(run, note, nowMs);
  tellGone(run, host, nowMs);
}

/** When the next partition ends. */
export function nextSilenceMs(run: MesosRun): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { healMs } of run.s.silent.values()) nextMs = Math.min(nextMs, healMs);
  return nextMs;
}

/** Tasks that the master does not take back with their agent end there. */
function shutDownStrangers(run: MesosRun, host: number, nowMs: number): void {
  const master = masterOfHost(run, host);
  for (const driver of run.s.drivers) {
    if (master.takesBack(String(host), driver.plan.name)) continue;
    for (const [, row] of [...rowsOnHost(run, driver, host)]) run.setup.context.evict(row, nowMs, EVICT_REASON.drained);
  }
}

/** Whether the host itself is out of order. */
export function hostIsDead(run: MesosRun, host: number): boolean {
  const { hosts } = run.setup.context.cluster;
  return hosts.outages[host] > 0 || hosts.up[host] === 0;
}

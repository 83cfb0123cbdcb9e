/**
 * Hosts that the master cannot hear. What runs there runs on; what ends there is told when the host is heard again.
 *
 * Back within agentPingTimeout x agentMaxPingTimeouts the agent registers again with all its tasks and its updates are delivered: nothing
 * is lost. After that the master gives the agent up: its tasks are lost for their frameworks, which run them elsewhere, and an agent that
 * comes back later starts anew.
 *
 * Approximations: a task that the master has given up stops at once, where in truth it runs on until the agent is back and hears of it
 * (its work would be thrown away, its CPU used meanwhile is left out: at most the length of the partition a task). A task that ended behind
 * the partition is not run a second time.
 */

import { AGENT, type MesosRun } from './mesos-run.ts';
import { workOffNow } from './notes.ts';
import { loseHost, registerAgent } from './registration.ts';

/** Cuts hosts off. */
export function cutOff(run: MesosRun, hosts: readonly number[], nowMs: number, healMs: number): void {
  for (const host of hosts) {
    if (run.s.agent[host] === AGENT.unknown || run.s.silent.has(host)) continue;
    run.s.silent.set(host, { fromMs: nowMs, healMs, lost: false, notes: [] });
  }
}

/** Gives up who was silent too long, and hears who is back. */
export function hearSilence(run: MesosRun, nowMs: number): void {
  const { s, setup } = run;
  for (const [host, silence] of s.silent) {
    if (silence.healMs > nowMs) {
      if (silence.lost || givenUpMs(run, silence.fromMs) > nowMs) continue;
      silence.lost = true;
      if (s.agent[host] !== AGENT.unknown) loseHost(run, host);
      continue;
    }
    s.silent.delete(host);
    for (const note of silence.notes) workOffNow(run, note, nowMs);
    if (silence.lost && s.agent[host] === AGENT.unknown && setup.context.cluster.hosts.outages[host] === 0)
      registerAgent(run, host);
  }
}

/** When the next of that happens. */
export function nextSilenceMs(run: MesosRun): number {
  let nextMs = Infinity;
  for (const { fromMs, healMs, lost } of run.s.silent.values())
    nextMs = Math.min(nextMs, healMs, lost ? Infinity : givenUpMs(run, fromMs));
  return nextMs;
}

function givenUpMs(run: MesosRun, fromMs: number): number {
  const { agentPingTimeoutMs, agentMaxPingTimeouts } = run.setup.plan;
  return fromMs + agentPingTimeoutMs * agentMaxPingTimeouts;
}

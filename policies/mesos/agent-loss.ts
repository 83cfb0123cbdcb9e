/**
 * How long a lost agent may stay away: silent to pings, after a broken socket, or after a master restart when the registry still lists it.
 *
 * When its time is over the agent is marked unreachable, if need be after waiting for a permit of the removal limiter; an agent that is
 * heard again before the permit comes stays, and its permit goes to the next in line.
 * Source: Mesos src/master/master.cpp, SlaveObserver, agentReregisterTimeout and recoveredSlavesTimeout; libprocess RateLimiter, which
 * passes over a request that was withdrawn.
 */

import type { PingRules } from './agent-observer.ts';

export interface PermitSource {
  /** When the permit asked for now is granted; Infinity for not yet. */
  acquire(nowMs: number): number;
}

export interface LossAction {
  readonly atMs: number;
  readonly agent: string;
  readonly action: 'askPermit' | 'markUnreachable';
}

export class AgentLossTracker {
  private readonly timeoutMs: number;
  private readonly limiter: PermitSource | null;
  /** Time of each agent that is away. */
  private readonly deadlines = new Map<string, number>();
  /** Agents whose time is over, in the order in which they wait for a permit. */
  private line: string[] = [];
  /** When the first of the line may go; null while nobody has asked for it. */
  private permitMs: number | null = null;

  constructor(timeoutMs: number, limiter: PermitSource | null) {
    this.timeoutMs = timeoutMs;
    this.limiter = limiter;
  }

  /** The agent is away from now on; by default for as long as it may take to register again. An earlier deadline stands. */
  missing(agent: string, nowMs: number, timeoutMs = this.timeoutMs): void {
    const deadlineMs = nowMs + timeoutMs;
    if (deadlineMs < (this.deadlines.get(agent) ?? Infinity)) this.deadlines.set(agent, deadlineMs);
  }

  /** The agent is back: a marking that waits for its permit is dropped. */
  reregistered(agent: string): void {
    this.deadlines.delete(agent);
    if (this.line.includes(agent)) this.line = this.line.filter((other) => other !== agent);
  }

  /** Whether the agent is waited for. */
  isAway(agent: string): boolean {
    return this.deadlines.has(agent);
  }

  /** Whether the agent's time is over and only the limit on removals keeps it. */
  isOverdue(agent: string): boolean {
    return this.line.includes(agent);
  }

  /** A permit that was not yet due is granted now. */
  grantPermit(agent: string, nowMs: number): void {
    if (this.line[0] === agent) this.permitMs = nowMs;
  }

  /** When advanceTo() has something to do; Infinity when nobody is away. */
  nextMs(): number {
    let nextMs = this.line.length > 0 ? (this.permitMs ?? 0) : Infinity;
    for (const [agent, deadlineMs] of this.deadlines)
      if (deadlineMs < nextMs && !this.line.includes(agent)) nextMs = deadlineMs;
    return nextMs;
  }

  /** What is due by `nowMs`, in order of time. */
  advanceTo(nowMs: number): LossAction[] {
    const actions: LossAction[] = [];
    const due = [...this.deadlines].filter(([agent, atMs]) => atMs <= nowMs && !this.line.includes(agent));
    for (const [agent, atMs] of due.sort((a, b) => a[1] - b[1])) {
      this.line.push(agent);
      if (this.limiter !== null) actions.push({ atMs, agent, action: 'askPermit' });
    }
    for (let first = this.line[0]; first !== undefined; first = this.line[0]) {
      const deadlineMs = this.deadlines.get(first) ?? nowMs;
      this.permitMs ??= this.limiter === null ? deadlineMs : this.limiter.acquire(deadlineMs);
      if (this.permitMs > nowMs) break;
      actions.push({ atMs: Math.max(this.permitMs, deadlineMs), agent: first, action: 'markUnreachable' });
      this.permitMs = null;
      this.line.shift();
      this.deadlines.delete(first);
    }
    return actions.sort((a, b) => a.atMs - b.atMs);
  }
}

/** How long an agent that falls silent now is waited for: the pings from the next one on, `rules.maxTimeouts` periods of them. */
export function silenceMs(rules: PingRules, registeredMs: number, nowMs: number): number {
  const periods = Math.ceil((nowMs - registeredMs) / rules.pingTimeoutMs);
  return registeredMs + (periods + rules.maxTimeouts) * rules.pingTimeoutMs - nowMs;
}

/** Whether an agent registers again on a ping: it does when the master says that it is not connected. */
export function agentReregistersOnPing(connected: boolean): boolean {
  return !connected;
}

/**
 * How long a lost agent may stay away: silent to pings, after a broken socket, or after a master restart when the registry still lists it.
 *
 * When its time is over the agent is marked unreachable, if need be after waiting for a permit of the removal limiter; an agent that is
 * heard again before the permit comes stays, and its permit goes to the next in line or, when nobody is, back.
 * Source: Mesos src/master/master.cpp, SlaveObserver, agentReregisterTimeout and recoveredSlavesTimeout; libprocess RateLimiter, which
 * passes over a request that was withdrawn.
 */
import type { PingRules } from './agent-observer.ts';
import type { Timer } from './timer-queue.ts';
import { TimerQueue } from './timer-queue.ts';

export interface PermitSource {
  /** When the permit asked for now is granted; Infinity for not yet. */
  acquire(nowMs: number): number;
  /** The permit acquired last, which was to be granted at `permitMs`, is not needed. */
  giveBack(permitMs: number): void;
}

export interface LossAction {
  readonly atMs: number;
  readonly agent: string;
  readonly action: 'askPermit' | 'markUnreachable';
}

/** The time of an agent that is away. */
interface Absence extends Timer {
  readonly agent: string;
}

export class AgentLossTracker {
  private readonly timeoutMs: number;
  private readonly limiter: PermitSource | null;
  private readonly away = new Map<string, Absence>();
  private readonly timers = new TimerQueue<Absence>();
  /** Agents whose time is over, in the order in which they wait for a permit. */
  private line: Absence[] = [];
  /** When the first of the line may go; null while nobody has asked for it. */
  private permitMs: number | null = null;

  constructor(timeoutMs: number, limiter: PermitSource | null) {
    this.timeoutMs = timeoutMs;
    this.limiter = limiter;
  }

  /** The agent is away from now on; by default for as long as it may take to register again. An earlier deadline stands. */
  missing(agent: string, nowMs: number, timeoutMs = this.timeoutMs): void {
    const timeMs = nowMs + timeoutMs;
    const known = this.away.get(agent);
    if (known !== undefined && known.timeMs <= timeMs) return;
    if (known !== undefined) known.live = false;
    const absence = { agent, timeMs, rank: 0, sequence: this.timers.nextSequence(), live: true };
    this.away.set(agent, absence);
    this.timers.push(absence);
  }

  /** The agent is back: a marking that waits for its permit is dropped. */
  reregistered(agent: string): void {
    const absence = this.away.get(agent);
    if (absence === undefined) return;
    absence.live = false;
    this.away.delete(agent);
    if (!this.line.includes(absence)) return;
    this.line = this.line.filter((other) => other !== absence);
    if (this.line.length > 0 || this.permitMs === null) return;
    this.limiter?.giveBack(this.permitMs);
    this.permitMs = null;
  }

  /** Whether the agent is waited for. */
  isAway(agent: string): boolean {
    return this.away.has(agent);
  }

  /** Whether the agent's time is over and only the limit on removals keeps it. */
  isOverdue(agent: string): boolean {
    return this.line.some((absence) => absence.agent === agent);
  }

  /** A permit that was not yet due is granted now. */
  grantPermit(agent: string, nowMs: number): void {
    if (this.line[0]?.agent === agent) this.permitMs = nowMs;
  }

  /** When advanceTo() has something to do; Infinity when nobody is away. */
  nextMs(): number {
    const permitMs = this.line.length > 0 ? (this.permitMs ?? 0) : Number.POSITIVE_INFINITY;
    return Math.min(permitMs, this.timers.peek()?.timeMs ?? Number.POSITIVE_INFINITY);
  }

  /** What is due by `nowMs`, in order of time. */
  advanceTo(nowMs: number): LossAction[] {
    const actions: LossAction[] = [];
    for (let due = this.timers.popDue(nowMs); due !== undefined; due = this.timers.popDue(nowMs)) {
      this.line.push(due);
      if (this.limiter !== null) actions.push({ atMs: due.timeMs, agent: due.agent, action: 'askPermit' });
    }
    for (let first = this.line[0]; first !== undefined; first = this.line[0]) {
      const { agent, timeMs } = first;
      this.permitMs ??= this.limiter === null ? timeMs : this.limiter.acquire(timeMs);
      if (this.permitMs > nowMs) break;
      actions.push({ atMs: Math.max(this.permitMs, timeMs), agent, action: 'markUnreachable' });
      this.permitMs = null;
      this.line.shift();
      this.away.delete(agent);
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

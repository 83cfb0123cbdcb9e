/**
 * How long a lost agent may stay away: after a broken socket, or after a master restart when the registry still lists it.
 *
 * At the end of the re-registration timeout the agent is marked unreachable, if need be after waiting for a permit of the
 * removal limiter; an agent that registers again before the permit comes stays. What pings find takes the same limiter.
 * Source: Mesos src/master/master.cpp, agentReregisterTimeout and recoveredSlavesTimeout.
 */

export interface PermitSource {
  /** When the permit asked for now is granted; Infinity for not yet. */
  acquire(nowMs: number): number;
}

export interface LossAction {
  readonly atMs: number;
  readonly agent: string;
  readonly action: 'askPermit' | 'markUnreachable';
}

interface LostAgent {
  readonly deadlineMs: number;
  permitMs: number | null;
}

export class AgentLossTracker {
  private readonly timeoutMs: number;
  private readonly limiter: PermitSource | null;
  private readonly lost = new Map<string, LostAgent>();

  constructor(timeoutMs: number, limiter: PermitSource | null) {
    this.timeoutMs = timeoutMs;
    this.limiter = limiter;
  }

  /** The agent's socket broke, or a new master read it from the registry. */
  missing(agent: string, nowMs: number): void {
    if (!this.lost.has(agent)) this.lost.set(agent, { deadlineMs: nowMs + this.timeoutMs, permitMs: null });
  }

  /** The agent is back: a marking that waits for its permit is dropped. */
  reregistered(agent: string): void {
    this.lost.delete(agent);
  }

  /** A permit that was not yet due is granted now. */
  grantPermit(agent: string, nowMs: number): void {
    const lost = this.lost.get(agent);
    if (lost !== undefined && lost.permitMs !== null) lost.permitMs = nowMs;
  }

  /** What is due by `nowMs`, in order of time. */
  advanceTo(nowMs: number): LossAction[] {
    const actions: LossAction[] = [];
    for (const [agent, lost] of [...this.lost]) {
      if (lost.deadlineMs > nowMs) continue;
      if (lost.permitMs === null) {
        lost.permitMs = this.limiter === null ? lost.deadlineMs : this.limiter.acquire(lost.deadlineMs);
        if (this.limiter !== null) actions.push({ atMs: lost.deadlineMs, agent, action: 'askPermit' });
      }
      if (lost.permitMs > nowMs) continue;
      this.lost.delete(agent);
      actions.push({ atMs: lost.permitMs, agent, action: 'markUnreachable' });
    }
    return actions.sort((a, b) => a.atMs - b.atMs);
  }
}

/** Whether an agent registers again on a ping: it does when the master says that it is not connected. */
export function agentReregistersOnPing(connected: boolean): boolean {
  return !connected;
}

/**
 * How an agent is found dead: the master's pings, the agent's own watch for them, and the limit on removals.
 *
 * A ping goes out every `pingTimeoutMs`; the one at the end of the `maxTimeouts`-th silent period finds it unreachable.
 * Pings go on until the registry write is done; every further silent period schedules another marking, but only one
 * write is made. A pong starts the count anew and cancels a marking that waits for its permit.
 * Source: Mesos src/master/master.cpp, SlaveObserver; src/slave/slave.cpp, pingTimeout.
 */

export const DEFAULT_PING_TIMEOUT_MS = 15_000;
export const DEFAULT_MAX_PING_TIMEOUTS = 5;
/** Time for an agent to register again after its socket broke, or with a new master. */
export const AGENT_REREGISTER_TIMEOUT_MS = 600_000;

export interface PingRules {
  readonly pingTimeoutMs: number;
  readonly maxTimeouts: number;
}

export const DEFAULT_PING_RULES: PingRules = {
  pingTimeoutMs: DEFAULT_PING_TIMEOUT_MS,
  maxTimeouts: DEFAULT_MAX_PING_TIMEOUTS,
};

/** Permits spaced evenly: `permits` per `perMs`, in order of asking. */
export class RemovalLimiter {
  private readonly spacingMs: number;
  private nextPermitMs = 0;

  constructor(permits: number, perMs: number) {
    this.spacingMs = perMs / permits;
  }

  /** When the permit asked for now is granted. */
  acquire(nowMs: number): number {
    const grantedMs = Math.max(nowMs, this.nextPermitMs);
    this.nextPermitMs = grantedMs + this.spacingMs;
    return grantedMs;
  }

  /** The permit acquired last is free again from `permitMs` on. */
  giveBack(permitMs: number): void {
    this.nextPermitMs = permitMs;
  }
}

/** The master's view of one agent's pings; the caller calls tick() when `nextTickMs` has come. */
export class AgentObserver {
  pingsSent = 0;
  /** Markings asked for. */
  scheduled = 0;
  nextTickMs: number;
  private readonly rules: PingRules;
  private readonly limiter: RemovalLimiter | null;
  private silentPeriods = 0;
  private awaitingPong = false;
  /** When the permit for the marking under way comes; null when none is under way. */
  private permitMs: number | null = null;

  constructor(rules: PingRules, limiter: RemovalLimiter | null, registeredMs: number) {
    this.rules = rules;
    this.limiter = limiter;
    this.nextTickMs = registeredMs;
  }

  /** Ends a period and sends the next ping; true when a marking starts that needs no wait. */
  tick(nowMs: number): boolean {
    let marks = false;
    if (this.awaitingPong) {
      this.silentPeriods++;
      if (this.silentPeriods >= this.rules.maxTimeouts && this.permitMs === null) {
        this.scheduled++;
        const permitMs = this.limiter === null ? nowMs : this.limiter.acquire(nowMs);
        if (permitMs <= nowMs) marks = true;
        else this.permitMs = permitMs;
      }
    }
    this.pingsSent++;
    this.awaitingPong = true;
    this.nextTickMs = nowMs + this.rules.pingTimeoutMs;
    return marks;
  }

  /** The permit a marking waits for, or null. */
  waitingForMs(): number | null {
    return this.permitMs;
  }

  /** The permit came. */
  permitGranted(): void {
    this.permitMs = null;
  }

  pong(): void {
    this.silentPeriods = 0;
    this.awaitingPong = false;
    this.permitMs = null;
  }
}

/** When an agent that last heard a ping (or registered) at `lastHeardMs` gives up on its master and registers again. */
export function agentGivesUpMs(rules: PingRules, lastHeardMs: number): number {
  return lastHeardMs + rules.pingTimeoutMs * rules.maxTimeouts;
}

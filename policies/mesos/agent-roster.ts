/**
 * Agents as the master knows them: registered, awaited, silent, disconnected or given up, and when it gives those up that are away.
 *
 * Source: Mesos src/master/master.hpp, Slaves: registered, recovered, unreachable, gone.
 */
import { AgentLossTracker, silenceMs } from './agent-loss.ts';
import { RemovalLimiter } from './agent-observer.ts';
import type { WatchRules } from './master-messages.ts';
import type { AgentStanding } from './reconciliation.ts';

export class AgentRoster {
  /** Agents whose socket is broken. */
  readonly disconnected = new Set<string>();
  private readonly standings = new Map<string, AgentStanding>();
  private readonly watch: WatchRules | null;
  private readonly away: AgentLossTracker;
  /** When each agent registered: its pings count from there. */
  private readonly registeredMs = new Map<string, number>();

  /** `watch` null: agents that are away are given up by the caller alone. */
  constructor(watch: WatchRules | null) {
    this.watch = watch;
    const removals = watch?.removals ?? null;
    const limiter = removals === null ? null : new RemovalLimiter(removals.agents, removals.perMs);
    this.away = new AgentLossTracker(watch?.reregisterTimeoutMs ?? Number.POSITIVE_INFINITY, limiter);
  }

  /** Where the agent stands that a question names, or does not name (null). */
  standing(id: string | null): AgentStanding {
    if (id !== null) return this.standings.get(id) ?? 'unknown';
    return [...this.standings.values()].includes('recovered') ? 'unnamed' : 'unknown';
  }

  /** The agent registers. */
  register(id: string, nowMs: number): void {
    this.standings.set(id, 'registered');
    this.away.reregistered(id);
    this.registeredMs.set(id, nowMs);
  }

  /** The agent answers no pings from now on. */
  fallSilent(id: string, nowMs: number): void {
    if (this.watch === null) return;
    this.away.missing(id, nowMs, silenceMs(this.watch.pings, this.registeredMs.get(id) ?? nowMs, nowMs));
  }

  /** The agent answers again before it was given up. */
  hear(id: string): void {
    this.away.reregistered(id);
  }

  /** The agent's socket broke. */
  disconnect(id: string, nowMs: number): void {
    this.disconnected.add(id);
    if (this.watch !== null) this.away.missing(id, nowMs);
  }

  /** The agent's socket stands again. */
  reconnect(id: string): void {
    this.disconnected.delete(id);
    this.away.reregistered(id);
  }

  /** A new master read these agents from the registry and waits for them, from `fromMs` on. */
  expect(ids: readonly string[], fromMs: number): void {
    for (const id of ids) {
      this.standings.set(id, 'recovered');
      if (this.watch !== null) this.away.missing(id, fromMs);
    }
  }

  /** The agent is given up. */
  giveUp(id: string, standing: 'unreachable' | 'gone'): void {
    this.reconnect(id);
    this.standings.set(id, standing);
  }

  /** Whether the agent is waited for. */
  isAway(id: string): boolean {
    return this.away.isAway(id);
  }

  /** Whether the agent would be gone but for the limit on removals. */
  isOverdue(id: string): boolean {
    return this.away.isOverdue(id);
  }

  /** When takeOverdue() has something to do; Infinity when nobody is away. */
  nextMs(): number {
    return this.away.nextMs();
  }

  /** Agents whose time, and wait for a permit, is over by `nowMs`; they are no longer waited for. */
  takeOverdue(nowMs: number): string[] {
    return this.away.advanceTo(nowMs).flatMap(({ action, agent }) => (action === 'markUnreachable' ? [agent] : []));
  }
}

/**
 * Inverse offers: asking frameworks to leave an agent before its maintenance window.
 *
 * Each active framework that holds something on the agent is asked once until it answers; a declined one is asked again
 * when its filter ends. Source: Mesos src/master/allocator/mesos/hierarchical.cpp, generateInverseOffers.
 */
import type { AgentRecord, Maintenance } from './allocator-state.ts';

export interface InverseOffer {
  readonly framework: string;
  readonly agent: string;
  readonly unavailableFromMs: number;
}

/** A window from `startMs`, nobody asked yet. */
export function scheduleMaintenance(startMs: number): Maintenance {
  return { startMs, outstanding: new Set(), statuses: new Map() };
}

/** Inverse offers due on candidate agents; marks them as outstanding. */
export function dueInverseOffers(agents: readonly AgentRecord[]): InverseOffer[] {
  const due: InverseOffer[] = [];
  for (const agent of agents) {
    if (agent.maintenance === null) continue;
    for (const slot of agent.held.keys()) {
      const { framework } = slot;
      if (!framework.active || agent.maintenance.outstanding.has(framework.id)) continue;
      if (framework.inverseFilters.has(agent)) continue;
      agent.maintenance.outstanding.add(framework.id);
      due.push({ framework: framework.id, agent: agent.id, unavailableFromMs: agent.maintenance.startMs });
    }
  }
  return due;
}

/** Books an answer (null when the offer was withdrawn or timed out); late answers change nothing. */
export function answerInverseOffer(agent: AgentRecord, framework: string, status: 'ACCEPT' | 'DECLINE' | null): void {
  if (agent.maintenance === null || !agent.maintenance.outstanding.delete(framework)) return;
  if (status !== null) agent.maintenance.statuses.set(framework, status);
}

/**
 * What one run shares between its stages: the agents, the grants made so far, and the barren marks.
 *
 * An agent on which a whole pass found no taker stays barren until something on it or in the cluster changes; a round
 * over an idle cluster costs one comparison per agent.
 */
import type { RandomSource } from '../base/random-source.ts';
import { shuffle } from '../base/random-source.ts';
import type { AllocationLedger } from './allocation-ledger.ts';
import type { AgentRecord, AllocatorOptions, FrameworkRecord, Grant, RunGrant, Slot } from './allocator-state.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, EMPTY_BAG, selectBag } from './resource-bag.ts';
import { ResourceFlag } from './resource-catalog.ts';

export interface Round {
  readonly ledger: AllocationLedger;
  readonly options: AllocatorOptions;
  readonly random: RandomSource;
  /** Agents worth looking at, in order of creation or of their triggers; stages shuffle them. */
  readonly agents: AgentRecord[];
  readonly takers: FrameworkRecord[];
}

/** One way to share out the candidate agents. */
export type AllocationStrategy = (round: Round) => void;

/** Draws the order in which agents are looked at. */
export function shuffleAgents(round: Round): void {
  shuffle(round.agents, round.agents.length, round.random);
}

/** Books a grant and remembers it for the offers of the run. */
export function grantInRound(round: Round, slot: Slot, agent: AgentRecord, bag: ResourceBag): void {
  const { ledger } = round;
  ledger.grant(slot, agent, bag);
  const shared = selectBag(ledger.catalog, bag, ResourceFlag.shared, 0);
  if (shared.kinds.length > 0) agent.offeredShared = addBags(agent.offeredShared, shared);
  for (const grant of agent.runGrants) {
    if (grant.slot !== slot) continue;
    grant.bag = addBags(grant.bag, bag);
    return;
  }
  const grant: RunGrant = { slot, agent, bag };
  agent.runGrants.push(grant);
  if (slot.framework.runGrants.length === 0) round.takers.push(slot.framework);
  slot.framework.runGrants.push(grant);
}

/** Ends a run: its grants by framework in order of subscription, then by role and agent in order of granting. */
export function collectGrants(round: Round): Grant[] {
  const out: Grant[] = [];
  round.takers.sort((a, b) => a.sequence - b.sequence);
  for (const framework of round.takers) {
    for (const { slot, agent, bag } of framework.runGrants) {
      out.push({ framework: framework.id, role: slot.rolePath, agent: agent.id, bag });
      agent.runGrants.length = 0;
      agent.offeredShared = EMPTY_BAG;
    }
    framework.runGrants.length = 0;
  }
  return out;
}

/**
 * Allocation of Mesos 0.19 to 0.22: one pass over shuffled agents, no quota, every taker gets all that is left.
 *
 * A role may use what is unreserved or reserved to it. The role loop goes on when an agent is empty; checkpointing
 * frameworks never see agents that do not checkpoint. Source: Mesos 0.22.0-rc1 src/master/allocator/mesos/hierarchical.hpp.
 */
import { shuffle } from '../base/random-source.ts';
import type { Round } from './allocation-round.ts';
import { grantInRound } from './allocation-round.ts';
import type { AgentRecord } from './allocator-state.ts';
import { coversAny, isRefused, minimumSets } from './eligibility.ts';
import { filterBag } from './resource-bag.ts';

/** Shares out the candidates of a run. */
export function allocate02x(round: Round): void {
  shuffle(round.agents, round.agents.length, round.random);
  for (const agent of round.agents) {
    if (agent.available.kinds.length === 0 || agent.barrenEpoch === round.epoch) continue;
    if (!giveAgent(round, agent)) agent.barrenEpoch = round.epoch;
  }
}

function giveAgent(round: Round, agent: AgentRecord): boolean {
  const { ledger, options } = round;
  const { catalog, roleSorter } = ledger;
  let granted = false;
  roleSorter.begin();
  for (let client = roleSorter.next(); client >= 0; client = roleSorter.next()) {
    const role = ledger.roleByClient[client];
    role.sorter.begin();
    for (let member = role.sorter.next(); member >= 0; member = role.sorter.next()) {
      const slot = role.slotByClient[member];
      const offer = filterBag(agent.available, (kind) => {
        const reservation = catalog.reservationRoles[kind];
        return reservation === '' || reservation === role.path;
      });
      if (!coversAny(catalog, offer, minimumSets(options, slot))) continue;
      if (slot.framework.checkpoint && !agent.checkpoint) continue;
      if (isRefused(slot, agent, offer)) continue;
      grantInRound(round, slot, agent, offer);
      granted = true;
    }
  }
  return granted;
}

/**
 * Allocation of Mesos 0.19 to 0.22: one pass over shuffled agents, no quota, every taker gets all that is left.
 *
 * A role may use what is unreserved or reserved to it. The role loop goes on when an agent is empty; checkpointing
 * frameworks never see agents that do not checkpoint. Source: Mesos 0.22.0-rc1 src/master/allocator/mesos/hierarchical.hpp.
 */
import type { Round } from './allocation-round.ts';
import { grantInRound, shuffleAgents } from './allocation-round.ts';
import type { AgentRecord, Slot } from './allocator-state.ts';
import type { BulkRound } from './bulk-run.ts';
import { coversAny, coversMinimum, isRefused, minimumSets, refusesAll } from './eligibility.ts';
import { filterBag } from './resource-bag.ts';

/** Shares out the candidates of a run. */
export function allocate02x(round: Round): void {
  shuffleAgents(round);
  for (const agent of round.agents) if (!giveAgent(round, agent)) round.ledger.columns.fertile[agent.row] = 0;
}

/** Whether a slot may have all that a plain agent has available. */
export function takesWhole02x(round: BulkRound, slot: Slot, row: number): boolean {
  if (slot.framework.checkpoint && round.ledger.columns.checkpoint[row] === 0) return false;
  return coversMinimum(round, slot, row) && !refusesAll(round.ledger, slot, row);
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

/** Which roles a framework competes in, and what it holds from before it was known. */
import type { AllocationLedger } from './allocation-ledger.ts';
import type { UsedBags } from './allocator-records.ts';
import type { AgentRecord, FrameworkRecord } from './allocator-state.ts';
import { clearInverseFilters, clearSlotFilters } from './offer-filters.ts';
import type { ResourceBag } from './resource-bag.ts';

/** Tracks a framework under a role; it competes there unless inactive or suppressed. */
export function subscribe(ledger: AllocationLedger, framework: FrameworkRecord, rolePath: string): void {
  const slot = ledger.track(framework, rolePath);
  if (framework.active && !framework.suppressed.has(rolePath)) slot.role?.sorter.activate(slot.client);
}

/** Leaves a role: no more offers, filters go; the books stay while the framework holds something in it. */
export function unsubscribe(ledger: AllocationLedger, framework: FrameworkRecord, rolePath: string): void {
  framework.suppressed.delete(rolePath);
  const slot = framework.slots.get(rolePath);
  if (slot === undefined) return;
  slot.role?.sorter.deactivate(slot.client);
  clearSlotFilters(slot);
  ledger.untrack(slot);
}

export function suppressRole(framework: FrameworkRecord, rolePath: string): void {
  if (!framework.roles.has(rolePath)) return;
  framework.suppressed.add(rolePath);
  const slot = framework.slots.get(rolePath);
  slot?.role?.sorter.deactivate(slot.client);
}

export function reviveRole(framework: FrameworkRecord, rolePath: string): void {
  if (!framework.roles.has(rolePath)) return;
  framework.suppressed.delete(rolePath);
  clearInverseFilters(framework, null);
  const slot = framework.slots.get(rolePath);
  if (slot === undefined) return;
  clearSlotFilters(slot);
  if (framework.active) slot.role?.sorter.activate(slot.client);
}

/** Stops a framework from competing anywhere; what it holds keeps counting. */
export function deactivateEverywhere(framework: FrameworkRecord): void {
  framework.active = false;
  for (const slot of framework.slots.values()) {
    slot.role?.sorter.deactivate(slot.client);
    clearSlotFilters(slot);
  }
  clearInverseFilters(framework, null);
}

/** Books what an agent reports for a framework; for one not added yet it only makes the resources unavailable. */
export function bookReported(
  ledger: AllocationLedger,
  agent: AgentRecord,
  frameworkId: string,
  byRole: ReadonlyMap<string, ResourceBag>,
): void {
  const framework = ledger.frameworks.get(frameworkId);
  for (const [rolePath, bag] of byRole) {
    if (framework !== undefined) {
      ledger.hold(ledger.track(framework, rolePath), agent, bag);
      continue;
    }
    const held = agent.heldByStrangers.get(frameworkId) ?? new Map<string, ResourceBag>();
    held.set(rolePath, bag);
    agent.heldByStrangers.set(frameworkId, held);
    ledger.refreshAvailable(agent);
  }
}

/** Hands a framework what agents have held for it since before it was added; `used` may name more. */
export function adoptHoldings(ledger: AllocationLedger, framework: FrameworkRecord, used: UsedBags): void {
  for (const agent of ledger.agents.values()) {
    const strangers = agent.heldByStrangers.get(framework.id);
    agent.heldByStrangers.delete(framework.id);
    for (const [rolePath, bag] of strangers ?? []) ledger.book(ledger.track(framework, rolePath), agent, bag);
    for (const [rolePath, bag] of used.get(agent.id) ?? []) {
      if (strangers?.has(rolePath) !== true) ledger.hold(ledger.track(framework, rolePath), agent, bag);
    }
  }
}

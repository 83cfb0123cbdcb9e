/**
 * What an operator changes at the master, and which offers that takes back.
 *
 * A quota is refused when the guarantees exceed the cluster or a limit is below what is consumed, unless forced. Else offers of the role's
 * subtree go until consumed + offered fits the limits; then offers of others go, agent by agent, until what is rescinded,
 * consumed and offered covers the guarantees. New weights take back all offers. Resources that are offered come back when
 * an operation needs them. Source: Mesos src/master/quota_handler.cpp, weights_handler.cpp, http.cpp.
 */
import type { Conversion } from './allocation-ledger.ts';
import { mayUseReservation } from './eligibility.ts';
import type { MesosMaster } from './master-lifecycle.ts';
import { selectBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { QUOTA_EXEMPT_MASK, ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { accumulateScalars, addTo, noQuantities, quantitiesContain, scalarQuantities } from './resource-quantities.ts';
import type { Quota } from './role-tree.ts';
import { quotaProblem } from './validation.ts';

/** Sets the quotas of some roles, all or none; '' when done, else why they are refused. */
export function updateQuotas(
  master: MesosMaster,
  catalog: ResourceCatalog,
  quotas: ReadonlyMap<string, Quota>,
  force: boolean,
): string {
  const { ledger } = master.allocator;
  const cluster = noQuantities(catalog);
  for (const agent of ledger.agents.values())
    accumulateScalars(catalog, selectBag(catalog, agent.total, 0, ResourceFlag.revocable), 1, cluster);
  const guarantees = noQuantities(catalog);
  for (const { guarantees: promised } of quotas.values()) addTo(guarantees, promised);
  for (const other of ledger.roleTree.root.children.values())
    if (!quotas.has(other.path) && other.quota !== null) addTo(guarantees, other.quota.guarantees);
  for (const [role, quota] of quotas) {
    const consumed = consumedWithoutOffers(master, catalog, role);
    const problem = quotaProblem(catalog, role, quota, consumed, guarantees, cluster, force);
    if (problem !== '') return problem;
  }
  for (const [role, quota] of quotas) master.allocator.updateQuota(role, quota);
  for (const [role, quota] of quotas) {
    rescindAboveLimits(master, catalog, role, quota.limits);
    rescindForGuarantees(master, catalog, role, quota.guarantees);
  }
  return '';
}

/** New weights; when a role with frameworks is among them every offer of the cluster goes back. */
export function updateWeights(master: MesosMaster, weights: ReadonlyMap<string, number>): void {
  const { ledger } = master.allocator;
  let inUse = false;
  for (const [role, weight] of weights) {
    master.allocator.updateWeight(role, weight);
    if (ledger.roles.has(role)) inUse = true;
  }
  if (inUse) master.rescindWhere(() => true);
}

/** Reserves, unreserves, creates or destroys on an agent; offers there go one by one until it is possible. */
export function convertOnAgent(master: MesosMaster, agent: string, conversions: readonly Conversion[]): boolean {
  if (master.allocator.updateAvailable(agent, conversions)) return true;
  for (const offer of [...master.offers.values()]) {
    if (offer.agent !== agent) continue;
    master.rescindWhere((other) => other === offer);
    if (master.allocator.updateAvailable(agent, conversions)) return true;
  }
  return false;
}

/** Takes an agent out of allocation until it is taken back: no more offers, those out go back, its tasks run on. */
export function deactivateAgent(master: MesosMaster, agent: string): void {
  master.allocator.deactivateAgent(agent);
  master.rescindWhere((offer) => offer.agent === agent);
}

/**
 * Empties an agent: deactivated, and its tasks are asked to end, within `maxGraceMs` if that is less than they may take themselves; how many
 * are asked.
 */
export function drainAgent(master: MesosMaster, agent: string, maxGraceMs?: number): number {
  deactivateAgent(master, agent);
  const tasks = master.book.holding('agent', agent);
  for (const task of tasks) master.kill(task.framework, task.id, agent, maxGraceMs);
  return tasks.length;
}

/** Whether no task is left on an agent that is not offered. */
export function isEmptied(master: MesosMaster, agent: string): boolean {
  // The book of tasks is that of the whole cluster; most agents that drain hold something and need no look into it.
  const held = master.allocator.ledger.agents.get(agent)?.held.size ?? 0;
  return held === 0 && master.book.holding('agent', agent).length === 0;
}

function consumed(master: MesosMaster, catalog: ResourceCatalog, role: string): Quantities {
  const node = master.allocator.ledger.roleTree.get(role);
  const quantities = noQuantities(catalog);
  if (node === undefined) return quantities;
  addTo(quantities, node.reserved);
  addTo(quantities, node.unreservedHeld);
  return quantities;
}

function consumedWithoutOffers(master: MesosMaster, catalog: ResourceCatalog, role: string): Quantities {
  const quantities = consumed(master, catalog, role);
  for (const offer of master.offers.values()) {
    if (!mayUseReservation(role, offer.role)) continue;
    accumulateScalars(catalog, selectBag(catalog, offer.bag, 0, QUOTA_EXEMPT_MASK), -1, quantities);
  }
  return quantities;
}

function rescindAboveLimits(master: MesosMaster, catalog: ResourceCatalog, role: string, limits: Quantities): void {
  for (const offer of [...master.offers.values()]) {
    if (quantitiesContain(limits, consumed(master, catalog, role))) return;
    if (mayUseReservation(role, offer.role)) master.rescindWhere((other) => other === offer);
  }
}

function rescindForGuarantees(master: MesosMaster, catalog: ResourceCatalog, role: string, wanted: Quantities): void {
  const covered = consumed(master, catalog, role);
  for (const agent of master.allocator.ledger.agents.keys()) {
    if (quantitiesContain(covered, wanted)) return;
    for (const offer of [...master.offers.values()]) {
      if (offer.agent !== agent || mayUseReservation(role, offer.role)) continue;
      addTo(covered, scalarQuantities(catalog, selectBag(catalog, offer.bag, 0, QUOTA_EXEMPT_MASK)));
      master.rescindWhere((other) => other === offer);
    }
  }
}

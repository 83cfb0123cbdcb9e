/**
 * Quota within one run: what each role has consumed, what is still owed, and the headroom left to pay it from.
 *
 *   consumed(R) = unreserved non-revocable scalars held in R's subtree + all reservations of the subtree
 *   owed        = sum over top-level roles of max(0, guarantee - consumed)
 *   headroom    = total - held - unallocated reservations - available revocable
 *
 * per resource name, each difference stopping at 0. Only top-level roles are charged at the start of a run.
 */
import type { AllocationLedger } from './allocation-ledger.ts';
import type { RoleState } from './allocator-state.ts';
import { selectBag } from './resource-bag.ts';
import { ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import {
  addTo,
  difference,
  isUnlimited,
  isZero,
  noQuantities,
  scalarQuantities,
  subtractFrom,
} from './resource-quantities.ts';

export interface QuotaBooks {
  /** Some role has a quota. */
  readonly active: boolean;
  readonly hasGuarantees: boolean;
  /** Some guarantee is still owed. */
  readonly owes: boolean;
  consumed(role: string): Quantities;
  isLimited(role: string): boolean;
  /** limits - consumed, Infinity where unlimited. */
  room(role: string): Quantities;
  /** headroom - owed. */
  surplus(): Quantities;
  /** Charges a stage 1 grant: `charged` in all, of which `promised` pays guarantees; `owedToRole` shrinks. */
  chargeGuaranteed(role: string, charged: Quantities, promised: Quantities, owedToRole: Quantities): void;
  /** Charges a stage 2 grant. */
  charge(role: RoleState, charged: Quantities): void;
}

class OpenBooks implements QuotaBooks {
  readonly active: boolean;
  readonly hasGuarantees: boolean;
  owes: boolean;
  private readonly ledger: AllocationLedger;
  private readonly consumedByRole = new Map<string, Quantities>();
  private readonly owed: Quantities;
  private readonly headroom: Quantities;
  private readonly nothing: Quantities;

  constructor(ledger: AllocationLedger) {
    this.ledger = ledger;
    this.nothing = noQuantities(ledger.catalog);
    this.owed = noQuantities(ledger.catalog);
    let guarantees = false;
    let quotas = 0;
    for (const role of ledger.roleTree.root.children.values()) {
      if (role.quota === null) continue;
      quotas++;
      const consumed = role.reserved.slice();
      addTo(consumed, role.unreservedHeld);
      this.consumedByRole.set(role.path, consumed);
      addTo(this.owed, difference(role.quota.guarantees, consumed));
      if (!isZero(role.quota.guarantees)) guarantees = true;
    }
    for (const role of ledger.roles.values()) {
      if (role.node.quota === null) continue;
      quotas++;
      if (!isZero(role.node.quota.guarantees)) guarantees = true;
    }
    this.active = quotas > 0;
    this.hasGuarantees = guarantees;
    this.owes = !isZero(this.owed);
    this.headroom = this.active ? headroomOf(ledger) : this.nothing;
  }

  consumed(role: string): Quantities {
    return this.consumedByRole.get(role) ?? this.nothing;
  }

  isLimited(role: string): boolean {
    const quota = this.ledger.roleTree.get(role)?.quota;
    return quota !== undefined && quota !== null && !isUnlimited(quota.limits);
  }

  room(role: string): Quantities {
    const quota = this.ledger.roleTree.get(role)?.quota;
    return quota === undefined || quota === null ? this.nothing : difference(quota.limits, this.consumed(role));
  }

  surplus(): Quantities {
    return difference(this.headroom, this.owed);
  }

  chargeGuaranteed(role: string, charged: Quantities, promised: Quantities, owedToRole: Quantities): void {
    this.consume(role, charged);
    subtractFrom(owedToRole, charged);
    subtractFrom(this.owed, promised);
    subtractFrom(this.headroom, charged);
    this.owes = !isZero(this.owed);
  }

  charge(role: RoleState, charged: Quantities): void {
    if (role.node.quota !== null) this.consume(role.path, charged);
    subtractFrom(this.headroom, charged);
  }

  /** Adds to a role and its ancestors. */
  private consume(path: string, charged: Quantities): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const role = path.slice(0, end);
      let consumed = this.consumedByRole.get(role);
      if (consumed === undefined) {
        consumed = noQuantities(this.ledger.catalog);
        this.consumedByRole.set(role, consumed);
      }
      addTo(consumed, charged);
    }
  }
}

/** Reads quotas, reservations and holdings once for a run. */
export function openQuotaBooks(ledger: AllocationLedger): QuotaBooks {
  return new OpenBooks(ledger);
}

function headroomOf(ledger: AllocationLedger): Quantities {
  const { catalog, roleTree } = ledger;
  const headroom = ledger.totals.quantities.slice();
  subtractFrom(headroom, ledger.roleSorter.allocatedQuantities(-1));
  subtractFrom(headroom, difference(roleTree.root.reserved, roleTree.root.reservedHeld));
  for (const agent of ledger.agents.values()) {
    const revocable = selectBag(catalog, agent.available, ResourceFlag.revocable, 0);
    if (revocable.kinds.length > 0) subtractFrom(headroom, scalarQuantities(catalog, revocable));
  }
  return headroom;
}

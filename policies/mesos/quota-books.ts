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
import type { ResourceBag } from './resource-bag.ts';
import { selectBag } from './resource-bag.ts';
import { QUOTA_EXEMPT_MASK, ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import {
  addTo,
  difference,
  isUnlimited,
  isZero,
  noLimits,
  noQuantities,
  quantitiesContain,
  scalarQuantities,
  subtractFrom,
} from './resource-quantities.ts';

export interface QuotaBooks {
  /** Some role has a quota. */
  readonly active: boolean;
  /** Roles with frameworks whose guarantee is not met; 0 makes stage 1 pointless. */
  readonly unmetCount: number;
  /** Some guarantee is still owed. */
  readonly owes: boolean;
  /** Whether the guarantee of a role is not met. */
  isUnmet(role: RoleState): boolean;
  /** Whether the limits of a role leave nothing at all of a bag. */
  blocks(role: RoleState, bag: ResourceBag): boolean;
  consumed(role: RoleState): Quantities;
  isLimited(role: RoleState): boolean;
  /** limits - consumed, Infinity where unlimited. */
  room(role: RoleState): Quantities;
  /** headroom - owed. */
  surplus(): Quantities;
  /** Charges a stage 1 grant: `charged` in all, of which `promised` pays guarantees; `owedToRole` shrinks. */
  chargeGuaranteed(role: RoleState, charged: Quantities, promised: Quantities, owedToRole: Quantities): void;
  /** Charges a stage 2 grant. */
  charge(role: RoleState, charged: Quantities): void;
}

class OpenBooks implements QuotaBooks {
  readonly active: boolean;
  unmetCount = 0;
  owes: boolean;
  private readonly ledger: AllocationLedger;
  private readonly consumedByRole = new Map<string, Quantities>();
  private readonly owed: Quantities;
  private readonly headroom: Quantities;
  private readonly nothing: Quantities;
  /** By client of the role sorter. */
  private readonly unmet: boolean[] = [];
  private readonly limitsOf: (Quantities | null)[] = [];
  private readonly consumedOf: (Quantities | null)[] = [];

  constructor(ledger: AllocationLedger) {
    this.ledger = ledger;
    this.nothing = noQuantities(ledger.catalog);
    this.owed = noQuantities(ledger.catalog);
    let quotas = 0;
    for (const role of ledger.roleTree.root.children.values()) {
      if (role.quota === null) continue;
      quotas++;
      const consumed = role.reserved.slice();
      addTo(consumed, role.unreservedHeld);
      this.consumedByRole.set(role.path, consumed);
      addTo(this.owed, difference(role.quota.guarantees, consumed));
    }
    for (const role of ledger.roles.values()) {
      const { quota } = role.node;
      if (quota === null) continue;
      quotas++;
      const consumed = this.consumedByRole.get(role.path) ?? noQuantities(ledger.catalog);
      this.consumedByRole.set(role.path, consumed);
      this.consumedOf[role.client] = consumed;
      if (!isUnlimited(quota.limits)) this.limitsOf[role.client] = quota.limits;
      if (quantitiesContain(consumed, quota.guarantees)) continue;
      this.unmet[role.client] = true;
      this.unmetCount++;
    }
    this.active = quotas > 0;
    this.owes = !isZero(this.owed);
    this.headroom = this.active ? headroomOf(ledger) : this.nothing;
  }

  consumed(role: RoleState): Quantities {
    return this.consumedOf[role.client] ?? this.nothing;
  }

  isUnmet(role: RoleState): boolean {
    return this.unmet[role.client] === true;
  }

  isLimited(role: RoleState): boolean {
    return (this.limitsOf[role.client] ?? null) !== null;
  }

  room(role: RoleState): Quantities {
    const limits = this.limitsOf[role.client] ?? noLimits(this.ledger.catalog);
    return difference(limits, this.consumedOf[role.client] ?? this.nothing);
  }

  blocks(role: RoleState, bag: ResourceBag): boolean {
    const limits = this.limitsOf[role.client] ?? null;
    const consumed = this.consumedOf[role.client] ?? null;
    if (limits === null || consumed === null) return false;
    const { flags, nameIndexes } = this.ledger.catalog;
    for (let i = 0; i < bag.kinds.length; i++) {
      const kind = bag.kinds[i];
      const name = nameIndexes[kind];
      if ((flags[kind] & QUOTA_EXEMPT_MASK) !== 0 || limits[name] > consumed[name]) return false;
    }
    return true;
  }

  surplus(): Quantities {
    return difference(this.headroom, this.owed);
  }

  chargeGuaranteed(role: RoleState, charged: Quantities, promised: Quantities, owedToRole: Quantities): void {
    this.consume(role.path, charged);
    subtractFrom(owedToRole, charged);
    if (isZero(owedToRole) && this.isUnmet(role)) {
      this.unmet[role.client] = false;
      this.unmetCount--;
    }
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

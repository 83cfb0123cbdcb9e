/**
 * Roles as a tree of paths: a role exists while it has frameworks, a quota, a weight other than 1, reservations or a
 * child that exists. Reservations and consumption are charged to the role and to each of its ancestors.
 * Source: Mesos src/master/allocator/mesos/hierarchical.cpp, RoleTree.
 */
import { assert } from '../base/assert.ts';
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { QUOTA_EXEMPT_MASK, ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { isUnlimited, isZero, noLimits, noQuantities } from './resource-quantities.ts';

export const DEFAULT_WEIGHT = 1;

/** Milli-units per name: promised (0 = nothing) and allowed (Infinity = no limit). */
export interface Quota {
  readonly guarantees: Quantities;
  readonly limits: Quantities;
}

/** Whether a quota neither promises nor limits anything. */
export function isDefaultQuota(quota: Quota): boolean {
  return isZero(quota.guarantees) && isUnlimited(quota.limits);
}

export interface Role {
  readonly path: string;
  readonly parent: Role | null;
  readonly children: Map<string, Role>;
  readonly frameworks: Set<string>;
  quota: Quota | null;
  weight: number;
  /** Scalar reservations of the subtree, allocated or not. */
  readonly reserved: Quantities;
  /** Unreserved, non-revocable scalars offered or allocated in the subtree. */
  readonly unreservedHeld: Quantities;
  /** Reserved scalars offered or allocated in the subtree. */
  readonly reservedHeld: Quantities;
  /** Copies held of each shared kind, which is charged once. */
  readonly sharedCopies: Map<number, number>;
}

/** The tree; the root is the role with the empty path. */
export class RoleTree {
  readonly root: Role;
  private readonly catalog: ResourceCatalog;
  private readonly byPath = new Map<string, Role>();
  private quotas = 0;

  constructor(catalog: ResourceCatalog) {
    this.catalog = catalog;
    this.root = this.createRole('', null);
  }

  get(path: string): Role | undefined {
    return this.byPath.get(path);
  }

  /** Whether any role has a quota. */
  hasQuotas(): boolean {
    return this.quotas > 0;
  }

  /** Paths of every existing role, sorted. */
  paths(): readonly string[] {
    return [...this.byPath.keys()].sort();
  }

  trackFramework(framework: string, path: string): void {
    const role = this.getOrCreate(path);
    assert(!role.frameworks.has(framework), 'a framework is tracked once under a role');
    role.frameworks.add(framework);
  }

  untrackFramework(framework: string, path: string): void {
    const role = this.byPath.get(path);
    assert(role?.frameworks.delete(framework) === true, 'an untracked framework was tracked');
    this.removeIfEmpty(path);
  }

  /** Sets or, with the default quota or null, clears the quota of a role. */
  updateQuota(path: string, quota: Quota | null): void {
    const role = this.getOrCreate(path);
    const next = quota === null || isDefaultQuota(quota) ? null : quota;
    this.quotas += Number(next !== null) - Number(role.quota !== null);
    role.quota = next;
    this.removeIfEmpty(path);
  }

  updateWeight(path: string, weight: number): void {
    this.getOrCreate(path).weight = weight;
    this.removeIfEmpty(path);
  }

  /** Adds the reserved scalars of a bag to their roles and ancestors. */
  trackReservations(bag: ResourceBag): void {
    this.reservations(bag, 1);
  }

  untrackReservations(bag: ResourceBag): void {
    this.reservations(bag, -1);
  }

  /** Charges a bag offered or allocated in a role to the role and its ancestors. */
  trackHeld(held: Role, bag: ResourceBag): void {
    for (let role: Role | null = held; role !== null; role = role.parent) this.charge(role, bag, 1);
  }

  untrackHeld(held: Role, bag: ResourceBag): void {
    for (let role: Role | null = held; role !== null; role = role.parent) this.charge(role, bag, -1);
  }

  private charge(role: Role, bag: ResourceBag, sign: number): void {
    const { flags, nameIndexes, unitMilli } = this.catalog;
    for (let i = 0; i < bag.kinds.length; i++) {
      const kind = bag.kinds[i];
      const bits = flags[kind];
      if ((bits & ResourceFlag.nonScalar) !== 0) continue;
      let copies = bag.amounts[i];
      if ((bits & ResourceFlag.shared) !== 0) {
        const before = role.sharedCopies.get(kind) ?? 0;
        const after = before + sign * copies;
        if (after === 0) role.sharedCopies.delete(kind);
        else role.sharedCopies.set(kind, after);
        copies = before > 0 === after > 0 ? 0 : 1;
      }
      const quantity = sign * copies * unitMilli[kind];
      if ((bits & QUOTA_EXEMPT_MASK) === 0) role.unreservedHeld[nameIndexes[kind]] += quantity;
      else if ((bits & ResourceFlag.reserved) !== 0) role.reservedHeld[nameIndexes[kind]] += quantity;
    }
  }

  private reservations(bag: ResourceBag, sign: number): void {
    const { flags, nameIndexes, unitMilli, reservationRoles } = this.catalog;
    for (let i = 0; i < bag.kinds.length; i++) {
      const kind = bag.kinds[i];
      if ((flags[kind] & ResourceFlag.reserved) === 0 || (flags[kind] & ResourceFlag.nonScalar) !== 0) continue;
      const copies = (flags[kind] & ResourceFlag.shared) !== 0 ? 1 : bag.amounts[i];
      const path = reservationRoles[kind];
      for (let role: Role | null = this.getOrCreate(path); role !== null; role = role.parent)
        role.reserved[nameIndexes[kind]] += sign * copies * unitMilli[kind];
      if (sign < 0) this.removeIfEmpty(path);
    }
  }

  private getOrCreate(path: string): Role {
    const known = this.byPath.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf('/');
    const parent = cut < 0 ? this.root : this.getOrCreate(path.slice(0, cut));
    const role = this.createRole(path, parent);
    parent.children.set(path, role);
    this.byPath.set(path, role);
    return role;
  }

  private createRole(path: string, parent: Role | null): Role {
    return {
      path,
      parent,
      children: new Map(),
      frameworks: new Set(),
      quota: null,
      weight: DEFAULT_WEIGHT,
      reserved: noQuantities(this.catalog),
      unreservedHeld: noQuantities(this.catalog),
      reservedHeld: noQuantities(this.catalog),
      sharedCopies: new Map(),
    };
  }

  private removeIfEmpty(path: string): void {
    let role: Role | null = this.byPath.get(path) ?? null;
    while (role !== null && role.parent !== null && isEmptyRole(role)) {
      role.parent.children.delete(role.path);
      this.byPath.delete(role.path);
      role = role.parent;
    }
  }
}

function isEmptyRole(role: Role): boolean {
  return (
    role.children.size === 0 &&
    role.frameworks.size === 0 &&
    role.quota === null &&
    role.weight === DEFAULT_WEIGHT &&
    isZero(role.reserved)
  );
}

/** Limits of a role that has none. */
export function defaultQuota(catalog: ResourceCatalog): Quota {
  return { guarantees: noQuantities(catalog), limits: noLimits(catalog) };
}

/**
 * Identities of resources, interned to small integers ("kinds") so that a bag of resources is two columns of numbers.
 *
 * Two pieces of one kind add up; pieces of different kinds never do. A persistent volume or a MOUNT or BLOCK disk is
 * indivisible: its size is part of its kind and a bag counts copies. A catalog belongs to one allocator.
 * Source: Mesos src/common/resources.cpp, addable and subtractable.
 */
import { ConfigError } from '../base/assert.ts';
import type { RangeSet } from './range-set.ts';
import { rangeSetOf } from './range-set.ts';

export const ResourceFlag = {
  /** Reserved to a role. */
  reserved: 1,
  /** Reservation stack deeper than one. */
  refined: 2,
  revocable: 4,
  shared: 8,
  /** Ranges or a set. */
  nonScalar: 16,
  /** Bags count copies of a fixed size. */
  indivisible: 32,
} as const;

/** Bits a resource must not have to be charged against quota: unreserved, non-revocable scalars only. */
export const QUOTA_EXEMPT_MASK = ResourceFlag.reserved | ResourceFlag.revocable | ResourceFlag.nonScalar;

export interface ResourceIdentity {
  readonly name: string;
  readonly type: 'scalar' | 'ranges' | 'set';
  /** Reservation stack, outermost role first; empty is unreserved. */
  readonly reservations: readonly string[];
  readonly revocable: boolean;
  /** PATH, MOUNT, BLOCK, RAW or null for the root disk. */
  readonly diskSource: string | null;
  /** Persistence id, or null for a disk without a volume. */
  readonly diskId: string | null;
  readonly shared: boolean;
}

const DEFAULT_MAX_NAMES = 32;

/** Whether a bag counts copies of this resource instead of cutting it. */
export function isIndivisible(identity: ResourceIdentity): boolean {
  return (
    identity.diskId !== null || identity.shared || identity.diskSource === 'MOUNT' || identity.diskSource === 'BLOCK'
  );
}

/** Interns resource names, kinds and set items; columns are indexed by kind. */
export class ResourceCatalog {
  readonly maxNames: number;
  readonly names: string[] = [];
  readonly identities: ResourceIdentity[] = [];
  /** ResourceFlag bits per kind. */
  readonly flags: number[] = [];
  /** Name index per kind. */
  readonly nameIndexes: number[] = [];
  /** Size of one copy in milli-units per indivisible kind; 1 for other kinds, so quantity = amount x unitMilli. */
  readonly unitMilli: number[] = [];
  /** Innermost reservation role per kind, '' when unreserved. */
  readonly reservationRoles: string[] = [];
  private readonly nameToIndex = new Map<string, number>();
  private readonly keyToKind = new Map<string, number>();
  private readonly itemToIndex = new Map<string, number>();
  private readonly itemNames: string[] = [];

  constructor(maxNames = DEFAULT_MAX_NAMES) {
    this.maxNames = maxNames;
  }

  /** Index of a resource name, created at first use. Throws ConfigError past `maxNames` names. */
  nameIndex(name: string): number {
    const known = this.nameToIndex.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= this.maxNames)
      throw new ConfigError(`resource "${name}" is name ${this.names.length + 1}; this catalog holds ${this.maxNames}`);
    const index = this.names.length;
    this.names.push(name);
    this.nameToIndex.set(name, index);
    return index;
  }

  /** Kind of a resource; `sizeMilli` counts only for indivisible ones. */
  kind(identity: ResourceIdentity, sizeMilli: number): number {
    const reservations = identity.reservations.filter((role) => role !== '*');
    const indivisible = isIndivisible(identity);
    const unit = indivisible ? sizeMilli : 1;
    const { name, type, revocable, diskSource, diskId, shared } = identity;
    const key = JSON.stringify([name, type, reservations, revocable, diskSource, diskId, shared, unit]);
    const known = this.keyToKind.get(key);
    if (known !== undefined) return known;
    const kind = this.identities.length;
    let flags = 0;
    if (reservations.length > 0) flags |= ResourceFlag.reserved;
    if (reservations.length > 1) flags |= ResourceFlag.refined;
    if (revocable) flags |= ResourceFlag.revocable;
    if (shared) flags |= ResourceFlag.shared;
    if (type !== 'scalar') flags |= ResourceFlag.nonScalar;
    if (indivisible) flags |= ResourceFlag.indivisible;
    this.identities.push({ ...identity, reservations });
    this.flags.push(flags);
    this.nameIndexes.push(this.nameIndex(name));
    this.unitMilli.push(unit);
    this.reservationRoles.push(reservations.at(-1) ?? '');
    this.keyToKind.set(key, kind);
    return kind;
  }

  /** Kind of a plain scalar: unreserved, not revocable, root disk. */
  plainKind(name: string): number {
    return this.kind({ ...PLAIN, name }, 0);
  }

  /** Items of a set as ranges over interned item numbers. */
  itemSet(items: readonly string[]): RangeSet {
    const ranges = items.map((item) => {
      let index = this.itemToIndex.get(item);
      if (index === undefined) {
        index = this.itemNames.length;
        this.itemNames.push(item);
        this.itemToIndex.set(item, index);
      }
      return [index, index];
    });
    return rangeSetOf(ranges);
  }

  /** Names of the items of a set, in order of first use. */
  itemsOf(set: RangeSet): readonly string[] {
    const items: string[] = [];
    for (let i = 0; i < set.length; i += 2) {
      for (let item = set[i]; item <= set[i + 1]; item++) items.push(this.itemNames[item]);
    }
    return items;
  }
}

/** Identity fields of an unreserved, non-revocable scalar. */
export const PLAIN: Omit<ResourceIdentity, 'name'> = {
  type: 'scalar',
  reservations: [],
  revocable: false,
  diskSource: null,
  diskId: null,
  shared: false,
};

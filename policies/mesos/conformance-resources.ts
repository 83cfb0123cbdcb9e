/** Reads resources as the vectors write them: a map of plain resources, or a list of parts with reservation and disk. */

import { ConfigError } from '../base/assert.ts';
import { roundHalfAway } from '../base/int-math.ts';
import { isRecord } from '../conformance.ts';
import { rangeSetOf } from './range-set.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagOf, EMPTY_BAG } from './resource-bag.ts';
import type { ResourceCatalog, ResourceIdentity } from './resource-catalog.ts';
import { isIndivisible, PLAIN } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { noLimits, noQuantities } from './resource-quantities.ts';

const MILLI = 1_000;

/** A decimal amount in milli-units, half away from zero. */
export function milliOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ConfigError(`${String(value)} is not an amount`);
  return roundHalfAway(value * MILLI);
}

/** A bag from vector resources; nothing for undefined or null. */
export function readBag(catalog: ResourceCatalog, resources: unknown): ResourceBag {
  if (resources === undefined || resources === null) return EMPTY_BAG;
  if (Array.isArray(resources)) {
    let bag = EMPTY_BAG;
    for (const part of resources) bag = addBags(bag, readPart(catalog, part));
    return bag;
  }
  return readPart(catalog, { q: resources });
}

function readPart(catalog: ResourceCatalog, part: unknown): ResourceBag {
  if (!isRecord(part) || !isRecord(part.q)) throw new ConfigError(`resources ${JSON.stringify(part)} have no "q"`);
  const disk = isRecord(part.disk) ? part.disk : {};
  const copies = typeof part.count === 'number' ? part.count : 1;
  let bag = EMPTY_BAG;
  for (const [name, value] of Object.entries(part.q)) {
    const isDisk = name === 'disk';
    const identity: ResourceIdentity = {
      ...PLAIN,
      name,
      type: !Array.isArray(value) ? 'scalar' : Array.isArray(value[0]) ? 'ranges' : 'set',
      reservations: readReservations(part.reserved),
      revocable: part.revocable === true,
      diskSource: isDisk && typeof disk.source === 'string' ? disk.source : null,
      diskId: isDisk && typeof disk.id === 'string' ? disk.id : null,
      shared: (isDisk && disk.shared === true) || part.shared === true,
    };
    bag = addBags(bag, readEntry(catalog, identity, value, copies));
  }
  return bag;
}

function readReservations(reserved: unknown): readonly string[] {
  if (typeof reserved === 'string') return [reserved];
  return Array.isArray(reserved) ? reserved.map(String) : [];
}

function readEntry(catalog: ResourceCatalog, identity: ResourceIdentity, value: unknown, copies: number): ResourceBag {
  if (Array.isArray(value)) {
    const kind = catalog.kind(identity, 0);
    const members = identity.type === 'ranges' ? rangeSetOf(value as number[][]) : catalog.itemSet(value.map(String));
    return bagOf(kind, 0, members);
  }
  const milli = milliOf(value);
  if (milli === 0) return EMPTY_BAG;
  if (isIndivisible(identity)) return bagOf(catalog.kind(identity, milli), copies);
  return bagOf(catalog.kind(identity, 0), milli * copies);
}

/** Guarantees or sums: milli-units per name, 0 where absent. */
export function readQuantities(catalog: ResourceCatalog, map: unknown): Quantities {
  const out = noQuantities(catalog);
  if (isRecord(map)) for (const [name, value] of Object.entries(map)) out[catalog.nameIndex(name)] = milliOf(value);
  return out;
}

/** Limits: milli-units per name, Infinity where absent. */
export function readLimits(catalog: ResourceCatalog, map: unknown): Quantities {
  const out = noLimits(catalog);
  if (isRecord(map)) for (const [name, value] of Object.entries(map)) out[catalog.nameIndex(name)] = milliOf(value);
  return out;
}

/** A bag as text, for messages. */
export function describeBag(catalog: ResourceCatalog, bag: ResourceBag): string {
  const parts = bag.kinds.map((kind, i) => {
    const identity = catalog.identities[kind];
    const range = bag.ranges?.[i] ?? null;
    const amount = range === null ? `${(bag.amounts[i] * catalog.unitMilli[kind]) / MILLI}` : JSON.stringify(range);
    const tags = [
      ...identity.reservations.map((role) => `@${role}`),
      ...(identity.revocable ? ['revocable'] : []),
      ...(identity.diskSource === null ? [] : [identity.diskSource]),
      ...(identity.diskId === null ? [] : [`id ${identity.diskId}`]),
      ...(identity.shared ? [`shared x${bag.amounts[i]}`] : []),
    ];
    return `${identity.name}:${amount}${tags.length === 0 ? '' : `(${tags.join(' ')})`}`;
  });
  return `{${parts.join('; ')}}`;
}

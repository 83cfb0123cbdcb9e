/**
 * Amounts per resource name, whatever the kind: guarantees, limits, headroom, shares.
 *
 * One milli-unit column per vector, indexed by the catalog's name index. A guarantee or headroom of 0 is the same as
 * none; in limits the absent name is Infinity and 0 forbids. Differences stop at 0, as in Mesos.
 * Source: Mesos src/common/resource_quantities.cpp.
 */
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';

export type Quantities = Float64Array;

/** All zero: no guarantee, nothing consumed. */
export function noQuantities(catalog: ResourceCatalog): Quantities {
  return new Float64Array(catalog.maxNames);
}

/** All Infinity: no limit on any name. */
export function noLimits(catalog: ResourceCatalog): Quantities {
  return new Float64Array(catalog.maxNames).fill(Number.POSITIVE_INFINITY);
}

/** Whether every entry is 0. */
export function isZero(quantities: Quantities): boolean {
  for (let n = 0; n < quantities.length; n++) if (quantities[n] !== 0) return false;
  return true;
}

/** Whether no name has a limit. */
export function isUnlimited(limits: Quantities): boolean {
  for (let n = 0; n < limits.length; n++) if (limits[n] !== Number.POSITIVE_INFINITY) return false;
  return true;
}

/** a += b. */
export function addTo(a: Quantities, b: Quantities): void {
  for (let n = 0; n < a.length; n++) a[n] += b[n];
}

/** a = max(0, a - b), per name. */
export function subtractFrom(a: Quantities, b: Quantities): void {
  for (let n = 0; n < a.length; n++) a[n] = a[n] > b[n] ? a[n] - b[n] : 0;
}

/** max(0, a - b) per name, as a new vector. */
export function difference(a: Quantities, b: Quantities): Quantities {
  const out = a.slice();
  subtractFrom(out, b);
  return out;
}

/** Whether a >= b for every name. */
export function quantitiesContain(a: Quantities, b: Quantities): boolean {
  for (let n = 0; n < b.length; n++) if (a[n] < b[n]) return false;
  return true;
}

/** Scalars of a bag per name, added `sign` (+1 or -1) times into `out`; shared resources count once per entry. */
export function accumulateScalars(catalog: ResourceCatalog, bag: ResourceBag, sign: number, out: Quantities): void {
  const { flags, nameIndexes, unitMilli } = catalog;
  const { kinds, amounts } = bag;
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    const bits = flags[kind];
    if ((bits & ResourceFlag.nonScalar) !== 0) continue;
    const amount = (bits & ResourceFlag.shared) !== 0 ? 1 : amounts[i];
    out[nameIndexes[kind]] += sign * amount * unitMilli[kind];
  }
}

/** Scalars of a bag per name; shared resources count once. */
export function scalarQuantities(catalog: ResourceCatalog, bag: ResourceBag): Quantities {
  const out = noQuantities(catalog);
  accumulateScalars(catalog, bag, 1, out);
  return out;
}

/** Whether a bag covers `wanted`; ranges and sets count their members. */
export function bagCovers(catalog: ResourceCatalog, bag: ResourceBag, wanted: Quantities): boolean {
  const { nameIndexes, unitMilli } = catalog;
  for (let n = 0; n < catalog.names.length; n++) {
    if (wanted[n] === 0) continue;
    let held = 0;
    for (let i = 0; i < bag.kinds.length; i++) {
      if (nameIndexes[bag.kinds[i]] === n) held += bag.amounts[i] * unitMilli[bag.kinds[i]];
    }
    if (held < wanted[n]) return false;
  }
  return true;
}

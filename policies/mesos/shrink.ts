/**
 * Cutting a bag of scalars down to amounts per name, for quota guarantees, limits and headroom.
 *
 * A scalar is cut to what is left of its name; an indivisible disk is taken only when it fits entirely, others are still
 * tried. Resources of one name compete in random order, drawn only where two of them do compete.
 * Source: Mesos src/master/allocator/mesos/hierarchical.cpp, shrinkResources.
 */
import type { RandomSource } from '../base/random-source.ts';
import { shuffle } from '../base/random-source.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagOf, EMPTY_BAG } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';

/** The part of a bag within `target`; a name absent from the target (0) is dropped. */
export function shrinkToQuantities(
  catalog: ResourceCatalog,
  bag: ResourceBag,
  target: Quantities,
  random: RandomSource,
): ResourceBag {
  return shrink(catalog, bag, target, random);
}

/** The part of a bag within `limits`; a name without limit (Infinity) is kept whole, a limit of 0 drops it. */
export function shrinkToLimits(
  catalog: ResourceCatalog,
  bag: ResourceBag,
  limits: Quantities,
  random: RandomSource,
): ResourceBag {
  return shrink(catalog, bag, limits, random);
}

function shrink(catalog: ResourceCatalog, bag: ResourceBag, bound: Quantities, random: RandomSource): ResourceBag {
  if (fits(catalog, bag, bound)) return bag;
  const left = bound.slice();
  const order = bag.kinds.map((_, i) => i);
  if (namesRepeat(catalog, bag)) shuffle(order, order.length, random);
  let out = EMPTY_BAG;
  for (const entry of order) {
    const kind = bag.kinds[entry];
    const name = catalog.nameIndexes[kind];
    const unit = catalog.unitMilli[kind];
    const cut =
      (catalog.flags[kind] & ResourceFlag.indivisible) !== 0
        ? Math.min(bag.amounts[entry], Math.floor(left[name] / unit))
        : Math.min(bag.amounts[entry], left[name]);
    if (cut <= 0) continue;
    left[name] -= cut * unit;
    out = addBags(out, bagOf(kind, cut));
  }
  return out;
}

function fits(catalog: ResourceCatalog, bag: ResourceBag, bound: Quantities): boolean {
  for (let i = 0; i < bag.kinds.length; i++) {
    const name = catalog.nameIndexes[bag.kinds[i]];
    let held = 0;
    for (let j = 0; j < bag.kinds.length; j++) {
      if (catalog.nameIndexes[bag.kinds[j]] === name) held += bag.amounts[j] * catalog.unitMilli[bag.kinds[j]];
    }
    if (held > bound[name]) return false;
  }
  return true;
}

function namesRepeat(catalog: ResourceCatalog, bag: ResourceBag): boolean {
  for (let i = 1; i < bag.kinds.length; i++) {
    for (let j = 0; j < i; j++) {
      if (catalog.nameIndexes[bag.kinds[i]] === catalog.nameIndexes[bag.kinds[j]]) return true;
    }
  }
  return false;
}

import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { DrfSorter } from './drf-sorter.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagOf, EMPTY_BAG, subtractBags } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { ScalarTotals } from './scalar-totals.ts';
import { sortedPaths } from './sorter.ts';

interface NaiveClient {
  active: boolean;
  grants: number;
  held: ResourceBag;
}

/** Flat fairness from scratch: key (share / weight, grants, path), sorted anew at every question. */
function naiveOrder(
  clients: ReadonlyMap<string, NaiveClient>,
  weights: ReadonlyMap<string, number>,
  totals: ScalarTotals,
): string[] {
  const share = (path: string, { held }: NaiveClient): number => {
    const parts = held.kinds.map((kind, i) => held.amounts[i] / totals.quantities[kind]);
    return Math.max(0, ...parts) / (weights.get(path) ?? 1);
  };
  return [...clients]
    .filter(([, { active }]) => active)
    .sort(([a, x], [b, y]) => share(a, x) - share(b, y) || x.grants - y.grants || (a < b ? -1 : 1))
    .map(([path]) => path);
}

describe('fairness sorter', () => {
  test('moving only marked clients gives the order of a full sort in 20 runs of 400 random events', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandomSource(seed);
      const catalog = new ResourceCatalog(4);
      const kinds = [catalog.plainKind('cpus'), catalog.plainKind('mem')]; // kinds 0 and 1 are names 0 and 1
      const totals = new ScalarTotals(catalog);
      totals.add(addBags(bagOf(kinds[0], 100_000), bagOf(kinds[1], 400_000)));
      const sorter = new DrfSorter(catalog, totals, { excludedNames: [], forgetsGrantsWhenInactive: false });
      const clients = new Map<string, NaiveClient>();
      const weights = new Map<string, number>();
      for (let event = 0; event < 400; event++) {
        const path = `c${uniformBelow(random, 60)}`;
        const known = clients.get(path);
        const bag = addBags(
          bagOf(kinds[0], uniformBelow(random, 4) * 500),
          bagOf(kinds[1], uniformBelow(random, 9) * 500),
        );
        const what = uniformBelow(random, 20);
        if (known === undefined) {
          clients.set(path, { active: true, grants: 0, held: EMPTY_BAG });
          sorter.activate(sorter.add(path));
        } else if (what < 12) {
          known.held = addBags(known.held, bag);
          known.grants++;
          sorter.allocated(sorter.clientOf(path), 0, bag);
        } else if (what < 14) {
          sorter.unallocated(sorter.clientOf(path), 0, known.held);
          known.held = EMPTY_BAG;
        } else if (what < 15) {
          known.active = !known.active;
          if (known.active) sorter.activate(sorter.clientOf(path));
          else sorter.deactivate(sorter.clientOf(path));
        } else if (what < 16) {
          clients.delete(path);
          sorter.remove(sorter.clientOf(path));
        } else if (what < 17) {
          weights.set(path, 1 + uniformBelow(random, 3));
          sorter.updateWeight(path, weights.get(path) ?? 1);
        } else if (what < 18) {
          totals.add(bagOf(kinds[uniformBelow(random, 2)], 1_000));
        }
        if (event % 3 === 0) expect(sortedPaths(sorter)).toEqual(naiveOrder(clients, weights, totals));
      }
    }
  });

  test('a walk keeps its order while grants are booked; the next walk has the new one', () => {
    const catalog = new ResourceCatalog(4);
    const cpus = catalog.plainKind('cpus');
    const totals = new ScalarTotals(catalog);
    totals.add(bagOf(cpus, 10_000));
    const sorter = new DrfSorter(catalog, totals, { excludedNames: [], forgetsGrantsWhenInactive: false });
    for (const path of ['a', 'b', 'c']) sorter.activate(sorter.add(path));
    sorter.begin();
    expect(sorter.pathOf(sorter.next())).toBe('a');
    sorter.allocated(sorter.clientOf('a'), 0, bagOf(cpus, 1_000));
    sorter.allocated(sorter.clientOf('b'), 0, bagOf(cpus, 500));
    expect(sorter.pathOf(sorter.next())).toBe('b');
    expect(sorter.pathOf(sorter.next())).toBe('c');
    expect(sorter.next()).toBe(-1);
    // c 0 of 10, b 0.5 of 10, a 1 of 10
    expect(sortedPaths(sorter)).toEqual(['c', 'b', 'a']);
    expect(sorter.share(sorter.clientOf('a'))).toBe(0.1);
  });

  test('what a removed role held leaves its parent: 3 of 5 cpus remain', () => {
    const catalog = new ResourceCatalog(4);
    const cpus = catalog.plainKind('cpus');
    const sorter = new DrfSorter(catalog, new ScalarTotals(catalog), {
      excludedNames: [],
      forgetsGrantsWhenInactive: false,
    });
    const a = sorter.add('p/a');
    sorter.allocated(a, 0, bagOf(cpus, 2_000));
    sorter.allocated(sorter.add('p/b'), 0, bagOf(cpus, 3_000));
    sorter.remove(a);
    expect(sorter.allocatedQuantities(-1)[0]).toBe(3_000);
    expect(subtractBags(bagOf(cpus, 5), bagOf(cpus, 5))).toBe(EMPTY_BAG);
  });
});

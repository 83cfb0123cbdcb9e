/** What shares are measured against: scalars per name over a set of agents, with a version that changes when they do. */
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { accumulateScalars, noQuantities } from './resource-quantities.ts';

export class ScalarTotals {
  readonly quantities: Quantities;
  /** Increases with every change. */
  version = 0;
  private readonly catalog: ResourceCatalog;

  constructor(catalog: ResourceCatalog) {
    this.catalog = catalog;
    this.quantities = noQuantities(catalog);
  }

  add(bag: ResourceBag): void {
    accumulateScalars(this.catalog, bag, 1, this.quantities);
    this.version++;
  }

  remove(bag: ResourceBag): void {
    accumulateScalars(this.catalog, bag, -1, this.quantities);
    this.version++;
  }
}

/**
 * A weighted lottery instead of fairness: every walk is one fresh weighted shuffle of the active clients.
 *
 *   relative weight(n) = relative weight(parent) x weight(n) / sum of weights over siblings with an active leaf below
 *   order              = ln(u) / relative weight, descending, u uniform in (0, 1)
 *
 * Source: Mesos src/master/allocator/mesos/sorter/random/sorter.cpp; Efraimidis and Spirakis 2006 (key u^(1/w)).
 */
import { log } from '../base/exact-math.ts';
import type { RandomSource } from '../base/random-source.ts';
import { uniformOpen } from '../base/random-source.ts';
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import type { Sorter } from './sorter.ts';
import { NodeKind, ROOT, SorterTree, type TreeListener } from './sorter-tree.ts';

/** Indexes 0..weights.length-1 in weighted random order: the heavier, the likelier early. Weights > 0. */
export function weightedShuffle(weights: readonly number[], random: RandomSource): number[] {
  const keys = weights.map((weight) => log(uniformOpen(random)) / weight);
  return weights.map((_, index) => index).sort((a, b) => keys[b] - keys[a] || a - b);
}

export class RandomSorter implements Sorter, TreeListener {
  private readonly tree: SorterTree;
  private readonly random: RandomSource;
  private order: number[] = [];
  private position = 0;

  constructor(catalog: ResourceCatalog, random: RandomSource) {
    this.tree = new SorterTree(catalog, this);
    this.random = random;
  }

  /** The order is drawn anew in every round, whatever changed. */
  groupChanged(): void {}

  nodeChanged(): void {}

  add(path: string): number {
    return this.tree.add(path);
  }

  remove(client: number): void {
    this.tree.remove(client);
  }

  activate(client: number): void {
    this.tree.setActive(this.tree.nodeOf(client), true);
  }

  deactivate(client: number): void {
    this.tree.setActive(this.tree.nodeOf(client), false);
  }

  updateWeight(path: string, weight: number): void {
    this.tree.updateWeight(path, weight);
  }

  isActive(client: number): boolean {
    return this.tree.kinds[this.tree.nodeOf(client)] === NodeKind.activeLeaf;
  }

  allocated(client: number, agent: number, bag: ResourceBag, grants = 1): void {
    this.tree.book(this.tree.nodeOf(client), agent, bag, 1, grants);
  }

  unallocated(client: number, agent: number, bag: ResourceBag): void {
    this.tree.book(this.tree.nodeOf(client), agent, bag, -1, 0);
  }

  updateAllocation(client: number, agent: number, before: ResourceBag, after: ResourceBag): void {
    this.tree.book(this.tree.nodeOf(client), agent, before, -1, 0);
    this.tree.book(this.tree.nodeOf(client), agent, after, 1, 0);
  }

  begin(): void {
    const clients: number[] = [];
    const weights: number[] = [];
    this.collect(ROOT, 1, clients, weights);
    this.order = weightedShuffle(weights, this.random).map((index) => clients[index]);
    this.position = 0;
  }

  next(): number {
    return this.position < this.order.length ? this.order[this.position++] : -1;
  }

  clientOf(path: string): number {
    return this.tree.clientOf(path);
  }

  pathOf(client: number): string {
    return this.tree.clientPaths[client];
  }

  count(): number {
    return this.tree.clientCount();
  }

  /** A lottery has no shares. */
  share(): number {
    return 0;
  }

  allocatedQuantities(client: number): Quantities {
    return this.tree.quantitiesAt(client < 0 ? ROOT : this.tree.nodeOf(client));
  }

  private collect(group: number, groupWeight: number, clients: number[], weights: number[]): void {
    let sum = 0;
    for (const child of this.tree.children[group].values()) {
      if (this.tree.activeBelow[child] > 0) sum += this.tree.weightOf(child);
    }
    for (const child of this.tree.children[group].values()) {
      if (this.tree.activeBelow[child] === 0) continue;
      const weight = (groupWeight * this.tree.weightOf(child)) / sum;
      if (this.tree.kinds[child] === NodeKind.internal) {
        this.collect(child, weight, clients, weights);
      } else {
        clients.push(this.tree.clients[child]);
        weights.push(weight);
      }
    }
  }
}

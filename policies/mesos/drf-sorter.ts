/**
 * Dominant resource fairness over a tree of roles.
 *
 *   share(n) = max over names r, total[r] > 0 and r not excluded, of allocated_n[r] / total[r], over weight(n)
 *   order    = share, then grants, then path (code units), per sibling group; the walk is pre-order over active leaves
 *
 * Each group is a sorted array. A grant marks its nodes; begin() moves only the marked ones: a binary search by the key
 * the array was sorted with and one block move, so a grant costs log(clients). A changed total re-keys everything.
 * Shares are quotients of milli-unit integers and equal only when the doubles are identical.
 * Source: Mesos src/master/allocator/mesos/sorter/drf/sorter.cpp.
 */
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import type { ScalarTotals } from './scalar-totals.ts';
import type { Sorter } from './sorter.ts';
import { NodeKind, ROOT, SorterTree, type TreeListener } from './sorter-tree.ts';

export interface DrfOptions {
  /** Resource names that shares ignore. */
  readonly excludedNames: readonly string[];
  /** Before Mesos 1.3 an inactive client was dropped with its grants, so that a reconnect starts from none. */
  readonly forgetsGrantsWhenInactive: boolean;
}

const NO_ORDER = new Int32Array(0);
/** Up to so many misplaced nodes, moving them one by one is cheaper than sorting the group. */
const FEW = 32;

export class DrfSorter implements Sorter, TreeListener {
  private readonly catalog: ResourceCatalog;
  private readonly totals: ScalarTotals;
  private readonly options: DrfOptions;
  private readonly tree: SorterTree;
  private readonly excluded: boolean[] = [];
  /** Active leaves and internal nodes below each internal node, in order. */
  private readonly ordered: Int32Array[] = [];
  private readonly orderedCounts: number[] = [];
  /** The key each node was last placed with. */
  private readonly keyShares: number[] = [];
  private readonly keyGrants: number[] = [];
  private readonly nodeMarked: boolean[] = [];
  private readonly groupMarked: boolean[] = [];
  /** The first so many are marked; the lists never shrink, as emptied ones would be allocated anew. */
  private readonly markedNodes: number[] = [];
  private readonly markedGroups: number[] = [];
  private markedNodeCount = 0;
  private markedGroupCount = 0;
  private readonly stamps: number[] = [];
  private stamp = 0;
  /** Comparisons of two clients since the start: what sorting costs, whatever the machine. */
  comparisons = 0;
  private seenVersion = -1;
  private readonly walkNodes: number[] = [];
  private readonly walkIndexes: number[] = [];
  private depth = -1;

  constructor(catalog: ResourceCatalog, totals: ScalarTotals, options: DrfOptions) {
    this.catalog = catalog;
    this.totals = totals;
    this.options = options;
    for (const name of options.excludedNames) this.excluded[catalog.nameIndex(name)] = true;
    // The sorter itself listens, not closures over it: a master can then be written as plain data.
    this.tree = new SorterTree(catalog, this);
  }

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
    const node = this.tree.nodeOf(client);
    this.tree.setActive(node, false);
    if (this.options.forgetsGrantsWhenInactive) this.tree.forgetGrants(node);
  }

  updateWeight(path: string, weight: number): void {
    this.tree.updateWeight(path, weight);
  }

  isActive(client: number): boolean {
    return this.tree.kinds[this.tree.nodeOf(client)] === NodeKind.activeLeaf;
  }

  allocated(client: number, agent: number, bag: ResourceBag, grants = 1): void {
    const node = this.tree.nodeOf(client);
    const counts = !this.options.forgetsGrantsWhenInactive || this.tree.kinds[node] === NodeKind.activeLeaf;
    this.tree.book(node, agent, bag, 1, counts ? grants : 0);
  }

  unallocated(client: number, agent: number, bag: ResourceBag): void {
    this.tree.book(this.tree.nodeOf(client), agent, bag, -1, 0);
  }

  updateAllocation(client: number, agent: number, before: ResourceBag, after: ResourceBag): void {
    this.tree.book(this.tree.nodeOf(client), agent, before, -1, 0);
    this.tree.book(this.tree.nodeOf(client), agent, after, 1, 0);
  }

  begin(): void {
    if (this.totals.version !== this.seenVersion) this.rekeyAll();
    else this.rekeyMarked();
    this.depth = 0;
    this.walkNodes[0] = ROOT;
    this.walkIndexes[0] = 0;
  }

  next(): number {
    const { kinds, clients, activeBelow } = this.tree;
    while (this.depth >= 0) {
      const group = this.walkNodes[this.depth];
      const index = this.walkIndexes[this.depth]++;
      if (index >= this.orderedCounts[group]) {
        this.depth--;
        continue;
      }
      const child = this.ordered[group][index];
      if (kinds[child] === NodeKind.activeLeaf) return clients[child];
      if (activeBelow[child] > 0) {
        this.depth++;
        this.walkNodes[this.depth] = child;
        this.walkIndexes[this.depth] = 0;
      }
    }
    return -1;
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

  share(client: number): number {
    return this.shareOf(this.tree.nodeOf(client));
  }

  allocatedQuantities(client: number): Quantities {
    return this.tree.quantitiesAt(client < 0 ? ROOT : this.tree.nodeOf(client));
  }

  private shareOf(node: number): number {
    const total = this.totals.quantities;
    const allocated = this.tree.allocated;
    const row = node * this.tree.stride;
    const names = this.catalog.names.length;
    let share = 0;
    for (let n = 0; n < names; n++) {
      const held = allocated[row + n];
      if (held > 0 && total[n] > 0 && this.excluded[n] !== true) {
        const part = held / total[n];
        if (part > share) share = part;
      }
    }
    return share / this.tree.weightOf(node);
  }

  nodeChanged(node: number): void {
    if (node === ROOT || this.nodeMarked[node]) return;
    this.nodeMarked[node] = true;
    this.markedNodes[this.markedNodeCount++] = node;
  }

  groupChanged(group: number): void {
    if (this.groupMarked[group]) return;
    this.groupMarked[group] = true;
    this.markedGroups[this.markedGroupCount++] = group;
  }

  private rekeyAll(): void {
    this.seenVersion = this.totals.version;
    this.rebuildBelow(ROOT);
    this.forgetMarks();
  }

  private rebuildBelow(group: number): void {
    // Where the members are the same, their keys alone are new.
    if (this.groupMarked[group] === false) this.rekeyMembers(group);
    else this.rebuild(group);
    const order = this.ordered[group];
    for (let i = 0; i < this.orderedCounts[group]; i++) {
      if (this.tree.kinds[order[i]] === NodeKind.internal) this.rebuildBelow(order[i]);
    }
  }

  private rekeyMarked(): void {
    for (let i = 0; i < this.markedGroupCount; i++) this.rebuild(this.markedGroups[i]);
    for (let i = 0; i < this.markedNodeCount; i++) {
      const node = this.markedNodes[i];
      const group = this.tree.parents[node];
      if (this.tree.kinds[node] !== NodeKind.inactiveLeaf && !this.groupMarked[group]) this.reposition(group, node);
    }
    this.forgetMarks();
  }

  private forgetMarks(): void {
    for (let i = 0; i < this.markedGroupCount; i++) this.groupMarked[this.markedGroups[i]] = false;
    for (let i = 0; i < this.markedNodeCount; i++) this.nodeMarked[this.markedNodes[i]] = false;
    this.markedGroupCount = 0;
    this.markedNodeCount = 0;
  }

  private rekey(node: number): void {
    this.keyShares[node] = this.shareOf(node);
    this.keyGrants[node] = this.tree.grantCounts[node];
  }

  private rekeyMembers(group: number): void {
    const order = this.ordered[group];
    const count = this.orderedCounts[group];
    for (let i = 0; i < count; i++) this.rekey(order[i]);
    this.sortNearlySorted(order, count);
  }

  /** Orders a group afresh, starting from its last order; rows that are no group any more end up empty. */
  private rebuild(group: number): void {
    const { children, kinds } = this.tree;
    const members = children[group];
    const previous = this.ordered[group] ?? NO_ORDER;
    const order = previous.length < members.size ? new Int32Array(members.size * 2) : previous;
    this.stamp++;
    let count = 0;
    if (kinds[group] === NodeKind.internal) {
      const before = this.orderedCounts[group] ?? 0;
      for (let i = 0; i < before; i++) count = this.keepMember(group, previous[i], order, count);
      for (const child of members.values()) count = this.keepMember(group, child, order, count);
    }
    this.ordered[group] = order;
    this.orderedCounts[group] = count;
    this.sortNearlySorted(order, count);
  }

  /** Appends a node to the order when it belongs there and is not in yet; returns the new length. */
  private keepMember(group: number, node: number, order: Int32Array, count: number): number {
    const { children, kinds, names } = this.tree;
    if (kinds[node] === NodeKind.inactiveLeaf || this.stamps[node] === this.stamp) return count;
    if (children[group].get(names[node]) !== node) return count;
    this.stamps[node] = this.stamp;
    this.rekey(node);
    order[count] = node;
    return count + 1;
  }

  /** Insertion by binary search while few nodes are out of place, a full sort beyond. */
  private sortNearlySorted(order: Int32Array, count: number): void {
    let misplaced = 0;
    for (let i = 1; i < count; i++) {
      const node = order[i];
      if (!this.before(node, order[i - 1])) continue;
      misplaced++;
      if (misplaced > FEW) {
        order.subarray(0, count).sort((a, b) => (this.before(a, b) ? -1 : 1));
        return;
      }
      const to = this.placeOf(order, 0, i, node);
      order.copyWithin(to + 1, to, i);
      order[to] = node;
    }
  }

  /** Whether a comes before b by the keys they were placed with. */
  private before(a: number, b: number): boolean {
    this.comparisons++;
    const shareA = this.keyShares[a];
    const shareB = this.keyShares[b];
    if (shareA !== shareB) return shareA < shareB;
    const grantsA = this.keyGrants[a];
    const grantsB = this.keyGrants[b];
    if (grantsA !== grantsB) return grantsA < grantsB;
    return this.tree.paths[a] < this.tree.paths[b];
  }

  /** First index in [low, high) whose node is not before `node`. */
  private placeOf(order: Int32Array, low: number, high: number, node: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.before(order[middle], node)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  private reposition(group: number, node: number): void {
    const order = this.ordered[group];
    const last = this.orderedCounts[group] - 1;
    const at = this.placeOf(order, 0, last + 1, node);
    this.rekey(node);
    if (at > 0 && this.before(node, order[at - 1])) {
      const to = this.placeOf(order, 0, at, node);
      order.copyWithin(to + 1, to, at);
      order[to] = node;
    } else if (at < last && this.before(order[at + 1], node)) {
      const to = this.placeOf(order, at + 1, last + 1, node);
      order.copyWithin(at, at + 1, to);
      order[to - 1] = node;
    }
  }
}

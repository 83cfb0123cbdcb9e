/**
 * The tree of path components under both sorters: nodes as rows, allocations as columns.
 *
 * A node is internal, an active leaf or an inactive leaf. A client that is also a parent keeps its own part in a virtual
 * leaf "." of weight 1 beside its children. Every ancestor holds the sum of its subtree, and a count of grants that only
 * grows. A weight is looked up at a node's first use and kept: a later change reaches it only through a client of that
 * very path (Mesos does so too). Source: Mesos src/master/allocator/mesos/sorter/drf/sorter.cpp.
 */
import { assert } from '../base/assert.ts';
import type { ResourceBag } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';

export const NodeKind = { internal: 0, activeLeaf: 1, inactiveLeaf: 2 } as const;
export const ROOT = 0;

const VIRTUAL_LEAF = '.';
const AGENT_STRIDE = 1_048_576; // kinds stay below 2^20, agents below 2^33, so a pair fits a double exactly
const FIRST_ROWS = 16;

/** Told when the order of a group or the key of a node may have changed. */
export interface TreeListener {
  /** Children of `node` were added, removed or changed their kind. */
  groupChanged(node: number): void;
  /** Allocation, count or weight of `node` changed. */
  nodeChanged(node: number): void;
}

export class SorterTree {
  readonly stride: number;
  readonly names: string[] = [''];
  readonly paths: string[] = [''];
  readonly parents: number[] = [-1];
  readonly kinds: number[] = [NodeKind.internal];
  readonly children: Map<string, number>[] = [new Map()];
  /** NaN until first used. */
  readonly weights: number[] = [Number.NaN];
  readonly grantCounts: number[] = [0];
  /** Active leaves at or below each node. */
  readonly activeBelow: number[] = [0];
  /** Client of each leaf, -1 for internal nodes. */
  readonly clients: number[] = [-1];
  /** Row-major: node x stride + name, milli-units. */
  allocated: Float64Array;
  /** Path of each client; '' for a number that is free. */
  readonly clientPaths: string[] = [];
  private readonly nodeOfClient: number[] = [];
  private readonly catalog: ResourceCatalog;
  private readonly listener: TreeListener;
  private readonly sharedCopies: (Map<number, number> | null)[] = [null];
  private readonly clientByPath = new Map<string, number>();
  private readonly weightByPath = new Map<string, number>();
  private readonly freeNodes: number[] = [];
  private readonly freeClients: number[] = [];

  constructor(catalog: ResourceCatalog, listener: TreeListener) {
    this.catalog = catalog;
    this.listener = listener;
    this.stride = catalog.maxNames;
    this.allocated = new Float64Array(FIRST_ROWS * this.stride);
  }

  clientOf(path: string): number {
    return this.clientByPath.get(path) ?? -1;
  }

  nodeOf(client: number): number {
    return this.nodeOfClient[client];
  }

  clientCount(): number {
    return this.clientByPath.size;
  }

  add(path: string): number {
    assert(!this.clientByPath.has(path), 'a client is added once');
    const tokens = path.split('/');
    let current = ROOT;
    let depth = 0;
    while (depth < tokens.length && this.kinds[current] === NodeKind.internal) {
      const child = this.children[current].get(tokens[depth]);
      if (child === undefined) break;
      current = child;
      depth++;
    }
    if (depth < tokens.length && this.kinds[current] !== NodeKind.internal) this.splitLeaf(current);
    if (depth === tokens.length) current = this.createNode(VIRTUAL_LEAF, current, NodeKind.inactiveLeaf);
    for (; depth < tokens.length; depth++) {
      const kind = depth === tokens.length - 1 ? NodeKind.inactiveLeaf : NodeKind.internal;
      current = this.createNode(tokens[depth], current, kind);
    }
    const client = this.freeClients.pop() ?? this.clientPaths.length;
    this.clientPaths[client] = path;
    this.clientByPath.set(path, client);
    this.bind(client, current);
    return client;
  }

  remove(client: number): void {
    const leaf = this.nodeOfClient[client];
    this.setActive(leaf, false);
    this.clientByPath.delete(this.clientPaths[client]);
    this.clientPaths[client] = '';
    this.freeClients.push(client);
    for (let node = this.parents[leaf]; node >= 0; node = this.parents[node]) this.takeSubtree(node, leaf);
    let current = leaf;
    while (current !== ROOT) {
      const parent = this.parents[current];
      if (this.children[current].size === 0) this.destroyNode(current);
      else this.collapse(current);
      current = parent;
    }
  }

  setActive(node: number, active: boolean): void {
    const kind = active ? NodeKind.activeLeaf : NodeKind.inactiveLeaf;
    if (this.kinds[node] === kind) return;
    assert(this.kinds[node] !== NodeKind.internal, 'only a leaf is active or not');
    this.kinds[node] = kind;
    const step = active ? 1 : -1;
    for (let at = node; at >= 0; at = this.parents[at]) this.activeBelow[at] += step;
    this.listener.groupChanged(this.parents[node]);
  }

  updateWeight(path: string, weight: number): void {
    this.weightByPath.set(path, weight);
    const client = this.clientOf(path);
    if (client < 0) return;
    let node = this.nodeOfClient[client];
    if (this.names[node] === VIRTUAL_LEAF) node = this.parents[node];
    this.weights[node] = weight;
    this.listener.nodeChanged(node);
  }

  /** Weight of a node, fixed at first use. */
  weightOf(node: number): number {
    const known = this.weights[node];
    if (!Number.isNaN(known)) return known;
    const weight = this.weightByPath.get(this.paths[node]) ?? 1;
    this.weights[node] = weight;
    return weight;
  }

  /** Adds (sign 1) or takes (sign -1) a bag of an agent at a leaf and all its ancestors; `grants` is added to the counts. */
  book(leaf: number, agent: number, bag: ResourceBag, sign: number, grants: number): void {
    const { kinds, amounts } = bag;
    const { flags, nameIndexes, unitMilli } = this.catalog;
    for (let node = leaf; node >= 0; node = this.parents[node]) {
      const row = node * this.stride;
      for (let i = 0; i < kinds.length; i++) {
        const kind = kinds[i];
        const bits = flags[kind];
        if ((bits & ResourceFlag.nonScalar) !== 0) continue;
        const copies =
          (bits & ResourceFlag.shared) !== 0 ? this.bookShared(node, agent, kind, sign * amounts[i]) : amounts[i];
        this.allocated[row + nameIndexes[kind]] += sign * copies * unitMilli[kind];
      }
      this.grantCounts[node] += grants;
      this.listener.nodeChanged(node);
    }
  }

  /** Scalars held at a node, milli-units per name. */
  quantitiesAt(node: number): Quantities {
    return this.allocated.slice(node * this.stride, (node + 1) * this.stride);
  }

  /** Forgets the grants of a client. */
  forgetGrants(node: number): void {
    this.grantCounts[node] = 0;
    this.listener.nodeChanged(node);
  }

  /** 1 when the first copy came or the last one left, else 0: a shared resource counts once per node and agent. */
  private bookShared(node: number, agent: number, kind: number, copies: number): number {
    const key = agent * AGENT_STRIDE + kind;
    let held = this.sharedCopies[node];
    if (held === null) {
      held = new Map();
      this.sharedCopies[node] = held;
    }
    const before = held.get(key) ?? 0;
    const after = before + copies;
    if (after === 0) held.delete(key);
    else held.set(key, after);
    return before > 0 === after > 0 ? 0 : 1;
  }

  /** Takes from `node` all that `leaf` holds. */
  private takeSubtree(node: number, leaf: number): void {
    const shared = this.sharedCopies[leaf];
    const { nameIndexes, unitMilli } = this.catalog;
    for (let n = 0; n < this.stride; n++) {
      this.allocated[node * this.stride + n] -= this.allocated[leaf * this.stride + n];
    }
    if (shared !== null) {
      for (const [key, copies] of shared) {
        const kind = key % AGENT_STRIDE;
        const leaves = this.bookShared(node, Math.floor(key / AGENT_STRIDE), kind, -copies);
        // The leaf's own part is already gone; give it back when other copies keep the resource here.
        this.allocated[node * this.stride + nameIndexes[kind]] += (1 - leaves) * unitMilli[kind];
      }
    }
    this.listener.nodeChanged(node);
  }

  private bind(client: number, node: number): void {
    this.nodeOfClient[client] = node;
    this.clients[node] = client;
  }

  /** Turns a leaf into a parent whose virtual leaf takes over what the leaf held. */
  private splitLeaf(node: number): void {
    const client = this.clients[node];
    const virtual = this.createNode(VIRTUAL_LEAF, node, this.kinds[node]);
    this.copyAllocation(node, virtual);
    this.activeBelow[virtual] = this.activeBelow[node];
    this.kinds[node] = NodeKind.internal;
    this.clients[node] = -1;
    this.bind(client, virtual);
    this.listener.groupChanged(this.parents[node]);
  }

  /** Makes a node whose only child is its virtual leaf a leaf again. */
  private collapse(node: number): void {
    const virtual = this.children[node].get(VIRTUAL_LEAF);
    if (node === ROOT || virtual === undefined || this.children[node].size !== 1) return;
    this.kinds[node] = this.kinds[virtual];
    this.bind(this.clients[virtual], node);
    this.destroyNode(virtual);
    this.listener.groupChanged(this.parents[node]);
  }

  private createNode(name: string, parent: number, kind: number): number {
    const node = this.freeNodes.pop() ?? this.names.length;
    this.names[node] = name;
    this.paths[node] = parent === ROOT ? name : `${this.paths[parent]}/${name}`;
    this.parents[node] = parent;
    this.kinds[node] = kind;
    this.children[node] = new Map();
    this.weights[node] = Number.NaN;
    this.grantCounts[node] = 0;
    this.activeBelow[node] = 0;
    this.clients[node] = -1;
    this.sharedCopies[node] = null;
    if ((node + 1) * this.stride > this.allocated.length) {
      const grown = new Float64Array(this.allocated.length * 2);
      grown.set(this.allocated);
      this.allocated = grown;
    }
    this.allocated.fill(0, node * this.stride, (node + 1) * this.stride);
    this.children[parent].set(name, node);
    this.listener.groupChanged(parent);
    return node;
  }

  private destroyNode(node: number): void {
    this.children[this.parents[node]].delete(this.names[node]);
    this.kinds[node] = NodeKind.inactiveLeaf; // so that whoever still lists the row passes over it
    this.listener.groupChanged(this.parents[node]);
    this.freeNodes.push(node);
  }

  private copyAllocation(from: number, to: number): void {
    this.allocated.copyWithin(to * this.stride, from * this.stride, (from + 1) * this.stride);
    this.grantCounts[to] = this.grantCounts[from];
    const shared = this.sharedCopies[from];
    this.sharedCopies[to] = shared === null ? null : new Map(shared);
  }
}

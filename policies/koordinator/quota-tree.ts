/**
 * A tree of elastic quotas: requests add up from the leaves, runtime flows down from the cluster's total.
 *
 * Quotas are rows, resource dimensions are columns; parents come before children. A dimension that `max` does not name is
 * unlimited there.
 */

import { ConfigError } from '../base/assert.ts';
import { redistributeQuota, type SharingGroup, scaledMin } from './quota-redistribute.ts';

/** One quota as configured; arrays are indexed by dimension, undefined means "not named". */
export interface QuotaSpec {
  readonly name: string;
  /** null: child of the root. */
  readonly parent: string | null;
  readonly max: readonly (number | undefined)[];
  readonly min: readonly (number | undefined)[];
  /** Defaults to max, dimension by dimension. */
  readonly sharedWeight?: readonly (number | undefined)[];
  readonly guarantee?: readonly (number | undefined)[];
  readonly allowLent: boolean;
  /** Whether min may shrink when the minima of the siblings exceed the parent; default true. */
  readonly mayScaleMin?: boolean;
}

/** Columns of one resource dimension. */
export interface QuotaDimension {
  readonly name: string;
  /** Infinity where the quota does not name the dimension. */
  readonly max: Float64Array;
  readonly min: Float64Array;
  readonly weight: Float64Array;
  readonly guarantee: Float64Array;
  /** Sum of the requests of the quota's own pods; the caller keeps it. */
  readonly podRequest: Float64Array;
  /** Sum of the requests of its running pods and of those of its children; the caller keeps it. */
  readonly used: Float64Array;
  /** The part of `used` that may not be preempted; the caller keeps it. */
  readonly nonPreemptibleUsed: Float64Array;
  readonly childRequest: Float64Array;
  readonly request: Float64Array;
  readonly limitedRequest: Float64Array;
  readonly autoScaledMin: Float64Array;
  readonly runtime: Float64Array;
}

/** All quotas of one tree. */
export interface QuotaTree {
  readonly names: readonly string[];
  /** Row of the parent, -1 below the root; always smaller than the row itself. */
  readonly parent: Int32Array;
  readonly allowLent: Uint8Array;
  readonly mayScaleMin: Uint8Array;
  readonly dimensions: readonly QuotaDimension[];
  /** Children by parent row; index 0 is the root, row r stands at r + 1. */
  readonly children: readonly (readonly number[])[];
}

/** Lays quotas out as columns, parents first. Throws ConfigError on an unknown parent, a repeated name or a cycle. */
export function buildQuotaTree(specs: readonly QuotaSpec[], dimensionNames: readonly string[]): QuotaTree {
  const known = new Set(specs.map((spec) => spec.name));
  if (known.size !== specs.length) throw new ConfigError('two quotas have the same name');
  const ordered: QuotaSpec[] = [];
  const rowOf = new Map<string, number>();
  let pending = [...specs];
  while (pending.length > 0) {
    const rest: QuotaSpec[] = [];
    for (const spec of pending) {
      if (spec.parent !== null && !known.has(spec.parent))
        throw new ConfigError(`quota "${spec.name}" names parent "${spec.parent}"; known: ${[...known].join(', ')}`);
      if (spec.parent === null || rowOf.has(spec.parent)) {
        rowOf.set(spec.name, ordered.length);
        ordered.push(spec);
      } else rest.push(spec);
    }
    if (rest.length === pending.length)
      throw new ConfigError(`quotas ${rest.map((spec) => spec.name).join(', ')} are their own ancestors`);
    pending = rest;
  }
  const count = ordered.length;
  const children: number[][] = Array.from({ length: count + 1 }, () => []);
  const parent = Int32Array.from(ordered, (spec) => (spec.parent === null ? -1 : (rowOf.get(spec.parent) ?? -1)));
  for (let row = 0; row < count; row++) children[parent[row] + 1].push(row);
  return {
    names: ordered.map((spec) => spec.name),
    parent,
    allowLent: Uint8Array.from(ordered, (spec) => (spec.allowLent ? 1 : 0)),
    mayScaleMin: Uint8Array.from(ordered, (spec) => (spec.mayScaleMin === false ? 0 : 1)),
    children,
    dimensions: dimensionNames.map((name, d) => ({
      name,
      max: Float64Array.from(ordered, (spec) => spec.max[d] ?? Number.POSITIVE_INFINITY),
      min: Float64Array.from(ordered, (spec) => spec.min[d] ?? 0),
      weight: Float64Array.from(ordered, (spec) => spec.sharedWeight?.[d] ?? spec.max[d] ?? 0),
      guarantee: Float64Array.from(ordered, (spec) => spec.guarantee?.[d] ?? 0),
      podRequest: new Float64Array(count),
      used: new Float64Array(count),
      nonPreemptibleUsed: new Float64Array(count),
      childRequest: new Float64Array(count),
      request: new Float64Array(count),
      limitedRequest: new Float64Array(count),
      autoScaledMin: Float64Array.from(ordered, (spec) => spec.min[d] ?? 0),
      runtime: new Float64Array(count),
    })),
  };
}

/**
 * Adds requests up from the leaves.
 *
 *   childRequest = own pods + sum(limitedRequest of children)
 *   request = lent ? childRequest : max(childRequest, min) ; limitedRequest = min(request, max)
 */
export function propagateRequests(tree: QuotaTree): void {
  for (const d of tree.dimensions) {
    d.childRequest.set(d.podRequest);
    for (let row = tree.names.length - 1; row >= 0; row--) {
      d.request[row] = tree.allowLent[row] === 1 ? d.childRequest[row] : Math.max(d.childRequest[row], d.min[row]);
      d.limitedRequest[row] = Math.min(d.request[row], d.max[row]);
      if (tree.parent[row] >= 0) d.childRequest[tree.parent[row]] += d.limitedRequest[row];
    }
  }
}

function groupOf(tree: QuotaTree, d: QuotaDimension, rows: readonly number[]): SharingGroup {
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row]);
  return {
    count: rows.length,
    names: rows.map((row) => tree.names[row]),
    weight: pick(d.weight),
    limitedRequest: pick(d.limitedRequest),
    min: pick(d.autoScaledMin),
    guarantee: pick(d.guarantee),
    allowLent: Uint8Array.from(rows, (row) => tree.allowLent[row]),
  };
}

function scaleMinOf(tree: QuotaTree, d: QuotaDimension, rows: readonly number[], row: number, total: number): number {
  let sumScaled = 0;
  let sumFixed = 0;
  for (const sibling of rows) {
    if (tree.mayScaleMin[sibling] === 1) sumScaled += d.min[sibling];
    else sumFixed += d.min[sibling];
  }
  return scaledMin(total, d.min[row], tree.mayScaleMin[row] === 1, sumScaled, sumFixed);
}

/**
 * Computes the runtime of every quota: the state after each of them was read until nothing changes.
 *
 * `totals` is the cluster's total per dimension less what system and default groups use. Call propagateRequests first.
 */
export function refreshAllQuotas(tree: QuotaTree, totals: readonly number[], scalesMin: boolean): void {
  tree.dimensions.forEach((d, index) => {
    // Parents stand before their children, so a parent's runtime is final when its children are shared out.
    tree.children.forEach((rows, parentPlusOne) => {
      if (rows.length === 0) return;
      const total = parentPlusOne === 0 ? totals[index] : d.runtime[parentPlusOne - 1];
      for (const row of rows) d.autoScaledMin[row] = scalesMin ? scaleMinOf(tree, d, rows, row, total) : d.min[row];
      const runtime = new Float64Array(rows.length);
      redistributeQuota(total, groupOf(tree, d, rows), runtime);
      for (let i = 0; i < rows.length; i++) d.runtime[rows[i]] = runtime[i];
    });
  });
}

/**
 * Computes the runtime of one quota and of its ancestors, as production does when that quota is read.
 *
 * Only quotas on the path get their minimum scaled anew: siblings share with the minimum of their last reading (quirk K17).
 */
export function refreshQuota(tree: QuotaTree, row: number, totals: readonly number[], scalesMin: boolean): void {
  const path: number[] = [];
  for (let at = row; at >= 0; at = tree.parent[at]) path.push(at);
  path.reverse();
  tree.dimensions.forEach((d, index) => {
    let total = totals[index];
    for (const at of path) {
      const rows = tree.children[tree.parent[at] + 1];
      d.autoScaledMin[at] = scalesMin ? scaleMinOf(tree, d, rows, at, total) : d.min[at];
      const runtime = new Float64Array(rows.length);
      redistributeQuota(total, groupOf(tree, d, rows), runtime);
      total = runtime[rows.indexOf(at)];
      d.runtime[at] = total;
    }
  });
}

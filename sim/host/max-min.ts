/**
 * Weighted max-min sharing of CPU with caps ("water-filling"), flat and hierarchical.
 *
 * Every demand is filled in proportion to its weight until it is met: x_i = min(d_i, w_i L) with one level L such that
 * sum x = min(C, sum d). This is what a fair scheduler does over a window much longer than its slice.
 */
import { fail } from '../../policies/base/assert.ts';

/**
 * Shares `capacity` among rows [from, to); returns the level L, Infinity when every demand is met.
 *
 *   repeat: L = rest / sum of active weights; grant and retire every active i with d_i <= w_i L; until none retires
 *
 * L only grows, so a row retired at a lower L is also met at the final one. Passes: at most 4 in practice.
 * Shape: columns share rows; `scratch` holds at least to - from entries. Units: any, the same for capacity and demand.
 * Errors: InvariantError when an unmet row has no weight. Source: docs/performance-models.md 1.2.
 */
export function fill(
  capacity: number,
  demand: Float64Array,
  weight: Float64Array,
  from: number,
  to: number,
  scratch: Int32Array,
  grant: Float64Array,
): number {
  let wanted = 0;
  for (let i = from; i < to; i++) wanted += demand[i];
  if (wanted <= capacity) {
    for (let i = from; i < to; i++) grant[i] = demand[i];
    return Number.POSITIVE_INFINITY;
  }
  let rest = capacity;
  let weights = 0;
  let active = to - from;
  for (let k = 0; k < active; k++) {
    scratch[k] = from + k;
    weights += weight[from + k];
  }
  for (;;) {
    if (!(weights > 0)) fail(`rows ${from} to ${to}: unmet demand without weight`);
    const level = rest / weights;
    let kept = 0;
    let metDemand = 0;
    let keptWeights = 0; // summed afresh: subtracting large met weights would cancel small ones
    for (let k = 0; k < active; k++) {
      const i = scratch[k];
      if (demand[i] <= weight[i] * level) {
        grant[i] = demand[i];
        metDemand += demand[i];
      } else {
        keptWeights += weight[i];
        scratch[kept++] = i;
      }
    }
    if (kept === active || kept === 0) {
      for (let k = 0; k < kept; k++) grant[scratch[k]] = weight[scratch[k]] * level;
      return level;
    }
    active = kept;
    rest -= metDemand;
    weights = keptWeights;
  }
}

/**
 * Shares `capacity` down a tree of groups in two passes.
 *
 *   up:   D_g = min(cap_g, sum of the children's D)        down: fill(x_g, children's D, children's weights)
 *
 * Shape: nodes are rows [from, to) with parents before children and the children of a node in adjacent rows
 * [firstChild, endChild); a leaf has firstChild = endChild. Row `from` is the root. `cap` is a quota or the size of a cpuset
 * (Infinity = none). `demand` holds the leaves' demand on entry and every node's capped demand afterwards.
 * Units: as fill. Errors: as fill. Source: docs/performance-models.md 1.3.
 */
export function fillTree(
  capacity: number,
  cap: Float64Array,
  weight: Float64Array,
  firstChild: Int32Array,
  endChild: Int32Array,
  from: number,
  to: number,
  scratch: Int32Array,
  demand: Float64Array,
  grant: Float64Array,
): void {
  for (let node = to - 1; node >= from; node--) {
    const end = endChild[node];
    if (firstChild[node] < end) {
      let sum = 0;
      for (let child = firstChild[node]; child < end; child++) sum += demand[child];
      demand[node] = sum;
    }
    if (demand[node] > cap[node]) demand[node] = cap[node];
  }
  grant[from] = demand[from] < capacity ? demand[from] : capacity;
  for (let node = from; node < to; node++) {
    if (firstChild[node] < endChild[node]) {
      fill(grant[node], demand, weight, firstChild[node], endChild[node], scratch, grant);
    }
  }
}

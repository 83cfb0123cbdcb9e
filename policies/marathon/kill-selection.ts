/**
 * Which instances GROUP_BY gives up first: those of the largest groups, until the groups are even.
 *
 * It may choose fewer than asked: an instance is taken only if no distribution gets more uneven by more than one.
 * Source: Marathon Constraints.selectInstancesToKill.
 */
import { ConfigError } from '../base/assert.ts';

/** Group of each instance under one GROUP_BY constraint; same length and order as the instances. */
export type Grouping = readonly (string | undefined)[];

/** Sizes of the groups of one constraint, and the instances of each in order. */
interface Distribution {
  readonly groupOf: Int32Array;
  readonly members: number[][];
  readonly sizes: Int32Array;
}

function distribute(grouping: Grouping): Distribution {
  const groups = new Map<string | undefined, number>();
  const members: number[][] = [];
  const groupOf = new Int32Array(grouping.length);
  for (let i = 0; i < grouping.length; i++) {
    let group = groups.get(grouping[i]);
    if (group === undefined) {
      group = members.length;
      groups.set(grouping[i], group);
      members.push([]);
    }
    members[group].push(i);
    groupOf[i] = group;
  }
  return { groupOf, members, sizes: Int32Array.from(members, (group) => group.length) };
}

function spread(sizes: Int32Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const size of sizes) {
    low = Math.min(low, size);
    high = Math.max(high, size);
  }
  return high - low;
}

/** Whether taking `instance` leaves the groups within one, or closer together than at the start. */
function evens(distribution: Distribution, instance: number, startSpread: number): boolean {
  const group = distribution.groupOf[instance];
  distribution.sizes[group] -= 1;
  const after = spread(distribution.sizes);
  distribution.sizes[group] += 1;
  return after <= 1 || startSpread > after;
}

/**
 * Rows of the instances to kill, at most `count`, in the order in which they are chosen.
 *
 * `groupings` has one entry per GROUP_BY constraint; without any nothing is chosen. All rows are chosen when `count` is their
 * number. Errors: ConfigError when more are to be killed than there are.
 */
export function selectToKill(groupings: readonly Grouping[], instances: number, count: number): number[] {
  if (count > instances) throw new ConfigError(`cannot kill ${count} instances of ${instances} running`);
  if (count === instances) return Array.from({ length: instances }, (_, i) => i);
  if (groupings.length === 0) return [];
  const distributions = groupings.map(distribute);
  const startSpreads = distributions.map((distribution) => spread(distribution.sizes));
  const taken = new Uint8Array(instances);
  const chosen: number[] = [];
  while (chosen.length < count) {
    const instance = candidates(distributions, taken).find((candidate) =>
      distributions.every((distribution, d) => evens(distribution, candidate, startSpreads[d])),
    );
    if (instance === undefined) break;
    taken[instance] = 1;
    for (const distribution of distributions) distribution.sizes[distribution.groupOf[instance]] -= 1;
    chosen.push(instance);
  }
  return chosen;
}

/** Members of the largest groups of the most uneven distribution first; then everybody that is left. */
function candidates(distributions: readonly Distribution[], taken: Uint8Array): number[] {
  const order = [...distributions].sort((a, b) => spread(b.sizes) - spread(a.sizes));
  const rows: number[] = [];
  for (const distribution of order) {
    if (spread(distribution.sizes) === 0) continue;
    const largest = Math.max(...distribution.sizes);
    distribution.members.forEach((group, index) => {
      if (distribution.sizes[index] === largest) for (const row of group) if (taken[row] === 0) rows.push(row);
    });
  }
  for (let row = 0; row < taken.length; row++) if (taken[row] === 0) rows.push(row);
  return rows;
}

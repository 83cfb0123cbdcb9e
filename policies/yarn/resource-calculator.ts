/**
 * How YARN compares and rounds resources: by memory alone (the default), or by the dominant share.
 *
 * A resource is a list of whole numbers, memory first. Minimum and maximum pick one whole list by the comparison, not the
 * smaller of each component.
 * Source: Hadoop, DefaultResourceCalculator and DominantResourceCalculator.
 */

/** Memory in MB, then vcores where they are counted. */
export type Resource = readonly number[];

export interface ResourceCalculator {
  /** Negative, zero or positive, as `a` is less than, equal to or more than `b` in a cluster of this size. */
  compare(a: Resource, b: Resource, cluster: Resource): number;
  /** `a` over `b`, as the comparison sees them. */
  ratio(a: Resource, b: Resource, cluster: Resource): number;
  fits(need: Resource, room: Resource): boolean;
  /** Every component times its factor, as a multiple of one unit. */
  multiplyUp(value: Resource, by: Resource): Resource;
}

/** Memory alone; a product is rounded half up, not up. */
export const MEMORY_ONLY: ResourceCalculator = {
  compare: (a, b) => a[0] - b[0],
  ratio: (a, b) => a[0] / b[0],
  fits: (need, room) => need[0] <= room[0],
  multiplyUp: (value, by) => value.map((part, i) => Math.floor(part * by[i] + 0.5)),
};

/** Largest share first, then the next; products are rounded up. */
export const DOMINANT: ResourceCalculator = {
  compare(a, b, cluster) {
    const [left, right] = [sharesOf(a, cluster), sharesOf(b, cluster)];
    for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i] - right[i];
    return 0;
  },
  ratio: (a, b, cluster) => sharesOf(a, cluster)[0] / sharesOf(b, cluster)[0],
  fits: (need, room) => need.every((part, i) => part <= room[i]),
  multiplyUp: (value, by) => value.map((part, i) => Math.ceil(part * by[i])),
};

function sharesOf(value: Resource, cluster: Resource): number[] {
  return value.map((part, i) => (cluster[i] === 0 ? 0 : part / cluster[i])).sort((a, b) => b - a);
}

export function addResources(a: Resource, b: Resource): Resource {
  return a.map((part, i) => part + b[i]);
}

export function subtractResources(a: Resource, b: Resource): Resource {
  return a.map((part, i) => part - b[i]);
}

/** Every component times `by`, rounded down. */
export function multiplyDown(value: Resource, by: number): Resource {
  return value.map((part) => Math.floor(part * by));
}

/** Nothing, with as many components as `like`. */
export function noneLike(like: Resource): Resource {
  return like.map(() => 0);
}

/** Nothing in place of negative components. */
export function atLeastNone(value: Resource): Resource {
  return value.map((part) => Math.max(0, part));
}

/** The next multiple of `step`; 1.5 GB in steps of 1 GB are 2 GB. */
export function roundUpTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** The multiple of `step` below. */
export function roundDownTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

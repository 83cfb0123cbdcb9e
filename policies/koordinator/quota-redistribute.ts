/**
 * Shares one resource of a parent quota among its children: guarantees first, then water-filling by weight.
 *
 * Every unit that is claimed is given: shares are whole numbers by the largest-remainder (Hamilton) method, so that the
 * last GPU goes to someone.
 */

/** Products up to here divide exactly: a quotient just below a whole number is not rounded up to it. */
const MAX_SMALL_PRODUCT = 1_125_899_906_842_624;

/** Children of one parent in one resource dimension; every column has `count` rows. */
export interface SharingGroup {
  readonly count: number;
  /** Ties go to the name that sorts first. */
  readonly names: readonly string[];
  readonly weight: Float64Array;
  /** min(request, max). */
  readonly limitedRequest: Float64Array;
  /** Minimum after scaling. */
  readonly min: Float64Array;
  /** Usage that is guaranteed on top of min; zeros while that feature is off. */
  readonly guarantee: Float64Array;
  /** 1 when unused minimum may be lent to siblings. */
  readonly allowLent: Uint8Array;
}

/**
 * Splits `total` units over the rows of `members` in proportion to weight, in whole units.
 *
 *   base = floor(w x total / W) ; the total - sum(base) rows with the largest remainder get 1 more (ties: name order)
 *
 * Rows with weight <= 0 get 0. Products past 2^50 are computed in BigInt, the others in doubles, with the same result.
 * `outShare` is written at the rows in `members`. Source: Koordinator, elastic quota runtime calculator.
 */
export function hamiltonShares(
  total: number,
  weight: Float64Array,
  names: readonly string[],
  members: readonly number[],
  outShare: Float64Array,
): void {
  let weightSum = 0;
  let largest = 0;
  for (const row of members) {
    outShare[row] = 0;
    if (weight[row] <= 0) continue;
    weightSum += weight[row];
    largest = Math.max(largest, weight[row]);
  }
  if (total <= 0 || weightSum <= 0) return;

  const candidates = members.filter((row) => weight[row] > 0);
  const remainder = new Map<number, number | bigint>();
  const isSmall = largest * total <= MAX_SMALL_PRODUCT && weightSum <= MAX_SMALL_PRODUCT;
  // Large weights lose their last digits in a sum of doubles.
  const exactSum = isSmall ? 0n : candidates.reduce((sum, row) => sum + BigInt(weight[row]), 0n);
  let given = 0;
  for (const row of candidates) {
    let base: number;
    let rest: number | bigint;
    if (isSmall) {
      const product = weight[row] * total;
      base = Math.floor(product / weightSum);
      rest = product - base * weightSum;
    } else {
      const product = BigInt(weight[row]) * BigInt(total);
      base = Number(product / exactSum);
      rest = product % exactSum;
    }
    outShare[row] = base;
    remainder.set(row, rest);
    given += base;
  }
  const left = total - given;
  if (left === 0) return;
  const restOf = (row: number): number | bigint => remainder.get(row) ?? 0;
  candidates.sort((a, b) => {
    const [restA, restB] = [restOf(a), restOf(b)];
    if (restA !== restB) return restA > restB ? -1 : 1;
    return names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : 0;
  });
  for (let i = 0; i < left && i < candidates.length; i++) outShare[candidates[i]] += 1;
}

/**
 * Runtime quota of every child.
 *
 *   m = max(min, guarantee)
 *   limitedRequest > m : runtime = m and the child shares what is left
 *   else               : runtime = lent ? limitedRequest : m
 *   what is left is shared by weight; a child that reaches its request gives the excess back and leaves; repeat
 *
 * Units: whole units of the dimension. Unclaimed units stay unused; minima above `total` are all kept, so the sum may
 * exceed `total` unless minima are scaled. Source: Koordinator, elastic quota runtime calculator.
 */
export function redistributeQuota(total: number, group: SharingGroup, outRuntime: Float64Array): void {
  const { count, names, weight, limitedRequest, min, guarantee, allowLent } = group;
  let left = total;
  let members: number[] = [];
  for (let row = 0; row < count; row++) {
    const floor = Math.max(min[row], guarantee[row]);
    if (limitedRequest[row] > floor) {
      outRuntime[row] = floor;
      members.push(row);
    } else {
      outRuntime[row] = allowLent[row] === 1 ? limitedRequest[row] : floor;
    }
    left -= outRuntime[row];
  }
  const share = new Float64Array(count);
  while (left > 0 && members.some((row) => weight[row] > 0)) {
    hamiltonShares(left, weight, names, members, share);
    left = 0;
    const hungry: number[] = [];
    for (const row of members) {
      outRuntime[row] += share[row];
      if (outRuntime[row] < limitedRequest[row]) {
        hungry.push(row);
      } else {
        left += outRuntime[row] - limitedRequest[row];
        outRuntime[row] = limitedRequest[row];
      }
    }
    members = hungry;
  }
}

/**
 * Minimum of one child when the minima of all children exceed the parent.
 *
 *   sum(min) <= total or scaling off : min
 *   else trunc((total - sumFixed) x min / sumScaled), 0 when nothing is left
 *
 * `sumFixed` are the minima that may not be scaled, `sumScaled` those that may. Computed in doubles, as upstream does.
 * Source: Koordinator, scale_minquota_when_over_root_res.
 */
export function scaledMin(total: number, min: number, mayScale: boolean, sumScaled: number, sumFixed: number): number {
  if (!mayScale || total >= sumScaled + sumFixed) return min;
  const left = total - sumFixed;
  if (left <= 0 || sumScaled <= 0) return 0;
  return Math.trunc((left * min) / sumScaled);
}

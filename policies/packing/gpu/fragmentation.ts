/**
 * Fragmentation of a host: how much of its free GPU the pods of this cluster could not use, in expectation over typical pods.
 *
 *   F = sum over typical pods of weight x frag
 *   frag = all that is left, when the pod wants no GPU or cannot be hosted (model, cards or CPU); else what is left on cards too small for it
 *
 * Units: milli-GPU. Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, and the simulator published with it.
 */
import { acceptsModel } from './gpu-hosts.ts';

/** Requests that stand for the cluster's pods, most frequent first. Columns share rows; weights sum to 1. */
export interface TypicalPods {
  readonly count: number;
  readonly cpuMilli: Float64Array;
  readonly cards: Int32Array;
  readonly milliPerCard: Int32Array;
  readonly models: Int32Array;
  readonly weight: Float64Array;
}

/** Share of all pods that typical ones stand for. */
export const TYPICAL_SHARE = 0.95;

/**
 * The most frequent requests until they cover 95 % of pods; weights are renormalised to 1.
 *
 * Columns hold one row a pod; memory does not count. `modelText` is the list of models as written: requests that differ in it alone are
 * two requests. Requests equally frequent stand by CPU, milli, cards and text, each descending.
 */
export function typicalPods(
  cpuMilli: ArrayLike<number>,
  cards: ArrayLike<number>,
  milliPerCard: ArrayLike<number>,
  models: ArrayLike<number>,
  modelText: ArrayLike<string>,
): TypicalPods {
  const rowOf = new Map<string, number>();
  const first: number[] = [];
  const seen: number[] = [];
  for (let pod = 0; pod < cpuMilli.length; pod++) {
    const key = `${cpuMilli[pod]}/${cards[pod]}/${milliPerCard[pod]}/${modelText[pod]}`;
    const known = rowOf.get(key);
    if (known === undefined) {
      rowOf.set(key, first.length);
      first.push(pod);
      seen.push(1);
    } else seen[known] += 1;
  }
  const descending = (a: string, b: string) => (a < b ? 1 : a > b ? -1 : 0);
  const order = first
    .map((_, index) => index)
    .sort((a, b) => {
      const [p, q] = [first[a], first[b]];
      return (
        seen[b] - seen[a] ||
        cpuMilli[q] - cpuMilli[p] ||
        milliPerCard[q] - milliPerCard[p] ||
        cards[q] - cards[p] ||
        descending(modelText[p], modelText[q])
      );
    });
  const total = cpuMilli.length;
  let covered = 0;
  let count = 0;
  while (count < order.length && covered < (TYPICAL_SHARE * 100 * total) / 100) covered += seen[order[count++]];
  const pods = order.slice(0, count).map((index) => first[index]);
  // Two divisions, as upstream: one by all pods, one by the share covered.
  const renormalise = count < order.length ? covered / total : 1;
  return {
    count,
    cpuMilli: Float64Array.from(pods, (pod) => cpuMilli[pod]),
    cards: Int32Array.from(pods, (pod) => cards[pod]),
    milliPerCard: Int32Array.from(pods, (pod) => milliPerCard[pod]),
    models: Int32Array.from(pods, (pod) => models[pod]),
    weight: Float64Array.from(order.slice(0, count), (index) => seen[index] / total / renormalise),
  };
}

/**
 * F of one host. `left` holds what is left on its cards, rows [from, to).
 *
 * Sums are kept by reason and added at the end, as upstream does: scores are truncated, so the last bit of F can decide.
 */
export function fragmentationMilli(
  typical: TypicalPods,
  cpuLeftMilli: number,
  modelBit: number,
  left: Int32Array,
  from: number,
  to: number,
): number {
  let total = 0;
  for (let card = from; card < to; card++) total += left[card];
  let lackBoth = 0;
  let lackGpu = 0;
  let lackCpu = 0;
  let noGpuFits = 0;
  let noGpuLacksCpu = 0;
  let wrongModel = 0;
  const { count, cpuMilli, cards, milliPerCard, models, weight } = typical;
  for (let p = 0; p < count; p++) {
    const w = weight[p];
    const cpuFits = cpuLeftMilli >= cpuMilli[p];
    const milli = milliPerCard[p];
    if (milli === 0) {
      if (cpuFits) noGpuFits += w * total;
      else noGpuLacksCpu += w * total;
      continue;
    }
    if (!acceptsModel(modelBit, models[p])) {
      wrongModel += w * total;
      continue;
    }
    let fitting = 0;
    let small = 0;
    for (let card = from; card < to; card++) {
      if (left[card] >= milli) fitting++;
      else small += left[card];
    }
    if (fitting >= cards[p]) {
      if (cpuFits) lackGpu += w * small;
      else lackCpu += w * total;
    } else if (cpuFits) lackGpu += w * total;
    else lackBoth += w * total;
  }
  return lackBoth + lackGpu + lackCpu + noGpuFits + noGpuLacksCpu + wrongModel;
}

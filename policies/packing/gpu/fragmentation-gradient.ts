/**
 * Fragmentation gradient descent: the host and card where the pod makes fragmentation grow least.
 *
 *   s = trunc(100 / (1 + exp(-(F before - F after) / 1000)))
 *
 * A pod for a share tries every card that fits (first index among equal s); one for whole cards takes the first free ones. Scores are kept by
 * pod shape until a host changes, so one placement costs a few evaluations instead of one a host. Fragmentation counts the cores of cards; their
 * memory decides where a pod fits.
 * Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023.
 */
import { exp } from '../../base/exact-math.ts';
import { tightestCards } from './card-choice.ts';
import { fragmentationMilli } from './fragmentation.ts';
import { type GpuHosts, type GpuPod, MILLI_PER_CARD, podCardMemBytes } from './gpu-hosts.ts';
import { bestByScore, type PackingPolicy, type PackingState, type ShapeMemo } from './packing-policy.ts';

/** Fragmentation of a host as it is, taken again only after a change. */
export function hostFragmentation(hosts: GpuHosts, host: number, state: PackingState): number {
  if (state.fragmentationAt[host] !== hosts.revision[host] + 1) {
    const cpuLeft = hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host];
    const { cardLeftMilli, firstCard, modelBit } = hosts;
    state.fragmentation[host] = fragmentationMilli(
      state.typical,
      cpuLeft,
      modelBit[host],
      cardLeftMilli,
      firstCard[host],
      firstCard[host + 1],
    );
    state.fragmentationAt[host] = hosts.revision[host] + 1;
  }
  return state.fragmentation[host];
}

function memoOf(hosts: GpuHosts, pod: GpuPod, state: PackingState): ShapeMemo {
  let memo = state.memo[pod.shape];
  if (memo === undefined) {
    const { count } = hosts;
    memo = { takenAt: new Int32Array(count), score: new Int16Array(count), card: new Int8Array(count) };
    state.memo[pod.shape] = memo;
  }
  return memo;
}

function score(hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState): number {
  const memo = memoOf(hosts, pod, state);
  if (memo.takenAt[host] !== hosts.revision[host] + 1) {
    evaluate(hosts, host, pod, state, memo);
    memo.takenAt[host] = hosts.revision[host] + 1;
  }
  return memo.score[host];
}

/** Cards are changed in place for the trial and set back, so nothing is copied. */
function evaluate(hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState, memo: ShapeMemo): void {
  const before = hostFragmentation(hosts, host, state);
  const { cardLeftMilli, firstCard, modelBit } = hosts;
  const first = firstCard[host];
  const end = firstCard[host + 1];
  const cpuLeft = hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host] - pod.cpuMilli;
  if (pod.cards !== 1 || pod.milliPerCard >= MILLI_PER_CARD || pod.milliPerCard === 0) {
    const mask = tightestCards(hosts, host, pod);
    for (let card = first; card < end; card++)
      if ((mask & (1 << (card - first))) !== 0) cardLeftMilli[card] -= pod.milliPerCard;
    const after = fragmentationMilli(state.typical, cpuLeft, modelBit[host], cardLeftMilli, first, end);
    for (let card = first; card < end; card++)
      if ((mask & (1 << (card - first))) !== 0) cardLeftMilli[card] += pod.milliPerCard;
    memo.score[host] = gradientScore(before, after);
    memo.card[host] = -1;
    return;
  }
  const { cardLeftMemBytes } = hosts;
  const mem = podCardMemBytes(hosts, host, pod);
  let best = -1;
  let bestScore = 0;
  for (let card = first; card < end; card++) {
    if (cardLeftMilli[card] < pod.milliPerCard || cardLeftMemBytes[card] < mem) continue;
    if (seenBefore(cardLeftMilli, cardLeftMemBytes, first, card)) continue;
    cardLeftMilli[card] -= pod.milliPerCard;
    const after = fragmentationMilli(state.typical, cpuLeft, modelBit[host], cardLeftMilli, first, end);
    cardLeftMilli[card] += pod.milliPerCard;
    const s = gradientScore(before, after);
    if (best < 0 || s > bestScore) {
      best = card - first;
      bestScore = s;
    }
  }
  memo.score[host] = bestScore;
  memo.card[host] = best;
}

/** Cards with equally much left are alike: only the first needs a trial. */
function seenBefore(left: Int32Array, mem: Float64Array, first: number, card: number): boolean {
  for (let other = first; other < card; other++)
    if (left[other] === left[card] && mem[other] === mem[card]) return true;
  return false;
}

function gradientScore(before: number, after: number): number {
  return Math.trunc((1 / (1 + exp(-(before - after) / 1000))) * 100);
}

function chooseCards(hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState): number {
  if (pod.cards !== 1 || pod.milliPerCard >= MILLI_PER_CARD) return tightestCards(hosts, host, pod);
  score(hosts, host, pod, state);
  return 1 << memoOf(hosts, pod, state).card[host];
}

export const fragmentationGradient: PackingPolicy = {
  name: 'fgd',
  about: 'the host and card where fragmentation grows least (fragmentation gradient descent)',
  chooseHost: (hosts, pod, state) => bestByScore(hosts, pod, state, score),
  chooseCards,
};

/**
 * GPU packing: cards in use before free cards of a busy host before an idle host.
 *
 *   no GPU: 0.  host all free, n cards: max(33 - n, n).  else, of the g fitting cards with the least left, f are wholly free:
 *   f > 0: max(50 - f, 33);  f = 0: max(100 - trunc(sum of trunc(left / 10) / 10), 50)
 *
 * Source: the ATC 2023 GPU packing simulator.
 */
import { tightestCards } from './card-choice.ts';
import { type GpuHosts, type GpuPod, MILLI_PER_CARD } from './gpu-hosts.ts';
import { bestByScore, type PackingPolicy } from './packing-policy.ts';

function score(hosts: GpuHosts, host: number, pod: GpuPod): number {
  if (pod.milliPerCard === 0) return 0;
  const first = hosts.firstCard[host];
  const cards = hosts.firstCard[host + 1] - first;
  if (hosts.gpuLeftMilli[host] === cards * MILLI_PER_CARD) return Math.max(33 - cards, cards);
  const mask = tightestCards(hosts, host, pod);
  let free = 0;
  let left = 0;
  for (let i = 0; i < cards; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const milli = hosts.cardLeftMilli[first + i];
    if (milli === MILLI_PER_CARD) free++;
    left += Math.trunc(milli / 10);
  }
  if (free > 0) return Math.max(50 - free, 33);
  return Math.max(100 - Math.trunc(left / 10), 50);
}

export const gpuPacking: PackingPolicy = {
  name: 'gpu-packing',
  about: 'cards in use first, then free cards of busy hosts, then idle hosts',
  chooseHost: (hosts, pod, state) => bestByScore(hosts, pod, state, score),
  chooseCards: tightestCards,
};

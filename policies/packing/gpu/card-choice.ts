/** Which cards of a chosen host a pod gets, as a bit mask over the host's cards (bit i = its i-th card). */
import { fail } from '../../base/assert.ts';
import { type GpuHosts, type GpuPod, podCardMemBytes } from './gpu-hosts.ts';

/**
 * The cards with the least left that fit, first index among equals; whole cards: the first free ones.
 *
 * Errors: InvariantError when fewer cards fit than the pod asks for.
 */
export function tightestCards(hosts: GpuHosts, host: number, pod: GpuPod): number {
  const first = hosts.firstCard[host];
  const end = hosts.firstCard[host + 1];
  const { cardLeftMilli, cardLeftMemBytes } = hosts;
  const mem = podCardMemBytes(hosts, host, pod);
  let mask = 0;
  for (let n = pod.milliPerCard === 0 ? 0 : pod.cards; n > 0; n--) {
    let best = -1;
    for (let card = first; card < end; card++) {
      if ((mask & (1 << (card - first))) !== 0 || cardLeftMilli[card] < pod.milliPerCard) continue;
      if (cardLeftMemBytes[card] < mem) continue;
      if (best < 0 || cardLeftMilli[card] < cardLeftMilli[best]) best = card;
    }
    if (best < 0) fail(`host ${host} has too few cards with ${pod.milliPerCard} milli left for ${pod.cards}`);
    mask |= 1 << (best - first);
  }
  return mask;
}

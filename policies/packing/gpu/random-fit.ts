/** Random: any host where the pod fits, any card that fits, each equally likely. The baseline of the ATC 2023 comparison. */
import { uniformBelow } from '../../base/random-source.ts';
import { tightestCards } from './card-choice.ts';
import { fits, type GpuHosts, type GpuPod, MILLI_PER_CARD, podCardMemBytes } from './gpu-hosts.ts';
import type { PackingPolicy, PackingState } from './packing-policy.ts';

function chooseHost(hosts: GpuHosts, pod: GpuPod, state: PackingState): number {
  let fitting = 0;
  for (let host = 0; host < hosts.count; host++) if (fits(hosts, host, pod)) state.score[fitting++] = host;
  return fitting === 0 ? -1 : state.score[uniformBelow(state.random, fitting)];
}

function chooseCards(hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState): number {
  if (pod.cards !== 1 || pod.milliPerCard >= MILLI_PER_CARD) return tightestCards(hosts, host, pod);
  const first = hosts.firstCard[host];
  const end = hosts.firstCard[host + 1];
  const mem = podCardMemBytes(hosts, host, pod);
  const takes = (card: number) => hosts.cardLeftMilli[card] >= pod.milliPerCard && hosts.cardLeftMemBytes[card] >= mem;
  let fitting = 0;
  for (let card = first; card < end; card++) if (takes(card)) fitting++;
  let nth = uniformBelow(state.random, fitting);
  for (let card = first; card < end; card++) if (takes(card) && nth-- === 0) return 1 << (card - first);
  return 0;
}

export const randomFit: PackingPolicy = {
  name: 'random',
  about: 'any fitting host and card, equally likely',
  chooseHost,
  chooseCards,
};

/**
 * Koordinator's device share over columns: which host and which of its cards a pod with GPUs gets.
 *
 *   host = trunc(memory of its cards that is free after the pod x 100 / memory of its cards)     (in use, for MostAllocated)
 *   card = the same of one card; best first, lowest number among equals
 *
 * Host scores are brought to 0..100 by the largest one (kube-scheduler's default normalisation, rounded down) and added to the other scores
 * with the plugin's weight. Memory is counted in bytes where upstream counts whole percent of a card: a pod of a fraction of a percent may shift
 * a score by one. Source: Koordinator scheduler, deviceshare scoring and allocator.
 */
import { fail } from '../base/assert.ts';
import { fits, type GpuHosts, type GpuPod, podCardMemBytes } from '../packing/gpu/gpu-hosts.ts';
import { type GpuStrategy, memoryScore } from './device-share.ts';

/** Score of a host where the pod fits, 0..100. */
export function scoreHostCards(hosts: GpuHosts, host: number, pod: GpuPod, strategy: GpuStrategy): number {
  const first = hosts.firstCard[host];
  const end = hosts.firstCard[host + 1];
  let used = pod.cards * podCardMemBytes(hosts, host, pod);
  for (let card = first; card < end; card++) used += hosts.cardMemBytes[host] - hosts.cardLeftMemBytes[card];
  return memoryScore(used, (end - first) * hosts.cardMemBytes[host], strategy);
}

/**
 * The host with the largest sum of `base` and weight x normalised card score, lowest rank among equals; -1 when the pod fits nowhere.
 *
 * `base` holds what other plugins score, row a host; `scratch` has room for one number a host.
 */
export function bestDeviceShareHost(
  hosts: GpuHosts,
  pod: GpuPod,
  strategy: GpuStrategy,
  weight: number,
  base: Float64Array,
  scratch: Int32Array,
): number {
  let largest = 0;
  for (let host = 0; host < hosts.count; host++) {
    scratch[host] = fits(hosts, host, pod) ? scoreHostCards(hosts, host, pod, strategy) : -1;
    if (scratch[host] > largest) largest = scratch[host];
  }
  let best = -1;
  let bestScore = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (scratch[host] < 0) continue;
    const normalised = largest === 0 ? 0 : Math.trunc((scratch[host] * 100) / largest);
    const score = base[host] + weight * normalised;
    if (best >= 0 && (score < bestScore || (score === bestScore && hosts.rank[host] >= hosts.rank[best]))) continue;
    best = host;
    bestScore = score;
  }
  return best;
}

/** The cards of a host where the pod fits, as a bit mask. InvariantError when fewer fit than it asks for. */
export function deviceShareCards(hosts: GpuHosts, host: number, pod: GpuPod, strategy: GpuStrategy): number {
  const first = hosts.firstCard[host];
  const end = hosts.firstCard[host + 1];
  const size = hosts.cardMemBytes[host];
  const mem = podCardMemBytes(hosts, host, pod);
  let mask = 0;
  for (let n = pod.milliPerCard === 0 ? 0 : pod.cards; n > 0; n--) {
    let best = -1;
    let bestScore = -1;
    for (let card = first; card < end; card++) {
      if ((mask & (1 << (card - first))) !== 0 || hosts.cardLeftMilli[card] < pod.milliPerCard) continue;
      if (hosts.cardLeftMemBytes[card] < mem) continue;
      const score = memoryScore(size - hosts.cardLeftMemBytes[card] + mem, size, strategy);
      if (score > bestScore) {
        best = card;
        bestScore = score;
      }
    }
    if (best < 0) fail(`host ${host} has too few cards with ${pod.milliPerCard} milli and ${mem} bytes left`);
    mask |= 1 << (best - first);
  }
  return mask;
}

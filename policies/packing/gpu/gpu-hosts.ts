/**
 * What a GPU packing policy sees: hosts with CPU, memory and cards as columns, and one pod at a time.
 *
 * A card holds 1,000 milli of core, and its memory. A pod asks for a share of one card (milli below 1,000), for whole cards, or for none. `host` rows of the CPU
 * and memory columns are the first `count`; the cards of host h are rows firstCard[h] .. firstCard[h + 1] - 1.
 */

export const MILLI_PER_CARD = 1000;

/** Pods on a host are counted by class: 0 = share of a card, n = n whole cards (more than 15 count as 15). */
export const GPU_CLASS_COUNT = 16;

export interface GpuHosts {
  readonly count: number;
  readonly soldMilliCpu: Float64Array;
  readonly allocatedMilliCpu: Float64Array;
  readonly soldMemBytes: Float64Array;
  readonly allocatedMemBytes: Float64Array;
  readonly firstCard: Int32Array;
  readonly cardLeftMilli: Int32Array;
  readonly cardLeftMemBytes: Float64Array;
  /** Memory of one card of a host. */
  readonly cardMemBytes: Float64Array;
  /** Sum of cardLeftMilli over the cards of a host. */
  readonly gpuLeftMilli: Int32Array;
  /** One bit for the model of the host's cards, 0 = no card. */
  readonly modelBit: Int32Array;
  /** Row-major host x GPU_CLASS_COUNT: GPU pods on the host. */
  readonly gpuPods: Int32Array;
  /** Rises with every change of a host, so that a score can be kept until then. */
  readonly revision: Int32Array;
  /** Ties go to the host with the lowest rank. */
  readonly rank: Int32Array;
  /** 1 = the host takes the pod as far as its owner is concerned: it is up, and allowed. */
  readonly open: Uint8Array;
}

export interface GpuPod {
  cpuMilli: number;
  memBytes: number;
  cards: number;
  /** Milli of each card, 0 when it asks for none. */
  milliPerCard: number;
  /** Memory of each card: 1/1000 of the card, or bytes where these are above 0. */
  memMilliPerCard: number;
  memBytesPerCard: number;
  /** Bits of the models it may run on, 0 = any. */
  models: number;
  /** Number of the request: pods with equal cpuMilli, cards, milliPerCard and models share one. */
  shape: number;
}

/** Class of a GPU pod; see GPU_CLASS_COUNT. */
export function gpuClass(cards: number, milliPerCard: number): number {
  return milliPerCard < MILLI_PER_CARD ? 0 : cards < GPU_CLASS_COUNT ? cards : GPU_CLASS_COUNT - 1;
}

/** Whether cards of `modelBit` may run a pod that accepts `models`. */
export function acceptsModel(modelBit: number, models: number): boolean {
  return models === 0 || (modelBit & models) !== 0;
}

/** Memory that the pod takes of each of its cards on a host, bytes; shares round down. */
export function podCardMemBytes(hosts: GpuHosts, host: number, pod: GpuPod): number {
  if (pod.memBytesPerCard > 0) return pod.memBytesPerCard;
  return Math.trunc((pod.memMilliPerCard * hosts.cardMemBytes[host]) / 1000);
}

/** Open, CPU, memory, model, and at least `cards` cards with `milliPerCard` and its memory left. */
export function fits(hosts: GpuHosts, host: number, pod: GpuPod): boolean {
  if (hosts.open[host] === 0) return false;
  if (hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host] < pod.cpuMilli) return false;
  if (hosts.soldMemBytes[host] - hosts.allocatedMemBytes[host] < pod.memBytes) return false;
  if (pod.milliPerCard === 0) return true;
  if (!acceptsModel(hosts.modelBit[host], pod.models)) return false;
  let wanted = pod.cards;
  const { cardLeftMilli, cardLeftMemBytes } = hosts;
  const mem = podCardMemBytes(hosts, host, pod);
  const end = hosts.firstCard[host + 1];
  for (let card = hosts.firstCard[host]; card < end; card++)
    if (cardLeftMilli[card] >= pod.milliPerCard && cardLeftMemBytes[card] >= mem && --wanted === 0) return true;
  return false;
}

/**
 * GPUs of hosts as columns, and the only functions that write them.
 *
 * A card holds 1,000 milli. A task holds the same milli on each of its cards; which ones is a bit mask over its host's cards. Every
 * function keeps: sum of what is left + sum of what tasks hold = 1,000 x cards, per card and per host.
 */
import { assert, fail } from '../../policies/base/assert.ts';
import { GPU_CLASS_COUNT, gpuClass, MILLI_PER_CARD } from '../../policies/packing/gpu/gpu-hosts.ts';
import { bind, type Cluster, finish } from './apply.ts';

/** Cards of one host fit a bit mask. */
export const MAX_CARDS_PER_HOST = 31;

export interface GpuTable {
  readonly count: number;
  /** Cards of host h: rows firstCard[h] .. firstCard[h + 1] - 1. */
  readonly firstCard: Int32Array;
  readonly cardLeftMilli: Int32Array;
  /** Sum over the cards of a host. */
  readonly gpuLeftMilli: Int32Array;
  /** One bit for the model of the host's cards, 0 = no card. */
  readonly modelBit: Int32Array;
  /** Row-major host x GPU_CLASS_COUNT: tasks with GPUs on the host. */
  readonly gpuPods: Int32Array;
  /** Rises when a task comes to a host or leaves it. */
  readonly revision: Int32Array;
  /** Of task rows: what they ask for and what they hold. */
  readonly wantedCards: Uint8Array;
  readonly milliPerCard: Int32Array;
  /** Bits of the models a task accepts, 0 = any. */
  readonly models: Int32Array;
  readonly heldCards: Int32Array;
}

/** Hosts with `cards` free cards each, and room for the requests of `taskCapacity` tasks. */
export function createGpuTable(cards: ArrayLike<number>, modelBit: Int32Array, taskCapacity: number): GpuTable {
  const count = cards.length;
  assert(modelBit.length === count, 'every host has a model');
  const firstCard = new Int32Array(count + 1);
  for (let host = 0; host < count; host++) {
    if (cards[host] > MAX_CARDS_PER_HOST) fail(`host ${host} has ${cards[host]} cards; at most ${MAX_CARDS_PER_HOST}`);
    firstCard[host + 1] = firstCard[host] + cards[host];
  }
  return {
    count,
    firstCard,
    cardLeftMilli: new Int32Array(firstCard[count]).fill(MILLI_PER_CARD),
    gpuLeftMilli: Int32Array.from(cards, (n) => n * MILLI_PER_CARD),
    modelBit,
    gpuPods: new Int32Array(count * GPU_CLASS_COUNT),
    revision: new Int32Array(count),
    wantedCards: new Uint8Array(taskCapacity),
    milliPerCard: new Int32Array(taskCapacity),
    models: new Int32Array(taskCapacity),
    heldCards: new Int32Array(taskCapacity),
  };
}

/** Binds a pending task together with the cards of `mask`; InvariantError when a card has too little left. */
export function bindWithGpus(
  cluster: Cluster,
  gpus: GpuTable,
  row: number,
  host: number,
  mask: number,
  nowMs: number,
): void {
  bind(cluster, row, host, nowMs);
  takeCards(gpus, row, host, mask);
}

/** Finishes a running task and frees its cards. */
export function finishWithGpus(cluster: Cluster, gpus: GpuTable, row: number, nowMs: number): void {
  const host = cluster.tasks.host[row];
  finish(cluster, row, nowMs);
  giveCards(gpus, row, host);
}

/** Takes the request of a task from the cards of `mask`. */
export function takeCards(gpus: GpuTable, row: number, host: number, mask: number): void {
  const milli = gpus.milliPerCard[row];
  const first = gpus.firstCard[host];
  const cards = gpus.firstCard[host + 1] - first;
  let taken = 0;
  for (let i = 0; i < cards; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const left = gpus.cardLeftMilli[first + i] - milli;
    if (left < 0) fail(`task row ${row}: card ${i} of host ${host} has ${left + milli} milli left, ${milli} are asked`);
    gpus.cardLeftMilli[first + i] = left;
    taken++;
  }
  const wanted = milli === 0 ? 0 : gpus.wantedCards[row];
  if (taken !== wanted || mask >>> cards !== 0)
    fail(`task row ${row} gets ${taken} cards of host ${host}, mask ${mask}; it asks for ${wanted}`);
  gpus.gpuLeftMilli[host] -= taken * milli;
  if (taken > 0) gpus.gpuPods[host * GPU_CLASS_COUNT + gpuClass(taken, milli)]++;
  gpus.heldCards[row] = mask;
  gpus.revision[host]++;
}

/** Gives back what a task holds on `host`. */
export function giveCards(gpus: GpuTable, row: number, host: number): void {
  const milli = gpus.milliPerCard[row];
  const first = gpus.firstCard[host];
  const cards = gpus.firstCard[host + 1] - first;
  const mask = gpus.heldCards[row];
  let given = 0;
  for (let i = 0; i < cards; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const left = gpus.cardLeftMilli[first + i] + milli;
    if (left > MILLI_PER_CARD) fail(`task row ${row} gives back ${milli} milli: card ${i} of host ${host} has ${left}`);
    gpus.cardLeftMilli[first + i] = left;
    given++;
  }
  gpus.gpuLeftMilli[host] += given * milli;
  if (given > 0) gpus.gpuPods[host * GPU_CLASS_COUNT + gpuClass(given, milli)]--;
  gpus.heldCards[row] = 0;
  gpus.revision[host]++;
}

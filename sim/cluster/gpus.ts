/**
 * GPUs of hosts as columns, and the two functions that write them; only `apply` calls those.
 *
 * A card has 1,000 milli of core and its memory in bytes. A task holds the same milli and the same memory on each of its cards; which ones is
 * a bit mask over its host's cards. Kept: what is left + what tasks hold + what is held for somebody to come = what there is, per card and per host.
 */
import { assert, fail } from '../../policies/base/assert.ts';
import { GPU_CLASS_COUNT, gpuClass, MILLI_PER_CARD } from '../../policies/packing/gpu/gpu-hosts.ts';

/** Cards of one host fit a bit mask. */
export const MAX_CARDS_PER_HOST = 31;

/** What tasks may ask for, one row a kind of request; row 0 asks for nothing. A task names its row. */
export interface GpuRequests {
  readonly count: number;
  readonly cards: Int32Array;
  readonly milliPerCard: Int32Array;
  /** Memory of each card in 1/1000 of what the card has; counts where memBytesPerCard is 0. */
  readonly memMilliPerCard: Int32Array;
  readonly memBytesPerCard: Float64Array;
  /** Bits of the models it accepts, 0 = any. */
  readonly models: Int32Array;
}

export interface GpuTable {
  readonly count: number;
  /** Cards of host h: rows firstCard[h] .. firstCard[h + 1] - 1. */
  readonly firstCard: Int32Array;
  readonly cardLeftMilli: Int32Array;
  readonly cardLeftMemBytes: Float64Array;
  /** Kept of each card for somebody still to come; not part of what is left. */
  readonly cardHeldMilli: Int32Array;
  readonly cardHeldMemBytes: Float64Array;
  /** Memory of one card of a host, bytes. */
  readonly cardMemBytes: Float64Array;
  /** Sum of cardLeftMilli over the cards of a host. */
  readonly gpuLeftMilli: Int32Array;
  /** One bit for the model of the host's cards, 0 = no card. */
  readonly modelBit: Int32Array;
  /** Row-major host x GPU_CLASS_COUNT: tasks with GPUs on the host. */
  readonly gpuPods: Int32Array;
  /** Rises when a task comes to a host or leaves it, or what the host sells changes. */
  readonly revision: Int32Array;
  readonly requests: GpuRequests;
}

/** The cards of a cluster. */
export interface HostCards {
  readonly cards: ArrayLike<number>;
  readonly memBytesPerCard: ArrayLike<number>;
  readonly modelBit: Int32Array;
}

/** Requests of nothing. */
export function noGpuRequests(): GpuRequests {
  return gpuRequests([]);
}

/** A table of the given requests behind row 0; request n becomes row n + 1. */
export function gpuRequests(
  rows: readonly {
    readonly cards: number;
    readonly milliPerCard: number;
    readonly memMilliPerCard: number;
    readonly memBytesPerCard: number;
    readonly models: number;
  }[],
): GpuRequests {
  const column = (of: (row: (typeof rows)[number]) => number) => [0, ...rows.map(of)];
  for (const row of rows) {
    assert(row.cards >= 1 && row.cards <= MAX_CARDS_PER_HOST, 'a GPU request asks for 1 to 31 cards');
    assert(row.milliPerCard >= 1 && row.milliPerCard <= MILLI_PER_CARD, 'a share of a card is 1 to 1000 milli');
    assert(row.milliPerCard === MILLI_PER_CARD || row.cards === 1, 'a share is of one card');
  }
  return {
    count: rows.length + 1,
    cards: Int32Array.from(column((row) => row.cards)),
    milliPerCard: Int32Array.from(column((row) => row.milliPerCard)),
    memMilliPerCard: Int32Array.from(column((row) => row.memMilliPerCard)),
    memBytesPerCard: Float64Array.from(column((row) => row.memBytesPerCard)),
    models: Int32Array.from(column((row) => row.models)),
  };
}

/** Hosts with all cards free. Throws InvariantError past 31 cards a host. */
export function createGpuTable(hosts: HostCards, requests: GpuRequests): GpuTable {
  const count = hosts.cards.length;
  assert(hosts.modelBit.length === count && hosts.memBytesPerCard.length === count, 'every host has a model');
  const firstCard = new Int32Array(count + 1);
  for (let host = 0; host < count; host++) {
    const cards = hosts.cards[host];
    if (cards > MAX_CARDS_PER_HOST) fail(`host ${host} has ${cards} cards; at most ${MAX_CARDS_PER_HOST}`);
    firstCard[host + 1] = firstCard[host] + cards;
  }
  const total = firstCard[count];
  const cardLeftMemBytes = new Float64Array(total);
  for (let host = 0; host < count; host++)
    cardLeftMemBytes.fill(hosts.memBytesPerCard[host], firstCard[host], firstCard[host + 1]);
  return {
    count,
    firstCard,
    cardLeftMilli: new Int32Array(total).fill(MILLI_PER_CARD),
    cardLeftMemBytes,
    cardHeldMilli: new Int32Array(total),
    cardHeldMemBytes: new Float64Array(total),
    cardMemBytes: Float64Array.from(hosts.memBytesPerCard),
    gpuLeftMilli: Int32Array.from(hosts.cards, (n) => n * MILLI_PER_CARD),
    modelBit: hosts.modelBit,
    gpuPods: new Int32Array(total === 0 ? 0 : count * GPU_CLASS_COUNT),
    revision: new Int32Array(count),
    requests,
  };
}

/** `count` hosts without cards. */
export function noGpus(count: number): GpuTable {
  const none = new Int32Array(count);
  return createGpuTable({ cards: none, memBytesPerCard: new Float64Array(count), modelBit: none }, noGpuRequests());
}

/** Memory that a request takes of each of its cards on a host, bytes: rounded down where it is a share of the card. */
export function cardMemBytesOf(gpus: GpuTable, request: number, host: number): number {
  const { memBytesPerCard, memMilliPerCard } = gpus.requests;
  if (memBytesPerCard[request] > 0) return memBytesPerCard[request];
  return Math.trunc((memMilliPerCard[request] * gpus.cardMemBytes[host]) / 1000);
}

/** Takes a request from the cards of `mask`; InvariantError when a card has too little left or the number of cards is another. */
export function takeCards(gpus: GpuTable, request: number, host: number, mask: number): void {
  const milli = gpus.requests.milliPerCard[request];
  const mem = cardMemBytesOf(gpus, request, host);
  const first = gpus.firstCard[host];
  const cards = gpus.firstCard[host + 1] - first;
  let taken = 0;
  for (let i = 0; i < cards; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const left = gpus.cardLeftMilli[first + i] - milli;
    const memLeft = gpus.cardLeftMemBytes[first + i] - mem;
    if (left < 0) fail(`card ${i} of host ${host} has ${left + milli} milli left, ${milli} are asked`);
    if (memLeft < 0) fail(`card ${i} of host ${host} has ${memLeft + mem} bytes left, ${mem} are asked`);
    gpus.cardLeftMilli[first + i] = left;
    gpus.cardLeftMemBytes[first + i] = memLeft;
    taken++;
  }
  const wanted = gpus.requests.cards[request];
  if (taken !== wanted || mask >>> cards !== 0)
    fail(`request ${request} gets ${taken} cards of host ${host}, mask ${mask}; it asks for ${wanted}`);
  if (taken === 0) return;
  gpus.gpuLeftMilli[host] -= taken * milli;
  gpus.gpuPods[host * GPU_CLASS_COUNT + gpuClass(taken, milli)]++;
}

/** Gives back what a request took from the cards of `mask`. */
export function giveCards(gpus: GpuTable, request: number, host: number, mask: number): void {
  if (mask === 0) return;
  const milli = gpus.requests.milliPerCard[request];
  const mem = cardMemBytesOf(gpus, request, host);
  const first = gpus.firstCard[host];
  const cards = gpus.firstCard[host + 1] - first;
  let given = 0;
  for (let i = 0; i < cards; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const left = gpus.cardLeftMilli[first + i] + milli;
    if (left > MILLI_PER_CARD) fail(`${milli} milli given back: card ${i} of host ${host} has ${left}`);
    gpus.cardLeftMilli[first + i] = left;
    gpus.cardLeftMemBytes[first + i] += mem;
    given++;
  }
  gpus.gpuLeftMilli[host] += given * milli;
  gpus.gpuPods[host * GPU_CLASS_COUNT + gpuClass(given, milli)]--;
}

/** A part of one card, numbered from 0 on its host. */
export interface CardShare {
  readonly card: number;
  readonly milli: number;
  readonly memBytes: number;
}

/** What a request takes of each card of `mask`. */
export function sharesOf(gpus: GpuTable, request: number, host: number, mask: number): CardShare[] {
  const milli = gpus.requests.milliPerCard[request];
  const memBytes = cardMemBytesOf(gpus, request, host);
  const shares: CardShare[] = [];
  for (let card = 0; card < MAX_CARDS_PER_HOST; card++)
    if ((mask & (1 << card)) !== 0) shares.push({ card, milli, memBytes });
  return shares;
}

/** Keeps shares of cards for somebody still to come (`sign` 1), or gives them up (-1); InvariantError where that much is not there. */
export function holdCards(gpus: GpuTable, host: number, shares: readonly CardShare[], sign: 1 | -1): void {
  for (const { card, milli, memBytes } of shares) {
    const at = gpus.firstCard[host] + card;
    if (at >= gpus.firstCard[host + 1]) fail(`host ${host} has no card ${card}`);
    const left = gpus.cardLeftMilli[at] - sign * milli;
    const held = gpus.cardHeldMilli[at] + sign * milli;
    const leftMem = gpus.cardLeftMemBytes[at] - sign * memBytes;
    const heldMem = gpus.cardHeldMemBytes[at] + sign * memBytes;
    if (left < 0 || leftMem < 0 || held < 0 || heldMem < 0)
      fail(`card ${card} of host ${host} would have ${left} milli left and hold ${held}`);
    gpus.cardLeftMilli[at] = left;
    gpus.cardHeldMilli[at] = held;
    gpus.cardLeftMemBytes[at] = leftMem;
    gpus.cardHeldMemBytes[at] = heldMem;
    gpus.gpuLeftMilli[host] -= sign * milli;
  }
}

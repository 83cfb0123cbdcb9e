/**
 * What pods take from reservations and give back.
 *
 * An owner's pod takes from the nominated reservation first, from further ones only what it still needs (policy default), and the rest from the
 * host. A reservation of allocateOnce ends with its first pod; another one holds again what a leaving pod had of it.
 */
import type { Amounts } from '../../../policies/koordinator/node-usage-class.ts';
import type { Cluster, Holding } from '../../cluster/apply.ts';
import { type CardShare, sharesOf } from '../../cluster/gpus.ts';
import {
  closeReservation,
  type Held,
  holdingOf,
  nominate,
  policyOf,
  RESERVATION_COUNT,
  type ReservationBook,
  type Take,
  usableOn,
} from './reservation-book.ts';

/** The place a pod is to get. */
export interface Place {
  readonly row: number;
  readonly host: number;
  /** Cards as a bit mask, CPUs by their numbers on the host. */
  readonly cards: number;
  readonly cpus: readonly number[];
}

/** The reservation that a migration made for a pod, where it may go there now. */
export function placeOfMove(book: ReservationBook, { hosts, tasks }: Cluster, row: number): Held | undefined {
  const held: Held | undefined = book.moves[row];
  if (held?.state !== 'available' || hosts.up[held.node] === 0 || hosts.cordoned[held.node] === 1) return undefined;
  const at = held.tier * hosts.count + held.node;
  const others = (all: Float64Array, kept: Float64Array, own: number) => all[at] + kept[at] - own;
  const cpu = others(hosts.allocatedMilliCpu, hosts.heldMilliCpu, held.size.cpu) + tasks.requestMilliCpu[row];
  const mem = others(hosts.allocatedMemBytes, hosts.heldMemBytes, held.size.memory) + tasks.requestMemBytes[row];
  return cpu <= hosts.soldMilliCpu[at] && mem <= hosts.soldMemBytes[at] ? held : undefined;
}

/** A pod goes to the place that a migration reserved for it: all that is held there is given up to it. */
export function takeMove(book: ReservationBook, held: Held, giveUp: (holding: Holding) => void): void {
  giveUp(holdingOf(held));
  closeReservation(book, held);
}

/** What a pod takes from the reservations of its host; the caller gives up as much of what is held, before it binds the pod. */
export function takeReserved(
  book: ReservationBook,
  cluster: Cluster,
  owner: number,
  { row, host, cards, cpus }: Place,
  giveUp: (holding: Holding) => void,
): void {
  const { tasks, hosts } = cluster;
  const matching = usableOn(book, owner, host);
  if (matching.length === 0) return;
  const asked = book.amountsOf(tasks.podShape[row]);
  const first = nominate(matching, asked);
  const order = first === undefined ? matching : [first, ...matching.filter((held) => held !== first)];
  const at = tasks.tier[row] * hosts.count + host;
  const need: Need = {
    amounts: { ...asked },
    cards: sharesOf(hosts.gpus, tasks.gpuRequest[row], host, cards),
    cpus: [...cpus],
  };
  const takes: Take[] = [];
  for (const held of order) {
    const overCpu = hosts.allocatedMilliCpu[at] + hosts.heldMilliCpu[at] + asked['cpu'] - hosts.soldMilliCpu[at];
    const overMem = hosts.allocatedMemBytes[at] + hosts.heldMemBytes[at] + asked['memory'] - hosts.soldMemBytes[at];
    // What was given up is in what is held: the whole request counts. Beyond the nominated one only as many are opened as the pod needs.
    if (takes.length > 0 && overCpu <= 0 && overMem <= 0 && !hasOf(held, need, hosts.gpus.firstCard[host], cluster))
      continue;
    const policy = policyOf(book, held);
    if (policy === 'restricted' && held !== first) continue;
    const { milliCpu, memBytes } = holdingOf(held);
    if (policy === 'aligned' && (overCpu > milliCpu || overMem > memBytes)) continue;
    takes.push(takeFrom(book, held, need, giveUp));
    // An aligned pod uses one reservation at most.
    if (policy !== 'default') break;
  }
  book.takes[row] = takes;
}

/** What a pod still needs of a host. */
interface Need {
  readonly amounts: Record<string, number>;
  cards: CardShare[];
  cpus: number[];
}

/** Whether a reservation has CPUs of the pod, or a part of its cards that is not free. */
function hasOf(held: Held, need: Need, firstCard: number, { hosts }: Cluster): boolean {
  if (held.cpus.some((cpu) => need.cpus.includes(cpu))) return true;
  const { cardLeftMilli, cardLeftMemBytes } = hosts.gpus;
  return need.cards.some(
    ({ card, milli, memBytes }) =>
      held.cards.some((own) => own.card === card) &&
      (cardLeftMilli[firstCard + card] < milli || cardLeftMemBytes[firstCard + card] < memBytes),
  );
}

function takeFrom(book: ReservationBook, held: Held, need: Need, giveUp: (holding: Holding) => void): Take {
  const amounts: Record<string, number> = {};
  for (const [name, wanted] of Object.entries(need.amounts)) {
    amounts[name] = Math.min(wanted, (held.allocatable[name] ?? 0) - (held.allocated[name] ?? 0));
    need.amounts[name] -= amounts[name];
  }
  const cards = need.cards.flatMap((share) => overlap(share, held.cards));
  const cpus = held.cpus.filter((cpu) => need.cpus.includes(cpu));
  need.cards = less(need.cards, cards);
  need.cpus = need.cpus.filter((cpu) => !cpus.includes(cpu));
  held.owners++;
  book.counts[RESERVATION_COUNT.taken]++;
  if (held.allocateOnce) {
    giveUp(holdingOf(held));
    closeReservation(book, held);
  } else {
    change(held, amounts, 1);
    held.cards = less(held.cards, cards);
    held.cpus = held.cpus.filter((cpu) => !cpus.includes(cpu));
    giveUp(holdingFor(held, { held, amounts, cards, cpus }));
  }
  return { held, amounts, cards, cpus };
}

function holdingFor({ tier }: Held, { amounts, cards, cpus }: Take): Holding {
  return { tier, milliCpu: amounts['cpu'], memBytes: amounts['memory'], cards, cpus };
}

function change(held: Held, amounts: Amounts, sign: 1 | -1): void {
  for (const name of Object.keys(amounts)) held.allocated[name] = (held.allocated[name] ?? 0) + sign * amounts[name];
}

/** What of a share is among `held`. */
function overlap({ card, milli, memBytes }: CardShare, held: readonly CardShare[]): CardShare[] {
  return held
    .filter((own) => own.card === card)
    .map((own) => ({ card, milli: Math.min(milli, own.milli), memBytes: Math.min(memBytes, own.memBytes) }));
}

/** Shares without what was taken of them; cards of which nothing is left are not named. */
function less(shares: readonly CardShare[], taken: readonly CardShare[]): CardShare[] {
  return shares
    .map((share) => {
      const of = taken.find(({ card }) => card === share.card);
      return of === undefined
        ? share
        : { card: share.card, milli: share.milli - of.milli, memBytes: share.memBytes - of.memBytes };
    })
    .filter(({ milli, memBytes }) => milli > 0 || memBytes > 0);
}

/** A pod left its host: reservations that are still there hold again what it had taken. */
export function returnReserved(book: ReservationBook, row: number, holdAgain: (holding: Holding) => void): void {
  const takes = book.takes[row];
  if (takes === undefined) return;
  delete book.takes[row];
  for (const take of takes) {
    const { held, amounts, cards, cpus } = take;
    held.owners--;
    if (held.state !== 'available') continue;
    change(held, amounts, -1);
    for (const share of cards) {
      const own = held.cards.findIndex(({ card }) => card === share.card);
      const kept = own < 0 ? { card: share.card, milli: 0, memBytes: 0 } : held.cards[own];
      const whole = { ...share, milli: kept.milli + share.milli, memBytes: kept.memBytes + share.memBytes };
      if (own < 0) held.cards.push(whole);
      else held.cards[own] = whole;
    }
    held.cpus.push(...cpus);
    holdAgain(holdingFor(held, take));
  }
}

/** Whether a pod sits in reserved capacity: what it has goes back there, so evicting it makes room for owners alone. */
export function sitsInReservation(book: ReservationBook, row: number): boolean {
  return book.takes[row] !== undefined;
}

/**
 * Reservations at the scheduler: capacity of a host held for pods of some services or populations that are still to come.
 *
 *   future -> pending -> available -> done        done: taken whole by its first owner (allocateOnce), or expired
 *
 * A reservation is placed as a pod of its size would be: amounts of one tier, cards, and CPUs of its own. What it holds is taken from everybody
 * else by `hold`; how pods take from it is reservation-claims.ts. One that a migration asked for is owned by the pod that moves and by nobody
 * else (upstream: by every pod of the same controller). Which of several is taken, and how full ones rank, is policies/koordinator/reservation.ts.
 * Source: Koordinator scheduler, reservation plugin (Filter, Score, Reserve); ReservationSpec for the three allocate policies.
 */
import { ConfigError, fail } from '../../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import type { Amounts } from '../../../policies/koordinator/node-usage-class.ts';
import {
  chooseReservation,
  fitsReservation,
  type Reservation,
  scoreReservation,
} from '../../../policies/koordinator/reservation.ts';
import type { Cluster, Holding } from '../../cluster/apply.ts';
import { HELD_CPU, NO_CPUS } from '../../cluster/cpusets.ts';
import type { CardShare } from '../../cluster/gpus.ts';
import { TIER_COUNT } from '../../cluster/hosts.ts';
import type { ReservationPlan } from '../../plan/kubernetes.ts';

type State = 'future' | 'pending' | 'available' | 'done';

/** One reservation; amounts are milli-CPU, bytes, and milli of cards. */
export interface Held extends Reservation {
  /** Of a migration -1, and `forRow` is the pod that moves away from host `exceptHost`. */
  readonly plan: number;
  readonly forRow: number;
  readonly exceptHost: number;
  /** Pod shape by which it is placed, and the tier it is of. */
  readonly shape: number;
  readonly tier: number;
  node: number;
  readonly allocated: Record<string, number>;
  /** What it holds; `allocatable` names only the dimensions of which that is more than nothing. */
  readonly size: { readonly cpu: number; readonly memory: number };
  /** What of its cards and CPUs no pod has. */
  cards: CardShare[];
  cpus: number[];
  owners: number;
  state: State;
  retryAtMs: number;
  tries: number;
}

/** What a pod has of one reservation. */
export interface Take {
  readonly held: Held;
  readonly amounts: Amounts;
  readonly cards: readonly CardShare[];
  readonly cpus: readonly number[];
}

export interface ReservationBook {
  readonly plans: readonly ReservationPlan[];
  /** By plan: 1 for the owners, services first, populations behind them. */
  readonly owns: readonly Uint8Array[];
  /** Those that are not done. */
  all: Held[];
  /** By host: the available ones. */
  byHost: Held[][];
  /** By task row: what the pod took. */
  takes: Record<number, readonly Take[]>;
  /** By task row: the reservation that its migration asked for. */
  moves: Record<number, Held>;
  readonly weight: number;
  /** Placed, taken by a pod, expired; of plans, not of migrations. */
  readonly counts: Float64Array;
  /** What a pod of a shape asks for, in the dimensions of reservations. */
  readonly amountsOf: (shape: number) => Amounts;
}

export const RESERVATION_COUNT = { placed: 0, taken: 1, expired: 2 } as const;

/** A reservation with an order beats every score. */
const ORDERED = 101;

/** What a book must know of pod shapes. */
export interface ShapesOfPlans {
  /** Shape and tier of the reservations of a plan. */
  readonly shapeOf: (plan: ReservationPlan, index: number) => { readonly shape: number; readonly tier: number };
  readonly amountsOf: (shape: number) => Amounts;
}

/** Books for these plans, none of them placed. Throws ConfigError for an unknown service or population. */
export function createReservationBook(
  plans: readonly ReservationPlan[],
  services: readonly string[],
  populations: readonly string[],
  hosts: number,
  weight: number,
  { shapeOf, amountsOf }: ShapesOfPlans,
): ReservationBook {
  const all: Held[] = [];
  const owns = plans.map((plan, index) => {
    checkNames(plan.name, 'service', plan.services, services);
    checkNames(plan.name, 'population', plan.populations ?? [], populations);
    const { shape, tier } = shapeOf(plan, index);
    for (let i = 0; i < plan.count; i++)
      all.push({
        ...newHeld(shape, tier, plan.milliCpu, plan.memMib * BYTES_PER_MIB, amountsOf(shape)),
        name: `${plan.name}-${i}`,
        plan: index,
        allocateOnce: plan.allocateOnce,
        order: plan.order,
        createdAtMs: plan.atMs,
        timeToLiveMs: plan.ttlMs,
        retryAtMs: plan.atMs,
      });
    const isOwner = (own: readonly string[] | undefined) => (name: string) => (own?.includes(name) === true ? 1 : 0);
    return Uint8Array.from([...services.map(isOwner(plan.services)), ...populations.map(isOwner(plan.populations))]);
  });
  return {
    plans,
    owns,
    all,
    byHost: Array.from({ length: hosts }, () => []),
    takes: {},
    moves: {},
    weight,
    counts: new Float64Array(3),
    amountsOf,
  };
}

function checkNames(reservation: string, kind: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names)
    if (!known.includes(name))
      throw new ConfigError(
        `reservation "${reservation}" names ${kind} "${name}"; known: ${known.slice(0, 20).join(', ')}`,
      );
}

function newHeld(shape: number, tier: number, milliCpu: number, memBytes: number, asked: Amounts): Held {
  return {
    name: '',
    plan: -1,
    forRow: -1,
    exceptHost: -1,
    shape,
    tier,
    node: -1,
    size: { cpu: milliCpu, memory: memBytes },
    allocatable: Object.fromEntries(Object.entries(asked).filter(([, amount]) => amount > 0)),
    allocated: Object.fromEntries(Object.keys(asked).map((dimension) => [dimension, 0])),
    cards: [],
    cpus: [],
    allocateOnce: true,
    owners: 0,
    order: 0,
    createdAtMs: 0,
    timeToLiveMs: 0,
    state: 'future',
    retryAtMs: 0,
    tries: 0,
  };
}

/** A reservation for the next place of a pod that is to move away from its host; it is due at once. */
export function reserveForMove(
  book: ReservationBook,
  { tasks }: Cluster,
  row: number,
  createdAtMs: number,
  timeToLiveMs: number,
  nowMs: number,
): Held {
  const shape = tasks.podShape[row];
  const asked = book.amountsOf(shape);
  const held: Held = {
    ...newHeld(shape, tasks.tier[row], asked['cpu'], asked['memory'], asked),
    name: `migration-${row}`,
    forRow: row,
    exceptHost: tasks.host[row],
    createdAtMs,
    timeToLiveMs,
    retryAtMs: nowMs,
  };
  book.all.push(held);
  book.moves[row] = held;
  return held;
}

function isUsable(book: ReservationBook, held: Held, owner: number): boolean {
  return held.plan >= 0 && book.owns[held.plan][owner] === 1 && !(held.allocateOnce && held.owners > 0);
}

/** Reservations of a host that an owner's pods may take from now. */
export function usableOn(book: ReservationBook, owner: number, host: number): readonly Held[] {
  const here = book.byHost[host];
  return owner < 0 || here.length === 0 ? NONE : here.filter((held) => isUsable(book, held, owner));
}

const NONE: readonly Held[] = [];

/** CPUs of a host that are held for an owner. */
export function cpusHeldFor(book: ReservationBook, owner: number, host: number): readonly number[] {
  const usable = usableOn(book, owner, host);
  return usable.length === 0 ? NO_CPUS : usable.flatMap((held) => held.cpus);
}

/**
 * What reservations say of a host for a pod: -1 refused, 0 no reservation counts, 1..101 the score of the one that would be taken.
 *
 *   default     free + what all matching ones still hold >= request
 *   Aligned     free + what one of them still holds >= request
 *   Restricted  what one of them still holds >= request, in the dimensions it reserves
 *
 * `freeCpu` and `freeMem` are what the host has left after the request, without reservations; negative = it does not fit. Where aligned or
 * restricted ones match and none is enough the host is refused although it has room.
 */
export function reservedScore(
  book: ReservationBook,
  owner: number,
  host: number,
  freeCpu: number,
  freeMem: number,
  shape: number,
): number {
  const fits = freeCpu >= 0 && freeMem >= 0;
  const matching = usableOn(book, owner, host);
  if (matching.length === 0) return fits ? 0 : -1;
  const asked = book.amountsOf(shape);
  let openCpu = freeCpu;
  let openMem = freeMem;
  let isBound = false;
  let isEnough = false;
  for (const held of matching) {
    const leftCpu = held.size.cpu - held.allocated['cpu'];
    const leftMem = held.size.memory - held.allocated['memory'];
    const policy = policyOf(book, held);
    if (policy === 'default') {
      openCpu += leftCpu;
      openMem += leftMem;
      continue;
    }
    isBound = true;
    const isAligned = freeCpu + leftCpu >= 0 && freeMem + leftMem >= 0;
    if (isAligned && (policy === 'aligned' || fitsReservation(held, asked, Number.NEGATIVE_INFINITY))) isEnough = true;
  }
  if (isBound && !isEnough) return -1;
  if (!isEnough && (openCpu < 0 || openMem < 0)) return -1;
  const chosen = nominate(matching, asked);
  if (chosen === undefined) return 0;
  return chosen.order !== 0 ? ORDERED : Math.max(1, scoreReservation(chosen, asked));
}

export function policyOf(book: ReservationBook, held: Held): ReservationPlan['allocatePolicy'] {
  return held.plan < 0 ? 'restricted' : book.plans[held.plan].allocatePolicy;
}

/** The reservation that a pod takes from first; undefined where none has room for all of it. */
export function nominate(matching: readonly Held[], asked: Amounts): Held | undefined {
  // Expiry is kept by the book: here every reservation is as old as on its first day.
  return chooseReservation(matching, asked, Number.NEGATIVE_INFINITY) as Held | undefined;
}

/** What a reservation still holds. */
export function holdingOf(held: Held): Holding {
  const { tier, size, allocated, cards, cpus } = held;
  return {
    tier,
    milliCpu: size.cpu - allocated['cpu'],
    memBytes: size.memory - allocated['memory'],
    cards,
    cpus,
  };
}

/** Reservations whose placement is due. */
export function dueReservations(book: ReservationBook, nowMs: number): readonly Held[] {
  return book.all.filter((held) => (held.state === 'future' || held.state === 'pending') && held.retryAtMs <= nowMs);
}

/** A reservation was placed with these cards and CPUs. */
export function placeReservation(
  book: ReservationBook,
  held: Held,
  host: number,
  cards: CardShare[] = [],
  cpus: readonly number[] = [],
): void {
  held.node = host;
  held.cards = cards;
  held.cpus = [...cpus];
  held.state = 'available';
  book.byHost[host].push(held);
  if (held.plan >= 0) book.counts[RESERVATION_COUNT.placed]++;
}

/** A reservation is over; what it held has been given up. */
export function closeReservation(book: ReservationBook, held: Held): void {
  if (held.state === 'available') {
    const here = book.byHost[held.node];
    here.splice(here.indexOf(held), 1);
  }
  held.state = 'done';
  if (held.forRow >= 0) delete book.moves[held.forRow];
  book.all.splice(book.all.indexOf(held), 1);
}

/** Ends reservations that have outlived their time; `giveUp` is told the host and what is free again. */
export function expireReservations(
  book: ReservationBook,
  nowMs: number,
  giveUp: (host: number, holding: Holding) => void,
): void {
  for (const held of book.all.filter((one) => endsAtMs(one) <= nowMs)) {
    endReservation(book, held, giveUp);
    if (held.plan >= 0) book.counts[RESERVATION_COUNT.expired]++;
  }
}

/** Ends a reservation before its time. */
export function endReservation(
  book: ReservationBook,
  held: Held,
  giveUp: (host: number, holding: Holding) => void,
): void {
  if (held.state === 'done') return;
  if (held.state === 'available') giveUp(held.node, holdingOf(held));
  closeReservation(book, held);
}

function endsAtMs(held: Held): number {
  return held.timeToLiveMs > 0 ? held.createdAtMs + held.timeToLiveMs : Number.POSITIVE_INFINITY;
}

/** When the book has something to do next; Infinity = never. */
export function nextReservationMs(book: ReservationBook): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const held of book.all)
    nextMs = Math.min(nextMs, endsAtMs(held), held.state === 'available' ? Number.POSITIVE_INFINITY : held.retryAtMs);
  return nextMs;
}

/** What hosts hold is what reservations have left; throws InvariantError. */
export function checkReservations(book: ReservationBook, { hosts }: Cluster): void {
  const { gpus, cpus } = hosts;
  const milliCpu = new Float64Array(hosts.count * TIER_COUNT);
  const memBytes = new Float64Array(milliCpu.length);
  const cardMilli = new Int32Array(gpus.cardHeldMilli.length);
  for (let host = 0; host < hosts.count; host++)
    for (const held of book.byHost[host]) {
      const { name, size, allocated } = held;
      if (allocated['cpu'] < 0 || allocated['cpu'] > size.cpu || allocated['memory'] > size.memory)
        fail(`reservation ${name} of ${size.cpu}m gave ${allocated['cpu']}m`);
      const left = holdingOf(held);
      milliCpu[left.tier * hosts.count + host] += left.milliCpu;
      memBytes[left.tier * hosts.count + host] += left.memBytes;
      for (const { card, milli } of left.cards) cardMilli[gpus.firstCard[host] + card] += milli;
      for (const cpu of left.cpus)
        if (cpus.owner[cpus.firstCpu[host] + cpu] !== HELD_CPU)
          fail(`reservation ${name} holds CPU ${cpu} of host ${host}, the table does not`);
    }
  for (let at = 0; at < milliCpu.length; at++)
    if (milliCpu[at] !== hosts.heldMilliCpu[at] || memBytes[at] !== hosts.heldMemBytes[at])
      fail(
        `host ${at % hosts.count} holds ${hosts.heldMilliCpu[at]}m of tier ${Math.floor(at / hosts.count)}, its reservations have ${milliCpu[at]}m left`,
      );
  cardMilli.forEach((milli, card) => {
    if (milli !== gpus.cardHeldMilli[card])
      fail(`card row ${card} holds ${gpus.cardHeldMilli[card]} milli, its reservations have ${milli} left`);
  });
  const listed = book.byHost.reduce((sum, here) => sum + here.reduce((all, held) => all + held.cpus.length, 0), 0);
  const inTable = cpus.owner.reduce((sum, owner) => sum + (owner === HELD_CPU ? 1 : 0), 0);
  if (listed !== inTable) fail(`reservations hold ${listed} CPUs, the table says ${inTable}`);
}

/** What a reader of the report should know. */
export function reservationNotes(book: ReservationBook): readonly string[] {
  const asked = book.plans.reduce((sum, plan) => sum + plan.count, 0);
  if (asked === 0) return [];
  const [placed, taken, expired] = book.counts;
  return [
    `reservations: ${placed} of ${asked} placed, taken ${taken} times by pods of their owners, ${expired} expired`,
  ];
}

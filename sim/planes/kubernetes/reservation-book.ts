/**
 * Reservations at the scheduler: capacity of a host held for pods of some services that are still to come.
 *
 *   future -> pending -> available -> done        done: taken whole by its first owner (allocateOnce), or expired
 *
 * A reservation is placed as a pod of its size would be; what it holds is taken from everybody else by `hold`. An owner's pod takes from
 * it before it takes from the host; when the pod leaves, a reservation that is still there holds that again.
 * Which of several is taken, and how full ones rank, is policies/koordinator/reservation.ts.
 * Source: Koordinator scheduler, reservation plugin (Filter, Score, Reserve); ReservationSpec for the three allocate policies.
 */
import { ConfigError, fail } from '../../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import { chooseReservation, type Reservation, scoreReservation } from '../../../policies/koordinator/reservation.ts';
import type { Cluster } from '../../cluster/apply.ts';
import { TIER } from '../../cluster/hosts.ts';
import type { ReservationPlan } from '../../plan/kubernetes.ts';

type State = 'future' | 'pending' | 'available' | 'done';

/** One reservation; amounts are milli-CPU and bytes. */
export interface Held extends Reservation {
  readonly plan: number;
  /** Pod shape by which it is placed. */
  readonly shape: number;
  node: number;
  allocated: { cpu: number; memory: number };
  /** What it holds; `allocatable` names only the dimensions of which that is more than nothing. */
  readonly size: { readonly cpu: number; readonly memory: number };
  owners: number;
  state: State;
  retryAtMs: number;
  tries: number;
}

interface Take {
  readonly held: number;
  readonly cpu: number;
  readonly memory: number;
}

export interface ReservationBook {
  readonly plans: readonly ReservationPlan[];
  /** By plan: 1 for the services whose pods own it. */
  readonly owns: readonly Uint8Array[];
  readonly all: Held[];
  /** By host: numbers of the available ones. */
  readonly byHost: number[][];
  /** By task row: what the pod took. */
  readonly takes: Record<number, readonly Take[]>;
  readonly weight: number;
  /** Placed, taken by a pod, expired. */
  readonly counts: Float64Array;
}

export const RESERVATION_COUNT = { placed: 0, taken: 1, expired: 2 } as const;

/** A reservation with an order beats every score. */
const ORDERED = 101;

/** Books for these plans, none of them placed; `shapeOf` gives the pod shape of a plan. Throws ConfigError for an unknown service. */
export function createReservationBook(
  plans: readonly ReservationPlan[],
  services: readonly string[],
  hosts: number,
  weight: number,
  shapeOf: (plan: ReservationPlan) => number,
): ReservationBook | undefined {
  if (plans.length === 0) return undefined;
  const all: Held[] = [];
  const owns = plans.map((plan, index) => {
    for (const name of plan.services)
      if (!services.includes(name))
        throw new ConfigError(
          `reservation "${plan.name}" names service "${name}"; known: ${services.slice(0, 20).join(', ')}`,
        );
    const shape = shapeOf(plan);
    for (let i = 0; i < plan.count; i++)
      all.push({
        name: `${plan.name}-${i}`,
        plan: index,
        shape,
        node: -1,
        size: { cpu: plan.milliCpu, memory: plan.memMib * BYTES_PER_MIB },
        allocatable: {
          ...(plan.milliCpu > 0 ? { cpu: plan.milliCpu } : {}),
          ...(plan.memMib > 0 ? { memory: plan.memMib * BYTES_PER_MIB } : {}),
        },
        allocated: { cpu: 0, memory: 0 },
        allocateOnce: plan.allocateOnce,
        owners: 0,
        order: plan.order,
        createdAtMs: plan.atMs,
        timeToLiveMs: plan.ttlMs,
        state: 'future',
        retryAtMs: plan.atMs,
        tries: 0,
      });
    return Uint8Array.from(services, (name) => (plan.services.includes(name) ? 1 : 0));
  });
  return {
    plans,
    owns,
    all,
    byHost: Array.from({ length: hosts }, () => []),
    takes: {},
    weight,
    counts: new Float64Array(3),
  };
}

function isUsable(book: ReservationBook, held: Held, service: number): boolean {
  return book.owns[held.plan][service] === 1 && !(held.allocateOnce && held.owners > 0);
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
  service: number,
  host: number,
  freeCpu: number,
  freeMem: number,
  cpu: number,
  memory: number,
): number {
  const fits = freeCpu >= 0 && freeMem >= 0;
  const here = book.byHost[host];
  if (here.length === 0) return fits ? 0 : -1;
  let openCpu = freeCpu;
  let openMem = freeMem;
  let isBound = false;
  let isEnough = false;
  const matching: Held[] = [];
  for (const number of here) {
    const held = book.all[number];
    if (!isUsable(book, held, service)) continue;
    matching.push(held);
    const leftCpu = held.size.cpu - held.allocated.cpu;
    const leftMem = held.size.memory - held.allocated.memory;
    const policy = book.plans[held.plan].allocatePolicy;
    if (policy === 'default') {
      openCpu += leftCpu;
      openMem += leftMem;
      continue;
    }
    isBound = true;
    const aligned = freeCpu + leftCpu >= 0 && freeMem + leftMem >= 0;
    const restricted = (held.size.cpu === 0 || cpu <= leftCpu) && (held.size.memory === 0 || memory <= leftMem);
    if (aligned && (policy === 'aligned' || restricted)) isEnough = true;
  }
  if (matching.length === 0) return fits ? 0 : -1;
  if (isBound && !isEnough) return -1;
  if (!isEnough && (openCpu < 0 || openMem < 0)) return -1;
  const chosen = nominate(matching, cpu, memory);
  if (chosen === undefined) return 0;
  return chosen.order !== 0 ? ORDERED : Math.max(1, scoreReservation(chosen, { cpu, memory }));
}

function nominate(matching: readonly Held[], cpu: number, memory: number): Held | undefined {
  // Expiry is kept by the book: here every reservation is as old as on its first day.
  return chooseReservation(matching, { cpu, memory }, -Infinity) as Held | undefined;
}

/** What a pod takes from the reservations of its host; the caller gives up as much of what is held. */
export function takeReserved(
  book: ReservationBook,
  cluster: Cluster,
  row: number,
  host: number,
  giveUp: (milliCpu: number, memBytes: number) => void,
): void {
  const { tasks, hosts } = cluster;
  if (tasks.tier[row] !== TIER.native || row >= tasks.firstBestEffort) return;
  const service = tasks.group[row];
  const matching = book.byHost[host].map((n) => book.all[n]).filter((held) => isUsable(book, held, service));
  if (matching.length === 0) return;
  let cpu = tasks.requestMilliCpu[row];
  let memory = tasks.requestMemBytes[row];
  const first = nominate(matching, cpu, memory);
  const order = first === undefined ? matching : [first, ...matching.filter((held) => held !== first)];
  const takes: Take[] = [];
  for (const held of order) {
    const at = hosts.allocatedMilliCpu[host] + hosts.heldMilliCpu[host] + cpu - hosts.soldMilliCpu[host];
    const over = hosts.allocatedMemBytes[host] + hosts.heldMemBytes[host] + memory - hosts.soldMemBytes[host];
    // Beyond the nominated one only as many are opened as the pod needs.
    if (takes.length > 0 && at <= 0 && over <= 0) break;
    if (book.plans[held.plan].allocatePolicy === 'restricted' && held !== first) continue;
    const leftCpu = held.size.cpu - held.allocated.cpu;
    const leftMem = held.size.memory - held.allocated.memory;
    const take = { held: book.all.indexOf(held), cpu: Math.min(cpu, leftCpu), memory: Math.min(memory, leftMem) };
    held.owners++;
    book.counts[RESERVATION_COUNT.taken]++;
    if (held.allocateOnce) {
      giveUp(leftCpu, leftMem);
      close(book, held);
    } else {
      held.allocated.cpu += take.cpu;
      held.allocated.memory += take.memory;
      giveUp(take.cpu, take.memory);
    }
    cpu -= take.cpu;
    memory -= take.memory;
    takes.push(take);
    // An aligned pod uses one reservation at most.
    if (book.plans[held.plan].allocatePolicy !== 'default') break;
  }
  book.takes[row] = takes;
}

function close(book: ReservationBook, held: Held): void {
  held.state = 'done';
  const here = book.byHost[held.node];
  here.splice(here.indexOf(book.all.indexOf(held)), 1);
}

/** A pod left its host: reservations that are still there hold again what it had taken. */
export function returnReserved(
  book: ReservationBook,
  row: number,
  holdAgain: (milliCpu: number, memBytes: number) => void,
): void {
  const takes = book.takes[row];
  if (takes === undefined) return;
  delete book.takes[row];
  for (const { held: number, cpu, memory } of takes) {
    const held = book.all[number];
    held.owners--;
    if (held.state !== 'available') continue;
    held.allocated.cpu -= cpu;
    held.allocated.memory -= memory;
    holdAgain(cpu, memory);
  }
}

/** Whether a pod sits in reserved capacity: what it has goes back there, so evicting it makes room for owners alone. */
export function sitsInReservation(book: ReservationBook, row: number): boolean {
  return book.takes[row] !== undefined;
}

/** Reservations whose placement is due. */
export function dueReservations(book: ReservationBook, nowMs: number): readonly Held[] {
  return book.all.filter((held) => (held.state === 'future' || held.state === 'pending') && held.retryAtMs <= nowMs);
}

/** A reservation was placed, or is tried again later. */
export function placeReservation(book: ReservationBook, held: Held, host: number): void {
  held.node = host;
  held.state = 'available';
  book.byHost[host].push(book.all.indexOf(held));
  book.counts[RESERVATION_COUNT.placed]++;
}

/** Ends reservations that have outlived their time; `giveUp` is told the host and what is free again. */
export function expireReservations(
  book: ReservationBook,
  nowMs: number,
  giveUp: (host: number, milliCpu: number, memBytes: number) => void,
): void {
  for (const held of book.all) {
    if (held.state === 'done' || endsAtMs(held) > nowMs) continue;
    if (held.state === 'available') {
      giveUp(held.node, held.size.cpu - held.allocated.cpu, held.size.memory - held.allocated.memory);
      close(book, held);
    } else held.state = 'done';
    book.counts[RESERVATION_COUNT.expired]++;
  }
}

function endsAtMs(held: Held): number {
  return held.timeToLiveMs > 0 ? held.createdAtMs + held.timeToLiveMs : Infinity;
}

/** When the book has something to do next; Infinity = never. */
export function nextReservationMs(book: ReservationBook): number {
  let nextMs = Infinity;
  for (const held of book.all) {
    if (held.state === 'done') continue;
    nextMs = Math.min(nextMs, endsAtMs(held), held.state === 'available' ? Infinity : held.retryAtMs);
  }
  return nextMs;
}

/** What hosts hold is what reservations have left; throws InvariantError. */
export function checkReservations(book: ReservationBook, cluster: Cluster): void {
  const { hosts } = cluster;
  for (let host = 0; host < hosts.count; host++) {
    let cpu = 0;
    let memory = 0;
    for (const number of book.byHost[host]) {
      const { size, allocated, name } = book.all[number];
      if (allocated.cpu < 0 || allocated.cpu > size.cpu || allocated.memory > size.memory)
        fail(`reservation ${name} of ${size.cpu}m gave ${allocated.cpu}m`);
      cpu += size.cpu - allocated.cpu;
      memory += size.memory - allocated.memory;
    }
    if (cpu !== hosts.heldMilliCpu[host] || memory !== hosts.heldMemBytes[host])
      fail(`host ${host} holds ${hosts.heldMilliCpu[host]}m, its reservations have ${cpu}m left`);
  }
}

/** What a reader of the report should know. */
export function reservationNotes(book: ReservationBook): readonly string[] {
  const [placed, taken, expired] = book.counts;
  return [
    `reservations: ${placed} of ${book.all.length} placed, taken ${taken} times by pods of their owners, ${expired} expired`,
  ];
}

/**
 * Where the scheduler's loop meets reservations: places those that are due, ends those whose time is over, and gives pods what is held for them.
 *
 * A reservation that fits nowhere is tried again after the scheduler's back-off, as a pod would be.
 */
import { fail } from '../../../policies/base/assert.ts';
import { NO_CPUS } from '../../cluster/cpusets.ts';
import { sharesOf } from '../../cluster/gpus.ts';
import type { PlaneContext } from '../control-plane.ts';
import { chooseCpus } from './cpuset-placement.ts';
import type { GpuPlacement } from './gpu-placement.ts';
import { bestHostByScan, type PlacementView } from './placement.ts';
import {
  checkReservations,
  dueReservations,
  endReservation,
  expireReservations,
  type Held,
  holdingOf,
  nextReservationMs,
  nominate,
  placeReservation,
  type ReservationBook,
  reservationNotes,
  usableOn,
} from './reservation-book.ts';
import { placeOfMove, returnReserved, takeMove, takeReserved } from './reservation-claims.ts';

/** What the loop does for the desk. */
export interface Placing {
  bestHost(shape: number): number;
  backoffMs(tries: number): number;
}

/** Cards as a bit mask and CPUs by number that a pod gets on a host. */
export interface Claimed {
  readonly cards: number;
  readonly cpus: readonly number[];
}

export class ReservationDesk {
  readonly book: ReservationBook;
  private readonly context: PlaneContext;
  private readonly view: PlacementView;
  /** The view of somebody who owns no reservation. */
  private readonly plainView: PlacementView;
  private readonly gpus: GpuPlacement | null;
  private readonly placing: Placing;

  constructor(
    book: ReservationBook,
    context: PlaneContext,
    view: PlacementView,
    gpus: GpuPlacement | null,
    placing: Placing,
  ) {
    this.book = book;
    this.context = context;
    this.view = view;
    this.plainView = { ...view, reserved: undefined };
    this.gpus = gpus;
    this.placing = placing;
  }

  /** Ends reservations whose time is over and places those that are due; returns how many it tried to place. */
  tend(nowMs: number): number {
    const { book } = this;
    expireReservations(book, nowMs, (host, holding) => this.context.hold(host, holding, -1, nowMs));
    const due = dueReservations(book, nowMs);
    for (const held of due) {
      if (this.place(held, nowMs)) continue;
      held.state = 'pending';
      held.tries++;
      held.retryAtMs = nowMs + this.placing.backoffMs(held.tries);
    }
    return due.length;
  }

  nextMs(): number {
    return nextReservationMs(this.book);
  }

  /** Whether there was room. */
  private place(held: Held, nowMs: number): boolean {
    const { shapes, hosts } = this.view;
    const { shape } = held;
    const gpuRequest = shapes.gpuRequest[shape];
    const isMove = held.forRow >= 0;
    let host: number;
    if (!isMove) host = this.placing.bestHost(shape);
    else if (gpuRequest !== 0 && this.gpus !== null) host = this.gpus.bestHost(shape, held.exceptHost);
    else host = bestHostByScan(this.plainView, shape, held.exceptHost);
    if (host < 0) return false;
    const mask = gpuRequest === 0 || this.gpus === null ? 0 : this.gpus.cardsOn(shape, host, true);
    const cpuRequest = shapes.cpuRequest[shape];
    placeReservation(
      this.book,
      held,
      host,
      sharesOf(hosts.gpus, gpuRequest, host, mask),
      cpuRequest === 0 ? NO_CPUS : chooseCpus(hosts.cpus, cpuRequest, host),
    );
    this.context.hold(host, holdingOf(held), 1, nowMs);
    return true;
  }

  /** CPUs of a host for a pod that wants its own: those held for it first. */
  cpusOn(row: number, request: number, host: number): readonly number[] {
    const { shapes, hosts } = this.view;
    const shape = this.context.cluster.tasks.podShape[row];
    const usable = usableOn(this.book, shapes.owner[shape], host);
    if (usable.length === 0) return chooseCpus(hosts.cpus, request, host);
    const also = usable.flatMap(({ cpus }) => cpus);
    return chooseCpus(hosts.cpus, request, host, also, nominate(usable, this.book.amountsOf(shape))?.cpus);
  }

  /** A pod is about to be bound with these cards and CPUs: what is held for it there is given up to it. */
  claim(row: number, host: number, { cards, cpus }: Claimed, nowMs: number): void {
    const { book, context } = this;
    const owner = this.view.shapes.owner[context.cluster.tasks.podShape[row]];
    if (owner >= 0)
      takeReserved(book, context.cluster, owner, { row, host, cards, cpus }, (holding) =>
        context.hold(host, holding, -1, nowMs),
      );
    if (book.takes[row] === undefined) this.checkRoom(row, host);
  }

  /** Who takes from no reservation leaves what is held. */
  private checkRoom(row: number, host: number): void {
    const { hosts, tasks } = this.context.cluster;
    const at = tasks.tier[row] * hosts.count + host;
    const cpu = hosts.allocatedMilliCpu[at] + hosts.heldMilliCpu[at] + tasks.requestMilliCpu[row];
    const mem = hosts.allocatedMemBytes[at] + hosts.heldMemBytes[at] + tasks.requestMemBytes[row];
    if (cpu > hosts.soldMilliCpu[at] || mem > hosts.soldMemBytes[at])
      fail(
        `task ${tasks.id[row]} is to be bound to host ${host}, where ${hosts.heldMilliCpu[at]}m are held for others`,
      );
  }

  /** The place that a migration reserved for a pending pod, -1 = none that it could have now. */
  hostOfMove(row: number): number {
    return placeOfMove(this.book, this.context.cluster, row)?.node ?? -1;
  }

  /** Gives a pod the place that a migration reserved for it. */
  claimMove(row: number, nowMs: number): Claimed {
    const held = placeOfMove(this.book, this.context.cluster, row);
    if (held === undefined) return { cards: 0, cpus: NO_CPUS };
    const claimed = {
      cards: held.cards.reduce((mask, { card }) => mask | (1 << card), 0),
      cpus: [...held.cpus].sort((a, b) => a - b),
    };
    takeMove(this.book, held, (holding) => this.context.hold(held.node, holding, -1, nowMs));
    return claimed;
  }

  /** Gives up a reservation before its time. */
  drop(held: Held, nowMs: number): void {
    endReservation(this.book, held, (host, holding) => this.context.hold(host, holding, -1, nowMs));
  }

  /** A pod has left its host, or given its place back. */
  noteLeft(row: number, host: number, nowMs: number): void {
    returnReserved(this.book, row, (holding) => this.context.hold(host, holding, 1, nowMs));
  }

  check(): void {
    checkReservations(this.book, this.context.cluster);
  }

  notes(): readonly string[] {
    return reservationNotes(this.book);
  }

  snapshot(): unknown {
    const { all, byHost, takes, moves, counts } = this.book;
    return structuredClone({ all, byHost, takes, moves, counts });
  }

  restore(from: unknown): void {
    const { all, byHost, takes, moves, counts } = structuredClone(from) as ReservationBook;
    this.book.all = all;
    this.book.byHost = byHost;
    this.book.takes = takes;
    this.book.moves = moves;
    this.book.counts.set(counts);
  }
}

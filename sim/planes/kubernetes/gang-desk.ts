/**
 * Where the scheduler's loop meets gangs: the pending pods of a gang are decided one after another, wait at the gate with their places taken, start
 * together, or give their places back together.
 *
 * Who belongs together and where each stands is gang-book.ts. Pods of a released gang go their own ways through the loop.
 */
import { fail } from '../../../policies/base/assert.ts';
import { CHANGE } from '../../cluster/apply.ts';
import type { PlaneContext } from '../control-plane.ts';
import {
  arriveAtGate,
  checkGangs,
  expireGate,
  failMember,
  type GangBook,
  gangNotes,
  gangOf,
  gangsOfGroup,
  isReleased,
  isStrict,
  joinGang,
  leaveGang,
  leaveHostInGang,
  nextExpiryMs,
  noteBoundInGang,
  type PodGang,
  parkAll,
  releaseParked,
  rowsAtGate,
  rowsParked,
  takeLeader,
  takePending,
} from './gang-book.ts';
import type { Claimed } from './reservation-desk.ts';

/** What the loop does for the desk, with one pod. */
export interface PodPlacing {
  /** The host for a pending pod, -1 = none; and the same, but -1 also where its quota does not let it in. */
  hostFor(row: number): number;
  hostIfLetIn(row: number): number;
  /** Counts a pod on the host that it is about to get; returns its cards and CPUs there. */
  occupy(row: number, host: number, nowMs: number): Claimed;
  /** Takes back the place of a pod that has not started, and what was counted. */
  vacate(row: number, nowMs: number): void;
  /** From now to a running pod, ms. */
  startAfterMs(row: number, host: number, nowMs: number): number;
  /** Into the line of its shape; into the back-off queue; out of all queues. */
  standInLine(row: number, nowMs: number): void;
  backOff(row: number, nowMs: number): void;
  leaveQueues(row: number): void;
}

export class GangDesk {
  private readonly book: GangBook;
  private readonly context: PlaneContext;
  private readonly placing: PodPlacing;

  constructor(book: GangBook, context: PlaneContext, placing: PodPlacing) {
    this.book = book;
    this.context = context;
    this.placing = placing;
  }

  /** A pod became pending; returns the row that goes into the queues, -1 = none. */
  join(row: number): number {
    return joinGang(this.book, this.context.cluster.tasks, row);
  }

  /**
   * Tries all pending pods of the gang that `row` leads in turn; each that finds a host waits at the gate until enough have. Returns how many pods were
   * looked at, 0 = the pod goes its own way.
   */
  decide(row: number, nowMs: number): number {
    const { book, context, placing } = this;
    const { tasks } = context.cluster;
    const gang = gangOf(book, tasks, row);
    if (gang === null || isReleased(gang)) return 0;
    const rows = takePending(gang);
    const without: number[] = [];
    let looked = 0;
    for (const member of rows) {
      looked++;
      const host = placing.hostIfLetIn(member);
      if (host < 0) {
        without.push(member);
        if (isStrict(gang)) break;
        continue;
      }
      const { cards, cpus } = placing.occupy(member, host, nowMs);
      if (isReleased(gang)) {
        context.bind(member, host, nowMs, placing.startAfterMs(member, host, nowMs), cards, cpus);
        noteBoundInGang(gang);
        continue;
      }
      context.assume(member, host, nowMs, cards, cpus);
      this.start(arriveAtGate(book, gang, member, nowMs), nowMs);
    }
    const untried = rows.slice(looked);
    if (without.length > 0) this.sendBack(failMember(book, gang), nowMs);
    parkAll(tasks, gang, [...without, ...untried]);
    for (const mate of gangsOfGroup(book, gang)) this.enqueueFrom(mate, nowMs);
    return looked;
  }

  /** A pod that went its own way is bound. */
  noteBound(row: number): void {
    const gang = gangOf(this.book, this.context.cluster.tasks, row);
    if (gang !== null) noteBoundInGang(gang);
  }

  /** Gangs whose wait is over give their places back. */
  expire(nowMs: number): void {
    const { book, placing } = this;
    const { tasks } = this.context.cluster;
    for (const { gang, rows } of expireGate(book, nowMs)) {
      this.sendBack(rows, nowMs);
      // The whole group backs off, so that what it gave back goes to others first: upstream sorts gangs by their last try.
      for (const mate of gangsOfGroup(book, gang)) {
        if (mate.leader >= 0) {
          placing.leaveQueues(mate.leader);
          parkAll(tasks, mate, [mate.leader]);
          mate.leader = -1;
        }
        this.enqueueFrom(mate, nowMs);
      }
    }
  }

  /** When the next wait is over; Infinity = nobody waits. */
  nextMs(): number {
    return nextExpiryMs(this.book);
  }

  /** A pod has left its host. */
  noteLeft(row: number, change: number): void {
    const isDone = change === CHANGE.finish || change === CHANGE.abandon;
    leaveHostInGang(this.book, this.context.cluster.tasks, row, isDone);
  }

  /** A pod is given up: those that waited for it alone start, and a gang without its leader gets another. */
  noteGivenUp(row: number, nowMs: number): void {
    const { book } = this;
    const { tasks } = this.context.cluster;
    const gang = gangOf(book, tasks, row);
    const mates = gang === null ? [] : gangsOfGroup(book, gang);
    this.start(leaveGang(book, tasks, row), nowMs);
    for (const mate of mates) this.enqueueFrom(mate, nowMs);
  }

  rowsAtGate(): readonly number[] {
    return rowsAtGate(this.book);
  }

  rowsParked(): readonly number[] {
    return rowsParked(this.book);
  }

  private start(rows: readonly number[], nowMs: number): void {
    const { host } = this.context.cluster.tasks;
    for (const row of rows) this.context.startAssumed(row, nowMs, this.placing.startAfterMs(row, host[row], nowMs));
  }

  /** Puts the leader of a gang, or every pod of a released one, back into the queues after its backoff. */
  private enqueueFrom(gang: PodGang, nowMs: number): void {
    const { placing } = this;
    const leader = takeLeader(gang);
    const rows = leader < 0 ? releaseParked(gang) : [leader, ...releaseParked(gang)];
    for (const row of rows)
      if (placing.hostFor(row) < 0) placing.standInLine(row, nowMs);
      else placing.backOff(row, nowMs);
  }

  /** Pods of a gang group lose the places they waited with; each is parked with its own gang. */
  private sendBack(rows: readonly number[], nowMs: number): void {
    const { tasks } = this.context.cluster;
    for (const row of rows) {
      this.placing.vacate(row, nowMs);
      const gang = gangOf(this.book, tasks, row) ?? fail(`task row ${row} waited without a gang`);
      parkAll(tasks, gang, [row]);
    }
  }

  check(): void {
    checkGangs(this.book, this.context.cluster.tasks);
  }

  notes(): readonly string[] {
    return gangNotes(this.book);
  }

  snapshot(): unknown {
    return structuredClone(this.book);
  }

  restore(from: unknown): void {
    Object.assign(this.book, structuredClone(from as GangBook));
  }
}

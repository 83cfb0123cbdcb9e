/**
 * Conservative backfilling: every waiting job holds a reservation of machines, and none is ever moved to a later time.
 *
 * Only a machine that goes down, or a job that outlives its estimate, breaks a reservation; it is then made anew.
 *
 * A new job reserves the earliest time at which enough machines are free for all of its estimate, lowest machines first. When jobs end
 * earlier than estimated, reservations are taken up one by one in queue order and made again as early as the others allow.
 * Source: Mu'alem and Feitelson, IEEE TPDS 2001.
 */
import {
  type BackfillPolicy,
  type BackfillState,
  type BatchQueue,
  type BatchStarts,
  type Reservation,
  startOn,
} from './batch-queue.ts';

function decide(queue: BatchQueue, state: BackfillState, out: BatchStarts): void {
  const { reservations } = state;
  const freeAt = Float64Array.from(queue.freeAt);
  const waiting = new Set<number>();
  for (let position = 0; position < queue.count; position++) waiting.add(queue.job[position]);
  let kept = 0;
  for (const reservation of reservations) if (waiting.has(reservation.job)) reservations[kept++] = reservation;
  reservations.length = kept;
  for (const reservation of reservations) if (isBroken(reservation, freeAt)) release(reservation);
  const of = new Map(reservations.map((reservation) => [reservation.job, reservation]));
  for (let position = 0; position < queue.count; position++) {
    const job = queue.job[position];
    let reservation = of.get(job);
    if (reservation === undefined) {
      reservation = { job, start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY, machines: [] };
      reservations.push(reservation);
    }
    reserveEarliest(queue, position, freeAt, reservations, reservation);
  }
  for (let position = 0; position < queue.count; position++) {
    const reservation = reservations.find((one) => one.job === queue.job[position]);
    if (reservation === undefined || reservation.start > queue.now) continue;
    startOn(queue, position, reservation.machines, freeAt, out);
  }
}

/** Whether a machine of a reservation is not free when it begins: it went down, or a job outlives its estimate. */
function isBroken(reservation: Reservation, freeAt: Float64Array): boolean {
  return reservation.machines.some((machine) => freeAt[machine] > reservation.start);
}

function release(reservation: Reservation): void {
  reservation.start = Number.POSITIVE_INFINITY;
  reservation.end = Number.POSITIVE_INFINITY;
  reservation.machines = [];
}

/** Moves `mine` to the earliest time that running jobs and all other reservations leave open, if that is earlier. */
function reserveEarliest(
  queue: BatchQueue,
  position: number,
  freeAt: Float64Array,
  all: readonly Reservation[],
  mine: Reservation,
): void {
  const others = all.filter((one) => one !== mine && one.start < Number.POSITIVE_INFINITY);
  const times = [queue.now, ...Array.from(freeAt), ...others.map((one) => one.end)]
    .filter((time) => time >= queue.now && time < mine.start)
    .sort((a, b) => a - b);
  const width = queue.width[position];
  for (const start of times) {
    const end = start + queue.estimate[position];
    const machines: number[] = [];
    for (let machine = 0; machine < freeAt.length && machines.length < width; machine++) {
      if (freeAt[machine] > start) continue;
      const open = others.every((one) => one.end <= start || one.start >= end || !one.machines.includes(machine));
      if (open) machines.push(machine);
    }
    if (machines.length < width) continue;
    mine.start = start;
    mine.end = end;
    mine.machines = machines;
    return;
  }
}

export const conservative: BackfillPolicy = {
  name: 'conservative',
  about: 'backfilling that never delays any waiting job: each holds a reservation',
  createState: () => ({ reservations: [] }),
  decide,
};

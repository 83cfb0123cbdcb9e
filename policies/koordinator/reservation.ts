/**
 * Reservations: capacity held on a node for pods that are still to come, or that are being migrated.
 *
 * Who may use a reservation is the caller's rule; here stands whether it has room, which one is taken, and which node a
 * pod prefers for it.
 */

import type { Amounts } from './node-usage-class.ts';

/** A reservation that sits on a node. */
export interface Reservation {
  readonly name: string;
  /** Row of the node. */
  readonly node: number;
  readonly allocatable: Amounts;
  readonly allocated: Amounts;
  /** The first pod takes all of it. Production's default. */
  readonly allocateOnce: boolean;
  readonly owners: number;
  /** 0: no order. The smallest order is taken first, whatever the scores are. */
  readonly order: number;
  readonly createdAtMs: number;
  /** Production: 24 h; 0 never expires. */
  readonly timeToLiveMs: number;
}

export const DEFAULT_RESERVATION_TTL_MS = 86_400_000;

/** Score of the node whose reservation carries the smallest order, before normalisation. */
const ORDERED_SCORE = 1_000;

/** Whether a reservation has outlived its time. */
export function isReservationExpired(reservation: Reservation, nowMs: number): boolean {
  return reservation.timeToLiveMs > 0 && nowMs - reservation.createdAtMs >= reservation.timeToLiveMs;
}

/** Whether a pod still fits: not expired, not used up, and room in every dimension that the reservation holds. */
export function fitsReservation(reservation: Reservation, request: Amounts, nowMs: number): boolean {
  if (isReservationExpired(reservation, nowMs)) return false;
  if (reservation.allocateOnce && reservation.owners > 0) return false;
  return Object.keys(reservation.allocatable).every(
    (name) => (reservation.allocated[name] ?? 0) + (request[name] ?? 0) <= reservation.allocatable[name],
  );
}

/**
 * How full a reservation would be, 0..100: mean over its dimensions of (allocated + request) x 100 / allocatable.
 *
 * Integer division, dimension by dimension and for the mean; a dimension that would overflow adds 0, one of size 0 is left
 * out. Fuller is better, so that small reservations are used up first. Source: Koordinator scheduler, reservation scoring.
 */
export function scoreReservation(reservation: Reservation, request: Amounts): number {
  let sum = 0;
  let dimensions = 0;
  for (const name of Object.keys(reservation.allocatable)) {
    const capacity = reservation.allocatable[name];
    if (capacity === 0) continue;
    dimensions++;
    const after = (reservation.allocated[name] ?? 0) + (request[name] ?? 0);
    if (after <= capacity) sum += Math.trunc((100 * after) / capacity);
  }
  return dimensions === 0 ? 0 : Math.trunc(sum / dimensions);
}

/** The reservation a pod takes among those that fit: smallest order, else best score, else first name. */
export function chooseReservation(
  reservations: readonly Reservation[],
  request: Amounts,
  nowMs: number,
): Reservation | undefined {
  let best: Reservation | undefined;
  for (const candidate of reservations)
    if (fitsReservation(candidate, request, nowMs) && (best === undefined || isBetter(candidate, best, request)))
      best = candidate;
  return best;
}

function isBetter(a: Reservation, b: Reservation, request: Amounts): boolean {
  const [orderA, orderB] = [
    a.order === 0 ? Number.POSITIVE_INFINITY : a.order,
    b.order === 0 ? Number.POSITIVE_INFINITY : b.order,
  ];
  if (orderA !== orderB) return orderA < orderB;
  const [scoreA, scoreB] = [scoreReservation(a, request), scoreReservation(b, request)];
  return scoreA !== scoreB ? scoreA > scoreB : a.name < b.name;
}

/**
 * Scores nodes by the reservation a pod would take there: 1000 for the smallest order of all, then scaled to 0..100.
 *
 * Shape: `outScore` has a row a node, 0 without a fitting reservation.
 */
export function scoreNodesByReservation(
  reservations: readonly Reservation[],
  request: Amounts,
  nowMs: number,
  outScore: Int32Array,
): void {
  outScore.fill(0);
  const fitting = reservations.filter((reservation) => fitsReservation(reservation, request, nowMs));
  let ordered: Reservation | undefined;
  let largest = 0;
  for (const reservation of fitting) {
    const isOrdered = reservation.order !== 0;
    if (isOrdered && (ordered === undefined || reservation.order < ordered.order)) ordered = reservation;
    const score = scoreReservation(reservation, request);
    if (score > outScore[reservation.node]) outScore[reservation.node] = score;
  }
  if (ordered !== undefined) outScore[ordered.node] = ORDERED_SCORE;
  for (let node = 0; node < outScore.length; node++) largest = Math.max(largest, outScore[node]);
  if (largest === 0) return;
  for (let node = 0; node < outScore.length; node++) outScore[node] = Math.trunc((outScore[node] * 100) / largest);
}

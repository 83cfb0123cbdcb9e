/**
 * Revive at most once per interval; requests in between are folded into one at the end of it.
 *
 * Source: Chronos MesosOfferReviverActor, Marathon ReviveOffersActor (`--min_revive_offers_interval`, 5000 ms).
 */

/** When offers were last revived, and when the next planned revive is due. Units: ms; null when there is none. */
export interface ReviveThrottle {
  lastReviveMs: number | null;
  plannedMs: number | null;
}

/** A throttle that has not revived yet. */
export function createThrottle(): ReviveThrottle {
  return { lastReviveMs: null, plannedMs: null };
}

/** Asks for a revive at `nowMs`; true when it is to be sent now, else it is planned for the end of the interval. */
export function requestRevive(throttle: ReviveThrottle, nowMs: number, minIntervalMs: number): boolean {
  const earliestMs = throttle.lastReviveMs === null ? nowMs : throttle.lastReviveMs + minIntervalMs;
  if (earliestMs > nowMs) {
    throttle.plannedMs ??= earliestMs;
    return false;
  }
  throttle.lastReviveMs = nowMs;
  throttle.plannedMs = null;
  return true;
}

/** True when a planned revive is due at `nowMs`; it is then taken as sent. */
export function takePlannedRevive(throttle: ReviveThrottle, nowMs: number, minIntervalMs: number): boolean {
  if (throttle.plannedMs === null || throttle.plannedMs > nowMs) return false;
  return requestRevive(throttle, nowMs, minIntervalMs);
}

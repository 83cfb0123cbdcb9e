/**
 * What waits to be launched, when offers are asked for, and in which order offers are looked at.
 *
 * Offers are revived when demand is new, at most once per interval, and each revive is repeated once one interval later; with
 * nothing to launch they are suppressed. Offers that cannot be matched at once wait on a stack: the newest is next.
 * Source: Marathon TaskLauncherActor, ReviveOffersStreamLogic, OfferMatcherManagerActor.
 */
import { deadlineMs, type LaunchDelay } from './backoff.ts';

/** What one run spec still has to launch, and from when on it may. */
export interface LaunchItem {
  toLaunch: number;
  delay: LaunchDelay | null;
}

/** Whether an item wants offers now. */
export function wantsOffers(item: LaunchItem, nowMs: number): boolean {
  return item.toLaunch > 0 && deadlineMs(item.delay, nowMs) <= nowMs;
}

/** When a delayed item will want offers; Infinity when it waits for nothing. */
export function wantsOffersFromMs(item: LaunchItem, nowMs: number): number {
  if (item.toLaunch === 0) return Number.POSITIVE_INFINITY;
  return Math.max(nowMs, deadlineMs(item.delay, nowMs));
}

/** State of the revive stream of one role. Units: ms. */
export interface ReviveStream {
  /** The last signal sent: offers are suppressed. */
  suppressed: boolean;
  lastReviveMs: number | null;
  /** Repeats of the last revive that are still to be sent. */
  repeatsLeft: number;
  /** Demand that no revive has answered yet. */
  newDemand: boolean;
}

export type ReviveSignal = 'revive' | 'suppress' | 'none';

/** A stream that has sent nothing; a framework starts with offers flowing. */
export function createReviveStream(): ReviveStream {
  return { suppressed: false, lastReviveMs: null, repeatsLeft: 0, newDemand: false };
}

/** The signal to send at `nowMs`, which is taken as sent. `wanted`: some run spec of the role wants offers now. */
export function nextSignal(
  stream: ReviveStream,
  wanted: boolean,
  nowMs: number,
  minIntervalMs: number,
  suppressEnabled: boolean,
): ReviveSignal {
  if (!wanted) {
    stream.newDemand = false;
    stream.repeatsLeft = 0;
    if (!suppressEnabled || stream.suppressed) return 'none';
    stream.suppressed = true;
    return 'suppress';
  }
  if (stream.suppressed) stream.newDemand = true;
  if (!stream.newDemand && stream.repeatsLeft === 0) return 'none';
  if (stream.lastReviveMs !== null && nowMs < stream.lastReviveMs + minIntervalMs) return 'none';
  if (stream.newDemand) stream.repeatsLeft = 1;
  else stream.repeatsLeft -= 1;
  stream.newDemand = false;
  stream.suppressed = false;
  stream.lastReviveMs = nowMs;
  return 'revive';
}

/** When `nextSignal` has a revive to send at the earliest; Infinity when it has none. */
export function nextReviveMs(stream: ReviveStream, nowMs: number, minIntervalMs: number): number {
  if (!stream.newDemand && stream.repeatsLeft === 0) return Number.POSITIVE_INFINITY;
  return stream.lastReviveMs === null ? nowMs : stream.lastReviveMs + minIntervalMs;
}

/** In which order the offers of one callback are matched, and which find the stack full. */
export interface OfferOrder {
  readonly matched: readonly number[];
  readonly overflow: readonly number[];
}

/** The first `parallel` offers at once in order of arrival, then up to `maxQueued` from a stack, newest first. */
export function offerOrder(count: number, parallel: number, maxQueued: number): OfferOrder {
  const matched: number[] = [];
  const overflow: number[] = [];
  const atOnce = Math.min(count, parallel);
  const stacked = Math.min(count, parallel + maxQueued);
  for (let i = 0; i < atOnce; i++) matched.push(i);
  for (let i = stacked - 1; i >= atOnce; i--) matched.push(i);
  for (let i = stacked; i < count; i++) overflow.push(i);
  return { matched, overflow };
}

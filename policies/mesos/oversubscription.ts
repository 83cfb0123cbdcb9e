/**
 * Oversubscription on one agent: an estimator says how much more could be sold as revocable, the loop reports the total.
 *
 *   total revocable = estimate + revocable already allocated to executors
 *
 * The loop asks, waits for the answer, reports a total that differs from the last one, and asks again after the interval.
 * An answer that never comes stops the loop: the noop estimator never answers. A total is repeated after registration.
 * Source: Mesos src/slave/slave.cpp, forwardOversubscribed; src/slave/resource_estimators/fixed.cpp.
 */
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagsEqual, subtractBags } from './resource-bag.ts';

export const OVERSUBSCRIBED_RESOURCES_INTERVAL_MS = 15_000;

export interface ResourceEstimator {
  /** Resources that may be oversubscribed beyond `allocatedRevocable`, or null while there is no answer. */
  estimate(allocatedRevocable: ResourceBag): ResourceBag | null;
}

/** Never answers. */
export const NOOP_ESTIMATOR: ResourceEstimator = { estimate: () => null };

/** A fixed amount less what is allocated of it, so that the total stays the amount. */
export function fixedEstimator(amount: ResourceBag): ResourceEstimator {
  return { estimate: (allocatedRevocable) => subtractBags(amount, allocatedRevocable) };
}

export class OversubscriptionLoop {
  private readonly estimator: ResourceEstimator;
  private readonly intervalMs: number;
  private lastTotal: ResourceBag | null = null;
  private nextPollMs: number;

  constructor(estimator: ResourceEstimator, intervalMs: number, startMs: number) {
    this.estimator = estimator;
    this.intervalMs = intervalMs;
    this.nextPollMs = startMs;
  }

  /** When the loop asks next; in the past while an answer is outstanding. */
  nextPollAtMs(): number {
    return this.nextPollMs;
  }

  /** Asks when it is time; the total to report, or null when there is none or it is the last one again. */
  poll(nowMs: number, allocatedRevocable: ResourceBag): ResourceBag | null {
    if (nowMs < this.nextPollMs) return null;
    const estimate = this.estimator.estimate(allocatedRevocable);
    if (estimate === null) return null;
    this.nextPollMs = nowMs + this.intervalMs;
    const total = addBags(estimate, allocatedRevocable);
    if (this.lastTotal !== null && bagsEqual(this.lastTotal, total)) return null;
    this.lastTotal = total;
    return total;
  }

  /** What to repeat after the agent (re)registered; null before the first estimate. */
  onRegistered(): ResourceBag | null {
    return this.lastTotal;
  }
}

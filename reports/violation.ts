/** P(violation): how often a service-hour broke its objective, with an interval that knows services from hours. */
import { normalQuantile } from '../policies/base/exact-math.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { firstMeasuredHour, numbers } from './columns.ts';

export interface ViolationShare {
  readonly violating: number;
  readonly serviceHours: number;
  readonly services: number;
  readonly percent: number;
  readonly lowPercent: number;
  readonly highPercent: number;
  /** Independent service-hours that would carry as much information. */
  readonly effectiveServiceHours: number;
}

/**
 * Wilson's interval of a proportion `share` seen over `trials` (need not be whole):
 *
 *   (share + z^2/2n +- z sqrt(share (1 - share)/n + z^2/4n^2)) / (1 + z^2/n),   z = normal quantile of (1 + confidence)/2
 *
 * Source: Wilson 1927. No trials: 0..1.
 */
export function wilsonInterval(
  share: number,
  trials: number,
  confidence: number,
): readonly [low: number, high: number] {
  if (!(trials > 0)) return [0, 1];
  const z = normalQuantile((1 + confidence) / 2);
  const z2 = (z * z) / trials;
  const centre = share + z2 / 2;
  const reach = z * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials));
  return [Math.max(0, (centre - reach) / (1 + z2)), Math.min(1, (centre + reach) / (1 + z2))];
}

/**
 * Share of service-hours after warm-up in which more requests were late than the objective allows.
 *
 * Hours of one service are alike, so the interval counts fewer trials than there are hours:
 *
 *   var(p)  = k/(k-1) x sum over services (late hours - p x hours)^2 / (all hours)^2
 *   n_eff   = p (1 - p) / var(p), kept within [services, service-hours];  p = 0 or 1: n_eff = services
 *   interval = Wilson(p, n_eff)
 *
 * Source: effective sample size of Korn and Graubard 1998, with Wilson's interval.
 */
export function violationShare(
  serviceHours: RunResults['tables']['serviceHours'],
  objectivePercent: number,
  warmUpMs: number,
  confidence = 0.95,
): ViolationShare {
  const firstHour = firstMeasuredHour(warmUpMs);
  const service = numbers(serviceHours.columns.service);
  const hour = numbers(serviceHours.columns.hour);
  const requests = numbers(serviceHours.columns.requests);
  const late = numbers(serviceHours.columns.violatingRequests);
  const allowed = 1 - objectivePercent / 100;
  const hoursOf = new Map<number, { total: number; violating: number }>();
  for (let row = 0; row < serviceHours.rows; row++) {
    if (hour[row] < firstHour || !(requests[row] > 0)) continue;
    let seen = hoursOf.get(service[row]);
    if (seen === undefined) {
      seen = { total: 0, violating: 0 };
      hoursOf.set(service[row], seen);
    }
    seen.total++;
    if (late[row] > allowed * requests[row]) seen.violating++;
  }
  let total = 0;
  let violating = 0;
  for (const seen of hoursOf.values()) {
    total += seen.total;
    violating += seen.violating;
  }
  const services = hoursOf.size;
  const share = total > 0 ? violating / total : 0;
  let squares = 0;
  for (const seen of hoursOf.values()) {
    const off = seen.violating - share * seen.total;
    squares += off * off;
  }
  const variance = services > 1 ? ((services / (services - 1)) * squares) / (total * total) : 0;
  const informative = variance > 0 ? (share * (1 - share)) / variance : share > 0 && share < 1 ? total : services;
  const effective = Math.min(total, Math.max(services, informative));
  const [low, high] = wilsonInterval(share, effective, confidence);
  return {
    violating,
    serviceHours: total,
    services,
    percent: 100 * share,
    lowPercent: 100 * low,
    highPercent: 100 * high,
    effectiveServiceHours: effective,
  };
}

/**
 * Clients that send a request again when it missed its target, at most n times: the service's own load grows with its lateness.
 *
 *   requests = those of clients x (1 + p + p^2 + ... + p^n),   p = late share of the window before;  at most n + 1 fold
 *
 * A client waits for the latency target and then tries again at once, within the same window. Every try is a request in the tables, so that lateness is a
 * share of tries; a user fails with p^(n + 1). Using the window before breaks the circle "late requests make load, load makes requests late": a storm builds
 * up over windows, and stays when the amplified load keeps requests late after its cause is gone.
 */
import type { Plan } from '../plan.ts';
import type { OnlineState } from './online.ts';

/** Most tries after the first, row a service; null where no client tries again. */
export function createClientRetries(plan: Plan, serviceNames: readonly string[]): Float64Array | null {
  const most = new Map(plan.online.explicit.map(({ name, clientRetries }) => [name, clientRetries ?? 0]));
  const retries = Float64Array.from(serviceNames, (name) => most.get(name) ?? 0);
  return retries.some((n) => n > 0) ? retries : null;
}

/** Sets the amplification of the window to come from the tries of this one. */
export function tryAgain(online: OnlineState, retries: Float64Array, s: number, late: number, requests: number): void {
  const p = requests > 0 ? Math.min(1, late / requests) : 0;
  let tries = 1;
  for (let again = 0, power = p; again < retries[s]; again++, power *= p) tries += power;
  online.amplification[s] = tries;
}

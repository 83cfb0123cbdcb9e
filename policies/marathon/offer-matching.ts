/**
 * One offer and the apps that want to launch: round robin, one launch a turn.
 *
 * Matchers stand in a random order that the caller draws, those with a reservation on the offer first. A round asks each of them once;
 * it ends the offer when nobody matched in a full round, when it holds `maxInstancesPerOffer` launches, when launch tokens run
 * out, or when the time for matching is over (the caller's affair: matching takes no simulated time).
 * Source: Marathon OfferMatcherManagerActor.
 */

/** Asks matcher `index` to take one launch out of the offer; true when it did. */
export type TryMatch = (index: number) => boolean;

/** Defaults of the matcher and of the offer processor. Units: ms. */
export const OFFER_MATCHING = {
  maxInstancesPerOffer: 5,
  offerMatchingTimeoutMs: 3_000,
  launchTokens: 100,
  launchTokenRefreshMs: 30_000,
  maxQueuedOffers: 1_024,
  declineOfferMs: 120_000,
} as const;

/** Launches on one offer: how many by each matcher, in the order given. */
export interface OfferMatch {
  readonly launches: number;
  readonly perMatcher: readonly number[];
}

/** Matches one offer. `order` lists the matchers; `tokens` bounds the launches. */
export function matchOffer(
  order: readonly number[],
  tryMatch: TryMatch,
  tokens: number,
  maxInstancesPerOffer: number = OFFER_MATCHING.maxInstancesPerOffer,
): OfferMatch {
  const perMatcher = order.map(() => 0);
  const limit = Math.min(tokens, maxInstancesPerOffer);
  let launches = 0;
  for (let matched = true; matched && launches < limit; ) {
    matched = false;
    for (let turn = 0; turn < order.length && launches < limit; turn++) {
      if (!tryMatch(order[turn])) continue;
      matched = true;
      launches += 1;
      perMatcher[turn] += 1;
    }
  }
  return { launches, perMatcher };
}

/** A shuffled order of `count` matchers; `reserved` ones first. `uniform` draws from [0, 1). Fisher-Yates, from the end. */
export function matcherOrder(count: number, isReserved: (index: number) => boolean, uniform: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  return [...order.filter(isReserved), ...order.filter((index) => !isReserved(index))];
}

/** Launch tokens: refilled to the full amount each period, one more for each instance that runs (healthy). Units: ms. */
export interface LaunchTokens {
  tokens: number;
  nextRefillMs: number;
}

/** A full bucket; the first refill comes one period after `nowMs`. */
export function createTokens(nowMs: number): LaunchTokens {
  return { tokens: OFFER_MATCHING.launchTokens, nextRefillMs: nowMs + OFFER_MATCHING.launchTokenRefreshMs };
}

/** Refills the bucket when its period is over. */
export function refillTokens(bucket: LaunchTokens, nowMs: number): void {
  if (nowMs < bucket.nextRefillMs) return;
  const periods = Math.floor((nowMs - bucket.nextRefillMs) / OFFER_MATCHING.launchTokenRefreshMs) + 1;
  bucket.nextRefillMs += periods * OFFER_MATCHING.launchTokenRefreshMs;
  bucket.tokens = OFFER_MATCHING.launchTokens;
}

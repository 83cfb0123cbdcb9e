/**
 * Followers of a replicated Chronos send a request on to the leader they believe in; when their views disagree it goes round for ever.
 *
 * A node that believes in itself answers. The balancer in front takes a node in turn, waits for `timeoutMs`, and tries again up to
 * `tries` times; a hop takes `hopMs`. A loop therefore costs the nodes (timeoutMs / hopMs) requests a try, and the caller an error.
 * Views disagree when a node reads a ZooKeeper server that lost its quorum and answers from what it last knew.
 * Source: slides of iQIYI on Mesos and Chronos; Chronos RedirectFilter, and the fix that forbids read-only ZooKeeper sessions
 * (2015-06-04).
 */
import { ConfigError } from '../base/assert.ts';

/** Units: ms. */
export interface BalancerRules {
  readonly hopMs: number;
  readonly timeoutMs: number;
  readonly tries: number;
}

export interface RedirectOutcome {
  /** The node that answered, -1 = the balancer gave up. */
  readonly answeredBy: number;
  /** Requests that nodes took in for this one. */
  readonly requests: number;
  readonly tookMs: number;
}

/**
 * What becomes of one request that the balancer gives to node `first`.
 *
 * `believed[n]` is the leader that node n believes in. Throws ConfigError when one names no node, or a rule is not positive.
 */
export function redirect(believed: readonly number[], first: number, rules: BalancerRules): RedirectOutcome {
  const { hopMs, timeoutMs, tries } = rules;
  if (!(hopMs > 0) || !(timeoutMs > 0) || !(tries >= 1))
    throw new ConfigError('redirect: hopMs and timeoutMs must be above 0, tries at least 1');
  for (const [node, leader] of [first, ...believed].entries())
    if (!Number.isInteger(leader) || leader < 0 || leader >= believed.length)
      throw new ConfigError(
        `redirect: ${node === 0 ? 'first' : `node ${node - 1}`} names ${leader}; nodes are 0 to ${believed.length - 1}`,
      );
  const hopsATry = Math.floor(timeoutMs / hopMs);
  let requests = 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    let node = (first + attempt) % believed.length;
    for (let hop = 1; hop <= hopsATry; hop++) {
      requests++;
      if (believed[node] === node) return { answeredBy: node, requests, tookMs: attempt * timeoutMs + hop * hopMs };
      node = believed[node];
    }
  }
  return { answeredBy: -1, requests, tookMs: tries * timeoutMs };
}

/**
 * Integer arithmetic as Go and C do it, on doubles that hold integers below 2^53.
 *
 * Upstream schedulers compute in int64; a faithful port must round as they do, not as JavaScript does.
 */

/** a / b truncated toward zero. Exact while |a| < 2^53 and the quotient is at least one ulp from an integer. */
export function divTrunc(a: number, b: number): number {
  return Math.trunc(a / b);
}

/** a / b rounded up (toward +infinity). */
export function divCeil(a: number, b: number): number {
  return Math.ceil(a / b);
}

/** Rounds half away from zero, as Go's math.Round; JavaScript's Math.round sends -0.5 to -0. */
export function roundHalfAway(x: number): number {
  return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
}

/** x limited to [low, high]; low wins when the bounds cross. */
export function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, x));
}

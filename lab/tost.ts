/**
 * Equivalence by two one-sided tests: "no difference was found" is not "there is none"; this test claims the latter.
 *
 *   p = max( P(T > (D + margin) / se),  P(T < (D - margin) / se) ),   T Student with n - 1 degrees
 *
 * p <= alpha exactly when the (1 - 2 alpha) interval of D lies inside (-margin, margin). Source: Schuirmann 1987.
 */
import { type PairedDifference, upperTail } from './paired.ts';

/** p-value of "the true difference is at least `margin` away from 0"; NaN with fewer than two pairs. */
export function equivalenceP(sample: PairedDifference, margin: number): number {
  return Math.max(upperTail(sample, -margin), 1 - upperTail(sample, margin));
}

/** p-value of "the true difference is `margin` or more": small means that b is not above a by the margin. */
export function notAboveP(sample: PairedDifference, margin: number): number {
  return 1 - upperTail(sample, margin);
}

/** p-value of "the true difference is `margin` or less": small means that b is above a by more than the margin. */
export function aboveP(sample: PairedDifference, margin: number): number {
  return upperTail(sample, margin);
}

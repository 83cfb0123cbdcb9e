/** Many comparisons at once: p-values that keep the chance of even one false claim at alpha. */

/**
 * Holm's step-down adjustment.
 *
 *   sorted p(1) <= ... <= p(m):  adjusted(i) = max over j <= i of min(1, (m - j + 1) p(j))
 *
 * NaN counts as 1 (nothing known, nothing claimed). The order of the answer is the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const p = pValues.map((value) => (Number.isNaN(value) ? 1 : value));
  const order = p.map((_, index) => index).sort((a, b) => p[a] - p[b] || a - b);
  const adjusted = new Array<number>(p.length);
  let largest = 0;
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (p.length - rank) * p[index]));
    adjusted[index] = largest;
  }
  return adjusted;
}

/** Bonferroni: min(1, m p). NaN counts as 1. */
export function bonferroni(pValues: readonly number[]): number[] {
  return pValues.map((p) => (Number.isNaN(p) ? 1 : Math.min(1, p * pValues.length)));
}

/**
 * Student's t, the beta distribution and the intervals built on them, bit-equal on every engine.
 *
 * Everything rests on log and exp of exact-math and on + - * / sqrt, so that a report gives the same digits everywhere.
 */
import { assert } from '../../policies/base/assert.ts';
import { exp, log } from '../../policies/base/exact-math.ts';

/** A closed interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
] as const;
const HALF_LOG_TWO_PI = 0.9189385332046728;

/** Natural logarithm of the gamma function for x > 0 (Lanczos, g = 7, nine terms); relative error below 1e-13. */
export function logGamma(x: number): number {
  assert(x > 0, 'logGamma takes positive numbers');
  if (x < 0.5) return logGamma(x + 1) - log(x);
  const y = x - 1;
  let sum: number = LANCZOS[0];
  for (let k = 1; k < LANCZOS.length; k++) sum += LANCZOS[k] / (y + k);
  const t = y + 7.5;
  return HALF_LOG_TWO_PI + (y + 0.5) * log(t) - t + log(sum);
}

/**
 * P(B <= x) for B distributed as beta(a, b): the regularised incomplete beta function.
 *
 * Continued fraction by Lentz's method on the side where it converges fast. Absolute error below 1e-12 for a, b up to 1e5.
 */
export function betaProbability(x: number, a: number, b: number): number {
  assert(a > 0 && b > 0, 'both shapes of a beta distribution are positive');
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (d > -tiny && d < tiny ? tiny : d);
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (d > -tiny && d < tiny ? tiny : d);
    c = 1 + even / c;
    if (c > -tiny && c < tiny) c = tiny;
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (d > -tiny && d < tiny ? tiny : d);
    c = 1 + odd / c;
    if (c > -tiny && c < tiny) c = tiny;
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return fraction;
}

/** x with betaProbability(x, a, b) = p, by halving [0, 1] until neighbours meet; 0 <= p <= 1. */
export function betaQuantile(p: number, a: number, b: number): number {
  assert(p >= 0 && p <= 1, 'a probability lies in 0..1');
  let low = 0;
  let high = 1;
  for (let step = 0; step < 1100; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (betaProbability(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * t with P(T <= t) = p for Student's t with `degrees` of freedom, 0 < p < 1. Relative error below 1e-9.
 *
 *   for p > 1/2: x = quantile of beta(degrees/2, 1/2) at 2(1 - p);  t = sqrt(degrees (1 - x) / x)
 *
 * For p = 0.975: degrees 1 gives 12.706, 9 gives 2.262, 30 gives 2.042.
 */
export function studentTQuantile(p: number, degrees: number): number {
  assert(p > 0 && p < 1 && degrees > 0, "Student's t takes 0 < p < 1 and positive degrees of freedom");
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentTQuantile(1 - p, degrees);
  // 1 - x directly, as the quantile of the mirrored beta: near the centre x would lose every digit of 1 - x.
  const complement = betaQuantile(1 - 2 * (1 - p), 0.5, degrees / 2);
  return Math.sqrt((degrees * complement) / (1 - complement));
}

/**
 * Exact (Clopper-Pearson) interval of a proportion: `hits` of `trials`, both ends guarded at (1 - confidence) / 2.
 *
 *   low  = quantile of beta(hits, trials - hits + 1) at (1 - confidence) / 2, 0 without hits
 *   high = quantile of beta(hits + 1, trials - hits) at (1 + confidence) / 2, 1 when every trial hit
 *
 * No trials: [0, 1].
 */
export function clopperPearson(hits: number, trials: number, confidence: number): Interval {
  assert(hits >= 0 && hits <= trials, 'hits lie between 0 and trials');
  assert(confidence > 0 && confidence < 1, 'confidence lies inside 0..1');
  const tail = (1 - confidence) / 2;
  return {
    low: hits === 0 ? 0 : betaQuantile(tail, hits, trials - hits + 1),
    high: hits === trials ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits),
  };
}

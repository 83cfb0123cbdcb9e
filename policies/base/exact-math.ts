/**
 * exp, log, pow, sin, cos and the normal distribution, built only from + - * / sqrt and moves of bits.
 *
 * ECMAScript leaves Math.exp, Math.pow and the like "implementation-approximated": Math.pow and ** give other bits on
 * Node 22 than on Node 24. These functions give the same bits on every engine with IEEE doubles, so digests agree.
 * Errors below are largest relative errors over the stated range, measured against 40-digit values in the test.
 */

const view = new Float64Array(1);
const words = new Uint32Array(view.buffer);
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

const LN2 = 0.6931471805599453;
const LN2_HIGH = 0.6931471803691238; // upper 33 bits, so that k * LN2_HIGH is exact for |k| < 2^20
const LN2_LOW = 1.9082149292705877e-10;

/** Powers of two from 2^-1022 to 2^1023, by repeated halving and doubling (exact). */
const POWER_OF_TWO = new Float64Array(2046);
POWER_OF_TWO[1022] = 1;
for (let k = 1023; k < 2046; k++) POWER_OF_TWO[k] = POWER_OF_TWO[k - 1] * 2;
for (let k = 1021; k >= 0; k--) POWER_OF_TWO[k] = POWER_OF_TWO[k + 1] / 2;

/** Taylor coefficients 1/n!, n = 0..13: the rest at |r| <= ln2/2 is below 5e-18. */
const [C2, C3, C4, C5, C6] = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720];
const [C7, C8, C9, C10] = [1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800];
const [C11, C12, C13] = [1 / 39916800, 1 / 479001600, 1 / 6227020800];

/** e^x. Relative error below 4e-16 where the result is normal; 0 below x = -745, Infinity above 709.79. */
export function exp(x: number): number {
  if (!(x < 709.782712893384)) return x > 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (x < -745.2) return 0;
  const k = Math.floor(x / LN2 + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  const high = C7 + r * (C8 + r * (C9 + r * (C10 + r * (C11 + r * (C12 + r * C13)))));
  const p = 1 + r * (1 + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * high))))));
  if (k >= -1021 && k <= 1023) return p * POWER_OF_TWO[k + 1022];
  if (k > 1023) return p * POWER_OF_TWO[2045] * 2;
  return p * POWER_OF_TWO[k + 1022 + 200] * POWER_OF_TWO[1022 - 200];
}

/** Natural logarithm. Relative error below 5e-16; -Infinity at 0, NaN below 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let shift = 0;
  let y = x;
  if (y < 2.2250738585072014e-308) {
    y *= 18014398509481984; // 2^54: subnormals have no exponent to read
    shift = -54;
  }
  view[0] = y;
  const power = ((words[HIGH_WORD] >>> 20) & 0x7ff) - 1023;
  let exponent = power + shift;
  // y / 2^power, exactly; 2^-1023 is no normal number, so the largest take two steps.
  let m = power < 1023 ? y * POWER_OF_TWO[1022 - power] : y * 0.5 * POWER_OF_TWO[0];
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  // 2 atanh(s) = 2s (1 + z/3 + z^2/5 + ...), |s| <= 0.1716, cut where the rest is below 1e-18
  const tail = 1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21 + z * (1 / 23))));
  const series = z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * tail))))));
  return exponent * LN2_HIGH + (2 * s * series + exponent * LN2_LOW + 2 * s);
}

/** x^y for x >= 0. Relative error about |y ln x| * 3e-16; 0^0 is 1. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x === 0) return y > 0 ? 0 : Number.POSITIVE_INFINITY;
  return exp(y * log(x));
}

const TWO_PI_HIGH = 6.283185307179586;
const HALF_PI = 1.5707963267948966;

/** sin(x), |x| up to about 1e6. Absolute error below 3e-16 + |x| * 6e-17: 2 pi is rounded, and so is every turn taken off. */
export function sin(x: number): number {
  let r = x - TWO_PI_HIGH * Math.floor(x / TWO_PI_HIGH + 0.5);
  if (r > HALF_PI) r = Math.PI - r;
  else if (r < -HALF_PI) r = -Math.PI - r;
  const z = r * r;
  let term = 1;
  for (let n = 21; n >= 3; n -= 2) term = 1 - (z / (n * (n - 1))) * term;
  return r * term;
}

/** cos(x); see sin. */
export function cos(x: number): number {
  return sin(x + HALF_PI);
}

/**
 * P(Z > z) for a standard normal Z. Absolute error below 1e-15, relative error below 1e-12 for z < 8.
 *
 * Series for |z| < 3.5, continued fraction beyond.
 */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z);
  if (z > 38) return 0;
  const density = exp(-0.5 * z * z) * 0.3989422804014327;
  if (z < 3.5) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 120; n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
      if (term < sum * 1e-17) break;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  // Depth at which the fraction has settled to 1e-17 of itself (checked against depth 400).
  for (let n = z < 4.5 ? 80 : z < 6 ? 45 : z < 10 ? 26 : 12; n >= 1; n--) fraction = n / (z + fraction);
  return density / (z + fraction);
}

/**
 * z with P(Z <= z) = p for a standard normal Z, 0 < p < 1. Absolute error below 1e-13.
 *
 * A rational start (Hastings 26.2.23, |error| < 4.5e-4) and three Newton steps on normalUpperTail.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  const tail = p < 0.5 ? p : 1 - p;
  const t = Math.sqrt(-2 * log(tail));
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 3; step++) {
    const density = exp(-0.5 * z * z) * 0.3989422804014327;
    if (density === 0) break;
    const miss = (normalUpperTail(z) - tail) / density;
    z += miss / (1 + 0.5 * z * miss);
  }
  return p < 0.5 ? -z : z;
}

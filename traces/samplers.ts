/**
 * Samplers over a Stream, built from exact-math so that equal streams give equal bits everywhere.
 *
 * These are for cold paths and clarity; hot loops use quantile-table.ts.
 */
import { assert } from '../policies/base/assert.ts';
import { exp, log, normalQuantile, pow } from '../policies/base/exact-math.ts';
import type { Stream } from './streams.ts';

/** Half of the spacing of a 53-bit uniform: moves [0, 1) to (0, 1). */
const HALF_CELL = 1 / 18014398509481984;

/** Uniform in [low, high). */
export function sampleUniform(stream: Stream, low: number, high: number): number {
  return low + (high - low) * stream.next();
}

/** Uniform integer in [0, count). Bias below count / 2^53. */
export function sampleIndex(stream: Stream, count: number): number {
  return Math.floor(stream.next() * count);
}

/** Normal by inversion: one uniform per value, increasing in it. */
export function sampleNormal(stream: Stream, mean: number, sd: number): number {
  return mean + sd * normalQuantile(stream.next() + HALF_CELL);
}

/** e^(normal); mean e^(mu + sigma^2/2), median e^mu. */
export function sampleLognormal(stream: Stream, mu: number, sigma: number): number {
  return exp(sampleNormal(stream, mu, sigma));
}

/** Exponential with the given mean. */
export function sampleExponential(stream: Stream, mean: number): number {
  return -mean * log(1 - stream.next());
}

/**
 * Gamma with mean shape x scale. Source: Marsaglia and Tsang, ACM TOMS 26 (2000): squeeze for shape >= 1; for shape < 1 a draw of
 * shape + 1 times U^(1/shape).
 */
export function sampleGamma(stream: Stream, shape: number, scale: number): number {
  assert(shape > 0 && scale > 0, 'gamma shape and scale are positive');
  if (shape < 1) {
    const boost = pow(stream.next() + HALF_CELL, 1 / shape);
    return sampleGamma(stream, shape + 1, scale) * boost;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = sampleNormal(stream, 0, 1);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = stream.next() + HALF_CELL;
    if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return d * v * scale;
  }
}

/** Beta in (0, 1) with mean a / (a + b), as a ratio of gammas. */
export function sampleBeta(stream: Stream, a: number, b: number): number {
  const x = sampleGamma(stream, a, 1);
  const y = sampleGamma(stream, b, 1);
  return x / (x + y);
}

/**
 * Poisson with the given mean.
 *
 * Product of uniforms below 10 (Knuth), transformed rejection above (Hormann, PTRS, Insurance: Mathematics and Economics 12,
 * 1993); log k! by Stirling's series.
 */
export function samplePoisson(stream: Stream, mean: number): number {
  assert(mean >= 0 && mean < 1e12, 'Poisson mean is in [0, 1e12)');
  if (mean < 10) {
    const limit = exp(-mean);
    let product = stream.next();
    let count = 0;
    while (product > limit) {
      count += 1;
      product *= stream.next();
    }
    return count;
  }
  const root = Math.sqrt(mean);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMean = log(mean);
  for (;;) {
    const u = stream.next() - 0.5;
    const v = stream.next() + HALF_CELL;
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log((v * inverseAlpha) / (a / (us * us) + b)) <= k * logMean - mean - logFactorial(k)) return k;
  }
}

/** ln k!, absolute error below 1e-10: a sum below 16, Stirling's series above. */
export function logFactorial(k: number): number {
  if (k < 16) {
    let product = 1;
    for (let factor = 2; factor <= k; factor++) product *= factor;
    return log(product);
  }
  const x = k + 1;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (x - 0.5) * log(x) - x + 0.9189385332046727 + series;
}

/** Draws an index with chances proportional to weights in one step (Vose's alias method). */
export interface AliasTable {
  readonly keep: Float64Array;
  readonly alias: Int32Array;
}

/** Builds an alias table. Weights are non-negative and not all zero. */
export function createAliasTable(weights: readonly number[]): AliasTable {
  const count = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  assert(count > 0 && total > 0 && weights.every((weight) => weight >= 0), 'weights are non-negative and not all zero');
  const keep = new Float64Array(count);
  const alias = new Int32Array(count);
  const scaled = weights.map((weight) => (weight * count) / total);
  const small: number[] = [];
  const large: number[] = [];
  for (let index = 0; index < count; index++) (scaled[index] < 1 ? small : large).push(index);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() as number;
    const more = large[large.length - 1];
    keep[less] = scaled[less];
    alias[less] = more;
    scaled[more] -= 1 - scaled[less];
    if (scaled[more] < 1) {
      large.pop();
      small.push(more);
    }
  }
  // What is left differs from 1 by rounding only.
  for (const index of [...small, ...large]) {
    keep[index] = 1;
    alias[index] = index;
  }
  return { keep, alias };
}

/** An index drawn from the table with one uniform in [0, 1). */
export function pickAlias(table: AliasTable, unit: number): number {
  const scaled = unit * table.keep.length;
  const index = Math.floor(scaled);
  return scaled - index < table.keep[index] ? index : table.alias[index];
}

/** An index with chances proportional to weights. */
export function sampleCategorical(stream: Stream, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  assert(total > 0, 'weights are not all zero');
  let left = stream.next() * total;
  let last = 0;
  for (let index = 0; index < weights.length; index++) {
    if (weights[index] <= 0) continue;
    last = index;
    left -= weights[index];
    if (left < 0) return index;
  }
  return last;
}

/** Shuffles in place (Fisher-Yates), each order equally likely. */
export function shuffle(stream: Stream, values: Int32Array | number[]): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = sampleIndex(stream, last + 1);
    const held = values[last];
    values[last] = values[other];
    values[other] = held;
  }
}

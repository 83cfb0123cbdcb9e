/**
 * A histogram of bounded error whose old samples fade: the memory of the peak predictor.
 *
 * Buckets grow exponentially, so a percentile is an upper bound at most one bucket ratio too high. A sample's weight is
 * 2^((t - reference) / halfLife): instead of shrinking old weights, new ones grow, and when they have grown by 2^100 the
 * reference moves on and all weights are scaled down once.
 * Source: pkg/util/histogram (after the Vertical Pod Autoscaler).
 */
import { assert } from '../base/assert.ts';
import { exp, log } from '../base/exact-math.ts';
import { roundHalfAway } from '../base/int-math.ts';

const LN2 = Math.LN2;
const MAX_DECAY_EXPONENT = 100;

/** Where each bucket starts. Bucket i is [starts[i], starts[i+1]); the last has no end. */
export interface HistogramBuckets {
  readonly starts: Float64Array;
  /** A bucket lighter than this counts as empty. */
  readonly epsilon: number;
  readonly firstBucketSize: number;
  /** Growth from bucket to bucket; 1 = all equal. */
  readonly ratio: number;
}

/**
 * base^n for a whole n >= 0 by repeated squaring, lowest bit first.
 *
 * Go's math.Pow multiplies in this order for whole exponents, so bucket bounds agree with upstream to the last bit.
 */
export function wholePower(base: number, n: number): number {
  let result = 1;
  let square = base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/**
 * Buckets that grow by `ratio`.
 *
 *   count    = ceil(log_ratio(max * (ratio - 1) / first + 1)) + 1
 *   start(n) = first * (ratio^n - 1) / (ratio - 1)
 *
 * Throws InvariantError unless max, first, epsilon > 0 and ratio > 1.
 */
export function exponentialBuckets(
  maxValue: number,
  firstBucketSize: number,
  ratio: number,
  epsilon: number,
): HistogramBuckets {
  assert(maxValue > 0 && firstBucketSize > 0 && epsilon > 0, 'max, first bucket and epsilon are above 0');
  assert(ratio > 1, 'the bucket ratio is above 1');
  const reach = (maxValue * (ratio - 1)) / firstBucketSize + 1;
  // The logarithm is an estimate; powers decide, so that an error of one ulp cannot move the bound.
  let power = Math.max(1, Math.ceil(log(reach) / log(ratio)));
  while (power > 1 && wholePower(ratio, power - 1) >= reach) power--;
  while (wholePower(ratio, power) < reach) power++;
  const starts = new Float64Array(power + 1);
  for (let n = 1; n <= power; n++) starts[n] = (firstBucketSize * (wholePower(ratio, n) - 1)) / (ratio - 1);
  return { starts, epsilon, firstBucketSize, ratio };
}

/** Buckets of one size: ceil(max / size) + 1 of them. Throws InvariantError unless all arguments are above 0. */
export function linearBuckets(maxValue: number, bucketSize: number, epsilon: number): HistogramBuckets {
  assert(maxValue > 0 && bucketSize > 0 && epsilon > 0, 'max, bucket size and epsilon are above 0');
  const starts = new Float64Array(Math.ceil(maxValue / bucketSize) + 1);
  for (let n = 1; n < starts.length; n++) starts[n] = n * bucketSize;
  return { starts, epsilon, firstBucketSize: bucketSize, ratio: 1 };
}

/**
 * The bucket `value` falls into: the last that starts at or below it; 0 for negative values.
 *
 * Upstream takes the integer part of a logarithm, which is the same but for values within an ulp of a bound.
 */
export function findBucket(buckets: HistogramBuckets, value: number): number {
  const { starts } = buckets;
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A decaying histogram; change it only through addSample. */
export interface DecayingHistogram {
  readonly buckets: HistogramBuckets;
  readonly halfLifeMs: number;
  readonly weights: Float64Array;
  totalWeight: number;
  /** First and last bucket that are not empty; last and first of all when everything is. */
  minBucket: number;
  maxBucket: number;
  /** Always a multiple of the half-life; NaN before the first sample. */
  referenceMs: number;
}

export function createHistogram(buckets: HistogramBuckets, halfLifeMs: number): DecayingHistogram {
  assert(halfLifeMs > 0, 'the half-life is above 0');
  return {
    buckets,
    halfLifeMs,
    weights: new Float64Array(buckets.starts.length),
    totalWeight: 0,
    minBucket: buckets.starts.length - 1,
    maxBucket: 0,
    referenceMs: Number.NaN,
  };
}

/** 2^x: exact for whole x, relative error below 4e-16 otherwise. */
function powerOfTwo(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  const scale = whole >= 0 ? wholePower(2, whole) : 1 / wholePower(2, -whole);
  return rest === 0 ? scale : scale * exp(rest * LN2);
}

/**
 * Adds a sample of `weight` >= 0 taken at `atMs`; its weight doubles with every half-life that it is newer.
 *
 * The reference moves to the sample (rounded to a half-life) when the sample is more than 100 half-lives past it.
 */
export function addSample(histogram: DecayingHistogram, value: number, weight: number, atMs: number): void {
  assert(weight >= 0, 'a sample weighs 0 or more');
  const { halfLifeMs, weights, buckets } = histogram;
  if (!(atMs <= histogram.referenceMs + MAX_DECAY_EXPONENT * halfLifeMs)) moveReference(histogram, atMs);
  const decayed = weight * powerOfTwo((atMs - histogram.referenceMs) / halfLifeMs);
  const bucket = findBucket(buckets, value);
  weights[bucket] += decayed;
  histogram.totalWeight += decayed;
  if (weights[bucket] < buckets.epsilon) return;
  if (bucket < histogram.minBucket) histogram.minBucket = bucket;
  if (bucket > histogram.maxBucket) histogram.maxBucket = bucket;
}

function moveReference(histogram: DecayingHistogram, atMs: number): void {
  const { weights, buckets, halfLifeMs } = histogram;
  const referenceMs = roundHalfAway(atMs / halfLifeMs) * halfLifeMs;
  if (!Number.isNaN(histogram.referenceMs)) {
    const scale = powerOfTwo((histogram.referenceMs - referenceMs) / halfLifeMs);
    for (let i = histogram.minBucket; i <= histogram.maxBucket; i++) weights[i] *= scale;
    histogram.totalWeight *= scale;
    const last = weights.length - 1;
    while (weights[histogram.minBucket] < buckets.epsilon && histogram.minBucket < last) histogram.minBucket++;
    while (weights[histogram.maxBucket] < buckets.epsilon && histogram.maxBucket > 0) histogram.maxBucket--;
  }
  histogram.referenceMs = referenceMs;
}

/** Whether no bucket carries weight. */
export function isEmpty(histogram: DecayingHistogram): boolean {
  return histogram.weights[histogram.minBucket] < histogram.buckets.epsilon;
}

/**
 * Upper bound of the share `fraction` of all weight.
 *
 *   end of the first bucket, from the lowest that is not empty, where the weight so far >= fraction * total
 *
 * The last bucket has no end, so its start is given. Empty histogram: 0. Fractions outside 0..1 give the first or last bucket.
 */
export function percentile(histogram: DecayingHistogram, fraction: number): number {
  if (isEmpty(histogram)) return 0;
  const { weights, maxBucket } = histogram;
  const { starts } = histogram.buckets;
  const threshold = fraction * histogram.totalWeight;
  let weightSoFar = 0;
  let bucket = histogram.minBucket;
  for (; bucket < maxBucket; bucket++) {
    weightSoFar += weights[bucket];
    if (weightSoFar >= threshold) break;
  }
  return starts[Math.min(bucket + 1, starts.length - 1)];
}

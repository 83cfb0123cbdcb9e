/**
 * Quantiles of many values without keeping them: buckets by the upper bits of the double.
 *
 * A bucket is one of 64 equal steps inside a power of two, so a quantile is within 0.8 % (half a step) of a value that was added.
 * Adding is order-independent, and two histograms merge by adding counts.
 */
const view = new Float64Array(1);
const words = new Uint32Array(view.buffer);
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Values from 2^-10 to 2^54; smaller ones (and 0) fall into bucket 0, larger ones into the last. */
const LOWEST_EXPONENT = -10;
const STEPS = 64;
const BUCKETS = 64 * STEPS + 1;

export type QuantileHistogram = Float64Array;

/** An empty histogram. */
export function createHistogram(): QuantileHistogram {
  return new Float64Array(BUCKETS);
}

/** Adds a value (0 or positive) once. */
export function addValue(histogram: QuantileHistogram, value: number): void {
  view[0] = value;
  const high = words[HIGH_WORD];
  const exponent = (high >>> 20) - 1023 - LOWEST_EXPONENT;
  if (exponent < 0) histogram[0]++;
  else {
    const bucket = exponent * STEPS + ((high >>> 14) & 63) + 1;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  }
}

/** The value below which a share `q` of all values lies, to the middle of its bucket; NaN when empty. */
export function quantile(histogram: QuantileHistogram, q: number): number {
  let total = 0;
  for (let b = 0; b < BUCKETS; b++) total += histogram[b];
  if (total === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(q * total));
  let below = 0;
  for (let b = 0; b < BUCKETS; b++) {
    below += histogram[b];
    if (below >= rank) return b === 0 ? 0 : bucketMiddle(b - 1);
  }
  return Number.NaN;
}

function bucketMiddle(position: number): number {
  const exponent = Math.floor(position / STEPS) + LOWEST_EXPONENT;
  let scale = 1;
  for (let e = 0; e < exponent; e++) scale *= 2;
  for (let e = 0; e > exponent; e--) scale /= 2;
  return scale * (1 + ((position % STEPS) + 0.5) / STEPS);
}

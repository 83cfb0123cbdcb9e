/**
 * Tables that turn one uniform into one value, for loops that draw millions.
 *
 * Lognormal: 4 097 exact quantiles, straight lines between; the lowest and highest 16 cells (0.4 % on each side), where the
 * curve bends most, are computed exactly. Largest relative error for sigma <= 2: 1e-3, at the inner edge of the tails; the
 * mean is off by less than 3e-5 (quantile-table.test.ts measures both).
 * Discrete: a cumulative table with whole numbers spread evenly between its points and a guide to start the search.
 */
import { assert } from '../policies/base/assert.ts';
import { exp, normalQuantile } from '../policies/base/exact-math.ts';

const CELLS = 4096;
const TAIL_CELLS = 16;
const GUIDE_CELLS = 1024;

/** Standard normal quantiles at the edges of the cells; the outermost two are infinite and not read. */
const EDGES = Float64Array.from({ length: CELLS + 1 }, (_, cell) => normalQuantile(cell / CELLS));

export interface LognormalTable {
  readonly mu: number;
  readonly sigma: number;
  readonly quantiles: Float64Array;
}

/** Tabulates the lognormal with parameters mu and sigma of its logarithm. */
export function createLognormalTable(mu: number, sigma: number): LognormalTable {
  assert(sigma >= 0 && sigma <= 4, `lognormal sigma ${sigma} is in [0, 4]`);
  const quantiles = new Float64Array(CELLS + 1);
  for (let cell = 1; cell < CELLS; cell++) quantiles[cell] = exp(mu + sigma * EDGES[cell]);
  return { mu, sigma, quantiles };
}

/** The quantile at `unit`, in (0, 1). */
export function drawLognormal(table: LognormalTable, unit: number): number {
  const position = unit * CELLS;
  const cell = Math.floor(position);
  if (cell < TAIL_CELLS || cell >= CELLS - TAIL_CELLS) return exp(table.mu + table.sigma * normalQuantile(unit));
  const low = table.quantiles[cell];
  return low + (position - cell) * (table.quantiles[cell + 1] - low);
}

/** P(V <= values[i]) = cumulative[i]; whole numbers in (values[i - 1], values[i]] are equally likely; values[-1] is 0. */
export interface DiscreteFit {
  readonly values: readonly number[];
  readonly cumulative: readonly number[];
}

export interface DiscreteTable {
  readonly values: Float64Array;
  readonly cumulative: Float64Array;
  /** First point whose cumulative share reaches the lower edge of each guide cell. */
  readonly guide: Int32Array;
}

/** Prepares a fit for drawing. Values are whole and increase, the last cumulative share is 1. */
export function createDiscreteTable(fit: DiscreteFit): DiscreteTable {
  const count = fit.values.length;
  assert(count > 0 && count === fit.cumulative.length, 'a fit has one cumulative share for each value');
  assert(fit.cumulative[count - 1] === 1, 'the last cumulative share is 1');
  const values = Float64Array.from(fit.values);
  const cumulative = Float64Array.from(fit.cumulative);
  const guide = new Int32Array(GUIDE_CELLS);
  for (let cell = 0, point = 0; cell < GUIDE_CELLS; cell++) {
    while (cumulative[point] < cell / GUIDE_CELLS) point += 1;
    guide[cell] = point;
  }
  return { values, cumulative, guide };
}

/** The whole number at `unit`, in (0, 1). */
export function drawDiscrete(table: DiscreteTable, unit: number): number {
  const cumulative = table.cumulative;
  let point = table.guide[Math.floor(unit * GUIDE_CELLS)];
  while (cumulative[point] < unit) point += 1;
  const low = point === 0 ? 0 : table.values[point - 1];
  const high = table.values[point];
  if (high - low <= 1) return high;
  const from = point === 0 ? 0 : cumulative[point - 1];
  return Math.min(high, low + 1 + Math.floor(((unit - from) / (cumulative[point] - from)) * (high - low)));
}

/** Mean of a discrete fit: sum of share x middle of the whole numbers it spreads over. */
export function meanOfDiscrete(fit: DiscreteFit): number {
  let mean = 0;
  for (let point = 0; point < fit.values.length; point++) {
    const low = point === 0 ? 0 : fit.values[point - 1];
    const from = point === 0 ? 0 : fit.cumulative[point - 1];
    mean += (fit.cumulative[point] - from) * 0.5 * (low + 1 + fit.values[point]);
  }
  return mean;
}

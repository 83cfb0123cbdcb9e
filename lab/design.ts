/** From factors to the points of an experiment: every combination, values side by side, or a latin hypercube. */
import { assert, ConfigError } from '../policies/base/assert.ts';
import { createStream } from '../sim/kernel/random.ts';
import type { Factor } from './vary.ts';

export type Design =
  | { readonly kind: 'factorial' }
  | { readonly kind: 'paired' }
  | { readonly kind: 'lhs'; readonly points: number };

/** One value for every factor, in the order of the factors. */
export type Point = readonly string[];

const MOST_POINTS = 100_000;

/** The points of a design. `seed` drives the latin hypercube; the same seed gives the same points. */
export function pointsOf(factors: readonly Factor[], design: Design, seed: string): Point[] {
  if (design.kind === 'factorial') return factorial(factors);
  if (design.kind === 'paired') return paired(factors);
  return latinHypercube(factors, design.points, seed);
}

/** Every combination; the last factor changes fastest. Without factors there is one point. */
function factorial(factors: readonly Factor[]): Point[] {
  const count = factors.reduce((product, factor) => product * factor.values.length, 1);
  if (count > MOST_POINTS)
    throw new ConfigError(`the factorial design has ${count} points, at most ${MOST_POINTS} are run; use --lhs N`);
  let points: string[][] = [[]];
  for (const { values } of factors) points = points.flatMap((point) => values.map((value) => [...point, value]));
  return points;
}

/** The first values of all factors, the second values of all factors, and so on. */
function paired(factors: readonly Factor[]): Point[] {
  const length = factors[0]?.values.length ?? 1;
  const other = factors.find((factor) => factor.values.length !== length);
  if (other !== undefined)
    throw new ConfigError(
      `--paired takes lists of one length: ${factors[0].path} has ${length} values, ${other.path} has ${other.values.length}`,
    );
  return Array.from({ length }, (_, index) => factors.map((factor) => factor.values[index]));
}

/**
 * `count` points of which every factor meets each of `count` equal parts of its range exactly once.
 *
 *   value = low + (part + u) / count x (high - low),   part a permutation of 0..count-1, u uniform in [0, 1)
 *
 * Low and high are the least and largest value given. Whole ends give whole values; values that are no numbers of one unit are
 * levels, met equally often (up to one).
 */
function latinHypercube(factors: readonly Factor[], count: number, seed: string): Point[] {
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST_POINTS))
    throw new ConfigError(`--lhs is ${count}; give a whole number of points, 1 to ${MOST_POINTS}`);
  if (factors.length === 0) throw new ConfigError('--lhs needs at least one --vary path=low,high');
  const shares = latinShares(
    factors.map((factor) => factor.path),
    count,
    seed,
  );
  const columns = factors.map(({ values }, factor) => {
    const range = numericRange(values);
    if (range === null) return shares[factor].map((share) => values[Math.floor(share * values.length)]);
    const { low, high, unit, whole } = range;
    return shares[factor].map((share) => {
      const value = low + share * (high - low);
      return `${whole ? Math.round(value) : Number(value.toPrecision(6))}${unit}`;
    });
  });
  return Array.from({ length: count }, (_, index) => columns.map((column) => column[index]));
}

/** Per name `count` numbers in [0, 1), one in each of `count` equal parts, in an order of its own. */
export function latinShares(names: readonly string[], count: number, seed: string): number[][] {
  return names.map((name) => {
    const stream = createStream(seed, `lab/lhs/${name}`);
    return permutation(count, () => stream.next()).map((part) => (part + stream.next()) / count);
  });
}

function numericRange(values: readonly string[]) {
  const parsed = values.map((value) => /^(-?\d+(?:\.\d+)?)\s*(\D*)$/.exec(value));
  const unit = parsed[0]?.[2];
  if (values.length < 2 || parsed.some((match) => match === null || match[2] !== unit)) return null;
  const numbers = parsed.map((match) => Number(match?.[1]));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return { low, high, unit: unit ?? '', whole: numbers.every(Number.isInteger) };
}

/** 0..count-1 shuffled (Fisher-Yates). */
function permutation(count: number, next: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const pick = Math.floor(next() * (last + 1));
    assert(pick <= last, 'a uniform number lies below 1');
    [order[last], order[pick]] = [order[pick], order[last]];
  }
  return order;
}

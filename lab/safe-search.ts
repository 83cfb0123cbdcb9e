/**
 * The largest candidate that is safe with confidence: bisection over candidates of rising risk, each tested on seeds until it is
 * shown safe, shown unsafe, or can no longer be shown safe.
 *
 * A candidate is safe when P(a seed violates) <= epsilon. Each test looks at its seeds at most `looks` times; look j (from 0) calls it
 * safe when at most j seeds violate, at the smallest number of seeds for which that proves it:
 *
 *   upper Clopper-Pearson bound of (j, n_j) at alpha' <= epsilon,   alpha' = (1 - confidence) / (tests x looks)
 *
 * so that, by Bonferroni over tests and looks, an unsafe candidate is recommended with probability at most 1 - confidence. All
 * candidates meet the same seeds; Bonferroni holds under that dependence. That the recommended candidate is safe does not rest on risk
 * rising with the candidate; that it is the largest one does. So rising risk is tested, with a few seeds of the first candidate beside
 * those of the search.
 */
import { assert, ConfigError } from '../policies/base/assert.ts';
import { clopperPearson } from '../sim/results/intervals.ts';

export interface SafeSearchOptions {
  /** Candidates 0..count-1, risk rising. */
  readonly count: number;
  /** Largest share of seeds that may violate, 0..1. */
  readonly epsilon: number;
  /** Chance that the recommended candidate is safe, at least, 0..1. */
  readonly confidence: number;
  /** Failing seeds that a test may see before it gives up, plus one; more looks cost seeds and find more. */
  readonly looks?: number;
  /** Seeds asked for first, then twice as many each time; does not depend on the number of workers, so neither does the answer. */
  readonly batch?: number;
}

/** Whether each seed (numbers from 0) violates under a candidate; null stops the search. */
export type EvaluateSeeds = (candidate: number, seeds: readonly number[]) => Promise<readonly boolean[] | null>;

export type CandidateVerdict = 'safe' | 'unsafe' | 'not shown safe';

export interface CandidateTest {
  readonly candidate: number;
  readonly violates: readonly boolean[];
  readonly hits: number;
  readonly verdict: CandidateVerdict;
  /** Bounds of P(violation), one-sided at alpha' each. */
  readonly low: number;
  readonly high: number;
}

export interface MonotonicityCheck {
  /** False when a candidate of more risk did better than one of less risk, beyond chance. */
  readonly holds: boolean;
  /** Smallest adjusted p-value over the pairs of tested candidates; 1 when none points downwards. */
  readonly p: number;
  /** The pair behind it: lower candidate, higher candidate. */
  readonly pair: readonly [number, number] | null;
}

export interface SafeSearchResult {
  /** Null when not even the first candidate was shown safe. */
  readonly recommended: number | null;
  /** Least candidate above it that was tested and not shown safe; null when the last candidate is safe. */
  readonly notSafe: number | null;
  /** In the order in which they were tested. */
  readonly tests: readonly CandidateTest[];
  /** Seeds of candidate 0 for the test of rising risk, when the search itself did not come there. */
  readonly anchor: CandidateTest | null;
  /** Null where the candidates are no line of rising risk. */
  readonly monotone: MonotonicityCheck | null;
  readonly evaluations: number;
  /** Most seeds one test may take. */
  readonly mostSeeds: number;
}

const DEFAULT_LOOKS = 3;
const DEFAULT_BATCH = 8;
const ANCHOR_SEEDS = 16;
const MOST_SEEDS = 100_000;

/** Tests a bisection over `count` candidates makes at most: ceil(log2(count + 1)). */
export function mostTests(count: number): number {
  let tests = 0;
  for (let size = 1; size < count + 1; size *= 2) tests++;
  return tests;
}

/** Seeds at which look j = 0, 1, ... proves safety with j violations. Throws ConfigError when that takes more than 100,000. */
export function lookSizes(epsilon: number, alpha: number, looks: number): number[] {
  return Array.from({ length: looks }, (_, violations) => {
    const proves = (n: number): boolean =>
      n > violations && clopperPearson(violations, n, 1 - 2 * alpha).high <= epsilon;
    let high = violations + 1;
    while (!proves(high)) {
      high *= 2;
      if (high > MOST_SEEDS)
        throw new ConfigError(
          `epsilon ${epsilon} at this confidence takes more than ${MOST_SEEDS} seeds; raise epsilon`,
        );
    }
    let low = Math.floor(high / 2);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (proves(middle)) high = middle;
      else low = middle + 1;
    }
    return high;
  });
}

/** Searches; null when `evaluate` stopped it. Throws ConfigError for an epsilon or confidence outside (0, 1) or no candidates. */
export async function searchSafe(
  options: SafeSearchOptions,
  evaluate: EvaluateSeeds,
): Promise<SafeSearchResult | null> {
  const { count, epsilon, confidence, looks = DEFAULT_LOOKS, batch = DEFAULT_BATCH } = options;
  if (!(Number.isInteger(count) && count >= 1)) throw new ConfigError('the search has no candidates; widen the range');
  for (const [name, value] of [
    ['epsilon', epsilon],
    ['confidence', confidence],
  ] as const)
    if (!(value > 0 && value < 1)) throw new ConfigError(`${name} is ${value}; give a share between 0 and 1`);
  assert(Number.isInteger(looks) && looks >= 1 && batch >= 1, 'a test has at least one look and one seed');
  const alpha = (1 - confidence) / (mostTests(count) * looks);
  const sizes = lookSizes(epsilon, alpha, looks);
  const tests: CandidateTest[] = [];
  let low = -1;
  let high = count;
  while (high - low > 1) {
    const candidate = Math.floor((low + high) / 2);
    const test = await testCandidate(candidate, sizes, epsilon, alpha, batch, evaluate);
    if (test === null) return null;
    tests.push(test);
    if (test.verdict === 'safe') low = candidate;
    else high = candidate;
  }
  let anchor: CandidateTest | null = null;
  if (tests.every((test) => test.candidate > 0)) {
    const violates = await evaluate(
      0,
      Array.from({ length: Math.min(ANCHOR_SEEDS, sizes[0]) }, (_, seed) => seed),
    );
    if (violates === null) return null;
    anchor = closeTest(0, violates, epsilon, alpha);
  }
  const all = anchor === null ? tests : [...tests, anchor];
  const notSafe = tests.filter((test) => test.verdict !== 'safe').map((test) => test.candidate);
  return {
    recommended: low >= 0 ? low : null,
    notSafe: notSafe.length > 0 ? Math.min(...notSafe) : null,
    tests,
    anchor,
    monotone: checkMonotone(all, 1 - confidence),
    evaluations: all.reduce((sum, test) => sum + test.violates.length, 0),
    mostSeeds: sizes[looks - 1],
  };
}

/** Test of one candidate that is not on a line: calls an unsafe one safe with probability at most `alpha`. */
export function testOf(
  epsilon: number,
  alpha: number,
): {
  readonly mostSeeds: number;
  readonly run: (candidate: number, evaluate: EvaluateSeeds) => Promise<CandidateTest | null>;
} {
  const own = alpha / DEFAULT_LOOKS;
  const sizes = lookSizes(epsilon, own, DEFAULT_LOOKS);
  return {
    mostSeeds: sizes[DEFAULT_LOOKS - 1],
    run: (candidate, evaluate) => testCandidate(candidate, sizes, epsilon, own, DEFAULT_BATCH, evaluate),
  };
}

async function testCandidate(
  candidate: number,
  sizes: readonly number[],
  epsilon: number,
  alpha: number,
  batch: number,
  evaluate: EvaluateSeeds,
): Promise<CandidateTest | null> {
  const violates: boolean[] = [];
  let hits = 0;
  let ask = batch;
  for (const [look, size] of sizes.entries()) {
    while (violates.length < size) {
      const from = violates.length;
      const seeds = Array.from({ length: Math.min(ask, size - from) }, (_, at) => from + at);
      const answers = await evaluate(candidate, seeds);
      if (answers === null) return null;
      ask *= 2;
      assert(answers.length === seeds.length, 'every seed has an answer');
      for (const answer of answers) if (answer) hits++;
      violates.push(...answers);
      if (hits >= sizes.length) return closeTest(candidate, violates, epsilon, alpha);
    }
    if (hits <= look) return { ...closeTest(candidate, violates, epsilon, alpha), verdict: 'safe' };
  }
  return closeTest(candidate, violates, epsilon, alpha);
}

/** A test as far as it got: unsafe when the lower bound is above epsilon. */
function closeTest(candidate: number, violates: readonly boolean[], epsilon: number, alpha: number): CandidateTest {
  const hits = violates.filter(Boolean).length;
  const { low, high } = clopperPearson(hits, violates.length, 1 - 2 * alpha);
  return { candidate, violates, hits, verdict: low > epsilon ? 'unsafe' : 'not shown safe', low, high };
}

/**
 * Whether risk rises with the candidate, on the seeds that two candidates share: of the seeds on which they differ, those that violate
 * only under the lower one should be the fewer. Exact one-sided sign test of every pair, Bonferroni over pairs.
 */
export function checkMonotone(tests: readonly CandidateTest[], alpha: number): MonotonicityCheck {
  const sorted = [...tests].sort((a, b) => a.candidate - b.candidate);
  const pairs = (sorted.length * (sorted.length - 1)) / 2;
  let p = 1;
  let pair: readonly [number, number] | null = null;
  for (const [at, lower] of sorted.entries())
    for (const higher of sorted.slice(at + 1)) {
      const shared = Math.min(lower.violates.length, higher.violates.length);
      let onlyLower = 0;
      let onlyHigher = 0;
      for (let seed = 0; seed < shared; seed++) {
        if (lower.violates[seed] && !higher.violates[seed]) onlyLower++;
        if (!lower.violates[seed] && higher.violates[seed]) onlyHigher++;
      }
      const own = Math.min(1, pairs * signTail(onlyLower, onlyLower + onlyHigher));
      if (own < p) {
        p = own;
        pair = [lower.candidate, higher.candidate];
      }
    }
  return { holds: p > alpha, p, pair };
}

/** P(X >= hits) for X binomial(trials, 1/2), exact for up to 1,000 trials. */
export function signTail(hits: number, trials: number): number {
  if (hits === 0) return 1;
  let term = 1;
  for (let k = 0; k < trials; k++) term /= 2;
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= hits) sum += term;
    term = (term * (trials - k)) / (k + 1);
  }
  return Math.min(1, sum);
}

/** Policies against a baseline under common seeds: who is better at what, what is the same, and what more seeds would decide. */
import { assert, ConfigError } from '../policies/base/assert.ts';
import type { Interval } from '../sim/results/intervals.ts';
import { estimateOf } from '../sim/results/replicate.ts';
import type { Estimate, RunSummary } from '../sim/results/schema.ts';
import { holm } from './correction.ts';
import { marginOf, type Outcome } from './outcomes.ts';
import { intervalOf, type PairedDifference, pairedDifference, pValue, seedsFor } from './paired.ts';
import { type ParetoPoint, paretoPoints } from './pareto.ts';
import { equivalenceP } from './tost.ts';

/** One policy: its runs, one a seed. */
export interface Arm {
  readonly name: string;
  readonly runs: readonly ArmRun[];
}

export interface ArmRun {
  readonly seed: string;
  readonly digest: string;
  readonly summary: RunSummary;
  /** Events of the run: its work, whatever machine did it. */
  readonly events: number;
}

export type Verdict = 'better' | 'worse' | 'equivalent' | 'undecided';

/** One outcome of one policy against the baseline. */
export interface OutcomeComparison {
  readonly arm: string;
  readonly outcome: Outcome;
  readonly sample: PairedDifference;
  /** Simultaneous over all comparisons (Bonferroni). */
  readonly interval: Interval;
  /** Adjusted over all comparisons (Holm). */
  readonly pAdjusted: number;
  /** Margin in the unit of the figure. */
  readonly margin: number;
  /** Adjusted over all comparisons (Holm), of TOST. */
  readonly equivalencePAdjusted: number;
  /** The difference is shown to be below the margin, whether or not it is shown to be a difference. */
  readonly equivalent: boolean;
  readonly verdict: Verdict;
  /** Seeds in all that would decide an undecided comparison if mean and spread stayed; null: more than 10,000 or no telling. */
  readonly seedsToDecide: number | null;
}

export interface Comparison {
  readonly baseline: string;
  readonly arms: readonly string[];
  readonly seeds: readonly string[];
  readonly confidence: number;
  readonly comparisons: readonly OutcomeComparison[];
  /** Mean and interval (single, not simultaneous) of every outcome of every arm, the baseline first. */
  readonly estimates: readonly {
    readonly arm: string;
    readonly outcomes: readonly { readonly figure: keyof RunSummary; readonly estimate: Estimate }[];
  }[];
  readonly pareto: readonly ParetoPoint[];
  /** Arms whose runs equal the baseline's seed by seed (same digests): no difference to look for. */
  readonly identical: readonly string[];
}

/**
 * Compares every arm with the first.
 *
 * Throws ConfigError with fewer than two arms, two arms of one name, or fewer than two seeds that all arms have.
 */
export function compareArms(arms: readonly Arm[], outcomes: readonly Outcome[], confidence: number): Comparison {
  assert(confidence > 0 && confidence < 1, 'confidence lies inside 0..1');
  if (arms.length < 2) throw new ConfigError('compare needs a baseline and at least one other');
  const names = arms.map((arm) => arm.name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new ConfigError(`compare has two entries named ${twice}; give each its own name`);
  const seeds = commonSeeds(arms);
  const [baseline, ...others] = arms.map((arm) => ({ name: arm.name, runs: inOrder(arm, seeds) }));
  const valuesOf = (arm: Arm, outcome: Outcome): number[] => arm.runs.map((run) => run.summary[outcome.figure]);
  const rows = others.flatMap((arm) =>
    outcomes.map((outcome) => {
      const sample = pairedDifference(valuesOf(baseline, outcome), valuesOf(arm, outcome));
      return { arm: arm.name, outcome, sample, margin: marginOf(outcome.margin, sample.meanA) };
    }),
  );
  const alpha = 1 - confidence;
  const pAdjusted = holm(rows.map((row) => pValue(row.sample)));
  const equivalenceAdjusted = holm(rows.map((row) => equivalenceP(row.sample, row.margin)));
  const comparisons = rows.map((row, index): OutcomeComparison => {
    const different = pAdjusted[index] <= alpha;
    const equivalent = equivalenceAdjusted[index] <= alpha;
    const improves = row.outcome.better === 'lower' ? row.sample.difference < 0 : row.sample.difference > 0;
    const verdict: Verdict = different ? (improves ? 'better' : 'worse') : equivalent ? 'equivalent' : 'undecided';
    return {
      ...row,
      interval: intervalOf(row.sample, alpha / rows.length),
      pAdjusted: pAdjusted[index],
      equivalencePAdjusted: equivalenceAdjusted[index],
      equivalent,
      verdict,
      seedsToDecide: verdict === 'undecided' ? seedsToDecide(row.sample, row.margin, alpha / rows.length) : null,
    };
  });
  const estimates = [baseline, ...others].map((arm) => ({
    arm: arm.name,
    outcomes: outcomes.map((outcome) => ({
      figure: outcome.figure,
      estimate: estimateOf(valuesOf(arm, outcome), confidence),
    })),
  }));
  const sameRuns = (arm: Arm): boolean => arm.runs.every((run, index) => run.digest === baseline.runs[index].digest);
  return {
    baseline: baseline.name,
    arms: others.map((arm) => arm.name),
    seeds,
    confidence,
    comparisons,
    estimates,
    pareto: paretoPoints([baseline, ...others]),
    identical: others.filter(sameRuns).map((arm) => arm.name),
  };
}

/** Whichever comes first: the interval leaves 0 out, or it lies inside the margin. */
function seedsToDecide(sample: PairedDifference, margin: number, alpha: number): number | null {
  const size = Math.abs(sample.difference);
  const candidates = [seedsFor(sample, size, alpha), seedsFor(sample, margin - size, 2 * alpha)];
  const known = candidates.filter((n): n is number => n !== null).map((n) => Math.max(n, sample.n + 1));
  return known.length === 0 ? null : Math.min(...known);
}

function commonSeeds(arms: readonly Arm[]): string[] {
  const others = arms.slice(1).map((arm) => new Set(arm.runs.map((run) => run.seed)));
  const seeds = arms[0].runs.map((run) => run.seed).filter((seed) => others.every((has) => has.has(seed)));
  if (seeds.length >= 2) return seeds;
  const counts = arms.map((arm) => `${arm.name} ${arm.runs.length}`).join(', ');
  throw new ConfigError(
    `the runs share ${seeds.length} seeds (${counts}), a comparison needs at least 2; run each side with the same --seed and --seeds 8`,
  );
}

function inOrder(arm: Arm, seeds: readonly string[]): Arm['runs'] {
  return seeds.map((seed) => {
    const run = arm.runs.find((candidate) => candidate.seed === seed);
    assert(run !== undefined, 'a common seed is in every arm');
    return run;
  });
}

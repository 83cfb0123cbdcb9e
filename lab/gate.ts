/**
 * Did a change make an outcome worse? A verdict for continuous integration that says "I cannot tell" instead of guessing.
 *
 * Every outcome has a margin: a change for the worse below it does not matter. With d the change for the worse, paired by seed,
 *
 *   ok         upper bound of d <  margin          regressed   lower bound of d > margin          undecided   otherwise
 *
 * The bounds are one-sided Student bounds at alpha' = (1 - confidence) / (outcomes x looks): looking again after more seeds, and at many
 * outcomes, keeps the chance of even one false "regressed" (and of one false "ok") at 1 - confidence.
 */
import { ConfigError } from '../policies/base/assert.ts';
import { studentTQuantile } from '../sim/results/intervals.ts';
import type { Arm, ArmRun } from './compare.ts';
import { marginOf, type Outcome } from './outcomes.ts';
import { type PairedDifference, pairedDifference, seedsFor } from './paired.ts';

export type GateVerdict = 'ok' | 'regressed' | 'undecided';
export const EXIT_CODES: Readonly<Record<GateVerdict, 0 | 1 | 2>> = { ok: 0, regressed: 1, undecided: 2 };

export interface GateOutcome {
  readonly outcome: Outcome;
  readonly sample: PairedDifference;
  /** Change for the worse: the difference, turned round where higher is better. */
  readonly worse: number;
  readonly worseLow: number;
  readonly worseHigh: number;
  readonly margin: number;
  readonly verdict: GateVerdict;
  /** Seeds in all that would decide it if mean and spread stayed; null when decided or beyond 10,000. */
  readonly seedsToDecide: number | null;
}

export interface GateResult {
  readonly baseline: string;
  readonly candidate: string;
  readonly verdict: GateVerdict;
  readonly outcomes: readonly GateOutcome[];
  readonly confidence: number;
  readonly seeds: number;
  /** Looks planned, and the one (from 1) that decided or was the last. */
  readonly looks: number;
  readonly look: number;
  /** Every run is the baseline's, event for event. */
  readonly identical: boolean;
  /** Events of the candidate over those of the baseline: work done, advisory, no verdict. */
  readonly eventsRatio: number;
  /** What a backtest says about the load both ran. */
  readonly backtest: readonly string[];
}

/** Gives the candidate's runs under the first `seeds` seeds of the baseline; null when stopped. */
export type CandidateRuns = (seeds: number) => Promise<readonly ArmRun[] | null>;

/** Seeds at which the gate looks: 4, 8, 16, ... and all. */
export function lookSeeds(seeds: number): number[] {
  const sizes: number[] = [];
  for (let size = 4; size < seeds; size *= 2) sizes.push(size);
  return [...sizes, seeds];
}

/** Judges outcomes on pairs of runs; both lists have the same seeds in the same order. */
export function judge(
  baseline: readonly ArmRun[],
  candidate: readonly ArmRun[],
  outcomes: readonly Outcome[],
  alpha: number,
): GateOutcome[] {
  return outcomes.map((outcome) => {
    const values = (runs: readonly ArmRun[]) => runs.map((run) => run.summary[outcome.figure]);
    const sample = pairedDifference(values(baseline), values(candidate));
    const worse = outcome.better === 'lower' ? sample.difference : -sample.difference;
    const reach =
      sample.n < 2
        ? Number.POSITIVE_INFINITY
        : sample.standardError === 0
          ? 0
          : studentTQuantile(1 - alpha, sample.n - 1) * sample.standardError;
    const margin = marginOf(outcome.margin, sample.meanA);
    const [worseLow, worseHigh] = [worse - reach, worse + reach];
    const equal = worse === 0 && reach === 0;
    const verdict = equal || worseHigh < margin ? 'ok' : worseLow > margin ? 'regressed' : 'undecided';
    const seedsToDecide = verdict === 'undecided' ? seedsFor(sample, Math.abs(worse - margin), 2 * alpha) : null;
    return { outcome, sample, worse, worseLow, worseHigh, margin, verdict, seedsToDecide };
  });
}

function overall(outcomes: readonly GateOutcome[]): GateVerdict {
  if (outcomes.some((entry) => entry.verdict === 'regressed')) return 'regressed';
  return outcomes.every((entry) => entry.verdict === 'ok') ? 'ok' : 'undecided';
}

/**
 * Looks at 4, 8, 16, ... seeds of the baseline and stops when the verdict is clear; null when `candidateRuns` was stopped.
 *
 * Throws ConfigError with fewer than two seeds, without outcomes, or for runs of other seeds than asked for.
 */
export async function gate(
  baseline: Arm,
  candidate: string,
  candidateRuns: CandidateRuns,
  outcomes: readonly Outcome[],
  confidence: number,
  backtest: readonly string[] = [],
): Promise<GateResult | null> {
  const all = baseline.runs.length;
  if (all < 2)
    throw new ConfigError(
      `the baseline ${baseline.name} has ${all} seed; run it with --seeds 8 or more, one seed decides nothing`,
    );
  if (outcomes.length === 0) throw new ConfigError('a gate needs at least one outcome');
  if (!(confidence > 0 && confidence < 1))
    throw new ConfigError(`confidence is ${confidence}; give a share between 0 and 1`);
  const sizes = lookSeeds(all);
  const alpha = (1 - confidence) / (outcomes.length * sizes.length);
  for (const [index, size] of sizes.entries()) {
    const runs = await candidateRuns(size);
    if (runs === null) return null;
    const own = baseline.runs.slice(0, size);
    for (const [at, run] of own.entries())
      if (runs[at]?.seed !== run.seed)
        throw new ConfigError(
          `the candidate ${candidate} has no run of seed ${run.seed}; run it with the seeds of the baseline (--seed ${baseline.runs[0].seed} --seeds ${all})`,
        );
    const judged = judge(own, runs.slice(0, size), outcomes, alpha);
    const verdict = overall(judged);
    const identical = own.every((run, at) => run.digest === runs[at].digest);
    if (verdict === 'undecided' && index < sizes.length - 1) continue;
    const events = (list: readonly ArmRun[]) => list.slice(0, size).reduce((sum, run) => sum + run.events, 0);
    return {
      baseline: baseline.name,
      candidate,
      verdict,
      outcomes: judged,
      confidence,
      seeds: size,
      looks: sizes.length,
      look: index + 1,
      identical,
      eventsRatio: events(runs) / events(own),
      backtest,
    };
  }
  return null;
}

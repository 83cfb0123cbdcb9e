/**
 * From one summary per seed to an estimate with an interval per figure.
 *
 * The unit of replication is a whole run: hours and services inside one run share their load and are no replications.
 */
import { assert } from '../../policies/base/assert.ts';
import type { Interval } from './intervals.ts';
import { clopperPearson, studentTQuantile } from './intervals.ts';
import type { Estimate, Replications, RunSummary } from './schema.ts';

/** What replicate takes from each run. */
export interface ReplicatedRun {
  readonly seed: string;
  readonly digest: string;
  readonly summary: RunSummary;
}

/**
 * Mean and Student-t half width of `values`.
 *
 *   halfWidth = t(n - 1, (1 + confidence) / 2) x s / sqrt(n),   s^2 = sum (x - mean)^2 / (n - 1)
 *
 * Equal values have a half width of exactly 0. `halfWidth` is NaN with fewer than two values; `mean` is NaN without any.
 */
export function estimateOf(values: readonly number[], confidence: number): Estimate {
  const n = values.length;
  // Equal values are their own mean: dividing their sum would leave a trace of rounding that looks like spread.
  if (n > 1 && values.every((value) => value === values[0])) return { mean: values[0], halfWidth: 0, n };
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / n;
  if (n < 2) return { mean, halfWidth: Number.NaN, n };
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  const standardError = Math.sqrt(squares / (n - 1) / n);
  return { mean, halfWidth: studentTQuantile((1 + confidence) / 2, n - 1) * standardError, n };
}

/** One estimate for every figure of RunSummary, seeds in the order given. Throws InvariantError without runs. */
export function replicate(runs: readonly ReplicatedRun[], confidence = 0.95): Replications {
  assert(runs.length > 0, 'replications need at least one run');
  assert(confidence > 0 && confidence < 1, 'confidence lies inside 0..1');
  const figures = Object.keys(runs[0].summary) as (keyof RunSummary)[];
  const estimates: Partial<Record<keyof RunSummary, Estimate>> = {};
  for (const figure of figures) {
    estimates[figure] = estimateOf(
      runs.map((run) => run.summary[figure]),
      confidence,
    );
  }
  return {
    seeds: runs.map((run) => run.seed),
    digests: runs.map((run) => run.digest),
    confidence,
    estimates: estimates as Replications['estimates'],
  };
}

/** How often runs did what `holds` says, with the exact interval of the probability. */
export interface ProportionOfRuns extends Interval {
  readonly hits: number;
  readonly trials: number;
}

/** Share of seeds whose summary fulfils `holds` (say: too many late requests), Clopper-Pearson. */
export function proportionOfRuns(
  summaries: readonly RunSummary[],
  holds: (summary: RunSummary) => boolean,
  confidence = 0.95,
): ProportionOfRuns {
  const hits = summaries.filter(holds).length;
  return { hits, trials: summaries.length, ...clopperPearson(hits, summaries.length, confidence) };
}

/**
 * Ways to sell idle CPU under several seeds: what each gains, at what risk, and how far it stays below the peak oracle.
 *
 *   mean over the seeds -+ t(n - 1, 0.975) x s / sqrt(n)                    for every figure
 *   gain         core-hours done beyond the baseline, seed by seed           baseline: limit-sum, else the row that sells least
 *   below oracle what the oracle sells beyond the row, seed by seed
 *
 * The last two are paired: both runs of a difference meet the same seed, so its interval is that of the differences.
 */
import type { Plan } from '../sim/plan.ts';
import { studentTQuantile } from '../sim/results/intervals.ts';
import type { OnlineServices } from '../traces/format.ts';
import { planFor, type Seller, type SellerRun } from './compare-selling.ts';
import { pairedDifference, variance } from './paired.ts';
import { runPool } from './pool.ts';
import { errorOf, seedText, withSeed } from './replications.ts';
import { runCost } from './run-cost.ts';
import type { SellingJob } from './selling-worker.ts';
import type { RunWorkerData } from './worker.ts';

const WORKER_URL = new URL('./selling-worker.js', import.meta.url);
const ORACLE = 'peak-oracle';
const BASELINE = 'limit-sum';
const UPPER_TAIL = 0.975;

/** A mean over seeds with half of its 95 % interval; NaN with one seed. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

export const SELLING_FIGURES = [
  'soldPercent',
  'usedPercent',
  'doneCoreHours',
  'violationPercent',
  'lateRequestPercent',
  'lateRequestFromColocationPercent',
  'violatedPercent',
  'severityPercent',
  'savingsPercent',
  'excessPercent',
  'suppressedPercent',
] as const satisfies readonly (keyof SellerRun)[];

export type SellingFigure = (typeof SELLING_FIGURES)[number];

/** One way of selling over all seeds. */
export interface SellingRow {
  readonly name: string;
  readonly figures: Readonly<Record<SellingFigure, Estimate>>;
  readonly gainCoreHours: Estimate;
  /** NaN where no oracle was run. */
  readonly belowOraclePercent: Estimate;
  readonly digests: readonly string[];
}

export interface SellingComparison {
  readonly name: string;
  readonly seeds: readonly string[];
  readonly baseline: string;
  readonly rows: readonly SellingRow[];
}

export interface SellingOptions {
  readonly seeds: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly replayed?: OnlineServices;
  readonly onProgress?: (done0to1: number, detail: string) => void;
}

/** Runs every seller under every seed; null when `signal` stopped it. Throws the error of the first run that failed, named. */
export async function runSelling(
  plan: Plan,
  sellers: readonly Seller[],
  options: SellingOptions,
): Promise<SellingComparison | null> {
  const { seeds, workers, signal, replayed, onProgress } = options;
  const texts = Array.from({ length: seeds }, (_, index) => seedText(plan.seed, index));
  const jobs = sellers.flatMap((seller) =>
    texts.map((seed) => {
      const payload: SellingJob = { plan: withSeed(plan, seed), seller };
      return { name: `${seller.name}, seed ${seed}`, cost: runCost(planFor(plan, seller)), payload };
    }),
  );
  const workerData: RunWorkerData = replayed === undefined ? {} : { replayed };
  let finished = 0;
  const outcomes = await runPool<SellingJob, SellerRun>(jobs, {
    workers,
    workerUrl: WORKER_URL,
    workerData,
    signal,
    onOutcome: () => {
      finished++;
      onProgress?.(finished / jobs.length, `${finished} of ${jobs.length} runs`);
    },
  });
  if (outcomes === null) return null;
  const runs = outcomes.map((outcome) => {
    if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
    return outcome.value;
  });
  const bySeller = sellers.map((_, at) => runs.slice(at * seeds, (at + 1) * seeds));
  return { name: plan.name, seeds: texts, ...summariseSelling(bySeller) };
}

/** Rows from runs by seller and seed, sellers in order; every seller has the same seeds. */
export function summariseSelling(
  bySeller: readonly (readonly SellerRun[])[],
): Pick<SellingComparison, 'baseline' | 'rows'> {
  const sold = (runs: readonly SellerRun[]) => estimateOf(runs.map(({ soldPercent }) => soldPercent)).mean;
  const least = bySeller.reduce((a, b) => (sold(b) < sold(a) ? b : a));
  const base = bySeller.find(([{ name }]) => name === BASELINE) ?? least;
  const oracle = bySeller.find(([{ name }]) => name === ORACLE);
  const rows = bySeller.map((runs): SellingRow => {
    const column = (of: readonly SellerRun[], figure: SellingFigure) => of.map((run) => run[figure]);
    const figures = Object.fromEntries(
      SELLING_FIGURES.map((figure) => [figure, estimateOf(column(runs, figure))]),
    ) as SellingRow['figures'];
    return {
      name: runs[0].name,
      figures,
      gainCoreHours: pairedOf(column(base, 'doneCoreHours'), column(runs, 'doneCoreHours')),
      belowOraclePercent:
        oracle === undefined
          ? { mean: Number.NaN, halfWidth: Number.NaN }
          : pairedOf(column(runs, 'soldPercent'), column(oracle, 'soldPercent')),
      digests: runs.map(({ digest }) => digest),
    };
  });
  return { baseline: base[0].name, rows };
}

/** Mean and half of the 95 % interval by Student's t. */
export function estimateOf(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, halfWidth: halfWidth(Math.sqrt(variance(values) / values.length), values.length) };
}

/** The same of b - a, seed by seed. */
function pairedOf(a: readonly number[], b: readonly number[]): Estimate {
  const { difference, standardError } = pairedDifference(a, b);
  return { mean: difference, halfWidth: halfWidth(standardError, a.length) };
}

function halfWidth(standardError: number, n: number): number {
  if (n < 2) return Number.NaN;
  return standardError === 0 ? 0 : studentTQuantile(UPPER_TAIL, n - 1) * standardError;
}

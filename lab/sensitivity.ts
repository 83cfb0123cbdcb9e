/**
 * How much an answer moves when each assumed coefficient goes to the ends of its range, one at a time, all else equal.
 *
 * Every run meets the same seeds (common random numbers), so a difference is the coefficient's and not chance's. The first seed
 * screens: a coefficient that changes no figure of it at either end is not run under the others.
 */
import { planHash } from '../scenarios/resolve.ts';
import type { RunIdentity } from '../sim/engine/results.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunSummary } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import { type Assumption, assumptionsOf, withAssumption } from './assumptions.ts';
import { runPool } from './pool.ts';
import { errorOf, RUN_WORKER_URL, runWorkerData, seedText, withSeed } from './replications.ts';
import { runCost } from './run-cost.ts';
import type { RunAnswer, RunJob } from './worker.ts';

export interface SensitivityOptions {
  readonly figure: keyof RunSummary;
  readonly seeds: number;
  readonly workers: number;
  readonly identity: Omit<RunIdentity, 'planHash'>;
  readonly signal: AbortSignal;
  readonly replayed?: OnlineServices;
  readonly onProgress?: (done0to1: number, detail: string) => void;
}

/** One coefficient: means over the seeds with it at the low and at the high end of its range. */
export interface SensitivityRow extends Assumption {
  readonly atLow: number;
  readonly atHigh: number;
  /** Largest less smallest of base, low and high. */
  readonly swing: number;
  /** Ends at which the objective is kept while the base breaks it, or the other way round. */
  readonly flips: readonly ('low' | 'high')[];
}

export interface Sensitivity {
  readonly name: string;
  readonly figure: keyof RunSummary;
  readonly seeds: readonly string[];
  readonly base: number;
  /** Late requests, percent: of the base, and what the objective allows. */
  readonly baseLatePercent: number;
  readonly allowedLatePercent: number;
  /** Largest swing first; names break ties. */
  readonly rows: readonly SensitivityRow[];
  /** Read by the run, but without effect on any figure at either end. */
  readonly without: readonly string[];
  readonly runs: number;
}

type End = 'low' | 'high';
interface Case {
  /** Index of the assumption; -1 = the plan as it is. */
  readonly at: number;
  readonly end: End;
  readonly seed: number;
}

/** Runs the sweep; null when `signal` stopped it. Throws the error of the first run that failed, named. */
export async function runSensitivity(plan: Plan, options: SensitivityOptions): Promise<Sensitivity | null> {
  const { figure, seeds, replayed } = options;
  const assumptions = assumptionsOf(plan, replayed);
  const ends: readonly End[] = ['low', 'high'];
  const seedNumbers = Array.from({ length: seeds }, (_, seed) => seed);
  const screening: Case[] = [
    ...seedNumbers.map((seed): Case => ({ at: -1, end: 'low', seed })),
    ...assumptions.flatMap((_, at) => ends.map((end): Case => ({ at, end, seed: 0 }))),
  ];
  const first = await runCases(plan, assumptions, screening, options, [0, 1 / seeds]);
  if (first === null) return null;
  const summaries = new Map<string, RunSummary>(first.map((summary, i) => [keyOf(screening[i]), summary]));
  const of = (at: number, end: End, seed: number) => summaries.get(keyOf({ at, end, seed })) as RunSummary;
  const base = of(-1, 'low', 0);
  const moves = assumptions.map((_, at) => ends.some((end) => !isSame(of(at, end, 0), base)));
  const rest = assumptions.flatMap((_, at) =>
    moves[at] ? ends.flatMap((end) => seedNumbers.slice(1).map((seed): Case => ({ at, end, seed }))) : [],
  );
  const second = await runCases(plan, assumptions, rest, options, [1 / seeds, 1]);
  if (second === null) return null;
  second.forEach((summary, i) => {
    summaries.set(keyOf(rest[i]), summary);
  });
  const mean = (at: number, end: End, of_: keyof RunSummary) =>
    seedNumbers.reduce((sum, seed) => sum + of(at, end, seed)[of_], 0) / seeds;
  const allowedLatePercent = 100 - plan.slo.objectivePercent;
  const baseLatePercent = mean(-1, 'low', 'lateRequestPercent');
  const keeps = (late: number) => late <= allowedLatePercent;
  const baseValue = mean(-1, 'low', figure);
  const rows = assumptions.flatMap((assumption, at): SensitivityRow[] => {
    if (!moves[at]) return [];
    const atLow = mean(at, 'low', figure);
    const atHigh = mean(at, 'high', figure);
    const swing = Math.max(atLow, atHigh, baseValue) - Math.min(atLow, atHigh, baseValue);
    const flips = ends.filter((end) => keeps(mean(at, end, 'lateRequestPercent')) !== keeps(baseLatePercent));
    return [{ ...assumption, atLow, atHigh, swing, flips }];
  });
  rows.sort((a, b) => b.swing - a.swing || (a.name < b.name ? -1 : 1));
  return {
    name: plan.name,
    figure,
    seeds: seedNumbers.map((seed) => seedText(plan.seed, seed)),
    base: baseValue,
    baseLatePercent,
    allowedLatePercent,
    rows,
    without: assumptions.filter((_, at) => !moves[at]).map(({ name }) => name),
    runs: screening.length + rest.length,
  };
}

function keyOf({ at, end, seed }: Case): string {
  return `${at}/${end}/${seed}`;
}

function isSame(a: RunSummary, b: RunSummary): boolean {
  return (Object.keys(a) as (keyof RunSummary)[]).every((figure) => a[figure] === b[figure]);
}

/** Summaries in the order of the cases; `span` is the part of the whole progress that they are. */
async function runCases(
  plan: Plan,
  assumptions: readonly Assumption[],
  cases: readonly Case[],
  options: SensitivityOptions,
  span: readonly [from: number, to: number],
): Promise<readonly RunSummary[] | null> {
  if (cases.length === 0) return [];
  const jobs = cases.map(({ at, end, seed }) => {
    const changed = at < 0 ? plan : withAssumption(plan, assumptions[at].name, assumptions[at][end]);
    const own = withSeed(changed, seedText(plan.seed, seed));
    const identity = { ...options.identity, planHash: planHash(own) };
    const payload: RunJob = { plan: own, identity, notes: [], tables: false };
    const name = at < 0 ? `seed ${own.seed}` : `${assumptions[at].name} ${assumptions[at][end]}, seed ${own.seed}`;
    return { name, cost: runCost(own), payload };
  });
  let finished = 0;
  const outcomes = await runPool<RunJob, RunAnswer>(jobs, {
    workers: options.workers,
    workerUrl: RUN_WORKER_URL,
    workerData: runWorkerData(jobs.length, options.workers, options.replayed),
    signal: options.signal,
    onOutcome: () => {
      finished++;
      const share = span[0] + ((span[1] - span[0]) * finished) / jobs.length;
      options.onProgress?.(share, `${finished} of ${jobs.length} runs`);
    },
  });
  if (outcomes === null) return null;
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
    return outcome.value.summary;
  });
}

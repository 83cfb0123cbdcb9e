/** The safe search over plans: candidates of rising risk, a figure with a budget, and what every tested candidate gave. */
import { assert } from '../policies/base/assert.ts';
import { estimateOf } from '../sim/results/replicate.ts';
import type { Estimate, RunSummary } from '../sim/results/schema.ts';
import type { CellResult } from './cache.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import { seedText, withSeed } from './replications.ts';
import {
  type CandidateTest,
  type EvaluateSeeds,
  lookSizes,
  mostTests,
  type SafeSearchOptions,
  type SafeSearchResult,
  searchSafe,
} from './safe-search.ts';

/** A run violates when its figure is above the budget, or, where `unplaced` says so, when an online pod found no host. */
export interface ViolationRule {
  readonly figure: keyof RunSummary;
  readonly budget: number;
  readonly unplaced: boolean;
}

export function violates(rule: ViolationRule, summary: RunSummary): boolean {
  return summary[rule.figure] > rule.budget || (rule.unplaced && summary.onlinePodsUnplacedPeak > 0);
}

/** A tested candidate: how often it violated and what it gave besides. */
export interface CurvePoint {
  readonly candidate: number;
  readonly name: string;
  readonly test: CandidateTest;
  readonly figure: Estimate;
  readonly cpuUtilisationMeanPercent: Estimate;
  readonly doneCoreHours: Estimate;
  readonly evictionsPer1000Starts: Estimate;
}

export interface PlanSearch {
  readonly rule: ViolationRule;
  readonly epsilon: number;
  readonly confidence: number;
  readonly names: readonly string[];
  readonly result: SafeSearchResult;
  /** Tested candidates in the order of risk. */
  readonly curve: readonly CurvePoint[];
  /** Results per tested candidate, in the order of the seeds. */
  readonly cells: ReadonlyMap<number, readonly CellResult[]>;
}

const CONFIDENCE_OF_MEANS = 0.95;

/** Plan of a candidate under seed number `seed`, named for messages. */
export function seeded(candidate: NamedPlan, seed: number): NamedPlan {
  const text = seedText(candidate.plan.seed, seed);
  return { name: `${candidate.name}, seed ${text}`, plan: withSeed(candidate.plan, text) };
}

/** Searches the candidates, the least risky first; null when the runner was stopped. */
export async function searchPlans(
  candidates: readonly NamedPlan[],
  rule: ViolationRule,
  options: Omit<SafeSearchOptions, 'count'>,
  runner: CellRunner,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<PlanSearch | null> {
  const cells = new Map<number, CellResult[]>();
  const count = candidates.length;
  const tests = mostTests(Math.max(1, count));
  const { epsilon, confidence, looks = 3 } = options;
  let closed = 0;
  let last = -1;
  const result = await searchSafe({ ...options, count }, (candidate, seeds) => {
    if (candidate !== last) closed += last < 0 ? 0 : 1;
    last = candidate;
    const most = lookSizes(epsilon, (1 - confidence) / (tests * looks), 1)[0];
    const report = (seen: number): void => {
      const known = cells.get(candidate) ?? [];
      const hits = known.filter((cell) => violates(rule, cell.summary)).length;
      const detail = `test ${closed + 1} of at most ${tests}: ${candidates[candidate].name}, ${Math.floor(seen)} seeds, ${hits} violate`;
      onProgress(Math.min(0.99, (closed + Math.min(1, seen / most)) / tests), detail);
    };
    return runSeeds(candidates, rule, runner, cells, report)(candidate, seeds);
  });
  if (result === null) return null;
  const tested = result.anchor === null ? result.tests : [...result.tests, result.anchor];
  const names = candidates.map((candidate) => candidate.name);
  return { rule, epsilon, confidence, names, result, curve: curveOf(tested, names, rule, cells), cells };
}

/** Runs candidates on seeds, numbered from `firstSeed`, and keeps what they gave in `cells`; `onSeen` hears of seeds done, in parts too. */
export function runSeeds(
  candidates: readonly NamedPlan[],
  rule: ViolationRule,
  runner: CellRunner,
  cells: Map<number, CellResult[]>,
  onSeen: (seeds: number) => void = () => {},
  firstSeed = 0,
): EvaluateSeeds {
  return async (candidate, seeds) => {
    const known = cells.get(candidate) ?? [];
    cells.set(candidate, known);
    onSeen(known.length);
    const results = await runner.run(
      seeds.map((seed) => seeded(candidates[candidate], firstSeed + seed)),
      (share) => onSeen(known.length + share * seeds.length),
    );
    if (results === null) return null;
    assert(known.length === seeds[0], 'seeds are asked for in order');
    known.push(...results);
    return results.map(({ summary }) => violates(rule, summary));
  };
}

/** Tested candidates in the order of their numbers, with what they gave. */
export function curveOf(
  tests: readonly CandidateTest[],
  names: readonly string[],
  rule: ViolationRule,
  cells: ReadonlyMap<number, readonly CellResult[]>,
): CurvePoint[] {
  return [...tests]
    .sort((a, b) => a.candidate - b.candidate)
    .map((test): CurvePoint => {
      const own = cells.get(test.candidate) ?? [];
      const estimate = (figure: keyof RunSummary): Estimate =>
        estimateOf(
          own.map(({ summary }) => summary[figure]),
          CONFIDENCE_OF_MEANS,
        );
      return {
        candidate: test.candidate,
        name: names[test.candidate],
        test,
        figure: estimate(rule.figure),
        cpuUtilisationMeanPercent: estimate('cpuUtilisationMeanPercent'),
        doneCoreHours: estimate('doneCoreHours'),
        evictionsPer1000Starts: estimate('evictionsPer1000Starts'),
      };
    });
}

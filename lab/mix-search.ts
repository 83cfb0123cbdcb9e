/**
 * A cheaper mix of host shapes near one that is safe: an integer search by steps of leaving hosts out and exchanging shapes.
 *
 *   leave out    s hosts of shape A
 *   exchange     k of A for j of B, at no higher purchase price: (s, floor(s pA / pB)) and one of B less, else (ceil(s pB / pA), s)
 *
 * `s` begins at an eighth of the hosts; a step is taken when its mix is shown safe and its runs cost less on the seeds that both have.
 * When no step of size `s` is taken, `s` is halved; after 1 the mix is a local optimum: no single step from it is cheaper and shown
 * safe. A mix further away may be. Steps that save most are tried first; a mix with no more hosts of any shape than one that was not
 * shown safe is passed over, as more hosts do no harm: where they do, a cheaper mix is missed, and what is found is safe all the same.
 *
 * Every mix is tested like a candidate of the safe search, on the same seeds. Which mixes are tested depends on what those seeds gave, so
 * their verdicts only guide. The mix arrived at is tested once more on seeds that nobody has looked at: that test alone calls an unsafe mix
 * safe with probability at most 1 - confidence. Where it fails the start stands.
 */
import { assert } from '../policies/base/assert.ts';
import type { HostShapePlan } from '../sim/plan/cluster.ts';
import type { Plan } from '../sim/plan.ts';
import type { CellResult } from './cache.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import { hostsMissing, planOnHosts, type Spare, withSpare } from './hosts.ts';
import { curveOf, type PlanSearch, runSeeds, type ViolationRule } from './plan-search.ts';
import { type CandidateTest, testOf } from './safe-search.ts';

/** A mix that is shown safe, with the runs that show it. */
export interface SafeMix {
  /** As the person knows it, `only large`. */
  readonly name: string;
  readonly candidate: NamedPlan;
  readonly test: CandidateTest;
  readonly cells: readonly CellResult[];
}

export interface MixSearchRequest {
  readonly rule: ViolationRule;
  readonly epsilon: number;
  readonly confidence: number;
  readonly spare: Spare;
  /** Mixes tested at most. */
  readonly mostTests: number;
  /** Seeds that the choice of the start rests on, from 0. */
  readonly seenSeeds: number;
}

/** How the search went, for the answer. */
export interface MixSearchStory {
  readonly start: string;
  readonly tests: number;
  readonly mostTests: number;
  readonly runs: number;
  readonly firstStep: number;
  /** Mixes moved to. */
  readonly moves: number;
  /** The last one on seeds of its own; null without a move. */
  readonly confirmation: CandidateTest | null;
  /** The search has found a cheaper mix that is shown safe. */
  readonly isCheaper: boolean;
  /** False when the tests ran out first. */
  readonly isLocalOptimum: boolean;
}

export interface MixSearch {
  /** All mixes tested, the start first; the recommended one is the cheapest. */
  readonly search: PlanSearch;
  readonly candidates: readonly NamedPlan[];
  readonly story: MixSearchStory;
}

type Counts = readonly number[];

/** Searches from `start`; null when the runner was stopped. */
export async function searchMixesNear(
  base: Plan,
  start: SafeMix,
  request: MixSearchRequest,
  runner: CellRunner,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<MixSearch | null> {
  const { rule, epsilon, confidence, spare, mostTests } = request;
  const { shapes } = base.cluster;
  const prices = shapes.map((shape) => shape.capexPerHost ?? base.cost.capexPerHost);
  const missing = hostsMissing(base, spare);
  const safeTest = testOf(epsilon, 1 - confidence);
  let here: Counts = shapes.map(
    ({ name }) => start.candidate.plan.cluster.shapes.find((own) => own.name === name)?.count ?? 0,
  );
  const candidates: NamedPlan[] = [{ name: mixName(shapes, here), plan: start.candidate.plan }];
  const cells = new Map<number, CellResult[]>([[0, [...start.cells]]]);
  const tests: CandidateTest[] = [{ ...start.test, candidate: 0 }];
  const seen = new Set([here.join()]);
  const refused: { readonly counts: Counts; readonly candidate: number }[] = [];
  let best = 0;
  let moves = 0;
  const firstStep = Math.max(1, Math.floor(sum(here) / 8));
  let step = firstStep;
  let isSpent = false;
  while (step >= 1 && !isSpent) {
    let moved = false;
    for (const next of stepsFrom(here, prices, step, missing)) {
      if (seen.has(next.join()) || refused.some(({ counts }) => counts.every((count, at) => next[at] <= count)))
        continue;
      if (candidates.length > mostTests) {
        isSpent = true;
        break;
      }
      seen.add(next.join());
      const candidate = candidates.push({ name: mixName(shapes, next), plan: planOf(base, next) }) - 1;
      onProgress(
        (candidate - 1) / mostTests,
        `mix ${candidate} of at most ${mostTests}: ${candidates[candidate].name}`,
      );
      const test = await safeTest.run(candidate, runSeeds(candidates, rule, runner, cells));
      if (test === null) return null;
      tests.push(test);
      if (test.verdict !== 'safe') {
        refused.push({ counts: next, candidate });
        continue;
      }
      if (!costsLess(cells, candidate, withSpare(sum(next), missing), best, withSpare(sum(here), missing))) continue;
      here = next;
      best = candidate;
      moves++;
      moved = true;
      break;
    }
    if (!moved) step = Math.floor(step / 2);
  }
  let confirmation: CandidateTest | null = null;
  if (moves > 0) {
    onProgress(0.99, `${candidates[best].name} once more, on seeds of its own`);
    const firstFresh = Math.max(safeTest.mostSeeds, request.seenSeeds);
    confirmation = await safeTest.run(best, runSeeds(candidates, rule, runner, new Map(), undefined, firstFresh));
    if (confirmation === null) return null;
  }
  // Of the mixes that were refused, the one with most hosts in common stands just beyond the answer.
  const nearest = refused.reduce<{ candidate: number; distance: number } | null>((least, { counts, candidate }) => {
    const distance = counts.reduce((total, count, at) => total + Math.abs(count - here[at]), 0);
    return least === null || distance < least.distance ? { candidate, distance } : least;
  }, null);
  const evaluations = tests.reduce((total, test) => total + test.violates.length, 0);
  const result = {
    recommended: best,
    notSafe: nearest?.candidate ?? null,
    tests,
    anchor: null,
    monotone: null,
    evaluations,
    mostSeeds: safeTest.mostSeeds,
  };
  const names = candidates.map(({ name }) => name);
  return {
    search: { rule, epsilon, confidence, names, result, curve: curveOf(tests, names, rule, cells), cells },
    candidates,
    story: {
      start: start.name,
      tests: candidates.length - 1,
      mostTests,
      runs: evaluations - start.cells.length + (confirmation?.violates.length ?? 0),
      firstStep,
      moves,
      confirmation,
      isCheaper: confirmation?.verdict === 'safe',
      isLocalOptimum: !isSpent,
    },
  };
}

/** `9 cheap and 4 large`. */
function mixName(shapes: readonly HostShapePlan[], counts: Counts): string {
  const words = shapes.flatMap(({ name }, at) => (counts[at] > 0 ? [`${counts[at]} ${name}`] : []));
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function planOf(base: Plan, counts: Counts): Plan {
  const shapes = base.cluster.shapes.map((shape, at) => ({ ...shape, count: counts[at] }));
  return planOnHosts(
    base,
    shapes.filter((shape) => shape.count > 0),
    1,
  );
}

function sum(counts: Counts): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Mixes one step of size `step` away that cost no more to buy, those that save most first; ties in the order of the shapes. */
export function stepsFrom(from: Counts, prices: readonly number[], step: number, missing: number): Counts[] {
  const priceOf = (counts: Counts): number =>
    withSpare(sum(counts), missing) * counts.reduce((total, count, at) => total + count * prices[at], 0);
  const now = priceOf(from);
  const found: { readonly counts: Counts; readonly price: number }[] = [];
  const add = (out: number, k: number, into: number, j: number): void => {
    if (k > from[out] || j < 0) return;
    const counts = from.map((count, at) => count - (at === out ? k : 0) + (at === into ? j : 0));
    if (sum(counts) < 1) return;
    const price = priceOf(counts);
    if (price <= now) found.push({ counts, price });
  };
  for (const out of from.keys()) {
    add(out, step, out, 0);
    for (const into of from.keys()) {
      if (into === out) continue;
      if (prices[into] <= 0) add(out, step, into, step);
      else if (prices[out] * step >= prices[into]) {
        const most = Math.floor((prices[out] * step) / prices[into]);
        add(out, step, into, most);
        if (most > 1) add(out, step, into, most - 1);
      } else if (prices[out] > 0) add(out, Math.ceil((prices[into] * step) / prices[out]), into, step);
    }
  }
  return found.sort((a, b) => a.price - b.price).map(({ counts }) => counts);
}

/** Whether candidate `a` costs less than `b` on the seeds that both have, spare hosts included. */
function costsLess(
  cells: ReadonlyMap<number, readonly CellResult[]>,
  a: number,
  sparedA: number,
  b: number,
  sparedB: number,
): boolean {
  const [own, other] = [cells.get(a) ?? [], cells.get(b) ?? []];
  const common = Math.min(own.length, other.length);
  assert(common > 0, 'a safe mix has runs');
  const cost = (of: readonly CellResult[]): number =>
    of.slice(0, common).reduce((total, cell) => total + cell.summary.cost, 0);
  return sparedA * cost(own) < sparedB * cost(other);
}

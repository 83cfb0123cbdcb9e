/** Which host shapes to buy: the search for the smallest number of hosts, for several mixes of shapes, and the cheapest of their answers. */
import { ConfigError } from '../policies/base/assert.ts';
import type { HostShapePlan } from '../sim/plan/cluster.ts';
import type { Plan } from '../sim/plan.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import {
  type HostsRequest,
  hostCandidates,
  hostsAnswer,
  hostsMissing,
  planOnHosts,
  searchHosts,
  withSpare,
} from './hosts.ts';
import { type MixSearchStory, searchMixesNear } from './mix-search.ts';
import type { PlanSearch } from './plan-search.ts';
import type { SearchAnswer } from './water-line.ts';

/** Shapes with counts that together have about the cores of the plan. */
export interface Mix {
  readonly name: string;
  readonly shapes: readonly HostShapePlan[];
}

/** What a mix needs; null where no number of hosts in the range is shown safe. */
export interface MixResult {
  readonly name: string;
  readonly hosts: number | null;
  readonly cores: number | null;
  readonly memGib: number | null;
  /** Cost of the measured time, spare hosts included at the price of the others. */
  readonly cost: number | null;
}

export interface MixAnswer extends SearchAnswer {
  readonly mixes: readonly MixResult[];
  readonly near: MixSearchStory | null;
}

export interface MixesRequest extends HostsRequest {
  /** Mixes tested near the cheapest one, at most; 0 = none. */
  readonly mixTests: number;
}

/** The mix as written, every shape alone, and with `pairs` every two shapes with half of the cores each. */
export function mixesOf(base: Plan, pairs: boolean): Mix[] {
  const { shapes } = base.cluster;
  const cores = shapes.reduce((sum, shape) => sum + shape.count * shape.cpuCores, 0);
  const withCores = (shape: HostShapePlan, share: number): HostShapePlan => ({
    ...shape,
    count: Math.max(1, Math.round((share * cores) / shape.cpuCores)),
  });
  const mixes: Mix[] = [{ name: 'as written', shapes }];
  if (shapes.length < 2) return mixes;
  for (const shape of shapes) mixes.push({ name: `only ${shape.name}`, shapes: [withCores(shape, 1)] });
  if (pairs)
    for (const [at, one] of shapes.entries())
      for (const other of shapes.slice(at + 1))
        mixes.push({ name: `${one.name} and ${other.name}`, shapes: [withCores(one, 0.5), withCores(other, 0.5)] });
  return mixes;
}

const countOf = (shapes: readonly HostShapePlan[]): number => shapes.reduce((sum, shape) => sum + shape.count, 0);

/**
 * Searches every mix over the same range of cores (`range` counts hosts of the mix as written), then with `mixTests` above 0 near the
 * cheapest safe one, beyond the range if need be, and returns the answer of the cheapest with what all of them need. The confidence is
 * shared among the mixes and the search near the best (Bonferroni), so the choice among them costs none. Null when the runner was
 * stopped. When no mix is safe the answer is that of the mix as written.
 */
export async function searchMixes(
  title: string,
  base: Plan,
  commandHead: string,
  mixes: readonly Mix[],
  range: { readonly from: number; readonly to: number; readonly step: number },
  request: MixesRequest,
  runner: CellRunner,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<MixAnswer | null> {
  const { mixTests, spare } = request;
  const parts = mixes.length + (mixTests > 0 && mixes.length > 1 ? 1 : 0);
  const own = { ...request, confidence: 1 - (1 - request.confidence) / parts };
  const missing = hostsMissing(base, spare);
  const found: {
    readonly answer: SearchAnswer;
    readonly candidates: readonly NamedPlan[];
    readonly result: MixResult;
  }[] = [];
  for (const [at, mix] of mixes.entries()) {
    const mixBase = planOnHosts(base, mix.shapes, 1);
    const scale = countOf(mix.shapes) / countOf(base.cluster.shapes);
    const scaled = {
      from: Math.max(1, Math.floor(range.from * scale)),
      to: Math.ceil(range.to * scale),
      step: Math.max(1, Math.round(range.step * scale)),
    };
    const { candidates } = hostCandidates(mixBase, scaled, spare);
    const progress = (done: number, detail: string) =>
      onProgress((at + done) / parts, `mix ${at + 1} of ${mixes.length} (${mix.name}): ${detail}`);
    const name = `${title}; mix: ${mix.name}`;
    const answer = await searchHosts(name, base, commandHead, candidates, own, runner, progress);
    if (answer === null) return null;
    found.push({ answer, candidates, result: resultOf(mix.name, answer.search, candidates, missing) });
  }
  const safe = found.filter(({ result }) => result.cost !== null);
  const best = safe.reduce((a, b) => ((b.result.cost ?? 0) < (a.result.cost ?? 0) ? b : a), safe[0] ?? found[0]);
  const results = found.map(({ result }) => result);
  const { recommended, tests } = best.answer.search.result;
  const test = tests.find(({ candidate }) => candidate === recommended);
  if (parts === mixes.length || recommended === null || test === undefined)
    return { ...best.answer, mixes: results, near: null };
  const start = {
    name: best.result.name,
    candidate: best.candidates[recommended],
    test,
    cells: best.answer.search.cells.get(recommended) ?? [],
  };
  const seenSeeds = Math.max(...found.map(({ answer }) => answer.search.result.mostSeeds));
  const near = await searchMixesNear(base, start, { ...own, mostTests: mixTests, seenSeeds }, runner, (done, detail) =>
    onProgress((mixes.length + done) / parts, `near ${start.name}: ${detail}`),
  );
  if (near === null) return null;
  const { search, candidates, story } = near;
  if (!story.isCheaper) return { ...best.answer, mixes: results, near: story, runs: runner.counts() };
  const name = candidates[search.result.recommended ?? 0].name;
  const answer = await hostsAnswer(`${title}; mix: ${name}`, base, commandHead, candidates, search, runner);
  if (answer === null) return null;
  return { ...answer, mixes: [...results, resultOf(name, search, candidates, missing)], near: story };
}

function resultOf(
  name: string,
  search: PlanSearch,
  candidates: readonly { readonly plan: Plan }[],
  missing: number,
): MixResult {
  const { recommended } = search.result;
  if (recommended === null) return { name, hosts: null, cores: null, memGib: null, cost: null };
  const { shapes } = candidates[recommended].plan.cluster;
  const up = countOf(shapes);
  const withSpares = withSpare(up, missing);
  const sum = (of: (shape: HostShapePlan) => number): number =>
    Math.round(withSpares * shapes.reduce((total, shape) => total + shape.count * of(shape), 0));
  const cells = search.cells.get(recommended) ?? [];
  const mean = cells.reduce((total, cell) => total + cell.summary.cost, 0) / cells.length;
  return {
    name,
    hosts: up + missing,
    cores: sum((shape) => shape.cpuCores),
    memGib: sum((shape) => shape.memGib),
    cost: mean * withSpares,
  };
}

/** `--mixes alone` or `--mixes pairs`. */
export function parseMixes(text: string): boolean {
  if (text !== 'alone' && text !== 'pairs')
    throw new ConfigError(
      `--mixes is ${JSON.stringify(text)}; give alone (every shape by itself) or pairs (every two shapes too)`,
    );
  return text === 'pairs';
}

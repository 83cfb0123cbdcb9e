/**
 * How high may a water-line go? The search over its values, and what a person needs to act on the answer: the pair of runs that proves
 * it, what binds first, what it gains, and how far it rests on assumed coefficients.
 */
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_WEEK } from '../policies/base/units.ts';
import { type LoadOptions, loadPlan } from '../scenarios/load.ts';
import type { Plan } from '../sim/plan.ts';
import type { Interval } from '../sim/results/intervals.ts';
import { type Binding, bindingOf } from './binds.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import { type EpistemicBand, epistemicBand } from './epistemic.ts';
import type { MixSearchStory } from './mix-search.ts';
import type { MixResult } from './mixes.ts';
import { intervalOf, pairedDifference } from './paired.ts';
import { type PlanSearch, searchPlans, seeded, type ViolationRule, violates } from './plan-search.ts';
import { checkFactors, type Factor } from './vary.ts';

export interface WaterLineRequest {
  readonly scenario: string;
  /** The scenario as the person wrote it, for commands that repeat a run. */
  readonly shown: string;
  readonly sets: readonly string[];
  /** One line, or several that move together: lists of equal length, risk rising along them. */
  readonly lines: readonly Factor[];
  readonly rule: ViolationRule;
  readonly epsilon: number;
  readonly confidence: number;
  readonly looks?: number;
  /** Seeds of the comparison with the scenario as written. */
  readonly gainSeeds: number;
  /** Draws of the assumed coefficients at the recommended value; 0 = none. */
  readonly draws: number;
  readonly seedsPerDraw: number;
}

/** A run anybody can repeat. */
export interface ProofRun {
  readonly name: string;
  readonly command: string;
  readonly seed: string;
  readonly digest: string;
  readonly figure: number;
  readonly violates: boolean;
  /** Online pods found no host. */
  readonly unplaced: boolean;
}

/** Recommended over as written, paired by seed, per week of this cluster. */
export interface Gain {
  readonly seeds: number;
  readonly coreHoursPerWeek: number;
  readonly interval: Interval;
  /** Core-hours at what a useful core-hour costs as written. */
  readonly moneyPerWeek: number;
  readonly moneyInterval: Interval;
  readonly currency: string;
}

export interface SearchAnswer {
  readonly title: string;
  readonly search: PlanSearch;
  readonly justSafe: ProofRun | null;
  readonly justUnsafe: ProofRun | null;
  /** Of the run that is just unsafe; of a run of the recommended value when all are safe. */
  readonly binding: Binding | null;
  readonly gain: Gain | null;
  readonly epistemic: EpistemicBand | null;
  readonly runs: { readonly ran: number; readonly reused: number };
  /** Mixes of host shapes that were compared, where they were. */
  readonly mixes?: readonly MixResult[];
  /** How mixes near the cheapest of them were searched; null where none was. */
  readonly near?: MixSearchStory | null;
}

/** Plans of all values, checked before anything runs. Throws ConfigError for unknown paths, unequal lists, values that do not rise. */
export async function waterLineCandidates(
  request: Pick<WaterLineRequest, 'scenario' | 'sets' | 'lines'>,
  load: LoadOptions,
): Promise<{ readonly base: Plan; readonly candidates: readonly NamedPlan[]; readonly settings: readonly string[][] }> {
  const { scenario, sets, lines } = request;
  if (lines.length === 0) throw new ConfigError('plan water-line needs at least one --line path=low..high/step');
  const base = await loadPlan(scenario, { ...load, sets });
  checkFactors(lines, base.plan, '--line');
  const [{ path, values }] = lines;
  for (const line of lines) {
    if (line.values.length !== values.length)
      throw new ConfigError(
        `lines that move together have lists of one length: ${path} has ${values.length}, ${line.path} ${line.values.length}`,
      );
    const numbers = line.values.map(Number.parseFloat);
    if (numbers.some((value, at) => at > 0 && !(value > numbers[at - 1])))
      throw new ConfigError(
        `${line.from ?? `--line ${line.path}`}: values must rise, the safest first: ${line.values.join(', ')}`,
      );
  }
  const settings = values.map((_, index) => lines.map((line) => `${line.path}=${line.values[index]}`));
  const candidates: NamedPlan[] = [];
  for (const own of settings) {
    const { plan } = await loadPlan(scenario, { ...load, sets: [...sets, ...own] });
    candidates.push({ name: own.map(shortSetting).join(', '), plan });
  }
  return { base: base.plan, candidates, settings };
}

/** `koordinator.cpuSuppressThresholdPercent=65` as `cpuSuppressThresholdPercent 65`. */
function shortSetting(setting: string): string {
  return setting
    .slice(setting.indexOf('=') < 0 ? 0 : setting.lastIndexOf('.', setting.indexOf('=')) + 1)
    .replace('=', ' ');
}

/** Answers the question; null when the runner was stopped. */
export async function planWaterLine(
  request: WaterLineRequest,
  load: LoadOptions,
  runner: CellRunner,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<SearchAnswer | null> {
  const { base, candidates, settings } = await waterLineCandidates(request, load);
  const { rule, epsilon, confidence, looks } = request;
  const options = { epsilon, confidence, ...(looks === undefined ? {} : { looks }) };
  const search = await searchPlans(candidates, rule, options, runner, (done, detail) => onProgress(0.8 * done, detail));
  if (search === null) return null;
  const command = (candidate: number, seed: string): string =>
    [
      'tidemark run',
      request.shown,
      ...[...request.sets, ...settings[candidate]].map((set) => `--set ${set}`),
      `--seed ${seed}`,
    ].join(' ');
  const proof = proofRuns(search, candidates, command);
  onProgress(0.82, 'what binds first');
  const binding = await bindingAt(search, candidates, runner);
  if (binding === undefined) return null;
  const { recommended } = search.result;
  onProgress(0.86, 'gain over the scenario as written');
  const gain = recommended === null ? null : await gainOf(base, candidates[recommended], request.gainSeeds, runner);
  if (gain === undefined) return null;
  let epistemic: EpistemicBand | null = null;
  if (recommended !== null && request.draws > 0) {
    const progress = (done: number) => onProgress(0.9 + 0.1 * done, 'draws of the assumed coefficients');
    const { draws, seedsPerDraw } = request;
    epistemic = await epistemicBand(candidates[recommended], rule, draws, seedsPerDraw, runner, progress);
    if (epistemic === null) return null;
  }
  const title = `plan water-line: ${request.lines.map((line) => line.path).join(' with ')}`;
  return { title, search, ...proof, binding, gain, epistemic, runs: runner.counts() };
}

/** The pair that proves the answer: one seed under the recommended candidate and, if there is one, a violating seed just above. */
export function proofRuns(
  search: PlanSearch,
  candidates: readonly NamedPlan[],
  command: (candidate: number, seed: string) => string,
): { readonly justSafe: ProofRun | null; readonly justUnsafe: ProofRun | null } {
  const { recommended, notSafe } = search.result;
  const { figure } = search.rule;
  const above = notSafe === null ? undefined : search.cells.get(notSafe);
  const violating = above === undefined ? -1 : above.findIndex((cell) => violates(search.rule, cell.summary));
  const run = (candidate: number | null, at: number): ProofRun | null => {
    const cell = candidate === null ? undefined : search.cells.get(candidate)?.[at];
    if (cell === undefined || candidate === null) return null;
    const value = cell.summary[figure];
    const { name } = candidates[candidate];
    return {
      name,
      command: command(candidate, cell.seed),
      seed: cell.seed,
      digest: cell.digest,
      figure: value,
      violates: violates(search.rule, cell.summary),
      unplaced: search.rule.unplaced && cell.summary.onlinePodsUnplacedPeak > 0,
    };
  };
  // The same seed on both sides shows the line alone at work.
  const seed = Math.max(0, violating);
  return { justSafe: run(recommended, seed) ?? run(recommended, 0), justUnsafe: run(notSafe, seed) };
}

/** What binds in the worst seed just above the answer (in the recommended candidate when all are safe); undefined when stopped. */
export async function bindingAt(
  search: PlanSearch,
  candidates: readonly NamedPlan[],
  runner: CellRunner,
): Promise<Binding | null | undefined> {
  const at = search.result.notSafe ?? search.result.recommended;
  if (at === null) return null;
  const cells = search.cells.get(at) ?? [];
  const figures = cells.map((cell) => cell.summary[search.rule.figure]);
  const worst = Math.max(0, figures.indexOf(Math.max(...figures)));
  const own = seeded(candidates[at], worst);
  const results = await runner.runWhole(own);
  if (results === null) return undefined;
  const { slo, warmUpMs, online } = own.plan;
  const owners = new Set(online.explicit.filter(({ qos }) => qos !== undefined).map(({ name }) => name));
  return bindingOf(results, slo.objectivePercent, warmUpMs, owners);
}

async function gainOf(
  base: Plan,
  recommended: NamedPlan,
  seeds: number,
  runner: CellRunner,
): Promise<Gain | undefined> {
  const numbers = Array.from({ length: seeds }, (_, seed) => seed);
  const written = await runner.run(numbers.map((seed) => seeded({ name: 'as written', plan: base }, seed)));
  const raised = await runner.run(numbers.map((seed) => seeded(recommended, seed)));
  if (written === null || raised === null) return undefined;
  const weeks = (base.horizonMs - base.warmUpMs) / MS_PER_WEEK;
  const perWeek = (cells: typeof written) => cells.map((cell) => cell.summary.doneCoreHours / weeks);
  const sample = pairedDifference(perWeek(written), perWeek(raised));
  const interval = intervalOf(sample, 0.05);
  const price = written.reduce((sum, cell) => sum + cell.summary.costPerUsefulCoreHour, 0) / written.length;
  return {
    seeds,
    coreHoursPerWeek: sample.difference,
    interval,
    moneyPerWeek: sample.difference * price,
    moneyInterval: { low: interval.low * price, high: interval.high * price },
    currency: base.cost.currency,
  };
}

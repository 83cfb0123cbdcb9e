/** The way in: a scenario file and overrides become a plan, or one error that lists everything that is wrong. */
import type { Plan } from '../sim/plan.ts';
import { checkScenario } from './checks.ts';
import { applyOverride, readScenarioTree } from './compose.ts';
import { parseScenario } from './parse-scenario.ts';
import { refusedConfigs } from './policy-configs.ts';
import { configError, type PathKey, type Problem, pathText, placeText } from './problems.ts';
import { planHash, resolve } from './resolve.ts';
import type { Scenario } from './schema.ts';
import { placeAt } from './source-tree.ts';
import { findTraces } from './trace-folders.ts';

export interface LoadOptions {
  /** Overrides `path=value`, applied in order after all files. */
  readonly sets?: readonly string[];
  /** Names of the policy registry; without it policy names are not checked; configurations of policies that are there always are. */
  readonly knownPolicies?: readonly string[];
  /** Coefficients of the host model with their ranges; without them their names are not checked. */
  readonly knownParameters?: Readonly<Record<string, readonly [low: number, high: number]>>;
}

export interface LoadedPlan {
  readonly plan: Plan;
  /** What a person should know although nothing is wrong. */
  readonly notes: readonly string[];
  readonly planHash: string;
  /** What commands of the lab take from the scenario; no part of the plan. */
  readonly lab: LabSection;
  /** Where a path of the scenario is written, for messages: `scenario.yaml:12:5 lab.vary`. */
  readonly placeOf: (path: readonly PathKey[]) => string;
}

export type LabSection = Scenario['lab'];

/**
 * Reads `path`, everything it extends or includes, applies the overrides, checks and resolves.
 *
 * Throws ConfigError with one line for every problem.
 */
export async function loadPlan(path: string, options: LoadOptions = {}): Promise<LoadedPlan> {
  const problems: Problem[] = [];
  const notes: string[] = [];
  let tree = readScenarioTree(path, problems);
  if (tree === null) throw configError(problems);
  for (const override of options.sets ?? []) tree = applyOverride(tree, override, problems);
  const parsed = parseScenario(tree, problems);
  const known = { policies: options.knownPolicies ?? null, parameters: options.knownParameters ?? null };
  checkScenario(parsed, tree, known, problems, notes);
  const traces = findTraces(parsed.sections, tree, problems);
  if (problems.length > 0) throw configError(problems);
  const scenario = parsed.sections as Scenario;
  const plan = resolve(scenario, traces);
  for (const { path: at, text } of refusedConfigs(plan))
    problems.push({ place: placeAt(tree, at), path: pathText(at), text });
  if (problems.length > 0) throw configError(problems);
  const whole = tree;
  const placeOf = (at: readonly PathKey[]) => `${placeText(placeAt(whole, at, true))} ${pathText(at)}`;
  return { plan, notes, planHash: planHash(plan), lab: scenario.lab, placeOf };
}

/**
 * Where the backtest of a scenario lies, and what it says about a plan.
 *
 * `tidemark backtest study.yaml` writes study.backtest.json beside the scenario. It speaks for every plan with the same load: policies, lines
 * and (for services) hosts may differ, what runs may not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { BACKTEST_VERSION, loadHash, type ScenarioBacktest } from '../lab/backtest.ts';
import { backtestSentence } from '../lab/backtest-text.ts';
import { ConfigError } from '../policies/base/assert.ts';
import type { Plan } from '../sim/plan.ts';

/** Path of the backtest of a scenario file. */
export function backtestPath(scenario: string): string {
  return `${scenario.replace(/\.ya?ml$/, '')}.backtest.json`;
}

/** The sentence of the backtest of this load; none when the scenario was not tested, and a warning when another load was. */
export function backtestNotes(scenario: string, plan: Plan): string[] {
  const path = backtestPath(scenario);
  if (!existsSync(path)) return [];
  let backtest: ScenarioBacktest;
  try {
    backtest = JSON.parse(readFileSync(path, 'utf8')) as ScenarioBacktest;
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (backtest.version !== BACKTEST_VERSION)
    throw new ConfigError(
      `${path}: version ${backtest.version} of a backtest; ${BACKTEST_VERSION} is read; run tidemark backtest again`,
    );
  if (backtest.loadHash !== loadHash(plan, backtest.of))
    return [`${path} is the backtest of another load than this one and is not quoted; run tidemark backtest again.`];
  return [backtestSentence(backtest)];
}

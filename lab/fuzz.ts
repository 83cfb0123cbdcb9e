/**
 * Scenarios drawn by seed, run under watch, and run again another way: the second calendar, placement by full scan, and a fork from the
 * middle must all end in the digest of the first run.
 *
 * A failure carries the command that repeats it. `fuzz-canaries.ts` holds policies that break the rules; a suite that does not catch
 * them proves nothing.
 */
import { ConfigError } from '../policies/base/assert.ts';
import type { Policy } from '../policies/ports.ts';
import { watch } from '../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../sim/engine/check-engine.ts';
import { createEngine, type Engine, type EngineOptions, type Workload } from '../sim/engine/engine.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { drawScenario } from './draw-scenario.ts';
import { policiesOf } from './run-plan.ts';

export interface FuzzOptions {
  readonly seeds: number;
  readonly from: number;
  /** Policies that take part in every scenario beside the drawn ones. */
  readonly extraPolicies?: Readonly<Record<string, Policy>>;
  /** Told after every seed; false stops. */
  readonly onSeed?: (seed: number, outcome: FuzzOutcome) => boolean;
}

/** `refused`: the generators said that the drawn totals cannot be met, as they may. */
export type FuzzOutcome =
  | { readonly kind: 'passed'; readonly events: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly message: string; readonly command: string };

export interface FuzzReport {
  readonly passed: number;
  readonly refused: number;
  readonly events: number;
  readonly failures: readonly { readonly seed: number; readonly message: string; readonly command: string }[];
}

/** Checks in a run, evenly spread: every one adds up the whole cluster again. */
const CHECKS_PER_RUN = 8;

/** Runs the seeds from, from + 1, ... and collects what failed. */
export function fuzz(options: FuzzOptions): FuzzReport {
  const failures: { seed: number; message: string; command: string }[] = [];
  let passed = 0;
  let refused = 0;
  let events = 0;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    const outcome = fuzzSeed(seed, options.extraPolicies ?? {});
    if (outcome.kind === 'passed') {
      passed++;
      events += outcome.events;
    } else if (outcome.kind === 'refused') refused++;
    else failures.push({ seed, message: outcome.message, command: outcome.command });
    if (options.onSeed?.(seed, outcome) === false) break;
  }
  return { passed, refused, events, failures };
}

/** One seed, all its runs. */
export function fuzzSeed(seed: number, extraPolicies: Readonly<Record<string, Policy>> = {}): FuzzOutcome {
  const drawn = drawScenario(seed);
  const plan: Plan = {
    ...drawn,
    policies: [...drawn.policies, ...Object.keys(extraPolicies).map((name) => ({ name, config: {} }))],
  };
  let workload: Workload;
  try {
    workload = workloadOf(plan);
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'refused' };
    return failed(seed, error);
  }
  try {
    return { kind: 'passed', events: runAllWays(plan, workload, policiesOf(plan, extraPolicies)) };
  } catch (error) {
    return failed(seed, error);
  }
}

function failed(seed: number, error: unknown): FuzzOutcome {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { kind: 'failed', message, command: `tidemark fuzz --seeds 1 --from ${seed}` };
}

function runAllWays(plan: Plan, workload: Workload, policies: EngineOptions['policies']): number {
  const first = createEngine(plan, workload, { policies });
  const checker = watch(first.cluster);
  startRun(first);
  for (let i = 1; i <= CHECKS_PER_RUN; i++) {
    runUntil(first, Math.floor((plan.horizonMs * i) / CHECKS_PER_RUN));
    checkEngine(first);
    checker.compare();
  }
  checkWork(first, checker);

  const second = createEngine(plan, workload, {
    policies,
    calendar: 'fastpriorityqueue',
    placementByScan: true,
    like: first,
  });
  startRun(second);
  runUntil(second, Math.floor(plan.horizonMs / 2));
  const middle = structuredClone(snapshotRun(second));
  runUntil(second, plan.horizonMs);
  mustEqual(first, second, 'the same plan run twice');

  const fork = restoreRun(plan, workload, { policies, like: first }, middle);
  const forkChecker = watch(fork.cluster);
  runUntil(fork, plan.horizonMs);
  checkEngine(fork);
  forkChecker.compare();
  mustEqual(first, fork, 'a run forked from its middle');
  return first.events;
}

function mustEqual(one: Engine, other: Engine, what: string): void {
  const expected = digestText(one.cluster.digest);
  const got = digestText(other.cluster.digest);
  if (expected !== got || one.events !== other.events)
    throw new Error(`${what}: digest ${got} after ${other.events} events, expected ${expected} after ${one.events}`);
}

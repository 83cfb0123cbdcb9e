/**
 * One plan in, one set of results out: the call that a command, a worker thread and a test all make.
 */
import { ConfigError } from '../policies/base/assert.ts';
import type { Policy, PolicyConfig, SoldTier } from '../policies/ports.ts';
import { POLICIES } from '../policies/registry.ts';
import { configOf } from '../scenarios/policy-configs.ts';
import type { ChangeSink } from '../sim/cluster/apply.ts';
import { createEngine, type Engine, type EngineOptions } from '../sim/engine/engine.ts';
import { healthNotes } from '../sim/engine/health-checks.ts';
import { type RunIdentity, resultsOf } from '../sim/engine/results.ts';
import { type ProgressReport, runUntil, startRun } from '../sim/engine/run.ts';
import { releaseNotes } from '../sim/engine/versions.ts';
import { verticalNotes } from '../sim/engine/vertical-scaling.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { OnlineServices } from '../traces/format.ts';

/** What Koordinator always runs; a plan's own list comes on top and may configure these. */
const KOORDINATOR_POLICIES = ['batch-resource', 'cpu-suppress', 'memory-evict', 'cpu-evict'] as const;

export interface RunOptions extends Pick<EngineOptions, 'calendar' | 'placementByScan' | 'surfaces'> {
  readonly identity: RunIdentity;
  /** Called once a simulated hour; false stops the run. */
  readonly onHour?: ProgressReport;
  readonly sink?: ChangeSink;
  /** Series to replay where the plan's online source is `replay`. */
  readonly replayed?: OnlineServices;
  /** Policies known beside the registry's: a candidate under test. */
  readonly extraPolicies?: Readonly<Record<string, Policy>>;
  readonly notes?: readonly string[];
}

/** The policies of a plan in running order, configured. Throws ConfigError for an unknown name or a refused configuration. */
export function policiesOf(
  plan: Plan,
  extra: Readonly<Record<string, Policy>> = {},
): { readonly policy: Policy; readonly config: PolicyConfig }[] {
  const known = { ...POLICIES, ...extra };
  const base = plan.koordinator.enabled
    ? KOORDINATOR_POLICIES.map((name) => ({ name: name as string, config: {} }))
    : [];
  const own = new Map(plan.policies.map((entry) => [entry.name, entry]));
  const sellersOf = (tier: SoldTier) => plan.policies.filter(({ name }) => known[name]?.sells?.includes(tier) === true);
  for (const tier of ['batch', 'mid', 'free'] as const) {
    const sellers = sellersOf(tier).map(({ name }) => name);
    if (sellers.length > 1)
      throw new ConfigError(`policies: ${sellers.join(' and ')} sell the same resources; name one`);
  }
  // A policy that sells batch resources takes the place of batch-resource.
  const replaced = (name: string) =>
    own.has(name) ||
    plan.policies.some((entry) => known[entry.name]?.replaces?.includes(name) === true) ||
    (known[name]?.sells?.includes('batch') === true && sellersOf('batch').length > 0);
  const all = [...base.filter((entry) => !replaced(entry.name)), ...plan.policies];
  refuseUnserved(plan, known, (tier) => sellersOf(tier).length > 0);
  return all.map(({ name, config }) => {
    const policy = known[name];
    if (policy === undefined)
      throw new ConfigError(`policies: "${name}" is unknown; known: ${Object.keys(known).sort().join(', ')}`);
    return { policy, config: configOf(policy, plan, config) };
  });
}

/** What a class of pods waits for that no policy sells by itself; the batch class is served by batch-resource. */
const SOLD_TO_BAND: Readonly<Record<number, SoldTier>> = { 3: 'free', 7: 'mid' };

/** A population that would wait for ever is a mistake in the scenario. */
function refuseUnserved(
  plan: Plan,
  known: Readonly<Record<string, Policy>>,
  isSold: (tier: SoldTier) => boolean,
): void {
  if (plan.controlPlane.kind !== 'kubernetes') return;
  for (const { name, priority } of plan.bestEffort.populations) {
    const tier = SOLD_TO_BAND[Math.floor(priority / 1000)];
    if (tier === undefined || isSold(tier)) continue;
    const sellers = Object.values(known).filter((policy) => policy.sells?.includes(tier) === true);
    throw new ConfigError(
      `bestEffort.populations.${name}.priority ${priority} is of class ${tier}, and no policy sells ${tier} resources; name one of ${sellers.map((policy) => policy.name).join(', ')} under policies`,
    );
  }
}

/** An engine at time 0 with its services placed, and the notes of its workload. */
export function prepare(
  plan: Plan,
  options: Omit<RunOptions, 'identity'>,
): { engine: Engine; notes: readonly string[] } {
  if (plan.online.source === 'replay' && options.replayed === undefined)
    throw new ConfigError(
      'online.source is "replay", but no series were read; set TIDEMARK_DATA to the folder with the public traces (tidemark trace get lists them)',
    );
  const workload = workloadOf(plan, options.replayed);
  const engine = createEngine(plan, workload, {
    policies: policiesOf(plan, options.extraPolicies),
    ...(options.calendar === undefined ? {} : { calendar: options.calendar }),
    ...(options.placementByScan === undefined ? {} : { placementByScan: options.placementByScan }),
    ...(options.sink === undefined ? {} : { sink: options.sink }),
    ...(options.surfaces === undefined ? {} : { surfaces: options.surfaces }),
  });
  startRun(engine);
  return { engine, notes: [...workload.notes, ...(options.notes ?? [])] };
}

/** Runs a plan to its horizon; null when `onHour` stopped it. */
export function runPlan(plan: Plan, options: RunOptions): RunResults | null {
  const { engine, notes } = prepare(plan, options);
  const finished = runUntil(engine, plan.horizonMs, options.onHour);
  return finished ? resultsOf(engine, options.identity, [...notes, ...notesOf(engine)]) : null;
}

/** What plane and policies have to say of a run. */
function notesOf(engine: Engine): readonly string[] {
  return [
    ...(engine.plane.notes?.() ?? []),
    ...releaseNotes(engine),
    ...healthNotes(engine),
    ...verticalNotes(engine),
    ...engine.policies.flatMap(({ policy, state }) => policy.notes?.(state) ?? []),
  ];
}

/**
 * Forks: a cluster is warmed once, and several runs go on from there under other policies or failures.
 *
 * What a fork may change is what decides (policies, Koordinator's settings, weights and latencies of the scheduler) and which hosts
 * fail. Hosts, services, load, physics, seed and horizon have made the state that the snapshot holds and must be the same; so must the
 * window of node reports and the quotas, whose books are part of that state.
 */
import { ConfigError } from '../policies/base/assert.ts';
import type { Engine, Workload } from '../sim/engine/engine.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import { type RunSnapshot, restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { OnlineServices } from '../traces/format.ts';
import { planDifferences } from './plan-differences.ts';
import { policiesOf, prepare, type RunOptions } from './run-plan.ts';
import { readSnapshot, type SnapshotHeader, writeSnapshot } from './snapshot-file.ts';
import type { CodeIdentity } from './sweep-plan.ts';

/** What of `own` keeps it from going on where a run of `warm` stopped, as `path: warm -> own`; empty = it may. */
export function forkObstacles(warm: Plan, own: Plan): string[] {
  return planDifferences(kept(warm), kept(own));
}

/** What a fork may not change. */
function kept(plan: Plan): Record<string, unknown> {
  const { name: _, title: __, policies: ___, failures: ____, koordinator, controlPlane, ...rest } = plan;
  const { aggregateMs } = koordinator;
  if (controlPlane.kind !== 'kubernetes') return { ...rest, koordinator: { aggregateMs }, controlPlane };
  const { kind, quotas = [], revokeOverusedQuotas = false } = controlPlane;
  return { ...rest, koordinator: { aggregateMs }, controlPlane: { kind, quotas, revokeOverusedQuotas } };
}

/** Throws ConfigError when `plan` cannot go on from the snapshot at `path`: another world, code version or replayed series. */
export function checkFork(path: string, header: SnapshotHeader, plan: Plan, code: CodeIdentity): void {
  const obstacles = forkObstacles(header.plan, plan);
  if (obstacles.length > 0)
    throw new ConfigError(
      `${path} is a snapshot of another world: ${obstacles.join(', ')}. ` +
        'A fork may change policies, koordinator, failures and the scheduler; for all else warm this scenario with tidemark warm',
    );
  if (header.codeVersion !== code.codeVersion)
    throw new ConfigError(
      `${path} was made by other code (${header.codeVersion.slice(0, 12)}, tidemark ${header.tidemarkVersion}) than this ` +
        `(${code.codeVersion.slice(0, 12)}); make it again with tidemark warm`,
    );
  if (header.replayVersion !== code.replayVersion)
    throw new ConfigError(`${path} was warmed on other replayed series; make it again with tidemark warm`);
}

/** Throws ConfigError when a run of `plan` cannot be stopped at `atMs`. */
export function checkWarmUntil(plan: Plan, atMs: number): void {
  if (!(Number.isSafeInteger(atMs) && atMs > 0 && atMs < plan.horizonMs))
    throw new ConfigError(
      `the time to fork at (${atMs / 3_600_000} h) is not inside the run; give more than 0 and less than the horizon of ${plan.horizonMs / 3_600_000} h`,
    );
}

export interface WarmOptions extends CodeIdentity {
  readonly planHash: string;
  readonly tidemarkVersion: string;
  readonly nodeVersion: string;
  readonly replayed?: OnlineServices;
  readonly onHour?: RunOptions['onHour'];
}

/** Runs `plan` until `atMs` and writes the snapshot; null when `onHour` stopped it, else the size of the file in bytes. */
export function warm(plan: Plan, atMs: number, path: string, options: WarmOptions): number | null {
  checkWarmUntil(plan, atMs);
  const { planHash, codeVersion, replayVersion, tidemarkVersion, nodeVersion, replayed, onHour } = options;
  const { engine } = prepare(plan, replayed === undefined ? {} : { replayed });
  let stopped = false;
  runUntil(engine, atMs, (simulatedMs, events) => {
    const goesOn = onHour?.(simulatedMs, events) ?? true;
    if (!goesOn) stopped = true;
    return goesOn;
  });
  if (stopped) return null;
  const header = { plan, planHash, atMs, codeVersion, replayVersion, tidemarkVersion, nodeVersion };
  return writeSnapshot(path, header, snapshotRun(engine));
}

/** What forks of one snapshot share: read, generated and built once. */
export interface ForkBase {
  readonly header: SnapshotHeader;
  readonly snapshot: RunSnapshot;
  readonly workload: Workload;
  /** The first fork, whose latency tables the others use. */
  like: Engine | null;
}

/** Reads the snapshot at `path` and generates its workload. */
export function openFork(path: string, replayed: OnlineServices | undefined): ForkBase {
  const { header, snapshot } = readSnapshot(path);
  return { header, snapshot, workload: workloadOf(header.plan, replayed), like: null };
}

/** A run of `plan` that stands where the snapshot was taken. `checkFork` must have passed. */
export function forkRun(
  base: ForkBase,
  plan: Plan,
  options: Pick<RunOptions, 'sink' | 'calendar' | 'placementByScan' | 'extraPolicies'> = {},
): Engine {
  const { extraPolicies, ...rest } = options;
  const engine = restoreRun(
    plan,
    base.workload,
    { policies: policiesOf(plan, extraPolicies), ...rest, ...(base.like === null ? {} : { like: base.like }) },
    base.snapshot,
  );
  base.like ??= engine;
  return engine;
}

/** Runs a fork to its horizon, with the results of the whole time; null when `onHour` stopped it. */
export function runFork(base: ForkBase, plan: Plan, options: RunOptions): RunResults | null {
  const { identity, onHour, notes = [] } = options;
  const engine = forkRun(base, plan, options);
  if (!runUntil(engine, plan.horizonMs, onHour)) return null;
  const { planHash: from, atMs } = base.header;
  const continued = `The first ${atMs / 3_600_000} h are those of plan ${from.slice(0, 16)}, from a snapshot; this plan holds from there on.`;
  const all = [...base.workload.notes, ...notes, continued, ...(engine.plane.notes?.() ?? [])];
  return resultsOf(engine, { ...identity, continuedFrom: { planHash: from, atMs } }, all);
}

/** What compare and gate compare: run directories, directories of several seeds, finished sweeps. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { canonicalText, type Plan } from '../sim/plan.ts';
import { type RunHours, runHoursOf } from '../sim/results/run-hours.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { kindOfDirectory, readReplications, readRun } from '../sim/results/store.ts';
import { quotedBacktests } from './backtest-text.ts';
import type { Arm } from './compare.ts';
import { cellHours } from './documents/cell-hours.ts';
import { checkWarmUp, type WarmUpCheck } from './mser.ts';
import { pointName, type SweepAsk } from './sweep-plan.ts';
import { readSweepTable, summariesOf } from './sweep-table.ts';
import { worldHash, worldOf } from './world.ts';

export interface ReadArm extends Arm {
  readonly dir: string;
  /** Plan of the first seed; null for a sweep, whose points differ. */
  readonly plan: Plan | null;
  readonly tidemarkVersion: string | null;
  /** Of a sweep: code that ran it, and the world of its scenario as written; null for runs. */
  readonly codeVersion: string | null;
  readonly world: string | null;
  /** What a backtest says about the load: sentences every report quotes. */
  readonly backtest: readonly string[];
  /** Of a sweep: what the scenario asks a comparison to judge. */
  readonly ask: SweepAsk | null;
  readonly warmUp: readonly WarmUpCheck[];
  readonly currency: string;
  /** Hours of every run, in the order of `runs`; null where none were kept. Read when asked for. */
  readonly hours: () => readonly (RunHours | null)[];
}

/** Throws ConfigError when two sides were run by different code: their difference would be that of the code too. */
export function checkSameCode(a: ReadArm, b: ReadArm): void {
  const parts = [
    ['tidemark', a.tidemarkVersion, b.tidemarkVersion],
    ['code', a.codeVersion?.slice(0, 12), b.codeVersion?.slice(0, 12)],
  ] as const;
  for (const [what, one, other] of parts)
    if (one != null && other != null && one !== other)
      throw new ConfigError(
        `${b.dir} was run by ${what} ${other}, ${a.dir} by ${what} ${one}; run the older one again with this version`,
      );
}

/** Arms of a directory: one for runs, one a point for a sweep. Throws ConfigError or TraceError naming what is wrong. */
export async function readArms(dir: string): Promise<readonly ReadArm[]> {
  if (existsSync(join(dir, 'table.json'))) return sweepArms(dir);
  if (existsSync(join(dir, 'sweep.json')))
    throw new ConfigError(
      `${dir} is a sweep that has not finished; run the same tidemark sweep again (it goes on), or tidemark merge its shards`,
    );
  const kind = kindOfDirectory(dir);
  const name = basename(resolve(dir));
  if (kind === 'run') return [armOf(name, dir, [await readRun(dir)])];
  if (kind !== 'replications')
    throw new ConfigError(
      `${dir} ${kind === 'free' ? 'does not exist or is empty' : 'is no tidemark run'}; ` +
        'give a directory written by tidemark run or tidemark sweep',
    );
  const { seeds, digests } = readReplications(dir);
  const results: RunResults[] = [];
  for (const [index, digest] of digests.entries()) {
    const seedDir = join(dir, `seed-${index + 1}`);
    const run = await readRun(seedDir);
    if (run.manifest.digest !== digest || run.manifest.seed !== seeds[index])
      throw new TraceError(`${seedDir}: is the run of another seed than summary.json says; run it again`);
    results.push(run);
  }
  const extra = readdirSync(dir).filter((entry) => /^seed-\d+$/.test(entry)).length - seeds.length;
  if (extra !== 0) throw new TraceError(`${dir}: holds ${extra} seeds more than summary.json lists; run it again`);
  return [armOf(name, dir, results)];
}

function armOf(name: string, dir: string, results: readonly RunResults[]): ReadArm {
  const runs = results.map(({ manifest, summary }) => ({
    seed: manifest.seed,
    digest: manifest.digest,
    events: manifest.events,
    summary,
  }));
  const [first] = results;
  const plan = first.plan as Plan;
  const hours = results.map((result) => runHoursOf(result, result.plan as Plan));
  return {
    name,
    dir,
    runs,
    plan,
    tidemarkVersion: first.manifest.tidemarkVersion,
    codeVersion: null,
    world: worldHash(plan),
    backtest: quotedBacktests(...results.map(({ notes }) => notes)),
    ask: null,
    warmUp: warmUpOf(first, plan),
    currency: plan.cost.currency,
    hours: () => hours,
  };
}

function warmUpOf(results: RunResults, plan: Plan): WarmUpCheck[] {
  const { columns } = results.tables.windows;
  const pairs = [
    ['online CPU', columns.onlineUsedMilliCpu],
    ['best-effort CPU', columns.bestEffortUsedMilliCpu],
  ] as const;
  return pairs.map(([name, column]) => checkWarmUp(name, column as Float64Array, plan.windowMs, plan.warmUpMs));
}

function sweepArms(dir: string): ReadArm[] {
  const table = readSweepTable(dir);
  const hoursOf = cellHours(dir, table.description);
  return table.description.points.map((_, point) => ({
    name: pointName(table.description, point),
    dir,
    runs: summariesOf(table, point),
    plan: null,
    tidemarkVersion: null,
    codeVersion: table.description.codeVersion,
    world: table.description.world,
    backtest: table.description.backtest ?? [],
    ask: table.description.ask ?? null,
    warmUp: [],
    currency: table.description.currency,
    hours: () => summariesOf(table, point).map(({ planHash }) => hoursOf(planHash)),
  }));
}

/**
 * Throws ConfigError when two plans describe different worlds: paired differences would compare loads, not policies. What decides
 * (control plane, Koordinator, policies) and names may differ.
 */
export function checkSameWorld(a: ReadArm, b: ReadArm): void {
  if (a.plan === null || b.plan === null) {
    // Points of one sweep differ in what the person varied, on purpose.
    if (a.dir === b.dir || a.world === b.world) return;
    throw new ConfigError(
      `${b.dir} is of another scenario than ${a.dir} (hosts, load, physics, failures or seed differ); ` +
        'make both from one scenario file, with --set or --vary for what decides',
    );
  }
  const [one, other] = [worldOf(a.plan), worldOf(b.plan)];
  const differing = Object.keys(one).filter((key) => canonicalText(one[key]) !== canonicalText(other[key]));
  if (differing.length > 0)
    throw new ConfigError(
      `${b.dir} is of another scenario than ${a.dir}: they differ in ${differing.join(', ')}; ` +
        'run both from one scenario file, with --set for what decides',
    );
}

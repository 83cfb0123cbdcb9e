/** From a scenario, factors and seeds to the cells of a sweep: every run there is to make, named and hashed, before any is made. */
import { ConfigError } from '../policies/base/assert.ts';
import { type LoadOptions, loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import type { Plan } from '../sim/plan.ts';
import { cellKey } from './cache.ts';
import { type Design, type Point, pointsOf } from './design.ts';
import { checkFork, checkWarmUntil, forkObstacles } from './fork.ts';
import { outcomeOf } from './outcomes.ts';
import { seedText, withSeed } from './replications.ts';
import type { SnapshotHeader } from './snapshot-file.ts';
import { checkFactors, type Factor } from './vary.ts';
import { worldHash } from './world.ts';

/** What a person asks for. */
export interface SweepRequest {
  readonly scenario: string;
  /** Overrides that hold at every point. */
  readonly sets: readonly string[];
  readonly factors: readonly Factor[];
  readonly design: Design;
  readonly seeds: number;
  /** Every seed is warmed once and its points go on from there; absent = every run begins at 0. */
  readonly warm?: WarmStart;
  /** What a comparison of the points is to judge; absent = all it knows. */
  readonly ask?: SweepAsk;
  /** What a backtest says about the load of the scenario as written. */
  readonly backtest?: readonly string[];
}

/** Of the scenario's `lab` section: figures that a comparison judges (none = all) and its confidence (null = the default). */
export interface SweepAsk {
  readonly outcomes: readonly string[];
  readonly confidence: number | null;
}

/** A time to warm up to, or a snapshot that is there already. */
export type WarmStart =
  | { readonly kind: 'until'; readonly atMs: number }
  | { readonly kind: 'file'; readonly path: string; readonly header: SnapshotHeader };

/** One run of a sweep. */
export interface SweepCell {
  readonly point: number;
  /** Replication, counted from 0: every point meets the same seeds, and so the same world (common random numbers). */
  readonly replication: number;
  readonly seed: string;
  readonly planHash: string;
  /** Name of its result on disk. */
  readonly key: string;
}

/** All that a table needs to know of a sweep; plain JSON. Cells stand in the order points, then replications. */
export interface SweepDescription {
  readonly format: 'tidemark-sweep/1';
  readonly name: string;
  readonly paths: readonly string[];
  readonly points: readonly Point[];
  readonly seeds: readonly string[];
  readonly codeVersion: string;
  readonly replayVersion: string;
  readonly currency: string;
  /** Where the runs went on from: hash of the warm plan under every seed; absent when they began at 0. */
  readonly warm?: { readonly atMs: number; readonly planHashes: readonly string[] };
  readonly ask?: SweepAsk;
  /** Sentences of the backtest of the scenario as written; absent when there is none. */
  readonly backtest?: readonly string[];
  /** Hash of what all points share: hosts, load, physics, failures, seed of the scenario as written. */
  readonly world: string;
  readonly cells: readonly SweepCell[];
}

export interface SweepPlan {
  readonly description: SweepDescription;
  /** Plan of every point under the first seed. */
  readonly plans: readonly Plan[];
  /** The scenario as written, under the first seed: what is warmed; and the snapshot that is there already. */
  readonly base: Plan;
  readonly snapshot: string | null;
}

export interface CodeIdentity {
  readonly codeVersion: string;
  readonly replayVersion: string;
}

const MOST_CELLS = 1_000_000;

/** Loads and checks every point. Throws ConfigError, the point named, when one is no valid scenario: nothing has run then. */
export async function planSweep(request: SweepRequest, code: CodeIdentity, load: LoadOptions): Promise<SweepPlan> {
  const { factors, seeds } = request;
  if (!(Number.isInteger(seeds) && seeds >= 1))
    throw new ConfigError(`--seeds is ${seeds}; give a whole number of 1 or more`);
  const base = await loadPlan(request.scenario, { ...load, sets: request.sets });
  checkFactors(factors, base.plan);
  const points = pointsOf(factors, request.design, base.plan.seed);
  // Refused before anything runs, not when the comparison asks for them.
  for (const figure of request.ask?.outcomes ?? []) outcomeOf(figure);
  if (points.length * seeds > MOST_CELLS)
    throw new ConfigError(
      `the sweep has ${points.length} points x ${seeds} seeds, at most ${MOST_CELLS} runs are made`,
    );
  const plans: Plan[] = [];
  for (const point of points) {
    const own = factors.map((factor, index) => `${factor.path}=${point[index]}`);
    const { plan } = await loadPlan(request.scenario, { ...load, sets: [...request.sets, ...own] });
    plans.push(plan);
  }
  const seedTexts = Array.from({ length: seeds }, (_, index) => seedText(base.plan.seed, index));
  const paths = factors.map((factor) => factor.path);
  const warm = warmOf(request.warm, base.plan, seedTexts);
  if (request.warm !== undefined)
    for (const [point, plan] of plans.entries()) checkPoint(request.warm, base.plan, plan, paths, points[point], code);
  const cells = plans.flatMap((plan, point) =>
    seedTexts.map((seed, replication) => {
      const hash = planHash(withSeed(plan, seed));
      const key = cellKey({ ...code, planHash: hash, ...continuedFrom(warm, replication) });
      return { point, replication, seed, planHash: hash, key };
    }),
  );
  const { name, cost } = base.plan;
  const description: SweepDescription = {
    format: 'tidemark-sweep/1',
    name,
    paths,
    points,
    seeds: seedTexts,
    ...code,
    currency: cost.currency,
    ...(warm === undefined ? {} : { warm }),
    ...(request.ask === undefined ? {} : { ask: request.ask }),
    ...(request.backtest === undefined || request.backtest.length === 0 ? {} : { backtest: request.backtest }),
    world: worldHash(base.plan),
    cells,
  };
  const snapshot = request.warm?.kind === 'file' ? request.warm.path : null;
  return { description, plans, base: base.plan, snapshot };
}

function warmOf(start: WarmStart | undefined, base: Plan, seeds: readonly string[]): SweepDescription['warm'] {
  if (start === undefined) return undefined;
  if (start.kind === 'file') {
    if (seeds.length > 1)
      throw new ConfigError(`${start.path} holds one seed; use --seeds 1, or --warm-until to warm every seed`);
    return { atMs: start.header.atMs, planHashes: [start.header.planHash] };
  }
  checkWarmUntil(base, start.atMs);
  return { atMs: start.atMs, planHashes: seeds.map((seed) => planHash(withSeed(base, seed))) };
}

function checkPoint(
  start: WarmStart,
  base: Plan,
  plan: Plan,
  paths: readonly string[],
  point: Point,
  code: CodeIdentity,
): void {
  if (start.kind === 'file') {
    checkFork(start.path, start.header, plan, code);
    return;
  }
  const obstacles = forkObstacles(base, plan);
  if (obstacles.length === 0) return;
  const settings = paths.map((path, index) => `${path}=${point[index]}`).join(', ');
  throw new ConfigError(
    `--warm-until: ${settings} would change the warm cluster itself (${obstacles.join(', ')}); ` +
      'a fork may change policies, koordinator, failures and the scheduler; leave --warm-until out',
  );
}

/** Part of a cell's identity: what its run goes on from. */
export function continuedFrom(
  warm: SweepDescription['warm'],
  replication: number,
): { readonly continuedFrom?: string } {
  return warm === undefined ? {} : { continuedFrom: `${warm.planHashes[replication]}@${warm.atMs}` };
}

/** `path=value, path=value`: how a person knows a point; `as written` without factors. */
export function pointName(description: SweepDescription, point: number): string {
  const values = description.points[point];
  if (values.length === 0) return 'as written';
  return description.paths.map((path, index) => `${path}=${values[index]}`).join(', ');
}

/** From a scenario, factors and seeds to the cells of a sweep: every run there is to make, named and hashed, before any is made. */
import { ConfigError } from '../policies/base/assert.ts';
import { type LoadOptions, loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import type { Plan } from '../sim/plan.ts';
import { cellKey } from './cache.ts';
import { type Design, type Point, pointsOf } from './design.ts';
import { seedText, withSeed } from './replications.ts';
import { checkFactors, type Factor } from './vary.ts';

/** What a person asks for. */
export interface SweepRequest {
  readonly scenario: string;
  /** Overrides that hold at every point. */
  readonly sets: readonly string[];
  readonly factors: readonly Factor[];
  readonly design: Design;
  readonly seeds: number;
}

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
  readonly cells: readonly SweepCell[];
}

export interface SweepPlan {
  readonly description: SweepDescription;
  /** Plan of every point under the first seed. */
  readonly plans: readonly Plan[];
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
  const cells = plans.flatMap((plan, point) =>
    seedTexts.map((seed, replication) => {
      const hash = planHash(withSeed(plan, seed));
      return { point, replication, seed, planHash: hash, key: cellKey({ ...code, planHash: hash }) };
    }),
  );
  const paths = factors.map((factor) => factor.path);
  const { name, cost } = base.plan;
  const description: SweepDescription = {
    format: 'tidemark-sweep/1',
    name,
    paths,
    points,
    seeds: seedTexts,
    ...code,
    currency: cost.currency,
    cells,
  };
  return { description, plans };
}

/** `path=value, path=value`: how a person knows a point; `as written` without factors. */
export function pointName(description: SweepDescription, point: number): string {
  const values = description.points[point];
  if (values.length === 0) return 'as written';
  return description.paths.map((path, index) => `${path}=${values[index]}`).join(', ');
}

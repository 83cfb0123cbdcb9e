/**
 * What is not known rather than random: draws of the assumed coefficients of the host model over their ranges, each run under a few
 * seeds. The spread between draws is the epistemic band, the spread between seeds of one draw the aleatory one.
 */

import { listParameters, parametersWith } from '../sim/host/parameters.ts';
import { freezePlan } from '../sim/plan.ts';
import { clopperPearson } from '../sim/results/intervals.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import { latinShares } from './design.ts';
import { variance } from './paired.ts';
import { seeded, type ViolationRule } from './plan-search.ts';

export interface EpistemicBand {
  readonly draws: number;
  readonly seedsPerDraw: number;
  /** Coefficients drawn: those from memory and those assumed. */
  readonly parameters: readonly string[];
  /** Mean figure of every draw, ascending. */
  readonly figures: readonly number[];
  /** Draws whose mean figure is above the budget, with the exact 95 % interval of their share. */
  readonly violating: number;
  readonly violatingLow: number;
  readonly violatingHigh: number;
  /** Standard deviations of the figure: between seeds inside a draw, and between draws beyond that. */
  readonly aleatoryDeviation: number;
  readonly epistemicDeviation: number;
  /** Coefficients by |rank correlation| with the figure, the strongest five. Few draws: a hint, no proof. */
  readonly strongest: readonly { readonly name: string; readonly rankCorrelation: number }[];
}

/** Runs `draws` x `seeds` cells of one candidate; null when stopped. */
export async function epistemicBand(
  candidate: NamedPlan,
  rule: ViolationRule,
  draws: number,
  seeds: number,
  runner: CellRunner,
  onProgress: (done0to1: number) => void,
): Promise<EpistemicBand | null> {
  const { plan } = candidate;
  const assumed = listParameters(parametersWith(plan.physics.parameters)).filter(
    ({ name, tag, low, high }) => (tag === 'A' || tag === 'M') && low < high && !(name in plan.physics.parameters),
  );
  // The seed of the plan makes the draws the same every time.
  const shares = latinShares(
    assumed.map(({ name }) => name),
    draws,
    plan.seed,
  );
  const values = Array.from({ length: draws }, (_, draw) =>
    assumed.map(({ low, high }, index) => Math.min(high, low + shares[index][draw] * (high - low))),
  );
  const cells = values.flatMap((row, draw) => {
    const parameters = Object.fromEntries(row.map((value, index) => [assumed[index].name, value]));
    const own = freezePlan({
      ...plan,
      physics: { ...plan.physics, parameters: { ...plan.physics.parameters, ...parameters } },
    });
    return Array.from({ length: seeds }, (_, seed) =>
      seeded({ name: `${candidate.name}, draw ${draw + 1}`, plan: own }, seed),
    );
  });
  const results = await runner.run(cells, onProgress);
  if (results === null) return null;
  const figures = results.map(({ summary }) => summary[rule.figure]);
  const byDraw = values.map((_, draw) => figures.slice(draw * seeds, (draw + 1) * seeds));
  const means = byDraw.map((own) => own.reduce((sum, value) => sum + value, 0) / seeds);
  const within = seeds < 2 ? 0 : byDraw.reduce((sum, own) => sum + variance(own), 0) / draws;
  const between = draws < 2 ? 0 : Math.max(0, variance(means) - within / seeds);
  const violating = means.filter((mean) => mean > rule.budget).length;
  const { low, high } = clopperPearson(violating, draws, 0.95);
  const strongest = assumed
    .map(({ name }, index) => ({
      name,
      rankCorrelation: rankCorrelation(
        values.map((row) => row[index]),
        means,
      ),
    }))
    .sort((a, b) => Math.abs(b.rankCorrelation) - Math.abs(a.rankCorrelation))
    .slice(0, 5);
  return {
    draws,
    seedsPerDraw: seeds,
    parameters: assumed.map(({ name }) => name),
    figures: [...means].sort((a, b) => a - b),
    violating,
    violatingLow: low,
    violatingHigh: high,
    aleatoryDeviation: Math.sqrt(within),
    epistemicDeviation: Math.sqrt(between),
    strongest,
  };
}

/** Spearman's rank correlation; ties share their mean rank; 0 when one side does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < a.length; i++) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    let below = 0;
    let equal = 0;
    for (const other of values) {
      if (other < value) below++;
      if (other === value) equal++;
    }
    return below + (equal - 1) / 2;
  });
}

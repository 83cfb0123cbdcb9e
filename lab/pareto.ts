/** Who is beaten on everything at once, and who is a choice: utilisation, violations, wasted work, cost. */
import type { RunSummary } from '../sim/results/schema.ts';

export interface ParetoPoint {
  readonly name: string;
  readonly cpuUtilisationMeanPercent: number;
  readonly violationServiceHourPercent: number;
  readonly wastedPercent: number;
  readonly costPerUsefulCoreHour: number;
  /** No other point is at least as good on all four and better on one. */
  readonly efficient: boolean;
}

type Axis = Exclude<keyof ParetoPoint, 'name' | 'efficient'>;
/** Sign that makes larger better. */
const AXES: readonly (readonly [Axis, 1 | -1])[] = [
  ['cpuUtilisationMeanPercent', 1],
  ['violationServiceHourPercent', -1],
  ['wastedPercent', -1],
  ['costPerUsefulCoreHour', -1],
];

/** Means over the seeds of every arm, the efficient ones marked. */
export function paretoPoints(
  arms: readonly { readonly name: string; readonly runs: readonly { readonly summary: RunSummary }[] }[],
): ParetoPoint[] {
  const means = arms.map(({ name, runs }) => {
    const mean = (figure: Axis) => runs.reduce((sum, run) => sum + run.summary[figure], 0) / runs.length;
    return {
      name,
      cpuUtilisationMeanPercent: mean('cpuUtilisationMeanPercent'),
      violationServiceHourPercent: mean('violationServiceHourPercent'),
      wastedPercent: mean('wastedPercent'),
      costPerUsefulCoreHour: mean('costPerUsefulCoreHour'),
    };
  });
  return means.map((point) => ({ ...point, efficient: !means.some((other) => dominates(other, point)) }));
}

function dominates(a: Record<Axis, number>, b: Record<Axis, number>): boolean {
  const gains = AXES.map(([axis, sign]) => sign * (a[axis] - b[axis]));
  return gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0);
}

/**
 * Lanes of pod shapes: pods of two lanes never share a shape although they ask for the same, because a rule of their own lets them
 * through the scheduler at other moments or to other hosts.
 *
 * Lane 0 is everybody's. Quotas have one lane each; a population with rules that no other has, that reservations are for, or whose class has
 * populations of another priority too, gets a lane of its own behind them: pods of one shape stand in one line, where the first speaks for all.
 */
import { ConfigError } from '../../policies/base/assert.ts';
import type { BatchPopulationPlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';

export interface PodLanes {
  /** Lane of each population; null = all in the common one. */
  readonly laneOf: Int32Array | null;
  /** Number of the population that has a lane to itself, -1 = nobody has. */
  populationOf(lane: number): number;
}

/** Lanes are stored in a byte. */
const MOST_LANES = 256;

/** Lanes of a plan; `quotaOf` is the quota of each population, -1 = none, or null without quotas. */
export function createPodLanes(plan: Plan, quotaOf: Int32Array | null): PodLanes {
  const { populations } = plan.bestEffort;
  const quotas = quotaOf === null ? 0 : Math.max(-1, ...quotaOf) + 1;
  const { controlPlane } = plan;
  const reservations = controlPlane.kind === 'kubernetes' ? (controlPlane.reservations ?? []) : [];
  const own = populations.map(
    (population) =>
      hasOwnRules(population) ||
      populations.some(({ priority }) => isOtherOfClass(priority, population.priority)) ||
      reservations.some((one) => one.populations?.includes(population.name) === true),
  );
  if (quotas + 1 + populations.length > MOST_LANES)
    throw new ConfigError(
      `${quotas} quotas and ${populations.length} populations need more than the ${MOST_LANES} lanes a scheduler has; name fewer`,
    );
  const laneOf =
    quotaOf === null && !own.includes(true)
      ? null
      : Int32Array.from(populations, (_, p) => (own[p] ? quotas + 1 + p : (quotaOf?.[p] ?? -1) + 1));
  return {
    laneOf,
    populationOf: (lane) => (lane > quotas ? lane - quotas - 1 : -1),
  };
}

/** Whether two priorities are of one class and differ. */
function isOtherOfClass(a: number, b: number): boolean {
  return a !== b && Math.floor(a / 1000) === Math.floor(b / 1000);
}

function hasOwnRules(population: BatchPopulationPlan): boolean {
  return population.loadEstimate !== undefined || population.gang !== undefined;
}

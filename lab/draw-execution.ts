/**
 * What happens to tasks between start and end, for a drawn scenario: stragglers, heartbeats, shuffle output, checkpoints.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.35;

/** The plan as it is, or with populations that say something; equal seeds give equal plans. */
export function withDrawnExecution(plan: Plan, seed: number): Plan {
  const { chance } = drawFrom(seed, 'execution');
  if (plan.physics.accounting === 'event' || !chance(CHANCE)) return plan;
  const populations = plan.bestEffort.populations.map((population) => ({
    ...population,
    execution: {
      ...(chance(0.5) ? { stragglers: true } : {}),
      ...(population.gang === undefined && chance(0.5) ? { speculation: true } : {}),
      ...(chance(0.5) ? { heartbeats: true } : {}),
      ...(chance(0.6) ? { shuffle: chance(0.7) ? ('local' as const) : ('remote' as const) } : {}),
      ...(chance(0.5) ? { checkpoints: true } : {}),
    },
  }));
  return { ...plan, bestEffort: { ...plan.bestEffort, populations } };
}

/**
 * Disk and network for a drawn scenario: devices that are short, and ones that are not.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.25;

/** The plan as it is, or with hosts that have devices and work that asks for them; equal seeds give equal plans. */
export function withDrawnIo(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'io');
  if (plan.physics.accounting === 'event' || !chance(CHANCE)) return plan;
  const asked = () => ({ diskIopsPerCore: of([1, 20, 1000]), networkMbPerCore: of([1, 100]) });
  return {
    ...plan,
    cluster: {
      ...plan.cluster,
      shapes: plan.cluster.shapes.map((shape) => ({
        ...shape,
        disk: of(['hdd', 'ssd', 'nvme'] as const),
        ...(chance(0.5) ? { networkGbPerSecond: of([1, 3]) } : {}),
      })),
    },
    online: {
      ...plan.online,
      explicit: plan.online.explicit.map((service) => (chance(0.6) ? { ...service, ...asked() } : service)),
    },
    bestEffort: {
      ...plan.bestEffort,
      populations: plan.bestEffort.populations.map((population) =>
        chance(0.6) ? { ...population, ...asked() } : population,
      ),
    },
  };
}

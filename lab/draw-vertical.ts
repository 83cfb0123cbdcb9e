/**
 * Vertical autoscalers for a drawn scenario, on services that may have one: pods that share CPUs and own no reservation. Half-lives and
 * lifetimes are short, so that something happens within hours.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import type { VerticalPlan } from '../sim/plan/workload.ts';
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.35;
const MODES = ['off', 'initial', 'recreate', 'in-place-or-recreate', 'in-place-or-recreate', 'in-place'] as const;

/** The plan as it is, or with services whose requests move; equal seeds give equal plans. */
export function withDrawnVertical(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'vertical');
  if (plan.controlPlane.kind !== 'kubernetes' || !chance(CHANCE)) return plan;
  const owners = new Set((plan.controlPlane.reservations ?? []).flatMap((reservation) => reservation.services));
  const draw = (isScaled: boolean): VerticalPlan => ({
    mode: of(MODES),
    controlled: isScaled ? ['memory'] : of([['cpu', 'memory'], ['cpu'], ['memory']] as const),
    cpuHalfLifeMs: of([600_000, 86_400_000]),
    memoryHalfLifeMs: of([600_000, 86_400_000]),
    targetCpuPercentile: of([50, 90, 100]),
    targetMemoryPercentile: of([50, 90, 100]),
    lowerBoundPercentile: 50,
    upperBoundPercentile: 95,
    marginPercent: of([0, 15, 300]),
    minMilliCpu: of([25, 100]),
    maxMilliCpu: of([0, 0, 4_000]),
    minMemMib: of([16, 250]),
    maxMemMib: of([0, 0, 4_096]),
    podLifetimeMs: of([0, 600_000, 43_200_000]),
    minChangePercent: of([1, 10]),
    minReplicas: of([1, 2]),
    tolerance: of([0, 0.5, 1]),
    deferredMs: of([0, 300_000]),
    cooldownMs: of([0, 0, 600_000]),
    ...(chance(0.6) ? { movesLimits: true as const } : {}),
  });
  return {
    ...plan,
    online: {
      ...plan.online,
      explicit: plan.online.explicit.map((service) =>
        service.qos !== undefined || owners.has(service.name) || !chance(0.7)
          ? service
          : { ...service, vertical: draw(service.autoscale !== null) },
      ),
    },
  };
}

/**
 * Memory of pods and agents that restart for a drawn scenario: leaks up to a limit, and thresholds of the kubelet that bind.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.35;

/** The plan as it is, or with services whose memory grows; equal seeds give equal plans. */
export function withDrawnMemory(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'memory');
  if (plan.controlPlane.kind === 'batch' || !chance(CHANCE)) return plan;
  const explicit = plan.online.explicit.map((service) => {
    const memUsagePercent = of([20, 65, 120]);
    const fromMib = service.requestMemMib * Math.max(1, memUsagePercent / 100);
    return {
      ...service,
      memUsagePercent,
      // Hardly anything, or the request again every hour.
      memGrowthMibPerDay: of([1, 24 * service.requestMemMib]),
      ...(chance(0.5) ? { memLimitMib: Math.ceil(fromMib * of([1, 1.5])) } : {}),
    };
  });
  const drawn = {
    ...plan,
    cluster: { ...plan.cluster, evictionHardMemMib: of([0, 100, 4_096]) },
    online: { ...plan.online, explicit },
    failures: { ...plan.failures, agentRestarts: chance(0.5) },
    physics: { ...plan.physics, ...(chance(0.5) ? { memoryRamp: true } : {}) },
  };
  return {
    ...drawn,
    cluster: {
      ...drawn.cluster,
      ...(chance(0.5) ? { evictionSoft: { memMib: of([5_000, 50_000]), graceMs: of([60_000, 600_000]) } } : {}),
    },
    online: {
      ...drawn.online,
      explicit: explicit.map((service) => (chance(0.3) ? { ...service, clientRetries: of([1, 5]) } : service)),
    },
  };
}

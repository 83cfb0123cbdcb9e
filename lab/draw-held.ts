/**
 * Held room for a drawn scenario: reservations that populations and services with CPUs of their own take from, with cards where tasks ask for some,
 * and a descheduler that moves pods by reservation.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import type { ReservationPlan } from '../sim/plan/kubernetes.ts';
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.4;

/** The plan as it is, or with held room; equal seeds give equal plans. */
export function withDrawnHeldRoom(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'held-room');
  const { controlPlane } = plan;
  if (controlPlane.kind !== 'kubernetes' || !chance(CHANCE)) return plan;
  const { populations } = plan.bestEffort;
  const reservations: ReservationPlan[] = [];
  const common = () => ({
    count: of([1, 3, 6]),
    allocateOnce: chance(0.3),
    allocatePolicy: of(['default', 'default', 'aligned', 'restricted'] as const),
    order: 0,
    atMs: of([0, Math.floor(plan.horizonMs / 3)]),
    ttlMs: of([0, Math.floor(plan.horizonMs / 3)]),
  });
  if (populations.length > 0) {
    const first = of(populations);
    const band = Math.floor(first.priority / 1000);
    const gpu = first.gpuChoices?.find((choice) => choice !== null);
    reservations.push({
      ...common(),
      name: 'tasks',
      milliCpu: of([1_000, 4_000]),
      memMib: of([0, 4_096]),
      services: [],
      populations: populations.filter(({ priority }) => Math.floor(priority / 1000) === band).map(({ name }) => name),
      ...(gpu !== undefined && gpu !== null && (controlPlane.gpuPolicy ?? 'device-share') === 'device-share'
        ? { gpu }
        : {}),
    });
  }
  const own = plan.online.explicit.filter(({ qos }) => qos !== undefined);
  if (own.length > 0)
    reservations.push({
      ...common(),
      name: 'cpus',
      milliCpu: of([1_000, 4_000, 6_000]),
      memMib: of([0, 2_048]),
      services: own.map(({ name }) => name),
      cpuset: { qos: own[0].qos ?? 'LSR', spread: chance(0.5) },
    });
  const lines = { lowCpuPercent: 30, highCpuPercent: 40, lowMemoryPercent: 90, highMemoryPercent: 95 };
  const moves = chance(0.6)
    ? [
        {
          name: 'low-node-load',
          config: { ...lines, consecutiveAbnormalities: 1, nodeFit: chance(0.5), evictionsPerSecond: of([0.01, 10]) },
        },
      ]
    : [];
  return {
    ...plan,
    policies: [...plan.policies, ...moves],
    controlPlane: {
      ...controlPlane,
      reservationWeight: controlPlane.reservationWeight ?? 5_000,
      reservations: [...(controlPlane.reservations ?? []), ...reservations],
    },
  };
}

/**
 * Rules of the Kubernetes scheduler on top of a drawn scenario: load-aware scheduling in full, gangs, reservations, and quirks turned
 * off.
 *
 * They are drawn from a stream of their own, so a seed keeps the scenario it had before a rule was added here.
 */
import { QUIRK_IDS } from '../policies/koordinator/quirks.ts';
import type { LoadAwarePlan, LoadThresholdsPlan } from '../sim/plan/koordinator.ts';
import type { ReservationPlan } from '../sim/plan/kubernetes.ts';
import type { BatchPopulationPlan, GangPlan } from '../sim/plan/workload.ts';
import type { Plan } from '../sim/plan.ts';
import type { Draw } from './draw.ts';

/** The plan with rules drawn for about two of three seeds. */
export function withSchedulingRules(plan: Plan, draw: Draw): Plan {
  if (plan.controlPlane.kind !== 'kubernetes' || draw.chance(0.35)) return plan;
  const loadAware = draw.chance(0.5) ? { loadAware: drawLoadAware(draw) } : {};
  const off = Object.keys(QUIRK_IDS).filter(() => draw.chance(0.15));
  const quirks = off.length === 0 ? {} : { quirks: Object.fromEntries(off.map((name) => [name, false])) };
  const { controlPlane } = plan;
  const services = plan.online.explicit.map((service) => service.name);
  const ruled: Plan = {
    ...plan,
    controlPlane:
      services.length > 0 && draw.chance(0.5)
        ? {
            ...controlPlane,
            reservationWeight: draw.of([0, 5_000]),
            reservations: drawReservations(draw, services, plan),
          }
        : controlPlane,
    koordinator: { ...plan.koordinator, ...loadAware, ...quirks },
    bestEffort: {
      ...plan.bestEffort,
      populations: plan.bestEffort.populations.map((population) => withRules(population, draw)),
    },
  };
  return draw.chance(0.5) ? withGangGroup(ruled) : ruled;
}

/** Gangs of a fixed size of all populations start together. */
function withGangGroup(plan: Plan): Plan {
  const isSized = ({ gang }: BatchPopulationPlan) => gang !== undefined && gang.size > 0;
  if (plan.bestEffort.populations.filter(isSized).length < 2) return plan;
  const populations = plan.bestEffort.populations.map((population) =>
    population.gang === undefined || !isSized(population)
      ? population
      : { ...population, gang: { ...population.gang, group: 'all' } },
  );
  return { ...plan, bestEffort: { ...plan.bestEffort, populations } };
}

function withRules(population: BatchPopulationPlan, draw: Draw): BatchPopulationPlan {
  return {
    ...population,
    ...(draw.chance(0.5) ? { gang: drawGang(draw, population.kind) } : {}),
    ...(draw.chance(0.3)
      ? {
          loadEstimate: {
            cpuFactor: draw.of([null, 10]),
            memoryFactor: null,
            afterScheduledMs: draw.of([null, 300_000]),
          },
        }
      : {}),
  };
}

/** `only-waiting` is left out: a lone pod of such a gang never starts again, which is no fault of ours. */
function drawGang(draw: Draw, kind: BatchPopulationPlan['kind']): GangPlan {
  return {
    size: kind === 'transcode' ? draw.int(2, 5) : draw.of([0, 0, 3]),
    minMember: draw.of([0, 0, 2]),
    strict: draw.chance(0.5),
    matchPolicy: draw.of(['once-satisfied', 'waiting-and-running']),
    waitMs: draw.of([10_000, 120_000]),
  };
}

function drawLoadAware(draw: Draw): LoadAwarePlan {
  return {
    thresholds: drawThresholds(draw),
    filterExpiredNodeMetrics: draw.chance(0.8),
    enableScheduleWhenNodeMetricsExpired: draw.chance(0.3),
    nodeMetricExpirationMs: draw.of([60_000, 180_000]),
    prodUsageIncludeSys: draw.chance(0.5),
    scoreAccordingProdUsage: draw.chance(0.5),
    scoreAggregatedType: draw.of(['', 'p90'] as const),
    scoreAggregatedDurationMs: draw.of([0, 600_000]),
    cpuWeight: draw.int(0, 2),
    memoryWeight: draw.int(0, 2),
    dominantResourceWeight: draw.int(0, 2),
    aggregateDurationsMs: [300_000, 600_000],
    allowCustomizeEstimation: draw.chance(0.5),
    estimatedAfterScheduledMs: draw.of([0, 120_000]),
  };
}

function drawThresholds(draw: Draw): LoadThresholdsPlan {
  const percent = () => draw.of([null, 0, 50, 80]);
  return {
    cpuPercent: percent(),
    memoryPercent: percent(),
    prodCpuPercent: percent(),
    prodMemoryPercent: percent(),
    aggregatedCpuPercent: percent(),
    aggregatedMemoryPercent: percent(),
    aggregatedType: draw.of(['', 'avg', 'p95'] as const),
    aggregatedDurationMs: draw.of([0, 300_000, 3_600_000]),
  };
}

function drawReservations(draw: Draw, services: readonly string[], plan: Plan): ReservationPlan[] {
  return ['early', 'late'].map((name) => ({
    name,
    count: draw.int(1, 6),
    milliCpu: draw.of([0, 1_000, 4_000]),
    memMib: draw.of([512, 8_192]),
    services: services.filter(() => draw.chance(0.7)),
    allocateOnce: draw.chance(0.5),
    allocatePolicy: draw.of(['default', 'aligned', 'restricted'] as const),
    order: draw.of([0, 0, 1]),
    atMs: name === 'early' ? 0 : draw.int(0, plan.horizonMs),
    ttlMs: draw.of([0, 60_000, plan.horizonMs]),
  }));
}

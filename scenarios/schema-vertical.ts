/** The vertical autoscaler of a service. */
import { z } from 'zod';
import type { VerticalPlan } from '../sim/plan/workload.ts';
import { VERTICAL_DEFAULTS } from './defaults.ts';
import { cpu, duration, limited, memory, percent, share } from './fields.ts';
import { LIMITS } from './limits.ts';

const d = VERTICAL_DEFAULTS;
const percentile = (description: string) => percent(description, 1, 100);

export const verticalSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'initial', 'recreate', 'in-place-or-recreate', 'in-place'])
      .describe(
        '`off`: only recommends; `initial`: sets what new pods request; `recreate`: evicts pods to make them anew; `in-place-or-recreate`: resizes running pods and evicts those whose host has no room; `in-place`: never evicts.',
      )
      .prefault(d.mode),
    controlled: z
      .array(z.enum(['cpu', 'memory']))
      .min(1)
      .describe('Resources whose requests move.')
      .prefault(d.controlled),
    controlledValues: z
      .enum(['requests-and-limits', 'requests-only'])
      .describe(
        '`requests-and-limits`: limits keep their ratio to requests; `requests-only`: limits stay, and bound what is requested.',
      )
      .prefault('requests-and-limits'),
    cpuHalfLife: duration('Time after which a CPU sample counts half.', 60_000).prefault(d.cpuHalfLife),
    memoryHalfLife: duration('Time after which a memory peak counts half.', 60_000).prefault(d.memoryHalfLife),
    targetCpuPercentile: percentile('Percentile of CPU use that is requested.').prefault(d.targetCpuPercentile),
    targetMemoryPercentile: percentile('Percentile of daily memory peaks that is requested.').prefault(
      d.targetMemoryPercentile,
    ),
    lowerBoundPercentile: percentile('Pods that request less than this percentile are resized at once.').prefault(
      d.lowerBoundPercentile,
    ),
    upperBoundPercentile: percentile('Pods that request more than this percentile are resized at once.').prefault(
      d.upperBoundPercentile,
    ),
    marginPercent: percent('Added to every percentile.', 0, 1000).prefault(d.marginPercent),
    minCpu: cpu('Least CPU request.', 1, LIMITS.hostCores.max * 1000).prefault(d.minCpu),
    maxCpu: cpu('Largest CPU request; 0 = none but the limit.').prefault(d.maxCpu),
    minMemory: memory('Least memory request.', 1, LIMITS.hostMemGib.max * 1024).prefault(d.minMemory),
    maxMemory: memory('Largest memory request; 0 = none.').prefault(d.maxMemory),
    podLifetime: duration('Pods inside the bounds are left alone for so long after their start.').prefault(
      d.podLifetime,
    ),
    minChangePercent: percent('Change below which a pod inside the bounds keeps its size.', 0, 1000).prefault(
      d.minChangePercent,
    ),
    minReplicas: limited('Services with fewer running pods are left alone.', LIMITS.pods, 1).prefault(d.minReplicas),
    evictionTolerance: share('Share of the replicas that one turn may disturb.').prefault(d.evictionTolerance),
    deferredTimeout: duration(
      'A resize for which the host has no room waits so long before its pod is evicted.',
    ).prefault(d.deferredTimeout),
    cooldown: duration('A resized pod is left alone for so long; 0 = as upstream.').prefault(d.cooldown),
  })
  .describe('Vertical autoscaler of the service (Kubernetes VPA): requests follow percentiles of decayed use.');

type Vertical = z.output<typeof verticalSchema>;

/** The plan's words for it, or nothing. */
export function resolveVertical(vertical: Vertical | null): { readonly vertical?: VerticalPlan } {
  if (vertical === null) return {};
  const { cpuHalfLife, memoryHalfLife, minCpu, maxCpu, minMemory, maxMemory, podLifetime } = vertical;
  const { mode, controlled, targetCpuPercentile, targetMemoryPercentile, marginPercent, minChangePercent } = vertical;
  const { lowerBoundPercentile, upperBoundPercentile, minReplicas, evictionTolerance, deferredTimeout, cooldown } =
    vertical;
  return {
    vertical: {
      mode,
      controlled: [...controlled],
      ...(vertical.controlledValues === 'requests-and-limits' ? { movesLimits: true as const } : {}),
      cpuHalfLifeMs: cpuHalfLife,
      memoryHalfLifeMs: memoryHalfLife,
      targetCpuPercentile,
      targetMemoryPercentile,
      lowerBoundPercentile,
      upperBoundPercentile,
      marginPercent,
      minMilliCpu: minCpu,
      maxMilliCpu: maxCpu,
      minMemMib: minMemory,
      maxMemMib: maxMemory,
      podLifetimeMs: podLifetime,
      minChangePercent,
      minReplicas,
      tolerance: evictionTolerance,
      deferredMs: deferredTimeout,
      cooldownMs: cooldown,
    },
  };
}

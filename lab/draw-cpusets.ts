/**
 * CPUs of their own for a drawn scenario: NUMA nodes and topology policies on hosts, and services of the LSR and LSE classes.
 *
 * Draws come from a stream of their own, so a scenario without them is the one it was before.
 */
import { createStream } from '../sim/kernel/random.ts';
import type { Plan } from '../sim/plan.ts';
import { drawFrom } from './draw.ts';

const CHANCE = 0.4;

/** The plan as it is, or with services that own CPUs; equal seeds give equal plans. */
export function withDrawnCpusets(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'cpusets');
  if (plan.controlPlane.kind !== 'kubernetes' || !chance(CHANCE)) return plan;
  const apart = createStream(`fuzz-${seed}`, 'cpu-exclusive');
  const exclusive = () => {
    const draw = apart.next();
    return draw < 0.7
      ? {}
      : { cpuExclusivePolicy: draw < 0.85 ? ('pcpu-level' as const) : ('numa-node-level' as const) };
  };
  return {
    ...plan,
    cluster: {
      ...plan.cluster,
      shapes: plan.cluster.shapes.map((shape) => {
        const cores = shape.cpuCores / shape.threadsPerCore;
        const numaTopologyPolicy = of([null, 'best-effort', 'restricted', 'single-numa-node'] as const);
        return {
          ...shape,
          numaNodes: of([1, 2, 4].filter((nodes) => Number.isInteger(cores / nodes))),
          ...(numaTopologyPolicy === null ? {} : { numaTopologyPolicy }),
        };
      }),
    },
    online: {
      ...plan.online,
      explicit: plan.online.explicit.map((service) => {
        if (!chance(0.6)) return service;
        const requestMilliCpu = Math.max(1, Math.round(service.requestMilliCpu / 1000)) * 1000;
        return {
          ...service,
          requestMilliCpu,
          limitMilliCpu: service.limitMilliCpu === 0 ? 0 : Math.max(service.limitMilliCpu, requestMilliCpu),
          qos: of(['LSR', 'LSE'] as const),
          ...(chance(0.4) ? { cpuBindPolicy: 'spread-by-pcpus' as const } : {}),
          ...exclusive(),
        };
      }),
    },
  };
}

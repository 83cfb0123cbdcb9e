/**
 * GPUs for a drawn scenario: cards on some hosts, services and tasks that ask for whole ones and shares, and one of the policies.
 *
 * Draws come from a stream of their own, so a scenario without GPUs is the one it was before.
 */
import type { GpuPolicyName } from '../sim/plan/kubernetes.ts';
import type { Plan } from '../sim/plan.ts';
import type { GpuRequest } from '../traces/format.ts';
import { drawFrom } from './draw.ts';

const POLICIES: readonly GpuPolicyName[] = [
  'device-share',
  'random',
  'dotprod',
  'gpu-clustering',
  'gpu-packing',
  'best-fit',
  'fgd',
];
const MODELS = ['T4', 'A10'] as const;
const GIB = 1_073_741_824;
const CHANCE = 0.4;

/** The plan as it is, or with GPUs; equal seeds give equal plans. */
export function withDrawnGpus(plan: Plan, seed: number): Plan {
  const { chance, of } = drawFrom(seed, 'gpus');
  if (plan.controlPlane.kind !== 'kubernetes' || !chance(CHANCE)) return plan;
  const request = (): GpuRequest => {
    const milliPerCard = of([100, 330, 500, 1000, 1000]);
    return {
      cards: milliPerCard === 1000 ? of([1, 1, 2, 4]) : 1,
      milliPerCard,
      memMilliPerCard: of([milliPerCard, 200, 900]),
      memBytesPerCard: chance(0.3) ? of([1, 9]) * GIB : 0,
      models: chance(0.3) ? [of(MODELS)] : [],
    };
  };
  const gpuPolicy = of(POLICIES);
  return {
    ...plan,
    cluster: {
      ...plan.cluster,
      shapes: plan.cluster.shapes.map((shape, index) => ({
        ...shape,
        gpus: index === 0 || chance(0.5) ? of([1, 4, 8]) : 0,
        gpuModel: of(MODELS),
        gpuMemGib: of([10, 16]),
      })),
    },
    online: {
      ...plan.online,
      explicit: plan.online.explicit.map((service) => (chance(0.4) ? { ...service, gpu: request() } : service)),
    },
    bestEffort: {
      ...plan.bestEffort,
      populations: plan.bestEffort.populations.map((population) => ({
        ...population,
        gpuChoices: population.coresChoices.map(() => (chance(0.6) ? request() : null)),
      })),
    },
    controlPlane: {
      ...plan.controlPlane,
      gpuPolicy,
      gpuFit: of(['least-allocated', 'most-allocated']),
      gpuWeight: of([1, 2]),
    },
  };
}

/** A service with versions becomes one service a version, each with its share of the load. */
import { splitByWeight } from '../policies/marathon/qae.ts';
import type { ServicePlan } from '../sim/plan/workload.ts';
import type { Scenario } from './schema.ts';

type Service = Scenario['online']['explicit'][string];

/** Names of versions hold a slash, which no other service's does. */
export function versionName(service: string, version: string): string {
  return `${service}/${version}`;
}

/** The plan of a service and of its other versions: those of an A/B test by weight, or the next one of a release, which has no replica yet. */
export function resolveVersions(first: ServicePlan, { weight, versions, release }: Service): ServicePlan[] {
  const { name, replicas } = first;
  const traffic = (percent: number, cpuCost: number) => ({ of: name, designReplicas: replicas, percent, cpuCost });
  if (release !== null) {
    const to = versionName(name, 'next');
    const { at, stages, stage, errorMargin, cpuCost } = release;
    return [
      {
        ...first,
        traffic: traffic(100, 1),
        release: { to, atMs: at, stagePercents: [...stages], stageMs: stage, errorMarginPercent: errorMargin },
      },
      { ...first, name: to, replicas: 0, traffic: traffic(0, cpuCost) },
    ];
  }
  const others = Object.entries(versions);
  if (others.length === 0) return [first];
  const weights = [weight, ...others.map(([, version]) => version.weight)];
  const sum = weights.reduce((total, part) => total + part, 0);
  const counts = splitByWeight(replicas, weights);
  return [
    { ...first, replicas: counts[0], traffic: traffic((100 * weight) / sum, 1) },
    ...others.map(([version, { weight: part, cpuCost }], i) => ({
      ...first,
      name: versionName(name, version),
      replicas: counts[i + 1],
      traffic: traffic((100 * part) / sum, cpuCost),
    })),
  ];
}

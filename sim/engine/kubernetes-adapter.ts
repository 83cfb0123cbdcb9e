/** Wires the Kubernetes plane to a run: pod shapes, what placement sees, and the calls the plane may make. */
import type { OnlineServices } from '../../traces/format.ts';
import { TIER, TIER_COUNT } from '../cluster/hosts.ts';
import type { KoordinatorPlan, KubernetesPlan } from '../plan.ts';
import { KubernetesPlane } from '../planes/kubernetes/kubernetes-plane.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import { addPodShape, createPodShapes, eligibleHosts } from '../planes/kubernetes/pod-shapes.ts';
import { createQuotaGate } from '../planes/kubernetes/quota-gate.ts';
import type { Engine } from './engine.ts';
import { planeContext } from './plane-context.ts';

/** Koordinator's default estimate of a pod that asks for nothing. */
const LEAST_ESTIMATE_MILLI_CPU = 250;
const LEAST_ESTIMATE_MEM_BYTES = 200 * 1_048_576;

/** Usage that load-aware scheduling expects of a pod: round(request x factor / 100), the defaults where it asks for nothing. */
function estimateOf(koordinator: KoordinatorPlan, milliCpu: number, memBytes: number): [number, number] {
  const cpu = milliCpu > 0 ? milliCpu : LEAST_ESTIMATE_MILLI_CPU;
  const mem = memBytes > 0 ? memBytes : LEAST_ESTIMATE_MEM_BYTES;
  return [
    Math.round((cpu * koordinator.loadAwareCpuEstimateFactor) / 100),
    Math.round((mem * koordinator.loadAwareMemoryEstimateFactor) / 100),
  ];
}

/** Builds the plane into `engine` and gives every service its pod shape: shape number = service number. */
export function createKubernetes(
  engine: Engine,
  services: OnlineServices,
  controlPlane: KubernetesPlan,
  byScan: boolean,
): void {
  const { plan, cluster } = engine;
  const { hosts } = cluster;
  const { koordinator } = plan;
  const shapes = createPodShapes(services.count + 64);
  const labels = plan.cluster.shapes.map((shape) => shape.labels);
  const taints = plan.cluster.shapes.map((shape) => shape.taints);
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  const anywhere = eligibleHosts(hosts, labels, taints, {}, []);
  for (let s = 0; s < services.count; s++) {
    const rules = explicit.get(services.names[s]);
    const [estimateMilliCpu, estimateMemBytes] = estimateOf(
      koordinator,
      services.requestMilliCpu[s],
      services.requestMemBytes[s],
    );
    addPodShape(shapes, {
      tier: TIER.native,
      requestMilliCpu: services.requestMilliCpu[s],
      requestMemBytes: services.requestMemBytes[s],
      estimateMilliCpu,
      estimateMemBytes,
      service: s,
      maxPerHost: rules?.maxPerHost ?? 0,
      eligible:
        rules === undefined ? anywhere : eligibleHosts(hosts, labels, taints, rules.nodeSelector, rules.tolerations),
    });
  }
  const replicasOnHost = new Uint16Array(services.count * hosts.count);
  const view: PlacementView = {
    hosts,
    shapes,
    estimatedMilliCpu: new Float64Array(hosts.count),
    estimatedMemBytes: new Float64Array(hosts.count),
    reportExpired: new Uint8Array(hosts.count),
    replicasOnHost,
    rules: {
      fitWeight: controlPlane.fitWeight,
      loadAwareWeight: controlPlane.loadAwareWeight,
      spreadWeight: controlPlane.spreadWeight,
      packTier: Array.from({ length: TIER_COUNT }, (_, tier) => {
        const fit = tier === TIER.native ? controlPlane.onlineFit : controlPlane.bestEffortFit;
        return fit === 'most-allocated' ? 1 : 0;
      }),
      cpuThresholdPercent: koordinator.enabled ? koordinator.loadAwareCpuThresholdPercent : 0,
      memThresholdPercent: koordinator.enabled ? koordinator.loadAwareMemoryThresholdPercent : 0,
    },
  };
  const gate = createQuotaGate(
    controlPlane.quotas ?? [],
    controlPlane.revokeOverusedQuotas ?? false,
    engine.intake.source.populations.map((population) => population.name),
  );
  const writable = engine as { -readonly [K in keyof Engine]: Engine[K] };
  writable.plane = new KubernetesPlane(planeContext(engine), view, controlPlane, byScan, gate);
  writable.placement = { view, laneOf: gate === null ? null : gate.quotaOf.map((quota) => quota + 1) };
  writable.countReplica = (row, host, by) => {
    replicasOnHost[cluster.tasks.group[row] * hosts.count + host] += by;
  };
  writable.batchShape = (requestMilliCpu, requestMemBytes, tier, lane) => {
    // KiB below 2^32 and milli-CPU below 2^21 share one exact double: 4 TiB and 2,097 cores a task.
    const key = requestMilliCpu * 4294967296 + requestMemBytes / 1024;
    const place = lane * TIER_COUNT + tier;
    shapes.byKey[place] ??= new Map();
    const known = shapes.byKey[place].get(key);
    if (known !== undefined) return known;
    const [estimateMilliCpu, estimateMemBytes] = estimateOf(koordinator, requestMilliCpu, requestMemBytes);
    const made = addPodShape(shapes, {
      tier,
      requestMilliCpu,
      requestMemBytes,
      estimateMilliCpu,
      estimateMemBytes,
      service: -1,
      maxPerHost: 0,
      lane,
      eligible: anywhere,
    });
    shapes.byKey[place].set(key, made);
    return made;
  };
}

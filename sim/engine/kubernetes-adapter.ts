/** Wires the Kubernetes plane to a run: pod shapes, what placement sees, and the calls the plane may make. */

import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import { TIER, TIER_COUNT } from '../cluster/hosts.ts';
import { TASK_KIND } from '../cluster/tasks.ts';
import { saltOf } from '../kernel/random.ts';
import type { KubernetesPlan } from '../plan/kubernetes.ts';
import { createGangBook } from '../planes/kubernetes/gang-book.ts';
import { GpuPlacement } from '../planes/kubernetes/gpu-placement.ts';
import { KubernetesPlane } from '../planes/kubernetes/kubernetes-plane.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import type { NodeReports } from '../planes/kubernetes/pod-estimates.ts';
import { addPodShape, createPodShapes, eligibleHosts, type PodShapes } from '../planes/kubernetes/pod-shapes.ts';
import { createQuotaGate } from '../planes/kubernetes/quota-gate.ts';
import { createReservationBook, type ReservationBook } from '../planes/kubernetes/reservation-book.ts';
import { withStorageDriver } from '../planes/launch-pipeline.ts';
import type { Engine, Workload } from './engine.ts';
import { typicalOf } from './gpus-from-plan.ts';
import { loadAwareHostsOf, podEstimateOf, quirksOf, usageWindowsOf } from './load-aware-setup.ts';
import { EngineContext } from './plane-context.ts';
import { createPodLanes } from './pod-lanes.ts';
import { tierOfPriority } from './tier-of-priority.ts';

/** Lanes are numbered in a byte. */
const MOST_LANES = 256;

/** Builds the plane into `engine` and gives every service its pod shape: shape number = service number. */
export function createKubernetes(
  engine: Engine,
  workload: Workload,
  controlPlane: KubernetesPlan,
  byScan: boolean,
): void {
  const { plan, cluster, podOverhead } = engine;
  const { services } = workload;
  const { hosts } = cluster;
  const { koordinator } = plan;
  const shapes = createPodShapes(services.count + 64);
  const labels = plan.cluster.shapes.map((shape) => shape.labels);
  const taints = plan.cluster.shapes.map((shape) => shape.taints);
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  const anywhere = eligibleHosts(hosts, labels, taints, {}, []);
  for (let s = 0; s < services.count; s++) {
    const rules = explicit.get(services.names[s]);
    const requestMilliCpu = services.requestMilliCpu[s] + podOverhead.requestMilliCpu;
    const requestMemBytes = services.requestMemBytes[s] + podOverhead.requestMemBytes;
    const estimate = podEstimateOf(
      koordinator,
      TIER.native,
      requestMilliCpu,
      requestMemBytes,
      services.limitMilliCpu[s],
      rules?.loadEstimate,
    );
    addPodShape(shapes, {
      tier: TIER.native,
      requestMilliCpu,
      requestMemBytes,
      estimateMilliCpu: estimate.milliCpu,
      estimateMemBytes: estimate.memBytes,
      estimateForMs: estimate.forMs,
      service: s,
      maxPerHost: rules?.maxPerHost ?? 0,
      gpuRequest: engine.gpuRequests.ofService[s],
      cpuRequest: engine.cpuRequests.ofService[s],
      eligible:
        rules === undefined ? anywhere : eligibleHosts(hosts, labels, taints, rules.nodeSelector, rules.tolerations),
    });
  }
  const reserved = reservationsOf(engine, services.names, controlPlane, shapes, anywhere);
  const fixedShapes = shapes.count;
  const load = loadAwareHostsOf(plan, hosts.count);
  const usage = usageWindowsOf(plan, hosts.count, load);
  const replicasOnHost = new Uint16Array(services.count * hosts.count);
  const view: PlacementView = {
    hosts,
    shapes,
    estimatedMilliCpu: new Float64Array(hosts.count),
    estimatedMemBytes: new Float64Array(hosts.count),
    reportExpired: new Uint8Array(hosts.count),
    replicasOnHost,
    load,
    reserved,
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
    engine.intake.source.populations.map(({ name, priority }) => ({
      name,
      priority,
      preemptible: plan.bestEffort.populations.find((population) => population.name === name)?.preemptible ?? true,
    })),
    quirksOf(koordinator),
    controlPlane.quotaPlugin,
  );
  const writable = engine as { -readonly [K in keyof Engine]: Engine[K] };
  const gangs = createGangBook(plan.bestEffort.populations.map((population) => population.gang ?? null));
  const lanes = createPodLanes(plan, gate?.quotaOf ?? null);
  const gpus =
    engine.gpuRequests.table.count > 1
      ? new GpuPlacement(view, controlPlane, typicalOf(plan, workload), saltOf(plan.seed, 'kubernetes/gpu'))
      : null;
  writable.plane = new KubernetesPlane(new EngineContext(engine), view, withDriver(controlPlane, engine), {
    byScan,
    gate,
    reports: reportsOf(engine),
    gpus,
    gangs,
    images: services.count + engine.intake.source.populations.length,
  });
  writable.placement = { view, laneOf: lanes.laneOf, usage, fixedShapes };
  writable.countReplica = (row, host, by) => {
    replicasOnHost[cluster.tasks.group[row] * hosts.count + host] += by;
  };
  writable.batchShape = (requestMilliCpu, requestMemBytes, tier, lane, gpuRequest) => {
    // KiB below 2^32 and milli-CPU below 2^21 share one exact double: 4 TiB and 2,097 cores a task.
    const key = requestMilliCpu * 4294967296 + requestMemBytes / 1024;
    const place = (gpuRequest * MOST_LANES + lane) * TIER_COUNT + tier;
    shapes.byKey[place] ??= new Map();
    const known = shapes.byKey[place].get(key);
    if (known !== undefined) return known;
    const population = lanes.populationOf(lane);
    const own = plan.bestEffort.populations[population]?.loadEstimate;
    const estimate = podEstimateOf(koordinator, tier, requestMilliCpu, requestMemBytes, 0, own);
    const made = addPodShape(shapes, {
      tier,
      requestMilliCpu,
      requestMemBytes,
      estimateMilliCpu: estimate.milliCpu,
      estimateMemBytes: estimate.memBytes,
      estimateForMs: estimate.forMs,
      service: -1,
      maxPerHost: 0,
      owner: population < 0 ? -1 : services.count + population,
      lane,
      gpuRequest,
      eligible: anywhere,
    });
    shapes.byKey[place].set(key, made);
    return made;
  };
}

/** The reservations of a plan with their pod shapes, and room for those of migrations; undefined where nobody asks for any. */
function reservationsOf(
  { plan, cluster, gpuRequests, cpuRequests, policies }: Engine,
  services: readonly string[],
  controlPlane: KubernetesPlan,
  shapes: PodShapes,
  eligible: Uint8Array,
): ReservationBook | undefined {
  const plans = controlPlane.reservations ?? [];
  if (plans.length === 0 && !policies.some(({ policy }) => policy.migrates === true)) return undefined;
  const populations = plan.bestEffort.populations.map(({ name }) => name);
  const { requests } = cluster.hosts.gpus;
  return createReservationBook(plans, services, populations, cluster.hosts.count, controlPlane.reservationWeight ?? 0, {
    shapeOf({ milliCpu, memMib, populations: owners }, index) {
      const memBytes = memMib * BYTES_PER_MIB;
      const first = populations.indexOf(owners?.[0] ?? '');
      const tier = first < 0 ? TIER.native : tierOfPriority(plan.bestEffort.populations[first].priority, TIER.batch);
      const estimate = podEstimateOf(plan.koordinator, tier, milliCpu, memBytes, 0, undefined);
      const shape = addPodShape(shapes, {
        tier,
        requestMilliCpu: milliCpu,
        requestMemBytes: memBytes,
        estimateMilliCpu: estimate.milliCpu,
        estimateMemBytes: estimate.memBytes,
        service: -1,
        maxPerHost: 0,
        gpuRequest: gpuRequests.ofReservation[index],
        cpuRequest: cpuRequests.ofReservation[index],
        eligible,
      });
      return { shape, tier };
    },
    amountsOf(shape) {
      const gpu = shapes.gpuRequest[shape];
      const amounts = { cpu: shapes.requestMilliCpu[shape], memory: shapes.requestMemBytes[shape] };
      if (gpu === 0) return amounts;
      const cards = requests.cards[gpu];
      const inBytes = requests.memBytesPerCard[gpu] > 0;
      return {
        ...amounts,
        gpuCore: cards * requests.milliPerCard[gpu],
        gpuMemory: inBytes ? cards * requests.memBytesPerCard[gpu] : 0,
        gpuMemoryRatio: inBytes ? 0 : cards * requests.memMilliPerCard[gpu],
      };
    },
  });
}

/** The plan with the time to create a container on its storage driver. */
function withDriver(plan: KubernetesPlan, { hostModel }: Engine): KubernetesPlan {
  return plan.launch === undefined ? plan : { ...plan, launch: withStorageDriver(plan.launch, hostModel.parameters) };
}

/** What the scheduler reads in node reports beside the columns of its view; looked up when it asks, because columns are replaced. */
function reportsOf(engine: Engine): NodeReports {
  const { tasks } = engine.cluster;
  return {
    intervalMs: engine.plan.koordinator.reportMs,
    reportedAtMs: engine.telemetry.signals.sampledAtMs,
    use: {
      milliCpu: (row) =>
        tasks.kind[row] === TASK_KIND.online
          ? Math.trunc(engine.online.usedMilliCpu[row])
          : Math.trunc(tasks.demandMilliCpu[row] * engine.hostWindow.bestEffortShare[tasks.host[row]]),
      memBytes: (row) => tasks.usedMemBytes[row],
    },
  };
}

/** Scenario -> Plan: pure, every value written out, in the units of the plan. */
import { createHash } from 'node:crypto';
import { EVICTION_HARD_MIB } from '../sim/plan/cluster.ts';
import type { KubernetesPlan } from '../sim/plan/kubernetes.ts';
import type { BatchPopulationPlan, IoPlan, ServicePlan, TracePlan } from '../sim/plan/workload.ts';
import { canonicalText, freezePlan, type Plan, withTraceFolders } from '../sim/plan.ts';
import { sizesOf } from './checks-load.ts';
import { ARRIVAL_CURVES, KUBERNETES_DEFAULTS, POPULATION_DEFAULTS_BY_KIND, SERVICE_DEFAULTS } from './defaults.ts';
import {
  resolveEstimate,
  resolveGang,
  resolveKoordinator,
  resolveQuotaPlugin,
  resolveReservations,
  resolveThresholds,
} from './resolve-koordinator.ts';
import { resolveMesos } from './resolve-mesos.ts';
import { resolveVersions } from './resolve-versions.ts';
import type { Scenario } from './schema.ts';
import { resolveBatch } from './schema-batch.ts';
import { gpuRequestOf } from './schema-gpu.ts';
import { resolveHealthCheck } from './schema-health.ts';
import { resolveLaunch } from './schema-launch.ts';
import { resolveVertical } from './schema-vertical.ts';

/** A host that leaves `gpuMemory` out has this, and its plan says nothing of it. */
const DEFAULT_GPU_MEM_MIB = 16 * 1024;

/** The traces that a scenario names, found and identified. */
export interface ScenarioTraces {
  readonly online?: TracePlan;
  readonly bestEffort?: TracePlan;
}

/** The plan of a checked scenario, frozen at every depth. Host shapes without hosts are left out. */
export function resolve(scenario: Scenario, traces: ScenarioTraces = {}): Plan {
  const { cluster, online, bestEffort, controlPlane, koordinator, failures } = scenario;
  const generated = online.source !== 'none' && traces.online === undefined;
  return freezePlan<Plan>({
    version: 1,
    name: scenario.name,
    title: scenario.title,
    seed: scenario.seed,
    horizonMs: scenario.horizon,
    windowMs: scenario.window,
    warmUpMs: scenario.warmUp,
    ...(scenario.endWhenDone ? { endWhenDone: true } : {}),
    ...(scenario.ticksPerMs > 1 ? { ticksPerMs: scenario.ticksPerMs } : {}),
    cluster: {
      shapes: Object.entries(cluster.hosts)
        .filter(([, host]) => host.count > 0)
        .map(([name, host]) => ({
          name,
          count: host.count,
          cpuCores: host.cpu / 1000,
          memGib: host.memory / 1024,
          threadsPerCore: host.threadsPerCore,
          gpus: host.gpus,
          ...(host.numaNodes > 1 ? { numaNodes: host.numaNodes } : {}),
          ...(host.numaTopologyPolicy === 'none' ? {} : { numaTopologyPolicy: host.numaTopologyPolicy }),
          ...(host.powerModel === null ? {} : { powerModel: host.powerModel }),
          ...(host.coreSpeed === 1 ? {} : { coreSpeed: host.coreSpeed }),
          ...(host.gpus > 0 && host.gpuModel !== '' ? { gpuModel: host.gpuModel } : {}),
          ...(host.gpus > 0 && host.gpuMemory !== DEFAULT_GPU_MEM_MIB ? { gpuMemGib: host.gpuMemory / 1024 } : {}),
          labels: { ...host.labels },
          taints: [...host.taints],
          idleWatts: host.idlePower,
          maxWatts: host.maxPower,
          ...(host.capex === null ? {} : { capexPerHost: host.capex }),
          memBandwidthGbPerSecond: host.memBandwidth,
          ...(host.disk === 'none' ? {} : { disk: host.disk }),
          ...(host.network === null ? {} : { networkGbPerSecond: host.network }),
          ...(host.cpuNormalizationRatio > 1 ? { cpuNormalizationRatio: host.cpuNormalizationRatio } : {}),
          ...(host.cpuAmplificationRatio > 1 ? { cpuAmplificationRatio: host.cpuAmplificationRatio } : {}),
          ...(host.loadAwareThresholds === null
            ? {}
            : { loadAwareThresholds: resolveThresholds(host.loadAwareThresholds) }),
        })),
      hostsPerRack: cluster.hostsPerRack,
      systemCpuPercent: cluster.systemCpuPercent,
      systemMemPercent: cluster.systemMemPercent,
      reservedCpuPercent: cluster.reservedCpuPercent,
      reservedMemPercent: cluster.reservedMemPercent,
      ...(cluster.evictionSoftMemory === 0
        ? {}
        : { evictionSoft: { memMib: cluster.evictionSoftMemory, graceMs: cluster.evictionSoftGracePeriod } }),
      ...(cluster.evictionHardMemory === EVICTION_HARD_MIB ? {} : { evictionHardMemMib: cluster.evictionHardMemory }),
    },
    online: {
      source: online.source,
      ...(traces.online === undefined ? {} : { trace: traces.online }),
      services: generated ? online.services : 0,
      pods: generated ? online.pods : 0,
      cpuRequestPercent: online.cpuRequestPercent,
      memRequestPercent: online.memRequestPercent,
      limitOverRequest: online.limitOverRequest,
      startDay: online.startDay,
      loadFactor: online.loadFactor,
      explicit: Object.entries(online.explicit).flatMap((entry) => resolveVersions(resolveService(entry), entry[1])),
    },
    bestEffort: {
      ...(traces.bestEffort === undefined ? {} : { trace: traces.bestEffort }),
      tasksPerWeek: bestEffort.tasksPerWeek,
      ...(bestEffort.departures === 'ignored' ? { departures: 'ignored' } : {}),
      offeredPercent: bestEffort.offeredPercent,
      populations: Object.entries(bestEffort.populations).map(resolvePopulation),
      failureProbability: bestEffort.failureProbability,
      maxRetries: bestEffort.maxRetries,
    },
    controlPlane: resolveControlPlane(controlPlane),
    // Koordinator works on Kubernetes; Mesos has its own way to sell slack.
    koordinator: resolveKoordinator(
      koordinator,
      koordinator.enabled && controlPlane.kind !== 'mesos' && controlPlane.kind !== 'batch',
    ),
    policies: scenario.policies.map(({ name, config }) => ({ name, config: structuredClone(config) })),
    physics: {
      isolation: scenario.physics.isolation,
      ...(scenario.physics.accounting === 'event' ? { accounting: 'event' } : {}),
      ...(scenario.physics.progress === 'no-delay' ? { progress: 'no-delay' } : {}),
      corePlacement: scenario.physics.corePlacement,
      ...(scenario.physics.memoryQos ? { memoryQos: true } : {}),
      ...(scenario.physics.memoryRamp ? { memoryRamp: true } : {}),
      parameters: { ...scenario.physics.parameters },
    },
    slo: { ...scenario.slo },
    failures: {
      enabled: failures.enabled,
      hostCrashesPerYear: failures.hostCrashesPerYear,
      rackEventsPerYear: failures.rackEventsPerYear,
      repairMedianMs: failures.repairMedian,
      ...(failures.domains ? { domains: true } : {}),
      ...(failures.kernelUpgrades ? { kernelUpgrades: true } : {}),
      ...(failures.agentRestarts ? { agentRestarts: true } : {}),
      ...(failures.rackFlaps ? { rackFlaps: true } : {}),
      ...(failures.flaps.length === 0
        ? {}
        : { flaps: failures.flaps.map((one) => ({ rack: one.rack, atMs: one.at, durationMs: one.duration })) }),
      ...(failures.outages.length === 0
        ? {}
        : { outages: failures.outages.map((one) => ({ host: one.host, atMs: one.at, durationMs: one.duration })) }),
      ...(failures.blackHoles.length === 0
        ? {}
        : {
            blackHoles: failures.blackHoles.map((hole) => ({
              host: hole.host,
              fromMs: hole.from,
              toMs: hole.to,
              failAfterMs: hole.failAfter,
              ...(hole.services ? { services: true } : {}),
            })),
          }),
    },
    cost: { ...scenario.cost },
    record: { ...scenario.record },
  });
}

function resolveControlPlane(controlPlane: Scenario['controlPlane']): Plan['controlPlane'] {
  if (controlPlane.kind === 'mesos') return resolveMesos(controlPlane);
  return controlPlane.kind === 'batch' ? resolveBatch(controlPlane) : resolveKubernetes(controlPlane);
}

function resolveKubernetes(
  controlPlane: Exclude<Scenario['controlPlane'], { kind: 'mesos' | 'batch' }>,
): KubernetesPlan {
  return {
    kind: 'kubernetes',
    onlineFit: controlPlane.onlineFit,
    bestEffortFit: controlPlane.bestEffortFit,
    fitWeight: controlPlane.fitWeight,
    loadAwareWeight: controlPlane.loadAwareWeight,
    spreadWeight: controlPlane.spreadWeight,
    bindLatencyMs: controlPlane.bindLatency,
    podStartMs: controlPlane.podStart,
    ...(controlPlane.launch === null ? {} : { launch: resolveLaunch(controlPlane.launch) }),
    podsPerSecond: controlPlane.podsPerSecond,
    initialBackoffMs: controlPlane.initialBackoff,
    maxBackoffMs: controlPlane.maxBackoff,
    preemption: controlPlane.preemption,
    ...resolveReservations(controlPlane),
    ...(controlPlane.gpuPolicy === KUBERNETES_DEFAULTS.gpuPolicy ? {} : { gpuPolicy: controlPlane.gpuPolicy }),
    ...(controlPlane.gpuFit === KUBERNETES_DEFAULTS.gpuFit ? {} : { gpuFit: controlPlane.gpuFit }),
    ...(controlPlane.gpuWeight === KUBERNETES_DEFAULTS.gpuWeight ? {} : { gpuWeight: controlPlane.gpuWeight }),
    ...(Object.keys(controlPlane.quotas).length === 0
      ? {}
      : {
          quotas: Object.entries(controlPlane.quotas).map(([name, quota]) => ({
            name,
            parent: quota.parent,
            populations: [...quota.populations],
            minMilliCpu: quota.minCpu,
            minMemMib: quota.minMemory,
            maxMilliCpu: quota.maxCpu,
            maxMemMib: quota.maxMemory,
            allowLent: quota.allowLent,
            ...(quota.mayScaleMin ? {} : { mayScaleMin: false }),
            ...(quota.sharedCpu === null ? {} : { sharedMilliCpu: quota.sharedCpu }),
            ...(quota.sharedMemory === null ? {} : { sharedMemMib: quota.sharedMemory }),
          })),
          revokeOverusedQuotas: controlPlane.revokeOverusedQuotas,
          ...resolveQuotaPlugin(controlPlane.quotaPlugin),
        }),
  };
}

function resolveService([name, service]: [string, Scenario['online']['explicit'][string]]): ServicePlan {
  const scale = service.autoscale;
  return {
    name,
    latencyClass: service.latencyClass,
    replicas: service.replicas,
    requestMilliCpu: service.cpuRequest,
    limitMilliCpu: service.cpuLimit,
    requestMemMib: service.memRequest,
    ...(service.memUsagePercent === SERVICE_DEFAULTS.memUsagePercent
      ? {}
      : { memUsagePercent: service.memUsagePercent }),
    ...(service.memLimit === 0 ? {} : { memLimitMib: service.memLimit }),
    ...(service.memGrowthPerDay === 0 ? {} : { memGrowthMibPerDay: service.memGrowthPerDay }),
    ...(service.gpu === undefined ? {} : { gpu: gpuRequestOf(service.gpu) }),
    ...resolveIo(service),
    ...(service.clientRetries === 0 ? {} : { clientRetries: service.clientRetries }),
    ...(service.qos === 'LS' ? {} : { qos: service.qos }),
    ...(service.cpuBindPolicy === 'spread-by-pcpus' ? { cpuBindPolicy: 'spread-by-pcpus' as const } : {}),
    ...(service.cpuExclusivePolicy === 'none' ? {} : { cpuExclusivePolicy: service.cpuExclusivePolicy }),
    meanUsagePercent: service.meanUsagePercent,
    peakToTrough: service.peakToTrough,
    nodeSelector: { ...service.nodeSelector },
    tolerations: [...service.tolerations],
    maxPerHost: service.maxPerHost,
    priority: service.priority,
    autoscale:
      scale === null
        ? null
        : {
            minReplicas: scale.minReplicas,
            maxReplicas: scale.maxReplicas,
            targetCpuPercent: scale.targetCpuPercent,
            tolerance: scale.tolerance,
            scaleDownStabilisationMs: scale.scaleDownStabilisation,
            ...(scale.rules === 'hpa'
              ? {}
              : {
                  qae: {
                    maxStep: scale.maxStep,
                    growCooldownMs: scale.growCooldown,
                    shrinkCooldownMs: scale.shrinkCooldown,
                  },
                }),
          },
    ...resolveVertical(service.verticalAutoscale),
    rollingRestartAtMs: [...service.rollingRestartAt],
    ...resolveEstimate(service.loadEstimate),
    ...resolveHealthCheck(service.healthCheck),
    ...(service.rollout === null
      ? {}
      : {
          rollout: {
            minimumHealthCapacity: service.rollout.minimumHealth,
            maximumOverCapacity: service.rollout.overCapacity,
          },
        }),
  };
}

function resolvePopulation([name, population]: [
  string,
  Scenario['bestEffort']['populations'][string],
]): BatchPopulationPlan {
  const sizes = sizesOf(population);
  const { arrivals } = population;
  return {
    name,
    kind: population.kind,
    pressureClass: population.pressureClass ?? POPULATION_DEFAULTS_BY_KIND[population.kind].pressureClass,
    priority: population.priority,
    taskShare: population.taskShare,
    lifeLogMean: population.lifeLogMean,
    lifeLogSigma: population.lifeLogSigma,
    coresChoices: sizes.map((size) => size.cores),
    coresWeights: sizes.map((size) => size.weight),
    ...(sizes.some((size) => size.gpu !== undefined)
      ? { gpuChoices: sizes.map(({ gpu }) => (gpu === undefined ? null : gpuRequestOf(gpu))) }
      : {}),
    memGibPerCore: population.memPerCore / 1024,
    usageOverRequest: population.usageOverRequest,
    arrivalByHour: typeof arrivals === 'string' ? [...(ARRIVAL_CURVES[arrivals] as readonly number[])] : [...arrivals],
    deadlineMs: population.deadline,
    ...resolveEstimate(population.loadEstimate),
    ...resolveGang(population.gang),
    ...(population.preemptible ? {} : { preemptible: false as const }),
    ...resolveIo(population),
    ...resolveExecution(population.execution),
  };
}

function resolveIo({ diskIopsPerCore, networkMbPerCore }: Required<IoPlan>): IoPlan {
  return {
    ...(diskIopsPerCore === 0 ? {} : { diskIopsPerCore }),
    ...(networkMbPerCore === 0 ? {} : { networkMbPerCore }),
  };
}

/** Only what is asked for: a population that asks for nothing has the plan it had. */
function resolveExecution(
  written: Scenario['bestEffort']['populations'][string]['execution'],
): Pick<BatchPopulationPlan, 'execution'> {
  const { shuffle, ...flags } = written;
  const asked = Object.fromEntries(Object.entries(flags).filter(([, isOn]) => isOn));
  if (shuffle === 'none' && Object.keys(asked).length === 0) return {};
  return { execution: { ...asked, ...(shuffle === 'none' ? {} : { shuffle }) } };
}

/** sha256 of the canonical text of a plan, hex; the same trace in another folder is the same plan. */
export function planHash(plan: Plan): string {
  return createHash('sha256')
    .update(canonicalText(withTraceFolders(plan, () => '')))
    .digest('hex');
}

/**
 * A whole small scenario from one number: cluster, services, best effort, faults, water-lines and policies, each drawn so that queues
 * fill, hosts die and best effort is squeezed and evicted within an hour or two of simulated time.
 *
 * The ranges are wider than production's on purpose: a rule that only holds for sensible settings is found out here.
 */
import { MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND } from '../policies/base/units.ts';
import { POLICIES } from '../policies/registry.ts';
import type { ClusterPlan, FailurePlan } from '../sim/plan/cluster.ts';
import type { KoordinatorPlan } from '../sim/plan/koordinator.ts';
import type { KubernetesPlan } from '../sim/plan/kubernetes.ts';
import type { BatchPopulationPlan, BestEffortPlan, OnlinePlan, ServicePlan } from '../sim/plan/workload.ts';
import type { Plan, PolicyPlan } from '../sim/plan.ts';
import { freezePlan } from '../sim/plan.ts';
import { LATENCY_CLASSES, PRESSURE_CLASSES } from '../traces/format.ts';
import { type Draw, drawFrom } from './draw.ts';
import { withDrawnCpusets } from './draw-cpusets.ts';
import { withDrawnExecution } from './draw-execution.ts';
import { withDrawnGpus } from './draw-gpus.ts';
import { withDrawnHeldRoom } from './draw-held.ts';
import { withDrawnIo } from './draw-io.ts';
import { withDrawnMemory } from './draw-memory.ts';
import { withDrawnMesos } from './draw-mesos.ts';
import { withSchedulingRules } from './draw-scheduling.ts';
import { withDrawnVertical } from './draw-vertical.ts';

/** Policies that sell capacity; a plan names at most one beside those that always run. */
const SELLERS = Object.keys(POLICIES).filter((name) => POLICIES[name].sells !== undefined);

const HOURS_A_WEEK = 168;
const HOURS_A_YEAR = 8_760;

/** Share of the scenarios that run on Mesos. */
const MESOS_CHANCE = 0.06;

/** Windows from one second to five minutes, with as many of them as a test can afford. */
const TIMES = [
  { windowMs: MS_PER_SECOND, windows: [120, 900] },
  { windowMs: 10 * MS_PER_SECOND, windows: [60, 540] },
  { windowMs: MS_PER_MINUTE, windows: [30, 300] },
  { windowMs: 5 * MS_PER_MINUTE, windows: [12, 72] },
] as const;

/** The scenario of a seed; equal seeds give equal plans. */
export function drawScenario(seed: number): Plan {
  const draw = drawFrom(seed, 'scenario');
  const time = draw.of(TIMES);
  const horizonMs = time.windowMs * draw.int(time.windows[0], time.windows[1]);
  const hours = horizonMs / MS_PER_HOUR;
  const cluster = drawCluster(draw);
  const hosts = cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const plan: Plan = {
    version: 1,
    name: `fuzz-${seed}`,
    title: '',
    seed: `fuzz-${seed}`,
    horizonMs,
    windowMs: time.windowMs,
    warmUpMs: draw.chance(0.5) ? 0 : Math.floor(horizonMs / 4),
    cluster,
    online: drawOnline(draw, hosts, horizonMs),
    bestEffort: drawBestEffort(draw, hosts, hours),
    controlPlane: drawControlPlane(draw),
    koordinator: drawKoordinator(draw),
    policies: drawPolicies(draw),
    physics: {
      isolation: draw.of(['equal', 'shares', 'noise-clean', 'group-identity', 'core-scheduling', 'kata']),
      corePlacement: draw.of(['blind', 'core-aware']),
      parameters: {},
    },
    slo: { objectivePercent: 99, targetOverBaseline: 1.5, designLoadPercent: 40 },
    failures: drawFailures(draw, hosts, hours),
    cost: {
      pue: 1.3,
      pricePerKwh: 0.1,
      capexPerHost: 8_000,
      lifetimeYears: 4,
      yearlyOverheadPercent: 5,
      currency: 'USD',
    },
    record: { tasks: false, events: false },
  };
  const ofMesos = drawFrom(seed, 'mesos');
  if (ofMesos.chance(MESOS_CHANCE)) return freezePlan(withDrawnMemory(withDrawnMesos(plan, ofMesos), seed));
  const placed = withSchedulingRules(withDrawnCpusets(withDrawnGpus(plan, seed), seed), drawFrom(seed, 'scheduling'));
  const used = withDrawnMemory(withDrawnVertical(placed, seed), seed);
  return freezePlan(withDrawnHeldRoom(withDrawnIo(withDrawnExecution(used, seed), seed), seed));
}

function drawCluster(draw: Draw): ClusterPlan {
  const shape = (name: string, count: number, tainted: boolean) => ({
    name,
    count,
    cpuCores: draw.of([8, 16, 32, 96]),
    memGib: draw.of([16, 64, 256]),
    threadsPerCore: draw.of([1, 2]),
    gpus: 0,
    labels: tainted ? { disk: 'ssd' } : {},
    taints: tainted ? ['disk=ssd:NoSchedule'] : [],
    idleWatts: 100,
    maxWatts: 300,
    memBandwidthGbPerSecond: draw.of([50, 200]),
  });
  const plain = draw.int(4, 30);
  return {
    shapes: [shape('plain', plain, false), shape('disk', draw.int(1, 10), true)],
    hostsPerRack: draw.int(2, 12),
    systemCpuPercent: draw.int(0, 5),
    systemMemPercent: draw.int(0, 5),
    reservedCpuPercent: draw.int(0, 5),
    reservedMemPercent: draw.int(0, 5),
  };
}

function drawOnline(draw: Draw, hosts: number, horizonMs: number): OnlinePlan {
  const fitted = draw.chance(0.2);
  const services = draw.int(1, 3);
  return {
    source: fitted ? 'fit' : 'none',
    services: fitted ? services : 0,
    pods: fitted ? services * hosts * 4 : 0,
    cpuRequestPercent: draw.int(5, 30),
    memRequestPercent: draw.int(5, 30),
    limitOverRequest: 2,
    startDay: draw.of([0, 0.5, 3]),
    loadFactor: draw.of([0.5, 1, 2]),
    explicit: Array.from({ length: draw.int(0, 3) }, (_, i) => drawService(draw, i, hosts, horizonMs)),
  };
}

function drawService(draw: Draw, index: number, hosts: number, horizonMs: number): ServicePlan {
  const replicas = draw.int(1, hosts * draw.of([1, 1, 6]));
  const onDisk = draw.chance(0.3);
  return {
    name: `service-${index}`,
    latencyClass: draw.of(LATENCY_CLASSES),
    replicas,
    requestMilliCpu: draw.of([500, 1000, 4000]),
    limitMilliCpu: draw.of([0, 4000, 8000]),
    requestMemMib: draw.of([512, 2048, 8192]),
    meanUsagePercent: draw.int(5, 90),
    peakToTrough: draw.of([1, 2, 4]),
    nodeSelector: onDisk ? { disk: 'ssd' } : {},
    tolerations: onDisk || draw.chance(0.2) ? ['disk'] : [],
    maxPerHost: draw.of([0, 0, 1, 3]),
    priority: draw.int(9000, 9999),
    autoscale: draw.chance(0.5)
      ? {
          minReplicas: draw.int(1, replicas),
          maxReplicas: replicas + draw.int(0, 20),
          targetCpuPercent: draw.int(10, 90),
          tolerance: 0.1,
          scaleDownStabilisationMs: draw.of([0, MS_PER_MINUTE, 5 * MS_PER_MINUTE]),
        }
      : null,
    rollingRestartAtMs: draw.chance(0.4) ? [draw.int(0, horizonMs), draw.int(0, horizonMs)] : [],
  };
}

function drawBestEffort(draw: Draw, hosts: number, hours: number): BestEffortPlan {
  const tasks = draw.of([0, 20, 300, 1500]);
  const analyticsShare = draw.of([0, 0.5, 1]);
  return {
    tasksPerWeek: Math.round((tasks * HOURS_A_WEEK) / hours),
    offeredPercent: analyticsShare > 0 && draw.chance(0.3) ? draw.int(30, 80) : 0,
    populations: [
      drawPopulation(draw, 'transcode', 1 - analyticsShare, hosts),
      drawPopulation(draw, 'analytics', analyticsShare, hosts),
    ].filter((population) => population.taskShare > 0),
    failureProbability: draw.of([0, 0.05, 0.5, 1]),
    maxRetries: draw.int(0, 3),
  };
}

function drawPopulation(
  draw: Draw,
  kind: 'transcode' | 'analytics',
  taskShare: number,
  hosts: number,
): BatchPopulationPlan {
  return {
    name: kind,
    kind,
    pressureClass: draw.of(PRESSURE_CLASSES),
    priority: draw.int(5000, 5999),
    taskShare,
    lifeLogMean: draw.real(1, 6),
    lifeLogSigma: draw.real(0.1, 1.5),
    coresChoices: [draw.of([0.5, 1, 2]), draw.of([2, 4, 8])],
    coresWeights: [0.5, 0.5],
    memGibPerCore: draw.of([0.1, 1, 4]),
    usageOverRequest: draw.real(0.2, 1),
    arrivalByHour: Array.from({ length: 24 }, (_, hour) => ((hosts + hour) % 2 === 0 ? 1.5 : 0.5)),
    deadlineMs: draw.of([0, MS_PER_HOUR]),
  };
}

function drawControlPlane(draw: Draw): KubernetesPlan {
  return {
    kind: 'kubernetes',
    onlineFit: draw.of(['least-allocated', 'most-allocated']),
    bestEffortFit: draw.of(['least-allocated', 'most-allocated']),
    fitWeight: draw.int(0, 3),
    loadAwareWeight: draw.int(0, 3),
    spreadWeight: draw.int(0, 3),
    bindLatencyMs: draw.int(0, 500),
    podStartMs: draw.int(0, 20_000),
    podsPerSecond: draw.of([1, 30, 300]),
    initialBackoffMs: draw.of([100, 1000]),
    maxBackoffMs: draw.of([1000, 10_000]),
    preemption: draw.chance(0.5),
  };
}

function drawKoordinator(draw: Draw): KoordinatorPlan {
  const evictsOnCpu = draw.chance(0.5);
  const satisfied = draw.of([20, 60]);
  return {
    enabled: draw.chance(0.9),
    cpuReclaimThresholdPercent: draw.int(30, 100),
    memoryReclaimThresholdPercent: draw.int(30, 100),
    cpuCalculatePolicy: draw.of(['usage', 'maxUsageRequest']),
    memoryCalculatePolicy: draw.of(['usage', 'request', 'maxUsageRequest']),
    cpuSuppressThresholdPercent: draw.int(20, 100),
    cpuSuppressMinPercent: draw.of([null, 5]),
    cpuSuppressPolicy: draw.of(['cfsQuota', 'cpuset']),
    memoryEvictThresholdPercent: draw.int(20, 95),
    memoryEvictLowerPercent: draw.of([null, 10]),
    memoryEvictCoolingMs: 4_000,
    cpuEvictSatisfactionLowerPercent: evictsOnCpu ? satisfied : null,
    cpuEvictSatisfactionUpperPercent: evictsOnCpu ? satisfied + draw.int(0, 39) : null,
    cpuEvictUsageThresholdPercent: draw.int(10, 100),
    cpuEvictWindowMs: 60_000,
    cpuEvictCoolingMs: 20_000,
    loadAwareCpuThresholdPercent: draw.of([0, 50, 65, 90]),
    loadAwareMemoryThresholdPercent: draw.of([0, 60, 95]),
    loadAwareCpuEstimateFactor: 85,
    loadAwareMemoryEstimateFactor: 70,
    reportMs: draw.of([60_000, 120_000]),
    aggregateMs: 300_000,
    updateTimeThresholdMs: 300_000,
    resourceDiffThreshold: 0.1,
    degradeMs: 900_000,
  };
}

function drawPolicies(draw: Draw): PolicyPlan[] {
  const policies: PolicyPlan[] = [];
  if (draw.chance(0.4)) policies.push({ name: draw.of(SELLERS), config: {} });
  if (draw.chance(0.3))
    policies.push({ name: 'memory-evict', config: { memoryEvictThresholdPercent: draw.int(20, 80) } });
  return policies;
}

function drawFailures(draw: Draw, hosts: number, hours: number): FailurePlan {
  const yearsOver = HOURS_A_YEAR / hours;
  return {
    enabled: draw.chance(0.7),
    hostCrashesPerYear: draw.real(0, 1.5) * yearsOver,
    rackEventsPerYear: draw.real(0, 2) * yearsOver * (2_000 / hosts),
    repairMedianMs: draw.int(1, 20) * MS_PER_MINUTE,
  };
}

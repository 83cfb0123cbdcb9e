/**
 * Every value a scenario may leave out, as a person would write it, with where it comes from.
 *
 * [A] marks an assumption without data behind it: sweep it before resting a conclusion on it. The schema quotes these
 * values, so they also show up in `schema.json` and in every resolved plan.
 */

export const RUN_DEFAULTS = {
  endWhenDone: false,
  ticksPerMs: 1,
  title: '',
  seed: '1',
  horizon: '1d',
  /** Sweeps run once a minute, the period of a Koordinator node report. */
  window: '60s',
  /** Nothing is cut off unless the scenario says so; the usual choice for a week is one day (MSER-5 on daily means). */
  warmUp: '0s',
} as const;

/** Host: two sockets, SMT 2, 130 W idle, 520 W full, 220 GB/s over both sockets (six DDR4 channels each). [A] */
export const HOST_DEFAULTS = {
  coreSpeed: 1,
  threadsPerCore: 2,
  gpus: 0,
  numaNodes: 1,
  numaTopologyPolicy: 'none',
  gpuModel: '',
  /** NVIDIA T4 and V100-16G. */
  gpuMemory: '16GiB',
  idlePower: '130W',
  maxPower: '520W',
  memBandwidth: '220GB/s',
  disk: 'none',
  /** Koordinator's least legal ratio, which changes nothing. */
  cpuNormalizationRatio: 1,
  cpuAmplificationRatio: 1,
} as const;

/** A batch system as Batsim and Slurm know it: whole hosts, EASY backfilling, estimates that are right. */
export const BATCH_DEFAULTS = {
  hostSharing: 'whole-host',
  backfill: 'easy',
  placement: 'first-fit',
  order: 'strict',
  whenFull: 'wait',
  cpuOvercommitRatio: 1,
  memOvercommitRatio: 1,
  estimateOverDuration: 1,
} as const;

export const GPU_DEFAULTS = { cards: 1, percent: 100 } as const;

export const CLUSTER_DEFAULTS = {
  /** A rack failure takes 40 to 80 machines (J. Dean, typical first year of a cluster); the lower end. */
  hostsPerRack: 40,
  /** Kernel and daemons, 2 cores of a 64-core host. [A] */
  systemCpuPercent: 3,
  systemMemPercent: 4,
  /** Kubelet reservation. Tiered cloud formulas give 0.3 % of CPU and 3.3 % of memory on 96 cores and 512 GiB. */
  reservedCpuPercent: 1,
  reservedMemPercent: 3,
  /** --eviction-hard memory.available of the kubelet as it is shipped. */
  evictionHardMemory: '100MiB',
  evictionSoftMemory: '0MiB',
  evictionSoftGracePeriod: '0s',
} as const;

export const SERVICE_DEFAULTS = {
  latencyClass: 'rpc',
  qos: 'LS',
  cpuBindPolicy: 'default',
  cpuExclusivePolicy: 'none',
  cpuLimit: '0 cores',
  /** Clients give up. */
  clientRetries: 0,
  /** Mean CPU over request of 500 long-lived Azure V2 VMs. */
  meanUsagePercent: 9.2,
  /** Median of the fits. */
  memUsagePercent: 65,
  memLimit: '0MiB',
  memGrowthPerDay: '0MiB',
  /** Median of Alibaba-2018 online containers with a mild day. */
  peakToTrough: 1.4,
  maxPerHost: 0,
  /** Middle of the production band (koord-prod default value). */
  priority: 9500,
} as const;

/** Nothing asks for disk or network unless it says so. */
export const IO_DEFAULTS = { diskIopsPerCore: 0, networkMbPerCore: 0 } as const;

/** Kubernetes autoscaling/v2: 80 % target, tolerance 0.1, downscale stabilisation 300 s. */
export const AUTOSCALE_DEFAULTS = {
  minReplicas: 1,
  targetCpuPercent: 80,
  tolerance: 0.1,
  scaleDownStabilisation: '5m',
  rules: 'hpa',
  /** [A] */
  maxStep: 4,
  growCooldown: '1m',
  shrinkCooldown: '5m',
} as const;

export const VERSION_DEFAULTS = { firstWeight: 100, cpuCost: 1 } as const;

/** Marathon: minimumHealthCapacity and maximumOverCapacity of an app. */
export const ROLLOUT_DEFAULTS = { minimumHealth: '100%', overCapacity: '100%' } as const;

/** [A] */
export const RELEASE_DEFAULTS = { stages: ['10%', '50%', '100%'], stage: '30m', errorMargin: '1%' } as const;

/** Kubernetes VPA: flags of recommender and updater as they are shipped; `cooldown` is ours, 0 = as upstream. */
export const VERTICAL_DEFAULTS = {
  mode: 'in-place-or-recreate',
  controlled: ['cpu', 'memory'] as ('cpu' | 'memory')[],
  cpuHalfLife: '24h',
  memoryHalfLife: '24h',
  targetCpuPercentile: 90,
  targetMemoryPercentile: 90,
  lowerBoundPercentile: 50,
  upperBoundPercentile: 95,
  marginPercent: 15,
  minCpu: '25m',
  maxCpu: '0 cores',
  minMemory: '250MiB',
  maxMemory: '0GiB',
  podLifetime: '12h',
  minChangePercent: 10,
  minReplicas: 2,
  evictionTolerance: 0.5,
  deferredTimeout: '5m',
  cooldown: '0s',
} as const;

export const ONLINE_DEFAULTS = {
  source: 'fit',
  /** 17.8 containers a machine in the Alibaba trace; a scenario states its own figures. */
  services: 24,
  pods: 2000,
  /** Sold share of CPU and memory before co-location. [A]; Alibaba-2018 sold 93.5 % of its CPU. */
  cpuRequestPercent: 80,
  memRequestPercent: 70,
  /** [A] */
  limitOverRequest: 2,
  startDay: 0,
  loadFactor: 1,
} as const;

export const BEST_EFFORT_DEFAULTS = {
  departures: 'end',
  tasksPerWeek: 0,
  offeredPercent: 0,
  /** 1.4 % of Alibaba-2017 batch instances failed. */
  failureProbability: 0.014,
  /** [A] */
  maxRetries: 3,
} as const;

export const POPULATION_DEFAULTS = {
  /** koord-batch default value. */
  priority: 5500,
  /** ln seconds: mean exp(5.6 + 1.5^2 / 2) = 833 s, which Little's law asks of 5 million containers a week. */
  lifeLogMean: 5.6,
  lifeLogSigma: 1.5,
  /** Best-effort pods of the openb trace: 4 cores and 10.4 GiB at the median. */
  memPerCore: '2.6GiB',
  /** [A] */
  usageOverRequest: 0.6,
  arrivals: 'flat',
  deadline: '0s',
} as const;

/** Tasks work at the speed their host gives and start again when they are lost; the rest is asked for. */
export const EXECUTION_DEFAULTS = {
  stragglers: false,
  speculation: false,
  heartbeats: false,
  shuffle: 'none',
  checkpoints: false,
} as const;

/** Sizes and pressure that go with the kind of work. */
export const POPULATION_DEFAULTS_BY_KIND = {
  /** Transcoding containers of 2 to 8 cores. Weights [A]. */
  transcode: {
    pressureClass: 'transcode',
    sizes: [
      { cores: 2, weight: 0.4 },
      { cores: 4, weight: 0.4 },
      { cores: 8, weight: 0.2 },
    ],
  },
  /** Alibaba-2018 instances ask for 0.5 or 1 core; several share a container of 1 to 4 cores. Weights [A]. */
  analytics: {
    pressureClass: 'spark',
    sizes: [
      { cores: 1, weight: 0.3 },
      { cores: 2, weight: 0.4 },
      { cores: 4, weight: 0.3 },
    ],
  },
} as const;

/** Batch tasks by hour of submission, Alibaba-2018 (peak at 3 h, trough at 23 h), to two digits. */
const ALIBABA_2018_TASKS = [
  1.07, 0.9, 0.84, 1.61, 1.24, 1.52, 1.22, 1.22, 0.92, 1.03, 0.87, 0.89, 0.71, 0.74, 0.87, 0.82, 0.89, 1.07, 0.92, 1.02,
  1.09, 1.01, 0.8, 0.7,
];

function withMeanOne(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * weights.length) / sum);
}

/** Named arrival curves, 24 weights with mean 1, index = hour of the day. */
export const ARRIVAL_CURVES: Readonly<Record<string, readonly number[]>> = {
  flat: Array.from({ length: 24 }, () => 1),
  /** Work handed over in the evening and due in the morning: 8 x 1.9 + 16 x 0.55 = 24. [A] */
  night: Array.from({ length: 24 }, (_, hour) => (hour < 8 ? 1.9 : 0.55)),
  'alibaba-2018': withMeanOne(ALIBABA_2018_TASKS),
};

export const KUBERNETES_DEFAULTS = {
  /** NodeResourcesFit of kube-scheduler scores LeastAllocated. */
  onlineFit: 'least-allocated',
  bestEffortFit: 'least-allocated',
  /** kube-scheduler plugin weights: NodeResourcesFit 1, PodTopologySpread 2; LoadAwareScheduling 1. */
  fitWeight: 1,
  loadAwareWeight: 1,
  spreadWeight: 2,
  /** [A] */
  bindLatency: '100ms',
  /** Container start 0.57 s from a local image on SSD, the rest application start. [A] */
  podStart: '2s',
  /** [A] */
  podsPerSecond: 100,
  /** kube-scheduler podInitialBackoffSeconds 1, podMaxBackoffSeconds 10. */
  initialBackoff: '1s',
  maxBackoff: '10s',
  preemption: true,
  /** Koordinator: DeviceShare, LeastAllocated, weight 1. */
  gpuPolicy: 'device-share',
  gpuFit: 'least-allocated',
  gpuWeight: 1,
} as const;

/** Koordinator elastic quota: minima may be lent; pods are taken back only where all quotas are monitored. */
export const QUOTA_DEFAULTS = { minCpu: '0 cores', minMemory: '0GiB', allowLent: true, revokeOverused: false } as const;

/** Koordinator defaults (ColocationStrategy, ResourceThresholdStrategy, LoadAwareSchedulingArgs), but for `enabled`. */
export const KOORDINATOR_DEFAULTS = {
  /** Upstream ships false; a scenario of this lab wants the water-lines unless it says otherwise. */
  enabled: true,
  cpuReclaimThresholdPercent: 60,
  memoryReclaimThresholdPercent: 65,
  cpuCalculatePolicy: 'usage',
  memoryCalculatePolicy: 'usage',
  cpuSuppressThresholdPercent: 65,
  cpuSuppressMinPercent: null,
  cpuSuppressPolicy: 'cpuset',
  memoryEvictThresholdPercent: 70,
  /** null: the threshold minus 2. */
  memoryEvictLowerPercent: null,
  memoryEvictCooling: '4s',
  /** null: eviction by CPU satisfaction is off. */
  cpuEvictSatisfactionLowerPercent: null,
  cpuEvictSatisfactionUpperPercent: null,
  cpuEvictUsageThresholdPercent: 90,
  /** Upstream leaves the window unset, which means one collect interval. */
  cpuEvictWindow: '1s',
  cpuEvictCooling: '20s',
  loadAwareCpuThresholdPercent: 65,
  loadAwareMemoryThresholdPercent: 95,
  loadAwareCpuEstimateFactor: 85,
  loadAwareMemoryEstimateFactor: 70,
  report: '60s',
  aggregate: '300s',
  updateTimeThreshold: '300s',
  resourceDiffThreshold: 0.1,
  degrade: '15m',
} as const;

/** `shares` is what Kubernetes gives BestEffort pods (cpu.shares = 2); placement by the kernel is blind to SMT siblings. */
export const PHYSICS_DEFAULTS = {
  accounting: 'window',
  progress: 'work',
  isolation: 'shares',
  corePlacement: 'blind',
  memoryQos: false,
  memoryRamp: false,
} as const;

/** Objective 99 %, target 1.5 x the own p99 at a design load of 35 % of the limit. [A] beyond the objective. */
export const SLO_DEFAULTS = { objectivePercent: 99, targetOverBaseline: 1.5, designLoadPercent: 35 } as const;

/** Half a crash per host and year [A], 20 rack events a year in 2,000 hosts (J. Dean), reboot in 15 minutes [A]. */
export const FAILURE_DEFAULTS = {
  enabled: false,
  hostCrashesPerYear: 0.5,
  rackEventsPerYear: 20,
  repairMedian: '15m',
  domains: false,
  kernelUpgrades: false,
  agentRestarts: false,
  rackFlaps: false,
} as const;

/** 2 x 26 cores, 384 GB: 60,000 CNY over four years, a quarter of it a year for network, space and people. [A] +-40 % */
export const COST_DEFAULTS = {
  pue: 1.35,
  pricePerKwh: 0.6,
  capexPerHost: 60_000,
  lifetimeYears: 4,
  yearlyOverheadPercent: 25,
  currency: 'CNY',
} as const;

export const RECORD_DEFAULTS = { tasks: false, events: false } as const;

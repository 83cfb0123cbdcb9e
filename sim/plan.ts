/**
 * What a run is made of: the scenario with every default written out, frozen and hashed.
 *
 * A plan is plain JSON. Two plans with the same canonical text and seed give the same digest; nothing outside the plan
 * (environment, clock, order of files) may change a run.
 */
import type { KoordinatorQuirks } from '../policies/koordinator/quirks.ts';
import type { GpuRequest, LatencyClass, PressureClass } from '../traces/format.ts';

/** A group of like hosts. */
export interface HostShapePlan {
  readonly name: string;
  readonly count: number;
  /** Logical CPUs (hardware threads). */
  readonly cpuCores: number;
  readonly memGib: number;
  /** Threads per physical core: 2 with SMT. */
  readonly threadsPerCore: number;
  readonly gpus: number;
  /** NUMA nodes of equal size. Absent = 1. */
  readonly numaNodes?: number;
  /** How many of them a pod with CPUs of its own may need. Absent = none. */
  readonly numaTopologyPolicy?: 'best-effort' | 'restricted' | 'single-numa-node';
  /** Rack of all its hosts. Absent: racks are filled in turn. */
  readonly rack?: number;
  /** Speed of a core over that in which use is counted, where physics runs at events. Absent = 1. */
  readonly coreSpeed?: number;
  /** Power over utilisation where physics runs at events. Absent = linear. */
  readonly powerModel?: 'constant' | 'linear' | 'sqrt' | 'square' | 'cubic';
  /** Of each GPU. Absent: any model, 16 GiB. */
  readonly gpuModel?: string;
  readonly gpuMemGib?: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `key=value:Effect`; a pod without the matching toleration is not placed there. */
  readonly taints: readonly string[];
  readonly idleWatts: number;
  readonly maxWatts: number;
  /** Price of one. Absent = that of CostPlan. */
  readonly capexPerHost?: number;
  /** Memory bandwidth of the whole host. */
  readonly memBandwidthGbPerSecond: number;
  /** How much more a CPU of this model does than the basic one: batch-cpu is sold in basic CPUs. Absent = 1. */
  readonly cpuNormalizationRatio?: number;
  /** Factor on the CPU that services may request. Absent = 1. */
  readonly cpuAmplificationRatio?: number;
  /** Load-aware thresholds of these hosts, which take the place of the scheduler's group by group. Absent = the scheduler's. */
  readonly loadAwareThresholds?: LoadThresholdsPlan;
}

/** Thresholds of load-aware scheduling, percent; null = the group does not name the resource, 0 = it is not looked at. */
export interface LoadThresholdsPlan {
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly prodCpuPercent: number | null;
  readonly prodMemoryPercent: number | null;
  readonly aggregatedCpuPercent: number | null;
  readonly aggregatedMemoryPercent: number | null;
  /** Empty: no aggregated usage. */
  readonly aggregatedType: UsageType | '';
  /** 0 = the longest that reports carry. */
  readonly aggregatedDurationMs: number;
}

export type UsageType = 'avg' | 'p50' | 'p90' | 'p95' | 'p99';

/** Load-aware scheduling beyond whole-node thresholds; absent from a plan that does not ask for it. */
export interface LoadAwarePlan {
  /** Beside the two whole-node thresholds of the koordinator section, which this repeats. */
  readonly thresholds: LoadThresholdsPlan;
  readonly filterExpiredNodeMetrics: boolean;
  readonly enableScheduleWhenNodeMetricsExpired: boolean;
  readonly nodeMetricExpirationMs: number;
  readonly prodUsageIncludeSys: boolean;
  readonly scoreAccordingProdUsage: boolean;
  readonly scoreAggregatedType: UsageType | '';
  readonly scoreAggregatedDurationMs: number;
  readonly cpuWeight: number;
  readonly memoryWeight: number;
  readonly dominantResourceWeight: number;
  /** Durations over which node reports aggregate. */
  readonly aggregateDurationsMs: readonly number[];
  /** Pods may bring their own estimate. */
  readonly allowCustomizeEstimation: boolean;
  /** New pods are held at their estimate for this long after they were bound; 0 = until reports have them. */
  readonly estimatedAfterScheduledMs: number;
}

/** Pods that start together or not at all. */
export interface GangPlan {
  /** 0: the tasks of a stage of a job; else so many pods of the population in the order they are submitted. */
  readonly size: number;
  /** Pods that must be placeable together; 0 = all of them. */
  readonly minMember: number;
  /** Gangs of populations with the same name start together, the n-th of one with the n-th of the others. Absent = each for itself. */
  readonly group?: string;
  readonly strict: boolean;
  readonly matchPolicy: 'only-waiting' | 'waiting-and-running' | 'once-satisfied';
  readonly waitMs: number;
}

/** A pod's own estimate; null = the scheduler's factor. */
export interface LoadEstimatePlan {
  readonly cpuFactor: number | null;
  readonly memoryFactor: number | null;
  readonly afterScheduledMs: number | null;
}

/** The kubelet's own memory.available. */
export const EVICTION_HARD_MIB = 100;

export interface ClusterPlan {
  readonly shapes: readonly HostShapePlan[];
  readonly hostsPerRack: number;
  /** CPU and memory of daemons and kernel, as a share of the host, percent. */
  readonly systemCpuPercent: number;
  readonly systemMemPercent: number;
  /** Kept for the node's own daemons (kubelet reservation), percent of the host. */
  readonly reservedCpuPercent: number;
  readonly reservedMemPercent: number;
  /** The kubelet evicts where less is available; 0 = never. Absent = EVICTION_HARD_MIB. */
  readonly evictionHardMemMib?: number;
}

/** A service written out by hand; fitted scenarios leave this list empty. */
export interface ServicePlan {
  readonly name: string;
  readonly latencyClass: LatencyClass;
  readonly replicas: number;
  readonly requestMilliCpu: number;
  /** 0 = no limit. */
  readonly limitMilliCpu: number;
  readonly requestMemMib: number;
  /** Of the request, used from the start. Absent = that of the fits. */
  readonly memUsagePercent?: number;
  /** Absent = none. */
  readonly memLimitMib?: number;
  /** What a running pod uses more every day. Absent = nothing. */
  readonly memGrowthMibPerDay?: number;
  /** Of one replica; absent = no GPU. */
  readonly gpu?: GpuRequest;
  /** Pods have CPUs of their own. Absent = LS: they share them. */
  readonly qos?: 'LSR' | 'LSE';
  /** Of these CPUs. Absent = whole cores first. */
  readonly cpuBindPolicy?: 'spread-by-pcpus';
  /** Pods keep off cores, or NUMA nodes, of pods with the same policy while there is room. Absent = none. */
  readonly cpuExclusivePolicy?: 'pcpu-level' | 'numa-node-level';
  readonly meanUsagePercent: number;
  /** Largest over smallest hour of the mean day. */
  readonly peakToTrough: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly string[];
  /** Most replicas of this service on one host; 0 = no bound. */
  readonly maxPerHost: number;
  /** Pods of higher value may preempt pods of lower value. Production band 9000..9999. */
  readonly priority: number;
  readonly autoscale: AutoscalePlan | null;
  /** Absent: requests stay as they are written. */
  readonly vertical?: VerticalPlan;
  /** Times from the start of the run at which a rolling restart begins. */
  readonly rollingRestartAtMs: readonly number[];
  /** Absent = as the scheduler estimates. */
  readonly loadEstimate?: LoadEstimatePlan;
  /** It is one version of a service, and gets a share of that one's load. Absent = all the load it is written with. */
  readonly traffic?: TrafficPlan;
  /** Its next version takes over stage by stage. Absent = it keeps its version. */
  readonly release?: ReleasePlan;
  /** How replicas are exchanged in a rolling restart and in a release. Absent = as the orchestrator does by default. */
  readonly rollout?: RolloutPlan;
}

/** The share of a version in the load of its service. */
export interface TrafficPlan {
  /** Name of the service, which is its first version. */
  readonly of: string;
  /** Replicas for which the load of the whole service is designed. */
  readonly designReplicas: number;
  readonly percent: number;
  /** CPU of a request over that of the first version. */
  readonly cpuCost: number;
}

/** A gray release: the next version gets more replicas stage by stage, and none when its requests fail more often. */
export interface ReleasePlan {
  readonly to: string;
  readonly atMs: number;
  /** Shares of the replicas, rising to 100. */
  readonly stagePercents: readonly number[];
  readonly stageMs: number;
  /** How many more of its requests may be late, in percentage points. */
  readonly errorMarginPercent: number;
}

/** Shares of the replicas, 0..1: those that stay healthy, and those that may exist on top. */
export interface RolloutPlan {
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
}

/** Horizontal autoscaler of one service (Kubernetes autoscaling/v2 rules). */
export interface AutoscalePlan {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetCpuPercent: number;
  readonly tolerance: number;
  readonly scaleDownStabilisationMs: number;
  /** Rules of QAE in place of Kubernetes': a step and a pause for each direction. */
  readonly qae?: { readonly maxStep: number; readonly growCooldownMs: number; readonly shrinkCooldownMs: number };
}

/** Vertical autoscaler of one service (Kubernetes VPA). Requests move, limits stay. */
export interface VerticalPlan {
  /** `off`: only recommends; `initial`: sets requests of new pods; the others also of running ones. */
  readonly mode: 'off' | 'initial' | 'recreate' | 'in-place-or-recreate' | 'in-place';
  readonly controlled: readonly ('cpu' | 'memory')[];
  readonly cpuHalfLifeMs: number;
  readonly memoryHalfLifeMs: number;
  readonly targetCpuPercentile: number;
  readonly targetMemoryPercentile: number;
  readonly lowerBoundPercentile: number;
  readonly upperBoundPercentile: number;
  readonly marginPercent: number;
  readonly minMilliCpu: number;
  /** 0 = no maximum. */
  readonly maxMilliCpu: number;
  readonly minMemMib: number;
  readonly maxMemMib: number;
  readonly podLifetimeMs: number;
  readonly minChangePercent: number;
  readonly minReplicas: number;
  /** Share of the replicas that may be disturbed at once, 0..1. */
  readonly tolerance: number;
  readonly deferredMs: number;
  readonly cooldownMs: number;
}

/** An imported trace a run reads. */
export interface TracePlan {
  /** Relative to the current folder unless absolute. */
  readonly folder: string;
  /** Of its content, as traces/trace-identity.ts works it out. */
  readonly sha256: string;
}

export interface OnlinePlan {
  /** `fit`: generated from the committed fits. `replay`: the measured series themselves. `none`: only `explicit`. */
  readonly source: 'fit' | 'replay' | 'none';
  /** The imported trace that is replayed, service by service; without it public series are put on drawn services. */
  readonly trace?: TracePlan;
  readonly services: number;
  readonly pods: number;
  /** Sum of requests over capacity, percent: the mean request per replica is scaled to it. */
  readonly cpuRequestPercent: number;
  readonly memRequestPercent: number;
  /** 0 = no limit. */
  readonly limitOverRequest: number;
  /** Days by which the weekly cycle is shifted: 0 starts on a Monday at local midnight. */
  readonly startDay: number;
  /** Multiplies the mean usage of every fitted service; 1 = as measured. */
  readonly loadFactor: number;
  readonly explicit: readonly ServicePlan[];
}

export interface BatchPopulationPlan {
  readonly name: string;
  /** `transcode`: single containers with lognormal life. `analytics`: staged jobs from the Alibaba-2018 fits. */
  readonly kind: 'transcode' | 'analytics';
  readonly pressureClass: PressureClass;
  readonly priority: number;
  /** Share of `tasksPerWeek`, 0..1; the shares of all populations sum to 1. */
  readonly taskShare: number;
  /** Lognormal life of a transcoding container, seconds. */
  readonly lifeLogMean: number;
  readonly lifeLogSigma: number;
  /** Request sizes with weights. */
  readonly coresChoices: readonly number[];
  readonly coresWeights: readonly number[];
  /** What a container of each size asks of GPUs; absent or null = nothing. */
  readonly gpuChoices?: readonly (GpuRequest | null)[];
  readonly memGibPerCore: number;
  /** CPU used over requested, 0..1. */
  readonly usageOverRequest: number;
  /** 24 weights, mean 1. */
  readonly arrivalByHour: readonly number[];
  /** Deadline after submission; 0 = none. */
  readonly deadlineMs: number;
  /** Absent = as the scheduler estimates. */
  readonly loadEstimate?: LoadEstimatePlan;
  /** Absent = every pod for itself. */
  readonly gang?: GangPlan;
}

export interface BestEffortPlan {
  /** The imported trace whose tasks are replayed, in place of drawn ones; there is then one population. */
  readonly trace?: TracePlan;
  readonly tasksPerWeek: number;
  /** `ignored`: what was placed stays to the end, as packing studies have it. Absent = tasks end. */
  readonly departures?: 'ignored';
  /**
   * Requested core-hours offered over the core-hours of the cluster, percent; 0 leaves the fitted durations as they are.
   * The scale is carried by the durations of `analytics` populations; shapes stay as fitted.
   */
  readonly offeredPercent: number;
  readonly populations: readonly BatchPopulationPlan[];
  /** Chance that an attempt fails on its own (not evicted, not lost with its host). */
  readonly failureProbability: number;
  readonly maxRetries: number;
}

/** One policy with its own configuration, as the registry knows it. */
export interface PolicyPlan {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A share of the batch resources for some populations (Koordinator elastic quota). null = no maximum. */
export interface ElasticQuotaPlan {
  readonly name: string;
  readonly parent: string | null;
  readonly populations: readonly string[];
  readonly minMilliCpu: number;
  readonly minMemMib: number;
  readonly maxMilliCpu: number | null;
  readonly maxMemMib: number | null;
  /** Whether others may use what of the minimum is idle. */
  readonly allowLent: boolean;
  /** Whether the minimum shrinks when the minima of the siblings exceed what there is. Absent = true. */
  readonly mayScaleMin?: boolean;
  /** Weight by which what is left is shared. Absent = the maximum. */
  readonly sharedMilliCpu?: number;
  readonly sharedMemMib?: number;
}

/** How a pod with GPUs gets its host and cards: Koordinator's device share, or a packing policy of the ATC 2023 comparison. */
export type GpuPolicyName =
  | 'device-share'
  | 'random'
  | 'dotprod'
  | 'gpu-clustering'
  | 'gpu-packing'
  | 'best-fit'
  | 'fgd';

/** How the elastic quota plugin works; every field as upstream's arguments. */
export interface QuotaPluginPlan {
  /** Admission compares with the runtime; false: with the maximum. */
  readonly enableRuntimeQuota: boolean;
  readonly enableMinQuotaScale: boolean;
  readonly enableCheckParentQuota: boolean;
  readonly delayEvictMs: number;
}

/** Native capacity of hosts held for pods of some services. */
export interface ReservationPlan {
  readonly name: string;
  readonly count: number;
  readonly milliCpu: number;
  readonly memMib: number;
  /** Owners. */
  readonly services: readonly string[];
  /** The first pod takes all of it. */
  readonly allocateOnce: boolean;
  readonly allocatePolicy: 'default' | 'aligned' | 'restricted';
  /** 0 = none; the smallest order is taken first. */
  readonly order: number;
  readonly atMs: number;
  /** 0 = never expires. */
  readonly ttlMs: number;
}

export interface KubernetesPlan {
  readonly kind: 'kubernetes';
  /** Absent: device-share. */
  readonly gpuPolicy?: GpuPolicyName;
  /** Device share: spread over cards or fill them, and the weight beside the other scores. Absent: least-allocated, 1. */
  readonly gpuFit?: 'least-allocated' | 'most-allocated';
  readonly gpuWeight?: number;
  /** Absent: best effort starts wherever it fits. */
  readonly quotas?: readonly ElasticQuotaPlan[];
  /** Absent = production's arguments. */
  readonly quotaPlugin?: QuotaPluginPlan;
  /** Absent: nothing is held for anybody. */
  readonly reservations?: readonly ReservationPlan[];
  /** Weight of the reservation score. */
  readonly reservationWeight?: number;
  /** Quotas above their share for two minutes give pods back. */
  readonly revokeOverusedQuotas?: boolean;
  /** `least-allocated` spreads, `most-allocated` packs. */
  readonly onlineFit: 'least-allocated' | 'most-allocated';
  readonly bestEffortFit: 'least-allocated' | 'most-allocated';
  /** Weights of the score plugins. */
  readonly fitWeight: number;
  readonly loadAwareWeight: number;
  readonly spreadWeight: number;
  readonly bindLatencyMs: number;
  readonly podStartMs: number;
  /** Image pull and container creation in front of the application; then `podStartMs` does not count. Absent: `podStartMs` for all. */
  readonly launch?: LaunchPlan;
  /** Pods the scheduler can decide per simulated second. */
  readonly podsPerSecond: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly preemption: boolean;
}

/** A role of the Mesos allocator. Amounts of 0: no guarantee, no limit. */
export interface MesosRolePlan {
  readonly name: string;
  readonly weight: number;
  readonly guaranteeMilliCpu: number;
  readonly guaranteeMemMib: number;
  readonly limitMilliCpu: number;
  readonly limitMemMib: number;
}

/** Part of every agent of some shapes that only a role (and roles below it) is offered. */
export interface MesosReservationPlan {
  readonly name: string;
  readonly role: string;
  /** `static`: the agent starts with it. `dynamic`: an operator reserves it at `atMs`. */
  readonly kind: 'static' | 'dynamic';
  /** The reservation whose resources it takes, for a role below that one's; empty = unreserved resources. */
  readonly refines: string;
  /** Shapes of hosts; empty = all. */
  readonly shapes: readonly string[];
  readonly milliCpu: number;
  readonly memMib: number;
  readonly diskMib: number;
  readonly atMs: number;
  /** The operator gives it back then; 0 = never. */
  readonly untilMs: number;
}

/** A job of Chronos: it runs by its schedule, or after its parents. */
export interface ChronosJobPlan {
  readonly name: string;
  /** ISO 8601 repeating interval; empty = dependent on `parents`. */
  readonly schedule: string;
  /** Takes the place of the zone in the schedule; empty = that in the text. */
  readonly timeZone: string;
  readonly parents: readonly string[];
  /** Of one run on an idle host. */
  readonly durationMs: number;
  readonly milliCpu: number;
  readonly memMib: number;
  readonly diskMib: number;
  /** CPU used over requested, 0..1. */
  readonly usageOverRequest: number;
  readonly pressureClass: PressureClass;
  /** A run later than this is missed. */
  readonly epsilonMs: number;
  /** Tries after the first. */
  readonly retries: number;
  /** A final failure counts as a success for the jobs behind it. */
  readonly softError: boolean;
  /** A run may start beside one that still runs. */
  readonly concurrent: boolean;
  /** 0 is the most urgent. */
  readonly lane: number;
  readonly constraints: readonly { readonly field: string; readonly operator: string; readonly value: string }[];
}

/** The population that runs of a job are counted in. */
export function jobPopulation(framework: string, job: string): string {
  return `${framework}/${job}`;
}

/** A framework that registers with the Mesos master. */
export interface MesosFrameworkPlan {
  readonly name: string;
  /** Marathon runs every online service; the others run the populations listed. One that runs nothing declines what it is offered. */
  readonly kind: 'marathon' | 'chronos' | 'sisyphus' | 'spark-like' | 'storm-like' | 'root-framework';
  readonly role: string;
  readonly populations: readonly string[];
  /** Chronos: jobs that it runs by their schedules and graph. Absent = none. */
  readonly jobs?: readonly ChronosJobPlan[];
  /** Services that a root framework runs: schedulers of nested frameworks. */
  readonly services: readonly string[];
  /** Marathon: rules of placement by service. */
  readonly constraints: readonly {
    readonly service: string;
    readonly rules: readonly { readonly field: string; readonly operator: string; readonly value: string }[];
  }[];
  /** Cluster it registers with; empty where there is one. */
  readonly cluster: string;
  /** Service whose replica is its scheduler; empty = a process outside. */
  readonly scheduler: string;
  /** Disk that each of its tasks asks for. */
  readonly taskDiskMib: number;
  /** New tasks go to the first of `spillTo` with a shorter queue when as many wait; 0 = never. */
  readonly spillAtQueue: number;
  readonly spillTo: readonly string[];
  /** Is offered resources whose reservation was refined; absent = true. */
  readonly reservationRefinement?: boolean;
  /** Its tasks on an agent that is not heard are unreachable, not lost. Absent: lost. */
  readonly partitionAware?: boolean;
  /** Sees agents with GPUs where those are kept for frameworks that use them. */
  readonly gpuCapable: boolean;
  /** How long its tasks outlive a lost scheduler. */
  readonly failoverTimeoutMs: number;
  /** The framework's own settings that differ from its defaults, in its own words. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What best effort is sold beside what services asked for. */
export type MesosOversubscriptionPlan =
  | { readonly kind: 'none' }
  /** Every agent offers this many times what it has, to everybody. */
  | { readonly kind: 'static'; readonly cpuRatio: number; readonly memRatio: number }
  /** Policies sell slack as revocable CPU and kill when it must be given back. */
  | { readonly kind: 'revocable' };

/** From a launch to a running container. */
export interface LaunchPlan {
  /** Containers that the host's daemon creates at once. */
  readonly lanes: number;
  readonly createMs: number;
  /** From the container's start until its application answers. */
  readonly startMs: number;
  /** Pulled once a host and service or population; 0 = images are there. */
  readonly imageMb: number;
  readonly nicMbPerSecond: number;
  readonly registryMbPerSecond: number;
  /** Images come from peers, at this factor over the time of the network alone. Absent: from the registry. */
  readonly peerPullFactor?: number;
}

/** Something that goes wrong, or is set right, at a time. */
export interface MesosIncidentPlan {
  readonly atMs: number;
  /** `scheduler-lost`: its connection breaks. `resubscribe`: it registers anew. `master-lost`: another master takes over. */
  readonly kind:
    | 'store-fails'
    | 'store-mended'
    | 'scheduler-lost'
    | 'resubscribe'
    | 'master-lost'
    | 'partition'
    | 'maintenance'
    | 'leaders-disagree';
  /** Empty for the master and for hosts. */
  readonly framework: string;
  /** Whose master is lost; empty where there is one. */
  readonly cluster: string;
  /** Host rows of a partition or a maintenance window, how long it lasts, and how long before it is announced. */
  readonly hosts: readonly number[];
  readonly lastsMs: number;
  readonly noticeMs: number;
  /** `leaders-disagree`: the leader that each node of a scheduler believes in, and the balancer in front of them. */
  readonly leaders?: LeadersPlan;
}

export interface LeadersPlan {
  readonly believed: readonly number[];
  readonly balancer: { readonly hopMs: number; readonly timeoutMs: number; readonly tries: number };
}

export interface MesosPlan {
  readonly kind: 'mesos';
  /** `modern`: 1.9 and later. `0.2x`: 0.19 to 0.22. */
  readonly variant: 'modern' | '0.2x';
  readonly allocationIntervalMs: number;
  /** 0 = offers live until they are answered. */
  readonly offerTimeoutMs: number;
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  readonly filterGpuResources: boolean;
  /** Time of an allocation run. Absent: none. */
  readonly allocatorCost?: { readonly perAgentUs: number; readonly perAgentFrameworkUs: number };
  readonly roles: readonly MesosRolePlan[];
  /** Absent = nothing is reserved. */
  readonly reservations?: readonly MesosReservationPlan[];
  readonly frameworks: readonly MesosFrameworkPlan[];
  /** Clusters of a federation by shapes of hosts; none = all hosts are one. */
  readonly clusters: readonly { readonly name: string; readonly shapes: readonly string[] }[];
  readonly oversubscription: MesosOversubscriptionPlan;
  readonly launch: LaunchPlan;
  /** A silent agent is lost after timeout x misses. */
  readonly agentPingTimeoutMs: number;
  readonly agentMaxPingTimeouts: number;
  /** Time for agents to register with a new master. */
  readonly agentReregisterTimeoutMs: number;
  /** At most so many agents are given up in a time. Absent: no limit. */
  readonly agentRemovalRate?: { readonly agents: number; readonly perMs: number };
  /** First bound of the uniform wait before an agent registers. */
  readonly agentBackoffMs: number;
  readonly zooKeeperSessionMs: number;
  readonly diskGibPerAgent: number;
  /** What calendars show at time 0, ms since 1970; absent where no schedule reads them. */
  readonly startsAtMs?: number;
  readonly incidents: readonly MesosIncidentPlan[];
}

/** A batch system: one queue, no services' plugins, hosts sold once. */
export interface BatchPlan {
  readonly kind: 'batch';
  /** `whole-host`: a task has its host alone and the tasks of a job start together, when `backfill` says. `shared`: one after another by `placement`. */
  readonly hostSharing: 'whole-host' | 'shared';
  readonly backfill: 'fcfs' | 'easy' | 'easy-count' | 'conservative';
  /** Name of a VM policy; ignored where gpuPolicy is given. */
  readonly placement: string;
  /** Every task, with GPUs or without, goes where this packing policy says. Absent = `placement`. */
  readonly gpuPolicy?: Exclude<GpuPolicyName, 'device-share'>;
  /** `strict`: who does not fit holds up everyone behind; `skip`: others pass. */
  readonly order: 'strict' | 'skip';
  /** `drop`: a task that fits nowhere when it is tried is given up. */
  readonly whenFull: 'wait' | 'drop';
  /** Hosts sell this many times what they have. Absent = 1. */
  readonly cpuOvercommitRatio?: number;
  readonly memOvercommitRatio?: number;
  /** What users say a task takes at most, over what it takes; 0 = they say nothing. A replayed trace's own estimates win. */
  readonly estimateOverDuration: number;
}

export type ControlPlanePlan = KubernetesPlan | MesosPlan | BatchPlan;

export interface KoordinatorPlan {
  readonly enabled: boolean;
  /** Water-line 1: batch CPU and memory sold. */
  readonly cpuReclaimThresholdPercent: number;
  readonly memoryReclaimThresholdPercent: number;
  readonly cpuCalculatePolicy: 'usage' | 'maxUsageRequest';
  readonly memoryCalculatePolicy: 'usage' | 'request' | 'maxUsageRequest';
  /** Water-line 2: best effort squeezed. */
  readonly cpuSuppressThresholdPercent: number;
  readonly cpuSuppressMinPercent: number | null;
  readonly cpuSuppressPolicy: 'cfsQuota' | 'cpuset';
  /** Water-line 3: best effort killed. */
  readonly memoryEvictThresholdPercent: number;
  readonly memoryEvictLowerPercent: number | null;
  readonly memoryEvictCoolingMs: number;
  readonly cpuEvictSatisfactionLowerPercent: number | null;
  readonly cpuEvictSatisfactionUpperPercent: number | null;
  readonly cpuEvictUsageThresholdPercent: number;
  readonly cpuEvictWindowMs: number;
  readonly cpuEvictCoolingMs: number;
  /** Water-line 4: node refused. 0 = resource not looked at. */
  readonly loadAwareCpuThresholdPercent: number;
  readonly loadAwareMemoryThresholdPercent: number;
  readonly loadAwareCpuEstimateFactor: number;
  readonly loadAwareMemoryEstimateFactor: number;
  /** Node reports: average over `aggregateMs`, every `reportMs`. */
  readonly reportMs: number;
  readonly aggregateMs: number;
  readonly updateTimeThresholdMs: number;
  readonly resourceDiffThreshold: number;
  readonly degradeMs: number;
  /** Absent: the whole-node thresholds above, every pod at its request's share until two reports have passed. */
  readonly loadAware?: LoadAwarePlan;
  /** false: hosts with a NUMA topology policy sell batch resources whole. Absent = by NUMA node. */
  readonly numaBatch?: false;
  /** Quirks of production that are turned off, by name; absent = none. */
  readonly quirks?: Readonly<Partial<KoordinatorQuirks>>;
}

export interface PhysicsPlan {
  /** equal, shares (2), noise-clean, group-identity, core-scheduling. */
  readonly isolation: 'equal' | 'shares' | 'noise-clean' | 'group-identity' | 'core-scheduling' | 'kata';
  readonly corePlacement: 'blind' | 'core-aware';
  /** `event`: hosts are shared again at every change and metered exactly, without contention; for batch work alone. Absent = by windows. */
  readonly accounting?: 'event';
  /** Under `event`: a task lasts until its work is done, or (`no-delay`) as long as recorded whatever CPU it gets. Absent = work. */
  readonly progress?: 'no-delay';
  /** memory.min and memory.low protect services from reclaim. Absent = false. */
  readonly memoryQos?: boolean;
  /** Coefficients that differ from the parameter table, by name. */
  readonly parameters: Readonly<Record<string, number>>;
}

export interface SloPlan {
  /** Share of requests that must be answered in time, percent. */
  readonly objectivePercent: number;
  /** Target over the service's own p99 at design load. */
  readonly targetOverBaseline: number;
  readonly designLoadPercent: number;
}

export interface FailurePlan {
  readonly enabled: boolean;
  /** Of one host. */
  readonly hostCrashesPerYear: number;
  /** Among 2,000 hosts; other clusters in proportion. */
  readonly rackEventsPerYear: number;
  readonly repairMedianMs: number;
  /** Outages by the failure model of the host physics: soft and hard failures, racks, power domains. Absent = false. */
  readonly domains?: boolean;
  /** Hosts are drained for kernel upgrades, one after another. Absent = false. */
  readonly kernelUpgrades?: boolean;
  /** Agents of the nodes restart now and then. Absent = false. */
  readonly agentRestarts?: boolean;
  /** Hosts that are down at set times, beside what is drawn. */
  readonly outages?: readonly OutagePlan[];
  /** Hosts on which every task fails soon after its start; the host itself looks healthy. */
  readonly blackHoles?: readonly BlackHolePlan[];
}

export interface OutagePlan {
  readonly host: number;
  readonly atMs: number;
  readonly durationMs: number;
}

export interface BlackHolePlan {
  readonly host: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Work done before the failure. */
  readonly failAfterMs: number;
  /** Replicas of services that start there fail too. Absent = best effort alone. */
  readonly services?: boolean;
}

export interface CostPlan {
  readonly pue: number;
  readonly pricePerKwh: number;
  /** Of shapes without a price of their own. */
  readonly capexPerHost: number;
  readonly lifetimeYears: number;
  readonly yearlyOverheadPercent: number;
  readonly currency: string;
}

export interface RecordPlan {
  readonly tasks: boolean;
  readonly events: boolean;
}

export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly title: string;
  readonly seed: string;
  readonly horizonMs: number;
  /** The run ends when the last task is done or given up. Absent = at the horizon. */
  readonly endWhenDone?: boolean;
  /** Instants are whole ticks. Absent = 1, milliseconds. */
  readonly ticksPerMs?: number;
  readonly windowMs: number;
  /** Left out of every summary figure. */
  readonly warmUpMs: number;
  readonly cluster: ClusterPlan;
  readonly online: OnlinePlan;
  readonly bestEffort: BestEffortPlan;
  readonly controlPlane: ControlPlanePlan;
  readonly koordinator: KoordinatorPlan;
  /** Policies by name beyond those the control plane always has; the order is the order they run in. */
  readonly policies: readonly PolicyPlan[];
  readonly physics: PhysicsPlan;
  readonly slo: SloPlan;
  readonly failures: FailurePlan;
  readonly cost: CostPlan;
  readonly record: RecordPlan;
}

/** Keys sorted at every depth, so that equal plans have equal text. Numbers as JSON writes them; arrays keep their order. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(record[key])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The plan with the folders of its traces put elsewhere: where a trace lies is no part of what is run, its sha256 is. */
export function withTraceFolders(plan: Plan, folderOf: (trace: TracePlan) => string): Plan {
  const moved = <Section extends { readonly trace?: TracePlan }>(section: Section): Section =>
    section.trace === undefined
      ? section
      : { ...section, trace: { ...section.trace, folder: folderOf(section.trace) } };
  return { ...plan, online: moved(plan.online), bestEffort: moved(plan.bestEffort) };
}

/** Freezes a plan at every depth and returns it. */
export function freezePlan<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezePlan(inner);
  }
  return value;
}

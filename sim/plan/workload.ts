/** What a run does: services and best effort, written out by hand, drawn from the fits or replayed from a trace. */
import type { HealthCheck } from '../../policies/marathon/health-check.ts';
import type { RecommenderConfig } from '../../policies/vertical/recommender.ts';
import type { UpdaterConfig } from '../../policies/vertical/updater.ts';
import type { BatchPopulationConfig } from '../../traces/batch-config.ts';
import type { GpuRequest, LatencyClass } from '../../traces/format.ts';

/** An imported trace a run reads. */
export interface TracePlan {
  /** Relative to the current folder unless absolute. */
  readonly folder: string;
  /** Of its content, as traces/trace-identity.ts works it out. */
  readonly sha256: string;
}

/** A pod's own estimate; null = the scheduler's factor. */
export interface LoadEstimatePlan {
  readonly cpuFactor: number | null;
  readonly memoryFactor: number | null;
  readonly afterScheduledMs: number | null;
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

/** What work asks of disk and network, for a core in use. Absent = nothing. */
export interface IoPlan {
  readonly diskIopsPerCore?: number;
  readonly networkMbPerCore?: number;
}

/** A service written out by hand; fitted scenarios leave this list empty. */
export interface ServicePlan extends IoPlan {
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
  /** How often clients send a request again that missed its target. Absent = never. */
  readonly clientRetries?: number;
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
  /** Checks by which its orchestrator kills replicas that do not answer in time. Absent = those of its Marathon, or none. */
  readonly healthCheck?: HealthCheck;
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

/** Vertical autoscaler of one service (Kubernetes VPA). Memory in the plan's unit. */
export interface VerticalPlan extends UpdaterConfig, Omit<RecommenderConfig, 'minMemBytes' | 'maxMemBytes'> {
  /** `off`: only recommends; `initial`: sets requests of new pods; the others also of running ones. */
  readonly mode: 'off' | 'initial' | 'recreate' | 'in-place-or-recreate' | 'in-place';
  readonly controlled: readonly ('cpu' | 'memory')[];
  /** Limits keep their ratio to requests. Absent = they stay, and bound what is requested. */
  readonly movesLimits?: true;
  readonly minMemMib: number;
  /** 0 = no maximum. */
  readonly maxMemMib: number;
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

/** What happens to tasks between start and end beyond work at the speed the host gives; figures are in the parameter table. */
export interface ExecutionPlan {
  /** Like tasks take unlike times. Absent = as long as they are. */
  readonly stragglers?: boolean;
  /** Tasks far behind their stage get a copy; whichever ends first counts. Absent = none does. */
  readonly speculation?: boolean;
  /** A task is lost when the best effort of its host is starved and gets less than two CPUs for too long. Absent = never. */
  readonly heartbeats?: boolean;
  /** Where the output of a stage lies until the next has read it: on the host of the task, or in a shuffle service. Absent = it is never lost. */
  readonly shuffle?: 'local' | 'remote';
  /** A task that is lost goes on from its last checkpoint. Absent = from the start. */
  readonly checkpoints?: boolean;
}

export interface BatchPopulationPlan extends BatchPopulationConfig, IoPlan {
  /** Absent = as the scheduler estimates. */
  readonly loadEstimate?: LoadEstimatePlan;
  /** Absent = every pod for itself. */
  readonly gang?: GangPlan;
  /** false: pods of its elastic quota push it not out, and it must fit into the quota's minimum. Absent = true. */
  readonly preemptible?: false;
  readonly execution?: ExecutionPlan;
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

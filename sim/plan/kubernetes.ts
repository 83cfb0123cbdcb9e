/** The Kubernetes control plane: scheduler, elastic quotas, reservations, and how a container starts. */
import type { GpuRequest } from '../../traces/format.ts';

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

/** Capacity of hosts held for pods of some services, or of some populations in the tier of their class. */
export interface ReservationPlan {
  readonly name: string;
  readonly count: number;
  readonly milliCpu: number;
  readonly memMib: number;
  /** Owners: services, or populations. */
  readonly services: readonly string[];
  readonly populations?: readonly string[];
  /** Cards it holds beside. */
  readonly gpu?: GpuRequest;
  /** It holds its CPUs by their numbers, for pods that own theirs. */
  readonly cpuset?: { readonly qos: 'LSR' | 'LSE'; readonly spread: boolean };
  /** The first pod takes all of it. */
  readonly allocateOnce: boolean;
  readonly allocatePolicy: 'default' | 'aligned' | 'restricted';
  /** 0 = none; the smallest order is taken first. */
  readonly order: number;
  readonly atMs: number;
  /** 0 = never expires. */
  readonly ttlMs: number;
}

/** From a launch to a running container. */
export interface LaunchPlan {
  /** Containers that the host's daemon creates at once. */
  readonly lanes: number;
  /** On overlay. */
  readonly createMs: number;
  /** Where the daemon keeps images; absent: overlay. */
  readonly storageDriver?: 'device-mapper' | 'device-mapper-loop';
  /** From the container's start until its application answers. */
  readonly startMs: number;
  /** Pulled once a host and service or population; 0 = images are there. */
  readonly imageMb: number;
  readonly nicMbPerSecond: number;
  readonly registryMbPerSecond: number;
  /** Images come from peers, at this factor over the time of the network alone. Absent: from the registry. */
  readonly peerPullFactor?: number;
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

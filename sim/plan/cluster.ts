/** The hosts of a run, and when they fail. */
import type { LoadThresholdsPlan } from './koordinator.ts';

/** What a device does and takes is in the parameter table. */
export type DiskKind = 'hdd' | 'ssd' | 'nvme';

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
  /** Device that pods read and write. Absent: not modelled. */
  readonly disk?: DiskKind;
  /** Network of the whole host. Absent: not modelled. */
  readonly networkGbPerSecond?: number;
  /** How much more a CPU of this model does than the basic one: batch-cpu is sold in basic CPUs. Absent = 1. */
  readonly cpuNormalizationRatio?: number;
  /** Factor on the CPU that services may request. Absent = 1. */
  readonly cpuAmplificationRatio?: number;
  /** Load-aware thresholds of these hosts, which take the place of the scheduler's group by group. Absent = the scheduler's. */
  readonly loadAwareThresholds?: LoadThresholdsPlan;
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
  /** It also evicts where less than this has been available for the grace period. Absent = no such threshold. */
  readonly evictionSoft?: { readonly memMib: number; readonly graceMs: number };
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
  /** Top-of-rack switches lose packets now and then. Absent = false. */
  readonly rackFlaps?: boolean;
  /** Racks whose switch loses packets at set times, beside what is drawn. */
  readonly flaps?: readonly FlapPlan[];
  /** Hosts that are down at set times, beside what is drawn. */
  readonly outages?: readonly OutagePlan[];
  /** Hosts on which every task fails soon after its start; the host itself looks healthy. */
  readonly blackHoles?: readonly BlackHolePlan[];
}

export interface FlapPlan {
  readonly rack: number;
  readonly atMs: number;
  readonly durationMs: number;
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

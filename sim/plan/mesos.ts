/** The Mesos control plane: allocator, roles, frameworks and what happens to them. */
import type { PressureClass } from '../../traces/format.ts';
import type { LaunchPlan } from './kubernetes.ts';

/** Guarantee and limit of a role. Amounts of 0: no guarantee, no limit. */
export interface MesosQuotaPlan {
  readonly name: string;
  readonly guaranteeMilliCpu: number;
  readonly guaranteeMemMib: number;
  readonly limitMilliCpu: number;
  readonly limitMemMib: number;
}

/** A role of the Mesos allocator. */
export interface MesosRolePlan extends MesosQuotaPlan {
  readonly weight: number;
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
  /** Marathon: what becomes of replicas that are not heard of, by service; null = they are waited for. Absent: as its settings say. */
  readonly unreachable?: readonly {
    readonly service: string;
    readonly strategy: { readonly inactiveAfterMs: number; readonly expungeAfterMs: number } | null;
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
  /** How long its tasks run on when they are asked to end. Absent: they end at once. */
  readonly killGraceMs?: number;
  /** How long its tasks outlive a lost scheduler. */
  readonly failoverTimeoutMs: number;
  /** The framework's own settings that differ from its defaults, in its own words. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Something that an operator asks of a master while it leads. */
export type MesosOperationPlan = {
  readonly atMs: number;
  /** Whose master; empty where there is one, and for hosts. */
  readonly cluster: string;
} & (
  | {
      /** No offers of these agents any more, their tasks are killed; `maxGraceMs` bounds how long they may take (null: they take their own time). */
      readonly kind: 'drain-agents';
      readonly hosts: readonly number[];
      readonly maxGraceMs: number | null;
      /** An agent that is empty is gone for good. */
      readonly marksGone: boolean;
    }
  /** No offers of these agents any more, or again. */
  | { readonly kind: 'deactivate-agents' | 'reactivate-agents'; readonly hosts: readonly number[] }
  | { readonly kind: 'update-weights'; readonly weights: readonly { readonly role: string; readonly weight: number }[] }
  /** `force` skips the checks against the cluster and against what is consumed. */
  | { readonly kind: 'update-quota'; readonly quotas: readonly MesosQuotaPlan[]; readonly force: boolean }
);

/** What best effort is sold beside what services asked for. */
export type MesosOversubscriptionPlan =
  | { readonly kind: 'none' }
  /** Every agent offers this many times what it has, to everybody. */
  | { readonly kind: 'static'; readonly cpuRatio: number; readonly memRatio: number }
  /** Policies sell slack as revocable CPU and kill when it must be given back. */
  | { readonly kind: 'revocable' };

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
  /** In order of time. Absent = an operator asks nothing. */
  readonly operations?: readonly MesosOperationPlan[];
}

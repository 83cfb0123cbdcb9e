/** Everything the Mesos plane remembers, and what it is told about the run when it is built. */
import { fail } from '../../../policies/base/assert.ts';
import type {
  AgentDirectory,
  FrameworkActions,
  FrameworkContext,
  PlacementConstraint,
  StatusUpdate,
} from '../../../policies/framework.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from '../../../policies/mesos/allocator-variants.ts';
import { MesosMaster } from '../../../policies/mesos/master-lifecycle.ts';
import type { TaskId } from '../../../policies/mesos/master-messages.ts';
import { noLimits, noQuantities } from '../../../policies/mesos/resource-quantities.ts';
import { isDefaultQuota, type Quota } from '../../../policies/mesos/role-tree.ts';
import type { MesosIncidentPlan, MesosPlan, MesosQuotaPlan, MesosRolePlan } from '../../plan/mesos.ts';
import type { PlaneContext } from '../control-plane.ts';
import { createPipeline, type LaunchPipeline } from '../launch-pipeline.ts';
import { type AgentKinds, createKinds } from './agents.ts';
import { type ActionPool, createDriver, type Driver } from './driver.ts';
import type { Door, Knock } from './front-door.ts';
import { PlaneRandom } from './plane-random.ts';
import type { ReservingStep } from './reservations.ts';
import { createSparkBooks, type SparkBooks } from './spark-books.ts';
import { createTally, type Tally } from './tally.ts';

/** A service as Marathon is told of it. */
export interface ServiceWork {
  readonly name: string;
  readonly milliCpu: number;
  readonly memMib: number;
  /** Whole GPUs of a replica. */
  readonly gpus: number;
  readonly constraints: readonly PlacementConstraint[];
  /** What its Marathon does where it cannot be reached, null = waits; absent = as that Marathon's settings say. */
  readonly unreachable?: { readonly inactiveAfterMs: number; readonly expungeAfterMs: number } | null;
}

/** What the plane is told when it is built. */
export interface MesosSetup {
  readonly context: PlaneContext;
  readonly plan: MesosPlan;
  readonly agents: AgentDirectory;
  /** GPUs by host. */
  readonly gpus: Int32Array;
  readonly services: readonly ServiceWork[];
  /** Driver of each population; drivers are numbered as in the plan. */
  readonly driverOfPopulation: Int32Array;
  readonly populations: readonly string[];
  /** Driver of each service. */
  readonly driverOfService: Int32Array;
  /** Cluster of each host, and of each framework. */
  readonly clusterOfHost: Int32Array;
  readonly clusterOfDriver: Int32Array;
  /** Name of the shape of each host, and what an operator does about reservations. */
  readonly shapeOfHost: readonly string[];
  readonly reserving: readonly ReservingStep[];
  /** Maintenance windows of the plan. */
  readonly maintenance: readonly MesosIncidentPlan[];
  readonly salt: number;
}

export const AGENT = { unknown: 0, registered: 1, disconnected: 2 } as const;

/** What the engine told since the last wake. */
export type Note =
  | { readonly kind: 'pending'; readonly row: number; readonly id: number }
  | { readonly kind: 'withdrawn'; readonly service: number }
  | {
      readonly kind: 'started';
      readonly row: number;
      readonly id: number;
      readonly host: number;
      readonly task: number;
    }
  | {
      readonly kind: 'left';
      readonly row: number;
      readonly id: number;
      readonly host: number;
      readonly task: number;
      readonly work: number;
      readonly driver: number;
      readonly change: number;
    }
  | { readonly kind: 'host'; readonly host: number }
  | { readonly kind: 'application'; readonly job: number; readonly isOver: boolean }
  | { readonly kind: 'unhealthy'; readonly row: number; readonly task: number }
  | { readonly kind: 'answers'; readonly driver: number; readonly rows: FrameworkActions }
  | { readonly kind: 'reports' };

/** A host that the master cannot hear. */
export interface Silence {
  readonly fromMs: number;
  /** End of the partition; Infinity for a dead host. */
  healMs: number;
  /** The master gave its agent up. */
  lost: boolean;
  /** What the engine told of its tasks since. */
  notes: Note[];
}

/** An agent that an operator has drained or deactivated. */
export interface Closure {
  /** Null: deactivated, its tasks run on. */
  readonly drain: { readonly fromMs: number; readonly maxGraceMs: number | null; readonly marksGone: boolean } | null;
  /** Its tasks were asked to end. */
  asked: boolean;
  /** When its last task was over; -1 = not yet. */
  emptyAtMs: number;
  /** Marked gone: it never registers again. */
  gone: boolean;
}

/** Mutable state; plain data and instances of the policies' classes. */
export interface MesosState {
  readonly kinds: AgentKinds;
  readonly random: PlaneRandom;
  /** One a cluster. */
  readonly masters: MesosMaster[];
  readonly drivers: Driver[];
  readonly pipeline: LaunchPipeline;
  begun: boolean;
  notes: Note[];
  /** Rows that wait for a host, and those of each service in order of waiting. */
  waiting: Uint8Array;
  readonly waitingOf: Set<number>[];
  /** Services that have fewer replicas than Marathon was told. */
  readonly shrunk: Set<number>;
  /** Replicas that the engine wants of each service. */
  readonly wanted: Int32Array;
  /** By row of the task table: task number at its framework, row of work, 1 = a wanted replica, framework of a task. -1 = none. */
  taskOfRow: Int32Array;
  workOfRow: Int32Array;
  member: Uint8Array;
  driverOfRow: Int16Array;
  /** Tasks that wait at each framework. */
  readonly queued: Int32Array;
  /** Hosts that the master cannot hear, and what happened there meanwhile. */
  readonly silent: Map<number, Silence>;
  /** Hosts in maintenance. */
  readonly inMaintenance: Set<number>;
  /** Times without a scheduler: framework, from, to (Infinity = still). */
  readonly outages: { driver: number; fromMs: number; toMs: number }[];
  readonly agent: Uint8Array;
  /** Revocable CPU that the master knows of. */
  readonly revocableMilliCpu: Float64Array;
  /** Updates that an absent scheduler has not heard, by driver; null while it listens. */
  readonly backlog: (StatusUpdate[] | null)[];
  /** Dynamic reservations: those that agents hold, operations done, and on how many agents they were made and refused. */
  readonly reservations: { readonly held: Set<string>; done: number; made: number; refused: number };
  /** Weights and quotas in force, by cluster: what a registry keeps. */
  readonly roles: MesosRolePlan[][];
  /** Agents that an operator has taken out of allocation. */
  readonly closed: Map<number, Closure>;
  /** Tasks that were asked to end and run on for their grace period, by time. */
  readonly dying: { readonly atMs: number; readonly id: TaskId }[];
  /** Operations done, and those that were refused, with the rule broken. */
  readonly operator: { done: number; readonly refused: { readonly atMs: number; readonly problem: string }[] };
  /** Applications of Sparks and their executors. */
  readonly spark: SparkBooks;
  incidentsDone: number;
  /** Agents and frameworks that are to register with a new master: when, which. */
  readonly returning: { atMs: number; kind: 'agent' | 'framework'; index: number }[];
  readonly counters: MesosCounters;
  /** Schedulers whose nodes disagree or disagreed, by driver, and the requests that are under way, by time. */
  readonly doors: Map<number, Door>;
  readonly knocks: Knock[];
  readonly tally: Tally;
}

/** Totals since the start. */
export interface MesosCounters {
  offers: number;
  launches: number;
  declines: number;
  revives: number;
  rescinds: number;
  /** Status updates told to frameworks. */
  updates: number;
  inverseOffers: number;
  /** Tasks that went to another queue than their own. */
  spilled: number;
  /** Ends of tasks that their framework did not hear of, and how many of them it found by reconciling. */
  unheard: number;
  reconciled: number;
}

export interface MesosRun {
  readonly setup: MesosSetup;
  readonly pool: ActionPool;
  readonly now: { nowMs: number; readonly agents: AgentDirectory; readonly uniform: () => number };
  /** Inside a wake: answers are done at once. Outside, where the engine is in the middle of something, they wait for the next wake. */
  awake: boolean;
  s: MesosState;
}

/** The plane's state at time 0: nobody is registered. */
export function createMesosState(setup: MesosSetup): MesosState {
  const { plan, context } = setup;
  const hosts = context.cluster.hosts.count;
  const kinds = createKinds(plan.reservations !== undefined);
  const random = new PlaneRandom(setup.salt);
  const images = setup.services.length + setup.driverOfPopulation.length;
  const services = setup.services.length;
  return {
    kinds,
    random,
    masters: Array.from({ length: clusterCount(plan) }, () => createMaster(plan, plan.roles, kinds, random, 0)),
    drivers: plan.frameworks.map((framework, index) => createDriver(index, framework, plan)),
    pipeline: createPipeline(plan.launch, hosts, Math.max(1, images)),
    begun: false,
    notes: [],
    waiting: new Uint8Array(0),
    waitingOf: setup.services.map(() => new Set<number>()),
    shrunk: new Set(),
    wanted: new Int32Array(services),
    taskOfRow: new Int32Array(0),
    workOfRow: new Int32Array(0),
    member: new Uint8Array(0),
    driverOfRow: new Int16Array(0),
    queued: new Int32Array(plan.frameworks.length),
    silent: new Map(),
    inMaintenance: new Set(),
    outages: [],
    agent: new Uint8Array(hosts),
    revocableMilliCpu: new Float64Array(hosts),
    backlog: plan.frameworks.map(() => null),
    reservations: { held: new Set(), done: 0, made: 0, refused: 0 },
    roles: Array.from({ length: clusterCount(plan) }, () => [...plan.roles]),
    closed: new Map(),
    dying: [],
    operator: { done: 0, refused: [] },
    spark: createSparkBooks(plan.frameworks.length),
    incidentsDone: 0,
    returning: [],
    doors: new Map(),
    knocks: [],
    tally: createTally(plan, hosts),
    counters: {
      offers: 0,
      launches: 0,
      declines: 0,
      revives: 0,
      rescinds: 0,
      updates: 0,
      inverseOffers: 0,
      spilled: 0,
      unheard: 0,
      reconciled: 0,
    },
  };
}

/** Mesos' default minimum: 0.01 cpus or 32 MB. Milli-units. */
const MIN_CPUS_MILLI = 10;
const MIN_MEM_MILLI = 32_000;

/**
 * A master that has just been elected, with the weights and quotas of its registry. Where there are quotas it offers nothing until most of the
 * `expectedAgents` that the registry lists are back.
 */
export function createMaster(
  plan: MesosPlan,
  roles: readonly MesosRolePlan[],
  kinds: AgentKinds,
  random: PlaneRandom,
  nowMs: number,
  expectedAgents = 0,
): MesosMaster {
  const { catalog } = kinds;
  const cpus = catalog.nameIndex('cpus');
  const mem = catalog.nameIndex('mem');
  const leastCpu = noQuantities(catalog);
  leastCpu[cpus] = MIN_CPUS_MILLI;
  const leastMem = noQuantities(catalog);
  leastMem[mem] = MIN_MEM_MILLI;
  const options = {
    allocationIntervalMs: plan.allocationIntervalMs,
    minAllocatable: [leastCpu, leastMem],
    fairnessExcludedNames: [],
    filterGpuResources: plan.filterGpuResources && plan.variant === 'modern',
    masterRegion: null,
    roleSorter: plan.roleSorter,
    frameworkSorter: plan.frameworkSorter,
    ...(plan.allocatorCost === undefined ? {} : { runCost: plan.allocatorCost }),
  };
  const variant = plan.variant === 'modern' ? MODERN_VARIANT : VARIANT_0_2X;
  const offerTimeoutMs = plan.offerTimeoutMs > 0 ? plan.offerTimeoutMs : null;
  // Bulk offers are booked when they are kept; grants on their way through a run that takes time must be booked before.
  const bulkOffers = plan.allocatorCost === undefined;
  const watch = {
    pings: { pingTimeoutMs: plan.agentPingTimeoutMs, maxTimeouts: plan.agentMaxPingTimeouts },
    reregisterTimeoutMs: plan.agentReregisterTimeoutMs,
    removals: plan.agentRemovalRate ?? null,
  };
  const master = new MesosMaster(catalog, options, variant, { offerTimeoutMs, bulkOffers, watch }, random, nowMs);
  const quotas = new Map<string, Quota>();
  for (const role of roles) {
    master.allocator.updateWeight(role.name, role.weight);
    const quota = quotaOf(kinds, role);
    if (!isDefaultQuota(quota)) quotas.set(role.name, quota);
  }
  master.allocator.recover(expectedAgents, quotas);
  return master;
}

/** A quota in the allocator's quantities. */
export function quotaOf({ catalog }: AgentKinds, plan: MesosQuotaPlan): Quota {
  const cpus = catalog.nameIndex('cpus');
  const mem = catalog.nameIndex('mem');
  const guarantees = noQuantities(catalog);
  guarantees[cpus] = plan.guaranteeMilliCpu;
  guarantees[mem] = plan.guaranteeMemMib * 1000;
  const limits = noLimits(catalog);
  if (plan.limitMilliCpu > 0) limits[cpus] = plan.limitMilliCpu;
  if (plan.limitMemMib > 0) limits[mem] = plan.limitMemMib * 1000;
  return { guarantees, limits };
}

/** What a framework may look at; one record for all calls, so that a framework keeps none. */
export function frameworkContext(run: MesosRun, nowMs: number): FrameworkContext {
  run.now.nowMs = nowMs;
  return run.now;
}

/** How many clusters there are. */
export function clusterCount(plan: MesosPlan): number {
  return Math.max(1, plan.clusters.length);
}

/** The master that a framework talks to. */
export function masterOf(run: MesosRun, driver: Driver): MesosMaster {
  return run.s.masters[run.setup.clusterOfDriver[driver.index]];
}

/** The master that a host's agent talks to. */
export function masterOfHost(run: MesosRun, host: number): MesosMaster {
  return run.s.masters[run.setup.clusterOfHost[host]];
}

/** The driver of a row: that of its service, the one a task was sent to, or that of its population. */
export function driverOf(run: MesosRun, row: number, online: boolean): Driver {
  const { setup, s } = run;
  const group = setup.context.cluster.tasks.group[row];
  const sent = s.driverOfRow[row] ?? -1;
  const index = online ? setup.driverOfService[group] : sent >= 0 ? sent : setup.driverOfPopulation[group];
  return s.drivers[index] ?? fail(`no framework takes task row ${row}`);
}

/** Makes room for as many rows as the task table has. */
export function fitRows(s: MesosState, rows: number): void {
  if (s.taskOfRow.length >= rows) return;
  const taskOfRow = new Int32Array(rows).fill(-1);
  taskOfRow.set(s.taskOfRow);
  s.taskOfRow = taskOfRow;
  const workOfRow = new Int32Array(rows).fill(-1);
  workOfRow.set(s.workOfRow);
  s.workOfRow = workOfRow;
  const member = new Uint8Array(rows);
  member.set(s.member);
  s.member = member;
  const waiting = new Uint8Array(rows);
  waiting.set(s.waiting);
  s.waiting = waiting;
  const driverOfRow = new Int16Array(rows).fill(-1);
  driverOfRow.set(s.driverOfRow);
  s.driverOfRow = driverOfRow;
}

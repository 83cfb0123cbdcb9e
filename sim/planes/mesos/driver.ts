/** One registered framework: its state, and which of its works and tasks is which row of the task table. */
import { fail } from '../../../policies/base/assert.ts';
import { createRisingMap, type RisingMap } from '../../../policies/base/rising-map.ts';
import { createActions, type FrameworkActions, type Offers, type Work } from '../../../policies/framework.ts';
import { type AgentColumns, COLUMN_KINDS } from '../../../policies/mesos/agent-columns.ts';
import type { FrameworkInfo } from '../../../policies/mesos/allocator-records.ts';
import type { BulkOffers } from '../../../policies/mesos/bulk-offers.ts';
import type { Offer, TaskId } from '../../../policies/mesos/master-messages.ts';
import type { ResourceBag } from '../../../policies/mesos/resource-bag.ts';
import type { MesosFrameworkPlan, MesosPlan } from '../../plan/mesos.ts';
import { type AgentKinds, amountOf, NOTHING_RESERVED, reservedIn } from './agents.ts';
import { type AnyFramework, FRAMEWORK_KINDS, settingsOf } from './frameworks.ts';
import type { JobRuns } from './job-runs.ts';

export interface Driver {
  readonly index: number;
  /** How many drivers the run has. */
  readonly driverCount: number;
  readonly plan: MesosFrameworkPlan;
  readonly framework: AnyFramework;
  /** What it tells the master when it subscribes. */
  readonly info: FrameworkInfo;
  /** Whether its tasks take revocable CPU. */
  readonly revocable: boolean;
  readonly lanes: number;
  /** Its applications' tasks run inside executors. */
  readonly isCoarse: boolean;
  /** Its tasks are launched one by one, beside an executor of their application. */
  readonly isFine: boolean;
  state: unknown;
  /** Work rows are counted as the framework counts them: in order of submission. */
  nextWork: number;
  /** Row of the task table by row of work, for works that wait; for Marathon, the service. */
  readonly targetOfWork: RisingMap<number>;
  /** Jobs by row of work: what starts by the framework's own clock. */
  readonly jobs: Map<number, JobRuns>;
  /** Row of the task table by task number, from launch to end. */
  readonly rowOfTask: RisingMap<number>;
  /** Tasks that are over without the framework having heard of it, and their hosts. */
  readonly unheard: Map<number, number>;
  /** Replicas on hosts that died, and their hosts: a partition-aware framework waits for them until the host is heard. */
  readonly unreachable: Map<number, number>;
  /** Works that tasks of one shape share, where the framework lets them. */
  readonly shapes: Work[];
  /** Tasks the framework itself asked to be killed. */
  readonly killed: Set<number>;
}

/** A driver at time 0, not yet subscribed. */
export function createDriver(index: number, plan: MesosFrameworkPlan, mesos: MesosPlan): Driver {
  const kind = FRAMEWORK_KINDS[plan.kind];
  const settings: Readonly<Record<string, unknown>> = {
    ...settingsOf(plan),
    ...(mesos.startsAtMs === undefined ? {} : { epochMs: mesos.startsAtMs }),
  };
  const revocable = mesos.oversubscription.kind === 'revocable' && plan.populations.length > 0;
  const capabilities: string[] = [];
  if (revocable) capabilities.push('REVOCABLE_RESOURCES');
  if (plan.gpuCapable) capabilities.push('GPU_RESOURCES');
  if (mesos.reservations !== undefined && plan.reservationRefinement !== false)
    capabilities.push('RESERVATION_REFINEMENT');
  if (plan.partitionAware === true) capabilities.push('PARTITION_AWARE');
  return {
    index,
    driverCount: mesos.frameworks.length,
    plan,
    framework: kind.framework,
    info: {
      id: plan.name,
      roles: [plan.role],
      suppressedRoles: [],
      capabilities,
      minAllocatable: new Map(),
      checkpoint: true,
      active: true,
    },
    revocable,
    lanes: kind.lanesSetting === null ? 1 : (settings[kind.lanesSetting] as number),
    isCoarse: plan.kind === 'spark-like' && settings['mode'] === 'coarse',
    isFine:
      plan.kind === 'spark-like' && settings['mode'] === 'fine' && settings['mesosExecutorCores'] !== 0 && !revocable,
    state: kind.framework.create(settings),
    nextWork: 0,
    targetOfWork: createRisingMap(),
    jobs: new Map(),
    rowOfTask: createRisingMap(),
    unheard: new Map(),
    unreachable: new Map(),
    shapes: [],
    killed: new Set(),
  };
}

/** Rows that frameworks answer with; a call that leads to another while it is worked off takes the next of them. */
export interface ActionPool {
  readonly rows: FrameworkActions[];
  taken: number;
  /** Columns of the offers of one call, used anew by the next: a framework keeps numbers, not columns. */
  offers: OfferColumns;
}

/** Nothing taken, no rows yet. */
export function createPool(): ActionPool {
  return { rows: [], taken: 0, offers: emptyColumns(64) };
}

/** Empty rows for one call; give them back when they are worked off. */
export function takeActions(pool: ActionPool): FrameworkActions {
  if (pool.taken === pool.rows.length) pool.rows.push(createActions(64));
  const out = pool.rows[pool.taken++];
  out.count = 0;
  return out;
}

/** Gives the rows taken last back. */
export function giveBack(pool: ActionPool): void {
  pool.taken--;
}

/** The id of a framework's task at the master: the frameworks of a run take turns, so that ids of tasks that live together are neighbours. */
export function taskId(driver: Driver, task: number): number {
  return task * driver.driverCount + driver.index;
}

/** The driver of a task id. */
export function driverOfTask(drivers: readonly Driver[], id: TaskId): Driver {
  if (typeof id !== 'number') fail(`task "${id}" is none of this plane's`);
  return drivers[id % drivers.length];
}

/** The number that a driver's framework gave the task of an id. */
export function taskNumber(driver: Driver, id: TaskId): number {
  if (typeof id !== 'number') fail(`task "${id}" is none of this plane's`);
  return (id - driver.index) / driver.driverCount;
}

/** Offers of one message as columns. A revocable task takes memory like any other; only its CPU is revocable. */
export function offerColumns(pool: ActionPool, kinds: AgentKinds, offers: readonly Offer[]): Offers {
  const columns = takeColumns(pool, offers.length);
  for (let i = 0; i < offers.length; i++) {
    const { id, agent, bag } = offers[i];
    fillRow(kinds, columns, i, id, Number(agent), bag);
  }
  return columns;
}

/** Bulk offers as columns: each is all that its agent had available. */
export function bulkColumns(pool: ActionPool, kinds: AgentKinds, bulk: BulkOffers, agents: AgentColumns): Offers {
  const { rows, bags, firstId } = bulk;
  const { available, wide, amounts, tag } = agents;
  const { cpus, mem, disk, gpus } = kinds;
  const columns = takeColumns(pool, rows.length);
  const { id, agent, milliCpu, memMiB, diskMiB, gpus: gpuCount } = columns;
  // Nothing on most of these agents is reserved or revocable, and their columns hold whole milli-units.
  columns.reservedMilliCpu.fill(0, 0, rows.length);
  columns.reservedMemMiB.fill(0, 0, rows.length);
  columns.revocableMilliCpu.fill(0, 0, rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (available[row] !== bags[i] || wide[row] === 1) {
      fillRow(kinds, columns, i, firstId + i, tag[row], bags[i]);
      continue;
    }
    const first = row * COLUMN_KINDS;
    id[i] = firstId + i;
    agent[i] = tag[row];
    milliCpu[i] = amounts[first + cpus];
    memMiB[i] = Math.floor(amounts[first + mem] / 1000);
    diskMiB[i] = Math.floor(amounts[first + disk] / 1000);
    gpuCount[i] = Math.floor(amounts[first + gpus] / 1000);
  }
  return columns;
}

type OfferColumns = { readonly [Name in Exclude<keyof Offers, 'count'>]: Float64Array } & { count: number };

function takeColumns(pool: ActionPool, count: number): OfferColumns {
  if (count > pool.offers.id.length) pool.offers = emptyColumns(2 * count);
  pool.offers.count = count;
  return pool.offers;
}

function emptyColumns(capacity: number): OfferColumns {
  const f = () => new Float64Array(capacity);
  return {
    count: 0,
    id: f(),
    agent: f(),
    milliCpu: f(),
    memMiB: f(),
    diskMiB: f(),
    gpus: f(),
    revocableMilliCpu: f(),
    reservedMilliCpu: f(),
    reservedMemMiB: f(),
  };
}

/** One offer; amounts rounded down to milli-CPU and MiB. */
function fillRow(
  kinds: AgentKinds,
  columns: OfferColumns,
  i: number,
  id: number,
  agent: number,
  bag: ResourceBag,
): void {
  columns.id[i] = id;
  columns.agent[i] = agent;
  const reserved = kinds.withReservations ? reservedIn(kinds, bag) : NOTHING_RESERVED;
  columns.milliCpu[i] = amountOf(bag, kinds.cpus) + reserved.milliCpu;
  columns.memMiB[i] = amountOf(bag, kinds.mem, 1000) + reserved.memMib;
  columns.diskMiB[i] = amountOf(bag, kinds.disk, 1000) + reserved.diskMib;
  columns.gpus[i] = amountOf(bag, kinds.gpus, 1000);
  columns.reservedMilliCpu[i] = reserved.milliCpu;
  columns.reservedMemMiB[i] = reserved.memMib;
  columns.revocableMilliCpu[i] = amountOf(bag, kinds.revocableCpus);
}

/**
 * Lane of a task: the band 5000..5999 of best-effort priorities cut into as many equal parts as there are lanes, the highest priority in
 * lane 0. The upper end belongs to a part, so the default priority of 5500 is the normal lane of two.
 */
export function laneOf(priority: number, lanes: number): number {
  const above = Math.min(1000, Math.max(1, priority - 5000)) - 1;
  return lanes - 1 - Math.floor((above * lanes) / 1000);
}

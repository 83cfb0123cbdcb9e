/** One registered framework: its state, and which of its works and tasks is which row of the task table. */
import { createActions, type FrameworkActions, type Offers } from '../../../policies/framework.ts';
import type { FrameworkInfo } from '../../../policies/mesos/allocator-records.ts';
import type { Offer } from '../../../policies/mesos/master-messages.ts';
import type { MesosFrameworkPlan, MesosPlan } from '../../plan.ts';
import { type AgentKinds, amountOf } from './agents.ts';
import { type AnyFramework, FRAMEWORK_KINDS, settingsOf } from './frameworks.ts';

export interface Driver {
  readonly index: number;
  readonly plan: MesosFrameworkPlan;
  readonly framework: AnyFramework;
  /** What it tells the master when it subscribes. */
  readonly info: FrameworkInfo;
  /** Whether its tasks take revocable CPU. */
  readonly revocable: boolean;
  readonly lanes: number;
  state: unknown;
  /** Work rows are counted as the framework counts them: in order of submission. */
  nextWork: number;
  /** Row of the task table by work row; for Marathon, the service. */
  readonly targetOfWork: Map<number, number>;
  /** Row of the task table by task number, from launch to end. */
  readonly rowOfTask: Map<number, number>;
  /** Tasks the framework itself asked to be killed. */
  readonly killed: Set<number>;
}

/** A driver at time 0, not yet subscribed. */
export function createDriver(index: number, plan: MesosFrameworkPlan, mesos: MesosPlan): Driver {
  const kind = FRAMEWORK_KINDS[plan.kind];
  const settings = settingsOf(plan);
  const revocable = mesos.oversubscription.kind === 'revocable' && plan.populations.length > 0;
  const capabilities: string[] = [];
  if (revocable) capabilities.push('REVOCABLE_RESOURCES');
  if (plan.gpuCapable) capabilities.push('GPU_RESOURCES');
  return {
    index,
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
    state: kind.framework.create(settings),
    nextWork: 0,
    targetOfWork: new Map(),
    rowOfTask: new Map(),
    killed: new Set(),
  };
}

/** Rows that frameworks answer with; a call that leads to another while it is worked off takes the next of them. */
export interface ActionPool {
  readonly rows: FrameworkActions[];
  taken: number;
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

/** The id of a framework's task at the master. */
export function taskId(driver: Driver, task: number): string {
  return `${driver.index}-${task}`;
}

/** Framework and task number of a task id. */
export function parseTaskId(id: string): readonly [driver: number, task: number] {
  const dash = id.indexOf('-');
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}

/** Offers of one message as columns. A revocable task takes memory like any other; only its CPU is revocable. */
export function offerColumns(kinds: AgentKinds, offers: readonly Offer[]): Offers {
  const count = offers.length;
  const f = () => new Float64Array(count);
  const id = f();
  const agent = f();
  const milliCpu = f();
  const memMiB = f();
  const diskMiB = f();
  const revocableMilliCpu = f();
  for (let i = 0; i < count; i++) {
    const { bag } = offers[i];
    id[i] = offers[i].id;
    agent[i] = Number(offers[i].agent);
    milliCpu[i] = amountOf(bag, kinds.cpus);
    memMiB[i] = amountOf(bag, kinds.mem, 1000);
    diskMiB[i] = amountOf(bag, kinds.disk, 1000);
    revocableMilliCpu[i] = amountOf(bag, kinds.revocableCpus);
  }
  return { count, id, agent, milliCpu, memMiB, diskMiB, revocableMilliCpu, reservedMilliCpu: f(), reservedMemMiB: f() };
}

/**
 * Lane of a task: the band 5000..5999 of best-effort priorities cut into as many equal parts as there are lanes, the highest priority in
 * lane 0. The upper end belongs to a part, so the default priority of 5500 is the normal lane of two.
 */
export function laneOf(priority: number, lanes: number): number {
  const above = Math.min(1000, Math.max(1, priority - 5000)) - 1;
  return lanes - 1 - Math.floor((above * lanes) / 1000);
}

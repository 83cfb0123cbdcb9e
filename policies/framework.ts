/**
 * The one port of every Mesos-style framework: what it hears from the master, and what it answers.
 *
 * A framework is a table of pure functions. Its state is a plain-data object that the caller owns (numbers, strings,
 * arrays, records, Maps), so `structuredClone(state)` is a snapshot and a fork. Time, randomness and the agents' names come
 * in through `FrameworkContext`. Answers are rows appended to `FrameworkActions`; nothing else is written.
 *
 * How the master reads the rows of one call:
 * - All Launch rows that name one offer are one ACCEPT; what the launches leave returns with `refuseMs` of the last of them.
 * - Decline names one offer; DeclineRest, in answer to offers only and after its launches, every offer of the call without a row of its own.
 * - Suppress and Revive speak for every role of the framework. Kill names one task.
 * - Reconcile asks for the state of every task the framework knows. Deactivate is the driver's abort: the process lives and
 *   is never offered anything until it subscribes anew. Exit ends the process: its failover timeout starts to run.
 * - Due says that one more run of a work of many runs (a job with a schedule or parents) waits for a place from now on, Drop that one of
 *   those that wait never gets one; both name the work.
 * - An offer without a row stays with the framework (held) until it is answered or rescinded.
 */
import { fail } from './base/assert.ts';

/** Kinds of rows that a framework may append. */
export const ActionKind = {
  Launch: 0,
  Decline: 1,
  Suppress: 2,
  Revive: 3,
  Kill: 4,
  Reconcile: 5,
  Deactivate: 6,
  Exit: 7,
  Due: 8,
  Drop: 9,
  DeclineRest: 10,
} as const;
export type ActionKind = (typeof ActionKind)[keyof typeof ActionKind];

/** States of a task as a status update reports them. */
export const TaskStatus = {
  Staging: 0,
  Starting: 1,
  Running: 2,
  Finished: 3,
  Failed: 4,
  Killed: 5,
  Lost: 6,
  Error: 7,
  Dropped: 8,
  Gone: 9,
  Unreachable: 10,
} as const;
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

/** Whether a task in this state is over. Unreachable is not: the task may come back. */
export function isTerminal(status: TaskStatus): boolean {
  return status >= TaskStatus.Finished && status <= TaskStatus.Gone;
}

/**
 * Offers of one callback, one row each.
 *
 * Shape: every column has at least `count` rows. Units: milli-CPU, MiB. `milliCpu`, `memMiB` and `diskMiB` are what may be
 * used without being revoked (reserved parts included); `revocableMilliCpu` comes on top.
 */
export interface Offers {
  readonly count: number;
  readonly id: ArrayLike<number>;
  /** Row of the agent in `AgentDirectory`. */
  readonly agent: ArrayLike<number>;
  readonly milliCpu: ArrayLike<number>;
  readonly memMiB: ArrayLike<number>;
  readonly diskMiB: ArrayLike<number>;
  /** Whole GPUs; 0 for a framework that is not GPU_RESOURCES capable. */
  readonly gpus: ArrayLike<number>;
  readonly revocableMilliCpu: ArrayLike<number>;
  readonly reservedMilliCpu: ArrayLike<number>;
  readonly reservedMemMiB: ArrayLike<number>;
}

/** Names and attributes of agents, by row. Attribute values are in Mesos' attribute syntax. */
export interface AgentDirectory {
  readonly hostname: readonly string[];
  readonly region: readonly string[];
  readonly zone: readonly string[];
  readonly attributes: readonly Readonly<Record<string, string>>[];
}

/** What every call may look at besides the framework's own state. `uniform` draws from [0, 1). */
export interface FrameworkContext {
  readonly nowMs: number;
  readonly agents: AgentDirectory;
  readonly uniform: () => number;
}

/** A placement rule in Marathon's form; `value` is empty when the operator takes none. */
export interface PlacementConstraint {
  readonly field: string;
  readonly operator: string;
  readonly value: string;
}

/**
 * Work for a framework: a Chronos job, a Marathon app, a Spark application, a Storm topology, a nested framework.
 *
 * `instances` tasks of equal size. `lane` 0 is the most urgent. A framework refuses with ConfigError what it cannot do.
 */
export interface Work {
  readonly name: string;
  readonly instances: number;
  readonly milliCpu: number;
  readonly memMiB: number;
  readonly diskMiB: number;
  /** Whole GPUs of each task, absent = none. A framework without a field for them upstream (Chronos) never gets such work. */
  readonly gpus?: number;
  readonly lane: number;
  readonly revocable?: boolean;
  readonly constraints?: readonly PlacementConstraint[];
  /** ISO 8601 repeating interval (Chronos only), and the zone that replaces that in its text. */
  readonly schedule?: string;
  readonly scheduleTimeZone?: string;
  /** How late a run may still start, tries after the first, and whether runs of one job may overlap; absent = the scheduler's own (Chronos only). */
  readonly epsilonMs?: number;
  readonly retries?: number;
  readonly concurrent?: boolean;
  /** Names of the jobs whose success triggers this one (Chronos only). */
  readonly parents?: readonly string[];
  /** A final failure counts as a success for the jobs that depend on this one (Chronos only). */
  readonly softError?: boolean;
  /** Row of the work whose executor it runs in; one is launched with it on an agent that has none yet (Spark only). */
  readonly inside?: number;
  /** What becomes of a task whose agent is not heard of, null = it is waited for; absent = as the framework does (Marathon only). */
  readonly unreachable?: { readonly inactiveAfterMs: number; readonly expungeAfterMs: number } | null;
}

/** One status update. `task` is the number that the framework gave in its Launch row. */
export interface StatusUpdate {
  readonly task: number;
  readonly status: TaskStatus;
  readonly agent: number;
  /** The update says that an operator drains the agent. */
  readonly agentDraining?: boolean;
}

/** Rows appended by a framework; every column has `count` valid rows, -1 where a column does not apply. */
export interface FrameworkActions {
  count: number;
  kind: Uint8Array;
  offer: Float64Array;
  /** Task number: chosen by the framework, from 0 upward, never used twice. */
  task: Float64Array;
  /** Row of the work: 0, 1, ... in the order of the `submit` calls that were not refused. */
  work: Int32Array;
  milliCpu: Float64Array;
  memMiB: Float64Array;
  diskMiB: Float64Array;
  /** 1 when `milliCpu` is to be taken from the revocable part of the offer. */
  revocable: Uint8Array;
  refuseMs: Float64Array;
}

/** Empty rows with room for `capacity`; appending beyond it doubles the columns. */
export function createActions(capacity = 64): FrameworkActions {
  return {
    count: 0,
    kind: new Uint8Array(capacity),
    offer: new Float64Array(capacity),
    task: new Float64Array(capacity),
    work: new Int32Array(capacity),
    milliCpu: new Float64Array(capacity),
    memMiB: new Float64Array(capacity),
    diskMiB: new Float64Array(capacity),
    revocable: new Uint8Array(capacity),
    refuseMs: new Float64Array(capacity),
  };
}

function doubled<Column extends Uint8Array | Int32Array | Float64Array>(old: Column, wide: Column): Column {
  wide.set(old);
  return wide;
}

function append(out: FrameworkActions, kind: ActionKind, offer: number, task: number, refuseMs: number): number {
  const row = out.count;
  if (row === out.kind.length) {
    const capacity = row * 2 + 1;
    out.kind = doubled(out.kind, new Uint8Array(capacity));
    out.offer = doubled(out.offer, new Float64Array(capacity));
    out.task = doubled(out.task, new Float64Array(capacity));
    out.work = doubled(out.work, new Int32Array(capacity));
    out.milliCpu = doubled(out.milliCpu, new Float64Array(capacity));
    out.memMiB = doubled(out.memMiB, new Float64Array(capacity));
    out.diskMiB = doubled(out.diskMiB, new Float64Array(capacity));
    out.revocable = doubled(out.revocable, new Uint8Array(capacity));
    out.refuseMs = doubled(out.refuseMs, new Float64Array(capacity));
  }
  out.kind[row] = kind;
  out.offer[row] = offer;
  out.task[row] = task;
  out.work[row] = -1;
  out.milliCpu[row] = -1;
  out.memMiB[row] = -1;
  out.diskMiB[row] = -1;
  out.revocable[row] = 0;
  out.refuseMs[row] = refuseMs;
  out.count = row + 1;
  return row;
}

/** Appends the launch of `task`, an instance of `work` (row `workRow`), on `offer`; the remainder is refused for `refuseMs`. */
export function appendLaunch(
  out: FrameworkActions,
  offer: number,
  task: number,
  workRow: number,
  work: Work,
  refuseMs: number,
): void {
  const row = append(out, ActionKind.Launch, offer, task, refuseMs);
  out.work[row] = workRow;
  out.milliCpu[row] = work.milliCpu;
  out.memMiB[row] = work.memMiB;
  out.diskMiB[row] = work.diskMiB;
  out.revocable[row] = work.revocable === true ? 1 : 0;
}

/** Appends the refusal of a whole offer for `refuseMs`. */
export function appendDecline(out: FrameworkActions, offer: number, refuseMs: number): void {
  append(out, ActionKind.Decline, offer, -1, refuseMs);
}

/** Appends the refusal of every offer of the call that no other row names. */
export function appendDeclineRest(out: FrameworkActions, refuseMs: number): void {
  append(out, ActionKind.DeclineRest, -1, -1, refuseMs);
}

/** Appends the kill of one task. */
export function appendKill(out: FrameworkActions, task: number): void {
  append(out, ActionKind.Kill, -1, task, -1);
}

/** Appends Due or Drop of a run of the work in row `workRow`. */
export function appendRun(
  out: FrameworkActions,
  kind: typeof ActionKind.Due | typeof ActionKind.Drop,
  workRow: number,
): void {
  out.work[append(out, kind, -1, -1, -1)] = workRow;
}

/** Appends a row that names neither offer nor task: Suppress, Revive, Reconcile, Deactivate, Exit. */
export function appendSignal(out: FrameworkActions, kind: ActionKind): void {
  if (kind < ActionKind.Suppress || kind === ActionKind.Kill || kind > ActionKind.Exit)
    fail(`action ${kind} names an offer, a task or a work and is no signal`);
  append(out, kind, -1, -1, -1);
}

/**
 * A framework. `create` and `submit` refuse a wrong configuration or work with ConfigError; the others never refuse.
 *
 * `subscribe` is called at the first registration and at each later one with the same id (fail-over, a new start).
 * `tick` is called no later than `nextWakeMs(state)`; calling it earlier or more often changes nothing.
 */
export interface Framework<State, Config> {
  readonly name: string;
  create(config: Config): State;
  subscribe(state: State, context: FrameworkContext, out: FrameworkActions): void;
  submit(state: State, work: Work, context: FrameworkContext, out: FrameworkActions): void;
  resourceOffers(state: State, offers: Offers, context: FrameworkContext, out: FrameworkActions): void;
  rescind(state: State, offer: number, context: FrameworkContext, out: FrameworkActions): void;
  statusUpdate(state: State, update: StatusUpdate, context: FrameworkContext, out: FrameworkActions): void;
  tick(state: State, context: FrameworkContext, out: FrameworkActions): void;
  /** Earliest time at which `tick` has something to do; Infinity when nothing is planned. */
  nextWakeMs(state: State): number;
}

/**
 * A Root Framework: its tasks are the schedulers of other frameworks (Spark dispatchers, HDFS or etcd masters, Marathons).
 *
 * A nested scheduler costs resources in the root's role. When it dies, the root launches it again after the back-off and the wait for an
 * offer. The child's own tasks survive if it subscribes again before the child's failover timeout ends; the root's own death touches no child.
 * A child with state on one agent is launched only there again.
 *
 *   recovery = detect + back-off + offer wait + start + subscribe
 *
 * Source: an article by Qunar on Mesos with the idea; the semantics are ours.
 */
import { ConfigError, fail } from '../base/assert.ts';
import { risingDelete, risingGet, risingValues } from '../base/rising-map.ts';
import {
  ActionKind,
  appendDecline,
  appendLaunch,
  appendSignal,
  type Framework,
  type FrameworkActions,
  type FrameworkContext,
  isTerminal,
  type Offers,
  type StatusUpdate,
  TaskStatus,
  type Work,
} from '../framework.ts';
import {
  addWork,
  adopt,
  checkPlainWork,
  createLedger,
  fits,
  type Ledger,
  place,
  roomOf,
  workAt,
} from '../framework-work.ts';
import {
  advanced,
  type BackoffStrategy,
  checkBackoff,
  DEFAULT_BACKOFF,
  deadlineMs,
  increased,
} from '../marathon/backoff.ts';
import type { NestedFramework } from './nested.ts';

/** Settings. Units: ms. */
export interface RootConfig {
  readonly backoff: BackoffStrategy;
  readonly declineOfferMs: number;
  /** Most nested schedulers on one agent; bounds how many fall with it. */
  readonly maxSchedulersPerAgent: number;
  /** Failover timeout of a child that has none of its own. */
  readonly defaultFailoverTimeoutMs: number;
  readonly failoverTimeoutMs: Readonly<Record<string, number>>;
  /** Names of children whose state lies on the agent they first ran on. */
  readonly pinned: readonly string[];
}

/** One week, as Marathon and Chronos set it. */
const WEEK_MS = 604_800_000;

export const ROOT_DEFAULTS: RootConfig = {
  backoff: DEFAULT_BACKOFF,
  declineOfferMs: 5_000,
  maxSchedulersPerAgent: Number.POSITIVE_INFINITY,
  defaultFailoverTimeoutMs: WEEK_MS,
  failoverTimeoutMs: {},
  pinned: [],
};

/** Everything the root remembers. Children stand in the order of their rows of work. */
export interface RootState {
  readonly config: RootConfig;
  readonly ledger: Ledger;
  readonly children: NestedFramework[];
}

/** The Root Framework behind the port. */
export const rootFramework: Framework<RootState, RootConfig> = {
  name: 'root-framework',
  create,
  subscribe,
  submit,
  resourceOffers,
  rescind: () => {},
  statusUpdate,
  tick,
  nextWakeMs,
};

function create(config: RootConfig): RootState {
  checkBackoff(config.backoff);
  if (!(config.maxSchedulersPerAgent >= 1))
    throw new ConfigError(`root-framework: maxSchedulersPerAgent is ${config.maxSchedulersPerAgent}; 1 or more`);
  for (const [name, ms] of Object.entries(config.failoverTimeoutMs))
    if (!(ms >= 0)) throw new ConfigError(`root-framework: failover timeout of "${name}" is ${ms} ms; 0 or more`);
  return { config, ledger: createLedger(), children: [] };
}

/** A new registration of the root asks for the state of its children; they ran on while it was away. */
function subscribe(state: RootState, _context: FrameworkContext, out: FrameworkActions): void {
  if (state.ledger.live.size > 0) appendSignal(out, ActionKind.Reconcile);
}

function submit(state: RootState, work: Work): void {
  checkPlainWork(work, 'root-framework');
  if (work.revocable === true)
    throw new ConfigError(`root-framework: scheduler "${work.name}" must not run on revocable resources`);
  const { config } = state;
  const workRow = addWork(state.ledger, work);
  for (let i = 0; i < work.instances; i++)
    state.children.push({
      name: work.instances === 1 ? work.name : `${work.name}-${i}`,
      workRow,
      failoverTimeoutMs: config.failoverTimeoutMs[work.name] ?? config.defaultFailoverTimeoutMs,
      pinned: config.pinned.includes(work.name),
      task: null,
      agent: null,
      delay: null,
      status: 'waiting',
      downSinceMs: null,
      launchedAtMs: null,
      expired: false,
      restarts: 0,
      failovers: 0,
      losses: 0,
      recoveryMs: [],
    });
}

function resourceOffers(state: RootState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  const { config, ledger, children } = state;
  const { nowMs } = context;
  const room = roomOf(offers);
  const perAgent = new Map<number, number>();
  for (const live of risingValues(ledger.live)) perAgent.set(live.agent, (perAgent.get(live.agent) ?? 0) + 1);
  for (const child of children) {
    if (child.task !== null || deadlineMs(child.delay, nowMs) > nowMs) continue;
    const offer = bestOffer(child, offers, perAgent, config.maxSchedulersPerAgent, (i) =>
      fits(room, i, workAt(ledger, child.workRow)),
    );
    if (offer < 0) continue;
    const agent = offers.agent[offer];
    const task = place(ledger, room, offer, agent, child.workRow, nowMs);
    perAgent.set(agent, (perAgent.get(agent) ?? 0) + 1);
    child.task = task;
    child.agent = agent;
    child.status = 'starting';
    child.launchedAtMs = nowMs;
    appendLaunch(out, offers.id[offer], task, child.workRow, workAt(ledger, child.workRow), config.declineOfferMs);
  }
  for (let i = 0; i < offers.count; i++)
    if (room.launches[i] === 0) appendDecline(out, offers.id[i], config.declineOfferMs);
}

/** The fitting offer on the agent with the fewest nested schedulers, the earliest of equals; -1 when there is none. */
function bestOffer(
  child: NestedFramework,
  offers: Offers,
  perAgent: ReadonlyMap<number, number>,
  most: number,
  fitsOn: (i: number) => boolean,
): number {
  let best = -1;
  let least = most;
  for (let i = 0; i < offers.count; i++) {
    const agent = offers.agent[i];
    if (child.pinned && child.agent !== null && child.agent !== agent) continue;
    const count = perAgent.get(agent) ?? 0;
    if (count >= least || !fitsOn(i)) continue;
    best = i;
    least = count;
  }
  return best;
}

function statusUpdate(state: RootState, update: StatusUpdate, context: FrameworkContext): void {
  const live = risingGet(state.ledger.live, update.task);
  const child = state.children.find((candidate) => candidate.task === update.task);
  if (live === undefined || child === undefined) return;
  const { nowMs } = context;
  const changed = live.status !== update.status;
  live.status = update.status;
  if (isTerminal(update.status)) {
    risingDelete(state.ledger.live, update.task);
    child.task = null;
    child.status = 'waiting';
    child.restarts += 1;
    child.downSinceMs ??= nowMs;
    if (update.status !== TaskStatus.Killed) child.delay = increased(child.delay, state.config.backoff, nowMs);
    return;
  }
  if (update.status === TaskStatus.Unreachable) {
    // The scheduler may still run on its side of the partition; its own master connection tells, not we.
    child.status = 'unreachable';
    return;
  }
  if (changed) child.delay = advanced(child.delay, nowMs);
  if (update.status === TaskStatus.Running) child.status = 'running';
}

/** Takes in a scheduler that runs already, as after a start from the store; returns its task number. */
export function adoptChild(state: RootState, name: string, agent: number, nowMs: number): number {
  const child = state.children.find((candidate) => candidate.name === name && candidate.task === null);
  if (child === undefined) fail(`root-framework adopts "${name}", which it does not know`);
  const task = adopt(state.ledger, child.workRow, agent, nowMs);
  child.task = task;
  child.agent = agent;
  child.status = 'running';
  return task;
}

/** The child subscribed to the master (at first, or again); from now on it is up. */
export function childSubscribed(state: RootState, name: string, nowMs: number): void {
  const child = state.children.find((candidate) => candidate.name === name);
  if (child === undefined || child.downSinceMs === null) return;
  expireWhenDue(child, nowMs);
  child.recoveryMs.push(nowMs - child.downSinceMs);
  if (!child.expired) child.failovers += 1;
  child.downSinceMs = null;
  child.expired = false;
}

/** Marks a child whose failover timeout ended: the master kills its tasks, and it begins anew. */
function expireWhenDue(child: NestedFramework, nowMs: number): void {
  if (child.expired || child.downSinceMs === null || nowMs < child.downSinceMs + child.failoverTimeoutMs) return;
  child.expired = true;
  child.losses += 1;
}

function tick(state: RootState, context: FrameworkContext): void {
  for (const child of state.children) expireWhenDue(child, context.nowMs);
}

function nextWakeMs(state: RootState): number {
  let wakeMs = Number.POSITIVE_INFINITY;
  for (const child of state.children)
    if (child.downSinceMs !== null && !child.expired)
      wakeMs = Math.min(wakeMs, child.downSinceMs + child.failoverTimeoutMs);
  return wakeMs;
}

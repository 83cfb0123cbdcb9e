/**
 * Marathon as a framework: apps with a number of instances, kept at that number through failures, scaling and upgrades.
 *
 * Submitting an app that exists with the same size changes its number; with another size or other constraints it starts a rolling
 * upgrade. An instance counts as healthy once it runs. Offers are matched newest first, a few launches each; the rest is declined
 * for two minutes, and revives bring it back when there is something to launch.
 * Source: Marathon 1.11 core.launcher, core.launchqueue, core.matcher, core.deployment.
 */
import { fail } from '../base/assert.ts';
import { risingGet } from '../base/rising-map.ts';
import {
  ActionKind,
  appendDecline,
  appendKill,
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
  checkWork,
  emptyRoom,
  fits,
  type LiveTask,
  place,
  refuseSchedule,
  roomOf,
  workAt,
} from '../framework-work.ts';
import { applyUpdate, balance, pumpKills, requestKill, signalDemand, stopOrder } from './apps.ts';
import { checkConstraint, meetsConstraints, type Place, placeOf } from './constraints.ts';
import { endDelays, HOUSEKEEPING_MS, keepHouse } from './housekeeping.ts';
import { nextReviveMs, nextSignal, offerOrder, wantsOffers } from './launch-queue.ts';
import { createTokens, matcherOrder, matchOffer, refillTokens } from './offer-matching.ts';
import { type App, createMarathonState, type MarathonConfig, type MarathonState } from './state.ts';
import { checkUnreachable, nextExpungeMs } from './unreachable.ts';
import { startUpgrade } from './upgrade.ts';

/** Filter on offers that were not looked at in time: Mesos' default. */
const RESEND_REFUSE_MS = 5_000;
/** A launch returns the remainder at once. */
const ACCEPT_REFUSE_MS = 0;

/** Marathon behind the port. */
export const marathonFramework: Framework<MarathonState, MarathonConfig> = {
  name: 'marathon',
  create: createMarathonState,
  subscribe,
  submit,
  resourceOffers,
  rescind: () => {},
  statusUpdate,
  tick,
  nextWakeMs,
};

/** Scales an app; an unknown name changes nothing. */
export function scaleApp(
  state: MarathonState,
  name: string,
  instances: number,
  context: FrameworkContext,
  out: FrameworkActions,
): void {
  const app = state.apps.get(name);
  if (app === undefined) return;
  app.instances = instances;
  settle(state, app, context, out);
}

/**
 * Kills an instance that fails its health check; another takes its place when its end is heard. One that is unreachable is not killed, and
 * an unknown one changes nothing.
 */
export function killUnhealthyTask(
  state: MarathonState,
  task: number,
  context: FrameworkContext,
  out: FrameworkActions,
): void {
  const live = risingGet(state.ledger.live, task);
  if (live === undefined || live.status === TaskStatus.Unreachable) return;
  requestKill(state, task, true);
  settle(state, appOf(state, live), context, out);
}

/** Tasks of an app that go first when it is made smaller by `count`, the first of them first; none for an unknown name. */
export function tasksToStop(
  state: MarathonState,
  name: string,
  count: number,
  context: FrameworkContext,
): readonly number[] {
  const app = state.apps.get(name);
  return app === undefined ? [] : stopOrder(state, app, count, (agent) => placeOf(context.agents, agent));
}

/** Takes in an instance that runs already, as after a start from the store; returns its task number. */
export function adoptTask(
  state: MarathonState,
  name: string,
  agent: number,
  context: FrameworkContext,
  out: FrameworkActions,
): number {
  const app = state.apps.get(name) ?? fail(`marathon adopts a task of app "${name}", which it does not know`);
  const { nowMs } = context;
  const task = adopt(state.ledger, app.workRow, agent, nowMs);
  app.tasks.push(task);
  state.instances.set(task, {
    activeSinceMs: nowMs,
    unreachableSinceMs: null,
    inactive: false,
    killing: false,
    unhealthy: false,
    killSentMs: null,
  });
  settle(state, app, context, out);
  return task;
}

function appOf(state: MarathonState, live: LiveTask): App {
  return state.apps.get(workAt(state.ledger, live.workRow).name) as App;
}

function settle(
  state: MarathonState,
  app: App,
  context: FrameworkContext,
  out: FrameworkActions,
  keepsSurplus = false,
): void {
  balance(state, app, context.nowMs, (agent) => placeOf(context.agents, agent), out, keepsSurplus);
  sendSignal(state, context.nowMs, out);
}

function sendSignal(state: MarathonState, nowMs: number, out: FrameworkActions): void {
  if (!state.subscribed) return;
  const { minReviveIntervalMs, suppressOffers } = state.config;
  const signal = nextSignal(state.revive, state.appsWanting > 0, nowMs, minReviveIntervalMs, suppressOffers);
  if (signal === 'revive') appendSignal(out, ActionKind.Revive);
  if (signal === 'suppress') appendSignal(out, ActionKind.Suppress);
}

function subscribe(state: MarathonState, context: FrameworkContext, out: FrameworkActions): void {
  const { nowMs } = context;
  state.subscribed = true;
  state.startMs = nowMs;
  Object.assign(state.tokens, createTokens(nowMs));
  state.nextReconciliationMs = nowMs + state.config.reconciliationStartMs;
  state.nextScaleCheckMs = nowMs + state.config.scaleCheckStartMs;
  state.nextExpungeMs = nextExpungeMs(nowMs, nowMs);
  state.nextHousekeepingMs = nowMs + HOUSEKEEPING_MS;
  state.revive.suppressed = false;
  sendSignal(state, nowMs, out);
}

function sameVersion(a: Work, b: Work): boolean {
  const size = a.milliCpu === b.milliCpu && a.memMiB === b.memMiB && a.diskMiB === b.diskMiB;
  const rules = JSON.stringify(a.constraints ?? []) === JSON.stringify(b.constraints ?? []);
  return size && a.gpus === b.gpus && rules && (a.revocable === true) === (b.revocable === true);
}

function submit(state: MarathonState, work: Work, context: FrameworkContext, out: FrameworkActions): void {
  checkWork(work, 'marathon');
  refuseSchedule(work, 'marathon');
  for (const constraint of work.constraints ?? []) checkConstraint(constraint);
  if (work.unreachable !== undefined) checkUnreachable(work.unreachable);
  const known = state.apps.get(work.name);
  const workRow = addWork(state.ledger, work);
  if (known === undefined) {
    const app: App = {
      name: work.name,
      workRow,
      instances: work.instances,
      toLaunch: 0,
      delay: null,
      tasks: [],
      upgrade: null,
      upgradeKills: 0,
      signalled: 0,
    };
    state.apps.set(work.name, app);
    settle(state, app, context, out);
    return;
  }
  known.instances = work.instances;
  if (!sameVersion(workAt(state.ledger, known.workRow), work)) changeVersion(state, known, workRow);
  settle(state, known, context, out);
}

function changeVersion(state: MarathonState, app: App, workRow: number): void {
  app.workRow = workRow;
  app.delay = null;
  app.upgrade = null;
  app.upgradeKills = 0;
  const healthy = app.tasks.filter((task) => state.instances.get(task)?.activeSinceMs !== null).length;
  const old = app.tasks.length;
  if (app.instances === 0 || old === 0) return;
  const { upgrade, resident } = state.config;
  app.upgrade = startUpgrade(app.instances, old, healthy, 0, 0, upgrade, resident);
  const dying = app.tasks.filter((task) => state.instances.get(task)?.killing === true).length;
  app.upgrade.oldToKill = Math.max(0, app.upgrade.oldToKill - dying);
}

function resourceOffers(state: MarathonState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  const { config, ledger, tokens } = state;
  const { nowMs } = context;
  refillTokens(tokens, nowMs);
  const wanting: App[] = [];
  for (const app of state.apps.values()) if (wantsOffers(app, nowMs)) wanting.push(app);
  const room = wanting.length > 0 ? roomOf(offers) : emptyRoom();
  const { matched, overflow } = offerOrder(offers.count, config.maxParallelOffers, config.maxQueuedOffers);
  for (const i of matched) {
    if (wanting.length === 0) {
      appendDecline(out, offers.id[i], config.declineOfferMs);
      continue;
    }
    const agent = offers.agent[i];
    const tryMatch = (index: number): boolean => {
      const app = wanting[index];
      const work = workAt(ledger, app.workRow);
      if (app.toLaunch === 0 || !fits(room, i, work) || !mayPlace(state, app, work, agent, context)) return false;
      const task = place(ledger, room, i, agent, app.workRow, nowMs);
      app.toLaunch -= 1;
      app.tasks.push(task);
      state.watched.add(task);
      state.instances.set(task, {
        activeSinceMs: null,
        unreachableSinceMs: null,
        inactive: false,
        killing: false,
        unhealthy: false,
        killSentMs: null,
      });
      appendLaunch(out, offers.id[i], task, app.workRow, work, ACCEPT_REFUSE_MS);
      return true;
    };
    const idle = wanting.every((app) => app.toLaunch === 0);
    const order = idle ? [] : matcherOrder(wanting.length, () => false, context.uniform);
    tokens.tokens -= matchOffer(order, tryMatch, tokens.tokens, config.maxInstancesPerOffer).launches;
    if (room.launches[i] === 0) appendDecline(out, offers.id[i], config.declineOfferMs);
  }
  for (const i of overflow) appendDecline(out, offers.id[i], RESEND_REFUSE_MS);
  for (const app of wanting) signalDemand(state, app, nowMs);
  sendSignal(state, nowMs, out);
}

/** Instances of older versions do not count: they are on their way out. */
function mayPlace(state: MarathonState, app: App, work: Work, agent: number, context: FrameworkContext): boolean {
  const constraints = work.constraints ?? [];
  if (constraints.length === 0) return true;
  const placed: Place[] = [];
  for (const task of app.tasks) {
    const live = risingGet(state.ledger.live, task) as LiveTask;
    if (live.workRow === app.workRow) placed.push(placeOf(context.agents, live.agent));
  }
  return meetsConstraints(constraints, placeOf(context.agents, agent), placed, app.instances, state.config.groupBy);
}

function statusUpdate(
  state: MarathonState,
  update: StatusUpdate,
  context: FrameworkContext,
  out: FrameworkActions,
): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) {
    // A task that was expunged or never ours, and lives: Marathon kills it.
    if (!isTerminal(update.status)) appendKill(out, update.task);
    return;
  }
  const app = appOf(state, live);
  const isScaled = applyUpdate(state, app, live, update, context.nowMs);
  settle(state, app, context, out, !isScaled);
}

function tick(state: MarathonState, context: FrameworkContext, out: FrameworkActions): void {
  const { nowMs } = context;
  refillTokens(state.tokens, nowMs);
  for (const app of keepHouse(state, (live) => appOf(state, live), nowMs, out))
    balance(state, app, nowMs, (agent) => placeOf(context.agents, agent), out);
  pumpKills(state, nowMs, out);
  endDelays(state, nowMs);
  if (nowMs >= state.nextReconciliationMs) {
    state.nextReconciliationMs = nowMs + state.config.reconciliationIntervalMs;
    appendSignal(out, ActionKind.Reconcile);
  }
  sendSignal(state, nowMs, out);
}

function nextWakeMs(state: MarathonState): number {
  if (!state.subscribed) return Number.POSITIVE_INFINITY;
  const busy = state.ledger.live.size > 0 || state.nextDelayEndMs < Number.POSITIVE_INFINITY;
  return Math.min(
    nextReviveMs(state.revive, state.startMs, state.config.minReviveIntervalMs),
    busy ? Math.min(state.nextHousekeepingMs, state.nextExpungeMs) : Number.POSITIVE_INFINITY,
    state.nextDelayEndMs,
    state.nextReconciliationMs,
    state.nextScaleCheckMs,
  );
}

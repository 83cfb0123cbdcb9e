/** The apps of a Marathon: how many instances each should have, which are killed, and what their ends bring about. */
import { risingDelete, risingGet } from '../base/rising-map.ts';
import { appendKill, type FrameworkActions, isTerminal, type StatusUpdate, TaskStatus } from '../framework.ts';
import { type LiveTask, workAt } from '../framework-work.ts';
import { advanced, deadlineMs, delayChange, increased } from './backoff.ts';
import { fieldValue, type Place } from './constraints.ts';
import { selectToKill } from './kill-selection.ts';
import { wantsOffers } from './launch-queue.ts';
import { compareForKill, proposeScaling, type ScalingInstance } from './scaling.ts';
import type { App, Instance, MarathonState } from './state.ts';
import { type UnreachableStrategy, unreachableStage } from './unreachable.ts';
import { isUpgraded, newBecameHealthy, newDied, oldDied } from './upgrade.ts';

const CONDITION = [
  'Staging',
  'Starting',
  'Running',
  'Finished',
  'Failed',
  'Killed',
  'Lost',
  'Error',
  'Dropped',
  'Gone',
  'Unreachable',
] as const;

/** Tells the revive stream how many launches an app waits for; more than before is new demand. */
export function signalDemand(state: MarathonState, app: App, nowMs: number): void {
  const wanted = wantsOffers(app, nowMs) ? app.toLaunch : 0;
  if (wanted > app.signalled) state.revive.newDemand = true;
  state.appsWanting += (wanted > 0 ? 1 : 0) - (app.signalled > 0 ? 1 : 0);
  app.signalled = wanted;
  if (wanted === 0 && app.toLaunch > 0)
    state.nextDelayEndMs = Math.min(state.nextDelayEndMs, deadlineMs(app.delay, nowMs));
}

/** Brings an app to its number: sets what is to be launched and kills what is too much, unless `keepsSurplus`. */
export function balance(
  state: MarathonState,
  app: App,
  nowMs: number,
  places: (agent: number) => Place,
  out: FrameworkActions,
  keepsSurplus = false,
): void {
  if (app.upgrade !== null && isUpgraded(app.upgrade)) app.upgrade = null;
  if (app.upgrade !== null) followUpgrade(state, app);
  else {
    const counted = countedTasks(state, app);
    app.toLaunch = Math.max(0, app.instances - counted.length);
    if (counted.length > app.instances && !keepsSurplus) killSurplus(state, app, counted, places);
  }
  pumpKills(state, nowMs, out);
  signalDemand(state, app, nowMs);
}

/** Tasks that make up the number of an app: all but those that are on their way out and those given up as unreachable. */
function countedTasks(state: MarathonState, app: App): number[] {
  return app.tasks.filter((task) => {
    const { killing, unhealthy, inactive } = instanceOf(state, task);
    return (!killing || unhealthy) && !inactive;
  });
}

/** What becomes of a task that is not heard of: its app's own strategy, or that of all. */
export function strategyOf(state: MarathonState, live: LiveTask): UnreachableStrategy {
  const { unreachable } = workAt(state.ledger, live.workRow);
  return unreachable === undefined ? state.config.unreachable : unreachable;
}

/** Tasks of an app in the order in which `count` of them would be stopped to make it smaller. */
export function stopOrder(
  state: MarathonState,
  app: App,
  count: number,
  places: (agent: number) => Place,
): readonly number[] {
  const counted = countedTasks(state, app);
  return surplusOf(state, app, counted, Math.max(0, counted.length - count), places);
}

function instanceOf(state: MarathonState, task: number): Instance {
  return state.instances.get(task) as Instance;
}

function liveOf(state: MarathonState, task: number): LiveTask {
  return risingGet(state.ledger.live, task) as LiveTask;
}

function scalingInstance(state: MarathonState, task: number): ScalingInstance {
  const sinceMs = instanceOf(state, task).activeSinceMs ?? liveOf(state, task).launchedAtMs;
  return { id: String(task), condition: CONDITION[liveOf(state, task).status], sinceMs };
}

function killSurplus(state: MarathonState, app: App, counted: number[], places: (agent: number) => Place): void {
  for (const task of surplusOf(state, app, counted, app.instances, places)) requestKill(state, task);
}

/** Which of the tasks are too many for `target`, first to go first. */
function surplusOf(
  state: MarathonState,
  app: App,
  counted: readonly number[],
  target: number,
  places: (agent: number) => Place,
): readonly number[] {
  const constraints = (workAt(state.ledger, app.workRow).constraints ?? []).filter(
    ({ operator }) => operator === 'GROUP_BY',
  );
  const meetConstraints = (ids: readonly string[], count: number): string[] => {
    const groupings = constraints.map(({ field }) =>
      ids.map((id) => fieldValue(field, places(liveOf(state, Number(id)).agent))),
    );
    return selectToKill(groupings, ids.length, count).map((row) => ids[row]);
  };
  const instances = counted.map((task) => scalingInstance(state, task));
  // With all to go, or no constraint to keep even, the order is by condition and age alone.
  const all = constraints.length === 0 || target === 0;
  const choose = all ? (): string[] => [] : meetConstraints;
  const sentenced = counted.filter((task) => instanceOf(state, task).killing).map(String);
  return proposeScaling(instances, sentenced, choose, target, state.config.killSelection).decommission.map(Number);
}

function followUpgrade(state: MarathonState, app: App): void {
  const upgrade = app.upgrade;
  if (upgrade === null) return;
  const isOld = (task: number): boolean => liveOf(state, task).workRow !== app.workRow;
  const started = app.tasks.filter((task) => !isOld(task)).length;
  app.toLaunch = Math.max(0, upgrade.newStarted - started);
  if (app.upgradeKills >= upgrade.killsWanted) return;
  const old = app.tasks
    .filter((task) => isOld(task) && !instanceOf(state, task).killing)
    .map((task) => scalingInstance(state, task))
    .sort((a, b) => compareForKill(a, b, state.config.killSelection));
  for (const { id } of old) {
    if (app.upgradeKills >= upgrade.killsWanted) return;
    requestKill(state, Number(id));
    app.upgradeKills += 1;
  }
}

/** Marks a task to be killed; the kill is sent when fewer than the limit are in flight. */
export function requestKill(state: MarathonState, task: number, unhealthy = false): void {
  const instance = instanceOf(state, task);
  if (!unhealthy) instance.unhealthy = false;
  if (instance.killing) return;
  instance.killing = true;
  instance.unhealthy = unhealthy;
  state.killQueue.push(task);
}

/** Sends waiting kills up to the limit in flight. */
export function pumpKills(state: MarathonState, nowMs: number, out: FrameworkActions): void {
  while (state.killQueue.length > 0 && state.killsInFlight < state.config.killsInFlight) {
    const task = state.killQueue.shift() as number;
    const instance = state.instances.get(task);
    if (instance === undefined) continue;
    instance.killSentMs = nowMs;
    state.watched.add(task);
    state.killsInFlight += 1;
    appendKill(out, task);
  }
}

/**
 * Writes a status update into app and instance; tells whether the app is compared with its number because of it, which an end and the loss
 * of an unreachable instance bring about, and the return of one does not: two of one may run until the next scale check.
 */
export function applyUpdate(
  state: MarathonState,
  app: App,
  live: LiveTask,
  update: StatusUpdate,
  nowMs: number,
): boolean {
  const instance = instanceOf(state, live.task);
  const changed = live.status !== update.status;
  live.status = update.status;
  if (update.status !== TaskStatus.Running) state.watched.add(live.task);
  if (changed && live.workRow === app.workRow) applyDelay(state, app, update, nowMs);
  if (update.status === TaskStatus.Unreachable) {
    instance.unreachableSinceMs ??= nowMs;
    const stage = unreachableStage(strategyOf(state, live), instance.unreachableSinceMs, nowMs, false);
    const wasInactive = instance.inactive;
    instance.inactive = stage !== 'unreachable';
    return instance.inactive && !wasInactive;
  }
  instance.unreachableSinceMs = null;
  instance.inactive = false;
  if (update.status === TaskStatus.Running && instance.activeSinceMs === null) {
    instance.activeSinceMs = nowMs;
    state.tokens.tokens += 1;
    if (app.upgrade !== null && live.workRow === app.workRow) newBecameHealthy(app.upgrade);
  }
  if (!isTerminal(update.status)) return false;
  forget(state, app, live);
  return true;
}

function applyDelay(state: MarathonState, app: App, update: StatusUpdate, nowMs: number): void {
  switch (delayChange(CONDITION[update.status], update.agentDraining === true)) {
    case 'add':
      app.delay = increased(app.delay, state.config.backoff, nowMs);
      break;
    case 'advance':
      app.delay = advanced(app.delay, nowMs);
      break;
    case 'reset':
      app.delay = null;
      break;
    case 'none':
      break;
  }
}

/** Takes a task out of all books. */
export function forget(state: MarathonState, app: App, live: LiveTask): void {
  const instance = instanceOf(state, live.task);
  if (instance.killSentMs !== null) state.killsInFlight -= 1;
  if (app.upgrade !== null)
    if (live.workRow === app.workRow) newDied(app.upgrade, instance.activeSinceMs !== null);
    else oldDied(app.upgrade, instance.killing);
  app.tasks = app.tasks.filter((task) => task !== live.task);
  state.instances.delete(live.task);
  risingDelete(state.ledger.live, live.task);
}

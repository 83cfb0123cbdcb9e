/** What Marathon does by the clock: launch timeouts, kill retries, scale checks, instances to be forgotten, delays that ended or are overdue. */
import { risingGet } from '../base/rising-map.ts';
import { appendKill, type FrameworkActions, TaskStatus } from '../framework.ts';
import type { LiveTask } from '../framework-work.ts';
import { forget, requestKill, signalDemand, strategyOf } from './apps.ts';
import { deadlineMs, isOverdue } from './backoff.ts';
import type { App, MarathonState } from './state.ts';
import { nextExpungeMs, unreachableStage } from './unreachable.ts';

/** Period of the checks. Units: ms. */
export const HOUSEKEEPING_MS = 5_000;

/** Runs the periodic checks when they are due; returns the apps whose balance may have changed. */
export function keepHouse(
  state: MarathonState,
  appOf: (live: LiveTask) => App,
  nowMs: number,
  out: FrameworkActions,
): Set<App> {
  const touched = new Set<App>();
  if (nowMs >= state.nextHousekeepingMs) {
    const periods = Math.floor((nowMs - state.nextHousekeepingMs) / HOUSEKEEPING_MS) + 1;
    state.nextHousekeepingMs += periods * HOUSEKEEPING_MS;
    for (const live of watchedTasks(state)) checkInstance(state, live, appOf(live), nowMs, touched, out);
    for (const app of state.apps.values())
      if (app.delay !== null && isOverdue(app.delay, state.config.backoff, nowMs)) {
        app.delay = null;
        touched.add(app);
      }
  }
  if (nowMs >= state.nextScaleCheckMs) {
    const { scaleCheckIntervalMs } = state.config;
    state.nextScaleCheckMs +=
      (Math.floor((nowMs - state.nextScaleCheckMs) / scaleCheckIntervalMs) + 1) * scaleCheckIntervalMs;
    for (const app of state.apps.values()) touched.add(app);
  }
  if (nowMs >= state.nextExpungeMs) {
    state.nextExpungeMs = nextExpungeMs(state.startMs, nowMs);
    expunge(state, appOf, nowMs, touched);
  }
  return touched;
}

/** The watched tasks in order of launch; those that just run are forgotten. */
function watchedTasks(state: MarathonState): LiveTask[] {
  const { watched, instances, ledger } = state;
  const tasks: LiveTask[] = [];
  for (const task of watched) {
    const live = risingGet(ledger.live, task);
    const instance = instances.get(task);
    const settled = live?.status === TaskStatus.Running && instance?.killSentMs === null;
    if (live === undefined || instance === undefined || (settled && instance.unreachableSinceMs === null))
      watched.delete(task);
    else tasks.push(live);
  }
  return tasks.sort((a, b) => a.task - b.task);
}

function checkInstance(
  state: MarathonState,
  live: LiveTask,
  app: App,
  nowMs: number,
  touched: Set<App>,
  out: FrameworkActions,
): void {
  const instance = state.instances.get(live.task);
  if (instance === undefined) return;
  if (instance.killSentMs !== null && nowMs >= instance.killSentMs + state.config.killRetryMs) {
    instance.killSentMs = nowMs;
    appendKill(out, live.task);
  }
  const waiting = live.status === TaskStatus.Staging || live.status === TaskStatus.Starting;
  if (waiting && nowMs > live.launchedAtMs + state.config.launchTimeoutMs && !instance.killing) {
    requestKill(state, live.task);
    touched.add(app);
  }
}

function expunge(state: MarathonState, appOf: (live: LiveTask) => App, nowMs: number, touched: Set<App>): void {
  for (const live of watchedTasks(state)) {
    const instance = state.instances.get(live.task);
    // Only what was given up before, with a replacement on its way, is forgotten.
    if (instance === undefined || !instance.inactive || instance.unreachableSinceMs === null) continue;
    if (unreachableStage(strategyOf(state, live), instance.unreachableSinceMs, nowMs, true) !== 'expunge') continue;
    const app = appOf(live);
    forget(state, app, live);
    touched.add(app);
  }
}

/** Tells the revive stream of apps whose delay ended, and finds the next end. */
export function endDelays(state: MarathonState, nowMs: number): void {
  if (nowMs < state.nextDelayEndMs) return;
  state.nextDelayEndMs = Number.POSITIVE_INFINITY;
  for (const app of state.apps.values()) {
    signalDemand(state, app, nowMs);
    if (app.toLaunch > 0 && app.signalled === 0)
      state.nextDelayEndMs = Math.min(state.nextDelayEndMs, deadlineMs(app.delay, nowMs));
  }
}

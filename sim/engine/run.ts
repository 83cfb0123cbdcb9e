/**
 * The one loop that owns time: it takes the next event in the total order and lets it happen.
 *
 * Arrivals of best-effort tasks are a sorted stream beside the calendar; an arrival at time t counts as an event of phase `arrive`.
 */
import { fail } from '../../policies/base/assert.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { bind, CHANGE, start } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { createCalendarEvent, orderKey } from '../kernel/calendar.ts';
import { closeHour } from '../kernel/digest.ts';
import { PHASE } from '../kernel/phase.ts';
import { takeArrivals } from './arrivals.ts';
import type { Engine } from './engine.ts';
import { handleCarbonStep, handleStretchEnd, openEventWindow, startEventPhysics } from './event-physics.ts';
import { handleFault, scheduleFaults } from './faults.ts';
import { killUnhealthy } from './health-checks.ts';
import { nextArrivalMs } from './intake.ts';
import { bookProgress, EVENT, endAttempt, evictPod, missOpenDeadlines, rowOfPayload, startTask } from './lifecycle.ts';
import { handleScale, scheduleScaling } from './scaling.ts';
import { runTick } from './tick.ts';
import { closeWindow } from './window-record.ts';

/** Called once a simulated hour; returning false stops the run cleanly after that hour. */
export type ProgressReport = (simulatedMs: number, events: number) => boolean;

const ARRIVE_KEY = orderKey(PHASE.arrive, 0);

/** Starts a run: services in place, first events scheduled. */
export function startRun(engine: Engine): void {
  placeServices(engine);
  engine.calendar.push(0, PHASE.physics, 0, EVENT.tick, 0);
  scheduleFaults(engine);
  startEventPhysics(engine);
  scheduleScaling(engine);
}

/** Runs until `untilMs` (not included) or the horizon; returns whether the horizon was reached. */
export function runUntil(engine: Engine, untilMs: number, onHour?: ProgressReport): boolean {
  const { calendar, plan, hours } = engine;
  const event = createCalendarEvent();
  const endMs = Math.min(untilMs, plan.horizonMs);
  for (;;) {
    const nextMs = calendar.peekTimeMs();
    const arrivalMs = nextArrivalMs(engine.intake, hours);
    if (arrivalMs < nextMs || (arrivalMs === nextMs && ARRIVE_KEY < calendar.peekKey())) {
      if (arrivalMs >= endMs) break;
      engine.nowMs = arrivalMs;
      takeArrivals(engine, arrivalMs);
      engine.events++;
      if (engine.endedAtMs >= 0) return endRun(engine, arrivalMs);
      continue;
    }
    if (nextMs >= endMs) break;
    calendar.pop(event);
    engine.nowMs = nextMs;
    engine.events++;
    if (event.kind === EVENT.tick && nextMs > 0) {
      closeWindow(engine);
      if (nextMs % MS_PER_HOUR === 0) {
        closeHour(engine.cluster.digest);
        if (onHour !== undefined && !onHour(nextMs, engine.events)) return false;
      }
    }
    handle(engine, event.kind, event.entity, event.payload, nextMs);
    if (engine.endedAtMs >= 0) return endRun(engine, nextMs);
  }
  if (endMs < plan.horizonMs) return false;
  return endRun(engine, plan.horizonMs);
}

/** The run is over: progress is booked and the window that is open is closed. */
function endRun(engine: Engine, nowMs: number): true {
  engine.nowMs = nowMs;
  bookProgressOfAll(engine, nowMs);
  missOpenDeadlines(engine);
  closeWindow(engine);
  closeHour(engine.cluster.digest);
  return true;
}

function handle(engine: Engine, kind: number, entity: number, payload: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  switch (kind) {
    case EVENT.tick:
      engine.calendar.push(nowMs + engine.plan.windowMs, PHASE.physics, 0, EVENT.tick, 0);
      if (engine.exact !== null) openEventWindow(engine, engine.exact, nowMs);
      else runTick(engine, nowMs);
      break;
    case EVENT.use:
      handleStretchEnd(engine, payload, nowMs);
      break;
    case EVENT.carbon:
      handleCarbonStep(engine, nowMs);
      break;
    case EVENT.start: {
      const row = rowOfPayload(tasks, payload);
      if (row >= 0 && tasks.state[row] === TASK_STATE.bound) startTask(engine, row, nowMs);
      break;
    }
    case EVENT.finish: {
      const row = rowOfPayload(tasks, payload);
      if (row < 0 || tasks.state[row] !== TASK_STATE.running) break;
      bookProgress(tasks, row, nowMs);
      // The end was rounded up to a whole millisecond, so nothing is left; a task with work left has a stale event.
      if (tasks.leftMs[row] > 1) break;
      tasks.leftMs[row] = 0;
      endAttempt(engine, row, nowMs);
      break;
    }
    case EVENT.crash: {
      const row = rowOfPayload(tasks, payload);
      if (row >= 0 && tasks.state[row] === TASK_STATE.running) evictPod(engine, row, nowMs, CHANGE.fail, 0);
      break;
    }
    case EVENT.unhealthy: {
      const row = rowOfPayload(tasks, payload);
      if (row >= 0 && tasks.state[row] === TASK_STATE.running) killUnhealthy(engine, row, nowMs);
      break;
    }
    case EVENT.wake:
      if (nowMs !== engine.wakeMs) break;
      engine.wakeMs = Number.POSITIVE_INFINITY;
      engine.plane.wake(nowMs);
      break;
    case EVENT.fault:
    case EVENT.repair:
      handleFault(engine, kind, entity, payload, nowMs);
      break;
    case EVENT.scale:
      handleScale(engine, payload, nowMs);
      break;
    default:
      fail(`event of unknown kind ${kind}`);
  }
}

/**
 * Puts every wanted replica in place at time 0, running: a simulated cluster does not begin empty. Same filter and score as later, no
 * decision time. Pods that fit nowhere go to the scheduler's queue.
 */
function placeServices(engine: Engine): void {
  const { online, cluster, plane, placement } = engine;
  for (let s = 0; s < online.services.count; s++) {
    for (let row = online.firstPod[s]; row < online.firstPod[s] + online.wanted[s]; row++) {
      const host = plane.bestHostFor(row);
      if (host < 0) {
        plane.onPending(row, 0);
        continue;
      }
      bind(cluster, row, host, 0, plane.cardsOn?.(row, host) ?? 0, plane.cpusOn?.(row, host));
      engine.countReplica(row, host, 1);
      start(cluster, row, 0);
      plane.onStarted(row, 0);
      online.ready[s]++;
    }
  }
  placement?.view.estimatedMilliCpu.fill(0);
}

/** Progress of what still runs at the end counts as done so far, so that work in = done + abandoned + left. */
function bookProgressOfAll(engine: Engine, nowMs: number): void {
  const { tasks } = engine.cluster;
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.running) bookProgress(tasks, row, nowMs);
}

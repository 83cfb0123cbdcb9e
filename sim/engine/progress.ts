/** Progress of best effort: what is done is booked once a window, then every task gets the speed that its host has left for it. */
import { taskRowsOnHost } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { fill } from '../host/max-min.ts';
import type { Engine } from './engine.ts';
import { scheduleFinish } from './lifecycle.ts';

/**
 * Books the progress of every running best-effort task up to now, sets its speed for the window and schedules the ends that come
 * inside it.
 */
export function speedUpAll(engine: Engine, nowMs: number): void {
  const { hostWindow, cluster } = engine;
  const { tasks, hosts } = cluster;
  const { bestEffortShare, bestEffortSpeed } = hostWindow;
  const { host: hostOf, speed, leftMs, bookedAtMs, runningRows, runningCount } = tasks;
  const spanMs = engine.nextTickMs - nowMs;
  for (let i = 0; i < runningCount; i++) {
    const row = runningRows[i];
    const left = leftMs[row] - (nowMs - bookedAtMs[row]) * speed[row];
    leftMs[row] = left > 0 ? left : 0;
    bookedAtMs[row] = nowMs;
    const host = hostOf[row];
    if (bestEffortShare[host] < 1) continue;
    const now = bestEffortSpeed[host];
    speed[row] = now;
    if (left < now * spanMs) scheduleFinish(engine, row, nowMs);
  }
  for (let host = 0; host < hosts.count; host++) if (bestEffortShare[host] < 1) shareAmongTasks(engine, host, nowMs);
}

const shareDemand = new Float64Array(4096);
const shareWeight = new Float64Array(4096);
const shareGrant = new Float64Array(4096);
const shareScratch = new Int32Array(4096);

/** Where best effort gets less than it wants, its tasks share it by request: weighted max-min, weight = batch-cpu request. */
function shareAmongTasks(engine: Engine, host: number, nowMs: number): void {
  const { cluster, rows, hostWindow } = engine;
  const { tasks } = cluster;
  const n = taskRowsOnHost(cluster, host, rows);
  let running = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i];
    if (tasks.state[row] !== TASK_STATE.running) continue;
    rows[running] = row;
    shareDemand[running] = tasks.demandMilliCpu[row];
    shareWeight[running] = tasks.requestMilliCpu[row] + 1;
    running++;
  }
  fill(hostWindow.bestEffortMilliCpu[host], shareDemand, shareWeight, 0, running, shareScratch, shareGrant);
  for (let i = 0; i < running; i++) {
    const row = rows[i];
    const demand = shareDemand[i];
    tasks.speed[row] = demand > 0 ? (shareGrant[i] / demand) * hostWindow.bestEffortSpeed[host] : 0;
    scheduleFinish(engine, row, nowMs);
  }
}

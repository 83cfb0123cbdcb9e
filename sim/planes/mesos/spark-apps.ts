/**
 * Applications of Sparks: a job of the task table is one. Coarse-grained, its tasks wait for slots of its executors, stage after stage, without an
 * offer and without a container; fine-grained, each is a task of Mesos, and the first on a host brings an executor and waits for its container.
 *
 * Approximations: an application asks for all executors of its backlog at once, where upstream doubles its request every second; its driver
 * is a process outside the cluster.
 */
import { fail } from '../../../policies/base/assert.ts';
import { risingGet } from '../../../policies/base/rising-map.ts';
import { TaskStatus } from '../../../policies/framework.ts';
import {
  endApplication,
  executorsWanted,
  type SparkState,
  wantExecutors,
} from '../../../policies/spark-like/framework.ts';
import { memMibOf } from './agents.ts';
import { ask } from './answers.ts';
import type { Driver } from './driver.ts';
import { closeExecutor, executorOf, take } from './executors.ts';
import type { MesosRun } from './mesos-run.ts';
import { hostIsDead } from './partitions.ts';
import type { SparkApp } from './spark-books.ts';

/** A task of an application waits: for a slot that is free, or for one more executor. */
export function takeSparkTask(run: MesosRun, driver: Driver, row: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const app = s.spark.apps.get(tasks.job[row]) ?? openApp(run, driver, row, nowMs);
  s.driverOfRow[row] = driver.index;
  s.queued[driver.index]++;
  app.waiting.add(row);
  tendApp(run, app, nowMs);
}

/** Row of the work that launches the executors of a fine-grained application, for one of its tasks. */
export function executorWork(run: MesosRun, driver: Driver, row: number, nowMs: number): number {
  const { s, setup } = run;
  const { job } = setup.context.cluster.tasks;
  return (s.spark.apps.get(job[row]) ?? openFineApp(run, driver, row, nowMs)).work;
}

function openFineApp(run: MesosRun, driver: Driver, row: number, nowMs: number): SparkApp {
  const { mesosExecutorCores } = (driver.state as SparkState).config;
  return enterApp(run, driver, row, Math.round(1000 * mesosExecutorCores), 0, 0, nowMs);
}

function openApp(run: MesosRun, driver: Driver, row: number, nowMs: number): SparkApp {
  const { tasks } = run.setup.context.cluster;
  const { config } = driver.state as SparkState;
  const milliCpu = Math.round(1000 * config.executorCores);
  const taskMilliCpu = Math.ceil(tasks.requestMilliCpu[row]);
  if (taskMilliCpu > milliCpu)
    fail(`a task of "${driver.plan.name}" asks for ${taskMilliCpu}m, its executors have ${milliCpu}m`);
  const memMib = Math.ceil((memMibOf(tasks.requestMemBytes[row]) * milliCpu) / taskMilliCpu);
  return enterApp(run, driver, row, milliCpu, memMib, Math.floor(milliCpu / taskMilliCpu), nowMs);
}

/** A new application with executors of this size; its framework launches none yet. */
function enterApp(
  run: MesosRun,
  driver: Driver,
  row: number,
  milliCpu: number,
  memMib: number,
  slots: number,
  nowMs: number,
): SparkApp {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const app: SparkApp = {
    job: tasks.job[row],
    driver: driver.index,
    work: driver.nextWork++,
    population: tasks.group[row],
    milliCpu,
    memMib,
    slots,
    waiting: new Set(),
    running: 0,
    executors: [],
  };
  s.spark.apps.set(app.job, app);
  const works = s.spark.works.get(driver.index) ?? new Map<number, number>();
  s.spark.works.set(driver.index, works);
  works.set(app.work, app.job);
  const work = {
    name: `application ${tasks.id[row]}`,
    instances: 0,
    milliCpu,
    memMiB: memMib,
    diskMiB: slots === 0 ? 0 : driver.plan.taskDiskMib,
    lane: 0,
  };
  ask(run, driver, nowMs, (context, out) => driver.framework.submit(driver.state, work, context, out));
  return app;
}

/** Waiting tasks take free slots, oldest executor first; then the application says how many executors it wants. */
export function tendApp(run: MesosRun, app: SparkApp, nowMs: number): void {
  const { s, setup } = run;
  const driver = s.drivers[app.driver];
  const { tasks } = setup.context.cluster;
  for (const row of app.waiting) {
    const task = app.executors.find((other) => {
      const executor = executorOf(s, driver, other);
      if (executor === undefined || executor.readyAtMs > nowMs || hostIsDead(run, executor.host)) return false;
      return executor.freeMilliCpu >= tasks.requestMilliCpu[row] && executor.freeMemBytes >= tasks.requestMemBytes[row];
    });
    // Tasks of an application are alike: where one finds no slot, none behind it does.
    if (task === undefined) break;
    runInside(run, app, task, row, nowMs);
  }
  const wanted = executorsWanted((driver.state as SparkState).config, app.waiting.size + app.running, app.slots);
  ask(run, driver, nowMs, (_context, out) => wantExecutors(driver.state as SparkState, app.work, wanted, out));
}

function runInside(run: MesosRun, app: SparkApp, task: number, row: number, nowMs: number): void {
  const { s, setup } = run;
  const executor = executorOf(s, s.drivers[app.driver], task) ?? fail(`executor ${task} is there`);
  app.waiting.delete(row);
  app.running++;
  s.waiting[row] = 0;
  s.queued[app.driver]--;
  s.spark.inside.set(row, { driver: app.driver, task, sinceMs: nowMs });
  take(run, executor, row, 1, nowMs);
  executor.idleSinceMs = Number.POSITIVE_INFINITY;
  setup.context.bind(row, executor.host, nowMs, 0);
}

/** A job is over: its application gives its executors back. */
export function endApp(run: MesosRun, job: number, nowMs: number): void {
  const app = run.s.spark.apps.get(job);
  if (app === undefined) return;
  const driver = run.s.drivers[app.driver];
  endApplication(driver.state as SparkState, app.work);
  for (const task of [...app.executors]) closeExecutor(run, driver, task, TaskStatus.Killed, nowMs);
  run.s.spark.apps.delete(job);
  run.s.spark.works.get(app.driver)?.delete(app.work);
}

/** Whether the master's task `task` is an executor: every one of a coarse-grained Spark is. */
export function isExecutor({ s }: MesosRun, driver: Driver, task: number): boolean {
  if (!driver.isFine) return driver.isCoarse;
  if (executorOf(s, driver, task) !== undefined) return true;
  const work = risingGet((driver.state as SparkState).ledger.live, task)?.workRow;
  return work !== undefined && s.spark.works.get(driver.index)?.has(work) === true;
}

/** After how many ms a fine-grained task on a host starts: when the executor there does, which needs no second container. */
export function fineDelayMs({ s, setup }: MesosRun, driver: Driver, row: number, host: number, nowMs: number): number {
  const app = s.spark.apps.get(setup.context.cluster.tasks.job[row]);
  for (const task of app?.executors ?? []) {
    const executor = executorOf(s, driver, task);
    if (executor?.host === host) return Math.max(0, executor.readyAtMs - nowMs);
  }
  return fail(`row ${row} is launched on host ${host}, where its application has no executor`);
}

/** Executors that run by now take tasks; those that have been idle for long are given back, where allocation is dynamic. */
export function tendExecutors(run: MesosRun, nowMs: number): void {
  const { s } = run;
  for (const [driver, own] of s.spark.executors) {
    if (!s.drivers[driver].isCoarse) continue;
    const { dynamicAllocation, executorIdleMs } = (s.drivers[driver].state as SparkState).config;
    for (const [task, executor] of [...own]) {
      const app = s.spark.apps.get(executor.job);
      if (app === undefined) continue;
      if (executor.readyAtMs === nowMs) tendApp(run, app, nowMs);
      if (!dynamicAllocation || nowMs < executor.idleSinceMs + executorIdleMs) continue;
      closeExecutor(run, s.drivers[driver], task, TaskStatus.Killed, nowMs);
      tendApp(run, app, nowMs);
    }
  }
}

/** When the next of that is due after the last wake. */
export function nextExecutorMs({ s, now }: MesosRun): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const [driver, own] of s.spark.executors) {
    if (!s.drivers[driver].isCoarse) continue;
    const { dynamicAllocation, executorIdleMs } = (s.drivers[driver].state as SparkState).config;
    for (const { readyAtMs, idleSinceMs } of own.values()) {
      if (readyAtMs > now.nowMs) nextMs = Math.min(nextMs, readyAtMs);
      if (dynamicAllocation) nextMs = Math.min(nextMs, Math.max(now.nowMs + 1, idleSinceMs + executorIdleMs));
    }
  }
  return nextMs;
}

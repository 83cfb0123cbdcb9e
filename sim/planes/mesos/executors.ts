/**
 * Executors of a coarse-grained Spark: an application is a job of the task table, its executors are tasks of Mesos that hold cores until the
 * job is over, and the job's tasks run inside them, without an offer and without a container.
 *
 *   held by executors = run by tasks inside + idle         idle cores are held on the host and are nobody else's
 *
 * What an executor holds is a holding of its host; a task that starts inside takes its part of it and gives it back at its end.
 *
 * An executor of a fine-grained application holds a core of its own beside the tasks, which are tasks of Mesos themselves: the first on a host
 * brings it and waits for its container, the others start when they are launched. Its memory is with its tasks here, upstream with the executor.
 *
 * Approximations: an application asks for all executors of its backlog at once, where upstream doubles its request every second; its driver
 * is a process outside the cluster; it hears at once when a host with an executor dies.
 */
import { fail } from '../../../policies/base/assert.ts';
import { risingGet } from '../../../policies/base/rising-map.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import { TaskStatus } from '../../../policies/framework.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import {
  endApplication,
  executorsWanted,
  type SparkState,
  wantExecutors,
} from '../../../policies/spark-like/framework.ts';
import { TIER } from '../../cluster/hosts.ts';
import { launchDelayMs } from '../launch-pipeline.ts';
import { memMibOf } from './agents.ts';
import { ask } from './answers.ts';
import { type Driver, taskId } from './driver.ts';
import { type MesosRun, masterOf } from './mesos-run.ts';
import { hostIsDead } from './partitions.ts';
import type { SparkApp, SparkExecutor } from './spark-books.ts';
import { tell } from './updates.ts';

function executorOf({ spark }: MesosRun['s'], driver: Driver, task: number): SparkExecutor | undefined {
  return spark.executors.get(driver.index)?.get(task);
}

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

/** Whether the master's task `task` is an executor of a fine-grained application. */
export function isFineExecutor({ s }: MesosRun, driver: Driver, task: number): boolean {
  if (!driver.isFine) return false;
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
  executor.idleSinceMs = Infinity;
  setup.context.bind(row, executor.host, nowMs, 0);
}

/** A task takes its part of an executor's room (1) or gives it back (-1). */
function take(run: MesosRun, executor: SparkExecutor, row: number, sign: 1 | -1, nowMs: number): void {
  const { tasks } = run.setup.context.cluster;
  const milliCpu = tasks.requestMilliCpu[row];
  const memBytes = tasks.requestMemBytes[row];
  executor.freeMilliCpu -= sign * milliCpu;
  executor.freeMemBytes -= sign * memBytes;
  holdOn(run, executor.host, milliCpu, memBytes, sign === 1 ? -1 : 1, nowMs);
}

function holdOn(run: MesosRun, host: number, milliCpu: number, memBytes: number, sign: 1 | -1, nowMs: number): void {
  run.setup.context.hold(host, { tier: TIER.native, milliCpu, memBytes, cards: [], cpus: [] }, sign, nowMs);
}

/** The master let an executor start: it holds its cores from now on, and takes tasks when its container runs. */
export function startExecutor(run: MesosRun, driver: Driver, task: number, host: number, nowMs: number): void {
  const { s, setup } = run;
  const work = risingGet((driver.state as SparkState).ledger.live, task)?.workRow;
  const app = s.spark.apps.get(s.spark.works.get(driver.index)?.get(work ?? -1) ?? -1);
  s.counters.launches++;
  s.tally.launches[driver.index]++;
  s.tally.launchesOn[host]++;
  if (app === undefined) {
    endMesosTask(run, driver, task, TaskStatus.Killed, host, nowMs);
    return;
  }
  const healMs = s.silent.get(host)?.healMs ?? nowMs;
  const image = setup.services.length + app.population;
  const readyAtMs = healMs + launchDelayMs(s.pipeline, setup.plan.launch, host, image, healMs);
  const memBytes = app.memMib * BYTES_PER_MIB;
  const own = s.spark.executors.get(driver.index) ?? new Map<number, SparkExecutor>();
  s.spark.executors.set(driver.index, own);
  own.set(task, {
    job: app.job,
    host,
    sinceMs: nowMs,
    readyAtMs,
    milliCpu: app.milliCpu,
    memBytes,
    freeMilliCpu: app.milliCpu,
    freeMemBytes: memBytes,
    idleSinceMs: readyAtMs,
  });
  app.executors.push(task);
  holdOn(run, host, app.milliCpu, memBytes, 1, nowMs);
}

/** A row inside leaves its executor, which keeps the room. */
export function leaveExecutor(run: MesosRun, row: number, nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const place = s.spark.inside.get(row);
  if (place === undefined) return;
  s.spark.inside.delete(row);
  const app = s.spark.apps.get(tasks.job[row]) ?? fail(`row ${row} runs inside an application that is over`);
  const executor = executorOf(s, s.drivers[app.driver], place.task) ?? fail(`executor ${place.task} is there`);
  app.running--;
  s.spark.busyCoreMs[app.driver] += (tasks.requestMilliCpu[row] / 1000) * (nowMs - place.sinceMs);
  take(run, executor, row, -1, nowMs);
  if (executor.freeMilliCpu === executor.milliCpu) executor.idleSinceMs = nowMs;
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

/** An executor is over: what ran inside waits again, its room is free, and its application hears of it. */
export function closeExecutor(run: MesosRun, driver: Driver, task: number, status: TaskStatus, nowMs: number): void {
  const { s, setup } = run;
  const executor = executorOf(s, driver, task);
  if (executor === undefined) return;
  for (const [row, place] of [...s.spark.inside])
    if (place.task === task && place.driver === driver.index) setup.context.evict(row, nowMs, EVICT_REASON.drained);
  s.spark.executors.get(driver.index)?.delete(task);
  const app = s.spark.apps.get(executor.job);
  app?.executors.splice(app.executors.indexOf(task), 1);
  s.spark.heldCoreMs[driver.index] += (executor.milliCpu / 1000) * (nowMs - executor.sinceMs);
  holdOn(run, executor.host, executor.milliCpu, executor.memBytes, -1, nowMs);
  endMesosTask(run, driver, task, status, executor.host, nowMs);
}

function endMesosTask(
  run: MesosRun,
  driver: Driver,
  task: number,
  status: TaskStatus,
  host: number,
  nowMs: number,
): void {
  const state = status === TaskStatus.Killed ? 'TASK_KILLED' : 'TASK_LOST';
  masterOf(run, driver).book.close(taskId(driver, task), state);
  tell(run, driver, { task, status, agent: host }, nowMs);
}

/** What the master says of an executor: it could not be launched, its agent was given up, or is back with it. */
export function executorFromMaster(run: MesosRun, driver: Driver, task: number, state: string, nowMs: number): void {
  const executor = executorOf(run.s, driver, task);
  if (executor === undefined) tell(run, driver, { task, status: TaskStatus.Lost, agent: -1 }, nowMs);
  else if (state === 'TASK_UNREACHABLE')
    tell(run, driver, { task, status: TaskStatus.Unreachable, agent: executor.host }, nowMs, true);
  else if (state !== 'TASK_RUNNING') closeExecutor(run, driver, task, TaskStatus.Lost, nowMs);
}

/** Every executor of a host that died, is given up or is emptied is over. */
export function closeExecutorsOn(run: MesosRun, host: number, status: TaskStatus, nowMs: number): void {
  for (const [driver, own] of run.s.spark.executors)
    for (const [task, executor] of [...own])
      if (executor.host === host) closeExecutor(run, run.s.drivers[driver], task, status, nowMs);
}

/** Executors that run by now take tasks; those that have been idle for long are given back, where allocation is dynamic. */
export function tendExecutors(run: MesosRun, nowMs: number): void {
  const { s } = run;
  for (const [driver, own] of s.spark.executors) {
    const { dynamicAllocation, executorIdleMs } = (s.drivers[driver].state as SparkState).config;
    for (const [task, executor] of [...own]) {
      const app = s.spark.apps.get(executor.job);
      if (app === undefined || app.slots === 0) continue;
      if (executor.readyAtMs === nowMs) tendApp(run, app, nowMs);
      if (!dynamicAllocation || nowMs < executor.idleSinceMs + executorIdleMs) continue;
      closeExecutor(run, s.drivers[driver], task, TaskStatus.Killed, nowMs);
      tendApp(run, app, nowMs);
    }
  }
}

/** When the next of that is due after the last wake. */
export function nextExecutorMs({ s, now }: MesosRun): number {
  let nextMs = Infinity;
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

/** Executors of a driver on a host. */
export function* executorsOnHost(
  { s }: MesosRun,
  driver: Driver,
  host: number,
): Generator<readonly [task: number, executor: SparkExecutor]> {
  for (const entry of s.spark.executors.get(driver.index) ?? []) if (entry[1].host === host) yield entry;
}

/** What a report says of cores that executors held and nobody used. */
export function executorSentences({ s, setup, now }: MesosRun): string[] {
  const { requestMilliCpu } = setup.context.cluster.tasks;
  const { heldCoreMs, busyCoreMs, executors, inside } = s.spark;
  return s.drivers.flatMap(({ index, plan, isFine }) => {
    let held = heldCoreMs[index];
    let busy = busyCoreMs[index];
    for (const { milliCpu, sinceMs } of executors.get(index)?.values() ?? [])
      held += (milliCpu / 1000) * (now.nowMs - sinceMs);
    for (const [row, { driver, sinceMs }] of inside)
      if (driver === index) busy += (requestMilliCpu[row] / 1000) * (now.nowMs - sinceMs);
    if (held === 0) return [];
    if (isFine)
      return [
        `Executors of "${plan.name}" held ${(held / 3_600_000).toFixed(1)} core-hours of their own beside those of its tasks, one core for every application and agent (mesosExecutorCores).`,
      ];
    const hours = (coreMs: number) => (coreMs / 3_600_000).toFixed(1);
    return [
      `Executors of "${plan.name}" held ${hours(held)} core-hours, the tasks inside used ${hours(busy)}: ${((100 * (held - busy)) / held).toFixed(0)} % of what they held stood idle, and nobody else could have it. Dynamic allocation gives idle executors back; fine-grained mode holds one core an agent and waits for offers.`,
    ];
  });
}

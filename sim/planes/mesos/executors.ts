/**
 * Executors of Sparks: what each holds on its host, what runs inside, and how it begins and ends. Who wants them: spark-apps.ts.
 *
 *   held by an executor = run by tasks inside + idle         idle cores are held on the host and are nobody else's
 *
 * A task that starts inside takes its part of the holding and gives it back at its end. An executor of a fine-grained application holds a
 * core of its own beside the tasks, which are tasks of Mesos themselves; its memory is with its tasks here, upstream with the executor.
 *
 * Approximation: an application hears at once when a host with an executor dies.
 */
import { fail } from '../../../policies/base/assert.ts';
import { risingGet } from '../../../policies/base/rising-map.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import { TaskStatus } from '../../../policies/framework.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import type { SparkState } from '../../../policies/spark-like/framework.ts';
import { TIER } from '../../cluster/hosts.ts';
import { launchDelayMs } from '../launch-pipeline.ts';
import { type Driver, taskId } from './driver.ts';
import { type MesosRun, masterOf } from './mesos-run.ts';
import type { SparkExecutor } from './spark-books.ts';
import { tell } from './updates.ts';

/** An executor by its task number at its framework. */
export function executorOf({ spark }: MesosRun['s'], driver: Driver, task: number): SparkExecutor | undefined {
  return spark.executors.get(driver.index)?.get(task);
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

/** A task takes its part of an executor's room (1) or gives it back (-1). */
export function take(run: MesosRun, executor: SparkExecutor, row: number, sign: 1 | -1, nowMs: number): void {
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

/** An executor is over: what ran inside waits again, its room is free, and its application hears of it. Any other task is left alone. */
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
  const hours = (coreMs: number) => (coreMs / 3_600_000).toFixed(1);
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
        `Executors of "${plan.name}" held ${hours(held)} core-hours of their own beside those of its tasks: mesosExecutorCores for every application and agent.`,
      ];
    return [
      `Executors of "${plan.name}" held ${hours(held)} core-hours, the tasks inside used ${hours(busy)}: ${((100 * (held - busy)) / held).toFixed(0)} % of what they held stood idle, and nobody else could have it. Dynamic allocation gives idle executors back; fine-grained mode holds one core an agent and waits for offers.`,
    ];
  });
}

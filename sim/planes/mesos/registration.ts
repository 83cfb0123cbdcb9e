/** Who registers with the master: agents with what runs on them, frameworks with what they hold. */

import { risingSet } from '../../../policies/base/rising-map.ts';
import { BYTES_PER_GIB, BYTES_PER_MIB } from '../../../policies/base/units.ts';
import type { TaskStatus } from '../../../policies/framework.ts';
import { createActions } from '../../../policies/framework.ts';
import { adoptTask } from '../../../policies/marathon/framework.ts';
import type { MarathonState } from '../../../policies/marathon/state.ts';
import type { RunningTask } from '../../../policies/mesos/master-messages.ts';
import { addBags, bagOf, EMPTY_BAG, type ResourceBag, subtractBags } from '../../../policies/mesos/resource-bag.ts';
import { adoptChild, type RootState } from '../../../policies/root-framework/framework.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { noteImage } from '../launch-pipeline.ts';
import { gpusOf, memMibOf, regularBag, taskBag } from './agents.ts';
import { ask } from './answers.ts';
import { keepClosed } from './closed-agents.ts';
import { type Driver, taskId } from './driver.ts';
import { executorsOnHost } from './executors.ts';
import { FRAMEWORK_KINDS } from './frameworks.ts';
import { submitJobs } from './job-runs.ts';
import { AGENT, driverOf, fitRows, frameworkContext, type MesosRun, masterOf, masterOfHost } from './mesos-run.ts';
import { adoptedBag, totalWithReservations } from './reservations.ts';

/**
 * The first moment: services that stand from the start are taken over as after a restart, then everybody registers.
 *
 * `inPlace` are the rows of services that run already.
 */
export function begin(run: MesosRun, inPlace: readonly number[], nowMs: number): void {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  fitRows(s, tasks.capacity);
  const context = frameworkContext(run, nowMs);
  // Not subscribed yet, so nobody has anything to say to the master.
  const out = createActions();
  setup.services.forEach((service, index) => {
    const driver = s.drivers[setup.driverOfService[index]];
    const work = driver.nextWork++;
    risingSet(driver.targetOfWork, work, index);
    const { name, milliCpu, memMib, gpus, constraints, unreachable } = service;
    const job = {
      name,
      instances: s.wanted[index],
      milliCpu,
      memMiB: memMib,
      diskMiB: 0,
      lane: 0,
      constraints,
      ...(gpus > 0 ? { gpus } : {}),
      ...(unreachable === undefined ? {} : { unreachable }),
    };
    driver.framework.submit(driver.state, job, context, out);
  });
  for (const row of inPlace) {
    const { name } = setup.services[tasks.group[row]];
    const driver = s.drivers[setup.driverOfService[tasks.group[row]]];
    const task =
      driver.plan.kind === 'marathon'
        ? adoptTask(driver.state as MarathonState, name, tasks.host[row], context, out)
        : adoptChild(driver.state as RootState, name, tasks.host[row], nowMs);
    s.taskOfRow[row] = task;
    s.workOfRow[row] = tasks.group[row];
    risingSet(driver.rowOfTask, task, row);
    noteImage(s.pipeline, tasks.host[row], tasks.group[row]);
  }
  for (const driver of s.drivers) submitJobs(run, driver, context, out);
  for (const driver of s.drivers) subscribe(run, driver, nowMs);
  for (let host = 0; host < setup.context.cluster.hosts.count; host++) registerAgent(run, host);
}

/** A framework registers, for the first time or again; updates it missed are told by the caller. */
export function subscribe(run: MesosRun, driver: Driver, nowMs: number): void {
  const master = masterOf(run, driver);
  master.subscribe(driver.info, driver.plan.failoverTimeoutMs);
  // The id of a framework whose failover timeout has passed is refused for ever.
  if (!master.allocator.ledger.frameworks.has(driver.plan.name)) return;
  ask(run, driver, nowMs, (context, out) => driver.framework.subscribe(driver.state, context, out));
}

/** An agent registers with everything that is bound to it; one that was marked gone is refused for ever. */
export function registerAgent(run: MesosRun, host: number): void {
  const { s, setup } = run;
  if (s.closed.get(host)?.gone === true) return;
  const { hosts } = setup.context.cluster;
  const { agents, plan, gpus } = setup;
  const id = String(host);
  const diskMib = (plan.diskGibPerAgent * BYTES_PER_GIB) / BYTES_PER_MIB;
  if (plan.oversubscription.kind === 'revocable')
    s.revocableMilliCpu[host] = Math.floor(hosts.soldMilliCpu[TIER.batch * hosts.count + host]);
  const cluster = setup.clusterOfHost[host];
  const master = s.masters[cluster];
  let total = regularBag(s.kinds, hosts, host, gpus[host], diskMib);
  if (s.revocableMilliCpu[host] > 0) total = addBags(total, bagOf(s.kinds.revocableCpus, s.revocableMilliCpu[host]));
  if (s.kinds.withReservations) total = totalWithReservations(run, host, total);
  let left = total;
  const used = new Map<string, Map<string, ResourceBag>>();
  const running: RunningTask[] = [];
  for (const driver of s.drivers) {
    if (setup.clusterOfDriver[driver.index] !== cluster) continue;
    let held = EMPTY_BAG;
    const { name, role, taskDiskMib } = driver.plan;
    const take = (task: number, bag: ResourceBag): void => {
      if (s.kinds.withReservations) left = subtractBags(left, bag);
      held = addBags(held, bag);
      running.push({
        id: taskId(driver, task),
        bag,
        executor: null,
        framework: name,
        role,
        agent: id,
        latestState: 'TASK_RUNNING',
        holds: true,
        order: 0,
      });
    };
    for (const [task, row] of rowsOnHost(run, driver, host)) take(task, bagOfRow(run, driver, row, left));
    for (const [task, { milliCpu, memBytes }] of executorsOnHost(run, driver, host)) {
      const mem = memMibOf(memBytes);
      const bag = s.kinds.withReservations
        ? adoptedBag(s.kinds, left, role, milliCpu, mem, taskDiskMib, 0, false)
        : taskBag(s.kinds, milliCpu, mem, taskDiskMib, 0, false);
      take(task, bag);
    }
    if (held !== EMPTY_BAG) used.set(name, new Map([[role, held]]));
  }
  master.addAgent(
    {
      id,
      tag: host,
      hostname: agents.hostname[host],
      region: null,
      attributes: JSON.stringify(agents.attributes[host]),
      capabilities: null,
      checkpoint: true,
      total,
      unavailableFromMs: null,
    },
    used,
    running,
  );
  s.agent[host] = AGENT.registered;
  keepClosed(run, host);
}

/** Bound and running tasks of a framework on a host, by task number. */
export function* rowsOnHost(
  run: MesosRun,
  driver: Driver,
  host: number,
): Generator<readonly [task: number, row: number]> {
  const { tasks, hosts } = run.setup.context.cluster;
  if (FRAMEWORK_KINDS[driver.plan.kind].runsServices) {
    for (let row = 0; row < tasks.firstBestEffort; row++)
      if (
        tasks.host[row] === host &&
        run.s.taskOfRow[row] >= 0 &&
        run.setup.driverOfService[tasks.group[row]] === driver.index
      )
        yield [run.s.taskOfRow[row], row];
    return;
  }
  for (let row = hosts.firstTask[host]; row >= 0; row = tasks.nextOnHost[row])
    if (run.s.taskOfRow[row] >= 0 && driverOf(run, row, false) === driver) yield [run.s.taskOfRow[row], row];
}

/** What a task takes of what is `left` of its agent. */
function bagOfRow(run: MesosRun, driver: Driver, row: number, left: ResourceBag): ResourceBag {
  const { tasks } = run.setup.context.cluster;
  const online = tasks.kind[row] === TASK_KIND.online;
  const job = online ? undefined : driver.jobs.get(run.s.workOfRow[row]);
  const asked = online ? 0 : (job?.diskMib ?? driver.plan.taskDiskMib);
  const disk = driver.plan.kind === 'chronos' && asked === 0 ? CHRONOS_DISK_MIB : asked;
  const milliCpu = Math.ceil(tasks.requestMilliCpu[row]);
  const memMib = memMibOf(tasks.requestMemBytes[row]);
  const gpus = gpusOf(run.setup.context.cluster, row);
  const revocable = !online && driver.revocable;
  const { kinds } = run.s;
  if (!kinds.withReservations) return taskBag(kinds, milliCpu, memMib, disk, gpus, revocable);
  return adoptedBag(kinds, left, driver.plan.role, milliCpu, memMib, disk, gpus, revocable);
}

/** Chronos asks for this where a job asks for no disk. */
const CHRONOS_DISK_MIB = 256;

/** The master gives an agent up at once. */
export function loseHost(run: MesosRun, host: number): void {
  masterOfHost(run, host).loseAgent(String(host), 'unreachable');
}

/** An agent is back before it was given up: what it ran without a host is gone, the rest goes on. */
export function reconnectHost(run: MesosRun, host: number): void {
  const master = masterOfHost(run, host);
  master.reconnectAgent(String(host));
  run.s.agent[host] = AGENT.registered;
  keepClosed(run, host);
}

/** Every update that a scheduler missed, in order. */
export function missedUpdates(
  run: MesosRun,
  driver: Driver,
): readonly { task: number; status: TaskStatus; agent: number }[] {
  const missed = run.s.backlog[driver.index] ?? [];
  run.s.backlog[driver.index] = null;
  return missed;
}

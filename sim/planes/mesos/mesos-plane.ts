/**
 * The Mesos control plane: offers instead of scores.
 *
 * What the engine tells is put down and worked off at the next wake, in order; what changes nothing but books, as most of a task's life
 * does, is heard at once and costs no wake. A wake moves the master's clock, lets frameworks do what
 * is due, and carries messages until nobody has anything to say; then it asks for the next wake: the allocation interval, a filter, a
 * framework's own clock or an incident, whichever is first.
 *
 * Approximation: messages take no time. An allocation run takes what `allocatorCost` says.
 */

import { risingDelete, risingGet } from '../../../policies/base/rising-map.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import { TaskStatus } from '../../../policies/framework.ts';
import { meetsConstraints, placeOf } from '../../../policies/marathon/constraints.ts';
import { tasksToStop } from '../../../policies/marathon/framework.ts';
import type { HealthCheck } from '../../../policies/marathon/health-check.ts';
import { healthCheckOf, type MarathonState } from '../../../policies/marathon/state.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from '../../../policies/mesos/allocator-variants.ts';
import { DrfSorter } from '../../../policies/mesos/drf-sorter.ts';
import { RandomSorter } from '../../../policies/mesos/random-sorter.ts';
import { addBags, bagOf } from '../../../policies/mesos/resource-bag.ts';
import { CHANGE } from '../../cluster/apply.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import type { ControlPlane } from '../control-plane.ts';
import { freeCardCount, freeCards, gpusOf } from './agents.ts';
import { ask } from './answers.ts';
import { describe } from './describe.ts';
import { createPool } from './driver.ts';
import { leaveExecutor } from './executors.ts';
import type { Door } from './front-door.ts';
import { fromGraphData, type GraphData, toGraphData } from './graph-data.ts';
import { happen, nextIncidentMs } from './incidents.ts';
import { waitAgain } from './job-runs.ts';
import {
  createMesosState,
  driverOf,
  fitRows,
  frameworkContext,
  type MesosCounters,
  type MesosRun,
  type MesosSetup,
  masterOfHost,
} from './mesos-run.ts';
import { isDead } from './nested-schedulers.ts';
import { finishTask, hearsNow, scaleDown, takeTask, wakeFor, workOffNotes } from './notes.ts';
import { hostIsDead } from './partitions.ts';
import { begin } from './registration.ts';
import { keptFromRole } from './reservations.ts';
import { deliverAll } from './talk.ts';
import { tell } from './updates.ts';

/** Of a sorter that is there for its class alone. */
const ANY_OPTIONS = { excludedNames: [], forgetsGrantsWhenInactive: false };

export class MesosPlane implements ControlPlane {
  readonly bestEffortTier: number;
  readonly podLossAfterMs: number;
  private readonly run: MesosRun;
  /** Rows of services that run from the start, until the first wake. */
  private inPlace: number[] = [];

  constructor(setup: MesosSetup) {
    const { plan } = setup;
    this.bestEffortTier = plan.oversubscription.kind === 'revocable' ? TIER.batch : TIER.native;
    this.podLossAfterMs = plan.agentPingTimeoutMs * plan.agentMaxPingTimeouts;
    const now = { nowMs: 0, agents: setup.agents, uniform: () => this.run.s.random.uniform() };
    this.run = { setup, pool: createPool(), now, awake: false, s: createMesosState(setup) };
    setup.context.wakeAt(0);
  }

  /** Totals since the start. */
  counters(): MesosCounters {
    return { ...this.run.s.counters };
  }

  /** Offers that are out now: framework and agent. */
  openOffers(): readonly { readonly framework: string; readonly host: number }[] {
    return this.run.s.masters.flatMap(({ offers }) =>
      [...offers.values()].map(({ framework, agent }) => ({ framework, host: Number(agent) })),
    );
  }

  /** Times in which a framework had no scheduler because its service did not run; `toMs` is Infinity while it lasts. */
  outages(): readonly { readonly framework: string; readonly fromMs: number; readonly toMs: number }[] {
    const { outages, drivers } = this.run.s;
    return outages.map(({ driver, fromMs, toMs }) => ({ framework: drivers[driver].plan.name, fromMs, toMs }));
  }

  /** Executors that hold cores now: job of their application, host, size. */
  executors(): readonly { readonly job: number; readonly host: number; readonly milliCpu: number }[] {
    return [...this.run.s.spark.executors.values()].flatMap((own) =>
      [...own.values()].map(({ job, host, milliCpu }) => ({ job, host, milliCpu })),
    );
  }

  /** What leaders that disagreed made of the requests of clients. */
  doors(): readonly Pick<Door, 'asked' | 'redirected' | 'givenUp'>[] {
    return [...this.run.s.doors.values()].map(({ asked, redirected, givenUp }) => ({ asked, redirected, givenUp }));
  }

  notes(): readonly string[] {
    return describe(this.run);
  }

  /** That of its Marathon. */
  healthCheckOf(service: number): HealthCheck | null {
    const { plan, state } = this.run.s.drivers[this.run.setup.driverOfService[service]];
    return plan.kind === 'marathon' ? healthCheckOf((state as MarathonState).config) : null;
  }

  onUnhealthy(row: number, nowMs: number): void {
    this.run.s.notes.push({ kind: 'unhealthy', row, task: this.run.s.taskOfRow[row] });
    this.run.setup.context.wakeAt(nowMs);
  }

  /** One that waits, or the one that its Marathon stops first; -1 leaves the choice. */
  replicaToStop(service: number, nowMs: number): number {
    const { run } = this;
    const { s, setup } = run;
    for (const row of s.waitingOf[service]) return row;
    const driver = s.drivers[setup.driverOfService[service]];
    if (!s.begun || driver.plan.kind !== 'marathon') return -1;
    const { name } = setup.services[service];
    const context = frameworkContext(run, nowMs);
    // It may not have heard yet of those that were stopped in this very moment.
    for (let count = 1; ; count++) {
      const order = tasksToStop(driver.state as MarathonState, name, count, context);
      if (order.length < count) return -1;
      const row = risingGet(driver.rowOfTask, order[count - 1]);
      if (row !== undefined) return row;
    }
  }

  /** The emptiest host by CPU share on which a replica fits and its constraints hold. */
  bestHostFor(row: number): number {
    const { setup } = this.run;
    const { hosts, tasks } = setup.context.cluster;
    const service = setup.services[tasks.group[row]];
    const { role } = driverOf(this.run, row, true).plan;
    const placed = [];
    for (let other = 0; other < tasks.firstBestEffort; other++)
      if (service.constraints.length > 0 && tasks.group[other] === tasks.group[row] && tasks.host[other] >= 0)
        placed.push(placeOf(setup.agents, tasks.host[other]));
    const gpus = gpusOf(setup.context.cluster, row);
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let host = 0; host < hosts.count; host++) {
      if (hosts.up[host] === 0 || hosts.outages[host] > 0) continue;
      if (setup.clusterOfHost[host] !== setup.clusterOfDriver[setup.driverOfService[tasks.group[row]]]) continue;
      const cpu = hosts.allocatedMilliCpu[host] + tasks.requestMilliCpu[row];
      const mem = hosts.allocatedMemBytes[host] + tasks.requestMemBytes[row];
      // A MiB of every pod may be lost to rounding; what stands from the start must fit the agent's whole MiB.
      const kept = keptFromRole(setup, host, role);
      if (cpu > hosts.soldMilliCpu[host] - kept.milliCpu) continue;
      if (mem > hosts.soldMemBytes[host] - (hosts.podCount[host] + 2 + kept.memMib) * BYTES_PER_MIB) continue;
      if (gpus > 0 && freeCardCount(hosts.gpus, host) < gpus) continue;
      const share = cpu / hosts.soldMilliCpu[host];
      if (share >= least) continue;
      const { constraints } = service;
      if (
        constraints.length > 0 &&
        !meetsConstraints(constraints, placeOf(setup.agents, host), placed, placed.length + 1, 'v1.11')
      )
        continue;
      least = share;
      best = host;
    }
    return best;
  }

  /** Whole cards, the lowest free ones. */
  cardsOn(row: number, host: number): number {
    const { cluster } = this.run.setup.context;
    const gpus = gpusOf(cluster, row);
    return gpus === 0 ? 0 : freeCards(cluster.hosts.gpus, host, gpus);
  }

  onPending(row: number, nowMs: number): void {
    const { s, setup } = this.run;
    const { tasks } = setup.context.cluster;
    fitRows(s, tasks.capacity);
    s.waiting[row] = 1;
    if (tasks.kind[row] !== TASK_KIND.online && driverOf(this.run, row, false).isCoarse) {
      s.notes.push({ kind: 'pending', row, id: tasks.id[row] });
      setup.context.wakeAt(nowMs);
      return;
    }
    if (tasks.kind[row] !== TASK_KIND.online && s.workOfRow[row] >= 0) {
      const driver = driverOf(this.run, row, false);
      s.queued[driver.index]++;
      waitAgain(driver, s.workOfRow[row], row);
    }
    if (tasks.kind[row] === TASK_KIND.online) {
      const service = tasks.group[row];
      s.waitingOf[service].add(row);
      if (s.member[row] === 0) {
        s.member[row] = 1;
        s.wanted[service]++;
      }
    }
    if (tasks.kind[row] !== TASK_KIND.online && hearsNow(this.run, -1)) {
      if (s.workOfRow[row] >= 0) return;
      const driver = takeTask(this.run, row, nowMs);
      wakeFor(this.run, driver, nowMs);
      return;
    }
    s.notes.push({ kind: 'pending', row, id: tasks.id[row] });
    setup.context.wakeAt(nowMs);
  }

  onAbandoned(row: number): void {
    const { s, setup } = this.run;
    s.waiting[row] = 0;
    const service = setup.context.cluster.tasks.group[row];
    s.waitingOf[service].delete(row);
    this.dropReplica(row, service);
    s.notes.push({ kind: 'withdrawn', service });
  }

  private dropReplica(row: number, service: number): void {
    const { s } = this.run;
    if (s.member[row] === 0) return;
    s.member[row] = 0;
    s.wanted[service]--;
  }

  onStarted(row: number, nowMs: number): void {
    const { s, setup } = this.run;
    const { tasks } = setup.context.cluster;
    fitRows(s, tasks.capacity);
    if (!s.begun) {
      s.member[row] = 1;
      s.wanted[tasks.group[row]]++;
      this.inPlace.push(row);
      return;
    }
    // What runs inside an executor is its application's affair.
    if (s.spark.inside.has(row)) return;
    const host = tasks.host[row];
    const task = s.taskOfRow[row];
    if (tasks.kind[row] !== TASK_KIND.online && hearsNow(this.run, host)) {
      const driver = driverOf(this.run, row, false);
      tell(this.run, driver, { task, status: TaskStatus.Running, agent: host }, nowMs);
      wakeFor(this.run, driver, nowMs);
      return;
    }
    s.notes.push({ kind: 'started', row, id: tasks.id[row], host, task });
    setup.context.wakeAt(nowMs);
  }

  onLeft(row: number, host: number, nowMs: number, change: number): void {
    const { s, setup } = this.run;
    const { tasks } = setup.context.cluster;
    if (s.spark.inside.has(row)) {
      leaveExecutor(this.run, row, nowMs);
      if (change === CHANGE.finish) s.driverOfRow[row] = -1;
      s.notes.push({ kind: 'application', job: tasks.job[row], isOver: false });
      setup.context.wakeAt(nowMs);
      return;
    }
    const online = tasks.kind[row] === TASK_KIND.online;
    if (!s.begun) {
      // Lost in the first moment: nobody has taken it over, and it waits for a place like a new replica.
      this.inPlace = this.inPlace.filter((other) => other !== row);
      if (change === CHANGE.abandon) this.dropReplica(row, tasks.group[row]);
      return;
    }
    const driver = driverOf(this.run, row, online);
    const task = s.taskOfRow[row];
    const work = s.workOfRow[row];
    if (change === CHANGE.fail && !hostIsDead(this.run, host)) s.tally.failedOn[host]++;
    s.taskOfRow[row] = -1;
    risingDelete(driver.rowOfTask, task);
    if (online && change === CHANGE.abandon) this.dropReplica(row, tasks.group[row]);
    // A failed or evicted task keeps its work: its framework tries it again. The row of an ended one may be used anew at once.
    if (!online && change === CHANGE.finish) {
      s.workOfRow[row] = -1;
      s.driverOfRow[row] = -1;
    }
    if (!online && change === CHANGE.finish && hearsNow(this.run, host)) {
      finishTask(this.run, driver, task, host, nowMs);
      wakeFor(this.run, driver, nowMs);
      return;
    }
    s.notes.push({ kind: 'left', row, id: tasks.id[row], host, task, work, driver: driver.index, change });
    setup.context.wakeAt(nowMs);
  }

  onJobOver(job: number, nowMs: number): void {
    if (!this.run.s.spark.apps.has(job)) return;
    this.run.s.notes.push({ kind: 'application', job, isOver: true });
    this.run.setup.context.wakeAt(nowMs);
  }

  onHostChanged(host: number, nowMs: number): void {
    this.run.s.notes.push({ kind: 'host', host });
    this.run.setup.context.wakeAt(nowMs);
  }

  /** Pods on a dead host stand until the master gives its agent up: pings, and the limit on removals. */
  givesUpPodsMs(host: number, nowMs: number): number {
    return masterOfHost(this.run, host).givesUpAgentMs(String(host), nowMs);
  }

  /** Freed capacity comes back through the ends of tasks; the next allocation run offers it. */
  onCapacity(): void {}

  onReports(nowMs: number): void {
    if (this.run.setup.plan.oversubscription.kind !== 'revocable') return;
    this.publishMemory(nowMs);
    this.run.s.notes.push({ kind: 'reports' });
    this.run.setup.context.wakeAt(nowMs);
  }

  /** Only CPU is revocable: a task of that tier takes memory like any other, and the allocator keeps the sum within the agent's. */
  private publishMemory(nowMs: number): void {
    const { context } = this.run.setup;
    const { hosts } = context.cluster;
    const batch = TIER.batch * hosts.count;
    for (let host = 0; host < hosts.count; host++) {
      const memBytes = hosts.soldMemBytes[TIER.native * hosts.count + host];
      if (hosts.publishedAtMs[host] < 0 || hosts.soldMemBytes[batch + host] === memBytes) continue;
      context.publish(host, TIER.batch, hosts.soldMilliCpu[batch + host], memBytes, nowMs);
    }
  }

  waitingRows(): readonly number[] {
    const { waiting } = this.run.s;
    const rows: number[] = [];
    for (let row = 0; row < waiting.length; row++) if (waiting[row] === 1) rows.push(row);
    return rows;
  }

  wake(nowMs: number): void {
    const { run } = this;
    const { s } = run;
    run.now.nowMs = nowMs;
    run.awake = true;
    // Timers before now fire at their own time; what the engine told happens before those of this very moment.
    for (const master of s.masters) {
      if (nowMs > 0) master.advanceTo(nowMs - 1);
      master.allocator.nowMs = nowMs;
    }
    deliverAll(run, nowMs);
    if (!s.begun) {
      s.begun = true;
      begin(run, this.inPlace, nowMs);
      this.inPlace = [];
    }
    workOffNotes(run, nowMs);
    happen(run, nowMs);
    scaleDown(run, nowMs);
    for (const master of s.masters) master.advanceTo(nowMs);
    deliverAll(run, nowMs);
    for (const driver of s.drivers) {
      if (isDead(run, driver) || driver.framework.nextWakeMs(driver.state) > nowMs) continue;
      ask(run, driver, nowMs, (context, out) => driver.framework.tick(driver.state, context, out));
    }
    deliverAll(run, nowMs);
    run.awake = false;
    run.setup.context.wakeAt(Math.max(nowMs + 1, this.nextMs()));
  }

  private nextMs(): number {
    const { run } = this;
    let nextMs = nextIncidentMs(run);
    for (const master of run.s.masters) nextMs = Math.min(nextMs, master.nextTimerMs());
    for (const driver of run.s.drivers)
      if (!isDead(run, driver)) nextMs = Math.min(nextMs, driver.framework.nextWakeMs(driver.state));
    return Math.ceil(nextMs);
  }

  snapshot(): unknown {
    return { state: toGraphData(this.run.s, this.outside()), inPlace: [...this.inPlace] };
  }

  restore(from: unknown): void {
    const { state, inPlace } = from as { state: GraphData; inPlace: number[] };
    const { s } = this.run;
    // Bags and sorters of both kinds stand here so that their classes are known even in a master without agents.
    const bag = addBags(bagOf(s.kinds.cpus, 1), bagOf(s.kinds.mem, 1));
    const { catalog } = s.kinds;
    const like = [
      s,
      bag,
      new DrfSorter(catalog, s.masters[0].allocator.ledger.totals, ANY_OPTIONS),
      new RandomSorter(catalog, s.random),
    ];
    this.run.s = fromGraphData(state, this.outside(), like) as typeof s;
    this.inPlace = [...inPlace];
  }

  /** What is shared with the run and not copied. */
  private outside(): readonly unknown[] {
    const { s, setup } = this.run;
    return [setup, MODERN_VARIANT, VARIANT_0_2X, ...s.drivers.flatMap(({ framework, plan }) => [framework, plan])];
  }
}

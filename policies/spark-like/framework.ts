/**
 * A framework like Spark on Mesos. Work is an application (coarse) or one of its tasks (fine); its instances are executors or tasks.
 *
 * Coarse: executors of `executorCores` that run an application's tasks inside and are kept until it ends, as many as `coresMax` allows, or,
 * with dynamic allocation, as its tasks fill. Fine: every task is launched on its own, as many per offer as fit; the first of an application
 * on an agent brings an executor with `mesosExecutorCores` of its own, which stays until the application ends. An agent on which
 * `maxFailuresPerAgent` executors of an application failed is not used by it again. Offers that nobody needs are refused for long by
 * coarse schedulers, for Mesos' default by fine ones. One framework stands for all applications, which upstream register one by one: new
 * demand revives offers, as a registration does.
 * Source: Spark MesosCoarseGrainedSchedulerBackend, MesosFineGrainedSchedulerBackend, ExecutorAllocationManager.
 */

import { ConfigError } from '../base/assert.ts';
import { risingDelete, risingGet } from '../base/rising-map.ts';
import {
  ActionKind,
  appendDecline,
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
import * as books from '../framework-work.ts';

/** Settings. Units: ms. `rejectWhenFullMs` is for offers that nobody needs (SPARK-13001). */
export interface SparkConfig {
  readonly mode: 'coarse' | 'fine';
  readonly rejectMs: number;
  readonly rejectWhenFullMs: number;
  readonly maxFailuresPerAgent: number;
  /** spark.executor.cores, and spark.cores.max of an application: 0 = no bound, it takes what it is offered. */
  readonly executorCores: number;
  readonly coresMax: number;
  /** spark.mesos.mesosExecutor.cores: what an executor of a fine-grained application holds beside its tasks; 0 = it has none. */
  readonly mesosExecutorCores: number;
  /** As many executors as tasks fill; one that has been idle so long is given back (spark.dynamicAllocation). */
  readonly dynamicAllocation: boolean;
  readonly executorIdleMs: number;
}

export const SPARK_DEFAULTS: SparkConfig = {
  mode: 'coarse',
  rejectMs: 5_000,
  rejectWhenFullMs: 120_000,
  maxFailuresPerAgent: 2,
  executorCores: 4,
  coresMax: 0,
  mesosExecutorCores: 1,
  dynamicAllocation: false,
  executorIdleMs: 60_000,
};

/** An application or a task: how many launches it wants alive, how many are, failures by agent, and agents with an executor (fine). */
interface Wanted {
  wanted: number;
  alive: number;
  readonly agents: Set<number>;
  readonly failures: Map<number, number>;
}

/** Everything the framework remembers; works that are over are forgotten. */
export interface SparkState {
  readonly config: SparkConfig;
  readonly ledger: books.Ledger;
  readonly open: Map<number, Wanted>;
}

/** Spark behind the port. */
export const sparkLikeFramework: Framework<SparkState, SparkConfig> = {
  name: 'spark-like',
  create,
  subscribe: () => {},
  submit,
  resourceOffers,
  rescind: () => {},
  statusUpdate,
  tick: () => {},
  nextWakeMs: () => Number.POSITIVE_INFINITY,
};

function create(config: SparkConfig): SparkState {
  if (config.mode !== 'coarse' && config.mode !== 'fine')
    throw new ConfigError(`spark-like: mode is "${String(config.mode)}"; known: coarse, fine`);
  const { executorCores, coresMax } = config;
  if (!(executorCores > 0)) throw new ConfigError(`spark-like: executorCores is ${executorCores}; above 0`);
  if (!(coresMax === 0 || coresMax >= executorCores))
    throw new ConfigError(`spark-like: coresMax is ${coresMax}; 0, or at least the ${executorCores} executorCores`);
  return { config, ledger: books.createLedger(), open: new Map() };
}

function submit(state: SparkState, work: Work, _context: FrameworkContext, out: FrameworkActions): void {
  books.checkPlainWork(work, 'spark-like');
  state.open.set(books.addWork(state.ledger, work), {
    wanted: work.instances,
    alive: 0,
    agents: new Set(),
    failures: new Map(),
  });
  if (work.instances > 0) appendSignal(out, ActionKind.Revive);
}

/** Executors that an application wants for tasks that run and wait, `slots` to an executor. */
export function executorsWanted(
  { executorCores, coresMax, dynamicAllocation }: SparkConfig,
  tasks: number,
  slots: number,
): number {
  const most = coresMax === 0 ? UNBOUNDED : Math.floor(coresMax / executorCores);
  return dynamicAllocation ? Math.min(most, Math.ceil(tasks / slots)) : most;
}

/** More executors than any cluster has. */
const UNBOUNDED = 1_000_000;

/** An application wants so many executors from now on; fewer than it has are left to whoever stops them. */
export function wantExecutors(state: SparkState, workRow: number, wanted: number, out: FrameworkActions): void {
  const app = state.open.get(workRow);
  if (app === undefined || app.wanted === wanted) return;
  if (wanted > app.wanted && wanted > app.alive) appendSignal(out, ActionKind.Revive);
  app.wanted = wanted;
}

/** An application is over: it launches nothing more. */
export function endApplication(state: SparkState, workRow: number): void {
  if (state.open.delete(workRow)) books.retireWork(state.ledger, workRow);
}

function resourceOffers(state: SparkState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  const { config, ledger, open } = state;
  const room = books.roomOf(offers);
  const launch = (row: number, work: Work, i: number): void => {
    const task = books.place(ledger, room, i, offers.agent[i], row, context.nowMs);
    appendLaunch(out, offers.id[i], task, row, work, config.rejectMs);
  };
  for (let i = 0; i < offers.count; i++) {
    const agent = offers.agent[i];
    let full = true;
    for (const [row, app] of open) {
      if (app.alive >= app.wanted) continue;
      const work = books.workAt(ledger, row);
      const isClosed = config.mode === 'coarse' && (app.failures.get(agent) ?? 0) >= config.maxFailuresPerAgent;
      while (!isClosed && app.alive < app.wanted) {
        const host = work.inside === undefined ? undefined : open.get(work.inside);
        const brought = host === undefined || work.inside === undefined || host.agents.has(agent) ? -1 : work.inside;
        const executor = brought < 0 ? null : books.workAt(ledger, brought);
        const needs = executor === null ? work : { ...work, milliCpu: work.milliCpu + executor.milliCpu };
        if (!books.fits(room, i, needs)) break;
        if (executor !== null) {
          host?.agents.add(agent);
          launch(brought, executor, i);
        }
        app.alive++;
        launch(row, work, i);
      }
      if (app.alive < app.wanted) full = false;
    }
    if (room.launches[i] > 0) continue;
    const isLong = full && config.mode === 'coarse';
    appendDecline(out, offers.id[i], isLong ? config.rejectWhenFullMs : config.rejectMs);
  }
}

function statusUpdate(state: SparkState, update: StatusUpdate): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) return;
  live.status = update.status;
  if (!isTerminal(update.status)) return;
  risingDelete(state.ledger.live, update.task);
  const app = state.open.get(live.workRow);
  if (app === undefined) return;
  // The executor of a fine-grained application: the next task on its agent brings another.
  if (app.agents.delete(live.agent)) return;
  app.alive--;
  if (update.status === TaskStatus.Finished) {
    app.wanted--;
    if (app.wanted === 0 && app.alive === 0) endApplication(state, live.workRow);
  } else if (update.status !== TaskStatus.Killed) app.failures.set(live.agent, (app.failures.get(live.agent) ?? 0) + 1);
}

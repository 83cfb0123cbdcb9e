/**
 * A framework like Spark on Mesos. Work is an application; its instances are executors or tasks.
 *
 * Coarse: at most one executor of an application per agent, kept until it ends; an agent on which two failed is not used again; offers
 * beyond the wanted number are refused for long. Fine: every task is launched on its own, as many per offer as fit, and an offer that is
 * not used comes back soon.
 * Source: Spark MesosCoarseGrainedSchedulerBackend and MesosFineGrainedSchedulerBackend.
 */

import { ConfigError } from '../base/assert.ts';
import { risingDelete, risingGet, risingValues } from '../base/rising-map.ts';
import {
  appendDecline,
  appendLaunch,
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
}

export const SPARK_DEFAULTS: SparkConfig = {
  mode: 'coarse',
  rejectMs: 5_000,
  rejectWhenFullMs: 120_000,
  maxFailuresPerAgent: 2,
};

/** Everything the framework remembers; rows of `missing` and `failures` are rows of work, failures by agent. */
export interface SparkState {
  readonly config: SparkConfig;
  readonly ledger: books.Ledger;
  readonly missing: number[];
  readonly failures: Map<number, number>[];
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
  nextWakeMs: () => Infinity,
};

function create(config: SparkConfig): SparkState {
  if (config.mode !== 'coarse' && config.mode !== 'fine')
    throw new ConfigError(`spark-like: mode is "${String(config.mode)}"; known: coarse, fine`);
  return { config, ledger: books.createLedger(), missing: [], failures: [] };
}

function submit(state: SparkState, work: Work): void {
  books.checkPlainWork(work, 'spark-like');
  books.addWork(state.ledger, work);
  state.missing.push(work.instances);
  state.failures.push(new Map());
}

/** Agents on which each application may not launch now, coarse mode only: it has an executor there, or failed too often. */
function closedAgents(state: SparkState): Set<number>[] {
  const closed = state.failures.map((byAgent) => {
    const agents = new Set<number>();
    for (const [agent, count] of byAgent) if (count >= state.config.maxFailuresPerAgent) agents.add(agent);
    return agents;
  });
  for (const live of risingValues(state.ledger.live)) closed[live.workRow].add(live.agent);
  return closed;
}

function resourceOffers(state: SparkState, offers: Offers, context: FrameworkContext, out: FrameworkActions): void {
  const { config, ledger, missing } = state;
  const coarse = config.mode === 'coarse';
  const room = books.roomOf(offers);
  const closed = coarse ? closedAgents(state) : [];
  for (let i = 0; i < offers.count; i++) {
    const agent = offers.agent[i];
    for (let row = 0; row < missing.length; row++) {
      const work = books.workAt(ledger, row);
      while (missing[row] > 0 && books.fits(room, i, work) && !(coarse && closed[row].has(agent))) {
        const task = books.place(ledger, room, i, agent, row, context.nowMs);
        missing[row] -= 1;
        if (coarse) closed[row].add(agent);
        appendLaunch(out, offers.id[i], task, row, work, config.rejectMs);
      }
    }
    if (room.launches[i] > 0) continue;
    const full = missing.every((count) => count === 0);
    appendDecline(out, offers.id[i], full ? config.rejectWhenFullMs : config.rejectMs);
  }
}

function statusUpdate(state: SparkState, update: StatusUpdate): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) return;
  live.status = update.status;
  if (!isTerminal(update.status)) return;
  risingDelete(state.ledger.live, update.task);
  if (update.status === TaskStatus.Finished) return;
  state.missing[live.workRow] += 1;
  const byAgent = state.failures[live.workRow];
  byAgent.set(live.agent, (byAgent.get(live.agent) ?? 0) + 1);
}

/**
 * A framework like Storm on Mesos. Work is a topology; its instances are worker slots that stay until it ends.
 *
 * Nimbus schedules each `monitorMs`. Between rounds it holds every offer it gets: hoarding by design. A round deals workers over the held
 * offers, one per offer and turn, and declines what is left, for long when no topology wants a worker. Versions after 0.9 also suppress offers
 * in a round in which none does, and revive them in the next round in which one does (`suppressOffers`); 0.9 waits for its refusals to end.
 * Source: storm-mesos MesosNimbus (offers map, allSlotsAvailableForScheduling), StormSchedulerImpl.
 */

import { ConfigError } from '../base/assert.ts';
import { risingDelete, risingGet } from '../base/rising-map.ts';
import * as port from '../framework.ts';
import * as books from '../framework-work.ts';

/** Settings. Units: ms. */
export interface StormConfig {
  readonly monitorMs: number;
  readonly rejectMs: number;
  readonly rejectWhenIdleMs: number;
  readonly suppressOffers: boolean;
}

/** storm-mesos 0.9, as deployed in 2015. */
export const STORM_DEFAULTS: StormConfig = {
  monitorMs: 10_000,
  rejectMs: 5_000,
  rejectWhenIdleMs: 120_000,
  suppressOffers: false,
};

/** Offers kept for the next round, by index. */
type HeldOffers = { readonly id: number[]; readonly agent: number[]; readonly room: books.OfferRoom };

export interface StormState {
  readonly config: StormConfig;
  readonly ledger: books.Ledger;
  /** Workers still to be launched, by row of work. */
  readonly missing: number[];
  held: HeldOffers;
  suppressed: boolean;
  nextRoundMs: number;
}

/** Storm behind the port. */
export const stormLikeFramework: port.Framework<StormState, StormConfig> = {
  name: 'storm-like',
  create,
  subscribe,
  submit,
  resourceOffers,
  rescind,
  statusUpdate,
  tick,
  nextWakeMs: (state) =>
    state.held.id.length > 0 || (state.suppressed && isWanting(state)) ? state.nextRoundMs : Number.POSITIVE_INFINITY,
};

function noOffers(): HeldOffers {
  const room = { milliCpu: [], revocableMilliCpu: [], memMiB: [], diskMiB: [], gpus: [], launches: [] };
  return { id: [], agent: [], room };
}

function create(config: StormConfig): StormState {
  if (!(config.monitorMs > 0)) throw new ConfigError(`storm-like: monitorMs is ${config.monitorMs}; above 0`);
  return {
    config,
    ledger: books.createLedger(),
    missing: [],
    held: noOffers(),
    suppressed: false,
    nextRoundMs: config.monitorMs,
  };
}

function subscribe(state: StormState, context: port.FrameworkContext): void {
  state.held = noOffers();
  state.suppressed = false;
  state.nextRoundMs = context.nowMs + state.config.monitorMs;
}

function submit(state: StormState, work: port.Work, context: port.FrameworkContext): void {
  books.checkPlainWork(work, 'storm-like');
  books.addWork(state.ledger, work);
  state.missing.push(work.instances);
  passIdleRounds(state, context.nowMs);
}

/** Whether a topology wants a worker. */
function isWanting({ missing }: StormState): boolean {
  return missing.some((count) => count > 0);
}

/** Rounds without an offer do nothing and are not woken for. */
function passIdleRounds(state: StormState, nowMs: number): void {
  if (state.held.id.length === 0) passRounds(state, nowMs);
}

/** The first round after now, on the grid of rounds. */
function passRounds(state: StormState, nowMs: number): void {
  const { monitorMs } = state.config;
  if (nowMs >= state.nextRoundMs)
    state.nextRoundMs += (Math.floor((nowMs - state.nextRoundMs) / monitorMs) + 1) * monitorMs;
}

function resourceOffers(state: StormState, offers: port.Offers, context: port.FrameworkContext): void {
  passIdleRounds(state, context.nowMs);
  const { id, agent, room } = state.held;
  id.push(...Array.from(offers.id).slice(0, offers.count));
  agent.push(...Array.from(offers.agent).slice(0, offers.count));
  for (const [column, added] of Object.entries(books.roomOf(offers)))
    room[column as keyof books.OfferRoom].push(...added);
}

function rescind(state: StormState, offer: number): void {
  const i = state.held.id.indexOf(offer);
  const columns = [state.held.id, state.held.agent, ...Object.values(state.held.room)];
  if (i >= 0) for (const column of columns) column.splice(i, 1);
}

function statusUpdate(state: StormState, update: port.StatusUpdate, context: port.FrameworkContext): void {
  const live = risingGet(state.ledger.live, update.task);
  if (live === undefined) return;
  live.status = update.status;
  if (!port.isTerminal(update.status)) return;
  risingDelete(state.ledger.live, update.task);
  if (update.status === port.TaskStatus.Finished) return;
  state.missing[live.workRow] += 1;
  passIdleRounds(state, context.nowMs);
}

function tick(state: StormState, context: port.FrameworkContext, out: port.FrameworkActions): void {
  const { config, ledger, missing, held } = state;
  if (context.nowMs < state.nextRoundMs) return;
  passRounds(state, context.nowMs);
  for (let dealt = true; dealt; ) {
    dealt = false;
    for (let i = 0; i < held.id.length; i++) {
      const row = missing.findIndex(
        (count, other) => count > 0 && books.fits(held.room, i, books.workAt(ledger, other)),
      );
      if (row < 0) continue;
      const task = books.place(ledger, held.room, i, held.agent[i], row, context.nowMs);
      missing[row] -= 1;
      dealt = true;
      port.appendLaunch(out, held.id[i], task, row, books.workAt(ledger, row), config.rejectMs);
    }
  }
  const refuseMs = isWanting(state) ? config.rejectMs : config.rejectWhenIdleMs;
  for (let i = 0; i < held.id.length; i++)
    if (held.room.launches[i] === 0) port.appendDecline(out, held.id[i], refuseMs);
  state.held = noOffers();
  if (!config.suppressOffers || state.suppressed !== isWanting(state)) return;
  state.suppressed = !state.suppressed;
  port.appendSignal(out, state.suppressed ? port.ActionKind.Suppress : port.ActionKind.Revive);
}

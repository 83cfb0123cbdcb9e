/**
 * Offers of one bulk grant: as many offers as agents, numbered from `firstId`, without an object each.
 *
 * They live from the run that made them to the end of the framework's answer at the same moment. A declined one costs a refusal, an
 * accepted one becomes an ordinary offer first, and what is left when the answer is over, or before anything else happens at the master,
 * becomes ordinary offers as well (`kept`).
 */
import type { AgentRecord, OfferFilter, Slot } from './allocator-state.ts';
import type { BulkGrant } from './bulk-run.ts';
import type { Offer } from './master-messages.ts';
import type { ResourceBag } from './resource-bag.ts';

export interface BulkOffers {
  readonly framework: string;
  readonly slot: Slot;
  readonly agents: readonly AgentRecord[];
  readonly bags: readonly ResourceBag[];
  readonly firstId: number;
  /** Their timeouts run from here. */
  readonly madeAtMs: number;
  /** 1 = declined or turned into an ordinary offer. */
  readonly answered: Uint8Array;
  left: number;
  /** Filter of the refusals so far, and the time it was asked for. */
  filter: OfferFilter | null;
  filterRefuseMs: number;
  /** Offers that the rest was turned into. */
  kept: readonly Offer[];
}

/** Offers for a grant, none answered. */
export function bulkOffersOf(grant: BulkGrant, firstId: number, madeAtMs: number): BulkOffers {
  const { slot, agents, bags } = grant;
  return {
    framework: slot.framework.id,
    slot,
    agents,
    bags,
    firstId,
    madeAtMs,
    answered: new Uint8Array(agents.length),
    left: agents.length,
    filter: null,
    filterRefuseMs: -1,
    kept: [],
  };
}

/** Place of an offer in `bulk`, -1 when it is none of its or is answered already. */
export function placeIn(bulk: BulkOffers, offer: number): number {
  const at = offer - bulk.firstId;
  return at >= 0 && at < bulk.agents.length && bulk.answered[at] === 0 ? at : -1;
}

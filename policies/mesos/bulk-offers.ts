/**
 * Offers of one bulk grant: as many offers as agents, numbered from `firstId`, without an object each.
 *
 * They live from the run that made them to the end of the framework's answer at the same moment. A declined one costs a refusal, an
 * accepted one becomes an ordinary offer first, and what is left when the answer is over, or before anything else happens at the master,
 * becomes ordinary offers as well (`kept`).
 */
import type { Allocator } from './allocator.ts';
import type { AgentRecord, OfferFilter, Slot } from './allocator-state.ts';
import type { BulkGrant } from './bulk-run.ts';
import type { Offer } from './master-messages.ts';
import { refuseAll, refuseRow } from './offer-filters.ts';
import type { ResourceBag } from './resource-bag.ts';
import { isEmptyBag, subtractBags } from './resource-bag.ts';

export interface BulkOffers {
  readonly framework: string;
  readonly slot: Slot;
  /** Rows of the agents; ANSWERED where the offer was declined or turned into an ordinary one. */
  rows: number[];
  readonly bags: readonly ResourceBag[];
  readonly firstId: number;
  /** Their timeouts run from here. */
  readonly madeAtMs: number;
  left: number;
  /** Filter of the refusals so far, and the time it was asked for. */
  filter: OfferFilter | null;
  filterRefuseMs: number;
  /** Offers that the rest was turned into. */
  kept: readonly Offer[];
}

const ANSWERED = -1;

/** The bulk offers that are out; what becomes an ordinary offer is handed to the master. */
export class BulkDesk {
  private readonly allocator: Allocator;
  private out: BulkOffers[] = [];

  constructor(allocator: Allocator) {
    this.allocator = allocator;
  }

  /** Offers for a grant, none answered. */
  open({ slot, rows, bags }: BulkGrant, firstId: number): BulkOffers {
    const bulk: BulkOffers = {
      framework: slot.framework.id,
      slot,
      rows,
      bags,
      firstId,
      madeAtMs: this.allocator.nowMs,
      left: rows.length,
      filter: null,
      filterRefuseMs: -1,
      kept: [],
    };
    this.out.push(bulk);
    return bulk;
  }

  all(): readonly BulkOffers[] {
    return this.out;
  }

  /** The bulk in which a framework has an offer that is not answered yet, or null. */
  find(framework: string, id: number): BulkOffers | null {
    for (const bulk of this.out) {
      const at = id - bulk.firstId;
      if (bulk.framework === framework && at >= 0 && at < bulk.rows.length && bulk.rows[at] !== ANSWERED) return bulk;
    }
    return null;
  }

  /** Declines one offer. Nothing was booked, so only the refusal remains. */
  refuse(bulk: BulkOffers, id: number, refuseMs: number): void {
    const row = this.answer(bulk, id);
    const filter = this.filterOf(bulk, refuseMs);
    if (filter !== null) refuseRow(filter, row, bulk.bags[id - bulk.firstId]);
    else this.allocator.reconsider(row);
  }

  /** Declines every offer that is not answered yet; how many. */
  refuseRest(bulk: BulkOffers, refuseMs: number): number {
    const { left } = bulk;
    if (left === 0) return 0;
    const filter = this.filterOf(bulk, refuseMs);
    if (filter !== null) refuseAll(filter, bulk);
    else for (const row of bulk.rows) if (row !== ANSWERED) this.allocator.reconsider(row);
    bulk.rows = [];
    bulk.left = 0;
    return left;
  }

  /** Takes one offer out to be launched on: books what `launch` does not leave of it, and refuses the rest. */
  launch(bulk: BulkOffers, id: number, launch: (offer: Offer) => ResourceBag, refuseMs: number): void {
    const agent = this.allocator.ledger.agentAt(this.answer(bulk, id));
    const offer = offerOf(bulk, id, agent);
    const left = launch(offer);
    if (left !== offer.bag) this.allocator.keep(bulk.slot, agent, subtractBags(offer.bag, left));
    if (isEmptyBag(left)) return;
    const filter = this.filterOf(bulk, refuseMs);
    if (filter !== null) refuseRow(filter, agent.row, left);
    else this.allocator.reconsider(agent.row);
  }

  /** Turns one offer into an ordinary one, booked whole. */
  keep(bulk: BulkOffers, id: number): Offer {
    const agent = this.allocator.ledger.agentAt(this.answer(bulk, id));
    const offer = offerOf(bulk, id, agent);
    this.allocator.keep(bulk.slot, agent, offer.bag);
    return offer;
  }

  /** Ends a bulk; what was not answered becomes ordinary offers. */
  close(bulk: BulkOffers): readonly Offer[] {
    this.out = this.out.filter((other) => other !== bulk);
    if (bulk.left === 0) return [];
    const kept: Offer[] = [];
    for (let at = 0; at < bulk.rows.length; at++)
      if (bulk.rows[at] !== ANSWERED) kept.push(this.keep(bulk, bulk.firstId + at));
    bulk.kept = kept;
    return kept;
  }

  /** The filter of the refusals of one time; they end together. */
  private filterOf(bulk: BulkOffers, refuseMs: number): OfferFilter | null {
    if (bulk.filterRefuseMs !== refuseMs) {
      bulk.filter = this.allocator.openFilter(bulk.slot, refuseMs);
      bulk.filterRefuseMs = refuseMs;
    }
    return bulk.filter;
  }

  /** Marks an offer as answered; the row of its agent. */
  private answer(bulk: BulkOffers, id: number): number {
    const row = bulk.rows[id - bulk.firstId];
    bulk.rows[id - bulk.firstId] = ANSWERED;
    bulk.left--;
    return row;
  }
}

function offerOf({ framework, slot, bags, firstId }: BulkOffers, id: number, agent: AgentRecord): Offer {
  return { id, framework, role: slot.rolePath, agent: agent.id, bag: bags[id - firstId] };
}

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
import { refuse, refuseRow } from './offer-filters.ts';
import type { ResourceBag } from './resource-bag.ts';
import { isEmptyBag, subtractBags } from './resource-bag.ts';

export interface BulkOffers {
  readonly framework: string;
  readonly slot: Slot;
  /** Rows of the agents. */
  readonly rows: readonly number[];
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
      answered: new Uint8Array(rows.length),
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
      if (bulk.framework === framework && at >= 0 && at < bulk.rows.length && bulk.answered[at] === 0) return bulk;
    }
    return null;
  }

  /** Declines one offer. Nothing was booked, so only the refusal remains. */
  refuse(bulk: BulkOffers, id: number, refuseMs: number): void {
    const at = this.answer(bulk, id);
    if (bulk.filterRefuseMs !== refuseMs) {
      bulk.filter = this.allocator.openFilter(bulk.slot, refuseMs);
      bulk.filterRefuseMs = refuseMs;
    }
    if (bulk.filter !== null) refuseRow(bulk.filter, bulk.rows[at], bulk.bags[at]);
    else this.allocator.reconsider(bulk.rows[at]);
  }

  /** Declines every offer that is not answered yet; how many. */
  refuseRest(bulk: BulkOffers, refuseMs: number): number {
    const { answered, bags, rows, left } = bulk;
    if (left === 0) return 0;
    if (bulk.filterRefuseMs !== refuseMs) {
      bulk.filter = this.allocator.openFilter(bulk.slot, refuseMs);
      bulk.filterRefuseMs = refuseMs;
    }
    const { filter } = bulk;
    for (let at = 0; at < answered.length; at++) {
      if (answered[at] === 1) continue;
      if (filter !== null) refuseRow(filter, rows[at], bags[at]);
      else this.allocator.reconsider(rows[at]);
    }
    answered.fill(1);
    bulk.left = 0;
    return left;
  }

  /** Takes one offer out to be launched on; settle() follows. */
  take(bulk: BulkOffers, id: number): Offer {
    const at = this.answer(bulk, id);
    const { framework, slot, bags } = bulk;
    return { id, framework, role: slot.rolePath, agent: this.agentAt(bulk, at).id, bag: bags[at] };
  }

  /** Books what is not left of an offer that was taken, and refuses the rest. */
  settle(bulk: BulkOffers, id: number, left: ResourceBag, refuseMs: number): void {
    const at = id - bulk.firstId;
    const agent = this.agentAt(bulk, at);
    const bag = bulk.bags[at];
    if (left !== bag) this.allocator.keep(bulk.slot, agent, subtractBags(bag, left));
    if (isEmptyBag(left)) return;
    const filter = this.allocator.openFilter(bulk.slot, refuseMs);
    if (filter !== null) refuse(filter, agent, left);
    else this.allocator.reconsider(agent.row);
  }

  /** Turns one offer into an ordinary one, booked whole. */
  keep(bulk: BulkOffers, id: number): Offer {
    const offer = this.take(bulk, id);
    this.allocator.keep(bulk.slot, this.agentAt(bulk, id - bulk.firstId), offer.bag);
    return offer;
  }

  /** Ends a bulk; what was not answered becomes ordinary offers. */
  close(bulk: BulkOffers): readonly Offer[] {
    this.out = this.out.filter((other) => other !== bulk);
    if (bulk.left === 0) return [];
    const kept: Offer[] = [];
    for (let at = 0; at < bulk.rows.length; at++)
      if (bulk.answered[at] === 0) kept.push(this.keep(bulk, bulk.firstId + at));
    bulk.kept = kept;
    return kept;
  }

  private agentAt({ rows }: BulkOffers, at: number): AgentRecord {
    return this.allocator.ledger.agentAt(rows[at]);
  }

  private answer(bulk: BulkOffers, id: number): number {
    const at = id - bulk.firstId;
    bulk.answered[at] = 1;
    bulk.left--;
    return at;
  }
}

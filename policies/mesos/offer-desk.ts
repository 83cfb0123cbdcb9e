/**
 * The offers that are out at a master: sent after a run, taken back with a filter, rescinded without one, or out of time.
 *
 * Offers of whole agents go out in bulk and are booked only when they are kept (`bulk-offers.ts`); all others are records here.
 * Source: Mesos src/master/master.cpp, offer and rescindOffer.
 */
import type { Allocator } from './allocator.ts';
import type { Grant } from './allocator-state.ts';
import { BulkDesk, type BulkOffers } from './bulk-offers.ts';
import type { BulkGrant } from './bulk-run.ts';
import type { Offer } from './master-messages.ts';
import type { FrameworkState, MasterTimers, Outbox } from './master-records.ts';
import type { ResourceBag } from './resource-bag.ts';

export class OfferDesk {
  /** Ordinary offers by number, in the order in which they were made. */
  readonly offers = new Map<number, Offer>();
  private readonly allocator: Allocator;
  private readonly outbox: Outbox;
  private readonly timers: MasterTimers;
  private readonly offerTimeoutMs: number | null;
  private readonly frameworks: ReadonlyMap<string, FrameworkState>;
  private readonly disconnectedAgents: ReadonlySet<string>;
  private readonly bulks: BulkDesk;
  private offerIds = 0;

  /** `offerTimeoutMs` null lets offers live until they are answered. */
  constructor(
    allocator: Allocator,
    outbox: Outbox,
    timers: MasterTimers,
    offerTimeoutMs: number | null,
    frameworks: ReadonlyMap<string, FrameworkState>,
    disconnectedAgents: ReadonlySet<string>,
  ) {
    this.allocator = allocator;
    this.outbox = outbox;
    this.timers = timers;
    this.offerTimeoutMs = offerTimeoutMs;
    this.frameworks = frameworks;
    this.disconnectedAgents = disconnectedAgents;
    this.bulks = new BulkDesk(allocator);
  }

  /** Sends what the allocator granted since the last call. */
  sendGrants(): void {
    for (const grants of this.allocator.takeGrantRuns()) this.sendRun(grants);
    for (const grant of this.allocator.takeBulk()) this.sendBulk(grant);
    for (const { framework, agent } of this.allocator.takeInverseOffers())
      this.outbox.push({ type: 'inverseOffer', framework, agent });
  }

  /** Takes one offer back with a filter; an unknown id is ignored. */
  declineOne(framework: string, id: number, refuseMs: number): void {
    const bulk = this.bulks.find(framework, id);
    if (bulk !== null) {
      this.bulks.refuse(bulk, id, refuseMs);
      return;
    }
    const offer = this.offers.get(id);
    if (offer?.framework === framework) this.takeBack(offer, refuseMs);
  }

  /** Declines every offer of a bulk that has no answer yet; how many. */
  declineRest(bulk: BulkOffers, refuseMs: number): number {
    return this.bulks.refuseRest(bulk, refuseMs);
  }

  /** Ends an offer; null for no filter. */
  takeBack(offer: Offer, refuseMs: number | null): void {
    this.offers.delete(offer.id);
    this.allocator.recoverResources(offer.framework, offer.agent, offer.role, offer.bag, refuseMs);
  }

  /** Withdraws offers without a filter; a scheduler that is replaced is not told. */
  rescindWhere(chosen: (offer: Offer) => boolean, silently = false): void {
    this.keepBulks();
    for (const offer of [...this.offers.values()]) {
      if (!chosen(offer)) continue;
      this.takeBack(offer, null);
      if (!silently) this.outbox.push({ type: 'rescind', framework: offer.framework, offerId: offer.id });
    }
  }

  /** The offer by that number as an ordinary one, whoever has it; undefined when it is not out. */
  ordinaryOffer(framework: string, id: number): Offer | undefined {
    const bulk = this.bulks.find(framework, id);
    return bulk === null ? this.offers.get(id) : this.adopt(this.bulks.keep(bulk, id), bulk);
  }

  /**
   * Launches on one of bulk offers: `launch` says what the tasks leave of it, and only what they take is booked. False when the offer must
   * become ordinary first.
   */
  launchOnBulk(framework: string, id: number, launch: (offer: Offer) => ResourceBag, refuseMs: number): boolean {
    const bulk = this.bulks.find(framework, id);
    if (bulk === null) return false;
    this.bulks.launch(bulk, id, launch, refuseMs);
    return true;
  }

  /** Ends the answer to bulk offers: those without one stay with the framework as ordinary offers. */
  keepRest(bulk: BulkOffers): void {
    for (const offer of this.bulks.close(bulk)) this.adopt(offer, bulk);
  }

  /** Before anything else happens at the master, bulk offers that nobody has answered become ordinary ones. */
  keepBulks(): void {
    for (const bulk of this.bulks.all()) this.keepRest(bulk);
  }

  /** Offers of one run: a message to each framework that got something. */
  private sendRun(grants: readonly Grant[]): void {
    const byFramework = new Map<string, Offer[]>();
    for (const { framework, role, agent, bag } of grants) {
      if (!this.listens(framework) || this.disconnectedAgents.has(agent)) {
        this.allocator.recoverResources(framework, agent, role, bag, null);
        continue;
      }
      const offer: Offer = { id: this.offerIds++, framework, role, agent, bag };
      this.putOut(offer, this.allocator.nowMs);
      const offers = byFramework.get(framework) ?? [];
      offers.push(offer);
      byFramework.set(framework, offers);
    }
    for (const [framework, offers] of byFramework) this.outbox.push({ type: 'offers', framework, offers });
  }

  private sendBulk(grant: BulkGrant): void {
    if (!this.listens(grant.slot.framework.id)) {
      for (const row of grant.rows) this.allocator.reconsider(row);
      return;
    }
    const bulk = this.bulks.open(grant, this.offerIds);
    this.offerIds += grant.rows.length;
    this.outbox.push({ type: 'bulkOffers', bulk });
  }

  private listens(framework: string): boolean {
    const state = this.frameworks.get(framework);
    return state?.active === true && state.connected;
  }

  private adopt(offer: Offer, { madeAtMs }: BulkOffers): Offer {
    this.putOut(offer, madeAtMs);
    return offer;
  }

  private putOut(offer: Offer, madeAtMs: number): void {
    this.offers.set(offer.id, offer);
    if (this.offerTimeoutMs !== null) this.timers.start(madeAtMs + this.offerTimeoutMs, { offer });
  }
}

/**
 * What the master does with an ACCEPT: checks its offers, performs its operations in order, and takes back what they leave.
 *
 * Source: Mesos src/master/master.cpp, accept and _accept.
 */
import { convertBag } from './allocation-ledger.ts';
import type { Allocator } from './allocator.ts';
import type { AcceptOperation, Offer, TaskInfo } from './master-messages.ts';
import { capabilitiesOf, type FrameworkState, type Outbox } from './master-records.ts';
import type { OfferDesk } from './offer-desk.ts';
import { droppedState } from './reconciliation.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, EMPTY_BAG } from './resource-bag.ts';
import type { TaskBook } from './task-book.ts';

export class AcceptDesk {
  private readonly allocator: Allocator;
  private readonly book: TaskBook;
  private readonly desk: OfferDesk;
  private readonly outbox: Outbox;
  private readonly frameworks: ReadonlyMap<string, FrameworkState>;
  private readonly disconnectedAgents: ReadonlySet<string>;

  constructor(
    allocator: Allocator,
    book: TaskBook,
    desk: OfferDesk,
    outbox: Outbox,
    frameworks: ReadonlyMap<string, FrameworkState>,
    disconnectedAgents: ReadonlySet<string>,
  ) {
    this.allocator = allocator;
    this.book = book;
    this.desk = desk;
    this.outbox = outbox;
    this.frameworks = frameworks;
    this.disconnectedAgents = disconnectedAgents;
  }

  /** Performs operations on offers of one agent and role; what they leave returns with the filter of the call. */
  accept(
    framework: string,
    offerIds: readonly number[],
    operations: readonly AcceptOperation[],
    refuseMs: number,
  ): void {
    if (offerIds.length === 1 && this.launchOnBulk(framework, offerIds[0], operations, refuseMs)) return;
    const named = offerIds.map((id) => this.desk.ordinaryOffer(framework, id));
    const first = named[0];
    const valid =
      first !== undefined &&
      new Set(offerIds).size === offerIds.length &&
      named.every((o) => o?.framework === framework && o.agent === first.agent && o.role === first.role);
    if (!valid) {
      for (const offer of new Set(named)) if (offer?.framework === framework) this.desk.takeBack(offer, null);
      this.dropTasks(framework, operations, 'REASON_INVALID_OFFERS');
      return;
    }
    if (!operations.some((operation) => operation.type === 'convert' || operation.tasks.length > 0)) {
      for (const id of offerIds) this.desk.declineOne(framework, id, refuseMs);
      return;
    }
    let left = EMPTY_BAG;
    for (const offer of named) if (offer !== undefined) left = addBags(left, offer.bag);
    for (const id of offerIds) this.desk.offers.delete(id);
    if (this.disconnectedAgents.has(first.agent)) {
      this.dropTasks(framework, operations, 'REASON_SLAVE_DISCONNECTED');
    } else {
      for (const operation of operations) left = this.perform(first, operation, left);
    }
    this.allocator.recoverResources(framework, first.agent, first.role, left, refuseMs);
  }

  private perform(offer: Offer, operation: AcceptOperation, left: ResourceBag): ResourceBag {
    const { framework, agent, role } = offer;
    if (operation.type === 'convert') {
      const converted = convertBag(left, operation.conversions);
      if (converted === null) return left;
      this.allocator.updateAllocation(framework, agent, role, left, operation.conversions);
      return converted;
    }
    let rest = left;
    for (const info of operation.tasks) rest = this.launch(offer, info, rest);
    return rest;
  }

  private launch(offer: Offer, info: TaskInfo, left: ResourceBag): ResourceBag {
    const rest = this.book.launch(offer, info, left);
    if (rest !== null) {
      this.outbox.push({ type: 'runTask', agent: offer.agent, task: info.id });
      return rest;
    }
    const status = {
      task: info.id,
      state: 'TASK_ERROR',
      reason: 'REASON_TASK_INVALID',
      source: 'SOURCE_MASTER',
    } as const;
    this.outbox.tell(offer.framework, status);
    return left;
  }

  private dropTasks(framework: string, operations: readonly AcceptOperation[], reason: string): void {
    const state = droppedState(capabilitiesOf(this.frameworks, framework));
    for (const operation of operations) {
      if (operation.type !== 'launch') continue;
      for (const { id } of operation.tasks)
        this.outbox.tell(framework, { task: id, state, reason, source: 'SOURCE_MASTER' });
    }
  }

  /** Launches on one of bulk offers. False when it is not one, or must become ordinary first. */
  private launchOnBulk(
    framework: string,
    id: number,
    operations: readonly AcceptOperation[],
    refuseMs: number,
  ): boolean {
    const [launch] = operations;
    if (operations.length !== 1 || launch.type !== 'launch' || launch.tasks.length === 0) return false;
    return this.desk.launchOnBulk(framework, id, (offer) => this.perform(offer, launch, offer.bag), refuseMs);
  }
}

/**
 * When to allocate: triggers name candidate agents; one pending run over their union follows, or in 0.2x one run each.
 */
import type { RandomSource } from '../base/random-source.ts';
import type { AllocationLedger } from './allocation-ledger.ts';
import type { Round } from './allocation-round.ts';
import { collectGrants } from './allocation-round.ts';
import type { AgentRecord, AllocatorOptions, Grant } from './allocator-state.ts';
import type { AllocatorVariant } from './allocator-variants.ts';
import type { InverseOffer } from './maintenance.ts';
import { dueInverseOffers } from './maintenance.ts';

export class RunQueue {
  /** Runs performed. */
  runs = 0;
  /** While paused triggers are dropped; candidates named before stay. */
  paused = false;
  /** Host names that get offered; null is all. */
  whitelist: ReadonlySet<string> | null = null;
  private readonly ledger: AllocationLedger;
  private readonly options: AllocatorOptions;
  private readonly variant: AllocatorVariant;
  private readonly random: RandomSource;
  private readonly candidates: AgentRecord[] = [];
  private grants: Grant[] = [];
  private inverseOffers: InverseOffer[] = [];
  private pending = false;
  private epoch = 0;

  constructor(ledger: AllocationLedger, options: AllocatorOptions, variant: AllocatorVariant, random: RandomSource) {
    this.ledger = ledger;
    this.options = options;
    this.variant = variant;
    this.random = random;
  }

  /** Says that agents nobody wanted may be wanted now. */
  reconsiderAll(): void {
    this.epoch++;
  }

  trigger(agents: Iterable<AgentRecord>): void {
    if (this.paused) return;
    for (const agent of agents) {
      if (agent.candidate) continue;
      agent.candidate = true;
      this.candidates.push(agent);
    }
    this.pending = true;
    if (!this.variant.coalesces) this.settle();
  }

  /** Performs the pending run, if any. */
  settle(): void {
    if (!this.pending) return;
    this.pending = false;
    if (this.paused) return;
    this.runs++;
    const present = this.candidates.filter((agent) => this.ledger.agents.get(agent.id) === agent);
    for (const agent of this.candidates) agent.candidate = false;
    this.candidates.length = 0;
    const round: Round = {
      ledger: this.ledger,
      options: this.options,
      random: this.random,
      epoch: this.epoch,
      agents: present.filter((agent) => agent.activated && this.isListed(agent)),
      takers: [],
    };
    this.variant.allocate(round);
    collectGrants(round, this.grants);
    for (const offer of dueInverseOffers(present)) this.inverseOffers.push(offer);
  }

  takeGrants(): Grant[] {
    const grants = this.grants;
    this.grants = [];
    return grants;
  }

  takeInverseOffers(): InverseOffer[] {
    const offers = this.inverseOffers;
    this.inverseOffers = [];
    return offers;
  }

  private isListed(agent: AgentRecord): boolean {
    return this.whitelist === null || this.whitelist.has(agent.hostname);
  }
}

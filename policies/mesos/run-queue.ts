/**
 * When to allocate: triggers name candidate agents; one pending run over their union follows, or in 0.2x one run each.
 *
 * A run looks only at agents that have something and that nobody is known not to want: a batch over an idle cluster is one comparison an
 * agent. The order among those it looks at is drawn uniformly, as upstream's order over all candidates is.
 */
import { type RandomSource, shuffle } from '../base/random-source.ts';
import type { AllocationLedger } from './allocation-ledger.ts';
import type { Round } from './allocation-round.ts';
import { collectGrants } from './allocation-round.ts';
import type { AgentRecord, AllocatorOptions, Grant } from './allocator-state.ts';
import type { AllocatorVariant } from './allocator-variants.ts';
import { allocateInBulk, type BulkGrant, slotsForBulk } from './bulk-run.ts';
import type { InverseOffer } from './maintenance.ts';
import { dueInverseOffers } from './maintenance.ts';

export class RunQueue {
  /** Runs performed. */
  runs = 0;
  /** Sum over all runs of the agents each looked through, whether they had anything to offer or not. */
  agentsVisited = 0;
  /** While paused triggers are dropped; candidates named before stay. */
  paused = false;
  /** Host names that get offered; null is all. */
  whitelist: ReadonlySet<string> | null = null;
  /** Whether grants may come in bulk; the caller then takes those too. */
  inBulk = false;
  private readonly ledger: AllocationLedger;
  private readonly options: AllocatorOptions;
  private readonly variant: AllocatorVariant;
  private readonly random: RandomSource;
  private readonly candidates: AgentRecord[] = [];
  private everybody = false;
  private grants: Grant[][] = [];
  private bulk: BulkGrant[] = [];
  private inverseOffers: InverseOffer[] = [];
  private pending = false;
  /** Rows of the agents of a run. */
  private rows = new Int32Array(64);

  constructor(ledger: AllocationLedger, options: AllocatorOptions, variant: AllocatorVariant, random: RandomSource) {
    this.ledger = ledger;
    this.options = options;
    this.variant = variant;
    this.random = random;
  }

  /** Says that agents nobody wanted may be wanted now. */
  reconsiderAll(): void {
    this.ledger.columns.fertile.fill(1);
  }

  trigger(agent: AgentRecord): void {
    if (this.paused) return;
    if (!agent.candidate) {
      agent.candidate = true;
      this.candidates.push(agent);
    }
    this.begin();
  }

  triggerAll(): void {
    if (this.paused) return;
    this.everybody = true;
    this.begin();
  }

  hasPendingRun(): boolean {
    return this.pending;
  }

  /** Performs the pending run, if any. */
  settle(): void {
    if (!this.pending) return;
    this.pending = false;
    if (this.paused) return;
    this.runs++;
    this.bookBulk();
    const { ledger } = this;
    const candidates = this.everybody ? null : this.candidates.filter((agent) => this.isPresent(agent));
    const named = candidates ?? ledger.agentByRow;
    this.agentsVisited += candidates?.length ?? ledger.agents.size;
    const rows = this.worthLooking(candidates);
    if (rows > 0) this.run(rows);
    else if (named.length > 0) ledger.roleSorter.begin(); // fixes the weights of roles even when no agent is visited
    if (ledger.maintained.size > 0) {
      const maintained = named.filter((agent): agent is AgentRecord => agent !== null && ledger.maintained.has(agent));
      for (const offer of dueInverseOffers(maintained)) this.inverseOffers.push(offer);
    }
    for (const agent of this.candidates) agent.candidate = false;
    if (this.candidates.length > 0) this.candidates.length = 0;
    this.everybody = false;
  }

  /** Grants since the last call, a list for each run that made some. */
  takeGrantRuns(): Grant[][] {
    const { grants } = this;
    if (grants.length > 0) this.grants = [];
    return grants;
  }

  /** Grants of bulk runs since the last call: by run, then framework in order of subscription. */
  takeBulk(): BulkGrant[] {
    const { bulk } = this;
    if (bulk.length > 0) this.bulk = [];
    return bulk;
  }

  takeInverseOffers(): InverseOffer[] {
    const offers = this.inverseOffers;
    if (offers.length > 0) this.inverseOffers = [];
    return offers;
  }

  private begin(): void {
    this.pending = true;
    if (!this.variant.coalesces) this.settle();
  }

  private run(count: number): void {
    const { ledger, options, random, rows } = this;
    const slots = this.inBulk ? slotsForBulk(ledger, rows, count) : null;
    if (slots === null) {
      const agents: AgentRecord[] = [];
      for (let i = 0; i < count; i++) agents.push(ledger.agentAt(rows[i]));
      const round: Round = { ledger, options, random, agents, takers: [] };
      this.variant.allocate(round);
      const grants = collectGrants(round);
      if (grants.length > 0) this.grants.push(grants);
      return;
    }
    shuffle(rows, count, random);
    for (const grant of allocateInBulk({ ledger, options }, rows, count, slots, this.variant.takesWhole))
      this.bulk.push(grant);
  }

  /** Bulk grants that nobody has taken before the next run become ordinary ones. */
  private bookBulk(): void {
    for (const { slot, rows, bags } of this.bulk) {
      const grants: Grant[] = [];
      for (let i = 0; i < rows.length; i++) {
        const agent = this.ledger.agentAt(rows[i]);
        this.ledger.grant(slot, agent, bags[i], 0);
        grants.push({ framework: slot.framework.id, role: slot.rolePath, agent: agent.id, bag: bags[i] });
      }
      this.grants.push(grants);
    }
    if (this.bulk.length > 0) this.bulk = [];
  }

  /** Puts the rows of agents that a run looks at into `rows`, in the order of `candidates` (null = every agent); returns how many. */
  private worthLooking(candidates: readonly AgentRecord[] | null): number {
    const { fertile, offerable } = this.ledger.columns;
    // With quotas what a role may have changes from run to run.
    if (this.ledger.roleTree.hasQuotas()) fertile.fill(1);
    const end = candidates === null ? this.ledger.agentByRow.length : candidates.length;
    if (this.rows.length < end) this.rows = new Int32Array(2 * end);
    const { rows, whitelist } = this;
    let count = 0;
    for (let i = 0; i < end; i++) {
      const row = candidates === null ? i : candidates[i].row;
      if (fertile[row] === 0 || offerable[row] === 0) continue;
      if (whitelist === null || this.isListed(row)) rows[count++] = row;
    }
    return count;
  }

  private isPresent(agent: AgentRecord): boolean {
    return this.ledger.agents.get(agent.id) === agent;
  }

  private isListed(row: number): boolean {
    return this.whitelist?.has(this.ledger.agentAt(row).hostname) === true;
  }
}

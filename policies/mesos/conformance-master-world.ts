/** The master under a scenario, with its agents' estimator loops and what every scheduler has heard. */
import { ConfigError } from '../base/assert.ts';
import { seededRandomSource } from '../base/random-source.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import type { Step } from './conformance-steps.ts';
import { text } from './conformance-steps.ts';
import { MesosMaster } from './master-lifecycle.ts';
import type { Offer, TaskStatus } from './master-messages.ts';
import type { OversubscriptionLoop } from './oversubscription.ts';
import type { ResourceBag } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';

export const MS_PER_SECOND = 1_000;

export interface PlayedAgent {
  readonly id: string;
  readonly loop: OversubscriptionLoop;
  /** Answers given before they are asked for. */
  readonly answers: ResourceBag[];
  readonly updates: ResourceBag[];
  preempted: number;
}

export interface PlayedFramework {
  readonly offers: Offer[];
  /** Offers shown to an expectation already. */
  seen: number;
  readonly rescinded: Set<number>;
  rescindsSeen: number;
  readonly errors: string[];
  capabilities: number;
  step: Step;
}

export class MasterWorld {
  readonly catalog = new ResourceCatalog();
  readonly master: MesosMaster;
  readonly agents = new Map<string, PlayedAgent>();
  readonly frameworks = new Map<string, PlayedFramework>();
  readonly statuses = new Map<string, TaskStatus>();
  readonly lost = new Map<string, number>();
  readonly autoRun: boolean;

  /** `autoRun`: tasks report RUNNING by themselves. */
  constructor(options: Step, variant: string, autoRun: boolean, seed: number) {
    this.autoRun = autoRun;
    const offerTimeoutMs = typeof options.offerTimeout === 'number' ? options.offerTimeout * MS_PER_SECOND : null;
    this.master = new MesosMaster(
      this.catalog,
      readAllocatorOptions(this.catalog, options),
      variant.startsWith('0.') ? VARIANT_0_2X : MODERN_VARIANT,
      { offerTimeoutMs },
      seededRandomSource(seed),
      0,
    );
  }

  settle(): void {
    this.master.settle();
    this.master.advanceTo(this.master.allocator.nowMs);
    this.pollEstimators();
    this.master.settle();
    this.readMessages();
  }

  pollEstimators(): void {
    for (const agent of this.agents.values()) {
      const total = agent.loop.poll(this.master.allocator.nowMs, this.master.book.revocableOn(agent.id));
      if (total === null) continue;
      agent.updates.push(total);
      this.master.updateOversubscribed(agent.id, total);
    }
  }

  readMessages(): void {
    const running: string[] = [];
    for (const message of this.master.takeMessages()) {
      if (message.type === 'offers') this.framework(message.framework).offers.push(...message.offers);
      else if (message.type === 'rescind') this.framework(message.framework).rescinded.add(message.offerId);
      else if (message.type === 'error') this.framework(message.framework).errors.push(message.message);
      else if (message.type === 'status') this.noteStatus(message.status);
      else if (message.type === 'runTask') running.push(String(message.task));
    }
    if (!this.autoRun) return;
    for (const task of running)
      this.master.statusUpdate(
        { task, state: 'TASK_RUNNING', reason: null, source: 'SOURCE_EXECUTOR' },
        'TASK_RUNNING',
        true,
      );
    if (running.length > 0) this.readMessages();
  }

  noteStatus(status: TaskStatus): void {
    this.statuses.set(String(status.task), status);
    this.lost.set(status.state, (this.lost.get(status.state) ?? 0) + 1);
  }

  /** Stops at every poll of an estimator on the way. */
  advance(byMs: number): void {
    const { master } = this;
    const endMs = master.allocator.nowMs + byMs;
    for (;;) {
      let nextMs = endMs;
      for (const { loop } of this.agents.values()) {
        const pollMs = loop.nextPollAtMs();
        if (pollMs > master.allocator.nowMs && pollMs < nextMs) nextMs = pollMs;
      }
      master.advanceTo(nextMs);
      this.settle();
      if (nextMs >= endMs) return;
    }
  }

  namedOffers(step: Step): Offer[] {
    const { offers } = this.framework(text(step, 'fw'));
    const named = Array.isArray(step.offers) ? step.offers.map((index) => offers[Number(index)]) : [];
    return named.filter((offer) => offer !== undefined);
  }

  offerIds(step: Step): number[] {
    if (step.allOutstanding === true)
      return [...this.master.offers.values()].filter((offer) => offer.framework === step.fw).map((offer) => offer.id);
    return this.namedOffers(step).map((offer) => offer.id);
  }

  ownerOf(step: Step): string {
    return typeof step.fw === 'string' ? step.fw : (this.master.book.get(text(step, 'task'))?.framework ?? '');
  }

  agent(step: Step): PlayedAgent {
    const agent = this.agents.get(text(step, 'agent'));
    if (agent === undefined) throw new ConfigError(`agent ${text(step, 'agent')} was not started`);
    return agent;
  }

  framework(id: string): PlayedFramework {
    const framework = this.frameworks.get(id);
    if (framework === undefined) throw new ConfigError(`framework ${id} was not registered`);
    return framework;
  }
}

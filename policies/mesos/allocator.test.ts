import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../base/random-source.ts';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { Allocator } from './allocator.ts';
import type { AllocatorOptions, Grant } from './allocator-state.ts';
import type { AllocatorVariant } from './allocator-variants.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readBag, readLimits, readQuantities } from './conformance-resources.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagContains, EMPTY_BAG } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';

const INTERVAL_MS = 1_000;

function options(catalog: ResourceCatalog): AllocatorOptions {
  return {
    allocationIntervalMs: INTERVAL_MS,
    minAllocatable: [readQuantities(catalog, { cpus: 0.01 }), readQuantities(catalog, { mem: 32 })],
    fairnessExcludedNames: [],
    filterGpuResources: true,
    masterRegion: null,
    roleSorter: 'drf',
    frameworkSorter: 'drf',
  };
}

interface Refusal {
  readonly bag: ResourceBag;
  readonly untilMs: number;
}

function sum(bag: ResourceBag): number {
  return bag.amounts.reduce((total, amount) => total + amount, 0);
}

/** A cluster under random events, with what it must never do watched from outside. */
class Fuzz {
  readonly catalog = new ResourceCatalog(8);
  readonly allocator: Allocator;
  readonly limits = new Map<string, number>();
  grantsSeen = 0;
  private readonly random: RandomSource;
  private readonly variant: AllocatorVariant;
  private readonly totals = new Map<string, ResourceBag>();
  private held: Grant[] = [];
  private refusals = new Map<string, Refusal[]>();

  constructor(variant: AllocatorVariant, seed: number) {
    this.random = seededRandomSource(seed);
    this.variant = variant;
    this.allocator = new Allocator(this.catalog, options(this.catalog), variant, seededRandomSource(seed + 1), 0);
  }

  below(bound: number): number {
    return uniformBelow(this.random, bound);
  }

  addAgent(id: string): void {
    const total = readBag(this.catalog, [
      { q: { cpus: 1 + this.below(8), mem: 256 * (1 + this.below(8)), ports: [[31_000, 31_000 + this.below(20)]] } },
      ...(this.below(4) === 0 ? [{ reserved: [`r${this.below(3)}`], q: { cpus: 1, mem: 128 } }] : []),
      ...(this.below(4) === 0 ? [{ revocable: true, q: { cpus: 2 } }] : []),
    ]);
    this.totals.set(id, total);
    const about = { id, hostname: id, region: null, attributes: '', capabilities: null, checkpoint: true };
    this.allocator.addAgent({ ...about, total, unavailableFromMs: null }, new Map());
  }

  addFramework(id: string): void {
    const capabilities = this.below(2) === 0 ? ['REVOCABLE_RESOURCES'] : [];
    const about = { id, roles: [`r${this.below(3)}`, 'other'], suppressedRoles: [], capabilities };
    this.allocator.addFramework({ ...about, minAllocatable: new Map(), checkpoint: false, active: true }, new Map());
  }

  step(): void {
    const what = this.below(12);
    const framework = `f${this.below(6)}`;
    if (what < 5) this.giveBack();
    else if (what === 5) this.allocator.suppressOffers(framework, []);
    else if (what === 6) {
      this.forget(framework);
      this.allocator.reviveOffers(framework, []);
    } else if (what === 7) {
      this.forget(framework);
      this.allocator.deactivateFramework(framework);
      this.allocator.activateFramework(framework);
    } else if (what === 8 && this.variant === MODERN_VARIANT) this.changeQuota();
    else this.allocator.advanceTo(this.allocator.nowMs + 100 * this.below(15));
    this.allocator.settle();
    this.check();
  }

  private changeQuota(): void {
    const role = `r${this.below(3)}`;
    if (this.limits.has(role)) return; // a lower limit than what is held would be refused by the operator's API
    const cpus = 2 + this.below(6);
    const quota = { guarantees: readQuantities(this.catalog, { cpus: 1 }), limits: readLimits(this.catalog, { cpus }) };
    if (this.consumedMilliCpu(role) > cpus * 1_000) return;
    this.limits.set(role, cpus * 1_000);
    this.allocator.updateQuota(role, quota);
  }

  private consumedMilliCpu(role: string): number {
    const node = this.allocator.ledger.roleTree.get(role);
    return node === undefined ? 0 : node.unreservedHeld[0] + node.reserved[0];
  }

  private giveBack(): void {
    const at = this.below(this.held.length + 1);
    const grant = this.held[at];
    if (grant === undefined) return;
    this.held.splice(at, 1);
    const refuseMs = 500 * this.below(12);
    this.allocator.recoverResources(grant.framework, grant.agent, grant.role, grant.bag, refuseMs);
    const lifeMs = this.variant === MODERN_VARIANT && refuseMs > 0 ? Math.max(refuseMs, INTERVAL_MS) : refuseMs;
    const key = `${grant.framework} ${grant.role} ${grant.agent}`;
    const untilMs = this.allocator.nowMs + lifeMs;
    this.refusals.set(key, [...(this.refusals.get(key) ?? []), { bag: grant.bag, untilMs }]);
  }

  private forget(framework: string): void {
    for (const key of [...this.refusals.keys()]) if (key.startsWith(`${framework} `)) this.refusals.delete(key);
  }

  private check(): void {
    for (const grant of this.allocator.takeGrants()) {
      this.grantsSeen++;
      this.held.push(grant);
      // Within an advance the grant may be older than now, but never older than the filter it would break.
      const refusals = this.refusals.get(`${grant.framework} ${grant.role} ${grant.agent}`) ?? [];
      const broken = refusals.some(({ bag, untilMs }) => untilMs > this.allocator.nowMs && bagContains(bag, grant.bag));
      expect(broken).toBe(false);
    }
    const used = new Map<string, ResourceBag>();
    for (const { agent, bag } of this.held) {
      const before = used.get(agent) ?? EMPTY_BAG;
      const after = addBags(before, bag);
      // No port is given twice: amounts add up only when ranges are disjoint.
      expect(sum(after)).toBe(sum(before) + sum(bag));
      used.set(agent, after);
    }
    for (const [agent, bag] of used) expect(bagContains(this.totals.get(agent) ?? EMPTY_BAG, bag)).toBe(true);
    for (const [role, limit] of this.limits) {
      const reserved = this.allocator.ledger.roleTree.get(role)?.reserved[0] ?? 0;
      const unreserved = this.allocator.ledger.roleTree.get(role)?.unreservedHeld[0] ?? 0;
      expect(unreserved).toBeLessThanOrEqual(Math.max(0, limit - reserved));
    }
  }
}

describe.each([MODERN_VARIANT, VARIANT_0_2X])('allocator $name under random events', (variant) => {
  test('12 runs of 300 events never give more than agents have, pass a limit or offer what was refused', () => {
    for (let seed = 0; seed < 12; seed++) {
      const fuzz = new Fuzz(variant, seed);
      expect(fuzz.catalog.nameIndex('cpus')).toBe(0);
      for (let a = 0; a < 8; a++) fuzz.addAgent(`a${a}`);
      for (let f = 0; f < 6; f++) fuzz.addFramework(`f${f}`);
      for (let event = 0; event < 300; event++) fuzz.step();
      expect(fuzz.grantsSeen).toBeGreaterThan(50);
    }
  });
});

describe('allocator', () => {
  function small(): { allocator: Allocator; catalog: ResourceCatalog } {
    const catalog = new ResourceCatalog(8);
    return { catalog, allocator: new Allocator(catalog, options(catalog), MODERN_VARIANT, seededRandomSource(5), 0) };
  }
  const framework = (id: string, roles: string[]): Parameters<Allocator['updateFramework']>[0] => {
    const about = { id, roles, suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
    return { ...about, checkpoint: false, active: true };
  };
  const agent = (id: string, total: ResourceBag): Parameters<Allocator['addAgent']>[0] => {
    const about = { id, hostname: id, region: null, attributes: '', capabilities: null, checkpoint: true };
    return { ...about, total, unavailableFromMs: null };
  };

  test('after a restart with quota, 10 expected agents: the 8th ends the hold, and the next trigger runs', () => {
    const { allocator, catalog } = small();
    const quota = { guarantees: readQuantities(catalog, { cpus: 1 }), limits: readLimits(catalog, {}) };
    allocator.recover(10, new Map([['r', quota]]));
    allocator.addFramework(framework('f', ['r']), new Map());
    for (let a = 0; a < 7; a++) allocator.addAgent(agent(`a${a}`, readBag(catalog, { cpus: 1, mem: 64 })), new Map());
    allocator.advanceTo(5_000);
    expect(allocator.takeGrants()).toEqual([]);
    // int(0.8 x 10) = 8: the 8th agent resumes and triggers a run on itself; the batch at 6 s has the other 7.
    allocator.addAgent(agent('a7', readBag(catalog, { cpus: 1, mem: 64 })), new Map());
    allocator.settle();
    expect(allocator.takeGrants().map((grant) => grant.agent)).toEqual(['a7']);
    allocator.advanceTo(6_000);
    expect(allocator.takeGrants()).toHaveLength(7);
  });

  test('without its agents the hold ends after 600 s and the batch of that instant runs', () => {
    const { allocator, catalog } = small();
    const quota = { guarantees: readQuantities(catalog, { cpus: 1 }), limits: readLimits(catalog, {}) };
    allocator.recover(10, new Map([['r', quota]]));
    allocator.addFramework(framework('f', ['r']), new Map());
    allocator.addAgent(agent('a', readBag(catalog, { cpus: 1, mem: 64 })), new Map());
    allocator.advanceTo(599_999);
    expect(allocator.takeGrants()).toEqual([]);
    allocator.advanceTo(600_000);
    expect(allocator.takeGrants()).toHaveLength(1);
  });

  test('a framework that leaves a role keeps weighing in it until it gives back what it holds', () => {
    const { allocator, catalog } = small();
    allocator.addFramework(framework('f', ['a']), new Map());
    allocator.addAgent(agent('x', readBag(catalog, { cpus: 2, mem: 64 })), new Map());
    allocator.settle();
    const [grant] = allocator.takeGrants();
    allocator.updateFramework(framework('f', ['b']));
    expect(allocator.ledger.roleSorter.clientOf('a')).toBeGreaterThanOrEqual(0);
    allocator.recoverResources('f', 'x', 'a', grant.bag, null);
    expect(allocator.ledger.roleSorter.clientOf('a')).toBe(-1);
    allocator.advanceTo(1_000);
    expect(allocator.takeGrants().map(({ role }) => role)).toEqual(['b']);
  });

  test('an agent nobody wants is marked barren until its 10 s filter ends, just before the batch of that instant', () => {
    const { allocator, catalog } = small();
    allocator.addFramework(framework('f', ['r']), new Map());
    allocator.addAgent(agent('x', readBag(catalog, { cpus: 2, mem: 64 })), new Map());
    allocator.settle();
    const [grant] = allocator.takeGrants();
    allocator.recoverResources('f', 'x', 'r', grant.bag, 10_000);
    allocator.advanceTo(3_000);
    expect(allocator.ledger.columns.fertile[0]).toBe(0);
    allocator.advanceTo(10_000);
    expect(allocator.takeGrants()).toHaveLength(1);
  });

  test('an inverse offer is asked once until answered; declined for 5 s it comes again after them', () => {
    const { allocator, catalog } = small();
    allocator.addFramework(framework('f', ['r']), new Map());
    allocator.addAgent(agent('x', readBag(catalog, { cpus: 2, mem: 64 })), new Map());
    allocator.settle();
    allocator.updateUnavailability('x', 60_000);
    allocator.settle();
    expect(allocator.takeInverseOffers()).toEqual([{ framework: 'f', agent: 'x', unavailableFromMs: 60_000 }]);
    allocator.advanceTo(3_000);
    expect(allocator.takeInverseOffers()).toEqual([]);
    allocator.updateInverseOffer('x', 'f', 'DECLINE', 5_000);
    allocator.advanceTo(7_999);
    expect(allocator.takeInverseOffers()).toEqual([]);
    allocator.advanceTo(8_000);
    expect(allocator.takeInverseOffers()).toHaveLength(1);
    expect(allocator.ledger.agents.get('x')?.maintenance?.statuses.get('f')).toBe('DECLINE');
  });
});

/** Runs allocator vectors: translates steps to events of the shipped allocator and compares grants, free of order. */

import { seededRandomSource } from '../base/random-source.ts';
import type { CaseVerdict } from '../conformance.ts';
import { firstDifference, isRecord, runCases } from '../conformance.ts';
import { Allocator } from './allocator.ts';
import type { UsedBags } from './allocator-records.ts';
import { NOTHING_USED } from './allocator-records.ts';
import type { AllocatorOptions, Grant } from './allocator-state.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { describeBag, readBag, readLimits, readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import {
  checkSchema,
  expectEqual,
  number,
  recordList,
  runSteps,
  text,
  textList,
  textOr,
  unknownStep,
} from './conformance-steps.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagsEqual, EMPTY_BAG, isEmptyBag } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import type { Quantities } from './resource-quantities.ts';
import { scalarQuantities } from './resource-quantities.ts';

const MS_PER_SECOND = 1_000;
const DEFAULT_SEED = 1;

/** mesos-allocator/1; a file or scenario whose `variant` begins with "0." runs on the old allocator. */
export function runAllocatorFile(file: unknown, seed = DEFAULT_SEED): readonly CaseVerdict[] {
  const parsed = checkSchema(file, 'mesos-allocator/1');
  const list = Array.isArray(parsed.scenarios) ? parsed.scenarios : [];
  return runCases(list, 'scenarios', (scenario) => {
    const options = isRecord(scenario.options) ? scenario.options : {};
    const variant = String(options.variant ?? scenario.variant ?? parsed.variant ?? 'modern');
    const player = new AllocatorPlayer(options, variant.startsWith('0.'), seed);
    return runSteps(scenario.steps, (step) => player.play(step));
  });
}

function keyOf(framework: string, role: string, agent: string): string {
  return JSON.stringify([framework, role, agent]);
}

class AllocatorPlayer {
  private readonly catalog = new ResourceCatalog();
  private readonly options: AllocatorOptions;
  private readonly allocator: Allocator;
  /** What frameworks hold as offers. */
  private readonly outstanding = new Map<string, Grant>();
  private readonly attributes = new Map<string, unknown>();
  private readonly frameworks = new Map<string, Step>();
  private unseen: Grant[] = [];
  private runsSeen = 0;

  constructor(options: Step, old: boolean, seed: number) {
    this.options = readAllocatorOptions(this.catalog, options);
    const variant = old ? VARIANT_0_2X : MODERN_VARIANT;
    this.allocator = new Allocator(this.catalog, this.options, variant, seededRandomSource(seed), 0);
  }

  play(step: Step): string {
    const difference = this.apply(step);
    if (step.batch !== true) this.allocator.settle();
    this.collect();
    return difference;
  }

  private collect(): void {
    for (const grant of this.allocator.takeGrants()) {
      this.unseen.push(grant);
      this.addOutstanding(grant, grant.bag);
    }
  }

  private addOutstanding(grant: Omit<Grant, 'bag'>, bag: ResourceBag): void {
    const key = keyOf(grant.framework, grant.role, grant.agent);
    const before = this.outstanding.get(key)?.bag ?? EMPTY_BAG;
    this.outstanding.set(key, {
      framework: grant.framework,
      role: grant.role,
      agent: grant.agent,
      bag: addBags(before, bag),
    });
  }

  private apply(step: Step): string {
    const { allocator, catalog } = this;
    switch (step.op) {
      case 'settle':
      case 'pause':
      case 'resume':
        if (step.op === 'pause') allocator.pause();
        if (step.op === 'resume') allocator.resume();
        return '';
      case 'advance':
        allocator.advanceTo(allocator.nowMs + number(step, 'seconds') * MS_PER_SECOND);
        return '';
      case 'addAgent':
        this.attributes.set(text(step, 'agent'), step.attributes);
        allocator.addAgent(
          {
            id: text(step, 'agent'),
            hostname: textOr(step, 'hostname', textOr(step, 'host', text(step, 'agent'))),
            region: typeof step.region === 'string' ? step.region : null,
            attributes: canonical(step.attributes),
            capabilities: Array.isArray(step.capabilities) ? textList(step, 'capabilities') : null,
            checkpoint: step.checkpoint !== false,
            total: readBag(catalog, step.total),
            unavailableFromMs: step.unavailability === undefined ? null : startMsOf(step.unavailability),
          },
          this.readUsed(step.used),
        );
        return '';
      case 'removeAgent':
        allocator.removeAgent(text(step, 'agent'));
        this.forget((grant) => grant.agent === step.agent);
        return '';
      case 'updateAgent': {
        const total = step.total === undefined ? {} : { total: readBag(catalog, step.total) };
        const attributes = step.attributes === undefined ? {} : { attributes: canonical(step.attributes) };
        const region =
          step.region === undefined ? {} : { region: typeof step.region === 'string' ? step.region : null };
        const capabilities = step.capabilities === undefined ? {} : { capabilities: textList(step, 'capabilities') };
        allocator.updateAgent(text(step, 'agent'), { ...total, ...attributes, ...region, ...capabilities });
        return '';
      }
      case 'activateAgent':
        allocator.activateAgent(text(step, 'agent'));
        return '';
      case 'deactivateAgent':
        allocator.deactivateAgent(text(step, 'agent'));
        return '';
      case 'addResourceProvider':
        allocator.addResourceProvider(text(step, 'agent'), readBag(catalog, step.total), this.readUsed(step.used));
        return '';
      case 'addFramework':
        this.frameworks.set(text(step, 'fw'), step);
        allocator.addFramework(this.frameworkInfo(step), this.readUsed(step.used));
        return '';
      case 'updateFramework': {
        const merged = { ...this.frameworks.get(text(step, 'fw')), ...step };
        this.frameworks.set(text(step, 'fw'), merged);
        allocator.updateFramework(this.frameworkInfo(merged));
        return '';
      }
      case 'removeFramework':
        allocator.removeFramework(text(step, 'fw'));
        this.forget((grant) => grant.framework === step.fw);
        return '';
      case 'activateFramework':
        allocator.activateFramework(text(step, 'fw'));
        return '';
      case 'deactivateFramework':
        allocator.deactivateFramework(text(step, 'fw'));
        return '';
      case 'suppress':
        allocator.suppressOffers(text(step, 'fw'), this.rolesOf(step));
        return '';
      case 'revive':
        allocator.reviveOffers(text(step, 'fw'), this.rolesOf(step));
        return '';
      case 'recover':
        return this.recover(step);
      case 'recoverAllOutstanding':
        for (const grant of [...this.outstanding.values()]) this.giveBack(grant, grant.bag, filterMsOf(step));
        return '';
      case 'whitelist':
        allocator.updateWhitelist(Array.isArray(step.hosts) ? new Set(step.hosts.map(String)) : null);
        return '';
      case 'setQuota':
        allocator.updateQuota(text(step, 'role'), {
          guarantees: readQuantities(catalog, step.guarantees),
          limits: readLimits(catalog, step.limits),
        });
        return '';
      case 'setWeight':
      case 'updateWeight':
        allocator.updateWeight(text(step, 'role'), number(step, 'weight'));
        return '';
      case 'updateAllocation': {
        const offered = readBag(catalog, step.offered);
        const conversions = this.readConversions(step.conversions);
        allocator.updateAllocation(text(step, 'fw'), text(step, 'agent'), text(step, 'role'), offered, conversions);
        const key = keyOf(text(step, 'fw'), text(step, 'role'), text(step, 'agent'));
        this.outstanding.delete(key);
        return '';
      }
      case 'updateAvailable':
        return expectEqual(
          'ok',
          step.expectOk ?? true,
          allocator.updateAvailable(text(step, 'agent'), this.readConversions(step.conversions)),
        );
      case 'unavailability':
        allocator.updateUnavailability(text(step, 'agent'), step.start === null ? null : startMsOf(step.start));
        return '';
      case 'updateInverseOffer':
      case 'inverseOfferResponse':
        allocator.updateInverseOffer(
          text(step, 'agent'),
          text(step, 'fw'),
          step.status === null ? null : step.status === 'ACCEPT' ? 'ACCEPT' : 'DECLINE',
          filterMsOf(step),
        );
        return '';
      case 'recoverAllocator':
        allocator.recover(number(step, 'expectedAgents'), this.readQuotas(step.quotas));
        return '';
      default:
        return this.expect(step);
    }
  }

  private expect(step: Step): string {
    switch (step.op) {
      case 'expectOffers':
        return this.expectOffers(step);
      case 'expectOfferTotals':
        return this.expectTotals(step);
      case 'expectInverseOffers':
        return this.expectInverse(step);
      case 'expectRoleShare':
      case 'expectShare': {
        const sorter = this.allocator.ledger.roleSorter;
        const client = sorter.clientOf(text(step, 'role'));
        return firstDifference(step.value ?? step.expect, client < 0 ? 0 : sorter.share(client), 1e-12);
      }
      case 'expectRuns': {
        const runs = this.allocator.runs() - this.runsSeen;
        this.runsSeen = this.allocator.runs();
        return expectEqual('runs', step.value, runs);
      }
      case 'starvationLoop':
        return this.starvationLoop(step);
      default:
        return unknownStep(step);
    }
  }

  /** Every decliner gives back what it got with a filter, the watched one without; then an interval passes. */
  private starvationLoop(step: Step): string {
    const decliners = new Set(textList(step, 'decliners'));
    const watched = text(step, 'watch');
    const endMs = this.allocator.nowMs + number(step, 'seconds') * MS_PER_SECOND;
    let offers = 0;
    this.collect();
    while (this.allocator.nowMs < endMs) {
      for (const grant of this.unseen) {
        if (decliners.has(grant.framework))
          this.giveBack(grant, grant.bag, number(step, 'filterSeconds') * MS_PER_SECOND);
        else if (grant.framework === watched) this.giveBack(grant, grant.bag, null);
      }
      this.unseen = [];
      this.allocator.advanceTo(this.allocator.nowMs + this.options.allocationIntervalMs);
      this.collect();
      offers += this.unseen.filter((grant) => grant.framework === watched).length;
    }
    if (step.expectWatchOffers !== undefined && step.expectWatchOffers !== offers)
      return `offers to ${watched}: expected ${String(step.expectWatchOffers)}, got ${offers}`;
    if (typeof step.expectWatchOffersMin === 'number' && offers < step.expectWatchOffersMin)
      return `offers to ${watched}: expected at least ${step.expectWatchOffersMin}, got ${offers}`;
    if (typeof step.expectWatchOffersMax === 'number' && offers > step.expectWatchOffersMax)
      return `offers to ${watched}: expected at most ${step.expectWatchOffersMax}, got ${offers}`;
    return '';
  }

  private recover(step: Step): string {
    const grant = { framework: text(step, 'fw'), role: text(step, 'role'), agent: text(step, 'agent') };
    this.giveBack(grant, readBag(this.catalog, step.res), filterMsOf(step));
    return '';
  }

  private giveBack(grant: Omit<Grant, 'bag'>, bag: ResourceBag, refuseMs: number | null): void {
    this.allocator.recoverResources(grant.framework, grant.agent, grant.role, bag, refuseMs);
    this.outstanding.delete(keyOf(grant.framework, grant.role, grant.agent));
  }

  private forget(gone: (grant: Grant) => boolean): void {
    for (const [key, grant] of [...this.outstanding]) if (gone(grant)) this.outstanding.delete(key);
  }

  private expectOffers(step: Step): string {
    const got = this.takeUnseen();
    const expected = new Map<string, ResourceBag>();
    for (const offer of recordList(step.offers)) {
      for (const [agent, res] of Object.entries(isRecord(offer.agents) ? offer.agents : {}))
        expected.set(keyOf(String(offer.fw), String(offer.role), agent), readBag(this.catalog, res));
    }
    for (const [key, bag] of expected) {
      const found = got.get(key) ?? EMPTY_BAG;
      if (!bagsEqual(bag, found))
        return `${key}: expected ${describeBag(this.catalog, bag)}, got ${describeBag(this.catalog, found)}`;
    }
    for (const [key, bag] of got) {
      if (!expected.has(key)) return `${key}: expected nothing, got ${describeBag(this.catalog, bag)}`;
    }
    return '';
  }

  private takeUnseen(): Map<string, ResourceBag> {
    const got = new Map<string, ResourceBag>();
    for (const grant of this.unseen) {
      const key = keyOf(grant.framework, grant.role, grant.agent);
      got.set(key, addBags(got.get(key) ?? EMPTY_BAG, grant.bag));
    }
    this.unseen = [];
    return got;
  }

  /** Sums per framework and role; "a|b" in role or framework means any of them; every grant must be in a sum. */
  private expectTotals(step: Step): string {
    const grants = this.unseen;
    this.unseen = [];
    const summed = new Set<Grant>();
    for (const total of recordList(step.totals)) {
      const roles = typeof total.role === 'string' ? total.role.split('|') : null;
      const frameworks = typeof total.fw === 'string' ? total.fw.split('|') : null;
      const matching = grants.filter(
        (grant) => (roles?.includes(grant.role) ?? true) && (frameworks?.includes(grant.framework) ?? true),
      );
      for (const grant of matching) summed.add(grant);
      const agents = new Set(matching.map((grant) => grant.agent)).size;
      if (total.agentCount !== undefined && agents !== total.agentCount)
        return `${String(total.fw ?? total.role)}: expected ${String(total.agentCount)} agents, got ${agents}`;
      const sum = this.sumOf(matching);
      const difference = firstDifference([...readQuantities(this.catalog, total.sum)], [...sum]);
      if (total.sum !== undefined && difference !== '')
        return `sum of ${String(total.fw ?? total.role)}: ${difference}`;
    }
    const stray = grants.find((grant) => !summed.has(grant));
    return stray === undefined ? '' : `unexpected offer of ${stray.agent} to ${stray.framework}`;
  }

  private sumOf(grants: readonly Grant[]): Quantities {
    let bag = EMPTY_BAG;
    for (const grant of grants) bag = addBags(bag, grant.bag);
    return scalarQuantities(this.catalog, bag);
  }

  private expectInverse(step: Step): string {
    const got = this.allocator.takeInverseOffers().map((offer) => `${offer.framework} ${offer.agent}`);
    const expected = recordList(step.offers).flatMap((offer) =>
      textList(offer, 'agents').map((agent) => `${String(offer.fw)} ${agent}`),
    );
    return expectEqual('inverse offers', expected.sort(), got.sort());
  }

  private frameworkInfo(step: Step): Parameters<Allocator['updateFramework']>[0] {
    const minimums = isRecord(step.minAllocatable) ? step.minAllocatable : {};
    const suppressed = step.suppressedRoles ?? step.suppressed;
    const minAllocatable = Object.entries(minimums).map(([role, sets]): [string, readonly Quantities[]] => [
      role,
      (Array.isArray(sets) ? sets : [sets]).map((set) => readQuantities(this.catalog, set)),
    ]);
    return {
      id: text(step, 'fw'),
      roles: Array.isArray(step.roles) ? textList(step, 'roles') : [textOr(step, 'role', '*')],
      suppressedRoles: Array.isArray(suppressed) ? suppressed.map(String) : [],
      capabilities: textList(step, 'capabilities'),
      minAllocatable: new Map(minAllocatable),
      checkpoint: step.checkpoint === true,
      active: step.active !== false,
    };
  }

  private rolesOf(step: Step): readonly string[] {
    return typeof step.role === 'string' ? [step.role] : textList(step, 'roles');
  }

  private readUsed(used: unknown): UsedBags {
    if (!isRecord(used)) return NOTHING_USED;
    const entries = Object.entries(used).map(([holder, byRole]): [string, Map<string, ResourceBag>] => {
      const bags = Object.entries(isRecord(byRole) ? byRole : {}).map(([role, res]): [string, ResourceBag] => [
        role,
        readBag(this.catalog, res),
      ]);
      return [holder, new Map(bags.filter(([, bag]) => !isEmptyBag(bag)))];
    });
    return new Map(entries);
  }

  private readConversions(list: unknown): { consumed: ResourceBag; converted: ResourceBag }[] {
    return recordList(list).map(({ consumed, converted }) => ({
      consumed: readBag(this.catalog, consumed),
      converted: readBag(this.catalog, converted),
    }));
  }

  private readQuotas(quotas: unknown): Map<string, { guarantees: Quantities; limits: Quantities }> {
    const entries = Object.entries(isRecord(quotas) ? quotas : {}).map(
      ([role, quota]): [string, { guarantees: Quantities; limits: Quantities }] => [
        role,
        {
          guarantees: readQuantities(this.catalog, isRecord(quota) ? quota.guarantees : {}),
          limits: readLimits(this.catalog, isRecord(quota) ? quota.limits : {}),
        },
      ],
    );
    return new Map(entries);
  }
}

function filterMsOf(step: Step): number | null {
  return typeof step.filterSeconds === 'number' ? step.filterSeconds * MS_PER_SECOND : null;
}

function startMsOf(value: unknown): number {
  const seconds = isRecord(value) ? value.start : value;
  return Number(seconds) * MS_PER_SECOND;
}

function canonical(attributes: unknown): string {
  if (!isRecord(attributes)) return attributes === undefined || attributes === null ? '' : JSON.stringify(attributes);
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(entries);
}

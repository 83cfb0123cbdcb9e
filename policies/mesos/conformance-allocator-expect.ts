/** What allocator scenarios expect: offers free of order, sums, shares, runs, and the starvation of a busy framework. */
import { firstDifference, isRecord } from '../conformance.ts';
import type { Grant } from './allocator-state.ts';
import type { AllocatorWorld } from './conformance-allocator-world.ts';
import { keyOf, MS_PER_SECOND } from './conformance-allocator-world.ts';
import { describeBag, readBag, readQuantities } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { expectEqual, number, recordList, text, textList, unknownStep } from './conformance-steps.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, bagsEqual, EMPTY_BAG } from './resource-bag.ts';
import type { Quantities } from './resource-quantities.ts';
import { scalarQuantities } from './resource-quantities.ts';

/** Checks a step that expects; '' when it holds. Throws for a step it does not know. */
export function expectOfAllocator(world: AllocatorWorld, step: Step): string {
  switch (step.op) {
    case 'expectOffers':
      return expectOffers(world, step);
    case 'expectOfferTotals':
      return expectTotals(world, step);
    case 'expectInverseOffers':
      return expectInverse(world, step);
    case 'expectRoleShare':
    case 'expectShare': {
      const sorter = world.allocator.ledger.roleSorter;
      const client = sorter.clientOf(text(step, 'role'));
      return firstDifference(step.value ?? step.expect, client < 0 ? 0 : sorter.share(client), 1e-12);
    }
    case 'expectRuns': {
      const runs = world.allocator.runs() - world.runsSeen;
      world.runsSeen = world.allocator.runs();
      return step.value === world.runsSeen ? '' : expectEqual('runs', step.value, runs); // in all, or since the last question
    }
    case 'starvationLoop':
      return starvationLoop(world, step);
    default:
      return unknownStep(step);
  }
}

/** Every decliner gives back what it got with a filter, the watched one without; then an interval passes. */
function starvationLoop(world: AllocatorWorld, step: Step): string {
  const decliners = new Set(textList(step, 'decliners'));
  const watched = text(step, 'watch');
  const endMs = world.allocator.nowMs + number(step, 'seconds') * MS_PER_SECOND;
  let offers = 0;
  world.collect();
  while (world.allocator.nowMs < endMs) {
    for (const grant of world.unseen) {
      if (decliners.has(grant.framework))
        world.giveBack(grant, grant.bag, number(step, 'filterSeconds') * MS_PER_SECOND);
      else if (grant.framework === watched) world.giveBack(grant, grant.bag, null);
    }
    world.unseen = [];
    world.allocator.advanceTo(world.allocator.nowMs + world.options.allocationIntervalMs);
    world.collect();
    offers += world.unseen.filter((grant) => grant.framework === watched).length;
  }
  if (step.expectWatchOffers !== undefined && step.expectWatchOffers !== offers)
    return `offers to ${watched}: expected ${String(step.expectWatchOffers)}, got ${offers}`;
  if (typeof step.expectWatchOffersMin === 'number' && offers < step.expectWatchOffersMin)
    return `offers to ${watched}: expected at least ${step.expectWatchOffersMin}, got ${offers}`;
  if (typeof step.expectWatchOffersMax === 'number' && offers > step.expectWatchOffersMax)
    return `offers to ${watched}: expected at most ${step.expectWatchOffersMax}, got ${offers}`;
  return '';
}

function expectOffers(world: AllocatorWorld, step: Step): string {
  const got = world.takeUnseen();
  const expected = new Map<string, ResourceBag>();
  for (const offer of recordList(step.offers)) {
    for (const [agent, res] of Object.entries(isRecord(offer.agents) ? offer.agents : {})) {
      const key = keyOf(String(offer.fw), String(offer.role), agent);
      expected.set(key, addBags(expected.get(key) ?? EMPTY_BAG, readBag(world.catalog, res)));
    }
  }
  for (const [key, bag] of expected) {
    const found = got.get(key) ?? EMPTY_BAG;
    if (!bagsEqual(bag, found))
      return `${key}: expected ${describeBag(world.catalog, bag)}, got ${describeBag(world.catalog, found)}`;
  }
  for (const [key, bag] of got) {
    if (!expected.has(key)) return `${key}: expected nothing, got ${describeBag(world.catalog, bag)}`;
  }
  return '';
}

/** Sums per framework and role; "a|b" in role or framework means any of them; every grant must be in a sum. */
function expectTotals(world: AllocatorWorld, step: Step): string {
  const grants = world.unseen;
  world.unseen = [];
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
    const sum = sumOf(world, matching);
    const difference = firstDifference([...readQuantities(world.catalog, total.sum)], [...sum]);
    if (total.sum !== undefined && difference !== '') return `sum of ${String(total.fw ?? total.role)}: ${difference}`;
  }
  const stray = grants.find((grant) => !summed.has(grant));
  return stray === undefined ? '' : `unexpected offer of ${stray.agent} to ${stray.framework}`;
}

function sumOf(world: AllocatorWorld, grants: readonly Grant[]): Quantities {
  let bag = EMPTY_BAG;
  for (const grant of grants) bag = addBags(bag, grant.bag);
  return scalarQuantities(world.catalog, bag);
}

function expectInverse(world: AllocatorWorld, step: Step): string {
  const got = world.allocator.takeInverseOffers().map((offer) => `${offer.framework} ${offer.agent}`);
  const expected = recordList(step.offers).flatMap((offer) =>
    textList(offer, 'agents').map((agent) => `${String(offer.fw)} ${agent}`),
  );
  return expectEqual('inverse offers', expected.sort(), got.sort());
}

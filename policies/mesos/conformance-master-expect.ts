/** What master and oversubscription scenarios expect. */
import { usedOf } from './allocation-ledger.ts';
import type { MasterWorld } from './conformance-master-world.ts';
import { describeBag, readBag } from './conformance-resources.ts';
import type { Step } from './conformance-steps.ts';
import { expectEqual, number, recordList, text, textOr, unknownStep } from './conformance-steps.ts';
import type { Offer } from './master-messages.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagsEqual, EMPTY_BAG, isEmptyBag, selectBag } from './resource-bag.ts';
import { ResourceFlag } from './resource-catalog.ts';
import { scalarQuantities } from './resource-quantities.ts';

/** Checks a step that expects; '' when it holds. Throws for a step it does not know. */
export function expectOfMaster(world: MasterWorld, step: Step): string {
  switch (step.op) {
    case 'expectOffers':
      return expectOffers(world, step);
    case 'expectNoOffers':
      return expectOffers(world, { ...step, offers: [] });
    case 'expectDifferentRoles': {
      const roles = world.namedOffers(step).map((offer) => offer.role);
      const named = Array.isArray(step.offers) ? step.offers.length : 0;
      return new Set(roles).size === named ? '' : `roles are ${JSON.stringify(roles)}`;
    }
    case 'expectOfferNotRescinded':
    case 'expectOfferRescinded': {
      const framework = world.framework(text(step, 'fw'));
      const offer = framework.offers[number(step, 'index')];
      if (offer === undefined) return `offer ${String(step.index)} was never made`;
      const rescinded = framework.rescinded.has(offer.id);
      return expectEqual('rescinded', step.op === 'expectOfferRescinded', rescinded);
    }
    case 'expectRescinded': {
      const framework = world.framework(text(step, 'fw'));
      const sinceLast = framework.rescinded.size - framework.rescindsSeen;
      framework.rescindsSeen = framework.rescinded.size;
      return step.count === framework.rescinded.size ? '' : expectEqual('rescinded', step.count, sinceLast);
    }
    case 'expectErrorToOldScheduler':
    case 'expectError': {
      const { errors } = world.framework(text(step, 'fw'));
      return errors.includes(text(step, 'message')) ? '' : `errors are ${JSON.stringify(errors)}`;
    }
    case 'expectTaskState':
      return expectTaskState(world, step);
    case 'expectNoTaskState':
    case 'expectNoStatus':
      return world.statuses.has(text(step, 'task')) ? 'a status was sent' : '';
    case 'expectNothingAllocated': {
      const holder = [...world.master.allocator.ledger.agents.values()].find((agent) => !isEmptyBag(usedOf(agent)));
      return holder === undefined ? '' : `${holder.id} holds ${describeBag(world.catalog, usedOf(holder))}`;
    }
    case 'expectAllocated': {
      const agent = world.master.allocator.ledger.agents.get(text(step, 'agent'));
      const used = agent === undefined ? EMPTY_BAG : usedOf(agent);
      return bagsEqual(readBag(world.catalog, step.res), used)
        ? ''
        : `allocated is ${describeBag(world.catalog, used)}`;
    }
    case 'expectOversubscriptionUpdates':
      return expectUpdates(world, step);
    case 'expectAgentRevocableTotal':
      return expectRevocableTotal(world, step);
    case 'expectOfferedRevocable':
      return expectOfferedRevocable(world, step);
    case 'expectMetrics': {
      const agent = world.agents.get(textOr(step, 'agent', ''));
      const metrics: Record<string, number> = {
        executors_preempted: agent?.preempted ?? 0,
        tasks_lost: world.lost.get('TASK_LOST') ?? 0,
        tasks_gone: world.lost.get('TASK_GONE') ?? 0,
        tasks_dropped: world.lost.get('TASK_DROPPED') ?? 0,
        tasks_error: world.lost.get('TASK_ERROR') ?? 0,
        tasks_killed: world.lost.get('TASK_KILLED') ?? 0,
      };
      for (const [name, value] of Object.entries(step)) {
        if (name === 'op' || name === 'agent') continue;
        const difference = expectEqual(name, value, metrics[name]);
        if (difference !== '') return difference;
      }
      return '';
    }
    default:
      return unknownStep(step);
  }
}

function expectOffers(world: MasterWorld, step: Step): string {
  const framework = world.framework(text(step, 'fw'));
  const got = framework.offers.slice(framework.seen);
  framework.seen = framework.offers.length;
  const left = [...got];
  for (const expected of recordList(step.offers)) {
    const bag = readBag(world.catalog, expected.res);
    const at = left.findIndex(
      (offer) =>
        offer.agent === expected.agent &&
        bagsEqual(offer.bag, bag) &&
        (expected.role === undefined || expected.role === offer.role),
    );
    if (at < 0)
      return `expected ${describeBag(world.catalog, bag)} of ${String(expected.agent)}, got ${describe(world, got)}`;
    left.splice(at, 1);
  }
  return left.length === 0 ? '' : `unexpected ${describe(world, left)}`;
}

function describe(world: MasterWorld, offers: readonly Offer[]): string {
  return JSON.stringify(offers.map((offer) => `${offer.agent} ${offer.role} ${describeBag(world.catalog, offer.bag)}`));
}

function expectTaskState(world: MasterWorld, step: Step): string {
  const status = world.statuses.get(text(step, 'task'));
  if (step.state === null) return status === undefined ? '' : `got ${status.state}`;
  const source = step.origin ?? step.source;
  return (
    expectEqual('state', step.state, status?.state) ||
    (step.reason === undefined ? '' : expectEqual('reason', step.reason, status?.reason)) ||
    (source === undefined ? '' : expectEqual('source', source, status?.source))
  );
}

function expectUpdates(world: MasterWorld, step: Step): string {
  const { updates } = world.agent(step);
  const last = updates.at(-1) ?? EMPTY_BAG;
  if (step.last !== undefined && !bagsEqual(readBag(world.catalog, step.last), last))
    return `last update is ${describeBag(world.catalog, last)}`;
  return expectEqual('updates', step.count, updates.length);
}

function expectRevocableTotal(world: MasterWorld, step: Step): string {
  const total = world.master.allocator.ledger.agents.get(text(step, 'agent'))?.total ?? EMPTY_BAG;
  return expectEqual('revocable cpus', step.cpus, revocableCpus(world, total));
}

function expectOfferedRevocable(world: MasterWorld, step: Step): string {
  const framework = world.framework(text(step, 'fw'));
  const got = framework.offers.slice(framework.seen);
  framework.seen = framework.offers.length;
  let cpus = 0;
  let regular = false;
  for (const { bag } of got) {
    cpus += revocableCpus(world, bag);
    if (!isEmptyBag(selectBag(world.catalog, bag, 0, ResourceFlag.revocable))) regular = true;
  }
  return (
    expectEqual('revocable cpus', step.cpus, cpus) ||
    (step.nonRevocableOffered === undefined ? '' : expectEqual('regular offered', step.nonRevocableOffered, regular))
  );
}

function revocableCpus(world: MasterWorld, bag: ResourceBag): number {
  const revocable = selectBag(world.catalog, bag, ResourceFlag.revocable, 0);
  return scalarQuantities(world.catalog, revocable)[world.catalog.nameIndex('cpus')] / 1_000;
}

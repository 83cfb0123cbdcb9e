// What agents have available, kept up grant by grant, against total less everything held, from scratch.
import { describe, expect, test } from 'vitest';
import { type RandomSource, seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { AllocationLedger, usedOf } from './allocation-ledger.ts';
import { createAgent, createFramework } from './allocator-records.ts';
import type { AgentRecord, Slot } from './allocator-state.ts';
import { MODERN_VARIANT } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { readBag } from './conformance-resources.ts';
import { addBags, bagContains, bagsEqual, EMPTY_BAG, type ResourceBag, subtractBags } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';

const catalog = new ResourceCatalog(8);

function bag(cpus: number, mem: number): ResourceBag {
  return readBag(catalog, { cpus, mem });
}

function createLedger(): { ledger: AllocationLedger; agent: AgentRecord; slots: Slot[] } {
  const random = seededRandomSource(1);
  const ledger = new AllocationLedger(catalog, readAllocatorOptions(catalog, {}), MODERN_VARIANT, random);
  const about = { id: 'a', hostname: 'a', region: null, attributes: '', capabilities: null, checkpoint: true };
  const agent = createAgent({ ...about, total: bag(8, 800), unavailableFromMs: null }, 0);
  ledger.addAgent(agent);
  const slots = ['f0', 'f1'].map((id) => {
    const info = { id, roles: ['r'], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
    const framework = createFramework({ ...info, checkpoint: false, active: true }, 0);
    ledger.frameworks.set(id, framework);
    return ledger.track(framework, 'r');
  });
  return { ledger, agent, slots };
}

describe('what an agent has available', () => {
  test('what comes back to an agent that holds more than it has is not available', () => {
    const { ledger, agent, slots } = createLedger();
    ledger.grant(slots[0], agent, bag(4, 100));
    ledger.grant(slots[1], agent, bag(3, 100));
    ledger.updateTotal(agent, bag(5, 800));
    ledger.release(slots[1], agent, bag(1, 50));
    expect(bagsEqual(agent.available, bag(0, 650))).toBe(true); // 6 of 5 CPUs are held
    ledger.release(slots[0], agent, bag(4, 100));
    expect(bagsEqual(agent.available, bag(3, 750))).toBe(true);
    ledger.release(slots[1], agent, bag(1, 0));
    expect(bagsEqual(agent.available, bag(4, 750))).toBe(true);
  });

  test('is total less what is held, through 20 runs of 300 random grants, releases, reports and new totals', () => {
    let overcommitted = 0;
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandomSource(seed);
      const { ledger, agent, slots } = createLedger();
      const held: { slot: Slot; bag: ResourceBag }[] = [];
      for (let step = 0; step < 300; step++) {
        act(random, ledger, agent, slots, held);
        const used = held.reduce((sum, one) => addBags(sum, one.bag), EMPTY_BAG);
        expect(bagsEqual(usedOf(agent), used)).toBe(true);
        expect(bagsEqual(agent.available, subtractBags(agent.total, used))).toBe(true);
        if (!bagContains(agent.total, used)) overcommitted++;
      }
    }
    expect(overcommitted).toBeGreaterThan(100);
  });
});

function act(
  random: RandomSource,
  ledger: AllocationLedger,
  agent: AgentRecord,
  slots: readonly Slot[],
  held: { slot: Slot; bag: ResourceBag }[],
): void {
  const what = uniformBelow(random, 20);
  const slot = slots[uniformBelow(random, 2)];
  if (what < 9) {
    const wanted = uniformBelow(random, 4) === 0 ? agent.available : bag(1 + uniformBelow(random, 2), 50);
    if (wanted === EMPTY_BAG || !bagContains(agent.available, wanted)) return;
    ledger.grant(slot, agent, wanted);
    held.push({ slot, bag: wanted });
  } else if (what < 18) {
    const [back] = held.splice(uniformBelow(random, held.length + 1), 1);
    if (back !== undefined) ledger.release(back.slot, agent, back.bag);
  } else if (what === 18)
    ledger.updateTotal(agent, bag(2 + uniformBelow(random, 9), 200 + 100 * uniformBelow(random, 9)));
  else {
    ledger.hold(slot, agent, bag(1, 20));
    held.push({ slot, bag: bag(1, 20) });
  }
}

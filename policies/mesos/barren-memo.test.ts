import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../base/random-source.ts';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { Allocator } from './allocator.ts';
import type { Grant } from './allocator-state.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { readBag } from './conformance-resources.ts';
import { ResourceCatalog } from './resource-catalog.ts';

const FRAMEWORKS = ['f0', 'f1', 'f2', 'f3'];

/** 27,719 is -1 modulo every number up to 12, so a shuffle of up to 12 swaps each entry with itself. */
const UNSHUFFLED: RandomSource = { nextUint32: () => 27_719 };

/** One random event; the draws do not depend on what the allocator did, except through `held`, which is compared. */
function event(allocator: Allocator, catalog: ResourceCatalog, random: RandomSource, held: Grant[]): void {
  const what = uniformBelow(random, 16);
  const framework = FRAMEWORKS[uniformBelow(random, FRAMEWORKS.length)];
  const agent = `a${uniformBelow(random, 6)}`;
  if (what < 6 && held.length > 0) {
    const [grant] = held.splice(uniformBelow(random, held.length), 1);
    const refuseMs = uniformBelow(random, 8) * 1_000;
    allocator.recoverResources(grant.framework, grant.agent, grant.role, grant.bag, refuseMs);
  } else if (what === 6) allocator.suppressOffers(framework, []);
  else if (what === 7) allocator.reviveOffers(framework, []);
  else if (what === 8) allocator.deactivateFramework(framework);
  else if (what === 9) allocator.activateFramework(framework);
  else if (what === 10) allocator.deactivateAgent(agent);
  else if (what === 11) allocator.activateAgent(agent);
  else if (what === 12) {
    const extra = uniformBelow(random, 2) === 0 ? [] : [{ reserved: ['r0'], q: { cpus: 1 } }];
    allocator.updateAgent(agent, { total: readBag(catalog, [{ q: { cpus: 4, mem: 256 } }, ...extra]) });
  } else if (what === 13) allocator.updateAgent(agent, { attributes: `rack ${uniformBelow(random, 3)}` });
  else allocator.advanceTo(allocator.nowMs + 500 * uniformBelow(random, 6));
}

function play(variant: typeof MODERN_VARIANT, seed: number, forgetful: boolean): Grant[] {
  const catalog = new ResourceCatalog(8);
  const allocator = new Allocator(catalog, readAllocatorOptions(catalog, {}), variant, UNSHUFFLED, 0);
  const random = seededRandomSource(seed + 1);
  for (const [i, id] of FRAMEWORKS.entries()) {
    const about = { id, roles: [`r${i % 2}`], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
    allocator.addFramework({ ...about, checkpoint: false, active: true }, new Map());
  }
  for (let a = 0; a < 6; a++) {
    const about = {
      id: `a${a}`,
      hostname: `a${a}`,
      region: null,
      attributes: '',
      capabilities: null,
      checkpoint: true,
    };
    const total = readBag(catalog, { cpus: 4, mem: 256 });
    allocator.addAgent({ ...about, total, unavailableFromMs: null }, new Map());
  }
  const all: Grant[] = [];
  const held: Grant[] = [];
  for (let i = 0; i < 400; i++) {
    if (forgetful) allocator.updateQuota('nobody', null); // no effect but that barren agents are looked at again
    event(allocator, catalog, random, held);
    if (forgetful) allocator.updateQuota('nobody', null);
    allocator.settle();
    for (const grant of allocator.takeGrants()) {
      all.push(grant);
      held.push(grant);
    }
  }
  return all;
}

describe.each([MODERN_VARIANT, VARIANT_0_2X])('barren marks of $name', (variant) => {
  test('skipping agents nobody wanted changes no grant in 20 runs of 400 events', () => {
    for (let seed = 0; seed < 20; seed++) {
      const grants = play(variant, seed, false);
      expect(grants.length).toBeGreaterThan(20);
      expect(grants).toEqual(play(variant, seed, true));
    }
  });
});

import { describe, expect, test } from 'vitest';
import { seededRandomSource } from '../base/random-source.ts';
import { Allocator } from './allocator.ts';
import { MODERN_VARIANT } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { readBag } from './conformance-resources.ts';
import { RandomSorter, weightedShuffle } from './random-sorter.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { sortedPaths } from './sorter.ts';

describe('random sorter', () => {
  test('the same stream gives the same order, and every order holds each active client once', () => {
    const order = (seed: number): string[] => {
      const sorter = new RandomSorter(new ResourceCatalog(4), seededRandomSource(seed));
      for (const path of ['a', 'a/b', 'c/d', 'c/e', 'f']) sorter.activate(sorter.add(path));
      sorter.deactivate(sorter.clientOf('f'));
      return sortedPaths(sorter);
    };
    expect(order(9)).toEqual(order(9));
    for (let seed = 0; seed < 50; seed++) expect(order(seed).sort()).toEqual(['a', 'a/b', 'c/d', 'c/e']);
  });

  test('weights 1 and 3: the heavy one is first in 3 of 4 draws (20 000 draws, 4 standard errors = 1.2 %)', () => {
    const random = seededRandomSource(11);
    let heavyFirst = 0;
    for (let draw = 0; draw < 20_000; draw++) if (weightedShuffle([1, 3], random)[0] === 1) heavyFirst++;
    expect(Math.abs(heavyFirst / 20_000 - 0.75)).toBeLessThan(0.0123);
  });

  test('a lottery cures decliner starvation: of 5 decliners and 1 busy framework the busy one gets offers', () => {
    const catalog = new ResourceCatalog(8);
    const options = readAllocatorOptions(catalog, { roleSorter: 'random' });
    const allocator = new Allocator(catalog, options, MODERN_VARIANT, seededRandomSource(2), 0);
    for (const id of ['d1', 'd2', 'd3', 'd4', 'd5', 'busy']) {
      const about = { id, roles: [id], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
      allocator.addFramework({ ...about, checkpoint: false, active: true }, new Map());
    }
    for (const id of ['base', 'free']) {
      const bag = readBag(catalog, { cpus: 1, mem: 256 });
      const about = { id, hostname: id, region: null, attributes: '', capabilities: null, checkpoint: true };
      const used = new Map(id === 'base' ? [['busy', new Map([['busy', bag]])]] : []);
      allocator.addAgent({ ...about, total: bag, unavailableFromMs: null }, used);
    }
    let busy = 0;
    for (let second = 1; second <= 200; second++) {
      allocator.advanceTo(second * 1_000);
      for (const { framework, agent, role, bag } of allocator.takeGrants()) {
        if (framework === 'busy') busy++;
        allocator.recoverResources(framework, agent, role, bag, framework === 'busy' ? null : 5_000);
      }
    }
    // At least one in six of the 200 batches on average; fairness would give none.
    expect(busy).toBeGreaterThan(20);
  });
});

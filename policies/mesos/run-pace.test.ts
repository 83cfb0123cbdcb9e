// A run takes time: what it grants leaves at its end, the period of batches is interval + run, and what comes meanwhile waits.
import { describe, expect, test } from 'vitest';
import { seededRandomSource } from '../base/random-source.ts';
import { Allocator } from './allocator.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { bagOf } from './resource-bag.ts';
import { ResourceCatalog } from './resource-catalog.ts';

/** 10 agents of 4 cores and `frameworks` frameworks; a run takes 10 x (30 + frameworks x 10) ms. */
function world(variant = MODERN_VARIANT, frameworks = 2): Allocator {
  const catalog = new ResourceCatalog();
  const cpus = catalog.plainKind('cpus');
  const options = {
    allocationIntervalMs: 1_000,
    minAllocatable: [],
    fairnessExcludedNames: [],
    filterGpuResources: false,
    masterRegion: null,
    roleSorter: 'drf' as const,
    frameworkSorter: 'drf' as const,
    runCost: { perAgentUs: 30_000, perAgentFrameworkUs: 10_000 },
  };
  const allocator = new Allocator(catalog, options, variant, seededRandomSource(1), 0);
  for (let f = 0; f < frameworks; f++)
    allocator.addFramework(
      {
        id: `f${f}`,
        roles: ['*'],
        suppressedRoles: [],
        capabilities: [],
        minAllocatable: new Map(),
        checkpoint: true,
        active: true,
      },
      new Map(),
    );
  for (let a = 0; a < 10; a++)
    allocator.addAgent(
      {
        id: `a${a}`,
        tag: a,
        hostname: `h${a}`,
        region: null,
        attributes: '',
        capabilities: null,
        checkpoint: true,
        total: bagOf(cpus, 4_000),
        unavailableFromMs: null,
      },
      new Map(),
    );
  return allocator;
}

/** Gives everything back without a filter, so that every batch grants every agent. */
function giveBack(allocator: Allocator): number {
  const grants = allocator.takeGrants();
  for (const { framework, agent, role, bag } of grants) allocator.recoverResources(framework, agent, role, bag, null);
  return grants.length;
}

describe('an allocator whose run over 10 agents and 2 frameworks takes 10 x (30 + 2 x 10) = 500 ms', () => {
  test('grants at the end of the run; the next batch is an interval later, so that runs begin 1.5 s apart', () => {
    const allocator = world();
    allocator.settle();
    expect(allocator.takeGrants()).toEqual([]);
    const grantedAtMs: number[] = [];
    for (let t = 1; t <= 5_000; t++) {
      allocator.advanceTo(t);
      if (giveBack(allocator) === 10) grantedAtMs.push(t);
    }
    // Registrations: 0 to 500. Batches begin at 1000, 2500, 4000 and end 500 ms later.
    expect(grantedAtMs).toEqual([500, 1_500, 3_000, 4_500]);
    expect(allocator.pace?.longestMs).toBe(500);
  });

  test('an event in the middle of a run waits for its end and has a run of its own', () => {
    const allocator = world();
    allocator.settle();
    allocator.advanceTo(1_200);
    // What the registrations were granted; the batch of 1000 is still under way.
    expect(giveBack(allocator)).toBe(10);
    allocator.reviveOffers('f0', []);
    allocator.settle();
    const runs = allocator.runs();
    allocator.advanceTo(1_499);
    expect(allocator.runs()).toBe(runs);
    allocator.advanceTo(1_500);
    expect(allocator.runs()).toBe(runs + 1);
    // The batch comes 1000 ms after the end of its own run at 1500, whatever else runs meanwhile.
    expect(allocator.nextBatchMs).toBe(2_500);
  });

  test('0.2x has no merging: 12 registrations are 12 runs in a line, whose last ends after the sum of their times', () => {
    const allocator = world(VARIANT_0_2X);
    // Two frameworks before any agent cost nothing; ten agents, one a run: 10 x (30 + 2 x 10) = 500 ms.
    allocator.advanceTo(499);
    expect(allocator.takeGrants().length).toBe(9);
    allocator.advanceTo(500);
    expect(allocator.takeGrants().length).toBe(1);
  });
});

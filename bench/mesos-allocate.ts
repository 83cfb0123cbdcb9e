/**
 * One Mesos allocation round after the other: every framework declines what it got, an interval passes, all agents are
 * shared out again. Shape: upstream's DeclineOffers benchmark, agents of 24 cpus, 4096 MB and 4096 MB disk with ports in
 * 16 ranges of use, two thirds of their cpus used, all frameworks in one role. `operations` counts offers.
 */
import { seededRandomSource } from '../policies/base/random-source.ts';
import { Allocator } from '../policies/mesos/allocator.ts';
import type { AllocatorOptions, Grant } from '../policies/mesos/allocator-state.ts';
import { MODERN_VARIANT } from '../policies/mesos/allocator-variants.ts';
import { rangeSetOf } from '../policies/mesos/range-set.ts';
import type { ResourceBag } from '../policies/mesos/resource-bag.ts';
import { addBags, bagOf } from '../policies/mesos/resource-bag.ts';
import { PLAIN, ResourceCatalog } from '../policies/mesos/resource-catalog.ts';
import { noQuantities } from '../policies/mesos/resource-quantities.ts';

const MILLI = 1_000;
const INTERVAL_MS = 1_000;
const YEAR_MS = 31_536_000_000;
const ROLE = '*';
const SEED = 7;

interface Shape {
  readonly agents: number;
  readonly frameworks: number;
  readonly rounds: number;
}

const SHAPES: Readonly<Record<'smoke' | 'full', Shape>> = {
  smoke: { agents: 200, frameworks: 20, rounds: 3 },
  full: { agents: 10_000, frameworks: 1_000, rounds: 5 },
};

/** A cluster of the shape, all agents and frameworks added, nothing offered yet. */
export function createCluster(agents: number, frameworks: number): Allocator {
  const catalog = new ResourceCatalog(8);
  const cpus = noQuantities(catalog);
  cpus[catalog.nameIndex('cpus')] = 10;
  const mem = noQuantities(catalog);
  mem[catalog.nameIndex('mem')] = 32 * MILLI;
  const options: AllocatorOptions = {
    allocationIntervalMs: INTERVAL_MS,
    minAllocatable: [cpus, mem],
    fairnessExcludedNames: [],
    filterGpuResources: true,
    masterRegion: null,
    roleSorter: 'drf',
    frameworkSorter: 'drf',
  };
  const allocator = new Allocator(catalog, options, MODERN_VARIANT, seededRandomSource(SEED), 0);
  const total = machine(catalog, 24, 4_096, 4_096, [[31_000, 32_000]]);
  const usedPorts = Array.from({ length: 16 }, (_, i) => [31_000 + 20 * i, 31_009 + 20 * i]);
  const used = machine(catalog, 16, 2_014, 1_024, usedPorts);
  for (let f = 0; f < frameworks; f++) {
    const info = { id: `framework-${f}`, roles: [ROLE], suppressedRoles: [], capabilities: [] };
    allocator.addFramework({ ...info, minAllocatable: new Map(), checkpoint: false, active: true }, new Map());
  }
  for (let a = 0; a < agents; a++) {
    const info = { id: `agent-${a}`, hostname: `agent-${a}`, region: null, attributes: '', capabilities: null };
    const holder = new Map([[`framework-${a % frameworks}`, new Map([[ROLE, used]])]]);
    allocator.addAgent({ ...info, checkpoint: true, total, unavailableFromMs: null }, holder);
  }
  return allocator;
}

function machine(catalog: ResourceCatalog, cpus: number, mem: number, disk: number, ports: number[][]): ResourceBag {
  const portKind = catalog.kind({ ...PLAIN, name: 'ports', type: 'ranges' }, 0);
  let bag = addBags(bagOf(catalog.plainKind('cpus'), cpus * MILLI), bagOf(catalog.plainKind('mem'), mem * MILLI));
  bag = addBags(bag, bagOf(catalog.plainKind('disk'), disk * MILLI));
  return addBags(bag, bagOf(portKind, 0, rangeSetOf(ports)));
}

/** Every grant is declined for a year. */
export function declineAll(allocator: Allocator, grants: readonly Grant[]): void {
  for (const { framework, agent, role, bag } of grants)
    allocator.recoverResources(framework, agent, role, bag, YEAR_MS);
}

/** Fixed seed; the hash covers who got which agent in which order. */
export function run(size: 'smoke' | 'full'): { resultHash: string; operations: number } {
  const { agents, frameworks, rounds } = SHAPES[size];
  const allocator = createCluster(agents, frameworks);
  let hash = 0x811c9dc5;
  let operations = 0;
  allocator.settle();
  for (let round = 0; round < rounds; round++) {
    const grants = allocator.takeGrants();
    operations += grants.length;
    for (const { framework, agent } of grants) {
      const text = `${framework} ${agent}\n`;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    declineAll(allocator, grants);
    allocator.advanceTo(allocator.nowMs + INTERVAL_MS);
  }
  return { resultHash: (hash >>> 0).toString(16).padStart(8, '0'), operations };
}

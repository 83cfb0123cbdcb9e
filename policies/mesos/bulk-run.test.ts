// A bulk run against the run that books every grant: same events, same order of agents, same grants in the same order.
import { describe, expect, test } from 'vitest';
import type { RandomSource } from '../base/random-source.ts';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { readBag } from './conformance-resources.ts';
import { MesosMaster } from './master-lifecycle.ts';
import type { Offer } from './master-messages.ts';
import { ResourceCatalog } from './resource-catalog.ts';

const FRAMEWORKS = ['f0', 'f1', 'f2', 'f3', 'f4'];
const AGENTS = 12;

/** 27,719 is -1 modulo every number up to 12, so a shuffle of up to 12 agents swaps each with itself. */
const UNSHUFFLED: RandomSource = { nextUint32: () => 27_719 };

interface Seen {
  readonly framework: string;
  readonly id: number;
  readonly agent: string;
  readonly cpus: number;
}

/** Plays 300 random events; declines and accepts are drawn from `random` alone, so both masters hear the same while they agree. */
function play(variant: typeof MODERN_VARIANT, seed: number, bulkOffers: boolean): Seen[] {
  const catalog = new ResourceCatalog(8);
  const options = readAllocatorOptions(catalog, {});
  const master = new MesosMaster(catalog, options, variant, { offerTimeoutMs: 20_000, bulkOffers }, UNSHUFFLED, 0);
  const random = seededRandomSource(seed + 1);
  for (const [i, id] of FRAMEWORKS.entries()) {
    const about = { id, roles: [`r${i % 2}`], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
    master.subscribe({ ...about, checkpoint: false, active: true }, 10_000);
  }
  for (let a = 0; a < AGENTS; a++) {
    const about = { id: `a${a}`, hostname: `a${a}`, region: null, attributes: '', capabilities: null };
    const total = readBag(catalog, { cpus: 4 + (a % 3), mem: 256 });
    master.addAgent({ ...about, checkpoint: true, total, unavailableFromMs: null }, new Map());
  }
  const seen: Seen[] = [];
  let tasks = 0;
  const running: string[] = [];
  for (let step = 0; step < 300; step++) {
    // Messages may wait while more events happen.
    if (uniformBelow(random, 3) > 0)
      hear(master, random, catalog, seen, () => {
        const id = `t${tasks++}`;
        running.push(id);
        return id;
      });
    const what = uniformBelow(random, 10);
    const framework = FRAMEWORKS[uniformBelow(random, FRAMEWORKS.length)];
    if (what === 0) master.revive(framework, []);
    else if (what === 1) master.suppress(framework, []);
    else if (what === 2 && running.length > 0) {
      const [task] = running.splice(uniformBelow(random, running.length), 1);
      const status = { task, state: 'TASK_FINISHED', reason: null, source: 'SOURCE_EXECUTOR' } as const;
      master.statusUpdate(status, 'TASK_FINISHED', false);
    } else master.advanceTo(master.allocator.nowMs + 500 * uniformBelow(random, 6));
    master.settle();
  }
  return seen;
}

/** Answers every message: most offers are declined for 0 to 7 s, some take a task, some are held. */
function hear(
  master: MesosMaster,
  random: RandomSource,
  catalog: ResourceCatalog,
  seen: Seen[],
  nextTask: () => string,
): void {
  for (let round = 0; round < 50; round++) {
    master.settle();
    const messages = master.takeMessages();
    if (messages.length === 0) return;
    for (const message of messages) {
      if (message.type === 'offers')
        for (const offer of message.offers) answer(master, random, catalog, offer, nextTask, seen);
      if (message.type !== 'bulkOffers') continue;
      const { bulk } = message;
      const { framework, slot, firstId } = bulk;
      const offers =
        bulk.kept.length > 0
          ? bulk.kept
          : bulk.rows.map((row, i) => ({
              id: firstId + i,
              framework,
              role: slot.rolePath,
              agent: master.allocator.ledger.agentByRow[row]?.id ?? '',
              bag: bulk.bags[i],
            }));
      for (const offer of offers) answer(master, random, catalog, offer, nextTask, seen);
      master.keepRest(bulk);
    }
  }
}

function answer(
  master: MesosMaster,
  random: RandomSource,
  catalog: ResourceCatalog,
  offer: Offer,
  nextTask: () => string,
  seen: Seen[],
): void {
  const { framework, id, agent, bag } = offer;
  seen.push({ framework, id, agent, cpus: bag.amounts[0] });
  const what = uniformBelow(random, 10);
  if (what < 7) master.declineOne(framework, id, 1_000 * uniformBelow(random, 8));
  else if (what < 9) {
    const task = { id: nextTask(), bag: readBag(catalog, { cpus: 1, mem: 32 }), executor: null };
    master.accept(framework, [id], [{ type: 'launch', tasks: [task] }], 5_000);
  }
}

describe.each([MODERN_VARIANT, VARIANT_0_2X])('bulk runs of $name', (variant) => {
  test('make the offers of the run that books every grant, in its order, over 25 seeds of 300 events', () => {
    for (let seed = 0; seed < 25; seed++) {
      const naive = play(variant, seed, false);
      expect(naive.length).toBeGreaterThan(100);
      expect(play(variant, seed, true)).toEqual(naive);
    }
  });
});

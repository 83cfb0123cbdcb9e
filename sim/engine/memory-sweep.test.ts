/** Memory of one host of 1,000 units by hand, and laws over all loads. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHostTable, type HostTable } from '../cluster/hosts.ts';
import { defaultParameters } from '../host/parameters.ts';
import { createMemoryState, sweepMemory } from './memory-sweep.ts';

const P = defaultParameters();

/** One host of 1,000 units: memory of services, best effort and system now, and what the node held before it evicted. */
function sweep(online: number, best: number, system: number, before: number, fresh = 0, qos = 1) {
  const hosts: HostTable = createHostTable(1);
  hosts.capacityMemBytes[0] = 1000;
  hosts.onlineMemBytes[0] = online;
  hosts.beMemBytes[0] = best;
  hosts.systemMemBytes[0] = system;
  const state = createMemoryState(1);
  state.freshBytes[0] = fresh;
  sweepMemory(hosts, Float64Array.of(before), P, qos, 1, state);
  return {
    cache: state.pageCacheBytes[0],
    stall: state.stallShare[0],
    read: state.readShare[0],
    readAlone: state.readShareAlone[0],
    slowdown: state.bestEffortSlowdown[0],
    missing: state.missingBytes[0],
    counts: [...state.hostCounts],
    fresh: state.freshBytes[0],
  };
}

describe('memory of a host in a window', () => {
  test('at 70 % all page cache of services fits and nobody waits: 0.3 x 400 + 0.5 x 270, 290 free after the reserve', () => {
    const { cache, ...rest } = sweep(400, 270, 30, 700);
    expect(cache).toBeCloseTo(255, 9);
    expect(rest).toEqual({ stall: 0, read: 0, readAlone: 0, slowdown: 1, missing: 0, counts: [0, 0], fresh: 0 });
  });

  test('at 90 % best effort has given its 245 pages, services 30 of 120: only cold ones, nobody reads from disk', () => {
    // wanted 0.3 x 400 + 0.5 x 470 = 355, room 1000 - 900 - 10 = 90: 265 too many, 235 from best effort, 30 from services (60 are cold).
    const { cache, read } = sweep(400, 470, 30, 900);
    expect(cache).toBeCloseTo(90, 9);
    expect(read).toBe(0);
  });

  test('at 98 % services keep 10 of 120 pages: 50 hot ones are gone, 0.5 x 50 / 120 of requests read; stall 0.2 x 0.6^2', () => {
    const { read, readAlone, stall, slowdown, counts } = sweep(400, 550, 30, 980);
    expect(read).toBeCloseTo((0.5 * 50) / 120, 9);
    expect(readAlone).toBe(0);
    expect(stall).toBeCloseTo(0.072, 9);
    expect(slowdown).toBeCloseTo(1.36, 9);
    expect(counts).toEqual([1, 0]);
  });

  test('Memory QoS leaves a fifth of the stalls of services and all of best effort slowed', () => {
    const { stall, slowdown } = sweep(400, 550, 30, 980, 0, P.memoryQosFactor);
    expect(stall).toBeCloseTo(0.0144, 9);
    expect(slowdown).toBeCloseTo(1.36, 9);
  });

  test('without eviction 1,020 of 1,000 units lack 30 with the reserve of 10', () => {
    expect(sweep(400, 590, 30, 1020).missing).toBeCloseTo(30, 9);
  });

  test('eviction down to 980 while 600 units ramp up in 60 s: reaches 980 + 10 x 4.5 s = 1,025, lacks 35; at 680 it lacks nothing', () => {
    expect(sweep(400, 550, 30, 1300, 600).missing).toBeCloseTo(35, 9);
    expect(sweep(400, 250, 30, 1300, 600).missing).toBe(0);
  });

  test('a quiet host forgets the window before', () => {
    const hosts: HostTable = createHostTable(1);
    hosts.capacityMemBytes[0] = 1000;
    hosts.onlineMemBytes[0] = 990;
    const state = createMemoryState(1);
    sweepMemory(hosts, Float64Array.of(990), P, 1, 1, state);
    expect(state.stallShare[0]).toBeGreaterThan(0);
    hosts.onlineMemBytes[0] = 100;
    sweepMemory(hosts, Float64Array.of(100), P, 1, 1, state);
    expect([state.stallShare[0], state.readShare[0], state.bestEffortSlowdown[0]]).toEqual([0, 0, 1]);
  });

  test('more best effort never means fewer stalls, fewer reads, faster best effort or less missing; alone it changes nothing', () => {
    const amount = fc.integer({ min: 0, max: 900 });
    fc.assert(
      fc.property(amount, amount, amount, fc.integer({ min: 0, max: 300 }), (online, best, more, fresh) => {
        const a = sweep(online, best, 40, 0, fresh);
        const b = sweep(online, best + more, 40, 0, fresh);
        expect(b.stall).toBeGreaterThanOrEqual(a.stall);
        expect(b.read).toBeGreaterThanOrEqual(a.read - 1e-12);
        expect(b.slowdown).toBeGreaterThanOrEqual(a.slowdown);
        expect(b.missing).toBeGreaterThanOrEqual(a.missing);
        expect(Math.min(a.stall, a.read)).toBeGreaterThanOrEqual(0);
        expect(a.read).toBeGreaterThanOrEqual(a.readAlone);
        expect(a.cache).toBeLessThanOrEqual(1000);
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import { STORM_DEFAULTS, type StormState, stormLikeFramework as storm } from './framework.ts';

const started = (instances: number): StormState => {
  const state = storm.create(STORM_DEFAULTS);
  rowsOf((out) => storm.subscribe(state, contextAt(0), out));
  rowsOf((out) => storm.submit(state, workOf('topology', 1000, { instances }), contextAt(0), out));
  return state;
};
const offer = (state: StormState, nowMs: number, count: number): string[] => {
  const rows = Array.from({ length: count }, (_, i) => ({ id: nowMs + i, agent: i, milliCpu: 4000 }));
  return rowsOf((out) => storm.resourceOffers(state, offersOf(rows), contextAt(nowMs), out));
};
const tick = (state: StormState, nowMs: number): string[] => rowsOf((out) => storm.tick(state, contextAt(nowMs), out));

describe('Storm-like', () => {
  test('offers are held until the round at 10 s; 5 workers are dealt 2, 2, 1 over three of them', () => {
    const state = started(5);
    expect(offer(state, 1_000, 3)).toEqual([]);
    expect([tick(state, 9_999), storm.nextWakeMs(state)]).toEqual([[], 10_000]);
    const offersUsed = tick(state, 10_000).map((row) => row.split(' ')[1]);
    expect(offersUsed).toEqual(['1000', '1001', '1002', '1000', '1001']);
  });
  test('what no topology wants is declined for 120 s at the round', () => {
    const state = started(1);
    offer(state, 1_000, 2);
    expect(tick(state, 10_000)).toEqual(['Launch 1000 task 0', 'Decline 1001 for 120000']);
    expect(storm.nextWakeMs(state)).toBe(Infinity);
  });
  test('a rescinded offer is not used', () => {
    const state = started(1);
    offer(state, 1_000, 2);
    rowsOf((out) => storm.rescind(state, 1_000, contextAt(2_000), out));
    expect(tick(state, 10_000)).toEqual(['Launch 1001 task 0']);
  });
  test('an offer that comes at 47 s after idle rounds waits for the round at 50 s', () => {
    const state = started(1);
    offer(state, 47_000, 1);
    expect(storm.nextWakeMs(state)).toBe(50_000);
  });
  test('later versions suppress offers in an idle round at 10 s and revive them in the round at 30 s for a topology of 23 s', () => {
    const state = storm.create({ ...STORM_DEFAULTS, suppressOffers: true });
    rowsOf((out) => storm.subscribe(state, contextAt(0), out));
    offer(state, 1_000, 1);
    expect(tick(state, 10_000)).toEqual(['Decline 1000 for 120000', 'Suppress']);
    expect(storm.nextWakeMs(state)).toBe(Infinity);
    rowsOf((out) => storm.submit(state, workOf('topology', 1000, { instances: 1 }), contextAt(23_000), out));
    expect(storm.nextWakeMs(state)).toBe(30_000);
    expect(tick(state, 30_000)).toEqual(['Revive']);
    offer(state, 31_000, 1);
    expect(tick(state, 40_000)).toEqual(['Launch 31000 task 0', 'Suppress']);
    // Its worker fails at 55 s: the next round is at 60 s, those in between had nothing to do.
    const failed = { task: 0, status: TaskStatus.Failed, agent: 0 };
    rowsOf((out) => storm.statusUpdate(state, failed, contextAt(55_000), out));
    expect(storm.nextWakeMs(state)).toBe(60_000);
  });
});

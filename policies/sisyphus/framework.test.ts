import { describe, expect, test } from 'vitest';
import { risingGet, risingValues } from '../base/rising-map.ts';
import { CHRONOS_STORE_OPERATIONS, operationsPerJob, SISYPHUS_STORE_OPERATIONS } from '../chronos/store-cost.ts';
import { queueLength } from '../chronos/task-queue.ts';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import {
  SISYPHUS_DEFAULTS,
  type SisyphusConfig,
  type SisyphusState,
  sisyphusFramework as sisyphus,
} from './framework.ts';

const started = (config: Partial<SisyphusConfig> = {}): SisyphusState =>
  sisyphus.create({ ...SISYPHUS_DEFAULTS, ...config });
const submit = (state: SisyphusState, name: string, lane: number, nowMs = 0, milliCpu = 1000): void => {
  rowsOf((out) => sisyphus.submit(state, workOf(name, milliCpu, { lane }), contextAt(nowMs), out));
};
const offer = (state: SisyphusState, nowMs: number, milliCpu: number): string[] =>
  rowsOf((out) => sisyphus.resourceOffers(state, offersOf([{ id: nowMs, agent: 0, milliCpu }]), contextAt(nowMs), out));
const update = (state: SisyphusState, task: number, status: TaskStatus, nowMs: number): void => {
  rowsOf((out) => sisyphus.statusUpdate(state, { task, status, agent: 0 }, contextAt(nowMs), out));
};
const tick = (state: SisyphusState, nowMs: number): string[] =>
  rowsOf((out) => sisyphus.tick(state, contextAt(nowMs), out));

describe('Sisyphus', () => {
  test('a job costs 7 store trips, Chronos pays 15: twice the jobs a second', () => {
    expect(operationsPerJob(SISYPHUS_STORE_OPERATIONS)).toBe(7);
    expect(operationsPerJob(CHRONOS_STORE_OPERATIONS)).toBe(15);
    const state = started({ storeOperationMs: 3 });
    submit(state, 'a', 0);
    offer(state, 9, 4000);
    tick(state, 9);
    offer(state, 10, 4000);
    update(state, 0, TaskStatus.Running, 20);
    update(state, 0, TaskStatus.Running, 21);
    update(state, 0, TaskStatus.Finished, 30);
    expect(state.store.operations).toBe(7);
  });
  test('five lanes are served in order; a lane beyond the last is the last', () => {
    const state = started();
    for (const [name, lane] of [
      ['late', 9],
      ['four', 4],
      ['zero', 0],
      ['two', 2],
    ] as const)
      submit(state, name, lane);
    offer(state, 1, 4000);
    expect([...risingValues(state.ledger.live)].map((live) => live.work.name)).toEqual(['zero', 'two', 'late', 'four']);
  });
  test('a head that waited 2 s has the youngest task of the lowest lane killed, and takes its place; the killed run runs again', () => {
    const state = started({ preemptAfterMs: 2_000 });
    for (const [name, lane] of [
      ['low-old', 3],
      ['low-new', 3],
      ['middle', 2],
    ] as const)
      submit(state, name, lane);
    offer(state, 1, 3000);
    submit(state, 'urgent', 0, 10_000);
    offer(state, 10_001, 500);
    expect(sisyphus.nextWakeMs(state)).toBe(12_000);
    expect(tick(state, 11_999)).toEqual([]);
    // tasks: 0 middle, 1 low-old, 2 low-new
    expect(tick(state, 12_000)).toEqual(['Kill task 2']);
    expect(tick(state, 12_001)).toEqual([]);
    update(state, 2, TaskStatus.Killed, 12_002);
    expect(offer(state, 12_003, 1000)).toEqual(['Launch 12003 task 3']);
    expect(risingGet(state.ledger.live, 3)?.work.name).toBe('urgent');
    expect(queueLength(state.lanes)).toBe(1);
    update(state, 3, TaskStatus.Finished, 13_000);
    offer(state, 13_001, 1000);
    expect(risingGet(state.ledger.live, 4)?.work.name).toBe('low-new');
  });
  test('without preemption nobody is killed however long the head waits', () => {
    const state = started();
    submit(state, 'low', 4);
    offer(state, 1, 1000);
    submit(state, 'urgent', 0, 2);
    expect([tick(state, 1e9), sisyphus.nextWakeMs(state)]).toEqual([[], Infinity]);
  });
  test('schedules, parents and constraints are refused', () => {
    const submitWith = (more: object): void => {
      rowsOf((out) => sisyphus.submit(started(), workOf('a', 100, more), contextAt(0), out));
    };
    expect(() => submitWith({ schedule: 'R//P1D' })).toThrow('only chronos runs ISO 8601 schedules');
    expect(() => submitWith({ parents: ['b'] })).toThrow('only chronos runs job graphs');
    expect(() => submitWith({ constraints: [{ field: 'a', operator: 'IS', value: 'b' }] })).toThrow('has constraints');
    expect(() => started({ lanes: 0 })).toThrow('lanes is 0');
  });
});

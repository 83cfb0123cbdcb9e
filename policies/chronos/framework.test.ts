import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import { abortDriver, chronosFramework as chronos, setStoreFailed } from './framework.ts';
import { CHRONOS_DEFAULTS, type ChronosConfig, type ChronosState } from './state.ts';
import { queueLength } from './task-queue.ts';

function started(config: Partial<ChronosConfig> = {}): ChronosState {
  const state = chronos.create({ ...CHRONOS_DEFAULTS, ...config });
  rowsOf((out) => chronos.subscribe(state, contextAt(0), out));
  return state;
}

const submit = (state: ChronosState, name: string, more = {}, nowMs = 0): string[] =>
  rowsOf((out) => chronos.submit(state, workOf(name, 1000, more), contextAt(nowMs), out));
const offer = (state: ChronosState, nowMs: number, ...milliCpus: number[]): string[] => {
  const rows = milliCpus.map((milliCpu, i) => ({ id: nowMs + i, agent: i, milliCpu }));
  return rowsOf((out) => chronos.resourceOffers(state, offersOf(rows), contextAt(nowMs), out));
};
const update = (state: ChronosState, task: number, status: TaskStatus, nowMs: number): string[] =>
  rowsOf((out) => chronos.statusUpdate(state, { task, status, agent: 0 }, contextAt(nowMs), out));
const tick = (state: ChronosState, nowMs: number): string[] =>
  rowsOf((out) => chronos.tick(state, contextAt(nowMs), out));

describe('offers', () => {
  test('three jobs of 1 CPU on one offer of 4 CPUs: three launches in the batch era, one in 2014', () => {
    for (const [era, launches] of [
      ['batch', 3],
      ['2014', 1],
    ] as const) {
      const state = started({ era });
      for (const name of ['a', 'b', 'c']) submit(state, name);
      expect(offer(state, 1, 4000).filter((row) => row.startsWith('Launch'))).toHaveLength(launches);
    }
  });
  test('a job of 16 CPUs at the head keeps two small ones off a free agent, then goes to the tail', () => {
    const state = started();
    submit(state, 'big', { milliCpu: 16_000 });
    submit(state, 'small');
    expect(offer(state, 1, 4000)).toEqual(['Decline 1 for 5000']);
    expect(offer(state, 2, 4000)).toEqual(['Launch 2 task 0']);
  });
  test('EQUALS rack 2 leaves the agents of racks 0 and 1 alone', () => {
    const state = started();
    submit(state, 'a', { constraints: [{ field: 'rack', operator: 'EQUALS', value: '2' }] });
    expect(offer(state, 1, 4000, 4000)).toEqual(['Decline 1 for 5000', 'Decline 2 for 5000']);
    expect(offer(state, 10, 4000, 4000, 4000)).toContain('Launch 12 task 0');
  });
});

describe('failures', () => {
  test('a failed run is tried again after 60 s, three runs in all, then the error is final', () => {
    const state = started();
    submit(state, 'a');
    let nowMs = 1;
    for (let task = 0; task < 3; task++) {
      expect(offer(state, nowMs, 4000)).toEqual([`Launch ${nowMs} task ${task}`]);
      update(state, task, TaskStatus.Failed, nowMs);
      expect(offer(state, nowMs + 1, 4000)).toEqual([`Decline ${nowMs + 1} for 5000`]);
      nowMs += 60_000;
      tick(state, nowMs);
    }
    expect(queueLength(state.lanes)).toBe(0);
    expect(state.jobs.size).toBe(0);
    expect(state.counters).toMatchObject({ launched: 3, failed: 3, finished: 0 });
  });
  test('a child waits for both parents; with softError a final failure of one counts', () => {
    const state = started({ retries: 0 });
    submit(state, 'p', { schedule: 'R1/1970-01-01T00:00:00Z/P1D', softError: true });
    submit(state, 'q', { schedule: 'R1/1970-01-01T00:00:00Z/P1D' });
    submit(state, 'child', { parents: ['p', 'q'] });
    tick(state, 0);
    expect(offer(state, 1, 4000)).toEqual(['Launch 1 task 0', 'Launch 1 task 1']);
    update(state, 0, TaskStatus.Failed, 2);
    expect(queueLength(state.lanes)).toBe(0);
    update(state, 1, TaskStatus.Finished, 3);
    expect(offer(state, 4, 4000)).toEqual(['Launch 4 task 2']);
  });
});

describe('incidents', () => {
  test('a store that fails keeps every offer; the rows are empty and the offers held until a new subscription', () => {
    const state = started();
    submit(state, 'a');
    setStoreFailed(state, true);
    expect(offer(state, 1, 4000, 4000)).toEqual([]);
    expect(state.heldOffers).toEqual([1, 2]);
    rowsOf((out) => chronos.rescind(state, 1, contextAt(2), out));
    expect(state.heldOffers).toEqual([2]);
    setStoreFailed(state, false);
    rowsOf((out) => chronos.subscribe(state, contextAt(3), out));
    expect(state.heldOffers).toEqual([]);
    expect(offer(state, 4, 4000)).toEqual(['Launch 4 task 0']);
  });
  test('with the quirk off the process exits instead', () => {
    const quirks = { ...CHRONOS_DEFAULTS.quirks, hoardOffersOnStoreFailure: false };
    const state = started({ quirks });
    setStoreFailed(state, true);
    expect(offer(state, 1, 4000)).toEqual(['Exit']);
  });
  test('a store failure inside a RUNNING update aborts the driver: deactivated once, the queue grows, no revive', () => {
    const state = started({ reviveOffersForNewJobs: true });
    submit(state, 'a');
    offer(state, 1, 4000);
    setStoreFailed(state, true);
    expect(update(state, 0, TaskStatus.Running, 10_000)).toEqual(['Deactivate']);
    setStoreFailed(state, false);
    expect(submit(state, 'b', {}, 20_000)).toEqual([]);
    expect(tick(state, 30_000)).toEqual([]);
    expect(queueLength(state.lanes)).toBe(1);
    expect(rowsOf((out) => abortDriver(state, out))).toEqual([]);
    expect(rowsOf((out) => chronos.subscribe(state, contextAt(40_000), out))).toEqual(['Revive']);
  });
  test('a store of 3 ms a trip queues a job 21 ms after its submission, the next one 21 ms later', () => {
    // 7 trips x 3 ms
    const state = started({ storeOperationMs: 3 });
    submit(state, 'a');
    submit(state, 'b');
    expect(chronos.nextWakeMs(state)).toBe(21);
    tick(state, 21);
    expect(queueLength(state.lanes)).toBe(1);
    expect(chronos.nextWakeMs(state)).toBe(42);
  });
  test('three tasks on two offers cost twice the launch writes of three tasks: 3 x 2 offers x 2 trips', () => {
    const state = started();
    for (const name of ['a', 'b', 'c']) submit(state, name);
    const before = state.store.operations;
    offer(state, 1, 2000, 2000);
    expect(state.store.operations - before).toBe(12);
  });
});

describe('revive', () => {
  test('three submissions within a second revive at once and once more after 5 s', () => {
    const state = started({ reviveOffersForNewJobs: true });
    // The subscription revived at 0.
    expect(submit(state, 'a', {}, 6_000)).toEqual(['Revive']);
    expect(submit(state, 'b', {}, 6_500)).toEqual([]);
    expect(submit(state, 'c', {}, 6_900)).toEqual([]);
    expect(chronos.nextWakeMs(state)).toBe(11_000);
    expect(tick(state, 11_000)).toEqual(['Revive']);
    expect(chronos.nextWakeMs(state)).toBe(Infinity);
  });
});

describe('refusals', () => {
  for (const [more, rule] of [
    [{ schedule: 'R/P1D' }, 'no ISO 8601 repeating interval'],
    [{ parents: ['nobody'] }, '"nobody", which is not registered'],
    [{ parents: ['a'] }, 'makes a cycle'],
    [{ schedule: 'R//P1D', parents: ['b'] }, 'has a schedule and parents'],
    [
      { constraints: [{ field: 'rack', operator: 'NEAR', value: '1' }] },
      'unknown operator; known: EQUALS, LIKE, UNLIKE',
    ],
    [{ constraints: [{ field: 'rack', operator: 'LIKE', value: '(' }] }, 'not a valid regular expression'],
    [{ instances: -1 }, 'instances is -1'],
  ] as const)
    test(`work is refused: ${rule}`, () => {
      const state = started();
      expect(() => submit(state, 'a', more)).toThrow(ConfigError);
      expect(() => submit(state, 'a', more)).toThrow(rule);
      expect(state.jobs.size).toBe(0);
    });
  test('a name is registered once', () => {
    const state = started();
    submit(state, 'a');
    expect(() => submit(state, 'a')).toThrow('registered already');
  });
});

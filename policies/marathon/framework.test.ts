import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { TaskStatus, type Work } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import { killUnhealthyTask, marathonFramework as marathon, scaleApp, tasksToStop } from './framework.ts';
import { MARATHON_2015, MARATHON_DEFAULTS, type MarathonConfig, type MarathonState } from './state.ts';

function started(config: MarathonConfig = MARATHON_DEFAULTS): MarathonState {
  const state = marathon.create(config);
  rowsOf((out) => marathon.subscribe(state, contextAt(0), out));
  return state;
}
const submit = (state: MarathonState, work: Work, nowMs = 0): string[] =>
  rowsOf((out) => marathon.submit(state, work, contextAt(nowMs), out));
const offer = (state: MarathonState, nowMs: number, ...milliCpus: number[]): string[] => {
  const rows = milliCpus.map((milliCpu, i) => ({ id: nowMs + i, agent: i, milliCpu }));
  return rowsOf((out) => marathon.resourceOffers(state, offersOf(rows), contextAt(nowMs), out));
};
const update = (state: MarathonState, task: number, status: TaskStatus, nowMs: number): string[] =>
  rowsOf((out) => marathon.statusUpdate(state, { task, status, agent: 0 }, contextAt(nowMs), out));
const tick = (state: MarathonState, nowMs: number): string[] =>
  rowsOf((out) => marathon.tick(state, contextAt(nowMs), out));
const app = (instances: number, milliCpu = 100, more: Partial<Work> = {}): Work =>
  workOf('web', milliCpu, { instances, ...more });

/** Launches all that an app waits for on one big agent after another; task n runs from `nowMs` + n on. */
function runAll(state: MarathonState, nowMs: number): void {
  for (let round = 0; round < 20; round++) {
    const rows = offer(state, nowMs + round, 100_000);
    for (const row of rows)
      if (row.startsWith('Launch'))
        update(state, Number(row.split(' ')[3]), TaskStatus.Running, nowMs + Number(row.split(' ')[3]));
  }
}

describe('launching', () => {
  test('7 instances take 5 of the first offer and 2 of the second; the third is declined for 120 s and offers suppressed', () => {
    const state = started();
    expect(submit(state, app(7))).toEqual(['Revive']);
    const rows = offer(state, 1, 4000, 4000, 4000);
    expect(rows.filter((row) => row.startsWith('Launch 1 '))).toHaveLength(5);
    expect(rows.filter((row) => row.startsWith('Launch 2 '))).toHaveLength(2);
    expect(rows.slice(-2)).toEqual(['Decline 3 for 120000', 'Suppress']);
  });
  test('Marathon of 2015 puts one on each offer, declines for 5 s and never suppresses', () => {
    const state = started(MARATHON_2015);
    submit(state, app(2));
    expect(offer(state, 1, 4000, 4000, 4000)).toEqual(['Launch 1 task 0', 'Launch 2 task 1', 'Decline 3 for 5000']);
  });
  test('100 tokens last for 100 launches; 30 s later they are back', () => {
    const state = started();
    submit(state, app(150));
    const launched = (rows: string[]): number => rows.filter((row) => row.startsWith('Launch')).length;
    const offers = Array<number>(25).fill(4000);
    expect(launched(offer(state, 1_000, ...offers))).toBe(100);
    expect(launched(offer(state, 29_000, ...offers))).toBe(0);
    expect(launched(offer(state, 30_000, ...offers))).toBe(50);
  });
  test('MAX_PER 1 on racks 0, 1, 2, 0 leaves the fourth offer alone', () => {
    const state = started();
    submit(state, app(4, 100, { constraints: [{ field: 'rack', operator: 'MAX_PER', value: '1' }] }));
    expect(offer(state, 10, 4000, 4000, 4000, 4000)).toEqual([
      'Launch 10 task 0',
      'Launch 11 task 1',
      'Launch 12 task 2',
      'Decline 13 for 120000',
    ]);
  });
});

describe('failures', () => {
  test('a failed instance is launched again 1 s later, after the second failure 1.15 s later', () => {
    const state = started();
    submit(state, app(1));
    offer(state, 10_000, 4000);
    update(state, 0, TaskStatus.Failed, 20_000);
    expect(offer(state, 20_999, 4000)).toEqual(['Decline 20999 for 120000']);
    tick(state, 20_999);
    expect(marathon.nextWakeMs(state)).toBe(21_000);
    expect(tick(state, 21_000)).toContain('Revive');
    expect(offer(state, 21_001, 4000)).toContain('Launch 21001 task 1');
    update(state, 1, TaskStatus.Failed, 30_000);
    expect(offer(state, 31_149, 4000)).toEqual(['Decline 31149 for 120000']);
    expect(offer(state, 31_150, 4000)).toContain('Launch 31150 task 2');
  });
  /** One instance that runs, is lost sight of at 20 s and replaced when `seenMs` says that it is still unreachable. */
  const replaced = (unreachable: Work['unreachable'], seenMs: number): MarathonState => {
    const state = started();
    submit(state, app(1, 100, unreachable === undefined ? {} : { unreachable }));
    offer(state, 1, 4000);
    update(state, 0, TaskStatus.Running, 10_000);
    tick(state, 15_000);
    update(state, 0, TaskStatus.Unreachable, 20_000);
    update(state, 0, TaskStatus.Unreachable, seenMs);
    return state;
  };
  test('an unreachable instance is replaced at once; both run when it returns, until the scale check at 315 s kills the younger', () => {
    const state = replaced(undefined, 20_000);
    expect(offer(state, 20_001, 4000)).toContain('Launch 20001 task 1');
    update(state, 1, TaskStatus.Running, 20_002);
    expect(update(state, 0, TaskStatus.Running, 30_000)).toEqual([]);
    expect(tick(state, 314_999)).not.toContain('Kill task 1');
    expect(tick(state, 315_000)).toContain('Kill task 1');
  });
  test('inactive after 60 s: the clock alone replaces nothing, the next word that it is unreachable does', () => {
    const state = replaced({ inactiveAfterMs: 60_000, expungeAfterMs: 120_000 }, 79_999);
    tick(state, 95_000);
    expect(offer(state, 95_001, 4000)).toContain('Decline 95001 for 120000');
    update(state, 0, TaskStatus.Unreachable, 615_000);
    expect(offer(state, 615_001, 4000)).toContain('Launch 615001 task 1');
  });
  test('it is forgotten 120 s later only when it was replaced before, and a stranger when it returns', () => {
    const strategy = { inactiveAfterMs: 60_000, expungeAfterMs: 120_000 };
    const waiting = replaced(strategy, 79_999);
    tick(waiting, 330_000);
    expect(waiting.apps.get('web')?.tasks).toEqual([0]);
    const given = replaced(strategy, 80_000);
    tick(given, 300_000);
    expect(given.apps.get('web')?.tasks).toEqual([]);
    expect(update(given, 0, TaskStatus.Running, 310_000)).toEqual(['Kill task 0']);
  });
  test('disabled: it is waited for whatever is heard, and goes first when the app is made smaller', () => {
    const state = replaced(null, 7_000_000);
    expect(state.apps.get('web')).toMatchObject({ toLaunch: 0, tasks: [0] });
    const rows = rowsOf((out) => scaleApp(state, 'web', 2, contextAt(7_000_001), out));
    expect(rows).toContain('Revive');
    offer(state, 7_000_002, 4000);
    update(state, 1, TaskStatus.Running, 7_000_003);
    expect(tasksToStop(state, 'web', 2, contextAt(7_000_004))).toEqual([0, 1]);
  });
  test('an instance that fails its health check counts until its end is heard: no other is launched before', () => {
    const state = started();
    submit(state, app(1));
    offer(state, 1, 4000);
    update(state, 0, TaskStatus.Running, 10_000);
    expect(rowsOf((out) => killUnhealthyTask(state, 0, contextAt(20_000), out))).toEqual(['Kill task 0']);
    expect(state.apps.get('web')?.toLaunch).toBe(0);
    update(state, 0, TaskStatus.Killed, 25_000);
    expect(state.apps.get('web')?.toLaunch).toBe(1);
  });
  test('a strategy that forgets before it replaces is refused', () => {
    expect(() => replaced({ inactiveAfterMs: 2, expungeAfterMs: 1 }, 0)).toThrow(
      'inactiveAfterSeconds must be no more than expungeAfterSeconds',
    );
  });
  test('a task that stays in staging for more than 300 s is killed at the next check, and again 30 s later', () => {
    const state = started();
    submit(state, app(1));
    offer(state, 1_000, 4000);
    expect(tick(state, 300_000)).not.toContain('Kill task 0');
    expect(tick(state, 305_000)).toContain('Kill task 0');
    expect(tick(state, 330_000)).not.toContain('Kill task 0');
    expect(tick(state, 335_000)).toContain('Kill task 0');
  });
  test('a running task that nobody knows is killed', () => {
    expect(update(started(), 77, TaskStatus.Running, 1)).toEqual(['Kill task 77']);
  });
});

describe('changes', () => {
  test('from 3 to 1 the two youngest go', () => {
    const state = started();
    submit(state, app(3));
    runAll(state, 1);
    expect(
      rowsOf((out) => scaleApp(state, 'web', 1, contextAt(100), out)).filter((row) => row.startsWith('Kill')),
    ).toEqual(['Kill task 2', 'Kill task 1']);
  });
  test('of 150 kills 100 are in flight; each confirmed one sends the next', () => {
    const state = started();
    submit(state, app(150));
    for (let round = 0; round < 3; round++) runAll(state, 30_000 * round);
    const kills = rowsOf((out) => scaleApp(state, 'web', 0, contextAt(100_000), out));
    expect(kills.filter((row) => row.startsWith('Kill'))).toHaveLength(100);
    expect(update(state, 149, TaskStatus.Killed, 100_001).filter((row) => row.startsWith('Kill'))).toHaveLength(1);
  });
  test('a new version of 2 instances at full capacity: 2 launched beside 2 old, each kills an old one', () => {
    const state = started();
    submit(state, app(2));
    runAll(state, 1);
    expect(submit(state, app(2, 200), 1_000).filter((row) => row.startsWith('Kill'))).toEqual([]);
    expect(offer(state, 2_000, 4000).filter((row) => row.startsWith('Launch'))).toEqual([
      'Launch 2000 task 2',
      'Launch 2000 task 3',
    ]);
    expect(update(state, 2, TaskStatus.Running, 3_000)).toEqual(['Kill task 1']);
    update(state, 1, TaskStatus.Killed, 3_001);
    expect(update(state, 3, TaskStatus.Running, 3_002)).toEqual(['Kill task 0']);
    update(state, 0, TaskStatus.Killed, 3_003);
    expect(state.apps.get('web')).toMatchObject({ upgrade: null, tasks: [2, 3], toLaunch: 0 });
  });
  test('a schedule and a malformed constraint are refused', () => {
    const refuse = (more: Partial<Work>): void => {
      submit(started(), app(1, 100, more));
    };
    expect(() => refuse({ schedule: 'R//P1D' })).toThrow(ConfigError);
    expect(() => refuse({ constraints: [{ field: 'rack', operator: 'MAX_PER', value: 'x' }] })).toThrow(
      'MAX_PER must have',
    );
    expect(() => marathon.create({ ...MARATHON_DEFAULTS, maxInstancesPerOffer: 0 })).toThrow(
      'maxInstancesPerOffer is 0',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import { childSubscribed, ROOT_DEFAULTS, type RootConfig, type RootState, rootFramework as root } from './framework.ts';
import { blastRadius, lostFrameworks, worstBlastRadius } from './nested.ts';

function started(names: readonly string[], config: Partial<RootConfig> = {}): RootState {
  const state = root.create({ ...ROOT_DEFAULTS, ...config });
  for (const name of names) rowsOf((out) => root.submit(state, workOf(name, 1000), contextAt(0), out));
  return state;
}
const offer = (state: RootState, nowMs: number, ...agents: number[]): string[] =>
  rowsOf((out) =>
    root.resourceOffers(
      state,
      offersOf(agents.map((agent, i) => ({ id: nowMs + i, agent, milliCpu: 4000 }))),
      contextAt(nowMs),
      out,
    ),
  );
const update = (state: RootState, task: number, status: TaskStatus, nowMs: number): void => {
  rowsOf((out) => root.statusUpdate(state, { task, status, agent: 0 }, contextAt(nowMs), out));
};

describe('Root Framework', () => {
  test('three schedulers on offers of two agents go 2 and 1; with at most one per agent the third waits', () => {
    const spread = started(['spark', 'hdfs', 'etcd']);
    expect(offer(spread, 1, 0, 1)).toEqual(['Launch 1 task 0', 'Launch 2 task 1', 'Launch 1 task 2']);
    const bounded = started(['spark', 'hdfs', 'etcd'], { maxSchedulersPerAgent: 1 });
    expect(offer(bounded, 1, 0, 1)).toEqual(['Launch 1 task 0', 'Launch 2 task 1']);
  });
  test('the blast radius of agent 0 is the two schedulers on it', () => {
    const state = started(['spark', 'hdfs', 'etcd'], { pinned: ['etcd'] });
    offer(state, 1, 0, 1);
    expect(blastRadius(state.children, 0)).toEqual({ agent: 0, schedulers: ['spark', 'etcd'], pinned: ['etcd'] });
    expect(worstBlastRadius(state.children)?.agent).toBe(0);
    expect(blastRadius(state.children, 5).schedulers).toEqual([]);
  });
  test('a dead scheduler comes back after 1 s of back-off; recovery runs from death to subscription: 6 s, nothing lost', () => {
    const state = started(['spark'], { failoverTimeoutMs: { spark: 60_000 } });
    offer(state, 1, 0);
    update(state, 0, TaskStatus.Running, 1_000);
    update(state, 0, TaskStatus.Failed, 10_000);
    expect(offer(state, 10_999, 0)).toEqual(['Decline 10999 for 5000']);
    expect(offer(state, 11_000, 0)).toEqual(['Launch 11000 task 1']);
    update(state, 1, TaskStatus.Running, 13_000);
    childSubscribed(state, 'spark', 16_000);
    expect(state.children[0]).toMatchObject({ recoveryMs: [6_000], restarts: 1, failovers: 1, losses: 0 });
    expect(root.nextWakeMs(state)).toBe(Infinity);
  });
  test('a failover timeout of 0 loses the tasks of the child with its socket', () => {
    const state = started(['spark'], { failoverTimeoutMs: { spark: 0 } });
    offer(state, 1, 0);
    update(state, 0, TaskStatus.Lost, 5);
    childSubscribed(state, 'spark', 5);
    expect([lostFrameworks(state.children), state.children[0].failovers]).toEqual([['spark'], 0]);
  });
  test('a timeout of 3 s ends while no offer comes, and is noticed by tick', () => {
    const state = started(['spark'], { failoverTimeoutMs: { spark: 3_000 } });
    offer(state, 1, 0);
    update(state, 0, TaskStatus.Failed, 10);
    expect(root.nextWakeMs(state)).toBe(3_010);
    rowsOf((out) => root.tick(state, contextAt(3_010), out));
    expect(lostFrameworks(state.children)).toEqual(['spark']);
    expect(root.nextWakeMs(state)).toBe(Infinity);
  });
  test('a pinned child waits for its agent', () => {
    const state = started(['etcd'], { pinned: ['etcd'] });
    offer(state, 1, 3);
    update(state, 0, TaskStatus.Lost, 10);
    expect(offer(state, 20_000, 1)).toEqual(['Decline 20000 for 5000']);
    expect(offer(state, 20_001, 1, 3)).toEqual(['Launch 20002 task 1', 'Decline 20001 for 5000']);
  });
  test('the death of the root leaves its children running: it only asks for their state', () => {
    const state = started(['spark']);
    offer(state, 1, 0);
    update(state, 0, TaskStatus.Running, 2);
    expect(rowsOf((out) => root.subscribe(state, contextAt(1_000), out))).toEqual(['Reconcile']);
    expect(state.children[0]).toMatchObject({ task: 0, status: 'running', downSinceMs: null });
  });
  test('a scheduler on revocable resources is refused', () => {
    expect(() =>
      root.submit(started([]), workOf('a', 1, { revocable: true }), contextAt(0), undefined as never),
    ).toThrow('must not run on revocable resources');
  });
});

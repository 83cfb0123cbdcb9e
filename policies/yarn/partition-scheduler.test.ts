import { expect, test } from 'vitest';
import { type PartitionApplication, PartitionScheduler } from './partition-scheduler.ts';

const QUEUE = { absoluteMax: {}, minUserLimitPercent: 100, userLimitFactor: 1 };

function application(label: string, outstanding: number): PartitionApplication {
  const ask = { label, priority: 1, isAm: false, outstanding, missed: 0 };
  return { id: 'one', queue: 'a', user: 'u', asks: [ask], live: new Map() };
}

function scheduler(
  lending: readonly string[],
  ask: PartitionApplication,
  accessible: readonly string[],
): PartitionScheduler {
  const nodes = [
    { name: 'plain', partition: '', size: 4 },
    { name: 'gpu', partition: 'gpu', size: 4 },
  ];
  const queue = { ...QUEUE, name: 'a', absoluteCapacity: { '': 1, gpu: 0.5 }, accessible };
  return new PartitionScheduler(new Set(lending), nodes, [queue], [ask]);
}

test('an exclusive partition lends nothing, the other after as many misses as there are nodes', () => {
  const own = scheduler([], application('', 8), []);
  const lent = scheduler(['gpu'], application('', 8), []);
  expect([own.heartbeat('gpu'), own.heartbeat('gpu'), own.heartbeat('gpu')]).toEqual([false, false, false]);
  expect([lent.heartbeat('gpu'), lent.heartbeat('gpu'), lent.heartbeat('gpu')]).toEqual([false, true, true]);
});

test('a container on a node of its own starts the count again', () => {
  const lent = scheduler(['gpu'], application('', 8), []);
  expect([lent.heartbeat('gpu'), lent.heartbeat('plain'), lent.heartbeat('gpu'), lent.heartbeat('gpu')]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test('a label that the queue may not use stays unserved; with access a user of half of 4 gets one beyond its 2', () => {
  const without = scheduler([], application('gpu', 8), []);
  const having = scheduler([], application('gpu', 8), ['gpu']);
  for (let i = 0; i < 6; i++) {
    without.heartbeat('gpu');
    having.heartbeat('gpu');
  }
  expect([without.countOn('gpu'), having.countOn('gpu')]).toEqual([0, 3]);
  expect(having.heartbeat('plain')).toBe(false);
});

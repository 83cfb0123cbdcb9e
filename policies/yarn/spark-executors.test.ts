import { expect, test } from 'vitest';
import { opportunisticQueueLimit } from './opportunistic-queue.ts';
import { ExecutorTarget, mapOutputFate, speculationThresholdMs } from './spark-executors.ts';

test('1, 2, 4 more while the backlog stays; a step that was cut starts again at 1', () => {
  const executors = new ExecutorTarget(0, { min: 0, max: 100 });
  const targets = [5, 5, 5, 20, 20].map((needed) => {
    executors.backlog(needed, executors.target);
    return executors.target;
  });
  // +1, +2, then 4 is cut to 2: the next step is 1 again, then 2.
  expect(targets).toEqual([1, 3, 5, 6, 8]);
});

test('a shorter queue gives executors back at once, down to the minimum', () => {
  const executors = new ExecutorTarget(10, { min: 4, max: 100 });
  executors.follow(12);
  expect(executors.target).toBe(10);
  executors.follow(2);
  expect(executors.target).toBe(4);
});

test('speculation: half of 4 tasks finished at 1 and 3 s, median 2 s, times 1.5; the minimum holds for short tasks', () => {
  expect(speculationThresholdMs(4, [3_000, 1_000], 1.5, 0.5, 100)).toBe(3_000);
  expect(speculationThresholdMs(4, [3_000], 1.5, 0.5, 100)).toBeNull();
  expect(speculationThresholdMs(1, [10], 1.5, 0.75, 100)).toBe(100);
});

test('a host takes the outputs of its executors along, unless they lie elsewhere', () => {
  expect(mapOutputFate('none', 'host', false)).toBe('host-lost');
  expect(mapOutputFate('none', 'host', true)).toBe('migrated-kept');
  expect(mapOutputFate('rss', 'host', true)).toBe('remote');
});

test('opportunistic queues: 5 x 2 and 1 of 12 have mean 3 and spread 4, clamped to 5..15', () => {
  // floor(22 / 6) = 3; (5 x 1 + 81) / 6 = 14.3, its root 3.8 -> 4; 3 + 4 = 7.
  expect(opportunisticQueueLimit([2, 2, 2, 2, 2, 12], 1, 5, 15)).toBe(7);
  expect(opportunisticQueueLimit([2, 2, 2, 2, 2, 12], 0, 5, 15)).toBe(5);
  expect(opportunisticQueueLimit([2, 2, 2, 2, 2, 12], 4, 5, 15)).toBe(15);
  expect(opportunisticQueueLimit([], 1, 5, 15)).toBe(5);
});

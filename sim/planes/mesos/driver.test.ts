import { expect, test } from 'vitest';
import { laneOf, parseTaskId } from './driver.ts';

test('of two lanes 5501 to 5999 is the urgent one, 5000 to 5500 the normal one; of five each has 200 priorities', () => {
  expect([5000, 5500, 5501, 5999].map((priority) => laneOf(priority, 2))).toEqual([1, 1, 0, 0]);
  expect([5200, 5201, 5400, 5600, 5800, 5999].map((priority) => laneOf(priority, 5))).toEqual([4, 3, 3, 2, 1, 0]);
  // Outside the band of best effort: the nearest lane.
  expect([3000, 9999].map((priority) => laneOf(priority, 2))).toEqual([1, 0]);
});

test('a task id names framework and task', () => {
  // 120 x 256 + 3: 256 frameworks may count tasks side by side.
  expect(parseTaskId(30_723)).toEqual([3, 120]);
});

import { expect, test } from 'vitest';
import { type Driver, driverOfTask, laneOf, taskId, taskNumber } from './driver.ts';

test('of two lanes 5501 to 5999 is the urgent one, 5000 to 5500 the normal one; of five each has 200 priorities', () => {
  expect([5000, 5500, 5501, 5999].map((priority) => laneOf(priority, 2))).toEqual([1, 1, 0, 0]);
  expect([5200, 5201, 5400, 5600, 5800, 5999].map((priority) => laneOf(priority, 5))).toEqual([4, 3, 3, 2, 1, 0]);
  // Outside the band of best effort: the nearest lane.
  expect([3000, 9999].map((priority) => laneOf(priority, 2))).toEqual([1, 0]);
});

test('a task id names framework and task: of five frameworks, task 120 of number 3 is 120 x 5 + 3', () => {
  const drivers = [0, 1, 2, 3, 4].map((index) => ({ index, driverCount: 5 }) as Driver);
  expect(taskId(drivers[3], 120)).toBe(603);
  expect(driverOfTask(drivers, 603)).toBe(drivers[3]);
  expect(taskNumber(drivers[3], 603)).toBe(120);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smallCluster } from '../../cluster/testing/small-cluster.ts';
import {
  createQueues,
  isMoreUrgent,
  joinLine,
  leaveLine,
  removeFromQueues,
  restoreQueues,
  rowsInQueues,
  setRetry,
  snapshotQueues,
} from './queues.ts';

function waiting(pods = 8) {
  const { tasks } = smallCluster(1, pods);
  return { tasks, queues: createQueues(tasks) };
}

describe('active', () => {
  test('priority first, then the longer wait, then the lower id', () => {
    const { tasks, queues } = waiting(5);
    tasks.priority.set([5, 9, 9, 9, 9]);
    tasks.readyAtMs.set([0, 30, 20, 20, 40]);
    for (const row of [0, 4, 3, 2, 1]) queues.active.add(row);
    const order = Array.from({ length: 5 }, () => queues.active.poll());
    expect(order).toEqual([2, 3, 1, 4, 0]);
    expect(isMoreUrgent(tasks, 2, 2)).toBe(false);
  });
});

describe('backoff', () => {
  test('the earlier retry first, then the lower id; room is made for rows beyond the table', () => {
    const { tasks, queues } = waiting(4);
    expect(tasks.capacity).toBe(4);
    setRetry(queues, 100, 1, 5);
    expect([queues.retryAtMs[100], queues.tries[100]]).toEqual([5, 1]);
    for (const [row, retryAtMs] of [
      [0, 50],
      [1, 20],
      [2, 20],
      [3, 10],
    ] as const) {
      setRetry(queues, row, 1, retryAtMs);
      queues.backoff.add(row);
    }
    expect(Array.from({ length: 4 }, () => queues.backoff.poll())).toEqual([3, 1, 2, 0]);
  });
});

describe('lines of unschedulable pods', () => {
  test('first in, first out for each shape; a line closes when its last pod leaves', () => {
    const { tasks, queues } = waiting();
    for (const [row, shape] of [
      [0, 70],
      [1, 3],
      [2, 70],
      [3, 70],
    ] as const)
      joinLine(queues, tasks, shape, row);
    expect(queues.openLines).toEqual([70, 3]);
    expect([leaveLine(queues, tasks, 70), leaveLine(queues, tasks, 3)]).toEqual([0, 1]);
    expect(queues.openLines).toEqual([70]);
    expect([leaveLine(queues, tasks, 70), leaveLine(queues, tasks, 70), leaveLine(queues, tasks, 70)]).toEqual([
      2, 3, -1,
    ]);
    expect([queues.openLines.length, queues.waitingCount]).toEqual([0, 0]);
  });

  test.each([
    [0, [1, 2]],
    [1, [0, 2]],
    [2, [0, 1]],
  ] as const)('taking row %i out of 0, 1, 2 leaves %j, and the line can be joined again', (gone, rest) => {
    const { tasks, queues } = waiting();
    for (const row of [0, 1, 2]) {
      tasks.podShape[row] = 5;
      joinLine(queues, tasks, 5, row);
    }
    expect(removeFromQueues(queues, tasks, gone)).toBe(true);
    expect(removeFromQueues(queues, tasks, gone)).toBe(false);
    expect(queues.waitingCount).toBe(2);
    joinLine(queues, tasks, 5, gone);
    expect(Array.from({ length: 3 }, () => leaveLine(queues, tasks, 5))).toEqual([...rest, gone]);
  });

  test('taking the only row closes the line; rows of the two heaps are found as well', () => {
    const { tasks, queues } = waiting();
    tasks.podShape[0] = 5;
    joinLine(queues, tasks, 5, 0);
    queues.active.add(1);
    setRetry(queues, 2, 1, 10);
    queues.backoff.add(2);
    expect(rowsInQueues(queues, tasks).sort()).toEqual([0, 1, 2]);
    for (const row of [0, 1, 2]) expect(removeFromQueues(queues, tasks, row)).toBe(true);
    expect(rowsInQueues(queues, tasks)).toEqual([]);
    expect(queues.openLines).toEqual([]);
  });
});

test('a copy hands out the same rows as the original from any content', () => {
  const place = fc.record({ where: fc.constantFrom('active', 'backoff', 'line'), priority: fc.nat(2), at: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), (places) => {
      const { tasks, queues } = waiting(40);
      places.forEach(({ where, priority, at }, row) => {
        tasks.priority[row] = priority;
        tasks.readyAtMs[row] = at;
        tasks.podShape[row] = at;
        setRetry(queues, row, 0, at);
        if (where === 'line') joinLine(queues, tasks, at, row);
        else queues[where === 'active' ? 'active' : 'backoff'].add(row);
      });
      const copy = createQueues(tasks);
      copy.active.add(39);
      restoreQueues(copy, structuredClone(snapshotQueues(queues)));
      const drain = (of: typeof queues) => {
        const rows: (number | undefined)[] = [];
        while (of.active.size > 0) rows.push(of.active.poll());
        while (of.backoff.size > 0) rows.push(of.backoff.poll());
        return rows;
      };
      expect(drain(copy)).toEqual(drain(queues));
      expect(copy.openLines).toEqual(queues.openLines);
      expect(copy.lineHead).toEqual(queues.lineHead);
      expect(copy.waitingCount).toBe(queues.waitingCount);
    }),
    { numRuns: 200, seed: 3 },
  );
});

import { describe, expect, test } from 'vitest';
import { AmActivation } from './am-activation.ts';
import { type LeafNode, LeafQueue } from './leaf-queue.ts';
import type { QueueSettings } from './queue-limits.ts';
import { maxApplications, queueAmLimitMb, userAmLimitMb, userLimitMb } from './queue-limits.ts';

const WHOLE: QueueSettings = {
  partitionMb: 16_384,
  absoluteCapacity: 1,
  absoluteMax: 1,
  minUserLimitPercent: 100,
  userLimitFactor: 1,
  minAllocationMb: 1_024,
};

function node(totalMb: number): LeafNode {
  return { totalMb, freeMb: totalMb, reserved: null };
}

describe('a container of 4 GB on a node of 4 GB with 2 GB taken', () => {
  function twoTaken(): { queue: LeafQueue; small: ReturnType<LeafQueue['submit']>; host: LeafNode } {
    const queue = new LeafQueue(WHOLE, new Map());
    const small = queue.submit('small', 'u0');
    Object.assign(small, { askMb: 1_024, outstanding: 2 });
    const host = node(4_096);
    queue.assign(host);
    queue.assign(host);
    Object.assign(queue.submit('large', 'u1'), { askMb: 4_096, outstanding: 1 });
    return { queue, small, host };
  }

  test('reserves the node, counts as used, and starts when both small ones have ended', () => {
    const { queue, small, host } = twoTaken();
    expect(queue.assign(host)).toBe('reserved');
    expect(queue.usedMb).toBe(2_048 + 4_096);
    queue.complete(small, host, 1_024);
    expect(queue.assign(host)).toBe('reserved');
    expect(queue.applications[1].reReservations).toBe(1);
    queue.complete(small, host, 1_024);
    expect(queue.assign(host)).toBe('allocated');
    expect([queue.usedMb, host.freeMb, host.reserved]).toEqual([4_096, 0, null]);
  });

  test('does not reserve a second node for one outstanding container until it starved', () => {
    const { queue, host } = twoTaken();
    queue.assign(host);
    const other = node(4_096);
    other.freeMb = 0;
    expect(queue.assign(other)).toBe('none');
    // 4 GB of 8 GB: starvation = int(re-reservations / 1 x (1 - 0.5)); one after two visits.
    queue.assign(host);
    expect(queue.assign(other)).toBe('none');
    queue.assign(host);
    expect(queue.assign(other)).toBe('reserved');
    // A new reservation starts the count again.
    expect(queue.applications[1]).toMatchObject({ reservedContainers: 2, reservedMb: 8_192, reReservations: 0 });
  });

  test('gives the reservation up when the ask is gone', () => {
    const { queue, host } = twoTaken();
    queue.assign(host);
    queue.applications[1].outstanding = 0;
    expect(queue.assign(host)).toBe('unreserved');
    expect(queue.usedMb).toBe(2_048);
  });
});

describe('limits', () => {
  test('a lone user with a minimum user limit of half gets half the queue: 8 of 16 GB, 12 GB at weight 1.5', () => {
    const half = { ...WHOLE, minUserLimitPercent: 50 };
    const users = [{ usedMb: 0, weight: 1, active: true }];
    expect(userLimitMb(half, users, 1)).toBe(8_192);
    expect(userLimitMb(half, users, 1.5)).toBe(12_288);
  });

  test('masters: a tenth of the maximum, in a labelled partition of the guarantee', () => {
    const quarter = { ...WHOLE, partitionMb: 1_024_000, absoluteCapacity: 0.25 };
    expect(queueAmLimitMb(quarter, 0.1, false)).toBe(102_400);
    expect(queueAmLimitMb(quarter, 0.1, true)).toBe(25_600);
    // 256 000 x 0.1 x 1/2 for two users of a queue without a minimum, in steps of 1 GB: 12 800 -> 13 312.
    expect(userAmLimitMb({ ...quarter, minUserLimitPercent: 0 }, 0.1, false, 2, 1)).toBe(13_312);
  });

  test('applications: 10000 x 0.57 is 5700 in floats, half of them for one user', () => {
    expect(maxApplications(null, 10_000, 0.57, 50, 1)).toEqual({ queue: 5_700, user: 2_850 });
    expect(maxApplications(100, 10_000, 0.57, 100, -1)).toEqual({ queue: 100, user: 100 });
  });

  test('a master that does not fit is passed over by a smaller one', () => {
    const queue = new AmActivation(
      () => 4_096,
      () => 4_096,
    );
    queue.submit('a', 'u0', 2_048);
    queue.submit('b', 'u0', 4_096);
    queue.submit('c', 'u1', 2_048);
    expect([queue.activeCount, queue.pendingCount]).toEqual([2, 1]);
    // b waits until both are gone.
    queue.finish('a');
    expect(queue.activeCount).toBe(1);
    queue.finish('c');
    expect([queue.activeCount, queue.pendingCount]).toEqual([1, 0]);
  });
});

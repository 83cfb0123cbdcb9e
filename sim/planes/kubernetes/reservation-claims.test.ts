import { describe, expect, test } from 'vitest';
import { bind, forget, hold, submit } from '../../cluster/apply.ts';
import { watch } from '../../cluster/checker.ts';
import { TIER } from '../../cluster/hosts.ts';
import { smallCluster } from '../../cluster/testing/small-cluster.ts';
import type { ReservationPlan } from '../../plan/kubernetes.ts';
import { checkReservations, createReservationBook, holdingOf, placeReservation } from './reservation-book.ts';
import { returnReserved, takeReserved } from './reservation-claims.ts';

/** Two reservations of 4 cores of one policy on a host that sells 10; a pod of `cores`, row 0, that owns them. */
function twoOf(allocatePolicy: ReservationPlan['allocatePolicy'], cores: number) {
  const cluster = smallCluster(1, 8);
  const { tasks } = cluster;
  const plans = ['one', 'two'].map(
    (name): ReservationPlan => ({
      name,
      count: 1,
      milliCpu: 4_000,
      memMib: 0,
      services: ['own'],
      allocateOnce: false,
      allocatePolicy,
      order: 0,
      atMs: 0,
      ttlMs: 0,
    }),
  );
  const book = createReservationBook(plans, ['own'], [], 1, 0, {
    shapeOf: () => ({ shape: 1, tier: TIER.native }),
    amountsOf: (shape) => ({ cpu: shape === 1 ? 4_000 : cores * 1_000, memory: 0 }),
  });
  for (const held of [...book.all]) {
    placeReservation(book, held, 0);
    hold(cluster, 0, holdingOf(held), 1, 0);
  }
  tasks.requestMilliCpu[0] = cores * 1_000;
  tasks.requestMemBytes[0] = 0;
  tasks.podShape[0] = 0;
  submit(cluster, 0, 0, false);
  const checker = watch(cluster);
  const go = () => {
    takeReserved(book, cluster, 0, { row: 0, host: 0, cards: 0, cpus: [] }, (holding) =>
      hold(cluster, 0, holding, -1, 1),
    );
    bind(cluster, 0, 0, 1);
    checker.compare();
    checkReservations(book, cluster);
    return book.byHost[0].map(({ allocated }) => allocated['cpu']);
  };
  return { cluster, book, go };
}

describe('an owner on a host that sells 10 cores, 8 of them held in two reservations', () => {
  test('6 cores, default: 4 of the first and 2 free ones; the second is not touched', () => {
    expect(twoOf('default', 6).go()).toEqual([4_000, 0]);
  });

  test('7 cores, default: 4 + 2 free are not enough, the second gives what the pod still needs', () => {
    expect(twoOf('default', 7).go()).toEqual([4_000, 3_000]);
  });

  test('5 cores, aligned, the first one full: the second is taken, not the first', () => {
    const { cluster, book, go } = twoOf('aligned', 5);
    const [first] = book.byHost[0];
    hold(cluster, 0, holdingOf(first), -1, 0);
    first.allocated['cpu'] = 4_000;
    cluster.hosts.soldMilliCpu[0] -= 4_000;
    expect(go()).toEqual([4_000, 4_000]);
  });

  test('what a pod had is held again when it has left', () => {
    const { cluster, book, go } = twoOf('default', 7);
    go();
    forget(cluster, 0, 2);
    returnReserved(book, 0, (holding) => hold(cluster, 0, holding, 1, 2));
    expect(cluster.hosts.heldMilliCpu[0]).toBe(8_000);
    checkReservations(book, cluster);
  });
});

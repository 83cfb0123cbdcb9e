import { describe, expect, test } from 'vitest';
import type { ReservationPlan } from '../../plan/kubernetes.ts';
import { createReservationBook, placeReservation, type ReservationBook, reservedScore } from './reservation-book.ts';

const GIB = 1_073_741_824;

function bookOf(...changes: readonly Partial<ReservationPlan>[]): ReservationBook {
  const plans = changes.map(
    (change, i): ReservationPlan => ({
      name: `r${i}`,
      count: 1,
      milliCpu: 4_000,
      memMib: 4_096,
      services: ['own'],
      allocateOnce: false,
      allocatePolicy: 'default',
      order: 0,
      atMs: 0,
      ttlMs: 0,
      ...change,
    }),
  );
  // Shape n > 0 is a pod of n cores and 2 GiB; negative ones are the reservations.
  const book = createReservationBook(plans, ['own', 'other'], [], 2, 5_000, {
    shapeOf: (_, index) => ({ shape: -1 - index, tier: 0 }),
    amountsOf: (shape) =>
      shape < 0
        ? { cpu: plans[-1 - shape].milliCpu, memory: plans[-1 - shape].memMib * 1_048_576 }
        : { cpu: shape * 1_000, memory: 2 * GIB },
  });
  for (const held of book.all) placeReservation(book, held, 0);
  return book;
}
/** A pod of `cores` on host 0 that has `free` cores and much memory beside reservations. */
const ask = (book: ReservationBook, cores: number, free: number, service = 0) =>
  reservedScore(book, service, 0, (free - cores) * 1_000, 50 * GIB, cores);

describe('a pod of an owner on a host with a reservation of 4 cores and 4 GiB', () => {
  test('2 cores and 2 GiB of it are 50 % and 50 %: score 50; another service sees the free cores alone', () => {
    expect(ask(bookOf({}), 2, 0)).toBe(50);
    expect(ask(bookOf({}), 2, 0, 1)).toBe(-1);
    expect(ask(bookOf({}), 2, 2, 1)).toBe(0);
  });

  test('6 cores need 2 free ones beside it under default and aligned, and are refused under restricted', () => {
    for (const allocatePolicy of ['default', 'aligned'] as const) {
      expect(ask(bookOf({ allocatePolicy }), 6, 2)).toBe(0);
      expect(ask(bookOf({ allocatePolicy }), 6, 1)).toBe(-1);
    }
    expect(ask(bookOf({ allocatePolicy: 'restricted' }), 6, 100)).toBe(-1);
    expect(ask(bookOf({ allocatePolicy: 'restricted' }), 4, 0)).toBe(75);
  });

  test('restricted looks only at what it reserves: a reservation of CPU alone leaves memory to the host', () => {
    const book = bookOf({ allocatePolicy: 'restricted', memMib: 0 });
    expect(ask(book, 4, 0)).toBe(100);
    expect(reservedScore(book, 0, 0, -4_000, -GIB, 4)).toBe(-1);
  });

  test('two of them: default adds both up, aligned takes one', () => {
    expect(ask(bookOf({}, {}), 8, 0)).toBe(0);
    expect(ask(bookOf({ allocatePolicy: 'aligned' }, { allocatePolicy: 'aligned' }), 8, 0)).toBe(-1);
  });

  test('an order beats every score', () => {
    expect(ask(bookOf({ order: 3 }), 1, 0)).toBe(101);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCalendarEvent, type EventCalendar, MAX_ENTITY, orderKey, phaseOfKey } from './calendar.ts';
import { FpqCalendar } from './fpq-calendar.ts';
import { HeapCalendar } from './heap-calendar.ts';

/** What every calendar must be equal to: a list sorted anew after each push. */
class NaiveCalendar {
  private rows: { timeMs: number; phase: number; entity: number; seq: number; kind: number; payload: number }[] = [];
  private seq = 0;
  push(timeMs: number, phase: number, entity: number, kind: number, payload: number): void {
    this.rows.push({ timeMs, phase, entity, seq: this.seq++, kind, payload });
    this.rows.sort((a, b) => a.timeMs - b.timeMs || a.phase - b.phase || a.entity - b.entity || a.seq - b.seq);
  }
  pop(): string {
    const row = this.rows.shift();
    return row === undefined ? 'empty' : `${row.timeMs}/${row.phase}/${row.entity}/${row.kind}/${row.payload}`;
  }
  get size(): number {
    return this.rows.length;
  }
  peekTimeMs(): number {
    return this.rows[0]?.timeMs ?? Infinity;
  }
}

function popText(calendar: EventCalendar): string {
  const event = createCalendarEvent();
  if (!calendar.pop(event)) return 'empty';
  return `${event.timeMs}/${event.phase}/${event.entity}/${event.kind}/${event.payload}`;
}

const calendars: readonly (readonly [string, () => EventCalendar])[] = [
  ['heap that starts with room for 1', () => new HeapCalendar(1)],
  ['fastpriorityqueue', () => new FpqCalendar()],
];

type Step =
  | {
      readonly kind: 'push';
      readonly inMs: number;
      readonly phase: number;
      readonly entity: number;
      readonly tag: number;
    }
  | { readonly kind: 'pop' }
  | { readonly kind: 'copy' };

// Few distinct times, phases and entities, so that most events tie in some of them.
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        inMs: fc.integer({ min: 0, max: 3 }),
        phase: fc.integer({ min: 0, max: 7 }),
        entity: fc.constantFrom(0, 1, 2, MAX_ENTITY),
        tag: fc.integer({ min: 0, max: 1_000_000 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const) }) },
  ),
  { maxLength: 120 },
);

describe.each(calendars)('calendar on a %s', (_name, create) => {
  test('gives the order (time, phase, entity, seq) of a sorted list for any pushes, pops and copies', () => {
    fc.assert(
      fc.property(steps, (list: readonly Step[]) => {
        const naive = new NaiveCalendar();
        let calendar = create();
        let nowMs = 0;
        for (const step of list) {
          if (step.kind === 'push') {
            for (const to of [naive, calendar])
              to.push(nowMs + step.inMs, step.phase, step.entity, step.tag & 255, step.tag);
          } else if (step.kind === 'pop') {
            nowMs = naive.peekTimeMs() === Infinity ? nowMs : naive.peekTimeMs();
            expect(popText(calendar)).toBe(naive.pop());
          } else {
            const copy = create();
            copy.push(7, 0, 0, 1, 1);
            copy.restore(structuredClone(calendar.snapshot()));
            calendar = copy;
          }
          expect(calendar.size).toBe(naive.size);
          expect(calendar.peekTimeMs()).toBe(naive.peekTimeMs());
        }
        while (naive.size > 0) expect(popText(calendar)).toBe(naive.pop());
        expect(popText(calendar)).toBe('empty');
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('events of one entity, phase and millisecond come in the order of their pushes', () => {
    const calendar = create();
    for (let payload = 0; payload < 50; payload++) calendar.push(5, 3, 9, 1, payload);
    for (let payload = 0; payload < 50; payload++) expect(popText(calendar)).toBe(`5/3/9/1/${payload}`);
  });

  test('an entity of higher number pushed first still comes second', () => {
    const calendar = create();
    calendar.push(5, 3, 8, 1, 80);
    calendar.push(5, 3, 7, 1, 70);
    expect([popText(calendar), popText(calendar)]).toEqual(['5/3/7/1/70', '5/3/8/1/80']);
  });

  test('phase 7 with the largest entity keeps both numbers exactly', () => {
    const calendar = create();
    calendar.push(1, 7, MAX_ENTITY, 255, -2_147_483_648);
    expect(calendar.peekKey()).toBe(orderKey(7, MAX_ENTITY));
    expect(popText(calendar)).toBe(`1/7/${MAX_ENTITY}/255/-2147483648`);
  });

  test('a snapshot is in pop order and does not change the calendar', () => {
    const calendar = create();
    for (const timeMs of [30, 10, 20]) calendar.push(timeMs, 0, 0, 1, timeMs);
    const snapshot = calendar.snapshot();
    expect([...snapshot.timeMs]).toEqual([10, 20, 30]);
    expect([...snapshot.seq]).toEqual([1, 2, 0]);
    expect(snapshot.nextSeq).toBe(3);
    expect(calendar.size).toBe(3);
    expect(popText(calendar)).toBe('10/0/0/1/10');
  });

  test('a copy numbers its next event after the last of the original', () => {
    const calendar = create();
    calendar.push(10, 0, 0, 1, 1);
    const copy = create();
    copy.restore(calendar.snapshot());
    copy.push(10, 0, 0, 1, 2);
    expect([popText(copy), popText(copy)]).toEqual(['10/0/0/1/1', '10/0/0/1/2']);
    expect(calendar.size).toBe(1);
  });

  test('refuses the past, half milliseconds, phase 8 and entities below 0', () => {
    const calendar = create();
    calendar.push(10, 0, 0, 1, 0);
    popText(calendar);
    expect(() => calendar.push(9, 0, 0, 1, 0)).toThrow('not in the past');
    expect(() => calendar.push(10.5, 0, 0, 1, 0)).toThrow('integer');
    expect(() => calendar.push(11, 8, 0, 1, 0)).toThrow('phase');
    expect(() => calendar.push(11, 0, -1, 1, 0)).toThrow('entity');
    expect(() => calendar.push(11, 0, MAX_ENTITY + 1, 1, 0)).toThrow('entity');
  });
});

test('snapshots of both calendars are equal after the same pushes', () => {
  const [heap, queue] = [new HeapCalendar(), new FpqCalendar()];
  for (const calendar of [heap, queue]) {
    for (let i = 0; i < 200; i++) calendar.push((i * 7919) % 50, i % 8, (i * 31) % 5, i % 256, i);
    for (let i = 0; i < 60; i++) popText(calendar);
  }
  expect(heap.snapshot()).toEqual(queue.snapshot());
});

test('an order key compares as its pair: (1, 0) after (0, MAX_ENTITY)', () => {
  expect(orderKey(1, 0)).toBe(orderKey(0, MAX_ENTITY) + 1);
  expect(phaseOfKey(orderKey(6, MAX_ENTITY))).toBe(6);
});

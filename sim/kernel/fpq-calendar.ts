/** Calendar on fastpriorityqueue: one object an event. Slower with many events pending; the other half of the contract test. */
import FastPriorityQueue from 'fastpriorityqueue';
import {
  type CalendarEvent,
  type CalendarSnapshot,
  checkEvent,
  type EventCalendar,
  MAX_ENTITY,
  orderKey,
  phaseOfKey,
} from './calendar.ts';

interface Entry {
  readonly timeMs: number;
  readonly key: number;
  readonly seq: number;
  readonly kind: number;
  readonly payload: number;
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && (a.key < b.key || (a.key === b.key && a.seq < b.seq)));
}

export class FpqCalendar implements EventCalendar {
  private queue = new FastPriorityQueue<Entry>(isBefore);
  private nowMs = 0;
  private nextSeq = 0;
  private readonly ticksPerMs: number;

  constructor(ticksPerMs = 1) {
    this.ticksPerMs = ticksPerMs;
  }

  get size(): number {
    return this.queue.size;
  }

  push(timeMs: number, phase: number, entity: number, kind: number, payload: number): void {
    checkEvent(timeMs, phase, entity, this.nowMs, this.ticksPerMs);
    this.queue.add({ timeMs, key: orderKey(phase, entity), seq: this.nextSeq++, kind, payload });
  }

  peekTimeMs(): number {
    return this.queue.peek()?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  peekKey(): number {
    return this.queue.peek()?.key ?? Number.POSITIVE_INFINITY;
  }

  pop(event: CalendarEvent): boolean {
    const entry = this.queue.poll();
    if (entry === undefined) return false;
    event.timeMs = entry.timeMs;
    event.phase = phaseOfKey(entry.key);
    event.entity = entry.key - event.phase * (MAX_ENTITY + 1);
    event.kind = entry.kind;
    event.payload = entry.payload;
    this.nowMs = entry.timeMs;
    return true;
  }

  snapshot(): CalendarSnapshot {
    const copy = this.queue.clone();
    const entries: Entry[] = [];
    for (let entry = copy.poll(); entry !== undefined; entry = copy.poll()) entries.push(entry);
    return {
      count: entries.length,
      timeMs: Float64Array.from(entries, (e) => e.timeMs),
      key: Float64Array.from(entries, (e) => e.key),
      seq: Float64Array.from(entries, (e) => e.seq),
      kind: Uint8Array.from(entries, (e) => e.kind),
      payload: Int32Array.from(entries, (e) => e.payload),
      nextSeq: this.nextSeq,
    };
  }

  restore(from: CalendarSnapshot): void {
    this.queue = new FastPriorityQueue<Entry>(isBefore);
    for (let i = 0; i < from.count; i++)
      this.queue.add({
        timeMs: from.timeMs[i],
        key: from.key[i],
        seq: from.seq[i],
        kind: from.kind[i],
        payload: from.payload[i],
      });
    this.nextSeq = from.nextSeq;
    this.nowMs = 0;
  }
}

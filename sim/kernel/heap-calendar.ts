/**
 * Calendar on a four-ary heap of typed arrays.
 *
 * Heap positions hold (time, key, seq) themselves, so a comparison touches no second array; kind and payload travel along. Children
 * of position p are 4p+1 .. 4p+4. Nothing is allocated between growths.
 */
import {
  type CalendarEvent,
  type CalendarSnapshot,
  checkEvent,
  type EventCalendar,
  MAX_ENTITY,
  orderKey,
} from './calendar.ts';

export class HeapCalendar implements EventCalendar {
  private count = 0;
  private nowMs = 0;
  private nextSeq = 0;
  private time: Float64Array;
  private key: Float64Array;
  private seq: Float64Array;
  private kind: Uint8Array;
  private payload: Int32Array;

  private readonly ticksPerMs: number;

  constructor(capacity = 1024, ticksPerMs = 1) {
    this.ticksPerMs = ticksPerMs;
    this.time = new Float64Array(capacity);
    this.key = new Float64Array(capacity);
    this.seq = new Float64Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.payload = new Int32Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  push(timeMs: number, phase: number, entity: number, kind: number, payload: number): void {
    checkEvent(timeMs, phase, entity, this.nowMs, this.ticksPerMs);
    if (this.count === this.time.length) this.grow();
    this.siftUp(this.count++, timeMs, orderKey(phase, entity), this.nextSeq++, kind, payload);
  }

  peekTimeMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.time[0];
  }

  peekKey(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.key[0];
  }

  pop(event: CalendarEvent): boolean {
    if (this.count === 0) return false;
    const { time, key } = this;
    const k = key[0];
    event.timeMs = time[0];
    event.phase = Math.floor(k / (MAX_ENTITY + 1));
    event.entity = k - event.phase * (MAX_ENTITY + 1);
    event.kind = this.kind[0];
    event.payload = this.payload[0];
    this.nowMs = time[0];
    const last = --this.count;
    if (last > 0) this.siftDown(time[last], key[last], this.seq[last], this.kind[last], this.payload[last]);
    return true;
  }

  snapshot(): CalendarSnapshot {
    const n = this.count;
    const order = Array.from({ length: n }, (_, i) => i);
    const { time, key, seq } = this;
    order.sort((a, b) => time[a] - time[b] || key[a] - key[b] || seq[a] - seq[b]);
    return {
      count: n,
      timeMs: Float64Array.from(order, (i) => time[i]),
      key: Float64Array.from(order, (i) => key[i]),
      seq: Float64Array.from(order, (i) => seq[i]),
      kind: Uint8Array.from(order, (i) => this.kind[i]),
      payload: Int32Array.from(order, (i) => this.payload[i]),
      nextSeq: this.nextSeq,
    };
  }

  restore(from: CalendarSnapshot): void {
    while (this.time.length < from.count) this.grow();
    // Rows in pop order already form a heap.
    this.time.set(from.timeMs.subarray(0, from.count));
    this.key.set(from.key.subarray(0, from.count));
    this.seq.set(from.seq.subarray(0, from.count));
    this.kind.set(from.kind.subarray(0, from.count));
    this.payload.set(from.payload.subarray(0, from.count));
    this.count = from.count;
    this.nextSeq = from.nextSeq;
    this.nowMs = 0;
  }

  private siftUp(hole: number, t: number, k: number, s: number, kind: number, payload: number): void {
    const { time, key, seq } = this;
    let at = hole;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const pt = time[parent];
      if (pt < t || (pt === t && (key[parent] < k || (key[parent] === k && seq[parent] < s)))) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, t, k, s, kind, payload);
  }

  private siftDown(t: number, k: number, s: number, kind: number, payload: number): void {
    const { time, key, seq, count } = this;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= count) break;
      const end = Math.min(first + 4, count);
      let best = first;
      for (let child = first + 1; child < end; child++) {
        const ct = time[child];
        const bt = time[best];
        if (ct < bt || (ct === bt && (key[child] < key[best] || (key[child] === key[best] && seq[child] < seq[best]))))
          best = child;
      }
      const bt = time[best];
      if (t < bt || (t === bt && (k < key[best] || (k === key[best] && s < seq[best])))) break;
      this.move(best, at);
      at = best;
    }
    this.put(at, t, k, s, kind, payload);
  }

  private move(from: number, to: number): void {
    this.time[to] = this.time[from];
    this.key[to] = this.key[from];
    this.seq[to] = this.seq[from];
    this.kind[to] = this.kind[from];
    this.payload[to] = this.payload[from];
  }

  private put(at: number, t: number, k: number, s: number, kind: number, payload: number): void {
    this.time[at] = t;
    this.key[at] = k;
    this.seq[at] = s;
    this.kind[at] = kind;
    this.payload[at] = payload;
  }

  private grow(): void {
    const capacity = this.time.length * 2;
    const grown = <T extends Float64Array | Uint8Array | Int32Array>(make: new (n: number) => T, from: T): T => {
      const larger = new make(capacity);
      larger.set(from);
      return larger;
    };
    this.time = grown(Float64Array, this.time);
    this.key = grown(Float64Array, this.key);
    this.seq = grown(Float64Array, this.seq);
    this.kind = grown(Uint8Array, this.kind);
    this.payload = grown(Int32Array, this.payload);
  }
}

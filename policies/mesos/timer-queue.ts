/** Timers of one component: earliest first, then lower rank, then order of creation. A binary heap; cancelling is lazy. */

export interface Timer {
  readonly timeMs: number;
  /** Order among timers of one instant before creation order counts. */
  readonly rank: number;
  readonly sequence: number;
  /** A cancelled timer is passed over. */
  live: boolean;
}

export class TimerQueue<Entry extends Timer> {
  private readonly heap: Entry[] = [];
  private created = 0;

  /** Number for the next timer's `sequence`. */
  nextSequence(): number {
    return this.created++;
  }

  push(timer: Entry): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!earlier(timer, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = timer;
  }

  /** Earliest live timer, left in the queue. */
  peek(): Entry | undefined {
    while (this.heap.length > 0 && !this.heap[0].live) this.removeFirst();
    return this.heap[0];
  }

  /** Takes the earliest live timer when it is due at `nowMs`. */
  popDue(nowMs: number): Entry | undefined {
    const first = this.peek();
    if (first === undefined || first.timeMs > nowMs) return undefined;
    this.removeFirst();
    return first;
  }

  private removeFirst(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1], heap[child])) child++;
      if (!earlier(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

function earlier(a: Timer, b: Timer): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}

/** SLO-minutes put down to parted tasks, and which of them weigh most. */

/** Columns by task id that grow. */
export interface Ledger {
  /** Number among the parted tasks, plus 1; 0 = not parted. */
  first: Int32Array;
  /** SLO-minutes of pods, b minus a: as a pod that stands elsewhere, and as a neighbour. */
  own: Float64Array;
  neighbour: Float64Array;
}

/** A ledger in which nothing is booked. */
export function createLedger(): Ledger {
  return { first: new Int32Array(1024), own: new Float64Array(1024), neighbour: new Float64Array(1024) };
}

/** Room in the ledger for task `id`. */
export function reserve(ledger: Ledger, id: number): void {
  if (id < ledger.first.length) return;
  const size = Math.max(id + 1, 2 * ledger.first.length);
  const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  ledger.first = grown(ledger.first, new Int32Array(size));
  ledger.own = grown(ledger.own, new Float64Array(size));
  ledger.neighbour = grown(ledger.neighbour, new Float64Array(size));
}

/** Numbers of the `most` parted tasks with the most SLO-minutes put down to them; ties by task. */
export function heaviest(ledger: Ledger, count: number, most: number): number[] {
  const heavy: { readonly number: number; readonly task: number; readonly weight: number }[] = [];
  for (let task = 0; task < ledger.first.length; task++) {
    const weight = Math.abs(ledger.own[task] + ledger.neighbour[task]);
    if (ledger.first[task] > 0 && weight > 0) heavy.push({ number: ledger.first[task] - 1, task, weight });
  }
  const found = heavy
    .sort((x, y) => y.weight - x.weight || x.task - y.task)
    .slice(0, most)
    .map(({ number }) => number);
  if (found.length === most) return found;
  const listed = new Set(found);
  for (let number = 0; number < count && found.length < most; number++) if (!listed.has(number)) found.push(number);
  return found;
}

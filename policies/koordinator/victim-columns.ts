/**
 * The orders of victim-order.ts over columns of tasks, in place and without allocation, for the simulator.
 *
 * Every order ends with the row number, so it is total and any sorting method gives the same result.
 */

/** BECPUEvict: priority asc; used / request desc. */
export const BE_CPU_ORDER = 0;
/** BEMemoryEvict: priority asc; memory desc, unknown last. */
export const BE_MEMORY_ORDER = 1;
/** CPUEvict: priority asc; used cpu desc. */
export const CPU_USED_ORDER = 2;
/** MemoryEvict: priority asc; used memory desc. */
export const MEMORY_USED_ORDER = 3;
/** CPUAllocatableEvict: priority asc; requested cpu desc. */
export const CPU_REQUEST_ORDER = 4;

/** Rank of a row among rows of one priority: the larger, the earlier it is evicted. */
function weightOf(
  row: number,
  order: number,
  usedMilliCpu: Float64Array,
  requestMilliCpu: Float64Array,
  usedMemBytes: Float64Array,
): number {
  if (order === BE_CPU_ORDER) return requestMilliCpu[row] > 0 ? usedMilliCpu[row] / requestMilliCpu[row] : 0;
  if (order === CPU_USED_ORDER) return usedMilliCpu[row];
  if (order === CPU_REQUEST_ORDER) return requestMilliCpu[row];
  return usedMemBytes[row];
}

function isBefore(
  a: number,
  b: number,
  order: number,
  priority: ArrayLike<number>,
  usedMilliCpu: Float64Array,
  requestMilliCpu: Float64Array,
  usedMemBytes: Float64Array,
): boolean {
  if (priority[a] !== priority[b]) return priority[a] < priority[b];
  const weightA = weightOf(a, order, usedMilliCpu, requestMilliCpu, usedMemBytes);
  const weightB = weightOf(b, order, usedMilliCpu, requestMilliCpu, usedMemBytes);
  if (weightA !== weightB) return weightA > weightB;
  return a < b;
}

/**
 * Sorts rows[0..count) so that the first is evicted first.
 *
 *   priority ascending, then the order's weight descending, then row ascending
 *
 * Shape: `rows` holds row numbers of the four columns; rows from `count` on are not touched. Every number must be finite:
 * an unset priority is what admission would have set (0), an unknown use is 0. Eviction priority and priority label are
 * not columns: they default to 0 and to the priority. Heap sort, in place: n log n at any length.
 */
export function sortVictims(
  rows: Int32Array,
  count: number,
  order: number,
  priority: ArrayLike<number>,
  usedMilliCpu: Float64Array,
  requestMilliCpu: Float64Array,
  usedMemBytes: Float64Array,
): void {
  for (let top = (count >> 1) - 1; top >= 0; top--)
    siftDown(rows, top, count, order, priority, usedMilliCpu, requestMilliCpu, usedMemBytes);
  for (let end = count - 1; end > 0; end--) {
    const last = rows[0];
    rows[0] = rows[end];
    rows[end] = last;
    siftDown(rows, 0, end, order, priority, usedMilliCpu, requestMilliCpu, usedMemBytes);
  }
}

function siftDown(
  rows: Int32Array,
  top: number,
  count: number,
  order: number,
  priority: ArrayLike<number>,
  usedMilliCpu: Float64Array,
  requestMilliCpu: Float64Array,
  usedMemBytes: Float64Array,
): void {
  const moved = rows[top];
  let hole = top;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= count) break;
    const right = child + 1;
    if (
      right < count &&
      isBefore(rows[child], rows[right], order, priority, usedMilliCpu, requestMilliCpu, usedMemBytes)
    )
      child = right;
    if (!isBefore(moved, rows[child], order, priority, usedMilliCpu, requestMilliCpu, usedMemBytes)) break;
    rows[hole] = rows[child];
    hole = child;
  }
  rows[hole] = moved;
}

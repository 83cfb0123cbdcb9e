/**
 * Which child queue is served first: the least used; with priorities, those below their guarantee come before the others.
 *
 *   key = (no access to the labelled partition, no capacity there, used >= guarantee, -priority, used, -capacity)
 *
 * The sort is stable over the order of the configuration. Plain "utilization" is the same with all priorities equal.
 * Source: Hadoop, PriorityUtilizationQueueOrderingPolicy.
 */

/** A child queue in one partition. */
export interface OrderedQueue {
  readonly name: string;
  readonly priority: number;
  /** Used over guaranteed; used over the whole partition where the queue has no capacity. */
  readonly usedCapacity: number;
  readonly absoluteCapacity: number;
  /** Configured share of the parent. */
  readonly capacity: number;
  readonly accessible: boolean;
}

/** The queues in the order in which they are asked to assign. */
export function orderQueues<Queue extends OrderedQueue>(
  queues: readonly Queue[],
  partition: string,
  respectPriority: boolean,
): Queue[] {
  const keyOf = (queue: Queue): readonly number[] => [
    partition !== '' && !queue.accessible ? 1 : 0,
    queue.absoluteCapacity === 0 ? 1 : 0,
    // Without priorities this decides nothing that `used` does not decide.
    queue.usedCapacity >= 1 ? 1 : 0,
    respectPriority ? -queue.priority : 0,
    queue.usedCapacity,
    -queue.capacity,
  ];
  const keyed = queues.map((queue) => ({ queue, key: keyOf(queue) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ queue }) => queue);
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

/**
 * How many opportunistic containers may wait at a node: mean and spread of all queues, within bounds.
 *
 *   limit = clamp(floor(mean) + k x round(standard deviation around it), min, max)
 *
 * Source: Hadoop, QueueLimitCalculator; the mean is a division of whole numbers.
 */

export function opportunisticQueueLimit(lengths: readonly number[], k: number, min: number, max: number): number {
  if (lengths.length === 0) return min;
  const mean = Math.floor(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const squares = lengths.reduce((sum, length) => sum + (length - mean) * (length - mean), 0);
  const deviation = Math.round(Math.sqrt(squares / lengths.length));
  return Math.min(max, Math.max(min, Math.floor(mean + k * deviation)));
}

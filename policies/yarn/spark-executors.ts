/**
 * Executors that Spark asks for, tasks it runs twice, and what it loses with an executor or a host.
 *
 *   needed = ceil((pending + running) x ratio / tasks an executor) ; while a backlog stays: 1, 2, 4, 8, ... more
 *   speculation: run time > max(multiplier x median, minimum), once enough tasks have finished
 *
 * Source: Spark, ExecutorAllocationManager, TaskSetManager, DAGScheduler.handleExecutorLost; SPARK-30835, SPARK-39018.
 */

export interface ExecutorBounds {
  readonly min: number;
  readonly max: number;
}

export function executorsNeeded(pending: number, running: number, ratio: number, tasksPerExecutor: number): number {
  return Math.ceil(((pending + running) * ratio) / tasksPerExecutor);
}

/** The number of executors asked for, doubled in steps while the backlog stays. */
export class ExecutorTarget {
  target: number;
  private step = 1;
  private readonly bounds: ExecutorBounds;

  constructor(initial: number, bounds: ExecutorBounds) {
    this.target = initial;
    this.bounds = bounds;
  }

  /** Fewer are needed than asked for: the rest is given back at once. */
  follow(needed: number): void {
    if (needed >= this.target) return;
    this.target = Math.max(needed, this.bounds.min);
    this.step = 1;
  }

  /** The backlog timer fired: ask for more, and for twice as many the next time if all could be asked for. */
  backlog(needed: number, live: number): void {
    const raised = Math.min(Math.max(this.target, live) + this.step, needed);
    const next = Math.min(Math.max(raised, this.bounds.min), this.bounds.max);
    this.step = next - this.target === this.step ? 2 * this.step : 1;
    this.target = next;
  }
}

/** Run time from which a running task is copied, or null while too few tasks of the stage have finished. */
export function speculationThresholdMs(
  tasks: number,
  finishedMs: readonly number[],
  multiplier: number,
  quantile: number,
  minMs: number,
): number | null {
  if (finishedMs.length < Math.max(1, Math.floor(quantile * tasks))) return null;
  return Math.max(multiplier * medianOf(finishedMs), minMs);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Where map outputs lie: with the executor, with the node's shuffle service, or on remote servers. */
export type ShuffleKind = 'none' | 'ess' | 'rss';
export type Loss = 'executor' | 'host';

/** What of the map outputs survives. */
export type MapOutputFate = 'executor-lost' | 'host-lost' | 'served-by-node' | 'remote' | 'migrated-kept';

/** A decommissioned executor moves its blocks away before it goes; what it did not move is lost. */
export function mapOutputFate(shuffle: ShuffleKind, loss: Loss, decommission: boolean): MapOutputFate {
  if (shuffle === 'rss') return 'remote';
  if (shuffle === 'ess') return loss === 'host' ? 'host-lost' : 'served-by-node';
  if (decommission) return 'migrated-kept';
  return loss === 'host' ? 'host-lost' : 'executor-lost';
}

/** Whether executors are decommissioned when YARN takes their node out: not beside a shuffle service on the node. */
export function followsNodeDecommission(decommissionEnabled: boolean, shuffleServiceEnabled: boolean): boolean {
  return decommissionEnabled && !shuffleServiceEnabled;
}

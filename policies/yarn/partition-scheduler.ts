/**
 * Containers on nodes with labels: a labelled partition serves asks for it, and lends idle room to asks without a label.
 *
 *   on a heartbeat: one container for asks of the node's own partition ; else, where the partition is not exclusive,
 *   one for asks without a label that have been passed over as often as there are nodes
 *
 * A borrowed partition knows no maximum of queue or user and takes no master. Queues are asked in the order of their use
 * of the partition, applications first in, first out. A flat list of queues; containers of one size.
 * Source: Hadoop, CapacityScheduler, RegularContainerAllocator, NodeLabel.md.
 */
import { fail } from '../base/assert.ts';
import { usedCapacity, userLimitMb } from './queue-limits.ts';
import { orderQueues } from './queue-order.ts';

export interface PartitionNode {
  readonly name: string;
  readonly partition: string;
  readonly size: number;
}

export interface PartitionQueue {
  readonly name: string;
  /** Share of each partition that is guaranteed, and that is the most; absent: 0, and all of it. */
  readonly absoluteCapacity: Readonly<Record<string, number>>;
  readonly absoluteMax: Readonly<Record<string, number>>;
  /** Labelled partitions that the queue may use; the one without a label is open to all. */
  readonly accessible: readonly string[];
  readonly minUserLimitPercent: number;
  readonly userLimitFactor: number;
}

/** Containers asked for with one label at one priority; the master is the first container of an application. */
export interface PartitionAsk {
  readonly label: string;
  readonly priority: number;
  readonly isAm: boolean;
  outstanding: number;
  /** Heartbeats of borrowed nodes that passed it over. */
  missed: number;
}

export interface PartitionApplication {
  readonly id: string;
  readonly queue: string;
  readonly user: string;
  readonly asks: readonly PartitionAsk[];
  /** Containers by node. */
  readonly live: Map<string, number>;
}

type Mode = 'own' | 'borrowed';

export class PartitionScheduler {
  private readonly lending: ReadonlySet<string>;
  private readonly nodes: readonly PartitionNode[];
  private readonly queues: readonly PartitionQueue[];
  private readonly applications: readonly PartitionApplication[];

  /** `lending` names the partitions that are not exclusive. */
  constructor(
    lending: ReadonlySet<string>,
    nodes: readonly PartitionNode[],
    queues: readonly PartitionQueue[],
    applications: readonly PartitionApplication[],
  ) {
    this.lending = lending;
    this.nodes = nodes;
    this.queues = queues;
    this.applications = applications;
  }

  countOn(node: string): number {
    return this.applications.reduce((sum, { live }) => sum + (live.get(node) ?? 0), 0);
  }

  /** At most one container starts on the node. */
  heartbeat(name: string): boolean {
    const node = this.nodes.find((one) => one.name === name) ?? fail(`node ${name} is known`);
    if (this.countOn(name) >= node.size) return false;
    if (this.assign(node, 'own')) return true;
    return node.partition !== '' && this.lending.has(node.partition) && this.assign(node, 'borrowed');
  }

  private assign(node: PartitionNode, mode: Mode): boolean {
    const { partition } = node;
    const size = this.sizeOf(partition);
    const ordered = this.queues.map((queue) => {
      const absoluteCapacity = queue.absoluteCapacity[partition] ?? 0;
      const used = this.usedBy(partition, ({ queue: name }) => name === queue.name);
      const share = usedCapacity(used, size, absoluteCapacity);
      return {
        queue,
        name: queue.name,
        priority: 0,
        absoluteCapacity,
        capacity: absoluteCapacity,
        usedCapacity: absoluteCapacity === 0 ? share.ofPartition : share.ofGuarantee,
        accessible: partition === '' || queue.accessible.includes(partition),
      };
    });
    for (const { queue, accessible } of orderQueues(ordered, partition, false))
      if ((mode === 'borrowed' || accessible) && this.assignInQueue(queue, node, mode)) return true;
    return false;
  }

  private assignInQueue(queue: PartitionQueue, node: PartitionNode, mode: Mode): boolean {
    const { partition } = node;
    const size = this.sizeOf(partition);
    const wanted = mode === 'borrowed' ? '' : partition;
    const own = this.applications.filter((application) => application.queue === queue.name);
    const max = mode === 'borrowed' ? size : Math.floor(size * (queue.absoluteMax[partition] ?? 1));
    for (const application of own) {
      const asks = application.asks.filter(({ label, outstanding }) => label === wanted && outstanding > 0);
      if (asks.length === 0) continue;
      if (this.usedBy(partition, ({ queue: name }) => name === queue.name) >= max) return false;
      if (this.isUserOverLimit(queue, application.user, partition, mode)) continue;
      for (const ask of [...asks].sort((a, b) => a.priority - b.priority)) {
        if (mode === 'borrowed') {
          if (ask.isAm) continue;
          ask.missed++;
          // Own nodes come first: the ask waits until every node has had its turn.
          if (ask.missed < this.nodes.length) break;
        }
        ask.outstanding--;
        if (partition === '') ask.missed = 0;
        application.live.set(node.name, (application.live.get(node.name) ?? 0) + 1);
        return true;
      }
    }
    return false;
  }

  private isUserOverLimit(queue: PartitionQueue, user: string, partition: string, mode: Mode): boolean {
    const mates = this.applications.filter((application) => application.queue === queue.name);
    const users = [...new Set(mates.map((application) => application.user))].map((name) => ({
      name,
      usedMb: this.usedBy(partition, (one) => one.queue === queue.name && one.user === name),
      weight: 1,
      active: mates.some((one) => one.user === name && one.asks.some(({ outstanding }) => outstanding > 0)),
    }));
    const settings = {
      partitionMb: this.sizeOf(partition),
      absoluteCapacity: queue.absoluteCapacity[partition] ?? 0,
      absoluteMax: mode === 'borrowed' ? 1 : (queue.absoluteMax[partition] ?? 1),
      minUserLimitPercent: queue.minUserLimitPercent,
      userLimitFactor: mode === 'borrowed' ? -1 : queue.userLimitFactor,
      minAllocationMb: 1,
    };
    const used = users.find(({ name }) => name === user)?.usedMb ?? 0;
    return used > userLimitMb(settings, users, 1);
  }

  private sizeOf(partition: string): number {
    return this.nodes.reduce((sum, node) => sum + (node.partition === partition ? node.size : 0), 0);
  }

  private usedBy(partition: string, isCounted: (application: PartitionApplication) => boolean): number {
    const inside = this.nodes.filter((node) => node.partition === partition);
    return this.applications
      .filter(isCounted)
      .reduce((sum, { live }) => sum + inside.reduce((all, { name }) => all + (live.get(name) ?? 0), 0), 0);
  }
}

/**
 * A queue of tasks in front of hosts that several tasks share, with a VM placement policy.
 *
 * Tasks are placed in order of arrival. `order: 'strict'` holds everyone behind the first that does not fit; `'skip'` lets later ones pass.
 */
import type { VmHosts, VmPolicy } from '../../../policies/packing/vm/vm-policy.ts';
import { bind, type Cluster, start } from '../../cluster/apply.ts';

export interface VmQueueOptions {
  readonly policy: VmPolicy;
  readonly order: 'strict' | 'skip';
  /** What one unit of CPU and of memory is, for policies that add them. */
  readonly cpuUnitMilli: number;
  readonly memUnitBytes: number;
}

export interface VmQueue {
  readonly view: VmHosts;
  readonly waiting: number;
  onPending(row: number): void;
  /** Binds and starts what fits; calls `placed` after each. */
  pass(nowMs: number, placed: (row: number, host: number) => void): void;
}

/** The columns of the native tier as a placement policy sees them. */
export function vmView(cluster: Cluster, cpuUnitMilli: number, memUnitBytes: number): VmHosts {
  const { hosts } = cluster;
  return {
    count: hosts.count,
    capacityMilliCpu: hosts.capacityMilliCpu,
    capacityMemBytes: hosts.capacityMemBytes,
    soldMilliCpu: hosts.soldMilliCpu,
    soldMemBytes: hosts.soldMemBytes,
    allocatedMilliCpu: hosts.allocatedMilliCpu,
    allocatedMemBytes: hosts.allocatedMemBytes,
    usedMilliCpu: hosts.beDemandMilliCpu,
    up: hosts.up,
    rack: hosts.rack,
    cpuUnitMilli,
    memUnitBytes,
  };
}

/** An empty queue over a cluster. */
export function createVmQueue(cluster: Cluster, options: VmQueueOptions): VmQueue {
  const { tasks } = cluster;
  const view = vmView(cluster, options.cpuUnitMilli, options.memUnitBytes);
  const { policy, order } = options;
  let queue: number[] = [];
  let head = 0;
  return {
    view,
    get waiting() {
      return queue.length - head;
    },
    onPending(row) {
      queue.push(row);
    },
    pass(nowMs, placed) {
      const held: number[] = [];
      while (head < queue.length) {
        const row = queue[head];
        const host = policy.chooseHost(view, tasks.requestMilliCpu[row], tasks.requestMemBytes[row]);
        if (host < 0 && order === 'strict') break;
        head++;
        if (host < 0) {
          held.push(row);
          continue;
        }
        bind(cluster, row, host, nowMs);
        start(cluster, row, nowMs);
        placed(row, host);
      }
      if (held.length > 0 || head > 1024) {
        queue = [...held, ...queue.slice(head)];
        head = 0;
      }
    },
  };
}

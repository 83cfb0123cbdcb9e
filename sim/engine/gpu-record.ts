/** What a window records of GPUs: what there is, what is held, and how much of the rest nobody could use. */
import { type TypicalPods, typicalPods } from '../../policies/packing/gpu/fragmentation.ts';
import { hostFragmentation } from '../../policies/packing/gpu/fragmentation-gradient.ts';
import type { GpuHosts } from '../../policies/packing/gpu/gpu-hosts.ts';
import { createPackingState, type PackingState } from '../../policies/packing/gpu/packing-policy.ts';
import type { Cluster } from '../cluster/apply.ts';
import { gpuHosts } from '../cluster/gpu-view.ts';
import { TIER } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';

/** Fragmentation of hosts, taken again only after a change; free CPU is that of the native tier. */
export interface GpuRecord {
  readonly hosts: GpuHosts;
  readonly state: PackingState;
}

/** null for a cluster without GPUs. */
export function createGpuRecord(cluster: Cluster, typical: TypicalPods | null): GpuRecord | null {
  const { hosts } = cluster;
  if (hosts.gpus.cardLeftMilli.length === 0) return null;
  const none = { nextUint32: () => 0 };
  return {
    hosts: gpuHosts(hosts, TIER.native),
    state: createPackingState(hosts.count, typical ?? typicalPods([], [], [], [], []), none),
  };
}

/** Expected milli that the cluster's pods could not use, summed over hosts that are up, in row order. */
export function fragmentedMilli(record: GpuRecord, cluster: Cluster): number {
  const { hosts } = cluster;
  let sum = 0;
  for (let host = 0; host < hosts.count; host++)
    if (hosts.up[host] === 1 && hosts.outages[host] === 0) sum += hostFragmentation(record.hosts, host, record.state);
  return sum;
}

/** [capacity, held, held by what runs] of hosts that are up, milli. */
export function gpuMilli(cluster: Cluster): [number, number, number] {
  const { hosts, tasks } = cluster;
  const { gpus } = hosts;
  let capacity = 0;
  let left = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (hosts.up[host] === 0 || hosts.outages[host] > 0) continue;
    capacity += 1000 * (gpus.firstCard[host + 1] - gpus.firstCard[host]);
    left += gpus.gpuLeftMilli[host];
  }
  let running = 0;
  // Row 0 of the requests is no card at all.
  if (gpus.requests.count === 1) return [capacity, capacity - left, 0];
  for (let row = 0; row < tasks.used; row++) {
    const request = tasks.gpuRequest[row];
    if (request === 0 || tasks.state[row] !== TASK_STATE.running) continue;
    const host = tasks.host[row];
    if (hosts.up[host] === 1 && hosts.outages[host] === 0)
      running += gpus.requests.cards[request] * gpus.requests.milliPerCard[request];
  }
  return [capacity, capacity - left, running];
}

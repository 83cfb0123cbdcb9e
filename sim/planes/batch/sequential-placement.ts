/**
 * Placement one task after another by a packing policy, with GPUs.
 *
 * A task is tried when it becomes pending. When it fits nowhere it is dropped (`whenFull: 'drop'`, as packing studies do) or waits in
 * order of arrival until capacity is free (`'wait'`; a task that does not fit does not hold up the next).
 */
import type { RandomSource } from '../../../policies/base/random-source.ts';
import type { TypicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import type { GpuHosts, GpuPod } from '../../../policies/packing/gpu/gpu-hosts.ts';
import {
  createPackingState,
  type PackingPolicy,
  type PackingState,
} from '../../../policies/packing/gpu/packing-policy.ts';
import { abandon, bind, type Cluster, start } from '../../cluster/apply.ts';
import { gpuHosts, readPod } from '../../cluster/gpu-view.ts';
import { TIER } from '../../cluster/hosts.ts';

export interface SequentialOptions {
  readonly policy: PackingPolicy;
  readonly typical: TypicalPods;
  readonly random: RandomSource;
  /** Ties go to the lowest; row a host. */
  readonly rank: Int32Array;
  readonly whenFull: 'drop' | 'wait';
}

export interface SequentialPlane {
  readonly view: GpuHosts;
  readonly state: PackingState;
  /** Host the task was placed on, -1 = dropped or waiting. */
  onPending(row: number, nowMs: number): number;
  /** Tries waiting tasks again. */
  onCapacity(nowMs: number): void;
  readonly waiting: readonly number[];
}

/** The plane over a cluster; tasks start the moment they are bound. */
export function createSequentialPlane(cluster: Cluster, options: SequentialOptions): SequentialPlane {
  const { hosts, tasks } = cluster;
  const view = gpuHosts(hosts, TIER.native, options.rank);
  const { policy } = options;
  const state = createPackingState(hosts.count, options.typical, options.random);
  const pod: GpuPod = {
    cpuMilli: 0,
    memBytes: 0,
    cards: 0,
    milliPerCard: 0,
    memMilliPerCard: 0,
    memBytesPerCard: 0,
    models: 0,
    shape: 0,
  };
  let waiting: number[] = [];

  const place = (row: number, nowMs: number): number => {
    readPod(
      pod,
      hosts.gpus,
      tasks.requestMilliCpu[row],
      tasks.requestMemBytes[row],
      tasks.gpuRequest[row],
      tasks.podShape[row],
    );
    const host = policy.chooseHost(view, pod, state);
    if (host < 0) return -1;
    const mask = pod.milliPerCard === 0 ? 0 : policy.chooseCards(view, host, pod, state);
    bind(cluster, row, host, nowMs, mask);
    start(cluster, row, nowMs);
    return host;
  };

  return {
    view,
    state,
    get waiting() {
      return waiting;
    },
    onPending(row, nowMs) {
      const host = place(row, nowMs);
      if (host < 0 && options.whenFull === 'drop') abandon(cluster, row, nowMs);
      else if (host < 0) waiting.push(row);
      return host;
    },
    onCapacity(nowMs) {
      waiting = waiting.filter((row) => place(row, nowMs) < 0);
    },
  };
}

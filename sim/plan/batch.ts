/** The batch control plane. */
import type { GpuPolicyName } from './kubernetes.ts';

/** A batch system: one queue, no services' plugins, hosts sold once. */
export interface BatchPlan {
  readonly kind: 'batch';
  /** `whole-host`: a task has its host alone and the tasks of a job start together, when `backfill` says. `shared`: one after another by `placement`. */
  readonly hostSharing: 'whole-host' | 'shared';
  readonly backfill: 'fcfs' | 'easy' | 'easy-count' | 'conservative';
  /** Name of a VM policy; ignored where gpuPolicy is given. */
  readonly placement: string;
  /** Every task, with GPUs or without, goes where this packing policy says. Absent = `placement`. */
  readonly gpuPolicy?: Exclude<GpuPolicyName, 'device-share'>;
  /** `strict`: who does not fit holds up everyone behind; `skip`: others pass. */
  readonly order: 'strict' | 'skip';
  /** `drop`: a task that fits nowhere when it is tried is given up. */
  readonly whenFull: 'wait' | 'drop';
  /** Hosts sell this many times what they have. Absent = 1. */
  readonly cpuOvercommitRatio?: number;
  readonly memOvercommitRatio?: number;
  /** What users say a task takes at most, over what it takes; 0 = they say nothing. A replayed trace's own estimates win. */
  readonly estimateOverDuration: number;
}

/**
 * A batch control plane: rigid jobs in one queue, started by a backfilling policy on whole machines.
 *
 * A job of width n is n tasks that are bound, started and finished together, each with all of a machine's CPU. The plane asks the policy
 * once an instant, after everything that ended and arrived in it. Time is in ticks: whatever unit the caller's calendar counts.
 */

import { type BackfillPolicy, type BatchStarts, createBatchStarts } from '../../../policies/backfill/batch-queue.ts';
import { assert } from '../../../policies/base/assert.ts';
import { bind, type Cluster, finish, start, submit } from '../../cluster/apply.ts';

/** Jobs as columns. Tasks of job j are the rows firstTask[j] .. firstTask[j] + width[j] - 1. */
export interface RigidJobs {
  readonly count: number;
  readonly firstTask: Int32Array;
  readonly width: Int32Array;
  /** Estimated time in ticks, Infinity = none given. */
  readonly estimate: Float64Array;
}

export interface RigidPlane {
  /** Jobs that wait, in order of arrival. */
  readonly queue: readonly number[];
  submitJob(job: number, now: number): void;
  finishJob(job: number, now: number): void;
  /** Asks the policy; calls `started` for every job that starts now. */
  pass(now: number, started: (job: number) => void): void;
}

/** A plane over a cluster of machines, all up and empty. */
export function createRigidPlane(cluster: Cluster, jobs: RigidJobs, policy: BackfillPolicy): RigidPlane {
  const { hosts } = cluster;
  const state = policy.createState();
  const freeAt = new Float64Array(hosts.count);
  const starts: BatchStarts = createBatchStarts(hosts.count);
  let queue: number[] = [];
  const rowsOf = (job: number) => ({ first: jobs.firstTask[job], end: jobs.firstTask[job] + jobs.width[job] });
  return {
    get queue() {
      return queue;
    },
    submitJob(job, now) {
      assert(jobs.width[job] >= 1 && jobs.width[job] <= hosts.count, 'a job is not wider than the cluster');
      const { first, end } = rowsOf(job);
      for (let row = first; row < end; row++) submit(cluster, row, now, false);
      queue.push(job);
    },
    finishJob(job, now) {
      const { first, end } = rowsOf(job);
      for (let row = first; row < end; row++) {
        freeAt[cluster.tasks.host[row]] = now;
        finish(cluster, row, now);
      }
    },
    pass(now, started) {
      if (queue.length === 0) return;
      starts.count = 0;
      policy.decide(
        {
          now,
          freeAt,
          count: queue.length,
          job: Int32Array.from(queue),
          width: Int32Array.from(queue, (job) => jobs.width[job]),
          estimate: Float64Array.from(queue, (job) => jobs.estimate[job]),
        },
        state,
        starts,
      );
      const gone = new Set<number>();
      for (let n = 0; n < starts.count; n++) {
        const job = queue[starts.position[n]];
        gone.add(job);
        const first = starts.first[n];
        assert(starts.first[n + 1] - first === jobs.width[job], 'a job gets as many machines as it is wide');
        for (let i = 0; i < jobs.width[job]; i++) {
          const row = jobs.firstTask[job] + i;
          const machine = starts.machines[first + i];
          bind(cluster, row, machine, now);
          start(cluster, row, now);
          freeAt[machine] = now + jobs.estimate[job];
        }
        started(job);
      }
      if (gone.size > 0) queue = queue.filter((job) => !gone.has(job));
    },
  };
}

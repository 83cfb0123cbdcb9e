/**
 * Rigid jobs on whole hosts: a job is as many tasks as it wants hosts, bound in the same instant, each alone on its host.
 *
 * A backfilling policy says once an instant, after everything that ended and arrived in it, which jobs of the queue start and where. A job that
 * loses a task (its host died, it was evicted) is taken off its other hosts and waits again as a whole, at the end of the queue.
 */
import { type BackfillPolicy, type BackfillState, createBatchStarts } from '../../../policies/backfill/batch-queue.ts';
import { assert } from '../../../policies/base/assert.ts';
import { EVICT_REASON } from '../../../policies/ports.ts';
import type { PlaneContext } from '../control-plane.ts';
import type { BatchQueue, BatchSetup } from './batch-plane.ts';

interface Job {
  /** Number by which the policy knows it: of its first task, so that it lasts as long as the job. */
  readonly number: number;
  /** Waiting rows in order of their tasks. */
  rows: number[];
  /** Rows of the job that hold a host. */
  placed: number[];
  estimateMs: number;
}

interface State {
  readonly order: number[];
  readonly jobs: [number, Job][];
  readonly policy: BackfillState;
  readonly freeAtTick: Float64Array;
  readonly refused: number;
}

/** The queue of a plane that gives hosts away as a whole. */
export function createWholeHosts(context: PlaneContext, policy: BackfillPolicy, setup: BatchSetup): BatchQueue {
  const { hosts, tasks } = context.cluster;
  const { ticksPerMs } = setup;
  const tickOf = (ms: number) =>
    ms === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.round(ms * ticksPerMs);
  const starts = createBatchStarts(hosts.count);
  let policyState = policy.createState();
  /** Jobs by the engine's row, and those that wait, in order. */
  let jobs = new Map<number, Job>();
  let order: number[] = [];
  const freeAtTick = new Float64Array(hosts.count);
  /** Jobs wider than the cluster. */
  let refused = 0;

  const remove = (rows: number[], row: number) => {
    const at = rows.indexOf(row);
    if (at >= 0) rows.splice(at, 1);
    return at >= 0;
  };
  const forget = (key: number, job: Job) => {
    if (job.rows.length > 0 || job.placed.length > 0) return;
    jobs.delete(key);
    order = order.filter((one) => one !== key);
  };

  /** Jobs of which a part waits and a part holds hosts give those back. */
  const gather = (nowMs: number) => {
    for (const key of [...order]) {
      const job = jobs.get(key);
      if (job === undefined) continue;
      for (const row of [...job.placed]) context.evict(row, nowMs, EVICT_REASON.preempted);
    }
  };

  /** A job wider than the cluster would hold up the queue for ever: it is given up, as batch systems refuse it. */
  const refuseWide = (nowMs: number) => {
    for (const key of [...order]) {
      const job = jobs.get(key);
      if (job === undefined || job.rows.length <= hosts.count) continue;
      jobs.delete(key);
      order = order.filter((one) => one !== key);
      refused++;
      for (const row of job.rows) context.giveUp(row, nowMs);
    }
  };

  return {
    onPending(row) {
      const key = tasks.job[row];
      let job = jobs.get(key);
      if (job === undefined) {
        job = { number: tasks.id[row], rows: [], placed: [], estimateMs: 0 };
        jobs.set(key, job);
      }
      if (!order.includes(key)) order.push(key);
      job.rows.push(row);
      job.estimateMs = Math.max(job.estimateMs, setup.estimateMsOf(row));
    },
    onLeft(row, host, nowMs) {
      const key = tasks.job[row];
      const job = jobs.get(key);
      freeAtTick[host] = tickOf(nowMs);
      if (job === undefined) return;
      remove(job.placed, row);
      forget(key, job);
    },
    forget(row) {
      const key = tasks.job[row];
      const job = jobs.get(key);
      if (job === undefined || !remove(job.rows, row)) return false;
      forget(key, job);
      return true;
    },
    pass(nowMs) {
      gather(nowMs);
      refuseWide(nowMs);
      const waiting = order.map((key) => ({ key, job: jobs.get(key) as Job }));
      if (waiting.length === 0) return;
      const now = tickOf(nowMs);
      for (const { job } of waiting) {
        job.rows.sort((a, b) => tasks.id[a] - tasks.id[b]);
      }
      starts.count = 0;
      policy.decide(
        {
          now,
          freeAt: freeAtTick.map((at, host) =>
            hosts.up[host] === 0 || hosts.cordoned[host] === 1 ? Number.POSITIVE_INFINITY : at,
          ),
          count: waiting.length,
          job: Int32Array.from(waiting, ({ job }) => job.number),
          width: Int32Array.from(waiting, ({ job }) => job.rows.length),
          estimate: Float64Array.from(waiting, ({ job }) => tickOf(job.estimateMs)),
        },
        policyState,
        starts,
      );
      const started = new Set<number>();
      for (let n = 0; n < starts.count; n++) {
        const { key, job } = waiting[starts.position[n]];
        const first = starts.first[n];
        assert(starts.first[n + 1] - first === job.rows.length, 'a job gets as many hosts as it is wide');
        started.add(key);
        const rows = job.rows;
        job.placed = rows;
        job.rows = [];
        rows.forEach((row, i) => {
          const host = starts.machines[first + i];
          freeAtTick[host] = now + tickOf(job.estimateMs);
          context.bind(row, host, nowMs, 0);
        });
      }
      if (started.size > 0) order = order.filter((key) => !started.has(key));
    },
    notes: () =>
      refused === 0 ? [] : [`${refused} jobs ask for more than the ${hosts.count} hosts there are and were refused`],
    rows: () => [...jobs.values()].flatMap((job) => job.rows),
    hostFor: () => -1,
    cardsFor: () => 0,
    snapshot: (): State =>
      structuredClone({
        order,
        jobs: [...jobs.entries()],
        policy: policyState,
        freeAtTick: freeAtTick.slice(),
        refused,
      }),
    restore(from) {
      const state = structuredClone(from) as State;
      order = [...state.order];
      jobs = new Map(state.jobs);
      policyState = state.policy;
      refused = state.refused;
      freeAtTick.set(state.freeAtTick);
    },
  };
}

import { describe, expect, test } from 'vitest';
import { fcfs } from '../../../policies/backfill/fcfs.ts';
import { seededRandomSource } from '../../../policies/base/random-source.ts';
import { bestFit } from '../../../policies/packing/gpu/best-fit.ts';
import { typicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import { firstFit } from '../../../policies/packing/vm/first-fit.ts';
import { type Cluster, finish, submit } from '../../cluster/apply.ts';
import { createGpuTable, type GpuTable, gpuRequests } from '../../cluster/gpus.ts';
import { createHostTable } from '../../cluster/hosts.ts';
import { createTaskTable, TASK_KIND, TASK_STATE } from '../../cluster/tasks.ts';
import { createDigest } from '../../kernel/digest.ts';
import { createRigidPlane } from './rigid-jobs.ts';
import { createSequentialPlane } from './sequential-placement.ts';
import { createVmQueue } from './vm-placement.ts';

/** Hosts of 4,000 milli-CPU, tasks with the given requests. */
function clusterOf(hostCount: number, requests: readonly number[], gpus?: GpuTable): Cluster {
  const hosts = createHostTable(hostCount, gpus);
  hosts.capacityMilliCpu.fill(4000);
  hosts.soldMilliCpu.fill(4000, 0, hostCount);
  const tasks = createTaskTable(requests.length, 0);
  requests.forEach((milliCpu, row) => {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.id[row] = row;
    tasks.requestMilliCpu[row] = milliCpu;
  });
  return { hosts, tasks, digest: createDigest(0), sink: null };
}

describe('a queue of tasks of 3,000, 2,000 and 1,000 in front of one host of 4,000', () => {
  const placed = (order: 'strict' | 'skip') => {
    const cluster = clusterOf(1, [3000, 2000, 1000]);
    const queue = createVmQueue(cluster, { policy: firstFit, order, cpuUnitMilli: 1, memUnitBytes: 1 });
    const rows: number[] = [];
    for (let row = 0; row < 3; row++) {
      submit(cluster, row, 0, false);
      queue.onPending(row);
    }
    queue.pass(0, (row) => rows.push(row));
    const first = [...rows];
    finish(cluster, 0, 5);
    queue.pass(5, (row) => rows.push(row));
    return { first, all: rows, waiting: queue.waiting };
  };
  test('strict: task 2 waits behind task 1 until task 0 ends', () => {
    expect(placed('strict')).toEqual({ first: [0], all: [0, 1, 2], waiting: 0 });
  });
  test('skip: task 2 passes task 1', () => {
    expect(placed('skip')).toEqual({ first: [0, 2], all: [0, 2, 1], waiting: 0 });
  });
});

describe('pods for one card, one after another', () => {
  const run = (whenFull: 'drop' | 'wait') => {
    const gpus = createGpuTable(
      { cards: [1], memBytesPerCard: [16], modelBit: Int32Array.of(1) },
      gpuRequests([{ cards: 1, milliPerCard: 600, memMilliPerCard: 600, memBytesPerCard: 0, models: 0 }]),
    );
    const cluster = clusterOf(1, [1, 1], gpus);
    cluster.tasks.gpuRequest.fill(1);
    const plane = createSequentialPlane(cluster, {
      policy: bestFit,
      typical: typicalPods([], [], [], [], []),
      random: seededRandomSource(1),
      rank: Int32Array.of(0),
      whenFull,
    });
    for (let row = 0; row < 2; row++) {
      submit(cluster, row, 0, false);
      plane.onPending(row, 0);
    }
    const waiting = plane.waiting.length;
    finish(cluster, 0, 9);
    plane.onCapacity(9);
    return { waiting, state: cluster.tasks.state[1], left: gpus.cardLeftMilli[0] };
  };
  test('drop: the second of 600 is given up, the card ends free', () => {
    expect(run('drop')).toEqual({ waiting: 0, state: TASK_STATE.abandoned, left: 1000 });
  });
  test('wait: the second runs when the first is gone, 400 are left', () => {
    expect(run('wait')).toEqual({ waiting: 1, state: TASK_STATE.running, left: 400 });
  });
});

test('a job of two machines is two tasks on two machines; the next waits for both, and a job of three is refused', () => {
  const cluster = clusterOf(2, [4000, 4000, 4000]);
  const jobs = {
    count: 3,
    firstTask: Int32Array.of(0, 2, 2),
    width: Int32Array.of(2, 1, 3),
    estimate: Float64Array.of(10, 10, 10),
  };
  const plane = createRigidPlane(cluster, jobs, fcfs);
  const started: number[] = [];
  plane.submitJob(0, 0);
  plane.submitJob(1, 0);
  plane.pass(0, (job) => started.push(job));
  expect([started, [...cluster.tasks.host], plane.queue]).toEqual([[0], [0, 1, -1], [1]]);
  plane.finishJob(0, 4);
  plane.pass(4, (job) => started.push(job));
  expect([started, [...cluster.tasks.host]]).toEqual([
    [0, 1],
    [-1, -1, 0],
  ]);
  expect(() => plane.submitJob(2, 5)).toThrow(/not wider than the cluster/);
});

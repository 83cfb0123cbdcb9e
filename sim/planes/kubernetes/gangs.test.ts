/** Gangs at the scheduler's door, decision by decision: hosts of 10 cores of which 5 are sold to batch. */
import { describe, expect, test } from 'vitest';
import { abandon, bind, CHANGE, finish, forget, hold, loseAttempt, start, submit } from '../../cluster/apply.ts';
import { checkCluster } from '../../cluster/check-cluster.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND } from '../../cluster/tasks.ts';
import { smallCluster } from '../../cluster/testing/small-cluster.ts';
import type { KubernetesPlan } from '../../plan/kubernetes.ts';
import type { GangPlan } from '../../plan/workload.ts';
import type { PlaneContext } from '../control-plane.ts';
import { createGangBook } from './gang-book.ts';
import { KubernetesPlane } from './kubernetes-plane.ts';
import type { PlacementView } from './placement.ts';
import { addPodShape, createPodShapes } from './pod-shapes.ts';
import { createQuotaGate } from './quota-gate.ts';

const GIB = 1_073_741_824;
const PLAN: KubernetesPlan = {
  kind: 'kubernetes',
  onlineFit: 'least-allocated',
  bestEffortFit: 'least-allocated',
  fitWeight: 1,
  loadAwareWeight: 0,
  spreadWeight: 0,
  bindLatencyMs: 100,
  podStartMs: 900,
  podsPerSecond: 1_000,
  initialBackoffMs: 1_000,
  maxBackoffMs: 1_000,
  preemption: false,
};

/** `jobs[row]` is the job of each row, and its population too where gangs have a group; every pod asks for 2 cores, and each host sells 5 to batch: two pods a host. */
function world(hosts: number, jobs: readonly number[], gang: Partial<GangPlan> = {}) {
  const cluster = smallCluster(hosts, jobs.length);
  const { tasks } = cluster;
  const shapes = createPodShapes(1);
  addPodShape(shapes, {
    tier: TIER.batch,
    requestMilliCpu: 2_000,
    requestMemBytes: GIB,
    estimateMilliCpu: 1_700,
    estimateMemBytes: GIB,
    service: -1,
    maxPerHost: 0,
    eligible: new Uint8Array(hosts).fill(1),
  });
  jobs.forEach((job, row) => {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.tier[row] = TIER.batch;
    tasks.requestMilliCpu[row] = 2_000;
    tasks.podShape[row] = 0;
    tasks.job[row] = job;
    if (gang.group !== undefined) tasks.group[row] = job;
  });
  const view: PlacementView = {
    hosts: cluster.hosts,
    shapes,
    estimatedMilliCpu: new Float64Array(hosts),
    estimatedMemBytes: new Float64Array(hosts),
    reportExpired: new Uint8Array(hosts),
    replicasOnHost: new Uint16Array(hosts),
    rules: {
      fitWeight: 1,
      loadAwareWeight: 0,
      spreadWeight: 0,
      packTier: [0, 0],
      cpuThresholdPercent: 0,
      memThresholdPercent: 0,
    },
  };
  const log: string[] = [];
  const context: PlaneContext = {
    cluster,
    bind: (row, host, nowMs, afterMs) => {
      bind(cluster, row, host, nowMs);
      start(cluster, row, nowMs + afterMs);
      log.push(`${nowMs} bind ${row}`);
    },
    assume: (row, host, nowMs) => {
      bind(cluster, row, host, nowMs);
      log.push(`${nowMs} assume ${row}`);
    },
    startAssumed: (row, nowMs, afterMs) => {
      start(cluster, row, nowMs + afterMs);
      log.push(`${nowMs} start ${row}`);
    },
    forget: (row, nowMs) => {
      forget(cluster, row, nowMs);
      log.push(`${nowMs} forget ${row}`);
    },
    hold: (host, holding, sign, nowMs) => hold(cluster, host, holding, sign, nowMs),
    giveUp: () => {},
    evict: () => {},
    publish: () => {},
    wakeAt: () => {},
  };
  const plan: GangPlan = {
    size: 0,
    minMember: 0,
    strict: true,
    matchPolicy: 'once-satisfied',
    waitMs: 600_000,
    ...gang,
  };
  const book = createGangBook(gang.group === undefined ? [plan] : [plan, plan]);
  // A quota with room for everybody: it has to know at every moment who has a place.
  const own = { name: 'all', parent: null, populations: ['a', 'b'], allowLent: true };
  const amounts = { minMilliCpu: 0, minMemMib: 0, maxMilliCpu: 1_000_000, maxMemMib: 1_000_000 };
  const populations = own.populations.map((name) => ({ name, priority: 5_500 }));
  const gate = createQuotaGate([{ ...own, ...amounts }], false, populations);
  gate?.totals.splice(0, 2, 1_000_000, 1_000 * GIB);
  const plane = new KubernetesPlane(context, view, PLAN, { gangs: book, gate });
  const arrive = (rows: readonly number[], nowMs: number) => {
    for (const row of rows) {
      submit(cluster, row, nowMs, false);
      plane.onPending(row, nowMs);
    }
  };
  const wake = (nowMs: number) => {
    plane.wake(nowMs);
    plane.check();
    checkCluster(cluster);
    const held = cluster.hosts.allocatedMilliCpu.slice(TIER.batch * hosts, (TIER.batch + 1) * hosts);
    const milliCpu = held.reduce((sum, cpu) => sum + cpu, 0);
    expect(gate?.tree.dimensions[0].used[0]).toBe(milliCpu);
    return milliCpu;
  };
  const end = (row: number, nowMs: number) => {
    const host = tasks.host[row];
    finish(cluster, row, nowMs);
    plane.onLeft(row, host, nowMs, CHANGE.finish);
    plane.onCapacity(nowMs);
  };
  return { cluster, tasks, plane, view, log, arrive, wake, end };
}

describe('strict gangs', () => {
  test('four pods on two hosts of two places: assumed one by one, started together with the fourth', () => {
    const { arrive, wake, log } = world(2, [0, 0, 0, 0]);
    arrive([0, 1, 2, 3], 0);
    expect(wake(0)).toBe(8_000);
    expect(log).toEqual(
      [0, 1, 2, 3].map((row) => `0 assume ${row}`).concat([0, 1, 2, 3].map((row) => `0 start ${row}`)),
    );
  });

  test('three pods where two fit: both places are given back, and no estimate stays behind', () => {
    const { arrive, wake, log, plane, view, tasks } = world(1, [0, 0, 0]);
    arrive([0, 1, 2], 0);
    expect(wake(0)).toBe(0);
    expect(log).toEqual(['0 assume 0', '0 assume 1', '0 forget 0', '0 forget 1']);
    expect([...plane.waitingRows()].sort()).toEqual([0, 1, 2]);
    expect(view.estimatedMilliCpu[0]).toBe(0);
    expect(tasks.readyAtMs[0]).toBe(0);
    // After the backoff of a second they try again, and fail again, as long as nothing is free.
    expect(wake(1_500)).toBe(0);
    expect(log.filter((line) => line.includes('start'))).toEqual([]);
  });

  test('a small gang behind a large one that does not fit starts', () => {
    const { arrive, wake, log } = world(1, [0, 0, 0, 1, 1]);
    arrive([0, 1, 2], 0);
    arrive([3, 4], 10);
    wake(10);
    wake(2_000);
    expect(log.filter((line) => line.includes('start')).map((line) => line.split(' ')[2])).toEqual(['3', '4']);
  });

  test('with minMember 2 of 3, two start at once and the third when a place is free: the gang was satisfied once', () => {
    const { arrive, wake, log, end, tasks } = world(1, [0, 0, 0], { minMember: 2 });
    arrive([0, 1, 2], 0);
    expect(wake(0)).toBe(4_000);
    expect(log).toEqual(['0 assume 0', '0 assume 1', '0 start 0', '0 start 1']);
    end(0, 5_000);
    wake(6_000);
    expect(log.slice(4)).toEqual(['6000 bind 2']);
    expect(tasks.state[2]).toBe(4);
  });
});

describe('non-strict gangs', () => {
  test('placed pods keep their places while the third waits, and give them back after the wait of 10 s', () => {
    const { arrive, wake, log } = world(1, [0, 0, 0], { strict: false, waitMs: 10_000 });
    arrive([0, 1, 2], 0);
    expect(wake(0)).toBe(4_000);
    expect(wake(9_999)).toBe(4_000);
    expect(wake(10_000)).toBe(0);
    expect(log.slice(2)).toEqual(['10000 forget 0', '10000 forget 1']);
    // After a second of backoff the gang tries again.
    expect(wake(11_000)).toBe(4_000);
  });
});

describe('gangs of a fixed size', () => {
  test('pods are parked until the third has come, then tried together', () => {
    const { arrive, wake, log, plane } = world(2, [0, 1, 2, 3], { size: 3 });
    arrive([0, 1], 0);
    expect(wake(0)).toBe(0);
    expect([...plane.waitingRows()]).toEqual([0, 1]);
    arrive([2, 3], 1_000);
    expect(wake(1_000)).toBe(6_000);
    expect(log.slice(3)).toEqual(['1000 start 0', '1000 start 1', '1000 start 2']);
    expect([...plane.waitingRows()]).toEqual([3]);
  });
});

describe('groups of two gangs of two pods', () => {
  const pair = { size: 2, group: 'pair' };

  test('the first gang waits with its places until the second has its own; then all four start', () => {
    const { arrive, wake, log, plane } = world(2, [0, 0, 1, 1], pair);
    arrive([0, 1], 0);
    expect(wake(0)).toBe(4_000);
    expect(log).toEqual(['0 assume 0', '0 assume 1']);
    arrive([2], 500);
    expect(wake(500)).toBe(4_000);
    arrive([3], 1_000);
    expect(wake(1_000)).toBe(8_000);
    expect(log.slice(2)).toEqual(
      ['1000 assume 2', '1000 assume 3'].concat([0, 1, 2, 3].map((row) => `1000 start ${row}`)),
    );
    expect(plane.assumedRows()).toEqual([]);
  });

  test('strict: where the second finds no place the first gives its own back, and each stands with its own gang again', () => {
    const { arrive, wake, log, plane } = world(1, [0, 0, 1, 1], pair);
    arrive([0, 1], 0);
    expect(wake(0)).toBe(4_000);
    arrive([2, 3], 1_000);
    expect(wake(1_000)).toBe(0);
    expect(log.slice(2)).toEqual(['1000 forget 0', '1000 forget 1']);
    expect([...plane.waitingRows()].sort()).toEqual([0, 1, 2, 3]);
  });

  test('non-strict: a gang whose mate never comes gives its places back after the wait, again and again', () => {
    const { arrive, wake, log } = world(1, [0, 0], { ...pair, strict: false, waitMs: 10_000 });
    arrive([0, 1], 0);
    expect(wake(9_999)).toBe(4_000);
    expect(wake(19_999)).toBe(0);
    expect(log.slice(2)).toEqual(['19999 forget 0', '19999 forget 1']);
    expect(wake(21_000)).toBe(4_000);
  });

  test('the second gang of one population waits for the second of the other, not for the first', () => {
    const { arrive, wake, log, end } = world(3, [0, 0, 0, 0, 1, 1, 1, 1], pair);
    arrive([0, 1, 2, 3], 0);
    expect(wake(0)).toBe(8_000);
    arrive([4, 5], 1_000);
    expect(wake(1_000)).toBe(12_000);
    const started = () => log.filter((line) => line.includes('start')).map((line) => Number(line.split(' ')[2]));
    expect(started()).toEqual([0, 1, 4, 5]);
    end(0, 2_000);
    end(1, 2_000);
    arrive([6, 7], 3_000);
    expect(wake(3_000)).toBe(12_000);
    expect(started()).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  });
});

describe('losses', () => {
  test('a waiting pod whose host dies leaves the gate; a pod given up lets the others go without it', () => {
    const { arrive, wake, log, plane, cluster, tasks } = world(2, [0, 0, 0, 0, 0], { strict: false });
    arrive([0, 1, 2, 3, 4], 0);
    // Four places for five pods: four wait at the gate.
    expect(wake(0)).toBe(8_000);
    expect(plane.assumedRows()).toHaveLength(4);
    const host = tasks.host[0];
    loseAttempt(cluster, 0, 1_000, CHANGE.fail, 0);
    plane.onLeft(0, host, 1_000, CHANGE.fail);
    expect(plane.assumedRows()).toHaveLength(3);
    // It is given up: four are left, of which row 4 waits for a place. Its freed place lets it in, and all four start.
    plane.onGivenUp(0, 1_000);
    abandon(cluster, 0, 1_000);
    plane.onCapacity(1_000);
    wake(3_000);
    expect(
      log
        .filter((line) => line.includes('start'))
        .map((line) => Number(line.split(' ')[2]))
        .sort(),
    ).toEqual([1, 2, 3, 4]);
  });
});

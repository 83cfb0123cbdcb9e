import { describe, expect, test } from 'vitest';
import { createLoadAwareHosts } from '../../../policies/koordinator/load-aware-hosts.ts';
import { DEFAULT_LOAD_AWARE_CONFIG } from '../../../policies/koordinator/load-aware-plugin.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_STATE } from '../../cluster/tasks.ts';
import { smallCluster } from '../../cluster/testing/small-cluster.ts';
import { assignPod, createAssignedPods, isAssigned, refreshAssigned, unassignPod } from './assigned-pods.ts';
import { addPodShape, createPodShapes } from './pod-shapes.ts';

const MINUTE = 60_000;

/** One host; shape 0 is a service of 850m estimated, shape 1 a batch pod of 1,700m, shape 2 the same held for five minutes. */
function world() {
  const { tasks } = smallCluster(1, 4);
  const shapes = createPodShapes(4);
  for (const [tier, estimateMilliCpu, estimateForMs] of [
    [TIER.native, 850, 0],
    [TIER.batch, 1_700, 0],
    [TIER.batch, 1_700, 5 * MINUTE],
  ])
    addPodShape(shapes, {
      tier,
      requestMilliCpu: 0,
      requestMemBytes: 0,
      estimateMilliCpu,
      estimateMemBytes: 100,
      estimateForMs,
      service: -1,
      maxPerHost: 0,
      eligible: new Uint8Array(1).fill(1),
    });
  const load = createLoadAwareHosts(1, DEFAULT_LOAD_AWARE_CONFIG, [undefined]);
  const pods = createAssignedPods(1);
  const used = [0, 0, 0, 0];
  const put = (row: number, shape: number, nowMs: number) => {
    tasks.podShape[row] = shape;
    tasks.host[row] = 0;
    tasks.state[row] = TASK_STATE.bound;
    assignPod(pods, load, shapes, shape, row, 0, nowMs);
  };
  const report = (nowMs: number, reportedAtMs = nowMs) =>
    refreshAssigned(pods, load, shapes, tasks, Float64Array.of(reportedAtMs), nowMs, MINUTE, {
      milliCpu: (row) => used[row],
      memBytes: () => 40,
    });
  const run = (row: number, milliCpu: number) => {
    tasks.state[row] = TASK_STATE.running;
    used[row] = milliCpu;
  };
  const sums = () => [load.deltaMilliCpu[0], load.prodDeltaMilliCpu[0], load.estimatedMilliCpu[0]];
  return { tasks, shapes, load, pods, put, report, run, sums };
}

describe('what pods add to the last report', () => {
  test('850m whole until a report, 850 - 300 = 550m at the first, nothing at the second', () => {
    const { put, report, run, sums } = world();
    put(0, 0, 30_000);
    expect(sums()).toEqual([850, 850, 850]);
    run(0, 300);
    report(MINUTE);
    expect(sums()).toEqual([550, 550, 850]);
    report(2 * MINUTE);
    expect(sums()).toEqual([0, 0, 850]);
  });

  test('a pod that uses more than its estimate takes nothing away', () => {
    const { put, report, run, sums } = world();
    put(0, 0, 30_000);
    run(0, 2_000);
    report(MINUTE);
    expect(sums()).toEqual([0, 0, 850]);
  });

  test('bound exactly a report interval before the report it is old enough: updateTime - interval < bound is false', () => {
    const { put, report, run, sums } = world();
    put(0, 0, MINUTE);
    run(0, 300);
    report(2 * MINUTE);
    expect(sums()).toEqual([0, 0, 850]);
  });

  test('a bound pod that does not run yet is not in the report: whole estimate, however old', () => {
    const { put, report, sums } = world();
    put(1, 1, 0);
    report(5 * MINUTE);
    expect(sums()).toEqual([1_700, 0, 1_700]);
  });

  test('held for five minutes: 1,700 - 200 = 1,500m at the reports up to then, not after', () => {
    const { put, report, run, sums } = world();
    put(2, 2, 30_000);
    run(2, 200);
    report(5 * MINUTE);
    expect(sums()[0]).toBe(1_500);
    // 30 s + 5 min is past.
    report(6 * MINUTE);
    expect(sums()[0]).toBe(0);
  });

  test('a host that sent no report keeps what its pods added', () => {
    const { put, report, run, sums } = world();
    put(0, 0, 30_000);
    run(0, 300);
    report(2 * MINUTE, MINUTE);
    expect(sums()).toEqual([850, 850, 850]);
  });

  test('a pod that leaves takes back what it added, once; another in its row starts anew', () => {
    const { put, report, run, sums, pods, load, shapes } = world();
    put(0, 0, 30_000);
    put(1, 1, 30_000);
    run(0, 300);
    report(MINUTE);
    expect(sums()).toEqual([550 + 1_700, 550, 2_550]);
    unassignPod(pods, load, shapes, 0, 0, 0);
    unassignPod(pods, load, shapes, 0, 0, 0);
    expect(sums()).toEqual([1_700, 0, 1_700]);
    expect([isAssigned(pods, 0), isAssigned(pods, 1), isAssigned(pods, 99)]).toEqual([false, true, false]);
    put(0, 1, 70_000);
    expect(sums()).toEqual([3_400, 0, 3_400]);
    expect(pods.open).toEqual([0, 1]);
  });
});

import { describe, expect, test } from 'vitest';
import { EVICT_REASON } from '../../../policies/ports.ts';
import { bind, CHANGE, forget, hold, loseAttempt, start, submit } from '../../cluster/apply.ts';
import { noteAllChanged } from '../../cluster/hosts.ts';
import { TASK_STATE } from '../../cluster/tasks.ts';
import { smallCluster } from '../../cluster/testing/small-cluster.ts';
import type { KubernetesPlan } from '../../plan/kubernetes.ts';
import type { PlaneContext } from '../control-plane.ts';
import { KubernetesPlane } from './kubernetes-plane.ts';
import type { PlacementView } from './placement.ts';
import { addPodShape, createPodShapes } from './pod-shapes.ts';
import { findPreemption } from './preemption.ts';

const GIB = 1_073_741_824;

const PLAN: KubernetesPlan = {
  kind: 'kubernetes',
  onlineFit: 'least-allocated',
  bestEffortFit: 'least-allocated',
  fitWeight: 1,
  loadAwareWeight: 0,
  spreadWeight: 0,
  bindLatencyMs: 100,
  podStartMs: 2_000,
  podsPerSecond: 10,
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
  preemption: false,
};

/** A plane over `hosts` hosts of 10 cores; pods of row r ask for cores[r], shape r. `log` says what the plane did. */
function world(hosts: number, cores: readonly number[], plan: Partial<KubernetesPlan> = {}, maxPerHost = 0) {
  const cluster = smallCluster(hosts, cores.length);
  const shapes = createPodShapes(cores.length);
  cores.forEach((of, row) => {
    cluster.tasks.requestMilliCpu[row] = of * 1000;
    cluster.tasks.podShape[row] = row;
    addPodShape(shapes, {
      tier: 0,
      requestMilliCpu: of * 1000,
      requestMemBytes: GIB,
      estimateMilliCpu: of * 850,
      estimateMemBytes: GIB,
      service: 0,
      maxPerHost,
      eligible: new Uint8Array(hosts).fill(1),
    });
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
  const wakes: number[] = [];
  const context: PlaneContext = {
    cluster,
    bind: (row, host, nowMs, startAfterMs) => {
      bind(cluster, row, host, nowMs);
      log.push(`${nowMs} bind ${row} to ${host} +${startAfterMs}`);
    },
    assume: (row, host, nowMs) => {
      bind(cluster, row, host, nowMs);
      log.push(`${nowMs} assume ${row} on ${host}`);
    },
    startAssumed: (row, nowMs, startAfterMs) => {
      log.push(`${nowMs} start ${row} +${startAfterMs}`);
    },
    forget: (row, nowMs) => {
      forget(cluster, row, nowMs);
      log.push(`${nowMs} forget ${row}`);
    },
    hold: (host, holding, sign, nowMs) => hold(cluster, host, holding, sign, nowMs),
    giveUp: (row) => log.push(`give up ${row}`),
    evict: (row, nowMs, reason) => {
      loseAttempt(cluster, row, nowMs, CHANGE.evict, reason);
      log.push(`${nowMs} evict ${row} for ${reason}`);
      plane.onPending(row, nowMs);
    },
    publish: (host, milliCpu) => {
      log.push(`publish ${milliCpu} on ${host}`);
    },
    wakeAt: (timeMs) => {
      wakes.push(timeMs);
    },
  };
  const plane = new KubernetesPlane(context, view, { ...PLAN, ...plan });
  const arrive = (row: number, nowMs: number) => {
    submit(cluster, row, nowMs, false);
    plane.onPending(row, nowMs);
  };
  const run = (row: number, host: number) => {
    submit(cluster, row, 0, false);
    bind(cluster, row, host, 0);
    start(cluster, row, 0);
  };
  return { cluster, view, plane, log, wakes, arrive, run, tasks: cluster.tasks };
}

describe('decisions', () => {
  test('the urgent pod first; the start comes 100 + 2,000 ms after the decision', () => {
    const { plane, log, arrive, tasks } = world(1, [1, 1]);
    tasks.priority[1] = 9_900;
    arrive(0, 0);
    arrive(1, 0);
    plane.wake(0);
    expect(log).toEqual(['0 bind 1 to 0 +2100', '0 bind 0 to 0 +2100']);
    expect(plane.waitingRows()).toEqual([]);
  });

  test('two decisions at 10 pods a second keep the scheduler busy for 200 ms', () => {
    const { plane, log, wakes, arrive } = world(1, [1, 1, 1]);
    arrive(0, 0);
    arrive(1, 0);
    plane.wake(0);
    wakes.length = 0;
    arrive(2, 50);
    expect(wakes).toEqual([200]);
    plane.wake(50);
    expect(log).toHaveLength(2);
    plane.wake(200);
    expect(log[2]).toBe('200 bind 2 to 0 +2100');
  });

  test('a pod that fits nowhere waits 1, 2, 4, 8, 10, 10 s between its tries', () => {
    const { plane, arrive, tasks, cluster, view, wakes } = world(1, [6, 6]);
    // Room is there whenever the line is asked, and gone when the pod is decided: a second pod takes it each time.
    arrive(0, 0);
    cluster.hosts.cordoned[0] = 1;
    noteAllChanged(cluster.hosts.changes);
    plane.wake(0);
    const gaps: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 6; i++) {
      const { queues } = plane.snapshot() as { queues: { retryAtMs: Float64Array } };
      gaps.push(queues.retryAtMs[0] - nowMs);
      nowMs = queues.retryAtMs[0] + 5_000;
      // Let the line's head be taken although the shape fits nowhere by the time it is decided.
      view.hosts.cordoned[0] = 0;
      noteAllChanged(view.hosts.changes);
      const inner = plane as unknown as { takeMostUrgent(now: number): number; decide(row: number, now: number): void };
      const row = inner.takeMostUrgent(nowMs);
      expect(row).toBe(0);
      view.hosts.cordoned[0] = 1;
      noteAllChanged(view.hosts.changes);
      inner.decide(row, nowMs);
    }
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(tasks.state[0]).toBe(TASK_STATE.pending);
    expect(wakes.length).toBeGreaterThan(0);
  });

  test('a pod lost three times with its own failures backs off 4 s before it is decided again', () => {
    const { plane, arrive, tasks, wakes } = world(1, [1]);
    tasks.attempts[0] = 3;
    arrive(0, 1_000);
    expect(wakes).toEqual([5_000]);
    plane.wake(4_999);
    expect(tasks.state[0]).toBe(TASK_STATE.pending);
    plane.wake(5_000);
    expect(tasks.state[0]).toBe(TASK_STATE.bound);
  });

  test('a small pod behind a large one that fits nowhere is placed, and the large one when room comes', () => {
    const { plane, log, arrive, cluster, run, tasks } = world(1, [8, 3, 9]);
    run(0, 0);
    arrive(2, 0);
    plane.wake(0);
    arrive(1, 500);
    plane.wake(500);
    expect(log).toEqual([]);
    expect(plane.waitingRows()).toHaveLength(2);
    loseAttempt(cluster, 0, 2_000, CHANGE.fail, 0);
    tasks.state[0] = TASK_STATE.free;
    plane.onCapacity(2_000);
    plane.wake(2_000);
    expect(log).toEqual(['2000 bind 2 to 0 +2100']);
    expect(plane.waitingRows()).toEqual([1]);
  });

  test('a pod given up in its line leaves the pods behind it in place', () => {
    const { plane, arrive, log, cluster, tasks } = world(1, [6, 6, 6]);
    tasks.podShape.fill(0);
    cluster.hosts.cordoned[0] = 1;
    for (const row of [0, 1, 2]) arrive(row, row);
    plane.wake(10);
    plane.onAbandoned(0, 1_000);
    tasks.state[0] = TASK_STATE.free;
    expect(plane.waitingRows()).toEqual([1, 2]);
    arrive(0, 20);
    plane.wake(1_000);
    expect([...plane.waitingRows()].sort()).toEqual([0, 1, 2]);
    cluster.hosts.cordoned[0] = 0;
    noteAllChanged(cluster.hosts.changes);
    plane.onCapacity(30_000);
    plane.wake(30_000);
    expect(log).toEqual(['30000 bind 1 to 0 +2100']);
  });

  test('estimates of bound pods outlive one report, not two', () => {
    const { plane, arrive, view } = world(1, [2]);
    arrive(0, 0);
    plane.wake(0);
    expect(view.estimatedMilliCpu[0]).toBe(1_700);
    view.estimatedMilliCpu[0] = 0;
    plane.onReports(60_000);
    expect(view.estimatedMilliCpu[0]).toBe(1_700);
    view.estimatedMilliCpu[0] = 0;
    plane.onReports(120_000);
    expect(view.estimatedMilliCpu[0]).toBe(0);
  });
});

describe('preemption on hosts of 10 cores', () => {
  /** Pod 0 asks for 6 cores at priority 9,900; each other pod is [cores, host, priority]. */
  function full(hosts: number, others: readonly (readonly [number, number, number])[], maxPerHost = 0) {
    const made = world(hosts, [6, ...others.map(([cores]) => cores)], { preemption: true }, maxPerHost);
    made.tasks.priority[0] = 9_900;
    others.forEach(([, host, priority], i) => {
      made.tasks.priority[i + 1] = priority;
      made.run(i + 1, host);
    });
    return made;
  }

  test('the host whose most important victim matters least: 9,100 on host 1 before 9,200 on host 0', () => {
    const { view, cluster } = full(2, [
      [8, 0, 9_200],
      [5, 1, 9_100],
      [4, 1, 9_100],
    ]);
    // Host 1 has room for 4 cores beside the pod: row 2 of 5 cores cannot stay, row 3 of 4 can.
    expect(findPreemption(view, cluster, 0)).toMatchObject({ host: 1, victims: [2] });
  });

  test('the more important pod stays where the other makes enough room, and goes where it alone does', () => {
    const less = full(1, [
      [5, 0, 9_100],
      [4, 0, 9_200],
    ]);
    expect(findPreemption(less.view, less.cluster, 0)).toMatchObject({ victims: [1] });
    // Beside 6 cores there is room for 4: row 2 of 5 cannot be put back, row 1 of 4 is.
    const more = full(1, [
      [4, 0, 9_100],
      [5, 0, 9_200],
    ]);
    expect(findPreemption(more.view, more.cluster, 0)).toMatchObject({ victims: [2] });
  });

  test('equal top and sum: the host whose victim started last', () => {
    const { view, cluster, tasks } = full(2, [
      [8, 0, 9_100],
      [8, 1, 9_100],
    ]);
    tasks.startedAtMs[2] = 50;
    expect(findPreemption(view, cluster, 0)).toMatchObject({ host: 1, victims: [2] });
  });

  test('one victim of 9,150 before two of 9,150 and 9,000: every victim counts 2^31 more', () => {
    const { view, cluster } = full(2, [
      [5, 0, 9_150],
      [5, 0, 9_000],
      [8, 1, 9_150],
    ]);
    expect(findPreemption(view, cluster, 0)).toMatchObject({ host: 1, victims: [3] });
  });

  test('equal top: the smaller sum of priorities, then fewer victims, then the lower host', () => {
    const sum = full(2, [
      [5, 0, 9_100],
      [5, 0, 9_100],
      [8, 1, 9_100],
    ]);
    expect(findPreemption(sum.view, sum.cluster, 0)).toMatchObject({ host: 1, victims: [3] });
    const tie = full(2, [
      [8, 0, 9_100],
      [8, 1, 9_100],
    ]);
    expect(findPreemption(tie.view, tie.cluster, 0)).toMatchObject({ host: 0, victims: [1] });
  });

  test('nobody of equal or higher priority is evicted', () => {
    const { view, cluster } = full(1, [[8, 0, 9_900]]);
    expect(findPreemption(view, cluster, 0)).toBeNull();
  });

  test('a host at maxPerHost is no choice, and neither is a dead, drained or overloaded one', () => {
    const most = full(1, [[8, 0, 9_100]], 2);
    most.view.replicasOnHost[0] = 2;
    expect(findPreemption(most.view, most.cluster, 0)).toBeNull();
    most.view.replicasOnHost[0] = 1;
    expect(findPreemption(most.view, most.cluster, 0)).toMatchObject({ host: 0 });
    most.cluster.hosts.cordoned[0] = 1;
    expect(findPreemption(most.view, most.cluster, 0)).toBeNull();
    const loaded = full(1, [[8, 0, 9_100]]);
    const view = { ...loaded.view, rules: { ...loaded.view.rules, memThresholdPercent: 50 } };
    view.estimatedMemBytes[0] = 60 * GIB;
    expect(findPreemption(view, loaded.cluster, 0)).toBeNull();
  });

  test('victims go, the pod takes their place, and they wait until room comes', () => {
    const { plane, log, arrive } = full(1, [[8, 0, 9_100]]);
    arrive(0, 5);
    plane.wake(5);
    expect(log).toEqual([`5 evict 1 for ${EVICT_REASON.preempted}`, '5 bind 0 to 0 +2100']);
    expect(plane.waitingRows()).toEqual([1]);
  });
});

import { describe, expect, test } from 'vitest';
import {
  type AnomalyCondition,
  createAnomalyDetectors,
  DEFAULT_ANOMALY_CONDITION,
  markAbnormal,
  markNormal,
  resetDetector,
} from './anomaly-detector.ts';
import { type DeschedulerPod, deschedulerPodOrder, excessCoverScore } from './descheduler-pod-order.ts';
import type { BalanceNode, BalancePod } from './descheduler-round.ts';
import { balanceLowNodeLoad, DEFAULT_LOW_NODE_LOAD_CONFIG, type LowNodeLoadConfig } from './low-node-load.ts';
import {
  DEFAULT_MIGRATION_LIMITS,
  type MigrationCandidate,
  maxMigratingOfWorkload,
  NEVER_EVICT_COST,
  refuseMigration,
  takeEvictionPermit,
} from './migration-limits.ts';
import {
  classifyLoad,
  type NodeLimits,
  type NodeLoad,
  nodeLimits,
  nodeUsageScore,
  resolveThresholds,
} from './node-usage-class.ts';

const MEM = 'memoryBytes';

describe('thresholds', () => {
  test('a name in high alone is overwritten by 100 %, one in low alone leaves high at 0, memory is always looked at', () => {
    const t = resolveThresholds({ low: { cpuMilli: 30 }, high: { pods: 70 }, useDeviation: false }, MEM);
    expect(t.names).toEqual(['cpuMilli', 'memoryBytes', 'pods']);
    expect(t.low).toEqual({ cpuMilli: 30, memoryBytes: 100, pods: 100 });
    expect(t.high).toEqual({ cpuMilli: 0, memoryBytes: 100, pods: 100 });
    expect(t.prodHigh).toEqual({ cpuMilli: 100, memoryBytes: 100, pods: 100 });
  });

  test('in deviation mode a missing name is 0, which stands for the whole capacity', () => {
    const t = resolveThresholds({ low: { cpuMilli: 5 }, high: { cpuMilli: 10 }, useDeviation: true }, MEM);
    expect(t.low.memoryBytes).toBe(0);
    const node = (used: number): NodeLoad => ({
      capacity: { cpuMilli: 1000, memoryBytes: 64 },
      usage: { cpuMilli: used, memoryBytes: 7, pods: 1 },
      prodUsage: { cpuMilli: 0, memoryBytes: 0, pods: 0 },
      schedulable: true,
    });
    // Mean of 80 % and 20 % is 50 %: low 45 %, high 60 % of 1000.
    const [limits] = nodeLimits([node(800), node(200)], t);
    expect(limits.low).toEqual({ cpuMilli: 450, memoryBytes: 64 });
    expect(limits.high).toEqual({ cpuMilli: 600, memoryBytes: 64 });
  });

  test('limits cut fractions: 33 % of 10 pods are 3, 30.5 % of 1000m are 305', () => {
    const t = resolveThresholds({ low: { pods: 33, cpuMilli: 30.5 }, high: {}, useDeviation: false }, MEM);
    const [limits] = nodeLimits(
      [{ capacity: { pods: 10, cpuMilli: 1000 }, usage: {}, prodUsage: {}, schedulable: true }],
      t,
    );
    expect(limits.low).toEqual({ cpuMilli: 305, memoryBytes: 0, pods: 3 });
  });
});

test('classes: usage 20/50/90 against 30/70, prod usage 10/25/60 against 20/40', () => {
  const limits: NodeLimits = { low: { c: 30 }, high: { c: 70 }, prodLow: { c: 20 }, prodHigh: { c: 40 } };
  const classOf = (used: number, prod: number, schedulable = true) =>
    classifyLoad({ capacity: { c: 100 }, usage: { c: used }, prodUsage: { c: prod }, schedulable }, limits);
  expect([classOf(20, 10), classOf(20, 25), classOf(20, 60)]).toEqual(['bothLow', 'low', 'prodHigh']);
  expect([classOf(50, 10), classOf(50, 25), classOf(50, 60)]).toEqual(['prodLow', 'normal', 'prodHigh']);
  expect([classOf(90, 10), classOf(90, 25), classOf(90, 60)]).toEqual(['high', 'high', 'high']);
  // A cordoned node is never a target.
  expect([classOf(20, 10, false), classOf(50, 10, false)]).toEqual(['normal', 'normal']);
});

test('node score: 500 and 250 of 1000 with weights 1 and 3 are (500 + 750) / 4 = 312; names without weight do not count', () => {
  expect(nodeUsageScore({ a: 5, b: 1, c: 9 }, { a: 10, b: 4, c: 10 }, { a: 1, b: 3 })).toBe(312);
  expect(nodeUsageScore({ a: 50 }, { a: 10 }, { a: 1 })).toBe(1000);
  expect(nodeUsageScore({ a: 5 }, { a: 10 }, {})).toBe(0);
});

describe('anomaly detector', () => {
  const marks = (n: number, condition: AnomalyCondition): boolean[] => {
    const detectors = createAnomalyDetectors(1);
    return Array.from({ length: n }, (_, i) => markAbnormal(detectors, 0, i * 1000, condition));
  };

  test('K15: N = 2 fires on the third mark in production and on the second as intended, N = 1 at once', () => {
    const two = { ...DEFAULT_ANOMALY_CONDITION, consecutiveAbnormalities: 2 };
    expect(marks(3, two)).toEqual([false, false, true]);
    expect(marks(3, { ...two, anomalyNeedsOneMoreMark: false })).toEqual([false, true, true]);
    expect(marks(2, { ...two, consecutiveAbnormalities: 1 })).toEqual([true, true]);
  });

  test('the state lasts 60 s from the mark that reached it, then counting starts at 0', () => {
    const two = { ...DEFAULT_ANOMALY_CONDITION, consecutiveAbnormalities: 2 };
    const detectors = createAnomalyDetectors(1);
    for (let i = 0; i < 3; i++) markAbnormal(detectors, 0, 0, two);
    expect(markAbnormal(detectors, 0, 60_000, two)).toBe(true);
    expect(markAbnormal(detectors, 0, 60_001, two)).toBe(false);
  });

  test('a fourth normal mark ends it, a normal mark breaks the count, and a reset ends it at once', () => {
    const one = { ...DEFAULT_ANOMALY_CONDITION, consecutiveAbnormalities: 2 };
    const detectors = createAnomalyDetectors(1);
    markAbnormal(detectors, 0, 0, one);
    markAbnormal(detectors, 0, 0, one);
    markNormal(detectors, 0, 0, one);
    expect(markAbnormal(detectors, 0, 0, one)).toBe(false);
    markAbnormal(detectors, 0, 0, one);
    expect(markAbnormal(detectors, 0, 0, one)).toBe(true);
    for (let i = 0; i < 3; i++) markNormal(detectors, 0, 0, one);
    expect(detectors.isAbnormal[0]).toBe(1);
    markNormal(detectors, 0, 0, one);
    expect(detectors.isAbnormal[0]).toBe(0);
    for (let i = 0; i < 3; i++) markAbnormal(detectors, 0, 0, one);
    resetDetector(detectors, 0);
    expect(detectors.isAbnormal[0]).toBe(0);
  });
});

describe('pod order', () => {
  const pod = (name: string, over: Partial<DeschedulerPod> = {}): DeschedulerPod => ({
    name,
    priorityClass: 'koord-batch',
    priorityValue: 5000,
    kubernetesQos: 'BestEffort',
    koordinatorQos: 'BE',
    deletionCost: 0,
    evictionCost: 0,
    createdAtMs: 0,
    ...over,
  });

  test('a pod that just covers the excess scores 2, twice the excess 1.5, half of it 0.5', () => {
    const score = (used: number) => excessCoverScore({ cpu: used, mem: 99 }, { cpu: 100 }, { cpu: 1, mem: 1 });
    expect([score(100), score(200), score(50)]).toEqual([2, 1.5, 0.5]);
  });

  test('each rule decides before the next: class, value, QoS, costs, cover, age', () => {
    const pods = [
      pod('mid', { priorityClass: 'koord-mid', priorityValue: 1 }),
      pod('value', { priorityValue: 5001 }),
      pod('burstable', { kubernetesQos: 'Burstable' }),
      pod('ls', { koordinatorQos: 'LS' }),
      pod('deletion', { deletionCost: 1 }),
      pod('eviction', { evictionCost: 1 }),
      pod('no-metric', { createdAtMs: 9 }),
      pod('small', { usage: { cpu: 10 }, createdAtMs: 5 }),
      pod('covers', { usage: { cpu: 100 } }),
      pod('newer', { usage: { cpu: 10 }, createdAtMs: 6 }),
      pod('free', { priorityClass: 'koord-free', priorityValue: 3000 }),
    ];
    expect(deschedulerPodOrder(pods, { cpu: 100 }, { cpu: 1 }).map((p) => p.name)).toEqual([
      'free',
      'covers',
      'newer',
      'small',
      'no-metric',
      'eviction',
      'deletion',
      'ls',
      'burstable',
      'value',
      'mid',
    ]);
  });
});

describe('balance', () => {
  const node = (name: string, over: Partial<BalanceNode> = {}): BalanceNode => ({
    name,
    capacity: { cpuMilli: 10_000, memoryBytes: 10_000, pods: 100 },
    schedulable: true,
    systemUsage: {},
    hasFreshReport: true,
    ...over,
  });
  const pod = (name: string, nodeRow: number, cpuMilli: number, over: Partial<BalancePod> = {}): BalancePod => ({
    name,
    node: nodeRow,
    request: { cpuMilli, memoryBytes: 0 },
    usage: { cpuMilli, memoryBytes: 0 },
    evictable: true,
    priorityClass: 'koord-prod',
    priorityValue: 9500,
    kubernetesQos: 'Burstable',
    koordinatorQos: 'LS',
    deletionCost: 0,
    evictionCost: 0,
    createdAtMs: 0,
    ...over,
  });
  const config: LowNodeLoadConfig = {
    ...DEFAULT_LOW_NODE_LOAD_CONFIG,
    thresholds: { low: { cpuMilli: 30 }, high: { cpuMilli: 60 }, useDeviation: false },
    anomaly: { ...DEFAULT_ANOMALY_CONDITION, consecutiveAbnormalities: 1 },
  };
  const moved = (nodes: BalanceNode[], pods: BalancePod[], over: Partial<LowNodeLoadConfig> = {}): string[] => {
    const state = { node: createAnomalyDetectors(nodes.length), prod: createAnomalyDetectors(nodes.length) };
    return balanceLowNodeLoad(nodes, pods, state, 0, { ...config, ...over }).map(
      (e) => `${pods[e.pod].name}:${e.stage}`,
    );
  };
  const two = [node('hot'), node('cold')];
  const stays = pod('stays', 0, 2_000, { evictable: false });
  const hotPods = [pod('a', 0, 3_000), stays, pod('b', 0, 1_000), pod('c', 0, 2_000)];

  test('8000m of a limit of 6000m: the 2000m pod just covers the excess and is enough', () => {
    expect(moved(two, hotPods)).toEqual(['c:node']);
  });

  test('K16: the fit check gives the target to the first pods in the list, moved or not', () => {
    // Target limit 6000. In list order a (5000) takes it all; b and c no longer fit and cannot be moved.
    const pods = [pod('a', 0, 5_000), pod('b', 0, 2_000), pod('c', 0, 1_500)];
    expect(moved(two, pods)).toEqual(['a:node']);
    // A pod that may not move reserves nothing. Excess 2500: b covers 0.8 of it, c 0.6, and both are needed.
    const fixed = [pod('x', 0, 5_000, { evictable: false }), pod('b', 0, 2_000), pod('c', 0, 1_500)];
    expect(moved(two, fixed)).toEqual(['b:node', 'c:node']);
  });

  test('K16 off: a pod at the end of the list is moved although earlier ones would have filled the target', () => {
    const pods = [pod('a', 0, 3_000), pod('b', 0, 3_000), pod('c', 0, 2_000)];
    const nearlyFull = [node('hot'), node('cold', { systemUsage: { cpuMilli: 1_000 } })];
    // Target headroom 5000: a fits (3000), b does not (6000 > 5000), c fits (5000).
    expect(moved(nearlyFull, pods)).toEqual(['c:node']);
    const full = [node('hot'), node('cold', { systemUsage: { cpuMilli: 2_500 } })];
    // Headroom 3500: a takes 3000, c finds 500. Production moves a, the intended way moves c.
    expect(moved(full, pods)).toEqual(['a:node']);
    expect(moved(full, pods, { nodeFitReservesInListOrder: false })).toEqual(['c:node']);
  });

  test('nothing moves without an over-used node, without targets, with too few, or when all are under-used', () => {
    expect(moved(two, [pod('a', 0, 5_000)])).toEqual([]);
    expect(moved([node('hot'), node('cold', { schedulable: false })], hotPods)).toEqual([]);
    expect(moved(two, hotPods, { numberOfNodes: 1 })).toEqual([]);
    expect(moved(two, [pod('a', 0, 1_000)])).toEqual([]);
  });

  test('a node without a fresh report is neither source nor target', () => {
    expect(moved([node('hot'), node('cold', { hasFreshReport: false })], hotPods)).toEqual([]);
    expect(moved([node('hot', { hasFreshReport: false }), node('cold')], hotPods)).toEqual([]);
  });

  test('system usage counts: 4000m of pods and 3000m of system are over 6000m', () => {
    const nodes = [node('hot', { systemUsage: { cpuMilli: 3_000 } }), node('cold')];
    expect(moved(nodes, [pod('a', 0, 4_000)])).toEqual(['a:node']);
  });

  test('the first round does nothing when an overload has to last', () => {
    expect(moved(two, hotPods, { anomaly: DEFAULT_ANOMALY_CONDITION })).toEqual([]);
  });

  test('a pod without a metric moves only without the fit check, and then changes no sum', () => {
    const { usage: _, ...silent } = pod('silent', 0, 0, { priorityClass: 'koord-free', priorityValue: 3000 });
    expect(moved(two, [silent, ...hotPods])).toEqual(['c:node']);
    expect(moved(two, [silent, ...hotPods], { nodeFit: false })).toEqual(['silent:node', 'c:node']);
  });

  test('limits: one in all, or one a node', () => {
    const pods = [pod('a', 0, 1_500), pod('b', 0, 1_500), pod('c', 0, 4_500, { evictable: false })];
    const nodes = [...two, node('hot2')];
    const both = [...pods, pod('d', 2, 1_500), pod('e', 2, 1_500), pod('f', 2, 4_500, { evictable: false })];
    expect(moved(two, pods)).toEqual(['a:node']);
    expect(moved(nodes, both)).toEqual(['a:node', 'd:node']);
    expect(moved(nodes, both, { maxEvictionTotal: 1 })).toEqual(['a:node']);
    expect(moved(nodes, both, { maxEvictionPerNode: 0 })).toEqual([]);
  });

  test('stage 2 moves prod pods alone, off a node that is over on the prod scale only', () => {
    const thresholds = {
      low: { cpuMilli: 30 },
      high: { cpuMilli: 90 },
      prodLow: { cpuMilli: 20 },
      prodHigh: { cpuMilli: 40 },
      useDeviation: false,
    };
    const pods = [
      pod('batch', 0, 2_000, { priorityClass: 'koord-batch', priorityValue: 5000 }),
      ...hotPods.slice(0, 2),
    ];
    // Prod usage 6000 of 4000: a covers 3000/2000 and leaves 3000, which is enough.
    expect(moved(two, pods, { thresholds })).toEqual(['a:prod']);
  });

  test('rules of the pod keep it from nodes it may not use, and requests that no longer fit do the same', () => {
    const pinned = hotPods.map((p) => ({ ...p, allowedNodes: [0] }));
    expect(moved(two, pinned)).toEqual([]);
    const asking = hotPods.map((p) => ({ ...p, request: { cpuMilli: 20_000 } }));
    expect(moved(two, asking)).toEqual([]);
  });
});

describe('migration limits', () => {
  test('budget of a workload: 1 of 3 replicas, 2 of 4 to 10, a tenth of more', () => {
    expect([1, 3, 4, 10, 11, 19, 20, 39].map((n) => maxMigratingOfWorkload(n))).toEqual([1, 1, 2, 2, 1, 1, 2, 3]);
    expect(maxMigratingOfWorkload(5, 8)).toBe(5);
    expect(maxMigratingOfWorkload(5, { percent: 10 })).toBe(1);
    expect(maxMigratingOfWorkload(50, { percent: 30 })).toBe(15);
  });

  const candidate: MigrationCandidate = {
    evictionCost: 0,
    replicas: 10,
    migratingOnNode: 0,
    migratingInNamespace: 0,
    migratingInWorkload: 0,
    unavailableInWorkload: 0,
  };
  const why = (over: Partial<MigrationCandidate>) =>
    refuseMigration({ ...candidate, ...over }, DEFAULT_MIGRATION_LIMITS);

  test('of ten replicas two may move; each limit is named', () => {
    expect(why({})).toBeUndefined();
    expect(why({ migratingInWorkload: 1 })).toBeUndefined();
    expect(why({ migratingInWorkload: 2 })).toBe('workload');
    expect(why({ unavailableInWorkload: 2 })).toBe('unavailable');
    expect(why({ migratingOnNode: 2 })).toBe('node');
    expect(why({ replicas: 1 })).toBe('single-replica');
    expect(why({ replicas: 2, maxMigrating: 2 })).toBe('unlimited-budget');
    expect(why({ evictionCost: NEVER_EVICT_COST })).toBe('never');
  });

  test('ten permits a second with a burst of one: the next comes after 100 ms', () => {
    const bucket = { permits: 1, refilledAtMs: 0 };
    const take = (nowMs: number) => takeEvictionPermit(bucket, nowMs, DEFAULT_MIGRATION_LIMITS);
    expect([take(0), take(50), take(100), take(10_000), take(10_000)]).toEqual([true, false, true, true, false]);
  });
});

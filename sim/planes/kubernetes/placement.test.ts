import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bind, finish, publish, setHostUp, start } from '../../cluster/apply.ts';
import { noteAllChanged, noteChange, TIER } from '../../cluster/hosts.ts';
import { addTask, smallCluster } from '../../cluster/testing/small-cluster.ts';
import {
  bestHostByScan,
  PlacementIndex,
  type PlacementRules,
  type PlacementView,
  scoreHost,
  TREE_LIMIT,
} from './placement.ts';
import { addPodShape, createPodShapes, eligibleHosts } from './pod-shapes.ts';

const GIB = 1_073_741_824;

const RULES: PlacementRules = {
  fitWeight: 1,
  loadAwareWeight: 1,
  spreadWeight: 1,
  packTier: [0, 0],
  cpuThresholdPercent: 65,
  memThresholdPercent: 95,
};

function viewOf(hosts: number, rules: Partial<PlacementRules> = {}, services = 1) {
  const cluster = smallCluster(hosts);
  const shapes = createPodShapes(1);
  const view: PlacementView = {
    hosts: cluster.hosts,
    shapes,
    estimatedMilliCpu: new Float64Array(hosts),
    estimatedMemBytes: new Float64Array(hosts),
    reportExpired: new Uint8Array(hosts),
    replicasOnHost: new Uint16Array(hosts * services),
    rules: { ...RULES, ...rules },
  };
  return { cluster, view };
}

function addShape(view: PlacementView, tier: number, cores: number, gib: number, service = -1, maxPerHost = 0): number {
  return addPodShape(view.shapes, {
    tier,
    requestMilliCpu: cores * 1000,
    requestMemBytes: gib * GIB,
    estimateMilliCpu: cores * 500,
    estimateMemBytes: gib * GIB * 0.5,
    service,
    maxPerHost,
    eligible: new Uint8Array(view.hosts.count).fill(1),
  });
}

describe('the index against the full scan', () => {
  const step = fc.record({
    kind: fc.constantFrom('bind', 'bind', 'bind', 'finish', 'publish', 'fail', 'repair', 'report', 'expire', 'ask'),
    host: fc.nat(36),
    shape: fc.nat(TREE_LIMIT + 11),
    amount: fc.nat(10),
  });

  test(`gives the same host after any changes, with ${TREE_LIMIT + 12} shapes on 37 hosts`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), fc.constantFrom(0, 65), (steps, threshold) => {
        const { cluster, view } = viewOf(37, { cpuThresholdPercent: threshold, memThresholdPercent: threshold });
        const { hosts, tasks } = cluster;
        for (let i = 0; i < TREE_LIMIT + 12; i++)
          addShape(view, TIER.batch, 0.25 * (1 + (i % 8)), 0.25 * (1 + (i % 11)));
        const index = new PlacementIndex(view);
        const running: number[] = [];
        for (const { kind, host, shape, amount } of steps) {
          if (kind === 'bind') {
            const to = index.bestHost(shape);
            expect(to).toBe(bestHostByScan(view, shape));
            if (to < 0) continue;
            const row = addTask(cluster, 1);
            tasks.requestMilliCpu[row] = view.shapes.requestMilliCpu[shape];
            tasks.requestMemBytes[row] = view.shapes.requestMemBytes[shape];
            bind(cluster, row, to, 0);
            start(cluster, row, 0);
            view.estimatedMilliCpu[to] += view.shapes.estimateMilliCpu[shape];
            running.push(row);
          } else if (kind === 'finish') {
            const row = running.splice(amount % Math.max(1, running.length), 1)[0];
            if (row !== undefined) finish(cluster, row, 0);
          } else if (kind === 'publish') publish(cluster, host, TIER.batch, amount * 1000, amount * 10 * GIB, 0);
          else if (kind === 'fail') {
            hosts.cordoned[host] = 1;
            noteChange(hosts.changes, host);
          } else if (kind === 'repair') {
            hosts.cordoned[host] = 0;
            noteChange(hosts.changes, host);
          } else if (kind === 'report') {
            for (let h = 0; h < hosts.count; h++) view.estimatedMilliCpu[h] = ((h * 7 + amount) % 10) * 1000;
            noteAllChanged(hosts.changes);
          } else if (kind === 'expire') {
            view.reportExpired[host] ^= 1;
            noteAllChanged(hosts.changes);
          } else {
            expect(index.bestHost(shape)).toBe(bestHostByScan(view, shape));
            expect(index.fitsSomewhere(shape)).toBe(bestHostByScan(view, shape) >= 0);
          }
        }
        for (let shape = 0; shape < view.shapes.count; shape++)
          expect(index.bestHost(shape)).toBe(bestHostByScan(view, shape));
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  test('follows more changes than the log holds: 20,000 publishes between two questions on 60,000 hosts', () => {
    const { cluster, view } = viewOf(60_000);
    const shape = addShape(view, TIER.batch, 1, 1);
    const index = new PlacementIndex(view);
    expect(index.bestHost(shape)).toBe(0);
    // A quarter of 60,000 is 15,000, more than the log's 8,192 entries: only the overflow forces the rebuild.
    for (let i = 0; i < 9_000; i++) publish(cluster, i, TIER.batch, 1_000, GIB, 0);
    publish(cluster, 0, TIER.batch, 0, 0, 0);
    expect(index.bestHost(shape)).toBe(bestHostByScan(view, shape));
    expect(index.bestHost(shape)).toBe(9_000);
  });

  test('asks for one score after one bind, not for one a host', () => {
    const { cluster, view } = viewOf(1_000);
    const shape = addShape(view, TIER.batch, 1, 1);
    const index = new PlacementIndex(view);
    index.bestHost(shape);
    expect(index.scored).toBe(1_000);
    bind(cluster, addTask(cluster, 1), 0, 0);
    index.bestHost(shape);
    expect(index.scored).toBe(1_001);
  });
});

describe('scores worked by hand: 10 cores and 100 GiB, a pod of 2 cores and 30 GiB with half of it as estimate', () => {
  test('empty and spreading: fit (80 + 70) / 2 = 75, least used (90 + 85) / 2 = 87, spread 100: 262', () => {
    const { view } = viewOf(1);
    expect(scoreHost(view, addShape(view, TIER.native, 2, 30, 0), 0)).toBe(75 + 87 + 100);
  });

  test('packing turns the fit around: ((100 - 80) + (100 - 70)) / 2 = 25', () => {
    const { view } = viewOf(1, { packTier: [1, 0], loadAwareWeight: 0, spreadWeight: 0 });
    expect(scoreHost(view, addShape(view, TIER.native, 2, 30, 0), 0)).toBe(25);
  });

  test('two replicas there already: spread floor(100 / 3) = 33; at maxPerHost 2 the host is refused', () => {
    const { view } = viewOf(1, { fitWeight: 0, loadAwareWeight: 0 });
    view.replicasOnHost[0] = 2;
    expect(scoreHost(view, addShape(view, TIER.native, 2, 30, 0), 0)).toBe(33);
    expect(scoreHost(view, addShape(view, TIER.native, 2, 30, 0, 2), 0)).toBe(-1);
    expect(scoreHost(view, addShape(view, TIER.native, 2, 30, 0, 3), 0)).toBe(33);
  });

  test('load-aware: 5.5 + 1 = 65 % is let in, 5.55 + 1 rounds to 66 % and is not', () => {
    const { view } = viewOf(1);
    const shape = addShape(view, TIER.native, 2, 30);
    view.estimatedMilliCpu[0] = 5_500;
    expect(scoreHost(view, shape, 0)).toBeGreaterThan(0);
    view.estimatedMilliCpu[0] = 5_550;
    expect(scoreHost(view, shape, 0)).toBe(-1);
  });

  test('memory over 95 % and an expired report refuse; with both thresholds 0 nothing is looked at', () => {
    const { view } = viewOf(1);
    const shape = addShape(view, TIER.native, 2, 30);
    view.estimatedMemBytes[0] = 81 * GIB;
    expect(scoreHost(view, shape, 0)).toBe(-1);
    view.estimatedMemBytes[0] = 0;
    view.reportExpired[0] = 1;
    expect(scoreHost(view, shape, 0)).toBe(-1);
    const free = { ...view, rules: { ...view.rules, cpuThresholdPercent: 0, memThresholdPercent: 0 } };
    expect(scoreHost(free, shape, 0)).toBeGreaterThan(0);
  });

  test('a host that is down, drained or not eligible is no host; an equal score goes to the lower number', () => {
    const { cluster, view } = viewOf(4);
    const shape = addShape(view, TIER.native, 2, 30);
    expect(bestHostByScan(view, shape)).toBe(0);
    setHostUp(cluster, 0, false, 0);
    view.hosts.cordoned[1] = 1;
    view.shapes.eligible[shape][2] = 0;
    expect([0, 1, 2].map((host) => scoreHost(view, shape, host))).toEqual([-1, -1, -1]);
    expect(bestHostByScan(view, shape)).toBe(3);
  });

  test('the batch tier counts what was published: 5 cores sold take a pod of 5, not of 5.001', () => {
    const { view } = viewOf(1);
    expect(scoreHost(view, addShape(view, TIER.batch, 5, 1), 0)).toBeGreaterThanOrEqual(0);
    expect(scoreHost(view, addShape(view, TIER.batch, 5.001, 1), 0)).toBe(-1);
  });
});

describe('selectors and taints', () => {
  const { hosts } = smallCluster(3);
  hosts.shape.set([0, 1, 2]);
  const labels = [{}, { disk: 'ssd' }, { disk: 'ssd', gpu: 't4' }];
  const taints = [[], ['disk=ssd:NoSchedule'], ['gpu=t4:NoExecute', 'old=yes:PreferNoSchedule']];
  const allowed = (selector: Readonly<Record<string, string>>, tolerations: readonly string[]) =>
    [...eligibleHosts(hosts, labels, taints, selector, tolerations)].join('');

  test('without toleration only the untainted host', () => expect(allowed({}, [])).toBe('100'));
  test('a toleration by key, by key and value, and in full', () => {
    expect(allowed({}, ['disk'])).toBe('110');
    expect(allowed({}, ['disk=ssd'])).toBe('110');
    expect(allowed({}, ['disk=ssd:NoSchedule'])).toBe('110');
  });
  test('another value or effect does not tolerate', () => {
    expect(allowed({}, ['disk=hdd'])).toBe('100');
    expect(allowed({}, ['disk=ssd:NoExecute'])).toBe('100');
  });
  test('PreferNoSchedule keeps nobody out', () => expect(allowed({}, ['gpu'])).toBe('101'));
  test('every selector label must match', () => {
    expect(allowed({ disk: 'ssd' }, ['disk', 'gpu'])).toBe('011');
    expect(allowed({ disk: 'ssd', gpu: 't4' }, ['disk', 'gpu'])).toBe('001');
    expect(allowed({ zone: 'a' }, ['disk', 'gpu'])).toBe('000');
  });
});

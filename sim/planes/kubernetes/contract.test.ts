import { describe, expect, test } from 'vitest';
import { TIER } from '../../cluster/hosts.ts';
import type { KubernetesPlan } from '../../plan/kubernetes.ts';
import type { GangPlan } from '../../plan/workload.ts';
import { CONTRACT_CORES, type PlaneFactory, playPlane } from '../contract.ts';
import { createGangBook } from './gang-book.ts';
import { KubernetesPlane } from './kubernetes-plane.ts';
import type { PlacementView } from './placement.ts';
import { addPodShape, createPodShapes } from './pod-shapes.ts';

const GIB = 1_073_741_824;

const PLAN: KubernetesPlan = {
  kind: 'kubernetes',
  onlineFit: 'least-allocated',
  bestEffortFit: 'most-allocated',
  fitWeight: 1,
  loadAwareWeight: 1,
  spreadWeight: 0,
  bindLatencyMs: 100,
  podStartMs: 2_000,
  podsPerSecond: 20,
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
  preemption: true,
};

const GANG: GangPlan = { size: 3, minMember: 0, strict: true, matchPolicy: 'once-satisfied', waitMs: 60_000 };

const factory = (
  byScan: boolean,
  change: (plane: KubernetesPlane) => void = () => {},
  gang: GangPlan | null = null,
): PlaneFactory => {
  return (context) => {
    const { hosts } = context.cluster;
    const shapes = createPodShapes(8);
    for (const tier of [TIER.native, TIER.batch])
      for (const cores of CONTRACT_CORES)
        addPodShape(shapes, {
          tier,
          requestMilliCpu: cores * 1_000,
          requestMemBytes: cores * GIB,
          estimateMilliCpu: cores * 850,
          estimateMemBytes: cores * GIB,
          service: -1,
          maxPerHost: 0,
          eligible: new Uint8Array(hosts.count).fill(1),
        });
    const view: PlacementView = {
      hosts,
      shapes,
      estimatedMilliCpu: new Float64Array(hosts.count),
      estimatedMemBytes: new Float64Array(hosts.count),
      reportExpired: new Uint8Array(hosts.count),
      replicasOnHost: new Uint16Array(hosts.count),
      rules: {
        fitWeight: 1,
        loadAwareWeight: 0,
        spreadWeight: 0,
        packTier: [0, 1],
        cpuThresholdPercent: 0,
        memThresholdPercent: 0,
      },
    };
    const plane = new KubernetesPlane(context, view, PLAN, { byScan, gangs: createGangBook([gang]) });
    change(plane);
    return plane;
  };
};

describe('the Kubernetes plane keeps the contract of control planes', () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);

  test('40 stories: no task lost, none bound twice, capacity kept, all 60 tasks done once faults stop', () => {
    let lost = 0;
    for (const seed of seeds) {
      const outcome = playPlane(factory(false), seed);
      expect(outcome.finished).toBe(60);
      lost += outcome.lost;
    }
    // The stories must hurt to prove anything.
    expect(lost).toBeGreaterThan(200);
  });

  test('the same digest twice, by index and by scan', () => {
    for (const seed of seeds.slice(0, 10))
      expect(playPlane(factory(true), seed)).toEqual(playPlane(factory(false), seed));
  });

  test.each([10, 50, 120])('the same digest when the plane is replaced by its copy after %i events', (copyAfter) => {
    for (const seed of seeds.slice(0, 10))
      expect(playPlane(factory(false), seed, { copyAfter })).toEqual(playPlane(factory(false), seed));
  });
});

describe('with gangs of three the plane keeps the same contract', () => {
  const none = () => {};
  const kinds: readonly GangPlan[] = [
    GANG,
    { ...GANG, strict: false, waitMs: 20_000 },
    { ...GANG, matchPolicy: 'waiting-and-running' },
    { ...GANG, size: 5, minMember: 2, strict: false, waitMs: 5_000 },
  ];

  test.each(kinds.map((kind) => [kind]))('%j: all tasks done, by index and by scan, copied or not', (kind) => {
    for (let seed = 0; seed < 15; seed++) {
      const outcome = playPlane(factory(false, none, kind), seed);
      expect(outcome.finished).toBe(60);
      expect(playPlane(factory(true, none, kind), seed)).toEqual(outcome);
      expect(playPlane(factory(false, none, kind), seed, { copyAfter: 50 })).toEqual(outcome);
    }
  });
});

describe('the contract catches a plane that breaks it', () => {
  test('one that forgets a task', () => {
    const forgetful = factory(false, (plane) => {
      const onPending = plane.onPending.bind(plane);
      plane.onPending = (row, nowMs) => {
        if (row !== 20) onPending(row, nowMs);
      };
    });
    expect(() => playPlane(forgetful, 1)).toThrow(/rows .*20.* are pending/);
  });

  test('one that takes a task in twice', () => {
    const doubling = factory(false, (plane) => {
      const onPending = plane.onPending.bind(plane);
      plane.onPending = (row, nowMs) => {
        onPending(row, nowMs);
        if (row === 20) onPending(row, nowMs);
      };
    });
    expect(() => playPlane(doubling, 1)).toThrow(/pending, but .* wait|cannot go from bound/);
  });

  test('one that stops to work', () => {
    const sleeping = factory(false, (plane) => {
      const wake = plane.wake.bind(plane);
      plane.wake = (nowMs) => {
        if (nowMs < 60_000) wake(nowMs);
      };
    });
    expect(() => playPlane(sleeping, 1)).toThrow('of 60 tasks were done');
  });
});

import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { type PreemptableContainer, PreemptionTimer, selectCandidates } from './preemption-candidates.ts';
import { idealAllocation, leavesOf, type PreemptionConfig, type QueueDemand } from './preemption-ideal.ts';
import { DOMINANT, MEMORY_ONLY, type Resource } from './resource-calculator.ts';

const ALL: PreemptionConfig = { totalPerRound: 1, naturalTermination: 1, maxIgnoredOverCapacity: 0.1 };

function queue(path: string, guaranteed: number, used: number, pending: number, more = {}): QueueDemand {
  return {
    path,
    priority: 0,
    guaranteed: [guaranteed],
    max: [1_000],
    used: [used],
    pending: [pending],
    killable: [0],
    preemptionDisabled: false,
    children: [],
    ...more,
  };
}

function obtained(children: readonly QueueDemand[], size: number, config = ALL): number[] {
  const used = children.reduce((sum, child) => sum + child.used[0], 0);
  const root = queue('root', size, used, 0, { children });
  return leavesOf(idealAllocation(root, [size], config, MEMORY_ONLY)).map(({ obtain }) => obtain[0]);
}

describe('what a queue gives up in a round', () => {
  test('defaults: 500 of 1000 wrongly placed, a tenth of the cluster, a fifth of that: 20', () => {
    const config = { totalPerRound: 0.1, naturalTermination: 0.2, maxIgnoredOverCapacity: 0.1 };
    expect(obtained([queue('a', 500, 1_000, 0), queue('b', 500, 0, 500)], 1_000, config)).toEqual([20, 0]);
  });

  test('over-use of a tenth is left alone: 55 of 50 stays, 56 gives the 6 that b asks for', () => {
    expect(obtained([queue('a', 50, 55, 0), queue('b', 50, 45, 5)], 100)).toEqual([0, 0]);
    expect(obtained([queue('a', 50, 56, 0), queue('b', 50, 44, 6)], 100)).toEqual([6, 0]);
  });

  test('killable containers count as given up already', () => {
    expect(obtained([queue('a', 50, 100, 0, { killable: [30] }), queue('b', 50, 0, 50)], 100)).toEqual([20, 0]);
  });

  test('of 20 left over after e got its 40, two equal queues keep 10 each, or the one of higher priority all', () => {
    const c = queue('c', 20, 60, 0);
    const e = queue('e', 60, 0, 40);
    expect(obtained([c, queue('d', 20, 40, 0), e], 100)).toEqual([30, 10, 0]);
    expect(obtained([c, queue('d', 20, 40, 0, { priority: 1 }), e], 100)).toEqual([40, 0, 0]);
  });

  test('queues without a guarantee share what is left in equal parts: 35 and 35 become 20 and 20', () => {
    const free = [queue('c', 0, 35, 50), queue('d', 0, 35, 50)];
    expect(obtained([queue('a', 50, 0, 30), queue('b', 50, 30, 0), ...free], 100)).toEqual([0, 0, 15, 15]);
  });
});

test('the dominant calculator compares the largest share first and rounds products up', () => {
  const cluster = [100, 10];
  expect(DOMINANT.compare([50, 1], [10, 6], cluster)).toBeLessThan(0);
  expect(DOMINANT.compare([50, 5], [50, 4], cluster)).toBeGreaterThan(0);
  expect(DOMINANT.multiplyUp([101, 3], [0.1, 0.1])).toEqual([11, 1]);
  expect(MEMORY_ONLY.multiplyUp([101, 3], [0.1, 0.1])[0]).toBe(10);
  expect(DOMINANT.fits([1, 11], cluster)).toBe(false);
  expect(MEMORY_ONLY.fits([1, 11], cluster)).toBe(true);
});

describe('which containers', () => {
  const container = (id: number, more: Partial<PreemptableContainer> = {}): PreemptableContainer => ({
    id,
    priority: 1,
    partition: '',
    size: [1],
    isAm: false,
    isReserved: false,
    ignoredExclusivity: false,
    ...more,
  });
  const chosen = (applications: readonly (readonly PreemptableContainer[])[], obtain: number, am: Resource): number[] =>
    selectCandidates(
      applications.map((containers) => ({ containers })),
      new Map([['', [obtain]]]),
      [100],
      am,
      { left: [100] },
      MEMORY_ONLY,
    ).map(({ id }) => id);

  test('the newest application first: reserved, then large priority numbers, then new ones', () => {
    const old = [container(1), container(2)];
    const young = [container(3, { priority: 5 }), container(4), container(5), container(6, { isReserved: true })];
    expect(chosen([old, young], 5, [0])).toEqual([6, 3, 5, 4, 2]);
  });

  test('masters last, and only above their allowance', () => {
    const applications = [
      [container(1, { isAm: true }), container(2)],
      [container(3, { isAm: true }), container(4)],
    ];
    expect(chosen(applications, 4, [0])).toEqual([4, 2, 3, 1]);
    expect(chosen(applications, 4, [1])).toEqual([4, 2, 3]);
    expect(chosen(applications, 4, [2])).toEqual([4, 2]);
  });

  test('containers that borrowed the partition before all others', () => {
    const applications = [[container(1, { ignoredExclusivity: true }), container(2)], [container(3)]];
    expect(chosen(applications, 2, [0])).toEqual([1, 3]);
  });
});

test('marked once, killed after the wait, forgotten after twice the wait without being selected', () => {
  const timer = new PreemptionTimer(10_000);
  expect(timer.round(0, [1, 2])).toEqual([
    { id: 1, event: 'mark' },
    { id: 2, event: 'mark' },
  ]);
  expect(timer.round(9_999, [1])).toEqual([]);
  expect(timer.round(10_000, [1])).toEqual([{ id: 1, event: 'kill' }]);
  // 2 expires between 20 000 and 20 001: selected again it is only marked.
  expect(timer.round(20_001, [])).toEqual([]);
  expect(timer.round(20_002, [2])).toEqual([{ id: 2, event: 'mark' }]);
});

test('500 random groups: the ideals fit the cluster, guarantees that are asked for are met, nobody falls below its own', () => {
  const random = seededRandomSource(7);
  const below = (bound: number): number => uniformBelow(random, bound);
  // In thousands: an offer below half a unit counts as none and ends a queue's rounds, which holds back 50 units at most.
  for (let round = 0; round < 500; round++) {
    const count = 2 + below(4);
    const children: QueueDemand[] = [];
    let [guaranteedLeft, usedLeft] = [100, 100];
    for (let i = 0; i < count; i++) {
      const guaranteed = i === count - 1 ? guaranteedLeft : below(guaranteedLeft + 1);
      const used = below(usedLeft + 1);
      guaranteedLeft -= guaranteed;
      usedLeft -= used;
      const limits = { priority: below(2), max: [200_000] };
      children.push(queue(`q${i}`, 1_000 * guaranteed, 1_000 * used, 1_000 * below(60), limits));
    }
    const root = queue('root', 100_000, 1_000 * (100 - usedLeft), 0, { children });
    const leaves = leavesOf(idealAllocation(root, [100_000], ALL, MEMORY_ONLY));
    expect(leaves.reduce((sum, { ideal }) => sum + ideal[0], 0)).toBeLessThanOrEqual(100_000);
    for (const { queue: leaf, ideal, obtain } of leaves) {
      const [[guaranteed], [used], [pending]] = [leaf.guaranteed, leaf.used, leaf.pending];
      expect(ideal[0]).toBeGreaterThanOrEqual(Math.min(guaranteed, used + pending) - 50);
      expect(ideal[0]).toBeLessThanOrEqual(Math.max(guaranteed, used));
      expect(used - obtain[0]).toBeGreaterThanOrEqual(Math.min(guaranteed, used));
    }
  }
});

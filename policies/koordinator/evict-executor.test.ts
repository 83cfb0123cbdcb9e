import { describe, expect, test } from 'vitest';
import type { EvictActions, EvictTask } from './evict-executor.ts';
import { CPU_COOLING_MS, isCooling, MEMORY_COOLING_MS, runEvictRound } from './evict-executor.ts';

interface Pod {
  readonly id: string;
  readonly cpu: number;
  readonly mem: number;
}

const [a, b, c] = [
  { id: 'a', cpu: 3, mem: 30 },
  { id: 'b', cpu: 5, mem: 10 },
  { id: 'c', cpu: 7, mem: 20 },
];

function task(feature: string, target: Record<string, number>, victims: Pod[], more: Partial<EvictTask<Pod>> = {}) {
  return {
    feature,
    releaseType: 'used',
    target,
    victims,
    frees: (pod: Pod) => ({ cpu: pod.cpu, mem: pod.mem }),
    ...more,
  } as EvictTask<Pod>;
}

const always: EvictActions<Pod> = { idOf: (pod: Pod) => pod.id, isPending: () => false, evict: () => true };

function evictedBy(tasks: readonly EvictTask<Pod>[], actions = always): string[] {
  return runEvictRound(tasks, actions).evicted.map(({ victim, feature }) => `${feature}:${victim.id}`);
}

describe('one round', () => {
  test('victims fall in order until 8 are freed: 3 + 5', () => {
    const round = runEvictRound([task('t', { cpu: 8 }, [a, b, c])], always);
    expect(round.evicted.map((entry) => entry.victim.id)).toEqual(['a', 'b']);
    expect(round.released.used).toEqual({ cpu: 8, mem: 40 });
    expect(round.startsCooling).toBe(true);
  });

  test('every resource of a target must be met: 3 cpus are there at once, 35 of memory after the second', () => {
    expect(evictedBy([task('t', { cpu: 3, mem: 35 }, [a, b, c])])).toEqual(['t:a', 't:b']);
  });

  test('a later task sees what earlier ones freed: 30 of memory came with a', () => {
    expect(evictedBy([task('first', { cpu: 3 }, [a]), task('second', { mem: 31 }, [a, b, c])])).toEqual([
      'first:a',
      'second:b',
    ]);
  });

  test('used and requested amounts do not mix', () => {
    const byRequest = task('second', { cpu: 3 }, [a, b], { releaseType: 'request' });
    expect(evictedBy([task('first', { cpu: 3 }, [a]), byRequest])).toEqual(['first:a']);
    const onlyUsed = { ...byRequest, frees: () => ({ batch: 1 }), target: { batch: 2 } };
    expect(evictedBy([task('first', { cpu: 3 }, [a]), onlyUsed])).toEqual(['first:a', 'second:b']);
  });

  test('two tasks of one type that count a pod differently count it once, by the larger', () => {
    const thousandfold = task('second', { mem: 9000 }, [b], { frees: (pod) => ({ mem: pod.mem * 1000 }) });
    const round = runEvictRound([task('first', { cpu: 1 }, [a]), thousandfold], always);
    expect(round.released.used).toEqual({ cpu: 3, mem: 30_000 });
    expect(round.evicted.length).toBe(1);
  });

  test('a pod evicted earlier but still there counts and is not evicted again; alone it starts no cooling', () => {
    const actions = { ...always, isPending: (pod: Pod) => pod.id === 'a' };
    expect(evictedBy([task('t', { cpu: 8 }, [a, b, c])], actions)).toEqual(['t:b']);
    const round = runEvictRound([task('t', { cpu: 3 }, [a])], actions);
    expect([round.startsCooling, round.released.used.cpu]).toEqual([false, 3]);
  });

  test('a refused eviction frees nothing and the next victim is tried', () => {
    const actions = { ...always, evict: (pod: Pod) => pod.id !== 'a' };
    expect(evictedBy([task('t', { cpu: 3 }, [a, b, c])], actions)).toEqual(['t:b']);
  });

  test('no target and a target of 0 evict nobody', () => {
    expect(evictedBy([task('t', {}, [a]), task('u', { cpu: 0 }, [a])])).toEqual([]);
  });
});

test('cooling ends exactly 4 s after a memory and 20 s after a cpu eviction', () => {
  expect([isCooling(0, 3999, MEMORY_COOLING_MS), isCooling(0, 4000, MEMORY_COOLING_MS)]).toEqual([true, false]);
  expect([isCooling(0, 19_999, CPU_COOLING_MS), isCooling(0, 20_000, CPU_COOLING_MS)]).toEqual([true, false]);
});

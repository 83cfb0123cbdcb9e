import { describe, expect, test } from 'vitest';
import { bind, CHANGE, canResize, finish, hold, publish, resize, start, submit } from './apply.ts';
import { checkCluster } from './check-cluster.ts';
import { watch } from './checker.ts';
import { TIER } from './hosts.ts';
import { addTask, smallCluster } from './testing/small-cluster.ts';

const GIB = 1_073_741_824;

describe('a task that asks for other amounts where it stands', () => {
  test('3 cores grow to 5 of 5 sold and shrink to 1: host sums, running requests, recount and witness agree', () => {
    const cluster = smallCluster(1);
    const checker = watch(cluster);
    const row = addTask(cluster, 3);
    bind(cluster, row, 0, 0);
    start(cluster, row, 1);
    const at = TIER.batch * cluster.hosts.count;
    resize(cluster, row, 5_000, GIB, 2);
    expect(cluster.hosts.allocatedMilliCpu[at]).toBe(5_000);
    expect(cluster.hosts.allocatedMemBytes[at]).toBe(GIB);
    expect(cluster.hosts.beRunningRequestMilliCpu[0]).toBe(5_000);
    checkCluster(cluster);
    checker.compare();
    resize(cluster, row, 1_000, 2 * GIB, 3);
    expect(cluster.hosts.allocatedMilliCpu[at]).toBe(1_000);
    checkCluster(cluster);
    checker.compare();
    finish(cluster, row, 4);
    expect(cluster.hosts.allocatedMilliCpu[at]).toBe(0);
    expect(cluster.hosts.beRunningRequestMilliCpu[0]).toBe(0);
    checkCluster(cluster);
  });

  test('2 of 5 cores are free: 3 may grow to 5, not to 5.001; what shrinks always fits, also where less is sold than bound', () => {
    const cluster = smallCluster(1);
    const row = addTask(cluster, 3);
    bind(cluster, row, 0, 0);
    expect(canResize(cluster, row, 5_000, GIB)).toBe(true);
    expect(canResize(cluster, row, 5_001, GIB)).toBe(false);
    expect(() => resize(cluster, row, 5_001, GIB, 1)).toThrow('host 0 has no room for it');
    publish(cluster, 0, TIER.batch, 1_000, GIB, 1);
    expect(canResize(cluster, row, 2_000, GIB)).toBe(true);
    expect(canResize(cluster, row, 2_000, 2 ** 50)).toBe(false);
  });

  test('what is held for others is no room: 10 cores, 4 bound, 3 held: up to 7', () => {
    const cluster = smallCluster(1, 1);
    cluster.hosts.soldMilliCpu[0] = 10_000;
    cluster.hosts.soldMemBytes[0] = 100 * GIB;
    cluster.tasks.requestMilliCpu[0] = 4_000;
    submit(cluster, 0, 0, false);
    bind(cluster, 0, 0, 0);
    hold(cluster, 0, { tier: TIER.native, milliCpu: 3_000, memBytes: 0, cards: [], cpus: [] }, 1, 1);
    expect(canResize(cluster, 0, 7_000, 0)).toBe(true);
    expect(canResize(cluster, 0, 7_001, 0)).toBe(false);
  });

  test('a pending task takes its new size along, and every resize moves the digest', () => {
    const [plain, resized] = [smallCluster(1), smallCluster(1)];
    for (const cluster of [plain, resized]) addTask(cluster, 2);
    const checker = watch(resized);
    const heard: number[] = [];
    const { sink } = resized;
    resized.sink = (...change) => {
      sink?.(...change);
      heard.push(change[1], change[4]);
    };
    resize(resized, 0, 4_000, GIB, 5);
    expect(heard).toEqual([CHANGE.resize, 4_000]);
    expect([...resized.digest.words.slice(0, 2)]).not.toEqual([...plain.digest.words.slice(0, 2)]);
    bind(resized, 0, 0, 6);
    checker.compare();
    expect(resized.hosts.allocatedMilliCpu[TIER.batch]).toBe(4_000);
  });

  test('refused: a task that is nowhere, a task with CPUs of its own, an amount that is no amount', () => {
    const cluster = smallCluster(1);
    const row = addTask(cluster, 1, 0, true);
    expect(() => resize(cluster, row, 1, 1, 0)).toThrow('while it is nowhere');
    const other = addTask(cluster, 1);
    expect(() => resize(cluster, other, Number.NaN, 1, 0)).toThrow('would ask for NaNm');
    cluster.tasks.cpuRequest[other] = 1;
    expect(() => resize(cluster, other, 1, 1, 0)).toThrow('CPUs of its own');
  });

  test('the witness catches a growth that the host sums forgot', () => {
    const cluster = smallCluster(1);
    watch(cluster);
    const [first, second] = [addTask(cluster, 3), addTask(cluster, 2)];
    bind(cluster, first, 0, 0);
    bind(cluster, second, 0, 0);
    cluster.hosts.allocatedMilliCpu.fill(0);
    expect(() => resize(cluster, second, 3_000, GIB, 7)).toThrow('host 0 at 7 ms: 6000m asked for, 5000m sold');
  });
});

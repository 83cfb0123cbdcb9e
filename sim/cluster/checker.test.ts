import { describe, expect, test } from 'vitest';
import { abandon, bind, CHANGE, finish, loseAttempt, publish, release, setHostUp, start, submit } from './apply.ts';
import { checkCluster } from './check-cluster.ts';
import { watch } from './checker.ts';
import { TIER } from './hosts.ts';
import { freeRow, moveTo, TASK_STATE } from './tasks.ts';
import { addTask, smallCluster } from './testing/small-cluster.ts';

describe('a run as it should be', () => {
  test('work in = done + abandoned + left: 3 tasks of 2 cores and 60 s, one each', () => {
    const cluster = smallCluster(2);
    const checker = watch(cluster);
    const [done, given, left] = [addTask(cluster, 2), addTask(cluster, 2), addTask(cluster, 2, 0, true)];
    bind(cluster, done, 0, 10);
    start(cluster, done, 20);
    finish(cluster, done, 60_020);
    freeRow(cluster.tasks, done);
    bind(cluster, given, 1, 10);
    loseAttempt(cluster, given, 15, CHANGE.fail, 0);
    abandon(cluster, given, 15);
    release(cluster, left, 20);
    checker.compare();
    checkCluster(cluster);
    // 2 cores x 50 % x 60,000 ms = 60,000,000 milli-core-ms each.
    expect(checker.work()).toEqual({ submitted: 180e6, done: 60e6, abandoned: 60e6, left: 60e6 });
    expect(checker.counts()).toEqual({ submitted: 3, done: 1, abandoned: 1, left: 1 });
  });

  test('what was there before the watch began is taken as given', () => {
    const cluster = smallCluster(1);
    const row = addTask(cluster, 2);
    bind(cluster, row, 0, 0);
    const checker = watch(cluster);
    start(cluster, row, 5);
    checker.compare();
    expect(checker.counts().left).toBe(1);
  });

  test('a sink that was there still hears everything', () => {
    const cluster = smallCluster(1);
    const heard: number[] = [];
    cluster.sink = (_timeMs, change) => {
      heard.push(change);
    };
    watch(cluster);
    bind(cluster, addTask(cluster, 1), 0, 0);
    expect(heard).toEqual([CHANGE.submit, CHANGE.bind]);
  });
});

describe('what the checker catches when the tables are broken behind its back', () => {
  function bound() {
    const cluster = smallCluster(2);
    const checker = watch(cluster);
    const row = addTask(cluster, 3);
    bind(cluster, row, 0, 0);
    return { cluster, checker, row, tasks: cluster.tasks, hosts: cluster.hosts };
  }

  test('a task bound twice', () => {
    const { cluster, row, tasks } = bound();
    tasks.state[row] = TASK_STATE.pending;
    expect(() => bind(cluster, row, 1, 5)).toThrow('task 1000: bind at 5 ms while it is bound');
  });

  test('a task that starts before it is bound', () => {
    const { cluster, tasks } = bound();
    const row = addTask(cluster, 1);
    tasks.state[row] = TASK_STATE.bound;
    tasks.host[row] = 1;
    expect(() => start(cluster, row, 5)).toThrow('start at 5 ms while it is pending');
  });

  test('a task that finishes elsewhere than it ran', () => {
    const { cluster, row, tasks } = bound();
    start(cluster, row, 1);
    tasks.host[row] = 1;
    expect(() => finish(cluster, row, 9)).toThrow('finish on host 1 at 9 ms, but it is on host 0');
  });

  test('a task submitted twice, also after its end', () => {
    const { cluster, row, tasks } = bound();
    start(cluster, row, 1);
    finish(cluster, row, 2);
    freeRow(tasks, row);
    expect(() => submit(cluster, row, 3, false)).toThrow('task 1000 submitted twice');
  });

  test('a capacity sum that forgets a task: 3 + 3 of 5 cores sold', () => {
    const { cluster, hosts } = bound();
    hosts.allocatedMilliCpu.fill(0);
    const second = addTask(cluster, 3);
    expect(() => bind(cluster, second, 0, 5)).toThrow('host 0 at 5 ms: 6000m bound, 5000m sold');
  });

  test('a memory sum that forgets a task: 3 + 3 of 5 GiB sold, CPU for both', () => {
    const { cluster, hosts } = bound();
    publish(cluster, 0, TIER.batch, 10_000, 5 * 1_073_741_824, 1);
    hosts.allocatedMemBytes.fill(0);
    const second = addTask(cluster, 3);
    expect(() => bind(cluster, second, 0, 5)).toThrow('host 0 at 5 ms: 6442450944 bytes bound, 5368709120 sold');
  });

  test('a task that vanished from the table', () => {
    const { checker, row, tasks } = bound();
    tasks.state[row] = TASK_STATE.free;
    expect(() => checker.compare()).toThrow('1 tasks are known, 0 are in the table: tasks were lost');
  });

  test('a task that was never submitted', () => {
    const { checker, cluster } = bound();
    const row = addTask({ ...cluster, sink: null }, 1);
    expect(row).toBe(1);
    expect(() => checker.compare()).toThrow('was never submitted');
  });

  test('a host that goes down twice, or with a task on it', () => {
    const { cluster, hosts } = bound();
    setHostUp(cluster, 1, false, 4);
    expect(() => setHostUp(cluster, 1, false, 5)).toThrow('host 1 goes down twice');
    hosts.taskCount[0] = 0;
    expect(() => setHostUp(cluster, 0, false, 5)).toThrow('host 0 goes down with 1 tasks');
  });

  test('a bind to a host that is down while the table says it is up', () => {
    const { cluster, hosts } = bound();
    setHostUp(cluster, 1, false, 4);
    hosts.up[1] = 1;
    expect(() => bind(cluster, addTask(cluster, 1), 1, 5)).toThrow('host 1, which is down');
  });

  test('a task that runs, lost without a word', () => {
    const { cluster, row, tasks } = bound();
    start(cluster, row, 1);
    moveTo(tasks, row, TASK_STATE.pending);
    expect(() => checkCluster(cluster)).toThrow('is pending with host 0');
  });
});

describe('what the recount catches', () => {
  const columns = [
    'allocatedMilliCpu',
    'allocatedMemBytes',
    'podCount',
    'taskCount',
    'onlineMemBytes',
    'beDemandMilliCpu',
    'beMemBytes',
    'beRunningRequestMilliCpu',
    'beDemandByClass',
  ] as const;

  test.each(columns)('one too many in %s', (column) => {
    const cluster = smallCluster(2, 1);
    submit(cluster, 0, 0, false);
    for (const row of [0, addTask(cluster, 2)]) {
      bind(cluster, row, 1, 0);
      start(cluster, row, 0);
    }
    checkCluster(cluster);
    cluster.hosts[column][1]++;
    expect(() => checkCluster(cluster)).toThrow(`${column}[1]`);
  });

  test('every tier is counted again: mid and free as well as native and batch', () => {
    for (const tier of Object.values(TIER)) {
      const cluster = smallCluster(2);
      const checker = watch(cluster);
      publish(cluster, 0, TIER.mid, 5_000, 50e9, 0);
      publish(cluster, 0, TIER.free, 5_000, 50e9, 0);
      checker.compare();
      cluster.hosts.allocatedMilliCpu[tier * cluster.hosts.count]++;
      expect(() => checker.compare(), `tier ${tier}`).toThrow(`host 0 tier ${tier}: 0m bound, the table says 1m`);
    }
  });

  test('a torn list of tasks and a wrong count of states', () => {
    const cluster = smallCluster(1);
    const rows = [addTask(cluster, 1), addTask(cluster, 1), addTask(cluster, 1)];
    for (const row of rows) bind(cluster, row, 0, 0);
    checkCluster(cluster);
    cluster.tasks.nextOnHost[rows[2]] = rows[0];
    expect(() => checkCluster(cluster)).toThrow('the list of host 0 is torn');
    cluster.tasks.nextOnHost[rows[2]] = rows[1];
    cluster.tasks.countByState[8 + TASK_STATE.bound]++;
    expect(() => checkCluster(cluster)).toThrow('3 tasks of kind 1 are bound, the count says 4');
  });
});

describe('what apply itself refuses', () => {
  test('one milli-CPU and one byte more than sold', () => {
    const cluster = smallCluster(1);
    const [big, small] = [addTask(cluster, 5), addTask(cluster, 1)];
    cluster.tasks.requestMilliCpu[small] = 1;
    cluster.tasks.requestMemBytes[small] = 0;
    bind(cluster, big, 0, 0);
    expect(() => bind(cluster, small, 0, 0)).toThrow('5001m allocated, 5000m sold');
    const other = smallCluster(1);
    const row = addTask(other, 1);
    other.tasks.requestMemBytes[row] = 50 * 1_073_741_824 + 1;
    expect(() => bind(other, row, 0, 0)).toThrow('bytes allocated');
  });

  test('arrows that the state machine does not have', () => {
    const cluster = smallCluster(1);
    const row = addTask(cluster, 1, 0, true);
    expect(() => bind(cluster, row, 0, 0)).toThrow('cannot go from held to bound');
    release(cluster, row, 0);
    expect(() => start(cluster, row, 0)).toThrow('cannot go from pending to running');
    bind(cluster, row, 0, 0);
    expect(() => finish(cluster, row, 0)).toThrow('cannot go from bound to finished');
  });

  test('selling less than is allocated stops binds and moves nobody', () => {
    const cluster = smallCluster(1);
    const [first, second] = [addTask(cluster, 2), addTask(cluster, 1)];
    bind(cluster, first, 0, 0);
    publish(cluster, 0, TIER.batch, 1_000, 1e9, 5);
    expect(cluster.tasks.host[first]).toBe(0);
    expect(() => bind(cluster, second, 0, 6)).toThrow('3000m allocated, 1000m sold');
    expect(() => publish(cluster, 0, TIER.batch, -1, 0, 7)).toThrow('would sell -1m');
  });
});

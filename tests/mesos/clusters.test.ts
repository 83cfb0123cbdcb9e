// Clusters as they were run: the 600-agent cluster at a tenth, a master that is lost, agents with GPUs.
import { describe, expect, test } from 'vitest';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

describe('the 600-agent cluster', () => {
  test('at a tenth of its size 150,000 containers a week run about 205 at once, and CPU use is above 20 %', async () => {
    const plan = await libraryPlan('mesos-600', [
      'cluster.hosts.mixed.count=60',
      'online.pods=300',
      'online.services=8',
      'bestEffort.tasksPerWeek=150000',
      'horizon=8h',
    ]);
    const engine = runTo(plan, plan.horizonMs);
    const run = results(engine);
    expect(run.summary.cpuUtilisationMeanPercent).toBeGreaterThan(20);
    // Little's law: 150,000 a week x exp(5.6 + 1.5^2 / 2) = 833 s is 207 at once; slowed by contention, cut at 8 h, so +-25 %.
    const { columns, rows } = run.tables.windows;
    let sum = 0;
    let n = 0;
    for (let w = 120; w < rows; w++, n++) sum += Number(columns.bestEffortRunning[w]);
    expect(sum / n).toBeGreaterThan(155);
    expect(sum / n).toBeLessThan(260);
    // 99.99 % of attempts succeeded in production; here 1.4 % fail by the plan, retries bring every task home.
    expect(batchSum(run, 'abandoned')).toBe(0);
    // An idle agent comes by within seconds: half the tasks run 3 s after they were submitted.
    expect(run.summary.waitMsP50).toBeLessThan(3_000);
  });
});

describe('a lost master', () => {
  test('kills nothing, offers nothing for the ten seconds of the session, and the queue of that time is gone a minute later', async () => {
    const plan = await libraryPlan('mesos-master-lost');
    const engine = runTo(plan, HOUR - 1);
    const running = () => countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running);
    const before = running();
    expect(before).toBeGreaterThan(80);
    const launches = mesosOf(engine).counters().launches;
    runUntil(engine, HOUR + 9_999);
    expect(mesosOf(engine).counters().launches).toBe(launches);
    // One in 114 s ends (exp(4.5 + 0.5^2 / 2) = 102 s of work): some 10 of 115 in ten seconds, none by the loss itself.
    expect(running()).toBeGreaterThan(before - 35);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeGreaterThan(3);
    runUntil(engine, HOUR + 70_000);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeLessThan(8);
    expect(countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)).toBe(48);
    runUntil(engine, plan.horizonMs);
    expect(batchSum(results(engine), 'evicted')).toBe(0);
  });
});

describe('a lost scheduler', () => {
  const incidents = (backAt: string) =>
    `controlPlane.incidents=[{at: 2h, kind: scheduler-lost, framework: sisyphus}, {at: ${backAt}, kind: resubscribe, framework: sisyphus}]`;

  test('back after five minutes within its failover timeout of a week: its tasks ran on and it hears of their ends', async () => {
    const plan = await libraryPlan('mesos-unit', [incidents('125m'), 'horizon=4h']);
    const engine = runTo(plan, 4 * HOUR);
    const run = results(engine);
    expect(batchSum(run, 'evicted')).toBe(0);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeLessThan(10);
  });

  test('with a failover timeout of one minute all its tasks are killed, and its id is refused when it comes back', async () => {
    const plan = await libraryPlan('mesos-unit', [
      incidents('125m'),
      'controlPlane.frameworks.sisyphus.failoverTimeout=1m',
      'horizon=4h',
    ]);
    const engine = runTo(plan, 2 * HOUR);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running)).toBeGreaterThan(20);
    runUntil(engine, 2 * HOUR + 61_000);
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.running)).toBe(0);
    runUntil(engine, plan.horizonMs);
    // 357 an hour come in and nobody takes them.
    expect(countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending)).toBeGreaterThan(650);
    expect(countInState(engine.cluster.tasks, TASK_KIND.online, TASK_STATE.running)).toBe(48);
  });
});

describe('agents with GPUs', () => {
  test('with the filter five of twenty run no best effort while a queue waits; without it they run as much as others', async () => {
    const byHost = async (sets: string[]) => {
      const plan = await libraryPlan('mesos-gpu-agents', sets);
      const engine = runTo(plan, plan.horizonMs);
      // Shapes stand in the order of the file: 11 with disks, 4 with SSDs, 5 with GPUs.
      const { taskCount } = engine.cluster.hosts;
      const pending = countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
      return { gpu: taskCount.slice(15).reduce((sum, tasks) => sum + tasks, 0), pending };
    };
    const kept = await byHost([]);
    expect(kept.gpu).toBe(0);
    expect(kept.pending).toBeGreaterThan(100);
    const open = await byHost(['controlPlane.filterGpuResources=false']);
    expect(open.gpu).toBeGreaterThan(30);
    expect(open.pending).toBeLessThan(kept.pending / 2);
  });
});

// Clusters as they were run: the 600-agent cluster at a tenth, a master that is lost, agents with GPUs.
import { describe, expect, test } from 'vitest';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, mesosOf, results, runTo } from './run-scenario.ts';

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

  /** What the report says of the registrations after a loss at 1 h. */
  const registrations = async (...sets: string[]) => {
    const engine = runTo(await libraryPlan('mesos-master-lost', sets), HOUR + 2 * MINUTE);
    const said = mesosOf(engine)
      .notes()
      .join('\n')
      .match(
        /The master was lost at 60\.0 min: it takes the 10 s .* (\d+) of 2 frameworks registered anew within ([\d.]+) s and (\d+) of 20 agents within ([\d.]+) s, at most (\d+) of them in one second/,
      );
    const [frameworks, frameworkS, agents, agentS, most] = (said ?? []).slice(1).map(Number);
    return { frameworks, frameworkS, agents, agentS, most };
  };

  test('is followed by a storm of registrations, all in the thirteenth second; a longer back-off spreads them', async () => {
    // Session 10 s, schedulers within 2 s of that, agents 2 s and a uniform part of the back-off of 1 s after it.
    const storm = await registrations();
    expect(storm).toMatchObject({ frameworks: 2, agents: 20, most: 20 });
    expect(storm.frameworkS).toBeGreaterThanOrEqual(10);
    expect(storm.frameworkS).toBeLessThanOrEqual(12);
    // The last of twenty uniform draws is below 0.7 once in a thousand.
    expect(storm.agentS).toBeGreaterThan(12.7);
    expect(storm.agentS).toBeLessThanOrEqual(13);
    const spread = await registrations('controlPlane.agentBackoff=60s');
    expect(spread.agents).toBe(20);
    expect(spread.agentS).toBeGreaterThan(12 + 0.7 * 60);
    expect(spread.agentS).toBeLessThanOrEqual(72);
    // A third of an agent a second.
    expect(spread.most).toBeLessThan(6);
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
      const notes = mesosOf(engine).notes().join('\n');
      return { engine, notes, gpu: taskCount.slice(15).reduce((sum, tasks) => sum + tasks, 0), pending };
    };
    const kept = await byHost([]);
    expect(kept.gpu).toBe(0);
    expect(kept.pending).toBeGreaterThan(100);
    const { soldMilliCpu, allocatedMilliCpu } = kept.engine.cluster.hosts;
    let idle = 0;
    for (let host = 15; host < 20; host++) idle += soldMilliCpu[host] - allocatedMilliCpu[host];
    expect(idle).toBeGreaterThan(100_000);
    expect(kept.notes).toContain(
      `filterGpuResources keeps 5 agents with GPUs from "sisyphus", which is not gpuCapable: ${(idle / 1000).toFixed(2)} cores stand idle there while ${kept.pending} of its tasks wait`,
    );
    const open = await byHost(['controlPlane.filterGpuResources=false']);
    expect(open.gpu).toBeGreaterThan(30);
    expect(open.pending).toBeLessThan(kept.pending / 2);
    expect(open.notes).not.toContain('filterGpuResources');
  });
});

// Several clusters under one roof: shares of a federation, queues of data centres that spill over.
import { describe, expect, test } from 'vitest';
import { countInState, TASK_KIND, TASK_STATE } from '../../sim/cluster/tasks.ts';
import { batchSum, HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

describe('a federation', () => {
  test('at a tenth of 2,000 hosts and 5 M containers a week runs what comes in, each cluster its own share', async () => {
    const plan = await libraryPlan('mesos-federation', [
      'cluster.hosts.dc1.count=60',
      'cluster.hosts.dc2.count=50',
      'cluster.hosts.dc3.count=50',
      'cluster.hosts.dc4.count=40',
      'online.pods=800',
      'online.services=16',
      'bestEffort.tasksPerWeek=500000',
      'horizon=6h',
    ]);
    const engine = runTo(plan, plan.horizonMs);
    const run = results(engine);
    const { columns, rows } = run.tables.windows;
    let most = 0;
    for (let w = 0; w < rows; w++) most = Math.max(most, Number(columns.bestEffortRunning[w]));
    // Little: 500,000 a week x exp(6.19 + 1.5^2 / 2) = 1,501 s is 1,241 at once over the week, of 2,000 allowed by the published peak.
    expect(most).toBeGreaterThan(900);
    expect(most).toBeLessThan(2_000);
    expect(batchSum(run, 'abandoned')).toBe(0);
    expect(run.summary.waitMsP50).toBeLessThan(3_000);
    // Tasks of a population run in its own cluster as long as no queue spills.
    expect(mesosOf(engine).counters().spilled).toBe(0);
    const { tasks, hosts } = engine.cluster;
    const onShape = [0, 0, 0, 0];
    for (let row = tasks.firstBestEffort; row < tasks.used; row++)
      if (tasks.state[row] === TASK_STATE.running) {
        expect(hosts.shape[tasks.host[row]]).toBe(tasks.group[row]);
        onShape[tasks.group[row]]++;
      }
    for (const count of onShape) expect(count).toBeGreaterThan(100);
    // Services are dealt to the Marathons of all four clusters.
    const podsOn = [0, 0, 0, 0];
    for (let host = 0; host < hosts.count; host++) podsOn[hosts.shape[host]] += hosts.podCount[host];
    for (const pods of podsOn) expect(pods).toBeGreaterThan(60);
    const said = mesosOf(engine)
      .notes()
      .join('\n')
      .match(
        /The federation's 4 clusters: "dc1" launched (\d+) on 60 agents, \d+ wait; "dc2" launched (\d+) on 50 agents, \d+ wait; "dc3" launched (\d+) on 50 agents, \d+ wait; "dc4" launched (\d+) on 40 agents, \d+ wait\. No task spilled over/,
      );
    const launched = (said ?? []).slice(1).map(Number);
    const all = launched.reduce((sum, count) => sum + count, 0);
    expect(all).toBe(mesosOf(engine).counters().launches);
    // The populations' shares of the load.
    [0.3, 0.25, 0.25, 0.2].forEach((share, cluster) => {
      expect(launched[cluster] / all).toBeCloseTo(share, 1);
    });
  });
});

describe('queues of two data centres', () => {
  const pendingAt = async (sets: string[]) => {
    const engine = runTo(await libraryPlan('mesos-multi-dc', sets), 6 * HOUR - 1);
    return {
      pending: countInState(engine.cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending),
      ...mesosOf(engine).counters(),
      notes: mesosOf(engine).notes().join('\n'),
    };
  };

  test('spill over from 50 waiting tasks on, so that the queue of the full one stays there; kept at home it grows', async () => {
    const spilling = await pendingAt([]);
    const kept = await pendingAt(['controlPlane.frameworks.east.spillAtQueue=0']);
    expect(kept.spilled).toBe(0);
    expect(kept.pending).toBeGreaterThan(150);
    expect(spilling.spilled).toBeGreaterThan(50);
    expect(spilling.pending).toBeLessThan(60);
    expect(spilling.notes).toContain('A queue that reached its spillAtQueue sent new tasks to the others.');
    expect(kept.notes).toContain('No task spilled over (spillAtQueue, spillTo)');
    expect(spilling.notes).toContain(`${spilling.spilled} tasks spilled over from a full queue`);
    expect(kept.notes).toMatch(
      /tasks wait at "east"; of 10 agents [01] have the CPU one asks for, 10 the memory, 10 the disk: CPU is short/,
    );
  });
});

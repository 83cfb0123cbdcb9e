// Where tasks go under Mesos, and what the same load costs under three ways of selling idle CPU.
import { describe, expect, test } from 'vitest';
import { TASK_STATE } from '../../sim/cluster/tasks.ts';
import type { RunResults } from '../../sim/results/schema.ts';
import { batchSum, HOUR, libraryPlan, mesosOf, results, runTo } from './run-scenario.ts';

/** Largest hourly CPU use of one host, percent of the host, without system. */
function busiestHostPercent(run: RunResults): number {
  const { onlineUtilisation, bestEffortUtilisation } = run.tables.hostHours.columns;
  let most = 0;
  for (let i = 0; i < run.tables.hostHours.rows; i++)
    most = Math.max(most, Number(onlineUtilisation[i]) + Number(bestEffortUtilisation[i]));
  return 100 * most;
}

describe('rules of placement', () => {
  test("hostname:MAX_PER:2 in Marathon's words spreads forty replicas two by two over twenty agents, also after a restart", async () => {
    const plan = await libraryPlan('mesos-unit', [
      'controlPlane.frameworks.marathon.constraints={web: ["hostname:MAX_PER:2"]}',
      'online.explicit.cache=null',
      'online.explicit.web.rollingRestartAt=[1h]',
    ]);
    const { cluster } = runTo(plan, 2 * HOUR);
    expect([...cluster.hosts.podCount]).toEqual(new Array(20).fill(2));
  });
});

describe('SSD-aware placement', () => {
  test('eight replicas that ask for SSDs stand two by two on the four agents that have them, also after a restart', async () => {
    const plan = await libraryPlan('mesos-unit', ['online.explicit.cache.rollingRestartAt=[1h]']);
    const engine = runTo(plan, 2 * HOUR);
    const { cluster, online } = engine;
    const cache = online.services.names.indexOf('cache');
    const onHost = new Map<number, number>();
    for (let row = online.firstPod[cache]; row < online.firstPod[cache + 1]; row++) {
      expect(cluster.tasks.state[row]).toBe(TASK_STATE.running);
      expect(cluster.tasks.startedAtMs[row]).toBeGreaterThan(HOUR - 1);
      const host = cluster.tasks.host[row];
      onHost.set(host, (onHost.get(host) ?? 0) + 1);
    }
    // Hosts 16 to 19 are the ones with SSDs; at most 2 replicas a host, so 8 replicas fill all four.
    expect([...onHost].sort(([a], [b]) => a - b)).toEqual([16, 17, 18, 19].map((host) => [host, 2]));
    // 8 x 4 / 20 by chance.
    expect(mesosOf(engine).notes()).toContain(
      '8 of 8 replicas of "cache" stand on the 4 of 20 agents that its rule asks for (disk LIKE ssd); without the rule chance would put 1.6 there.',
    );
  });
});

describe('placement without the rule', () => {
  test('spreads the eight replicas over agents with disks as well: fewer than half stand on SSDs', async () => {
    const plan = await libraryPlan('mesos-unit', [
      'online.explicit.cache.nodeSelector={}',
      'online.explicit.cache.rollingRestartAt=[1h]',
    ]);
    const engine = runTo(plan, 2 * HOUR);
    const { cluster, online } = engine;
    expect(mesosOf(engine).notes().join('\n')).not.toContain('its rule asks for');
    const cache = online.services.names.indexOf('cache');
    let onSsd = 0;
    for (let row = online.firstPod[cache]; row < online.firstPod[cache + 1]; row++) {
      expect(cluster.tasks.state[row]).toBe(TASK_STATE.running);
      if (cluster.tasks.host[row] >= 16) onSsd++;
    }
    // Hosts 16 to 19 of twenty have them: 8 x 4 / 20 = 1.6 by chance.
    expect(onSsd).toBeLessThan(4);
  });
});

describe('static oversubscription', () => {
  const base = 'mesos-compare-static';

  test('without it services leave 19 % of the CPU to sell; one and a half times fill the busiest host above 50 % and the mean above 20 %', async () => {
    const none = results(runTo(await libraryPlan(base, ['controlPlane.oversubscription={}', 'horizon=4h']), 4 * HOUR));
    const half = results(runTo(await libraryPlan(base, ['horizon=4h']), 4 * HOUR));
    expect(half.summary.cpuUtilisationMeanPercent).toBeGreaterThan(20);
    expect(busiestHostPercent(half)).toBeGreaterThan(50);
    const [sold] = half.notes;
    expect(sold).toContain(
      `Agents sold 1.5 times the CPU they have: hosts used ${half.summary.cpuUtilisationMeanPercent.toFixed(1)} % of theirs on average, the busiest ${busiestHostPercent(half).toFixed(1)} % in its busiest hour`,
    );
    expect(sold).toContain(
      `${half.summary.lateRequestFromColocationPercent.toFixed(2)} % of requests were late because of best effort beside them, with isolation "equal". Nothing holds best effort back`,
    );
    expect(none.notes).toEqual([]);
    // Services ask for 80 %, 1 % is reserved: at most 19 % x 80 % use is left to best effort without overselling.
    expect(none.summary.bestEffortUtilisationMeanPercent).toBeLessThan(19 * 0.8);
    expect(half.summary.bestEffortUtilisationMeanPercent).toBeGreaterThan(
      2 * none.summary.bestEffortUtilisationMeanPercent,
    );
  });

  test('isolation by group identity takes away nine in ten of the late requests that overselling without isolation costs', async () => {
    const run = async (isolation: string) => {
      const plan = await libraryPlan(base, [`physics.isolation=${isolation}`, 'horizon=4h']);
      const { summary, notes } = results(runTo(plan, 4 * HOUR));
      return { late: summary.lateRequestFromColocationPercent, note: notes[0] };
    };
    const equal = await run('equal');
    expect(equal.late).toBeGreaterThan(1);
    const isolated = await run('group-identity');
    expect(isolated.late).toBeLessThan(equal.late / 10);
    expect(isolated.note).toMatch(/with isolation "group-identity"\.$/);
  });
});

describe('the same load and hosts under three ways to sell idle CPU', () => {
  test('static sells most requests late, revocable fewer, Koordinator fewest; the water-line costs best effort its throughput', async () => {
    const [sold, revocable, koordinator] = await Promise.all(
      ['mesos-compare-static', 'mesos-compare-revocable', 'mesos-compare-koordinator'].map(async (name) => {
        const plan = await libraryPlan(name, ['horizon=4h']);
        return results(runTo(plan, plan.horizonMs));
      }),
    );
    // One seed draws one load: the three runs are asked the same.
    expect(batchSum(revocable, 'submitted')).toBe(batchSum(sold, 'submitted'));
    expect(batchSum(koordinator, 'submitted')).toBe(batchSum(sold, 'submitted'));
    const late = (run: RunResults) => run.summary.lateRequestFromColocationPercent;
    expect(late(sold)).toBeGreaterThan(4 * late(revocable));
    expect(late(revocable)).toBeGreaterThan(4 * late(koordinator));
    expect(sold.summary.cpuUtilisationMeanPercent).toBeGreaterThan(50);
    expect(revocable.summary.doneCoreHours).toBeGreaterThan(koordinator.summary.doneCoreHours);
    expect(batchSum(sold, 'evicted')).toBe(0);
    expect(batchSum(koordinator, 'evicted')).toBe(0);
  });

  test('a load threshold below what the sold slack comes to kills everything again and again: most work is wasted', async () => {
    // Tasks that were sold the slack use 59 % of the hosts; the load controller without hysteresis kills above 50 %.
    const plan = await libraryPlan('mesos-compare-revocable', [
      'policies.1.config.load5ThresholdPercent=50',
      'horizon=4h',
    ]);
    const run = results(runTo(plan, plan.horizonMs));
    expect(batchSum(run, 'evicted')).toBeGreaterThan(10 * batchSum(run, 'finished'));
    expect(run.summary.wastedPercent).toBeGreaterThan(80);
  });
});

/** Services that own CPUs, as a scenario: who fits where, checks all the way, index against scan, and forks. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { watch } from '../sim/cluster/checker.ts';
import { cpusOf } from '../sim/cluster/cpusets.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const scenario = join(import.meta.dirname, '../scenarios/library/cpuset.yaml');
const planWith = async (...sets: string[]): Promise<Plan> =>
  (await loadPlan(scenario, { sets: ['horizon=2h', ...sets] })).plan;

/** Runs with both checkers looking on. */
function runChecked(plan: Plan, byScan = false): Engine {
  const { engine } = prepare(plan, { placementByScan: byScan });
  const checker = watch(engine.cluster);
  for (let hour = 1; hour <= 2; hour++) {
    runUntil(engine, hour * HOUR);
    checkEngine(engine);
    checker.compare();
  }
  return engine;
}

const runningOf = ({ cluster: { tasks }, online }: Engine, service: string): number[] => {
  const s = online.services.names.indexOf(service);
  const rows = Array.from({ length: online.firstPod[s + 1] - online.firstPod[s] }, (_, i) => online.firstPod[s] + i);
  return rows.filter((row) => tasks.state[row] === TASK_STATE.running);
};

describe('pods of 6 CPUs on ten hosts of 2 x 16 CPUs, 30.4 of 32 sold', () => {
  const alone = [
    'online.explicit.pricing.replicas=45',
    'online.explicit.ranking.replicas=0',
    'online.explicit.web.replicas=0',
  ];

  test('single-numa-node: trunc(16 / 6) = 2 a node, 4 a host, so 40 of 45 run; none: trunc(30.4 / 6) = 5 a host, all run', async () => {
    expect(runningOf(runChecked(await planWith(...alone)), 'pricing')).toHaveLength(40);
    const none = await planWith(...alone, 'cluster.hosts.numa.numaTopologyPolicy=none');
    expect(runningOf(runChecked(none), 'pricing')).toHaveLength(45);
  });

  test('restricted refuses what one node of an empty host could take and best-effort does not', async () => {
    const under = async (policy: string) =>
      runningOf(runChecked(await planWith(...alone, `cluster.hosts.numa.numaTopologyPolicy=${policy}`)), 'pricing')
        .length;
    expect([await under('restricted'), await under('best-effort')]).toEqual([40, 45]);
  });

  test('every pod has 6 CPUs of one node, in whole cores; spread-by-pcpus gives one thread of each of 6 cores', async () => {
    const cores = (engine: Engine) =>
      runningOf(engine, 'pricing').map((row) => {
        const { tasks, hosts } = engine.cluster;
        const host = tasks.host[row];
        const cpus = cpusOf(hosts.cpus, host, row);
        expect(new Set(cpus.map((cpu) => Math.floor(cpu / 16))).size).toBe(1);
        return new Set(cpus.map((cpu) => Math.floor(cpu / 2))).size;
      });
    const few = ['online.explicit.pricing.replicas=10', 'online.explicit.ranking.replicas=0'];
    expect(cores(runChecked(await planWith(...few)))).toEqual(new Array(10).fill(3));
    const spread = await planWith(...few, 'online.explicit.pricing.cpuBindPolicy=spread-by-pcpus');
    expect(cores(runChecked(spread))).toEqual(new Array(10).fill(6));
  });
});

describe('pods that keep off each other', () => {
  const one = (...sets: string[]) =>
    planWith(
      'cluster.hosts.numa.count=1',
      'online.explicit.ranking.replicas=0',
      'online.explicit.web.replicas=0',
      'bestEffort.tasksPerWeek=0',
      ...sets,
    );
  const placesOf = (engine: Engine, of: (cpu: number) => number) => {
    const { tasks, hosts } = engine.cluster;
    return runningOf(engine, 'pricing').map((row) => of(cpusOf(hosts.cpus, tasks.host[row], row)[0]));
  };
  const core = (cpu: number) => Math.floor(cpu / 2);
  const node = (cpu: number) => Math.floor(cpu / 16);

  test('pcpu-level: 8 pods of one CPU stand on 8 cores, without it on 4; 20 pods on 16 cores all run, because it is a wish', async () => {
    const pods = (count: number, policy: string, ...sets: string[]) =>
      one(
        ...sets,
        `online.explicit.pricing.replicas=${count}`,
        'online.explicit.pricing.cpuRequest=1',
        'online.explicit.pricing.memRequest=1GiB',
        'online.explicit.pricing.cpuBindPolicy=spread-by-pcpus',
        `online.explicit.pricing.cpuExclusivePolicy=${policy}`,
      );
    const cores = async (count: number, policy: string, ...sets: string[]) =>
      placesOf(runChecked(await pods(count, policy, ...sets)), core);
    expect(new Set(await cores(8, 'none')).size).toBe(4);
    expect(new Set(await cores(8, 'pcpu-level')).size).toBe(8);
    // The topology policy fills one NUMA node first: 16 pods on its 8 cores, then 4 on 4 of the other. Without it all 16 cores come first.
    const many = await cores(20, 'pcpu-level');
    expect(many).toHaveLength(20);
    expect(new Set(many).size).toBe(12);
    const anywhere = await cores(20, 'pcpu-level', 'cluster.hosts.numa.numaTopologyPolicy=none');
    expect(anywhere).toHaveLength(20);
    expect(new Set(anywhere).size).toBe(16);
  });

  test('numa-node-level: two pods of 4 CPUs stand on two NUMA nodes, without it on one; a third runs all the same', async () => {
    const nodes = async (count: number, policy: string) => {
      const plan = await one(
        `online.explicit.pricing.replicas=${count}`,
        'online.explicit.pricing.cpuRequest=4',
        `online.explicit.pricing.cpuExclusivePolicy=${policy}`,
      );
      return placesOf(runChecked(plan), node).sort();
    };
    expect(await nodes(2, 'none')).toEqual([0, 0]);
    expect(await nodes(2, 'numa-node-level')).toEqual([0, 1]);
    expect(await nodes(3, 'numa-node-level')).toHaveLength(3);
  });

  test('pods that share their CPUs have nothing to keep off with', async () => {
    await expect(one('online.explicit.web.cpuExclusivePolicy=pcpu-level')).rejects.toThrow(
      /online\.explicit\.web\.cpuExclusivePolicy is pcpu-level, but LS pods own no CPUs/,
    );
  });
});

describe('the scenario as it stands, with a host that fails', () => {
  const broken = async (): Promise<Plan> => {
    const plan = await planWith();
    return { ...plan, failures: { ...plan.failures, outages: [{ host: 2, atMs: HOUR / 3, durationMs: HOUR / 3 }] } };
  };

  test('index and scan end in the same digest', async () => {
    const plan = await broken();
    expect(digestText(runChecked(plan, true).cluster.digest)).toBe(digestText(runChecked(plan).cluster.digest));
  });

  test('a run forked while the host is down ends as the one that was not', async () => {
    const plan = await broken();
    const straight = runChecked(plan);
    const { engine } = prepare(plan, {});
    runUntil(engine, HOUR / 2);
    const forked = restoreRun(
      plan,
      workloadOf(plan),
      { policies: policiesOf(plan) },
      structuredClone(snapshotRun(engine)),
    );
    checkEngine(forked);
    runUntil(forked, 2 * HOUR);
    checkEngine(forked);
    expect(digestText(forked.cluster.digest)).toBe(digestText(straight.cluster.digest));
  });
});

describe('what LSE and LSR pods leave to best effort', () => {
  // On every host three pods of 6 CPUs and one of 4, all idle: 18 CPUs LSE, 4 LSR, 10 shared.
  const idle = [
    'online.explicit.pricing.replicas=30',
    'online.explicit.pricing.maxPerHost=3',
    'online.explicit.pricing.meanUsagePercent=0',
    'online.explicit.ranking.replicas=10',
    'online.explicit.ranking.maxPerHost=1',
    'online.explicit.ranking.meanUsagePercent=0',
    'online.explicit.web.replicas=0',
    'bestEffort.tasksPerWeek=0',
    'cluster.reservedCpuPercent=5',
    'cluster.systemCpuPercent=1',
    'koordinator.cpuSuppressThresholdPercent=50',
  ];
  const sold = ({ cluster: { hosts } }: Engine) => [...hosts.soldMilliCpu.subarray(hosts.count, 2 * hosts.count)];
  const onEveryHost = (value: number) => new Array(10).fill(value);
  const withQos = async (...sets: string[]) => runChecked(await planWith(...idle, ...sets));

  test('batch: 32 - 12.8 margin - 1.6 reserved = 17.6 CPUs where all are LS; LSE by request: 0; two LSE pods a host: 5.6', async () => {
    const shared = await withQos('online.explicit.pricing.qos=LS', 'online.explicit.ranking.qos=LS');
    expect(sold(shared)).toEqual(onEveryHost(17_600));
    expect(sold(await withQos())).toEqual(onEveryHost(0));
    const two = ['online.explicit.pricing.replicas=20', 'online.explicit.pricing.maxPerHost=2'];
    expect(sold(await withQos(...two))).toEqual(onEveryHost(5_600));
  });

  test('K3: LSR pods are reclaimed by usage, 5.6 CPUs sold; without the quirk by request, 1.6', async () => {
    const two = ['online.explicit.pricing.replicas=20', 'online.explicit.pricing.maxPerHost=2'];
    expect(sold(await withQos(...two))).toEqual(onEveryHost(5_600));
    expect(sold(await withQos(...two, 'koordinator.quirks.lsrReclaimedByUsage=false'))).toEqual(onEveryHost(1_600));
  });

  test('K8: 14.4 CPUs are free, 15 wanted of 4 + 10: a round of 4, 8 and 12 CPUs, 8 on average; without the quirk the 14 stay', async () => {
    const partial = await withQos();
    expect([...partial.cluster.hosts.beQuotaUs]).toEqual(onEveryHost(800_000));
    expect([...partial.telemetry.signals.beLimitMilliCpu]).toEqual(onEveryHost(8_000));
    const kept = await withQos('koordinator.quirks.cpusetPartialPools=false');
    expect([...kept.cluster.hosts.beQuotaUs]).toEqual(onEveryHost(-1));
    expect([...kept.telemetry.signals.beLimitMilliCpu]).toEqual(onEveryHost(14_000));
  });

  test("idle CPUs of LSE pods are nobody else's, the 4 of an LSR pod best effort's only: 32 - 18 - 0.32 system - 4 = 9.68 are open to services", async () => {
    const { hostWindow } = await withQos();
    expect([...hostWindow.closedMilliCpu]).toEqual(onEveryHost(18_000));
    expect([...hostWindow.headroomMilliCpu]).toEqual(onEveryHost(9_680));
  });
});

describe('the latency of pods with CPUs of their own', () => {
  const lateOf = (engine: Engine, service: string): number => {
    const s = engine.online.services.names.indexOf(service);
    const hours = engine.recorder.hours;
    return engine.recorder.serviceViolating.subarray(s * hours, (s + 1) * hours).reduce((sum, value) => sum + value, 0);
  };
  const noBest = 'bestEffort.tasksPerWeek=0';

  test('an LSE pod uses no more than its 6 CPUs, and best effort that spins beside it changes nothing for it', async () => {
    const spin = 'bestEffort.populations.transcode.pressureClass=spin';
    const flat = 'physics.parameters.turboLoss=0';
    const busy = runChecked(
      await planWith(spin, flat, 'physics.isolation=equal', 'online.explicit.pricing.meanUsagePercent=90'),
    );
    const calm = runChecked(
      await planWith(noBest, flat, 'physics.isolation=equal', 'online.explicit.pricing.meanUsagePercent=90'),
    );
    const used = runningOf(busy, 'pricing').map((row) => busy.online.usedMilliCpu[row]);
    expect(Math.max(...used)).toBeLessThanOrEqual(6_000);
    expect(lateOf(busy, 'pricing')).toBeGreaterThan(0);
    expect(lateOf(busy, 'pricing')).toBe(lateOf(calm, 'pricing'));
    expect(lateOf(busy, 'web')).toBeGreaterThan(lateOf(calm, 'web'));
  });

  test('6 own CPUs of 32 answer later than 6 requested on a host with room, and no quota throttles them', async () => {
    const hot = ['online.explicit.pricing.meanUsagePercent=80', noBest];
    const owned = runChecked(await planWith(...hot));
    const sharing = runChecked(await planWith(...hot, 'online.explicit.pricing.qos=LS'));
    expect(lateOf(owned, 'pricing')).toBeGreaterThan(lateOf(sharing, 'pricing'));
    const limited = runChecked(await planWith(...hot, 'online.explicit.pricing.cpuLimit=6 cores'));
    expect(limited.recorder.serviceViolatingThrottled.every((late) => late === 0)).toBe(true);
  });
});

describe('a scenario that cannot be', () => {
  test.each([
    ['online.explicit.pricing.cpuRequest=5500m', 'LSE pods ask for whole CPUs'],
    ['cluster.hosts.numa.numaNodes=3', 'the 16 physical cores do not divide over that many'],
    ['online.explicit.web.cpuBindPolicy=spread-by-pcpus', 'LS pods own no CPUs'],
    ['cluster.hosts.numa.cpuAmplificationRatio=1.5', 'CPUs are not bound on hosts that count them otherwise'],
  ])('%s', async (set, message) => {
    await expect(planWith(set)).rejects.toThrow(message);
  });
});

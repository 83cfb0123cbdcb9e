/** Who pushes whom out in whole runs: pods that own CPUs, and best effort inside its elastic quota. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EVICT_REASON } from '../policies/ports.ts';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { watch } from '../sim/cluster/checker.ts';
import { cpusOf } from '../sim/cluster/cpusets.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import type { Plan } from '../sim/plan.ts';
import { prepare } from './run-plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const room = mkdtempSync(join(tmpdir(), 'tidemark-preempt-'));
afterAll(() => rmSync(room, { recursive: true }));

async function planOf(text: string, ...sets: string[]): Promise<Plan> {
  const file = join(room, 'preempt.yaml');
  writeFileSync(file, text);
  return (await loadPlan(file, { sets })).plan;
}

/** Runs with both checkers looking on; rows that were pushed out, in order. */
function ran(
  plan: Plan,
  untilMs: number,
  look: (engine: Engine) => void = () => {},
): { engine: Engine; pushed: { row: number; group: number }[] } {
  const pushed: { row: number; group: number }[] = [];
  const { engine } = prepare(plan, {
    sink: (_atMs, change, _task, _host, value, row) => {
      if (change === CHANGE.evict && value === EVICT_REASON.preempted)
        pushed.push({ row, group: engine.cluster.tasks.group[row] });
    },
  });
  const checker = watch(engine.cluster);
  for (let atMs = 10 * MINUTE; atMs <= untilMs; atMs += 10 * MINUTE) {
    runUntil(engine, atMs);
    checkEngine(engine);
    checker.compare();
    look(engine);
  }
  return { engine, pushed };
}

/**
 * One host of two NUMA nodes of 16 CPUs, one node a pod. Two `low` pods of 12 CPUs have 12 of each node, `share` asks for 4 cores of no CPU in
 * particular. \`top\` wants 8 CPUs of one node: 32 - 24 - 4 cores are not enough for it, and without \`share\` there are 8, 4 on each node.
 */
const CPUS = `
name: cpus
seed: cpus
horizon: 30m
window: 60s
cluster:
  reservedCpuPercent: 0%
  reservedMemPercent: 0%
  hosts: { numa: { count: 1, cpu: 32 cores, memory: 128GiB, numaNodes: 2, numaTopologyPolicy: single-numa-node } }
online:
  source: none
  explicit:
    low: { qos: LSR, replicas: 2, cpuRequest: 12 cores, memRequest: 4GiB, meanUsagePercent: 5%, priority: 9200 }
    share: { replicas: 1, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 5%, priority: 9100 }
    top: { qos: LSE, replicas: 1, cpuRequest: 8 cores, memRequest: 4GiB, meanUsagePercent: 5%, priority: 9900 }
`;
const TOP = 3;

describe('a pod that owns CPUs', () => {
  test('pushes one pod of 12 CPUs out: its node has 16 then; the pod that has no CPU of its own stays, for 8 + 12 + 4 are 24 of 32', async () => {
    const { engine, pushed } = ran(await planOf(CPUS), 30 * MINUTE);
    const { tasks, hosts } = engine.cluster;
    expect(pushed).toHaveLength(1);
    expect(pushed[0].group).toBe(0);
    expect([0, 1, 2, TOP].filter((row) => tasks.state[row] === TASK_STATE.running)).toHaveLength(3);
    const own = cpusOf(hosts.cpus, 0, TOP);
    expect(own).toHaveLength(8);
    expect(new Set(own.map((cpu) => Math.floor(cpu / 16))).size).toBe(1);
  });

  test('without a NUMA policy the 4 cores of the least important pod are enough: 8 free CPUs on two nodes', async () => {
    const plan = await planOf(CPUS, 'cluster.hosts.numa.numaTopologyPolicy=none');
    const { engine, pushed } = ran(plan, 30 * MINUTE);
    expect(pushed).toEqual([{ row: 2, group: 1 }]);
    expect(cpusOf(engine.cluster.hosts.cpus, 0, TOP)).toHaveLength(8);
  });

  test('nobody is pushed out without preemption, nor by a pod that is no more important', async () => {
    for (const set of ['controlPlane.preemption=false', 'online.explicit.top.priority=9100']) {
      const { engine, pushed } = ran(await planOf(CPUS, set), 30 * MINUTE);
      expect(pushed).toEqual([]);
      expect(engine.cluster.tasks.state[TOP]).toBe(TASK_STATE.pending);
    }
  });
});

/**
 * Four hosts sell about 73 cores. Tasks of two cores live for an hour: `low` and `other` bring 57 an hour each, more than there is; `high`, in the
 * quota of `low`, brings 6: some 12 cores of the 36 that the quota has.
 */
const QUOTAS = `
name: quotas
seed: quotas
horizon: 3h
window: 60s
cluster: { hosts: { plain: { count: 4, cpu: 32 cores, memory: 256GiB } } }
online: { source: none, explicit: { idle: { replicas: 4, cpuRequest: 1 cores, memRequest: 1GiB, meanUsagePercent: 1% } } }
bestEffort:
  tasksPerWeek: 20160
  failureProbability: 0%
  populations:
    low: { kind: transcode, taskShare: 47.5%, priority: 5100, lifeLogMean: 8.2, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
    high: { kind: transcode, taskShare: 5%, priority: 5900, lifeLogMean: 8.2, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
    other: { kind: transcode, taskShare: 47.5%, priority: 5100, lifeLogMean: 8.2, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB }
controlPlane:
  quotas:
    a: { populations: [low, high], minCpu: 20 cores, minMemory: 100GiB, maxCpu: 200 cores, maxMemory: 1000GiB }
    b: { populations: [other], minCpu: 20 cores, minMemory: 100GiB, maxCpu: 200 cores, maxMemory: 1000GiB }
`;
const [LOW, HIGH] = [0, 1];

/** Tasks of a population in a state. */
const countOf = ({ cluster: { tasks } }: Engine, population: number, state: number) => {
  let count = 0;
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.group[row] === population && tasks.state[row] === state) count++;
  return count;
};

describe('best effort in an elastic quota', () => {
  test('a task pushes out less important ones of its quota and nobody else: no task of high waits', async () => {
    const { engine, pushed } = ran(await planOf(QUOTAS), 3 * HOUR);
    expect(pushed.length).toBeGreaterThan(5);
    expect(pushed.every(({ group }) => group === LOW)).toBe(true);
    expect(countOf(engine, HIGH, TASK_STATE.pending)).toBe(0);
    expect(countOf(engine, LOW, TASK_STATE.pending)).toBeGreaterThan(0);
  });

  test('where hosts have room and the quota has none, a task makes room in the quota', async () => {
    const sets = [
      'cluster.hosts.plain.count=12',
      'online.explicit.idle.replicas=12',
      'controlPlane.quotas.a.maxCpu=20 cores',
    ];
    const { engine, pushed } = ran(await planOf(QUOTAS, ...sets), 3 * HOUR);
    const { soldMilliCpu, allocatedMilliCpu, count } = engine.cluster.hosts;
    const free = (host: number) => soldMilliCpu[count + host] - allocatedMilliCpu[count + host];
    expect(Math.max(...Array.from({ length: count }, (_, host) => free(host)))).toBeGreaterThan(2_000);
    expect(pushed.length).toBeGreaterThan(5);
    expect(pushed.every(({ group }) => group === LOW)).toBe(true);
    expect(countOf(engine, HIGH, TASK_STATE.pending)).toBe(0);
  });

  test('without preemption none goes, and none where all have one priority', async () => {
    expect(ran(await planOf(QUOTAS, 'controlPlane.preemption=false'), 3 * HOUR).pushed).toEqual([]);
    expect(ran(await planOf(QUOTAS, 'bestEffort.populations.high.priority=5100'), 3 * HOUR).pushed).toEqual([]);
  });

  test('tasks that are not preemptible stay, and have no more than the 20 cores of the minimum', async () => {
    const plan = await planOf(QUOTAS, 'bestEffort.populations.low.preemptible=false');
    const running: number[] = [];
    const { pushed } = ran(plan, 3 * HOUR, (engine) => running.push(countOf(engine, LOW, TASK_STATE.running)));
    expect(pushed).toEqual([]);
    expect(Math.max(...running)).toBe(10);
  });

  test('what is not preemptible and in no quota is refused with file and line', async () => {
    await expect(
      planOf(QUOTAS, 'bestEffort.populations.other.preemptible=false', 'controlPlane.quotas.b.populations=[]'),
    ).rejects.toThrow(/preemptible is false, but it counts in no elastic quota/);
  });
});

/** The vertical autoscaler in whole runs. Least and largest request say how large pods end up, whatever noise their use has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { watch } from '../sim/cluster/checker.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { verticalNotes } from '../sim/engine/vertical-scaling.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;
const RESIZED = 8;
const room = mkdtempSync(join(tmpdir(), 'tidemark-vertical-'));
afterAll(() => rmSync(room, { recursive: true }));

/**
 * Eight pods of 8 cores that use 1 % of it stand two and two on four hosts of 20 cores (19.8 are sold). `big` wants 12 cores a pod and finds
 * no host; with pods of a core it does.
 */
const IDLE = `
name: idle
seed: idle
horizon: 6h
window: 60s
cluster:
  hosts:
    plain: { count: 4, cpu: 20 cores, memory: 128GiB }
online:
  source: none
  explicit:
    web:
      replicas: 8
      cpuRequest: 8 cores
      memRequest: 4GiB
      meanUsagePercent: 1
      peakToTrough: 1
      verticalAutoscale: { controlled: [cpu], minCpu: 1 core }
    big: { replicas: 2, cpuRequest: 12 cores, memRequest: 4GiB, meanUsagePercent: 5, priority: 9400 }
`;

/**
 * Two hosts of 16 cores, 15.84 of them sold: \`fill\` has 11 of one, web has 2 on each. Web uses 250 % of its request and should have 6 cores:
 * beside fill there is room for 4.84.
 */
const FULL = `
name: full
seed: full
horizon: 2h
window: 60s
cluster:
  hosts:
    plain: { count: 2, cpu: 16 cores, memory: 128GiB }
online:
  source: none
  explicit:
    fill: { replicas: 1, cpuRequest: 11 cores, memRequest: 4GiB, meanUsagePercent: 5 }
    web:
      replicas: 2
      cpuRequest: 2 cores
      memRequest: 4GiB
      meanUsagePercent: 400
      peakToTrough: 1
      verticalAutoscale: { controlled: [cpu], maxCpu: 6 cores }
`;

interface Told {
  readonly atMs: number;
  readonly change: number;
  readonly row: number;
  readonly value: number;
}

async function planOf(text: string, sets: readonly string[] = []) {
  const file = join(room, 'vertical.yaml');
  writeFileSync(file, text);
  return (await loadPlan(file, { sets })).plan;
}

async function ran(text: string, ...sets: string[]): Promise<{ engine: Engine; told: Told[] }> {
  const plan = await planOf(text, sets);
  const told: Told[] = [];
  const { engine } = prepare(plan, {
    sink: (atMs, change, _task, _host, value, row) => {
      if (change === CHANGE.resize || change === CHANGE.evict) told.push({ atMs, change, row, value });
    },
  });
  const checker = watch(engine.cluster);
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  checker.compare();
  return { engine, told };
}

const requests = ({ online, cluster }: Engine, service: string) => {
  const s = online.services.names.indexOf(service);
  return Array.from(cluster.tasks.requestMilliCpu.subarray(online.firstPod[s], online.firstPod[s + 1]));
};

describe('pods that ask for too much', () => {
  test('shrink to a core where they stand, four a turn, and two pods of 12 cores find a host', async () => {
    const { engine, told } = await ran(IDLE);
    expect(requests(engine, 'web')).toEqual(new Array(8).fill(1_000));
    expect(told.map(({ change, value }) => [change, value])).toEqual(new Array(8).fill([CHANGE.resize, 1_000]));
    const times = told.map(({ atMs }) => atMs);
    expect(times.slice(0, 4)).toEqual(new Array(4).fill(times[0]));
    expect(times.slice(4)).toEqual(new Array(4).fill(times[0] + MINUTE));
    // Not before the bounds let it: p95 x 1.15 x (1 + 1 day / history) < 8 cores asks for more than ten minutes.
    expect(times[0]).toBeGreaterThan(10 * MINUTE);
    expect(engine.cluster.tasks.state.slice(8, 10)).toEqual(Uint8Array.of(TASK_STATE.running, TASK_STATE.running));
    expect(verticalNotes(engine)[0]).toMatch(
      /^vertical autoscaler of web: 8000m and 4096 MiB written, 1000m and \d+ MiB recommended at the end; 8 resizes in place, 0 put off for want of room, 0 pods made anew$/,
    );
  });

  test('without it nobody is resized and the two wait to the end', async () => {
    const { engine, told } = await ran(IDLE, 'online.explicit.web.verticalAutoscale=null');
    expect(told).toEqual([]);
    expect(verticalNotes(engine)).toEqual([]);
    expect(engine.cluster.tasks.state.slice(8, 10)).toEqual(Uint8Array.of(TASK_STATE.pending, TASK_STATE.pending));
  });

  test('mode off recommends and touches nothing; initial sizes only new pods; recreate evicts them all', async () => {
    const off = await ran(IDLE, 'online.explicit.web.verticalAutoscale.mode=off');
    expect(off.told).toEqual([]);
    expect(verticalNotes(off.engine)[0]).toContain('1000m and');
    const initial = await ran(
      IDLE,
      'online.explicit.web.verticalAutoscale.mode=initial',
      'online.explicit.web.rollingRestartAt=[3h]',
    );
    expect(requests(initial.engine, 'web')).toEqual(new Array(8).fill(1_000));
    expect(
      initial.told.filter(({ change }) => change === CHANGE.resize).every(({ atMs }) => atMs >= 180 * MINUTE),
    ).toBe(true);
    const recreate = await ran(IDLE, 'online.explicit.web.verticalAutoscale.mode=recreate');
    const evicted = recreate.told.filter(({ change }) => change === CHANGE.evict);
    expect(evicted.map(({ value }) => value)).toEqual(new Array(8).fill(RESIZED));
    expect(requests(recreate.engine, 'web')).toEqual(new Array(8).fill(1_000));
  });

  test('fewer replicas than minReplicas stay as they are', async () => {
    const { told } = await ran(IDLE, 'online.explicit.web.verticalAutoscale.minReplicas=9');
    expect(told).toEqual([]);
  });
});

/**
 * Two pods of 2 cores and a limit of 4 that want 6 cores each, beside much room. What they can use is what they are given: 4 cores until the limit moves.
 */
const LIMITED = `
name: limited
seed: limited
horizon: 3h
window: 60s
cluster: { hosts: { plain: { count: 2, cpu: 32 cores, memory: 128GiB } } }
online:
  source: none
  explicit:
    web:
      replicas: 2
      cpuRequest: 2 cores
      cpuLimit: 4 cores
      memRequest: 4GiB
      memLimit: 6GiB
      meanUsagePercent: 300
      peakToTrough: 1
      verticalAutoscale: { maxCpu: 10 cores, minMemory: 1GiB }
`;

describe('limits', () => {
  /** Use, limit and request of the first pod in every window, and requests late for throttling up to then. */
  async function windows(...sets: string[]) {
    const plan = await planOf(LIMITED, sets);
    const { engine } = prepare(plan, {});
    const seen: { atMs: number; used: number; limit: number; request: number; late: number }[] = [];
    for (let atMs = MINUTE; atMs < plan.horizonMs; atMs += MINUTE) {
      runUntil(engine, atMs + 1);
      seen.push({
        atMs,
        used: engine.online.usedMilliCpu[0],
        limit: engine.online.podLimitMilliCpu[0],
        request: engine.cluster.tasks.requestMilliCpu[0],
        late: engine.throttling?.lateRequests[0] ?? 0,
      });
    }
    checkEngine(engine);
    return { seen, engine };
  }

  test('keep their ratio of 2 to requests, and use follows from the window after the resize on', async () => {
    const { seen, engine } = await windows();
    for (const { limit, request } of seen) expect(limit).toBe(2 * request);
    const first = seen.findIndex(({ request }) => request > 2_000);
    expect(first).toBeGreaterThan(0);
    // p95 x 1.15 of a use of 4 cores at the limit is more than 4 cores: a limit of more than 8 for pods that want 6.
    expect(seen[first].request).toBeGreaterThan(4_000);
    for (const { used } of seen.slice(0, first)) expect(used).toBeLessThanOrEqual(4_000);
    expect(seen[first - 1].used).toBe(4_000);
    expect(seen[first + 1].used).toBeGreaterThan(4_500);
    // Memory shrinks from 4 GiB towards what is used, its limit of one and a half with it.
    const { tasks } = engine.cluster;
    expect(tasks.requestMemBytes[0]).toBeLessThan(4 * 1_073_741_824);
    expect(engine.podMemory?.limitBytes[0]).toBe(Math.trunc(1.5 * tasks.requestMemBytes[0]));
  });

  test('throttling reads the new limit: a hundredth as many requests a minute are late for it once there is room', async () => {
    const { seen } = await windows();
    const first = seen.findIndex(({ request }) => request > 2_000);
    expect(seen[first].late).toBeGreaterThan(0);
    const before = seen[first].late / first;
    const last = seen.length - 1;
    const after = (seen[last].late - seen[first + 1].late) / (last - first - 1);
    expect(after).toBeLessThan(before / 100);
  });

  test('requests-only: they stay and bound the request', async () => {
    const { seen } = await windows('online.explicit.web.verticalAutoscale.controlledValues=requests-only');
    for (const { limit, request, used } of seen) {
      expect(limit).toBe(4_000);
      expect(request).toBeLessThanOrEqual(4_000);
      expect(used).toBeLessThanOrEqual(4_000);
    }
    expect(seen[seen.length - 1].request).toBe(4_000);
  });

  test('a run continued from its middle has the limits of the one that was not interrupted', async () => {
    const { engine } = await windows();
    const plan = await planOf(LIMITED);
    const half = prepare(plan, {}).engine;
    runUntil(half, 90 * MINUTE);
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, structuredClone(snapshotRun(half)));
    runUntil(fork, 179 * MINUTE + 1);
    expect(Array.from(fork.online.podLimitMilliCpu)).toEqual(Array.from(engine.online.podLimitMilliCpu));
    expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

describe('pods that ask for too little', () => {
  test('one grows at once, the other waits 5 minutes for room and then finds it on the other host', async () => {
    const { engine, told } = await ran(FULL);
    const first = told.find(({ value, change }) => change === CHANGE.resize && value === 6_000);
    const evicted = told.filter(({ change }) => change === CHANGE.evict);
    expect(evicted).toHaveLength(1);
    expect(evicted[0].value).toBe(RESIZED);
    expect(first?.row).not.toBe(evicted[0].row);
    // Put off in the turn of the first or in the one beside it, given up in the first turn more than five minutes later.
    expect(Math.abs(evicted[0].atMs - 6 * MINUTE - (first?.atMs ?? 0))).toBeLessThanOrEqual(MINUTE);
    expect(requests(engine, 'web')).toEqual([6_000, 6_000]);
    const [, one, other] = engine.cluster.tasks.host;
    expect(one).toBe(other);
    expect(verticalNotes(engine)[0]).toContain('1 resizes in place, 1 put off for want of room, 1 pods made anew');
  });

  test('in-place never evicts: the one beside fill keeps its 2 cores', async () => {
    const { engine, told } = await ran(FULL, 'online.explicit.web.verticalAutoscale.mode=in-place');
    expect(told.filter(({ change }) => change === CHANGE.evict)).toEqual([]);
    expect(requests(engine, 'web').sort()).toEqual([2_000, 6_000]);
  });

  test('a resize that waits is made when there is room: fill restarts after an hour, its 5.5 cores are taken, and it finds no place', async () => {
    // 5.5 + 12 cores do not fit 15.84; beside the other pod of 12 there are 3.84.
    const { engine, told } = await ran(
      FULL.replace('cpuRequest: 11 cores', 'cpuRequest: 5500m')
        .replace('meanUsagePercent: 5 }', 'meanUsagePercent: 5, rollingRestartAt: [1h] }')
        .replace('maxCpu: 6 cores', 'maxCpu: 12 cores, deferredTimeout: 100m'),
    );
    expect(told.filter(({ change, value }) => change === CHANGE.evict && value === RESIZED)).toEqual([]);
    const grown = told.filter(({ value, change }) => change === CHANGE.resize && value === 12_000);
    expect(grown).toHaveLength(2);
    expect(grown[1].atMs).toBe(60 * MINUTE);
    expect(requests(engine, 'web')).toEqual([12_000, 12_000]);
    expect(engine.cluster.tasks.state[0]).toBe(TASK_STATE.pending);
  });

  test('a target is never above a limit that stays', async () => {
    const stays = 'online.explicit.web.verticalAutoscale.controlledValues=requests-only';
    const { engine } = await ran(FULL, stays, 'online.explicit.web.cpuLimit=4 cores');
    expect(requests(engine, 'web')).toEqual([4_000, 4_000]);
  });
});

describe('the run is one world', () => {
  test.each(['loadAware', 'plain'])('index and scan, and a run cut in two, have one digest (%s)', async (kind) => {
    const sets = kind === 'plain' ? [] : ['koordinator.loadAware.allowCustomizeEstimation=true'];
    const plan = await planOf(FULL, sets);
    const whole = prepare(plan, {}).engine;
    runUntil(whole, plan.horizonMs);
    const scanned = prepare(plan, { placementByScan: true }).engine;
    runUntil(scanned, plan.horizonMs);
    expect(digestText(scanned.cluster.digest)).toBe(digestText(whole.cluster.digest));
    for (const atMs of [4, 30]) {
      const half = prepare(plan, {}).engine;
      runUntil(half, atMs * MINUTE);
      const rest = restoreRun(
        plan,
        workloadOf(plan),
        { policies: policiesOf(plan) },
        structuredClone(snapshotRun(half)),
      );
      runUntil(rest, plan.horizonMs);
      checkEngine(rest);
      expect(digestText(rest.cluster.digest)).toBe(digestText(whole.cluster.digest));
      expect(verticalNotes(rest)).toEqual(verticalNotes(whole));
    }
  });
});

describe('what is refused, with its line', () => {
  const refused = (text: string, ...sets: string[]) =>
    planOf(text, sets).then(
      () => 'valid',
      (error: Error) => error.message.replaceAll(`${room}/`, ''),
    );
  const with_ = (from: string, to: string) => refused(IDLE.replace(from, to));

  test('CPUs of its own, another autoscaler of CPU, bounds the wrong way round, a plane that resizes nobody', async () => {
    expect(await with_('peakToTrough: 1\n', 'peakToTrough: 1\n      qos: LSR\n')).toMatch(
      /vertical.yaml:19:26 online\.explicit\.web\.verticalAutoscale is set; LSR pods own whole CPUs/,
    );
    expect(await with_('peakToTrough: 1\n', 'peakToTrough: 1\n      autoscale: { maxReplicas: 9 }\n')).toMatch(
      /verticalAutoscale\.controlled has cpu, and so has the horizontal autoscaler/,
    );
    expect(await with_('minCpu: 1 core', 'minCpu: 2 cores, maxCpu: 1 core')).toMatch(
      /verticalAutoscale\.minCpu is 2000m, above maxCpu 1000m/,
    );
    expect(await with_('minCpu: 1 core', 'lowerBoundPercentile: 96')).toMatch(/is 96, above upperBoundPercentile 95/);
    expect(await with_('minCpu: 1 core', 'minCpus: 1 core')).toMatch(/minCpus/);
    expect(await refused(`${IDLE}controlPlane: { kind: batch }\n`)).toMatch(
      /verticalAutoscale is set; only the Kubernetes control plane resizes pods/,
    );
    expect(
      await refused(
        `${IDLE}controlPlane: { reservations: { room: { cpu: 8 cores, memory: 4GiB, services: [web] } } }\n`,
      ),
    ).toMatch(/verticalAutoscale is set; what reservation room holds for the service/);
  });
});

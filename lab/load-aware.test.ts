/** Load-aware scheduling in whole runs: one hot host and one cool, and a pod that is placed while they run. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { type Engine, placementView } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const MINUTE = 60_000;

/**
 * The hot host runs 7 pods of 4 cores that use 40 %: 11.2 cores and 1 of the system, 38 %; their estimates are 7 x 3.4 = 23.8 cores,
 * 74 %. The one pod of `late` restarts after 20 minutes; packing would put it back on the hot host.
 */
async function planOf(loadAware: string, more = '') {
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'load.yaml');
  writeFileSync(
    file,
    `
name: load
seed: load
horizon: 40m
window: 60s
cluster:
  hosts:
    hot: { count: 1, cpu: 32 cores, memory: 128GiB, labels: { heat: hot } }
    cool: { count: 1, cpu: 32 cores, memory: 128GiB }
online:
  source: none
  explicit:
    hog: { latencyClass: rpc, replicas: 7, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 40%, peakToTrough: 1, nodeSelector: { heat: hot } }
    late: { latencyClass: rpc, replicas: 1, cpuRequest: 1 cores, memRequest: 1GiB, meanUsagePercent: 1%, peakToTrough: 1, rollingRestartAt: [20m] }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
koordinator:
  loadAwareCpuThresholdPercent: 65
  loadAware: ${loadAware}
${more}
`,
  );
  return (await loadPlan(file)).plan;
}

const LATE = 7;
async function hostOfLate(loadAware: string, more = ''): Promise<number> {
  const { engine } = prepare(await planOf(loadAware, more), {});
  expect(engine.cluster.tasks.host[LATE]).toBe(0);
  runUntil(engine, 30 * MINUTE);
  checkEngine(engine);
  return engine.cluster.tasks.host[LATE];
}
const [HOT, COOL] = [0, 1];

describe('a pod placed after 20 minutes', () => {
  test('goes back to the hot host at 38 % of a line of 65 %, and to the cool one at a prod line of 30 %', async () => {
    expect(await hostOfLate('{}')).toBe(HOT);
    expect(await hostOfLate('{ prodCpuPercent: 30 }')).toBe(COOL);
  });

  test('prod use and the estimate of 0.85 cores against the prod line: at the percent taken, refused one below and with the system', async () => {
    const { engine } = prepare(await planOf('{ prodCpuPercent: 100 }'), {});
    runUntil(engine, 20 * MINUTE + 1);
    const used = placementView(engine).load?.prodMilliCpu[HOT] ?? 0;
    expect(used).toBeGreaterThan(10_000);
    const percent = Math.round(((used + 850) / 32_000) * 100);
    expect(await hostOfLate(`{ prodCpuPercent: ${percent} }`)).toBe(HOT);
    expect(await hostOfLate(`{ prodCpuPercent: ${percent - 1} }`)).toBe(COOL);
    // The system's 0.96 cores are 3 % more.
    expect(await hostOfLate(`{ prodCpuPercent: ${percent}, prodUsageIncludeSys: true }`)).toBe(COOL);
  });

  test('the 95th percentile of ten minutes against the aggregated line: at its percent taken, refused one below', async () => {
    const asked = (percent: number) =>
      `{ aggregatedCpuPercent: ${percent}, aggregatedType: p95, aggregatedDuration: 10m }`;
    const { engine } = prepare(await planOf(asked(100)), {});
    runUntil(engine, 20 * MINUTE + 1);
    const { load } = placementView(engine);
    const percentOf = (milliCpu: number) => Math.round(((milliCpu + 850) / 32_000) * 100);
    const percent = percentOf(load?.aggregatedMilliCpu[HOT] ?? 0);
    expect(percent).not.toBe(percentOf(load?.nodeMilliCpu[HOT] ?? 0));
    expect(await hostOfLate(asked(percent))).toBe(HOT);
    expect(await hostOfLate(asked(percent - 1))).toBe(COOL);
  });

  test('K14: a window of an hour is in no report, so estimates of 74 % stand for the use; as meant the node use counts', async () => {
    const asked = '{ aggregatedCpuPercent: 65, aggregatedType: p95, aggregatedDuration: 1h }';
    expect(await hostOfLate(asked)).toBe(COOL);
    expect(await hostOfLate(asked, '  quirks: { loadAwareFallsBackToEstimates: false }')).toBe(HOT);
    expect(await hostOfLate(asked.replace('1h', '10m'))).toBe(HOT);
    expect(await hostOfLate(asked.replace('1h', '10m').replace('65', '30'))).toBe(COOL);
  });

  test('thresholds of the hot host alone keep it off; other groups stay as the scheduler has them', async () => {
    const plan = await planOf('{}');
    const none = { memoryPercent: null, prodCpuPercent: null, prodMemoryPercent: null, aggregatedCpuPercent: null };
    const own = { ...none, cpuPercent: 30, aggregatedMemoryPercent: null, aggregatedType: '', aggregatedDurationMs: 0 };
    const [hot, ...rest] = plan.cluster.shapes;
    const shapes = [{ ...hot, loadAwareThresholds: { ...own, aggregatedType: '' as const } }, ...rest];
    const { engine } = prepare({ ...plan, cluster: { ...plan.cluster, shapes } }, {});
    runUntil(engine, 30 * MINUTE);
    expect(engine.cluster.tasks.host[LATE]).toBe(COOL);
  });
});

describe('what the scheduler knows of a host', () => {
  test('a report of 180 s ago refuses the host, unless expired reports are not looked at', async () => {
    const cool = async (loadAware: string) => {
      const { engine } = prepare(await planOf(loadAware), {});
      // The agent of the cool host is away from the fifth minute on.
      (engine as { agentGaps: unknown }).agentGaps = {
        firstOf: Int32Array.of(0, 0, 1),
        startMs: Float64Array.of(5 * MINUTE),
        endMs: Float64Array.of(Infinity),
        isAway: new Uint8Array(2),
      };
      runUntil(engine, 30 * MINUTE);
      return engine.cluster.tasks.host[LATE];
    };
    // The hot host is above its prod line: without the cool one there is none.
    expect(await cool('{ prodCpuPercent: 30 }')).toBe(-1);
    expect(await cool('{ prodCpuPercent: 30, filterExpiredNodeMetrics: false }')).toBe(COOL);
    expect(await cool('{ prodCpuPercent: 30, nodeMetricExpiration: 0s }')).toBe(COOL);
  });

  test('pods placed since the report count by their estimate: two of 3.4 cores are 21 % of 32, a third would be 32 % of a line of 30', async () => {
    const text = `
name: grow
seed: grow
horizon: 10m
window: 60s
cluster: { hosts: { plain: { count: 6, cpu: 32 cores, memory: 128GiB } } }
online:
  source: none
  explicit:
    grow: { replicas: 1, cpuRequest: 4 cores, memRequest: 1GiB, meanUsagePercent: 350, peakToTrough: 1, autoscale: { minReplicas: 1, maxReplicas: 7 } }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
koordinator: { loadAwareCpuThresholdPercent: 65, loadAware: { prodCpuPercent: 30 } }
`;
    const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'grow.yaml');
    writeFileSync(file, text);
    const { engine } = prepare((await loadPlan(file)).plan, {});
    // The autoscaler's first turn is at 60 s, with the first report; the next report is at 120 s.
    runUntil(engine, 115_000);
    const pods = [...engine.cluster.hosts.podCount];
    expect(pods.reduce((sum, count) => sum + count, 0)).toBe(7);
    expect(Math.max(...pods)).toBe(2);
  });
});

describe('the score', () => {
  /** The host of a pod placed by the load-aware score alone, cool being host 1. */
  async function byScore(loadAware: string, weights: string): Promise<number> {
    const plan = await planOf(loadAware);
    const { engine } = prepare(
      {
        ...plan,
        controlPlane: {
          ...plan.controlPlane,
          fitWeight: 0,
          loadAwareWeight: Number(weights),
        } as typeof plan.controlPlane,
      },
      {},
    );
    runUntil(engine, 30 * MINUTE);
    return engine.cluster.tasks.host[LATE];
  }

  test('leastUsed takes the cool host; without its weight both are alike and the first is taken', async () => {
    expect(await byScore('{}', '1')).toBe(COOL);
    expect(await byScore('{}', '0')).toBe(HOT);
  });

  test('without a weight for CPU and memory hosts are alike; memory alone, or the scarcer of both, takes the cool host', async () => {
    expect(await byScore('{ cpuWeight: 0, memoryWeight: 0 }', '1')).toBe(HOT);
    // Memory: 28 GiB of 128 against 0.
    expect(await byScore('{ cpuWeight: 0 }', '1')).toBe(COOL);
    expect(await byScore('{ cpuWeight: 0, memoryWeight: 0, dominantResourceWeight: 1 }', '1')).toBe(COOL);
  });
});

describe('own estimates', () => {
  test('a service may ask for 10 % where that is allowed, for five minutes', async () => {
    const plan = await planOf('{ allowCustomizeEstimation: true }');
    const estimateOf = (engine: Engine) => [
      placementView(engine).shapes.estimateMilliCpu[1],
      placementView(engine).shapes.estimateForMs[1],
    ];
    const explicit = plan.online.explicit.map((service) => ({
      ...service,
      loadEstimate: { cpuFactor: 10, memoryFactor: null, afterScheduledMs: 5 * MINUTE },
    }));
    const asked = { ...plan, online: { ...plan.online, explicit } };
    expect(estimateOf(prepare(asked, {}).engine)).toEqual([100, 5 * MINUTE]);
    const { loadAware } = plan.koordinator;
    if (loadAware === undefined) throw new Error('the plan asks for load-aware scheduling');
    const refused = {
      ...asked,
      koordinator: { ...plan.koordinator, loadAware: { ...loadAware, allowCustomizeEstimation: false } },
    };
    expect(estimateOf(prepare(refused, {}).engine)).toEqual([850, 0]);
  });
});

describe('a day of quickstart with load-aware scheduling in full', () => {
  test('index and scan, and a run continued from its middle, end in one digest', async () => {
    const { plan: base } = await loadPlan(new URL('../scenarios/library/unit-small.yaml', import.meta.url).pathname);
    const { loadAware } = (
      await planOf(
        '{ prodCpuPercent: 20, scoreAccordingProdUsage: true, aggregatedCpuPercent: 45, aggregatedType: p90 }',
      )
    ).koordinator;
    if (loadAware === undefined) throw new Error('the plan asks for load-aware scheduling');
    const plan = { ...base, koordinator: { ...base.koordinator, loadAware } };
    const { engine } = prepare(plan, {});
    runUntil(engine, plan.horizonMs / 2);
    const middle = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    checkEngine(engine);
    const scan = prepare(plan, { placementByScan: true }).engine;
    runUntil(scan, plan.horizonMs);
    expect(digestText(scan.cluster.digest)).toBe(digestText(engine.cluster.digest));
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, middle);
    runUntil(fork, plan.horizonMs);
    expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
    expect(digestText(engine.cluster.digest)).not.toBe(digestText(prepare(base, {}).engine.cluster.digest));
  });
});

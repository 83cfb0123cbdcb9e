import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ARRIVAL_CURVES } from './defaults.ts';
import { loadPlan } from './load.ts';
import { planHash, resolve } from './resolve.ts';
import { scenarioSchema } from './schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTS = { web: { count: 2, cpu: '64 cores', memory: '512GiB' } };
const SMALLEST = { name: 'a', cluster: { hosts: HOSTS } };

/** Every value of a plan by path. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

describe('a plan', () => {
  test('of name and hosts alone holds every default', () => {
    const plan = resolve(scenarioSchema.parse(SMALLEST));
    // The values of defaults.ts in the units of the plan, by hand: 60 s = 60,000 ms, 512 GiB = 512, 0.014 as it is.
    expect(plan).toEqual({
      version: 1,
      name: 'a',
      title: '',
      seed: '1',
      horizonMs: 86_400_000,
      windowMs: 60_000,
      warmUpMs: 0,
      cluster: {
        shapes: [
          {
            name: 'web',
            count: 2,
            cpuCores: 64,
            memGib: 512,
            threadsPerCore: 2,
            gpus: 0,
            labels: {},
            taints: [],
            idleWatts: 130,
            maxWatts: 520,
            memBandwidthGbPerSecond: 220,
          },
        ],
        hostsPerRack: 40,
        systemCpuPercent: 3,
        systemMemPercent: 4,
        reservedCpuPercent: 1,
        reservedMemPercent: 3,
      },
      online: {
        source: 'fit',
        services: 24,
        pods: 2000,
        cpuRequestPercent: 80,
        memRequestPercent: 70,
        limitOverRequest: 2,
        startDay: 0,
        loadFactor: 1,
        explicit: [],
      },
      bestEffort: { tasksPerWeek: 0, offeredPercent: 0, populations: [], failureProbability: 0.014, maxRetries: 3 },
      controlPlane: {
        kind: 'kubernetes',
        onlineFit: 'least-allocated',
        bestEffortFit: 'least-allocated',
        fitWeight: 1,
        loadAwareWeight: 1,
        spreadWeight: 2,
        bindLatencyMs: 100,
        podStartMs: 2_000,
        podsPerSecond: 100,
        initialBackoffMs: 1_000,
        maxBackoffMs: 10_000,
        preemption: true,
      },
      koordinator: {
        enabled: true,
        cpuReclaimThresholdPercent: 60,
        memoryReclaimThresholdPercent: 65,
        cpuCalculatePolicy: 'usage',
        memoryCalculatePolicy: 'usage',
        cpuSuppressThresholdPercent: 65,
        cpuSuppressMinPercent: null,
        cpuSuppressPolicy: 'cpuset',
        memoryEvictThresholdPercent: 70,
        memoryEvictLowerPercent: null,
        memoryEvictCoolingMs: 4_000,
        cpuEvictSatisfactionLowerPercent: null,
        cpuEvictSatisfactionUpperPercent: null,
        cpuEvictUsageThresholdPercent: 90,
        cpuEvictWindowMs: 1_000,
        cpuEvictCoolingMs: 20_000,
        loadAwareCpuThresholdPercent: 65,
        loadAwareMemoryThresholdPercent: 95,
        loadAwareCpuEstimateFactor: 85,
        loadAwareMemoryEstimateFactor: 70,
        reportMs: 60_000,
        aggregateMs: 300_000,
        updateTimeThresholdMs: 300_000,
        resourceDiffThreshold: 0.1,
        degradeMs: 900_000,
      },
      policies: [],
      physics: { isolation: 'shares', corePlacement: 'blind', parameters: {} },
      slo: { objectivePercent: 99, targetOverBaseline: 1.5, designLoadPercent: 35 },
      failures: { enabled: false, hostCrashesPerYear: 0.5, rackEventsPerYear: 20, repairMedianMs: 900_000 },
      cost: {
        pue: 1.35,
        pricePerKwh: 0.6,
        capexPerHost: 60_000,
        lifetimeYears: 4,
        yearlyOverheadPercent: 25,
        currency: 'CNY',
      },
      record: { tasks: false, events: false },
    });
  });

  test('has the price of a host shape where it has one of its own', () => {
    const hosts = { web: { ...HOSTS.web, capex: 45_000 }, free: { ...HOSTS.web, capex: 0 }, other: HOSTS.web };
    const { shapes } = resolve(scenarioSchema.parse({ name: 'a', cluster: { hosts } })).cluster;
    expect(shapes.map((shape) => shape.capexPerHost)).toEqual([45_000, 0, undefined]);
  });

  test('gives services and populations their defaults by kind', () => {
    const plan = resolve(
      scenarioSchema.parse({
        ...SMALLEST,
        online: {
          source: 'none',
          pods: 500,
          explicit: { s: { replicas: 1, cpuRequest: '2000m', memRequest: '4GiB', autoscale: { maxReplicas: 3 } } },
        },
        bestEffort: {
          populations: {
            t: { kind: 'transcode', taskShare: '50%' },
            a: { kind: 'analytics', taskShare: 0.5, arrivals: 'night' },
          },
        },
      }),
    );
    expect([plan.online.services, plan.online.pods]).toEqual([0, 0]);
    expect(plan.online.explicit).toEqual([
      {
        name: 's',
        latencyClass: 'rpc',
        replicas: 1,
        requestMilliCpu: 2_000,
        limitMilliCpu: 0,
        requestMemMib: 4_096,
        meanUsagePercent: 9.2,
        peakToTrough: 1.4,
        nodeSelector: {},
        tolerations: [],
        maxPerHost: 0,
        priority: 9500,
        autoscale: {
          minReplicas: 1,
          maxReplicas: 3,
          targetCpuPercent: 80,
          tolerance: 0.1,
          scaleDownStabilisationMs: 300_000,
        },
        rollingRestartAtMs: [],
      },
    ]);
    const [t, a] = plan.bestEffort.populations;
    expect(t).toEqual({
      name: 't',
      kind: 'transcode',
      pressureClass: 'transcode',
      priority: 5500,
      taskShare: 0.5,
      lifeLogMean: 5.6,
      lifeLogSigma: 1.5,
      coresChoices: [2, 4, 8],
      coresWeights: [0.4, 0.4, 0.2],
      memGibPerCore: 2.6,
      usageOverRequest: 0.6,
      arrivalByHour: Array(24).fill(1),
      deadlineMs: 0,
    });
    expect([a?.pressureClass, a?.coresChoices, a?.coresWeights]).toEqual(['spark', [1, 2, 4], [0.3, 0.4, 0.3]]);
    // 8 x 1.9 + 16 x 0.55 = 15.2 + 8.8 = 24
    expect(a?.arrivalByHour).toEqual([...Array(8).fill(1.9), ...Array(16).fill(0.55)]);
    expect(a?.arrivalByHour.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(24, 12);
  });

  test('every named arrival curve has 24 weights of mean 1, the measured one a peak of 1.61 at 3 h over 0.70 at 23 h', () => {
    for (const curve of Object.values(ARRIVAL_CURVES)) {
      expect(curve).toHaveLength(24);
      expect(curve.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(24, 12);
    }
    const measured = ARRIVAL_CURVES['alibaba-2018'] as readonly number[];
    expect([measured.indexOf(Math.max(...measured)), measured.indexOf(Math.min(...measured))]).toEqual([3, 23]);
    expect((measured[3] as number) / (measured[23] as number)).toBeCloseTo(1.61 / 0.7, 12);
  });

  test('is frozen at every depth', () => {
    const plan = resolve(
      scenarioSchema.parse({ ...SMALLEST, policies: [{ name: 'p', config: { deep: { list: [1] } } }] }),
    );
    const thawed: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
    };
    walk(plan, 'plan');
    expect(thawed).toEqual([]);
  });

  test('has a hash of 64 hex digits that ignores the order of keys and moves with every single value', () => {
    const base = {
      ...SMALLEST,
      online: {
        source: 'none',
        explicit: { s: { replicas: 1, cpuRequest: 1, memRequest: '1GiB', autoscale: { maxReplicas: 2 } } },
      },
      bestEffort: { populations: { t: { kind: 'transcode', taskShare: 1 } } },
      policies: [{ name: 'p', config: { x: 1 } }],
      physics: { parameters: { smtYield: 1.2 } },
    };
    const plan = resolve(scenarioSchema.parse(base));
    const hash = planHash(plan);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const reordered = Object.fromEntries(Object.entries(plan).reverse()) as unknown as typeof plan;
    expect(planHash(reordered)).toBe(hash);
    const paths = leaves(plan).map(([path]) => path);
    expect(paths.length).toBeGreaterThan(120);
    for (const path of paths) {
      const copy = structuredClone(plan) as unknown as Record<string, unknown>;
      const keys = path.split('.');
      let at = copy;
      for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[keys.at(-1) as string] = 'changed';
      expect(planHash(copy as unknown as typeof plan), path).not.toBe(hash);
    }
  });

  test('of the same text is the same, for 200 random scenarios, whatever the order of their sections', async () => {
    const scenario = fc.record({
      name: fc.constant('a'),
      seed: fc.oneof(fc.string(), fc.maxSafeInteger()),
      cluster: fc.record({
        hosts: fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.record({
            count: fc.integer({ min: 1, max: 100 }),
            cpu: fc.integer({ min: 1, max: 128 }).map((pairs) => `${pairs * 2} cores`),
            memory: fc.integer({ min: 64, max: 2048 }).map((gib) => `${gib}GiB`),
          }),
          { minKeys: 1, maxKeys: 4 },
        ),
        systemCpuPercent: fc.integer({ min: 0, max: 10 }),
      }),
      online: fc.record({ services: fc.integer({ min: 1, max: 50 }), pods: fc.integer({ min: 50, max: 5_000 }) }),
      slo: fc.record({ objectivePercent: fc.integer({ min: 90, max: 100 }).map((p) => `${p}%`) }),
      koordinator: fc.record({
        cpuSuppressThresholdPercent: fc.integer({ min: 0, max: 100 }),
        report: fc.constantFrom('30s', '1m', '2m'),
      }),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (written) => {
        const path = join(folder, `s${runs++}.yaml`);
        // JSON is YAML.
        writeFileSync(path, JSON.stringify(written));
        const first = await loadPlan(path);
        writeFileSync(path, JSON.stringify(Object.fromEntries(Object.entries(written).reverse())));
        const second = await loadPlan(path);
        expect(second.plan).toEqual(first.plan);
        expect(second.planHash).toBe(first.planHash);
        expect(resolve(scenarioSchema.parse(written))).toEqual(first.plan);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

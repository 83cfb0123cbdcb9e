/**
 * Every quirk of production that a run can reach, as it is switched in a scenario: one small scenario each in which the switch moves
 * the run, with the figure it moves where that can be worked out by hand.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type KoordinatorQuirks, QUIRK_IDS } from '../policies/koordinator/quirks.ts';
import { loadPlan } from '../scenarios/load.ts';
import { TIER } from '../sim/cluster/hosts.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { placementView } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { prepare } from './run-plan.ts';

const MINUTE = 60_000;

async function planOf(text: string): Promise<Plan> {
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'quirk.yaml');
  writeFileSync(file, `name: quirk\nseed: quirk\n${text}`);
  return (await loadPlan(file)).plan;
}

/** The run as production has it and with one quirk off, both at `atMs`. */
async function both(quirk: keyof KoordinatorQuirks, text: string, atMs: number): Promise<[on: Engine, off: Engine]> {
  const plan = await planOf(text);
  const off: Plan = { ...plan, koordinator: { ...plan.koordinator, quirks: { [quirk]: false } } };
  return [plan, off].map((one) => {
    const { engine } = prepare(one, {});
    runUntil(engine, atMs);
    checkEngine(engine);
    return engine;
  }) as [Engine, Engine];
}

const soldCpu = (engine: Engine) => engine.cluster.hosts.soldMilliCpu[TIER.batch * engine.cluster.hosts.count];
const soldMem = (engine: Engine) => engine.cluster.hosts.soldMemBytes[TIER.batch * engine.cluster.hosts.count];
const digest = (engine: Engine) => digestText(engine.cluster.digest);

/** One host of 100 cores and 100 GiB without system use, with one service of ten pods. */
const one = (more: { service?: string; cluster?: string; host?: string; rest?: string } = {}) => `
horizon: 2h
window: 60s
cluster:
  systemCpuPercent: 0%
  systemMemPercent: 0%
  ${more.cluster ?? 'reservedCpuPercent: 0%'}
  reservedMemPercent: 0%
  hosts: { plain: { count: 1, cpu: 100 cores, memory: 100GiB ${more.host ?? ''} } }
online:
  source: none
  explicit:
    web: { latencyClass: rpc, replicas: 10, cpuRequest: 4 cores, memRequest: 2GiB, meanUsagePercent: 25%, peakToTrough: 1 ${more.service ?? ''} }
${more.rest ?? ''}
`;

/** Batch pods of two cores that live for about ten minutes. */
const pods = (tasksPerWeek: number, more = '', priority = 5500) => `
bestEffort:
  tasksPerWeek: ${tasksPerWeek}
  failureProbability: 0%
  populations:
    work: { kind: transcode, taskShare: 100%, priority: ${priority}, lifeLogMean: 6.4, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], memPerCore: 1GiB ${more} }
`;

describe('what is sold', () => {
  test('K1: under maxUsageRequest a pod that started since the report adds nothing; as meant its 4 cores', async () => {
    const text = one({
      service: ', rollingRestartAt: [1770s]',
      rest: 'koordinator: { cpuCalculatePolicy: maxUsageRequest, updateTimeThreshold: 1s }',
    });
    const [on, off] = await both('maxUsageIgnoresMissingMetrics', text, 30 * MINUTE + 1);
    // 60 of 100 cores less 40 requested are 20; each pod that restarted in that half minute is missing from the sum.
    expect(soldCpu(off)).toBe(20_000);
    expect((soldCpu(on) - soldCpu(off)) % 4_000).toBe(0);
    expect(soldCpu(on)).toBeGreaterThan(soldCpu(off));
  });

  test('K2: by request 65 - 20 = 45 GiB are left; as meant the 10 GiB of the system go off', async () => {
    const text = one({ rest: 'koordinator: { memoryCalculatePolicy: request }' }).replace(
      'systemMemPercent: 0%',
      'systemMemPercent: 10%',
    );
    const [on, off] = await both('memoryRequestIgnoresSystemUse', text, 10 * MINUTE);
    expect([soldMem(on) / 2 ** 30, soldMem(off) / 2 ** 30]).toEqual([45, 35]);
  });

  test('K4: a reclaim line of 150 % sells more than by 100 %: 50 cores more', async () => {
    const text = one({ rest: 'koordinator: { cpuReclaimThresholdPercent: 150 }' });
    const [on, off] = await both('reclaimAboveHundredPercent', text, 10 * MINUTE);
    expect(soldCpu(on) - soldCpu(off)).toBe(50_000);
  });

  test('K5: what a mid pod used before it ended lowers the batch sold for five minutes more; as meant it is gone', async () => {
    const text = one({
      rest: `${pods(10_080, '', 7500)}policies: [{ name: mid-resource, config: { midReclaimMode: static, midStaticCpuReservedPercent: 50, midStaticMemoryReservedPercent: 50 } }]\nkoordinator: { updateTimeThreshold: 1s }`,
    });
    let ahead = 0;
    const plan = await planOf(text);
    const dropping = prepare(
      { ...plan, koordinator: { ...plan.koordinator, quirks: { terminatedPodsDangle: false } } },
      {},
    );
    const dangling = prepare(plan, {});
    for (let minute = 20; minute <= 60; minute++) {
      for (const { engine } of [dropping, dangling]) runUntil(engine, minute * MINUTE + 1);
      expect(soldCpu(dropping.engine)).toBeGreaterThanOrEqual(soldCpu(dangling.engine));
      if (soldCpu(dropping.engine) > soldCpu(dangling.engine) + 500) ahead++;
    }
    // About one pod of 1.2 cores ends a minute: nearly every report still has the last ones.
    expect(ahead).toBeGreaterThan(20);
  });

  test('K6: a minute after the last report of a dead host nothing is sold; as meant what was there, for a minute', async () => {
    const text = one({
      rest: 'koordinator: { degrade: 60s }\nfailures: { enabled: true, hostCrashesPerYear: 1000, rackEventsPerYear: 0, repairMedian: 1h }',
    }).replace('count: 1', 'count: 40');
    const [on, off] = await both('degradeRemovesBatch', text, 120 * MINUTE);
    expect(digest(on)).not.toBe(digest(off));
  });

  test('K19: amplified by 1.5 the reservation of 10 cores disappears: 10 cores more are sold', async () => {
    const text = one({ cluster: 'reservedCpuPercent: 10%', host: ', cpuAmplificationRatio: 1.5' });
    const [on, off] = await both('amplificationHidesReservation', text, 10 * MINUTE);
    expect(soldCpu(on) - soldCpu(off)).toBe(10_000);
  });
});

describe('who is held back', () => {
  test('K7: below 1 % of the host an unlimited quota stays unlimited; as meant it is written', async () => {
    // 1 % of 100 cores is 1 core; the idle pods use a tenth of it: about 0.9 cores, 90,000 us, below 1 % of the host.
    const text = one({
      rest: 'koordinator: { cpuSuppressPolicy: cfsQuota, cpuSuppressThresholdPercent: 1 }',
    }).replace('meanUsagePercent: 25%', 'meanUsagePercent: 0.25%');
    const [on, off] = await both('cfsBypassKeepsUnlimited', text, 1);
    expect(on.cluster.hosts.beQuotaUs[0]).toBe(-1);
    expect(off.cluster.hosts.beQuotaUs[0]).toBeGreaterThan(2_000);
    expect(off.cluster.hosts.beQuotaUs[0]).toBeLessThan(100_000);
  });

  test('K9: one sample of a second decides; as meant the mean of a minute, which a new squeeze does not reach at once', async () => {
    const text = one({
      service: ', ',
      rest: `${pods(60_000)}koordinator: { cpuSuppressPolicy: cfsQuota, cpuSuppressThresholdPercent: 45, cpuEvictSatisfactionLowerPercent: 60, cpuEvictSatisfactionUpperPercent: 80, cpuEvictUsageThresholdPercent: 80 }`,
    })
      .replace('window: 60s', 'window: 1s')
      .replace('horizon: 2h', 'horizon: 20m')
      .replace('meanUsagePercent: 25% , peakToTrough: 1 , ', 'meanUsagePercent: 85%, peakToTrough: 1');
    const [on, off] = await both('satisfactionWindowOneSecond', text.replace('25%', '70%'), 20 * MINUTE);
    expect(digest(on)).not.toBe(digest(off));
    expect(evicted(off)).toBeLessThan(evicted(on));
  });

  test('K12: a burst period of 0 denies every burst; as meant it is no limiter', async () => {
    const text = one({
      service: ', cpuLimit: 4 cores',
      rest: 'policies: [{ name: cpu-burst, config: { policy: auto, cfsQuotaBurstPeriodSeconds: 0 } }]',
    }).replace('meanUsagePercent: 25%', 'meanUsagePercent: 90%');
    const [on, off] = await both('burstLimiterWholeSeconds', text, 60 * MINUTE);
    expect(digest(on)).not.toBe(digest(off));
  });
});

function evicted(engine: Engine): number {
  return engine.recorder.batch.evicted.reduce((sum, count) => sum + count, 0);
}

describe('who is killed', () => {
  const full = (policies: string) =>
    one({ rest: `${pods(30_000)}koordinator: { memoryEvictThresholdPercent: 20 }\npolicies: ${policies}` });

  test('K10: a victim is believed to free 1000 times its memory, so a round ends after one; as meant it goes on', async () => {
    const lines = 'memoryEvictThresholdPercent: 30, memoryEvictLowerPercent: 10, memoryEvictCoolingMs: 600000';
    const text = one({
      rest: `${pods(30_000)}policies: [{ name: node-evict, config: { ${lines}, beMemoryEvict: false, evictEnabledPriorityThreshold: 5999 } }]`,
    });
    const most = (engine: Engine) => Math.max(...engine.recorder.windows.evictedMemory);
    const [on, off] = await both('memoryEvictTimes1000', text, 120 * MINUTE);
    expect(most(on)).toBe(1);
    // 20 GiB of 100 are to go, in pods of about 1.2 GiB.
    expect(most(off)).toBeGreaterThan(5);
  });

  test('K11: 20.9 % counts as 20: fewer go than by the exact ratio', async () => {
    const [on, off] = await both('evictIntegerPercent', full('[]'), 120 * MINUTE);
    expect(digest(on)).not.toBe(digest(off));
  });
});

describe('who goes where', () => {
  test('K13: a free pod is expected to use nothing; as meant 85 % of its request', async () => {
    const text = one({ rest: `${pods(1_000, '', 3500)}policies: [{ name: n-fold, config: { } }]` });
    const estimate = (engine: Engine) => placementView(engine).shapes.estimateMilliCpu[1];
    const [on, off] = await both('loadAwareEstimateZero', text, 60 * MINUTE);
    expect([estimate(on), estimate(off)]).toEqual([0, 1_700]);
  });

  const packed = (more: string) => `
horizon: 2h
window: 60s
cluster:
  hosts: { plain: { count: 4, cpu: 32 cores, memory: 128GiB } }
online:
  source: none
  explicit:
    web: { latencyClass: rpc, replicas: 18, cpuRequest: 4 cores, memRequest: 4GiB, meanUsagePercent: 85%, peakToTrough: 1 }
controlPlane: { onlineFit: most-allocated, spreadWeight: 0, loadAwareWeight: 0 }
policies: [{ name: low-node-load, config: { lowCpuPercent: 50, highCpuPercent: 65, lowMemoryPercent: 90, highMemoryPercent: 95 ${more} } }]
`;

  test('K15: the sixth mark moves the first pod, as meant the fifth', async () => {
    const [on, off] = await both('anomalyNeedsOneMoreMark', packed(''), 120 * MINUTE);
    expect(digest(on)).not.toBe(digest(off));
  });

  test('K16: candidates reserve their target in list order, as meant only those that move', async () => {
    const [on, off] = await both(
      'nodeFitReservesInListOrder',
      packed(', consecutiveAbnormalities: 1, maxEvictionTotal: 4'),
      120 * MINUTE,
    );
    expect(digest(on)).not.toBe(digest(off));
  });

  test('K20: a population that asks for no memory runs under quotas', async () => {
    const text = one({
      rest: `${pods(20_160).replace('1GiB', '0GiB')}controlPlane: { quotas: { a: { populations: [work], maxCpu: 20 cores, maxMemory: 1GiB } } }`,
    });
    const [on, off] = await both('quotaComparesUnrequested', text, 60 * MINUTE);
    // 20 cores hold ten pods of two, whatever the memory of the quota is: none of it is ever used.
    for (const engine of [on, off]) expect(engine.cluster.hosts.allocatedMilliCpu[TIER.batch]).toBe(20_000);
  });
});

test('every quirk stands in the table of the documentation', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/koordinator.md'), 'utf8');
  for (const [name, id] of Object.entries(QUIRK_IDS)) expect(text).toMatch(new RegExp(`\\| ${id} \\| \`${name}\``));
});
